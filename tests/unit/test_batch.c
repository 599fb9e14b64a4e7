/* test_batch.c - many at once: publish_batch with mixed sizes, claim_batch, and what comes of a batch that does not
 * fit. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

#define MANY 50

static uint64_t numbers[MANY];
static struct torc_message messages[MANY];

static void setup_batch(void) {
    uint32_t i;
    setup_world();
    for (i = 0; i < MANY; i++) {
        numbers[i] = i;
        messages[i] = (struct torc_message){&numbers[i], sizeof numbers[i], i};
    }
}

START_TEST(a_batch_arrives_in_order) {
    size_t published = 99;
    assert_ok(torc_publish_batch(t.publisher, messages, 5, &published));
    ck_assert_uint_eq(published, 5);
    take_run(t.reader, 0, 5);
    take_none(t.reader);
    assert_ok(torc_try_publish_batch(t.publisher, messages + 5, LANE, NULL));
    take_run(t.reader, 5, LANE);
    assert_ok(torc_publish_batch_until(t.publisher, messages, 1, PAST, &published));
    ck_assert_uint_eq(published, 1);
    take_run(t.reader, 0, 1);
}
END_TEST

START_TEST(a_batch_mixes_sizes) {
    static const size_t lengths[] = {0, 48, 49, 1000, 16384, 20000, 10};
    static unsigned char data[20000];
    struct torc_message mixed[7];
    uint32_t i;
    fill(data, sizeof data, 4);
    for (i = 0; i < 7; i++) {
        mixed[i] = (struct torc_message){data, lengths[i], 4};
    }
    assert_ok(torc_try_publish_batch(t.publisher, mixed, 7, NULL));
    for (i = 0; i < 7; i++) {
        take_filled(t.reader, lengths[i], 4);
    }
    take_none(t.reader);
}
END_TEST

START_TEST(an_empty_batch_does_nothing) {
    size_t published = 99;
    assert_ok(torc_publish_batch(t.publisher, messages, 0, &published));
    ck_assert_uint_eq(published, 0);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
}
END_TEST

START_TEST(a_batch_that_does_not_fit_is_published_as_far_as_it_does) {
    size_t published = 99;
    put_run(t.publisher, 100, 3);
    assert_status(torc_try_publish_batch(t.publisher, messages, LANE, &published), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(published, LANE - 3);
    assert_status(torc_try_publish_batch(t.publisher, messages, 2, &published), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(published, 0);
    assert_status(torc_publish_batch_until(t.publisher, messages, 2, torc_deadline_ms(2), &published), TORC_TIMED_OUT);
    ck_assert_uint_eq(published, 0);
    take_run(t.reader, 100, 3);
    take_run(t.reader, 0, LANE - 3);
    take_none(t.reader);
}
END_TEST

START_TEST(a_batch_stops_at_a_dry_pool) {
    static unsigned char data[1000];
    struct torc_message large[6];
    size_t published = 99;
    uint32_t i;
    fill(data, sizeof data, 4);
    for (i = 0; i < 6; i++) {
        large[i] = (struct torc_message){data, sizeof data, 4};
    }
    assert_status(torc_publish_batch(t.publisher, large, 6, &published), TORC_POOL_DRY);
    ck_assert_uint_eq(published, 4);
    for (i = 0; i < 4; i++) {
        take_filled(t.reader, sizeof data, 4);
    }
    take_none(t.reader);
}
END_TEST

START_TEST(a_batch_stops_at_a_bad_message) {
    size_t published = 99;
    messages[2].data = NULL;
    assert_status(torc_publish_batch(t.publisher, messages, 5, &published), TORC_INVALID);
    ck_assert_uint_le(published, 2);
    take_run(t.reader, 0, published);
    take_none(t.reader);
}
END_TEST

START_TEST(a_batch_on_a_closed_bus_is_refused) {
    struct torc_claim claims[2];
    size_t published = 99;
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_publish_batch(t.publisher, messages, 5, &published), TORC_CLOSED);
    ck_assert_uint_eq(published, 0);
    assert_status(torc_claim_batch(t.publisher, 1, 8, claims, 2), TORC_CLOSED);
}
END_TEST

struct batch {
    int status;
    size_t published;
};

static void *publish_all(void *context) {
    struct batch *batch = context;
    batch->status = torc_publish_batch(t.publisher, messages, MANY, &batch->published);
    return NULL;
}

START_TEST(a_batch_longer_than_the_lane_waits_for_the_reader) {
    struct batch batch = {TORC_CORRUPT, 0};
    struct torc_event event;
    pthread_t thread;
    uint64_t i;
    ck_assert_int_eq(pthread_create(&thread, NULL, publish_all, &batch), 0);
    for (i = 0; i < MANY; i++) {
        assert_ok(torc_next_until(t.reader, &event, TORC_FOREVER));
        ck_assert_uint_eq(number_of(&event), i);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(batch.status, TORC_OK);
    ck_assert_uint_eq(batch.published, MANY);
}
END_TEST

/* Claims `count` numbers at once and fills them. */
static int claim_numbers(struct torc_claim *claims, size_t count) {
    int got = torc_try_claim_batch(t.publisher, 0, sizeof(uint64_t), claims, count);
    uint64_t i;
    for (i = 0; got > 0 && i < (uint64_t)got; i++) {
        ck_assert_uint_eq(claims[i].sequence, claims[0].sequence + i);
        memcpy(claims[i].data, &i, sizeof i);
    }
    return got;
}

