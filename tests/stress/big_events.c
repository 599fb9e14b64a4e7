/* big_events.c - a million XL events through a default bus with one gating reader, where XL has 15 slots and the lane
 * 4096 entries: every slot serves for ever, and the process does not grow. Once plain, once with one handle kept per
 * hundred events; the kept payloads are checked again hundreds of events later. */
#include "engine.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { PER_KEPT = 100, KEPT = 8 };

/* A block lost per kept event would be five times as much. What else grows are stacks, the kernel's huge pages and its
 * guess of the size, which it adds up per processor only now and then; and under a sanitizer what is its own, and under
 * one that looks at every word, a quarter has to do. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
enum { SLACK_MIB = 256, EVENTS = 250000 };
#elif defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { SLACK_MIB = 256, EVENTS = 1000000 };
#else
enum { SLACK_MIB = 32, EVENTS = 1000000 };
#endif

struct kept {
    struct torc_ringptr ptr;
    uint64_t sequence;
};

struct run {
    struct torc_reader *reader;
    struct stress_writer writer;
    uint64_t events;
    bool keep;
    struct kept kept[KEPT];
    uint64_t keeps;
    struct stress_seen seen;
    uint64_t warm_pages;
    uint64_t end_pages;
};

static uint64_t resident_pages(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    uint64_t size = 0;
    uint64_t resident = 0;
    if (file == NULL) {
        stress_skip("no /proc/self/statm to read the size of the process from");
    }
    CHECK(fscanf(file, "%" SCNu64 " %" SCNu64, &size, &resident) == 2, "statm has no two numbers");
    CHECK(fclose(file) == 0, "statm");
    return resident;
}

static void *publish(void *argument) {
    struct run *run = argument;
    for (uint64_t i = 0; i < run->events; i++) {
        stress_write(&run->writer, TORC_XL_BYTES);
    }
    return NULL;
}

static void give_back(struct run *run, struct kept *kept) {
    if (torc_ringptr_is_null(kept->ptr)) {
        return;
    }
    DETECT(STRESS_STALE, torc_ringptr_is_valid(kept->ptr), "the handle of sequence %" PRIu64 " is not alive any more",
           kept->sequence);
    stress_verify(torc_ringptr_data(kept->ptr), torc_ringptr_length(kept->ptr), run->writer.author, kept->sequence);
    OK(torc_ringptr_release(kept->ptr));
    kept->ptr = TORC_RINGPTR_NULL;
}

static void keep(struct run *run, const struct torc_event *event) {
    struct kept *kept = &run->kept[run->keeps % KEPT];
    give_back(run, kept);
    OK(torc_keep(run->reader, event, &kept->ptr));
    kept->sequence = event->sequence;
    run->keeps++;
    DETECT(STRESS_STATUS, torc_ringptr_shirt(kept->ptr) == TORC_XL, "kept in shirt %d", torc_ringptr_shirt(kept->ptr));
    if (stress_broken) {
        OK(torc_ringptr_release(kept->ptr)); /* the defect: given back before it was read for the last time */
    }
}

static enum torc_action read_one(void *context, const struct torc_event *event) {
    struct run *run = context;
    stress_see(&run->seen, event);
    if (run->keep && event->sequence % PER_KEPT == 0) {
        keep(run, event);
    }
    if (run->seen.sum.events == run->events / 10) {
        run->warm_pages = resident_pages();
    }
    return TORC_CONTINUE;
}

static void *read_events(void *argument) {
    struct run *run = argument;
    int status;
    do {
        stress_doing("polls");
        status = torc_poll_until(run->reader, read_one, run, 64, TORC_FOREVER);
    } while (status > 0);
    CHECK(status == TORC_CLOSED, "%s", torc_status_name(status));
    run->end_pages = resident_pages();
    for (size_t i = 0; i < KEPT; i++) {
        give_back(run, &run->kept[i]);
    }
    return NULL;
}

static void finish(struct run *run) {
    struct torc_pool_stats pool;
    uint64_t grown = run->end_pages > run->warm_pages ? run->end_pages - run->warm_pages : 0;
    OK(torc_publisher_pool_stats(run->writer.publisher, TORC_XL, &pool));
    DETECT(STRESS_SUM, pool.capacity == 15 && pool.in_use <= pool.capacity && pool.allocations >= run->events,
           "pool: %" PRIu32 " of %" PRIu32 " in use after %" PRIu64 " allocations", pool.in_use, pool.capacity,
           pool.allocations);
    DETECT(STRESS_SUM, grown * (uint64_t)sysconf(_SC_PAGESIZE) <= (uint64_t)SLACK_MIB << 20,
           "grown from %" PRIu64 " to %" PRIu64 " pages", run->warm_pages, run->end_pages);
    stress_same(&run->writer.sum, &run->seen.sum, "reader");
    stress_say("%" PRIu64 " XL events through 15 slots, %" PRIu64 " kept, %" PRIu64
               " pages more at the end, dry %" PRIu64,
               run->events, run->keeps, grown, pool.dry);
}

static void transfer(bool keep_some) {
    struct run run = {.events = stress_scaled(EVENTS), .keep = keep_some};
    struct torc_bus *bus = stress_bus(NULL);
    struct torc_topic *topic = stress_topic(bus, "big");
    struct stress_thread *publishing;
    struct stress_thread *reading;
    run.seen.from_start = true;
    run.reader = stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    stress_writer_open(&run.writer, topic, TORC_WAIT_BLOCK);
    reading = stress_spawn("reader", read_events, &run);
    publishing = stress_spawn("publisher", publish, &run);
    (void)stress_join(publishing);
    OK(torc_bus_close(bus));
    (void)stress_join(reading);
    finish(&run);
    stress_writer_end(&run.writer);
    stress_reader_end(run.reader);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "big_events", STRESS_STALE, "a kept handle is released before its last read");
    if (!stress_broken) {
        transfer(false);
    }
    transfer(true);
    return stress_end();
}
