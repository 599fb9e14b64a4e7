/* group.c - competing readers under load: two publishers, four workers that finish out of order, return events, leave
 * with events in hand, or end without a word; and a warden that leaves for workers that are at work.
 *
 * Every event is finished exactly once, every hand-out says the right attempt, and first hand-outs of a lane come in
 * order. A worker that was left for finishes nothing more. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

enum { WRITERS = 2, WORKERS = 4, HOLD = 5, ENTRIES = 64 };

struct fate {
    _Atomic uint32_t attempt; /* the last one that a worker saw before it was left for */
    _Atomic uint32_t finished;
};

/* The lock says when the warden may leave for the worker: not while it reads what it has borrowed. */
struct worker {
    pthread_mutex_t lock;
    struct torc_member *member; /* under the lock; NULL: between two */
    bool over;                  /* under the lock: somebody has left for it */
    uint64_t random;
    uint64_t finished, returned, dropped;
    struct stress_sum sum;
};

static struct torc_group *group;
static struct stress_writer writers[WRITERS];
static struct fate *fates[WRITERS];
static uint64_t events;
static struct worker workers[WORKERS];
static atomic_bool enough;
static _Atomic uint64_t exits, left_for, settled;

static struct fate *fate_of(const struct torc_event *event) {
    for (size_t i = 0; i < WRITERS; i++) {
        if (writers[i].author == event->type) {
            CHECK(event->sequence - writers[i].base < events, "sequence %" PRIu64, event->sequence);
            return &fates[i][event->sequence - writers[i].base];
        }
    }
    CHECK(false, "author %" PRIu32, event->type);
    return NULL;
}

static void *publish(void *argument) {
    struct stress_writer *writer = argument;
    for (uint64_t i = 0; i < events; i++) {
        stress_write(writer, stress_size(&writer->random, TORC_S_BYTES));
        stress_progress(i + 1);
    }
    return NULL;
}

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct hand {
    struct torc_delivery held[HOLD];
    uint64_t last[TORC_MAX_PUBLISHERS]; /* first hand-outs: sequence + 1 */
    size_t count;
};

/* Only the holder changes an event's fate. */
static void receive(struct worker *self, struct hand *hand, const struct torc_delivery *delivery) {
    const struct torc_event *event = &delivery->event;
    (void)pthread_mutex_lock(&self->lock);
    if (!self->over) {
        struct fate *fate = fate_of(event);
        stress_verify(event->data, event->length, event->type, event->sequence);
        DETECT(STRESS_ORDER, delivery->attempt > 1 || event->sequence >= hand->last[event->lane],
               "lane %" PRIu32 ": %" PRIu64 " after %" PRIu64, event->lane, event->sequence, hand->last[event->lane]);
        hand->last[event->lane] = delivery->attempt > 1 ? hand->last[event->lane] : event->sequence + 1;
        DETECT(STRESS_ORDER, atomic_exchange(&fate->attempt, delivery->attempt) < delivery->attempt,
               "%" PRIu64 ": attempt %" PRIu32 " again", event->sequence, delivery->attempt);
        DETECT(STRESS_SUM, atomic_load(&fate->finished) == 0, "%" PRIu64 " is handed out, and finished",
               event->sequence);
    }
    (void)pthread_mutex_unlock(&self->lock);
    hand->held[hand->count++] = *delivery;
}

static void note_finished(struct worker *self, const struct torc_event *event) {
    (void)atomic_fetch_add(&fate_of(event)->finished, 1);
    self->finished++;
    stress_add(&self->sum, event->type, event->sequence, event->length);
}

/* One of those in hand, not always the oldest. False: somebody has left for us. */
static bool settle_one(struct worker *self, struct hand *hand, struct torc_member *member) {
    size_t which = (size_t)stress_below(&self->random, hand->count);
    struct torc_delivery delivery = hand->held[which];
    bool back = stress_below(&self->random, 16) == 0;
    /* All of them settle at least as often as there are events, whoever does most of it. */
    bool forget = stress_broken && !back && atomic_fetch_add(&settled, 1) % 500 == 499;
    int status;
    stress_spin(&self->random, 100);
    hand->held[which] = hand->held[--hand->count];
    status = back ? torc_member_return(member, &delivery) : forget ? TORC_OK : torc_member_done(member, &delivery);
    DETECT(STRESS_STATUS, status == TORC_OK || status == TORC_CLOSED, "%s", torc_status_name(status));
    if (status == TORC_OK && back) {
        self->returned++;
    } else if (status == TORC_OK) {
        note_finished(self, &delivery.event);
    }
    return status == TORC_OK;
}

