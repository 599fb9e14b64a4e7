/* snapshots.c - snapshots at full rate, while publishers, readers of every policy and an actor work and others come and
 * go: counters never go back, nobody has read more than was published, and when all is quiet every snapshot adds up
 * exactly. */
#include "engine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>

enum { PUBLISHERS = 2, READERS = 3, ENTRIES = 64 };

struct cast {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publishers[PUBLISHERS];
    struct torc_reader *readers[READERS];
    uint64_t events; /* per publisher */
    atomic_uint_fast32_t at_work;
};

struct seat {
    struct cast *cast;
    size_t index;
};

static void *publish(void *argument) {
    struct seat *seat = argument;
    unsigned char payload[100] = {0};
    stress_doing("publishes");
    for (uint64_t i = 0; i < seat->cast->events; i++) {
        OK(torc_publish(seat->cast->publishers[seat->index], 1, payload, (size_t)(i % sizeof payload)));
    }
    atomic_fetch_sub(&seat->cast->at_work, 1);
    return NULL;
}

static void *read_on(void *argument) {
    struct seat *seat = argument;
    struct torc_reader *reader = seat->cast->readers[seat->index];
    struct torc_event event;
    int status;
    stress_doing("waits until the publishers have finished"); /* for the defect the lossy one must lose something */
    while (stress_broken && seat->index == TORC_POLICY_LOSSY && atomic_load(&seat->cast->at_work) != 0) {
        (void)sched_yield();
    }
    stress_doing("reads until closed");
    do {
        status = torc_next_until(reader, &event, TORC_FOREVER);
    } while (status == TORC_OK || status == TORC_LAPPED);
    CHECK(status == TORC_CLOSED, "%s", torc_status_name(status));
    return NULL;
}

/* Somebody comes and goes, so that snapshots meet all states of opening and closing. */
static void *come_and_go(void *argument) {
    struct cast *cast = argument;
    stress_doing("opens and closes");
    while (atomic_load(&cast->at_work) != 0) {
        struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY};
        struct torc_reader *reader;
        struct torc_event event;
        OK(torc_reader_open(cast->topic, &config, &reader));
        (void)torc_next(reader, &event);
        OK(torc_reader_close(reader));
    }
    return NULL;
}

#define NEVER_BACK(now, before, counter)                                                                               \
    DETECT(STRESS_SUM, (now)->counter >= (before)->counter, #counter " went from %" PRIu64 " to %" PRIu64,             \
           (before)->counter, (now)->counter)

static void compare(const struct torc_snapshot *now, const struct torc_snapshot *before) {
    DETECT(STRESS_SUM, now->lane_count == PUBLISHERS && now->reader_count >= READERS, "ends are missing");
    NEVER_BACK(now, before, at);
    NEVER_BACK(now, before, published);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        NEVER_BACK(&now->lanes[i], &before->lanes[i], published);
        NEVER_BACK(&now->lanes[i], &before->lanes[i], stalls);
        NEVER_BACK(&now->lanes[i], &before->lanes[i], sleeps);
        NEVER_BACK(&now->lanes[i], &before->lanes[i], wakeups);
        DETECT(STRESS_SUM, now->lanes[i].lag <= ENTRIES, "a lag of %" PRIu64 " in a lane of %d", now->lanes[i].lag,
               ENTRIES);
    }
    for (size_t i = 0; i < READERS; i++) {
        const struct torc_reader_figures *reader = &now->readers[i];
        NEVER_BACK(reader, &before->readers[i], consumed);
        NEVER_BACK(reader, &before->readers[i], lost);
        NEVER_BACK(reader, &before->readers[i], batches);
        NEVER_BACK(reader, &before->readers[i], sleeps);
        DETECT(STRESS_SUM, reader->consumed <= now->published, "reader %zu is ahead: %" PRIu64 " of %" PRIu64, i,
               reader->consumed, now->published);
    }
    for (uint64_t i = 0; i < now->pool_count && now->pools[i].keep == 0; i++) {
        DETECT(STRESS_SUM, now->pools[i].in_use <= now->pools[i].capacity, "more in use than there are");
    }
}

