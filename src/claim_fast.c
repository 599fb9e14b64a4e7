/* claim_fast.c - claims where nothing is in the way: room in the lane, the next slot to be had, nobody who copies.
 *
 * A claim that is the only open one is written to its entry when it is committed, all at once: the reader that is waiting for this
 * entry polls its line, and each store that finds it gone has to fetch it back from the other core. Until then it is noted
 * here; whoever needs it in its entry unfolds it first: a further claim, an abort, an end. Readers that copy
 * may join meanwhile. They do not look at this entry before its stamp (COPY: they begin less than a lap before the claim).
 *
 * Who may run at the same time: as in claim.c. */
#include "probe.h"
#include "space.h"

/* The claim was taken back, as the bus is closed or somebody copies now. A reader may have seen it and gone to sleep over it. */
static void claim_again(struct publisher *self, uint64_t sequence) {
    torc_store_release64(&self->hot.lane->claimed, sequence); /* CLAIMED */
    (void)torc_closed_off(self);
}

/* CLOSE and COPY: claimed first, then room, which is 0 where somebody copies, too. The publisher itself has opened it again after it
 * acquired that nobody does. */
static bool take_sequences(struct publisher *self, uint64_t sequence, uint32_t count) {
    torc_store_release64(&self->hot.lane->claimed, sequence + count); /* CLAIMED */
    torc_barrier_light(self->hot.fence);
    if (TORC_UNLIKELY(torc_load_relaxed64(&self->hot.room) == 0)) {
        claim_again(self, sequence);
        return false;
    }
    self->open_claims += count;
    self->hot.inline_limit = 0; /* torc_publish takes the slow path while claims are open */
    return true;
}

static inline struct torc_claim new_claim(uint32_t type, size_t length, uint64_t sequence) {
    return (struct torc_claim){.length = length, .type = type, .state = CLAIM_OPEN, .sequence = sequence};
}

static inline void give_slot(const struct torc_pool_view *pool, const struct torc_next_slot *next,
                             struct torc_claim *claim) {
    claim->slot = torc_id_of(pool, next->index, next->word);
    claim->data = pool->payload + (size_t)next->index * pool->size;
}

bool torc_claim_lone(struct publisher *self, uint32_t type, size_t length, struct torc_claim *claim) {
    uint64_t sequence = lane_claimed(self);
    const struct torc_pool_view *pool = NULL;
    struct torc_next_slot next = {0, 0};
    if (self->open_claims != 0 || self->shared || length > TORC_XL_BYTES ||
        sequence - self->hot.base >= torc_load_relaxed64(&self->hot.room)) {
        return false;
    }
    if (length >= self->inline_limit) {
        pool = &self->hot.pools[torc_shirt_of(length)];
        if (!torc_pool_next(pool, &next)) {
            return false;
        }
    }
    if (!take_sequences(self, sequence, 1)) {
        return false;
    }
    *claim = new_claim(type, length, sequence);
    if (pool != NULL) {
        torc_pool_take_next(pool, &next);
        give_slot(pool, &next, claim);
        self->stall[1 + torc_shirt_of(length)].since = 0;
    } else {
        claim->data = lane_entry(self, sequence)->body.bytes;
    }
    self->lone = (struct lone_claim){sequence, claim->slot, pool, next.index, (uint32_t)length};
    return true;
}

/* What open_entry() in claim.c does at once. */
void torc_claim_unfold(struct publisher *self) {
    struct lone_claim lone = self->lone;
    if (TORC_LIKELY(lone.length == NOT_LONE)) {
        return;
    }
    self->lone.length = NOT_LONE;
    torc_store_release32(&lane_entry(self, lone.sequence)->header_word,
                         lone.length | (lone.slot != 0 ? TORC_ENTRY_SLOT : 0));
    if (lone.slot != 0) {
        torc_store_release64(&lane_entry(self, lone.sequence)->body.word[0], lone.slot);
        torc_claim_note_held(self, lone.sequence);
    }
}

