/* test_manual.c - readers that advance by hand, at the ends of lanes and where claims were aborted. */
#include "helpers.h"

static struct torc_reader *open_manual(void) {
    struct torc_reader_config config = {.wait = TORC_WAIT_BLOCK, .manual_advance = 1};
    struct torc_reader *reader = NULL;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    return reader;
}

static void setup_manual(void) {
    setup_world();
    assert_ok(torc_reader_close(t.reader));
    t.reader = open_manual();
}

/* A publisher of another topic needs the lane, so it tells whether the reader is done with it. */
static void assert_last_lane_is_free(bool is_free) {
    struct torc_topic *other = open_topic("other");
    struct torc_publisher *publisher[4] = {NULL};
    int opened = 0;
    while (opened < 4 && torc_publisher_open(other, NULL, &publisher[opened]) == TORC_OK) {
        opened++;
    }
    ck_assert_int_eq(opened, is_free ? 4 : 3);
    while (opened > 0) {
        assert_ok(torc_publisher_close(publisher[--opened]));
    }
}

static void end_lane(void) {
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
}

START_TEST(advancing_to_the_end_of_a_lane_ends_the_wait) {
    struct torc_event event;
    put_run(t.publisher, 0, 1);
    end_lane();
    take(t.reader, 0);
    take_none(t.reader);
    assert_last_lane_is_free(false);
    assert_ok(torc_advance(t.reader));
    assert_status(torc_next_until(t.reader, &event, TORC_NO_WAIT), TORC_EMPTY);
    assert_status(torc_next_until(t.reader, &event, PAST), TORC_TIMED_OUT);
    assert_last_lane_is_free(true);
}
END_TEST

/* Leaves a tombstone: an aborted claim with another after it. */
static void put_tombstone_and(uint64_t number) {
    struct torc_claim claim;
    assert_ok(torc_try_claim(t.publisher, 1, 8, &claim));
    assert_ok(put(t.publisher, number));
    assert_ok(torc_abort(t.publisher, &claim));
}

START_TEST(a_tombstone_is_no_borrow) {
    struct torc_claim claims[2];
    ck_assert_int_eq(torc_try_claim_batch(t.publisher, 1, 8, claims, 2), 2);
    assert_ok(torc_abort(t.publisher, &claims[0]));
    take_none(t.reader);
    assert_ok(torc_reader_detach(t.reader));
    assert_ok(torc_abort(t.publisher, &claims[1]));
}
END_TEST

START_TEST(a_lane_that_ends_in_tombstones_is_left) {
    struct torc_claim claims[2];
    ck_assert_int_eq(torc_try_claim_batch(t.publisher, 1, 8, claims, 2), 2);
    end_lane();
    take_none(t.reader);
    take_none(t.reader);
    assert_last_lane_is_free(true);
}
END_TEST

START_TEST(an_event_behind_a_tombstone_is_borrowed) {
    put_tombstone_and(1);
    take(t.reader, 1);
    take_none(t.reader);
    assert_status(torc_reader_detach(t.reader), TORC_BUSY);
    assert_ok(torc_advance(t.reader));
    assert_ok(torc_reader_detach(t.reader));
}
END_TEST

Suite *manual_suite(void) {
    Suite *suite = suite_create("manual");
    TCase *tcase = add_case(suite, "advance", setup_manual);
    tcase_add_test(tcase, advancing_to_the_end_of_a_lane_ends_the_wait);
    tcase_add_test(tcase, a_tombstone_is_no_borrow);
    tcase_add_test(tcase, a_lane_that_ends_in_tombstones_is_left);
    tcase_add_test(tcase, an_event_behind_a_tombstone_is_borrowed);
    return suite;
}
