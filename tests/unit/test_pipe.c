/* test_pipe.c - pipes between topics: chains, fan-out, fan-in, transformations, and how they end. */
#include "helpers.h"
#include <string.h>

static struct torc_pipe *start_pipe(struct torc_topic *from, struct torc_topic *to,
                                    const struct torc_pipe_config *config) {
    struct torc_pipe *pipe = NULL;
    assert_ok(torc_pipe_start(from, to, config, &pipe));
    return pipe;
}

static void take_waiting(struct torc_reader *reader, uint64_t number) {
    assert_ok(torc_wait_readable(reader, TORC_FOREVER));
    take(reader, number);
}

static const struct torc_pipe_config from_oldest = {.reader = {.join = TORC_JOIN_OLDEST}};

START_TEST(a_chain_passes_everything_in_order) {
    struct torc_topic *middle = open_topic("middle"), *end = open_topic("end");
    struct torc_reader *reader = open_reader(end, TORC_JOIN_NEXT);
    struct torc_pipe *first = start_pipe(t.topic, middle, NULL), *second = start_pipe(middle, end, NULL);
    struct torc_pipe_stats stats;
    for (uint64_t i = 0; i < 5 * LANE; i++) {
        assert_ok(put(t.publisher, i));
        take(t.reader, i);
        take_none(t.reader);
        take_waiting(reader, i);
        take_none(reader);
    }
    assert_ok(torc_pipe_stop(second)); /* counted is an event after it was seen */
    assert_ok(torc_pipe_stats(second, &stats));
    ck_assert_uint_eq(stats.passed, 5 * LANE);
    assert_ok(torc_pipe_stop(first));
    assert_ok(torc_pipe_stop(first));
    assert_ok(torc_pipe_join(first, TORC_FOREVER));
    assert_ok(torc_pipe_stats(first, &stats));
    ck_assert_int_eq(stats.ended, TORC_ENDED_STOPPED);
    assert_ok(torc_pipe_close(first));
    assert_ok(torc_pipe_close(second));
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(fan_out_and_fan_in) {
    struct torc_topic *left = open_topic("left"), *right = open_topic("right");
    struct torc_pipe *pipes[3];
    struct torc_reader *reader = open_reader(right, TORC_JOIN_NEXT);
    struct torc_event event;
    uint64_t sum = 0;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    pipes[0] = start_pipe(t.topic, left, NULL);
    pipes[1] = start_pipe(t.topic, right, NULL);
    pipes[2] = start_pipe(left, right, NULL);
    put_run(t.publisher, 1, 3);
    for (int i = 0; i < 6; i++) {
        assert_ok(torc_next_until(reader, &event, TORC_FOREVER));
        sum += number_of(&event);
    }
    ck_assert_uint_eq(sum, 12);
    take_none(reader);
    for (int i = 0; i < 3; i++) {
        assert_ok(torc_pipe_close(pipes[i]));
    }
    assert_ok(torc_reader_close(reader));
}
END_TEST

static size_t twice(void *context, const struct torc_event *event) {
    (void)context;
    return 2 * event->length;
}
static enum torc_pass double_odd(void *context, const struct torc_event *event, struct torc_claim *out) {
    (void)context;
    if (number_of(event) % 2 == 0) {
        return TORC_PASS_DROP;
    }
    ck_assert_uint_eq(out->length, 2 * event->length);
    memcpy(out->data, event->data, event->length);
    memcpy((unsigned char *)out->data + event->length, event->data, event->length);
    out->type = 77;
    return TORC_PASS;
}
START_TEST(a_transformation_sizes_drops_and_renames) {
    struct torc_pipe_config config = from_oldest;
    struct torc_topic *to = open_topic("to");
    struct torc_reader *reader = open_reader(to, TORC_JOIN_NEXT);
    struct torc_pipe_stats stats;
    struct torc_pipe *pipe;
    struct torc_event event;
    config.room = twice;
    config.transform = double_odd;
    put_run(t.publisher, 1, 4);
    pipe = start_pipe(t.topic, to, &config);
    for (uint64_t i = 1; i <= 3; i += 2) {
        uint64_t number;
        assert_ok(torc_next_until(reader, &event, TORC_FOREVER));
        ck_assert_uint_eq(event.type, 77);
        ck_assert_uint_eq(event.length, 16);
        memcpy(&number, (const unsigned char *)event.data + 8, sizeof number);
        ck_assert_uint_eq(number, i);
    }
    assert_ok(torc_pipe_stop(pipe));
    assert_ok(torc_pipe_stats(pipe, &stats));
    ck_assert_uint_eq(stats.passed, 2);
    ck_assert_uint_ge(stats.dropped, 1);
    assert_ok(torc_pipe_close(pipe));
    assert_ok(torc_reader_close(reader));
}
END_TEST

static enum torc_pass grow(void *context, const struct torc_event *event, struct torc_claim *out) {
    (void)context, (void)event;
    out->length += 1;
    return TORC_PASS;
}
START_TEST(a_transformation_that_writes_too_much_ends_it) {
    struct torc_pipe_config config = from_oldest;
    struct torc_topic *to = open_topic("to");
    struct torc_pipe_stats stats;
    struct torc_pipe *pipe;
    config.transform = grow;
    put_run(t.publisher, 1, 2);
    pipe = start_pipe(t.topic, to, &config);
    assert_ok(torc_pipe_join(pipe, TORC_FOREVER));
    assert_ok(torc_pipe_stats(pipe, &stats));
    assert_status(stats.status, TORC_INVALID);
    ck_assert_uint_eq(stats.passed, 0);
    assert_ok(torc_pipe_close(pipe));
}
END_TEST

/* The destination is full: the pipe waits, the source fills up, nothing is lost. */
START_TEST(back_pressure_goes_through) {
    struct torc_topic *to = open_topic("to");
    struct torc_reader *reader = open_reader(to, TORC_JOIN_NEXT);
    struct torc_pipe *pipe = start_pipe(t.topic, to, NULL);
    struct torc_pipe_stats stats = {.waits = 0};
    uint64_t sent = 0;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    while (stats.waits == 0) {
        sent += put(t.publisher, sent) == TORC_OK;
        assert_ok(torc_pipe_stats(pipe, &stats));
    }
    while (put(t.publisher, sent) == TORC_OK) {
        sent++;
    }
    ck_assert_uint_ge(sent, 2 * LANE - 1);
    for (uint64_t i = 0; i < sent; i++) {
        take_waiting(reader, i);
    }
    assert_ok(torc_pipe_close(pipe));
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(a_pipe_that_waits_can_be_stopped) {
    struct torc_topic *to = open_topic("to");
    struct torc_reader *reader = open_reader(to, TORC_JOIN_NEXT);
    struct torc_pipe *pipe = start_pipe(t.topic, to, NULL);
    struct torc_pipe_stats stats = {.waits = 0};
    for (uint64_t sent = 0; stats.waits == 0;) {
        if (put(t.publisher, sent) == TORC_OK) {
            take(t.reader, sent++);
            take_none(t.reader);
        }
        assert_ok(torc_pipe_stats(pipe, &stats));
    }
    assert_ok(torc_pipe_close(pipe));
    put_run(t.publisher, 0, LANE);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(a_closed_destination_ends_it) {
    struct torc_config config = small_config();
    struct torc_pipe_stats stats;
    struct torc_bus *other;
    struct torc_topic *to;
    struct torc_pipe *pipe;
    assert_ok(torc_bus_create(&config, &other));
    assert_ok(torc_topic_open(other, "to", 0, &to));
    pipe = start_pipe(t.topic, to, NULL);
    assert_ok(torc_bus_close(other));
    put_run(t.publisher, 0, 1);
    assert_ok(torc_pipe_join(pipe, TORC_FOREVER));
    assert_ok(torc_pipe_stats(pipe, &stats));
    assert_status(stats.status, TORC_CLOSED);
    assert_ok(torc_pipe_close(pipe));
    assert_ok(torc_bus_destroy(&other, NULL));
}
END_TEST

START_TEST(bad_pipes_are_refused) {
    struct torc_topic *to = open_topic("to");
    struct torc_pipe_config config = {.max_batch = 65537};
    struct torc_pipe_stats stats;
    struct torc_pipe *none = NULL;
    assert_status(torc_pipe_start(NULL, to, NULL, &none), TORC_INVALID);
    assert_status(torc_pipe_start(to, NULL, NULL, &none), TORC_INVALID);
    assert_status(torc_pipe_start(to, to, NULL, &none), TORC_INVALID);
    assert_status(torc_pipe_start(t.topic, to, NULL, NULL), TORC_INVALID);
    assert_status(torc_pipe_start(t.topic, to, &config, &none), TORC_INVALID);
    assert_status(torc_pipe_stop(NULL), TORC_INVALID);
    assert_status(torc_pipe_join(NULL, 0), TORC_INVALID);
    assert_status(torc_pipe_close(NULL), TORC_INVALID);
    assert_status(torc_pipe_stats(NULL, &stats), TORC_INVALID);
    ck_assert_ptr_null(none);
}
END_TEST

Suite *pipe_suite(void) {
    Suite *suite = suite_create("pipe");
    TCase *tcase = add_case(suite, "pipe", setup_world);
    tcase_add_test(tcase, a_chain_passes_everything_in_order);
    tcase_add_test(tcase, fan_out_and_fan_in);
    tcase_add_test(tcase, a_transformation_sizes_drops_and_renames);
    tcase_add_test(tcase, a_transformation_that_writes_too_much_ends_it);
    tcase_add_test(tcase, back_pressure_goes_through);
    tcase_add_test(tcase, a_pipe_that_waits_can_be_stopped);
    tcase_add_test(tcase, a_closed_destination_ends_it);
    tcase_add_test(tcase, bad_pipes_are_refused);
    return suite;
}
