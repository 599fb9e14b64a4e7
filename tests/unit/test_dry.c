/* test_dry.c - no free slot: the four policies, what they leave behind, and what the statistics say. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>

static void open_with_policy(enum torc_dry dry) {
    struct torc_config config = small_config();
    open_bus(&config);
    t.publisher = open_publisher(t.topic, dry);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
}

/* The slots of one size, all held. */
struct hoard {
    struct torc_ringptr ptr[8];
    int count;
};

static void hold(struct hoard *hoard, size_t length, int count) {
    hoard->count = count;
    for (int i = 0; i < count; i++) {
        hoard->ptr[i] = claim_handle(length);
    }
}

static void let_go(struct hoard *hoard) {
    for (int i = 0; i < hoard->count; i++) {
        ck_assert(filled(torc_ringptr_data(hoard->ptr[i]), torc_ringptr_length(hoard->ptr[i]), 7));
        assert_ok(torc_ringptr_release(hoard->ptr[i]));
    }
}

START_TEST(fail_answers_dry_at_once_in_every_form) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_claim claim;
    struct hoard m;
    char data[1000] = {0};
    open_with_policy(TORC_DRY_FAIL);
    hold(&m, 1000, 4);
    assert_status(torc_publish(t.publisher, 1, data, sizeof data), TORC_POOL_DRY);
    assert_status(torc_try_publish(t.publisher, 1, data, sizeof data), TORC_POOL_DRY);
    assert_status(torc_publish_until(t.publisher, 1, data, sizeof data, TORC_FOREVER), TORC_POOL_DRY);
    assert_status(torc_claim(t.publisher, 1, sizeof data, &claim), TORC_POOL_DRY);
    assert_status(torc_claim_until(t.publisher, 1, sizeof data, TORC_FOREVER, &claim), TORC_POOL_DRY);
    assert_status(torc_ringptr_claim(t.publisher, 1, sizeof data, &ptr, NULL), TORC_POOL_DRY);
    ck_assert(torc_ringptr_is_null(ptr));
    let_go(&m);
    assert_ok(torc_publish(t.publisher, 1, data, sizeof data));
}
END_TEST

START_TEST(wait_answers_by_the_form_of_the_call) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_claim claim;
    struct hoard m;
    char data[1000] = {0};
    open_with_policy(TORC_DRY_WAIT);
    hold(&m, 1000, 4);
    assert_status(torc_try_publish(t.publisher, 1, data, sizeof data), TORC_WOULD_BLOCK);
    assert_status(torc_try_claim(t.publisher, 1, sizeof data, &claim), TORC_WOULD_BLOCK);
    assert_status(torc_publish_until(t.publisher, 1, data, sizeof data, PAST), TORC_TIMED_OUT);
    assert_status(torc_publish_until(t.publisher, 1, data, sizeof data, torc_deadline_ms(2)), TORC_TIMED_OUT);
    assert_status(torc_claim_until(t.publisher, 1, sizeof data, torc_deadline_ms(2), &claim), TORC_TIMED_OUT);
    assert_status(torc_ringptr_claim_until(t.publisher, 1, sizeof data, PAST, &ptr, NULL), TORC_TIMED_OUT);
    let_go(&m);
    assert_ok(torc_try_publish(t.publisher, 1, data, sizeof data));
}
END_TEST

START_TEST(a_dry_pool_costs_no_sequence) {
    struct hoard m;
    open_with_policy((enum torc_dry)_i);
    hold(&m, 1000, 4);
    put_run(t.publisher, 0, 2);
    ck_assert_int_lt(put_filled(t.publisher, 1000, 1), 0);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 2);
    put_run(t.publisher, 2, 2);
    take_run(t.reader, 0, 4);
    take_none(t.reader);
    let_go(&m);
}
END_TEST

START_TEST(bigger_takes_the_next_shirt_up) {
    struct hoard m;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    open_with_policy(TORC_DRY_BIGGER);
    hold(&m, 1000, 4);
    assert_ok(put_filled(t.publisher, 1000, 5));
    ptr = keep_next(t.reader);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_L);
    ck_assert_uint_eq(torc_ringptr_length(ptr), 1000);
    ck_assert(filled(torc_ringptr_data(ptr), 1000, 5));
    assert_ok(torc_ringptr_release(ptr));
    let_go(&m);
}
END_TEST

START_TEST(bigger_skips_shirts_that_are_dry_too) {
    struct hoard s, m, l;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    open_with_policy(TORC_DRY_BIGGER);
    hold(&s, 200, 8);
    hold(&m, 1000, 4);
    hold(&l, 4000, 4);
    ptr = claim_handle(200);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_XL);
    assert_ok(torc_ringptr_release(ptr));
    let_go(&s);
    ptr = claim_handle(200);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_S);
    assert_ok(torc_ringptr_release(ptr));
    let_go(&m);
    let_go(&l);
}
END_TEST

