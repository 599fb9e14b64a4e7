/* total_order.c - a topic of total order with small events at full rate, while authors open and close its sequencer all
 * the time, readers of every policy join and leave, and a monitor looks.
 *
 * Whoever reads, from wherever: sequences rise, by no less than was told to be lost, and the numbers of each author by
 * one where nothing was. (Sequences may be stepped over: where readers that copy come, claims begin anew.) Those who
 * were there from the beginning see one order, the same. The monitor's counters never go back, there is never more than
 * one lane, and at the end they add up. */
#include "engine.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AUTHORS = 3, WITNESSES = 2, VISITORS = 2, ENTRIES = 64 };

struct said {
    uint64_t author;
    uint64_t number;
};

static struct torc_bus *bus;
static struct torc_topic *topic;
static uint64_t events;
static atomic_uint_fast32_t speaking;

/* One who reads, and what is due in the lane and from each author. */
struct seen {
    uint64_t due;
    bool skipped; /* at the join, or lost: authors have gone on meanwhile */
    uint64_t next[AUTHORS];
    uint64_t count, lost, digest;
};

/* --- speaking ----------------------------------------------------------------------------------------------------- */

static struct torc_sequencer *open_one(void) {
    struct torc_sequencer *sequencer = NULL;
    OK(torc_sequencer_open(topic, NULL, &sequencer));
    return sequencer;
}

static void say(struct torc_sequencer *sequencer, uint64_t author, uint64_t number, uint64_t *random) {
    /* The defect: a number is left out. */
    struct said said = {author, number + (stress_broken && number >= events / 2)};
    struct torc_claim claim;
    if (stress_below(random, 4) != 0) {
        OK(torc_sequencer_publish(sequencer, 1, &said, sizeof said, TORC_FOREVER, NULL));
        return;
    }
    OK(torc_sequencer_claim(sequencer, 1, sizeof said, TORC_FOREVER, &claim));
    memcpy(claim.data, &said, sizeof said);
    OK(torc_sequencer_commit(sequencer, &claim));
}

