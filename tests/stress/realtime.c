/* realtime.c - a SCHED_FIFO reader and an ordinary publisher share one core. The reader outranks the publisher whenever
 * it can run, so it must really sleep while it waits: a strategy that only yields would starve whom it waits for. */
#include "engine.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

struct run {
    struct torc_reader *reader;
    struct stress_writer writer;
    struct stress_seen seen;
    uint64_t events;
};

/* The first core that this process may use. */
static void share_a_core(void) {
    cpu_set_t allowed;
    cpu_set_t one;
    size_t core = 0;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "affinity: %s", strerror(errno));
    while (core < CPU_SETSIZE && !CPU_ISSET(core, &allowed)) {
        core++;
    }
    CHECK(core < CPU_SETSIZE, "no core");
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) {
        stress_skip("threads cannot be pinned here: %s", strerror(errno));
    }
}

static void outrank(void) {
    struct sched_param priority = {.sched_priority = 10};
    int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
    if (error != 0) {
        stress_skip("SCHED_FIFO is not allowed here: %s", strerror(error));
    }
}

static void *publish(void *argument) {
    struct run *run = argument;
    for (uint64_t i = 0; i < run->events; i++) {
        stress_write(&run->writer, stress_size(&run->writer.random, TORC_S_BYTES));
    }
    return NULL;
}

static void *read_events(void *argument) {
    struct run *run = argument;
    outrank();
    stress_read_to_end(run->reader, &run->seen, 1);
    return NULL;
}

static void transfer(enum torc_wait wait, uint32_t entries, uint64_t events) {
    struct torc_config config = stress_small(1, 1, entries);
    struct run run = {.events = stress_scaled(events)};
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topic = stress_topic(bus, "realtime");
    struct stress_thread *publishing;
    struct stress_thread *reading;
    run.reader = stress_reader(topic, wait, TORC_JOIN_NEXT);
    run.seen.from_start = true;
    run.seen.drop_at = stress_broken ? 100 : 0;
    stress_writer_open(&run.writer, topic, wait);
    reading = stress_spawn("reader", read_events, &run);
    publishing = stress_spawn("publisher", publish, &run);
    (void)stress_join(publishing);
    OK(torc_bus_close(bus));
    (void)stress_join(reading);
    stress_same(&run.writer.sum, &run.seen.sum, "reader");
    stress_say("%s, lane of %" PRIu32 ": %" PRIu64 " events", stress_wait_name(wait), entries, run.events);
    stress_writer_end(&run.writer);
    stress_reader_end(run.reader);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "realtime", STRESS_ORDER, "the reader overlooks events");
    share_a_core();
    for (uint32_t entries = 4; entries <= 1024; entries *= 256) {
        transfer(TORC_WAIT_BLOCK, entries, 40000);
        transfer(TORC_WAIT_YIELD, entries, 2000);
        transfer(TORC_WAIT_BACKOFF, entries, 4000);
        transfer(TORC_WAIT_SPIN, entries, 1000);
    }
    return stress_end();
}
