/* test_handler.c - managed readers: batches, verdicts, what happens when attempts are used up, and every way to end. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

/* What a handler does at which event number, and what it saw. Published by the handler's end (torc_handler_join). */
struct script {
    enum torc_verdict verdict; /* for `number`, `times` times; else OK */
    uint64_t number;
    uint64_t times;
    uint64_t release_at; /* + 1; 0: never */
    uint64_t stop_at;    /* + 1: torc_handler_stop from inside */
    uint64_t seen[64];
    size_t count;
    size_t ends;
    size_t sizes[16];
    size_t batches;
    enum torc_ended why;
    int stops, starts;
    int status;
    uint64_t lost;
    int evicted;
    int timeouts;
};
#define ANY UINT64_MAX
static struct script script;
static struct torc_handler_thread *handler;

static enum torc_verdict on_event(void *context, struct torc_handler_thread *self, const struct torc_event *event,
                                  int end) {
    struct script *s = context;
    uint64_t number = number_of(event);
    ck_assert_uint_lt(s->count, 64);
    s->seen[s->count++] = number;
    s->ends += end != 0;
    if (s->release_at == number + 1) {
        assert_ok(torc_handler_release(self));
    }
    if (s->stop_at == number + 1) {
        assert_ok(torc_handler_stop(self));
        assert_ok(torc_handler_stop(self));
        s->status = torc_handler_close(self);
    }
    if ((s->number == ANY || number == s->number) && s->times != 0) {
        s->times--;
        return s->verdict;
    }
    return TORC_VERDICT_OK;
}
static void on_batch_start(void *context, size_t size, uint64_t lag) {
    struct script *s = context;
    ck_assert_uint_ge(lag, size);
    ck_assert_uint_lt(s->batches, 16);
    s->sizes[s->batches++] = size;
}
static void on_stop(void *context, enum torc_ended why) {
    struct script *s = context;
    s->why = why;
    s->stops++;
}
static void on_lapped(void *context, uint32_t lane, uint64_t lost, int evicted) {
    struct script *s = context;
    (void)lane;
    s->lost += lost;
    s->evicted += evicted;
}

/* The events lie in the lane before the handler starts, so its batches are known. */
static struct torc_handler_config config_of(void) {
    struct torc_handler_config config = {.context = &script,
                                         .on_event = on_event,
                                         .on_batch_start = on_batch_start,
                                         .on_stop = on_stop,
                                         .on_lapped = on_lapped,
                                         .reader = {.join = TORC_JOIN_OLDEST}};
    memset(&script, 0, sizeof script);
    return config;
}
static void start(const struct torc_handler_config *config) {
    assert_ok(torc_handler_start(t.topic, config, &handler));
}
/* Lets it handle all there is. */
static struct torc_handler_stats finish(void) {
    struct torc_handler_stats stats;
    assert_ok(torc_bus_close(t.bus));
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    assert_ok(torc_handler_stats(handler, &stats));
    assert_ok(torc_handler_close(handler));
    ck_assert_int_eq(script.stops, 1);
    ck_assert_int_eq(script.why, stats.ended);
    return stats;
}
static void saw(const uint64_t *numbers, size_t count) {
    ck_assert_uint_eq(script.count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(script.seen[i], numbers[i]);
    }
}
#define SAW(...) saw((const uint64_t[]){__VA_ARGS__}, sizeof(const uint64_t[]){__VA_ARGS__} / sizeof(uint64_t))

START_TEST(batches_are_cut_and_marked) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    config.max_batch = 4;
    put_run(t.publisher, 0, 7);
    start(&config);
    stats = finish();
    SAW(0, 1, 2, 3, 4, 5, 6);
    ck_assert_uint_eq(script.batches, 2);
    ck_assert_uint_eq(script.sizes[0], 4);
    ck_assert_uint_eq(script.sizes[1], 3);
    ck_assert_uint_eq(script.ends, 2);
    ck_assert_int_eq(stats.ended, TORC_ENDED_CLOSED);
    ck_assert_uint_eq(stats.batches, 2);
    ck_assert_uint_eq(stats.events, 7);
    ck_assert_uint_eq(stats.max_size, 4);
}
END_TEST

