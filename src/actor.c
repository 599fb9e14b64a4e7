/* src/actor.c - an actor: its thread, its mailbox, its subscriptions, and how it ends.
 *
 * An actor sleeps at a waitpoint of its own, which its readers share, so one sleep covers the mailbox and every lane. Senders that
 * find the mailbox full sleep at a second one. */
#include "core.h"
#include "mailbox.h"

#include <stdlib.h>
#include <string.h>

/* Messages, and events per subscription, handled before the others get their turn. */
#define TURN            64u
#define MAILBOX_DEFAULT 1023u
#define MAILBOX_MAX     ((1u << 24) - 1)

/* RUNNING -> CLOSING (senders are refused, the actor goes on until the last of them is out) -> DRAINING -> ENDED, or
 * RUNNING -> DROPPING -> ENDED. */
enum actor_state { ACTOR_RUNNING = 0, ACTOR_CLOSING, ACTOR_DRAINING, ACTOR_DROPPING, ACTOR_ENDED };

struct torc_actor {
    struct bus *bus;
    struct torc_actor_config config;
    char name[16]; /* what pthread_setname_np takes */
    uint32_t index;
    pthread_t thread;
    struct mailbox *mailbox;
    struct torc_reader **readers;
    size_t reader_count;
    struct torc_lane_ends *ends; /* per reader, while draining: where to stop */
    struct torc_ringptr current; /* the message in the handler's hands */

    /* The start: torc_actor_start waits for on_start's verdict. */
    pthread_mutex_t lock;
    pthread_cond_t started_cond;
    bool started;
    int start_status;

    torc_a32 state;   /* enum actor_state; not RUNNING: sends answer TORC_CLOSED */
    torc_a32 senders; /* threads inside torc_actor_send */
    torc_a64 sent, messages, events, dropped, max_depth;
};

static struct torc_waitpoint *work_point(const struct torc_actor *actor) {
    return &actor->bus->waitpoints[actor_point_index(actor->bus, actor->index)];
}
static struct torc_waitpoint *space_point(const struct torc_actor *actor) {
    return work_point(actor) + 1;
}
static void count(torc_a64 *counter, uint64_t n) {
    torc_store_relaxed64(counter, torc_load_relaxed64(counter) + n);
}
static bool running(const struct torc_actor *actor) {
    return torc_load_acquire32(&actor->state) == ACTOR_RUNNING;
}

/* --- sending ------------------------------------------------------------------------------------------------ */

struct sending {
    struct torc_actor *actor;
    struct torc_ringptr message;
    int status;
};

/* One try. After the put, the actor may sleep: SLEEP, with the mailbox in the place of the stamp. */
static bool put(void *context) {
    struct sending *sending = context;
    struct torc_actor *actor = sending->actor;
    if (!running(actor)) {
        sending->status = TORC_CLOSED;
        return true;
    }
    if (!torc_mailbox_put(actor->mailbox, sending->message)) {
        sending->status = TORC_WOULD_BLOCK;
        return false;
    }
    (void)torc_add_relaxed64(&actor->sent, 1);
    torc_barrier_light(actor->bus->hot.fence);
    if (torc_load_relaxed32(&work_point(actor)->waiting) != 0) {
        torc_waitpoint_wake(work_point(actor));
    }
    sending->status = TORC_OK;
    return true;
}

static int send_full(struct sending *sending, uint64_t deadline) {
    struct torc_actor *actor = sending->actor;
    struct torc_await await = {space_point(actor), put, NULL, sending, actor->bus->hot.fence, actor->config.wait};
    int status;
    switch (actor->config.full) {
    case TORC_MAILBOX_FAIL:
        return TORC_WOULD_BLOCK;
    case TORC_MAILBOX_DROP:
        (void)torc_add_relaxed64(&actor->dropped, 1);
        return torc_ringptr_release(sending->message);
    case TORC_MAILBOX_WAIT:
    default:
        status = torc_await(&await, deadline);
        return status == TORC_OK ? sending->status : status;
    }
}

/* Also when the sender is cancelled while it waits. */
static void sender_out(struct torc_actor **actor) {
    (void)torc_add_release32(&(*actor)->senders, UINT32_MAX); /* one less */
}

int torc_actor_send(struct torc_actor *actor, struct torc_ringptr message, uint64_t deadline) {
    struct sending sending = {actor, message, TORC_OK};
    if (actor == NULL || message.bus != &actor->bus->hot || actor->config.on_message == NULL) {
        return TORC_INVALID;
    }
    if (!torc_ringptr_is_valid(message)) {
        return TORC_STALE;
    }
    /* Whoever stops the actor waits until nobody is in here before it lets the actor look for the last time. */
    struct torc_actor *inside __attribute__((cleanup(sender_out))) = actor;
    (void)torc_add_relaxed32(&inside->senders, 1);
    torc_fence_full();
    return put(&sending) ? sending.status : send_full(&sending, deadline);
}

