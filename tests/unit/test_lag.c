/* test_lag.c - how far behind a reader is: lag, fill level, the marks at 80 and 90 %, and what was consumed. */
#include "helpers.h"

#define LONG 64 /* 52 events are the first of 80 %, 58 the first of 90 % */

static void setup_long(void) {
    struct torc_config config = small_config();
    config.lane_entries = LONG;
    open_world(&config);
}

static struct torc_reader_state state_of(struct torc_reader *reader) {
    struct torc_reader_state state;
    assert_ok(torc_reader_state(reader, &state));
    ck_assert_double_ge(state.fill, 0.0);
    ck_assert_double_le(state.fill, 1.0);
    return state;
}

START_TEST(a_fresh_reader_has_no_lag) {
    struct torc_reader_state state = state_of(t.reader);
    ck_assert_uint_eq(state.lag, 0);
    ck_assert_uint_eq(state.max_lag, 0);
    ck_assert_double_eq(state.fill, 0.0);
    ck_assert_int_eq(state.pressure, TORC_RELAXED);
    ck_assert_uint_eq(state.lanes, 1);
    ck_assert_uint_eq(state.consumed, 0);
}
END_TEST

START_TEST(lag_counts_what_was_not_given_back) {
    put_run(t.publisher, 0, 10);
    ck_assert_uint_eq(state_of(t.reader).lag, 10);
    take_run(t.reader, 0, 4);
    assert_ok(torc_advance(t.reader));
    ck_assert_uint_eq(state_of(t.reader).lag, 6);
    ck_assert_uint_eq(state_of(t.reader).consumed, 4);
    take_run(t.reader, 4, 6);
    take_none(t.reader);
    ck_assert_uint_eq(state_of(t.reader).lag, 0);
    ck_assert_uint_eq(state_of(t.reader).consumed, 10);
}
END_TEST

START_TEST(fill_is_the_lag_by_the_lane) {
    uint64_t i;
    for (i = 1; i <= LONG; i++) {
        assert_ok(put(t.publisher, i));
        ck_assert_double_eq_tol(state_of(t.reader).fill, (double)i / LONG, 1e-9);
    }
}
END_TEST

START_TEST(pressure_has_its_marks_at_80_and_90_percent) {
    struct torc_reader_state state;
    uint64_t i;
    for (i = 1; i <= LONG; i++) {
        assert_ok(put(t.publisher, i));
        state = state_of(t.reader);
        ck_assert_int_eq(state.pressure, i >= 58 ? TORC_SHOULD_THROTTLE : i >= 52 ? TORC_UNDER_PRESSURE : TORC_RELAXED);
    }
    take_run(t.reader, 1, 7);
    assert_ok(torc_advance(t.reader));
    ck_assert_int_eq(state_of(t.reader).pressure, TORC_UNDER_PRESSURE);
    take_run(t.reader, 8, 6);
    assert_ok(torc_advance(t.reader));
    ck_assert_int_eq(state_of(t.reader).pressure, TORC_RELAXED);
}
END_TEST

START_TEST(lag_adds_up_lanes_and_fill_takes_the_worst) {
    struct torc_publisher *second = open_publisher(t.topic, TORC_DRY_FAIL);
    struct torc_reader_state state;
    put_run(t.publisher, 0, 10);
    put_run(second, 0, 60);
    state = state_of(t.reader);
    ck_assert_uint_eq(state.lag, 70);
    ck_assert_double_eq_tol(state.fill, 60.0 / LONG, 1e-9);
    ck_assert_int_eq(state.pressure, TORC_SHOULD_THROTTLE);
    ck_assert_uint_eq(state.lanes, 2);
    assert_ok(torc_publisher_close(second));
}
END_TEST

/* Looked at once per run of events, so it may be short by one run of the longest kind. */
#define ONE_RUN 64

static void open_very_long(void) {
    struct torc_config config = small_config();
    config.lane_entries = 1024;
    open_world(&config);
}

START_TEST(max_lag_is_that_of_one_lane_as_met_by_the_reader) {
    struct torc_publisher *second;
    struct counted counted = {0, 0, 0};
    open_very_long();
    second = open_publisher(t.topic, TORC_DRY_FAIL);
    put_run(t.publisher, 0, 600);
    put_run(second, 0, 800);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10000), 1400);
    ck_assert_uint_ge(state_of(t.reader).max_lag, 800 - ONE_RUN);
    ck_assert_uint_le(state_of(t.reader).max_lag, 800);
    assert_ok(torc_publisher_close(second));
}
END_TEST

