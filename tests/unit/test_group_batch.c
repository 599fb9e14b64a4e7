/* test_group_batch.c - a group's members take and finish several events at once, and wait for a slot to keep one in. */
#include "helpers.h"
#include <pthread.h>

static struct torc_group *group;
static struct torc_member *one, *two;
static struct torc_delivery taken[LANE];

static void open_two(uint32_t hold) {
    struct torc_group_config config = {.members = 2, .hold = hold};
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_group_open(t.topic, &config, &group));
    assert_ok(torc_group_join(group, &one));
    assert_ok(torc_group_join(group, &two));
}
/* So many events; the first three are in one's hand. */
static void open_and_take_three(uint64_t events) {
    open_two(LANE);
    put_run(t.publisher, 0, events);
    ck_assert_int_eq(torc_member_next_batch(one, taken, 3), 3);
}
static void close_two(void) {
    assert_ok(torc_member_close(one));
    assert_ok(torc_member_close(two));
    assert_ok(torc_group_close(group));
}

static uint64_t unfinished(void) {
    struct torc_group_stats stats;
    assert_ok(torc_group_stats(group, &stats));
    return stats.unfinished;
}

START_TEST(a_batch_is_what_there_is) {
    open_two(LANE);
    assert_status(torc_member_next_batch(one, taken, LANE), TORC_EMPTY);
    put_run(t.publisher, 0, 5);
    ck_assert_int_eq(torc_member_next_batch(one, taken, 3), 3);
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(number_of(&taken[i].event), i);
        ck_assert_uint_eq(taken[i].attempt, 1);
    }
    ck_assert_int_eq(torc_member_next_batch_until(two, taken + 3, LANE - 3, TORC_FOREVER), 2);
    ck_assert_uint_eq(unfinished(), 5);
    assert_ok(torc_member_done_batch(one, taken, 3));
    assert_ok(torc_member_done_batch(two, taken + 3, 2));
    ck_assert_uint_eq(unfinished(), 0);
    put_run(t.publisher, 5, LANE);
    close_two();
}
END_TEST

START_TEST(a_batch_is_what_a_hand_can_hold) {
    open_two(3);
    put_run(t.publisher, 0, 5);
    ck_assert_int_eq(torc_member_next_batch(one, taken, 1), 1);
    ck_assert_int_eq(torc_member_next_batch(one, taken + 1, LANE - 1), 2);
    assert_status(torc_member_next_batch(one, taken + 3, 1), TORC_BUSY);
    assert_ok(torc_member_done_batch(one, taken, 3));
    ck_assert_int_eq(torc_member_next_batch(one, taken, LANE), 2);
    assert_ok(torc_member_done_batch(one, taken, 2));
    close_two();
}
END_TEST

START_TEST(what_came_back_comes_first_in_a_batch) {
    open_and_take_three(4);
    assert_ok(torc_member_return(one, &taken[2]));
    assert_ok(torc_member_leave(one));
    assert_status(torc_member_next_batch(one, taken, 1), TORC_CLOSED);
    ck_assert_int_eq(torc_member_next_batch(two, taken, LANE), 4);
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(number_of(&taken[i].event), i);
        ck_assert_uint_eq(taken[i].attempt, i < 3 ? 2 : 1);
    }
    assert_ok(torc_member_done_batch(two, taken, 4));
    close_two();
}
END_TEST

START_TEST(finishing_stops_where_it_is_an_error) {
    open_and_take_three(3);
    taken[3] = taken[2];
    taken[2] = taken[0];
    assert_status(torc_member_done_batch(one, taken, 4), TORC_NOT_FOUND); /* the first one twice */
    ck_assert_uint_eq(unfinished(), 1);
    assert_ok(torc_member_done_batch(one, &taken[3], 1));
    assert_ok(torc_member_done_batch(one, taken, 0));
    assert_status(torc_member_done_batch(one, NULL, 1), TORC_INVALID);
    assert_status(torc_member_done_batch(NULL, taken, 1), TORC_INVALID);
    assert_status(torc_member_next_batch(one, taken, 0), TORC_INVALID);
    assert_status(torc_member_next_batch(one, NULL, 1), TORC_INVALID);
    assert_status(torc_member_next_batch_until(NULL, taken, 1, TORC_FOREVER), TORC_INVALID);
    close_two();
}
END_TEST

