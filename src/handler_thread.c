/* src/handler_thread.c - a managed reader's thread: batches until it is told to stop, stops itself, or nothing more can
 * come. */
#include "handler.h"

static bool has_work(void *context) {
    struct torc_handler_thread *handler = context;
    return handler_told(handler) || torc_reader_ready(reader_of(handler->reader));
}

static void announce(void *context) {
    torc_reader_announce(reader_of(((struct torc_handler_thread *)context)->reader));
}

/* Until there is something to do. */
static void await_work(struct torc_handler_thread *handler) {
    const struct torc_handler_config *config = &handler->config;
    struct reader *reader = reader_of(handler->reader);
    struct torc_await await = {
        &handler->bus->waitpoints[reader->point], has_work, announce, handler, handler->bus->hot.fence, reader->wait};
    uint64_t deadline = config->timeout_ns == 0 ? TORC_FOREVER : torc_deadline_ns(config->timeout_ns);
    int status = torc_await(&await, deadline);
    torc_after_unwatch(reader);
    if (status == TORC_TIMED_OUT) {
        handler_count(&handler->timeouts, 1);
        if (config->on_timeout != NULL) {
            config->on_timeout(config->context, handler);
        }
    }
}

static enum torc_ended handle_batch(struct torc_handler_thread *handler) {
    const struct torc_handler_config *config = &handler->config;
    enum torc_ended ended;
    if (config->on_batch_start != NULL) {
        struct torc_reader_state state = {.lag = 0};
        (void)torc_reader_state(handler->reader, &state);
        config->on_batch_start(config->context, handler->batch.size,
                               state.lag > handler->batch.size ? state.lag : handler->batch.size);
    }
    ended = torc_batch_handle(handler);
    if (ended == TORC_ENDED_NOT && handler->batch.released != handler->batch.size && !handler_told(handler)) {
        torc_batch_release(handler, handler->batch.size - 1);
    }
    return ended;
}

static void tell_loss(struct torc_handler_thread *handler, bool evicted) {
    const struct torc_event *news = &handler->batch.event[0];
    handler_count(&handler->lost, news->lost);
    handler->evicted = handler->evicted || evicted;
    if (handler->config.on_lapped != NULL) {
        handler->config.on_lapped(handler->config.context, news->lane, news->lost, evicted);
    }
}

static enum torc_ended work(struct torc_handler_thread *handler) {
    enum torc_ended ended = TORC_ENDED_NOT;
    while (ended == TORC_ENDED_NOT) {
        int status;
        if (handler_told(handler)) {
            return TORC_ENDED_STOPPED;
        }
        status = torc_batch_take(handler);
        if (status == TORC_OK) {
            ended = handle_batch(handler);
        } else if (status == TORC_LAPPED || status == TORC_EVICTED) {
            tell_loss(handler, status == TORC_EVICTED);
        } else if (status == TORC_EMPTY) {
            await_work(handler);
        } else {
            bool left = handler->evicted && handler->config.reader.evicted == TORC_EVICTED_LEAVE;
            ended = left ? TORC_ENDED_EVICTED : TORC_ENDED_CLOSED;
        }
    }
    return ended;
}

/* The reader leaves with whatever it has borrowed: nobody looks at that any more. */
static void leave(struct torc_handler_thread *handler) {
    struct reader *self = reader_of(handler->reader);
    torc_store_release32(&self->closing, 1);
    torc_copy_drop(self);
    torc_reader_leave(self);
    torc_store_release32(&self->busy, 0);
}

/* The end of the thread, however it comes. */
static void finish(struct torc_handler_thread **ending) {
    struct torc_handler_thread *handler = *ending;
    if (torc_load_relaxed32(&handler->ended) == TORC_ENDED_NOT) { /* cancelled, or pthread_exit in a callback */
        leave(handler);
        torc_store_release32(&handler->ended, TORC_ENDED_CANCELLED);
        if (torc_load_relaxed32(&handler->state) == HANDLER_STARTING) {
            handler->start_status = TORC_CLOSED;
        }
    }
    torc_handler_enter(handler, HANDLER_OVER);
}

static void end(struct torc_handler_thread *handler, enum torc_ended why) {
    const struct torc_handler_config *config = &handler->config;
    leave(handler);
    torc_store_release32(&handler->ended, why);
    if (config->on_stop != NULL) {
        config->on_stop(config->context, why);
    }
}

void *torc_handler_main(void *argument) {
    struct torc_handler_thread *handler __attribute__((cleanup(finish))) = argument;
    const struct torc_handler_config *config = &handler->config;
    int status;
    torc_store_relaxed64(&handler->token, torc_thread_token());
    status = config->on_start != NULL ? config->on_start(config->context, handler) : TORC_OK;
    if (status < 0) {
        handler->start_status = status;
        leave(handler);
        torc_store_release32(&handler->ended, TORC_ENDED_STOPPED);
        return NULL;
    }
    torc_handler_enter(handler, HANDLER_RUNNING);
    end(handler, work(handler));
    return NULL;
}
