/* test_seek.c - joins at LAST and AT, readers that are put somewhere else, and where they say they are. */
#include "helpers.h"
#include <string.h>

static struct torc_reader *join(struct torc_reader_config config, int expected) {
    struct torc_reader *reader = NULL;
    assert_status(torc_reader_open(t.topic, &config, &reader), expected);
    ck_assert(expected == TORC_OK ? reader != NULL : reader == NULL);
    return reader;
}

static struct torc_reader *join_last(uint64_t last, enum torc_policy policy) {
    return join((struct torc_reader_config){.join = TORC_JOIN_LAST, .last = last, .policy = policy}, TORC_OK);
}

static struct torc_reader *join_at(struct torc_position *at, enum torc_policy policy) {
    return join((struct torc_reader_config){.join = TORC_JOIN_AT, .at = at, .at_count = 1, .policy = policy}, TORC_OK);
}

static struct torc_position only(uint64_t sequence) {
    return (struct torc_position){.sequence = sequence, .missed = 77, .lane = TORC_ONLY_LANE};
}

/* With the reader gone the lane keeps some history, and its publisher never waits. */
static void open_history(uint64_t published) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    put_run(t.publisher, 0, published);
}

static uint64_t tell(struct torc_reader *reader) {
    struct torc_position position;
    ck_assert_int_eq(torc_reader_tell(reader, &position, 1), 1);
    ck_assert_uint_eq(position.lane, torc_publisher_lane(t.publisher));
    return position.sequence;
}

/* The reader's next event is this one, and nothing is missing to the end. */
static void reads_from(struct torc_reader *reader, uint64_t first, uint64_t end) {
    ck_assert_uint_eq(tell(reader), first);
    if (first < end) {
        take_run(reader, first, end - first);
    }
    take_none(reader);
}

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

/* --- seek -------------------------------------------------------------------------------------------------------- */

START_TEST(a_reader_goes_back_and_forth) {
    struct torc_position at = only(2);
    put_run(t.publisher, 0, 6);
    take_run(t.reader, 0, 6);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_OLDEST, 0));
    reads_from(t.reader, 0, 6);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_LAST, 2));
    reads_from(t.reader, 4, 6);
    assert_ok(torc_reader_seek_at(t.reader, &at, 1));
    take_run(t.reader, 2, 1);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_NEXT, 0));
    reads_from(t.reader, 6, 6);
    put_run(t.publisher, 6, 3);
    reads_from(t.reader, 6, 9);
}
END_TEST

START_TEST(what_it_went_back_to_is_not_overwritten) {
    uint64_t first;
    put_run(t.publisher, 0, LANE);
    reads_from(t.reader, 0, LANE);
    put_run(t.publisher, LANE, 2);
    reads_from(t.reader, LANE, LANE + 2);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_OLDEST, 0));
    first = tell(t.reader);
    ck_assert_uint_ge(first, 2);
    ck_assert_uint_lt(first, LANE + 2);
    while (put(t.publisher, torc_publisher_sequence(t.publisher)) == TORC_OK) {
    }
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), first + LANE);
    reads_from(t.reader, first, first + LANE);
}
END_TEST

START_TEST(going_forward_lets_publishers_go) {
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, LANE), TORC_WOULD_BLOCK);
    take_run(t.reader, 0, 1);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_LAST, 1));
    put_run(t.publisher, LANE, 2);
    reads_from(t.reader, LANE - 1, LANE + 2);
}
END_TEST

START_TEST(a_copying_reader_goes_back) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY};
    struct torc_position at = only(1);
    struct torc_reader *reader = join(config, TORC_OK);
    struct torc_event event;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    put_run(t.publisher, 0, 2 * LANE);
    assert_ok(torc_reader_seek_at(reader, &at, 1));
    ck_assert_uint_eq(at.sequence, LANE);
    ck_assert_uint_eq(at.missed, LANE - 1);
    assert_status(torc_next(reader, &event), TORC_LAPPED);
    ck_assert_uint_eq(event.lost, LANE - 1);
    take_run(reader, LANE, LANE);
    assert_ok(torc_reader_seek(reader, TORC_JOIN_LAST, 2));
    reads_from(reader, 2 * LANE - 2, 2 * LANE);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(a_lane_read_to_its_end_can_be_read_again) {
    struct torc_reader *slow = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, 3);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    ck_assert_int_eq(torc_reader_tell(t.reader, NULL, 0), 0);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_OLDEST, 0));
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    take_run(slow, 0, 3);
    take_none(slow);
    assert_ok(torc_reader_close(slow));
}
END_TEST

START_TEST(borrows_by_hand_end) {
    struct torc_reader *manual = join((struct torc_reader_config){.manual_advance = 1}, TORC_OK);
    put_run(t.publisher, 0, 4);
    take_run(manual, 0, 3);
    take_run(t.reader, 0, 4);
    take_none(t.reader);
    assert_ok(torc_reader_seek(manual, TORC_JOIN_NEXT, 0));
    put_run(t.publisher, 4, LANE);
    take_run(manual, 4, LANE);
    assert_ok(torc_reader_close(manual));
    take_run(t.reader, 4, LANE);
}
END_TEST

START_TEST(those_after_it_stay_where_they_are) {
    struct torc_reader *leader = t.reader;
    struct torc_reader *last = join((struct torc_reader_config){.after = &leader, .after_count = 1}, TORC_OK);
    put_run(t.publisher, 0, 4);
    take_run(t.reader, 0, 4);
    take_none(t.reader);
    take_run(last, 0, 3);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_LAST, 3));
    take_none(last);
    put_run(t.publisher, 4, 1);
    take_run(t.reader, 1, 2);
    assert_ok(torc_advance(t.reader));
    take_none(last);
    reads_from(t.reader, 3, 5);
    reads_from(last, 3, 5);
    assert_ok(torc_reader_close(last));
}
END_TEST