/* --- the actor's thread ------------------------------------------------------------------------------------- */

static void made_space(const struct torc_actor *actor) {
    torc_barrier_light(actor->bus->hot.fence);
    if (torc_load_relaxed32(&space_point(actor)->waiting) != 0) {
        torc_waitpoint_wake(space_point(actor));
    }
}

static void release_current(struct torc_actor *actor) {
    struct torc_ringptr message = actor->current;
    actor->current = TORC_RINGPTR_NULL;
    if (!torc_ringptr_is_null(message)) {
        (void)torc_ringptr_release(message); /* TORC_STALE if the handler released it against the contract: counted */
    }
}

static void note_depth(struct torc_actor *actor) {
    uint32_t depth = torc_mailbox_depth(actor->mailbox);
    if (depth > torc_load_relaxed64(&actor->max_depth)) {
        torc_store_relaxed64(&actor->max_depth, depth);
    }
}

static bool dropping(const struct torc_actor *actor) {
    return torc_load_acquire32(&actor->state) == ACTOR_DROPPING;
}

/* Up to TURN messages. False when the handler said stop. */
static bool handle_messages(struct torc_actor *actor, uint32_t *done) {
    for (uint32_t i = 0; i < TURN && !dropping(actor); i++) {
        enum torc_action action;
        note_depth(actor);
        if (!torc_mailbox_take(actor->mailbox, &actor->current)) {
            break;
        }
        made_space(actor);
        action = actor->config.on_message(actor->config.context, actor->current);
        count(&actor->messages, 1);
        release_current(actor);
        (*done)++;
        if (action == TORC_STOP) {
            return false;
        }
    }
    return true;
}

struct turn {
    struct torc_actor *actor;
    struct torc_reader *reader;
    const struct torc_lane_ends *ends; /* NULL: not draining */
    bool stop;
};

static enum torc_action on_event(void *context, const struct torc_event *event) {
    struct turn *turn = context;
    const struct torc_actor_config *config = &turn->actor->config;
    enum torc_action action;
    if (turn->ends != NULL && !torc_lane_ends_after(turn->ends, event->lane, event->sequence)) {
        return TORC_CONTINUE; /* published after the stop */
    }
    action = config->on_event(config->context, turn->reader, event);
    count(&turn->actor->events, 1);
    turn->stop = action == TORC_STOP;
    return dropping(turn->actor) ? TORC_STOP : action;
}

static bool handle_events(struct torc_actor *actor, bool draining, uint32_t *done) {
    for (size_t i = 0; i < actor->reader_count; i++) {
        struct turn turn = {actor, actor->readers[i], draining ? &actor->ends[i] : NULL, false};
        int events = torc_poll(actor->readers[i], on_event, &turn, TURN);
        *done += events > 0 ? (uint32_t)events : 0;
        if (turn.stop) {
            return false;
        }
    }
    return true;
}

static bool has_work(void *context) {
    struct torc_actor *actor = context;
    uint32_t state = torc_load_acquire32(&actor->state);
    if ((state != ACTOR_RUNNING && state != ACTOR_CLOSING) || torc_mailbox_depth(actor->mailbox) != 0) {
        return true;
    }
    for (size_t i = 0; i < actor->reader_count; i++) {
        struct reader *reader = reader_of(actor->readers[i]);
        if (torc_load_relaxed32(&reader->closing) == 0 && !torc_reader_exhausted(reader) && torc_reader_ready(reader)) {
            return true;
        }
    }
    return false;
}

static void announce(void *context) {
    const struct torc_actor *actor = context;
    for (size_t i = 0; i < actor->reader_count; i++) {
        torc_reader_announce(reader_of(actor->readers[i]));
    }
}

/* Where draining ends: at what the lanes hold when it begins, however fast publishers go on. */
static void mark_ends(struct torc_actor *actor) {
    for (size_t i = 0; i < actor->reader_count; i++) {
        torc_lane_ends_mark(reader_of(actor->readers[i]), &actor->ends[i]);
    }
}

static bool drained(const struct torc_actor *actor) {
    for (size_t i = 0; i < actor->reader_count; i++) {
        if (!torc_lane_ends_reached(reader_of(actor->readers[i]), &actor->ends[i])) {
            return false;
        }
    }
    return torc_mailbox_depth(actor->mailbox) == 0;
}

