/* pools/recent.c - the slot that was released last is handed out first, out of the ring's order, while its lines are at
 * hand.
 *
 * `recent` is a hint. The owner's release by plain store (torc/ringptr.h) leaves the slot's number there; whether the
 * slot is free is in its word, as for every other. So nothing depends on it: one that is forgotten, overwritten by a
 * thread that was the owner before, or stale because the sweep found the slot first, costs a look at a word, and the
 * sweep still finds every free slot. Only the pool's owner takes it: a thread that a publisher was passed on to goes on
 * in ring order, and so becomes the owner at its next chores.
 *
 * One slot that serves alone would come to its last generation while the others are new. In the second half of its
 * generations a slot is handed out in its turn only (TORC_RECENT_LAST). */
#include "pool.h"

uint32_t torc_pool_take_recent(const struct torc_pool_view *pool) {
    struct torc_pool_ctl *ctl = pool->ctl;
    uint32_t index = torc_load_relaxed32(&ctl->recent) - pool->first;
    uint64_t word;
    if (index >= pool->capacity || torc_load_relaxed64(&pool->owner) != torc_thread_token()) {
        return TORC_NO_SLOT;
    }
    torc_store_relaxed32(&ctl->recent, TORC_NO_SLOT);
    word = torc_load_acquire64(&pool->slots[index].word); /* FREE */
    if (word >= TORC_RECENT_LAST) {
        return TORC_NO_SLOT;
    }
    torc_store_relaxed64(&pool->slots[index].word, word + TORC_COUNT_ONE);
    torc_store_relaxed64(&ctl->allocations, torc_load_relaxed64(&ctl->allocations) + 1);
    return index;
}
