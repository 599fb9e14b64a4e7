/* test_sequencer.c - several threads, one lane: the order of claims, space, deadlines and the end. */
#include "helpers.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct torc_sequencer *sequencer;

static void open_sequencer(enum torc_dry dry) {
    struct torc_publisher_config config = {.wait = TORC_WAIT_BLOCK, .dry = dry};
    assert_ok(torc_sequencer_open(t.topic, &config, &sequencer));
}

static int say(uint64_t number, uint64_t deadline, uint64_t *sequence) {
    return torc_sequencer_publish(sequencer, (uint32_t)number, &number, sizeof number, deadline, sequence);
}

START_TEST(the_order_is_that_of_the_claims) {
    struct torc_claim claims[3];
    uint64_t sequence = 0, first;
    open_sequencer(TORC_DRY_WAIT);
    assert_ok(say(1, TORC_FOREVER, &first));
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(torc_sequencer_claim(sequencer, 2 + i, 8, TORC_FOREVER, &claims[i]));
        ck_assert_uint_eq(claims[i].sequence, first + 1 + i);
        memcpy(claims[i].data, &(uint64_t){2 + i}, 8);
    }
    assert_ok(say(5, TORC_FOREVER, &sequence));
    ck_assert_uint_eq(sequence, first + 4);
    take(t.reader, 1);
    assert_ok(torc_sequencer_commit(sequencer, &claims[2]));
    take_none(t.reader);
    assert_ok(torc_sequencer_abort(sequencer, &claims[0]));
    assert_ok(torc_sequencer_commit(sequencer, &claims[1]));
    assert_status(torc_sequencer_commit(sequencer, &claims[1]), TORC_INVALID);
    take_run(t.reader, 3, 3);
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

START_TEST(every_size_goes_through) {
    unsigned char bytes[40000];
    struct torc_event event;
    open_sequencer(TORC_DRY_WAIT);
    memset(bytes, 7, sizeof bytes);
    for (size_t length = 0; length <= 4096; length = length * 3 + 1) {
        assert_ok(torc_sequencer_publish(sequencer, 9, bytes, length, TORC_FOREVER, NULL));
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(event.length, length);
        ck_assert_int_eq(memcmp(event.data, bytes, length), 0);
    }
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

START_TEST(space_and_deadlines) {
    open_sequencer(TORC_DRY_WAIT);
    for (uint64_t i = 0; i < LANE; i++) {
        assert_ok(say(i, TORC_NO_WAIT, NULL));
    }
    assert_status(say(99, TORC_NO_WAIT, NULL), TORC_WOULD_BLOCK);
    assert_status(say(99, PAST, NULL), TORC_TIMED_OUT);
    assert_status(say(99, torc_deadline_ms(2), NULL), TORC_TIMED_OUT);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    assert_ok(say(100, PAST, NULL));
    assert_ok(torc_bus_close(t.bus));
    assert_status(say(101, TORC_FOREVER, NULL), TORC_CLOSED);
    take(t.reader, 100);
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

static void *say_one(void *number) {
    return (void *)(intptr_t)say((uint64_t)(uintptr_t)number, TORC_FOREVER, NULL);
}

/* Two wait for space: an abort makes room for one of them, the reader for the other; then two more wait until the bus
 * is closed. */
START_TEST(all_who_wait_for_space_are_woken) {
    struct torc_claim claim;
    pthread_t threads[2];
    void *answer;
    open_sequencer(TORC_DRY_WAIT);
    for (uint64_t i = 1; i < LANE; i++) {
        assert_ok(say(i, TORC_NO_WAIT, NULL));
    }
    assert_ok(torc_sequencer_claim(sequencer, 1, 8, TORC_NO_WAIT, &claim));
    for (uintptr_t i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, say_one, (void *)50), 0);
    }
    assert_ok(torc_sequencer_abort(sequencer, &claim));
    take_run(t.reader, 1, LANE - 1);
    assert_ok(torc_advance(t.reader));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &answer), 0);
        ck_assert_int_eq((intptr_t)answer, TORC_OK);
        take(t.reader, 50);
    }
    take_none(t.reader);
    for (uint64_t i = 0; i < LANE; i++) {
        assert_ok(say(i, TORC_NO_WAIT, NULL));
    }
    for (uintptr_t i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, say_one, (void *)60), 0);
    }
    assert_ok(torc_bus_close(t.bus));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &answer), 0);
        ck_assert_int_eq((intptr_t)answer, TORC_CLOSED);
    }
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

