/* test_after_asleep.c - readers after other readers that sleep until those have got on, have left, or the end has
 * come. */
#include "joins.h"
#include <pthread.h>

struct sleeper {
    struct torc_reader *reader;
    uint64_t until;
    int status;
    pthread_t thread;
};

static void *read_asleep(void *argument) {
    struct sleeper *sleeper = argument;
    struct torc_event event;
    for (uint64_t i = 0; sleeper->status == TORC_OK; i++) {
        sleeper->status = torc_next_until(sleeper->reader, &event, TORC_FOREVER);
        if (sleeper->status == TORC_OK && number_of(&event) != i) {
            sleeper->status = TORC_CORRUPT;
        }
        if (i + 1 == sleeper->until) {
            (void)torc_advance(sleeper->reader);
            break;
        }
    }
    return NULL;
}

static void begin(struct sleeper *sleeper) {
    ck_assert_int_eq(pthread_create(&sleeper->thread, NULL, read_asleep, sleeper), 0);
}

static void end(struct sleeper *sleeper, int status) {
    ck_assert_int_eq(pthread_join(sleeper->thread, NULL), 0);
    assert_status(sleeper->status, status);
    assert_ok(torc_reader_close(sleeper->reader));
}

START_TEST(it_is_woken_by_those_it_is_after) {
    struct torc_reader *both[2] = {t.reader, open_reader(t.topic, TORC_JOIN_NEXT)};
    struct sleeper last = {open_after(both, 2), 500, TORC_OK, 0};
    begin(&last);
    for (uint64_t i = 0; i < 500; i++) {
        assert_ok(
            torc_publish(t.publisher, (uint32_t)i, &i, sizeof i)); /* waits for the sleeper when the lane is full */
        pass(both[i % 2], i, 1);
        pass(both[1 - i % 2], i, 1);
    }
    end(&last, TORC_OK);
    assert_ok(torc_reader_close(both[1]));
}
END_TEST

START_TEST(a_chain_asleep_wakes_in_turn) {
    struct sleeper second = {open_behind(t.reader), 300, TORC_OK, 0};
    struct sleeper third = {open_behind(second.reader), 300, TORC_OK, 0};
    struct sleeper fourth = {open_behind(third.reader), 300, TORC_OK, 0};
    begin(&fourth);
    begin(&third);
    begin(&second);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(torc_publish(t.publisher, (uint32_t)i, &i, sizeof i));
        pass(t.reader, i, 1);
    }
    end(&fourth, TORC_OK);
    end(&third, TORC_OK);
    end(&second, TORC_OK);
}
END_TEST

START_TEST(a_sleeper_wakes_when_the_other_leaves) {
    struct torc_reader *first = open_reader(t.topic, TORC_JOIN_NEXT);
    struct sleeper last = {open_behind(first), 3, TORC_OK, 0};
    begin(&last);
    put_run(t.publisher, 0, 3);
    assert_ok(_i == 0 ? torc_reader_detach(first) : TORC_OK);
    assert_ok(torc_reader_close(first));
    end(&last, TORC_OK);
    pass(t.reader, 0, 3);
}
END_TEST

START_TEST(a_sleeper_wakes_for_a_lane_that_came_later) {
    struct sleeper last = {open_behind(t.reader), 20, TORC_OK, 0};
    struct torc_publisher *other;
    begin(&last);
    put_run(t.publisher, 0, 1);
    pass(t.reader, 0, 1);
    other = open_publisher(t.topic, TORC_DRY_FAIL);
    for (uint64_t i = 1; i < 20; i++) {
        assert_ok(torc_publish(other, (uint32_t)i, &i, sizeof i));
        pass(t.reader, i, 1);
    }
    end(&last, TORC_OK);
    assert_ok(torc_publisher_close(other));
}
END_TEST

START_TEST(a_sleeper_wakes_at_the_end) {
    struct sleeper last = {open_behind(t.reader), 0, TORC_OK, 0};
    struct torc_event event;
    begin(&last);
    put_run(t.publisher, 0, 2);
    if (_i == 0) {
        assert_ok(torc_bus_close(t.bus));
        take_run(t.reader, 0, 2);
        assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    } else {
        int status = torc_reader_detach(last.reader);
        ck_assert(status == TORC_OK || status == TORC_BUSY);
        pass(t.reader, 0, 2);
    }
    end(&last, TORC_CLOSED);
}
END_TEST

Suite *after_asleep_suite(void) {
    Suite *suite = suite_create("after_asleep");
    TCase *tcase = add_case(suite, "asleep", setup_world);
    tcase_add_test(tcase, it_is_woken_by_those_it_is_after);
    tcase_add_test(tcase, a_chain_asleep_wakes_in_turn);
    tcase_add_loop_test(tcase, a_sleeper_wakes_when_the_other_leaves, 0, 2);
    tcase_add_test(tcase, a_sleeper_wakes_for_a_lane_that_came_later);
    tcase_add_loop_test(tcase, a_sleeper_wakes_at_the_end, 0, 2);
    return suite;
}
