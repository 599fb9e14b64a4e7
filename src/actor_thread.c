/* src/actor_thread.c - an actor's thread: messages and events in turns, until it is told to stop or stops itself. */
#include "actor.h"

/* Messages, and events per subscription, handled before the others get their turn. */
#define TURN 64u

static void made_space(const struct torc_actor *actor) {
    torc_barrier_light(actor->bus->hot.fence);
    if (torc_load_relaxed32(&actor_space_point(actor)->waiting) != 0) {
        torc_waitpoint_wake(actor_space_point(actor));
    }
}

void torc_actor_release_current(struct torc_actor *actor) {
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

/* Relaxed: it only ends what is going on; nothing comes with it. */
static bool dropping(const struct torc_actor *actor) {
    return torc_load_relaxed32(&actor->state) == ACTOR_DROPPING;
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
        actor_count(&actor->messages, 1);
        torc_actor_release_current(actor);
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
    actor_count(&turn->actor->events, 1);
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
    struct torc_await await = {actor_work_point(actor), has_work,          announce, actor,
                               actor->bus->hot.fence,   actor->config.wait};
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

/* The end of the thread, however it comes: by TORC_STOP, by torc_actor_stop, by cancellation or pthread_exit in a
 * handler. Senders that wait for space will not get any: they are told. What is left in the mailbox stays for
 * torc_actor_stop. */
static void ended(struct torc_actor **ending) {
    struct torc_actor *actor = *ending;
    torc_actor_release_current(actor);
    torc_store_release32(&actor->state, ACTOR_ENDED);
    for (size_t i = 0; i < actor->reader_count; i++) {
        (void)torc_reader_detach(actor->readers[i]); /* publishers must not wait for an actor that has ended */
    }
    torc_waitpoint_wake(actor_space_point(actor));
    if (!actor->started) {
        report_start(actor, TORC_CLOSED);
    }
}

void *torc_actor_main(void *argument) {
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
