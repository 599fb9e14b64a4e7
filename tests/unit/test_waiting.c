/* test_waiting.c - readers that wait in a thread of their own, by every strategy, and what wakes them. Where the
 * strategy is to block, the test waits until the reader has announced its sleep, so that it really is a wake-up that is
 * tested. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>

#define BY_EVERY_STRATEGY(tcase, test) tcase_add_loop_test(tcase, test, TORC_WAIT_BLOCK, TORC_WAIT_BACKOFF + 1)

static void open_waiting(int strategy) {
    struct torc_reader_config config = {.wait = (enum torc_wait)strategy, .join = TORC_JOIN_NEXT, .manual_advance = 0};
    setup_bus();
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    assert_ok(torc_reader_open(t.topic, &config, &t.reader));
}

/* One call in a thread of its own, and its answer. */
struct call {
    int (*body)(void);
    int status;
};

static void *run_call(void *context) {
    struct call *call = context;
    call->status = call->body();
    return NULL;
}

static void start_call(pthread_t *thread, struct call *call, int strategy) {
    ck_assert_int_eq(pthread_create(thread, NULL, run_call, call), 0);
    while (strategy == TORC_WAIT_BLOCK && torc_load_relaxed32(t.publisher->sleepers) == 0) {
        (void)sched_yield();
    }
}

static void assert_call(pthread_t thread, const struct call *call, int expected) {
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_msg(call->status == expected, "answered %d (%s), not %d", call->status, torc_status_name(call->status),
                  expected);
}

static int next_forever(void) {
    struct torc_event event;
    int status = torc_next_until(t.reader, &event, TORC_FOREVER);
    return status == TORC_OK ? (int)event.type : status;
}

static enum torc_action go_on(void *context, const struct torc_event *event) {
    (void)context;
    (void)event;
    return TORC_CONTINUE;
}

static int poll_forever(void) {
    return torc_poll_until(t.reader, go_on, NULL, 10, TORC_FOREVER);
}

static int wait_forever(void) {
    return torc_wait_readable(t.reader, TORC_FOREVER);
}

static int drain_forever(void) {
    return torc_bus_drain(t.bus, TORC_FOREVER);
}

