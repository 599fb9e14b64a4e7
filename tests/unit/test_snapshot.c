/* test_snapshot.c - a snapshot of a quiet bus adds up to what was done, and the writers write all of it. */
#include "helpers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    void *memory;
    size_t bytes;
    struct torc_snapshot *now;
} s;

static void take_snapshot(void) {
    if (s.memory == NULL) {
        s.bytes = torc_snapshot_size(t.bus);
        ck_assert_uint_ne(s.bytes, 0);
        s.memory = malloc(s.bytes);
    }
    memset(s.memory, 0xA5, s.bytes);
    assert_ok(torc_snapshot_take(t.bus, s.memory, s.bytes, &s.now));
}

static void setup(void) {
    memset(&s, 0, sizeof s);
    setup_world();
}

static const struct torc_pool_figures *pool_of(uint64_t keep, uint64_t owner, uint64_t shirt) {
    uint64_t i;
    for (i = 0; i < s.now->pool_count; i++) {
        const struct torc_pool_figures *pool = &s.now->pools[i];
        if (pool->keep == keep && pool->owner == owner && pool->shirt == shirt) {
            return pool;
        }
    }
    ck_abort_msg("no such pool");
}

START_TEST(a_new_bus_has_nothing_to_tell) {
    take_snapshot();
    ck_assert_uint_eq(s.now->state, TORC_BUS_OPEN);
    ck_assert_uint_eq(s.now->topic_count, 1);
    ck_assert_str_eq(s.now->topics[0].name, "t");
    ck_assert_uint_eq(s.now->lane_count, 1);
    ck_assert_uint_eq(s.now->reader_count, 1);
    ck_assert_uint_eq(s.now->pool_count, 6 + 1);
    ck_assert_uint_eq(s.now->actor_count, 0);
    ck_assert_uint_eq(s.now->published, 0);
    ck_assert_uint_eq(s.now->outstanding, 0);
    ck_assert_uint_eq(s.now->readers[0].lag, 0);
}
END_TEST

/* Two publishers, three readers of different speed, an aborted claim that nobody sees as an event. */
START_TEST(a_quiet_bus_adds_up) {
    struct torc_reader_config lossy = {.policy = TORC_POLICY_LOSSY};
    struct torc_publisher *second = open_publisher(t.topic, TORC_DRY_FAIL);
    struct torc_reader *slow = NULL;
    struct torc_event event;
    uint64_t i, lags = 0;
    assert_ok(torc_reader_open(t.topic, &lossy, &slow));
    for (i = 0; i < 5; i++) {
        put_run(t.publisher, 0, 4);
        put_run(second, 100, 3);
        while (i < 4 && torc_next(t.reader, &event) == TORC_OK) {
        }
    }
    assert_status(torc_next(t.reader, &event), TORC_OK);
    assert_ok(torc_advance(t.reader));
    while (torc_next(slow, &event) == TORC_LAPPED) {
    }
    assert_ok(torc_advance(slow));
    take_snapshot();
    ck_assert_uint_eq(s.now->published, 35);
    ck_assert_uint_eq(s.now->lane_count, 2);
    ck_assert_uint_eq(s.now->lanes[0].published, 20);
    ck_assert_uint_eq(s.now->lanes[1].published, 15);
    ck_assert_uint_eq(s.now->reader_count, 2);
    for (i = 0; i < 2; i++) {
        const struct torc_reader_figures *reader = &s.now->readers[i];
        ck_assert_uint_eq(reader->consumed + reader->lost + reader->lag, s.now->published);
        ck_assert_uint_eq(reader->lanes, 2);
        ck_assert_uint_gt(reader->batches, 0);
    }
    ck_assert_uint_eq(s.now->readers[0].consumed, 29);
    ck_assert_uint_eq(s.now->readers[0].lost, 0);
    ck_assert_uint_gt(s.now->readers[1].lost, 0);
    ck_assert_uint_eq(s.now->readers[1].policy, TORC_POLICY_LOSSY);
    for (i = 0; i < 2; i++) { /* only the first reader gates */
        lags += s.now->lanes[i].lag;
    }
    ck_assert_uint_eq(lags, s.now->readers[0].lag);
    assert_ok(torc_publisher_close(second));
    assert_ok(torc_reader_close(slow));
}
END_TEST

