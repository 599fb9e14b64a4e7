/* claim_fast.c - claims where nothing is in the way: room in the lane, the next slots to be had, nobody who copies.
 * Single ones in the lane are inline, torc_claim and torc_commit.
 *
 * Claims that are the only open ones are written to their entries when they are committed, all at once: the reader that
 * is waiting for the first of them polls its line, and each store that finds it gone has to fetch it back from the
 * other core. Until then the lane's two positions say that they are there, and struct torc_lone_claims of what kind, as
 * long as they are a row of one: for a claim like the one before, torc_claim stores nothing but `claimed`. Whoever
 * needs them in their entries unfolds them first: a further claim, unless it is one of a batch that goes on where they
 * end, an abort, an end, a commit out of order. Readers that copy may join meanwhile. They do not look at these entries
 * before their stamps (COPY: they begin less than a lap before the claims).
 *
 * So what is stored in an entry here needs no order but that of the stamp, or, where the claim is taken back, that of
 * the tombstone's `claimed` (claim.c). REWRITE, with an order for each word, is for claims made while somebody copies.
 * None of these is: who set `copied` before our look at room is found by it, and who set it later reads a `claimed`
 * that covers the claims.
 *
 * Who may run at the same time: as in claim.c. */
#include "space.h"

#include <string.h>

/* The claim was taken back, as the bus is closed or somebody copies now. A reader may have seen it and gone to sleep
 * over it. */
static __attribute__((noinline)) bool claim_again(struct publisher *self, uint64_t sequence) {
    torc_store_release64(&self->hot.lane->claimed, sequence); /* CLAIMED */
    (void)torc_closed_off(self);
    return false;
}

/* CLOSE and COPY: claimed first, then room, which is 0 where somebody copies, too. The publisher itself has opened it
 * again after it acquired that nobody does. */
static inline bool take_sequences(struct publisher *self, uint64_t sequence, uint32_t count) {
    torc_store_release64(&self->hot.lane->claimed, sequence + count); /* CLAIMED */
    torc_barrier_light(self->hot.fence);
    if (TORC_UNLIKELY(torc_load_relaxed64(&self->hot.room) == 0)) {
        return claim_again(self, sequence);
    }
    return true;
}

/* An entry whose slot is taken from it need not be looked at before it is overwritten. */
static inline void take_slot(struct publisher *self, const struct torc_pool_view *pool,
                             const struct torc_next_slot *next, struct torc_claim *claim) {
    if ((next->mark & 1u) != 0) {
        torc_claim_note_dropped(self, next->mark >> 1);
    }
    torc_pool_take_next(pool, next);
    claim->slot = torc_id_of(pool, next->index, next->word);
    claim->data = pool->payload + (size_t)next->index * pool->size;
}

/* A line that will be written soon: fetched from the reader's cache while there is still something else to do. More
 * stores than the store buffer holds lie between two events, so without this each event waits for its own lines. */
static inline void fetch_line(const void *line) {
#ifdef __x86_64__
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
    __builtin_prefetch(line, 1);
#endif
}

#define ENTRIES_AHEAD 8u
#define BYTES_AHEAD   256u /* of the next slot; what is longer the processor finds by itself */

static inline void fetch_ahead(const struct publisher *self, const struct torc_pool_view *pool, uint32_t index,
                               uint64_t sequence, size_t length) {
    size_t next = index + 1 < pool->capacity ? index + 1 : 0;
    const unsigned char *payload = pool->payload + next * pool->size;
    fetch_line(lane_entry(self, sequence + ENTRIES_AHEAD));
    for (size_t at = 0; at < length && at < BYTES_AHEAD; at += TORC_LINE) {
        fetch_line(payload + at);
    }
}

static inline void fill_claim(struct torc_claim *claim, uint32_t type, size_t length, uint64_t sequence) {
    claim->length = length;
    claim->type = type;
    claim->state = TORC_CLAIM_OPEN;
    claim->sequence = sequence;
}

