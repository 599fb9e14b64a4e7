/* pools/arena.c - an arena is made, hands buffers out, and is looked over. */
#include "arena.h"
#include "../src/wait.h"

#include <stdlib.h>
#include <unistd.h>

TORC_STATIC_ASSERT(offsetof(struct torc_arena, cursor) == TORC_LINE,
                   "releasers read a line that the owner does not write");
TORC_STATIC_ASSERT(sizeof(struct torc_arena) % TORC_LINE == 0, "the store begins on a line");

/* The first turn. It grows as soon as it has to. */
#define FIRST_TURN 16384u

/* --- making ------------------------------------------------------------------------------------------------- */

static struct torc_arena *lay_out(void *memory, size_t bytes) {
    struct torc_arena *arena = memory;
    memset(arena, 0, sizeof *arena);
    arena->base = (unsigned char *)memory + sizeof *arena + TORC_ARENA_GRAIN;
    arena->bytes = (bytes - sizeof *arena - TORC_ARENA_GRAIN) & ~(uint64_t)(TORC_ARENA_GRAIN - 1);
    arena->point = torc_arena_point_for(arena);
    arena->fence = torc_membarrier_setup();
    if (arena->fence != 0) {
        torc_arena_set_fence(arena->point);
    }
    arena->magic = TORC_ARENA_MAGIC;
    arena->number = TORC_GUARD_IN_USE;
    arena->owner = torc_thread_token();
    arena->end = arena->bytes;
    arena->turn = arena->bytes < FIRST_TURN ? arena->bytes : FIRST_TURN;
    torc_arena_limit(arena);
    torc_arena_settle(arena);
    return arena;
}

int torc_arena_create_at(void *memory, size_t bytes, struct torc_arena **arena) {
    if (memory == NULL || arena == NULL || (uintptr_t)memory % TORC_LINE != 0 || bytes < TORC_ARENA_BYTES(1)) {
        return TORC_INVALID;
    }
    if (bytes > TORC_ARENA_LARGEST) {
        return TORC_TOO_BIG;
    }
    *arena = lay_out(memory, bytes);
    return TORC_OK;
}

/* Every page is touched now, so that no allocation ever meets a page fault. */
int torc_arena_create(size_t bytes, struct torc_arena **arena) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t all;
    unsigned char *memory;
    if (arena == NULL || bytes == 0) {
        return TORC_INVALID;
    }
    if (bytes > TORC_ARENA_LARGEST - TORC_ARENA_BYTES(16)) {
        return TORC_TOO_BIG;
    }
    all = (TORC_ARENA_BYTES(bytes) + TORC_LINE - 1) & ~(size_t)(TORC_LINE - 1);
    memory = aligned_alloc(TORC_LINE, all);
    if (memory == NULL) {
        return TORC_NO_MEMORY;
    }
    for (size_t at = 0; at < all; at += page) {
        memset(memory + at, 0, 1);
    }
    *arena = lay_out(memory, TORC_ARENA_BYTES(bytes));
    (*arena)->memory = memory;
    return TORC_OK;
}

int torc_arena_adopt(struct torc_arena *arena) {
    if (arena == NULL || arena->magic != TORC_ARENA_MAGIC || (arena->local != 0 && !torc_arena_mine(arena))) {
        return TORC_INVALID;
    }
    arena->owner = torc_thread_token();
    return TORC_OK;
}

/* --- allocating --------------------------------------------------------------------------------------------- */

/* The first bytes of the region at the cursor, up to an aligned place, become a free region of their own. */
static void step_over(struct torc_arena *arena, size_t alignment) {
    uint64_t at = arena->cursor + torc_arena_pad(arena, arena->cursor, alignment);
    if (alignment > TORC_ARENA_GRAIN && at != arena->cursor) {
        torc_store_relaxed64(torc_arena_guard(arena, arena->cursor), at);
        arena->cursor = at;
    }
}

int torc_arena_alloc_aligned(struct torc_arena *arena, size_t size, size_t alignment, struct torc_buffer *buffer) {
    if (arena == NULL || buffer == NULL || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        return TORC_INVALID;
    }
    if (!torc_arena_mine(arena)) {
        return TORC_WRONG_THREAD;
    }
    if (size > arena->bytes || alignment > arena->bytes || TORC_ARENA_REGION(size) > arena->bytes) {
        return TORC_TOO_BIG;
    }
    if (!torc_arena_find(arena, size, alignment)) {
        return TORC_POOL_DRY;
    }
    step_over(arena, alignment);
    torc_arena_cut(arena, arena->cursor + TORC_ARENA_REGION(size), size, buffer);
    return TORC_OK;
}

/* --- looking ------------------------------------------------------------------------------------------------ */

int torc_arena_is_valid(struct torc_arena *arena) {
    bool at_cursor = false;
    uint64_t at = 0;
    if (arena == NULL || arena->magic != TORC_ARENA_MAGIC) {
        return TORC_INVALID;
    }
    if (!torc_arena_mine(arena)) {
        return TORC_WRONG_THREAD;
    }
    torc_arena_settle(arena);
    while (at < arena->bytes) {
        uint64_t word = torc_arena_look(arena, at);
        uint64_t next = word & TORC_GUARD_LINK;
        bool free_region = (word & TORC_GUARD_IN_USE) == 0;
        at_cursor = at_cursor || at == arena->cursor;
        if (next <= at || next > arena->bytes || (free_region && word != next) ||
            (at == arena->cursor && arena->end > at && (!free_region || next != arena->end))) {
            return TORC_CORRUPT;
        }
        at = next;
    }
    at_cursor = at_cursor || arena->cursor == arena->bytes;
    return at_cursor && arena->cursor <= arena->limit && arena->turn <= arena->bytes &&
                   (arena->limit <= arena->end || arena->limit == arena->cursor)
               ? TORC_OK
               : TORC_CORRUPT;
}

int torc_arena_stats(struct torc_arena *arena, struct torc_arena_stats *stats) {
    uint64_t next;
    uint64_t run = 0;
    if (stats == NULL || arena == NULL || arena->magic != TORC_ARENA_MAGIC) {
        return TORC_INVALID;
    }
    if (!torc_arena_mine(arena)) {
        return TORC_WRONG_THREAD;
    }
    torc_arena_settle(arena);
    *stats = (struct torc_arena_stats){.bytes = (size_t)arena->bytes, .turn = (size_t)arena->turn};
    for (uint64_t at = 0; at < arena->bytes; at = next) {
        uint64_t word = torc_arena_look(arena, at);
        bool used = (word & TORC_GUARD_IN_USE) != 0;
        next = word & TORC_GUARD_LINK;
        run = used ? 0 : run + next - at;
        stats->used += used ? (size_t)(next - at) : 0;
        stats->buffers += used;
        stats->regions += !used;
        stats->largest = run > stats->largest + 8 ? (size_t)run - 8 : stats->largest;
    }
    return TORC_OK;
}
