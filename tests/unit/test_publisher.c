/* test_publisher.c - publishing one by one: order, the full lane, who gates it, and what a publisher leaves behind. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>

START_TEST(events_arrive_in_the_order_they_were_published) {
    uint64_t i;
    for (i = 0; i < 10 * LANE; i += 5) {
        put_run(t.publisher, i, 5);
        take_run(t.reader, i, 5);
        take_none(t.reader);
    }
}
END_TEST

START_TEST(an_empty_event_is_an_event) {
    struct torc_event event;
    assert_ok(torc_publish(t.publisher, 5, NULL, 0));
    assert_ok(torc_publish(t.publisher, 6, "", 0));
    assert_ok(torc_next(t.reader, &event));
    ck_assert_uint_eq(event.length, 0);
    ck_assert_uint_eq(event.type, 5);
    assert_ok(torc_next(t.reader, &event));
    ck_assert_uint_eq(event.type, 6);
    take_none(t.reader);
}
END_TEST

START_TEST(every_type_value_passes) {
    static const uint32_t types[] = {0, 1, UINT32_C(0x7FFFFFFF), UINT32_C(0x80000000), UINT32_MAX};
    struct torc_event event;
    size_t length = _i == 0 ? 3 : 300, i;
    char data[300] = {0};
    for (i = 0; i < 5; i++) {
        assert_ok(torc_try_publish(t.publisher, types[i], data, length));
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(event.type, types[i]);
        ck_assert_uint_eq(event.length, length);
    }
}
END_TEST

START_TEST(the_data_may_change_after_publish_returned) {
    uint64_t number = 1;
    assert_ok(torc_publish(t.publisher, 1, &number, sizeof number));
    number = 99;
    take(t.reader, 1);
}
END_TEST

/* Lengths known at compile time may be copied in another way than others, on the inline path and off it. */
#define PUBLISH_CONSTANT(size)                                                                                         \
    do {                                                                                                               \
        struct {                                                                                                       \
            unsigned char bytes[size];                                                                                 \
        } value;                                                                                                       \
        fill(&value, sizeof value, size);                                                                              \
        assert_ok(torc_publish_struct(t.publisher, size, &value));                                                     \
        memset(&value, 0, sizeof value);                                                                               \
        assert_ok(torc_try_claim(t.publisher, 0, 0, &claim));                                                          \
        fill(&value, sizeof value, size + 100);                                                                        \
        assert_ok(torc_publish_struct(t.publisher, size + 100, &value));                                               \
        assert_ok(torc_abort(t.publisher, &claim));                                                                    \
        take_filled(t.reader, size, size);                                                                             \
        take_filled(t.reader, size, size + 100);                                                                       \
        assert_ok(torc_advance(t.reader));                                                                             \
    } while (0)

START_TEST(structs_of_constant_size_arrive_whole) {
    struct torc_claim claim;
    PUBLISH_CONSTANT(1);
    PUBLISH_CONSTANT(3);
    PUBLISH_CONSTANT(7);
    PUBLISH_CONSTANT(8);
    PUBLISH_CONSTANT(12);
    PUBLISH_CONSTANT(16);
    PUBLISH_CONSTANT(24);
    PUBLISH_CONSTANT(40);
    PUBLISH_CONSTANT(47);
    PUBLISH_CONSTANT(48);
    PUBLISH_CONSTANT(49);
    PUBLISH_CONSTANT(56);
    PUBLISH_CONSTANT(64);
    PUBLISH_CONSTANT(1024);
}
END_TEST

START_TEST(a_lane_holds_exactly_its_entries) {
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    take(t.reader, 0);
    assert_ok(torc_advance(t.reader));
    assert_ok(put(t.publisher, LANE));
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    take_run(t.reader, 1, LANE);
    take_none(t.reader);
}
END_TEST

START_TEST(a_full_lane_leaves_no_gap_and_no_loss) {
    uint64_t number = 99;
    struct torc_event event;
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    assert_status(torc_publish_until(t.publisher, 99, &number, sizeof number, PAST), TORC_TIMED_OUT);
    assert_status(torc_publish_until(t.publisher, 99, &number, sizeof number, torc_deadline_ms(2)), TORC_TIMED_OUT);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), LANE);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    assert_ok(put(t.publisher, LANE));
    assert_ok(torc_next(t.reader, &event));
    ck_assert_uint_eq(event.sequence, LANE);
    ck_assert_uint_eq(number_of(&event), LANE);
}
END_TEST

