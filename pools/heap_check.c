/* pools/heap_check.c - the walk over all blocks and lists: is everything where its tags say, and how much of it is
 * there. */
#include "heap_local.h"

#include <string.h>
#include <torc/status.h>

/* What was met, and the first thing that is wrong. */
struct walk {
    const char *wrong;
    size_t blocks, used;      /* in use by somebody */
    size_t waiting, quick;    /* in quick lists */
    size_t free_count, free;  /* in bins */
    size_t extents, extended; /* and their blocks in the common heap, in bytes */
};

static bool expect(struct walk *walk, bool holds, const char *what) {
    if (!holds && walk->wrong == NULL) {
        walk->wrong = what;
    }
    return holds;
}

/* --- extents --- */

static void count_block(struct walk *walk, uint64_t head) {
    size_t size = torc_head_size(head);
    if ((head & TORC_BLOCK_USED) == 0) {
        walk->free_count++;
        walk->free += size;
    } else if ((head & TORC_BLOCK_QUICK) != 0) {
        walk->waiting++;
        walk->quick += size;
    } else {
        walk->blocks++;
        walk->used += size;
    }
}

static bool walk_block(struct walk *walk, const struct torc_core *core, struct torc_block *block, size_t left,
                       uint64_t before) {
    uint64_t head = torc_block_head(block);
    size_t size = torc_head_size(head);
    bool free = (head & TORC_BLOCK_USED) == 0, after_free = (before & TORC_BLOCK_USED) == 0;
    bool fits = expect(walk, size >= TORC_BLOCK_LEAST && size <= left, "a block does not fit into its extent");
    return fits && expect(walk, (head & TORC_BLOCK_OWNER) == core->owner, "a block of another owner in an extent") &&
           expect(walk, ((head & TORC_BLOCK_PREV_USED) == 0) == after_free, "a tag is wrong about the block before") &&
           expect(walk, !free || !after_free, "two neighbours are free") &&
           expect(walk, !free || *torc_block_foot(torc_block_at(block, size)) == size,
                  "a free block ends in another size");
}

static void walk_extent(struct walk *walk, const struct torc_core *core, struct torc_extent *extent) {
    struct torc_block *block = torc_extent_first(extent), *fence = torc_extent_fence(extent);
    uint64_t before = TORC_BLOCK_USED;
    size_t left = extent->size - TORC_EXTENT_COST;
    (void)expect(walk, (torc_block_head(block) & TORC_BLOCK_FIRST) != 0, "the first block of an extent is not marked");
    while (block < fence && walk_block(walk, core, block, left, before)) {
        before = torc_block_head(block);
        count_block(walk, before);
        left -= torc_head_size(before);
        block = torc_block_next(block);
        (void)expect(walk, (torc_block_head(block) & TORC_BLOCK_FIRST) == 0, "a block is marked as the first");
    }
    if (walk->wrong == NULL) {
        (void)expect(walk, block == fence && torc_block_size(fence) == 0, "an extent does not end in its fence");
        (void)expect(walk, ((torc_block_head(fence) & TORC_BLOCK_PREV_USED) == 0) == ((before & TORC_BLOCK_USED) == 0),
                     "the fence is wrong about the block before");
    }
}

static void walk_extents(struct walk *walk, const struct torc_core *core) {
    size_t total = 0;
    for (struct torc_extent *extent = core->extents; extent != NULL && walk->wrong == NULL; extent = extent->next) {
        (void)expect(walk, extent->next == NULL || extent->next->prev == extent, "the list of extents is broken");
        walk_extent(walk, core, extent);
        total += extent->size;
    }
    (void)expect(walk, total == core->total, "extents have another size in all");
}

/* --- lists --- */

static void walk_bin(struct walk *walk, const struct torc_core *core, uint32_t class, size_t *count, size_t *bytes) {
    struct torc_block *before = NULL;
    bool marked = (core->map[class / 64] >> class % 64 & 1) != 0;
    (void)expect(walk, marked == (core->bin[class] != NULL), "the map is wrong about a bin");
    for (struct torc_block *block = core->bin[class]; block != NULL; block = block->next) {
        uint64_t head = torc_block_head(block);
        if (!expect(walk, (head & TORC_BLOCK_USED) == 0 && torc_class_of(torc_head_size(head)) == class,
                    "a block is in the wrong bin") ||
            !expect(walk, block->prev == before, "a bin's links are broken")) {
            return;
        }
        (*count)++;
        *bytes += torc_head_size(head);
        before = block;
    }
}

static void walk_core(struct walk *walk, const struct torc_core *core) {
    struct walk here = {.wrong = walk->wrong};
    size_t count = 0, bytes = 0;
    walk_extents(&here, core);
    for (uint32_t class = 0; class < TORC_CLASSES && here.wrong == NULL; class ++) {
        walk_bin(&here, core, class, &count, &bytes);
    }
    (void)expect(&here, count == here.free_count && bytes == here.free && bytes == core->free,
                 "a free block is in no bin");
    walk->wrong = here.wrong;
    walk->blocks += here.blocks;
    walk->used += here.used;
    walk->waiting += here.waiting;
    walk->quick += here.quick;
    walk->free_count += here.free_count;
    walk->free += here.free;
}

