/* handlers.c - managed readers that fail at random: each event is settled exactly once and in order, whatever was
 * retried, rewound, skipped or dead-lettered; and handlers that stop, are stopped twice, give up or lose their thread
 * never hold publishers up. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum { WRITERS = 2, HANDLERS = 3 };

/* How a handler ends. */
enum way { STOP_INSIDE, STOP_VERDICT, ATTEMPTS, THREAD_EXIT, STOP_OUTSIDE, WAYS };

/* What a handler has settled, lane by lane. A rewind takes OK verdicts of the batch back. */
struct work {
    struct torc_handler_thread *handler;
    struct stress_sum sum;
    uint64_t random;
    uint64_t next[TORC_MAX_PUBLISHERS]; /* the first sequence that was never handed out */
    uint64_t low[TORC_MAX_PUBLISHERS];  /* a rewind may go back to here */
    uint64_t handled, skipped, letters, batches;
    uint64_t quit_at; /* what `how` does happens at this event; 0: never */
    int how;          /* enum way */
    uint32_t fails;   /* one in so many; 0: never */
    bool late;        /* its first event may have any sequence */
    atomic_bool gone;
    bool ended;
};

static enum torc_verdict quit(struct work *work, struct torc_handler_thread *handler) {
    switch (work->how) {
    case STOP_INSIDE:
        OK(torc_handler_stop(handler));
        OK(torc_handler_stop(handler));
        return TORC_VERDICT_OK;
    case STOP_VERDICT:
        return TORC_VERDICT_STOP;
    case ATTEMPTS:
        return TORC_VERDICT_RETRY;
    default:
        pthread_exit(NULL);
    }
}

static enum torc_verdict fail(struct work *work) {
    uint64_t dice = stress_below(&work->random, 4);
    work->skipped += dice == 2;
    work->letters += dice == 3;
    return dice == 0 ? TORC_VERDICT_RETRY : dice == 1 ? TORC_VERDICT_REWIND : (enum torc_verdict)(dice + 1);
}

static enum torc_verdict on_event(void *context, struct torc_handler_thread *handler, const struct torc_event *event,
                                  int end) {
    struct work *work = context;
    uint64_t sequence = event->sequence;
    uint64_t *next = &work->next[event->lane];
    (void)end;
    DETECT(STRESS_LATE, !atomic_load(&work->gone), "called after it was stopped");
    stress_verify(event->data, event->length, event->type, sequence);
    if (work->late && work->handled == 0) { /* it joined somewhere */
        *next = sequence;
    }
    /* The defect: an event that comes again is taken for a new one. */
    DETECT(STRESS_ORDER,
           sequence == *next || (!stress_broken && sequence < *next && sequence >= work->low[event->lane]),
           "sequence %" PRIu64 " where %" PRIu64 " is due", sequence, *next);
    if (sequence == *next) {
        stress_add(&work->sum, event->type, sequence, event->length);
        ++*next;
        stress_progress(++work->handled);
    }
    if (work->quit_at != 0 && work->handled >= work->quit_at) {
        return quit(work, handler);
    }
    if (stress_below(&work->random, 64) == 0) {
        OK(torc_handler_release(handler));
        work->low[event->lane] = sequence;
    }
    return work->fails != 0 && stress_below(&work->random, work->fails) == 0 ? fail(work) : TORC_VERDICT_OK;
}

static void on_batch_start(void *context, size_t size, uint64_t lag) {
    struct work *work = context;
    DETECT(STRESS_LATE, !atomic_load(&work->gone), "called after it was stopped");
    CHECK(size != 0 && lag >= size, "a batch of %zu, lag %" PRIu64, size, lag);
    memcpy(work->low, work->next, sizeof work->low);
    work->batches++;
}

static void on_stop(void *context, enum torc_ended why) {
    struct work *work = context;
    CHECK(why != TORC_ENDED_NOT && !work->ended, "ends once");
    work->ended = true;
}

static struct torc_handler_thread *start(struct torc_topic *topic, struct torc_topic *letters, struct work *work) {
    struct torc_handler_config config = {.context = work,
                                         .on_event = on_event,
                                         .on_batch_start = on_batch_start,
                                         .on_stop = on_stop,
                                         .max_batch = 1 + (uint32_t)stress_below(&work->random, 40),
                                         .attempts = work->how == ATTEMPTS ? 3 : UINT32_MAX,
                                         .dead_letters = letters,
                                         .dead_letter_wait_ns = TORC_FOREVER};
    struct torc_handler_thread *handler;
    config.reader.wait = stress_waits[stress_below(&work->random, 4)];
    OK(torc_handler_start(topic, &config, &handler));
    return handler;
}

struct writing {
    struct stress_writer writer;
    uint64_t events, random;
    atomic_bool *enough;
};

static void *write_all(void *argument) {
    struct writing *self = argument;
    stress_doing("publishes");
    for (uint64_t i = 0; self->enough == NULL ? i < self->events : !atomic_load(self->enough); i++) {
        stress_write(&self->writer, stress_size(&self->random, TORC_S_BYTES));
        stress_progress(i);
    }
    return NULL;
}

static void *count_letters(void *reader) {
    struct torc_event event;
    uint64_t count = 0;
    stress_doing("reads dead letters");
    while (torc_next_until(reader, &event, TORC_FOREVER) == TORC_OK) {
        struct torc_dead_letter letter;
        memcpy(&letter, event.data, sizeof letter);
        CHECK(strcmp(letter.topic, "work") == 0 && letter.attempts != 0, "from \"%s\"", letter.topic);
        stress_verify((const unsigned char *)event.data + sizeof letter, event.length - sizeof letter, event.type,
                      letter.sequence);
        count++;
    }
    return (void *)(uintptr_t)count;
}

