/* test_join_at.c - readers that join at LAST and AT. */
#include "joins.h"
#include <string.h>

/* --- LAST -------------------------------------------------------------------------------------------------------- */

START_TEST(last_n_are_the_last_n) {
    struct torc_reader *reader;
    put_run(t.publisher, 0, 6);
    reader = join_last((uint64_t)_i, TORC_POLICY_GATE);
    reads_from(reader, (uint64_t)_i < 6 ? 6 - (uint64_t)_i : 0, 6);
    put_run(t.publisher, 6, 2);
    reads_from(reader, 6, 8);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(last_is_as_many_as_are_whole) {
    struct torc_reader *oldest, *reader;
    uint64_t whole;
    open_history(3 * LANE);
    oldest = open_reader(t.topic, TORC_JOIN_OLDEST);
    whole = 3 * LANE - tell(oldest);
    ck_assert_uint_ge(whole, LANE / 2);
    reader = join_last((uint64_t)_i, TORC_POLICY_GATE);
    reads_from(reader, 3 * LANE - ((uint64_t)_i < whole ? (uint64_t)_i : whole), 3 * LANE);
    assert_ok(torc_reader_close(oldest));
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(last_of_a_copying_reader_reaches_a_whole_lane_back) {
    struct torc_reader *reader;
    open_history(3 * LANE);
    reader = join_last(UINT64_MAX, TORC_POLICY_LOSSY);
    reads_from(reader, 2 * LANE, 3 * LANE);
    assert_ok(torc_reader_close(reader));
    reader = join_last(3, TORC_POLICY_LOSSY);
    reads_from(reader, 3 * LANE - 3, 3 * LANE);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(last_counts_in_every_lane) {
    struct torc_publisher *other = open_publisher(t.topic, TORC_DRY_FAIL);
    struct torc_reader *reader;
    struct torc_event event;
    uint64_t sum = 0;
    put_run(t.publisher, 0, 5);
    put_run(other, 100, 2);
    reader = join_last(3, TORC_POLICY_GATE);
    while (torc_next(reader, &event) == TORC_OK) {
        sum += number_of(&event);
    }
    ck_assert_uint_eq(sum, 2 + 3 + 4 + 100 + 101);
    assert_ok(torc_publisher_close(other));
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* --- AT ---------------------------------------------------------------------------------------------------------- */

START_TEST(at_begins_there) {
    struct torc_position at = only((uint64_t)_i);
    struct torc_reader *reader;
    put_run(t.publisher, 0, 6);
    reader = join_at(&at, TORC_POLICY_GATE);
    ck_assert_uint_eq(at.sequence, (uint64_t)_i);
    ck_assert_uint_eq(at.missed, 0);
    ck_assert_uint_eq(at.lane, torc_publisher_lane(t.publisher));
    reads_from(reader, (uint64_t)_i, 6);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(at_what_is_gone_begins_later_and_says_by_how_much) {
    struct torc_position at = only(2);
    struct torc_reader *oldest, *reader;
    uint64_t first;
    open_history(3 * LANE);
    oldest = open_reader(t.topic, TORC_JOIN_OLDEST);
    first = tell(oldest);
    reader = join_at(&at, TORC_POLICY_GATE);
    ck_assert_uint_eq(at.sequence, first);
    ck_assert_uint_eq(at.missed, first - 2);
    reads_from(reader, first, 3 * LANE);
    assert_ok(torc_reader_close(oldest));
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(at_what_is_gone_is_a_loss_to_a_copying_reader) {
    struct torc_position at = only(5);
    struct torc_reader_state state;
    struct torc_reader *reader;
    struct torc_event event;
    open_history(3 * LANE);
    reader = join_at(&at, (enum torc_policy)_i);
    ck_assert_uint_eq(at.missed, at.sequence - 5);
    assert_ok(torc_reader_state(reader, &state));
    ck_assert_uint_eq(state.lost, at.missed);
    if (_i == TORC_POLICY_CONFLATE) {
        assert_ok(torc_next(reader, &event));
        ck_assert_uint_eq(event.sequence, 3 * LANE - 1);
        ck_assert_uint_eq(event.lost, 3 * LANE - 1 - 5);
    } else {
        assert_status(torc_next(reader, &event), TORC_LAPPED);
        ck_assert_uint_eq(event.lost, at.missed);
        take_run(reader, at.sequence, 3 * LANE - at.sequence);
        assert_ok(torc_reader_state(reader, &state));
        ck_assert_uint_eq(state.lost, at.missed);
        ck_assert_uint_eq(state.consumed + state.lost + 1, 3 * LANE - 5); /* the last is still borrowed */
    }
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(at_what_is_to_come_waits_for_it) {
    struct torc_position at = only(2 * LANE);
    struct torc_reader *reader = join_at(&at, (enum torc_policy)_i);
    struct torc_reader_state state;
    uint64_t i;
    ck_assert_uint_eq(at.sequence, 2 * LANE);
    ck_assert_uint_eq(at.missed, 0);
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    for (i = 0; i < 2 * LANE; i++) { /* it holds nobody up on the way */
        assert_ok(put(t.publisher, i));
        take_none(reader);
        assert_ok(torc_reader_state(reader, &state));
        ck_assert_uint_eq(state.lag, 0);
        assert_audit(t.bus);
    }
    put_run(t.publisher, 2 * LANE, 3);
    take_run(reader, _i == TORC_POLICY_CONFLATE ? 2 * LANE + 2 : 2 * LANE, _i == TORC_POLICY_CONFLATE ? 1 : 3);
    take_none(reader);
    if (_i == TORC_POLICY_GATE) {
        put_run(t.publisher, 2 * LANE + 3, LANE); /* and gates from there on */
        assert_status(put(t.publisher, 3 * LANE + 3), TORC_WOULD_BLOCK);
    }
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(at_the_end_of_a_lane_that_ended_there_is_nothing_to_wait_for) {
    struct torc_position at = only(100), later = only(100);
    struct torc_reader *ahead = join_at(&at, TORC_POLICY_GATE), *reader;
    struct torc_event event;
    put_run(t.publisher, 0, 3);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    reader = join_at(&later, TORC_POLICY_GATE);
    ck_assert_uint_eq(later.sequence, 3);
    take_none(reader);
    take_none(ahead);
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_next(reader, &event), TORC_CLOSED);
    assert_status(torc_next(ahead, &event), TORC_CLOSED);
    assert_ok(torc_reader_close(reader));
    assert_ok(torc_reader_close(ahead));
}
END_TEST

START_TEST(a_closed_bus_ends_the_wait) {
    struct torc_position at = only(100);
    struct torc_reader *ahead = join_at(&at, (enum torc_policy)_i);
    struct torc_event event;
    put_run(t.publisher, 0, 3);
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_next_until(ahead, &event, TORC_FOREVER), TORC_CLOSED);
    assert_ok(torc_reader_close(ahead));
}
END_TEST

START_TEST(at_names_lanes_the_others_begin_at_next) {
    struct torc_publisher *other = open_publisher(t.topic, TORC_DRY_FAIL);
    struct torc_position at[2] = {{1, 0, torc_publisher_lane(t.publisher)}, {1, 0, torc_publisher_lane(other)}};
    struct torc_reader_config config = {.join = TORC_JOIN_AT, .at = at, .at_count = (size_t)_i};
    struct torc_reader *reader;
    struct torc_event event;
    uint64_t sum = 0;
    put_run(t.publisher, 0, 4);
    put_run(other, 100, 3);
    reader = join(config, TORC_OK);
    while (torc_next(reader, &event) == TORC_OK) {
        sum += number_of(&event);
    }
    ck_assert_uint_eq(sum, 1 + 2 + 3 + (_i == 2 ? 101 + 102 : 0));
    ck_assert_int_eq(torc_reader_tell(reader, NULL, 0), 2);
    assert_ok(torc_reader_close(reader));
    assert_ok(torc_publisher_close(other));
}
END_TEST

START_TEST(at_needs_lanes_of_the_topic) {
    struct torc_position at[2] = {only(0), only(0)};
    struct torc_reader_config config = {.join = TORC_JOIN_AT, .at = at, .at_count = 2};
    struct torc_publisher *other;
    (void)join(config, TORC_INVALID); /* the same lane twice */
    config.at_count = 0;
    (void)join(config, TORC_INVALID);
    config.at = NULL;
    config.at_count = 1;
    (void)join(config, TORC_INVALID);
    config.at = at;
    at[0].lane = 63;
    (void)join(config, TORC_NOT_FOUND);
    at[0].lane = 64;
    (void)join(config, TORC_NOT_FOUND);
    at[0].lane = TORC_ONLY_LANE;
    other = open_publisher(t.topic, TORC_DRY_FAIL);
    (void)join(config, TORC_NOT_FOUND); /* of two */
    assert_status(torc_reader_seek_at(t.reader, at, 1), TORC_NOT_FOUND);
    assert_ok(torc_publisher_close(other));
    ck_assert_uint_eq(torc_publisher_lane(NULL), TORC_ONLY_LANE);
}
END_TEST

Suite *join_at_suite(void) {
    Suite *suite = suite_create("join_at");
    TCase *tcase = add_case(suite, "places", setup_world);
    tcase_add_loop_test(tcase, last_n_are_the_last_n, 0, 10);
    tcase_add_loop_test(tcase, last_is_as_many_as_are_whole, 0, 10);
    tcase_add_test(tcase, last_of_a_copying_reader_reaches_a_whole_lane_back);
    tcase_add_test(tcase, last_counts_in_every_lane);
    tcase_add_loop_test(tcase, at_begins_there, 0, 7);
    tcase_add_test(tcase, at_what_is_gone_begins_later_and_says_by_how_much);
    tcase_add_loop_test(tcase, at_what_is_gone_is_a_loss_to_a_copying_reader, TORC_POLICY_LOSSY, TORC_POLICY_EVICT + 1);
    tcase_add_loop_test(tcase, at_what_is_to_come_waits_for_it, TORC_POLICY_GATE, TORC_POLICY_EVICT + 1);
    tcase_add_test(tcase, at_the_end_of_a_lane_that_ended_there_is_nothing_to_wait_for);
    tcase_add_loop_test(tcase, a_closed_bus_ends_the_wait, TORC_POLICY_GATE, TORC_POLICY_EVICT + 1);
    tcase_add_loop_test(tcase, at_names_lanes_the_others_begin_at_next, 1, 3);
    tcase_add_test(tcase, at_needs_lanes_of_the_topic);
    return suite;
}