/* All in hand at once: leaving for the worker comes before or after, not between. */
static bool settle_all(struct worker *self, struct hand *hand, struct torc_member *member) {
    int status = torc_member_done_batch(member, hand->held, hand->count);
    DETECT(STRESS_STATUS, status == TORC_OK || status == TORC_CLOSED, "%s", torc_status_name(status));
    for (size_t i = 0; status == TORC_OK && i < hand->count; i++) {
        note_finished(self, &hand->held[i].event);
    }
    hand->count = 0;
    return status == TORC_OK;
}

static bool settle(struct worker *self, struct hand *hand, struct torc_member *member) {
    return stress_below(&self->random, 16) == 0 ? settle_all(self, hand, member) : settle_one(self, hand, member);
}

/* One event or several, by every call there is. */
static int take_some(struct worker *self, struct hand *hand, struct torc_member *member) {
    struct torc_delivery got[HOLD];
    uint64_t deadline = stress_below(&self->random, 8) == 0 ? torc_deadline_ns(20000) : TORC_FOREVER;
    size_t most = 1 + (size_t)stress_below(&self->random, HOLD);
    uint64_t how = stress_below(&self->random, 8);
    int count;
    if (how < 4) {
        count = how < 1 ? torc_member_next(member, got) : torc_member_next_until(member, got, deadline);
        count = count == TORC_OK ? 1 : count;
    } else {
        count = how < 5 ? torc_member_next_batch(member, got, most)
                        : torc_member_next_batch_until(member, got, most, deadline);
    }
    for (int i = 0; i < count; i++) {
        receive(self, hand, &got[i]);
    }
    return count > 0 ? TORC_OK : count;
}

/* Works as a member for a while. True: there is more to do. */
static bool work(struct worker *self, struct torc_member *member) {
    uint64_t most = 1 + stress_below(&self->random, 400);
    struct hand hand = {.count = 0};
    for (uint64_t i = 0; i < most; i++) {
        int status = take_some(self, &hand, member);
        if (status == TORC_CLOSED) {
            (void)pthread_mutex_lock(&self->lock);
            status = self->over ? TORC_OK : TORC_CLOSED;
            (void)pthread_mutex_unlock(&self->lock);
            CHECK(status == TORC_OK || hand.count == 0, "the end came with %zu events in hand", hand.count);
            return status == TORC_OK;
        }
        while (hand.count != 0 && (status == TORC_BUSY || stress_below(&self->random, 3) != 0)) {
            status = TORC_OK;
            if (!settle(self, &hand, member)) {
                return true;
            }
        }
    }
    self->dropped += hand.count;
    return true;
}

static bool one_life(struct worker *self) {
    struct torc_member *member;
    bool more;
    OK(torc_group_join(group, &member));
    (void)pthread_mutex_lock(&self->lock);
    self->member = member;
    self->over = false;
    (void)pthread_mutex_unlock(&self->lock);
    more = work(self, member);
    if (more && stress_below(&self->random, 8) == 0) {
        return true; /* ends without a word: the warden notices */
    }
    (void)pthread_mutex_lock(&self->lock);
    self->member = NULL;
    (void)pthread_mutex_unlock(&self->lock);
    OK(torc_member_close(member));
    return more;
}

static void bury(struct worker *self) {
    struct torc_member *member = self->member;
    self->member = NULL;
    if (member != NULL) {
        OK(torc_member_close(member));
        (void)atomic_fetch_add(&exits, 1);
    }
}

/* A thread per life, so that those who end without a word are gone. */
static void *live(void *argument) {
    struct worker *self = argument;
    stress_doing("works");
    return one_life(self) ? self : NULL;
}