static void *speak(void *argument) {
    uint64_t author = (uint64_t)(uintptr_t)argument, random = author + 1;
    struct torc_sequencer *sequencer = open_one();
    stress_doing("publishes");
    for (uint64_t number = 0; number < events; number++) {
        if (stress_below(&random, 100) == 0) {
            OK(torc_sequencer_close(sequencer));
            sequencer = open_one();
        }
        say(sequencer, author, number, &random);
        stress_progress(number + 1);
    }
    OK(torc_sequencer_close(sequencer));
    atomic_fetch_sub(&speaking, 1);
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void see(struct seen *seen, const struct torc_event *event) {
    struct said said;
    uint64_t *next;
    DETECT(STRESS_PAYLOAD, event->length == sizeof said, "%zu bytes", event->length);
    memcpy(&said, event->data, sizeof said);
    DETECT(STRESS_PAYLOAD, said.author < AUTHORS, "author %" PRIu64, said.author);
    seen->due += event->lost;
    seen->skipped |= event->lost != 0;
    DETECT(STRESS_ORDER, event->sequence >= seen->due, "%" PRIu64 " where %" PRIu64 " is due", event->sequence,
           seen->due);
    next = &seen->next[said.author];
    DETECT(STRESS_ORDER, seen->skipped ? said.number >= *next : said.number == *next,
           "author %" PRIu64 ": %" PRIu64 " where %" PRIu64 " is due", said.author, said.number, *next);
    *next = said.number + 1;
    seen->due = event->sequence + 1;
    seen->count++;
    seen->lost += event->lost;
    seen->digest = (seen->digest ^ (said.author << 48 ^ said.number)) * UINT64_C(0x100000001b3);
}

struct witness {
    struct torc_reader *reader;
    struct seen seen;
};

static void *witness(void *argument) {
    struct witness *self = argument;
    struct torc_event event;
    stress_doing("reads");
    while (torc_next_until(self->reader, &event, TORC_FOREVER) == TORC_OK) {
        see(&self->seen, &event);
    }
    return NULL;
}

/* A reader of any policy, for some events. What it was told to have lost is a gap, and the next sequence is behind
 * it. */
static void visit(uint64_t *random) {
    struct torc_reader_config config = {.policy = (enum torc_policy)stress_below(random, 4),
                                        .join = (enum torc_join)stress_below(random, 3),
                                        .last = 1 + stress_below(random, ENTRIES),
                                        .evict_after_ns = 1000000};
    uint64_t left = 1 + stress_below(random, 300);
    struct seen seen = {.skipped = true};
    struct torc_reader *reader;
    struct torc_event event;
    int status;
    OK(torc_reader_open(topic, &config, &reader));
    do {
        status = torc_next_until(reader, &event, torc_deadline_ms(1));
        if (status == TORC_OK) {
            see(&seen, &event);
        } else if (status == TORC_LAPPED) {
            DETECT(STRESS_STATUS, config.policy != TORC_POLICY_GATE, "a GATE reader is lapped");
            seen.due += event.lost;
            seen.skipped = true;
        }
        CHECK(status == TORC_OK || status == TORC_LAPPED || status == TORC_EVICTED || status == TORC_TIMED_OUT, "%s",
              torc_status_name(status));
    } while (--left != 0 && status != TORC_TIMED_OUT);
    OK(torc_reader_close(reader));
}

static void *keep_visiting(void *argument) {
    uint64_t random = 77 + (uint64_t)(uintptr_t)argument, visits = 0;
    stress_doing("comes and goes");
    while (atomic_load(&speaking) != 0) {
        visit(&random);
        stress_progress(++visits);
    }
    return NULL;
}

/* --- watching ----------------------------------------------------------------------------------------------------- */

static void *watch(void *argument) {
    size_t bytes = torc_snapshot_size(bus);
    void *memory = malloc(bytes);
    uint64_t published = 0, *taken = argument;
    CHECK(memory != NULL, "no memory");
    stress_doing("takes snapshots");
    while (atomic_load(&speaking) != 0) {
        struct torc_snapshot *now;
        OK(torc_snapshot_take(bus, memory, bytes, &now));
        DETECT(STRESS_SUM, now->lane_count <= 1, "%" PRIu64 " lanes", (uint64_t)now->lane_count);
        DETECT(STRESS_SUM, now->published >= published, "%" PRIu64 " after %" PRIu64, now->published, published);
        published = now->published;
        for (uint64_t i = 0; i < now->reader_count; i++) {
            DETECT(STRESS_SUM, now->readers[i].consumed <= published, "%" PRIu64 " of %" PRIu64 " are read",
                   now->readers[i].consumed, published);
        }
        stress_progress(++*taken);
    }
    free(memory);
    return NULL;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

static void check_witnesses(struct witness *witnesses) {
    for (size_t i = 0; i < WITNESSES; i++) {
        DETECT(STRESS_SUM, witnesses[i].seen.count == AUTHORS * events && witnesses[i].seen.lost == 0,
               "%" PRIu64 " events", witnesses[i].seen.count);
        DETECT(STRESS_ORDER, witnesses[i].seen.digest == witnesses[0].seen.digest, "reader %zu saw another order", i);
        stress_reader_end(witnesses[i].reader);
    }
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(2, WITNESSES + VISITORS, ENTRIES);
    struct witness witnesses[WITNESSES] = {{.reader = NULL}};
    struct stress_thread *threads[AUTHORS + VISITORS + 1], *reading[WITNESSES];
    struct torc_bus_stats stats;
    uint64_t taken = 0;
    stress_begin(argc, argv, "total_order", STRESS_ORDER, "authors leave a number out");
    events = stress_scaled(100000);
    bus = stress_bus(&config);
    topic = stress_total_order(bus, "order");
    atomic_store(&speaking, AUTHORS);
    for (size_t i = 0; i < WITNESSES; i++) {
        witnesses[i].reader = stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
        reading[i] = stress_spawn("witness", witness, &witnesses[i]);
    }
    for (uintptr_t i = 0; i < AUTHORS + VISITORS; i++) {
        threads[i] =
            i < AUTHORS ? stress_spawn("author", speak, (void *)i) : stress_spawn("visitor", keep_visiting, (void *)i);
    }
    threads[AUTHORS + VISITORS] = stress_spawn("monitor", watch, &taken);
    for (size_t i = 0; i < AUTHORS + VISITORS + 1; i++) {
        (void)stress_join(threads[i]);
    }
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < WITNESSES; i++) {
        (void)stress_join(reading[i]);
    }
    OK(torc_bus_stats(bus, &stats));
    DETECT(STRESS_SUM, stats.published >= AUTHORS * events && stats.publishers == 0, "%" PRIu64 " published",
           stats.published);
    check_witnesses(witnesses);
    stress_say("%" PRIu64 " events of %d authors in one order, %" PRIu64 " snapshots beside them, %" PRIu64
               " sequences stepped over",
               AUTHORS * events, AUTHORS, taken, stats.published - AUTHORS * events);
    stress_bus_end(bus);
    return stress_end();
}
