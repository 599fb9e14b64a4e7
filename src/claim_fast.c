/* claim_fast.c - claims where nothing is in the way: room in the lane, the next slot to be had, nobody who copies.
 *
 * A claim that is the only open one is written to its entry when it is committed, all at once: the reader that is waiting for this
 * entry polls its line, and each store that finds it gone has to fetch it back from the other core. Until then it is noted
 * here; whoever needs it in its entry unfolds it first: a further claim, an abort, an end. Readers that copy
 * may join meanwhile. They do not look at this entry before its stamp (COPY: they begin less than a lap before the claim).
 *
 * So what is stored in an entry here needs no order but that of the stamp, or, where the claim is taken back, that of the
 * tombstone's `claimed` (claim.c). REWRITE, with an order for each word, is for claims made while somebody copies. None of these
 * is: who set `copied` before our look at room is found by it, and who set it later reads a `claimed` that covers the claim.
 *
 * Who may run at the same time: as in claim.c. */
#include "probe.h"
#include "space.h"

#include <string.h>

/* The claim was taken back, as the bus is closed or somebody copies now. A reader may have seen it and gone to sleep over it. */
static __attribute__((noinline)) bool claim_again(struct publisher *self, uint64_t sequence) {
    torc_store_release64(&self->hot.lane->claimed, sequence); /* CLAIMED */
    (void)torc_closed_off(self);
    return false;
}

/* CLOSE and COPY: claimed first, then room, which is 0 where somebody copies, too. The publisher itself has opened it again after it
 * acquired that nobody does. */
static inline bool take_sequences(struct publisher *self, uint64_t sequence, uint32_t count) {
    torc_store_release64(&self->hot.lane->claimed, sequence + count); /* CLAIMED */
    torc_barrier_light(self->hot.fence);
    if (TORC_UNLIKELY(torc_load_relaxed64(&self->hot.room) == 0)) {
        return claim_again(self, sequence);
    }
    self->hot.inline_limit = 0; /* torc_publish takes the slow path while claims are open */
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

/* A line that will be written soon: fetched from the reader's cache while there is still something else to do. More stores than the
 * store buffer holds lie between two events, so without this each event waits for its own lines. */
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
    claim->state = CLAIM_OPEN;
    claim->sequence = sequence;
}

static inline __attribute__((always_inline)) bool claim_lone(struct publisher *self, uint32_t type, size_t length,
                                                             struct torc_claim *claim) {
    uint64_t sequence = lane_claimed(self);
    const struct torc_pool_view *pool = &self->hot.pools[torc_shirt_of(length)];
    struct torc_next_slot next = {0, 0, 0};
    bool in_slot = length >= self->inline_limit;
    if (TORC_UNLIKELY(self->open_claims != 0 || self->shared || self->lone.length != NOT_LONE ||
                      length > TORC_XL_BYTES || sequence - self->hot.base >= torc_load_relaxed64(&self->hot.room) ||
                      (in_slot && !torc_pool_next(pool, &next)) || !take_sequences(self, sequence, 1))) {
        return false;
    }
    if (in_slot) {
        fetch_ahead(self, pool, next.index, sequence, length);
        take_slot(self, pool, &next, claim);
        self->stall[1 + torc_shirt_of(length)].since = 0;
    } else {
        claim->slot = 0;
        claim->data = torc_entry_bytes(lane_entry(self, sequence));
    }
    fill_claim(claim, type, length, sequence);
    self->lone = (struct lone_claim){claim->slot, (uint32_t)length};
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
               : torc_claim_slow(publisher_of(publisher), type, length, deadline, into);
}

int torc_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *into) {
    return claim(publisher, type, length, TORC_FOREVER, into);
}

int torc_try_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *into) {
    return claim(publisher, type, length, TORC_NO_WAIT, into);
}

int torc_claim_until(struct torc_publisher *publisher, uint32_t type, size_t length, uint64_t deadline,
                     struct torc_claim *into) {
    return claim(publisher, type, length, deadline, into);
}

/* What open_entry() in claim.c does at once. */
void torc_claim_unfold(struct publisher *self) {
    struct lone_claim lone = self->lone;
    uint64_t sequence = lane_claimed(self) - 1;
    if (TORC_LIKELY(lone.length == NOT_LONE)) {
        return;
    }
    self->lone.length = NOT_LONE;
    self->open_claims++;
    torc_store_relaxed32(&lane_entry(self, sequence)->header_word,
                         lone.length | (lone.slot != 0 ? TORC_ENTRY_SLOT : 0));
    if (lone.slot != 0) {
        torc_store_relaxed64(&lane_entry(self, sequence)->body.word[0], lone.slot);
        torc_claim_note_held(self, sequence);
    }
}

