/* src/sequencer.c - one publisher for many threads: a lock around what has a single writer, and none around filling and waiting.
 *
 * All who wait for space sleep at the lane's waitpoint, where readers and releasers wake everybody (SPACE). What else makes space is
 * an abort, which wakes them itself. A try under the lock has a deadline that has passed: unlike one with TORC_NO_WAIT it
 * looks at every slot, as a sleeper must before it sleeps. */
#include "core.h"

#include <stdlib.h>
#include <string.h>
#include <torc/sequencer.h>

#define PASSED UINT64_C(1)

struct torc_sequencer {
    pthread_mutex_t lock;
    struct bus *bus;
    struct torc_publisher *publisher;
};

/* What somebody wants to publish, or, with `claim`, to claim. */
struct wish {
    struct torc_sequencer *self;
    uint32_t type;
    const void *data;
    size_t length;
    uint64_t deadline; /* of a try */
    struct torc_claim *claim;
    uint64_t sequence;
    uint64_t evict_due; /* when a reader that is in the way may be evicted */
    uint64_t until;     /* how long it waits now */
    int status;
};

int torc_sequencer_open(struct torc_topic *topic, const struct torc_publisher_config *config,
                        struct torc_sequencer **out) {
    struct torc_sequencer *self;
    int status;
    if (topic == NULL || out == NULL) {
        return TORC_INVALID;
    }
    self = calloc(1, sizeof *self);
    if (self == NULL || pthread_mutex_init(&self->lock, NULL) != 0) {
        free(self);
        return TORC_NO_MEMORY;
    }
    self->bus = topic->bus;
    status = torc_publisher_open(topic, config, &self->publisher);
    if (status != TORC_OK) {
        (void)pthread_mutex_destroy(&self->lock);
        free(self);
        return status;
    }
    *out = self;
    return TORC_OK;
}

int torc_sequencer_close(struct torc_sequencer *self) {
    int status = self == NULL ? TORC_INVALID : torc_publisher_close(self->publisher);
    if (status == TORC_OK) {
        (void)pthread_mutex_destroy(&self->lock);
        free(self);
    }
    return status;
}

/* --- one try, and waiting ----------------------------------------------------------------------------------- */

static bool try_it(void *context) {
    struct wish *wish = context;
    struct torc_publisher *publisher = wish->self->publisher;
    (void)pthread_mutex_lock(&wish->self->lock);
    if (wish->claim != NULL) {
        wish->status = torc_claim_until(publisher, wish->type, wish->length, wish->deadline, wish->claim);
    } else {
        wish->status = torc_publish_until(publisher, wish->type, wish->data, wish->length, wish->deadline);
        wish->sequence = lane_claimed(publisher_of(publisher)) - 1;
    }
    wish->evict_due = wish->status == TORC_TIMED_OUT ? torc_evict_due(publisher_of(publisher)) : TORC_FOREVER;
    (void)pthread_mutex_unlock(&wish->self->lock);
    return wish->status != TORC_TIMED_OUT || wish->evict_due < wish->until; /* and then it waits less long */
}

static int fulfil(struct wish *wish, uint64_t deadline) {
    const struct publisher *publisher = publisher_of(wish->self->publisher);
    struct bus *bus = wish->self->bus;
    struct torc_await await = {lane_point(bus, publisher->index), try_it, NULL, wish, bus->hot.fence, publisher->wait};
    int status = TORC_TIMED_OUT;
    if (bus->forked) {
        return TORC_FORKED;
    }
    wish->deadline = deadline == TORC_NO_WAIT ? TORC_NO_WAIT : PASSED;
    wish->until = 0;
    if (try_it(wish)) {
        return wish->status;
    }
    do {
        wish->until = wish->evict_due < deadline ? wish->evict_due : deadline;
        status = torc_await(&await, wish->until);
    } while (status == TORC_OK ? wish->status == TORC_TIMED_OUT : wish->until != deadline);
    return status == TORC_OK ? wish->status : status;
}

/* --- the public calls --------------------------------------------------------------------------------------- */

int torc_sequencer_claim(struct torc_sequencer *self, uint32_t type, size_t length, uint64_t deadline,
                         struct torc_claim *claim) {
    struct wish wish = {.self = self, .type = type, .length = length, .claim = claim};
    return self == NULL || claim == NULL ? TORC_INVALID : fulfil(&wish, deadline);
}

static int settle(struct torc_sequencer *self, struct torc_claim *claim,
                  int (*how)(struct torc_publisher *publisher, struct torc_claim *claim)) {
    int status;
    if (self == NULL || claim == NULL) {
        return TORC_INVALID;
    }
    if (self->bus->forked) {
        return TORC_FORKED;
    }
    (void)pthread_mutex_lock(&self->lock);
    status = how(self->publisher, claim);
    if (how == torc_abort) {
        torc_lane_moved(self->bus, publisher_of(self->publisher)->index);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return status;
}

int torc_sequencer_commit(struct torc_sequencer *self, struct torc_claim *claim) {
    return settle(self, claim, torc_commit);
}

int torc_sequencer_abort(struct torc_sequencer *self, struct torc_claim *claim) {
    return settle(self, claim, torc_abort);
}

/* Small events are copied under the lock: that is shorter than taking it twice. */
int torc_sequencer_publish(struct torc_sequencer *self, uint32_t type, const void *data, size_t length,
                           uint64_t deadline, uint64_t *sequence) {
    struct wish wish = {.self = self, .type = type, .data = data, .length = length};
    bool in_place = length > TORC_INLINE_BYTES;
    struct torc_claim claim;
    int status;
    if (self == NULL || (data == NULL && length != 0)) {
        return TORC_INVALID;
    }
    if (in_place) {
        wish.claim = &claim;
    }
    status = fulfil(&wish, deadline);
    if (status == TORC_OK && in_place) {
        memcpy(claim.data, data, length);
        wish.sequence = claim.sequence;
        status = torc_sequencer_commit(self, &claim);
    }
    if (status == TORC_OK && sequence != NULL) {
        *sequence = wish.sequence;
    }
    return status;
}
