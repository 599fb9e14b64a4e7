/* pools/heap_local.c - quick lists, blocks from other threads, extents from the common heap. */
#include "heap_local.h"

#include <string.h>

enum { QUICK_BYTES = 256 << 10, QUICK_LEAST = 8, QUICK_COUNT = 4096, CARVE_BYTES = 4096 };
#define EXTENT_MOST ((size_t)1 << 20) /* an extent is a quarter of what the local heap has, up to this */

size_t torc_class_size(uint32_t class) {
    return class < 64 ? (size_t) class << 4 : (size_t)(8 + (class - 64) % 8) << ((class - 64) / 8 + 7);
}

static bool local_more(struct torc_core *core, size_t size);

void torc_local_init(struct torc_local *local, struct torc_heap *heap, uint32_t owner) {
    memset(local, 0, sizeof *local);
    local->heap = heap;
    torc_core_init(&local->core, owner, local_more);
    local->mine = local->core.owner | TORC_BLOCK_USED;
    for (uint32_t class = 2; class < TORC_QUICK_CLASSES; class ++) {
        size_t most = QUICK_BYTES / torc_class_size(class);
        most = most < QUICK_LEAST ? QUICK_LEAST : most > QUICK_COUNT ? QUICK_COUNT : most;
        local->quick[class].room = local->quick[class].most = (uint32_t)most;
        local->carve[class] = 1;
    }
}

/* --- extents --- */

static size_t extent_size(const struct torc_core *core, size_t step, size_t block) {
    size_t least = block + TORC_EXTENT_COST, wanted = core->total / 4;
    wanted = wanted < step ? step : wanted > EXTENT_MOST ? EXTENT_MOST : wanted;
    return (wanted < least ? least : wanted + 15) & ~(size_t)15;
}

/* An extent of the size that pays; if there is none, one that will do. */
static bool local_more(struct torc_core *core, size_t size) {
    struct torc_local *local = torc_local_of_core(core);
    struct torc_heap *heap = local->heap;
    size_t rounded = torc_class_round(size);
    size_t wanted = extent_size(core, heap->step, rounded), least = extent_size(core, 0, rounded);
    struct torc_block *block;
    torc_heap_lock(heap);
    torc_common_reclaim(heap);
    block = torc_core_alloc(&heap->common, torc_block_need(wanted));
    if (block == NULL) {
        block = torc_core_alloc(&heap->common, torc_block_need(least));
    }
    torc_heap_unlock(heap);
    if (block == NULL) {
        return false;
    }
    torc_core_add(core, torc_block_payload(block), (torc_block_size(block) - TORC_BLOCK_HEAD) & ~(size_t)15);
    return true;
}

static void return_extent(struct torc_heap *heap, struct torc_extent *extent) {
    torc_common_give(heap, torc_block_of(extent));
}

void torc_local_return_extents(struct torc_local *local) {
    struct torc_extent *extent = local->core.extents;
    while (extent != NULL) {
        struct torc_extent *next = extent->next;
        if (torc_core_remove(&local->core, extent)) {
            return_extent(local->heap, extent);
        }
        extent = next;
    }
}

/* Into the bins. An extent that is one free block goes back, if as much is free elsewhere: who allocates next finds
 * some. Whoever settles an orphan holds the lock and returns extents at the end. */
static void core_give(struct torc_local *local, struct torc_block *block) {
    struct torc_block *merged = torc_core_give(&local->core, block);
    uint64_t head = torc_block_head(merged);
    size_t size = torc_head_size(head);
    if ((head & TORC_BLOCK_FIRST) != 0 && torc_block_size(torc_block_at(merged, size)) == 0 &&
        local->core.free / 2 >= size && local->state == TORC_LOCAL_LIVE) {
        struct torc_extent *extent =
            (struct torc_extent *)(void *)((unsigned char *)merged - 8 - sizeof(struct torc_extent));
        (void)torc_core_remove(&local->core, extent);
        torc_heap_lock(local->heap);
        return_extent(local->heap, extent);
        torc_heap_unlock(local->heap);
    }
}

/* --- quick lists --- */

/* The `count` blocks that came last go where they can be merged. */
static void flush(struct torc_local *local, struct torc_quick *quick, uint32_t count) {
    for (; count != 0; count--) {
        core_give(local, torc_quick_pop(quick));
    }
}