/* All of it, by handlers that fail one time in `fails`. */
static void run(uint64_t events, uint32_t fails) {
    struct torc_config config = stress_small(WRITERS + HANDLERS, HANDLERS + 1, 64);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topic = stress_topic(bus, "work"), *letters = stress_topic(bus, "letters");
    struct torc_reader *reader = stress_reader(letters, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    struct stress_thread *reading = stress_spawn("letters", count_letters, reader), *threads[WRITERS];
    struct writing writing[WRITERS] = {{.events = 0}};
    struct work works[HANDLERS] = {{.random = 1}};
    struct stress_sum sum = {.events = 0};
    uint64_t count = 0;
    for (size_t i = 0; i < HANDLERS; i++) {
        works[i] = (struct work){.random = i + events, .fails = fails};
        works[i].handler = start(topic, letters, &works[i]);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        writing[i] = (struct writing){.events = stress_scaled(events), .random = i + 7};
        stress_writer_open(&writing[i].writer, topic, TORC_WAIT_BLOCK);
        threads[i] = stress_spawn("writer", write_all, &writing[i]);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        (void)stress_join(threads[i]);
        stress_merge(&sum, &writing[i].writer.sum);
        stress_writer_end(&writing[i].writer);
    }
    stress_doing("drains");
    OK(torc_bus_drain(bus, TORC_FOREVER));
    for (size_t i = 0; i < HANDLERS; i++) {
        struct torc_handler_stats stats;
        OK(torc_handler_stop(works[i].handler));
        OK(torc_handler_stats(works[i].handler, &stats));
        stress_same(&sum, &works[i].sum, "a handler");
        DETECT(STRESS_SUM,
               stats.events == sum.events && stats.skipped == works[i].skipped &&
                   stats.dead_letters == works[i].letters && stats.batches == works[i].batches,
               "%" PRIu64 " events, %" PRIu64 " skipped, %" PRIu64 " dead letters", stats.events, stats.skipped,
               stats.dead_letters);
        stress_say("handler %zu: %" PRIu64 " batches of up to %" PRIu64 ", %" PRIu64 " retries, %" PRIu64
                   " rewinds, %" PRIu64 " skipped, %" PRIu64 " dead letters",
                   i, stats.batches, stats.max_size, stats.retries, stats.rewinds, stats.skipped, stats.dead_letters);
        count += stats.dead_letters;
        OK(torc_handler_close(works[i].handler));
    }
    OK(torc_bus_close(bus));
    CHECK((uint64_t)(uintptr_t)stress_join(reading) == count, "%" PRIu64 " dead letters are due", count);
    stress_reader_end(reader);
    stress_bus_end(bus);
}

static void *stop_it(void *handler) {
    stress_doing("stops a handler");
    OK(torc_handler_stop(handler));
    return NULL;
}

/* By two threads at once while it works, or by itself at some event. */
static void let_it_end(struct work *work, uint64_t round) {
    struct stress_thread *stoppers[2] = {NULL, NULL};
    uint64_t random = round;
    if (work->how == STOP_OUTSIDE) {
        stress_spin(&random, 20000);
        for (size_t i = 0; i < 2; i++) {
            stoppers[i] = stress_spawn("stopper", stop_it, work->handler);
        }
        (void)stress_join(stoppers[0]);
        atomic_store(&work->gone, true);
        (void)stress_join(stoppers[1]);
    }
    stress_doing("waits for a handler to end");
    OK(torc_handler_join(work->handler, TORC_FOREVER));
    atomic_store(&work->gone, true);
}

/* One handler after the other ends in some way while a publisher runs at full rate; it must go on. */
static void leave(uint64_t rounds) {
    static const enum torc_ended why[WAYS] = {TORC_ENDED_STOPPED, TORC_ENDED_STOPPED, TORC_ENDED_GAVE_UP,
                                              TORC_ENDED_CANCELLED, TORC_ENDED_STOPPED};
    struct torc_config config = stress_small(1, 2, 16);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topic = stress_topic(bus, "work");
    struct writing writing = {.random = 3};
    struct stress_thread *writer;
    atomic_bool enough = false;
    writing.enough = &enough;
    stress_writer_open(&writing.writer, topic, TORC_WAIT_BLOCK);
    writer = stress_spawn("writer", write_all, &writing);
    for (uint64_t round = 0; round < stress_scaled(rounds); round++) {
        struct work work = {.random = round, .how = (int)(round % WAYS), .late = true};
        struct torc_handler_stats stats;
        work.quit_at = work.how == STOP_OUTSIDE ? 0 : 1 + round % 50;
        work.handler = start(topic, NULL, &work);
        let_it_end(&work, round);
        OK(torc_handler_stats(work.handler, &stats));
        DETECT(STRESS_STATUS, stats.ended == why[work.how] && work.ended == (work.how != THREAD_EXIT),
               "way %d ended as %d", work.how, (int)stats.ended);
        OK(torc_handler_close(work.handler));
    }
    atomic_store(&enough, true);
    (void)stress_join(writer);
    stress_writer_end(&writing.writer);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "handlers", STRESS_ORDER, "an event that comes again is taken for a new one");
    if (!stress_broken) { /* nothing comes again there */
        run(150000, 0);
    }
    run(100000, 50);
    run(50000, 5);
    leave(300);
    return stress_end();
}
