/* pools/arena.h - what the files of the arena share. Owner only, unless said otherwise.
 *
 * Invariants, checked by torc_arena_is_valid:
 *   1. From offset 0, each guard's link leads to the next one, forward, and the last one to the end of the store.
 *   2. The region at the cursor is free, from `cursor` to `end`; only its guard may be out of date. It may be empty.
 *   3. cursor <= limit <= end, or the region is cut off by the end of the turn: limit = max(cursor, min(end, turn)).
 *   4. The guard of a region that is out is written by its holder alone, a free one's by the owner alone. */
#ifndef TORC_POOLS_ARENA_H
#define TORC_POOLS_ARENA_H

#include <torc/arena.h>

#define TORC_ARENA_MAGIC UINT32_C(0x6172656e)

static inline torc_a64 *torc_arena_guard(const struct torc_arena *arena, uint64_t at) {
    return torc_guard_of(arena->base + at);
}
/* The region that a buffer of this arena lies in. */
static inline uint64_t torc_arena_offset(const struct torc_buffer *buffer) {
    return (uint64_t)(buffer->data - buffer->arena->base);
}
/* Of a region whose guard was seen free with acquire, the bytes are the owner's again (GUARD). */
static inline uint64_t torc_arena_look(const struct torc_arena *arena, uint64_t at) {
    return torc_load_acquire64(torc_arena_guard(arena, at));
}
static inline bool torc_arena_mine(const struct torc_arena *arena) {
    return arena->owner == torc_thread_token();
}
/* The region at the cursor changed: how far may buffers be cut from it? */
static inline void torc_arena_limit(struct torc_arena *arena) {
    uint64_t limit = arena->end < arena->turn ? arena->end : arena->turn;
    arena->limit = limit > arena->cursor ? limit : arena->cursor;
}
/* The cursor goes back, to a place that it was at before: what is cut there must not be taken for what was. */
static inline void torc_arena_rewind(struct torc_arena *arena, uint64_t at) {
    arena->cursor = at;
    arena->number += TORC_GUARD_NUMBER_ONE;
}
/* Writes the guard of the region at the cursor, before the cursor leaves it or somebody walks. */
static inline void torc_arena_settle(struct torc_arena *arena) {
    if (arena->end > arena->cursor) {
        torc_store_relaxed64(torc_arena_guard(arena, arena->cursor), arena->end);
    }
}

/* Bytes from `at` to where a payload of this alignment may begin. */
static inline uint64_t torc_arena_pad(const struct torc_arena *arena, uint64_t at, size_t alignment) {
    return -(uint64_t)(uintptr_t)(arena->base + at) & (alignment - 1);
}

/* arena_find.c: moves the cursor to a region in which so many bytes can be cut; false: clogged. */
bool torc_arena_find(struct torc_arena *arena, size_t size, size_t alignment);

/* arena_return.c: merges what is free from the start of the store on; true if that is all of it. Owner, or whoever has
 * an abandoned arena to himself. torc_arena_out: how many are out. */
bool torc_arena_all_back(struct torc_arena *arena);
uint64_t torc_arena_out(struct torc_arena *arena);

/* arena_return.c: torc_arena_abandon, for the thread's own arena too. */
void torc_arena_leave(struct torc_arena *arena);

/* arena_return.c: the point for a new arena. set_fence: there is no membarrier. */
struct torc_arena_point *torc_arena_point_for(const struct torc_arena *arena);
void torc_arena_set_fence(struct torc_arena_point *point);

#endif
