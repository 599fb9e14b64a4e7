/* test_arguments.c - NULL and bad arguments for every public function: a clear answer, and nothing changes. */
#include "helpers.h"
#include <limits.h>
#include <string.h>

START_TEST(config_functions_refuse_null) {
    struct torc_config config = small_config();
    struct torc_bus_bytes bytes;
    const char *what = NULL;
    assert_status(torc_config_preset(NULL, &config), TORC_INVALID);
    assert_status(torc_config_preset("default", NULL), TORC_INVALID);
    assert_status(torc_config_check(NULL, &what), TORC_INVALID);
    ck_assert_ptr_nonnull(what);
    assert_status(torc_config_check(NULL, NULL), TORC_INVALID);
    ck_assert_uint_eq(torc_bus_size(NULL), 0);
    assert_status(torc_bus_size_table(NULL, &bytes), TORC_INVALID);
    assert_status(torc_bus_size_table(&config, NULL), TORC_INVALID);
}
END_TEST

START_TEST(bus_functions_refuse_null) {
    struct torc_config config = small_config();
    struct torc_bus *none = NULL;
    struct torc_bus_stats stats;
    struct torc_pool_stats pool;
    uint64_t held = 99;
    assert_status(torc_bus_create(&config, NULL), TORC_INVALID);
    assert_status(torc_bus_create(NULL, NULL), TORC_INVALID);
    assert_status(torc_bus_close(NULL), TORC_INVALID);
    assert_status(torc_bus_drain(NULL, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_bus_destroy(NULL, &held), TORC_INVALID);
    assert_status(torc_bus_destroy(&none, &held), TORC_INVALID);
    ck_assert_uint_eq(held, 99);
    assert_status(torc_bus_stats(NULL, &stats), TORC_INVALID);
    assert_status(torc_bus_stats(t.bus, NULL), TORC_INVALID);
    assert_status(torc_bus_pool_stats(NULL, TORC_XS, &pool), TORC_INVALID);
    assert_status(torc_bus_pool_stats(t.bus, TORC_XS, NULL), TORC_INVALID);
    assert_status(torc_bus_keep_stats(NULL, &pool), TORC_INVALID);
    assert_status(torc_bus_keep_stats(t.bus, NULL), TORC_INVALID);
    assert_status(torc_audit(NULL, NULL), TORC_INVALID);
}
END_TEST

START_TEST(a_bus_that_never_was_is_refused) {
    struct torc_bus impostor;
    struct torc_bus *handle = &impostor;
    struct torc_topic *topic = NULL;
    memset(&impostor, 0, sizeof impostor);
    assert_status(torc_bus_close(&impostor), TORC_INVALID);
    assert_status(torc_bus_destroy(&handle, NULL), TORC_INVALID);
    assert_status(torc_audit(&impostor, NULL), TORC_INVALID);
    assert_status(torc_topic_open(&impostor, "t", 0, &topic), TORC_INVALID);
}
END_TEST

START_TEST(a_shirt_that_does_not_exist_is_refused) {
    static const uint32_t shirts[] = {TORC_XXL + 1, 100, UINT32_MAX};
    struct torc_pool_stats pool;
    size_t i;
    for (i = 0; i < 3; i++) {
        assert_status(torc_bus_pool_stats(t.bus, shirts[i], &pool), TORC_INVALID);
        assert_status(torc_publisher_pool_stats(t.publisher, shirts[i], &pool), TORC_INVALID);
    }
    assert_ok(torc_bus_pool_stats(t.bus, TORC_XXL, &pool));
}
END_TEST

START_TEST(topic_functions_refuse_null) {
    struct torc_topic *topic = NULL;
    assert_status(torc_topic_open(NULL, "x", 0, &topic), TORC_INVALID);
    assert_status(torc_topic_open(t.bus, NULL, 0, &topic), TORC_INVALID);
    assert_status(torc_topic_open(t.bus, "x", 0, NULL), TORC_INVALID);
    assert_status(torc_topic_find(NULL, "t", &topic), TORC_INVALID);
    assert_status(torc_topic_find(t.bus, NULL, &topic), TORC_INVALID);
    assert_status(torc_topic_find(t.bus, "t", NULL), TORC_INVALID);
    ck_assert_ptr_null(topic);
    ck_assert_ptr_null(torc_topic_name(NULL));
    ck_assert_ptr_null(torc_topic_bus(NULL));
}
END_TEST

START_TEST(publisher_control_refuses_null) {
    struct torc_publisher *publisher = NULL;
    struct torc_pool_stats pool;
    assert_status(torc_publisher_open(NULL, NULL, &publisher), TORC_INVALID);
    assert_status(torc_publisher_open(t.topic, NULL, NULL), TORC_INVALID);
    assert_status(torc_publisher_close(NULL), TORC_INVALID);
    assert_status(torc_publisher_pool_stats(NULL, TORC_XS, &pool), TORC_INVALID);
    assert_status(torc_publisher_pool_stats(t.publisher, TORC_XS, NULL), TORC_INVALID);
    ck_assert_uint_eq(torc_publisher_sequence(NULL), 0);
    ck_assert_uint_eq(torc_publisher_stalls(NULL), 0);
    ck_assert_ptr_null(publisher);
}
END_TEST

START_TEST(unknown_policies_are_refused) {
    struct torc_publisher_config waits = {(enum torc_wait)77, TORC_DRY_WAIT};
    struct torc_publisher_config dries = {TORC_WAIT_BLOCK, (enum torc_dry)77};
    struct torc_reader_config reads = {.wait = (enum torc_wait)77, .join = TORC_JOIN_NEXT, .manual_advance = 0};
    struct torc_reader_config joins = {.wait = TORC_WAIT_BLOCK, .join = (enum torc_join)77, .manual_advance = 0};
    struct torc_publisher *publisher = NULL;
    struct torc_reader *reader = NULL;
    assert_status(torc_publisher_open(t.topic, &waits, &publisher), TORC_INVALID);
    assert_status(torc_publisher_open(t.topic, &dries, &publisher), TORC_INVALID);
    assert_status(torc_reader_open(t.topic, &reads, &reader), TORC_INVALID);
    assert_status(torc_reader_open(t.topic, &joins, &reader), TORC_INVALID);
    ck_assert_ptr_null(publisher);
    ck_assert_ptr_null(reader);
}
END_TEST

START_TEST(publishing_refuses_null) {
    struct torc_message message = {"x", 1, 1};
    size_t published = 99;
    assert_status(torc_publish(NULL, 1, "x", 1), TORC_INVALID);
    assert_status(torc_try_publish(NULL, 1, "x", 1), TORC_INVALID);
    assert_status(torc_publish_until(NULL, 1, "x", 1, PAST), TORC_INVALID);
    assert_status(torc_publish(t.publisher, 1, NULL, 1), TORC_INVALID);
    assert_status(torc_publish(t.publisher, 1, NULL, 1000), TORC_INVALID);
    assert_status(torc_try_publish(t.publisher, 1, NULL, 48), TORC_INVALID);
    assert_status(torc_publish_until(t.publisher, 1, NULL, 49, PAST), TORC_INVALID);
    assert_status(torc_publish_batch(NULL, &message, 1, &published), TORC_INVALID);
    ck_assert_uint_eq(published, 0);
    assert_status(torc_publish_batch(t.publisher, NULL, 1, &published), TORC_INVALID);
    assert_status(torc_try_publish_batch(t.publisher, NULL, 1, NULL), TORC_INVALID);
    assert_status(torc_publish_batch_until(t.publisher, NULL, 1, PAST, NULL), TORC_INVALID);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    take_none(t.reader);
}
END_TEST

START_TEST(claiming_refuses_null) {
    struct torc_claim claim;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_status(torc_claim(NULL, 1, 1, &claim), TORC_INVALID);
    assert_status(torc_try_claim(NULL, 1, 1, &claim), TORC_INVALID);
    assert_status(torc_claim_until(NULL, 1, 1, PAST, &claim), TORC_INVALID);
    assert_status(torc_claim(t.publisher, 1, 1, NULL), TORC_INVALID);
    assert_status(torc_try_claim(t.publisher, 1, 1, NULL), TORC_INVALID);
    assert_status(torc_claim_batch(NULL, 1, 1, &claim, 1), TORC_INVALID);
    assert_status(torc_claim_batch(t.publisher, 1, 1, NULL, 1), TORC_INVALID);
    assert_status(torc_try_claim_batch(t.publisher, 1, 1, NULL, 1), TORC_INVALID);
    assert_status(torc_claim_batch_until(t.publisher, 1, 1, NULL, 1, PAST), TORC_INVALID);
    assert_status(torc_ringptr_claim(NULL, 1, 1, &ptr, NULL), TORC_INVALID);
    assert_status(torc_ringptr_claim(t.publisher, 1, 1, NULL, NULL), TORC_INVALID);
    assert_status(torc_ringptr_claim_until(NULL, 1, 1, PAST, &ptr, NULL), TORC_INVALID);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(settling_refuses_what_was_never_claimed) {
    struct torc_claim claim;
    assert_status(torc_commit(t.publisher, NULL), TORC_INVALID);
    assert_status(torc_abort(t.publisher, NULL), TORC_INVALID);
    memset(&claim, 0, sizeof claim);
    assert_status(torc_commit(t.publisher, &claim), TORC_INVALID);
    assert_status(torc_abort(t.publisher, &claim), TORC_INVALID);
    memset(&claim, 0xFF, sizeof claim);
    assert_status(torc_commit(t.publisher, &claim), TORC_INVALID);
    assert_status(torc_abort(t.publisher, &claim), TORC_INVALID);
    assert_status(torc_commit_batch(t.publisher, NULL, 1), TORC_INVALID);
    assert_status(torc_abort_batch(t.publisher, NULL, 1), TORC_INVALID);
    take_none(t.reader);
}
END_TEST

START_TEST(settling_without_a_publisher_keeps_the_claim_open) {
    struct torc_claim claim;
    assert_ok(torc_claim(t.publisher, 1, 0, &claim));
    assert_status(torc_commit(NULL, &claim), TORC_INVALID);
    assert_status(torc_abort(NULL, &claim), TORC_INVALID);
    assert_status(torc_commit_batch(NULL, &claim, 1), TORC_INVALID);
    assert_status(torc_abort_batch(NULL, &claim, 1), TORC_INVALID);
    assert_ok(torc_commit(t.publisher, &claim));
    take_filled(t.reader, 0, 1);
}
END_TEST

START_TEST(a_claim_with_a_forged_sequence_is_refused) {
    static const uint64_t shifts[] = {1, 2, LANE, UINT64_C(1) << 63, UINT64_MAX};
    struct torc_claim claim, forged;
    size_t i;
    put_run(t.publisher, 0, 2);
    assert_ok(torc_claim(t.publisher, 1, 0, &claim));
    for (i = 0; i < 5; i++) {
        forged = claim;
        forged.sequence += shifts[i];
        assert_status(torc_commit(t.publisher, &forged), TORC_INVALID);
        assert_status(torc_abort(t.publisher, &forged), TORC_INVALID);
    }
    assert_ok(torc_commit(t.publisher, &claim));
    take_run(t.reader, 0, 2);
    take_filled(t.reader, 0, 1);
}
END_TEST

START_TEST(reader_control_refuses_null) {
    struct torc_reader *reader = NULL;
    struct torc_reader_state state;
    assert_status(torc_reader_open(NULL, NULL, &reader), TORC_INVALID);
    assert_status(torc_reader_open(t.topic, NULL, NULL), TORC_INVALID);
    assert_status(torc_reader_detach(NULL), TORC_INVALID);
    assert_status(torc_reader_close(NULL), TORC_INVALID);
    assert_status(torc_reader_state(NULL, &state), TORC_INVALID);
    assert_status(torc_reader_state(t.reader, NULL), TORC_INVALID);
    ck_assert_ptr_null(reader);
}
END_TEST

START_TEST(reading_refuses_null) {
    struct counted counted = {0, 0, 0};
    struct torc_event event;
    put_run(t.publisher, 0, 1);
    assert_status(torc_next(NULL, &event), TORC_INVALID);
    assert_status(torc_next(t.reader, NULL), TORC_INVALID);
    assert_status(torc_next_until(NULL, &event, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_next_until(t.reader, NULL, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_poll(NULL, count_events, &counted, 1), TORC_INVALID);
    assert_status(torc_poll(t.reader, NULL, &counted, 1), TORC_INVALID);
    assert_status(torc_poll_until(NULL, count_events, &counted, 1, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_poll_until(t.reader, NULL, &counted, 1, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_wait_readable(NULL, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_advance(NULL), TORC_INVALID);
    take(t.reader, 0);
}
END_TEST

START_TEST(keeping_refuses_null) {
    struct torc_event event;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    put_run(t.publisher, 0, 1);
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_keep(NULL, &event, &ptr), TORC_INVALID);
    assert_status(torc_keep(t.reader, NULL, &ptr), TORC_INVALID);
    assert_status(torc_keep(t.reader, &event, NULL), TORC_INVALID);
    assert_status(torc_keep_until(NULL, &event, TORC_FOREVER, &ptr), TORC_INVALID);
    assert_status(torc_keep_until(t.reader, NULL, TORC_FOREVER, &ptr), TORC_INVALID);
    assert_status(torc_keep_until(t.reader, &event, TORC_FOREVER, NULL), TORC_INVALID);
    ck_assert(torc_ringptr_is_null(ptr));
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(only_what_is_borrowed_can_be_kept) {
    struct torc_event event, forged;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    put_run(t.publisher, 0, 2);
    assert_ok(torc_next(t.reader, &event));
    forged = event;
    forged.sequence++;
    assert_status(torc_keep(t.reader, &forged, &ptr), TORC_INVALID);
    forged = event;
    forged.lane += 1;
    assert_status(torc_keep(t.reader, &forged, &ptr), TORC_INVALID);
    forged = event;
    forged.length = 4096;
    assert_status(torc_keep(t.reader, &forged, &ptr), TORC_INVALID);
    assert_ok(torc_advance(t.reader));
    assert_status(torc_keep(t.reader, &event, &ptr), TORC_INVALID);
    ck_assert(torc_ringptr_is_null(ptr));
}
END_TEST

START_TEST(actor_functions_refuse_null) {
    struct torc_actor_config config;
    struct torc_actor_stats stats;
    struct torc_actor *actor = NULL;
    memset(&config, 0, sizeof config);
    config.on_message = ignore_message;
    assert_status(torc_actor_start(NULL, &config, &actor), TORC_INVALID);
    assert_status(torc_actor_start(t.bus, NULL, &actor), TORC_INVALID);
    assert_status(torc_actor_start(t.bus, &config, NULL), TORC_INVALID);
    assert_status(torc_actor_send(NULL, TORC_RINGPTR_NULL, PAST), TORC_INVALID);
    assert_status(torc_actor_stats(NULL, &stats), TORC_INVALID);
    assert_status(torc_actor_stop(NULL, TORC_STOP_DRAIN, &stats), TORC_INVALID);
    ck_assert_ptr_null(actor);
}
END_TEST

START_TEST(an_actor_refuses_bad_figures) {
    struct torc_actor_config good, bad;
    struct torc_actor_stats stats;
    struct torc_actor *actor = NULL;
    memset(&good, 0, sizeof good);
    good.on_message = ignore_message;
    bad = good;
    bad.full = (enum torc_mailbox_full)77;
    assert_status(torc_actor_start(t.bus, &bad, &actor), TORC_INVALID);
    bad = good;
    bad.wait = (enum torc_wait)77;
    assert_status(torc_actor_start(t.bus, &bad, &actor), TORC_INVALID);
    bad = good;
    bad.mailbox = UINT32_MAX;
    assert_status(torc_actor_start(t.bus, &bad, &actor), TORC_INVALID);
    ck_assert_ptr_null(actor);
    assert_ok(torc_actor_start(t.bus, &good, &actor));
    assert_status(torc_actor_stats(actor, NULL), TORC_INVALID);
    assert_status(torc_actor_stop(actor, (enum torc_stop)77, &stats), TORC_INVALID);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
}
END_TEST

Suite *arguments_suite(void) {
    Suite *suite = suite_create("arguments");
    TCase *tcase = add_case(suite, "NULL and nonsense", setup_world);
    tcase_add_test(tcase, config_functions_refuse_null);
    tcase_add_test(tcase, bus_functions_refuse_null);
    tcase_add_test(tcase, a_bus_that_never_was_is_refused);
    tcase_add_test(tcase, a_shirt_that_does_not_exist_is_refused);
    tcase_add_test(tcase, topic_functions_refuse_null);
    tcase_add_test(tcase, publisher_control_refuses_null);
    tcase_add_test(tcase, unknown_policies_are_refused);
    tcase_add_test(tcase, publishing_refuses_null);
    tcase_add_test(tcase, claiming_refuses_null);
    tcase_add_test(tcase, settling_refuses_what_was_never_claimed);
    tcase_add_test(tcase, settling_without_a_publisher_keeps_the_claim_open);
    tcase_add_test(tcase, a_claim_with_a_forged_sequence_is_refused);
    tcase_add_test(tcase, reader_control_refuses_null);
    tcase_add_test(tcase, reading_refuses_null);
    tcase_add_test(tcase, keeping_refuses_null);
    tcase_add_test(tcase, only_what_is_borrowed_can_be_kept);
    tcase_add_test(tcase, actor_functions_refuse_null);
    tcase_add_test(tcase, an_actor_refuses_bad_figures);
    return suite;
}
