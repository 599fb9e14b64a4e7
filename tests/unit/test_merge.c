/* test_merge.c - a reader in the order of times: who waits for whom, heartbeats, idle lanes, lateness, and the end. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

enum { EVENT = 1, HEARTBEAT = 2 };

static struct torc_merge *merge;
static struct torc_publisher *other;
static uint64_t asked;

/* The time is the first word; what is longer than a word goes into slots. */
static uint64_t time_of(void *context, const struct torc_event *event) {
    uint64_t time;
    memcpy(&time, event->data, sizeof time);
    ck_assert_ptr_eq(context, &asked);
    asked++;
    return time;
}

static void send(struct torc_publisher *publisher, uint32_t type, uint64_t time, size_t length) {
    unsigned char bytes[TORC_S_BYTES] = {0};
    memcpy(bytes, &time, sizeof time);
    assert_ok(torc_try_publish(publisher, type, bytes, length));
}

static void at(struct torc_publisher *publisher, uint64_t time) {
    send(publisher, EVENT, time, time % 2 == 0 ? 8 : 100);
}

static void open_merge(uint64_t idle_after_ns) {
    struct torc_merge_config config = {.context = &asked,
                                       .time_of = time_of,
                                       .idle_after_ns = idle_after_ns,
                                       .heartbeat = HEARTBEAT,
                                       .has_heartbeat = 1};
    asked = 0;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_merge_open(t.topic, &config, &merge));
    other = open_publisher(t.topic, TORC_DRY_FAIL);
}

static void next(uint64_t time, uint32_t late) {
    struct torc_merged merged;
    assert_ok(torc_merge_next(merge, &merged));
    ck_assert_uint_eq(merged.time, time);
    ck_assert_uint_eq(merged.late, late);
    ck_assert_uint_eq(merged.event.length, time % 2 == 0 ? 8 : 100);
}

static void none(int why) {
    struct torc_merged merged;
    assert_status(torc_merge_next(merge, &merged), why);
    ck_assert_ptr_null(merged.event.data);
}

static struct torc_merge_stats stats(void) {
    struct torc_merge_stats stats;
    assert_ok(torc_merge_stats(merge, &stats));
    return stats;
}

static void end(void) {
    assert_ok(torc_merge_close(merge));
    if (other != NULL) {
        assert_ok(torc_publisher_close(other));
    }
}

START_TEST(two_lanes_come_in_the_order_of_times) {
    open_merge(TORC_FOREVER);
    for (uint64_t round = 0; round < 5 * LANE; round++) {
        uint64_t base = 100 * round;
        at(t.publisher, base + 1);
        at(t.publisher, base + 20);
        at(other, base + 10);
        at(other, base + 11);
        next(base + 1, 0);
        next(base + 10, 0);
        next(base + 11, 0);
        none(TORC_EMPTY);
        at(other, base + 21);
        next(base + 20, 0);
        at(t.publisher, base + 22);
        next(base + 21, 0);
        at(other, base + 23);
        next(base + 22, 0);
        at(t.publisher, base + 23);
        next(base + 23, 0);
        next(base + 23, 0);
    }
    ck_assert_uint_eq(stats().handed, 8 * 5 * LANE);
    ck_assert_uint_eq(asked, 8 * 5 * LANE);
    ck_assert_uint_eq(stats().late, 0);
    ck_assert_uint_eq(stats().idle, 0);
    end();
}
END_TEST

START_TEST(a_heartbeat_lets_others_pass) {
    open_merge(TORC_FOREVER);
    at(t.publisher, 10);
    at(t.publisher, 30);
    none(TORC_EMPTY);
    send(other, HEARTBEAT, 20, 8);
    next(10, 0);
    none(TORC_EMPTY);
    send(other, HEARTBEAT, 30, 8);
    next(30, 0);
    none(TORC_EMPTY);
    ck_assert_uint_eq(stats().heartbeats, 2);
    for (uint64_t i = 0; i < 3 * LANE; i++) {
        send(other, HEARTBEAT, 40 + i, 8);
        none(TORC_EMPTY);
    }
    end();
}
END_TEST

