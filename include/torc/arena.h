/* torc/arena.h - a ring allocator for short-lived buffers of any size. Useful without a bus.
 *
 *   store     the memory that buffers are cut from: the caller's, or the arena's own
 *   guard     the one word before each region of the store: in use or free, and where the next guard is
 *   region    what lies between two guards: a buffer, or free
 *   cursor    where the next buffer is cut; it moves around the store and merges free neighbours as it goes
 *   turn      the part of the store that the cursor goes round in: about twice what is in use, so that it stays in cache
 *   out       a buffer that was not released yet
 *
 * Recipe, for the owner:                                    and for whoever was handed the buffer:
 *
 *     struct torc_buffer buffer;                                use(buffer.data, buffer.length);
 *     torc_arena_alloc(arena, 1000, &buffer);                   torc_buffer_release(&buffer);
 *     torc_buffer_write(&buffer, text, length);
 *     hand_over(buffer);         // by any synchronisation
 *
 * Buffers that grow while they are written, arrays, and buffers shared by several threads: torc/buffers.h.
 *
 * Threads: one owner, the thread that created the arena or adopted it, allocates; any thread releases, by one store. A
 * buffer belongs to one thread at a time. Copies of struct torc_buffer are the same buffer: use one of them.
 *
 * Sizing: twice the bytes that are out at one time, each counted with 8 bytes for its guard and rounded up to 16.
 * Larger does not make it slower: the turn grows only as far as it must. Smaller works down to what is out, with longer
 * searches. */
#ifndef TORC_ARENA_H
#define TORC_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <torc/atomic.h>
#include <torc/layout.h>
#include <torc/status.h>
#include <torc/time.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

/* A guard: bit 0 in use, bit 1 frozen, bits 4..35 the offset of the next guard, above them the number of the cursor's
 * turn, so that a handle can tell whether the buffer is still the one it was made for. Of a frozen buffer, bits 44..63
 * count its clones. */
#define TORC_GUARD_IN_USE     UINT64_C(1)
#define TORC_GUARD_FROZEN     UINT64_C(2)
#define TORC_GUARD_LINK       UINT64_C(0xFFFFFFFF0)
#define TORC_GUARD_NUMBER_ONE (UINT64_C(1) << 36)
#define TORC_GUARD_COUNT_ONE  (UINT64_C(1) << 44)

/* The largest store. Regions begin at multiples of TORC_ARENA_GRAIN; a guard stands in the 8 bytes before. */
#define TORC_ARENA_LARGEST ((size_t)((UINT64_C(1) << 36) - 4096))
#define TORC_ARENA_GRAIN   ((size_t)16)

/* What n bytes of payload take from the store, alignments up to 16. */
#define TORC_ARENA_REGION(n) (((size_t)(n) + 8u + 15u) & ~(size_t)15u)

/* Where those sleep who wait for buffers to come back. It outlives every arena: a releaser looks here after its store,
 * when the arena may be gone already. */
#define TORC_POINT_FENCE UINT32_C(0x80000000) /* no membarrier here: releasers look again after a fence */
struct torc_arena_point {
    torc_a32 watched; /* how many want to know of releases, and TORC_POINT_FENCE (RETURN) */
    struct torc_waitpoint sleep;
};

/* Touch none of it. */
struct torc_arena {
    /* Constant. */
    unsigned char *base; /* offset 0: the first region; its guard is before it */
    struct torc_arena_point *point;
    uint64_t bytes; /* of the store */
    uint32_t fence; /* 1: no membarrier */
    uint32_t magic;
    void *memory; /* its own to free, or NULL */
    unsigned char pad0[TORC_LINE - 16 - 3 * sizeof(void *)];

    /* Written by the owner. The region at the cursor is free; its guard is written when the cursor leaves it. */
    uint64_t cursor;
    uint64_t limit;  /* buffers may be cut up to here: `end`, or where the turn ends */
    uint64_t end;    /* of the region at the cursor */
    uint64_t number; /* of this turn, in place, and the bit that says in use: no place is used twice with one number */
    uint64_t owner;  /* the thread that allocates */
    uint64_t turn;   /* the cursor goes back to the start from here */
    uint64_t passed; /* bytes of this turn that the cursor went past, because they were in use or too small */
    uint64_t met;    /* how often in this turn the free space ahead ended at a buffer in use */
    uint64_t open;   /* where the open extendable buffer is, + 1; 0: none */
    uint32_t local;  /* 1: a thread's own, ends with it */
    struct torc_arena *next; /* list of abandoned arenas */
} TORC_ALIGNED_LINE;

/* A fixed buffer: data[0 .. length-1] is written, data[length .. capacity-1] is spare. Read the fields, write only
 * `data`'s bytes. */
struct torc_buffer {
    struct torc_arena *arena; /* NULL: no buffer */
    unsigned char *data;
    size_t length;
    size_t capacity;
    uint64_t word; /* library's: what the guard says while the buffer is out */
};

#ifdef __cplusplus
#define TORC_BUFFER_NULL (torc_buffer{NULL, NULL, 0, 0, 0})
#else
#define TORC_BUFFER_NULL ((struct torc_buffer){NULL, NULL, 0, 0, 0})
#endif