static enum torc_action seek_inside(void *context, const struct torc_event *event) {
    (void)event;
    assert_status(torc_reader_seek(context, TORC_JOIN_OLDEST, 0), TORC_BUSY);
    return TORC_CONTINUE;
}

START_TEST(seek_refuses_what_it_cannot_do) {
    struct torc_position at = only(0);
    put_run(t.publisher, 0, 1);
    ck_assert_int_eq(torc_poll(t.reader, seek_inside, t.reader, 1), 1);
    assert_status(torc_reader_seek(NULL, TORC_JOIN_NEXT, 0), TORC_INVALID);
    assert_status(torc_reader_seek(t.reader, TORC_JOIN_AT, 0), TORC_INVALID);
    assert_status(torc_reader_seek(t.reader, (enum torc_join)99, 0), TORC_INVALID);
    assert_status(torc_reader_seek_at(t.reader, NULL, 1), TORC_INVALID);
    assert_status(torc_reader_seek_at(t.reader, &at, 0), TORC_INVALID);
    assert_status(torc_reader_seek_at(NULL, &at, 1), TORC_INVALID);
    assert_status(torc_reader_tell(NULL, &at, 1), TORC_INVALID);
    assert_status(torc_reader_tell(t.reader, NULL, 1), TORC_INVALID);
    assert_ok(torc_reader_detach(t.reader));
    assert_status(torc_reader_seek(t.reader, TORC_JOIN_NEXT, 0), TORC_CLOSED);
    assert_status(torc_reader_seek_at(t.reader, &at, 1), TORC_CLOSED);
    assert_status(torc_reader_tell(t.reader, &at, 1), TORC_CLOSED);
}
END_TEST

/* --- where sequences wrap ------------------------------------------------------------------------------------------ */

static const uint64_t edges[] = {(UINT64_C(1) << 32) - 5, (UINT64_C(1) << 48) - 5, (UINT64_C(1) << 63) - 5,
                                 UINT64_MAX - 4};

START_TEST(nothing_changes_at_the_edge) {
    struct torc_config config = small_config();
    struct torc_position at = only(edges[_i] + 3), gone = only(edges[_i] - 3);
    struct torc_reader *reader;
    config.first_sequence = edges[_i];
    open_world(&config);
    put_run(t.publisher, 0, 7);
    take_run(t.reader, 0, 7);
    assert_ok(torc_reader_seek(t.reader, TORC_JOIN_LAST, 6));
    take_run(t.reader, 1, 6);
    assert_ok(torc_reader_seek_at(t.reader, &at, 1));
    ck_assert_uint_eq(at.missed, 0);
    take_run(t.reader, 3, 4);
    reader = join_at(&gone, TORC_POLICY_LOSSY);
    ck_assert_uint_eq(gone.sequence, edges[_i]);
    ck_assert_uint_eq(gone.missed, 3);
    assert_ok(torc_reader_close(reader));
}
END_TEST

Suite *seek_suite(void) {
    Suite *suite = suite_create("seek");
    TCase *tcase = add_case(suite, "last", setup_world);
    tcase_add_loop_test(tcase, last_n_are_the_last_n, 0, 10);
    tcase_add_loop_test(tcase, last_is_as_many_as_are_whole, 0, 10);
    tcase_add_test(tcase, last_of_a_copying_reader_reaches_a_whole_lane_back);
    tcase_add_test(tcase, last_counts_in_every_lane);
    tcase = add_case(suite, "at", setup_world);
    tcase_add_loop_test(tcase, at_begins_there, 0, 7);
    tcase_add_test(tcase, at_what_is_gone_begins_later_and_says_by_how_much);
    tcase_add_loop_test(tcase, at_what_is_gone_is_a_loss_to_a_copying_reader, TORC_POLICY_LOSSY, TORC_POLICY_EVICT + 1);
    tcase_add_loop_test(tcase, at_what_is_to_come_waits_for_it, TORC_POLICY_GATE, TORC_POLICY_EVICT + 1);
    tcase_add_test(tcase, at_the_end_of_a_lane_that_ended_there_is_nothing_to_wait_for);
    tcase_add_loop_test(tcase, a_closed_bus_ends_the_wait, TORC_POLICY_GATE, TORC_POLICY_EVICT + 1);
    tcase_add_loop_test(tcase, at_names_lanes_the_others_begin_at_next, 1, 3);
    tcase_add_test(tcase, at_needs_lanes_of_the_topic);
    tcase = add_case(suite, "seek", setup_world);
    tcase_add_test(tcase, a_reader_goes_back_and_forth);
    tcase_add_test(tcase, what_it_went_back_to_is_not_overwritten);
    tcase_add_test(tcase, going_forward_lets_publishers_go);
    tcase_add_test(tcase, a_copying_reader_goes_back);
    tcase_add_test(tcase, a_lane_read_to_its_end_can_be_read_again);
    tcase_add_test(tcase, borrows_by_hand_end);
    tcase_add_test(tcase, those_after_it_stay_where_they_are);
    tcase_add_test(tcase, seek_refuses_what_it_cannot_do);
    tcase = tcase_create("edges");
    tcase_add_checked_fixture(tcase, NULL, teardown_world);
    tcase_add_loop_test(tcase, nothing_changes_at_the_edge, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
