/* test_churn.c - publishers, readers, actors and buses that come and go far more often than there are places for them:
 * lanes, banks, cursors and keep pools are taken over, also by other topics. */
#include "helpers.h"
#include <string.h>

#define TIMES 200

START_TEST(publishers_come_and_go) {
    uint64_t i;
    for (i = 0; i < TIMES; i++) {
        assert_ok(put(t.publisher, i));
        assert_ok(put_filled(t.publisher, 300, (uint32_t)i));
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
        take(t.reader, i);
        take_filled(t.reader, 300, (uint32_t)i);
        take_none(t.reader);
    }
}
END_TEST

START_TEST(readers_come_and_go) {
    struct torc_reader *reader;
    uint64_t i;
    for (i = 0; i < TIMES; i++) {
        reader = open_reader(t.topic, TORC_JOIN_NEXT);
        assert_ok(put(t.publisher, i));
        take(t.reader, i);
        take(reader, i);
        take_none(reader);
        assert_ok(torc_reader_close(reader));
    }
}
END_TEST

static enum torc_action go_on(void *context, const struct torc_event *event) {
    (void)context;
    (void)event;
    return TORC_CONTINUE;
}

START_TEST(readers_leave_in_the_middle) {
    struct torc_reader *reader;
    uint64_t i;
    for (i = 0; i < TIMES; i++) {
        reader = open_reader(t.topic, TORC_JOIN_NEXT);
        put_run(t.publisher, 3 * i, 3);
        take_run(t.reader, 3 * i, 3);
        take_none(t.reader);
        take(reader, 3 * i);
        assert_ok(torc_reader_close(reader));
        reader = open_reader(t.topic, TORC_JOIN_OLDEST);
        ck_assert_int_eq(torc_poll(reader, go_on, NULL, 1), 1);
        assert_ok(torc_reader_close(reader));
    }
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 3 * TIMES);
}
END_TEST

START_TEST(publishers_leave_claims_behind) {
    struct torc_claim claim;
    uint64_t i;
    for (i = 0; i < TIMES; i++) {
        assert_ok(torc_try_claim(t.publisher, 1, i % 2 == 0 ? 8 : 1000, &claim));
        assert_ok(put(t.publisher, i));
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
        take(t.reader, i);
        take_none(t.reader);
    }
}
END_TEST

START_TEST(no_more_publishers_than_configured) {
    struct torc_publisher *publisher[3], *more = NULL;
    int i;
    for (i = 0; i < 3; i++) {
        publisher[i] = open_publisher(t.topic, TORC_DRY_FAIL);
    }
    assert_status(torc_publisher_open(t.topic, NULL, &more), TORC_NO_ROOM);
    ck_assert_ptr_null(more);
    assert_ok(torc_publisher_close(publisher[1]));
    publisher[1] = open_publisher(t.topic, TORC_DRY_FAIL);
    for (i = 0; i < 3; i++) {
        assert_ok(torc_publisher_close(publisher[i]));
    }
}
END_TEST

/* One publisher only, so that its lane must be taken over by whoever is next. */
static void open_single(void) {
    struct torc_config config = small_config();
    config.publishers = 1;
    open_world(&config);
}

START_TEST(an_undrained_lane_is_not_given_to_another_topic) {
    struct torc_topic *other;
    struct torc_publisher *publisher = NULL;
    open_single();
    other = open_topic("other");
    put_run(t.publisher, 0, 3);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    assert_status(torc_publisher_open(other, NULL, &publisher), TORC_NO_ROOM);
    ck_assert_ptr_null(publisher);
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    assert_ok(torc_publisher_open(other, NULL, &publisher));
    assert_ok(torc_publisher_close(publisher));
}
END_TEST

START_TEST(a_lane_moves_from_topic_to_topic) {
    struct torc_topic *topic[2];
    struct torc_reader *reader[2];
    uint64_t i, which;
    open_single();
    topic[0] = t.topic;
    topic[1] = open_topic("other");
    reader[0] = t.reader;
    reader[1] = open_reader(topic[1], TORC_JOIN_NEXT);
    assert_ok(torc_publisher_close(t.publisher));
    take_none(t.reader);
    for (i = 0; i < TIMES; i++) {
        which = i % 3 == 0;
        t.publisher = open_publisher(topic[which], TORC_DRY_FAIL);
        put_run(t.publisher, i, 5);
        assert_ok(put_filled(t.publisher, 5000, (uint32_t)i));
        take_run(reader[which], i, 5);
        take_filled(reader[which], 5000, (uint32_t)i);
        take_none(reader[0]);
        take_none(reader[1]);
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = NULL;
        take_none(reader[which]); /* sees the end of the lane */
    }
    assert_ok(torc_reader_close(reader[1]));
}
END_TEST

START_TEST(a_moved_lane_is_no_longer_gated_by_its_former_readers) {
    struct torc_topic *other;
    uint64_t i;
    open_single();
    other = open_topic("other");
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
    assert_ok(torc_publisher_close(t.publisher));
    take_none(t.reader);
    t.publisher = open_publisher(other, TORC_DRY_FAIL);
    for (i = 0; i < 5 * LANE; i++) {
        assert_ok(put(t.publisher, i));
    }
    take_none(t.reader);
}
END_TEST