/* Reads the numbers `from`..`to`-1 of a claimed batch, and then nothing. */
static void take_claimed(uint64_t from, uint64_t to) {
    struct torc_event event;
    uint64_t number;
    for (; from < to; from++) {
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(event.length, sizeof number);
        memcpy(&number, event.data, sizeof number);
        ck_assert_uint_eq(number, from);
    }
    take_none(t.reader);
}

START_TEST(a_claimed_batch_becomes_visible_at_once) {
    struct torc_claim claims[LANE];
    ck_assert_int_eq(claim_numbers(claims, 5), 5);
    take_none(t.reader);
    assert_ok(torc_commit_batch(t.publisher, claims, 5));
    take_claimed(0, 5);
}
END_TEST

START_TEST(a_claimed_batch_can_be_given_back) {
    struct torc_claim claims[LANE];
    ck_assert_int_eq(claim_numbers(claims, LANE), LANE);
    assert_ok(torc_abort_batch(t.publisher, claims, LANE));
    take_none(t.reader);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
}
END_TEST

START_TEST(a_claimed_batch_takes_what_there_is) {
    struct torc_claim claims[LANE];
    put_run(t.publisher, 100, 3);
    ck_assert_int_eq(claim_numbers(claims, LANE), LANE - 3);
    assert_status(torc_try_claim_batch(t.publisher, 0, 8, &claims[LANE - 1], 1), TORC_WOULD_BLOCK);
    assert_status(torc_claim_batch_until(t.publisher, 0, 8, &claims[LANE - 1], 1, PAST), TORC_TIMED_OUT);
    assert_ok(torc_commit_batch(t.publisher, claims, LANE - 3));
    take_run(t.reader, 100, 3);
    take_claimed(0, LANE - 3);
}
END_TEST

START_TEST(a_claimed_batch_takes_what_slots_there_are) {
    struct torc_claim claims[LANE];
    uint32_t i;
    ck_assert_int_eq(torc_claim_batch(t.publisher, 3, 1000, claims, LANE), 4);
    assert_status(torc_claim_batch(t.publisher, 3, 1000, &claims[4], 2), TORC_POOL_DRY);
    for (i = 0; i < 4; i++) {
        ck_assert_uint_eq(claims[i].length, 1000);
        ck_assert_uint_eq(claims[i].type, 3);
        fill(claims[i].data, 1000, 3);
    }
    assert_ok(torc_commit_batch(t.publisher, claims, 4));
    for (i = 0; i < 4; i++) {
        take_filled(t.reader, 1000, 3);
    }
    take_none(t.reader);
}
END_TEST

