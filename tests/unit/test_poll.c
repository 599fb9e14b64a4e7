/* test_poll.c - reading with a handler: limits, stopping, what a handler may and may not do with its own reader. */
#include "helpers.h"
#include <limits.h>
#include <string.h>

START_TEST(poll_returns_how_many_events_it_handled) {
    struct counted counted = {0, 0, 0};
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10), 0);
    put_run(t.publisher, 0, 5);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10), 5);
    ck_assert_uint_eq(counted.calls, 5);
    ck_assert_uint_eq(counted.last, 4);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10), 0);
    ck_assert_uint_eq(counted.calls, 5);
}
END_TEST

START_TEST(poll_stops_at_its_limit) {
    struct counted counted = {0, 0, 0};
    put_run(t.publisher, 0, LANE);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 1), 1);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 3), 3);
    ck_assert_uint_eq(counted.last, 3);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, INT_MAX), LANE - 4);
    ck_assert_uint_eq(counted.last, LANE - 1);
}
END_TEST

START_TEST(the_event_that_stopped_a_poll_is_done) {
    struct counted counted = {0, 0, 3};
    put_run(t.publisher, 0, 5);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10), 3);
    ck_assert_uint_eq(counted.last, 2);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10), 2);
    ck_assert_uint_eq(counted.last, 4);
}
END_TEST

START_TEST(poll_gives_the_space_back_at_its_end) {
    struct counted counted = {0, 0, 0};
    uint64_t i;
    put_run(t.publisher, 0, LANE);
    for (i = 0; i < 3 * LANE; i++) {
        ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 1), 1);
        assert_ok(put(t.publisher, LANE + i));
        assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    }
}
END_TEST

START_TEST(tombstones_are_not_counted) {
    struct counted counted = {0, 0, 0};
    struct torc_claim claim[3];
    int i;
    for (i = 0; i < 3; i++) {
        assert_ok(torc_try_claim(t.publisher, 1, 8, &claim[i]));
    }
    put_run(t.publisher, 5, 2);
    for (i = 0; i < 3; i++) {
        assert_ok(torc_abort(t.publisher, &claim[i]));
    }
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 2), 2);
    ck_assert_uint_eq(counted.last, 6);
}
END_TEST

START_TEST(poll_reads_all_lanes) {
    struct torc_publisher *second = open_publisher(t.topic, TORC_DRY_FAIL);
    struct counted counted = {0, 0, 0};
    put_run(t.publisher, 0, 5);
    put_run(second, 100, 6);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 100), 11);
    put_run(second, 200, LANE);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 100), LANE);
    ck_assert_uint_eq(counted.last, 200 + LANE - 1);
    assert_ok(torc_publisher_close(second));
}
END_TEST

START_TEST(poll_goes_on_where_next_left_off) {
    struct counted counted = {0, 0, 0};
    put_run(t.publisher, 0, 4);
    take(t.reader, 0);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 2), 2);
    ck_assert_uint_eq(counted.last, 2);
    take(t.reader, 3);
    take_none(t.reader);
}
END_TEST

START_TEST(poll_until_times_out_or_returns_at_once) {
    struct counted counted = {0, 0, 0};
    assert_status(torc_poll_until(t.reader, count_events, &counted, 10, PAST), TORC_TIMED_OUT);
    assert_status(torc_poll_until(t.reader, count_events, &counted, 10, torc_deadline_ms(2)), TORC_TIMED_OUT);
    put_run(t.publisher, 0, 3);
    ck_assert_int_eq(torc_poll_until(t.reader, count_events, &counted, 10, TORC_FOREVER), 3);
    ck_assert_uint_eq(counted.calls, 3);
}
END_TEST

START_TEST(poll_on_a_closed_bus_reads_the_rest) {
    struct counted counted = {0, 0, 0};
    put_run(t.publisher, 0, 3);
    assert_ok(torc_bus_close(t.bus));
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10), 3);
    assert_status(torc_poll(t.reader, count_events, &counted, 10), TORC_CLOSED);
    assert_status(torc_poll_until(t.reader, count_events, &counted, 10, TORC_FOREVER), TORC_CLOSED);
}
END_TEST

START_TEST(a_limit_out_of_range_is_refused) {
    struct counted counted = {0, 0, 0};
    put_run(t.publisher, 0, 3);
    assert_status(torc_poll(t.reader, count_events, &counted, 0), TORC_INVALID);
    assert_status(torc_poll(t.reader, count_events, &counted, (size_t)INT_MAX + 1), TORC_INVALID);
    assert_status(torc_poll(t.reader, count_events, &counted, SIZE_MAX), TORC_INVALID);
    assert_status(torc_poll_until(t.reader, count_events, &counted, 0, PAST), TORC_INVALID);
    ck_assert_uint_eq(counted.calls, 0);
    take_run(t.reader, 0, 3);
}
END_TEST

/* What a handler that calls its own reader is answered. */
struct answers {
    int next, next_until, poll, poll_until, wait, close;
    struct torc_event event;
};

