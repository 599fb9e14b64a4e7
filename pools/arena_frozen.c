/* pools/arena_frozen.c - one buffer, many readers: the guard counts them. */
#include "arena.h"

#include <torc/buffers.h>

#define COUNT_SHIFT 44
#define LESS_COUNT  (TORC_GUARD_COUNT_ONE - 1)

/* Is the guard still that of this buffer, with at least one handle? */
static bool alive(uint64_t word, const struct torc_frozen *frozen) {
    return (word & LESS_COUNT) == frozen->word && word >= TORC_GUARD_COUNT_ONE;
}

int torc_buffer_freeze(struct torc_buffer *buffer, struct torc_frozen *frozen) {
    if (buffer == NULL || buffer->arena == NULL || frozen == NULL) {
        return TORC_INVALID;
    }
    if (torc_load_relaxed64(torc_guard_of(buffer->data)) != buffer->word) {
        return TORC_STALE;
    }
    frozen->arena = buffer->arena;
    frozen->data = buffer->data;
    frozen->length = buffer->length;
    frozen->word = (buffer->word & LESS_COUNT) | TORC_GUARD_FROZEN;
    torc_store_relaxed64(torc_guard_of(buffer->data), frozen->word | TORC_GUARD_COUNT_ONE);
    *buffer = TORC_BUFFER_NULL;
    return TORC_OK;
}

/* Relaxed: the caller's own handle already orders the bytes before this. */
int torc_frozen_clone(const struct torc_frozen *frozen, struct torc_frozen *clone) {
    uint64_t found;
    if (frozen == NULL || frozen->arena == NULL || clone == NULL) {
        return TORC_INVALID;
    }
    found = torc_load_relaxed64(torc_guard_of(frozen->data));
    do {
        if (!alive(found, frozen)) {
            return TORC_STALE;
        }
        if (found >> COUNT_SHIFT >= TORC_FROZEN_LIMIT) {
            return TORC_REF_LIMIT;
        }
    } while (!torc_cas_relaxed64(torc_guard_of(frozen->data), &found, found + TORC_GUARD_COUNT_ONE));
    *clone = *frozen;
    return TORC_OK;
}

/* As with a fixed buffer nothing of the arena may be touched once the last handle's store is done. What the others read
 * happens before it, through the chain of read-modify-writes (DROP). */
int torc_frozen_release(struct torc_frozen *frozen) {
    struct torc_arena_point *point;
    torc_a64 *guard;
    uint64_t found;
    uint64_t next;
    if (frozen == NULL || frozen->arena == NULL) {
        return TORC_INVALID;
    }
    point = frozen->arena->point;
    guard = torc_guard_of(frozen->data);
    found = torc_load_relaxed64(guard);
    do {
        if (!alive(found, frozen)) {
            return TORC_STALE;
        }
        next = found >> COUNT_SHIFT == 1 ? found & TORC_GUARD_LINK : found - TORC_GUARD_COUNT_ONE;
    } while (!torc_cas_acq_rel64(guard, &found, next)); /* DROP; GUARD for the last one */
    frozen->arena = NULL;
    torc_barrier_light(0); /* RETURN */
    if (TORC_UNLIKELY(torc_load_relaxed32(&point->watched) != 0)) {
        torc_arena_returned_slow(point);
    }
    return TORC_OK;
}

uint64_t torc_frozen_count(const struct torc_frozen *frozen) {
    uint64_t word = frozen == NULL || frozen->arena == NULL ? 0 : torc_load_acquire64(torc_guard_of(frozen->data));
    return word != 0 && alive(word, frozen) ? word >> COUNT_SHIFT : 0;
}