START_TEST(pools_and_handles_are_counted) {
    struct torc_ringptr fresh = claim_handle(200), kept;
    assert_ok(put(t.publisher, 1));
    kept = keep_next(t.reader);
    assert_ok(put_filled(t.publisher, 1000, 1));
    assert_ok(torc_advance(t.reader));
    take_snapshot();
    ck_assert_uint_eq(s.now->outstanding, 2);
    ck_assert_uint_eq(pool_of(0, 0, TORC_S)->in_use, 1);
    ck_assert_uint_eq(pool_of(0, 0, TORC_S)->allocations, 1);
    ck_assert_uint_eq(pool_of(0, 0, TORC_M)->in_use, 1);
    ck_assert_uint_eq(pool_of(0, 0, TORC_L)->in_use, 0);
    ck_assert_uint_eq(pool_of(1, 0, TORC_XS)->in_use, 1);
    assert_ok(torc_ringptr_release(fresh));
    assert_status(torc_ringptr_release(fresh), TORC_STALE);
    assert_ok(torc_ringptr_release(kept));
    take_snapshot();
    ck_assert_uint_eq(s.now->outstanding, 0);
    ck_assert_uint_eq(s.now->stale_refused, 1);
    ck_assert_uint_eq(pool_of(0, 0, TORC_S)->in_use, 0);
}
END_TEST

START_TEST(open_claims_and_stalls_show) {
    struct torc_claim claim;
    assert_ok(torc_claim(t.publisher, 1, 8, &claim));
    take_snapshot();
    ck_assert_uint_eq(s.now->lanes[0].unsettled, 1);
    ck_assert_uint_eq(s.now->lanes[0].published, 0);
    assert_ok(torc_abort(t.publisher, &claim));
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, 9), TORC_WOULD_BLOCK);
    take_snapshot();
    ck_assert_uint_eq(s.now->lanes[0].unsettled, 0);
    ck_assert_uint_eq(s.now->lanes[0].stalls, 1);
    ck_assert_uint_eq(s.now->lanes[0].lag, LANE);
    ck_assert_uint_eq(s.now->readers[0].lag, LANE);
}
END_TEST

START_TEST(sleeps_are_counted_per_seat) {
    struct torc_event event;
    struct torc_reader *other;
    uint64_t ms = 3;
    do { /* on a slow machine a deadline may pass before anybody sleeps */
        assert_status(torc_next_until(t.reader, &event, torc_deadline_ms(ms)), TORC_TIMED_OUT);
        take_snapshot();
        ms *= 2;
    } while (s.now->readers[0].sleeps == 0);
    ck_assert_uint_eq(s.now->readers[0].wakeups, 0);
    assert_ok(torc_reader_close(t.reader));
    other = open_reader(t.topic, TORC_JOIN_NEXT);
    t.reader = other;
    take_snapshot();
    ck_assert_uint_eq(s.now->readers[0].sleeps, 0);
}
END_TEST

START_TEST(an_actor_is_in_it_with_its_mailbox) {
    struct torc_actor_config config;
    struct torc_actor *actor = NULL;
    struct torc_actor_stats stats;
    memset(&config, 0, sizeof config);
    config.on_message = ignore_message;
    config.name = "index";
    config.mailbox = 7;
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    assert_ok(torc_actor_send(actor, claim_handle(60), TORC_FOREVER));
    do {
        take_snapshot();
#if defined(__x86_64__) || defined(__i386__) /* elsewhere loads may change places */
        ck_assert_uint_le(s.now->actors[0].messages + s.now->actors[0].depth, s.now->actors[0].sent);
#endif
    } while (s.now->actors[0].messages == 0 || s.now->actors[0].depth != 0);
    ck_assert_uint_eq(s.now->actor_count, 1);
    ck_assert_str_eq(s.now->actors[0].name, "index");
    ck_assert_uint_eq(s.now->actors[0].capacity, 7);
    ck_assert_uint_eq(s.now->actors[0].sent, 1);
    ck_assert_uint_eq(s.now->actors[0].running, 1);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    take_snapshot();
    ck_assert_uint_eq(s.now->actor_count, 0);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
    struct torc_snapshot_style style = {TORC_JSON, NULL, NULL};
    char byte;
    take_snapshot();
    ck_assert_uint_eq(torc_snapshot_size(NULL), 0);
    assert_status(torc_snapshot_take(NULL, s.memory, s.bytes, &s.now), TORC_INVALID);
    assert_status(torc_snapshot_take(t.bus, NULL, s.bytes, &s.now), TORC_INVALID);
    assert_status(torc_snapshot_take(t.bus, s.memory, s.bytes - 1, &s.now), TORC_INVALID);
    assert_status(torc_snapshot_take(t.bus, s.memory, s.bytes, NULL), TORC_INVALID);
    assert_status(torc_snapshot_take(t.bus, (char *)s.memory + 1, s.bytes, &s.now), TORC_INVALID);
    assert_status(torc_snapshot_write(s.now, &style, NULL, NULL), TORC_INVALID);
    assert_status(torc_snapshot_print(NULL, &style, &byte, 1, NULL), TORC_INVALID);
    assert_status(torc_snapshot_print(s.now, NULL, &byte, 1, NULL), TORC_INVALID);
    assert_status(torc_snapshot_print(s.now, &style, NULL, 1, NULL), TORC_INVALID);
    style.format = (enum torc_snapshot_format)7;
    assert_status(torc_snapshot_print(s.now, &style, &byte, 1, NULL), TORC_INVALID);
}
END_TEST