bool torc_commit_lone(struct publisher *self, struct torc_claim *claim) {
    const struct lone_claim *lone = &self->lone;
    struct torc_entry *entry = lane_entry(self, lone->sequence);
    uint32_t length = (uint32_t)claim->length;
    if (lone->length == NOT_LONE || claim->state != CLAIM_OPEN || claim->sequence != lone->sequence ||
        claim->slot != lone->slot || claim->length > lone->length) {
        return false;
    }
    if (lone->pool != NULL) {
        torc_store_relaxed64(&lone->pool->slots[lone->index].meta, length | ((uint64_t)claim->type << 32));
        torc_store_relaxed64(torc_pool_mark(lone->pool, lone->index), torc_mark_of(lone->sequence));
        torc_claim_note_held(self, lone->sequence);
        torc_store_release64(&entry->body.word[0], lone->slot);
    }
    torc_store_release32(&entry->header_word, length | (lone->pool != NULL ? TORC_ENTRY_SLOT : 0));
    torc_store_release32(&entry->type_word, claim->type);
    torc_store_release64(&entry->stamp, lone->sequence + 1); /* STAMP */
    TORC_PROBE2(publish, self->index, lone->sequence);
    self->lone.length = NOT_LONE;
    claim->state = CLAIM_SETTLED;
    torc_claims_settled(self, 1);
    return true;
}

/* --- several at once ------------------------------------------------------------------------------------------- */

/* Takes up to `count` slots; how many. */
static uint32_t take_slots(struct publisher *self, size_t length, struct torc_claim *claims, uint32_t count) {
    const struct torc_pool_view *pool = &self->hot.pools[torc_shirt_of(length)];
    struct torc_next_slot next;
    uint32_t taken = 0;
    for (; taken < count && torc_pool_next(pool, &next); taken++) {
        torc_pool_take_next(pool, &next);
        give_slot(pool, &next, &claims[taken]);
        self->stall[1 + torc_shirt_of(length)].since = 0;
    }
    return taken;
}

static void open_slot_entry(struct publisher *self, const struct torc_claim *claim) {
    struct torc_entry *entry = lane_entry(self, claim->sequence);
    torc_store_release32(&entry->header_word, (uint32_t)claim->length | TORC_ENTRY_SLOT);
    torc_store_release64(&entry->body.word[0], claim->slot);
    torc_claim_note_held(self, claim->sequence);
}

static void open_inline_entry(struct publisher *self, struct torc_claim *claim) {
    struct torc_entry *entry = lane_entry(self, claim->sequence);
    torc_store_release32(&entry->header_word, (uint32_t)claim->length);
    claim->data = entry->body.bytes;
}

uint32_t torc_claim_some(struct publisher *self, uint32_t type, size_t length, struct torc_claim *claims,
                         size_t count) {
    uint64_t sequence = lane_claimed(self), room = torc_load_relaxed64(&self->hot.room);
    uint64_t used = sequence - self->hot.base;
    bool in_slot = length >= self->inline_limit;
    uint32_t some;
    if (used >= room || self->shared || length > TORC_XL_BYTES) {
        return 0;
    }
    some = (uint32_t)(count < room - used ? count : room - used);
    for (uint32_t i = 0; i < some; i++) {
        claims[i] = new_claim(type, length, sequence + i);
    }
    some = in_slot ? take_slots(self, length, claims, some) : some;
    if (some == 0) {
        return 0;
    }
    torc_claim_unfold(self);
    if (!take_sequences(self, sequence, some)) {
        for (uint32_t i = 0; in_slot && i < some; i++) {
            torc_bank_put_back(&self->bank, claims[i].slot);
        }
        return 0;
    }
    for (uint32_t i = 0; i < some; i++) {
        if (in_slot) {
            open_slot_entry(self, &claims[i]);
        } else {
            open_inline_entry(self, &claims[i]);
        }
    }
    return some;
}
