/* claim_mix.c - single and batched claims, commits and aborts in every order, and batches by copy, mixed at random.
 *
 * The publisher writes down the fate of every sequence before it settles the claim; a reader may miss a sequence only
 * if it was aborted. Claims of a batch are settled out of order: readers must still see claim order. */
#include "engine.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 12, READERS = 2 };
enum fate { UNKNOWN = 0, COMMITTED, ABORTED };

struct mix {
    struct stress_writer writer;
    unsigned char *fates; /* by sequence - base; final once a later event is visible */
    uint64_t capacity;
    uint64_t aborted;
};

static void note(struct mix *mix, uint64_t sequence, enum fate fate) {
    CHECK(sequence - mix->writer.base < mix->capacity, "sequence %" PRIu64, sequence);
    mix->fates[sequence - mix->writer.base] = (unsigned char)fate;
}

static bool may_be_missing(void *context, uint32_t author, uint64_t sequence) {
    const struct mix *mix = context;
    return author == mix->writer.author && mix->fates[sequence - mix->writer.base] == ABORTED;
}

static void commit(struct mix *mix, struct torc_claim *claim) {
    uint32_t author = mix->writer.author;
    if (stress_below(&mix->writer.random, 8) == 0) {
        claim->length = (size_t)stress_below(&mix->writer.random, claim->length + 1); /* lowered before the commit */
    }
    stress_fill(claim->data, claim->length, author, claim->sequence);
    note(mix, claim->sequence, COMMITTED);
    stress_add(&mix->writer.sum, author, claim->sequence, claim->length);
    OK(torc_commit(mix->writer.publisher, claim));
}

static void abort_claim(struct mix *mix, struct torc_claim *claim) {
    note(mix, claim->sequence, ABORTED);
    mix->aborted++;
    OK(torc_abort(mix->writer.publisher, claim));
}

static void shuffle(struct mix *mix, struct torc_claim *claims, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)stress_below(&mix->writer.random, i);
        struct torc_claim kept = claims[i - 1];
        claims[i - 1] = claims[other];
        claims[other] = kept;
    }
}

static void settle(struct mix *mix, struct torc_claim *claims, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (stress_below(&mix->writer.random, 4) == 0) {
            abort_claim(mix, &claims[i]);
        } else {
            commit(mix, &claims[i]);
        }
        CHECK(torc_commit(mix->writer.publisher, &claims[i]) == TORC_INVALID, "a claim can be settled twice");
    }
}

/* Claims of different sizes, taken one by one, settled in any order. */
static void single_claims(struct mix *mix) {
    struct torc_claim claims[MOST];
    size_t count = 1 + (size_t)stress_below(&mix->writer.random, MOST);
    size_t have = 0;
    while (have < count) {
        size_t size = stress_size(&mix->writer.random, TORC_L_BYTES);
        int status = have == 0 ? torc_claim(mix->writer.publisher, mix->writer.author, size, &claims[0])
                               : torc_try_claim(mix->writer.publisher, mix->writer.author, size, &claims[have]);
        CHECK(status == TORC_OK || (have != 0 && status == TORC_WOULD_BLOCK), "%s", torc_status_name(status));
        if (status != TORC_OK) {
            break;
        }
        have++;
    }
    shuffle(mix, claims, have);
    settle(mix, claims, have);
}

static void claim_batch(struct mix *mix, bool whole) {
    struct torc_claim claims[MOST];
    size_t wanted = 1 + (size_t)stress_below(&mix->writer.random, MOST);
    size_t size = stress_size(&mix->writer.random, TORC_M_BYTES);
    bool keep = stress_below(&mix->writer.random, 4) != 0;
    int got = torc_claim_batch(mix->writer.publisher, mix->writer.author, size, claims, wanted);
    CHECK(got >= 1 && (size_t)got <= wanted, "%zu claims wanted: %d", wanted, got);
    if (!whole) {
        shuffle(mix, claims, (size_t)got);
        settle(mix, claims, (size_t)got);
        return;
    }
    for (int i = 0; i < got; i++) {
        note(mix, claims[i].sequence, keep ? COMMITTED : ABORTED);
        stress_fill(claims[i].data, size, mix->writer.author, claims[i].sequence);
        if (keep) {
            stress_add(&mix->writer.sum, mix->writer.author, claims[i].sequence, size);
        }
    }
    mix->aborted += keep ? 0 : (uint64_t)got;
    OK(keep ? torc_commit_batch(mix->writer.publisher, claims, (size_t)got)
            : torc_abort_batch(mix->writer.publisher, claims, (size_t)got));
}