START_TEST(bigger_ends_at_xl) {
    struct hoard l, xl;
    open_with_policy(TORC_DRY_BIGGER);
    hold(&l, 4000, 4);
    hold(&xl, 16000, 2);
    assert_status(put_filled(t.publisher, 4000, 1), TORC_POOL_DRY);
    assert_status(put_filled(t.publisher, 16000, 1), TORC_POOL_DRY);
    ck_assert_uint_eq(pool_stats(TORC_XXL).allocations, 0);
    let_go(&l);
    let_go(&xl);
}
END_TEST

START_TEST(xxl_takes_a_block_from_the_provider) {
    struct hoard s;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    open_with_policy(TORC_DRY_XXL);
    hold(&s, 200, 8);
    assert_ok(put_filled(t.publisher, 200, 5));
    ptr = keep_next(t.reader);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_XXL);
    ck_assert_uint_eq(torc_ringptr_length(ptr), 200);
    ck_assert(filled(torc_ringptr_data(ptr), 200, 5));
    assert_ok(torc_ringptr_release(ptr));
    let_go(&s);
}
END_TEST

START_TEST(xxl_ends_with_its_descriptors) {
    struct hoard s, xxl;
    open_with_policy(TORC_DRY_XXL);
    hold(&s, 200, 8);
    hold(&xxl, 200, 4);
    assert_status(put_filled(t.publisher, 200, 1), TORC_POOL_DRY);
    let_go(&xxl);
    assert_ok(put_filled(t.publisher, 200, 1));
    let_go(&s);
}
END_TEST

START_TEST(small_events_pass_while_every_pool_is_dry) {
    struct hoard xs, s, xl;
    open_with_policy(TORC_DRY_FAIL);
    hold(&xs, 60, 8);
    hold(&s, 200, 8);
    hold(&xl, 16384, 2);
    assert_status(put_filled(t.publisher, 49, 1), TORC_POOL_DRY);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
    let_go(&xs);
    let_go(&s);
    let_go(&xl);
}
END_TEST

START_TEST(statistics_tell_capacity_use_and_drought) {
    struct torc_pool_stats before, stats;
    struct hoard m;
    open_with_policy(TORC_DRY_FAIL);
    before = pool_stats(TORC_M);
    ck_assert_uint_eq(before.in_use, 0);
    ck_assert_uint_eq(before.high_water, 0);
    ck_assert_uint_eq(before.allocations, 0);
    ck_assert_uint_eq(before.dry, 0);
    hold(&m, 1000, 4);
    assert_status(put_filled(t.publisher, 1000, 1), TORC_POOL_DRY);
    assert_ok(torc_publisher_pool_stats(t.publisher, TORC_M, &stats));
    ck_assert_uint_eq(stats.shirt, TORC_M);
    ck_assert_uint_eq(stats.slot_bytes, TORC_M_BYTES);
    ck_assert_uint_eq(stats.capacity, 4);
    ck_assert_uint_eq(stats.in_use, 4);
    ck_assert_uint_eq(stats.high_water, 4);
    ck_assert_uint_eq(stats.allocations, 4);
    ck_assert_uint_eq(stats.dry, 1);
    ck_assert_uint_eq(stats.retired + stats.saturated, 0);
    ck_assert_uint_ge(stats.bytes, 4 * (TORC_M_BYTES + sizeof(struct torc_slot)));
    let_go(&m);
    ck_assert_uint_eq(pool_stats(TORC_M).in_use, 0);
    ck_assert_uint_eq(pool_stats(TORC_M).high_water, 4);
}
END_TEST

START_TEST(bus_statistics_add_up_the_banks) {
    struct torc_publisher *second;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct hoard m;
    open_with_policy(TORC_DRY_FAIL);
    second = open_publisher(t.topic, TORC_DRY_FAIL);
    hold(&m, 1000, 3);
    assert_ok(torc_ringptr_claim(second, 1, 1000, &ptr, NULL));
    ck_assert_uint_eq(pool_stats(TORC_M).capacity, 4 * 4);
    ck_assert_uint_eq(pool_stats(TORC_M).in_use, 4);
    ck_assert_uint_eq(pool_stats(TORC_M).allocations, 4);
    ck_assert_uint_eq(outstanding(), 4);
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(torc_publisher_close(second));
    let_go(&m);
}
END_TEST

