/* src/readable.c - waiting for something to read. */
#include "core.h"

static bool ready(void *context) {
    return torc_reader_ready(context);
}

static void announce(void *context) {
    torc_reader_announce(context);
}

int torc_wait_readable(struct torc_reader *reader, uint64_t deadline) {
    struct reader *self = reader_of(reader);
    struct torc_await await;
    int status;
    if (reader == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (torc_load_relaxed64(&self->poller) != 0) {
        return TORC_BUSY;
    }
    /* Not busy for a moment: a detacher would take it for a borrow. Nothing is looked at that needs it. */
    if (torc_load_acquire32(&self->closing) != 0) {
        (void)torc_reader_begin(self);
        return TORC_CLOSED;
    }
    torc_reader_rest(self);
    await = (struct torc_await){
        &self->bus->waitpoints[self->point], ready, announce, self, self->bus->hot.fence, self->wait};
    status = torc_await(&await, deadline);
    if (status == TORC_OK && (torc_load_acquire32(&self->closing) != 0 || torc_reader_exhausted(self))) {
        return TORC_CLOSED;
    }
    return status == TORC_WOULD_BLOCK ? TORC_EMPTY : status;
}

int torc_next_until(struct torc_reader *reader, struct torc_event *event, uint64_t deadline) {
    for (;;) {
        int status = torc_next(reader, event);
        if (status != TORC_EMPTY) {
            return status;
        }
        status = torc_wait_readable(reader, deadline);
        if (status != TORC_OK) {
            return status;
        }
    }
}

int torc_poll_until(struct torc_reader *reader, torc_handler handler, void *context, size_t limit, uint64_t deadline) {
    for (;;) {
        int count = torc_poll(reader, handler, context, limit);
        int status;
        if (count != 0) {
            return count;
        }
        status = torc_wait_readable(reader, deadline);
        if (status != TORC_OK) {
            return status == TORC_EMPTY ? 0 : status;
        }
    }
}
