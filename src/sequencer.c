/* src/sequencer.c - one lane for many threads. Events that fit their entry take no lock: a sequence by
 * compare-and-swap, the entry, the stamp (src/shared.c has the protocol). A lock, around what has a single writer, is
 * taken to look for room and for whatever needs a slot, and while readers copy; never for waiting, and for filling only
 * what goes into the entry that way.
 *
 * All who wait for space sleep at the lane's waitpoint, where readers and releasers wake everybody (SPACE). What else
 * makes space wakes them itself: a stamp, and an abort that gives a slot back. A try under the lock has a deadline that
 * has passed: unlike one with TORC_NO_WAIT it looks at every slot, as a sleeper must before it sleeps. */
#include "shared.h"
#include "space.h"

#include <stdlib.h>
#include <string.h>
#include <torc/sequencer.h>

#define PASSED UINT64_C(1)

struct torc_sequencer {
    struct bus *bus;
    struct torc_publisher *publisher;
    torc_a64
        base; /* the publisher's, for those without the lock (ROOM): no claim may be more than a lane ahead of it */
    pthread_mutex_t lock TORC_ALIGNED_LINE;
} TORC_ALIGNED_LINE;

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
    uint32_t counted;   /* as a stall */
    int status;
};

/* --- opening: the first opens it, the last closes it ---------------------------------------------------------- */

static void unmake(struct torc_sequencer *self) {
    if (self != NULL) {
        (void)pthread_mutex_destroy(&self->lock);
        free(publisher_of(self->publisher));
        free(self);
    }
}

static int make(struct torc_topic *topic, const struct torc_publisher_config *config, struct torc_sequencer **out) {
    struct torc_sequencer *self;
    struct publisher *publisher;
    int status = torc_publisher_make(topic, config, &publisher);
    if (status != TORC_OK) {
        return status;
    }
    self = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *self));
    if (self != NULL) {
        *self = (struct torc_sequencer){.bus = topic->bus, .publisher = &publisher->hot};
    }
    if (self == NULL || pthread_mutex_init(&self->lock, NULL) != 0) {
        free(self);
        free(publisher);
        return TORC_NO_MEMORY;
    }
    *out = self;
    return TORC_OK;
}

/* Under the control lock. */
static int begin(struct torc_sequencer *self) {
    struct publisher *publisher = publisher_of(self->publisher);
    int status = torc_publisher_begin(publisher);
    if (status == TORC_OK) {
        torc_publisher_share(publisher, true);
        torc_store_relaxed64(&self->base, publisher->hot.base);
    }
    return status;
}

/* Under the control lock: *fresh is used if nobody has it open. */
static int join(struct torc_topic *topic, struct torc_sequencer **fresh) {
    int status = bus_closed(topic->bus) ? TORC_CLOSED : TORC_OK;
    if (status == TORC_OK && topic->sequencer == NULL) {
        status = begin(*fresh);
        if (status == TORC_OK) {
            topic->sequencer = *fresh;
            *fresh = NULL;
        }
    }
    topic->sequencers += status == TORC_OK;
    return status;
}

/* Memory is taken before anybody knows whether it is needed: not under the lock. */
int torc_sequencer_open(struct torc_topic *topic, const struct torc_publisher_config *config,
                        struct torc_sequencer **out) {
    struct torc_sequencer *fresh;
    int status;
    if (topic == NULL || out == NULL) {
        return TORC_INVALID;
    }
    status = make(topic, config, &fresh);
    if (status != TORC_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&topic->bus->lock);
    status = total_order(topic) ? join(topic, &fresh) : TORC_WRONG_END;
    if (status == TORC_OK) {
        *out = topic->sequencer;
    }
    (void)pthread_mutex_unlock(&topic->bus->lock);
    unmake(fresh);
    return status;
}

/* The lane ends under the same lock under which another could open the next: a topic never has two at one time. */
int torc_sequencer_close(struct torc_sequencer *self) {
    struct publisher *publisher;
    struct bus *bus;
    bool last;
    if (self == NULL) {
        return TORC_INVALID;
    }
    bus = self->bus;
    if (bus->forked) {
        return TORC_FORKED;
    }
    publisher = publisher_of(self->publisher);
    torc_bus_hold(bus);
    (void)pthread_mutex_lock(&bus->lock);
    last = --publisher->topic->sequencers == 0;
    if (last) {
        publisher->topic->sequencer = NULL;
        torc_publisher_end(publisher);
    }
    (void)pthread_mutex_unlock(&bus->lock);
    if (last) {
        unmake(self);
    }
    torc_bus_unhold(bus);
    return TORC_OK;
}

/* --- without the lock ---------------------------------------------------------------------------------------- */

/* A sequence for a small event. Room is 0 once the bus is closed and while readers copy; seen as not 0 it says that
 * what readers copied before is theirs no more (COPY, as the one who opened it again has acquired it). */
static inline __attribute__((always_inline)) bool take(const struct torc_sequencer *self, size_t length,
                                                       uint64_t *sequence) {
    const struct publisher *publisher = publisher_of(self->publisher);
    if (TORC_UNLIKELY(length >= publisher->limit || self->bus->forked) ||
        !torc_shared_take(publisher, torc_load_acquire64(&self->base), /* ROOM */
                          torc_load_acquire64(&publisher->hot.room), sequence)) {
        return false;
    }
    if (TORC_UNLIKELY(torc_load_relaxed64(&publisher->hot.room) == 0)) {
        torc_shared_skip(publisher, *sequence);
        return false;
    }
    return true;
}

static inline void stamp(const struct publisher *publisher, uint64_t sequence, size_t length, uint32_t type) {
    torc_claim_stamp(publisher, lane_entry(publisher, sequence), sequence, (uint32_t)length, type);
    torc_shared_tell(publisher);
}

