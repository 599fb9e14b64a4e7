/* src/handler.c - managed readers start and end. */
#include "handler.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_DEFAULT    256u
#define BATCH_MAX        65536u
#define ATTEMPTS_DEFAULT 3u

static bool config_ok(const struct torc_topic *topic, const struct torc_handler_config *config) {
    return topic != NULL && config != NULL && config->on_event != NULL && config->max_batch <= BATCH_MAX &&
           (unsigned)config->give_up <= TORC_GIVE_UP_DEAD_LETTER &&
           (config->dead_letters != NULL ? config->dead_letters->bus == topic->bus && config->dead_letters != topic
                                         : config->give_up != TORC_GIVE_UP_DEAD_LETTER);
}

static void settle_config(struct torc_handler_thread *handler, const struct torc_handler_config *config) {
    bool copies = config->reader.policy != TORC_POLICY_GATE;
    handler->config = *config;
    handler->config.reader.manual_advance = !copies;
    handler->config.attempts = config->attempts == 0 ? ATTEMPTS_DEFAULT : config->attempts;
    handler->config.max_batch = config->max_batch == 0 ? BATCH_DEFAULT : config->max_batch;
    if (copies) {
        handler->config.max_batch = 1;
    }
    (void)strncpy(handler->name, config->name != NULL ? config->name : "torc-handler", sizeof handler->name - 1);
}

static void free_handler(struct torc_handler_thread *handler) {
    if (handler->reader != NULL) {
        (void)torc_reader_close(handler->reader);
    }
    if (handler->letters != NULL) {
        (void)torc_publisher_close(handler->letters);
    }
    free(handler->batch.event);
    free(handler->batch.settled);
    free(handler);
}

static int furnish(struct torc_handler_thread *handler, const struct torc_handler_config *config) {
    int status = TORC_OK;
    settle_config(handler, config);
    handler->batch.event = calloc(handler->config.max_batch, sizeof *handler->batch.event);
    handler->batch.settled = calloc(handler->config.max_batch, sizeof *handler->batch.settled);
    if (handler->batch.event == NULL || handler->batch.settled == NULL) {
        return TORC_NO_MEMORY;
    }
    if (config->dead_letters != NULL) {
        status = torc_publisher_open(config->dead_letters, NULL, &handler->letters);
    }
    return status == TORC_OK ? torc_reader_open(handler->topic, &handler->config.reader, &handler->reader) : status;
}

/* --- waiting for a state ------------------------------------------------------------------------------------ */

void torc_handler_enter(struct torc_handler_thread *handler, enum handler_state state) {
    torc_store_release32(&handler->state, state);
    torc_waitpoint_wake(&handler->changed);
}

static bool started(void *context) {
    return torc_load_acquire32(&((struct torc_handler_thread *)context)->state) != HANDLER_STARTING;
}
static bool over(void *context) {
    return torc_load_acquire32(&((struct torc_handler_thread *)context)->state) == HANDLER_OVER;
}

static int await_state(struct torc_handler_thread *handler, bool (*reached)(void *), uint64_t deadline) {
    struct torc_await await = {&handler->changed, reached, NULL, handler, handler->bus->hot.fence, TORC_WAIT_BLOCK};
    return torc_await(&await, deadline);
}

static bool inside(const struct torc_handler_thread *handler) {
    return torc_load_relaxed64(&handler->token) == torc_thread_token();
}

/* --- start, stop, join, close ------------------------------------------------------------------------------- */

static int start_thread(struct torc_handler_thread *handler) {
    if (pthread_create(&handler->thread, NULL, torc_handler_main, handler) != 0) {
        return TORC_SYSTEM;
    }
    (void)pthread_setname_np(handler->thread, handler->name);
    (void)await_state(handler, started, TORC_FOREVER);
    if (handler->start_status < 0) {
        (void)pthread_join(handler->thread, NULL);
    }
    return handler->start_status;
}

int torc_handler_start(struct torc_topic *topic, const struct torc_handler_config *config,
                       struct torc_handler_thread **out) {
    struct torc_handler_thread *handler;
    int status;
    if (out == NULL || !config_ok(topic, config)) {
        return TORC_INVALID;
    }
    handler = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *handler));
    if (handler == NULL) {
        return TORC_NO_MEMORY;
    }
    *handler = (struct torc_handler_thread){.bus = topic->bus, .topic = topic};
    status = furnish(handler, config);
    status = status == TORC_OK ? start_thread(handler) : status;
    if (status != TORC_OK) {
        free_handler(handler);
        return status;
    }
    *out = handler;
    return TORC_OK;
}

/* The handler sleeps at its reader's waitpoint for events, at its own in a pause. */
static void tell_to_stop(struct torc_handler_thread *handler) {
    torc_store_release32(&handler->stop, 1);
    torc_waitpoint_wake(&handler->bus->waitpoints[reader_of(handler->reader)->point]);
    torc_waitpoint_wake(&handler->changed);
}

int torc_handler_stop(struct torc_handler_thread *handler) {
    if (handler == NULL) {
        return TORC_INVALID;
    }
    tell_to_stop(handler);
    return inside(handler) ? TORC_OK : await_state(handler, over, TORC_FOREVER);
}

int torc_handler_join(struct torc_handler_thread *handler, uint64_t deadline) {
    if (handler == NULL) {
        return TORC_INVALID;
    }
    return inside(handler) ? TORC_WRONG_THREAD : await_state(handler, over, deadline);
}

int torc_handler_close(struct torc_handler_thread *handler) {
    if (handler == NULL) {
        return TORC_INVALID;
    }
    if (inside(handler)) {
        return TORC_WRONG_THREAD;
    }
    tell_to_stop(handler);
    (void)pthread_join(handler->thread, NULL);
    free_handler(handler);
    return TORC_OK;
}

/* --- in callbacks, and observation -------------------------------------------------------------------------- */

int torc_handler_release(struct torc_handler_thread *handler) {
    if (handler == NULL) {
        return TORC_INVALID;
    }
    if (!inside(handler) || !handler->in_event) {
        return TORC_WRONG_THREAD;
    }
    if (handler->batch.at > handler->batch.released) {
        torc_batch_release(handler, handler->batch.at - 1);
    }
    return TORC_OK;
}

struct torc_reader *torc_handler_reader(struct torc_handler_thread *handler) {
    return handler == NULL ? NULL : handler->reader;
}

int torc_handler_stats(const struct torc_handler_thread *handler, struct torc_handler_stats *stats) {
    if (handler == NULL || stats == NULL) {
        return TORC_INVALID;
    }
    *stats = (struct torc_handler_stats){.ended = (enum torc_ended)torc_load_acquire32(&handler->ended),
                                         .batches = torc_load_relaxed64(&handler->batches),
                                         .events = torc_load_relaxed64(&handler->events),
                                         .handed_out = torc_load_relaxed64(&handler->handed_out),
                                         .retries = torc_load_relaxed64(&handler->retries),
                                         .rewinds = torc_load_relaxed64(&handler->rewinds),
                                         .skipped = torc_load_relaxed64(&handler->skipped),
                                         .dead_letters = torc_load_relaxed64(&handler->dead_letters),
                                         .timeouts = torc_load_relaxed64(&handler->timeouts),
                                         .lost = torc_load_relaxed64(&handler->lost),
                                         .max_size = torc_load_relaxed64(&handler->max_size)};
    return TORC_OK;
}
