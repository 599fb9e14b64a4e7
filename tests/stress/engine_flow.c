/* engine_flow.c - whole runs: n publishers to m readers until everything was read.
 *
 * The readers are there first and read from every lane's first event on, the publishers write mixed sizes, the bus
 * closes once all have finished, and the sum of what every reader saw must be the sum of what was written. */
#include "engine.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct write_end {
    struct stress_writer writer;
    uint64_t events;
    size_t largest;
};

struct read_end {
    struct torc_reader *reader;
    struct stress_seen seen;
    uint64_t seed;
};

static void *write_all(void *argument) {
    struct write_end *end = argument;
    for (uint64_t i = 0; i < end->events; i++) {
        stress_write(&end->writer, stress_size(&end->writer.random, end->largest));
    }
    stress_doing("has written everything");
    return NULL;
}

static void *read_all(void *argument) {
    struct read_end *end = argument;
    stress_read_to_end(end->reader, &end->seen, end->seed);
    return NULL;
}

static struct torc_config configure(const struct stress_flow *flow) {
    struct torc_config config = stress_small(flow->publishers, flow->readers, flow->lane_entries);
    config.slots[TORC_XS] = 256;
    config.slots[TORC_S] = 128;
    config.slots[TORC_M] = 64;
    config.slots[TORC_L] = 16;
    config.slots[TORC_XL] = 8;
    config.xxl = 8;
    return config;
}

static void open_ends(const struct stress_flow *flow, struct torc_topic *topic, struct write_end *writers,
                      struct read_end *readers) {
    for (uint32_t i = 0; i < flow->readers; i++) {
        readers[i].reader = stress_reader(topic, flow->wait, TORC_JOIN_NEXT);
        readers[i].seen.from_start = true;
        readers[i].seed = i + 1;
    }
    for (uint32_t i = 0; i < flow->publishers; i++) {
        stress_writer_open(&writers[i].writer, topic, flow->wait);
        writers[i].events = stress_scaled(flow->events);
        writers[i].largest = flow->largest;
    }
    if (stress_broken) {
        readers[0].seen.wrong_at = stress_scaled(flow->events) / 2 + 1;
    }
}

static void run_ends(const struct stress_flow *flow, struct torc_bus *bus, struct write_end *writers,
                     struct read_end *readers) {
    struct stress_thread *writing[TORC_MAX_PUBLISHERS];
    struct stress_thread *reading[TORC_MAX_READERS];
    char name[32];
    for (uint32_t i = 0; i < flow->readers; i++) {
        (void)snprintf(name, sizeof name, "reader %u", (unsigned)i);
        reading[i] = stress_spawn(name, read_all, &readers[i]);
    }
    for (uint32_t i = 0; i < flow->publishers; i++) {
        (void)snprintf(name, sizeof name, "publisher %u", (unsigned)i);
        writing[i] = stress_spawn(name, write_all, &writers[i]);
    }
    stress_doing("joins the publishers");
    for (uint32_t i = 0; i < flow->publishers; i++) {
        (void)stress_join(writing[i]);
    }
    stress_doing("closes and drains");
    OK(torc_bus_close(bus));
    OK(torc_bus_drain(bus, TORC_FOREVER));
    stress_doing("joins the readers");
    for (uint32_t i = 0; i < flow->readers; i++) {
        (void)stress_join(reading[i]);
    }
}

static void close_ends(const struct stress_flow *flow, struct write_end *writers, struct read_end *readers) {
    struct stress_sum written = {0, 0, 0};
    for (uint32_t i = 0; i < flow->publishers; i++) {
        stress_merge(&written, &writers[i].writer.sum);
        stress_writer_end(&writers[i].writer);
    }
    for (uint32_t i = 0; i < flow->readers; i++) {
        stress_same(&written, &readers[i].seen.sum, "reader");
        stress_reader_end(readers[i].reader);
    }
    stress_say("%u -> %u, %s: %" PRIu64 " events, %" PRIu64 " bytes", (unsigned)flow->publishers,
               (unsigned)flow->readers, stress_wait_name(flow->wait), written.events, written.bytes);
}

void stress_flow(const struct stress_flow *flow) {
    struct torc_config config = configure(flow);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topic = stress_topic(bus, "flow");
    struct write_end *writers = calloc(flow->publishers, sizeof *writers);
    struct read_end *readers = calloc(flow->readers, sizeof *readers);
    CHECK(writers != NULL && readers != NULL, "no memory");
    open_ends(flow, topic, writers, readers);
    run_ends(flow, bus, writers, readers);
    close_ends(flow, writers, readers);
    free(writers);
    free(readers);
    stress_bus_end(bus);
}
