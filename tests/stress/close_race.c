/* close_race.c - the bus closes at a random moment, thousands of times: publishers that sleep for space get
 * TORC_CLOSED, readers that sleep are woken, read what is left and then get TORC_CLOSED, and drain does not answer
 * before everything was read. What was published with TORC_OK is read, not one event more or less. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>

enum { BUSY = 2, READERS = 2, ENTRIES = 4 };

struct source {
    struct stress_writer writer;
    atomic_uint_fast64_t published;
};

struct round {
    struct torc_bus *bus;
    struct torc_topic *busy;  /* publishers run into a full lane here */
    struct torc_topic *quiet; /* a reader sleeps here, nothing comes */
    struct source sources[BUSY];
    struct torc_reader *readers[READERS];
    struct torc_reader *sleeper;
    atomic_uint_fast64_t read[READERS]; /* events read by each: counted before its cursor passes them */
    struct stress_seen seen[READERS];
    atomic_bool hold; /* the second reader reads nothing until this is false */
    uint64_t random;
};

struct seat {
    struct round *round;
    size_t index;
};

static atomic_uint_fast64_t total;

static void *publish_until_closed(void *argument) {
    struct source *source = argument;
    struct stress_writer *writer = &source->writer;
    int status;
    stress_doing("publishes until closed");
    do {
        atomic_store(&source->published, writer->sum.events);
        status = stress_write_until(writer, stress_size(&writer->random, TORC_S_BYTES), TORC_FOREVER);
    } while (status == TORC_OK);
    DETECT(STRESS_STATUS, status == TORC_CLOSED, "%s", torc_status_name(status));
    status = stress_write_until(writer, 1, TORC_NO_WAIT);
    DETECT(STRESS_STATUS, status == TORC_CLOSED, "after the close: %s", torc_status_name(status));
    return NULL;
}

static void *read_until_closed(void *argument) {
    const struct seat *seat = argument;
    struct round *round = seat->round;
    struct torc_event event;
    int status;
    stress_doing("holds still");
    while (seat->index == 1 && atomic_load(&round->hold)) {
        (void)sched_yield();
    }
    stress_doing("reads until closed");
    while ((status = torc_next_until(round->readers[seat->index], &event, TORC_FOREVER)) == TORC_OK) {
        stress_see(&round->seen[seat->index], &event);
        atomic_fetch_add(&round->read[seat->index], 1);
    }
    DETECT(STRESS_STATUS, status == TORC_CLOSED, "%s", torc_status_name(status));
    return NULL;
}

static void *sleep_until_closed(void *argument) {
    struct round *round = argument;
    struct torc_event event;
    int status;
    stress_doing("sleeps until closed");
    status = torc_next_until(round->sleeper, &event, TORC_FOREVER);
    DETECT(STRESS_STATUS, status == TORC_CLOSED, "the quiet topic says %s", torc_status_name(status));
    return NULL;
}