/* torc_arena_create: an arena with a store of its own of `bytes` bytes (rounded up to 16), every page touched. The
 * caller is the owner. Give it back with torc_arena_destroy or torc_arena_abandon.
 * TORC_INVALID: arena is NULL or bytes is 0. TORC_TOO_BIG: more than TORC_ARENA_LARGEST. TORC_NO_MEMORY. */
int torc_arena_create(size_t bytes, struct torc_arena **arena);

/* torc_arena_create_at: the same in the caller's memory, which it needs nothing beside: 64-byte aligned,
 * TORC_ARENA_BYTES(n) for a store of n bytes, untouched by others until torc_arena_destroy.
 * TORC_INVALID: NULL, misaligned, or too small for any store. */
#define TORC_ARENA_BYTES(n) (sizeof(struct torc_arena) + 16u + (((size_t)(n) + 15u) & ~(size_t)15u))
int torc_arena_create_at(void *memory, size_t bytes, struct torc_arena **arena);

/* torc_arena_adopt: the calling thread is the owner from now on. The one before must be done with it, and both
 * synchronised.
 * TORC_INVALID: NULL, no arena, or another thread's own (torc_arena_local). */
int torc_arena_adopt(struct torc_arena *arena);

/* torc_arena_destroy: waits, asleep, until every buffer is back, frees the store and sets *arena to NULL. Owner only.
 * TORC_BUSY (deadline TORC_NO_WAIT, or an extendable buffer is open, which only the owner could end) or TORC_TIMED_OUT:
 * *out (may be NULL) receives how many buffers are out; nothing was touched, the arena works on. TORC_WRONG_THREAD.
 * TORC_INVALID: NULL, or *arena is no arena. */
int torc_arena_destroy(struct torc_arena **arena, uint64_t deadline, uint64_t *out);

/* torc_arena_abandon: never waits: the store is freed at once or by whoever releases the last buffer; *arena becomes
 * NULL. An open extendable buffer is cancelled. Owner only. TORC_INVALID: NULL, or an arena in the caller's memory.
 * TORC_WRONG_THREAD. */
int torc_arena_abandon(struct torc_arena **arena);

/* torc_arena_local_init: from now on every thread that asks has an arena of its own, of `bytes` bytes. Once per
 * process; any thread. TORC_BUSY: it was called before with another size. TORC_INVALID, TORC_TOO_BIG: as
 * torc_arena_create. torc_arena_local: the calling thread's, made on first use, abandoned when the thread ends: buffers
 * that are still out then stay good. Destroying or abandoning it oneself is refused (TORC_INVALID). TORC_INVALID: NULL,
 * or no torc_arena_local_init. TORC_NO_MEMORY. */
int torc_arena_local_init(size_t bytes);
int torc_arena_local(struct torc_arena **arena);

/* torc_arena_alloc: a buffer of `size` bytes (0 too), aligned to 16; alloc_aligned: to any power of two. Owner only. On
 * error *buffer is unchanged.
 * TORC_POOL_DRY: the store is clogged: no free region of that size was found in one lap, or within TORC_ARENA_SWEEP
 * guards (the next call goes on looking from there). TORC_TOO_BIG: larger than the store. TORC_INVALID: NULL, or an
 * alignment that is none. TORC_WRONG_THREAD: by alloc_aligned always; by alloc in DEBUG builds, else only where the
 * cursor has to move on. */
#define TORC_ARENA_SWEEP 4096u
TORC_INLINE int torc_arena_alloc(struct torc_arena *arena, size_t size, struct torc_buffer *buffer);
int torc_arena_alloc_aligned(struct torc_arena *arena, size_t size, size_t alignment, struct torc_buffer *buffer);

/* torc_buffer_release: gives the buffer back; *buffer is empty afterwards. Any thread, once.
 * TORC_STALE: the guard says that this buffer was released already: refused (noticed for certain as long as its place
 * was not merged or used again; after that, unless the very same word stands there). TORC_INVALID: NULL or empty. */
TORC_INLINE int torc_buffer_release(struct torc_buffer *buffer);

/* torc_buffer_write: appends as much as fits and returns how many bytes that were: 0..length. torc_buffer_advance:
 * counts `length` bytes that the caller wrote at data + length himself, no more than fit. For an empty handle both are
 * 0. */
TORC_INLINE size_t torc_buffer_write(struct torc_buffer *buffer, const void *data, size_t length);
TORC_INLINE size_t torc_buffer_advance(struct torc_buffer *buffer, size_t length);

/* torc_buffer_spare: bytes that can still be written. torc_buffer_clear: writing begins again at data[0]. */
static inline size_t torc_buffer_spare(const struct torc_buffer *buffer) {
    return buffer->capacity - buffer->length;
}
static inline void torc_buffer_clear(struct torc_buffer *buffer) {
    buffer->length = 0;
}

