/* test_join.c - where a reader begins: NEXT sees nothing from before, OLDEST everything that is still whole, and
 * neither misses anything from its first event on. */
#include "helpers.h"
#include <string.h>

START_TEST(next_sees_nothing_from_before) {
    struct torc_reader *joiner;
    put_run(t.publisher, 0, 5);
    joiner = open_reader(t.topic, TORC_JOIN_NEXT);
    take_none(joiner);
    put_run(t.publisher, 5, 3);
    take_run(joiner, 5, 3);
    take_none(joiner);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(oldest_sees_what_a_slow_reader_holds_back) {
    struct torc_reader *joiner;
    put_run(t.publisher, 0, LANE);
    joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    take_run(joiner, 0, LANE);
    take_none(joiner);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

/* Reads to the end: the events must follow one another without a gap and end with `last`. Returns how many there
 * were. */
static uint64_t read_history(struct torc_reader *reader, uint64_t last) {
    struct torc_event event;
    uint64_t count = 0, expected = 0;
    while (torc_next(reader, &event) == TORC_OK) {
        ck_assert(count == 0 || number_of(&event) == expected);
        expected = number_of(&event) + 1;
        count++;
    }
    ck_assert_uint_eq(expected, last + 1);
    return count;
}

START_TEST(oldest_goes_back_half_a_lane_at_least) {
    struct torc_reader *joiner;
    uint64_t count, published = (uint64_t)_i;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    put_run(t.publisher, 0, published);
    joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    count = read_history(joiner, published - 1);
    ck_assert_uint_ge(count, published < LANE / 2 ? published : LANE / 2);
    ck_assert_uint_le(count, LANE);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(oldest_finds_nothing_in_an_empty_lane) {
    struct torc_reader *joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    take_none(joiner);
    put_run(t.publisher, 0, 2);
    take_run(joiner, 0, 2);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(oldest_begins_after_what_was_reaped) {
    struct torc_reader *joiner;
    struct torc_event event;
    uint32_t i, expected;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    for (i = 0; i < (uint32_t)_i; i++) {
        assert_ok(put_filled(t.publisher, 16384, i));
    }
    joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    assert_ok(torc_next(joiner, &event));
    for (expected = event.type; expected < (uint32_t)_i - 1; expected++) {
        ck_assert_uint_eq(event.type, expected);
        ck_assert(filled(event.data, 16384, expected));
        assert_ok(torc_next(joiner, &event));
    }
    ck_assert_uint_eq(event.type, (uint32_t)_i - 1);
    ck_assert(filled(event.data, 16384, event.type));
    take_none(joiner);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(a_joiner_gates_from_its_first_event) {
    struct torc_reader *joiner;
    uint64_t count = 0;
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    joiner = open_reader(t.topic, _i == 0 ? TORC_JOIN_NEXT : TORC_JOIN_OLDEST);
    while (put(t.publisher, 3 + count) == TORC_OK) {
        take(t.reader, 3 + count++);
        assert_ok(torc_advance(t.reader));
    }
    ck_assert_uint_eq(count, _i == 0 ? LANE : LANE - 3);
    take_run(joiner, _i == 0 ? 3 : 0, LANE);
    take_none(joiner);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(a_joiner_sees_a_claim_that_was_open) {
    struct torc_reader *joiner, *later;
    struct torc_claim claim;
    uint64_t number = 5;
    assert_ok(torc_try_claim(t.publisher, 5, sizeof number, &claim));
    memcpy(claim.data, &number, sizeof number);
    joiner = open_reader(t.topic, TORC_JOIN_NEXT);
    take_none(joiner);
    put_run(t.publisher, 6, 2);
    later = open_reader(t.topic, TORC_JOIN_NEXT);
    assert_ok(torc_commit(t.publisher, &claim));
    take_run(joiner, 5, 3);
    take_none(joiner);
    take_run(later, 5, 3);
    take_none(later);
    take_run(t.reader, 5, 3);
    assert_ok(torc_reader_close(joiner));
    assert_ok(torc_reader_close(later));
}
END_TEST

START_TEST(oldest_reads_the_lane_of_a_closed_publisher) {
    struct torc_reader *joiner;
    put_run(t.publisher, 0, 5);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    take_run(joiner, 0, 5);
    take_none(joiner);
    take_run(t.reader, 0, 5);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(next_ignores_the_lane_of_a_closed_publisher) {
    struct torc_reader *joiner;
    put_run(t.publisher, 0, 5);
    assert_ok(torc_publisher_close(t.publisher));
    joiner = open_reader(t.topic, TORC_JOIN_NEXT);
    take_none(joiner);
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    put_run(t.publisher, 5, 2);
    take_run(joiner, 5, 2);
    take_none(joiner);
    take_run(t.reader, 0, 7);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(on_a_closed_bus_only_oldest_may_join) {
    struct torc_reader_config config = {.wait = TORC_WAIT_BLOCK, .join = TORC_JOIN_NEXT, .manual_advance = 0};
    struct torc_reader *joiner = NULL;
    struct torc_event event;
    put_run(t.publisher, 0, 5);
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_reader_open(t.topic, &config, &joiner), TORC_CLOSED);
    ck_assert_ptr_null(joiner);
    joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    take_run(joiner, 0, 5);
    assert_status(torc_next(joiner, &event), TORC_CLOSED);
    assert_ok(torc_reader_close(joiner));
}
END_TEST

START_TEST(readers_of_other_topics_see_and_gate_nothing) {
    struct torc_topic *elsewhere = open_topic("elsewhere");
    struct torc_reader *reader = open_reader(elsewhere, TORC_JOIN_NEXT);
    uint64_t i;
    for (i = 0; i < 3 * LANE; i++) {
        assert_ok(put(t.publisher, i));
        take(t.reader, i);
        take_none(reader);
    }
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(no_more_readers_than_configured) {
    struct torc_reader *reader[3], *more = NULL;
    int i;
    for (i = 0; i < 3; i++) {
        reader[i] = open_reader(t.topic, TORC_JOIN_NEXT);
    }
    assert_status(torc_reader_open(t.topic, NULL, &more), TORC_NO_ROOM);
    ck_assert_ptr_null(more);
    assert_ok(torc_reader_close(reader[1]));
    reader[1] = open_reader(t.topic, TORC_JOIN_NEXT);
    for (i = 0; i < 3; i++) {
        assert_ok(torc_reader_close(reader[i]));
    }
}
END_TEST

Suite *join_suite(void) {
    Suite *suite = suite_create("join");
    TCase *tcase = add_case(suite, "positions", setup_world);
    tcase_add_test(tcase, next_sees_nothing_from_before);
    tcase_add_test(tcase, oldest_sees_what_a_slow_reader_holds_back);
    tcase_add_loop_test(tcase, oldest_goes_back_half_a_lane_at_least, 1, 4 * LANE);
    tcase_add_test(tcase, oldest_finds_nothing_in_an_empty_lane);
    tcase_add_loop_test(tcase, oldest_begins_after_what_was_reaped, 1, 2 * LANE);
    tcase_add_loop_test(tcase, a_joiner_gates_from_its_first_event, 0, 2);
    tcase_add_test(tcase, a_joiner_sees_a_claim_that_was_open);
    tcase_add_test(tcase, oldest_reads_the_lane_of_a_closed_publisher);
    tcase_add_test(tcase, next_ignores_the_lane_of_a_closed_publisher);
    tcase_add_test(tcase, on_a_closed_bus_only_oldest_may_join);
    tcase_add_test(tcase, readers_of_other_topics_see_and_gate_nothing);
    tcase_add_test(tcase, no_more_readers_than_configured);
    return suite;
}
