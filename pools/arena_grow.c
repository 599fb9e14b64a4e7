/* pools/arena_grow.c - extendable buffers: they take the free space behind them, and move only where there is none. */
#include "arena.h"

#include <torc/buffers.h>

/* Payload of a fresh one; after that it at least doubles. */
#define FIRST_CAPACITY 248u

static uint64_t end_of(const struct torc_buffer *buffer) {
    return buffer->word & TORC_GUARD_LINK;
}

/* Where its region would end with so much payload. */
static uint64_t end_with(const struct torc_buffer *buffer, size_t capacity) {
    return torc_arena_offset(buffer) + TORC_ARENA_REGION(capacity);
}

static void set_end(struct torc_buffer *buffer, uint64_t end) {
    buffer->word = (buffer->word & ~TORC_GUARD_LINK) | end;
    torc_store_relaxed64(torc_guard_of(buffer->data), buffer->word);
}

/* The region [from, to) behind an open buffer is free again. The cursor comes back if it stood behind it. */
static void give_back(struct torc_arena *arena, uint64_t from, uint64_t to) {
    if (arena->cursor == to) {
        torc_arena_rewind(arena, from);
        torc_arena_limit(arena);
    } else {
        torc_store_relaxed64(torc_arena_guard(arena, from), to);
    }
}

/* Is this the buffer that is open here, unchanged? */
static int check(const struct torc_extendable *extendable) {
    const struct torc_buffer *buffer;
    if (extendable == NULL || extendable->buffer.arena == NULL) {
        return TORC_INVALID;
    }
    buffer = &extendable->buffer;
    if (!torc_arena_mine(buffer->arena)) {
        return TORC_WRONG_THREAD;
    }
    return buffer->arena->open == torc_arena_offset(buffer) + 1 &&
                   torc_load_relaxed64(torc_guard_of(buffer->data)) == buffer->word
               ? TORC_OK
               : TORC_STALE;
}

int torc_arena_open(struct torc_arena *arena, size_t alignment, struct torc_extendable *extendable) {
    int status;
    if (arena == NULL || extendable == NULL) {
        return TORC_INVALID;
    }
    if (!torc_arena_mine(arena)) {
        return TORC_WRONG_THREAD;
    }
    if (arena->open != 0) {
        return TORC_BUSY;
    }
    status = torc_arena_alloc_aligned(arena, FIRST_CAPACITY, alignment, &extendable->buffer);
    if (status == TORC_POOL_DRY || status == TORC_TOO_BIG) {
        status = torc_arena_alloc_aligned(arena, 1, alignment, &extendable->buffer);
    }
    if (status == TORC_OK) {
        extendable->alignment = alignment;
        arena->open = torc_arena_offset(&extendable->buffer) + 1;
    }
    return status;
}

/* Joins the free regions behind `end`, up to `want`; what is beyond stays free. Returns where that ends. */
static uint64_t take_behind(struct torc_arena *arena, uint64_t end, uint64_t want) {
    uint64_t to = end;
    uint64_t taken;
    torc_arena_settle(arena);
    while (to < want && to < arena->bytes) {
        uint64_t word = torc_arena_look(arena, to); /* GUARD */
        if ((word & TORC_GUARD_IN_USE) != 0) {
            break;
        }
        to = word & TORC_GUARD_LINK;
    }
    taken = to < want ? to : want;
    if (taken < to) {
        torc_store_relaxed64(torc_arena_guard(arena, taken), to);
    }
    if (arena->cursor >= end && arena->cursor < to) {
        arena->cursor = taken;
        arena->end = to;
    }
    torc_arena_limit(arena);
    return taken;
}

/* Copies what is written to a larger region elsewhere. */
static int move(struct torc_extendable *extendable, size_t want, size_t least) {
    struct torc_buffer *from = &extendable->buffer;
    struct torc_arena *arena = from->arena;
    struct torc_buffer to;
    int status = torc_arena_alloc_aligned(arena, want, extendable->alignment, &to);
    if (status != TORC_OK) {
        status = torc_arena_alloc_aligned(arena, least, extendable->alignment, &to);
    }
    if (status != TORC_OK) {
        return status;
    }
    memcpy(to.data, from->data, from->length);
    to.length = from->length;
    torc_store_relaxed64(torc_guard_of(from->data), from->word & TORC_GUARD_LINK); /* it never left this thread */
    *from = to;
    arena->open = torc_arena_offset(&to) + 1;
    return TORC_OK;
}

int torc_extend_reserve(struct torc_extendable *extendable, size_t spare) {
    int status = check(extendable);
    struct torc_buffer *buffer;
    size_t least;
    size_t want;
    if (status != TORC_OK || spare <= torc_buffer_spare(&extendable->buffer)) {
        return status;
    }
    buffer = &extendable->buffer;
    if (spare > buffer->arena->bytes || buffer->length + spare > buffer->arena->bytes) {
        return TORC_TOO_BIG;
    }
    least = buffer->length + spare;
    want = least > 2 * buffer->capacity ? least : 2 * buffer->capacity;
    set_end(buffer, take_behind(buffer->arena, end_of(buffer), end_with(buffer, want)));
    buffer->capacity = (size_t)(end_of(buffer) - torc_arena_offset(buffer)) - 8;
    return least <= buffer->capacity ? TORC_OK : move(extendable, want, least);
}

/* What fits where all of it does not: as much as the region came to. More than the store is as good as all of it. */
size_t torc_extend_write_slow(struct torc_extendable *extendable, const void *data, size_t length) {
    size_t most;
    if (data == NULL || check(extendable) != TORC_OK) {
        return 0;
    }
    most = (size_t)extendable->buffer.arena->bytes - extendable->buffer.length;
    length = length < most ? length : most;
    (void)torc_extend_reserve(extendable, length);
    return torc_buffer_write(&extendable->buffer, data, length);
}

int torc_extend_finish(struct torc_extendable *extendable, struct torc_buffer *buffer) {
    int status = check(extendable);
    uint64_t end;
    if (status != TORC_OK || buffer == NULL) {
        return status == TORC_OK ? TORC_INVALID : status;
    }
    end = end_with(&extendable->buffer, extendable->buffer.length);
    if (end < end_of(&extendable->buffer)) {
        give_back(extendable->buffer.arena, end, end_of(&extendable->buffer));
        set_end(&extendable->buffer, end);
    }
    extendable->buffer.arena->open = 0;
    extendable->buffer.capacity = extendable->buffer.length;
    *buffer = extendable->buffer;
    extendable->buffer = TORC_BUFFER_NULL;
    return TORC_OK;
}

int torc_extend_cancel(struct torc_extendable *extendable) {
    int status = check(extendable);
    if (status == TORC_OK) {
        extendable->buffer.arena->open = 0;
        give_back(extendable->buffer.arena, torc_arena_offset(&extendable->buffer), end_of(&extendable->buffer));
        extendable->buffer = TORC_BUFFER_NULL;
    }
    return status;
}
