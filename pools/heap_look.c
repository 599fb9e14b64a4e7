/* pools/heap_look.c - questions about a pointer that is said to be a block; changing its size; trimming; ending the
 * heap. */
#include "heap_local.h"

#include <string.h>
#include <torc/status.h>

int torc_heap_look(const struct torc_heap *heap, const void *payload, uint64_t *head) {
    uint32_t owner;
    if (heap == NULL || (uintptr_t)payload % TORC_HEAP_ALIGNMENT != 0 || !torc_heap_has(heap, payload)) {
        return TORC_INVALID;
    }
    *head = torc_block_head(torc_block_of(payload));
    owner = torc_head_owner(*head);
    if (owner > heap->threads || torc_head_size(*head) < TORC_BLOCK_LEAST ||
        (owner != 0 && heap->local[owner] == NULL)) {
        return TORC_INVALID;
    }
    return (*head & TORC_BLOCK_STATE) == TORC_BLOCK_USED ? TORC_OK : TORC_STALE;
}

size_t torc_heap_usable(struct torc_heap *heap, const void *block) {
    uint64_t head;
    return torc_heap_look(heap, block, &head) == TORC_OK ? torc_head_size(head) - TORC_BLOCK_HEAD : 0;
}

/* --- realloc --- */

/* A rest below an eighth stays with the block: cutting it off would only make crumbs. */
static bool worth_cutting(size_t have, size_t need) {
    return have - need >= TORC_BLOCK_LEAST && have - need >= have / 8;
}

/* With the core to ourselves. false: there is no room here. */
static bool resize_mine(struct torc_local *local, struct torc_block *block, size_t need) {
    size_t have = torc_block_size(block);
    if (need <= have) {
        if (worth_cutting(have, need)) {
            torc_core_trim(&local->core, block, need);
        }
        return true;
    }
    return need < TORC_LOCAL_MOST && torc_core_grow(&local->core, block, need);
}

static bool resize_common(struct torc_heap *heap, struct torc_block *block, size_t need) {
    size_t have = torc_block_size(block);
    bool done;
    if (need <= have && !worth_cutting(have, need)) {
        return true;
    }
    torc_heap_lock(heap);
    if (need <= have) {
        torc_core_trim(&heap->common, block, need);
        done = true;
    } else {
        done = torc_common_grow(heap, block, need);
    }
    torc_heap_unlock(heap);
    return done;
}

static bool in_place(struct torc_heap *heap, struct torc_block *block, uint64_t head, size_t need) {
    uint32_t owner = torc_head_owner(head);
    if (owner == 0) {
        return resize_common(heap, block, need);
    }
    if (torc_local_is_mine(heap->local[owner])) {
        return resize_mine(heap->local[owner], block, need);
    }
    return need <= torc_head_size(head);
}

void *torc_heap_realloc(struct torc_heap *heap, void *block, size_t size) {
    uint64_t head;
    void *copy;
    size_t have;
    if (block == NULL) {
        return torc_heap_alloc(heap, size);
    }
    if (size > TORC_HEAP_MAX_SIZE || torc_heap_look(heap, block, &head) != TORC_OK) {
        return NULL;
    }
    if (in_place(heap, torc_block_of(block), head, torc_block_need(size))) {
        return block;
    }
    copy = torc_heap_alloc(heap, size);
    if (copy != NULL) {
        have = torc_head_size(head) - TORC_BLOCK_HEAD;
        memcpy(copy, block, have < size ? have : size);
        (void)torc_heap_free(heap, block);
    }
    return copy;
}

/* --- trim --- */

size_t torc_heap_trim(struct torc_heap *heap) {
    struct torc_local *local = heap != NULL ? torc_local_known(heap) : NULL;
    size_t given;
    if (heap == NULL) {
        return 0;
    }
    if (local != NULL) {
        torc_local_settle(local);
    }
    torc_heap_lock(heap);
    if (local != NULL) {
        torc_local_return_extents(local);
    }
    torc_common_reclaim(heap);
    given = torc_common_trim(heap);
    torc_heap_unlock(heap);
    return given;
}

/* --- end --- */

int torc_heap_abandon(struct torc_heap **heap) {
    if (heap == NULL || *heap == NULL) {
        return TORC_INVALID;
    }
    torc_heap_forget_threads(*heap);
    (void)pthread_mutex_destroy(&(*heap)->lock);
    (*heap)->id = 0;
    *heap = NULL;
    return TORC_OK;
}

int torc_heap_destroy(struct torc_heap **heap, uint64_t *out) {
    struct torc_heap_stats stats;
    if (heap == NULL || *heap == NULL) {
        return TORC_INVALID;
    }
    for (uint32_t i = 1; i <= (*heap)->local_count; i++) {
        torc_local_drain((*heap)->local[i]);
    }
    (void)torc_heap_stats(*heap, &stats);
    if (out != NULL) {
        *out = stats.blocks;
    }
    return stats.blocks != 0 ? TORC_BUSY : torc_heap_abandon(heap);
}