START_TEST(nobody_waits_for_idle_lanes_where_told) {
    open_merge(0);
    at(t.publisher, 10);
    at(t.publisher, 30);
    next(10, 0);
    next(30, 0);
    at(other, 20);
    at(t.publisher, 31);
    next(20, 1);
    next(31, 0);
    at(other, 32);
    next(32, 0);
    ck_assert_uint_eq(stats().late, 1);
    ck_assert_uint_eq(stats().time, 32);
    end();
}
END_TEST

/* An hour is not over before the next two calls are, three milliseconds may be. */
START_TEST(an_idle_lane_is_waited_for) {
    struct torc_merged merged;
    open_merge(UINT64_C(3600000000000));
    at(t.publisher, 10);
    assert_status(torc_merge_next_until(merge, &merged, TORC_NO_WAIT), TORC_EMPTY);
    assert_status(torc_merge_next_until(merge, &merged, PAST), TORC_TIMED_OUT);
    assert_status(torc_merge_next_until(merge, &merged, torc_deadline_ms(2)), TORC_TIMED_OUT);
    ck_assert_uint_eq(stats().idle, 0);
    end();
}
END_TEST

START_TEST(an_idle_lane_is_waited_for_as_long_as_told) {
    struct torc_merged merged;
    uint64_t before = torc_now();
    open_merge(3000000);
    at(t.publisher, 10);
    at(t.publisher, 12);
    assert_ok(torc_merge_next_until(merge, &merged, TORC_FOREVER));
    ck_assert_uint_ge(torc_now() - before, 3000000);
    ck_assert_uint_eq(stats().idle, 1);
    next(12, 0);
    assert_status(torc_merge_next_until(merge, &merged, torc_deadline_ms(2)), TORC_TIMED_OUT);
    end();
}
END_TEST

START_TEST(an_ended_lane_is_not_waited_for) {
    struct torc_publisher *third;
    open_merge(TORC_FOREVER);
    at(t.publisher, 10);
    at(t.publisher, 20);
    at(other, 12);
    next(10, 0);
    next(12, 0);
    none(TORC_EMPTY);
    assert_ok(torc_publisher_close(other));
    next(20, 0);
    other = open_publisher(t.topic, TORC_DRY_FAIL);
    third = open_publisher(t.topic, TORC_DRY_FAIL);
    at(t.publisher, 30);
    none(TORC_EMPTY);
    at(third, 15);
    none(TORC_EMPTY);
    at(other, 40);
    next(15, 1);
    assert_ok(torc_publisher_close(third));
    next(30, 0);
    end();
}
END_TEST

START_TEST(tombstones_and_open_claims) {
    struct torc_claim claims[4];
    open_merge(TORC_FOREVER);
    ck_assert_int_eq(torc_try_claim_batch(other, EVENT, 8, claims, 4), 4);
    memcpy(claims[1].data, &(uint64_t){10}, 8);
    assert_ok(torc_abort(other, &claims[0]));
    assert_ok(torc_commit(other, &claims[1]));
    assert_ok(torc_abort(other, &claims[2]));
    at(t.publisher, 12);
    next(10, 0);
    none(TORC_EMPTY);
    assert_ok(torc_bus_close(t.bus));
    none(TORC_EMPTY);
    assert_ok(torc_abort(other, &claims[3]));
    next(12, 0);
    none(TORC_CLOSED);
    none(TORC_CLOSED);
    end();
}
END_TEST

START_TEST(after_a_close_all_that_is_left_comes_in_order) {
    open_merge(TORC_FOREVER);
    at(t.publisher, 10);
    at(t.publisher, 30);
    at(other, 20);
    assert_ok(torc_bus_close(t.bus));
    next(10, 0);
    next(20, 0);
    next(30, 0);
    none(TORC_CLOSED);
    end();
}
END_TEST

START_TEST(a_halt_ends_it_at_once) {
    open_merge(0);
    at(t.publisher, 10);
    assert_ok(torc_bus_halt(t.bus));
    none(TORC_CLOSED);
    end();
}
END_TEST

