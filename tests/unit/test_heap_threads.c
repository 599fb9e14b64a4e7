/* test_heap_threads.c - heaps of threads: own ones, blocks freed elsewhere, threads that end, heaps that are taken
 * over. The steps of the threads are strictly one after the other; what happens at once is the stress tests' matter. */
#include "heap_helpers.h"
#include <pthread.h>
#include <torc/atomic.h>

enum { BLOCKS = 200 };

static void *block[BLOCKS];

static void *in_a_thread(void *(*body)(void *), void *argument) {
    pthread_t thread;
    void *result = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, argument), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result;
}

static size_t size_of(uint32_t i) {
    return (size_t)i * 37 % 3000 + (i % 50 == 0 ? 40000 : 0);
}

static void *take_all(void *unused) {
    for (uint32_t i = 0; i < BLOCKS; i++) {
        block[i] = heap_block(size_of(i), i);
    }
    return unused;
}

static void *return_all(void *unused) {
    for (uint32_t i = 0; i < BLOCKS; i++) {
        heap_return(block[i], size_of(i), i);
    }
    return unused;
}

START_TEST(blocks_outlive_their_thread) {
    (void)in_a_thread(take_all, NULL);
    ck_assert_uint_eq(heap_stats().orphans, 1);
    ck_assert_uint_eq(heap_stats().blocks, BLOCKS);
    assert_heap_valid();
    return_all(NULL);
    assert_heap_valid();
}
END_TEST

/* What went to a dead thread's heap is merged when somebody trims. */
START_TEST(what_is_freed_to_an_orphan_comes_back) {
    (void)in_a_thread(take_all, NULL);
    return_all(NULL);
    ck_assert_uint_eq(heap_stats().blocks, BLOCKS);
    (void)torc_heap_trim(heap);
    ck_assert_uint_eq(heap_stats().blocks, 0);
    ck_assert_uint_eq(heap_stats().quick, 0);
}
END_TEST

START_TEST(a_dead_threads_heap_is_adopted) {
    size_t grown;
    (void)in_a_thread(take_all, NULL);
    (void)in_a_thread(return_all, NULL);
    grown = heap_stats().grown;
    for (int i = 0; i < 50; i++) {
        (void)in_a_thread(take_all, NULL);
        (void)in_a_thread(return_all, NULL);
        assert_heap_valid();
    }
    ck_assert_uint_eq(heap_stats().locals, 1);
    ck_assert_uint_ge(heap_stats().adoptions, 49);
    ck_assert_uint_le(heap_stats().grown, grown + MB);
    ck_assert_uint_eq(heap_stats().refused, 0);
}
END_TEST

START_TEST(freed_elsewhere_the_owner_takes_it_back) {
    size_t grown = 0;
    for (int i = 0; i < 50; i++) {
        take_all(NULL);
        (void)in_a_thread(return_all, NULL);
        assert_heap_valid();
        grown = i == 2 ? heap_stats().grown : grown;
    }
    ck_assert_uint_le(heap_stats().grown, grown);
}
END_TEST

static void *free_it_again(void *freed) {
    assert_status(torc_heap_free(heap, freed), TORC_STALE);
    return NULL;
}

START_TEST(freed_here_it_is_refused_there) {
    void *one = heap_block(100, 1), *large = heap_block(500000, 2);
    heap_return(one, 100, 1);
    heap_return(large, 500000, 2);
    (void)in_a_thread(free_it_again, one);
    (void)in_a_thread(free_it_again, large);
    ck_assert_uint_eq(heap_stats().refused, 2);
}
END_TEST

START_TEST(leaving_makes_room_for_another) {
    take_all(NULL);
    torc_heap_leave(heap);
    torc_heap_leave(heap);
    ck_assert_uint_eq(heap_stats().orphans, 1);
    return_all(NULL);
    take_all(NULL);
    ck_assert_uint_eq(heap_stats().locals, 1);
    ck_assert_uint_eq(heap_stats().adoptions, 1);
    return_all(NULL);
}
END_TEST