START_TEST(an_event_wakes_next) {
    struct call call = {next_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    start_call(&thread, &call, _i);
    assert_ok(put(t.publisher, 42));
    assert_call(thread, &call, 42);
}
END_TEST

START_TEST(the_fast_publish_wakes_as_well) {
    struct call call = {next_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    start_call(&thread, &call, _i);
    assert_ok(torc_publish(t.publisher, 43, "x", 1));
    assert_call(thread, &call, 43);
}
END_TEST

START_TEST(an_event_wakes_poll) {
    struct call call = {poll_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    start_call(&thread, &call, _i);
    assert_ok(put(t.publisher, 42));
    assert_call(thread, &call, 1);
}
END_TEST

START_TEST(an_event_wakes_wait_readable) {
    struct call call = {wait_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    start_call(&thread, &call, _i);
    assert_ok(put(t.publisher, 42));
    assert_call(thread, &call, TORC_OK);
    take(t.reader, 42);
}
END_TEST

START_TEST(a_commit_wakes) {
    struct call call = {next_forever, TORC_CORRUPT};
    struct torc_claim claim;
    pthread_t thread;
    open_waiting(_i);
    assert_ok(torc_try_claim(t.publisher, 44, 0, &claim));
    start_call(&thread, &call, _i);
    assert_ok(torc_commit(t.publisher, &claim));
    assert_call(thread, &call, 44);
}
END_TEST

START_TEST(an_abort_lets_later_events_through) {
    struct call call = {next_forever, TORC_CORRUPT};
    struct torc_claim claim;
    pthread_t thread;
    open_waiting(_i);
    assert_ok(torc_try_claim(t.publisher, 44, 0, &claim));
    assert_ok(put(t.publisher, 45));
    start_call(&thread, &call, _i);
    assert_ok(torc_abort(t.publisher, &claim));
    assert_call(thread, &call, 45);
}
END_TEST

START_TEST(a_publisher_opened_later_wakes_too) {
    struct call call = {next_forever, TORC_CORRUPT};
    struct torc_publisher *later;
    pthread_t thread;
    open_waiting(_i);
    start_call(&thread, &call, _i);
    later = open_publisher(t.topic, TORC_DRY_FAIL);
    assert_ok(put(later, 46));
    assert_call(thread, &call, 46);
    assert_ok(torc_publisher_close(later));
}
END_TEST

START_TEST(closing_the_bus_wakes_next) {
    struct call call = {next_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    start_call(&thread, &call, _i);
    assert_ok(torc_bus_close(t.bus));
    assert_call(thread, &call, TORC_CLOSED);
}
END_TEST

START_TEST(closing_the_bus_wakes_poll) {
    struct call call = {poll_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    start_call(&thread, &call, _i);
    assert_ok(torc_bus_close(t.bus));
    assert_call(thread, &call, TORC_CLOSED);
}
END_TEST

START_TEST(the_last_abort_after_the_close_wakes) {
    struct call call = {next_forever, TORC_CORRUPT};
    struct torc_claim claim;
    pthread_t thread;
    open_waiting(_i);
    assert_ok(torc_try_claim(t.publisher, 44, 0, &claim));
    assert_ok(torc_bus_close(t.bus));
    start_call(&thread, &call, _i);
    assert_ok(torc_abort(t.publisher, &claim));
    assert_call(thread, &call, TORC_CLOSED);
}
END_TEST

START_TEST(closing_the_last_publisher_of_a_closed_bus_wakes) {
    struct call call = {next_forever, TORC_CORRUPT};
    struct torc_claim claim;
    pthread_t thread;
    open_waiting(_i);
    assert_ok(torc_try_claim(t.publisher, 44, 0, &claim));
    assert_ok(torc_bus_close(t.bus));
    start_call(&thread, &call, _i);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    assert_call(thread, &call, TORC_CLOSED);
}
END_TEST

START_TEST(the_last_read_ends_a_drain) {
    struct call call = {drain_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    put_run(t.publisher, 0, 3);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_call, &call), 0);
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    assert_call(thread, &call, TORC_OK);
}
END_TEST

START_TEST(a_reader_that_leaves_ends_a_drain) {
    struct call call = {drain_forever, TORC_CORRUPT};
    pthread_t thread;
    open_waiting(_i);
    put_run(t.publisher, 0, 3);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_call, &call), 0);
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_call(thread, &call, TORC_OK);
}
END_TEST

/* The lane is full: a publisher that waits must get its place when the reader that gates it leaves. */
static int publish_forever(void) {
    return torc_publish(t.publisher, 99, NULL, 0);
}

static int leave_by_close(void) {
    int status = torc_reader_close(t.reader);
    t.reader = NULL;
    return status;
}

static int leave_by_detach(void) {
    return torc_reader_detach(t.reader);
}

static void leave_a_full_lane(int strategy, int (*leave)(void)) {
    struct torc_publisher_config config = {(enum torc_wait)strategy, TORC_DRY_WAIT};
    struct call call = {publish_forever, TORC_CORRUPT};
    pthread_t thread;
    setup_bus();
    assert_ok(torc_publisher_open(t.topic, &config, &t.publisher));
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, LANE);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_call, &call), 0);
    while (torc_publisher_stalls(t.publisher) == 0) {
        (void)sched_yield();
    }
    assert_ok(leave());
    assert_call(thread, &call, TORC_OK);
}

START_TEST(a_reader_that_closes_wakes_a_publisher) {
    leave_a_full_lane(_i, leave_by_close);
}
END_TEST

START_TEST(a_reader_that_detaches_wakes_a_publisher) {
    leave_a_full_lane(_i, leave_by_detach);
}
END_TEST

