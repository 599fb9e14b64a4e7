/* test_heap.c - one heap, one thread: what every call answers, and that blocks are whole, aligned and apart. */
#include "heap_helpers.h"
#include <stdlib.h>
#include <string.h>

START_TEST(blocks_of_any_size_are_whole_and_apart) {
    enum { BLOCKS = 400 };
    void *block[BLOCKS];
    size_t size[BLOCKS];
    for (uint32_t i = 0; i < BLOCKS; i++) {
        size[i] = i < 100 ? i : (size_t)(i - 90) * (i - 90) * (i % 3 == 0 ? 23 : 3);
        block[i] = heap_block(size[i], i);
    }
    assert_heap_valid();
    ck_assert_uint_eq(heap_stats().blocks, BLOCKS);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint32_t k = i * 7 % BLOCKS;
        heap_return(block[k], size[k], k);
    }
    ck_assert_uint_eq(heap_stats().blocks, 0);
    ck_assert_uint_eq(heap_stats().used, 0);
}
END_TEST

START_TEST(a_size_of_nothing_has_a_block_of_its_own) {
    void *one = torc_heap_alloc(heap, 0), *other = torc_heap_alloc(heap, 0);
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_nonnull(other);
    ck_assert_ptr_ne(one, other);
    assert_ok(torc_heap_free(heap, one));
    assert_ok(torc_heap_free(heap, other));
}
END_TEST

START_TEST(what_was_freed_is_used_again) {
    void *first = heap_block(100, 1);
    size_t grown;
    heap_return(first, 100, 1);
    ck_assert_ptr_eq(torc_heap_alloc(heap, 100), first);
    assert_ok(torc_heap_free(heap, first));
    grown = heap_stats().grown;
    for (uint32_t i = 0; i < 2000; i++) {
        size_t size = i % 2 == 0 ? 200000 : 9000;
        heap_return(heap_block(size, i), size, i);
    }
    ck_assert_uint_le(heap_stats().grown, grown + MB);
}
END_TEST

