/* torc/ringptr.h - a counted handle to an event, passed by value.
 *
 * A ringptr owns one reference. It comes from torc_keep (during a reader's turn), from torc_ringptr_claim (a fresh
 * slot), or from torc_ringptr_clone (one more reference). It keeps the payload alive and unchanged until the reference
 * is given back with torc_ringptr_release, on any thread. It is the same for pool slots, XXL blocks and copies of
 * inline events.
 *
 * A copy of the struct is the same reference, not a new one. Every clone and release checks the slot's generation, in
 * release builds too: a handle that was already released is refused with TORC_STALE, counted, and touches nothing.
 *
 *     struct torc_ringptr mine, theirs;
 *     torc_keep(reader, &event, &mine);
 *     torc_ringptr_clone(mine, &theirs);
 *     torc_actor_send(actor, theirs, TORC_FOREVER);     // on success the mailbox owns it
 *     torc_ringptr_release(mine); */
#ifndef TORC_RINGPTR_H
#define TORC_RINGPTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc/layout.h>
#include <torc/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct torc_ringptr {
    struct torc_bus *bus;
    uint64_t id; /* slot and generation; bit 63 is a hint for release, see below */
};

#ifdef __cplusplus
#define TORC_RINGPTR_NULL (torc_ringptr{NULL, 0})
#else
#define TORC_RINGPTR_NULL ((struct torc_ringptr){NULL, 0})
#endif

/* torc_ringptr_is_null: true for TORC_RINGPTR_NULL. */
static inline bool torc_ringptr_is_null(struct torc_ringptr ptr) {
    return ptr.bus == NULL;
}

/* torc_ringptr_equal: true if both refer to the same event (slot and generation). Compares values only. Any thread. */
static inline bool torc_ringptr_equal(struct torc_ringptr a, struct torc_ringptr b) {
    return a.bus == b.bus && ((a.id ^ b.id) & ~TORC_ID_SHARED) == 0;
}

/* torc_ringptr_generation: the slot's generation that this handle belongs to, 1..2^40-2. Any thread. */
static inline uint64_t torc_ringptr_generation(struct torc_ringptr ptr) {
    return ptr.id & TORC_GENERATION_MASK;
}

/* torc_ringptr_is_valid: true if the handle's slot exists and still carries its generation with at least one
 * reference. For a handle whose reference one owns the answer stays true; for others it is a snapshot. Any thread. */
bool torc_ringptr_is_valid(struct torc_ringptr ptr);

/* torc_ringptr_data: the payload, or NULL for a handle that is not valid. The pointer holds as long as the reference.
 * The payload is shared: write to it only between torc_ringptr_claim and handing the first clone on. Any thread. */
TORC_INLINE const void *torc_ringptr_data(struct torc_ringptr ptr);

/* torc_ringptr_length, _type: of the event; 0 for a handle that is not valid. Any thread. */
size_t torc_ringptr_length(struct torc_ringptr ptr);
uint32_t torc_ringptr_type(struct torc_ringptr ptr);

/* torc_ringptr_shirt: which pool the slot is from (TORC_XS .. TORC_XXL), or -1 for a handle that is not valid. Copies
 * of inline events live in a slot of the reader's keep pool: XS, or what config.inline_bytes needs. Any thread. */
int torc_ringptr_shirt(struct torc_ringptr ptr);

/* torc_ringptr_count: the number of references at this moment, the ring's own included; 0 if not valid. Any thread. */
uint64_t torc_ringptr_count(struct torc_ringptr ptr);

/* torc_ringptr_clone: one more reference; *clone receives its handle (may be the same variable as the source's).
 * Any thread that owns `ptr`.
 * TORC_STALE: not a live handle. TORC_REF_LIMIT: 2^23 references already. TORC_INVALID: clone is NULL. On error *clone
 * is unchanged. */
TORC_INLINE int torc_ringptr_clone(struct torc_ringptr ptr, struct torc_ringptr *clone);

/* torc_ringptr_release: gives the reference back; the last one frees the slot (or the XXL block). Any thread, once per
 * reference.
 * TORC_STALE: already released, or never a handle: refused (two threads that wrongly release one never-cloned handle at
 * the same moment may both get TORC_OK; the slot is freed once). TORC_REF_LIMIT: the count is saturated and the slot is
 * leaked on purpose (see torc_pool_stats.saturated). */
TORC_INLINE int torc_ringptr_release(struct torc_ringptr ptr);

/* The paths that are not worth inlining. */
int torc_ringptr_clone_slow(struct torc_ringptr ptr, uint64_t found);
int torc_ringptr_release_slow(struct torc_ringptr ptr, uint64_t found);
int torc_ringptr_release_far(struct torc_ringptr ptr, struct torc_slot *slot);
const void *torc_slot_data_slow(const struct torc_bus *bus, uint64_t id);
void torc_wake_owner_slow(const struct torc_pool_view *pool);

/* Where the record of a handle's slot is, or NULL. A number that fills the gap behind a pool has one too; its count is
 * always 0. */
TORC_INLINE struct torc_slot *torc_slot_of(const struct torc_bus *bus, uint64_t id) {
    uint32_t number = TORC_ID_NUMBER(id);
    return TORC_LIKELY(number < bus->slot_count) ? &bus->slots[number] : NULL;
}

/* Which pool it is in; only for a number that has a slot. */
TORC_INLINE struct torc_pool_view *torc_pool_of(const struct torc_bus *bus, uint64_t id) {
    return bus->pool_of[TORC_ID_NUMBER(id) / TORC_SLOT_GRANULE];
}