START_TEST(retry_hands_out_the_same_event) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    script.verdict = TORC_VERDICT_RETRY, script.number = 1, script.times = 2;
    put_run(t.publisher, 0, 3);
    start(&config);
    stats = finish();
    SAW(0, 1, 1, 1, 2);
    ck_assert_uint_eq(stats.retries, 2);
    ck_assert_uint_eq(stats.events, 3);
    ck_assert_uint_eq(stats.handed_out, 5);
}
END_TEST

START_TEST(rewind_hands_out_the_batch_again) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    script.verdict = TORC_VERDICT_REWIND, script.number = 2, script.times = 1;
    put_run(t.publisher, 0, 4);
    start(&config);
    stats = finish();
    SAW(0, 1, 2, 0, 1, 2, 3);
    ck_assert_uint_eq(stats.rewinds, 1);
    ck_assert_uint_eq(stats.events, 4);
    ck_assert_uint_eq(script.batches, 1);
}
END_TEST

START_TEST(what_was_released_is_not_rewound) {
    struct torc_handler_config config = config_of();
    script.verdict = TORC_VERDICT_REWIND, script.number = 3, script.times = 1;
    script.release_at = 1 + 1;
    put_run(t.publisher, 0, 5);
    start(&config);
    (void)finish();
    SAW(0, 1, 2, 3, 1, 2, 3, 4);
}
END_TEST

START_TEST(attempts_end_in_a_stop_that_opens_the_gate) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    script.verdict = TORC_VERDICT_RETRY, script.number = 1, script.times = 99;
    put_run(t.publisher, 0, 3);
    start(&config);
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    put_run(t.publisher, 3, 3 * LANE); /* nobody gates any more */
    stats = finish();
    SAW(0, 1, 1, 1);
    ck_assert_int_eq(stats.ended, TORC_ENDED_GAVE_UP);
    ck_assert_uint_eq(stats.events, 1);
}
END_TEST

START_TEST(attempts_end_in_a_skip) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    config.attempts = 2;
    config.give_up = TORC_GIVE_UP_SKIP;
    script.verdict = TORC_VERDICT_REWIND, script.number = 1, script.times = 99;
    put_run(t.publisher, 0, 3);
    start(&config);
    stats = finish();
    SAW(0, 1, 0, 1, 2);
    ck_assert_uint_eq(stats.skipped, 1);
    ck_assert_uint_eq(stats.events, 3);
    ck_assert_int_eq(stats.ended, TORC_ENDED_CLOSED);
}
END_TEST

START_TEST(an_unknown_verdict_stops) {
    struct torc_handler_config config = config_of();
    script.verdict = (enum torc_verdict)77, script.number = 0, script.times = 1;
    put_run(t.publisher, 0, 2);
    start(&config);
    ck_assert_int_eq(finish().ended, TORC_ENDED_GAVE_UP);
    SAW(0);
}
END_TEST

/* --- dead letters ------------------------------------------------------------------------------------------- */

static struct torc_reader *letters;

static struct torc_handler_config with_letters(void) {
    struct torc_handler_config config = config_of();
    config.dead_letters = open_topic("letters");
    letters = open_reader(config.dead_letters, TORC_JOIN_NEXT);
    script.verdict = TORC_VERDICT_DEAD_LETTER, script.number = 1, script.times = 1;
    return config;
}

