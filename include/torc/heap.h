/* torc/heap.h - a general-purpose allocator over a grower (torc/grower.h); no bus needed.
 *
 *     block = torc_heap_alloc(heap, size);          any thread
 *     torc_heap_free(heap, block);                  any thread, also another one
 *
 * Every thread that allocates has a heap of its own in the common buffer: it takes no lock for blocks below 128 KiB but
 * when its heap has to grow. A block freed by another thread goes to its owner's list in one atomic step. The heap of a
 * thread that has ended is taken over by the next new one; blocks still out stay valid.
 *
 * Blocks are aligned to 16 bytes and cost 8 bytes more than asked for, rounded up to 16 (above 1 KiB to an eighth of
 * the next power of two). Neighbours that are free are merged: at once, but for small blocks waiting for reuse in their
 * thread's quick lists, which are merged when a list is long, when memory runs short, when the thread ends, and by
 * torc_heap_trim.
 *
 * Threads: every call from any thread at any time, but for create, destroy, abandon, is_valid and stats, during which
 * no other thread may be inside a call on this heap. None is async-signal-safe. A child after fork() must not use a
 * heap it inherited (libtorc-malloc.so, the process's allocator, takes care of that for its own). */
#ifndef TORC_HEAP_H
#define TORC_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc/config.h>
#include <torc/grower.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_heap;

#define TORC_HEAP_ALIGNMENT   ((size_t)16)
#define TORC_HEAP_MAX_SIZE    (sizeof(size_t) > 4 ? SIZE_MAX >> 21 : SIZE_MAX >> 2) /* the largest block */
#define TORC_HEAP_MAX_THREADS 65536u

/* Zero stands for the default. */
struct torc_heap_config {
    uint32_t
        threads; /* threads with a heap of their own at one time, up to 65536 (1024); any more share one under a lock */
    size_t step; /* least bytes by which a thread's heap grows (65536) */
};

/* torc_heap_create: a heap in the grower's memory; its bookkeeping lies there too (some 3 KiB, 8 bytes per thread of
 * the configuration, 6 KiB per thread that came). The grower must outlive it. TORC_INVALID: NULL, no grow function,
 * threads or step out of range. TORC_NO_MEMORY: the grower refused, or the system has no lock to give. */
int torc_heap_create(struct torc_grower *grower, const struct torc_heap_config *config, struct torc_heap **heap);

/* torc_heap_destroy: ends it and sets *heap to NULL. TORC_BUSY: blocks are out, *out (may be NULL) says how many, and
 * nothing was done. TORC_INVALID: NULL. */
int torc_heap_destroy(struct torc_heap **heap, uint64_t *out);
/* torc_heap_abandon: ends it whatever is out. */
int torc_heap_abandon(struct torc_heap **heap);

/* All of these answer NULL if the heap is NULL, the size above TORC_HEAP_MAX_SIZE, or no memory left. A size of 0 gets
 * a block of its own as well. */
void *torc_heap_alloc(struct torc_heap *heap, size_t size);
/* torc_heap_alloc_zeroed: count * size bytes of zeros; NULL also if that product overflows. */
void *torc_heap_alloc_zeroed(struct torc_heap *heap, size_t count, size_t size);
/* torc_heap_alloc_aligned: NULL also if `alignment` is no power of two. */
void *torc_heap_alloc_aligned(struct torc_heap *heap, size_t alignment, size_t size);
/* torc_heap_realloc: in place where the size allows or the space behind is free (by the thread that allocated, and by
 * all above 128 KiB); else a new block gets a copy. A block of NULL is torc_heap_alloc. On NULL the old block is as it
 * was. */
void *torc_heap_realloc(struct torc_heap *heap, void *block, size_t size);

/* torc_heap_free: NULL is fine. TORC_STALE: this block is free already, and its place was not used again (refused and
 * counted; of a block that other threads free, the second time is found out when its owner takes it back).
 * TORC_INVALID: nothing this heap gave out, or its memory was given back to the grower since. */
int torc_heap_free(struct torc_heap *heap, void *block);

/* torc_heap_usable: bytes of the block that may be used, at least what was asked for; 0 if it is none of this heap. */
size_t torc_heap_usable(struct torc_heap *heap, const void *block);

/* torc_heap_trim: merges what this thread, and those that ended, have waiting, and gives free pages back to the grower.
 * Answers how many bytes were given back. */
size_t torc_heap_trim(struct torc_heap *heap);

/* torc_heap_leave: the calling thread's heap becomes free for others now rather than at its end. */
void torc_heap_leave(struct torc_heap *heap);

/* torc_heap_is_valid: walks all blocks, lists and tags; *what (may be NULL) says what is wrong. */
bool torc_heap_is_valid(struct torc_heap *heap, const char **what);

struct torc_heap_stats {
    size_t grown;       /* bytes had from the grower */
    size_t used;        /* bytes of blocks that are out, their headers included */
    uint64_t blocks;    /* how many that are; those freed by another thread count until their owner took them back */
    size_t quick;       /* bytes waiting in quick lists */
    size_t free;        /* bytes free and merged */
    uint32_t locals;    /* heaps of threads made so far */
    uint32_t orphans;   /* of which wait for a new thread */
    uint64_t adoptions; /* how often one was taken over */
    uint64_t refused;   /* blocks freed more than once */
};
/* TORC_INVALID: NULL. */
int torc_heap_stats(struct torc_heap *heap, struct torc_heap_stats *stats);

/* torc_heap_xxl_provider: the source of a bus's events above 16 KiB (torc_config.xxl_provider). TORC_INVALID: NULL. */
int torc_heap_xxl_provider(struct torc_heap *heap, struct torc_xxl_provider *provider);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