static inline void note_row(struct publisher *self, uint64_t slot, size_t length) {
    self->hot.lone.slot = slot;
    self->hot.lone.most = (uint32_t)length + 1;
}

static inline __attribute__((always_inline)) bool claim_lone(struct publisher *self, uint32_t type, size_t length,
                                                             struct torc_claim *claim) {
    uint64_t sequence = lane_claimed(self);
    const struct torc_pool_view *pool = &self->hot.pools[torc_shirt_of(length)];
    struct torc_next_slot next = {0, 0, 0};
    bool in_slot = length >= self->limit;
    if (TORC_UNLIKELY(lane_claims(self) != 0 || self->shared || length > TORC_XL_BYTES ||
                      sequence - self->hot.base >= torc_load_relaxed64(&self->hot.room) ||
                      (in_slot && !torc_pool_next(pool, &next)) || !take_sequences(self, sequence, 1))) {
        return false;
    }
    if (in_slot) {
        fetch_ahead(self, pool, next.index, sequence, length);
        take_slot(self, pool, &next, claim);
        if (TORC_UNLIKELY(self->stall[1 + torc_shirt_of(length)].since != 0)) {
            self->stall[1 + torc_shirt_of(length)].since = 0;
        }
    } else {
        claim->slot = 0;
        claim->data = torc_entry_bytes(lane_entry(self, sequence));
    }
    fill_claim(claim, type, length, sequence);
    note_row(self, claim->slot, length);
    return true;
}

static inline __attribute__((always_inline)) int claim(struct torc_publisher *publisher, uint32_t type, size_t length,
                                                       uint64_t deadline, struct torc_claim *into) {
    if (publisher == NULL || into == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(publisher_of(publisher));
    return TORC_LIKELY(claim_lone(publisher_of(publisher), type, length, into))
               ? TORC_OK
               : torc_claim_long(publisher_of(publisher), type, length, deadline, into);
}

int torc_claim_slow(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *into) {
    return claim(publisher, type, length, TORC_FOREVER, into);
}

int torc_try_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *into) {
    return claim(publisher, type, length, TORC_NO_WAIT, into);
}

int torc_claim_until(struct torc_publisher *publisher, uint32_t type, size_t length, uint64_t deadline,
                     struct torc_claim *into) {
    return claim(publisher, type, length, deadline, into);
}

/* How many are open and not in their entries. */
static inline uint64_t lone_count(const struct publisher *self) {
    return self->hot.lone.most != 0 ? lane_claims(self) : 0;
}
/* The first of them. */
static inline uint64_t lone_from(const struct publisher *self) {
    return torc_load_relaxed64(&self->hot.lane->published);
}

/* Whose slots follow each other; the one behind. */
static inline uint64_t next_lone(const struct torc_pool_view *pool, uint64_t slot) {
    uint32_t index = TORC_ID_NUMBER(slot) - pool->first + 1;
    index = index < pool->capacity ? index : 0;
    return torc_id_of(pool, index, torc_load_relaxed64(&pool->slots[index].word));
}

/* What open_entry() in claim.c does at once. */
static void into_entries(struct publisher *self, uint64_t sequence, uint64_t count, uint64_t slot, uint32_t length) {
    self->open_claims += (uint32_t)count;
    for (; count != 0; count--, sequence++) {
        struct torc_entry *entry = lane_entry(self, sequence);
        torc_store_relaxed32(&entry->header_word, length | (slot != 0 ? TORC_ENTRY_SLOT : 0));
        if (slot != 0) {
            torc_store_relaxed64(&entry->body.word[0], slot);
            torc_claim_note_held(self, sequence);
            slot = next_lone(torc_pool_of(&self->bus->hot, slot), slot);
        }
    }
}

void torc_claim_unfold(struct publisher *self) {
    uint64_t count = lone_count(self);
    if (count != 0) {
        into_entries(self, lone_from(self), count, self->hot.lone.slot, self->hot.lone.most - 1);
    }
    self->hot.lone.most = 0;
}