/* More threads than have heaps of their own: the others share the common one. */
START_TEST(threads_beyond_the_limit_are_served_too) {
    struct torc_heap_config config = {.threads = 1};
    torc_heap_leave(heap);
    assert_ok(torc_heap_destroy(&heap, NULL));
    torc_grower_mmap_close(&range);
    assert_ok(torc_grower_mmap_open(&range, 64 * MB));
    assert_ok(torc_heap_create(&range.grower, &config, &heap));
    heap_return(heap_block(10, 1), 10, 1);
    (void)in_a_thread(take_all, NULL);
    ck_assert_uint_eq(heap_stats().locals, 1);
    assert_heap_valid();
    return_all(NULL);
    assert_heap_valid();
}
END_TEST

/* Two heaps used by one thread in turns. */
START_TEST(a_thread_has_a_heap_in_each) {
    struct torc_grower_mmap second_range;
    struct torc_heap *first = heap, *second = NULL;
    void *one[50], *other[50];
    assert_ok(torc_grower_mmap_open(&second_range, 64 * MB));
    assert_ok(torc_heap_create(&second_range.grower, NULL, &second));
    for (uint32_t i = 0; i < 50; i++) {
        heap = first;
        one[i] = heap_block(i * 40, i);
        heap = second;
        other[i] = heap_block(i * 40, i + 1);
        assert_status(torc_heap_free(second, one[i]), TORC_INVALID);
    }
    for (uint32_t i = 0; i < 50; i++) {
        heap = second;
        heap_return(other[i], i * 40, i + 1);
        heap = first;
        heap_return(one[i], i * 40, i);
    }
    ck_assert_uint_eq(heap_stats().locals, 1);
    ck_assert(torc_heap_is_valid(second, NULL));
    assert_ok(torc_heap_destroy(&second, NULL));
    torc_grower_mmap_close(&second_range);
}
END_TEST

/* A destructor of somebody else's that runs late in a thread's end and still allocates and frees. */
enum {
#ifdef TORC_TSAN
    ROUNDS = 3 /* in the last one ThreadSanitizer itself has left the thread already */
#else
    ROUNDS = 4
#endif
};
static pthread_key_t late_key;
static int late_calls;

static void late(void *kept) {
    heap_return(kept, 100, 1);
    late_calls++;
    if (late_calls < ROUNDS) {
        (void)pthread_setspecific(late_key, heap_block(100, 1));
    } else {
        heap_return(heap_block(100, 2), 100, 2);
    }
}

static void *end_late(void *unused) {
    (void)pthread_setspecific(late_key, heap_block(100, 1));
    return unused;
}

START_TEST(destructors_that_run_late_are_served) {
    ck_assert_int_eq(pthread_key_create(&late_key, late), 0);
    (void)in_a_thread(end_late, NULL);
    ck_assert_int_eq(late_calls, ROUNDS);
    ck_assert_uint_eq(heap_stats().orphans, 1);
    ck_assert_int_eq(pthread_key_delete(late_key), 0);
    (void)torc_heap_trim(heap);
}
END_TEST

Suite *heap_threads_suite(void) {
    Suite *suite = suite_create("heap_threads");
    TCase *c = add_case(suite, "heap_threads", setup_heap);
    tcase_add_checked_fixture(c, NULL, teardown_heap);
    tcase_add_test(c, blocks_outlive_their_thread);
    tcase_add_test(c, what_is_freed_to_an_orphan_comes_back);
    tcase_add_test(c, a_dead_threads_heap_is_adopted);
    tcase_add_test(c, freed_elsewhere_the_owner_takes_it_back);
    tcase_add_test(c, freed_here_it_is_refused_there);
    tcase_add_test(c, leaving_makes_room_for_another);
    tcase_add_test(c, threads_beyond_the_limit_are_served_too);
    tcase_add_test(c, a_thread_has_a_heap_in_each);
    tcase_add_test(c, destructors_that_run_late_are_served);
    return suite;
}