static void flush_all(struct torc_local *local) {
    for (uint32_t class = 0; class < TORC_QUICK_CLASSES; class ++) {
        flush(local, &local->quick[class], local->quick[class].most - local->quick[class].room);
        local->carve[class] = 1;
    }
}

/* Flushing may change the header of this very block, whose neighbour it can be: it is read again. */
void torc_local_give(struct torc_local *local, struct torc_block *block) {
    uint32_t class = torc_class_of(torc_block_size(block));
    if (class >= TORC_QUICK_CLASSES) {
        core_give(local, block);
        return;
    }
    if (local->quick[class].room == 0) {
        flush(local, &local->quick[class], (local->quick[class].most + 1) / 2);
    }
    torc_quick_push(&local->quick[class], block, torc_block_head(block));
}

/* Cuts a run into blocks of one class: one for the caller, the rest for the quick list, the lowest on top. */
static struct torc_block *carve(struct torc_local *local, struct torc_block *run, uint32_t class, size_t size) {
    size_t have = torc_block_size(run), count = have / size;
    uint64_t flags = torc_block_head(run) & TORC_BLOCK_FLAGS;
    for (size_t i = count - 1; i != 0; i--) {
        size_t here = i == count - 1 ? have - i * size : size;
        torc_quick_push(&local->quick[class], torc_block_at(run, i * size), local->mine | here | TORC_BLOCK_PREV_USED);
    }
    if (count > 1) {
        torc_block_set(run, local->core.owner | size | flags);
    }
    return run;
}

/* Twice as many as the last time, up to a page of them. */
static struct torc_block *refill(struct torc_local *local, uint32_t class, size_t size) {
    size_t count = local->carve[class];
    struct torc_block *run = torc_core_alloc(&local->core, count * size);
    if (run == NULL && count > 1) {
        run = torc_core_alloc(&local->core, size);
    }
    if (count * 2 * size <= CARVE_BYTES) {
        local->carve[class] = (uint16_t)(count * 2);
    }
    return run == NULL ? NULL : carve(local, run, class, size);
}

/* --- other threads --- */

/* Pair REMOTE: release hands the block to the owner, with all that this thread did to it. */
void torc_local_push(struct torc_local *local, struct torc_block *block) {
    uint64_t top = torc_load_relaxed64(&local->remote);
    do {
        block->next = (struct torc_block *)(uintptr_t)top;
    } while (!torc_cas_release64(&local->remote, &top, (uint64_t)(uintptr_t)block));
}

/* Pair REMOTE: acquire takes all blocks over. One that is free already was pushed twice, and its link is no longer
 * what the first pusher wrote: what lies behind is left alone. */
void torc_local_drain(struct torc_local *local) {
    struct torc_block *block;
    if (torc_load_relaxed64(&local->remote) == 0) {
        return;
    }
    block = (struct torc_block *)(uintptr_t)torc_xchg_acquire64(&local->remote, 0);
    while (block != NULL) {
        struct torc_block *next = block->next;
        if ((torc_block_head(block) & (TORC_BLOCK_OWNER | TORC_BLOCK_STATE)) != local->mine) {
            local->refused++;
            return;
        }
        torc_local_give(local, block);
        block = next;
    }
}

void torc_local_settle(struct torc_local *local) {
    torc_local_drain(local);
    flush_all(local);
}

/* --- allocation, the part that is not quick --- */

struct torc_block *torc_local_alloc(struct torc_local *local, size_t size) {
    size_t rounded = torc_class_round(size);
    uint32_t class = torc_class_of(rounded);
    struct torc_block *block;
    torc_local_drain(local);
    if (class >= TORC_QUICK_CLASSES) {
        block = torc_core_alloc(&local->core, size);
    } else if (local->quick[class].head != NULL) {
        return torc_quick_pop(&local->quick[class]);
    } else {
        block = refill(local, class, rounded);
    }
    if (block == NULL) {
        flush_all(local);
        block = torc_core_take(&local->core, size);
    }
    return block;
}

struct torc_block *torc_local_alloc_aligned(struct torc_local *local, size_t size, size_t alignment) {
    struct torc_block *block;
    torc_local_drain(local);
    block = torc_core_alloc_aligned(&local->core, size, alignment);
    if (block == NULL) {
        flush_all(local);
        block = torc_core_alloc_aligned(&local->core, size, alignment);
    }
    return block;
}