START_TEST(unread_events_count_as_in_use) {
    open_with_policy(TORC_DRY_FAIL);
    assert_ok(put_filled(t.publisher, 1000, 1));
    assert_ok(put_filled(t.publisher, 1000, 2));
    ck_assert_uint_eq(pool_stats(TORC_M).in_use, 2);
    ck_assert_uint_eq(outstanding(), 0);
    take_filled(t.reader, 1000, 1);
    take_filled(t.reader, 1000, 2);
    take_none(t.reader);
    ck_assert_uint_eq(pool_stats(TORC_M).in_use, 0);
}
END_TEST

START_TEST(a_drought_counts_as_a_stall) {
    struct hoard m;
    uint64_t before;
    open_with_policy(TORC_DRY_FAIL);
    hold(&m, 1000, 4);
    before = torc_publisher_stalls(t.publisher);
    assert_status(put_filled(t.publisher, 1000, 1), TORC_POOL_DRY);
    ck_assert_uint_eq(torc_publisher_stalls(t.publisher), before + 1);
    let_go(&m);
}
END_TEST

struct waiting {
    struct torc_publisher *publisher;
    int status;
};

static void *publish_when_there_is_a_slot(void *context) {
    struct waiting *waiting = context;
    char data[1000];
    fill(data, sizeof data, 5);
    waiting->status = torc_publish(waiting->publisher, 5, data, sizeof data);
    return NULL;
}

static void start_waiting(struct waiting *waiting, pthread_t *thread) {
    uint64_t before = torc_publisher_stalls(t.publisher);
    waiting->publisher = t.publisher;
    waiting->status = TORC_CORRUPT;
    ck_assert_int_eq(pthread_create(thread, NULL, publish_when_there_is_a_slot, waiting), 0);
    while (torc_publisher_stalls(t.publisher) == before) {
        sched_yield();
    }
}

START_TEST(a_released_handle_wakes_a_publisher_that_waits) {
    struct hoard m;
    struct waiting waiting;
    pthread_t thread;
    open_with_policy(TORC_DRY_WAIT);
    hold(&m, 1000, 4);
    start_waiting(&waiting, &thread);
    let_go(&m);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(waiting.status, TORC_OK);
    take_filled(t.reader, 1000, 5);
}
END_TEST

START_TEST(a_reader_that_passes_wakes_a_publisher_that_waits) {
    struct waiting waiting;
    pthread_t thread;
    uint32_t i;
    open_with_policy(TORC_DRY_WAIT);
    for (i = 0; i < 4; i++) {
        assert_ok(put_filled(t.publisher, 1000, i));
    }
    start_waiting(&waiting, &thread);
    take_filled(t.reader, 1000, 0);
    assert_ok(torc_advance(t.reader));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(waiting.status, TORC_OK);
    for (i = 1; i < 4; i++) {
        take_filled(t.reader, 1000, i);
    }
    take_filled(t.reader, 1000, 5);
}
END_TEST

START_TEST(closing_the_bus_wakes_a_publisher_that_waits) {
    struct waiting waiting;
    struct hoard m;
    pthread_t thread;
    open_with_policy(TORC_DRY_WAIT);
    hold(&m, 1000, 4);
    start_waiting(&waiting, &thread);
    assert_ok(torc_bus_close(t.bus));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(waiting.status, TORC_CLOSED);
    let_go(&m);
}
END_TEST

Suite *dry_suite(void) {
    Suite *suite = suite_create("dry");
    TCase *tcase = add_case(suite, "policies", NULL);
    tcase_add_test(tcase, fail_answers_dry_at_once_in_every_form);
    tcase_add_test(tcase, wait_answers_by_the_form_of_the_call);
    tcase_add_loop_test(tcase, a_dry_pool_costs_no_sequence, TORC_DRY_WAIT, TORC_DRY_FAIL + 1);
    tcase_add_test(tcase, bigger_takes_the_next_shirt_up);
    tcase_add_test(tcase, bigger_skips_shirts_that_are_dry_too);
    tcase_add_test(tcase, bigger_ends_at_xl);
    tcase_add_test(tcase, xxl_takes_a_block_from_the_provider);
    tcase_add_test(tcase, xxl_ends_with_its_descriptors);
    tcase_add_test(tcase, small_events_pass_while_every_pool_is_dry);
    tcase_add_test(tcase, statistics_tell_capacity_use_and_drought);
    tcase_add_test(tcase, bus_statistics_add_up_the_banks);
    tcase_add_test(tcase, unread_events_count_as_in_use);
    tcase_add_test(tcase, a_drought_counts_as_a_stall);
    tcase_add_test(tcase, a_released_handle_wakes_a_publisher_that_waits);
    tcase_add_test(tcase, a_reader_that_passes_wakes_a_publisher_that_waits);
    tcase_add_test(tcase, closing_the_bus_wakes_a_publisher_that_waits);
    return suite;
}
