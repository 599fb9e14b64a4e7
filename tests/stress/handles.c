/* handles.c - every event is kept, cloned to three other threads and released there, through pools so small that each
 * slot comes back after a few events: once through torc actors, once through plain queues between plain threads. Every
 * payload must be whole at its last read, every slot must come back. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>

enum { CONSUMERS = 3, QUEUE = 8, PUBLISHERS = 2 };

struct consumer {
    struct torc_actor *actor; /* or a queue of its own: */
    struct stress_thread *thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct torc_ringptr queue[QUEUE];
    size_t used;
    bool ended;
    struct stress_sum sum;
};

struct run {
    bool actors;
    struct torc_bus *bus;
    struct torc_reader *reader;
    struct stress_writer writers[PUBLISHERS];
    struct consumer consumers[CONSUMERS];
    struct stress_seen seen;
};

static void consume(struct consumer *consumer, struct torc_ringptr ptr) {
    size_t size = torc_ringptr_length(ptr);
    uint32_t author = torc_ringptr_type(ptr);
    uint64_t sequence = stress_verify_tagged(torc_ringptr_data(ptr), size, author);
    stress_add(&consumer->sum, author, sequence, size);
    stress_progress(consumer->sum.events);
}

static enum torc_action on_message(void *context, struct torc_ringptr message) {
    consume(context, message);
    return TORC_CONTINUE;
}

static void put(struct consumer *consumer, struct torc_ringptr ptr) {
    CHECK(pthread_mutex_lock(&consumer->lock) == 0, "mutex");
    while (consumer->used == QUEUE) {
        CHECK(pthread_cond_wait(&consumer->changed, &consumer->lock) == 0, "condition");
    }
    consumer->queue[consumer->used++] = ptr;
    CHECK(pthread_cond_broadcast(&consumer->changed) == 0, "condition");
    CHECK(pthread_mutex_unlock(&consumer->lock) == 0, "mutex");
}

/* Takes the youngest first, so that slots come back in another order than they went out. */
static bool take(struct consumer *consumer, struct torc_ringptr *ptr) {
    bool got;
    CHECK(pthread_mutex_lock(&consumer->lock) == 0, "mutex");
    while (consumer->used == 0 && !consumer->ended) {
        CHECK(pthread_cond_wait(&consumer->changed, &consumer->lock) == 0, "condition");
    }
    got = consumer->used != 0;
    if (got) {
        *ptr = consumer->queue[--consumer->used];
        CHECK(pthread_cond_broadcast(&consumer->changed) == 0, "condition");
    }
    CHECK(pthread_mutex_unlock(&consumer->lock) == 0, "mutex");
    return got;
}

static void *consume_queue(void *argument) {
    struct consumer *consumer = argument;
    struct torc_ringptr ptr;
    stress_doing("takes from its queue");
    while (take(consumer, &ptr)) {
        consume(consumer, ptr);
        OK(torc_ringptr_release(ptr));
    }
    return NULL;
}

static void start_consumer(struct run *run, struct consumer *consumer) {
    struct torc_actor_config config = {.name = "consumer",
                                       .context = consumer,
                                       .on_message = on_message,
                                       .mailbox = QUEUE,
                                       .full = TORC_MAILBOX_WAIT,
                                       .wait = TORC_WAIT_BLOCK};
    CHECK(pthread_mutex_init(&consumer->lock, NULL) == 0, "mutex");
    CHECK(pthread_cond_init(&consumer->changed, NULL) == 0, "condition");
    if (run->actors) {
        OK(torc_actor_start(run->bus, &config, &consumer->actor));
    } else {
        consumer->thread = stress_spawn("consumer", consume_queue, consumer);
    }
}

static void stop_consumer(struct consumer *consumer) {
    if (consumer->actor != NULL) {
        struct torc_actor_stats stats;
        OK(torc_actor_stop(consumer->actor, TORC_STOP_DRAIN, &stats));
        DETECT(STRESS_SUM, stats.sent == stats.messages && stats.dropped == 0,
               "sent %" PRIu64 ", handled %" PRIu64 ", dropped %" PRIu64, stats.sent, stats.messages, stats.dropped);
    } else {
        CHECK(pthread_mutex_lock(&consumer->lock) == 0, "mutex");
        consumer->ended = true;
        CHECK(pthread_cond_broadcast(&consumer->changed) == 0, "condition");
        CHECK(pthread_mutex_unlock(&consumer->lock) == 0, "mutex");
        (void)stress_join(consumer->thread);
    }
    CHECK(pthread_cond_destroy(&consumer->changed) == 0, "condition");
    CHECK(pthread_mutex_destroy(&consumer->lock) == 0, "mutex");
}

static void pass_on(struct consumer *consumer, struct torc_ringptr ptr) {
    struct torc_ringptr clone;
    OK(torc_ringptr_clone(ptr, &clone));
    CHECK(torc_ringptr_equal(ptr, clone), "a clone differs from its source");
    if (consumer->actor != NULL) {
        OK(torc_actor_send(consumer->actor, clone, TORC_FOREVER));
    } else {
        put(consumer, clone);
    }
}

