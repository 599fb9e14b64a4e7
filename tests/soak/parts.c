/* parts.c - what the threads of a life do. */
#include "soak.h"

#include <inttypes.h>
#include <sched.h>

struct soak_tally soak_tally;
uint64_t soak_forget;
atomic_uint_fast64_t soak_forgotten;

static void count(atomic_uint_fast64_t *counter) {
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint64_t thread_number(struct soak *soak) {
    return atomic_fetch_add(&soak->threads, 1);
}

/* --- references --------------------------------------------------------------------------------------------------- */

void soak_release(struct torc_ringptr ptr) {
    uint64_t number = atomic_fetch_add_explicit(&soak_tally.released, 1, memory_order_relaxed) + 1;
    int status;
    if (soak_forget != 0 && number % soak_forget == 0) {
        count(&soak_forgotten);
        return;
    }
    status = torc_ringptr_release(ptr);
    DETECT(STRESS_STALE, status == TORC_OK, "release: %s", torc_status_name(status));
}

static void verify(struct torc_ringptr ptr) {
    uint32_t author = torc_ringptr_type(ptr);
    size_t size = torc_ringptr_length(ptr);
    if (size >= STRESS_TAG) {
        (void)stress_verify_tagged(torc_ringptr_data(ptr), size, author);
    }
}

void soak_put_aside(struct soak *soak, struct torc_ringptr ptr) {
    bool full;
    CHECK(pthread_mutex_lock(&soak->bag_lock) == 0, "mutex");
    full = soak->bagged == BAG;
    if (!full) {
        soak->bag[soak->bagged++] = ptr;
    }
    CHECK(pthread_mutex_unlock(&soak->bag_lock) == 0, "mutex");
    if (full) {
        soak_release(ptr);
    }
}

static bool take_out(struct soak *soak, struct torc_ringptr *ptr) {
    bool any;
    CHECK(pthread_mutex_lock(&soak->bag_lock) == 0, "mutex");
    any = soak->bagged != 0;
    if (any) {
        *ptr = soak->bag[--soak->bagged];
    }
    CHECK(pthread_mutex_unlock(&soak->bag_lock) == 0, "mutex");
    return any;
}

/* A reference travels on: to an actor, to the janitor, or it ends here. */
static void pass_on(struct soak *soak, struct torc_ringptr ptr, uint64_t *random) {
    struct torc_ringptr clone;
    int status;
    verify(ptr);
    if (stress_below(random, 3) == 0) {
        OK(torc_ringptr_clone(ptr, &clone));
        soak_put_aside(soak, clone);
    }
    if (stress_below(random, 2) == 0) {
        soak_release(ptr);
        return;
    }
    status =
        torc_actor_send(soak->actors[stress_below(random, ACTORS)], ptr, torc_deadline_ns(stress_below(random, 20000)));
    if (status == TORC_OK) {
        count(&soak_tally.messages);
        return;
    }
    CHECK(status == TORC_TIMED_OUT || status == TORC_WOULD_BLOCK || status == TORC_CLOSED, "send: %s",
          torc_status_name(status));
    soak_release(ptr);
}

enum torc_action soak_on_message(void *context, struct torc_ringptr message) {
    struct soak *soak = context;
    struct torc_ringptr clone;
    verify(message);
    if (torc_ringptr_length(message) % 4 == 0) {
        OK(torc_ringptr_clone(message, &clone));
        soak_put_aside(soak, clone);
    }
    count(&soak_tally.handled);
    return TORC_CONTINUE;
}

enum torc_action soak_on_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    struct soak *soak = context;
    struct torc_ringptr kept;
    stress_verify(event->data, event->length, event->type, event->sequence);
    if (event->sequence % 16 == 0 && torc_keep(reader, event, &kept) == TORC_OK) {
        count(&soak_tally.kept);
        soak_put_aside(soak, kept);
    }
    return TORC_CONTINUE;
}

/* --- publishers --------------------------------------------------------------------------------------------------- */

struct pen {
    struct soak *soak;
    struct torc_publisher *publisher;
    struct stress_sum sum;
    uint32_t author;
    uint64_t random;
};