static void work(struct torc_actor *actor) {
    struct torc_await await = {work_point(actor), has_work, announce, actor, actor->bus->hot.fence, actor->config.wait};
    bool draining = false;
    for (;;) {
        uint32_t state = torc_load_acquire32(&actor->state); /* before the last look at mailbox and lanes */
        uint32_t done = 0;
        if (state == ACTOR_DRAINING && !draining) {
            draining = true;
            mark_ends(actor);
        }
        if (state == ACTOR_DROPPING || !handle_messages(actor, &done) || !handle_events(actor, draining, &done) ||
            (draining && drained(actor))) {
            return;
        }
        if (done == 0) {
            (void)torc_await(&await, TORC_FOREVER);
        }
    }
}

static void report_start(struct torc_actor *actor, int status) {
    (void)pthread_mutex_lock(&actor->lock);
    actor->start_status = status;
    actor->started = true;
    (void)pthread_cond_signal(&actor->started_cond);
    (void)pthread_mutex_unlock(&actor->lock);
}

/* The end of the thread, however it comes: by TORC_STOP, by torc_actor_stop, by cancellation or pthread_exit in a handler. Senders
 * that wait for space will not get any: they are told. What is left in the mailbox stays for torc_actor_stop. */
static void ended(struct torc_actor **ending) {
    struct torc_actor *actor = *ending;
    release_current(actor);
    torc_store_release32(&actor->state, ACTOR_ENDED);
    for (size_t i = 0; i < actor->reader_count; i++) {
        (void)torc_reader_detach(actor->readers[i]); /* publishers must not wait for an actor that has ended */
    }
    torc_waitpoint_wake(space_point(actor));
    if (!actor->started) {
        report_start(actor, TORC_CLOSED);
    }
}

static void *actor_main(void *argument) {
    struct torc_actor *actor = argument;
    struct torc_actor *ending __attribute__((cleanup(ended))) = actor;
    const struct torc_actor_config *config = &actor->config;
    int status = config->on_start != NULL ? config->on_start(config->context, ending) : TORC_OK;
    if (status < 0) {
        report_start(actor, status);
        return NULL;
    }
    report_start(actor, TORC_OK);
    work(actor);
    if (config->on_stop != NULL) {
        config->on_stop(config->context);
    }
    return NULL;
}

/* --- starting and stopping ---------------------------------------------------------------------------------- */

static int take_index(struct bus *bus, uint32_t *index) {
    int status;
    (void)pthread_mutex_lock(&bus->lock);
    status = bus_closed(bus) ? TORC_CLOSED : TORC_NO_ROOM;
    for (uint32_t i = 0; i < bus->config.actors && status == TORC_NO_ROOM; i++) {
        if (!bus->actor_used[i]) {
            bus->actor_used[i] = true;
            *index = i;
            status = TORC_OK;
        }
    }
    (void)pthread_mutex_unlock(&bus->lock);
    return status;
}

static void give_index(struct bus *bus, uint32_t index) {
    (void)pthread_mutex_lock(&bus->lock);
    bus->actor_used[index] = false;
    (void)pthread_mutex_unlock(&bus->lock);
}

/* Messages that nobody will handle. */
static void empty_mailbox(struct torc_actor *actor) {
    while (torc_mailbox_take(actor->mailbox, &actor->current)) {
        release_current(actor);
        count(&actor->dropped, 1);
    }
}

static void free_actor(struct torc_actor *actor) {
    for (size_t i = 0; i < actor->reader_count; i++) {
        (void)torc_reader_close(actor->readers[i]);
    }
    free(actor->readers);
    free(actor->ends);
    torc_mailbox_free(actor->mailbox);
    (void)pthread_cond_destroy(&actor->started_cond);
    (void)pthread_mutex_destroy(&actor->lock);
    give_index(actor->bus, actor->index);
    free(actor);
}

static uint32_t mailbox_capacity(uint32_t asked) {
    uint32_t capacity = 1;
    asked = asked == 0 ? MAILBOX_DEFAULT : asked;
    while (capacity < asked) {
        capacity = capacity * 2 + 1;
    }
    return capacity < 3 ? 3 : capacity;
}

static bool config_ok(const struct torc_actor_config *config) {
    if (config == NULL || (config->on_message == NULL && config->on_event == NULL) ||
        (unsigned)config->full > TORC_MAILBOX_DROP || (unsigned)config->wait > TORC_WAIT_BACKOFF ||
        config->mailbox > MAILBOX_MAX) {
        return false;
    }
    return config->topic_count == 0 || (config->topics != NULL && config->on_event != NULL);
}

static int subscribe(struct torc_actor *actor) {
    const struct torc_reader_config how = {.wait = actor->config.wait};
    uint32_t point = actor_point_index(actor->bus, actor->index);
    for (size_t i = 0; i < actor->config.topic_count; i++) {
        struct torc_topic *topic = actor->config.topics[i];
        int status = topic == NULL || topic->bus != actor->bus
                         ? TORC_INVALID
                         : torc_reader_open_at(topic, &how, point, &actor->readers[i]);
        if (status != TORC_OK) {
            return status;
        }
        actor->reader_count++;
    }
    return TORC_OK;
}

