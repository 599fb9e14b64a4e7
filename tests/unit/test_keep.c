/* test_keep.c - from a borrow to a handle: shared slots, copies of inline events, and a keep pool that is dry. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

START_TEST(a_kept_inline_event_is_a_copy) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_event event;
    assert_ok(put_filled(t.publisher, 48, 3));
    assert_ok(torc_next(t.reader, &event));
    assert_ok(torc_keep(t.reader, &event, &ptr));
    ck_assert(torc_ringptr_data(ptr) != event.data);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    ck_assert_uint_eq(torc_ringptr_length(ptr), 48);
    ck_assert_uint_eq(torc_ringptr_type(ptr), 3);
    put_run(t.publisher, 0, LANE - 1);
    take_run(t.reader, 0, LANE - 1);
    take_none(t.reader);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
    ck_assert(filled(torc_ringptr_data(ptr), 48, 3));
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(a_kept_slot_is_not_copied) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_event event;
    assert_ok(put_filled(t.publisher, 49, 3));
    assert_ok(torc_next(t.reader, &event));
    assert_ok(torc_keep(t.reader, &event, &ptr));
    ck_assert_ptr_eq(torc_ringptr_data(ptr), event.data);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(an_event_may_be_kept_more_than_once) {
    struct torc_ringptr ptr[3];
    struct torc_event event;
    int i;
    assert_ok(put_filled(t.publisher, _i == 0 ? 40 : 400, 3));
    assert_ok(torc_next(t.reader, &event));
    for (i = 0; i < 3; i++) {
        assert_ok(torc_keep(t.reader, &event, &ptr[i]));
    }
    ck_assert_uint_eq(torc_ringptr_count(ptr[0]), _i == 0 ? 1 : 4);
    ck_assert(torc_ringptr_equal(ptr[0], ptr[1]) == (_i == 1));
    for (i = 0; i < 3; i++) {
        ck_assert(filled(torc_ringptr_data(ptr[i]), _i == 0 ? 40 : 400, 3));
        assert_ok(torc_ringptr_release(ptr[i]));
    }
}
END_TEST

/* Keeps four inline events, which is all a small bus has room for. */
static void fill_keep_pool(struct torc_ringptr *ptr) {
    uint64_t i;
    put_run(t.publisher, 0, 5);
    for (i = 0; i < 4; i++) {
        ptr[i] = keep_next(t.reader);
    }
}

static void release_four(const struct torc_ringptr *ptr) {
    int i;
    for (i = 0; i < 4; i++) {
        assert_ok(torc_ringptr_release(ptr[i]));
    }
}

START_TEST(a_dry_keep_pool_answers_and_recovers) {
    struct torc_ringptr ptr[4], more = TORC_RINGPTR_NULL;
    struct torc_event event;
    fill_keep_pool(ptr);
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_keep(t.reader, &event, &more), TORC_POOL_DRY);
    assert_status(torc_keep_until(t.reader, &event, PAST, &more), TORC_TIMED_OUT);
    assert_status(torc_keep_until(t.reader, &event, torc_deadline_ms(2), &more), TORC_TIMED_OUT);
    ck_assert(torc_ringptr_is_null(more));
    assert_ok(torc_ringptr_release(ptr[2]));
    assert_ok(torc_keep(t.reader, &event, &ptr[2]));
    ck_assert_uint_eq(*torc_ringptr_view(ptr[2], uint64_t), 4);
    release_four(ptr);
}
END_TEST

START_TEST(a_dry_keep_pool_does_not_hinder_slots) {
    struct torc_ringptr ptr[4], slot = TORC_RINGPTR_NULL;
    fill_keep_pool(ptr);
    assert_ok(put_filled(t.publisher, 100, 3));
    take(t.reader, 4);
    slot = keep_next(t.reader);
    ck_assert(filled(torc_ringptr_data(slot), 100, 3));
    assert_ok(torc_ringptr_release(slot));
    release_four(ptr);
}
END_TEST

START_TEST(keep_pools_belong_to_one_reader) {
    struct torc_reader *second = open_reader(t.topic, TORC_JOIN_NEXT);
    struct torc_ringptr ptr[4], other = TORC_RINGPTR_NULL;
    fill_keep_pool(ptr);
    other = keep_next(second);
    ck_assert_uint_eq(*torc_ringptr_view(other, uint64_t), 0);
    assert_ok(torc_ringptr_release(other));
    release_four(ptr);
    assert_ok(torc_reader_close(second));
}
END_TEST

START_TEST(keep_statistics_tell_use_and_drought) {
    struct torc_ringptr ptr[4], more = TORC_RINGPTR_NULL;
    struct torc_pool_stats stats;
    struct torc_event event;
    fill_keep_pool(ptr);
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_keep(t.reader, &event, &more), TORC_POOL_DRY);
    assert_ok(torc_bus_keep_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.capacity, 4 * 4);
    ck_assert_uint_eq(stats.in_use, 4);
    ck_assert_uint_eq(stats.high_water, 4);
    ck_assert_uint_eq(stats.allocations, 4);
    ck_assert_uint_eq(stats.dry, 1);
    ck_assert_uint_eq(outstanding(), 4);
    release_four(ptr);
    assert_ok(torc_bus_keep_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.in_use, 0);
}
END_TEST

