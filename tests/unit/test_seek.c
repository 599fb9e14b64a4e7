/* test_seek.c - readers that are put somewhere else, and where they say they are. */
#include "joins.h"
#include <string.h>

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

/* --- where sequences wrap ----------------------------------------------------------------------------------------- */

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
    TCase *tcase = add_case(suite, "seek", setup_world);
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
