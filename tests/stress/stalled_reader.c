/* stalled_reader.c - a gating reader stops reading: every form of publishing gives up at its deadline, nothing is
 * overwritten, and once the reader goes on there is no gap and nothing is there twice. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>

enum { ENTRIES = 32, BATCH = 6 };

struct run {
    struct torc_reader *reader;
    struct stress_writer writer;
    struct stress_seen seen;
    size_t largest;
    uint64_t rounds;
    atomic_uint_fast64_t refusals; /* how often a publish gave up so far */
    atomic_bool done;
};

static bool gave_up(int status, uint64_t deadline) {
    if (status == TORC_OK || status > 0) {
        return false;
    }
    DETECT(STRESS_STATUS, status == (deadline == TORC_NO_WAIT ? TORC_WOULD_BLOCK : TORC_TIMED_OUT), "%s",
           torc_status_name(status));
    return true;
}

static bool by_batch(struct run *run, uint64_t deadline) {
    static unsigned char bytes[BATCH][TORC_XL_BYTES];
    struct torc_message messages[BATCH];
    struct stress_writer *writer = &run->writer;
    size_t published = 0;
    int status;
    for (size_t i = 0; i < BATCH; i++) {
        size_t size = stress_size(&writer->random, run->largest);
        messages[i] = (struct torc_message){.data = bytes[i], .length = size, .type = writer->author};
        stress_fill(bytes[i], size, writer->author, writer->next + i);
    }
    status = deadline == TORC_NO_WAIT
                 ? torc_try_publish_batch(writer->publisher, messages, BATCH, &published)
                 : torc_publish_batch_until(writer->publisher, messages, BATCH, deadline, &published);
    DETECT(STRESS_STATUS, published <= BATCH && (status != TORC_OK || published == BATCH), "%s with %zu published",
           torc_status_name(status), published);
    for (size_t i = 0; i < published; i++) {
        stress_add(&writer->sum, writer->author, writer->next++, messages[i].length);
    }
    return gave_up(status, deadline);
}

static bool by_claims(struct run *run, uint64_t deadline) {
    struct stress_writer *writer = &run->writer;
    struct torc_claim claims[BATCH];
    size_t size = stress_size(&writer->random, run->largest);
    int got = deadline == TORC_NO_WAIT
                  ? torc_try_claim_batch(writer->publisher, writer->author, size, claims, BATCH)
                  : torc_claim_batch_until(writer->publisher, writer->author, size, claims, BATCH, deadline);
    for (int i = 0; i < got; i++) {
        DETECT(STRESS_ORDER, claims[i].sequence == writer->next, "claimed %" PRIu64 " instead of %" PRIu64,
               claims[i].sequence, writer->next);
        stress_fill(claims[i].data, size, writer->author, writer->next);
        stress_add(&writer->sum, writer->author, writer->next++, size);
    }
    if (got > 0) {
        OK(torc_commit_batch(writer->publisher, claims, (size_t)got));
    }
    return gave_up(got, deadline);
}

static bool attempt(struct run *run) {
    static const uint64_t patience[] = {0, 1000, 20000, 200000};
    uint64_t wait = patience[stress_below(&run->writer.random, 4)];
    uint64_t deadline = wait == 0 ? TORC_NO_WAIT : torc_deadline_ns(wait);
    switch (stress_below(&run->writer.random, 3)) {
    case 0:
        return by_batch(run, deadline);
    case 1:
        return by_claims(run, deadline);
    default:
        return gave_up(stress_write_until(&run->writer, stress_size(&run->writer.random, run->largest), deadline),
                       deadline);
    }
}

static void *publish(void *argument) {
    struct run *run = argument;
    stress_doing("publishes with deadlines");
    while (!atomic_load(&run->done)) {
        if (attempt(run)) {
            atomic_fetch_add(&run->refusals, 1);
        }
        stress_progress(run->writer.sum.events);
    }
    return NULL;
}

/* Stalls with one borrow in hand until publishing has been refused `times` more. */
static void stall(struct run *run, uint64_t times) {
    struct torc_event held;
    uint64_t before;
    stress_doing("borrows one");
    OK(torc_next_until(run->reader, &held, TORC_FOREVER));
    stress_see(&run->seen, &held);
    before = atomic_load(&run->refusals);
    stress_doing("stalls until publishing was refused");
    while (atomic_load(&run->refusals) - before < times) {
        (void)sched_yield();
    }
    stress_verify(held.data, held.length, held.type, held.sequence);
    OK(torc_advance(run->reader));
}

/* What the stalled lane holds must be whole, as far as it goes. */
static void read_on(struct run *run) {
    struct torc_event event;
    int status = TORC_OK;
    stress_doing("reads what was held up");
    for (uint32_t i = 0; i < 2 * ENTRIES && status == TORC_OK; i++) {
        status = torc_next(run->reader, &event);
        if (status == TORC_OK) {
            stress_see(&run->seen, &event);
            OK(torc_advance(run->reader));
        }
    }
    CHECK(status == TORC_OK || status == TORC_EMPTY, "%s", torc_status_name(status));
}

static void *read_events(void *argument) {
    struct run *run = argument;
    for (uint64_t i = 0; i < run->rounds; i++) {
        stall(run, 1 + i % 4);
        read_on(run);
        stress_progress(i + 1);
    }
    atomic_store(&run->done, true);
    return NULL;
}

static void read_rest(struct run *run) {
    struct torc_event event;
    while (torc_next(run->reader, &event) == TORC_OK) {
        stress_see(&run->seen, &event);
    }
}

static void transfer(enum torc_wait wait, size_t largest) {
    struct torc_config config = stress_small(1, 1, ENTRIES);
    struct run run = {.largest = largest, .rounds = stress_scaled(400)};
    struct stress_thread *publishing;
    struct stress_thread *reading;
    struct torc_topic *topic;
    struct torc_bus *bus = stress_bus(&config);
    topic = stress_topic(bus, "stall");
    run.reader = stress_reader_manual(topic, wait);
    run.seen.from_start = true;
    run.seen.drop_at = stress_broken ? 100 : 0;
    stress_writer_open(&run.writer, topic, wait);
    reading = stress_spawn("reader", read_events, &run);
    publishing = stress_spawn("publisher", publish, &run);
    (void)stress_join(reading);
    (void)stress_join(publishing);
    read_rest(&run);
    stress_same(&run.writer.sum, &run.seen.sum, "reader");
    stress_say("%s, up to %zu bytes: %" PRIu64 " stalls, %" PRIuFAST64 " refusals, %" PRIu64 " events",
               stress_wait_name(wait), largest, run.rounds, atomic_load(&run.refusals), run.writer.sum.events);
    stress_writer_end(&run.writer);
    stress_reader_end(run.reader);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "stalled_reader", STRESS_ORDER, "the reader overlooks events");
    for (size_t w = 0; w < 4; w++) {
        transfer(stress_waits[w], TORC_INLINE_BYTES);
        transfer(stress_waits[w], TORC_XL_BYTES);
    }
    return stress_end();
}
