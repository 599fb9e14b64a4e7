/* test_atomic.c - every operation of torc/atomic.h does what its name says; memory order is the stress tests' matter,
 * but for one hand-over and one count that two threads share. */
#include "helpers.h"
#include <pthread.h>

START_TEST(loads_return_what_was_stored_64) {
    torc_a64 cell = {1};
    ck_assert_uint_eq(torc_load_relaxed64(&cell), 1);
    torc_store_relaxed64(&cell, UINT64_C(0x123456789ABCDEF0));
    ck_assert_uint_eq(torc_load_acquire64(&cell), UINT64_C(0x123456789ABCDEF0));
    torc_store_release64(&cell, UINT64_MAX);
    ck_assert_uint_eq(torc_load_relaxed64(&cell), UINT64_MAX);
}
END_TEST

START_TEST(loads_return_what_was_stored_32) {
    torc_a32 cell = {1};
    ck_assert_uint_eq(torc_load_relaxed32(&cell), 1);
    torc_store_relaxed32(&cell, UINT32_C(0x12345678));
    ck_assert_uint_eq(torc_load_acquire32(&cell), UINT32_C(0x12345678));
    torc_store_release32(&cell, UINT32_MAX);
    ck_assert_uint_eq(torc_load_relaxed32(&cell), UINT32_MAX);
}
END_TEST

START_TEST(add_returns_the_old_value_and_wraps) {
    torc_a64 wide = {UINT64_MAX};
    torc_a32 narrow = {UINT32_MAX};
    ck_assert_uint_eq(torc_add_relaxed64(&wide, 3), UINT64_MAX);
    ck_assert_uint_eq(wide.v, 2);
    ck_assert_uint_eq(torc_add_release32(&narrow, 2), UINT32_MAX);
    ck_assert_uint_eq(torc_add_relaxed32(&narrow, 5), 1);
    ck_assert_uint_eq(narrow.v, 6);
}
END_TEST

START_TEST(or_and_and_return_the_old_value) {
    torc_a64 cell = {0xF0};
    ck_assert_uint_eq(torc_or_release64(&cell, 0x0F), 0xF0);
    ck_assert_uint_eq(torc_and_release64(&cell, 0x3C), 0xFF);
    ck_assert_uint_eq(cell.v, 0x3C);
}
END_TEST

START_TEST(exchange_returns_the_old_value) {
    torc_a32 cell = {5};
    torc_a64 wide = {7};
    ck_assert_uint_eq(torc_xchg_acq_rel32(&cell, 9), 5);
    ck_assert_uint_eq(cell.v, 9);
    ck_assert_uint_eq(torc_xchg_acquire64(&wide, UINT64_MAX), 7);
    ck_assert_uint_eq(wide.v, UINT64_MAX);
}
END_TEST

START_TEST(compare_and_swap_succeeds_on_a_match) {
    torc_a64 cell = {5};
    uint64_t expected = 5;
    ck_assert(torc_cas_relaxed64(&cell, &expected, 6));
    expected = 6;
    ck_assert(torc_cas_acq_rel64(&cell, &expected, 7));
    ck_assert_uint_eq(cell.v, 7);
    ck_assert_uint_eq(expected, 6);
    expected = 7;
    ck_assert(torc_cas_release64(&cell, &expected, 8));
    ck_assert_uint_eq(cell.v, 8);
}
END_TEST

START_TEST(compare_and_swap_reports_what_it_found) {
    torc_a64 cell = {5};
    uint64_t expected = 4;
    ck_assert(!torc_cas_relaxed64(&cell, &expected, 6));
    ck_assert_uint_eq(expected, 5);
    expected = 4;
    ck_assert(!torc_cas_acq_rel64(&cell, &expected, 6));
    ck_assert_uint_eq(expected, 5);
    expected = 4;
    ck_assert(!torc_cas_release64(&cell, &expected, 6));
    ck_assert_uint_eq(expected, 5);
    ck_assert_uint_eq(cell.v, 5);
}
END_TEST

START_TEST(cells_have_the_size_and_alignment_of_the_format) {
    struct {
        char c;
        torc_a64 wide;
    } pair;
    ck_assert_uint_eq(sizeof(torc_a64), 8);
    ck_assert_uint_eq(sizeof(torc_a32), 4);
    ck_assert_uint_eq((uintptr_t)&pair.wide % 8, 0);
}
END_TEST

START_TEST(hints_and_barriers_return) {
    torc_barrier_light(0);
    torc_barrier_light(1);
    torc_cpu_relax();
}
END_TEST

#define ADDS 20000
static void *add_many(void *context) {
    torc_a64 *cells = context;
    uint64_t found;
    int i;
    for (i = 0; i < ADDS; i++) {
        torc_add_relaxed64(&cells[0], 1);
        found = torc_load_relaxed64(&cells[1]);
        while (!torc_cas_relaxed64(&cells[1], &found, found + 1)) {
        }
    }
    return NULL;
}

START_TEST(two_threads_lose_no_addition) {
    torc_a64 cells[2] = {{0}, {0}};
    pthread_t other;
    ck_assert_int_eq(pthread_create(&other, NULL, add_many, cells), 0);
    add_many(cells);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
    ck_assert_uint_eq(cells[0].v, 2 * ADDS);
    ck_assert_uint_eq(cells[1].v, 2 * ADDS);
}
END_TEST

struct handed {
    uint64_t payload;
    torc_a64 ready;
};
static void *hand_over(void *context) {
    struct handed *handed = context;
    handed->payload = 42;
    torc_store_release64(&handed->ready, 1);
    return NULL;
}

START_TEST(release_hands_over_what_was_written_before) {
    struct handed handed = {0, {0}};
    pthread_t other;
    ck_assert_int_eq(pthread_create(&other, NULL, hand_over, &handed), 0);
    while (torc_load_acquire64(&handed.ready) == 0) {
        torc_cpu_relax();
    }
    ck_assert_uint_eq(handed.payload, 42);
    ck_assert_int_eq(pthread_join(other, NULL), 0);
}
END_TEST

Suite *atomic_suite(void) {
    Suite *suite = suite_create("atomic");
    TCase *tcase = add_case(suite, "operations", NULL);
    tcase_add_test(tcase, loads_return_what_was_stored_64);
    tcase_add_test(tcase, loads_return_what_was_stored_32);
    tcase_add_test(tcase, add_returns_the_old_value_and_wraps);
    tcase_add_test(tcase, or_and_and_return_the_old_value);
    tcase_add_test(tcase, exchange_returns_the_old_value);
    tcase_add_test(tcase, compare_and_swap_succeeds_on_a_match);
    tcase_add_test(tcase, compare_and_swap_reports_what_it_found);
    tcase_add_test(tcase, cells_have_the_size_and_alignment_of_the_format);
    tcase_add_test(tcase, hints_and_barriers_return);
    tcase_add_test(tcase, two_threads_lose_no_addition);
    tcase_add_test(tcase, release_hands_over_what_was_written_before);
    return suite;
}
