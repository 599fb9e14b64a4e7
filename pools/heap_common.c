/* pools/heap_common.c - the common heap over the grower: growing, shrinking, what orphans have waiting. */
#include "heap_local.h"

#include <errno.h>
#include <string.h>

#define GROW_LEAST ((size_t)256 << 10)
#define GROW_MOST  ((size_t)64 << 20) /* an eighth of what there is, between these two */
#define KEEP_FREE  ((size_t)64 << 20) /* a free block of this size is given back at once */

/* --- growing --- */

static void see_range(struct torc_heap *heap, const unsigned char *begin, size_t size) {
    uint64_t from = (uintptr_t)begin + TORC_EXTENT_COST, to = (uintptr_t)begin + size;
    if (from < torc_load_relaxed64(&heap->low)) {
        torc_store_relaxed64(&heap->low, from);
    }
    if (to > torc_load_relaxed64(&heap->high)) {
        torc_store_relaxed64(&heap->high, to);
    }
}

/* The bytes from `to` on belong to nobody again: whoever asks about a place there must not look. */
static void unsee(struct torc_heap *heap, const unsigned char *from, const unsigned char *to) {
    if (torc_load_relaxed64(&heap->high) == (uintptr_t)from) {
        torc_store_relaxed64(&heap->high, (uintptr_t)to);
    }
}

/* Does the newest extent reach to where the grower stopped? Not where the last piece was too small to use. */
static bool newest_is_last(const struct torc_heap *heap) {
    return heap->newest != NULL && (uintptr_t)heap->end - (uintptr_t)heap->newest - heap->newest->size < 16;
}

void torc_common_add(struct torc_heap *heap, unsigned char *begin, size_t size) {
    uintptr_t skip = -(uintptr_t)begin & 15;
    if (size < skip + TORC_EXTENT_COST + TORC_BLOCK_LEAST + 15) {
        return;
    }
    heap->newest = (struct torc_extent *)(void *)(begin + skip);
    torc_core_add(&heap->common, heap->newest, (size - skip) & ~(size_t)15);
    see_range(heap, begin, size);
}

/* Behind what was there, as long as nobody else moved the end. */
static void add_grown(struct torc_heap *heap, unsigned char *begin, size_t size) {
    bool behind = newest_is_last(heap) && begin == heap->end;
    heap->grown += size;
    heap->end = begin + size;
    if (behind) {
        unsigned char *end = (unsigned char *)heap->newest + heap->newest->size;
        torc_core_extend(&heap->common, heap->newest, (size_t)(heap->end - end) & ~(size_t)15);
        see_range(heap, begin, size);
    } else {
        torc_common_add(heap, begin, size);
    }
}

/* As much as pays, else as much as is needed; false: the grower has neither. */
static bool grow(struct torc_heap *heap, size_t need) {
    size_t pays = heap->common.total / 8, grown = 0;
    void *begin;
    pays = pays < GROW_LEAST ? GROW_LEAST : pays > GROW_MOST ? GROW_MOST : pays;
    begin = pays > need ? heap->grower->grow(heap->grower, pays, &grown) : NULL;
    if (begin == NULL) {
        begin = heap->grower->grow(heap->grower, need, &grown);
    }
    if (begin == NULL) {
        return false;
    }
    add_grown(heap, begin, grown);
    return true;
}

bool torc_common_more(struct torc_core *core, size_t size) {
    return grow(torc_heap_of_common(core), torc_class_round(size) + TORC_EXTENT_COST + TORC_BLOCK_LEAST + 32);
}

/* A block at the end of the buffer grows with it. */
bool torc_common_grow(struct torc_heap *heap, struct torc_block *block, size_t size) {
    struct torc_core *core = &heap->common;
    struct torc_block *next = torc_block_next(block);
    size_t behind = (torc_block_head(next) & TORC_BLOCK_USED) == 0 ? torc_block_size(next) : 0;
    if (torc_core_grow(core, block, size)) {
        return true;
    }
    return torc_block_at(next, behind) == torc_extent_fence(heap->newest) &&
           grow(heap, size - torc_block_size(block) - behind + TORC_BLOCK_LEAST) && torc_core_grow(core, block, size);
}

/* --- giving back --- */

/* The free end of the buffer, but for the smallest block. */
static size_t shrink(struct torc_heap *heap) {
    struct torc_block *last = torc_core_last(heap->newest);
    unsigned char *end = (unsigned char *)heap->newest + heap->newest->size;
    size_t given;
    if (heap->grower->shrink == NULL || !newest_is_last(heap) || last == NULL ||
        torc_block_size(last) < 4 * TORC_BLOCK_LEAST) {
        return 0;
    }
    given = heap->grower->shrink(heap->grower, torc_block_size(last) - 2 * TORC_BLOCK_LEAST);
    if (given != 0) {
        unsee(heap, heap->end, heap->end - given);
        heap->end -= given;
        heap->grown -= given;
        torc_core_shorten(&heap->common, heap->newest, last, (size_t)(end - heap->end + 15) & ~(size_t)15);
    }
    return given;
}

/* The inside of a free block, without its header, links and size. */
static size_t discard(struct torc_heap *heap, struct torc_block *block) {
    size_t size = torc_block_size(block);
    if (heap->grower->discard == NULL || size <= sizeof *block + sizeof(uint64_t)) {
        return 0;
    }
    size -= sizeof *block + sizeof(uint64_t);
    heap->grower->discard(heap->grower, block + 1, size);
    return size;
}

/* Who frees does not expect errno to change. */
void torc_common_give(struct torc_heap *heap, struct torc_block *block) {
    struct torc_block *merged = torc_core_give(&heap->common, block);
    if (torc_block_size(merged) >= KEEP_FREE) {
        int before = errno;
        (void)(merged == torc_core_last(heap->newest) ? shrink(heap) : discard(heap, merged));
        errno = before;
    }
}

size_t torc_common_trim(struct torc_heap *heap) {
    static const size_t least = 16384;
    size_t given = shrink(heap);
    for (uint32_t class = torc_class_of(least); class < TORC_CLASSES; class ++) {
        for (struct torc_block *block = heap->common.bin[class]; block != NULL; block = block->next) {
            given += discard(heap, block);
        }
    }
    return given;
}

void torc_common_reclaim(struct torc_heap *heap) {
    for (struct torc_local *local = heap->orphans; local != NULL; local = local->next_orphan) {
        if (torc_load_relaxed64(&local->remote) != 0) {
            torc_local_settle(local);
            torc_local_return_extents(local);
        }
    }
}
