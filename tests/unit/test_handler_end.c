/* test_handler_end.c - managed readers: every way to end, and what they are told when nothing comes. */
#include "handlers.h"
#include <pthread.h>

static void stop_at_third(void *context, struct torc_handler_thread *self) {
    struct script *s = context;
    if (++s->timeouts == 3) {
        assert_ok(torc_handler_stop(self));
    }
}
START_TEST(timeouts_come_while_nothing_else_does) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    config.timeout_ns = 100000;
    config.on_timeout = stop_at_third;
    start(&config);
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    stats = finish();
    ck_assert_uint_eq(stats.timeouts, 3);
    ck_assert_int_eq(stats.ended, TORC_ENDED_STOPPED);
}
END_TEST

static int refuse(void *context, struct torc_handler_thread *self) {
    (void)self;
    ((struct script *)context)->starts++;
    return TORC_NOT_FOUND;
}
START_TEST(on_start_can_refuse) {
    struct torc_handler_config config = config_of();
    config.on_start = refuse;
    assert_status(torc_handler_start(t.topic, &config, &handler), TORC_NOT_FOUND);
    ck_assert_int_eq(script.starts, 1);
    ck_assert_int_eq(script.stops, 0);
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
}
END_TEST

static int stop_in_start(void *context, struct torc_handler_thread *self) {
    (void)context;
    return torc_handler_stop(self);
}
START_TEST(stopped_in_on_start_it_handles_nothing) {
    struct torc_handler_config config = config_of();
    config.on_start = stop_in_start;
    put_run(t.publisher, 0, 3);
    start(&config);
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    ck_assert_int_eq(finish().ended, TORC_ENDED_STOPPED);
    ck_assert_uint_eq(script.count, 0);
}
END_TEST

START_TEST(stopping_twice_and_after_the_end_is_fine) {
    struct torc_handler_config config = config_of();
    start(&config);
    assert_status(torc_handler_join(handler, TORC_NO_WAIT), TORC_WOULD_BLOCK);
    assert_status(torc_handler_join(handler, torc_deadline_ms(1)), TORC_TIMED_OUT);
    assert_ok(torc_handler_stop(handler));
    assert_ok(torc_handler_stop(handler));
    ck_assert_int_eq(finish().ended, TORC_ENDED_STOPPED);
}
END_TEST

START_TEST(a_retry_pause_ends_when_it_is_told_to_stop) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats = {.retries = 0};
    config.retry_pause_ns = UINT64_C(3600000000000);
    script.verdict = TORC_VERDICT_RETRY, script.number = 0, script.times = 1;
    put_run(t.publisher, 0, 1);
    start(&config);
    while (stats.retries == 0) {
        assert_ok(torc_handler_stats(handler, &stats));
    }
    assert_ok(torc_handler_stop(handler));
    ck_assert_int_eq(finish().ended, TORC_ENDED_STOPPED);
    SAW(0);
}
END_TEST

START_TEST(a_detached_reader_ends_it) {
    struct torc_handler_config config = config_of();
    int status;
    start(&config);
    status = torc_reader_detach(torc_handler_reader(handler));
    ck_assert(status == TORC_OK || status == TORC_BUSY); /* its thread may be held up in the middle of a look */
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    ck_assert_int_eq(finish().ended, TORC_ENDED_CLOSED);
}
END_TEST

static enum torc_verdict leave_thread(void *context, struct torc_handler_thread *self, const struct torc_event *event,
                                      int end) {
    (void)context, (void)self, (void)event, (void)end;
    pthread_exit(NULL);
}
START_TEST(a_thread_that_leaves_opens_the_gate) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    config.on_event = leave_thread;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    put_run(t.publisher, 0, 1);
    start(&config);
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    put_run(t.publisher, 0, 3 * LANE);
    assert_ok(torc_handler_stats(handler, &stats));
    ck_assert_int_eq(stats.ended, TORC_ENDED_CANCELLED);
    ck_assert_int_eq(script.stops, 0);
    assert_ok(torc_handler_close(handler));
}
END_TEST

START_TEST(bad_arguments_are_refused) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    handler = NULL;
    assert_status(torc_handler_start(NULL, &config, &handler), TORC_INVALID);
    assert_status(torc_handler_start(t.topic, NULL, &handler), TORC_INVALID);
    assert_status(torc_handler_start(t.topic, &config, NULL), TORC_INVALID);
    config.give_up = TORC_GIVE_UP_DEAD_LETTER;
    assert_status(torc_handler_start(t.topic, &config, &handler), TORC_INVALID);
    config.dead_letters = t.topic;
    assert_status(torc_handler_start(t.topic, &config, &handler), TORC_INVALID);
    config = config_of();
    config.on_event = NULL;
    assert_status(torc_handler_start(t.topic, &config, &handler), TORC_INVALID);
    config = config_of();
    config.max_batch = 65537;
    assert_status(torc_handler_start(t.topic, &config, &handler), TORC_INVALID);
    config = config_of();
    config.reader.policy = (enum torc_policy)99;
    assert_status(torc_handler_start(t.topic, &config, &handler), TORC_INVALID);
    ck_assert_ptr_null(handler);
    assert_status(torc_handler_stop(NULL), TORC_INVALID);
    assert_status(torc_handler_join(NULL, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_handler_close(NULL), TORC_INVALID);
    assert_status(torc_handler_release(NULL), TORC_INVALID);
    assert_status(torc_handler_stats(NULL, &stats), TORC_INVALID);
    ck_assert_ptr_null(torc_handler_reader(NULL));
    config = config_of();
    start(&config);
    assert_status(torc_handler_stats(handler, NULL), TORC_INVALID);
    assert_status(torc_handler_release(handler), TORC_WRONG_THREAD);
    (void)finish();
}
END_TEST

Suite *handler_end_suite(void) {
    Suite *suite = suite_create("handler_end");
    TCase *tcase = add_case(suite, "ends", setup_world);
    tcase_add_test(tcase, timeouts_come_while_nothing_else_does);
    tcase_add_test(tcase, on_start_can_refuse);
    tcase_add_test(tcase, stopped_in_on_start_it_handles_nothing);
    tcase_add_test(tcase, stopping_twice_and_after_the_end_is_fine);
    tcase_add_test(tcase, a_retry_pause_ends_when_it_is_told_to_stop);
    tcase_add_test(tcase, a_detached_reader_ends_it);
    tcase_add_test(tcase, a_thread_that_leaves_opens_the_gate);
    tcase_add_test(tcase, bad_arguments_are_refused);
    return suite;
}