START_TEST(without_keep_slots_only_slots_can_be_kept) {
    struct torc_config config = small_config();
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_event event;
    config.keep_slots = 0;
    open_world(&config);
    assert_ok(put(t.publisher, 1));
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_keep(t.reader, &event, &ptr), TORC_POOL_DRY);
    assert_ok(put_filled(t.publisher, 100, 2));
    assert_ok(torc_ringptr_release(keep_next(t.reader)));
}
END_TEST

START_TEST(an_empty_event_can_be_kept) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(torc_publish(t.publisher, 9, NULL, 0));
    ptr = keep_next(t.reader);
    ck_assert_uint_eq(torc_ringptr_length(ptr), 0);
    ck_assert_uint_eq(torc_ringptr_type(ptr), 9);
    ck_assert(torc_ringptr_is_valid(ptr));
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(keep_slots_held_over_a_close_are_skipped_by_the_next_reader) {
    struct torc_ringptr held = TORC_RINGPTR_NULL, ptr = TORC_RINGPTR_NULL;
    int i;
    assert_ok(put(t.publisher, 77));
    held = keep_next(t.reader);
    for (i = 0; i < 10; i++) {
        assert_ok(torc_reader_close(t.reader));
        t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
        assert_ok(put(t.publisher, 5));
        ptr = keep_next(t.reader);
        ck_assert_uint_eq(*torc_ringptr_view(ptr, uint64_t), 5);
        assert_ok(torc_ringptr_release(ptr));
    }
    ck_assert_uint_eq(*torc_ringptr_view(held, uint64_t), 77);
    assert_ok(torc_ringptr_release(held));
}
END_TEST

static void *release_one(void *context) {
    struct torc_ringptr *ptr = context;
    return (void *)(intptr_t)torc_ringptr_release(*ptr);
}

START_TEST(keep_until_waits_for_a_release_elsewhere) {
    struct torc_ringptr ptr[4], given = TORC_RINGPTR_NULL;
    struct torc_event event;
    pthread_t thread;
    void *status = NULL;
    fill_keep_pool(ptr);
    given = ptr[1];
    assert_ok(torc_next(t.reader, &event));
    ck_assert_int_eq(pthread_create(&thread, NULL, release_one, &given), 0);
    assert_ok(torc_keep_until(t.reader, &event, TORC_FOREVER, &ptr[1]));
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    assert_status((int)(intptr_t)status, TORC_OK);
    ck_assert_uint_eq(*torc_ringptr_view(ptr[1], uint64_t), 4);
    release_four(ptr);
}
END_TEST

static void *detach_reader(void *context) {
    (void)context;
    return (void *)(intptr_t)torc_reader_detach(t.reader);
}

START_TEST(keep_until_gives_up_when_the_reader_is_detached) {
    struct torc_ringptr ptr[4], more = TORC_RINGPTR_NULL;
    struct torc_event event;
    pthread_t thread;
    fill_keep_pool(ptr);
    assert_ok(torc_next(t.reader, &event));
    ck_assert_int_eq(pthread_create(&thread, NULL, detach_reader, NULL), 0);
    assert_status(torc_keep_until(t.reader, &event, TORC_FOREVER, &more), TORC_CLOSED);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(torc_ringptr_is_null(more));
    ck_assert_uint_eq(number_of(&event), 4);
    release_four(ptr);
}
END_TEST

START_TEST(a_keep_pool_serves_for_ever) {
    struct torc_ringptr held = TORC_RINGPTR_NULL, ptr = TORC_RINGPTR_NULL;
    uint64_t i;
    assert_ok(put(t.publisher, 0));
    held = keep_next(t.reader);
    for (i = 1; i < 500; i++) {
        assert_ok(put(t.publisher, i));
        ptr = keep_next(t.reader);
        ck_assert_uint_eq(*torc_ringptr_view(ptr, uint64_t), i);
        assert_ok(torc_ringptr_release(held));
        held = ptr;
    }
    assert_ok(torc_ringptr_release(held));
}
END_TEST

Suite *keep_suite(void) {
    Suite *suite = suite_create("keep");
    TCase *tcase = add_case(suite, "handles from borrows", setup_world);
    TCase *own = add_case(suite, "no keep pool", NULL);
    tcase_add_test(tcase, a_kept_inline_event_is_a_copy);
    tcase_add_test(tcase, a_kept_slot_is_not_copied);
    tcase_add_loop_test(tcase, an_event_may_be_kept_more_than_once, 0, 2);
    tcase_add_test(tcase, a_dry_keep_pool_answers_and_recovers);
    tcase_add_test(tcase, a_dry_keep_pool_does_not_hinder_slots);
    tcase_add_test(tcase, keep_pools_belong_to_one_reader);
    tcase_add_test(tcase, keep_statistics_tell_use_and_drought);
    tcase_add_test(own, without_keep_slots_only_slots_can_be_kept);
    tcase_add_test(tcase, an_empty_event_can_be_kept);
    tcase_add_test(tcase, keep_slots_held_over_a_close_are_skipped_by_the_next_reader);
    tcase_add_test(tcase, keep_until_waits_for_a_release_elsewhere);
    tcase_add_test(tcase, keep_until_gives_up_when_the_reader_is_detached);
    tcase_add_test(tcase, a_keep_pool_serves_for_ever);
    return suite;
}