/* One event in place. Any answer but the expected ones is a finding; TORC_CLOSED ends the publisher. */
static int write_one(struct pen *pen) {
    size_t size = stress_size(&pen->random, STRESS_LARGEST);
    uint64_t deadline =
        stress_below(&pen->random, 4) == 0 ? torc_deadline_ns(stress_below(&pen->random, 100000)) : TORC_FOREVER;
    struct torc_claim claim;
    int status = torc_claim_until(pen->publisher, pen->author, size, deadline, &claim);
    if (status != TORC_OK) {
        count(status == TORC_POOL_DRY ? &soak_tally.dry : &soak_tally.late);
        CHECK(status == TORC_CLOSED || status == TORC_TIMED_OUT || status == TORC_POOL_DRY, "claim: %s",
              torc_status_name(status));
        return status;
    }
    stress_fill(claim.data, size, pen->author, claim.sequence);
    if (stress_below(&pen->random, 32) == 0) {
        count(&soak_tally.aborted);
        OK(torc_abort(pen->publisher, &claim));
    } else {
        OK(torc_commit(pen->publisher, &claim));
        stress_add(&pen->sum, pen->author, claim.sequence, size);
        count(&soak_tally.events);
    }
    return TORC_OK;
}

/* A message that never was in a ring. */
static void send_fresh(struct pen *pen) {
    size_t size = STRESS_TAG + stress_size(&pen->random, STRESS_LARGEST - STRESS_TAG);
    struct torc_ringptr fresh;
    void *data;
    int status = torc_ringptr_claim_until(pen->publisher, MESSAGE, size, torc_deadline_ns(20000), &fresh, &data);
    if (status == TORC_OK) {
        stress_fill(data, size, MESSAGE, pen->random);
        pass_on(pen->soak, fresh, &pen->random);
    } else {
        CHECK(status == TORC_CLOSED || status == TORC_TIMED_OUT || status == TORC_POOL_DRY, "fresh handle: %s",
              torc_status_name(status));
    }
}

static bool write_some(struct pen *pen, struct soak_topic *topic) {
    uint64_t events = 1 + stress_below(&pen->random, 1500);
    int status = TORC_OK;
    for (; events != 0 && status != TORC_CLOSED; events--) {
        status = write_one(pen);
        if (stress_below(&pen->random, 8) == 0) {
            send_fresh(pen);
        }
    }
    OK(torc_publisher_close(pen->publisher));
    CHECK(pthread_mutex_lock(&topic->lock) == 0, "mutex");
    stress_merge(&topic->written, &pen->sum);
    CHECK(pthread_mutex_unlock(&topic->lock) == 0, "mutex");
    pen->sum = (struct stress_sum){0, 0, 0};
    return status != TORC_CLOSED;
}

void *soak_publish(void *argument) {
    struct pen pen = {.soak = argument};
    bool open = true;
    pen.author = (uint32_t)thread_number(pen.soak);
    pen.random = pen.soak->seed + pen.author;
    for (uint64_t burst = 1 + stress_below(&pen.random, 4); open && burst != 0; burst--) {
        struct soak_topic *topic = &pen.soak->topics[stress_below(&pen.random, TOPICS)];
        struct torc_publisher_config config = {.wait = stress_waits[stress_below(&pen.random, 4)],
                                               .dry = (enum torc_dry)stress_below(&pen.random, 4)};
        int status;
        stress_doing("opens a publisher");
        while ((status = torc_publisher_open(topic->topic, &config, &pen.publisher)) == TORC_NO_ROOM) {
            (void)sched_yield(); /* lanes of the other topic that are not read to their end yet */
        }
        CHECK(status == TORC_OK || status == TORC_CLOSED, "open: %s", torc_status_name(status));
        stress_doing("publishes");
        count(&soak_tally.opened);
        open = status == TORC_OK && write_some(&pen, topic);
    }
    return NULL;
}

/* --- readers ------------------------------------------------------------------------------------------------------ */

/* Reads all of its topic, keeping some. */
void *soak_read_steadily(void *argument) {
    struct soak_role *role = argument;
    struct torc_reader *reader = role->soak->steady[role->index];
    uint64_t random = role->soak->seed + thread_number(role->soak);
    struct torc_event event;
    int status = TORC_OK;
    stress_doing("reads to the end");
    while (status != TORC_CLOSED) {
        struct torc_ringptr kept;
        status = torc_next_until(reader, &event, torc_deadline_ms(10));
        CHECK(status == TORC_OK || status == TORC_TIMED_OUT || status == TORC_CLOSED, "%s", torc_status_name(status));
        if (status != TORC_OK) {
            continue;
        }
        stress_verify(event.data, event.length, event.type, event.sequence);
        stress_add(&role->read, event.type, event.sequence, event.length);
        if (stress_below(&random, 4) == 0 && torc_keep(reader, &event, &kept) == TORC_OK) {
            count(&soak_tally.kept);
            pass_on(role->soak, kept, &random);
        }
    }
    return NULL;
}

