/* test_handler.c - managed readers: batches, verdicts, what happens when attempts are used up. */
#include "handlers.h"
#include <string.h>

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

/* CONFLATE, of each lane and of each type: what an event replaced is told with it. */
START_TEST(what_is_conflated_away_is_counted) {
    struct torc_handler_config config = config_of();
    struct torc_handler_stats stats;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    config.reader = (struct torc_reader_config){.policy = TORC_POLICY_CONFLATE, .conflate_types = (uint32_t)_i};
    config.on_batch_start = NULL;
    start(&config);
    for (uint64_t i = 0; i < 40; i++) {
        assert_ok(put(t.publisher, i));
    }
    stats = finish();
    ck_assert_uint_ge(stats.lost, script.lost);
    ck_assert_uint_eq(stats.events + stats.lost, 40);
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
    tcase_add_loop_test(tcase, what_is_conflated_away_is_counted, 0, 4);
    return suite;
}