/* Every length of the buffer: what fits is a beginning of the whole, terminated, and nothing behind it is touched. */
START_TEST(a_buffer_is_filled_as_far_as_it_goes) {
    struct torc_snapshot_style style = {(enum torc_snapshot_format)_i, "b\"us\\", NULL};
    size_t whole = 0, length = 0, bytes;
    char *text, *part;
    put_run(t.publisher, 0, 3);
    take_snapshot();
    assert_status(torc_snapshot_print(s.now, &style, NULL, 0, &whole), TORC_NO_ROOM);
    text = malloc(whole + 1);
    part = malloc(whole + 1);
    assert_ok(torc_snapshot_print(s.now, &style, text, whole + 1, &length));
    ck_assert_uint_eq(length, whole);
    ck_assert_uint_eq(strlen(text), whole);
    for (bytes = 1; bytes <= whole; bytes += 1 + bytes / 8) {
        memset(part, 0x7E, whole + 1);
        assert_status(torc_snapshot_print(s.now, &style, part, bytes, &length), TORC_NO_ROOM);
        ck_assert_uint_eq(length, whole);
        ck_assert_int_eq(memcmp(part, text, bytes - 1), 0);
        ck_assert_int_eq(part[bytes - 1], '\0');
        ck_assert_int_eq(part[bytes], 0x7E);
    }
    free(text);
    free(part);
}
END_TEST

static int refuse_second(void *context, const char *text, size_t length) {
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(length, 0);
    return ++*(int *)context < 2 ? TORC_OK : TORC_SYSTEM;
}

START_TEST(a_writer_that_fails_ends_it) {
    struct torc_snapshot_style style = {TORC_JSON, NULL, NULL};
    int calls = 0;
    take_snapshot();
    assert_status(torc_snapshot_write(s.now, &style, refuse_second, &calls), TORC_SYSTEM);
    ck_assert_int_eq(calls, 2);
}
END_TEST

START_TEST(the_text_shows_rates) {
    char text[8192];
    void *earlier;
    struct torc_snapshot *before;
    struct torc_snapshot_style style = {TORC_TEXT, "my bus", NULL};
    take_snapshot();
    earlier = malloc(s.bytes);
    assert_ok(torc_snapshot_take(t.bus, earlier, s.bytes, &before));
    put_run(t.publisher, 0, 5);
    take_snapshot();
    style.before = before;
    before->at = s.now->at - 500000000; /* half a second earlier */
    assert_ok(torc_snapshot_print(s.now, &style, text, sizeof text, NULL));
    ck_assert_ptr_nonnull(strstr(text, "my bus\n"));
    ck_assert_ptr_nonnull(strstr(text, "per second"));
    ck_assert_msg(strstr(text, "           10\n") != NULL, "%s", text);
    free(earlier);
}
END_TEST

static void teardown(void) {
    free(s.memory);
    teardown_world();
}

Suite *snapshot_suite(void) {
    Suite *suite = suite_create("snapshot");
    TCase *taken = tcase_create("taken");
    tcase_add_checked_fixture(taken, setup, teardown);
    tcase_set_timeout(taken, HANG);
    tcase_add_test(taken, a_new_bus_has_nothing_to_tell);
    tcase_add_test(taken, a_quiet_bus_adds_up);
    tcase_add_test(taken, pools_and_handles_are_counted);
    tcase_add_test(taken, open_claims_and_stalls_show);
    tcase_add_test(taken, sleeps_are_counted_per_seat);
    tcase_add_test(taken, an_actor_is_in_it_with_its_mailbox);
    tcase_add_test(taken, bad_arguments_are_refused);
    tcase_add_loop_test(taken, a_buffer_is_filled_as_far_as_it_goes, 0, 3);
    tcase_add_test(taken, a_writer_that_fails_ends_it);
    tcase_add_test(taken, the_text_shows_rates);
    suite_add_tcase(suite, taken);
    return suite;
}
