/* pools/heap.c - the calls of torc/heap.h: who serves a request, and whose block it is that comes back. */
#include "heap_local.h"

#include <string.h>
#include <torc/status.h>

enum { DEFAULT_THREADS = 1024, DEFAULT_STEP = 65536, LEAST_STEP = 1024 };

/* --- create --- */

/* The bookkeeping comes first in the grower's memory, the first extent behind it. */
static size_t bookkeeping(uint32_t threads) {
    return sizeof(struct torc_heap) + (threads + (size_t)1) * sizeof(struct torc_local *);
}

static struct torc_heap *lay_out(unsigned char *begin, size_t grown, struct torc_grower *grower, uint32_t threads) {
    size_t own = bookkeeping(threads);
    size_t skip = -(uintptr_t)begin & 63;
    struct torc_heap *heap = (struct torc_heap *)(void *)(begin + skip);
    memset(heap, 0, own);
    torc_core_init(&heap->common, 0, torc_common_more);
    heap->grower = grower;
    heap->threads = threads;
    heap->grown = grown;
    heap->end = begin + grown;
    torc_store_relaxed64(&heap->low, UINT64_MAX);
    torc_common_add(heap, begin + skip + own, grown - skip - own);
    return heap;
}

static int place(struct torc_grower *grower, uint32_t threads, struct torc_heap **heap) {
    size_t grown = 0;
    unsigned char *begin =
        grower->grow(grower, bookkeeping(threads) + 64 + TORC_EXTENT_COST + 2 * TORC_BLOCK_LEAST + 16, &grown);
    *heap = begin == NULL ? NULL : lay_out(begin, grown, grower, threads);
    return begin == NULL ? TORC_NO_MEMORY : TORC_OK;
}

/* Where the grower can take it back. */
static void give_up(struct torc_heap *heap) {
    struct torc_grower *grower = heap->grower;
    if (grower->shrink != NULL) {
        (void)grower->shrink(grower, heap->grown);
    }
}

int torc_heap_create(struct torc_grower *grower, const struct torc_heap_config *config, struct torc_heap **heap) {
    uint32_t threads = config != NULL && config->threads != 0 ? config->threads : DEFAULT_THREADS;
    size_t step = config != NULL && config->step != 0 ? config->step : DEFAULT_STEP;
    if (heap == NULL) {
        return TORC_INVALID;
    }
    *heap = NULL;
    if (grower == NULL || grower->grow == NULL || threads > TORC_HEAP_MAX_THREADS || step < LEAST_STEP ||
        step > TORC_HEAP_MAX_SIZE / 4) {
        return TORC_INVALID;
    }
    if (place(grower, threads, heap) != TORC_OK) {
        return TORC_NO_MEMORY;
    }
    if (pthread_mutex_init(&(*heap)->lock, NULL) != 0) {
        give_up(*heap);
        *heap = NULL;
        return TORC_NO_MEMORY;
    }
    (*heap)->step = step;
    (*heap)->id = torc_heap_next_id();
    return TORC_OK;
}

/* --- allocate --- */

static struct torc_block *common_alloc(struct torc_heap *heap, size_t size, size_t alignment) {
    struct torc_block *block;
    torc_heap_lock(heap);
    block = alignment <= TORC_HEAP_ALIGNMENT ? torc_core_alloc(&heap->common, size)
                                             : torc_core_alloc_aligned(&heap->common, size, alignment);
    torc_heap_unlock(heap);
    return block;
}

/* Large blocks, and whatever a local heap has no room for. */
static __attribute__((noinline)) void *alloc_slow(struct torc_heap *heap, size_t size) {
    struct torc_block *block = NULL;
    struct torc_local *local;
    if (heap == NULL || size > TORC_HEAP_MAX_SIZE) {
        return NULL;
    }
    size = torc_block_need(size);
    local = size < TORC_LOCAL_MOST ? torc_local_mine(heap) : NULL;
    if (local != NULL) {
        block = torc_local_alloc(local, size);
    }
    if (block == NULL) {
        block = common_alloc(heap, size, TORC_HEAP_ALIGNMENT);
    }
    return block != NULL ? torc_block_payload(block) : NULL;
}