START_TEST(a_full_lane_counts_as_a_stall) {
    put_run(t.publisher, 0, LANE);
    ck_assert_uint_eq(torc_publisher_stalls(t.publisher), 0);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(torc_publisher_stalls(t.publisher), 2);
}
END_TEST

START_TEST(without_a_reader_nothing_blocks) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    put_run(t.publisher, 0, 20 * LANE);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 20 * LANE);
    ck_assert_uint_eq(torc_publisher_stalls(t.publisher), 0);
}
END_TEST

START_TEST(the_slowest_reader_gates) {
    struct torc_reader *slow = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    take_run(slow, 0, 3);
    assert_ok(torc_advance(slow));
    put_run(t.publisher, LANE, 3);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    take_run(slow, 3, LANE);
    take_run(t.reader, LANE, 3);
    assert_ok(torc_reader_close(slow));
}
END_TEST

START_TEST(a_reader_that_leaves_lifts_its_gate) {
    struct torc_reader *slow = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    assert_ok(torc_reader_close(slow));
    put_run(t.publisher, LANE, LANE);
    take_run(t.reader, LANE, LANE);
}
END_TEST

START_TEST(publishers_have_lanes_of_their_own) {
    struct torc_publisher *second = open_publisher(t.topic, TORC_DRY_FAIL);
    struct torc_event event[2];
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    assert_ok(put(second, 1000));
    assert_ok(torc_next(t.reader, &event[0]));
    while (torc_next(t.reader, &event[1]) == TORC_OK && event[1].lane == event[0].lane) {
    }
    ck_assert_uint_ne(event[0].lane, event[1].lane);
    ck_assert_uint_lt(event[0].lane, TORC_MAX_PUBLISHERS);
    ck_assert_uint_lt(event[1].lane, TORC_MAX_PUBLISHERS);
    assert_ok(torc_publisher_close(second));
}
END_TEST

START_TEST(each_publisher_keeps_its_order) {
    struct torc_publisher *publisher[4] = {t.publisher, NULL, NULL, NULL};
    uint64_t next[4] = {0}, number, i, k;
    struct torc_event event;
    for (k = 1; k < 4; k++) {
        publisher[k] = open_publisher(t.topic, TORC_DRY_FAIL);
    }
    for (i = 0; i < 50; i++) {
        for (k = 0; k < 4; k++) {
            assert_ok(put(publisher[k], k * 1000 + i));
        }
        while (torc_next(t.reader, &event) == TORC_OK) {
            number = number_of(&event);
            ck_assert_uint_eq(number % 1000, next[number / 1000]++);
        }
    }
    for (k = 0; k < 4; k++) {
        ck_assert_uint_eq(next[k], 50);
        if (k > 0) {
            assert_ok(torc_publisher_close(publisher[k]));
        }
    }
}
END_TEST

START_TEST(what_a_closed_publisher_wrote_is_still_read) {
    put_run(t.publisher, 0, 5);
    assert_ok(put_filled(t.publisher, 1000, 6));
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    take_run(t.reader, 0, 5);
    take_filled(t.reader, 1000, 6);
    take_none(t.reader);
}
END_TEST

START_TEST(a_later_publisher_is_read_from_its_first_event) {
    struct torc_publisher *later;
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
    later = open_publisher(t.topic, TORC_DRY_FAIL);
    put_run(later, 100, 4);
    take_run(t.reader, 100, 4);
    take_none(t.reader);
    assert_ok(torc_publisher_close(later));
}
END_TEST

START_TEST(sequence_counts_what_was_taken) {
    struct torc_claim claim;
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    put_run(t.publisher, 0, 3);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 3);
    assert_ok(torc_claim(t.publisher, 1, 8, &claim));
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 4);
    assert_ok(torc_commit(t.publisher, &claim));
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 4);
}
END_TEST

START_TEST(a_topic_without_inlining_puts_small_events_into_slots) {
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(torc_topic_open(t.bus, "slots only", TORC_TOPIC_NO_INLINE, &topic));
    publisher = open_publisher(topic, TORC_DRY_FAIL);
    reader = open_reader(topic, TORC_JOIN_NEXT);
    assert_ok(put_filled(publisher, 10, 3));
    assert_ok(torc_publish(publisher, 4, NULL, 0));
    ptr = keep_next(reader);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 2);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_XS);
    ck_assert(filled(torc_ringptr_data(ptr), 10, 3));
    assert_ok(torc_ringptr_release(ptr));
    take_filled(reader, 0, 4);
    assert_ok(torc_reader_close(reader));
    assert_ok(torc_publisher_close(publisher));
}
END_TEST