START_TEST(a_moved_lane_is_unknown_to_later_readers_of_its_former_topic) {
    struct torc_reader_state state;
    struct torc_reader *reader;
    open_single();
    assert_ok(torc_publisher_close(t.publisher));
    take_none(t.reader);
    t.publisher = open_publisher(open_topic("other"), TORC_DRY_FAIL);
    put_run(t.publisher, 0, 3);
    reader = open_reader(t.topic, _i == 0 ? TORC_JOIN_NEXT : TORC_JOIN_OLDEST);
    put_run(t.publisher, 3, 5 * LANE);
    take_none(reader);
    assert_ok(torc_reader_state(reader, &state));
    ck_assert_uint_eq(state.lanes, 0);
    ck_assert_uint_eq(state.lag, 0);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(oldest_in_the_new_topic_sees_nothing_of_the_old_one) {
    struct torc_topic *other;
    struct torc_reader *reader;
    open_single();
    other = open_topic("other");
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
    assert_ok(torc_publisher_close(t.publisher));
    take_none(t.reader);
    t.publisher = open_publisher(other, TORC_DRY_FAIL);
    put_run(t.publisher, 100, 2);
    reader = open_reader(other, TORC_JOIN_OLDEST);
    take_run(reader, 100, 2);
    take_none(reader);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(a_bank_is_adopted_with_its_handles_out) {
    struct torc_ringptr held[2];
    uint32_t i;
    open_single();
    held[0] = claim_handle(16384);
    assert_ok(put_filled(t.publisher, 1000, 7));
    held[1] = keep_next(t.reader);
    for (i = 0; i < TIMES; i++) {
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
        assert_ok(put_filled(t.publisher, 16384, i));
        assert_ok(put_filled(t.publisher, 1000, i));
        take_filled(t.reader, 16384, i);
        take_filled(t.reader, 1000, i);
        take_none(t.reader);
    }
    ck_assert_uint_eq(outstanding(), 2);
    for (i = 0; i < 2; i++) {
        ck_assert(filled(torc_ringptr_data(held[i]), torc_ringptr_length(held[i]), 7));
        assert_ok(torc_ringptr_release(held[i]));
    }
}
END_TEST

START_TEST(a_new_publisher_goes_on_in_an_undrained_lane_of_its_topic) {
    uint32_t i;
    open_single();
    for (i = 0; i < LANE - 1; i++) {
        assert_ok(put(t.publisher, i));
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    }
    assert_ok(put(t.publisher, LANE - 1));
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
}
END_TEST

START_TEST(a_crowd_of_64_publishers_and_64_readers) {
    struct torc_config config = small_config();
    struct torc_publisher *publisher[64];
    struct torc_reader *reader[64];
    struct counted counted;
    int i, round;
    config.publishers = config.readers = 64;
    open_bus(&config);
    for (round = 0; round < 2; round++) {
        for (i = 0; i < 64; i++) {
            publisher[i] = open_publisher(t.topic, TORC_DRY_FAIL);
            reader[i] = open_reader(t.topic, TORC_JOIN_NEXT);
        }
        for (i = 0; i < 64; i++) {
            assert_ok(put(publisher[i], (uint64_t)i));
        }
        for (i = 0; i < 64; i++) {
            memset(&counted, 0, sizeof counted);
            ck_assert_int_eq(torc_poll(reader[i], count_events, &counted, 100), 64);
            ck_assert_uint_eq(counted.calls, 64);
        }
        for (i = 0; i < 64; i++) {
            assert_ok(torc_publisher_close(publisher[i]));
            assert_ok(torc_reader_close(reader[63 - i]));
        }
        assert_audit(t.bus);
    }
}
END_TEST

START_TEST(actors_come_and_go) {
    struct torc_actor_config config;
    struct torc_actor_stats stats;
    struct torc_actor *actor;
    int i;
    memset(&config, 0, sizeof config);
    config.on_message = ignore_message;
    config.mailbox = 3;
    for (i = 0; i < 70; i++) {
        assert_ok(torc_actor_start(t.bus, &config, &actor));
        assert_ok(torc_actor_send(actor, claim_handle(200), TORC_FOREVER));
        assert_ok(torc_actor_stop(actor, i % 2 == 0 ? TORC_STOP_DRAIN : TORC_STOP_DROP, &stats));
        ck_assert_uint_eq(stats.messages + stats.dropped, 1);
        ck_assert_uint_eq(outstanding(), 0);
    }
}
END_TEST

START_TEST(buses_come_and_go) {
    int i;
    for (i = 0; i < 70; i++) {
        setup_world();
        put_run(t.publisher, 0, LANE);
        take_run(t.reader, 0, 3);
        teardown_world();
    }
}
END_TEST

Suite *churn_suite(void) {
    Suite *suite = suite_create("churn");
    TCase *tcase = add_case(suite, "coming and going", setup_world);
    TCase *single = add_case(suite, "taking over", NULL);
    tcase_add_test(tcase, publishers_come_and_go);
    tcase_add_test(tcase, readers_come_and_go);
    tcase_add_test(tcase, readers_leave_in_the_middle);
    tcase_add_test(tcase, publishers_leave_claims_behind);
    tcase_add_test(tcase, no_more_publishers_than_configured);
    tcase_add_test(tcase, actors_come_and_go);
    tcase_add_test(single, an_undrained_lane_is_not_given_to_another_topic);
    tcase_add_test(single, a_lane_moves_from_topic_to_topic);
    tcase_add_test(single, a_moved_lane_is_no_longer_gated_by_its_former_readers);
    tcase_add_loop_test(single, a_moved_lane_is_unknown_to_later_readers_of_its_former_topic, 0, 2);
    tcase_add_test(single, oldest_in_the_new_topic_sees_nothing_of_the_old_one);
    tcase_add_test(single, a_bank_is_adopted_with_its_handles_out);
    tcase_add_test(single, a_new_publisher_goes_on_in_an_undrained_lane_of_its_topic);
    tcase_add_test(single, a_crowd_of_64_publishers_and_64_readers);
    tcase_add_test(single, buses_come_and_go);
    return suite;
}