static inline bool is_lone(const struct publisher *self, const struct torc_claim *claim) {
    return claim->length <= self->lone.length && self->lone.length != NOT_LONE && claim->slot == self->lone.slot &&
           claim->sequence + 1 == lane_claimed(self) && claim->state == CLAIM_OPEN;
}

/* The slot's length and type, and the mark that it is the ring's since this sequence. */
static inline void mark_slot(struct publisher *self, const struct torc_claim *claim) {
    const struct torc_pool_view *pool = torc_pool_of(&self->bus->hot, claim->slot);
    uint32_t index = TORC_ID_NUMBER(claim->slot) - pool->first;
    torc_store_relaxed64(&pool->slots[index].meta, claim->length | ((uint64_t)claim->type << 32));
    torc_store_relaxed64(torc_pool_mark(pool, index), torc_mark_of(claim->sequence));
    torc_claim_note_held(self, claim->sequence);
}

static inline void commit_lone(struct publisher *self, struct torc_claim *claim) {
    struct torc_entry *entry = lane_entry(self, claim->sequence);
    uint32_t header = (uint32_t)claim->length;
    if (claim->slot != 0) {
        header |= TORC_ENTRY_SLOT;
        mark_slot(self, claim);
        torc_store_relaxed64(&entry->body.word[0], claim->slot);
    }
    self->lone.length = NOT_LONE;
    self->hot.inline_limit = copied(self) ? 0 : self->inline_limit;
    claim->state = CLAIM_SETTLED;
    torc_store_relaxed32(&entry->header_word, header);
    torc_store_relaxed32(&entry->type_word, claim->type);
    torc_store_release64(&entry->stamp, claim->sequence + 1); /* STAMP */
    TORC_PROBE2(publish, self->index, claim->sequence);
    torc_claims_published(self, claim->sequence + 1);
}

int torc_commit(struct torc_publisher *publisher, struct torc_claim *claim) {
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

/* Takes up to `count` slots; how many. */
static uint32_t take_slots(struct publisher *self, size_t length, struct torc_claim *claims, uint32_t count) {
    const struct torc_pool_view *pool = &self->hot.pools[torc_shirt_of(length)];
    struct torc_next_slot next;
    uint32_t taken = 0;
    for (; taken < count && torc_pool_next(pool, &next); taken++) {
        take_slot(self, pool, &next, &claims[taken]);
        self->stall[1 + torc_shirt_of(length)].since = 0;
    }
    return taken;
}

static void open_slot_entry(struct publisher *self, const struct torc_claim *claim) {
    struct torc_entry *entry = lane_entry(self, claim->sequence);
    torc_store_relaxed32(&entry->header_word, (uint32_t)claim->length | TORC_ENTRY_SLOT);
    torc_store_relaxed64(&entry->body.word[0], claim->slot);
    torc_claim_note_held(self, claim->sequence);
}

static void open_inline_entry(struct publisher *self, struct torc_claim *claim) {
    struct torc_entry *entry = lane_entry(self, claim->sequence);
    torc_store_relaxed32(&entry->header_word, (uint32_t)claim->length);
    claim->data = torc_entry_bytes(entry);
}

/* Claims that were not made after all; settling one of them is refused. */
static void unmake(struct torc_claim *claims, uint32_t from, uint32_t to) {
    for (; from < to; from++) {
        claims[from].state = CLAIM_SETTLED;
    }
}

uint32_t torc_claim_some(struct publisher *self, uint32_t type, size_t length, struct torc_claim *claims,
                         size_t count) {
    uint64_t sequence = lane_claimed(self), room = torc_load_relaxed64(&self->hot.room);
    uint64_t used = sequence - self->hot.base;
    bool in_slot = length >= self->inline_limit;
    uint32_t some, wanted;
    if (used >= room || self->shared || length > TORC_XL_BYTES) {
        return 0;
    }
    some = (uint32_t)(count < room - used ? count : room - used);
    for (uint32_t i = 0; i < some; i++) {
        claims[i].slot = 0;
        fill_claim(&claims[i], type, length, sequence + i);
    }
    wanted = some;
    some = in_slot ? take_slots(self, length, claims, some) : some;
    unmake(claims, some, wanted);
    if (some == 0) {
        return 0;
    }
    torc_claim_unfold(self);
    if (!take_sequences(self, sequence, some)) {
        for (uint32_t i = 0; in_slot && i < some; i++) {
            torc_bank_put_back(&self->bank, claims[i].slot);
        }
        unmake(claims, 0, some);
        return 0;
    }
    self->open_claims += some;
    for (uint32_t i = 0; i < some; i++) {
        fetch_line(lane_entry(self, claims[i].sequence + some));
        if (in_slot) {
            open_slot_entry(self, &claims[i]);
        } else {
            open_inline_entry(self, &claims[i]);
        }
    }
    return some;
}