/* Word by word: what the caller has just written in words cannot be loaded in wider pieces without a wait. More than a
 * line's is mostly older than that. */
static inline void copy(unsigned char *to, const unsigned char *from, size_t length) {
    if (TORC_UNLIKELY(length > TORC_INLINE_BYTES)) {
        memcpy(to, from, length);
        return;
    }
    for (; length >= 8; length -= 8, to += 8, from += 8) {
        torc_copy_word(to, from, 0);
    }
    if (length != 0) {
        memcpy(to, from, length);
    }
}

static void claim_in_entry(const struct torc_sequencer *self, uint64_t sequence, uint32_t type, size_t length,
                           struct torc_claim *claim) {
    struct torc_entry *entry = lane_entry(publisher_of(self->publisher), sequence);
    torc_store_relaxed32(&entry->header_word, (uint32_t)length);
    *claim = (struct torc_claim){.data = torc_entry_bytes(entry),
                                 .length = length,
                                 .type = type,
                                 .state = TORC_CLAIM_OPEN,
                                 .sequence = sequence};
}

/* --- one try under the lock, and waiting ---------------------------------------------------------------------- */

static void try_locked(struct wish *wish) {
    struct torc_sequencer *self = wish->self;
    struct publisher *publisher = publisher_of(self->publisher);
    publisher->counted = wish->counted;
    if (wish->claim != NULL) {
        wish->status = torc_claim_until(self->publisher, wish->type, wish->length, wish->deadline, wish->claim);
    } else {
        wish->status = torc_publish_until(self->publisher, wish->type, wish->data, wish->length, wish->deadline);
        wish->sequence = publisher->taken;
    }
    wish->counted = publisher->counted;
    wish->evict_due = wish->status == TORC_TIMED_OUT ? torc_evict_due(publisher) : TORC_FOREVER;
    torc_store_release64(&self->base, publisher->hot.base); /* ROOM */
}

static bool try_it(void *context) {
    struct wish *wish = context;
    (void)pthread_mutex_lock(&wish->self->lock);
    try_locked(wish);
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

static __attribute__((noinline)) int claim_slow(struct torc_sequencer *self, uint32_t type, size_t length,
                                                uint64_t deadline, struct torc_claim *claim) {
    struct wish wish = {.self = self, .type = type, .length = length, .claim = claim};
    return fulfil(&wish, deadline);
}

int torc_sequencer_claim(struct torc_sequencer *self, uint32_t type, size_t length, uint64_t deadline,
                         struct torc_claim *claim) {
    uint64_t sequence;
    if (self == NULL || claim == NULL) {
        return TORC_INVALID;
    }
    if (TORC_LIKELY(take(self, length, &sequence))) {
        claim_in_entry(self, sequence, type, length, claim);
        return TORC_OK;
    }
    return claim_slow(self, type, length, deadline, claim);
}

/* What is in a slot is the bank's to move. */
static int settle_slot(struct torc_sequencer *self, struct torc_claim *claim, bool keep) {
    int status;
    (void)pthread_mutex_lock(&self->lock);
    status = (keep ? torc_commit : torc_abort)(self->publisher, claim);
    if (!keep) {
        torc_lane_moved(self->bus, publisher_of(self->publisher)->index);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return status;
}

static int settle(struct torc_sequencer *self, struct torc_claim *claim, bool keep) {
    const struct publisher *publisher;
    if (self == NULL || claim == NULL) {
        return TORC_INVALID;
    }
    if (self->bus->forked) {
        return TORC_FORKED;
    }
    if (claim->slot != 0) {
        return settle_slot(self, claim, keep);
    }
    publisher = publisher_of(self->publisher);
    if (!torc_shared_is_open(publisher, claim)) {
        return TORC_INVALID;
    }
    claim->state = TORC_CLAIM_SETTLED;
    if (keep) {
        stamp(publisher, claim->sequence, claim->length, claim->type);
    } else {
        torc_shared_skip(publisher, claim->sequence);
    }
    return TORC_OK;
}

int torc_sequencer_commit(struct torc_sequencer *self, struct torc_claim *claim) {
    return settle(self, claim, true);
}

int torc_sequencer_abort(struct torc_sequencer *self, struct torc_claim *claim) {
    return settle(self, claim, false);
}

/* Without room, or with readers that copy: what fits an entry is then copied under the lock, which is shorter than
 * taking it twice. Not inlined: what it keeps in memory would be set up on the fast way too. */
static __attribute__((noinline)) int publish_slow(struct torc_sequencer *self, uint32_t type, const void *data,
                                                  size_t length, uint64_t deadline, uint64_t *sequence) {
    struct wish wish = {.self = self, .type = type, .data = data, .length = length};
    bool in_place = length > TORC_INLINE_BYTES && length >= publisher_of(self->publisher)->limit;
    struct torc_claim claim;
    int status;
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

int torc_sequencer_publish(struct torc_sequencer *self, uint32_t type, const void *data, size_t length,
                           uint64_t deadline, uint64_t *sequence) {
    uint64_t at;
    if (TORC_UNLIKELY(self == NULL || (data == NULL && length != 0))) {
        return TORC_INVALID;
    }
    if (TORC_UNLIKELY(!take(self, length, &at))) {
        return publish_slow(self, type, data, length, deadline, sequence);
    }
    copy(torc_entry_bytes(lane_entry(publisher_of(self->publisher), at)), data, length);
    stamp(publisher_of(self->publisher), at, length, type);
    if (sequence != NULL) {
        *sequence = at;
    }
    return TORC_OK;
}