/* What is known of an arena. */
struct torc_arena_stats {
    size_t bytes;     /* of the store */
    size_t used;      /* of which in buffers that are out, guards included */
    size_t largest;   /* largest buffer that one free region, neighbours merged, could hold now */
    size_t turn;      /* bytes the cursor goes round in at present */
    uint64_t buffers; /* out */
    uint64_t regions; /* free ones, neighbours counted apart until the cursor merges them */
};

/* torc_arena_stats: walks all guards. Owner only; what others release meanwhile may be in it or not.
 * torc_arena_is_valid: walks too: TORC_OK, or TORC_CORRUPT if a guard was overwritten or the cursor is not at a
 * region. */
int torc_arena_stats(struct torc_arena *arena, struct torc_arena_stats *stats);
int torc_arena_is_valid(struct torc_arena *arena);

/* The paths that are not worth inlining. */
void torc_arena_returned_slow(struct torc_arena_point *point);

/* The guard is the word before the payload. */
static inline torc_a64 *torc_guard_of(const void *data) {
    return (torc_a64 *)(void *)(uintptr_t)data - 1;
}

/* Cuts [cursor, next) off the region at the cursor. Relaxed: whoever receives the buffer is synchronised with by the
 * hand-over. */
static inline __attribute__((always_inline)) void torc_arena_cut(struct torc_arena *arena, uint64_t next, size_t size,
                                                                 struct torc_buffer *buffer) {
    unsigned char *data = arena->base + arena->cursor;
    uint64_t word = arena->number | next;
    torc_store_relaxed64(torc_guard_of(data), word);
    arena->cursor = next;
    buffer->arena = arena;
    buffer->data = data;
    buffer->length = 0;
    buffer->capacity = size;
    buffer->word = word;
}

/* Joins the next region to the one at the cursor, if it is free: one guard per allocation, and nothing waits for it.
 * Walking many guards at once, when the region is used up, takes longer: each load needs the one before. */
static inline __attribute__((always_inline)) void torc_arena_look_ahead(struct torc_arena *arena) {
    uint64_t end = arena->end;
    uint64_t word;
    if (TORC_UNLIKELY(end >= arena->turn)) {
        return;
    }
    word = torc_load_acquire64(torc_guard_of(arena->base + end)); /* GUARD */
    if (TORC_UNLIKELY((word & TORC_GUARD_IN_USE) != 0)) {
        arena->met++;
        return;
    }
    arena->end = word; /* a free guard is nothing but its link */
    arena->limit = word < arena->turn ? word : arena->turn;
}

TORC_INLINE int torc_arena_alloc(struct torc_arena *arena, size_t size, struct torc_buffer *buffer) {
    uint64_t next;
    if (TORC_UNLIKELY(TORC_DEBUG >= 1 || arena == NULL || buffer == NULL || size > TORC_ARENA_LARGEST)) {
        return torc_arena_alloc_aligned(arena, size, TORC_ARENA_GRAIN, buffer);
    }
    next = arena->cursor + TORC_ARENA_REGION(size);
    if (TORC_UNLIKELY(next > arena->limit)) {
        return torc_arena_alloc_aligned(arena, size, TORC_ARENA_GRAIN, buffer);
    }
    torc_arena_cut(arena, next, size, buffer);
    torc_arena_look_ahead(arena);
    return TORC_OK;
}

/* While a buffer is out its guard is its holder's alone, so a load and a store do without a locked operation. Nothing
 * of the arena may be touched after the store: it may be destroyed by then. Where there is no membarrier, `watched` is
 * never 0, and the fence is on the slow path. */
TORC_INLINE int torc_buffer_release(struct torc_buffer *buffer) {
    struct torc_arena_point *point;
    torc_a64 *guard;
    if (TORC_UNLIKELY(buffer == NULL || buffer->arena == NULL)) {
        return TORC_INVALID;
    }
    guard = torc_guard_of(buffer->data);
    if (TORC_UNLIKELY(torc_load_relaxed64(guard) != buffer->word)) {
        return TORC_STALE;
    }
    if (TORC_DEBUG >= 2) {
        memset(buffer->data, 0xDB, buffer->capacity);
    }
    point = buffer->arena->point;
    buffer->arena = NULL;
    torc_store_release64(guard, buffer->word & TORC_GUARD_LINK); /* GUARD */
    torc_barrier_light(0);                                       /* RETURN */
    if (TORC_UNLIKELY(torc_load_relaxed32(&point->watched) != 0)) {
        torc_arena_returned_slow(point);
    }
    return TORC_OK;
}

TORC_INLINE size_t torc_buffer_advance(struct torc_buffer *buffer, size_t length) {
    size_t spare;
    if (TORC_UNLIKELY(buffer == NULL || buffer->arena == NULL)) {
        return 0;
    }
    spare = torc_buffer_spare(buffer);
    length = length < spare ? length : spare;
    buffer->length += length;
    return length;
}

TORC_INLINE size_t torc_buffer_write(struct torc_buffer *buffer, const void *data, size_t length) {
    size_t before = buffer == NULL ? 0 : buffer->length;
    length = data == NULL ? 0 : torc_buffer_advance(buffer, length);
    if (length != 0) {
        memcpy(buffer->data + before, data, length);
    }
    return length;
}

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