/* Thread-local, a list per size class: nothing here is shared. */
void *torc_heap_alloc(struct torc_heap *heap, size_t size) {
    const struct torc_heap_tls *tls = &torc_heap_tls;
    if (TORC_LIKELY(heap != NULL && tls->id == heap->id && size <= TORC_QUICK_MOST - TORC_BLOCK_HEAD)) {
        struct torc_quick *quick = &tls->local->quick[torc_class_of(torc_class_round(torc_block_need(size)))];
        if (TORC_LIKELY(quick->head != NULL)) {
            return torc_block_payload(torc_quick_pop(quick));
        }
    }
    return alloc_slow(heap, size);
}

void *torc_heap_alloc_zeroed(struct torc_heap *heap, size_t count, size_t size) {
    size_t bytes;
    void *block;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    block = torc_heap_alloc(heap, bytes);
    return block != NULL ? memset(block, 0, bytes) : NULL;
}

void *torc_heap_alloc_aligned(struct torc_heap *heap, size_t alignment, size_t size) {
    struct torc_block *block = NULL;
    struct torc_local *local;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > TORC_HEAP_MAX_SIZE) {
        return NULL;
    }
    if (alignment <= TORC_HEAP_ALIGNMENT) {
        return torc_heap_alloc(heap, size);
    }
    if (heap == NULL || size > TORC_HEAP_MAX_SIZE - alignment) {
        return NULL;
    }
    size = torc_block_need(size);
    local = size + alignment < TORC_LOCAL_MOST ? torc_local_mine(heap) : NULL;
    if (local != NULL) {
        block = torc_local_alloc_aligned(local, size, alignment);
    }
    if (block == NULL) {
        block = common_alloc(heap, size, alignment);
    }
    return block != NULL ? torc_block_payload(block) : NULL;
}

/* --- free --- */

static int common_free(struct torc_heap *heap, struct torc_block *block) {
    int status = TORC_STALE;
    torc_heap_lock(heap);
    if ((torc_block_head(block) & TORC_BLOCK_STATE) == TORC_BLOCK_USED) {
        torc_common_give(heap, block);
        status = TORC_OK;
    }
    torc_heap_unlock(heap);
    return status;
}

static __attribute__((noinline)) int free_slow(struct torc_heap *heap, void *payload) {
    struct torc_block *block;
    uint64_t head;
    uint32_t owner;
    int status;
    if (payload == NULL) {
        return heap == NULL ? TORC_INVALID : TORC_OK;
    }
    status = torc_heap_look(heap, payload, &head);
    block = torc_block_of(payload);
    owner = status == TORC_OK ? torc_head_owner(head) : 0;
    if (owner != 0) {
        struct torc_local *local = heap->local[owner];
        if (torc_local_is_mine(local)) {
            torc_local_give(local, block);
        } else {
            torc_local_push(local, block);
        }
    } else if (status == TORC_OK) {
        status = common_free(heap, block);
    }
    if (status == TORC_STALE) {
        (void)torc_add_relaxed64(&heap->refused, 1);
    }
    return status;
}

/* Mine, in use, small: onto its quick list. */
int torc_heap_free(struct torc_heap *heap, void *payload) {
    const struct torc_heap_tls *tls = &torc_heap_tls;
    if (TORC_LIKELY(heap != NULL && tls->id == heap->id && torc_heap_has(heap, payload))) {
        struct torc_block *block = torc_block_of(payload);
        uint64_t head = torc_block_head(block);
        uint32_t class = torc_class_of(torc_head_size(head));
        if (TORC_LIKELY((head & (TORC_BLOCK_OWNER | TORC_BLOCK_STATE)) == tls->local->mine &&
                        class < TORC_QUICK_CLASSES)) {
            struct torc_quick *quick = &tls->local->quick[class];
            if (TORC_LIKELY(quick->room != 0)) {
                torc_quick_push(quick, block, head);
                return TORC_OK;
            }
        }
    }
    return free_slow(heap, payload);
}
