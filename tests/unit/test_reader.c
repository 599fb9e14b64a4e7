/* test_reader.c - reading one at a time: what an event says of itself, how long a borrow lasts, when publishers get the
 * space back, fairness over lanes, and the end. */
#include "helpers.h"
#include <string.h>

static struct torc_reader *open_manual(void) {
    struct torc_reader_config config = {.wait = TORC_WAIT_BLOCK, .join = TORC_JOIN_NEXT, .manual_advance = 1};
    struct torc_reader *reader = NULL;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    return reader;
}

START_TEST(nothing_published_reads_as_empty) {
    int i;
    for (i = 0; i < 100; i++) {
        take_none(t.reader);
    }
}
END_TEST

START_TEST(a_topic_without_publishers_reads_as_empty) {
    struct torc_topic *topic = open_topic("silent");
    struct torc_reader *reader = open_reader(topic, TORC_JOIN_NEXT);
    struct torc_event event;
    assert_status(torc_next(reader, &event), TORC_EMPTY);
    assert_status(torc_next_until(reader, &event, PAST), TORC_TIMED_OUT);
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_next(reader, &event), TORC_CLOSED);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(ends_open_without_a_configuration) {
    struct torc_publisher *publisher = NULL;
    struct torc_reader *reader = NULL;
    put_run(t.publisher, 0, 2);
    assert_ok(torc_publisher_open(t.topic, NULL, &publisher));
    assert_ok(torc_reader_open(t.topic, NULL, &reader));
    take_none(reader);
    put_run(publisher, 10, 2);
    take_run(reader, 10, 2);
    take_none(reader);
    assert_ok(torc_reader_close(reader));
    assert_ok(torc_publisher_close(publisher));
}
END_TEST

START_TEST(an_event_describes_itself) {
    struct torc_event event;
    uint64_t number = 7;
    memset(&event, 0xA5, sizeof event);
    assert_ok(put(t.publisher, 6));
    assert_ok(torc_publish(t.publisher, 123, &number, sizeof number));
    take(t.reader, 6);
    assert_ok(torc_next(t.reader, &event));
    ck_assert_uint_eq(event.length, sizeof number);
    ck_assert_uint_eq(event.type, 123);
    ck_assert_uint_eq(event.sequence, 1);
    ck_assert_uint_eq(event.slot, 0);
    ck_assert_uint_eq((uintptr_t)event.data % 16, 0);
    ck_assert_mem_eq(event.data, &number, sizeof number);
}
END_TEST

START_TEST(an_event_in_a_slot_is_aligned_to_a_line) {
    static const size_t lengths[] = {49, 64, 200, 1000, 4000, 16000};
    struct torc_event event;
    assert_ok(put_filled(t.publisher, lengths[_i], 3));
    assert_ok(torc_next(t.reader, &event));
    ck_assert_uint_eq((uintptr_t)event.data % 64, 0);
    ck_assert_uint_ne(event.slot, 0);
    ck_assert(filled(event.data, lengths[_i], 3));
}
END_TEST

START_TEST(every_reader_sees_every_event) {
    struct torc_reader *reader[4] = {t.reader, NULL, NULL, NULL};
    uint64_t round;
    int i;
    for (i = 1; i < 4; i++) {
        reader[i] = open_reader(t.topic, TORC_JOIN_NEXT);
    }
    for (round = 0; round < 5 * LANE; round += 4) {
        put_run(t.publisher, round, 4);
        for (i = 3; i >= 0; i--) {
            take_run(reader[i], round, 4);
            take_none(reader[i]);
        }
    }
    for (i = 1; i < 4; i++) {
        assert_ok(torc_reader_close(reader[i]));
    }
}
END_TEST

START_TEST(readers_go_at_their_own_pace) {
    struct torc_reader *slow = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
    take(slow, 0);
    take(slow, 1);
    take_none(t.reader);
    take_run(slow, 2, LANE - 2);
    take_none(slow);
    assert_ok(torc_reader_close(slow));
}
END_TEST

START_TEST(a_borrow_lasts_until_the_next_call) {
    struct torc_event event;
    uint64_t i, put_so_far = 0;
    for (i = 0; i < 5 * LANE; i++) {
        while (put(t.publisher, put_so_far) == TORC_OK) {
            put_so_far++;
        }
        assert_ok(torc_next(t.reader, &event));
        while (put(t.publisher, put_so_far) == TORC_OK) {
            put_so_far++;
        }
        ck_assert_uint_eq(number_of(&event), i);
        ck_assert_uint_gt(put_so_far, i);
    }
}
END_TEST

