/* src/readable.c - waiting for something to read. */
#include "core.h"

/* May this reader have the event of its position in that lane? */
static bool readable(const struct reader *self, const struct reader_lane *lane) {
    return (!self->follows || torc_after_run(self, lane->index, lane->sequence, 1) != 0) &&
           lane_stamped(self->bus, lane->index, lane->sequence);
}

bool torc_reader_ready(struct reader *self) {
    if (torc_load_acquire32(&self->closing) != 0) {
        return true;
    }
    if (reader_copies(self) && torc_copy_ready(self)) {
        return true;
    }
    for (uint32_t i = 0; !reader_copies(self) && i < self->lane_count; i++) {
        if (readable(self, &self->lane[i])) {
            return true;
        }
    }
    if (torc_reader_lanes_changed(self) || torc_reader_exhausted(self)) {
        self->one_lane = false; /* idle_turn() may not see it yet: who waits would not wait, but spin */
        return true;
    }
    return false;
}

void torc_reader_announce(struct reader *self) {
    if (self->follows && torc_after_watch(self)) {
        return;
    }
    /* An exchange: a store over another reader's announcement would hide its `waiting` from whoever takes both back. */
    (void)torc_xchg_acq_rel32(&self->topic->record->sleepers, 1); /* SLEEP */
}

static bool ready(void *context) {
    return torc_reader_ready(context);
}

static void announce(void *context) {
    torc_reader_announce(context);
}

/* Until an event, a tombstone, a lane that came or went, or the end: whoever calls looks which. */
static int await_change(struct reader *self, uint64_t deadline) {
    struct torc_await await;
    int status;
    if (torc_load_relaxed64(&self->poller) != 0) {
        return TORC_BUSY;
    }
    /* Not by torc_reader_begin: busy for as long as this thread is kept from going on, without a handler, a detacher
     * would take it for a borrow. Nothing is looked at that needs it. */
    if (torc_load_acquire32(&self->closing) != 0) {
        torc_reader_leave_if_done(self);
        return TORC_CLOSED;
    }
    torc_reader_rest(self);
    await = (struct torc_await){
        &self->bus->waitpoints[self->point], ready, announce, self, self->bus->hot.fence, self->wait};
    status = torc_await(&await, deadline);
    torc_after_unwatch(self);
    if (status == TORC_OK && torc_load_acquire32(&self->closing) != 0) {
        torc_reader_leave_if_done(self);
        return TORC_CLOSED;
    }
    if (status == TORC_OK && torc_reader_exhausted(self)) {
        self->one_lane = false; /* as above */
        return TORC_CLOSED;
    }
    return status == TORC_WOULD_BLOCK ? TORC_EMPTY : status;
}

int torc_wait_readable(struct torc_reader *reader, uint64_t deadline) {
    struct reader *self = reader_of(reader);
    int status;
    if (reader == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    do {
        status = await_change(self, deadline);
        status = status == TORC_OK ? torc_reader_look(self) : status; /* the event stays the next */
    } while (status == TORC_EMPTY && deadline != TORC_NO_WAIT);
    return status;
}

static int wait_for_next(struct torc_reader *reader, uint64_t deadline) {
    struct reader *self = reader_of(reader);
    TORC_ONE_AT_A_TIME(self);
    return await_change(self, deadline);
}

int torc_next_until(struct torc_reader *reader, struct torc_event *event, uint64_t deadline) {
    for (;;) {
        int status = torc_next(reader, event);
        if (status != TORC_EMPTY) {
            return status;
        }
        status = wait_for_next(reader, deadline);
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
        status = wait_for_next(reader, deadline);
        if (status != TORC_OK) {
            return status == TORC_EMPTY ? 0 : status;
        }
    }
}
