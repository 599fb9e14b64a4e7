/* test_evict.c - EVICT readers: that they gate and are told, what a poll says, what drains and other publishers learn,
 * and how a publisher's time is counted. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>

static struct torc_reader *open_evict(uint64_t after_ns, enum torc_evicted then) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT, .evict_after_ns = after_ns, .evicted = then};
    struct torc_reader *reader = NULL;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    return reader;
}

static void close_gate(void) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
}

static void must_put(uint64_t first, uint64_t count) {
    for (uint64_t i = first; i < first + count; i++) {
        assert_ok(torc_try_publish(t.publisher, (uint32_t)i, &i, sizeof i));
    }
}

/* A publisher that waits for slots, with all of one size in its lane. */
static void fill_slots(uint32_t slots) {
    close_gate();
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = open_publisher(t.topic, TORC_DRY_WAIT);
    for (uint32_t i = 0; i < slots; i++) {
        assert_ok(put_filled(t.publisher, 16384, i));
    }
}

static void close_evicted(struct torc_reader *reader) {
    struct torc_reader_state state = {0};
    assert_ok(torc_reader_state(reader, &state));
    ck_assert_uint_eq(state.evicted, 1);
    assert_ok(torc_reader_close(reader));
}

static enum torc_action sum_lost(void *context, const struct torc_event *event) {
    *(uint64_t *)context += event->lost;
    return TORC_CONTINUE;
}

