/* test_array.c - events of one size from an array: the fast way, and what comes of those that it is not for. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

#define MANY 150 /* more than two runs */

static uint64_t numbers[MANY];

static void setup_array(void) {
    setup_world();
    for (uint32_t i = 0; i < MANY; i++) {
        numbers[i] = i;
    }
}

static void take_word(struct torc_reader *reader, uint64_t number) {
    struct torc_event event;
    assert_ok(torc_next_until(reader, &event, TORC_FOREVER));
    ck_assert_uint_eq(event.type, 1);
    ck_assert_ptr_nonnull(torc_view(&event, uint64_t));
    ck_assert_uint_eq(*torc_view(&event, uint64_t), number);
}
static void take_words(struct torc_reader *reader, uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        take_word(reader, first + i);
    }
}

START_TEST(an_array_arrives_in_order) {
    size_t published = 99;
    assert_ok(torc_publish_array(t.publisher, 1, numbers, sizeof *numbers, LANE, &published));
    ck_assert_uint_eq(published, LANE);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), LANE);
    take_words(t.reader, 0, LANE);
    take_none(t.reader);
    assert_ok(torc_try_publish_array(t.publisher, 1, numbers + LANE, sizeof *numbers, 3, NULL));
    take_words(t.reader, LANE, 3);
    assert_ok(torc_publish_array_until(t.publisher, 1, numbers, sizeof *numbers, 2, PAST, &published));
    ck_assert_uint_eq(published, 2);
    take_words(t.reader, 0, 2);
    take_none(t.reader);
}
END_TEST

/* Whole and unmixed, whether the size is known when this is compiled or not, in the lane or in slots. */
static void publish_three(size_t size) {
    static unsigned char data[3 * 20000];
    fill(data, 3 * size, 5);
    assert_ok(torc_publish_array(t.publisher, 9, data, size, 3, NULL));
    for (uint32_t i = 0; i < 3; i++) {
        struct torc_event event;
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(event.type, 9);
        ck_assert_uint_eq(event.length, size);
        ck_assert(size == 0 || memcmp(event.data, data + i * size, size) == 0);
    }
    take_none(t.reader);
    assert_ok(torc_advance(t.reader));
}

START_TEST(an_array_may_have_any_size) {
    static const size_t sizes[] = {0, 1, 7, 8, 24, 40, 47, 48, 49, 1000, 20000};
    struct torc_event event;
    char twelve[2][12] = {"eleven bytes", "twelve bytes"};
    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        publish_three(sizes[i]);
    }
    assert_ok(torc_publish_array(t.publisher, 1, twelve, sizeof *twelve, 2, NULL));
    for (uint32_t i = 0; i < 2; i++) {
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(event.length, 12);
        ck_assert_int_eq(memcmp(event.data, twelve[i], 12), 0);
    }
}
END_TEST

START_TEST(an_empty_array_does_nothing) {
    size_t published = 99;
    assert_ok(torc_publish_array(t.publisher, 1, numbers, 8, 0, &published));
    ck_assert_uint_eq(published, 0);
    assert_ok(torc_publish_array(t.publisher, 1, NULL, 8, 0, NULL));
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    assert_ok(torc_publish_array(t.publisher, 3, NULL, 0, 2, &published));
    ck_assert_uint_eq(published, 2);
    take_filled(t.reader, 0, 3);
    take_filled(t.reader, 0, 3);
}
END_TEST

