/* torc/region.h - a best-fit allocator for a range of addresses that it never touches.
 *
 *   range    [base, base + length) in numbers: bytes of a file, of a GPU's memory, of another process, of an array
 *   granule  every offset and size is a multiple of it: a power of two chosen at creation, 1 if need be
 *   block    a part of the range that was handed out; its owner keeps the struct torc_region_block
 *   gap      a part that is free; neighbours are merged at once, so two gaps never touch
 *   node     32 bytes of bookkeeping per block and per gap, in storage given by the caller
 *
 *     static _Alignas(64) unsigned char storage[TORC_REGION_BYTES(TORC_REGION_NODES(1000))];
 *     struct torc_region *region;
 *     struct torc_region_block block;
 *
 *     torc_region_init(storage, sizeof storage, 0, file_size, 4096, &region);
 *     if (torc_region_alloc(region, 100000, &block) == TORC_OK) {
 *         pwrite(file, data, 100000, block.offset);
 *         torc_region_free(region, block);
 *     }
 *
 * Best fit means: of all gaps that are large enough, one of the smallest. Among gaps of one size there is no promise
 * which. No call takes longer than O(log n) for n gaps, but for the walks that say so; none but those depends on the
 * number of blocks; none ever allocates. A call that fails changes nothing.
 *
 * A region has no lock: one thread at a time (the caller's synchronisation), reports included. Nothing in the storage
 * is a pointer: it may be moved, or saved with what it manages and mapped again, and goes on with the pointer to its
 * new place. */
#ifndef TORC_REGION_H
#define TORC_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct torc_region;

/* A block, to be kept by its owner and given back by value. A zeroed one is never valid. */
struct torc_region_block {
    uint64_t offset; /* from 0, not from the base; a multiple of the granule */
    uint64_t size;   /* what was asked for, rounded up to granules: all of it may be used */
    uint32_t node;   /* where the region keeps its books on it */
    uint32_t serial; /* tells it from those that had this node before: copies of a freed block are refused */
};

/* A gap, and where the walk over them stands. */
struct torc_region_gap {
    uint64_t offset;
    uint64_t size;
    uint32_t node;
};

/* Bytes of storage for so many nodes; nodes that always suffice while at most so many blocks are out. */
#define TORC_REGION_STORAGE_ALIGN 64u
#define TORC_REGION_HEAD_BYTES    ((size_t)5824)
#define TORC_REGION_NODE_BYTES    ((size_t)32)
#define TORC_REGION_MAX_NODES     ((UINT32_C(1) << 26) - 2)
#define TORC_REGION_NODES(blocks) (2u * (size_t)(blocks) + 1u)
#define TORC_REGION_BYTES(nodes)  (TORC_REGION_HEAD_BYTES + ((size_t)(nodes) + 1u) * TORC_REGION_NODE_BYTES)

/* torc_region_init: lays a region into `bytes` of storage (aligned to 64), which has one gap: the whole
 * range. All the nodes that fit are there; they are first written when first used. Giving the region up takes no call.
 * TORC_INVALID: NULL, storage misaligned or too small for one node, granule not a power of two, base not a multiple of
 * it, length below it, or a range that ends beyond 2^64 - 1. A length between two granules is rounded down. */
int torc_region_init(void *storage, size_t bytes, uint64_t base, uint64_t length, uint64_t granule,
                     struct torc_region **region);

/* torc_region_alloc: the best fit for `size` bytes. TORC_NO_MEMORY: no gap is large enough. TORC_NO_NODES: the rest of
 * the gap would need a node and there is none. TORC_INVALID: NULL, size 0. */
int torc_region_alloc(struct torc_region *region, uint64_t size, struct torc_region_block *block);

/* torc_region_alloc_aligned: the same at an offset that is a multiple of `alignment`, a power of two. It looks at one
 * of the smallest gaps of at least `size`, and if the block does not fit in there aligned, at the smallest that is
 * large enough wherever it begins. So it may answer TORC_NO_MEMORY although some gap would do, never when a gap of size
 * + alignment - granule is there. */
int torc_region_alloc_aligned(struct torc_region *region, uint64_t size, uint64_t alignment,
                              struct torc_region_block *block);

/* torc_region_free: the block is a gap again, merged with its neighbours. Needs no node and cannot fail for want of
 * one.
 * TORC_STALE: freed before, resized since, or never allocated here; nothing was touched. */
int torc_region_free(struct torc_region *region, struct torc_region_block block);

/* torc_region_try_resize: another size in the same place; *block is updated, copies of it become stale. TORC_NO_MEMORY:
 * what follows is not free or too small. TORC_NO_NODES: the end that a shrink cuts off has a block behind it and would
 * need a node.
 * TORC_STALE, TORC_INVALID as above. */
int torc_region_try_resize(struct torc_region *region, struct torc_region_block *block, uint64_t size);

/* torc_region_grow: the range goes on for `more` bytes (rounded down to granules). TORC_INVALID: less than a granule,
 * or beyond 2^64 - 1. TORC_NO_NODES: the range ends with a block and there is no node for the new gap. */
int torc_region_grow(struct torc_region *region, uint64_t more);

/* torc_region_reset: every block is gone, its owners' copies are stale; the range is one gap. Constant time. */
int torc_region_reset(struct torc_region *region);

/* torc_region_capacity: bytes of the range. torc_region_available: of its gaps. torc_region_largest: of the largest
 * gap. torc_region_nodes_left: nodes not in use. NULL: 0. */
uint64_t torc_region_capacity(const struct torc_region *region);
uint64_t torc_region_available(const struct torc_region *region);
uint64_t torc_region_largest(const struct torc_region *region);
uint32_t torc_region_nodes_left(const struct torc_region *region);
bool torc_region_is_empty(const struct torc_region *region); /* no block is out */

/* torc_region_next_gap: the gaps by rising offset, beginning from a zeroed *gap; false after the last. The region must
 * not change during the walk, which passes over all blocks as well. */
bool torc_region_next_gap(const struct torc_region *region, struct torc_region_gap *gap);

/* torc_region_is_valid: walks all nodes and every index of them, O(n log n), and says whether each invariant holds. */
bool torc_region_is_valid(const struct torc_region *region);

#ifdef __cplusplus
}
#endif
#endif
