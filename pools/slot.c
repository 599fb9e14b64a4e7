/* pools/slot.c - the slot word: the slow paths of clone and release, and what the last release does.
 *
 * A word goes (0, g) -> (1, g) by its owner's plain store, then up and down by compare-and-swap, then (1, g) -> (0, g +
 * 1) by the last release. Every transition checks the generation, so a handle of an earlier generation finds nothing to
 * change. A last release that has work to do on the payload passes through (FREEING, g + 1), in which the slot is
 * neither free nor anybody's. On a bus that may be destroyed later every last release does, and what makes the slot
 * free is its last access to the bus: whoever finds every slot free, and that acquired, may take the bus down
 * (src/later.c). Elsewhere a release still looks for waiters behind it, the sole owner's in torc/ringptr.h too. */
#include "pool.h"
#include "bank.h"
#include "xxl.h"
#include "../src/wait.h"

#include <string.h>

static int refuse(const struct torc_bus *bus) {
    if (torc_is_forked(bus)) {
        return TORC_FORKED; /* the count of refusals may be shared with the parent */
    }
    (void)torc_add_relaxed64(bus->refused, 1);
    return TORC_STALE;
}

int torc_ringptr_clone_slow(struct torc_ringptr ptr, uint64_t found) {
    struct torc_slot *slot = torc_slot_of(ptr.bus, ptr.id);
    if (slot == NULL) {
        return refuse(ptr.bus);
    }
    do {
        if (!torc_word_owned_by(found, ptr.id)) {
            return refuse(ptr.bus);
        }
        if (torc_word_count(found) >= TORC_COUNT_LIMIT) {
            return TORC_REF_LIMIT;
        }
    } while (!torc_cas_relaxed64(&slot->word, &found, found + TORC_COUNT_ONE));
    return TORC_OK;
}

/* Relaxed: the caller has acquired the stamp that made the payload visible, and a slot that is still in that generation
 * has not left it since. What its owner takes back by a plain store is below `alone` (REAP). */
bool torc_slot_pin(const struct torc_bus *bus, uint64_t id, uint64_t sequence) {
    struct torc_slot *slot = torc_slot_of(bus, id);
    uint64_t found = slot == NULL ? 0 : torc_load_relaxed64(&slot->word);
    if (slot == NULL || (int64_t)(torc_load_relaxed64(&torc_pool_of(bus, id)->ctl->alone) - sequence) > 0) {
        return false;
    }
    do {
        if (!torc_word_owned_by(found, id) || torc_word_count(found) >= TORC_COUNT_LIMIT) {
            return false;
        }
    } while (!torc_cas_relaxed64(&slot->word, &found, found + TORC_COUNT_ONE));
    return true;
}

static uint64_t freeing(uint64_t word) {
    return (torc_word_generation(word) + 1) | (TORC_COUNT_FREEING << TORC_COUNT_SHIFT);
}

static bool may_go_later(const struct torc_pool_view *pool) {
    return torc_load_relaxed32(&pool->later) != TORC_LATER_NEVER;
}

uint64_t torc_word_after_drop(const struct torc_pool_view *pool, uint64_t word) {
    return pool->xxl != NULL || TORC_DEBUG >= 2 ? freeing(word) : torc_word_generation(word) + 1;
}

void torc_wake_owner_slow(const struct torc_pool_view *pool) {
    torc_waitpoint_wake(pool->space);
}

void torc_slot_clean(struct torc_pool_view *pool, uint32_t index) {
    if (pool->xxl != NULL) {
        torc_xxl_free(pool, index);
    } else if (TORC_DEBUG >= 2) {
        memset(pool->payload + (size_t)index * pool->size, 0xDB, pool->size);
    }
}

static void look_for_waiters(const struct torc_bus *bus, const struct torc_pool_view *pool) {
    torc_barrier_light(bus->fence); /* SPACE, LATER */
    if (TORC_UNLIKELY(torc_load_relaxed32(&pool->space->waiting) != 0)) {
        torc_wake_owner_slow(pool);
    }
}

/* A sole owner that releases the same handle once more, at the same moment, stores over FREEING and may have handed the
 * slot out again: then it is not ours to free, hence the swap. */
static void free_at_last(const struct torc_bus *bus, const struct torc_pool_view *pool, struct torc_slot *slot,
                         uint64_t word) {
    look_for_waiters(bus, pool);
    if (TORC_UNLIKELY(torc_load_relaxed32(&pool->later) == TORC_LATER_DUE)) {
        torc_later_free(bus, slot, word);
    } else {
        (void)torc_cas_release64(&slot->word, &word, torc_word_generation(word)); /* FREE; the bus may be gone now */
    }
}