/* The defect: a reader's share is forgotten. */
static void adds_up(const struct torc_snapshot *quiet, uint64_t published) {
    DETECT(STRESS_SUM, quiet->published == published, "%" PRIu64 " of %" PRIu64, quiet->published, published);
    DETECT(STRESS_SUM, quiet->reader_count == READERS && quiet->outstanding == 0, "somebody is still there");
    for (size_t i = 0; i < READERS; i++) {
        const struct torc_reader_figures *reader = &quiet->readers[i];
        uint64_t lost = stress_broken ? 0 : reader->lost;
        DETECT(STRESS_SUM, reader->consumed + lost + reader->lag == published && reader->lag == 0,
               "reader %zu: %" PRIu64 " + %" PRIu64 " + %" PRIu64 " of %" PRIu64, i, reader->consumed, lost,
               reader->lag, published);
    }
}

static uint64_t watch(struct cast *cast, void *memory[2], size_t bytes) {
    struct torc_snapshot *before, *now;
    uint64_t taken = 0;
    OK(torc_snapshot_take(cast->bus, memory[1], bytes, &before));
    stress_doing("takes snapshots");
    while (atomic_load(&cast->at_work) != 0) {
        OK(torc_snapshot_take(cast->bus, memory[taken % 2], bytes, &now));
        compare(now, before);
        before = now;
        stress_progress(++taken);
    }
    return taken;
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(PUBLISHERS, READERS + 1, ENTRIES);
    struct cast cast = {.at_work = PUBLISHERS};
    struct seat seats[PUBLISHERS + READERS];
    struct stress_thread *threads[PUBLISHERS + READERS + 1];
    struct torc_snapshot *quiet;
    void *memory[2];
    size_t bytes;
    uint64_t taken;
    stress_begin(argc, argv, "snapshots", STRESS_SUM, "what a lossy reader lost is left out of the sum");
    cast.events = stress_scaled(2000000);
    cast.bus = stress_bus(&config);
    cast.topic = stress_topic(cast.bus, "t");
    for (size_t i = 0; i < READERS; i++) {
        struct torc_reader_config reader = {.policy = (enum torc_policy)i};
        OK(torc_reader_open(cast.topic, &reader, &cast.readers[i]));
    }
    for (size_t i = 0; i < PUBLISHERS; i++) {
        cast.publishers[i] = stress_publisher(cast.topic, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    }
    bytes = torc_snapshot_size(cast.bus);
    memory[0] = malloc(bytes);
    memory[1] = malloc(bytes);
    CHECK(memory[0] != NULL && memory[1] != NULL, "no memory");
    for (size_t i = 0; i < PUBLISHERS + READERS; i++) {
        bool reads = i < READERS;
        seats[i] = (struct seat){&cast, reads ? i : i - READERS};
        threads[i] = stress_spawn(reads ? "reader" : "publisher", reads ? read_on : publish, &seats[i]);
    }
    threads[PUBLISHERS + READERS] = stress_spawn("visitor", come_and_go, &cast);
    taken = watch(&cast, memory, bytes);
    (void)stress_join(threads[PUBLISHERS + READERS]);
    OK(torc_bus_drain(cast.bus, TORC_FOREVER));
    OK(torc_bus_close(cast.bus));
    for (size_t i = 0; i < PUBLISHERS + READERS; i++) {
        (void)stress_join(threads[i]);
    }
    OK(torc_snapshot_take(cast.bus, memory[0], bytes, &quiet));
    adds_up(quiet, cast.events * PUBLISHERS);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        stress_publisher_end(cast.publishers[i]);
    }
    for (size_t i = 0; i < READERS; i++) {
        OK(torc_reader_close(cast.readers[i]));
    }
    stress_bus_end(cast.bus);
    free(memory[0]);
    free(memory[1]);
    stress_say("%" PRIu64 " snapshots of %" PRIu64 " events", taken, cast.events * PUBLISHERS);
    return stress_end();
}