/* The defect: the reference is given back, and the payload read once the slot has been claimed by somebody else. All by
 * one thread, in order, so that nothing but the contents can tell. */
static void read_after_release(struct run *run, struct torc_ringptr ptr) {
    const void *data = torc_ringptr_data(ptr);
    size_t size = torc_ringptr_length(ptr);
    uint32_t author = torc_ringptr_type(ptr);
    OK(torc_ringptr_release(ptr));
    for (uint32_t i = 0; i < 1000; i++) {
        struct torc_ringptr other;
        void *bytes;
        OK(torc_ringptr_claim(run->writers[0].publisher, 0, size, &other, &bytes));
        stress_fill(bytes, size, author, i);
        stress_verify(data, size, author, 1000);
        OK(torc_ringptr_release(other));
    }
}

static void break_it(struct run *run) {
    struct torc_ringptr ptr;
    void *bytes;
    OK(torc_ringptr_claim(run->writers[0].publisher, 0, TORC_S_BYTES, &ptr, &bytes));
    stress_fill(bytes, TORC_S_BYTES, 0, 1000);
    read_after_release(run, ptr);
}

static void *read_events(void *argument) {
    struct run *run = argument;
    struct torc_event event;
    struct torc_ringptr ptr;
    int status;
    stress_doing("reads and keeps");
    while ((status = torc_next_until(run->reader, &event, TORC_FOREVER)) == TORC_OK) {
        stress_see(&run->seen, &event);
        OK(torc_keep_until(run->reader, &event, TORC_FOREVER, &ptr));
        for (size_t i = 0; i < CONSUMERS; i++) {
            pass_on(&run->consumers[i], ptr);
        }
        (void)stress_verify_tagged(torc_ringptr_data(ptr), torc_ringptr_length(ptr), torc_ringptr_type(ptr));
        OK(torc_ringptr_release(ptr));
    }
    CHECK(status == TORC_CLOSED, "%s", torc_status_name(status));
    return NULL;
}

static void *publish(void *argument) {
    struct stress_writer *writer = argument;
    uint64_t events = stress_scaled(60000);
    for (uint64_t i = 0; i < events; i++) {
        size_t size = stress_size(&writer->random, STRESS_LARGEST);
        stress_write(writer, size < STRESS_TAG ? STRESS_TAG : size);
    }
    return NULL;
}

static void work(struct run *run) {
    struct stress_thread *publishing[PUBLISHERS];
    struct stress_thread *reading = stress_spawn("reader", read_events, run);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        publishing[i] = stress_spawn("publisher", publish, &run->writers[i]);
    }
    stress_doing("joins the publishers");
    for (size_t i = 0; i < PUBLISHERS; i++) {
        (void)stress_join(publishing[i]);
    }
    OK(torc_bus_close(run->bus));
    stress_doing("joins the reader");
    (void)stress_join(reading);
    stress_doing("stops the consumers");
    for (size_t i = 0; i < CONSUMERS; i++) {
        stop_consumer(&run->consumers[i]);
    }
}

static void compare(struct run *run) {
    struct stress_sum written = {0, 0, 0};
    for (size_t i = 0; i < PUBLISHERS; i++) {
        stress_merge(&written, &run->writers[i].sum);
    }
    stress_same(&written, &run->seen.sum, "reader");
    for (size_t i = 0; i < CONSUMERS; i++) {
        stress_same(&written, &run->consumers[i].sum, "consumer");
    }
    stress_say("%" PRIu64 " events kept and cloned to %d %s, %" PRIu64 " bytes each", written.events, (int)CONSUMERS,
               run->actors ? "actors" : "plain threads", written.bytes);
}

static void pass_handles(bool actors) {
    struct torc_config config = stress_small(PUBLISHERS, 1, 64);
    struct torc_bus_stats stats;
    struct torc_topic *topic;
    struct run run = {.actors = actors};
    config.keep_slots = 6;
    config.xxl = 2;
    run.bus = stress_bus(&config);
    topic = stress_topic(run.bus, "handles");
    run.reader = stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    run.seen.from_start = true;
    for (size_t i = 0; i < PUBLISHERS; i++) {
        stress_writer_open(&run.writers[i], topic, TORC_WAIT_BLOCK);
    }
    if (stress_broken) {
        break_it(&run);
    }
    for (size_t i = 0; i < CONSUMERS; i++) {
        start_consumer(&run, &run.consumers[i]);
    }
    work(&run);
    compare(&run);
    OK(torc_bus_stats(run.bus, &stats));
    DETECT(STRESS_STALE, stats.stale_refused == 0, "%" PRIu64 " handles were stale", stats.stale_refused);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        stress_writer_end(&run.writers[i]);
    }
    stress_reader_end(run.reader);
    stress_bus_end(run.bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "handles", STRESS_PAYLOAD, "a payload is read after its handle was released");
    pass_handles(true);
    pass_handles(false);
    return stress_end();
}