struct writer {
    struct torc_publisher *publisher;
    uint64_t count;
    int status;
};

static void *write_numbers(void *context) {
    struct writer *writer = context;
    uint64_t i;
    for (i = 0; i < writer->count && writer->status == TORC_OK; i++) {
        writer->status = torc_publish(writer->publisher, (uint32_t)i, &i, sizeof i);
    }
    return NULL;
}

START_TEST(a_publisher_waits_for_space_by_every_strategy) {
    struct torc_publisher_config config = {(enum torc_wait)_i, TORC_DRY_WAIT};
    struct writer writer = {NULL, 200, TORC_OK};
    struct torc_event event;
    pthread_t thread;
    uint64_t i;
    assert_ok(torc_publisher_close(t.publisher));
    assert_ok(torc_publisher_open(t.topic, &config, &t.publisher));
    writer.publisher = t.publisher;
    ck_assert_int_eq(pthread_create(&thread, NULL, write_numbers, &writer), 0);
    while (torc_publisher_stalls(t.publisher) == 0) {
        sched_yield();
    }
    for (i = 0; i < writer.count; i++) {
        assert_ok(torc_next_until(t.reader, &event, TORC_FOREVER));
        ck_assert_uint_eq(number_of(&event), i);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(writer.status, TORC_OK);
}
END_TEST

START_TEST(closing_the_bus_wakes_a_publisher_that_waits_for_space) {
    struct torc_publisher_config config = {(enum torc_wait)_i, TORC_DRY_WAIT};
    struct writer writer = {NULL, LANE + 1, TORC_OK};
    pthread_t thread;
    assert_ok(torc_publisher_close(t.publisher));
    assert_ok(torc_publisher_open(t.topic, &config, &t.publisher));
    writer.publisher = t.publisher;
    ck_assert_int_eq(pthread_create(&thread, NULL, write_numbers, &writer), 0);
    while (torc_publisher_stalls(t.publisher) == 0) {
        sched_yield();
    }
    assert_ok(torc_bus_close(t.bus));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(writer.status, TORC_CLOSED);
    take_run(t.reader, 0, LANE);
}
END_TEST

Suite *publisher_suite(void) {
    Suite *suite = suite_create("publisher");
    TCase *tcase = add_case(suite, "publish", setup_world);
    tcase_add_test(tcase, events_arrive_in_the_order_they_were_published);
    tcase_add_test(tcase, an_empty_event_is_an_event);
    tcase_add_loop_test(tcase, every_type_value_passes, 0, 2);
    tcase_add_test(tcase, the_data_may_change_after_publish_returned);
    tcase_add_test(tcase, structs_of_constant_size_arrive_whole);
    tcase_add_test(tcase, a_lane_holds_exactly_its_entries);
    tcase_add_test(tcase, a_full_lane_leaves_no_gap_and_no_loss);
    tcase_add_test(tcase, a_full_lane_counts_as_a_stall);
    tcase_add_test(tcase, without_a_reader_nothing_blocks);
    tcase_add_test(tcase, the_slowest_reader_gates);
    tcase_add_test(tcase, a_reader_that_leaves_lifts_its_gate);
    tcase_add_test(tcase, publishers_have_lanes_of_their_own);
    tcase_add_test(tcase, each_publisher_keeps_its_order);
    tcase_add_test(tcase, what_a_closed_publisher_wrote_is_still_read);
    tcase_add_test(tcase, a_later_publisher_is_read_from_its_first_event);
    tcase_add_test(tcase, sequence_counts_what_was_taken);
    tcase_add_test(tcase, a_topic_without_inlining_puts_small_events_into_slots);
    tcase_add_loop_test(tcase, a_publisher_waits_for_space_by_every_strategy, TORC_WAIT_BLOCK, TORC_WAIT_BACKOFF + 1);
    tcase_add_loop_test(tcase, closing_the_bus_wakes_a_publisher_that_waits_for_space, TORC_WAIT_BLOCK,
                        TORC_WAIT_BACKOFF + 1);
    return suite;
}
