/* pools/heap_core.h - the boundary-tag allocator: blocks in extents, free ones in bins by size class, neighbours
 * merged.
 *
 * Single-threaded: it belongs to one thread, or to the holder of a lock. Each heap of a thread is one, and so is the
 * common heap that they get their extents from. */
#ifndef TORC_POOLS_HEAP_CORE_H
#define TORC_POOLS_HEAP_CORE_H

#include "heap_block.h"

/* A piece of memory: this header, blocks, a fence. Multiples of 16 in place and size. */
struct torc_extent {
    struct torc_extent *next, *prev;
    size_t size;
    size_t unused; /* keeps the first payload aligned */
};
/* What an extent costs: its header, the first block's header and the fence's, which shares the last 16 bytes with
 * it. */
#define TORC_EXTENT_COST (sizeof(struct torc_extent) + 16)

#define TORC_BIN_WORDS ((TORC_CLASSES + 63) / 64)

struct torc_core {
    uint64_t owner;               /* in place, for headers */
    uint64_t map[TORC_BIN_WORDS]; /* bit: this bin holds a block */
    struct torc_block *bin[TORC_CLASSES];
    struct torc_extent *extents;
    size_t total; /* bytes of all extents */
    size_t free;  /* bytes in bins */
    /* Gets an extent that has a block of this size (torc_core_add), or extends one; false: no memory. */
    bool (*more)(struct torc_core *core, size_t size);
};

void torc_core_init(struct torc_core *core, uint32_t owner, bool (*more)(struct torc_core *, size_t));

/* torc_core_add: new memory, multiples of 16. torc_core_extend: the same directly behind the extent whose fence this
 * is. torc_core_remove: takes an extent away that is one free block; false if it is not. */
void torc_core_add(struct torc_core *core, void *memory, size_t size);
void torc_core_extend(struct torc_core *core, struct torc_extent *extent, size_t size);
bool torc_core_remove(struct torc_core *core, struct torc_extent *extent);

/* The last block of an extent if it is free, else NULL. torc_core_shorten: its last `size` bytes leave the extent, and
 * may be gone already; at least TORC_BLOCK_LEAST of the block stay. */
struct torc_block *torc_core_last(struct torc_extent *extent);
void torc_core_shorten(struct torc_core *core, struct torc_extent *extent, struct torc_block *last, size_t size);

/* Sizes are those of blocks (torc_block_need). take: from what there is; alloc: gets more memory if need be. NULL:
 * none. */
struct torc_block *torc_core_take(struct torc_core *core, size_t size);
struct torc_block *torc_core_alloc(struct torc_core *core, size_t size);
/* The payload is aligned to a power of two above 16. */
struct torc_block *torc_core_alloc_aligned(struct torc_core *core, size_t size, size_t alignment);

/* torc_core_give: merges with free neighbours; answers the free block that resulted. */
struct torc_block *torc_core_give(struct torc_core *core, struct torc_block *block);

/* torc_core_trim: the block keeps `size` bytes, the rest becomes free if it is enough for a block. torc_core_grow: the
 * block gets `size` bytes from the free block behind it; false: there is not enough. */
void torc_core_trim(struct torc_core *core, struct torc_block *block, size_t size);
bool torc_core_grow(struct torc_core *core, struct torc_block *block, size_t size);

static inline struct torc_block *torc_extent_first(struct torc_extent *extent) {
    return (struct torc_block *)(void *)((unsigned char *)extent + sizeof *extent + 8);
}
static inline struct torc_block *torc_extent_fence(struct torc_extent *extent) {
    return (struct torc_block *)(void *)((unsigned char *)extent + extent->size - TORC_BLOCK_HEAD);
}

#endif