static uint64_t word_after_last(const struct torc_pool_view *pool, uint64_t word) {
    return may_go_later(pool) ? freeing(word) : torc_word_after_drop(pool, word);
}

/* What follows the last release. `word` is what it has left in the slot. */
static void slot_free(const struct torc_bus *bus, uint64_t id, uint64_t word) {
    struct torc_pool_view *pool = torc_pool_of(bus, id);
    struct torc_slot *slot = torc_slot_of(bus, id);
    if (torc_word_count(word) == TORC_COUNT_FREEING) {
        torc_slot_clean(pool, torc_id_index(bus, id));
        if (TORC_UNLIKELY(may_go_later(pool))) {
            free_at_last(bus, pool, slot, word);
            return;
        }
        torc_store_release64(&slot->word, torc_word_generation(word)); /* FREE */
    }
    look_for_waiters(bus, pool);
}

int torc_ringptr_release_slow(struct torc_ringptr ptr, uint64_t found) {
    const struct torc_bus *bus = ptr.bus;
    struct torc_slot *slot = torc_slot_of(bus, ptr.id);
    uint64_t next;
    if (TORC_UNLIKELY(slot == NULL)) {
        return refuse(bus);
    }
    do {
        if (!torc_word_owned_by(found, ptr.id)) {
            return refuse(bus);
        }
        if (torc_word_count(found) >= TORC_COUNT_SATURATED) {
            return TORC_REF_LIMIT;
        }
        next = found - TORC_COUNT_ONE;
        if (torc_word_count(found) == 1) {
            next = word_after_last(torc_pool_of(bus, ptr.id), found);
        }
    } while (!torc_cas_acq_rel64(&slot->word, &found, next)); /* DROP; FREE for the last one */
    if (torc_word_count(found) == 1) {
        slot_free(bus, ptr.id, next);
    }
    return TORC_OK;
}

/* By another thread than the pool's owner, of a handle that was never cloned: the last release, most likely. The record
 * is the owner's line as a rule, so it is not looked at first, which would fetch it twice. Nothing is done with the
 * payload, so this needs no acquire: who is given the slot next acquires, and earlier releases head the same release
 * sequence. */
int torc_ringptr_release_far(struct torc_ringptr ptr, struct torc_slot *slot) {
    const struct torc_pool_view *pool = torc_pool_of(ptr.bus, ptr.id);
    uint64_t alone = (ptr.id & TORC_GENERATION_MASK) | TORC_COUNT_ONE;
    if (TORC_UNLIKELY(TORC_DEBUG >= 2 || pool->xxl != NULL || may_go_later(pool) ||
                      !torc_cas_release64(&slot->word, &alone, (alone & TORC_GENERATION_MASK) + 1))) { /* FREE */
        return torc_ringptr_release_slow(ptr, alone);
    }
    look_for_waiters(ptr.bus, pool);
    return TORC_OK;
}

/* The slot of a handle that is alive, or NULL. */
static const struct torc_slot *live_slot(struct torc_ringptr ptr) {
    const struct torc_slot *slot = ptr.bus == NULL ? NULL : torc_slot_of(ptr.bus, ptr.id);
    if (slot == NULL || !torc_word_owned_by(torc_load_acquire64(&slot->word), ptr.id)) {
        return NULL;
    }
    return slot;
}

bool torc_ringptr_is_valid(struct torc_ringptr ptr) {
    return live_slot(ptr) != NULL;
}

uint64_t torc_ringptr_count(struct torc_ringptr ptr) {
    const struct torc_slot *slot = live_slot(ptr);
    return slot == NULL ? 0 : torc_word_count(torc_load_relaxed64(&slot->word));
}

size_t torc_ringptr_length(struct torc_ringptr ptr) {
    const struct torc_slot *slot = live_slot(ptr);
    return slot == NULL ? 0 : (size_t)(torc_load_relaxed64(&slot->meta) & UINT32_MAX);
}

uint32_t torc_ringptr_type(struct torc_ringptr ptr) {
    const struct torc_slot *slot = live_slot(ptr);
    return slot == NULL ? 0 : (uint32_t)(torc_load_relaxed64(&slot->meta) >> 32);
}

int torc_ringptr_shirt(struct torc_ringptr ptr) {
    if (live_slot(ptr) == NULL) {
        return -1;
    }
    return (int)torc_pool_of(ptr.bus, ptr.id)->ctl->shirt;
}

/* An XXL block. */
const void *torc_slot_data_slow(const struct torc_bus *bus, uint64_t id) {
    const struct torc_pool_view *pool = torc_pool_of(bus, id);
    return pool->xxl->block[TORC_ID_NUMBER(id) - pool->first].data;
}
