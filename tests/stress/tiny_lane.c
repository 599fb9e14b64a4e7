/* tiny_lane.c - lanes of two and four entries and pools of two slots: the publisher sleeps for space and the reader for
 * events at every turn, each woken by the other. Also with a reader that advances by hand and holds several borrows. */
#include "engine.h"
#include <inttypes.h>

struct run {
    uint32_t entries;
    size_t largest;
    bool manual;
    enum torc_wait wait;
    uint64_t events;
    struct torc_reader *reader;
    struct stress_writer writer;
    struct stress_seen seen;
};

static void *publish(void *argument) {
    struct run *run = argument;
    for (uint64_t i = 0; i < run->events; i++) {
        stress_write(&run->writer, stress_size(&run->writer.random, run->largest));
    }
    return NULL;
}

/* Borrows half a lane, checks all of it again, then gives it back at once. Never all the slots of a pool: the publisher
 * would wait for one of them while the reader waits for the publisher. */
static bool read_lane(struct run *run) {
    struct torc_event events[4];
    uint32_t have = 0;
    int status = TORC_OK;
    stress_doing("borrows");
    while (have < run->entries / 2) {
        status = torc_next_until(run->reader, &events[have], TORC_FOREVER);
        if (status != TORC_OK) {
            break;
        }
        stress_see(&run->seen, &events[have++]);
    }
    CHECK(status == TORC_OK || status == TORC_CLOSED, "%s", torc_status_name(status));
    for (uint32_t i = 0; i < have; i++) {
        stress_verify(events[i].data, events[i].length, events[i].type, events[i].sequence);
    }
    OK(torc_advance(run->reader));
    return status == TORC_OK;
}

/* The defect: a borrow is given back before it is read. The later events say, in order, that its entry was taken. */
static void read_after_advance(struct run *run) {
    struct torc_event first;
    struct torc_event later;
    do {
        OK(torc_next_until(run->reader, &first, TORC_FOREVER));
        OK(torc_advance(run->reader));
    } while (first.slot != 0 || first.length < STRESS_TAG);
    for (uint32_t i = 0; i < run->entries; i++) {
        OK(torc_next_until(run->reader, &later, TORC_FOREVER));
    }
    stress_verify(first.data, first.length, first.type, first.sequence);
    OK(torc_advance(run->reader)); /* nothing was noticed if the later event is too short to cover the first */
}

static void *read_events(void *argument) {
    struct run *run = argument;
    if (!run->manual) {
        stress_read_to_end(run->reader, &run->seen, 1);
        return NULL;
    }
    while (stress_broken) {
        read_after_advance(run);
    }
    while (read_lane(run)) {
    }
    return NULL;
}

static void transfer(struct run run) {
    struct torc_config config = stress_small(1, 1, run.entries);
    struct stress_thread *publishing;
    struct stress_thread *reading;
    struct torc_topic *topic;
    struct torc_bus *bus;
    for (size_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        config.slots[shirt] = 2;
    }
    config.xxl = 2;
    bus = stress_bus(&config);
    topic = stress_topic(bus, "tiny");
    run.events = stress_scaled(run.events);
    run.seen.from_start = true;
    run.reader = run.manual ? stress_reader_manual(topic, run.wait) : stress_reader(topic, run.wait, TORC_JOIN_NEXT);
    stress_writer_open(&run.writer, topic, run.wait);
    reading = stress_spawn("reader", read_events, &run);
    publishing = stress_spawn("publisher", publish, &run);
    (void)stress_join(publishing);
    OK(torc_bus_close(bus));
    (void)stress_join(reading);
    stress_same(&run.writer.sum, &run.seen.sum, "reader");
    stress_say("%" PRIu64 " events up to %zu bytes through %" PRIu32 " entries, %s%s, %" PRIu64 " stalls", run.events,
               run.largest, run.entries, stress_wait_name(run.wait), run.manual ? ", advanced by hand" : "",
               torc_publisher_stalls(run.writer.publisher));
    stress_writer_end(&run.writer);
    stress_reader_end(run.reader);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "tiny_lane", STRESS_PAYLOAD, "a reader advances before it reads");
    for (uint32_t entries = 2; entries <= 4; entries += 2) {
        transfer((struct run){.entries = entries, .largest = TORC_INLINE_BYTES, .manual = true, .events = 100000});
        transfer((struct run){.entries = entries, .largest = TORC_INLINE_BYTES, .events = 100000});
        transfer((struct run){.entries = entries, .largest = STRESS_LARGEST, .events = 40000});
        transfer((struct run){.entries = entries, .largest = STRESS_LARGEST, .manual = true, .events = 40000});
        transfer((struct run){
            .entries = entries, .largest = TORC_XS_BYTES, .wait = TORC_WAIT_YIELD, .manual = true, .events = 40000});
    }
    return stress_end();
}