START_TEST(a_sleeping_reader_lets_go_of_a_lane_that_ended) {
    struct torc_config config = small_config();
    struct call call = {next_forever, TORC_CORRUPT};
    struct torc_topic *other;
    pthread_t thread;
    int status;
    config.publishers = 1;
    open_bus(&config);
    other = open_topic("other");
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    start_call(&thread, &call, TORC_WAIT_BLOCK);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    while ((status = torc_publisher_open(other, NULL, &t.publisher)) == TORC_NO_ROOM) {
        (void)sched_yield();
    }
    assert_status(status, TORC_OK);
    assert_ok(torc_bus_close(t.bus));
    assert_call(thread, &call, TORC_CLOSED);
}
END_TEST

#define ROUNDS 300

/* The other side of a ping-pong: sends every number back. */
struct echo {
    struct torc_reader *from;
    struct torc_publisher *to;
    int status;
};

static void *send_back(void *context) {
    struct echo *echo = context;
    struct torc_event event;
    while ((echo->status = torc_next_until(echo->from, &event, TORC_FOREVER)) == TORC_OK) {
        if (torc_publish(echo->to, event.type, event.data, event.length) != TORC_OK) {
            return NULL;
        }
    }
    return NULL;
}

START_TEST(no_wake_up_is_lost_in_a_ping_pong) {
    struct torc_reader_config config = {.wait = (enum torc_wait)_i, .join = TORC_JOIN_NEXT, .manual_advance = 0};
    struct torc_topic *back;
    struct torc_reader *answers = NULL;
    struct echo echo = {NULL, NULL, TORC_CORRUPT};
    struct torc_event event;
    pthread_t thread;
    uint64_t i;
    open_waiting(_i);
    back = open_topic("back");
    echo.from = t.reader;
    echo.to = open_publisher(back, TORC_DRY_FAIL);
    assert_ok(torc_reader_open(back, &config, &answers));
    ck_assert_int_eq(pthread_create(&thread, NULL, send_back, &echo), 0);
    for (i = 0; i < ROUNDS; i++) {
        assert_ok(put(t.publisher, i));
        assert_ok(torc_next_until(answers, &event, TORC_FOREVER));
        ck_assert_uint_eq(number_of(&event), i);
    }
    assert_ok(torc_bus_close(t.bus));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(echo.status, TORC_CLOSED);
    assert_ok(torc_reader_close(answers));
    assert_ok(torc_publisher_close(echo.to));
}
END_TEST

Suite *waiting_suite(void) {
    Suite *suite = suite_create("waiting");
    TCase *tcase = add_case(suite, "wake-ups", NULL);
    BY_EVERY_STRATEGY(tcase, an_event_wakes_next);
    BY_EVERY_STRATEGY(tcase, the_fast_publish_wakes_as_well);
    BY_EVERY_STRATEGY(tcase, an_event_wakes_poll);
    BY_EVERY_STRATEGY(tcase, an_event_wakes_wait_readable);
    BY_EVERY_STRATEGY(tcase, a_commit_wakes);
    BY_EVERY_STRATEGY(tcase, an_abort_lets_later_events_through);
    BY_EVERY_STRATEGY(tcase, a_publisher_opened_later_wakes_too);
    BY_EVERY_STRATEGY(tcase, closing_the_bus_wakes_next);
    BY_EVERY_STRATEGY(tcase, closing_the_bus_wakes_poll);
    BY_EVERY_STRATEGY(tcase, the_last_abort_after_the_close_wakes);
    BY_EVERY_STRATEGY(tcase, closing_the_last_publisher_of_a_closed_bus_wakes);
    BY_EVERY_STRATEGY(tcase, the_last_read_ends_a_drain);
    BY_EVERY_STRATEGY(tcase, a_reader_that_leaves_ends_a_drain);
    BY_EVERY_STRATEGY(tcase, a_reader_that_closes_wakes_a_publisher);
    BY_EVERY_STRATEGY(tcase, a_reader_that_detaches_wakes_a_publisher);
    tcase_add_test(tcase, a_sleeping_reader_lets_go_of_a_lane_that_ended);
    BY_EVERY_STRATEGY(tcase, no_wake_up_is_lost_in_a_ping_pong);
    return suite;
}