START_TEST(the_end_comes_after_the_last_batch) {
    open_two(LANE);
    put_run(t.publisher, 0, 3);
    assert_ok(torc_bus_close(t.bus));
    ck_assert_int_eq(torc_member_next_batch(one, taken, LANE), 3);
    assert_status(torc_member_next_batch(one, taken, 1), TORC_BUSY);
    assert_status(torc_member_next_batch(two, taken + 3, 1), TORC_EMPTY);
    assert_ok(torc_member_done_batch(one, taken, 3));
    assert_status(torc_member_next_batch_until(two, taken, 1, TORC_FOREVER), TORC_CLOSED);
    close_two();
}
END_TEST

/* --- keeping ------------------------------------------------------------------------------------------------------ */

static struct torc_ringptr kept[4];
static struct torc_delivery fifth;

/* All four slots of the keep pool are taken; the fifth event is in the hand of `one`. */
static void keep_four(void) {
    open_two(LANE);
    put_run(t.publisher, 0, 5);
    ck_assert_int_eq(torc_member_next_batch(one, taken, 5), 5);
    for (int i = 0; i < 4; i++) {
        assert_ok(torc_member_keep_until(one, &taken[i], TORC_FOREVER, &kept[i]));
    }
    fifth = taken[4];
}
static void *keep_fifth(void *ptr) {
    return (void *)(intptr_t)torc_member_keep_until(one, &fifth, TORC_FOREVER, ptr);
}
static void release_four(void) {
    for (int i = 0; i < 4; i++) {
        assert_ok(torc_ringptr_release(kept[i]));
    }
}

START_TEST(it_keeps_when_a_slot_comes_free) {
    struct torc_ringptr ptr;
    pthread_t thread;
    void *status;
    keep_four();
    assert_status(torc_member_keep_until(one, &fifth, TORC_NO_WAIT, &ptr), TORC_POOL_DRY);
    assert_status(torc_member_keep_until(one, &fifth, torc_deadline_ms(1), &ptr), TORC_TIMED_OUT);
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_fifth, &ptr), 0);
    release_four();
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    ck_assert_int_eq((intptr_t)status, TORC_OK);
    ck_assert_uint_eq(*torc_ringptr_view(ptr, uint64_t), 4);
    assert_ok(torc_ringptr_release(ptr));
    close_two();
}
END_TEST

/* Leaving for it, or halting the bus, whether it waits already or not. */
START_TEST(it_need_not_wait_for_ever) {
    struct torc_ringptr ptr;
    pthread_t thread;
    void *status;
    keep_four();
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_fifth, &ptr), 0);
    assert_ok(_i % 2 == 0 ? torc_member_leave(one) : torc_bus_halt(t.bus));
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    ck_assert_int_eq((intptr_t)status, TORC_CLOSED);
    release_four();
    close_two();
}
END_TEST

START_TEST(only_what_is_in_hand_is_kept) {
    struct torc_ringptr ptr;
    keep_four();
    assert_status(torc_member_keep_until(two, &fifth, TORC_FOREVER, &ptr), TORC_NOT_FOUND);
    assert_status(torc_member_keep_until(one, NULL, TORC_FOREVER, &ptr), TORC_INVALID);
    assert_status(torc_member_keep_until(one, &fifth, TORC_FOREVER, NULL), TORC_INVALID);
    assert_status(torc_member_keep_until(NULL, &fifth, TORC_FOREVER, &ptr), TORC_INVALID);
    release_four();
    close_two();
}
END_TEST

Suite *group_batch_suite(void) {
    Suite *suite = suite_create("group_batch");
    TCase *tcase = add_case(suite, "several at once", setup_world);
    tcase_add_test(tcase, a_batch_is_what_there_is);
    tcase_add_test(tcase, a_batch_is_what_a_hand_can_hold);
    tcase_add_test(tcase, what_came_back_comes_first_in_a_batch);
    tcase_add_test(tcase, finishing_stops_where_it_is_an_error);
    tcase_add_test(tcase, the_end_comes_after_the_last_batch);
    tcase_add_test(tcase, it_keeps_when_a_slot_comes_free);
    tcase_add_loop_test(tcase, it_need_not_wait_for_ever, 0, 20);
    tcase_add_test(tcase, only_what_is_in_hand_is_kept);
    return suite;
}
