/* test_heap_bus.c - a heap as the source of a bus's events above 16 KiB. */
#include "heap_helpers.h"
#include <pthread.h>

static void setup_bus_over_heap(void) {
    struct torc_config config = small_config();
    setup_heap();
    assert_ok(torc_heap_xxl_provider(heap, &config.xxl_provider));
    open_world(&config);
}

START_TEST(big_events_live_in_the_heap) {
    assert_ok(put_filled(t.publisher, 16384, 1));
    ck_assert_uint_eq(heap_stats().blocks, 0);
    assert_ok(put_filled(t.publisher, 16385, 2));
    assert_ok(put_filled(t.publisher, 700000, 3));
    ck_assert_uint_eq(heap_stats().blocks, 2);
    ck_assert_uint_ge(heap_stats().used, 716385);
    take_filled(t.reader, 16384, 1);
    take_filled(t.reader, 16385, 2);
    take_filled(t.reader, 700000, 3);
}
END_TEST

START_TEST(their_place_is_used_again) {
    for (uint32_t i = 0; i < 200; i++) {
        assert_ok(put_filled(t.publisher, 20000 + 100 * i, i));
        take_filled(t.reader, 20000 + 100 * i, i);
        assert_ok(torc_advance(t.reader));
        ck_assert_uint_le(heap_stats().blocks, 4);
    }
    ck_assert_uint_le(heap_stats().grown, 4 * MB);
}
END_TEST

static void *release(void *handle) {
    struct torc_ringptr *ptr = handle;
    ck_assert(filled(torc_ringptr_data(*ptr), 50000, 7));
    assert_ok(torc_ringptr_release(*ptr));
    return NULL;
}

START_TEST(another_thread_may_release_them) {
    for (int i = 0; i < 50; i++) {
        struct torc_ringptr ptr = claim_handle(50000);
        pthread_t thread;
        ck_assert_uint_eq((uintptr_t)torc_ringptr_data(ptr) % 64, 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, release, &ptr), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    (void)torc_heap_trim(heap);
    ck_assert_uint_eq(heap_stats().blocks, 0);
    ck_assert_uint_le(heap_stats().grown, 2 * MB);
}
END_TEST

START_TEST(a_full_heap_costs_the_bus_nothing) {
    struct torc_claim claim;
    assert_status(torc_try_claim(t.publisher, 1, TORC_MAX_EVENT, &claim), TORC_NO_MEMORY);
    assert_ok(put_filled(t.publisher, 20000, 1));
    take_filled(t.reader, 20000, 1);
}
END_TEST

START_TEST(a_provider_of_nothing_is_refused) {
    struct torc_xxl_provider provider;
    assert_status(torc_heap_xxl_provider(NULL, &provider), TORC_INVALID);
    assert_status(torc_heap_xxl_provider(heap, NULL), TORC_INVALID);
}
END_TEST

Suite *heap_bus_suite(void) {
    Suite *suite = suite_create("heap_bus");
    TCase *c = add_case(suite, "heap_bus", setup_bus_over_heap);
    tcase_add_checked_fixture(c, NULL, teardown_heap);
    tcase_add_checked_fixture(c, NULL, teardown_world);
    tcase_add_test(c, big_events_live_in_the_heap);
    tcase_add_test(c, their_place_is_used_again);
    tcase_add_test(c, another_thread_may_release_them);
    tcase_add_test(c, a_full_heap_costs_the_bus_nothing);
    tcase_add_test(c, a_provider_of_nothing_is_refused);
    return suite;
}