/* Blocks side by side become one again, in whatever order they are freed. */
START_TEST(neighbours_are_merged) {
    enum { BLOCKS = 6 };
    static const uint32_t orders[][BLOCKS] = {
        {0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {0, 2, 4, 1, 3, 5}, {3, 0, 5, 1, 4, 2}};
    const size_t size = 300000;
    for (size_t k = 0; k < sizeof orders / sizeof orders[0]; k++) {
        void *block[BLOCKS], *whole;
        size_t grown;
        for (uint32_t i = 0; i < BLOCKS; i++) {
            block[i] = heap_block(size, i);
        }
        grown = heap_stats().grown;
        for (uint32_t i = 0; i < BLOCKS; i++) {
            heap_return(block[orders[k][i]], size, orders[k][i]);
            assert_heap_valid();
        }
        whole = heap_block(BLOCKS * size, 9);
        ck_assert_ptr_eq(whole, block[0]);
        ck_assert_uint_eq(heap_stats().grown, grown);
        heap_return(whole, BLOCKS * size, 9);
    }
}
END_TEST

START_TEST(zeroed_means_zeroed) {
    static const size_t sizes[] = {1, 24, 100, 1000, 5000, 70000, 300000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *block = heap_block(sizes[i], 3);
        heap_return(block, sizes[i], 3);
        block = torc_heap_alloc_zeroed(heap, 1, sizes[i]);
        ck_assert_ptr_nonnull(block);
        ck_assert(block[0] == 0 && memcmp(block, block + 1, sizes[i] - 1) == 0);
        assert_ok(torc_heap_free(heap, block));
    }
    ck_assert_ptr_null(torc_heap_alloc_zeroed(heap, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(torc_heap_alloc_zeroed(heap, SIZE_MAX, SIZE_MAX));
    assert_ok(torc_heap_free(heap, torc_heap_alloc_zeroed(heap, 0, SIZE_MAX)));
}
END_TEST

START_TEST(alignment_is_kept_for_every_size) {
    for (size_t alignment = 1; alignment <= 4 * MB; alignment *= 2) {
        static const size_t sizes[] = {0, 1, 40, 1000, 4096, 30000, 200000};
        void *block[7];
        for (size_t i = 0; i < 7; i++) {
            block[i] = torc_heap_alloc_aligned(heap, alignment, sizes[i]);
            ck_assert_ptr_nonnull(block[i]);
            ck_assert(aligned_to(block[i], alignment) && aligned_to(block[i], TORC_HEAP_ALIGNMENT));
            ck_assert_uint_ge(torc_heap_usable(heap, block[i]), sizes[i]);
            fill(block[i], sizes[i], (uint32_t)i);
        }
        assert_heap_valid();
        for (size_t i = 0; i < 7; i++) {
            heap_return(block[i], sizes[i], (uint32_t)i);
        }
    }
}
END_TEST

START_TEST(alignments_that_are_none_are_refused) {
    ck_assert_ptr_null(torc_heap_alloc_aligned(heap, 0, 10));
    ck_assert_ptr_null(torc_heap_alloc_aligned(heap, 24, 10));
    ck_assert_ptr_null(torc_heap_alloc_aligned(heap, (SIZE_MAX >> 1) + 1, 10));
    ck_assert_ptr_null(torc_heap_alloc_aligned(heap, 64, SIZE_MAX - 32));
    ck_assert_ptr_null(torc_heap_alloc_aligned(NULL, 64, 10));
}
END_TEST

START_TEST(sizes_that_cannot_be_are_refused) {
    void *block = heap_block(10, 1);
    ck_assert_ptr_null(torc_heap_alloc(heap, SIZE_MAX));
    ck_assert_ptr_null(torc_heap_alloc(heap, TORC_HEAP_MAX_SIZE + 1));
    ck_assert_ptr_null(torc_heap_alloc(heap, TORC_HEAP_MAX_SIZE));
    ck_assert_ptr_null(torc_heap_alloc(heap, 2000 * MB));
    ck_assert_ptr_null(torc_heap_realloc(heap, block, SIZE_MAX));
    ck_assert_ptr_null(torc_heap_realloc(heap, block, 2000 * MB));
    heap_return(block, 10, 1);
}
END_TEST

START_TEST(a_block_freed_twice_is_refused) {
    static const size_t sizes[] = {10, 1000, 20000, 100000, 200000};
    for (size_t i = 0; i < 5; i++) {
        void *block = heap_block(sizes[i], 1), *guard = heap_block(sizes[i], 2);
        assert_ok(torc_heap_free(heap, block));
        assert_status(torc_heap_free(heap, block), TORC_STALE);
        ck_assert_uint_eq(torc_heap_usable(heap, block), 0);
        ck_assert_ptr_null(torc_heap_realloc(heap, block, 5));
        assert_heap_valid();
        heap_return(guard, sizes[i], 2);
    }
    ck_assert_uint_eq(heap_stats().refused, 5);
}
END_TEST

/* Whichever neighbour it was merged with, and by way of a quick list too. */
START_TEST(a_merged_block_freed_twice_is_refused) {
    static const size_t sizes[] = {10, 5000, 40000, 200000};
    struct torc_heap_config config = {.step = MB};
    uint64_t refused = 0;
    assert_ok(torc_heap_destroy(&heap, NULL));
    assert_ok(torc_heap_create(&range.grower, &config, &heap));
    for (size_t i = 0; i < 4; i++) {
        for (size_t order = 0; order < 6; order++) {
            static const size_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
            void *block[3] = {heap_block(sizes[i], 1), heap_block(sizes[i], 2), heap_block(sizes[i], 3)};
            void *guard = heap_block(sizes[i], 4);
            for (size_t k = 0; k < 3; k++) {
                assert_ok(torc_heap_free(heap, block[orders[order][k]]));
                if (i < 2) {
                    (void)torc_heap_trim(heap); /* the larger ones never wait */
                }
                for (size_t again = 0; again <= k; again++) {
                    assert_status(torc_heap_free(heap, block[orders[order][again]]), TORC_STALE);
                    refused++;
                }
                assert_heap_valid();
            }
            heap_return(guard, sizes[i], 4);
        }
    }
    ck_assert_uint_eq(heap_stats().refused, refused);
}
END_TEST

START_TEST(what_is_no_block_is_refused) {
    static _Alignas(16) unsigned char elsewhere[64];
    unsigned char *block = heap_block(100, 1);
    assert_ok(torc_heap_free(heap, NULL));
    assert_status(torc_heap_free(NULL, NULL), TORC_INVALID);
    assert_status(torc_heap_free(NULL, block), TORC_INVALID);
    assert_status(torc_heap_free(heap, elsewhere + 16), TORC_INVALID);
    assert_status(torc_heap_free(heap, elsewhere + 17), TORC_INVALID);
    assert_status(torc_heap_free(heap, block + 8), TORC_INVALID);
    ck_assert_uint_eq(torc_heap_usable(heap, elsewhere + 16), 0);
    ck_assert_uint_eq(torc_heap_usable(heap, NULL), 0);
    ck_assert_uint_eq(torc_heap_usable(NULL, block), 0);
    ck_assert_ptr_null(torc_heap_realloc(heap, elsewhere + 16, 10));
    heap_return(block, 100, 1);
}
END_TEST

START_TEST(arguments_of_nothing_are_refused) {
    struct torc_heap *other = NULL;
    struct torc_grower none = {NULL, NULL, NULL};
    struct torc_heap_config config = {0};
    struct torc_heap_stats stats;
    const char *what = NULL;
    assert_status(torc_heap_create(NULL, NULL, &other), TORC_INVALID);
    assert_status(torc_heap_create(&range.grower, NULL, NULL), TORC_INVALID);
    assert_status(torc_heap_create(&none, NULL, &other), TORC_INVALID);
    config.threads = TORC_HEAP_MAX_THREADS + 1;
    assert_status(torc_heap_create(&range.grower, &config, &other), TORC_INVALID);
    config.threads = 0;
    config.step = 1;
    assert_status(torc_heap_create(&range.grower, &config, &other), TORC_INVALID);
    config.step = SIZE_MAX;
    assert_status(torc_heap_create(&range.grower, &config, &other), TORC_INVALID);
    ck_assert_ptr_null(other);
    assert_status(torc_heap_destroy(NULL, NULL), TORC_INVALID);
    assert_status(torc_heap_destroy(&other, NULL), TORC_INVALID);
    assert_status(torc_heap_abandon(NULL), TORC_INVALID);
    assert_status(torc_heap_abandon(&other), TORC_INVALID);
    assert_status(torc_heap_stats(NULL, &stats), TORC_INVALID);
    assert_status(torc_heap_stats(heap, NULL), TORC_INVALID);
    ck_assert_ptr_null(torc_heap_alloc(NULL, 10));
    ck_assert_ptr_null(torc_heap_alloc_zeroed(NULL, 1, 10));
    ck_assert_ptr_null(torc_heap_realloc(NULL, NULL, 10));
    ck_assert_uint_eq(torc_heap_trim(NULL), 0);
    ck_assert(!torc_heap_is_valid(NULL, &what));
    ck_assert_ptr_nonnull(what);
    torc_heap_leave(NULL);
}
END_TEST

START_TEST(a_heap_with_blocks_out_is_busy) {
    void *small = heap_block(10, 1), *large = heap_block(400000, 2);
    uint64_t out = 0;
    assert_status(torc_heap_destroy(&heap, &out), TORC_BUSY);
    ck_assert_uint_eq(out, 2);
    ck_assert_ptr_nonnull(heap);
    heap_return(small, 10, 1);
    assert_status(torc_heap_destroy(&heap, &out), TORC_BUSY);
    ck_assert_uint_eq(out, 1);
    heap_return(large, 400000, 2);
}
END_TEST

/* The place of a heap that ended may be that of the next; what a thread remembers of the former must not serve it. */
START_TEST(an_abandoned_heap_is_forgotten) {
    static _Alignas(64) unsigned char memory[100000];
    struct torc_grower_buffer buffer;
    struct torc_heap *first = NULL, *second = NULL;
    void *block;
    assert_ok(torc_grower_buffer_init(&buffer, memory, sizeof memory));
    assert_ok(torc_heap_create(&buffer.grower, NULL, &first));
    ck_assert_ptr_nonnull(torc_heap_alloc(first, 100));
    second = first;
    assert_ok(torc_heap_abandon(&first));
    ck_assert_ptr_null(first);
    memset(memory, 0xFF, sizeof memory);
    assert_ok(torc_grower_buffer_init(&buffer, memory, sizeof memory));
    assert_ok(torc_heap_create(&buffer.grower, NULL, &first));
    ck_assert_ptr_eq(first, second);
    block = torc_heap_alloc(first, 100);
    ck_assert_ptr_nonnull(block);
    assert_ok(torc_heap_free(first, block));
    assert_ok(torc_heap_destroy(&first, NULL));
}
END_TEST

START_TEST(a_full_buffer_answers_null_and_recovers) {
    static _Alignas(64) unsigned char memory[100000];
    struct torc_grower_buffer buffer;
    struct torc_heap_config config = {.threads = 1, .step = 4096};
    struct torc_heap *tiny = NULL;
    void *block[2000];
    size_t count = 0, again = 0;
    assert_ok(torc_grower_buffer_init(&buffer, memory, 100));
    assert_status(torc_heap_create(&buffer.grower, &config, &tiny), TORC_NO_MEMORY);
    assert_ok(torc_grower_buffer_init(&buffer, memory, sizeof memory));
    assert_ok(torc_heap_create(&buffer.grower, &config, &tiny));
    while ((block[count] = torc_heap_alloc(tiny, 100)) != NULL) {
        count++;
    }
    ck_assert_uint_gt(count * 112, sizeof memory * 8 / 10);
    ck_assert(torc_heap_is_valid(tiny, NULL));
    ck_assert_ptr_null(torc_heap_alloc_aligned(tiny, 64, 100));
    for (size_t i = 0; i < count; i++) {
        assert_ok(torc_heap_free(tiny, block[i]));
    }
    (void)torc_heap_trim(tiny);
    ck_assert(torc_heap_is_valid(tiny, NULL));
    while ((block[again] = torc_heap_alloc(tiny, 1000)) != NULL) {
        again++;
    }
    ck_assert_uint_gt(again * 1008, sizeof memory * 8 / 10);
    assert_ok(torc_heap_abandon(&tiny));
}
END_TEST

START_TEST(trim_gives_memory_back) {
    enum { BLOCKS = 100 };
    void *block[BLOCKS];
    size_t before = range.committed;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        block[i] = heap_block(100000, i);
    }
    ck_assert_uint_ge(range.committed, before + BLOCKS * 100000);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        heap_return(block[i], 100000, i);
    }
    ck_assert_uint_ge(torc_heap_trim(heap), BLOCKS * 100000 / 2);
    ck_assert_uint_le(range.committed, before + MB);
    ck_assert_uint_eq(heap_stats().quick, 0);
    assert_heap_valid();
    heap_return(heap_block(5000000, 1), 5000000, 1);
}
END_TEST

Suite *heap_suite(void) {
    Suite *suite = suite_create("heap");
    TCase *c = add_case(suite, "heap", setup_heap);
    tcase_add_checked_fixture(c, NULL, teardown_heap);
    tcase_add_test(c, blocks_of_any_size_are_whole_and_apart);
    tcase_add_test(c, a_size_of_nothing_has_a_block_of_its_own);
    tcase_add_test(c, what_was_freed_is_used_again);
    tcase_add_test(c, neighbours_are_merged);
    tcase_add_test(c, zeroed_means_zeroed);
    tcase_add_test(c, alignment_is_kept_for_every_size);
    tcase_add_test(c, alignments_that_are_none_are_refused);
    tcase_add_test(c, sizes_that_cannot_be_are_refused);
    tcase_add_test(c, a_block_freed_twice_is_refused);
    tcase_add_test(c, a_merged_block_freed_twice_is_refused);
    tcase_add_test(c, what_is_no_block_is_refused);
    tcase_add_test(c, arguments_of_nothing_are_refused);
    tcase_add_test(c, a_heap_with_blocks_out_is_busy);
    tcase_add_test(c, an_abandoned_heap_is_forgotten);
    tcase_add_test(c, a_full_buffer_answers_null_and_recovers);
    tcase_add_test(c, trim_gives_memory_back);
    return suite;
}