static void open_round(struct round *round) {
    /* Alternately gated by a reader that holds still, and by readers that keep up. */
    atomic_store(&round->hold, stress_below(&round->random, 2) == 0);
    round->busy = stress_topic(round->bus, "busy");
    round->quiet = stress_topic(round->bus, "quiet");
    for (size_t i = 0; i < READERS; i++) {
        round->readers[i] = stress_reader(round->busy, stress_waits[stress_below(&round->random, 4)], TORC_JOIN_NEXT);
        round->seen[i].from_start = true;
    }
    round->sleeper = stress_reader(round->quiet, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    for (size_t i = 0; i < BUSY; i++) {
        stress_writer_open(&round->sources[i].writer, round->busy,
                           i == 0 ? TORC_WAIT_BLOCK : stress_waits[stress_below(&round->random, 4)]);
    }
}

static uint64_t published(const struct round *round) {
    uint64_t events = 0;
    for (size_t i = 0; i < BUSY; i++) {
        events += atomic_load(&round->sources[i].published);
    }
    return events;
}

/* Drain is through: every reader has read at least what was published when it began. */
static void check_drained(struct round *round, uint64_t events) {
    for (size_t i = 0; i < READERS; i++) {
        DETECT(STRESS_SUM, atomic_load(&round->read[i]) >= events,
               "drained, but reader %zu has read %" PRIuFAST64 " of %" PRIu64, i, atomic_load(&round->read[i]), events);
    }
}

/* Any moment: before anything was published, in full flow, or when the lanes are full because a reader holds still. */
static void wait_for_moment(struct round *round, bool hold) {
    uint64_t events =
        stress_below(&round->random, 4) == 0 ? 0 : stress_below(&round->random, hold ? BUSY * ENTRIES + 1 : 300);
    stress_doing("waits for the moment to close");
    while (published(round) < events) {
        (void)sched_yield();
    }
    stress_spin(&round->random, UINT64_C(1) << stress_below(&round->random, 14));
}

static void close_and_drain(struct round *round) {
    bool hold = atomic_load(&round->hold);
    uint64_t before;
    int status;
    wait_for_moment(round, hold);
    stress_doing("closes");
    OK(torc_bus_close(round->bus));
    stress_doing("drains");
    before = published(round);
    status = torc_bus_drain(round->bus, hold ? torc_deadline_ns(1000) : TORC_FOREVER);
    CHECK(status == TORC_OK || (status == TORC_TIMED_OUT && hold), "%s", torc_status_name(status));
    if (status == TORC_OK || stress_broken) { /* the defect: the answer is not looked at */
        check_drained(round, before);
    }
    atomic_store(&round->hold, false);
    before = published(round);
    OK(torc_bus_drain(round->bus, TORC_FOREVER));
    check_drained(round, before);
    OK(torc_bus_close(round->bus));
}

static void close_round(struct round *round) {
    struct stress_sum written = {0, 0, 0};
    for (size_t i = 0; i < BUSY; i++) {
        stress_merge(&written, &round->sources[i].writer.sum);
        stress_writer_end(&round->sources[i].writer);
    }
    for (size_t i = 0; i < READERS; i++) {
        stress_same(&written, &round->seen[i].sum, "reader");
        stress_reader_end(round->readers[i]);
    }
    stress_reader_end(round->sleeper);
    atomic_fetch_add(&total, written.events);
}

static void play_round(uint64_t number) {
    struct torc_config config = stress_small(BUSY, READERS + 1, ENTRIES);
    struct round round = {.random = number};
    struct seat seats[READERS];
    struct stress_thread *threads[BUSY + READERS + 1];
    round.bus = stress_bus(&config);
    open_round(&round);
    for (size_t i = 0; i < READERS; i++) {
        seats[i] = (struct seat){.round = &round, .index = i};
        threads[i] = stress_spawn("reader", read_until_closed, &seats[i]);
    }
    threads[READERS] = stress_spawn("sleeper", sleep_until_closed, &round);
    for (size_t i = 0; i < BUSY; i++) {
        threads[READERS + 1 + i] = stress_spawn("publisher", publish_until_closed, &round.sources[i]);
    }
    close_and_drain(&round);
    stress_doing("joins everybody");
    for (size_t i = 0; i < BUSY + READERS + 1; i++) {
        (void)stress_join(threads[i]);
    }
    close_round(&round);
    stress_bus_end(round.bus);
}

int main(int argc, char **argv) {
    uint64_t rounds;
    stress_begin(argc, argv, "close_race", STRESS_SUM, "a drain that timed out is taken for done");
    rounds = stress_scaled(1000);
    for (uint64_t i = 0; i < rounds; i++) {
        play_round(i);
        stress_progress(i + 1);
    }
    stress_say("%" PRIu64 " times closed, %" PRIuFAST64 " events", rounds, atomic_load(&total));
    return stress_end();
}