static inline bool is_lone(const struct publisher *self, const struct torc_claim *claim) {
    return lone_count(self) == 1 && claim->length < self->hot.lone.most && claim->slot == self->hot.lone.slot &&
           claim->sequence == lone_from(self) && claim->state == TORC_CLAIM_OPEN;
}

/* The slot's length and type, and the mark that it is the ring's since this sequence. */
static inline void mark_slot(struct publisher *self, const struct torc_pool_view *pool,
                             const struct torc_claim *claim) {
    uint32_t index = TORC_ID_NUMBER(claim->slot) - pool->first;
    torc_store_relaxed64(&pool->slots[index].meta, claim->length | ((uint64_t)claim->type << 32));
    torc_store_relaxed64(torc_pool_mark(pool, index), torc_mark_of(claim->sequence));
    torc_claim_note_held(self, claim->sequence);
}

/* The entry of one of them, all of it; pool NULL: inline. */
static inline void stamp_lone(struct publisher *self, const struct torc_pool_view *pool, struct torc_claim *claim) {
    struct torc_entry *entry = lane_entry(self, claim->sequence);
    uint32_t header = (uint32_t)claim->length;
    if (pool != NULL) {
        header |= TORC_ENTRY_SLOT;
        mark_slot(self, pool, claim);
        torc_store_relaxed64(&entry->body.word[0], claim->slot);
    }
    claim->state = TORC_CLAIM_SETTLED;
    torc_claim_stamp(self, entry, claim->sequence, header, claim->type);
}

static inline void commit_lone(struct publisher *self, struct torc_claim *claim) {
    stamp_lone(self, claim->slot != 0 ? torc_pool_of(&self->bus->hot, claim->slot) : NULL, claim);
    torc_claims_published(self, claim->sequence + 1);
}