static enum torc_action call_own_reader(void *context, const struct torc_event *event) {
    struct answers *a = context;
    (void)event;
    memset(&a->event, 0x5A, sizeof a->event);
    a->next = torc_next(t.reader, &a->event);
    a->next_until = torc_next_until(t.reader, &a->event, TORC_FOREVER);
    a->poll = torc_poll(t.reader, call_own_reader, context, 5);
    a->poll_until = torc_poll_until(t.reader, call_own_reader, context, 5, TORC_FOREVER);
    a->wait = torc_wait_readable(t.reader, TORC_FOREVER);
    a->close = torc_reader_close(t.reader);
    return TORC_CONTINUE;
}

START_TEST(a_handler_may_not_read_or_close_its_own_reader) {
    static const struct torc_event zero;
    struct answers a;
    put_run(t.publisher, 0, 3);
    ck_assert_int_eq(torc_poll(t.reader, call_own_reader, &a, 2), 2);
    assert_status(a.next, TORC_BUSY);
    assert_status(a.next_until, TORC_BUSY);
    assert_status(a.poll, TORC_BUSY);
    assert_status(a.poll_until, TORC_BUSY);
    assert_status(a.wait, TORC_BUSY);
    assert_status(a.close, TORC_WRONG_THREAD);
    ck_assert_mem_eq(&a.event, &zero, sizeof a.event);
    take(t.reader, 2);
}
END_TEST

/* A handler that publishes to its own topic, up to a number. */
static enum torc_action publish_next(void *context, const struct torc_event *event) {
    uint64_t number = number_of(event);
    (void)context;
    return number == 20 || put(t.publisher, number + 1) != TORC_OK ? TORC_STOP : TORC_CONTINUE;
}

START_TEST(a_handler_may_publish_to_its_own_topic) {
    put_run(t.publisher, 0, 1);
    while (torc_poll(t.reader, publish_next, NULL, 3) > 0) {
    }
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 21);
    take_none(t.reader);
}
END_TEST

static struct torc_ringptr kept[3];
static int keep_count;
static enum torc_action keep_it(void *context, const struct torc_event *event) {
    int *failed = context;
    *failed += torc_keep(t.reader, event, &kept[keep_count++]) != TORC_OK;
    return TORC_CONTINUE;
}

START_TEST(a_handler_may_keep_its_events) {
    int failed = 0, i;
    keep_count = 0;
    assert_ok(put_filled(t.publisher, 10, 0));
    assert_ok(put_filled(t.publisher, 300, 1));
    assert_ok(put_filled(t.publisher, 20000, 2));
    ck_assert_int_eq(torc_poll(t.reader, keep_it, &failed, 3), 3);
    ck_assert_int_eq(failed, 0);
    for (i = 0; i < 3; i++) {
        ck_assert(filled(torc_ringptr_data(kept[i]), torc_ringptr_length(kept[i]), (uint32_t)i));
        assert_ok(torc_ringptr_release(kept[i]));
    }
}
END_TEST

/* A handler that tries to push the publisher over its own event. */
static enum torc_action crowd_in(void *context, const struct torc_event *event) {
    uint64_t *next = context;
    while (put(t.publisher, *next) == TORC_OK) {
        ++*next;
    }
    ck_assert_uint_lt(number_of(event), *next);
    return TORC_CONTINUE;
}

START_TEST(an_event_stays_whole_while_its_handler_runs) {
    uint64_t next = 0;
    struct counted counted = {0, 0, 0};
    int i;
    assert_ok(put(t.publisher, next++));
    for (i = 0; i < 20; i++) {
        ck_assert_int_ge(torc_poll(t.reader, crowd_in, &next, 5), 1);
    }
    ck_assert_int_ge(torc_poll(t.reader, count_events, &counted, 100), 0);
    ck_assert(counted.calls == 0 || counted.last == next - 1);
}
END_TEST

Suite *poll_suite(void) {
    Suite *suite = suite_create("poll");
    TCase *tcase = add_case(suite, "handlers", setup_world);
    tcase_add_test(tcase, poll_returns_how_many_events_it_handled);
    tcase_add_test(tcase, poll_stops_at_its_limit);
    tcase_add_test(tcase, the_event_that_stopped_a_poll_is_done);
    tcase_add_test(tcase, poll_gives_the_space_back_at_its_end);
    tcase_add_test(tcase, tombstones_are_not_counted);
    tcase_add_test(tcase, poll_reads_all_lanes);
    tcase_add_test(tcase, poll_goes_on_where_next_left_off);
    tcase_add_test(tcase, poll_until_times_out_or_returns_at_once);
    tcase_add_test(tcase, poll_on_a_closed_bus_reads_the_rest);
    tcase_add_test(tcase, a_limit_out_of_range_is_refused);
    tcase_add_test(tcase, a_handler_may_not_read_or_close_its_own_reader);
    tcase_add_test(tcase, a_handler_may_publish_to_its_own_topic);
    tcase_add_test(tcase, a_handler_may_keep_its_events);
    tcase_add_test(tcase, an_event_stays_whole_while_its_handler_runs);
    return suite;
}
