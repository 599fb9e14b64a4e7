/* pools/heap_block.h - a block of a heap: its header word, its place, its size class.
 *
 *     ... ][ head | payload ............ ][ head | next | prev | ............ | size ][ head ...
 *            8 B    16-byte aligned         a free block: links, and its size as the last word
 *
 * The header is one word: owner (20 bits) | size in bytes, a multiple of 16, header included (40 bits) | flags (4
 * bits). Invariants (torc_heap_is_valid walks them):
 *   1. blocks follow one another without gap, from the first of an extent to its fence, a header of size 0
 *   2. PREV_USED says whether the block before is not free; where it is not set, the word before the header is that
 *      block's size. The first block of an extent has it set, and no other carries FIRST
 *   3. no two free blocks are neighbours
 *   4. a free block is in the bin of its size class; one in a quick list is USED for its neighbours and carries QUICK
 *
 * Who writes: only the owner (the thread whose heap it is, or the holder of the common heap's lock), so plain load and
 * store are enough to change a header. Others may read it at the same time, for the owner and size of a block that they
 * were given, which do not change meanwhile: therefore relaxed atomics, and no order is needed. */
#ifndef TORC_POOLS_HEAP_BLOCK_H
#define TORC_POOLS_HEAP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc/layout.h>

enum torc_block_flag {
    TORC_BLOCK_USED = 1, /* in no bin */
    TORC_BLOCK_PREV_USED = 2,
    TORC_BLOCK_QUICK = 4, /* waits in a quick list */
    TORC_BLOCK_FIRST = 8  /* of its extent */
};
#define TORC_BLOCK_FLAGS       UINT64_C(15)
#define TORC_BLOCK_SIZE        UINT64_C(0xFFFFFFFFFF0)
#define TORC_BLOCK_OWNER_SHIFT 44
#define TORC_BLOCK_OWNER       (~UINT64_C(0) << TORC_BLOCK_OWNER_SHIFT)

#define TORC_BLOCK_HEAD  ((size_t)8)
#define TORC_BLOCK_LEAST ((size_t)32) /* header, two links, size */

struct torc_block {
    torc_a64 head;
    struct torc_block *next, *prev; /* where the payload is, while it is free; `next` also in a quick list */
};

static inline uint64_t torc_block_head(const struct torc_block *block) {
    return torc_load_relaxed64(&block->head);
}
static inline void torc_block_set(struct torc_block *block, uint64_t head) {
    torc_store_relaxed64(&block->head, head);
}
static inline size_t torc_head_size(uint64_t head) {
    return (size_t)(head & TORC_BLOCK_SIZE);
}
static inline size_t torc_block_size(const struct torc_block *block) {
    return torc_head_size(torc_block_head(block));
}
static inline uint32_t torc_head_owner(uint64_t head) {
    return (uint32_t)(head >> TORC_BLOCK_OWNER_SHIFT);
}
static inline void *torc_block_payload(struct torc_block *block) {
    return (unsigned char *)block + TORC_BLOCK_HEAD;
}
static inline struct torc_block *torc_block_of(const void *payload) {
    return (struct torc_block *)(uintptr_t)((const unsigned char *)payload - TORC_BLOCK_HEAD);
}
static inline struct torc_block *torc_block_at(struct torc_block *block, size_t offset) {
    return (struct torc_block *)(void *)((unsigned char *)block + offset);
}
static inline struct torc_block *torc_block_next(struct torc_block *block) {
    return torc_block_at(block, torc_block_size(block));
}
/* The size of a free block, in its last word, just before the next header. */
static inline uint64_t *torc_block_foot(struct torc_block *next) {
    return (uint64_t *)(void *)((unsigned char *)next - sizeof(uint64_t));
}

/* The block that a request takes. The caller has made sure that the size is no more than TORC_HEAP_MAX_SIZE. */
static inline size_t torc_block_need(size_t size) {
    size_t least = TORC_BLOCK_LEAST - TORC_BLOCK_HEAD;
    return ((size < least ? least : size) + TORC_BLOCK_HEAD + 15) & ~(size_t)15;
}

/* Size classes: one for each multiple of 16 below 1 KiB, then eight for each power of two. */
#define TORC_CLASS_EXACT ((size_t)1024)
#define TORC_CLASSES     ((uint32_t)(64 + 8 * 34))

/* The class that blocks of this size are kept in: that of the largest class size not above it. */
static inline uint32_t torc_class_of(size_t size) {
    uint32_t power;
    if (TORC_LIKELY(size < TORC_CLASS_EXACT)) {
        return (uint32_t)(size >> 4);
    }
    power = 63 - (uint32_t)__builtin_clzll(size);
    return 64 + (power - 10) * 8 + ((uint32_t)(size >> (power - 3)) & 7);
}
/* The smallest class size not below `size`: every block kept in its class is large enough. */
static inline size_t torc_class_round(size_t size) {
    size_t step;
    if (size < TORC_CLASS_EXACT) {
        return size;
    }
    step = (size_t)1 << (60 - __builtin_clzll(size));
    return (size + step - 1) & ~(step - 1);
}

#endif