static int start_thread(struct torc_actor *actor) {
    if (pthread_create(&actor->thread, NULL, actor_main, actor) != 0) {
        return TORC_SYSTEM;
    }
    (void)pthread_setname_np(actor->thread, actor->name);
    (void)pthread_mutex_lock(&actor->lock);
    while (!actor->started) {
        (void)pthread_cond_wait(&actor->started_cond, &actor->lock);
    }
    (void)pthread_mutex_unlock(&actor->lock);
    if (actor->start_status < 0) {
        (void)pthread_join(actor->thread, NULL);
        empty_mailbox(actor); /* on_start may have sent to its own actor */
    }
    return actor->start_status;
}

/* Everything but index and memory of the actor itself. */
static int furnish(struct torc_actor *actor, const struct torc_actor_config *config) {
    (void)pthread_mutex_init(&actor->lock, NULL);
    (void)pthread_cond_init(&actor->started_cond, NULL);
    actor->config = *config;
    (void)strncpy(actor->name, config->name != NULL ? config->name : "torc-actor", sizeof actor->name - 1);
    actor->mailbox = torc_mailbox_new(mailbox_capacity(config->mailbox));
    actor->readers = calloc(config->topic_count + 1, sizeof(struct torc_reader *));
    actor->ends = calloc(config->topic_count + 1, sizeof *actor->ends);
    if (actor->mailbox == NULL || actor->readers == NULL || actor->ends == NULL) {
        return TORC_NO_MEMORY;
    }
    return subscribe(actor);
}

int torc_actor_start(struct torc_bus *public_bus, const struct torc_actor_config *config, struct torc_actor **out) {
    struct bus *bus = torc_bus_live(public_bus);
    struct torc_actor *actor;
    int status;
    if (bus == NULL || out == NULL || !config_ok(config)) {
        return TORC_INVALID;
    }
    actor = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *actor));
    if (actor == NULL) {
        return TORC_NO_MEMORY;
    }
    *actor = (struct torc_actor){.bus = bus};
    status = take_index(bus, &actor->index);
    if (status != TORC_OK) {
        free(actor);
        return status;
    }
    status = furnish(actor, config);
    status = status == TORC_OK ? start_thread(actor) : status;
    if (status != TORC_OK) {
        free_actor(actor);
        return status;
    }
    *out = actor;
    return TORC_OK;
}

int torc_actor_stats(const struct torc_actor *actor, struct torc_actor_stats *stats) {
    if (actor == NULL || stats == NULL) {
        return TORC_INVALID;
    }
    *stats = (struct torc_actor_stats){torc_load_relaxed64(&actor->sent), torc_load_relaxed64(&actor->messages),
                                       torc_load_relaxed64(&actor->events), torc_load_relaxed64(&actor->dropped),
                                       torc_load_relaxed64(&actor->max_depth)};
    return TORC_OK;
}

/* DROP takes effect at once: what is in the mailbox then, or comes from a sender that is midway, is released after the join.
 * DRAIN refuses senders first, and lets the actor look for the last time only when none is left inside. An actor that
 * ended by itself stays ended. */
static void tell_to_stop(struct torc_actor *actor, enum torc_stop how) {
    (void)torc_cas_acq_rel32(&actor->state, ACTOR_RUNNING, how == TORC_STOP_DRAIN ? ACTOR_CLOSING : ACTOR_DROPPING);
    torc_fence_full();
    torc_waitpoint_wake(work_point(actor));
    for (uint32_t round = 0; torc_load_acquire32(&actor->senders) != 0; round++) {
        torc_waitpoint_wake(space_point(actor));
        torc_pause(TORC_WAIT_BACKOFF, round);
    }
    (void)torc_cas_acq_rel32(&actor->state, ACTOR_CLOSING, ACTOR_DRAINING);
    torc_fence_full();
    torc_waitpoint_wake(work_point(actor));
}

int torc_actor_stop(struct torc_actor *actor, enum torc_stop how, struct torc_actor_stats *stats) {
    if (actor == NULL || (unsigned)how > TORC_STOP_DROP) {
        return TORC_INVALID;
    }
    if (pthread_equal(pthread_self(), actor->thread)) {
        return TORC_WRONG_THREAD;
    }
    tell_to_stop(actor, how);
    (void)pthread_join(actor->thread, NULL);
    empty_mailbox(actor);
    if (stats != NULL) {
        (void)torc_actor_stats(actor, stats);
    }
    free_actor(actor);
    return TORC_OK;
}