static size_t walk_quick(struct walk *walk, const struct torc_local *local, uint32_t class) {
    const struct torc_quick *quick = &local->quick[class];
    size_t count = 0, expected = quick->most - quick->room;
    (void)expect(walk, quick->room <= quick->most, "a quick list has more than it may");
    for (struct torc_block *block = quick->head; block != NULL && walk->wrong == NULL; block = block->next) {
        uint64_t head = torc_block_head(block);
        (void)expect(walk, (head & (TORC_BLOCK_OWNER | TORC_BLOCK_STATE)) == (local->mine | TORC_BLOCK_QUICK),
                     "a quick list has a block that does not belong there");
        (void)expect(walk, torc_head_size(head) >= torc_class_size(class), "a block is too small for its quick list");
        (void)expect(walk, ++count <= expected, "a quick list is longer than it says");
    }
    (void)expect(walk, count == expected, "a quick list is shorter than it says");
    return count;
}

static void walk_local(struct walk *walk, const struct torc_local *local) {
    size_t before = walk->waiting, listed = 0, most = walk->blocks;
    struct torc_block *block = (struct torc_block *)(uintptr_t)torc_load_relaxed64(&local->remote);
    walk_core(walk, &local->core);
    for (uint32_t class = 0; class < TORC_QUICK_CLASSES && walk->wrong == NULL; class ++) {
        listed += walk_quick(walk, local, class);
    }
    (void)expect(walk, walk->wrong != NULL || listed == walk->waiting - before, "a quick block is in no list");
    /* No further than all that are out: one that was pushed twice leads back to itself, until its owner finds out. */
    for (most = walk->blocks - most; block != NULL && walk->wrong == NULL && most != 0; block = block->next, most--) {
        (void)expect(walk, (torc_block_head(block) & (TORC_BLOCK_OWNER | TORC_BLOCK_STATE)) == local->mine,
                     "a block on its way back is not out");
    }
}

/* Every extent of a local heap is a block of the common one, and so is the local heap itself. */
static void walk_loans(struct walk *walk, struct torc_heap *heap) {
    for (uint32_t i = 1; i <= heap->local_count && walk->wrong == NULL; i++) {
        struct torc_extent *extent = heap->local[i]->core.extents;
        walk->extents++;
        walk->extended += torc_block_size(torc_block_of(heap->local[i]));
        for (; extent != NULL && walk->wrong == NULL; extent = extent->next) {
            uint64_t head = torc_block_head(torc_block_of(extent));
            (void)expect(walk, (head & (TORC_BLOCK_OWNER | TORC_BLOCK_STATE)) == TORC_BLOCK_USED,
                         "an extent is no block of the common heap");
            (void)expect(walk, torc_head_size(head) >= extent->size + TORC_BLOCK_HEAD,
                         "an extent is larger than its block");
            walk->extents++;
            walk->extended += torc_head_size(head);
        }
    }
}

static void walk_orphans(struct walk *walk, const struct torc_heap *heap) {
    uint32_t count = 0;
    for (struct torc_local *local = heap->orphans; local != NULL && walk->wrong == NULL; local = local->next_orphan) {
        (void)expect(walk, local->state == TORC_LOCAL_ORPHAN && ++count <= heap->orphan_count,
                     "an orphan that is none");
    }
    (void)expect(walk, count == heap->orphan_count, "there are fewer orphans than counted");
}

static void walk_heap(struct walk *walk, struct torc_heap *heap) {
    walk_core(walk, &heap->common);
    (void)expect(walk, walk->waiting == 0, "the common heap has a quick block");
    for (uint32_t i = 1; i <= heap->local_count && walk->wrong == NULL; i++) {
        walk_local(walk, heap->local[i]);
    }
    walk_loans(walk, heap);
    walk_orphans(walk, heap);
    (void)expect(walk, walk->blocks >= walk->extents && walk->used >= walk->extended, "more is lent than there is");
}

bool torc_heap_is_valid(struct torc_heap *heap, const char **what) {
    struct walk walk = {0};
    if (expect(&walk, heap != NULL, "there is no heap")) {
        torc_heap_lock(heap);
        walk_heap(&walk, heap);
        torc_heap_unlock(heap);
    }
    if (what != NULL) {
        *what = walk.wrong;
    }
    return walk.wrong == NULL;
}

int torc_heap_stats(struct torc_heap *heap, struct torc_heap_stats *stats) {
    struct walk walk = {0};
    if (heap == NULL || stats == NULL) {
        return TORC_INVALID;
    }
    torc_heap_lock(heap);
    walk_heap(&walk, heap);
    memset(stats, 0, sizeof *stats);
    stats->grown = heap->grown;
    stats->blocks = walk.blocks - walk.extents;
    stats->used = walk.used - walk.extended;
    stats->quick = walk.quick;
    stats->free = walk.free;
    stats->locals = heap->local_count;
    stats->orphans = heap->orphan_count;
    stats->adoptions = heap->adoptions;
    stats->refused = torc_load_relaxed64(&heap->refused);
    for (uint32_t i = 1; i <= heap->local_count; i++) {
        stats->refused += heap->local[i]->refused;
    }
    torc_heap_unlock(heap);
    return TORC_OK;
}