START_TEST(max_lag_never_falls) {
    uint64_t before;
    open_very_long();
    put_run(t.publisher, 0, 1000);
    take_run(t.reader, 0, 1000);
    take_none(t.reader);
    before = state_of(t.reader).max_lag;
    ck_assert_uint_ge(before, 1000 - ONE_RUN);
    ck_assert_uint_le(before, 1000);
    put_run(t.publisher, 0, 200);
    take_run(t.reader, 0, 200);
    take_none(t.reader);
    ck_assert_uint_eq(state_of(t.reader).max_lag, before);
}
END_TEST

START_TEST(an_open_claim_behind_committed_events_does_not_confuse_the_lag) {
    struct torc_claim first, second;
    struct torc_reader_state state;
    assert_ok(torc_try_claim(t.publisher, 1, 0, &first));
    assert_ok(torc_try_claim(t.publisher, 2, 0, &second));
    assert_ok(torc_commit(t.publisher, &first));
    take_filled(t.reader, 0, 1);
    take_none(t.reader);
    state = state_of(t.reader);
    ck_assert_uint_le(state.lag, 1);
    ck_assert_uint_le(state.max_lag, 2);
    ck_assert_int_eq(state.pressure, TORC_RELAXED);
    assert_ok(torc_commit(t.publisher, &second));
    ck_assert_uint_eq(state_of(t.reader).lag, 1);
}
END_TEST

START_TEST(tombstones_are_not_consumed_events) {
    struct torc_claim first;
    assert_ok(torc_try_claim(t.publisher, 1, 0, &first));
    put_run(t.publisher, 0, 2);
    assert_ok(torc_abort(t.publisher, &first));
    take_run(t.reader, 0, 2);
    take_none(t.reader);
    ck_assert_uint_eq(state_of(t.reader).lag, 0);
    ck_assert_uint_eq(state_of(t.reader).consumed, 2);
}
END_TEST

START_TEST(every_reader_has_its_own_lag) {
    struct torc_reader *slow = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, LONG);
    take_run(t.reader, 0, LONG);
    take_none(t.reader);
    ck_assert_uint_eq(state_of(t.reader).lag, 0);
    ck_assert_uint_eq(state_of(slow).lag, LONG);
    ck_assert_int_eq(state_of(slow).pressure, TORC_SHOULD_THROTTLE);
    assert_ok(torc_reader_close(slow));
}
END_TEST

START_TEST(a_joiner_counts_from_its_first_event) {
    struct torc_reader *joiner;
    put_run(t.publisher, 0, 10);
    joiner = open_reader(t.topic, TORC_JOIN_NEXT);
    ck_assert_uint_eq(state_of(joiner).lag, 0);
    put_run(t.publisher, 0, 3);
    ck_assert_uint_eq(state_of(joiner).lag, 3);
    assert_ok(torc_reader_close(joiner));
    joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    ck_assert_uint_eq(state_of(joiner).lag, 13);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(a_lane_read_to_its_end_is_followed_no_more) {
    struct torc_publisher *second = open_publisher(t.topic, TORC_DRY_FAIL);
    put_run(second, 0, 3);
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    ck_assert_uint_eq(state_of(t.reader).lanes, 2);
    assert_ok(torc_publisher_close(second));
    take_none(t.reader);
    ck_assert_uint_eq(state_of(t.reader).lanes, 1);
}
END_TEST

START_TEST(a_detached_reader_has_no_state) {
    struct torc_reader_state state;
    assert_ok(torc_reader_detach(t.reader));
    assert_status(torc_reader_state(t.reader, &state), TORC_CLOSED);
}
END_TEST

Suite *lag_suite(void) {
    Suite *suite = suite_create("lag");
    TCase *tcase = add_case(suite, "state", setup_long);
    TCase *longer = add_case(suite, "longest", NULL);
    tcase_add_test(tcase, a_fresh_reader_has_no_lag);
    tcase_add_test(tcase, lag_counts_what_was_not_given_back);
    tcase_add_test(tcase, fill_is_the_lag_by_the_lane);
    tcase_add_test(tcase, pressure_has_its_marks_at_80_and_90_percent);
    tcase_add_test(tcase, lag_adds_up_lanes_and_fill_takes_the_worst);
    tcase_add_test(longer, max_lag_is_that_of_one_lane_as_met_by_the_reader);
    tcase_add_test(longer, max_lag_never_falls);
    tcase_add_test(tcase, an_open_claim_behind_committed_events_does_not_confuse_the_lag);
    tcase_add_test(tcase, tombstones_are_not_consumed_events);
    tcase_add_test(tcase, every_reader_has_its_own_lag);
    tcase_add_test(tcase, a_joiner_counts_from_its_first_event);
    tcase_add_test(tcase, a_lane_read_to_its_end_is_followed_no_more);
    tcase_add_test(tcase, a_detached_reader_has_no_state);
    return suite;
}