START_TEST(a_dead_letter_names_its_origin) {
    struct torc_handler_config config = with_letters();
    struct torc_dead_letter origin;
    struct torc_event event;
    uint64_t number;
    put_run(t.publisher, 0, 3);
    start(&config);
    assert_ok(torc_next_until(letters, &event, TORC_FOREVER));
    ck_assert_uint_eq(event.length, sizeof origin + sizeof number);
    memcpy(&origin, event.data, sizeof origin);
    memcpy(&number, (const unsigned char *)event.data + sizeof origin, sizeof number);
    ck_assert_str_eq(origin.topic, "t");
    ck_assert_uint_eq(origin.sequence, 1);
    ck_assert_uint_eq(origin.attempts, 1);
    ck_assert_uint_eq(number, 1);
    ck_assert_uint_eq(finish().dead_letters, 1);
    SAW(0, 1, 2);
    assert_ok(torc_reader_close(letters));
}
END_TEST

START_TEST(a_dead_letter_is_not_rewound) {
    struct torc_handler_config config = with_letters();
    struct torc_handler_stats stats;
    config.give_up = TORC_GIVE_UP_DEAD_LETTER;
    config.attempts = 2;
    script.verdict = TORC_VERDICT_RETRY, script.times = 9;
    script.stop_at = 2 + 1;
    put_run(t.publisher, 0, 3);
    start(&config);
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    stats = finish();
    SAW(0, 1, 1, 2);
    ck_assert_uint_eq(stats.dead_letters, 1);
    ck_assert_int_eq(stats.ended, TORC_ENDED_STOPPED);
    assert_status(script.status, TORC_WRONG_THREAD);
    assert_ok(torc_reader_close(letters));
}
END_TEST

START_TEST(a_dead_letter_that_cannot_be_published_stops) {
    struct torc_handler_config config = with_letters();
    struct torc_handler_stats stats;
    config.dead_letter_wait_ns = 1000;
    script.times = 64, script.number = ANY;
    config.on_batch_start = NULL;
    start(&config);
    for (uint64_t i = 0; torc_handler_join(handler, TORC_NO_WAIT) == TORC_WOULD_BLOCK;) {
        if (put(t.publisher, i) == TORC_OK) {
            take(t.reader, i++);
        }
    }
    stats = finish();
    ck_assert_int_eq(stats.ended, TORC_ENDED_DEAD_LETTER);
    ck_assert_uint_eq(stats.dead_letters, LANE);
    ck_assert_uint_eq(stats.events, stats.handed_out - 1);
    assert_ok(torc_reader_close(letters));
}
END_TEST

/* --- other policies, time, ends ----------------------------------------------------------------------------- */

START_TEST(losses_are_told) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    config.reader = (struct torc_reader_config){.policy = TORC_POLICY_LOSSY};
    config.on_batch_start = NULL;
    script.verdict = TORC_VERDICT_RETRY, script.number = 0, script.times = 2;
    script.release_at = 1;
    start(&config);
    for (uint64_t i = 0; i < 40; i++) {
        assert_ok(put(t.publisher, i));
    }
    stats = finish();
    ck_assert_uint_eq(stats.lost, script.lost);
    ck_assert_uint_eq(stats.events + stats.lost, 40);
}
END_TEST

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

Suite *handler_suite(void) {
    Suite *suite = suite_create("handler");
    TCase *tcase = add_case(suite, "handler", setup_world);
    tcase_add_test(tcase, batches_are_cut_and_marked);
    tcase_add_test(tcase, retry_hands_out_the_same_event);
    tcase_add_test(tcase, rewind_hands_out_the_batch_again);
    tcase_add_test(tcase, what_was_released_is_not_rewound);
    tcase_add_test(tcase, attempts_end_in_a_stop_that_opens_the_gate);
    tcase_add_test(tcase, attempts_end_in_a_skip);
    tcase_add_test(tcase, an_unknown_verdict_stops);
    tcase_add_test(tcase, a_dead_letter_names_its_origin);
    tcase_add_test(tcase, a_dead_letter_is_not_rewound);
    tcase_add_test(tcase, a_dead_letter_that_cannot_be_published_stops);
    tcase_add_test(tcase, losses_are_told);
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
