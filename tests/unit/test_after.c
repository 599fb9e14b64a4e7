/* test_after.c - readers after other readers: what they see and when, what they hold back, and what happens when one
 * leaves. */
#include "joins.h"
#include <string.h>

/* --- what it sees ------------------------------------------------------------------------------------------------ */

START_TEST(it_sees_what_the_other_has_given_back) {
    struct torc_reader *last = open_behind(t.reader);
    put_run(t.publisher, 0, 5);
    take_none(last);
    take_run(t.reader, 0, 3);
    take_none(last); /* a borrow is not finished with */
    assert_ok(torc_advance(t.reader));
    pass(last, 0, 3);
    pass(t.reader, 3, 2);
    pass(last, 3, 2);
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(it_waits_for_the_slowest) {
    struct torc_reader *both[2] = {t.reader, open_reader(t.topic, TORC_JOIN_NEXT)};
    struct torc_reader *last = open_after(both, 2);
    put_run(t.publisher, 0, 4);
    pass(both[_i], 0, 4);
    take_none(last);
    take_run(both[1 - _i], 0, 1);
    assert_ok(torc_advance(both[1 - _i]));
    pass(last, 0, 1);
    take_run(both[1 - _i], 1, 3);
    take_none(both[1 - _i]);
    pass(last, 1, 3);
    assert_ok(torc_reader_close(both[1]));
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(a_chain_passes_events_on) {
    struct torc_reader *second = open_behind(t.reader), *third = open_behind(second);
    uint64_t i;
    for (i = 0; i < 3 * LANE; i++) {
        assert_ok(put(t.publisher, i));
        take_none(third);
        take_none(second);
        pass(t.reader, i, 1);
        take_none(third);
        pass(second, i, 1);
        pass(third, i, 1);
    }
    assert_ok(torc_reader_close(third));
    assert_ok(torc_reader_close(second));
}
END_TEST

START_TEST(manual_advance_is_what_counts) {
    struct torc_reader_config config = {.manual_advance = 1};
    struct torc_reader *manual = NULL, *last;
    assert_ok(torc_reader_open(t.topic, &config, &manual));
    last = open_behind(manual);
    put_run(t.publisher, 0, 2);
    take_run(manual, 0, 2);
    take_none(manual);
    take_none(last);
    assert_ok(torc_advance(manual));
    pass(last, 0, 2);
    assert_ok(torc_reader_close(manual));
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(a_poll_ends_where_the_other_stands) {
    struct torc_reader *last = open_behind(t.reader);
    struct counted counted = {0, 0, 0};
    put_run(t.publisher, 0, 6);
    ck_assert_int_eq(torc_poll(last, count_events, &counted, 10), 0);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 4), 4);
    ck_assert_int_eq(torc_poll(last, count_events, &counted, 10), 4);
    ck_assert_int_eq(torc_poll(last, count_events, &counted, 10), 0);
    assert_status(torc_wait_readable(last, TORC_NO_WAIT), TORC_EMPTY);
    assert_status(torc_wait_readable(last, PAST), TORC_TIMED_OUT);
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(every_lane_has_its_own_bound) {
    struct torc_reader *last = open_behind(t.reader);
    struct torc_publisher *other = open_publisher(t.topic, TORC_DRY_FAIL);
    struct torc_event event;
    uint64_t number = 100;
    int seen = 0;
    put_run(t.publisher, 0, 2);
    take_run(t.reader, 0, 2);
    take_none(t.reader); /* the first lane is passed */
    assert_ok(torc_try_publish(other, 100, &number, sizeof number));
    pass(last, 0, 2);
    pass(t.reader, 100, 1);
    pass(last, 100, 1);
    put_run(t.publisher, 2, 3);
    assert_ok(torc_try_publish(other, 100, &number, sizeof number));
    while (torc_next(t.reader, &event) == TORC_OK) {
        seen++;
    }
    ck_assert_int_eq(seen, 4);
    while (torc_next(last, &event) == TORC_OK) {
        seen--;
    }
    ck_assert_int_eq(seen, 0);
    assert_ok(torc_publisher_close(other));
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(aborted_claims_are_passed_on) {
    struct torc_reader *last = open_behind(t.reader);
    struct torc_claim claim;
    assert_ok(torc_try_claim(t.publisher, 1, 8, &claim));
    put_run(t.publisher, 1, 2);
    assert_ok(torc_abort(t.publisher, &claim));
    take_none(last);
    pass(t.reader, 1, 2);
    pass(last, 1, 2);
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(what_is_kept_behind_another_stays) {
    struct torc_reader *last = open_behind(t.reader);
    struct torc_ringptr ptr;
    assert_ok(put_filled(t.publisher, _i == 0 ? 16 : 200, 3));
    take_filled(t.reader, _i == 0 ? 16 : 200, 3);
    take_none(t.reader);
    ptr = keep_next(last);
    ck_assert(filled(torc_ringptr_data(ptr), torc_ringptr_length(ptr), 3));
    take_none(last);
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(torc_reader_close(last));
}
END_TEST

/* --- what it holds back ------------------------------------------------------------------------------------------- */

START_TEST(the_last_one_gates) {
    struct torc_reader *last = open_behind(t.reader);
    put_run(t.publisher, 0, LANE);
    pass(t.reader, 0, LANE);
    assert_status(put(t.publisher, LANE), TORC_WOULD_BLOCK);
    take_run(last, 0, 1);
    assert_ok(torc_advance(last));
    assert_ok(put(t.publisher, LANE));
    assert_status(put(t.publisher, LANE + 1), TORC_WOULD_BLOCK);
    pass(last, 1, LANE - 1);
    assert_ok(put(t.publisher, LANE + 1));
    pass(t.reader, LANE, 2);
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(the_first_one_gates_too) {
    struct torc_reader *last = open_behind(t.reader);
    put_run(t.publisher, 0, LANE);
    assert_ok(torc_reader_close(last));
    assert_status(put(t.publisher, LANE), TORC_WOULD_BLOCK);
    pass(t.reader, 0, LANE);
    assert_ok(put(t.publisher, LANE));
}
END_TEST

START_TEST(a_drain_waits_for_the_last) {
    struct torc_reader *last = open_behind(t.reader);
    put_run(t.publisher, 0, 2);
    pass(t.reader, 0, 2);
    assert_status(torc_bus_drain(t.bus, PAST), TORC_TIMED_OUT);
    pass(last, 0, 2);
    assert_ok(torc_bus_drain(t.bus, PAST));
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(an_ended_lane_waits_for_the_last) {
    struct torc_topic *elsewhere = open_topic("elsewhere");
    struct torc_reader *last = open_behind(t.reader);
    struct torc_publisher *filler[3], *more = NULL;
    int i;
    put_run(t.publisher, 0, 2);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    for (i = 0; i < 3; i++) {
        filler[i] = open_publisher(elsewhere, TORC_DRY_FAIL);
    }
    pass(t.reader, 0, 2);
    assert_status(torc_publisher_open(elsewhere, NULL, &more), TORC_NO_ROOM);
    pass(last, 0, 2);
    assert_ok(torc_publisher_open(elsewhere, NULL, &more));
    assert_ok(torc_publisher_close(more));
    for (i = 0; i < 3; i++) {
        assert_ok(torc_publisher_close(filler[i]));
    }
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(a_closed_bus_is_read_to_the_end_by_all) {
    struct torc_reader *last = open_behind(t.reader);
    struct torc_event event;
    put_run(t.publisher, 0, 3);
    assert_ok(torc_bus_close(t.bus));
    take_none(last);
    take_run(t.reader, 0, 3);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    take_run(last, 0, 3);
    assert_status(torc_next(last, &event), TORC_CLOSED);
    assert_ok(torc_reader_close(last));
}
END_TEST

/* --- who leaves --------------------------------------------------------------------------------------------------- */

START_TEST(when_the_other_leaves_it_goes_on) {
    struct torc_reader *first = open_reader(t.topic, TORC_JOIN_NEXT), *last = open_behind(first);
    put_run(t.publisher, 0, 3);
    take_none(last);
    assert_ok(_i == 0 ? torc_reader_detach(first) : torc_reader_close(first));
    pass(last, 0, 3);
    pass(t.reader, 0, 3);
    if (_i == 0) {
        assert_ok(torc_reader_close(first));
    }
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(a_gap_in_a_chain_closes) {
    struct torc_reader *second = open_behind(t.reader), *third = open_behind(second), *fourth = open_behind(third);
    put_run(t.publisher, 0, 3);
    assert_ok(torc_reader_close(second));
    take_none(third);
    assert_ok(torc_reader_close(third));
    take_none(fourth);
    pass(t.reader, 0, 3);
    pass(fourth, 0, 3);
    put_run(t.publisher, 3, 1);
    take_none(fourth);
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    pass(fourth, 3, 1);
    assert_ok(torc_reader_close(fourth));
}
END_TEST

START_TEST(a_place_given_to_another_binds_nobody) {
    struct torc_topic *elsewhere = open_topic("elsewhere");
    struct torc_reader *first = open_reader(t.topic, TORC_JOIN_NEXT), *last = open_behind(first), *other;
    assert_ok(torc_reader_close(first));
    other = open_reader(_i == 0 ? elsewhere : t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, 3);
    pass(last, 0, 3);
    pass(t.reader, 0, 3);
    assert_ok(torc_reader_close(other));
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(the_last_one_leaves) {
    struct torc_reader *last = open_behind(t.reader);
    put_run(t.publisher, 0, LANE);
    pass(t.reader, 0, LANE);
    assert_ok(torc_reader_detach(last));
    put_run(t.publisher, LANE, 2);
    assert_ok(torc_reader_close(last));
    last = open_behind(t.reader);
    take_none(last);
    pass(t.reader, LANE, 2);
    assert_ok(torc_reader_close(last));
}
END_TEST

/* --- who may be named --------------------------------------------------------------------------------------------- */

START_TEST(only_open_gating_readers_of_the_topic) {
    struct torc_reader_config lossy = {.policy = (enum torc_policy)_i};
    struct torc_reader *leader[2] = {t.reader, NULL}, *copier = NULL, *reader = NULL;
    struct torc_reader_config config = {.after = leader, .after_count = 2};
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_INVALID);
    assert_ok(torc_reader_open(t.topic, &lossy, &copier));
    leader[1] = copier;
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_INVALID);
    assert_ok(torc_reader_close(copier));
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_INVALID); /* its pointer is not looked into */
    leader[1] = open_reader(open_topic("elsewhere"), TORC_JOIN_NEXT);
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_INVALID);
    assert_ok(torc_reader_close(leader[1]));
    config.after_count = 1;
    config.policy = (enum torc_policy)_i;
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_INVALID);
    config.policy = TORC_POLICY_GATE;
    config.after = NULL;
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_INVALID);
    ck_assert_ptr_null(reader);
}
END_TEST

START_TEST(a_reader_that_has_left_cannot_be_named) {
    struct torc_reader *first = open_reader(t.topic, TORC_JOIN_NEXT), *reader = NULL;
    struct torc_reader_config config = {.after = &first, .after_count = 1};
    assert_ok(torc_reader_detach(first));
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_CLOSED);
    ck_assert_ptr_null(reader);
    assert_ok(torc_reader_close(first));
}
END_TEST

START_TEST(a_reader_may_be_named_twice) {
    struct torc_reader *twice[2] = {t.reader, t.reader}, *last = open_after(twice, 2);
    put_run(t.publisher, 0, 1);
    take_none(last);
    pass(t.reader, 0, 1);
    pass(last, 0, 1);
    assert_ok(torc_reader_close(last));
}
END_TEST

START_TEST(history_is_bounded_by_the_other_as_well) {
    struct torc_reader *leader = t.reader, *last = NULL;
    struct torc_reader_config config = {.join = TORC_JOIN_OLDEST, .after = &leader, .after_count = 1};
    put_run(t.publisher, 0, 4);
    take_run(t.reader, 0, 2);
    assert_ok(torc_advance(t.reader));
    assert_ok(torc_reader_open(t.topic, &config, &last));
    pass(last, 0, 2);
    pass(t.reader, 2, 2);
    pass(last, 2, 2);
    assert_ok(torc_reader_close(last));
}
END_TEST

Suite *after_suite(void) {
    Suite *suite = suite_create("after");
    TCase *tcase = add_case(suite, "order", setup_world);
    tcase_add_test(tcase, it_sees_what_the_other_has_given_back);
    tcase_add_loop_test(tcase, it_waits_for_the_slowest, 0, 2);
    tcase_add_test(tcase, a_chain_passes_events_on);
    tcase_add_test(tcase, manual_advance_is_what_counts);
    tcase_add_test(tcase, a_poll_ends_where_the_other_stands);
    tcase_add_test(tcase, every_lane_has_its_own_bound);
    tcase_add_test(tcase, aborted_claims_are_passed_on);
    tcase_add_loop_test(tcase, what_is_kept_behind_another_stays, 0, 2);
    tcase_add_test(tcase, the_last_one_gates);
    tcase_add_test(tcase, the_first_one_gates_too);
    tcase_add_test(tcase, a_drain_waits_for_the_last);
    tcase_add_test(tcase, an_ended_lane_waits_for_the_last);
    tcase_add_test(tcase, a_closed_bus_is_read_to_the_end_by_all);
    tcase = add_case(suite, "leaving", setup_world);
    tcase_add_loop_test(tcase, when_the_other_leaves_it_goes_on, 0, 2);
    tcase_add_test(tcase, a_gap_in_a_chain_closes);
    tcase_add_loop_test(tcase, a_place_given_to_another_binds_nobody, 0, 2);
    tcase_add_test(tcase, the_last_one_leaves);
    tcase_add_loop_test(tcase, only_open_gating_readers_of_the_topic, TORC_POLICY_LOSSY, TORC_POLICY_EVICT + 1);
    tcase_add_test(tcase, a_reader_that_has_left_cannot_be_named);
    tcase_add_test(tcase, a_reader_may_be_named_twice);
    tcase_add_test(tcase, history_is_bounded_by_the_other_as_well);
    return suite;
}
