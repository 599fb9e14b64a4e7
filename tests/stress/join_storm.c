/* join_storm.c - readers come and go while two publishers run at full rate.
 *
 * A reader that joins at NEXT begins neither before what was published when it asked nor after what was first published
 * when it had joined; one that joins at OLDEST begins with a whole event that is still held. From there on nothing is
 * missing and nothing is torn. */
#include "engine.h"
#include <inttypes.h>
#include <string.h>

enum { WRITERS = 2, JOINERS = 3, ENTRIES = 128 };

struct source {
    struct stress_writer writer;
    atomic_uint_fast64_t begun;     /* sequences whose publish has begun: everything from here on begins later */
    atomic_uint_fast64_t published; /* sequences whose publish has returned */
};

static struct source sources[WRITERS];
static struct torc_topic *topic;
static atomic_bool enough;
static atomic_uint_fast64_t joins;

static void *publish(void *argument) {
    struct source *source = argument;
    stress_doing("publishes");
    while (!atomic_load_explicit(&enough, memory_order_relaxed)) {
        atomic_store(&source->begun, source->writer.next + 1);
        stress_write(&source->writer, stress_size(&source->writer.random, TORC_M_BYTES));
        atomic_store(&source->published, source->writer.next);
    }
    return NULL;
}

struct bounds {
    uint64_t published_before[WRITERS];
    uint64_t begun_after[WRITERS];
};

static struct torc_reader *join(enum torc_join where, enum torc_wait wait, struct bounds *bounds) {
    struct torc_reader *reader;
    for (size_t i = 0; i < WRITERS; i++) {
        bounds->published_before[i] = atomic_load(&sources[i].published);
    }
    reader = stress_reader(topic, wait, where);
    for (size_t i = 0; i < WRITERS; i++) {
        bounds->begun_after[i] = atomic_load(&sources[i].begun);
    }
    return reader;
}

/* Where a lane was entered, against what was known before and after. */
static void check_entry(enum torc_join where, const struct bounds *bounds, const struct stress_seen *seen) {
    for (size_t lane = 0; lane < TORC_MAX_PUBLISHERS; lane++) {
        uint64_t first = seen->lanes[lane].first;
        size_t i = 0;
        if (!seen->lanes[lane].any) {
            continue;
        }
        while (i < WRITERS && sources[i].writer.author != seen->lanes[lane].author) {
            i++;
        }
        CHECK(i < WRITERS, "author %" PRIu32, seen->lanes[lane].author);
        DETECT(STRESS_ORDER, first <= bounds->begun_after[i],
               "joined at %" PRIu64 ": too late, %" PRIu64 " was not begun yet when it had joined", first,
               bounds->begun_after[i]);
        DETECT(STRESS_ORDER,
               where == TORC_JOIN_NEXT ? first >= bounds->published_before[i]
                                       : first + ENTRIES >= bounds->published_before[i],
               "joined at %" PRIu64 ": too early, all below %" PRIu64 " was published before", first,
               bounds->published_before[i]);
    }
}

static enum torc_action see_one(void *context, const struct torc_event *event) {
    stress_see(context, event);
    return TORC_CONTINUE;
}

static void stay(struct torc_reader *reader, struct stress_seen *seen, uint64_t *random) {
    struct torc_event event;
    uint64_t events = 1 + stress_below(random, stress_below(random, 8) == 0 ? 2000 : 100);
    bool poll = stress_below(random, 2) == 0;
    stress_doing("reads after joining");
    while (seen->met < events) {
        if (poll) {
            int status = torc_poll_until(reader, see_one, seen, (size_t)(events - seen->met), TORC_FOREVER);
            CHECK(status > 0, "%s", torc_status_name(status));
        } else {
            OK(torc_next_until(reader, &event, TORC_FOREVER));
            stress_see(seen, &event);
        }
    }
}

static void *join_again(void *argument) {
    uint64_t random = (uint64_t)(uintptr_t)argument;
    uint64_t rounds = stress_scaled(3000);
    for (uint64_t i = 0; i < rounds; i++) {
        enum torc_join where = stress_below(&random, 3) == 0 ? TORC_JOIN_OLDEST : TORC_JOIN_NEXT;
        enum torc_wait wait = stress_waits[stress_below(&random, 4)];
        struct stress_seen seen;
        struct bounds bounds;
        struct torc_reader *reader;
        memset(&seen, 0, sizeof seen);
        seen.drop_at = stress_broken ? 2 : 0;
        stress_doing("joins");
        reader = join(where, wait, &bounds);
        stay(reader, &seen, &random);
        check_entry(where, &bounds, &seen);
        stress_doing("leaves");
        if (stress_below(&random, 2) == 0) {
            int status = torc_reader_detach(reader);
            CHECK(status == TORC_OK || status == TORC_BUSY, "%s", torc_status_name(status));
        }
        stress_reader_end(reader);
        stress_progress(i + 1);
        atomic_fetch_add_explicit(&joins, 1, memory_order_relaxed);
    }
    return NULL;
}

static void run(void) {
    struct stress_thread *publishing[WRITERS];
    struct stress_thread *joining[JOINERS];
    for (size_t i = 0; i < WRITERS; i++) {
        publishing[i] = stress_spawn("publisher", publish, &sources[i]);
    }
    for (size_t i = 0; i < JOINERS; i++) {
        joining[i] = stress_spawn("joiner", join_again, (void *)(uintptr_t)(i + 1));
    }
    stress_doing("joins the joiners");
    for (size_t i = 0; i < JOINERS; i++) {
        (void)stress_join(joining[i]);
    }
    atomic_store(&enough, true);
    stress_doing("joins the publishers");
    for (size_t i = 0; i < WRITERS; i++) {
        (void)stress_join(publishing[i]);
    }
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(WRITERS, JOINERS, ENTRIES);
    struct torc_bus *bus;
    stress_begin(argc, argv, "join_storm", STRESS_ORDER, "every reader overlooks every second event");
    bus = stress_bus(&config);
    topic = stress_topic(bus, "storm");
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_open(&sources[i].writer, topic, stress_waits[i]);
        atomic_store(&sources[i].begun, sources[i].writer.base);
        atomic_store(&sources[i].published, sources[i].writer.base);
    }
    run();
    stress_say("%" PRIuFAST64 " joins while %" PRIu64 " and %" PRIu64 " events were published", atomic_load(&joins),
               sources[0].writer.sum.events, sources[1].writer.sum.events);
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_end(&sources[i].writer);
    }
    stress_bus_end(bus);
    return stress_end();
}