static void *keep_alive(void *argument) {
    struct worker *self = argument;
    struct stress_thread *thread;
    do {
        thread = stress_spawn("worker", live, self);
        stress_doing("waits for a worker to end");
        if (stress_join(thread) == NULL) {
            thread = NULL;
        }
        (void)pthread_mutex_lock(&self->lock);
        bury(self);
        (void)pthread_mutex_unlock(&self->lock);
    } while (thread != NULL);
    return NULL;
}

static void *leave_for_others(void *argument) {
    uint64_t random = 7;
    (void)argument;
    while (!atomic_load(&enough)) {
        struct worker *worker = &workers[stress_below(&random, WORKERS)];
        stress_spin(&random, 20000);
        (void)pthread_mutex_lock(&worker->lock);
        if (worker->member != NULL && !worker->over) {
            worker->over = true;
            OK(torc_member_leave(worker->member));
            (void)atomic_fetch_add(&left_for, 1);
        }
        (void)pthread_mutex_unlock(&worker->lock);
    }
    return NULL;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void check_fates(void) {
    for (size_t i = 0; i < WRITERS; i++) {
        for (uint64_t at = 0; at < events; at++) {
            uint32_t times = atomic_load(&fates[i][at].finished);
            DETECT(STRESS_SUM, times == 1, "event %" PRIu64 " of author %zu was finished %" PRIu32 " times", at, i,
                   times);
        }
    }
}

static void check_sums(const struct torc_group_stats *stats) {
    struct stress_sum written = {.events = 0}, read = {.events = 0};
    uint64_t returned = 0, dropped = 0;
    for (size_t i = 0; i < WORKERS; i++) {
        stress_merge(&read, &workers[i].sum);
        returned += workers[i].returned;
        dropped += workers[i].dropped;
    }
    for (size_t i = 0; i < WRITERS; i++) {
        stress_merge(&written, &writers[i].sum);
    }
    stress_same(&written, &read, "the group");
    stress_say("%" PRIu64 " events finished once each; %" PRIu64 " handed out again, of them %" PRIu64
               " returned; left with %" PRIu64 "; %" PRIu64 " threads ended without a word, %" PRIu64 " were left for",
               read.events, stats->returned, returned, dropped, atomic_load(&exits), atomic_load(&left_for));
}

static void run(struct torc_bus *bus) {
    struct stress_thread *publishing[WRITERS], *working[WORKERS], *warden;
    struct torc_group_stats stats;
    for (size_t i = 0; i < WORKERS; i++) {
        (void)pthread_mutex_init(&workers[i].lock, NULL);
        workers[i].random = i + 1;
        working[i] = stress_spawn("keeper", keep_alive, &workers[i]);
    }
    warden = stress_spawn("warden", leave_for_others, NULL);
    for (size_t i = 0; i < WRITERS; i++) {
        publishing[i] = stress_spawn("publisher", publish, &writers[i]);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        (void)stress_join(publishing[i]);
    }
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < WORKERS; i++) {
        (void)stress_join(working[i]);
    }
    atomic_store(&enough, true);
    (void)stress_join(warden);
    check_fates();
    OK(torc_group_stats(group, &stats));
    check_sums(&stats);
    DETECT(STRESS_SUM, stats.finished == WRITERS * events && stats.unfinished == 0 && stats.reader.lag == 0,
           "finished %" PRIu64 ", unfinished %" PRIu64, stats.finished, stats.unfinished);
    OK(torc_group_close(group));
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(WRITERS, 1, ENTRIES);
    struct torc_group_config group_config = {.members = WORKERS, .hold = HOLD};
    struct torc_bus *bus;
    struct torc_topic *topic;
    stress_begin(argc, argv, "group", STRESS_SUM, "a worker now and then counts an event as finished and leaves it");
    events = stress_scaled(100000);
    bus = stress_bus(&config);
    topic = stress_topic(bus, "work");
    group_config.reader.wait = TORC_WAIT_BLOCK;
    OK(torc_group_open(topic, &group_config, &group));
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_open(&writers[i], topic, TORC_WAIT_BLOCK);
        fates[i] = calloc((size_t)events, sizeof *fates[i]);
        CHECK(fates[i] != NULL, "memory");
    }
    run(bus);
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_end(&writers[i]);
        free(fates[i]);
    }
    stress_bus_end(bus);
    return stress_end();
}