/* The payload of a slot that cannot be freed meanwhile. */
TORC_INLINE const void *torc_slot_data(const struct torc_bus *bus, uint64_t id) {
    const struct torc_pool_view *pool = torc_pool_of(bus, id);
    return TORC_LIKELY(pool->payload != NULL) ? pool->payload + (size_t)(TORC_ID_NUMBER(id) - pool->first) * pool->size
                                              : torc_slot_data_slow(bus, id);
}

/* Both operations are one compare-and-swap of the slot word, which cannot harm another owner whatever the handle is (an
 * unconditional add or subtract could). Loading the word first would wait for the previous locked operation on it to
 * finish and costs nearly as much as the swap itself, so the first attempt guesses: bit 63 of the id, set by clone and
 * keep, says whether the reference is probably shared. A wrong guess costs one failed swap and never correctness. */
TORC_INLINE int torc_ringptr_clone(struct torc_ringptr ptr, struct torc_ringptr *clone) {
    uint64_t guess = (ptr.id & TORC_GENERATION_MASK) | (TORC_COUNT_ONE << (ptr.id >> 63));
    struct torc_slot *slot;
    if (TORC_UNLIKELY(ptr.bus == NULL || clone == NULL)) {
        return TORC_INVALID;
    }
    slot = torc_slot_of(ptr.bus, ptr.id);
    /* Relaxed: the caller's own reference already orders the payload before this. `clone` stays out of the slow call,
     * so that the compiler can keep it in registers: a store between two locked operations delays the second. */
    if (TORC_UNLIKELY(slot == NULL || !torc_cas_relaxed64(&slot->word, &guess, guess + TORC_COUNT_ONE))) {
        int status = torc_ringptr_clone_slow(ptr, guess);
        if (status != TORC_OK) {
            return status;
        }
    }
    clone->bus = ptr.bus;
    clone->id = ptr.id | TORC_ID_SHARED;
    return TORC_OK;
}

/* Sole owner: a handle that was never cloned, of a slot that never was in a ring, released by the thread that allocates
 * from its pool. Nobody else has a reference and no reader can pin what was never published, so a plain store frees it.
 * The thread matters for handles that are *not* what they claim: were another thread to free the slot at the same time,
 * only this one could hand it out again, and it is here (a publisher passed on to another thread makes that one the
 * owner at its next round of chores). The next claim shall have this slot again, while its lines are at hand. */
TORC_INLINE int torc_ringptr_release_fresh(struct torc_ringptr ptr) {
    uint64_t alone = (ptr.id & TORC_GENERATION_MASK) | TORC_COUNT_ONE;
    uint32_t number = (uint32_t)(ptr.id >> TORC_ID_SLOT_SHIFT); /* TORC_ID_NUMBER: bit 63 is 0 */
    struct torc_slot *slot;
    const struct torc_pool_view *pool;
    if (TORC_UNLIKELY(TORC_DEBUG >= 2 || number >= ptr.bus->slot_count)) {
        return torc_ringptr_release_slow(ptr, alone);
    }
    slot = &ptr.bus->slots[number];
    pool = ptr.bus->pool_of[number / TORC_SLOT_GRANULE];
    if (torc_load_relaxed64(&pool->owner) != torc_thread_token()) {
        return torc_ringptr_release_far(ptr, slot);
    }
    if (TORC_UNLIKELY(torc_load_acquire64(&slot->word) != alone)) { /* DROP */
        return torc_ringptr_release_slow(ptr, alone);
    }
    torc_store_relaxed32(&pool->ctl->recent, number);
    torc_store_release64(&slot->word, alone - TORC_COUNT_ONE + 1); /* FREE */
    torc_barrier_light(0); /* SPACE; where that takes a fence, a pool has no owner */
    if (TORC_UNLIKELY(torc_load_relaxed32(&pool->space->waiting) != 0)) {
        torc_wake_owner_slow(pool);
    }
    return TORC_OK;
}

TORC_INLINE int torc_ringptr_release(struct torc_ringptr ptr) {
    uint64_t guess = (ptr.id & TORC_GENERATION_MASK) | (TORC_COUNT_ONE << 1);
    struct torc_slot *slot;
    if (TORC_UNLIKELY(ptr.bus == NULL)) {
        return TORC_INVALID;
    }
    if (!(ptr.id & TORC_ID_SHARED)) {
        return torc_ringptr_release_fresh(ptr);
    }
    slot = torc_slot_of(ptr.bus, ptr.id);
    if (TORC_UNLIKELY(slot == NULL)) {
        return torc_ringptr_release_slow(ptr, 0);
    }
    /* DROP: what this owner read of the payload happens before the last release, which acquires. This is not the
     * last. */
    if (TORC_UNLIKELY(!torc_cas_release64(&slot->word, &guess, guess - TORC_COUNT_ONE))) {
        return torc_ringptr_release_slow(ptr, guess);
    }
    return TORC_OK;
}

/* Whoever handed the handle over made the payload visible with it: a mailbox, or any other synchronisation. */
TORC_INLINE const void *torc_ringptr_data(struct torc_ringptr ptr) {
    const struct torc_slot *slot;
    uint64_t word;
    if (TORC_UNLIKELY(ptr.bus == NULL || (slot = torc_slot_of(ptr.bus, ptr.id)) == NULL)) {
        return NULL;
    }
    word = torc_load_acquire64(&slot->word);
    if (TORC_UNLIKELY(word < TORC_COUNT_ONE || ((word ^ ptr.id) & TORC_GENERATION_MASK) != 0)) {
        return NULL;
    }
    return torc_slot_data(ptr.bus, ptr.id);
}

#ifdef __cplusplus
}
#endif
#endif
