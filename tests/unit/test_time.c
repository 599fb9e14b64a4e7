/* test_time.c - the clock and deadlines. Nothing here depends on how fast the machine is. */
#include "helpers.h"
#include <time.h>

static uint64_t monotonic(void) {
    struct timespec now;
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

START_TEST(now_is_the_monotonic_clock) {
    uint64_t before = monotonic();
    uint64_t now = torc_now();
    ck_assert_uint_le(before, now);
    ck_assert_uint_le(now, monotonic());
}
END_TEST

START_TEST(now_never_goes_back) {
    uint64_t last = torc_now();
    int i;
    for (i = 0; i < 1000; i++) {
        uint64_t now = torc_now();
        ck_assert_uint_ge(now, last);
        last = now;
    }
}
END_TEST

START_TEST(deadline_ns_lies_that_far_ahead) {
    uint64_t before = torc_now();
    uint64_t deadline = torc_deadline_ns(12345);
    ck_assert_uint_ge(deadline, before + 12345);
    ck_assert_uint_le(deadline, torc_now() + 12345);
}
END_TEST

START_TEST(deadline_ms_counts_milliseconds) {
    uint64_t before = torc_now();
    uint64_t deadline = torc_deadline_ms(7);
    ck_assert_uint_ge(deadline, before + 7000000);
    ck_assert_uint_le(deadline, torc_now() + 7000000);
}
END_TEST

START_TEST(deadline_of_zero_is_now) {
    uint64_t before = torc_now();
    uint64_t deadline = torc_deadline_ms(0);
    ck_assert_uint_ge(deadline, before);
    ck_assert_uint_le(deadline, torc_now());
}
END_TEST

START_TEST(deadlines_saturate_at_forever) {
    ck_assert_uint_eq(torc_deadline_ns(UINT64_MAX), TORC_FOREVER);
    ck_assert_uint_eq(torc_deadline_ns(UINT64_MAX - 1), TORC_FOREVER);
    ck_assert_uint_eq(torc_deadline_ms(UINT64_MAX), TORC_FOREVER);
    ck_assert_uint_eq(torc_deadline_ms(UINT64_MAX / 1000000), TORC_FOREVER);
    ck_assert_uint_eq(torc_deadline_ms(UINT64_MAX / 1000000 + 1), TORC_FOREVER);
}
END_TEST

START_TEST(a_far_deadline_below_the_limit_does_not_saturate) {
    uint64_t far = UINT64_C(1) << 62;
    ck_assert_uint_ge(torc_deadline_ns(far), far);
    ck_assert_uint_lt(torc_deadline_ns(far), TORC_FOREVER);
    ck_assert_uint_lt(torc_deadline_ms(far / 1000000), TORC_FOREVER);
}
END_TEST

Suite *time_suite(void) {
    Suite *suite = suite_create("time");
    TCase *tcase = add_case(suite, "deadlines", NULL);
    tcase_add_test(tcase, now_is_the_monotonic_clock);
    tcase_add_test(tcase, now_never_goes_back);
    tcase_add_test(tcase, deadline_ns_lies_that_far_ahead);
    tcase_add_test(tcase, deadline_ms_counts_milliseconds);
    tcase_add_test(tcase, deadline_of_zero_is_now);
    tcase_add_test(tcase, deadlines_saturate_at_forever);
    tcase_add_test(tcase, a_far_deadline_below_the_limit_does_not_saturate);
    return suite;
}
