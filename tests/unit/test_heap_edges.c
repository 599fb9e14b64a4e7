/* test_heap_edges.c - a heap where another was used last, where memory was given back, and over growers that go
 * elsewhere. */
#include "heap_helpers.h"
#include <pthread.h>

/* --- a second heap, which the thread used last ------------------------------------------------------------------- */

static struct torc_grower_mmap second_range;
static struct torc_heap *second;

static void setup_second(void) {
    assert_ok(torc_grower_mmap_open(&second_range, 64 * MB));
    assert_ok(torc_heap_create(&second_range.grower, NULL, &second));
}

static void teardown_second(void) {
    assert_ok(torc_heap_destroy(&second, NULL));
    torc_grower_mmap_close(&second_range);
}

static void use_the_other(void) {
    assert_ok(torc_heap_free(second, torc_heap_alloc(second, 10)));
}

START_TEST(its_blocks_come_back_at_once) {
    void *block = heap_block(3000, 1);
    use_the_other();
    heap_return(block, 3000, 1);
    ck_assert_uint_eq(heap_stats().blocks, 0);
    assert_status(torc_heap_free(heap, block), TORC_STALE);
    ck_assert_uint_eq(heap_stats().refused, 1);
}
END_TEST

START_TEST(its_blocks_grow_where_they_are) {
    void *block = heap_block(20000, 1);
    use_the_other();
    ck_assert_ptr_eq(torc_heap_realloc(heap, block, 25000), block);
    ck_assert_ptr_eq(torc_heap_realloc(heap, block, 5000), block);
    heap_return(block, 5000, 1);
}
END_TEST

START_TEST(its_quick_lists_are_trimmed) {
    heap_return(heap_block(100, 1), 100, 1);
    ck_assert_uint_gt(heap_stats().quick, 0);
    use_the_other();
    (void)torc_heap_trim(heap);
    ck_assert_uint_eq(heap_stats().quick, 0);
}
END_TEST

/* --- freed twice ------------------------------------------------------------------------------------------------- */

static void *free_it_twice(void *block) {
    assert_ok(torc_heap_free(heap, block));
    (void)torc_heap_free(heap, block);
    return NULL;
}

/* What is pushed twice leads to itself until the owner takes it back: who walks must come to an end. */
START_TEST(a_block_on_its_way_twice_stops_no_walk) {
    void *block = heap_block(100, 1);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, free_it_twice, block), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(heap_stats().blocks, 1);
    assert_heap_valid();
    (void)torc_heap_trim(heap);
    ck_assert_uint_eq(heap_stats().blocks, 0);
    ck_assert_uint_eq(heap_stats().refused, 1);
}
END_TEST

/* The free end of the buffer went back to the system, the header of this block with it. */
START_TEST(what_was_given_back_is_no_block) {
    void *small = heap_block(MB, 1), *large = heap_block(100 * MB, 2);
    size_t committed = range.committed;
    heap_return(small, MB, 1);
    assert_ok(torc_heap_free(heap, large));
    ck_assert_uint_lt(range.committed, committed);
    assert_status(torc_heap_free(heap, large), TORC_INVALID);
    ck_assert_uint_eq(torc_heap_usable(heap, large), 0);
    ck_assert_ptr_null(torc_heap_realloc(heap, large, 10));
    large = heap_block(100 * MB, 3); /* and is one again once it is had again */
    heap_return(large, 100 * MB, 3);
}
END_TEST

/* --- growers ----------------------------------------------------------------------------------------------------- */

/* Two buffers: what does not fit behind the first goes into the second. */
struct pair {
    struct torc_grower grower;
    struct torc_grower_buffer part[2];
};

static void *grow_pair(struct torc_grower *grower, size_t size, size_t *grown) {
    struct pair *pair = (struct pair *)grower;
    void *old = NULL;
    for (int i = 0; i < 2 && old == NULL; i++) {
        old = pair->part[i].grower.grow(&pair->part[i].grower, size, grown);
    }
    return old;
}

/* A block at the end asks for a few bytes, and gets them elsewhere: too few to be used. What comes behind those is no
 * part of what lies before. */
START_TEST(a_piece_too_small_to_use_is_left_alone) {
    static _Alignas(64) unsigned char first[400000], between[4096], memory[200000];
    struct torc_heap_config config = {.threads = 2, .step = 4096};
    struct pair pair = {.grower = {grow_pair, NULL, NULL}};
    struct torc_heap *small = NULL;
    const char *what = NULL;
    size_t size = 131072;
    void *block, *other;
    fill(between, sizeof between, 5);
    assert_ok(torc_grower_buffer_init(&pair.part[0], first, sizeof first));
    assert_ok(torc_grower_buffer_init(&pair.part[1], memory, sizeof memory));
    assert_ok(torc_heap_create(&pair.grower, &config, &small));
    block = torc_heap_alloc(small, size);
    do { /* 16 bytes at a time, to the end of the first; the second is too small for a copy */
        size += 16;
    } while (torc_heap_realloc(small, block, size) == block);
    ck_assert_uint_gt(pair.part[1].used, 0);
    other = torc_heap_alloc(small, 20000);
    ck_assert_ptr_nonnull(other);
    ck_assert((unsigned char *)other >= memory && (unsigned char *)other + 20000 <= memory + sizeof memory);
    if (!torc_heap_is_valid(small, &what)) {
        ck_abort_msg("the heap is damaged: %s", what);
    }
    ck_assert(filled(between, sizeof between, 5));
    assert_ok(torc_heap_free(small, block));
    assert_ok(torc_heap_free(small, other));
    assert_ok(torc_heap_destroy(&small, NULL));
}
END_TEST

Suite *heap_edges_suite(void) {
    Suite *suite = suite_create("heap_edges");
    TCase *two = add_case(suite, "another heap was used last", setup_heap);
    TCase *one = add_case(suite, "one heap", setup_heap);
    TCase *none = add_case(suite, "growers", NULL);
    tcase_add_checked_fixture(two, setup_second, teardown_second);
    tcase_add_checked_fixture(two, NULL, teardown_heap);
    tcase_add_checked_fixture(one, NULL, teardown_heap);
    tcase_add_test(two, its_blocks_come_back_at_once);
    tcase_add_test(two, its_blocks_grow_where_they_are);
    tcase_add_test(two, its_quick_lists_are_trimmed);
    tcase_add_test(one, a_block_on_its_way_twice_stops_no_walk);
    tcase_add_test(one, what_was_given_back_is_no_block);
    tcase_add_test(none, a_piece_too_small_to_use_is_left_alone);
    return suite;
}
