/* src/actor.c - actors start and stop. */
#include "actor.h"

#include <stdlib.h>
#include <string.h>

#define MAILBOX_DEFAULT 1023u

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

/* From here on others may look at it: it is whole. Not on a bus that was closed meanwhile. */
static int show(struct torc_actor *actor) {
    struct bus *bus = actor->bus;
    int status;
    (void)pthread_mutex_lock(&bus->lock);
    status = bus_closed(bus) ? TORC_CLOSED : TORC_OK;
    if (status == TORC_OK) {
        torc_store_relaxed64(&actor_work_point(actor)->sleeps, 0); /* of the seat's last owner */
        torc_store_relaxed64(&actor_work_point(actor)->wakeups, 0);
        bus->actor[actor->index] = actor;
    }
    (void)pthread_mutex_unlock(&bus->lock);
    return status;
}

static void hide(struct torc_actor *actor) {
    (void)pthread_mutex_lock(&actor->bus->lock);
    actor->bus->actor[actor->index] = NULL;
    (void)pthread_mutex_unlock(&actor->bus->lock);
}

/* Messages that nobody will handle. */
static void empty_mailbox(struct torc_actor *actor) {
    while (torc_mailbox_take(actor->mailbox, &actor->current)) {
        torc_actor_release_current(actor);
        actor_count(&actor->dropped, 1);
    }
}

static void free_actor(struct torc_actor *actor) {
    struct bus *bus = actor->bus;
    torc_bus_hold(bus);
    hide(actor);
    for (size_t i = 0; i < actor->reader_count; i++) {
        (void)torc_reader_close(actor->readers[i]);
    }
    free(actor->readers);
    free(actor->ends);
    torc_mailbox_free(actor->mailbox);
    (void)pthread_cond_destroy(&actor->started_cond);
    (void)pthread_mutex_destroy(&actor->lock);
    give_index(bus, actor->index);
    free(actor);
    torc_bus_unhold(bus);
}

uint32_t torc_mailbox_capacity(uint32_t asked) {
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
        config->mailbox > TORC_MAILBOX_MAX) {
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
    if (pthread_create(&actor->thread, NULL, torc_actor_main, actor) != 0) {
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

static int make_locks(struct torc_actor *actor) {
    if (pthread_mutex_init(&actor->lock, NULL) != 0) {
        return TORC_NO_MEMORY;
    }
    if (pthread_cond_init(&actor->started_cond, NULL) != 0) {
        (void)pthread_mutex_destroy(&actor->lock);
        return TORC_NO_MEMORY;
    }
    return TORC_OK;
}

/* Memory, index and locks: what free_actor takes for granted. */
static int make_actor(struct bus *bus, struct torc_actor **out) {
    struct torc_actor *actor = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *actor));
    int status;
    if (actor == NULL) {
        return TORC_NO_MEMORY;
    }
    *actor = (struct torc_actor){.bus = bus};
    status = take_index(bus, &actor->index);
    if (status == TORC_OK && (status = make_locks(actor)) != TORC_OK) {
        give_index(bus, actor->index);
    }
    if (status != TORC_OK) {
        free(actor);
        return status;
    }
    *out = actor;
    return TORC_OK;
}

/* Everything else. */
static int furnish(struct torc_actor *actor, const struct torc_actor_config *config) {
    actor->config = *config;
    (void)strncpy(actor->name, config->name != NULL ? config->name : "torc-actor", sizeof actor->name - 1);
    actor->capacity = torc_mailbox_capacity(config->mailbox);
    actor->mailbox = torc_mailbox_new(actor->capacity);
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
        return bus == NULL ? torc_not_live(public_bus) : TORC_INVALID;
    }
    status = make_actor(bus, &actor);
    if (status != TORC_OK) {
        return status;
    }
    status = furnish(actor, config);
    status = status == TORC_OK ? show(actor) : status;
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
    if (actor->bus->forked) {
        return TORC_FORKED;
    }
    *stats = (struct torc_actor_stats){torc_load_relaxed64(&actor->sent), torc_load_relaxed64(&actor->messages),
                                       torc_load_relaxed64(&actor->events), torc_load_relaxed64(&actor->dropped),
                                       torc_load_relaxed64(&actor->max_depth)};
    return TORC_OK;
}

/* DROP takes effect at once: what is in the mailbox then, or comes from a sender that is midway, is released after the
 * join. DRAIN refuses senders first, and lets the actor look for the last time only when none is left inside. An actor
 * that ended by itself stays ended. */
static void tell_to_stop(struct torc_actor *actor, enum torc_stop how) {
    (void)torc_cas_acq_rel32(&actor->state, ACTOR_RUNNING, how == TORC_STOP_DRAIN ? ACTOR_CLOSING : ACTOR_DROPPING);
    torc_waitpoint_wake(actor_work_point(actor)); /* begins with a full fence: the state, then the senders */
    for (uint32_t round = 0; torc_load_acquire32(&actor->senders) != 0; round++) {
        torc_waitpoint_wake(actor_space_point(actor));
        torc_pause(TORC_WAIT_BACKOFF, round);
    }
    (void)torc_cas_acq_rel32(&actor->state, ACTOR_CLOSING, ACTOR_DRAINING);
    torc_waitpoint_wake(actor_work_point(actor));
}

static bool has_ended(void *context) {
    const struct torc_actor *actor = context;
    return torc_load_acquire32(&actor->state) == ACTOR_ENDED;
}

/* Where senders wait for space: an actor that ends wakes whoever is there. */
static int await_end(struct torc_actor *actor, uint64_t deadline) {
    struct torc_await await = {actor_space_point(actor), has_ended,      NULL, actor,
                               actor->bus->hot.fence,    TORC_WAIT_BLOCK};
    return deadline == TORC_FOREVER ? TORC_OK : torc_await(&await, deadline);
}

int torc_actor_stop_until(struct torc_actor *actor, enum torc_stop how, uint64_t deadline,
                          struct torc_actor_stats *stats) {
    int status;
    if (actor == NULL || (unsigned)how > TORC_STOP_DROP) {
        return TORC_INVALID;
    }
    if (actor->bus->forked) {
        return TORC_FORKED;
    }
    if (pthread_equal(pthread_self(), actor->thread)) {
        return TORC_WRONG_THREAD;
    }
    tell_to_stop(actor, how);
    status = await_end(actor, deadline);
    if (status != TORC_OK) {
        return status;
    }
    (void)pthread_join(actor->thread, NULL);
    empty_mailbox(actor);
    if (stats != NULL) {
        (void)torc_actor_stats(actor, stats);
    }
    free_actor(actor);
    return TORC_OK;
}

int torc_actor_stop(struct torc_actor *actor, enum torc_stop how, struct torc_actor_stats *stats) {
    return torc_actor_stop_until(actor, how, TORC_FOREVER, stats);
}
