/* pools/heap_core.c - bins, splitting and merging. */
#include "heap_core.h"

#include <string.h>

void torc_core_init(struct torc_core *core, uint32_t owner, bool (*more)(struct torc_core *, size_t)) {
    memset(core, 0, sizeof *core);
    core->owner = (uint64_t)owner << TORC_BLOCK_OWNER_SHIFT;
    core->more = more;
}

/* --- bins --- */

static void bin_insert(struct torc_core *core, struct torc_block *block, size_t size) {
    uint32_t class = torc_class_of(size);
    struct torc_block *first = core->bin[class];
    block->prev = NULL;
    block->next = first;
    if (first != NULL) {
        first->prev = block;
    }
    core->bin[class] = block;
    core->map[class / 64] |= UINT64_C(1) << class % 64;
    core->free += size;
}

static void bin_remove(struct torc_core *core, struct torc_block *block, size_t size) {
    uint32_t class = torc_class_of(size);
    if (block->next != NULL) {
        block->next->prev = block->prev;
    }
    if (block->prev != NULL) {
        block->prev->next = block->next;
    } else {
        core->bin[class] = block->next;
        if (block->next == NULL) {
            core->map[class / 64] &= ~(UINT64_C(1) << class % 64);
        }
    }
    core->free -= size;
}

