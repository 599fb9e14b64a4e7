/* src/handler_batch.c - one batch of a managed reader: taken, handed out by verdicts, given back.
 *
 * The reader is advanced by hand, so all that torc_next returned since the last torc_advance is borrowed: a batch is an
 * array of such events, and going back to its start is going back in the array. */
#include "handler.h"

#include <string.h>

/* --- taking and giving back --------------------------------------------------------------------------------- */

int torc_batch_take(struct torc_handler_thread *handler) {
    struct batch *batch = &handler->batch;
    int status = TORC_OK;
    memset(batch->settled, 0, batch->size * sizeof *batch->settled);
    *batch = (struct batch){.event = batch->event, .settled = batch->settled};
    while (batch->size < handler->config.max_batch && status == TORC_OK) {
        status = torc_next(handler->reader, &batch->event[batch->size]);
        batch->size += status == TORC_OK;
    }
    if (batch->size == 0) {
        return status;
    }
    handler_count(&handler->batches, 1);
    handler_count(&handler->lost, batch->event[0].lost); /* CONFLATE tells of it with the event */
    if (batch->size > torc_load_relaxed64(&handler->max_size)) {
        torc_store_relaxed64(&handler->max_size, batch->size);
    }
    return TORC_OK;
}

static uint64_t came_of_lane(const struct batch *batch, uint32_t lane, size_t last) {
    uint64_t came = 0;
    for (size_t i = batch->released; i <= last; i++) {
        came += batch->event[i].lane == lane;
    }
    return came;
}

/* Each lane's last event says how far; what did not come of it was skipped. Backwards, so that each lane is given back
 * once. */
void torc_batch_release(struct torc_handler_thread *handler, size_t last) {
    struct batch *batch = &handler->batch;
    struct reader *self = reader_of(handler->reader);
    uint64_t seen = 0;
    if (last + 1 == batch->size || !self->manual) {
        (void)torc_advance(handler->reader);
        batch->released = batch->size;
        return;
    }
    torc_reader_save_current(self);
    for (size_t i = last + 1; i > batch->released; i--) {
        const struct torc_event *event = &batch->event[i - 1];
        struct reader_lane *lane = torc_reader_lane(self, event->lane);
        if ((seen >> event->lane & 1u) == 0 && lane != NULL) {
            uint64_t to = event->sequence + 1;
            seen |= UINT64_C(1) << event->lane;
            torc_reader_give_back_part(self, lane, to, to - lane->given - came_of_lane(batch, event->lane, last));
        }
    }
    batch->released = last + 1;
}

/* --- verdicts ----------------------------------------------------------------------------------------------- */

static bool told(void *context) {
    return handler_told(context);
}

static void pause_before_retry(struct torc_handler_thread *handler) {
    struct torc_await await = {&handler->changed, told, NULL, handler, handler->bus->hot.fence, TORC_WAIT_BLOCK};
    if (handler->config.retry_pause_ns != 0) {
        (void)torc_await(&await, torc_deadline_ns(handler->config.retry_pause_ns));
    }
}

/* A copy of the event at hand behind its origin. */
static int publish_letter(struct torc_handler_thread *handler) {
    const struct torc_event *event = &handler->batch.event[handler->batch.at];
    struct torc_dead_letter letter = {
        .sequence = event->sequence, .lane = event->lane, .attempts = handler->batch.tries + handler->batch.rewinds};
    uint64_t wait = handler->config.dead_letter_wait_ns;
    struct torc_claim claim;
    int status = torc_claim_until(handler->letters, event->type, sizeof letter + event->length,
                                  wait == 0 ? TORC_NO_WAIT : torc_deadline_ns(wait), &claim);
    if (status != TORC_OK) {
        return status;
    }
    (void)strncpy(letter.topic, torc_topic_name(handler->topic), sizeof letter.topic - 1);
    memcpy(claim.data, &letter, sizeof letter);
    if (event->length != 0) {
        memcpy((unsigned char *)claim.data + sizeof letter, event->data, event->length);
    }
    return torc_commit(handler->letters, &claim);
}

/* The event at hand is done, in whatever way; one that a REWIND brought back is not counted twice. */
static enum torc_ended done(struct torc_handler_thread *handler) {
    struct batch *batch = &handler->batch;
    batch->at++;
    batch->tries = 0;
    if (batch->at > batch->done) {
        batch->done = batch->at;
        handler_count(&handler->events, 1);
    }
    return TORC_ENDED_NOT;
}

static enum torc_ended skip(struct torc_handler_thread *handler) {
    handler_count(&handler->skipped, 1);
    handler->batch.settled[handler->batch.at] = true;
    return done(handler);
}

static enum torc_ended dead_letter(struct torc_handler_thread *handler) {
    if (handler->letters == NULL) {
        return TORC_ENDED_GAVE_UP;
    }
    if (publish_letter(handler) != TORC_OK) {
        return TORC_ENDED_DEAD_LETTER;
    }
    handler_count(&handler->dead_letters, 1);
    handler->batch.settled[handler->batch.at] = true;
    return done(handler);
}

static enum torc_ended give_up(struct torc_handler_thread *handler) {
    switch (handler->config.give_up) {
    case TORC_GIVE_UP_SKIP:
        return skip(handler);
    case TORC_GIVE_UP_DEAD_LETTER:
        return dead_letter(handler);
    case TORC_GIVE_UP_STOP:
    default:
        return TORC_ENDED_GAVE_UP;
    }
}

static enum torc_ended again(struct torc_handler_thread *handler, bool rewind) {
    struct batch *batch = &handler->batch;
    uint32_t used = rewind ? batch->rewinds + 1 : batch->tries;
    if (handler->config.attempts != UINT32_MAX && used >= handler->config.attempts) {
        return give_up(handler);
    }
    if (rewind) {
        batch->rewinds++;
        batch->at = batch->released;
        batch->tries = 0;
    }
    handler_count(rewind ? &handler->rewinds : &handler->retries, 1);
    pause_before_retry(handler);
    return TORC_ENDED_NOT;
}

static enum torc_ended judge(struct torc_handler_thread *handler, enum torc_verdict verdict) {
    switch (verdict) {
    case TORC_VERDICT_OK:
        return done(handler);
    case TORC_VERDICT_SKIP:
        return skip(handler);
    case TORC_VERDICT_DEAD_LETTER:
        return dead_letter(handler);
    case TORC_VERDICT_RETRY:
    case TORC_VERDICT_REWIND:
        return again(handler, verdict == TORC_VERDICT_REWIND);
    case TORC_VERDICT_STOP:
        (void)done(handler);
        return TORC_ENDED_STOPPED;
    default:
        return TORC_ENDED_GAVE_UP;
    }
}

/* Steps over what is settled already, after a REWIND. */
static size_t next_open(const struct batch *batch, size_t at) {
    while (at < batch->size && batch->settled[at]) {
        at++;
    }
    return at;
}

enum torc_ended torc_batch_handle(struct torc_handler_thread *handler) {
    const struct torc_handler_config *config = &handler->config;
    struct batch *batch = &handler->batch;
    enum torc_ended ended = TORC_ENDED_NOT;
    while (ended == TORC_ENDED_NOT && (batch->at = next_open(batch, batch->at)) < batch->size &&
           !handler_told(handler)) {
        bool last = next_open(batch, batch->at + 1) == batch->size;
        enum torc_verdict verdict;
        batch->tries++;
        handler->in_event = true;
        verdict = config->on_event(config->context, handler, &batch->event[batch->at], last);
        handler->in_event = false;
        handler_count(&handler->handed_out, 1);
        ended = judge(handler, verdict);
    }
    return ended;
}