START_TEST(a_batch_may_be_settled_in_two_parts) {
    struct torc_claim claims[6];
    ck_assert_int_eq(claim_numbers(claims, 6), 6);
    assert_ok(torc_commit_batch(t.publisher, claims + 3, 3));
    take_none(t.reader);
    assert_ok(torc_abort_batch(t.publisher, claims, 3));
    take_claimed(3, 6);
}
END_TEST

START_TEST(a_settled_batch_is_refused) {
    struct torc_claim claims[4];
    ck_assert_int_eq(claim_numbers(claims, 4), 4);
    assert_ok(torc_commit_batch(t.publisher, claims, 4));
    assert_status(torc_commit_batch(t.publisher, claims, 4), TORC_INVALID);
    assert_status(torc_abort_batch(t.publisher, claims, 4), TORC_INVALID);
    take_claimed(0, 4);
}
END_TEST

START_TEST(a_batch_never_claims_more_than_a_lane) {
    struct torc_claim claims[LANE + 1];
    assert_status(torc_try_claim_batch(t.publisher, 0, 8, claims, LANE + 1), TORC_INVALID);
    assert_status(torc_try_claim_batch(t.publisher, 0, 8, claims, 0), TORC_INVALID);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
}
END_TEST

/* As torc_publish: small messages need no slot, whoever reads. */
START_TEST(a_batch_beside_a_reader_that_copies_takes_no_slots) {
    struct torc_reader_config lossy = {.policy = TORC_POLICY_LOSSY};
    struct torc_config config = small_config();
    struct torc_reader *reader = NULL;
    size_t published = 99;
    teardown_world();
    memset(config.slots, 0, sizeof config.slots);
    config.xxl = 0;
    open_world(&config);
    assert_ok(torc_try_publish_batch(t.publisher, messages, 2, NULL));
    assert_ok(torc_reader_open(t.topic, &lossy, &reader));
    assert_ok(torc_try_publish_batch(t.publisher, messages + 2, 3, &published));
    ck_assert_uint_eq(published, 3);
    assert_status(torc_try_publish_batch(t.publisher, messages + 5, LANE, &published), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(published, LANE - 5);
    take_run(t.reader, 0, LANE);
    take_run(reader, 2, LANE - 2);
    assert_ok(torc_reader_close(reader));
}
END_TEST

Suite *batch_suite(void) {
    Suite *suite = suite_create("batch");
    TCase *tcase = add_case(suite, "batches", setup_batch);
    tcase_add_test(tcase, a_batch_arrives_in_order);
    tcase_add_test(tcase, a_batch_mixes_sizes);
    tcase_add_test(tcase, an_empty_batch_does_nothing);
    tcase_add_test(tcase, a_batch_that_does_not_fit_is_published_as_far_as_it_does);
    tcase_add_test(tcase, a_batch_stops_at_a_dry_pool);
    tcase_add_test(tcase, a_batch_stops_at_a_bad_message);
    tcase_add_test(tcase, a_batch_on_a_closed_bus_is_refused);
    tcase_add_test(tcase, a_batch_longer_than_the_lane_waits_for_the_reader);
    tcase_add_test(tcase, a_claimed_batch_becomes_visible_at_once);
    tcase_add_test(tcase, a_claimed_batch_can_be_given_back);
    tcase_add_test(tcase, a_claimed_batch_takes_what_there_is);
    tcase_add_test(tcase, a_claimed_batch_takes_what_slots_there_are);
    tcase_add_test(tcase, a_batch_may_be_settled_in_two_parts);
    tcase_add_test(tcase, a_settled_batch_is_refused);
    tcase_add_test(tcase, a_batch_never_claims_more_than_a_lane);
    tcase_add_test(tcase, a_batch_beside_a_reader_that_copies_takes_no_slots);
    return suite;
}
