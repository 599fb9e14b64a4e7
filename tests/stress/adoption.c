/* adoption.c - publishers come and go on several topics while readers read: many more than config.publishers in all, so
 * that lanes and banks pass from one to the next while the former's events are still being read. Nothing is lost, every
 * publisher's events are read from its first to its last in order. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

enum { TOPICS = 3, READERS = 4, OPENERS = 4, LANES = 3 };

struct opener {
    uint64_t seed;
    uint64_t rounds;
    uint64_t refused;
    struct stress_sum sums[TOPICS];
};

struct reading {
    struct torc_reader *reader;
    struct stress_seen seen;
    uint64_t seed;
};

static struct torc_topic *topics[TOPICS];

/* All lanes are taken or not drained yet: readers are at work on them, so one comes free. */
static struct torc_publisher *open_some(struct opener *opener, struct torc_topic *topic, uint64_t *random) {
    struct torc_publisher_config config = {.wait = stress_waits[stress_below(random, 4)]};
    struct torc_publisher *publisher = NULL;
    int status;
    stress_doing("opens a publisher");
    while ((status = torc_publisher_open(topic, &config, &publisher)) == TORC_NO_ROOM) {
        opener->refused++;
        (void)sched_yield();
    }
    OK(status);
    return publisher;
}

/* Claims that nobody settles: the close gives them back, readers step over their sequences. */
static void leave_claims(struct stress_writer *writer, uint64_t *random) {
    struct torc_claim claim;
    for (uint64_t i = stress_below(random, 4); i != 0; i--) {
        OK(torc_claim(writer->publisher, writer->author, stress_size(random, TORC_M_BYTES), &claim));
        writer->next++;
    }
}

/* The last events of a publisher are still unread when it closes, and sometimes there are none at all. */
static void publish_some(struct opener *opener, uint64_t *random) {
    size_t t = (size_t)stress_below(random, TOPICS);
    struct torc_publisher *publisher = open_some(opener, topics[t], random);
    struct stress_writer writer;
    uint64_t events = stress_below(random, 4) == 0 ? stress_below(random, 3) : stress_below(random, 200);
    stress_writer_adopt(&writer, publisher);
    for (uint64_t i = 0; i < events; i++) {
        stress_write(&writer, stress_size(&writer.random, TORC_XL_BYTES + 100));
    }
    stress_merge(&opener->sums[t], &writer.sum);
    stress_doing("leaves claims open");
    leave_claims(&writer, random);
    stress_doing("closes a publisher");
    stress_writer_end(&writer);
}

static void *open_and_close(void *argument) {
    struct opener *opener = argument;
    uint64_t random = opener->seed;
    for (uint64_t i = 0; i < opener->rounds; i++) {
        publish_some(opener, &random);
        stress_progress(i + 1);
    }
    return NULL;
}

static void *read_events(void *argument) {
    struct reading *reading = argument;
    stress_read_to_end(reading->reader, &reading->seen, reading->seed);
    return NULL;
}

static void run(struct torc_bus *bus, struct opener *openers, struct reading *readings) {
    struct stress_thread *opening[OPENERS];
    struct stress_thread *reading[READERS];
    for (size_t i = 0; i < READERS; i++) {
        readings[i].reader = stress_reader(topics[i % TOPICS], stress_waits[i % 4], TORC_JOIN_NEXT);
        readings[i].seen.from_start = true;
        readings[i].seen.drop_at = stress_broken && i == 0 ? 50 : 0;
        readings[i].seed = i + 1;
        reading[i] = stress_spawn("reader", read_events, &readings[i]);
    }
    for (size_t i = 0; i < OPENERS; i++) {
        openers[i].seed = 31 * i + 1;
        openers[i].rounds = stress_scaled(2500);
        opening[i] = stress_spawn("opener", open_and_close, &openers[i]);
    }
    stress_doing("joins the openers");
    for (size_t i = 0; i < OPENERS; i++) {
        (void)stress_join(opening[i]);
    }
    stress_doing("closes and drains");
    OK(torc_bus_close(bus));
    OK(torc_bus_drain(bus, TORC_FOREVER));
    for (size_t i = 0; i < READERS; i++) {
        (void)stress_join(reading[i]);
    }
}

static void compare(struct opener *openers, struct reading *readings) {
    struct stress_sum total = {0, 0, 0};
    uint64_t refused = 0;
    for (size_t i = 0; i < READERS; i++) {
        struct stress_sum written = {0, 0, 0};
        for (size_t j = 0; j < OPENERS; j++) {
            stress_merge(&written, &openers[j].sums[i % TOPICS]);
        }
        stress_same(&written, &readings[i].seen.sum, "reader");
        stress_reader_end(readings[i].reader);
        stress_merge(&total, &written);
    }
    for (size_t j = 0; j < OPENERS; j++) {
        refused += openers[j].refused;
    }
    stress_say("%" PRIu64 " publishers one after another on %d lanes of %d topics, refused %" PRIu64 " times; %" PRIu64
               " events read",
               openers[0].rounds * OPENERS, (int)LANES, (int)TOPICS, refused, total.events);
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(LANES, READERS, 64);
    static struct opener openers[OPENERS];
    static struct reading readings[READERS];
    struct torc_bus *bus;
    stress_begin(argc, argv, "adoption", STRESS_ORDER, "a reader overlooks events");
    bus = stress_bus(&config);
    for (size_t t = 0; t < TOPICS; t++) {
        char name[16];
        (void)snprintf(name, sizeof name, "topic %u", (unsigned)t);
        topics[t] = stress_topic(bus, name);
    }
    run(bus, openers, readings);
    compare(openers, readings);
    stress_bus_end(bus);
    return stress_end();
}