START_TEST(an_array_that_does_not_fit_is_published_as_far_as_it_does) {
    size_t published = 99;
    put_run(t.publisher, 100, 3);
    assert_status(torc_try_publish_array(t.publisher, 1, numbers, 8, LANE, &published), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(published, LANE - 3);
    assert_status(torc_publish_array_until(t.publisher, 1, numbers, 8, 2, torc_deadline_ms(2), &published),
                  TORC_TIMED_OUT);
    ck_assert_uint_eq(published, 0);
    take_run(t.reader, 100, 3);
    take_words(t.reader, 0, LANE - 3);
    take_none(t.reader);
}
END_TEST

START_TEST(an_array_behind_open_claims_waits_for_them) {
    struct torc_claim claim;
    assert_ok(torc_claim(t.publisher, 1, 8, &claim));
    assert_ok(torc_publish_array(t.publisher, 1, numbers + 1, 8, 2, NULL));
    take_none(t.reader);
    memcpy(claim.data, numbers, 8);
    assert_ok(torc_commit(t.publisher, &claim));
    take_words(t.reader, 0, 3);
    take_none(t.reader);
}
END_TEST

START_TEST(bad_arrays_are_refused) {
    size_t published = 99;
    assert_status(torc_publish_array(NULL, 1, numbers, 8, 1, &published), TORC_INVALID);
    ck_assert_uint_eq(published, 0);
    assert_status(torc_publish_array(t.publisher, 1, NULL, 8, 1, &published), TORC_INVALID);
    assert_status(torc_try_publish_array(t.publisher, 1, NULL, 8, 2, NULL), TORC_INVALID);
    assert_status(torc_publish_array_until(NULL, 1, NULL, 0, 0, PAST, NULL), TORC_INVALID);
    assert_status(torc_publish_array(t.publisher, 1, numbers, TORC_MAX_EVENT + 1, 1, &published), TORC_TOO_BIG);
    assert_status(torc_publish_array(t.publisher, 1, numbers, SIZE_MAX, 3, &published), TORC_TOO_BIG);
    ck_assert_uint_eq(published, 0);
    assert_ok(torc_bus_close(t.bus));
    published = 99;
    assert_status(torc_publish_array(t.publisher, 1, numbers, 8, 5, &published), TORC_CLOSED);
    ck_assert_uint_eq(published, 0);
}
END_TEST

static void *publish_all(void *context) {
    assert_ok(torc_publish_array(t.publisher, 1, numbers, 8, MANY, context));
    return NULL;
}

/* The reader sleeps, and the publisher does. */
START_TEST(an_array_longer_than_the_lane_waits_for_the_reader) {
    size_t published = 0;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, publish_all, &published), 0);
    take_words(t.reader, 0, MANY);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(published, MANY);
}
END_TEST

/* Readers that copy are sent the same events, word by word. */
START_TEST(an_array_reaches_readers_that_copy) {
    struct torc_reader_config lossy = {.policy = TORC_POLICY_LOSSY};
    struct torc_reader *reader;
    assert_ok(torc_reader_open(t.topic, &lossy, &reader));
    assert_ok(torc_publish_array(t.publisher, 1, numbers, 8, 3, NULL));
    take_words(reader, 0, 3);
    take_words(t.reader, 0, 3);
    assert_ok(torc_reader_close(reader));
    assert_ok(torc_publish_array(t.publisher, 1, numbers, 8, 3, NULL));
    take_words(t.reader, 0, 3);
    /* Nobody copies any more: the short way is open again. */
    ck_assert_uint_ne(torc_load_relaxed64(&t.publisher->room), 0);
}
END_TEST

Suite *array_suite(void) {
    Suite *suite = suite_create("array");
    TCase *tests = add_case(suite, "arrays", setup_array);
    tcase_add_test(tests, an_array_arrives_in_order);
    tcase_add_test(tests, an_array_may_have_any_size);
    tcase_add_test(tests, an_empty_array_does_nothing);
    tcase_add_test(tests, an_array_that_does_not_fit_is_published_as_far_as_it_does);
    tcase_add_test(tests, an_array_behind_open_claims_waits_for_them);
    tcase_add_test(tests, bad_arrays_are_refused);
    tcase_add_test(tests, an_array_longer_than_the_lane_waits_for_the_reader);
    tcase_add_test(tests, an_array_reaches_readers_that_copy);
    suite_add_tcase(suite, tests);
    return suite;
}