struct visit {
    struct torc_reader *reader;
    uint64_t left;
    bool any[TORC_MAX_PUBLISHERS];
    uint64_t last[TORC_MAX_PUBLISHERS];
};

static void see(struct visit *visit, const struct torc_event *event) {
    stress_verify(event->data, event->length, event->type, event->sequence);
    DETECT(STRESS_ORDER, !visit->any[event->lane] || event->sequence > visit->last[event->lane],
           "lane %" PRIu32 ": sequence %" PRIu64 " after %" PRIu64, event->lane, event->sequence,
           visit->last[event->lane]);
    visit->any[event->lane] = true;
    visit->last[event->lane] = event->sequence;
}

static enum torc_action handle(void *context, const struct torc_event *event) {
    struct visit *visit = context;
    see(visit, event);
    if (--visit->left == 0) {
        OK(torc_reader_detach(visit->reader));
    }
    return TORC_CONTINUE;
}

static void stay(struct visit *visit, uint64_t *random) {
    bool polls = stress_below(random, 2) == 0;
    int status = TORC_OK;
    visit->left = 1 + stress_below(random, 300);
    while (visit->left != 0 && status != TORC_CLOSED) {
        struct torc_event event;
        status = polls ? torc_poll_until(visit->reader, handle, visit, 32, torc_deadline_ms(1))
                       : torc_next_until(visit->reader, &event, torc_deadline_ms(1));
        if (status == TORC_TIMED_OUT) {
            return;
        }
        CHECK(status >= 0 || status == TORC_CLOSED, "%s", torc_status_name(status));
        if (!polls && status == TORC_OK) {
            see(visit, &event);
            visit->left--;
        }
    }
}

static void sit(struct soak_seat *seat, struct torc_reader *reader) {
    CHECK(pthread_mutex_lock(&seat->lock) == 0, "mutex");
    seat->reader = reader;
    CHECK(pthread_mutex_unlock(&seat->lock) == 0, "mutex");
}

void *soak_visit(void *argument) {
    struct soak_role *role = argument;
    struct soak *soak = role->soak;
    uint64_t random = soak->seed + thread_number(soak);
    stress_doing("visits");
    while (!atomic_load(&soak->over)) {
        struct torc_reader_config config = {.wait = stress_waits[stress_below(&random, 4)],
                                            .join = (enum torc_join)stress_below(&random, 2)};
        struct visit visit = {.reader = NULL};
        int status = torc_reader_open(soak->topics[stress_below(&random, TOPICS)].topic, &config, &visit.reader);
        CHECK(status == TORC_OK || status == TORC_CLOSED, "join: %s", torc_status_name(status));
        if (status == TORC_CLOSED) {
            (void)sched_yield();
            continue;
        }
        count(&soak_tally.visits);
        sit(&soak->seats[role->index], visit.reader);
        stay(&visit, &random);
        sit(&soak->seats[role->index], NULL);
        OK(torc_reader_close(visit.reader));
    }
    return NULL;
}

/* --- the janitor -------------------------------------------------------------------------------------------------- */

static void send_away(struct soak_seat *seat) {
    int status = TORC_OK;
    CHECK(pthread_mutex_lock(&seat->lock) == 0, "mutex");
    if (seat->reader != NULL) {
        status = torc_reader_detach(seat->reader);
        count(&soak_tally.detached);
    }
    CHECK(pthread_mutex_unlock(&seat->lock) == 0, "mutex");
    CHECK(status == TORC_OK || status == TORC_BUSY, "detach: %s", torc_status_name(status));
}

void *soak_clean_up(void *argument) {
    struct soak *soak = argument;
    uint64_t random = soak->seed + thread_number(soak);
    bool over = false;
    stress_doing("cleans up");
    while (!over) {
        struct torc_ringptr ptr;
        over = atomic_load(&soak->over); /* before the last look into the bag */
        while (take_out(soak, &ptr)) {
            verify(ptr);
            soak_release(ptr);
        }
        if (stress_below(&random, 64) == 0) {
            send_away(&soak->seats[stress_below(&random, VISITORS)]);
        }
        (void)sched_yield();
    }
    return NULL;
}