START_TEST(before_its_time_is_over_an_evict_reader_gates) {
    struct torc_reader *reader = open_evict(UINT64_C(3600) * 1000000000u, TORC_EVICTED_LOSSY);
    struct torc_event event;
    close_gate();
    for (uint64_t round = 0; round < 5; round++) {
        must_put(round * LANE, LANE);
        assert_status(put(t.publisher, 0), TORC_WOULD_BLOCK);
        take_run(reader, round * LANE, LANE);
        assert_status(torc_next(reader, &event), TORC_EMPTY);
    }
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(an_evicted_reader_is_told_and_goes_on_lossy) {
    struct torc_reader *reader = open_evict(0, TORC_EVICTED_LOSSY);
    struct torc_reader_state state;
    struct torc_event event;
    uint64_t lost, came;
    close_gate();
    must_put(0, LANE);
    take(reader, 0);
    must_put(LANE, 3 * LANE);
    assert_ok(torc_reader_state(reader, &state));
    ck_assert_uint_eq(state.evicted, 1);
    assert_status(torc_next(reader, &event), TORC_EVICTED);
    came = read_with_losses(reader, 1, &lost);
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_eq(came + lost, 4 * LANE - 1);
    must_put(4 * LANE, 1);
    take(reader, 4 * LANE);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(an_evicted_reader_leaves_if_that_was_agreed) {
    struct torc_reader *reader = open_evict(0, TORC_EVICTED_LEAVE);
    struct torc_event event;
    close_gate();
    must_put(0, 2 * LANE);
    assert_status(torc_next(reader, &event), TORC_EVICTED);
    assert_status(torc_next(reader, &event), TORC_CLOSED);
    must_put(2 * LANE, 1);
    ck_assert_uint_eq(torc_load_relaxed64(&t.publisher->room), LANE);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(a_poll_is_told_of_the_eviction_when_it_has_nothing_else_to_say) {
    struct torc_reader *reader = open_evict(0, TORC_EVICTED_LOSSY);
    uint64_t lost = 0;
    int count;
    close_gate();
    must_put(0, 5 * LANE);
    assert_status(torc_poll(reader, sum_lost, &lost, 100), TORC_EVICTED);
    count = torc_poll(reader, sum_lost, &lost, 100);
    ck_assert_uint_eq((uint64_t)count + lost, 5 * LANE);
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* A pool that an unread event keeps dry evicts as a full lane does; the reader's own pin does not keep it dry. */
START_TEST(a_dry_pool_evicts_as_well) {
    struct torc_reader *reader = open_evict(0, TORC_EVICTED_LOSSY);
    struct torc_event event;
    fill_slots(1);
    assert_ok(torc_next(reader, &event));
    for (uint32_t i = 1; i < 20; i++) {
        assert_ok(torc_try_publish(t.publisher, i, "", 1) == TORC_OK ? put_filled(t.publisher, 16384, i)
                                                                     : TORC_INVALID);
    }
    ck_assert(filled(event.data, 16384, 0));
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(a_gating_reader_is_never_evicted) {
    struct torc_reader *reader = open_evict(0, TORC_EVICTED_LOSSY);
    uint64_t lost;
    must_put(0, LANE);
    assert_status(put(t.publisher, 0), TORC_WOULD_BLOCK);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    must_put(LANE, LANE);
    assert_status(torc_next(reader, &(struct torc_event){0}), TORC_EVICTED);
    ck_assert_uint_eq(read_with_losses(reader, 0, &lost) + lost, 2 * LANE);
    assert_ok(torc_reader_close(reader));
}
END_TEST

static enum torc_action ignore_event(void *context, const struct torc_event *event) {
    (void)context;
    (void)event;
    return TORC_CONTINUE;
}

START_TEST(a_poll_of_one_that_leaves_is_told_once) {
    struct torc_reader *reader = open_evict(0, TORC_EVICTED_LEAVE);
    close_gate();
    for (uint64_t i = 0; i < 2 * LANE; i++) {
        assert_ok(put(t.publisher, i));
    }
    assert_status(torc_poll(reader, ignore_event, NULL, 100), TORC_EVICTED);
    assert_status(torc_poll(reader, ignore_event, NULL, 100), TORC_CLOSED);
    assert_ok(torc_reader_close(reader));
}
END_TEST

static void *drain_forever(void *status) {
    *(int *)status = torc_bus_drain(t.bus, TORC_FOREVER);
    return NULL;
}

/* The place where drains sleep is the first of the bus's, before the first lane's. */
static void await_sleeping_drain(void) {
    const struct torc_waitpoint *drains = t.publisher->pools[0].space - 1;
    while (torc_load_relaxed32(&drains->waiting) == 0) {
        (void)sched_yield();
    }
}

START_TEST(an_eviction_ends_a_drain) {
    struct torc_reader *reader = open_evict(0, (enum torc_evicted)(_i % 2));
    int status = TORC_CORRUPT;
    pthread_t thread;
    close_gate();
    for (uint64_t i = 0; i < LANE; i++) {
        assert_ok(put(t.publisher, i));
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, drain_forever, &status), 0);
    await_sleeping_drain();
    assert_ok(put(t.publisher, LANE)); /* and the reader never reads again */
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_ok(status);
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* The only slot is pinned by the event it was given, or by the one it has looked at; once it was told it need not come
 * again. */
START_TEST(one_that_was_told_holds_nothing) {
    struct torc_config config = small_config();
    struct torc_reader *reader;
    struct torc_event event;
    uint64_t lost, came = 0;
    teardown_world();
    config.slots[TORC_XL] = 1;
    open_world(&config);
    reader = open_evict(0, TORC_EVICTED_LOSSY);
    fill_slots(1);
    if (_i == 0) {
        assert_ok(torc_next(reader, &event));
        came++;
    } else {
        assert_ok(torc_wait_readable(reader, TORC_NO_WAIT));
    }
    must_put(1, LANE);
    assert_status(put_filled(t.publisher, 16384, LANE + 1), TORC_WOULD_BLOCK);
    assert_status(torc_next(reader, &event), TORC_EVICTED);
    assert_ok(put_filled(t.publisher, 16384, LANE + 1));
    for (lost = 0; came + lost < LANE + 2;) {
        int status = torc_next(reader, &event);
        ck_assert(status == TORC_OK || status == TORC_LAPPED);
        came += status == TORC_OK;
        lost += event.lost;
    }
    ck_assert_uint_eq(came + lost, LANE + 2);
    assert_status(torc_next(reader, &event), TORC_EMPTY);
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* Each call finds room in the lane and no slot: its time goes on from one call to the next. */
START_TEST(tries_that_find_no_slot_add_up) {
    struct torc_reader *reader = open_evict(1000000, TORC_EVICTED_LOSSY);
    int status;
    fill_slots(2);
    while ((status = put_filled(t.publisher, 16384, 2)) == TORC_WOULD_BLOCK) {
        (void)sched_yield();
    }
    assert_ok(status);
    close_evicted(reader);
}
END_TEST

/* Small events find room and entries all the time, large ones find no slot: it is the same reader that holds those
 * up. */
START_TEST(small_events_that_pass_give_it_no_time) {
    struct torc_config config = small_config();
    struct torc_reader *reader;
    int status = TORC_WOULD_BLOCK;
    teardown_world();
    config.lane_entries = 1024;
    open_world(&config);
    reader = open_evict(1000000, TORC_EVICTED_LOSSY);
    fill_slots(2);
    for (int i = 0; status == TORC_WOULD_BLOCK && i < 1000; i++) {
        uint64_t next = torc_now() + 10000;
        assert_ok(put(t.publisher, 7));
        while (torc_now() < next) {
        }
        status = put_filled(t.publisher, 16384, 2);
    }
    assert_ok(status);
    close_evicted(reader);
}
END_TEST

/* A publisher gave up; much later there is no slot again. A reader that had got past everything meanwhile is not to
 * blame for the time before: it has all of its own from now on. */
START_TEST(an_old_stall_is_forgiven) {
    const uint64_t after = 20000000;
    struct torc_reader *reader = open_evict(after, TORC_EVICTED_LOSSY);
    struct torc_ringptr kept[2];
    struct torc_reader_state state;
    uint64_t then;
    fill_slots(2);
    assert_status(put_filled(t.publisher, 16384, 2), TORC_WOULD_BLOCK);
    then = torc_now();
    for (uint32_t i = 0; i < 2; i++) {
        kept[i] = keep_next(reader); /* so the slots do not come back */
    }
    take_none(reader);
    while (torc_now() < then + after) {
        (void)sched_yield();
    }
    assert_ok(put(t.publisher, 7));
    assert_status(put_filled(t.publisher, 16384, 2), TORC_WOULD_BLOCK);
    assert_ok(torc_reader_state(reader, &state));
    ck_assert_uint_eq(state.evicted, 0);
    for (uint32_t i = 0; i < 2; i++) {
        assert_ok(torc_ringptr_release(kept[i]));
    }
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* The publisher gives up, waiting for a first reader; much later another joins, or the first goes back. False: this
 * took so long that even its own time would have been over. */
static bool back_to_an_old_stall(bool joins, uint64_t after) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT, .evict_after_ns = after, .join = TORC_JOIN_OLDEST};
    struct torc_reader *reader = open_evict(after, TORC_EVICTED_LOSSY);
    struct torc_reader_state state;
    uint64_t then = torc_now(), back;
    bool in_time;
    int status;
    fill_slots(2);
    status = put_filled(t.publisher, 16384, 2);
    if (status == TORC_OK && torc_now() - then >= after) {
        assert_ok(torc_reader_close(reader));
        return false; /* evicted within that call */
    }
    assert_status(status, TORC_WOULD_BLOCK);
    then = torc_now();
    take_filled(reader, 16384, 0);
    take_filled(reader, 16384, 1);
    take_none(reader);
    while (torc_now() < then + after) {
        (void)sched_yield();
    }
    back = torc_now();
    if (joins) {
        assert_ok(torc_reader_close(reader));
        assert_ok(torc_reader_open(t.topic, &config, &reader));
    } else {
        assert_ok(torc_reader_seek(reader, TORC_JOIN_OLDEST, 0));
    }
    (void)put_filled(t.publisher, 16384, 2);
    assert_ok(torc_reader_state(reader, &state));
    in_time = torc_now() - back < after;
    ck_assert(!in_time || state.evicted == 0);
    ck_assert(!in_time || state.lag == 2);
    assert_ok(torc_reader_close(reader));
    return in_time;
}

START_TEST(one_that_comes_back_to_an_old_stall_has_all_of_its_time) {
    uint64_t after = 1000000;
    while (!back_to_an_old_stall(_i == 0, after)) {
        after *= 2;
        teardown_world();
        setup_world();
    }
}
END_TEST

static void *publish_forever(void *unused) {
    (void)unused;
    return (void *)(intptr_t)torc_publish(t.publisher, 77, "7777777", 8);
}

/* The publisher sleeps for the sake of a reader that gates, without an end, when one that may be evicted goes back in
 * the lane. */
START_TEST(one_that_gets_in_the_way_later_is_evicted_too) {
    struct torc_reader *reader = open_evict((uint64_t)_i * 100000, TORC_EVICTED_LOSSY);
    const struct torc_waitpoint *space = t.publisher->pools[0].space;
    pthread_t thread;
    void *status;
    put_run(t.publisher, 0, LANE);
    take_run(reader, 0, LANE);
    take_none(reader);
    ck_assert_int_eq(pthread_create(&thread, NULL, publish_forever, NULL), 0);
    while (torc_load_relaxed32(&space->waiting) == 0) {
        (void)sched_yield();
    }
    assert_ok(torc_reader_seek(reader, TORC_JOIN_OLDEST, 0));
    take_run(t.reader, 0, LANE);
    assert_ok(torc_advance(t.reader));
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    assert_ok((int)(intptr_t)status);
    assert_ok(torc_reader_close(reader));
}
END_TEST

Suite *evict_suite(void) {
    Suite *suite = suite_create("evict");
    TCase *tcase = add_case(suite, "evicted", setup_world);
    tcase_add_test(tcase, before_its_time_is_over_an_evict_reader_gates);
    tcase_add_test(tcase, an_evicted_reader_is_told_and_goes_on_lossy);
    tcase_add_test(tcase, an_evicted_reader_leaves_if_that_was_agreed);
    tcase_add_test(tcase, a_poll_is_told_of_the_eviction_when_it_has_nothing_else_to_say);
    tcase_add_test(tcase, a_dry_pool_evicts_as_well);
    tcase_add_test(tcase, a_gating_reader_is_never_evicted);
    tcase_add_test(tcase, a_poll_of_one_that_leaves_is_told_once);
    tcase_add_loop_test(tcase, an_eviction_ends_a_drain, 0, 20);
    tcase_add_test(tcase, tries_that_find_no_slot_add_up);
    tcase_add_test(tcase, small_events_that_pass_give_it_no_time);
    tcase_add_test(tcase, an_old_stall_is_forgiven);
    tcase_add_loop_test(tcase, one_that_was_told_holds_nothing, 0, 2);
    tcase_add_loop_test(tcase, one_that_comes_back_to_an_old_stall_has_all_of_its_time, 0, 2);
    tcase_add_loop_test(tcase, one_that_gets_in_the_way_later_is_evicted_too, 0, 10);
    return suite;
}