START_TEST(a_reader_in_the_way_is_evicted) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT, .evict_after_ns = 2000000};
    struct torc_reader_state state;
    assert_ok(torc_reader_close(t.reader));
    assert_ok(torc_reader_open(t.topic, &config, &t.reader));
    open_sequencer(TORC_DRY_WAIT);
    for (uint64_t i = 0; i < 2 * LANE; i++) {
        assert_ok(say(i, TORC_FOREVER, NULL));
    }
    assert_ok(torc_reader_state(t.reader, &state));
    ck_assert_uint_eq(state.evicted, 1);
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

/* The lane's position follows the stamps: whoever needs it finds all that is published, and nothing behind an open
 * claim. */
START_TEST(the_position_is_found_by_who_needs_it) {
    struct torc_reader_config newest = {.join = TORC_JOIN_NEXT};
    struct torc_bus_stats stats;
    struct torc_claim claim, copy;
    struct torc_reader *reader;
    open_sequencer(TORC_DRY_WAIT);
    assert_ok(say(0, TORC_NO_WAIT, NULL));
    assert_ok(torc_sequencer_claim(sequencer, 1, 8, TORC_NO_WAIT, &claim));
    assert_ok(say(2, TORC_NO_WAIT, NULL));
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.published, 1);
    copy = claim;
    assert_ok(torc_sequencer_abort(sequencer, &copy));
    assert_status(torc_sequencer_commit(sequencer, &claim), TORC_INVALID);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.published, 3);
    assert_ok(torc_reader_open(t.topic, &newest, &reader));
    take_none(reader);
    assert_status(torc_bus_drain(t.bus, PAST), TORC_TIMED_OUT);
    take(t.reader, 0);
    take(t.reader, 2);
    assert_ok(torc_advance(t.reader));
    assert_ok(torc_bus_drain(t.bus, PAST));
    assert_ok(say(3, TORC_NO_WAIT, NULL));
    take(reader, 3);
    assert_ok(torc_reader_close(reader));
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

/* The lane goes on with the next sequencer of the topic, open claims are tombstones. */
START_TEST(the_lane_outlives_the_sequencer) {
    struct torc_claim claim;
    uint64_t sequence, first = 0;
    for (uint64_t i = 0; i < 2 * LANE; i += 2) {
        open_sequencer(TORC_DRY_WAIT);
        assert_ok(say(i, TORC_NO_WAIT, &sequence));
        first = i == 0 ? sequence : first;
        ck_assert_uint_eq(sequence, first + i / 2 * 3);
        assert_ok(torc_sequencer_claim(sequencer, 1, 8, TORC_NO_WAIT, &claim));
        assert_ok(say(i + 1, TORC_NO_WAIT, NULL));
        assert_ok(torc_sequencer_close(sequencer));
        take_run(t.reader, (uint32_t)i, 2);
        assert_ok(torc_advance(t.reader));
    }
}
END_TEST

/* Word by word while a LOSSY reader is there, and by the fast way again when it has left. */
START_TEST(readers_that_copy_come_and_go) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_NEXT};
    struct torc_reader *reader = NULL;
    uint64_t sequence, first = 0;
    open_sequencer(TORC_DRY_WAIT);
    for (uint32_t i = 0; i < 9; i++) {
        if (i == 3) {
            assert_ok(torc_reader_open(t.topic, &config, &reader));
        }
        assert_ok(say(i, TORC_NO_WAIT, &sequence));
        first = i == 0 ? sequence : first;
        ck_assert_uint_eq(sequence, first + i);
        take(t.reader, i);
        assert_ok(torc_advance(t.reader));
        if (i >= 3 && i < 6) {
            take(reader, i);
        }
        if (i == 5) {
            assert_ok(torc_reader_close(reader));
        }
    }
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

static uint64_t stalls(void) {
    size_t bytes = torc_snapshot_size(t.bus);
    void *memory = malloc(bytes);
    struct torc_snapshot *now;
    uint64_t count = 0;
    assert_ok(torc_snapshot_take(t.bus, memory, bytes, &now));
    for (uint64_t i = 0; i < now->lane_count; i++) {
        count += now->lanes[i].stalls;
    }
    free(memory);
    return count;
}

