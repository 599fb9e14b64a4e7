/* halt_race.c - the bus ends at a random moment, thousands of times, by close, halt and destroy-later from several
 * threads at once, while publishers wait for space, readers sleep, and handles are released elsewhere: everybody comes
 * back with CLOSED, the bus goes exactly once, after the last release, and takes every slot with it (the audit before,
 * the memory given back after). */
#include "engine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 2, ENDERS = 2, HELD = 16, ENTRIES = 4 };

struct round {
    struct torc_bus *bus;
    void *memory;
    size_t bytes;
    struct torc_publisher *publisher;
    struct torc_reader *readers[READERS];
    atomic_uint_fast64_t published;
    atomic_uint_fast64_t read[READERS];
    struct torc_ringptr held[HELD]; /* the releaser's */
    uint32_t held_count;
    atomic_uint_fast32_t gone;
    atomic_bool go;
    atomic_bool looked; /* for the defect: the releasers wait for it */
    uint64_t random;
};

struct seat {
    struct round *round;
    size_t index;
    uint64_t random;
};

static atomic_uint_fast64_t total, halted_rounds, left_rounds;

/* Called by the last of all; the memory must be nobody's from here on. */
static void note_gone(void *context) {
    struct round *round = context;
    memset(round->memory, 0xEE, round->bytes);
    atomic_fetch_add(&round->gone, 1);
}

static void await_start(struct seat *seat) {
    while (!atomic_load(&seat->round->go)) {
        (void)sched_yield();
    }
    stress_spin(&seat->random, UINT64_C(1) << stress_below(&seat->random, 12));
}

static void *publish(void *argument) {
    struct seat *seat = argument;
    struct round *round = seat->round;
    unsigned char payload[200] = {0};
    int status;
    stress_doing("publishes until closed");
    while ((status = torc_publish(round->publisher, 1, payload, (size_t)stress_below(&seat->random, sizeof payload))) ==
           TORC_OK) {
        atomic_fetch_add(&round->published, 1);
    }
    DETECT(STRESS_STATUS, status == TORC_CLOSED, "publish: %s", torc_status_name(status));
    OK(torc_publisher_close(round->publisher));
    return NULL;
}

static void *read_on(void *argument) {
    struct seat *seat = argument;
    struct round *round = seat->round;
    struct torc_event event;
    int status;
    stress_doing("reads until closed");
    do {
        status = torc_next_until(round->readers[seat->index], &event, TORC_FOREVER);
        atomic_fetch_add(&round->read[seat->index], status == TORC_OK);
    } while (status == TORC_OK || status == TORC_LAPPED);
    DETECT(STRESS_STATUS, status == TORC_CLOSED, "read: %s", torc_status_name(status));
    status = torc_next(round->readers[seat->index], &event);
    DETECT(STRESS_STATUS, status == TORC_CLOSED, "read again: %s", torc_status_name(status));
    OK(torc_reader_close(round->readers[seat->index]));
    return NULL;
}

static void *release(void *argument) {
    struct seat *seat = argument;
    struct round *round = seat->round;
    stress_doing("releases");
    await_start(seat);
    while (stress_broken && !atomic_load(&round->looked)) {
        (void)sched_yield();
    }
    for (uint32_t i = seat->index == 0 ? 0 : 1; i < round->held_count; i += 2) {
        OK(torc_ringptr_release(round->held[i]));
    }
    return NULL;
}

/* Two at once, any of them. */
static void *end_it(void *argument) {
    struct seat *seat = argument;
    struct round *round = seat->round;
    stress_doing("ends the bus");
    await_start(seat);
    if (seat->index == 0) {
        OK(torc_bus_close(round->bus));
    } else {
        OK(torc_bus_halt(round->bus));
        atomic_fetch_add(&halted_rounds, 1);
    }
    return NULL;
}