static void publish_batch(struct mix *mix) {
    struct torc_message messages[MOST];
    static unsigned char bytes[MOST][TORC_L_BYTES + 1];
    size_t count = 1 + (size_t)stress_below(&mix->writer.random, MOST);
    uint64_t sequence = torc_publisher_sequence(mix->writer.publisher);
    size_t published = 0;
    for (size_t i = 0; i < count; i++) {
        messages[i].length = stress_size(&mix->writer.random, TORC_L_BYTES);
        messages[i].data = bytes[i];
        messages[i].type = mix->writer.author;
        stress_fill(bytes[i], messages[i].length, mix->writer.author, sequence + i);
        note(mix, sequence + i, COMMITTED);
        stress_add(&mix->writer.sum, mix->writer.author, sequence + i, messages[i].length);
    }
    OK(torc_publish_batch(mix->writer.publisher, messages, count, &published));
    DETECT(STRESS_SUM, published == count, "%zu of %zu messages published", published, count);
}

static void *publish(void *argument) {
    struct mix *mix = argument;
    uint64_t rounds = stress_scaled(200000);
    for (uint64_t i = 0; i < rounds; i++) {
        stress_progress(i);
        stress_doing("claims and settles");
        switch (stress_below(&mix->writer.random, 4)) {
        case 0:
            single_claims(mix);
            break;
        case 1:
            claim_batch(mix, true);
            break;
        case 2:
            claim_batch(mix, false);
            break;
        default:
            publish_batch(mix);
        }
    }
    return NULL;
}

struct reading {
    struct torc_reader *reader;
    struct stress_seen seen;
};

static void *read_events(void *argument) {
    struct reading *reading = argument;
    stress_read_to_end(reading->reader, &reading->seen, (uint64_t)(uintptr_t)reading);
    return NULL;
}

static void run(struct torc_bus *bus, struct mix *mix, struct reading *readings) {
    struct stress_thread *threads[READERS];
    struct stress_thread *publishing;
    for (size_t i = 0; i < READERS; i++) {
        readings[i].seen.from_start = true;
        readings[i].seen.gap = may_be_missing;
        readings[i].seen.context = mix;
        threads[i] = stress_spawn("reader", read_events, &readings[i]);
    }
    readings[0].seen.drop_at = stress_broken ? 1000 : 0;
    publishing = stress_spawn("publisher", publish, mix);
    (void)stress_join(publishing);
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < READERS; i++) {
        (void)stress_join(threads[i]);
        stress_same(&mix->writer.sum, &readings[i].seen.sum, "reader");
        stress_reader_end(readings[i].reader);
    }
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(1, READERS, 64);
    static struct mix mix;
    static struct reading readings[READERS];
    struct torc_bus *bus;
    struct torc_topic *topic;
    stress_begin(argc, argv, "claim_mix", STRESS_ORDER, "a reader overlooks events that were not aborted");
    bus = stress_bus(&config);
    topic = stress_topic(bus, "mix");
    for (size_t i = 0; i < READERS; i++) {
        readings[i].reader = stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    }
    stress_writer_open(&mix.writer, topic, TORC_WAIT_BLOCK);
    mix.capacity = stress_scaled(200000) * MOST + 1;
    mix.fates = calloc((size_t)mix.capacity, 1);
    CHECK(mix.fates != NULL, "no memory");
    run(bus, &mix, readings);
    stress_say("%" PRIu64 " events, %" PRIu64 " claims aborted", mix.writer.sum.events, mix.aborted);
    mix.writer.next = torc_publisher_sequence(mix.writer.publisher);
    stress_writer_end(&mix.writer);
    free(mix.fates);
    stress_bus_end(bus);
    return stress_end();
}