/* A call with a deadline looks twice at the least: once before it waits, and again. */
START_TEST(a_call_counts_once_however_often_it_looks) {
    unsigned char bytes[16384] = {0};
    struct torc_claim claims[2], another;
    open_sequencer(TORC_DRY_WAIT);
    for (int i = 0; i < 2; i++) { /* all slots of that size */
        assert_ok(torc_sequencer_claim(sequencer, 1, sizeof bytes, TORC_NO_WAIT, &claims[i]));
    }
    ck_assert_uint_eq(stalls(), 0);
    assert_status(torc_sequencer_claim(sequencer, 1, sizeof bytes, TORC_NO_WAIT, &another), TORC_WOULD_BLOCK);
    assert_status(torc_sequencer_claim(sequencer, 1, sizeof bytes, PAST, &another), TORC_TIMED_OUT);
    assert_status(torc_sequencer_publish(sequencer, 1, bytes, sizeof bytes, torc_deadline_ms(2), NULL), TORC_TIMED_OUT);
    ck_assert_uint_eq(stalls(), 3);
    ck_assert_uint_eq(pool_stats(TORC_XL).dry, 3);
    for (int i = 0; i < 2; i++) {
        assert_ok(torc_sequencer_abort(sequencer, &claims[i]));
    }
    for (uint64_t i = 2; i < LANE; i++) {
        assert_ok(say(i, TORC_NO_WAIT, NULL));
    }
    assert_status(say(99, PAST, NULL), TORC_TIMED_OUT);
    assert_status(say(99, torc_deadline_ms(2), NULL), TORC_TIMED_OUT);
    ck_assert_uint_eq(stalls(), 5);
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

START_TEST(bad_sequencers_are_refused) {
    struct torc_publisher_config bad = {.wait = (enum torc_wait)9};
    struct torc_sequencer *none = NULL;
    struct torc_claim claim;
    assert_status(torc_sequencer_open(NULL, NULL, &none), TORC_INVALID);
    assert_status(torc_sequencer_open(t.topic, NULL, NULL), TORC_INVALID);
    assert_status(torc_sequencer_open(t.topic, &bad, &none), TORC_INVALID);
    assert_status(torc_sequencer_close(NULL), TORC_INVALID);
    assert_status(torc_sequencer_publish(NULL, 1, "", 1, 0, NULL), TORC_INVALID);
    assert_status(torc_sequencer_claim(NULL, 1, 8, 0, &claim), TORC_INVALID);
    assert_status(torc_sequencer_commit(NULL, &claim), TORC_INVALID);
    assert_status(torc_sequencer_abort(NULL, &claim), TORC_INVALID);
    open_sequencer(TORC_DRY_FAIL);
    assert_status(torc_sequencer_publish(sequencer, 1, NULL, 1, 0, NULL), TORC_INVALID);
    assert_status(torc_sequencer_claim(sequencer, 1, 8, 0, NULL), TORC_INVALID);
    assert_status(torc_sequencer_commit(sequencer, NULL), TORC_INVALID);
    assert_status(torc_sequencer_claim(sequencer, 1, TORC_MAX_EVENT + 1, 0, &claim), TORC_TOO_BIG);
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

Suite *sequencer_suite(void) {
    Suite *suite = suite_create("sequencer");
    TCase *tcase = add_case(suite, "sequencer", setup_order);
    tcase_add_test(tcase, the_order_is_that_of_the_claims);
    tcase_add_test(tcase, every_size_goes_through);
    tcase_add_test(tcase, space_and_deadlines);
    tcase_add_test(tcase, all_who_wait_for_space_are_woken);
    tcase_add_test(tcase, a_reader_in_the_way_is_evicted);
    tcase_add_test(tcase, the_position_is_found_by_who_needs_it);
    tcase_add_test(tcase, the_lane_outlives_the_sequencer);
    tcase_add_test(tcase, readers_that_copy_come_and_go);
    tcase_add_test(tcase, a_call_counts_once_however_often_it_looks);
    tcase_add_test(tcase, bad_sequencers_are_refused);
    return suite;
}