static void open_round(struct round *round) {
    struct torc_config config = stress_small(1, READERS, ENTRIES);
    struct torc_topic *topic;
    config.flags |= TORC_DESTROY_LATER;
    round->bytes = torc_bus_size(&config);
    round->memory = aligned_alloc(64, round->bytes);
    CHECK(round->memory != NULL, "no memory");
    OK(torc_bus_create_at(round->memory, round->bytes, &config, &round->bus));
    OK(torc_topic_open(round->bus, "t", 0, &topic));
    OK(torc_publisher_open(topic, NULL, &round->publisher));
    for (size_t i = 0; i < READERS; i++) {
        struct torc_reader_config reader = {.wait = stress_waits[stress_below(&round->random, 4)],
                                            .policy = i == 0 ? TORC_POLICY_GATE : TORC_POLICY_LOSSY};
        OK(torc_reader_open(topic, &reader, &round->readers[i]));
    }
    /* Each slot twice: last releases and others, by two threads. */
    for (; round->held_count < HELD; round->held_count += 2) {
        struct torc_ringptr *at = &round->held[round->held_count];
        int status = torc_ringptr_claim_until(round->publisher, 1, (size_t)(1 + stress_below(&round->random, 100)),
                                              TORC_NO_WAIT, at, NULL);
        if (status != TORC_OK) {
            break;
        }
        OK(torc_ringptr_clone(*at, at + 1));
    }
}

static void play_round(uint64_t number) {
    struct round round = {.random = number};
    struct seat seats[2 * READERS + ENDERS + 1];
    struct stress_thread *threads[sizeof seats / sizeof seats[0]];
    size_t count = 0;
    bool halts = stress_below(&round.random, 2) == 0;
    bool early = stress_below(&round.random, 2) == 0;
    struct torc_audit audit;
    open_round(&round);
#define SPAWN(name, body, number_)                                                                                     \
    (seats[count] = (struct seat){&round, (number_), number * 31 + count},                                             \
     threads[count] = stress_spawn(name, body, &seats[count]), count++)
    SPAWN("publisher", publish, 0);
    SPAWN("reader", read_on, 0);
    SPAWN("reader", read_on, 1);
    SPAWN("closer", end_it, 0);
    if (halts) {
        SPAWN("halter", end_it, 1);
    }
    atomic_store(&round.go, true);
    (void)stress_join(threads[3]);
    if (halts) {
        (void)stress_join(threads[4]);
    }
    /* From here on the bus may be left to itself; now, or when the ends are closed. Handles go meanwhile. */
    if (!early) {
        for (size_t i = 0; i < 3; i++) {
            (void)stress_join(threads[i]);
        }
        OK(torc_audit(round.bus, &audit));
        CHECK(audit.outstanding == round.held_count / 2, "%" PRIu64 " slots are held", audit.outstanding);
    }
    stress_doing("leaves the bus to itself");
    SPAWN("releaser", release, 0);
    SPAWN("releaser", release, 1);
    OK(torc_bus_destroy_later(&round.bus, note_gone, &round));
    if (stress_broken) { /* the defect: it is taken for gone before the last release */
        DETECT(STRESS_LATE, atomic_load(&round.gone) == 1, "the bus is still there");
        atomic_store(&round.looked, true);
    }
    for (size_t i = 0; i < count; i++) {
        if (i < 3 ? early : i > 3 + (size_t)halts) {
            (void)stress_join(threads[i]);
        }
    }
    DETECT(STRESS_LATE, atomic_load(&round.gone) == 1, "gone %" PRIuFAST32 " times", atomic_load(&round.gone));
    DETECT(STRESS_SUM, halts || atomic_load(&round.read[0]) == atomic_load(&round.published),
           "%" PRIuFAST64 " of %" PRIuFAST64 " read", atomic_load(&round.read[0]), atomic_load(&round.published));
    atomic_fetch_add(&total, atomic_load(&round.published));
    atomic_fetch_add(&left_rounds, early);
    free(round.memory);
}

int main(int argc, char **argv) {
    uint64_t rounds;
    stress_begin(argc, argv, "halt_race", STRESS_LATE, "the bus is taken for gone before its last release");
    rounds = stress_scaled(2000);
    for (uint64_t i = 0; i < rounds; i++) {
        play_round(i);
        stress_progress(i + 1);
    }
    stress_say("%" PRIu64 " ends, %" PRIuFAST64 " by halt, %" PRIuFAST64 " with ends open, %" PRIuFAST64 " events",
               rounds, atomic_load(&halted_rounds), atomic_load(&left_rounds), atomic_load(&total));
    return stress_end();
}
