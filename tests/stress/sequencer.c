/* sequencer.c - four threads publish through one lane, small and large, by copy and in place, some claims aborted; two
 * readers.
 *
 * Both readers see one order, the same. An event carries what its thread knew to be published before it began: all of
 * that comes before it, whoever published it. The events of one thread are in its order, whole, and counted. */
#include "engine.h"
#include <inttypes.h>
#include <string.h>

enum { THREADS = 4, READERS = 2, ENTRIES = 64, LARGEST = 900 };

static struct torc_topic *topic;
static struct torc_sequencer *sequencer;
static uint64_t events;
static _Atomic uint64_t known; /* sequence + 1 of the last event of which somebody knows that it is published */

struct said {
    uint64_t author;
    uint64_t number;
    uint64_t known;
    unsigned char rest[LARGEST];
};

struct author {
    uint64_t number;
    uint64_t random;
    uint64_t aborted;
};

struct witness {
    struct torc_reader *reader;
    uint64_t next[THREADS];
    uint64_t count;
    uint64_t digest; /* of authors and numbers, in order */
};

static void note_known(uint64_t sequence) {
    uint64_t before = atomic_load(&known);
    while (before < sequence + 1 && !atomic_compare_exchange_weak(&known, &before, sequence + 1)) {
    }
}

/* The defect: it claims to have known of an event that was yet to come. */
static void compose(struct said *said, struct author *author, uint64_t number) {
    said->author = author->number;
    said->number = number;
    said->known = atomic_load(&known) + (stress_broken && number % 500 == 499 ? UINT64_C(1) << 40 : 0);
    memset(said->rest, (int)((author->number * 31 + number) & 0xff), sizeof said->rest);
}

static bool say(struct author *author, uint64_t number) {
    uint64_t most = stress_below(&author->random, 2) == 0 ? 20 : LARGEST;
    size_t length = (size_t)(24 + stress_below(&author->random, most));
    struct torc_claim claim;
    struct said said;
    uint64_t sequence;
    compose(&said, author, number);
    if (stress_below(&author->random, 2) == 0) {
        OK(torc_sequencer_publish(sequencer, 1, &said, length, TORC_FOREVER, &sequence));
        note_known(sequence);
        return true;
    }
    OK(torc_sequencer_claim(sequencer, 1, length, TORC_FOREVER, &claim));
    memcpy(claim.data, &said, length);
    stress_spin(&author->random, 50);
    if (stress_below(&author->random, 10) == 0) {
        OK(torc_sequencer_abort(sequencer, &claim));
        return false;
    }
    sequence = claim.sequence;
    OK(torc_sequencer_commit(sequencer, &claim));
    note_known(sequence);
    return true;
}

static void *speak(void *argument) {
    struct author *author = argument;
    stress_doing("publishes");
    for (uint64_t number = 0; number < events;) {
        bool said = say(author, number);
        number += said;
        author->aborted += !said;
        stress_progress(number);
    }
    return NULL;
}

static void *listen(void *argument) {
    struct witness *witness = argument;
    struct torc_event event;
    stress_doing("reads");
    while (torc_next_until(witness->reader, &event, TORC_FOREVER) == TORC_OK) {
        struct said said;
        memcpy(&said, event.data, event.length);
        DETECT(STRESS_ORDER, said.known <= event.sequence, "%" PRIu64 " was known at %" PRIu64, said.known,
               event.sequence);
        DETECT(STRESS_ORDER, said.author < THREADS && said.number == witness->next[said.author],
               "author %" PRIu64 ": %" PRIu64, said.author, said.number);
        for (size_t i = 24; i < event.length; i++) {
            DETECT(STRESS_PAYLOAD, said.rest[i - 24] == ((said.author * 31 + said.number) & 0xff), "byte %zu", i);
        }
        witness->next[said.author]++;
        witness->count++;
        witness->digest = (witness->digest ^ (said.author << 48 ^ said.number)) * UINT64_C(0x100000001b3);
    }
    return NULL;
}

static void run(struct torc_bus *bus, struct author *authors, struct witness *witnesses) {
    struct stress_thread *speaking[THREADS], *listening[READERS];
    for (size_t i = 0; i < READERS; i++) {
        witnesses[i].reader = stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
        listening[i] = stress_spawn("witness", listen, &witnesses[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        authors[i] = (struct author){i, i + 1, 0};
        speaking[i] = stress_spawn("author", speak, &authors[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)stress_join(speaking[i]);
    }
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < READERS; i++) {
        (void)stress_join(listening[i]);
        stress_reader_end(witnesses[i].reader);
    }
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(1, READERS, ENTRIES);
    struct torc_publisher_config publisher = {.wait = TORC_WAIT_BLOCK, .dry = TORC_DRY_WAIT};
    struct author authors[THREADS];
    struct witness witnesses[READERS] = {{.count = 0}};
    struct torc_bus *bus;
    uint64_t aborted = 0;
    stress_begin(argc, argv, "sequencer", STRESS_ORDER, "a thread says that it knew of later events");
    events = stress_scaled(50000);
    bus = stress_bus(&config);
    topic = stress_total_order(bus, "order");
    OK(torc_sequencer_open(topic, &publisher, &sequencer));
    run(bus, authors, witnesses);
    for (size_t i = 0; i < THREADS; i++) {
        aborted += authors[i].aborted;
    }
    for (size_t i = 0; i < READERS; i++) {
        DETECT(STRESS_SUM, witnesses[i].count == THREADS * events, "%" PRIu64 " events", witnesses[i].count);
        DETECT(STRESS_ORDER, witnesses[i].digest == witnesses[0].digest, "reader %zu saw another order", i);
    }
    stress_say("%" PRIu64 " events of %d threads in one order, %" PRIu64 " claims aborted", witnesses[0].count, THREADS,
               aborted);
    OK(torc_sequencer_close(sequencer));
    stress_bus_end(bus);
    return stress_end();
}