int torc_commit_slow(struct torc_publisher *publisher, struct torc_claim *claim) {
    struct publisher *self = publisher_of(publisher);
    if (publisher == NULL || claim == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (TORC_UNLIKELY(!is_lone(self, claim))) {
        return torc_commit_batch(publisher, claim, 1);
    }
    commit_lone(self, claim);
    return TORC_OK;
}

bool torc_publish_lone(struct publisher *self, uint32_t type, const void *data, size_t length) {
    struct torc_claim into;
    if (TORC_UNLIKELY(!claim_lone(self, type, length, &into))) {
        return false;
    }
    if (length != 0) {
        memcpy(into.data, data, length);
    }
    commit_lone(self, &into);
    return true;
}

/* --- several at once ------------------------------------------------------------------------------------------- */

/* Takes up to `count` slots that follow each other; how many. */
static uint32_t take_slots(struct publisher *self, size_t length, struct torc_claim *claims, uint32_t count) {
    uint32_t shirt = torc_shirt_of(length);
    const struct torc_pool_view *pool = &self->hot.pools[shirt];
    struct torc_next_slot next;
    uint32_t taken = 0;
    while (taken < count && (TORC_LIKELY(torc_pool_next(pool, &next)) ||
                             (torc_pool_ready(&self->bus->hot, self->bank.first + shirt, &self->bank.gate) &&
                              torc_pool_next(pool, &next)))) {
        take_slot(self, pool, &next, &claims[taken++]);
    }
    if (taken != 0) {
        self->stall[1 + shirt].since = 0;
    }
    return taken;
}

uint32_t torc_claim_entries(struct publisher *self, uint64_t sequence, size_t count) {
    uint64_t room = torc_load_relaxed64(&self->hot.room), used = sequence - self->hot.base;
    if (used >= room) {
        if (room == 0 || !torc_gate_has_room(self)) {
            return 0;
        }
        self->stall[0].since = 0;
        used = sequence - self->hot.base;
    }
    return (uint32_t)(count < room - used ? count : room - used);
}

/* Would the next claim, of this length and in this slot, go on where the open ones end? */
static bool goes_on(const struct publisher *self, size_t length, uint64_t slot) {
    const struct torc_lone_claims *lone = &self->hot.lone;
    const struct torc_pool_view *pool;
    uint32_t index, count = (uint32_t)lone_count(self);
    if (count == 0 || lone->most != length + 1 || (lone->slot == 0) != (slot == 0)) {
        return false;
    }
    if (slot == 0) {
        return true;
    }
    pool = torc_pool_of(&self->bus->hot, slot);
    index = TORC_ID_NUMBER(lone->slot) - pool->first + count;
    return torc_pool_of(&self->bus->hot, lone->slot) == pool &&
           TORC_ID_NUMBER(slot) - pool->first == (index < pool->capacity ? index : index - pool->capacity);
}

/* They are noted, or go on where the open ones end; into their entries if these are. */
static void note_lone(struct publisher *self, const struct torc_claim *first, uint32_t count) {
    if (self->open_claims != 0) {
        into_entries(self, first->sequence, count, first->slot, (uint32_t)first->length);
    } else if (first->sequence == lone_from(self)) {
        note_row(self, first->slot, first->length);
    }
}

static bool take_run(struct publisher *self, uint64_t sequence, bool in_slot, struct torc_claim *claims,
                     uint32_t count) {
    if (take_sequences(self, sequence, count)) {
        return true;
    }
    for (uint32_t i = 0; in_slot && i < count; i++) {
        torc_bank_put_back(&self->bank, claims[i].slot);
    }
    return false;
}

uint32_t torc_claim_some(struct publisher *self, uint32_t type, size_t length, struct torc_claim *claims,
                         size_t count) {
    uint64_t sequence = lane_claimed(self);
    bool in_slot = length >= self->limit;
    uint32_t some = self->shared || length > TORC_XL_BYTES ? 0 : torc_claim_entries(self, sequence, count);
    some = in_slot ? take_slots(self, length, claims, some) : some;
    if (some == 0) {
        return 0;
    }
    if (!goes_on(self, length, in_slot ? claims->slot : 0)) {
        torc_claim_unfold(self);
    }
    if (!take_run(self, sequence, in_slot, claims, some)) {
        return 0;
    }
    for (uint32_t i = 0; i < some; i++) {
        if (in_slot) {
            fetch_line(lane_entry(self, sequence + some + i));
        } else {
            claims[i].slot = 0;
            claims[i].data = torc_entry_bytes(lane_entry(self, sequence + i));
        }
        fill_claim(&claims[i], type, length, sequence + i);
    }
    note_lone(self, claims, some);
    return some;
}

/* Are these the first of the open claims, unchanged but for smaller lengths? */
static bool are_lone(const struct publisher *self, const struct torc_claim *claims, size_t count) {
    const struct torc_pool_view *pool = torc_pool_of(&self->bus->hot, self->hot.lone.slot);
    uint64_t sequence = lone_from(self), slot = self->hot.lone.slot;
    if (claims == NULL || count == 0 || count > lone_count(self)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (claims[i].state != TORC_CLAIM_OPEN || claims[i].sequence != sequence + i || claims[i].slot != slot ||
            claims[i].length >= self->hot.lone.most) {
            return false;
        }
        slot = slot != 0 ? next_lone(pool, slot) : 0;
    }
    return true;
}

bool torc_commit_some(struct publisher *self, struct torc_claim *claims, size_t count) {
    const struct torc_pool_view *pool = NULL;
    uint64_t end;
    if (!are_lone(self, claims, count)) {
        return false;
    }
    if (self->hot.lone.slot != 0) {
        pool = torc_pool_of(&self->bus->hot, self->hot.lone.slot);
        self->hot.lone.slot = next_lone(pool, claims[count - 1].slot);
    }
    end = lone_from(self) + count;
    for (size_t i = 0; i < count; i++) {
        stamp_lone(self, pool, &claims[i]);
    }
    torc_claims_published(self, end);
    return true;
}
