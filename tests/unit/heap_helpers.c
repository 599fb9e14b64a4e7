/* heap_helpers.c - the world of one heap test. */
#include "heap_helpers.h"

struct torc_heap *heap;
struct torc_grower_mmap range;

void setup_heap(void) {
    assert_ok(torc_grower_mmap_open(&range, 1024 * MB));
    assert_ok(torc_heap_create(&range.grower, NULL, &heap));
}

void teardown_heap(void) {
    uint64_t out = 0;
    assert_heap_valid();
    if (torc_heap_destroy(&heap, &out) != TORC_OK) {
        ck_abort_msg("%lu blocks are still out", (unsigned long)out);
    }
    torc_grower_mmap_close(&range);
}

void assert_heap_valid(void) {
    const char *what = NULL;
    if (!torc_heap_is_valid(heap, &what)) {
        ck_abort_msg("the heap is damaged: %s", what);
    }
}

void assert_heap_damaged(void) {
    const char *what = NULL;
    ck_assert(!torc_heap_is_valid(heap, &what));
    ck_assert_ptr_nonnull(what);
}

struct torc_heap_stats heap_stats(void) {
    struct torc_heap_stats stats;
    assert_ok(torc_heap_stats(heap, &stats));
    return stats;
}

bool aligned_to(const void *block, size_t alignment) {
    return (uintptr_t)block % alignment == 0;
}

void *heap_block(size_t size, uint32_t seed) {
    void *block = torc_heap_alloc(heap, size);
    ck_assert_ptr_nonnull(block);
    ck_assert(aligned_to(block, TORC_HEAP_ALIGNMENT));
    ck_assert_uint_ge(torc_heap_usable(heap, block), size);
    fill(block, size, seed);
    return block;
}

void heap_return(void *block, size_t size, uint32_t seed) {
    ck_assert(filled(block, size, seed));
    assert_ok(torc_heap_free(heap, block));
}