START_TEST(a_borrowed_slot_lasts_until_the_next_call) {
    struct torc_event event;
    uint32_t i, put_so_far = 0;
    int status;
    for (i = 0; i < 30; i++) {
        /* Two slots only: the reader may have to go idle before the publisher finds one. */
        do {
            put_so_far += put_filled(t.publisher, 16384, put_so_far) == TORC_OK;
            status = torc_next(t.reader, &event);
        } while (status == TORC_EMPTY);
        assert_status(status, TORC_OK);
        while (put_filled(t.publisher, 16384, put_so_far) == TORC_OK) {
            put_so_far++;
        }
        ck_assert_uint_eq(event.type, i);
        ck_assert(filled(event.data, 16384, i));
    }
}
END_TEST

START_TEST(an_idle_reader_has_given_everything_back) {
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    take_run(t.reader, 0, LANE);
}
END_TEST

START_TEST(advance_gives_back_what_was_returned) {
    uint64_t i;
    put_run(t.publisher, 0, LANE);
    for (i = 0; i < 3 * LANE; i++) {
        take(t.reader, i);
        assert_ok(torc_advance(t.reader));
        assert_ok(put(t.publisher, LANE + i));
        assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    }
}
END_TEST

START_TEST(advance_without_a_borrow_is_harmless) {
    int i;
    for (i = 0; i < 10; i++) {
        assert_ok(torc_advance(t.reader));
    }
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
}
END_TEST

START_TEST(manual_advance_keeps_all_borrows) {
    struct torc_reader *manual = open_manual();
    struct torc_event event[LANE];
    uint64_t i;
    assert_ok(torc_reader_close(t.reader));
    t.reader = manual;
    put_run(t.publisher, 0, LANE);
    for (i = 0; i < LANE; i++) {
        assert_ok(torc_next(t.reader, &event[i]));
    }
    take_none(t.reader);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    for (i = 0; i < LANE; i++) {
        ck_assert_uint_eq(number_of(&event[i]), i);
    }
    assert_ok(torc_advance(t.reader));
    put_run(t.publisher, LANE, LANE);
    take_run(t.reader, LANE, LANE);
}
END_TEST

START_TEST(manual_advance_holds_through_waiting_and_polling) {
    struct torc_reader *manual = open_manual();
    struct counted counted = {0, 0, 0};
    struct torc_event event;
    assert_ok(torc_reader_close(t.reader));
    t.reader = manual;
    put_run(t.publisher, 0, LANE);
    assert_ok(torc_next(t.reader, &event));
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, LANE), LANE - 1);
    assert_status(torc_wait_readable(t.reader, PAST), TORC_TIMED_OUT);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(number_of(&event), 0);
    assert_ok(torc_advance(t.reader));
    put_run(t.publisher, 0, LANE);
}
END_TEST

START_TEST(wait_readable_answers_without_taking) {
    assert_status(torc_wait_readable(t.reader, PAST), TORC_TIMED_OUT);
    assert_status(torc_wait_readable(t.reader, torc_deadline_ms(2)), TORC_TIMED_OUT);
    put_run(t.publisher, 0, 2);
    assert_ok(torc_wait_readable(t.reader, PAST));
    assert_ok(torc_wait_readable(t.reader, TORC_FOREVER));
    take_run(t.reader, 0, 2);
    assert_status(torc_wait_readable(t.reader, PAST), TORC_TIMED_OUT);
}
END_TEST

/* Neither is an event: lanes that come and go, and a claim that was aborted. */
START_TEST(wait_readable_waits_for_an_event) {
    struct torc_claim claims[2];
    struct torc_publisher *other = open_publisher(t.topic, TORC_DRY_FAIL);
    assert_status(torc_wait_readable(t.reader, TORC_NO_WAIT), TORC_EMPTY);
    assert_ok(torc_publisher_close(other));
    assert_status(torc_wait_readable(t.reader, PAST), TORC_TIMED_OUT);
    ck_assert_int_eq(torc_try_claim_batch(t.publisher, 1, 8, claims, 2), 2);
    assert_ok(torc_abort(t.publisher, &claims[0]));
    assert_status(torc_wait_readable(t.reader, torc_deadline_ms(2)), TORC_TIMED_OUT);
    assert_ok(torc_commit(t.publisher, &claims[1]));
    assert_ok(torc_wait_readable(t.reader, TORC_FOREVER));
}
END_TEST

START_TEST(next_until_returns_what_is_there_even_when_late) {
    struct torc_event event;
    put_run(t.publisher, 0, 2);
    assert_ok(torc_next_until(t.reader, &event, PAST));
    ck_assert_uint_eq(number_of(&event), 0);
    assert_ok(torc_next_until(t.reader, &event, TORC_NO_WAIT));
    ck_assert_uint_eq(number_of(&event), 1);
    assert_status(torc_next_until(t.reader, &event, PAST), TORC_TIMED_OUT);
    assert_status(torc_next_until(t.reader, &event, torc_deadline_ms(2)), TORC_TIMED_OUT);
}
END_TEST

