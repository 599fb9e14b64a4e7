/* test_corners.c - places where several parts meet, each once found wrong by reading: a census after aborts, an idle
 * reader whose lanes change, a waiting publisher in a pool larger than one sweep, an actor that sends to itself and
 * does not start, a drain beside a publisher that goes on. */
#include "helpers.h"
#include <string.h>

/* Aborts lower the count of allocations while the walk goes on; the census must stay inside its pool. */
START_TEST(aborted_claims_do_not_lead_the_census_astray) {
    struct torc_claim claim;
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(torc_claim(t.publisher, 1, 1000, &claim));
        assert_ok(torc_abort(t.publisher, &claim));
    }
    for (uint32_t i = 0; i < 20000; i++) {
        assert_ok(put_filled(t.publisher, 1000, i));
        take_filled(t.reader, 1000, i);
    }
    ck_assert_uint_ge(pool_stats(TORC_M).high_water, 1);
    ck_assert_uint_le(t.bus->pools[TORC_M].ctl->census_at, t.bus->pools[TORC_M].capacity);
}
END_TEST

/* Idle with one lane, then two: the shorter way of idle polls must not outlive the one lane. */
START_TEST(an_idle_reader_sees_all_lanes_after_one_more_came) {
    struct torc_publisher *second;
    take_none(t.reader);
    second = open_publisher(t.topic, TORC_DRY_FAIL);
    assert_ok(put(second, 1));
    take(t.reader, 1);
    assert_ok(torc_advance(t.reader));
    assert_ok(put(t.publisher, 2));
    take(t.reader, 2);
    assert_ok(put(second, 3));
    assert_ok(put(t.publisher, 4));
    ck_assert_int_eq(torc_wait_readable(t.reader, PAST), TORC_OK);
    for (uint32_t i = 0; i < 2; i++) {
        struct torc_event event;
        assert_ok(torc_next(t.reader, &event));
    }
    take_none(t.reader);
    assert_ok(torc_publisher_close(second));
}
END_TEST

START_TEST(an_idle_reader_notices_the_end_of_its_lane) {
    struct counted counted = {0, 0, 0};
    struct torc_publisher *elsewhere[4];
    put_run(t.publisher, 0, LANE);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, LANE), LANE);
    take_none(t.reader);
    assert_status(torc_wait_readable(t.reader, PAST), TORC_TIMED_OUT);
    for (uint32_t i = 0; i < 4; i++) {
        elsewhere[i] = open_publisher(open_topic("elsewhere"), TORC_DRY_FAIL);
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_ok(torc_publisher_close(elsewhere[i]));
    }
}
END_TEST

/* The first 4096 slots of the walk are held; the free ones lie beyond any number of sweeps that a short wait makes. */
START_TEST(a_publisher_that_waits_looks_at_every_slot) {
    static struct torc_ringptr held[8192];
    struct torc_config config = small_config();
    struct torc_ringptr ptr;
    config.slots[TORC_XS] = 8192;
    open_world(&config);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = open_publisher(t.topic, TORC_DRY_WAIT);
    for (uint32_t i = 0; i < 8192; i++) {
        assert_ok(torc_ringptr_claim(t.publisher, 1, 60, &held[i], NULL));
    }
    for (uint32_t i = 4096; i < 8192; i++) {
        assert_ok(torc_ringptr_release(held[i]));
    }
    assert_ok(torc_ringptr_claim(t.publisher, 1, 60, &ptr, NULL));
    assert_ok(torc_ringptr_release(ptr));
    for (uint32_t i = 0; i < 4096; i++) {
        assert_ok(torc_ringptr_release(held[i]));
    }
}
END_TEST

static int send_and_refuse(void *context, struct torc_actor *actor) {
    assert_ok(torc_actor_send(actor, *(struct torc_ringptr *)context, TORC_NO_WAIT));
    return TORC_NO_MEMORY;
}

START_TEST(an_actor_that_does_not_start_returns_what_it_was_sent) {
    struct torc_ringptr ptr = claim_handle(200);
    struct torc_actor_config config;
    struct torc_actor *actor = NULL;
    memset(&config, 0, sizeof config);
    config.context = &ptr;
    config.on_start = send_and_refuse;
    config.on_message = ignore_message;
    assert_status(torc_actor_start(t.bus, &config, &actor), TORC_NO_MEMORY);
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

/* Every event makes the actor publish another one: only the position at which the drain began can end it. */
static enum torc_action publish_again(void *context, struct torc_reader *reader, const struct torc_event *event) {
    (void)reader;
    assert_ok(put(context, number_of(event) + 1));
    return TORC_CONTINUE;
}

START_TEST(a_drain_ends_beside_a_publisher_that_goes_on) {
    struct torc_topic *topics[1] = {t.topic};
    struct torc_actor_config config;
    struct torc_actor_stats stats;
    struct torc_actor *actor;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    memset(&config, 0, sizeof config);
    config.context = t.publisher;
    config.on_event = publish_again;
    config.topics = topics;
    config.topic_count = 1;
    put_run(t.publisher, 0, 1);
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    assert_ok(put(t.publisher, 7));
}
END_TEST

Suite *corners_suite(void) {
    Suite *suite = suite_create("corners");
    TCase *tcase = add_case(suite, "meeting", setup_world);
    tcase_add_test(tcase, aborted_claims_do_not_lead_the_census_astray);
    tcase_add_test(tcase, an_idle_reader_sees_all_lanes_after_one_more_came);
    tcase_add_test(tcase, an_idle_reader_notices_the_end_of_its_lane);
    tcase_add_test(tcase, an_actor_that_does_not_start_returns_what_it_was_sent);
    tcase_add_test(tcase, a_drain_ends_beside_a_publisher_that_goes_on);
    tcase = add_case(suite, "larger", NULL);
    tcase_add_test(tcase, a_publisher_that_waits_looks_at_every_slot);
    return suite;
}