START_TEST(a_borrow_gates_until_the_next_call) {
    struct torc_merged merged;
    struct torc_ringptr small, big;
    open_merge(0);
    assert_status(torc_merge_keep(merge, &small), TORC_INVALID);
    for (uint64_t i = 0; i < LANE; i++) {
        at(t.publisher, i);
    }
    next(0, 0);
    assert_ok(torc_merge_keep(merge, &small));
    next(1, 0);
    assert_ok(torc_merge_keep(merge, &big));
    for (uint64_t i = 2; i < LANE; i++) {
        assert_ok(torc_merge_next(merge, &merged));
    }
    none(TORC_EMPTY);
    for (uint64_t i = 0; i < LANE; i++) {
        send(t.publisher, EVENT, 100, 8);
    }
    ck_assert_uint_eq(torc_ringptr_length(small), 8);
    ck_assert_uint_eq(torc_ringptr_length(big), 100);
    assert_ok(torc_ringptr_release(small));
    assert_ok(torc_ringptr_release(big));
    end();
}
END_TEST

static void *wait_for_one(void *merged) {
    return (void *)(intptr_t)torc_merge_next_until(merge, merged, TORC_FOREVER);
}

START_TEST(a_sleeper_wakes_when_the_last_lane_has_spoken) {
    struct torc_merged merged = {.time = 0};
    pthread_t thread;
    void *answer;
    open_merge(TORC_FOREVER);
    at(t.publisher, 10);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_one, &merged), 0);
    at(t.publisher, 12);
    send(other, HEARTBEAT, 5, 8);
    at(other, 11);
    ck_assert_int_eq(pthread_join(thread, &answer), 0);
    ck_assert_int_eq((intptr_t)answer, TORC_OK);
    ck_assert_uint_eq(merged.time, 10);
    end();
}
END_TEST

START_TEST(bad_merges_are_refused) {
    struct torc_merge_config good = {.time_of = time_of}, bad = good;
    struct torc_merge_stats none_stats;
    struct torc_merged merged;
    struct torc_merge *nothing = NULL;
    assert_status(torc_merge_open(NULL, &good, &nothing), TORC_INVALID);
    assert_status(torc_merge_open(t.topic, NULL, &nothing), TORC_INVALID);
    assert_status(torc_merge_open(t.topic, &good, NULL), TORC_INVALID);
    bad.time_of = NULL;
    assert_status(torc_merge_open(t.topic, &bad, &nothing), TORC_INVALID);
    bad = good;
    bad.reader.policy = TORC_POLICY_LOSSY;
    assert_status(torc_merge_open(t.topic, &bad, &nothing), TORC_INVALID);
    bad = good;
    bad.reader.after = &t.reader;
    bad.reader.after_count = 1;
    assert_status(torc_merge_open(t.topic, &bad, &nothing), TORC_INVALID);
    assert_status(torc_merge_close(NULL), TORC_INVALID);
    assert_status(torc_merge_next(NULL, &merged), TORC_INVALID);
    assert_status(torc_merge_keep(NULL, NULL), TORC_INVALID);
    assert_status(torc_merge_stats(NULL, &none_stats), TORC_INVALID);
    open_merge(0);
    assert_status(torc_merge_next(merge, NULL), TORC_INVALID);
    assert_status(torc_merge_stats(merge, NULL), TORC_INVALID);
    end();
}
END_TEST

Suite *merge_suite(void) {
    Suite *suite = suite_create("merge");
    TCase *tcase = add_case(suite, "merge", setup_world);
    tcase_add_test(tcase, two_lanes_come_in_the_order_of_times);
    tcase_add_test(tcase, a_heartbeat_lets_others_pass);
    tcase_add_test(tcase, nobody_waits_for_idle_lanes_where_told);
    tcase_add_test(tcase, an_idle_lane_is_waited_for);
    tcase_add_test(tcase, an_idle_lane_is_waited_for_as_long_as_told);
    tcase_add_test(tcase, an_ended_lane_is_not_waited_for);
    tcase_add_test(tcase, tombstones_and_open_claims);
    tcase_add_test(tcase, after_a_close_all_that_is_left_comes_in_order);
    tcase_add_test(tcase, a_halt_ends_it_at_once);
    tcase_add_test(tcase, a_borrow_gates_until_the_next_call);
    tcase_add_test(tcase, a_sleeper_wakes_when_the_last_lane_has_spoken);
    tcase_add_test(tcase, bad_merges_are_refused);
    return suite;
}
