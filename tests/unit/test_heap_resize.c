/* test_heap_resize.c - blocks that grow and shrink: in place where there is space, whole in any case. */
#include "heap_helpers.h"
#include <pthread.h>

/* Changes the size, and looks that what was in the block still is. Answers the block. */
static void *resized(void *block, size_t from, size_t to, uint32_t seed) {
    void *moved = torc_heap_realloc(heap, block, to);
    ck_assert_ptr_nonnull(moved);
    ck_assert(aligned_to(moved, TORC_HEAP_ALIGNMENT));
    ck_assert_uint_ge(torc_heap_usable(heap, moved), to);
    ck_assert(filled(moved, from < to ? from : to, seed));
    fill(moved, to, seed);
    return moved;
}

START_TEST(contents_survive_every_step) {
    static const size_t sizes[] = {1,    24,    25,     40,     1000,   1016,    1017,
                                   5000, 33000, 100000, 131072, 140000, 1000000, 7000000};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    for (uint32_t from = 0; from < SIZES; from++) {
        for (uint32_t to = 0; to < SIZES; to++) {
            void *block = resized(heap_block(sizes[from], from), sizes[from], sizes[to], from);
            assert_heap_valid();
            heap_return(block, sizes[to], from);
        }
    }
}
END_TEST

START_TEST(no_block_at_all_becomes_one) {
    void *block = torc_heap_realloc(heap, NULL, 100);
    ck_assert_ptr_nonnull(block);
    block = torc_heap_realloc(heap, block, 0);
    ck_assert_ptr_nonnull(block);
    assert_ok(torc_heap_free(heap, block));
}
END_TEST

START_TEST(shrinking_stays_and_gives_the_rest_back) {
    static const size_t sizes[] = {900, 30000, 120000, 1000000};
    for (size_t i = 0; i < 4; i++) {
        void *block = heap_block(sizes[i], 1), *guard = heap_block(sizes[i], 2);
        size_t used = heap_stats().used;
        ck_assert_ptr_eq(resized(block, sizes[i], sizes[i] / 3, 1), block);
        assert_heap_valid();
        ck_assert_uint_le(heap_stats().used, used - sizes[i] / 2);
        heap_return(block, sizes[i] / 3, 1);
        heap_return(guard, sizes[i], 2);
    }
}
END_TEST

/* The space behind the block is free: what was cut off, a neighbour that was freed, the end of the buffer. */
START_TEST(growing_takes_free_space_behind) {
    static const size_t sizes[] = {900, 30000, 100000, 300000, 3000000};
    for (size_t i = 0; i < 5; i++) {
        void *block = heap_block(sizes[i], 1);
        block = resized(block, sizes[i], sizes[i] / 3, 1);
        ck_assert_ptr_eq(resized(block, sizes[i] / 3, sizes[i] * 2 / 3, 1), block);
        assert_heap_valid();
        heap_return(block, sizes[i] * 2 / 3, 1);
    }
}
END_TEST

START_TEST(a_block_at_the_end_of_the_buffer_grows_with_it) {
    void *block = heap_block(300000, 1);
    for (size_t size = 300000; size < 60000000; size += size / 2) {
        ck_assert_ptr_eq(resized(block, size, size + size / 2, 1), block);
    }
    assert_heap_valid();
    assert_ok(torc_heap_free(heap, block));
}
END_TEST

START_TEST(a_block_that_is_hemmed_in_moves) {
    void *block = heap_block(300000, 1), *guard = heap_block(300000, 2), *moved;
    moved = resized(block, 300000, 500000, 1);
    ck_assert_ptr_ne(moved, block);
    heap_return(moved, 500000, 1);
    heap_return(guard, 300000, 2);
}
END_TEST

START_TEST(a_step_smaller_than_the_slack_changes_nothing) {
    void *block = heap_block(100, 1);
    ck_assert_ptr_eq(resized(block, 100, torc_heap_usable(heap, block), 1), block);
    ck_assert_ptr_eq(resized(block, 100, 99, 1), block);
    assert_ok(torc_heap_free(heap, block));
}
END_TEST

/* Only the owner may touch what lies around a block. */
static void *resize_elsewhere(void *block) {
    void *same = resized(block, 20000, 15000, 5), *moved;
    ck_assert_ptr_eq(same, block);
    moved = resized(block, 15000, 25000, 5);
    ck_assert_ptr_ne(moved, block);
    return moved;
}

START_TEST(another_threads_block_is_resized_by_a_copy) {
    void *block = heap_block(20000, 5), *moved = NULL;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, resize_elsewhere, block), 0);
    ck_assert_int_eq(pthread_join(thread, &moved), 0);
    heap_return(moved, 25000, 5);
}
END_TEST

Suite *heap_resize_suite(void) {
    Suite *suite = suite_create("heap_resize");
    TCase *c = add_case(suite, "heap_resize", setup_heap);
    tcase_add_checked_fixture(c, NULL, teardown_heap);
    tcase_add_test(c, contents_survive_every_step);
    tcase_add_test(c, no_block_at_all_becomes_one);
    tcase_add_test(c, shrinking_stays_and_gives_the_rest_back);
    tcase_add_test(c, growing_takes_free_space_behind);
    tcase_add_test(c, a_block_at_the_end_of_the_buffer_grows_with_it);
    tcase_add_test(c, a_block_that_is_hemmed_in_moves);
    tcase_add_test(c, a_step_smaller_than_the_slack_changes_nothing);
    tcase_add_test(c, another_threads_block_is_resized_by_a_copy);
    return suite;
}