/* The first bin from this class on that holds a block; TORC_CLASSES if none does. */
static uint32_t bin_from(const struct torc_core *core, uint32_t class) {
    uint32_t word = class / 64;
    uint64_t bits;
    if (class >= TORC_CLASSES) {
        return TORC_CLASSES;
    }
    bits = core->map[word] & ~UINT64_C(0) << class % 64;
    while (bits == 0) {
        if (++word == TORC_BIN_WORDS) {
            return TORC_CLASSES;
        }
        bits = core->map[word];
    }
    return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

/* Any block from the class above is large enough. In the class just below only some are: a few are looked at, so that
 * what was split off for a size between two classes is found again, and the effort stays bounded. */
static struct torc_block *bin_search(const struct torc_core *core, size_t size) {
    enum { LOOKS = 8 };
    uint32_t exact = torc_class_of(torc_class_round(size)), near = torc_class_of(size), class;
    struct torc_block *block = near < exact ? core->bin[near] : NULL;
    for (int i = 0; block != NULL && i < LOOKS; i++, block = block->next) {
        if (torc_block_size(block) >= size) {
            return block;
        }
    }
    class = bin_from(core, exact);
    return class < TORC_CLASSES ? core->bin[class] : NULL;
}

/* --- headers --- */

/* Makes these bytes a free block; the block before is in use, because two free ones would have been merged. */
static void set_free(struct torc_core *core, struct torc_block *block, size_t size, uint64_t first) {
    struct torc_block *next = torc_block_at(block, size);
    torc_block_set(block, core->owner | size | TORC_BLOCK_PREV_USED | first);
    *torc_block_foot(next) = size;
    torc_block_set(next, torc_block_head(next) & ~(uint64_t)TORC_BLOCK_PREV_USED);
    bin_insert(core, block, size);
}

/* Makes a block that is in no bin one in use; what is too much of it becomes free. */
static void set_used(struct torc_core *core, struct torc_block *block, size_t have, size_t size) {
    uint64_t keep = torc_block_head(block) & (TORC_BLOCK_PREV_USED | TORC_BLOCK_FIRST);
    struct torc_block *next = torc_block_at(block, have);
    if (have - size >= TORC_BLOCK_LEAST) {
        torc_block_set(block, core->owner | size | TORC_BLOCK_USED | keep);
        set_free(core, torc_block_at(block, size), have - size, 0);
    } else {
        torc_block_set(block, core->owner | have | TORC_BLOCK_USED | keep);
        torc_block_set(next, torc_block_head(next) | TORC_BLOCK_PREV_USED);
    }
}

/* --- extents --- */

static void set_fence(struct torc_core *core, struct torc_extent *extent) {
    torc_block_set(torc_extent_fence(extent), core->owner | TORC_BLOCK_USED | TORC_BLOCK_PREV_USED);
}

void torc_core_add(struct torc_core *core, void *memory, size_t size) {
    struct torc_extent *extent = memory;
    extent->size = size;
    extent->prev = NULL;
    extent->next = core->extents;
    if (extent->next != NULL) {
        extent->next->prev = extent;
    }
    core->extents = extent;
    core->total += size;
    set_fence(core, extent);
    set_free(core, torc_extent_first(extent), size - TORC_EXTENT_COST, TORC_BLOCK_FIRST);
}

/* The old fence becomes the header of the block that is added, so nothing is lost in between. */
void torc_core_extend(struct torc_core *core, struct torc_extent *extent, size_t size) {
    struct torc_block *block = torc_extent_fence(extent);
    uint64_t prev_used = torc_block_head(block) & TORC_BLOCK_PREV_USED;
    extent->size += size;
    core->total += size;
    set_fence(core, extent);
    torc_block_set(block, core->owner | size | TORC_BLOCK_USED | prev_used);
    (void)torc_core_give(core, block);
}

struct torc_block *torc_core_last(struct torc_extent *extent) {
    struct torc_block *fence = torc_extent_fence(extent);
    if ((torc_block_head(fence) & TORC_BLOCK_PREV_USED) != 0) {
        return NULL;
    }
    return (struct torc_block *)(void *)((unsigned char *)fence - *torc_block_foot(fence));
}

bool torc_core_remove(struct torc_core *core, struct torc_extent *extent) {
    struct torc_block *first = torc_extent_first(extent);
    if (torc_core_last(extent) != first) {
        return false;
    }
    bin_remove(core, first, torc_block_size(first));
    if (extent->next != NULL) {
        extent->next->prev = extent->prev;
    }
    if (extent->prev != NULL) {
        extent->prev->next = extent->next;
    } else {
        core->extents = extent->next;
    }
    core->total -= extent->size;
    return true;
}

void torc_core_shorten(struct torc_core *core, struct torc_extent *extent, struct torc_block *last, size_t size) {
    size_t have = torc_block_size(last);
    uint64_t first = torc_block_head(last) & TORC_BLOCK_FIRST;
    bin_remove(core, last, have);
    extent->size -= size;
    core->total -= size;
    set_fence(core, extent);
    set_free(core, last, have - size, first);
}

/* --- blocks --- */

struct torc_block *torc_core_take(struct torc_core *core, size_t size) {
    struct torc_block *block = bin_search(core, size);
    size_t have;
    if (block == NULL) {
        return NULL;
    }
    have = torc_block_size(block);
    bin_remove(core, block, have);
    set_used(core, block, have, size);
    return block;
}

struct torc_block *torc_core_alloc(struct torc_core *core, size_t size) {
    struct torc_block *block = torc_core_take(core, size);
    if (block == NULL && core->more(core, size)) {
        block = torc_core_take(core, size);
    }
    return block;
}

/* Space for the block and for what lies before the aligned place, which has to be a block of its own or nothing. */
struct torc_block *torc_core_alloc_aligned(struct torc_core *core, size_t size, size_t alignment) {
    struct torc_block *block = torc_core_alloc(core, torc_class_round(size + alignment + TORC_BLOCK_LEAST));
    uintptr_t payload, place;
    size_t gap, have;
    if (block == NULL) {
        return NULL;
    }
    payload = (uintptr_t)torc_block_payload(block);
    place = (payload + alignment - 1) & ~(uintptr_t)(alignment - 1);
    if (place != payload && place - payload < TORC_BLOCK_LEAST) {
        place += alignment;
    }
    gap = place - payload;
    if (gap != 0) {
        uint64_t head = torc_block_head(block);
        struct torc_block *front = block;
        have = torc_head_size(head);
        block = torc_block_at(front, gap);
        torc_block_set(block, core->owner | (have - gap) | TORC_BLOCK_USED | TORC_BLOCK_PREV_USED);
        torc_block_set(front, (head & ~TORC_BLOCK_SIZE) | gap);
        (void)torc_core_give(core, front);
    }
    torc_core_trim(core, block, size);
    return block;
}

struct torc_block *torc_core_give(struct torc_core *core, struct torc_block *block) {
    uint64_t head = torc_block_head(block);
    size_t size = torc_head_size(head);
    struct torc_block *next = torc_block_at(block, size);
    uint64_t next_head = torc_block_head(next);
    if ((next_head & TORC_BLOCK_USED) == 0) {
        bin_remove(core, next, torc_head_size(next_head));
        size += torc_head_size(next_head);
    }
    if ((head & TORC_BLOCK_PREV_USED) == 0) {
        size_t before = (size_t)*torc_block_foot(block);
        torc_block_set(block, head & ~(uint64_t)TORC_BLOCK_USED); /* who frees it again is refused */
        block = (struct torc_block *)(void *)((unsigned char *)block - before);
        bin_remove(core, block, before);
        size += before;
        head = torc_block_head(block);
    }
    set_free(core, block, size, head & TORC_BLOCK_FIRST);
    return block;
}

void torc_core_trim(struct torc_core *core, struct torc_block *block, size_t size) {
    uint64_t head = torc_block_head(block);
    size_t have = torc_head_size(head);
    struct torc_block *rest = torc_block_at(block, size);
    if (have - size < TORC_BLOCK_LEAST) {
        return;
    }
    torc_block_set(rest, core->owner | (have - size) | TORC_BLOCK_USED | TORC_BLOCK_PREV_USED);
    torc_block_set(block, (head & ~TORC_BLOCK_SIZE) | size);
    (void)torc_core_give(core, rest);
}

bool torc_core_grow(struct torc_core *core, struct torc_block *block, size_t size) {
    size_t have = torc_block_size(block), behind;
    struct torc_block *next = torc_block_at(block, have);
    uint64_t next_head = torc_block_head(next);
    behind = torc_head_size(next_head);
    if ((next_head & TORC_BLOCK_USED) != 0 || have + behind < size) {
        return false;
    }
    bin_remove(core, next, behind);
    set_used(core, block, have + behind, size);
    return true;
}