/* Nobody can mistake the last event for a new one. */
START_TEST(without_an_event_it_is_zeroed) {
    static const struct torc_event zero;
    struct torc_event event;
    memset(&event, 0x5A, sizeof event);
    assert_status(torc_next(t.reader, &event), TORC_EMPTY);
    ck_assert_mem_eq(&event, &zero, sizeof event);
    assert_ok(torc_reader_detach(t.reader));
    memset(&event, 0x5A, sizeof event);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    ck_assert_mem_eq(&event, &zero, sizeof event);
}
END_TEST

/* A long lane, filled by `count` publishers; the reader must meet all of them soon. */
static void open_crowd(struct torc_publisher **publisher, uint32_t count, uint64_t each) {
    struct torc_config config = small_config();
    uint32_t i;
    config.lane_entries = 4096;
    open_bus(&config);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    for (i = 0; i < count; i++) {
        publisher[i] = open_publisher(t.topic, TORC_DRY_FAIL);
        put_run(publisher[i], 0, each);
    }
}

START_TEST(a_reader_alternates_between_full_lanes) {
    struct torc_publisher *publisher[4];
    uint64_t seen[TORC_MAX_PUBLISHERS] = {0}, i;
    struct torc_event event;
    int lanes = 0;
    open_crowd(publisher, 4, 4096);
    for (i = 0; i < 4096; i++) {
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(number_of(&event), seen[event.lane]++);
    }
    for (i = 0; i < TORC_MAX_PUBLISHERS; i++) {
        lanes += seen[i] != 0;
    }
    ck_assert_int_eq(lanes, 4);
    for (i = 0; i < 4; i++) {
        assert_ok(torc_publisher_close(publisher[i]));
    }
}
END_TEST

START_TEST(a_busy_lane_does_not_starve_a_quiet_one) {
    struct torc_publisher *publisher[2];
    struct torc_event event;
    uint64_t i, number = 1000;
    open_crowd(publisher, 1, 1000);
    take(t.reader, 0);
    publisher[1] = open_publisher(t.topic, TORC_DRY_FAIL);
    assert_ok(put(publisher[1], 999999));
    for (i = 0; i < 4096; i++) {
        assert_ok(torc_next(t.reader, &event));
        if (number_of(&event) == 999999) {
            break;
        }
        assert_ok(put(publisher[0], number++));
    }
    ck_assert_uint_lt(i, 4096);
    assert_ok(torc_publisher_close(publisher[0]));
    assert_ok(torc_publisher_close(publisher[1]));
}
END_TEST

START_TEST(a_closed_bus_is_read_to_its_end) {
    struct torc_event event;
    put_run(t.publisher, 0, 5);
    assert_ok(put_filled(t.publisher, 5000, 5));
    assert_ok(torc_bus_close(t.bus));
    take_run(t.reader, 0, 5);
    take_filled(t.reader, 5000, 5);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    assert_status(torc_next_until(t.reader, &event, TORC_FOREVER), TORC_CLOSED);
    assert_status(torc_wait_readable(t.reader, TORC_FOREVER), TORC_CLOSED);
}
END_TEST

Suite *reader_suite(void) {
    Suite *suite = suite_create("reader");
    TCase *tcase = add_case(suite, "next", setup_world);
    TCase *crowd = add_case(suite, "many lanes", NULL);
    tcase_add_test(tcase, nothing_published_reads_as_empty);
    tcase_add_test(tcase, a_topic_without_publishers_reads_as_empty);
    tcase_add_test(tcase, ends_open_without_a_configuration);
    tcase_add_test(tcase, an_event_describes_itself);
    tcase_add_loop_test(tcase, an_event_in_a_slot_is_aligned_to_a_line, 0, 6);
    tcase_add_test(tcase, every_reader_sees_every_event);
    tcase_add_test(tcase, readers_go_at_their_own_pace);
    tcase_add_test(tcase, a_borrow_lasts_until_the_next_call);
    tcase_add_test(tcase, a_borrowed_slot_lasts_until_the_next_call);
    tcase_add_test(tcase, an_idle_reader_has_given_everything_back);
    tcase_add_test(tcase, advance_gives_back_what_was_returned);
    tcase_add_test(tcase, advance_without_a_borrow_is_harmless);
    tcase_add_test(tcase, manual_advance_keeps_all_borrows);
    tcase_add_test(tcase, manual_advance_holds_through_waiting_and_polling);
    tcase_add_test(tcase, wait_readable_answers_without_taking);
    tcase_add_test(tcase, wait_readable_waits_for_an_event);
    tcase_add_test(tcase, next_until_returns_what_is_there_even_when_late);
    tcase_add_test(tcase, without_an_event_it_is_zeroed);
    tcase_add_test(tcase, a_closed_bus_is_read_to_its_end);
    tcase_add_test(crowd, a_reader_alternates_between_full_lanes);
    tcase_add_test(crowd, a_busy_lane_does_not_starve_a_quiet_one);
    return suite;
}
