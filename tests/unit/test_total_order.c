/* test_total_order.c - a topic of total order: its sequencer is the only way in, and there is one, however often it is
 * opened. */
#include "helpers.h"
#include <pthread.h>

static struct torc_sequencer *open_one(void) {
    struct torc_sequencer *sequencer = NULL;
    assert_ok(torc_sequencer_open(t.topic, NULL, &sequencer));
    return sequencer;
}

static int say(struct torc_sequencer *sequencer, uint64_t number) {
    return torc_sequencer_publish(sequencer, (uint32_t)number, &number, sizeof number, TORC_NO_WAIT, NULL);
}

static uint32_t publishers(void) {
    struct torc_bus_stats stats;
    assert_ok(torc_bus_stats(t.bus, &stats));
    return stats.publishers;
}

static struct torc_topic *ordinary(void) {
    struct torc_topic *topic = NULL;
    assert_ok(torc_topic_open(t.bus, "ordinary", 0, &topic));
    return topic;
}

START_TEST(there_is_no_other_way_in) {
    struct torc_publisher *publisher = NULL;
    struct torc_sequencer *sequencer = NULL;
    assert_status(torc_publisher_open(t.topic, NULL, &publisher), TORC_WRONG_END);
    assert_status(torc_sequencer_open(ordinary(), NULL, &sequencer), TORC_WRONG_END);
    ck_assert_ptr_null(publisher);
    ck_assert_ptr_null(sequencer);
    ck_assert_uint_eq(publishers(), 0);
}
END_TEST

static enum torc_verdict pass(void *context, struct torc_handler_thread *handler, const struct torc_event *event,
                              int last) {
    (void)context;
    (void)handler;
    (void)event;
    (void)last;
    return TORC_VERDICT_OK;
}

/* What opens a publisher by itself takes no lane either, and leaves no reader behind. */
START_TEST(nor_through_what_opens_publishers) {
    struct torc_pipe_config piping = {.name = "pipe"};
    struct torc_handler_config handling = {.on_event = pass, .dead_letters = t.topic};
    struct torc_requester *requester = NULL;
    struct torc_handler_thread *handler = NULL;
    struct torc_pipe *pipe = NULL;
    struct torc_bus_stats stats;
    assert_status(torc_requester_open(t.topic, ordinary(), 1, &requester), TORC_WRONG_END);
    assert_status(torc_handler_start(ordinary(), &handling, &handler), TORC_WRONG_END);
    assert_status(torc_pipe_start(ordinary(), t.topic, &piping, &pipe), TORC_WRONG_END);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.publishers, 0);
    ck_assert_uint_eq(stats.readers, 1);
}
END_TEST

START_TEST(everybody_opens_the_same_one) {
    struct torc_publisher *others[3];
    struct torc_sequencer *first = open_one();
    struct torc_claim claim;
    for (int i = 0; i < 3; i++) {
        others[i] = open_publisher(ordinary(), TORC_DRY_FAIL);
    }
    ck_assert_ptr_eq(open_one(), first);
    ck_assert_ptr_eq(open_one(), first);
    ck_assert_uint_eq(publishers(), 4);
    assert_ok(torc_sequencer_claim(first, 1, 8, TORC_NO_WAIT, &claim));
    assert_ok(torc_sequencer_close(first));
    assert_ok(torc_sequencer_close(first));
    assert_ok(say(first, 2));
    assert_ok(torc_sequencer_abort(first, &claim));
    take(t.reader, 2);
    ck_assert_uint_eq(publishers(), 4);
    assert_ok(torc_sequencer_claim(first, 1, 8, TORC_NO_WAIT, &claim));
    assert_ok(say(first, 3));
    take_none(t.reader);
    assert_ok(torc_sequencer_close(first));
    take(t.reader, 3);
    ck_assert_uint_eq(publishers(), 3);
    for (int i = 0; i < 3; i++) {
        assert_ok(torc_publisher_close(others[i]));
    }
}
END_TEST

START_TEST(an_opening_keeps_the_bus) {
    struct torc_sequencer *first = open_one();
    struct torc_bus *bus = t.bus;
    (void)open_one();
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_sequencer_close(first));
    assert_status(torc_bus_destroy(&bus, NULL), TORC_BUSY);
    assert_ok(torc_sequencer_close(first));
}
END_TEST

START_TEST(a_closed_bus_opens_none) {
    struct torc_sequencer *first = open_one(), *second = NULL;
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_sequencer_open(t.topic, NULL, &second), TORC_CLOSED);
    assert_ok(torc_sequencer_close(first));
    assert_status(torc_sequencer_open(t.topic, NULL, &second), TORC_CLOSED);
    ck_assert_ptr_null(second);
}
END_TEST

START_TEST(without_a_lane_there_is_none) {
    struct torc_publisher *others[4];
    struct torc_sequencer *first = NULL;
    for (int i = 0; i < 4; i++) {
        others[i] = open_publisher(ordinary(), TORC_DRY_FAIL);
    }
    assert_status(torc_sequencer_open(t.topic, NULL, &first), TORC_NO_ROOM);
    assert_ok(torc_publisher_close(others[0]));
    first = open_one();
    assert_ok(torc_sequencer_close(first));
    for (int i = 1; i < 4; i++) {
        assert_ok(torc_publisher_close(others[i]));
    }
}
END_TEST

enum { VISITORS = 3, VISITS = 300 };

static void *visit(void *number) {
    intptr_t failed = 0;
    for (int i = 0; i < VISITS; i++) {
        struct torc_sequencer *sequencer = NULL;
        failed += torc_sequencer_open(t.topic, NULL, &sequencer) != TORC_OK ||
                  torc_sequencer_publish(sequencer, 1, &number, sizeof number, TORC_FOREVER, NULL) != TORC_OK ||
                  torc_sequencer_close(sequencer) != TORC_OK;
    }
    return (void *)failed;
}

/* Whoever is the first or the last of the moment: it is always the same lane, and its sequences go on. */
START_TEST(openings_race) {
    pthread_t threads[VISITORS];
    struct torc_event event;
    uint64_t next = 0;
    void *failed;
    for (uintptr_t i = 0; i < VISITORS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, (void *)i), 0);
    }
    for (int i = 0; i < VISITORS * VISITS; i++) {
        assert_ok(torc_next_until(t.reader, &event, TORC_FOREVER));
        ck_assert_uint_eq(event.lane, 0);
        ck_assert(i == 0 || event.sequence == next);
        next = event.sequence + 1;
    }
    for (int i = 0; i < VISITORS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(publishers(), 0);
}
END_TEST

Suite *total_order_suite(void) {
    Suite *suite = suite_create("total_order");
    TCase *tcase = add_case(suite, "total_order", setup_order);
    tcase_add_test(tcase, there_is_no_other_way_in);
    tcase_add_test(tcase, nor_through_what_opens_publishers);
    tcase_add_test(tcase, everybody_opens_the_same_one);
    tcase_add_test(tcase, an_opening_keeps_the_bus);
    tcase_add_test(tcase, a_closed_bus_opens_none);
    tcase_add_test(tcase, without_a_lane_there_is_none);
    tcase_add_test(tcase, openings_race);
    return suite;
}
