/* test_evict.c - EVICT readers: what a poll says, what drains and other publishers learn, and how a publisher's time is counted. */
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

/* Each call finds room in the lane and no slot: its time goes on from one call to the next. */
START_TEST(tries_that_find_no_slot_add_up) {
    struct torc_reader *reader = open_evict(1000000, TORC_EVICTED_LOSSY);
    struct torc_reader_state state = {0};
    int status;
    close_gate();
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = open_publisher(t.topic, TORC_DRY_WAIT);
    for (uint32_t i = 0; i < 2; i++) { /* all of them */
        assert_ok(put_filled(t.publisher, 16384, i));
    }
    while ((status = put_filled(t.publisher, 16384, 2)) == TORC_WOULD_BLOCK) {
        (void)sched_yield();
    }
    assert_ok(status);
    assert_ok(torc_reader_state(reader, &state));
    ck_assert_uint_eq(state.evicted, 1);
    assert_ok(torc_reader_close(reader));
}
END_TEST

Suite *evict_suite(void) {
    Suite *suite = suite_create("evict");
    TCase *tcase = add_case(suite, "evicted", setup_world);
    tcase_add_test(tcase, a_poll_of_one_that_leaves_is_told_once);
    tcase_add_loop_test(tcase, an_eviction_ends_a_drain, 0, 20);
    tcase_add_test(tcase, tries_that_find_no_slot_add_up);
    return suite;
}
