/* test_bus.c - the life of a bus: created in its own or the caller's memory, closed, drained, destroyed in every
 * order. */
#include "helpers.h"
#include <stdlib.h>
#include <string.h>

#define STATIC_BYTES TORC_BUS_BYTES(2, 1, 2, 1, 16, 5, 3, 0, 1, 0, 2, 3)
#define GUARD        4096

/* A bus in static memory, with guards around it that must stay as they are. */
static struct {
    unsigned char before[GUARD];
    _Alignas(64) unsigned char bytes[STATIC_BYTES];
    unsigned char after[GUARD];
} memory;

static struct torc_config static_config(void) {
    struct torc_config config;
    memset(&config, 0, sizeof config);
    config.topics = 2;
    config.publishers = 1;
    config.readers = 2;
    config.actors = 1;
    config.lane_entries = 16;
    config.slots[TORC_XS] = 5;
    config.slots[TORC_S] = 3;
    config.slots[TORC_L] = 1;
    config.xxl = 2;
    config.keep_slots = 3;
    return config;
}

static void open_static(void) {
    struct torc_config config = static_config();
    memset(&memory, 0xEE, sizeof memory);
    assert_ok(torc_bus_create_at(memory.bytes, sizeof memory.bytes, &config, &t.bus));
    assert_ok(torc_topic_open(t.bus, "t", 0, &t.topic));
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
}

START_TEST(a_bus_works_in_static_memory_whatever_was_there) {
    uint32_t i, k;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    open_static();
    for (i = 0; i < 50; i++) {
        for (k = 0; k < 5; k++) {
            static const size_t lengths[] = {10, 60, 200, 4000, 20000};
            assert_ok(put_filled(t.publisher, lengths[k], i));
            ptr = keep_next(t.reader);
            ck_assert(filled(torc_ringptr_data(ptr), lengths[k], i));
            assert_ok(torc_ringptr_release(ptr));
        }
    }
    teardown_world();
    for (i = 0; i < GUARD; i++) {
        ck_assert_uint_eq(memory.before[i], 0xEE);
        ck_assert_uint_eq(memory.after[i], 0xEE);
    }
}
END_TEST

START_TEST(all_events_lie_in_the_memory_that_was_given) {
    struct torc_event event;
    uint32_t i;
    open_static();
    for (i = 0; i < 4; i++) {
        static const size_t lengths[] = {10, 60, 200, 4000};
        assert_ok(put_filled(t.publisher, lengths[i], i));
        assert_ok(torc_next(t.reader, &event));
        ck_assert((const unsigned char *)event.data >= memory.bytes);
        ck_assert((const unsigned char *)event.data + event.length <= memory.bytes + sizeof memory.bytes);
    }
}
END_TEST

START_TEST(memory_can_serve_one_bus_after_another) {
    int i;
    for (i = 0; i < 5; i++) {
        open_static();
        put_run(t.publisher, 0, 16);
        take_run(t.reader, 0, 16);
        teardown_world();
    }
}
END_TEST

START_TEST(unusable_memory_is_refused) {
    struct torc_config config = static_config();
    struct torc_bus *bus = NULL;
    assert_status(torc_bus_create_at(NULL, sizeof memory.bytes, &config, &bus), TORC_INVALID);
    assert_status(torc_bus_create_at(memory.bytes, sizeof memory.bytes - 1, &config, &bus), TORC_INVALID);
    assert_status(torc_bus_create_at(memory.bytes, 0, &config, &bus), TORC_INVALID);
    assert_status(torc_bus_create_at(memory.bytes + 8, sizeof memory.bytes, &config, &bus), TORC_INVALID);
    assert_status(torc_bus_create_at(memory.bytes + 32, sizeof memory.bytes, &config, &bus), TORC_INVALID);
    assert_status(torc_bus_create_at(memory.bytes, sizeof memory.bytes, &config, NULL), TORC_INVALID);
    ck_assert_ptr_null(bus);
}
END_TEST

START_TEST(no_configuration_means_the_default_one) {
    struct torc_config config;
    struct torc_bus_stats stats;
    assert_ok(torc_config_preset("default", &config));
    open_bus(NULL);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.bytes, torc_bus_size(&config));
    ck_assert_uint_eq(pool_stats(TORC_XL).capacity, config.slots[TORC_XL] * config.publishers);
}
END_TEST

START_TEST(memory_flags_degrade_gracefully) {
    static const uint32_t flags[] = {TORC_NO_PREFAULT, TORC_HUGE_PAGES, TORC_LOCK_MEMORY,
                                     TORC_NO_PREFAULT | TORC_HUGE_PAGES | TORC_LOCK_MEMORY};
    struct torc_config config = small_config();
    struct torc_bus_stats stats;
    config.flags = flags[_i];
    open_world(&config);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.prefaulted, (flags[_i] & TORC_NO_PREFAULT) == 0);
    ck_assert_uint_le(stats.huge_pages, (flags[_i] & TORC_HUGE_PAGES) != 0 ? 2 : 0);
    ck_assert_uint_le(stats.locked, (flags[_i] & TORC_LOCK_MEMORY) != 0 ? 1 : 0);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
}
END_TEST

START_TEST(statistics_count_what_is_open) {
    struct torc_publisher *second;
    struct torc_bus_stats stats;
    setup_world();
    second = open_publisher(t.topic, TORC_DRY_FAIL);
    put_run(t.publisher, 0, 3);
    put_run(second, 0, 2);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.topics, 1);
    ck_assert_uint_eq(stats.publishers, 2);
    ck_assert_uint_eq(stats.readers, 1);
    ck_assert_uint_eq(stats.actors, 0);
    ck_assert_uint_eq(stats.published, 5);
    ck_assert_uint_eq(stats.outstanding, 0);
    ck_assert_uint_eq(stats.stale_refused, 0);
    assert_ok(torc_publisher_close(second));
    close_ends();
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.publishers, 0);
    ck_assert_uint_eq(stats.readers, 0);
    ck_assert_uint_eq(stats.published, 5);
}
END_TEST

START_TEST(two_buses_know_nothing_of_each_other) {
    struct torc_config config = small_config();
    struct torc_bus *other = NULL;
    struct torc_topic *topic = NULL;
    struct torc_publisher *publisher;
    setup_world();
    assert_ok(torc_bus_create(&config, &other));
    assert_status(torc_topic_find(other, "t", &topic), TORC_NOT_FOUND);
    assert_ok(torc_topic_open(other, "t", 0, &topic));
    ck_assert_ptr_ne(topic, t.topic);
    publisher = open_publisher(topic, TORC_DRY_FAIL);
    put_run(publisher, 100, 3);
    put_run(t.publisher, 0, 3);
    assert_ok(torc_bus_close(other));
    assert_status(put(publisher, 103), TORC_CLOSED);
    put_run(t.publisher, 3, 3);
    take_run(t.reader, 0, 6);
    take_none(t.reader);
    assert_ok(torc_publisher_close(publisher));
    assert_ok(torc_bus_destroy(&other, NULL));
}
END_TEST

START_TEST(a_closed_bus_takes_nothing_in) {
    struct torc_publisher *publisher = NULL;
    struct torc_actor_config actor_config;
    struct torc_actor *actor = NULL;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_claim claim;
    uint64_t n = 0;
    memset(&actor_config, 0, sizeof actor_config);
    actor_config.on_message = ignore_message;
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_publish(t.publisher, 1, &n, sizeof n), TORC_CLOSED);
    assert_status(torc_publish(t.publisher, 1, NULL, 0), TORC_CLOSED);
    assert_status(torc_try_publish(t.publisher, 1, &n, sizeof n), TORC_CLOSED);
    assert_status(torc_publish_until(t.publisher, 1, &n, sizeof n, TORC_FOREVER), TORC_CLOSED);
    assert_status(put_filled(t.publisher, 1000, 1), TORC_CLOSED);
    assert_status(torc_claim(t.publisher, 1, 8, &claim), TORC_CLOSED);
    assert_status(torc_claim_until(t.publisher, 1, 8, PAST, &claim), TORC_CLOSED);
    assert_status(torc_ringptr_claim(t.publisher, 1, 8, &ptr, NULL), TORC_CLOSED);
    assert_status(torc_publisher_open(t.topic, NULL, &publisher), TORC_CLOSED);
    assert_status(torc_actor_start(t.bus, &actor_config, &actor), TORC_CLOSED);
    ck_assert_ptr_null(publisher);
    ck_assert_ptr_null(actor);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
}
END_TEST

START_TEST(closing_twice_is_fine) {
    struct torc_event event;
    put_run(t.publisher, 0, 2);
    assert_ok(torc_bus_close(t.bus));
    assert_ok(torc_bus_close(t.bus));
    take_run(t.reader, 0, 2);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
}
END_TEST

START_TEST(handles_work_on_a_closed_bus) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL, clone = TORC_RINGPTR_NULL;
    assert_ok(put_filled(t.publisher, 300, 1));
    assert_ok(torc_bus_close(t.bus));
    ptr = keep_next(t.reader);
    assert_ok(torc_ringptr_clone(ptr, &clone));
    ck_assert(filled(torc_ringptr_data(clone), 300, 1));
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(torc_ringptr_release(clone));
}
END_TEST

START_TEST(drain_answers_whether_everything_was_read) {
    assert_ok(torc_bus_drain(t.bus, PAST));
    put_run(t.publisher, 0, 3);
    assert_status(torc_bus_drain(t.bus, PAST), TORC_TIMED_OUT);
    assert_status(torc_bus_drain(t.bus, torc_deadline_ms(2)), TORC_TIMED_OUT);
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    assert_ok(torc_bus_drain(t.bus, TORC_FOREVER));
    assert_ok(torc_bus_close(t.bus));
    assert_ok(torc_bus_drain(t.bus, TORC_FOREVER));
}
END_TEST

START_TEST(drain_waits_for_nobody_where_nobody_reads) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    put_run(t.publisher, 0, 3);
    assert_ok(torc_bus_drain(t.bus, PAST));
}
END_TEST

START_TEST(drain_covers_the_lanes_of_closed_publishers) {
    put_run(t.publisher, 0, 3);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    assert_status(torc_bus_drain(t.bus, PAST), TORC_TIMED_OUT);
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    assert_ok(torc_bus_drain(t.bus, PAST));
}
END_TEST

START_TEST(destroy_is_refused_while_something_is_open) {
    struct torc_bus *bus = t.bus;
    uint64_t held = 99;
    assert_status(torc_bus_destroy(&bus, &held), TORC_BUSY);
    ck_assert_ptr_eq(bus, t.bus);
    ck_assert_uint_eq(held, 0);
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    assert_status(torc_bus_destroy(&bus, NULL), TORC_BUSY);
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    t.bus = NULL;
    assert_ok(torc_bus_destroy(&bus, &held));
}
END_TEST

START_TEST(destroy_is_refused_while_an_actor_runs) {
    struct torc_actor_config config;
    struct torc_actor *actor = NULL;
    memset(&config, 0, sizeof config);
    config.on_message = ignore_message;
    close_ends();
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    assert_status(torc_bus_destroy(&t.bus, NULL), TORC_BUSY);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
}
END_TEST

START_TEST(destroy_tells_how_many_slots_are_held) {
    struct torc_ringptr ptr[5], clone = TORC_RINGPTR_NULL;
    uint64_t held = 99;
    int i;
    for (i = 0; i < 4; i++) {
        ptr[i] = claim_handle(_i == 0 ? 60 : 200);
    }
    assert_ok(torc_ringptr_clone(ptr[0], &clone));
    assert_ok(put(t.publisher, 5));
    ptr[4] = keep_next(t.reader);
    close_ends();
    for (i = 4; i >= 0; i--) {
        assert_status(torc_bus_destroy(&t.bus, &held), TORC_BUSY);
        ck_assert_uint_eq(held, (uint64_t)i + 1);
        ck_assert_ptr_nonnull(torc_ringptr_data(ptr[0]));
        ck_assert(filled(torc_ringptr_data(ptr[0]), torc_ringptr_length(ptr[0]), 7));
        assert_ok(torc_ringptr_release(ptr[i]));
    }
    assert_status(torc_bus_destroy(&t.bus, &held), TORC_BUSY);
    ck_assert_uint_eq(held, 1);
    assert_ok(torc_ringptr_release(clone));
}
END_TEST

START_TEST(unread_events_do_not_keep_a_bus_alive) {
    static const size_t lengths[] = {10, 60, 1000, 16384, 20000};
    uint32_t i;
    for (i = 0; i < 5; i++) {
        assert_ok(put_filled(t.publisher, lengths[i], i));
    }
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(destroying_twice_is_an_error) {
    struct torc_bus *bus = t.bus, *copy = t.bus;
    struct torc_topic *topic = NULL;
    struct torc_bus_stats stats;
    struct torc_pool_stats pool;
    close_ends();
    memset(&t, 0, sizeof t);
    assert_ok(torc_bus_destroy(&bus, NULL));
    assert_status(torc_bus_destroy(&bus, NULL), TORC_INVALID);
    assert_status(torc_bus_destroy(&copy, NULL), TORC_INVALID);
    assert_status(torc_bus_close(copy), TORC_INVALID);
    assert_status(torc_bus_drain(copy, PAST), TORC_INVALID);
    assert_status(torc_audit(copy, NULL), TORC_INVALID);
    assert_status(torc_bus_stats(copy, &stats), TORC_INVALID);
    assert_status(torc_bus_pool_stats(copy, TORC_XS, &pool), TORC_INVALID);
    assert_status(torc_bus_keep_stats(copy, &pool), TORC_INVALID);
    assert_status(torc_topic_open(copy, "t", 0, &topic), TORC_INVALID);
    assert_status(torc_topic_find(copy, "t", &topic), TORC_INVALID);
}
END_TEST

START_TEST(conservation_counts_every_slot_of_the_configuration) {
    struct torc_audit found;
    struct torc_ringptr ptr = claim_handle(60);
    assert_ok(put_filled(t.publisher, 200, 1));
    assert_ok(torc_audit(t.bus, &found));
    ck_assert_uint_eq(found.total_slots, 4 * (8 + 8 + 4 + 4 + 2 + 4) + 4 * 4);
    ck_assert_uint_eq(found.live_slots, 2);
    ck_assert_uint_eq(found.retired_slots, 0);
    ck_assert_uint_eq(found.outstanding, 1);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

Suite *bus_suite(void) {
    Suite *suite = suite_create("bus");
    TCase *memory_case = add_case(suite, "memory", NULL);
    TCase *tcase = add_case(suite, "life", setup_world);
    tcase_add_test(memory_case, a_bus_works_in_static_memory_whatever_was_there);
    tcase_add_test(memory_case, all_events_lie_in_the_memory_that_was_given);
    tcase_add_test(memory_case, memory_can_serve_one_bus_after_another);
    tcase_add_test(memory_case, unusable_memory_is_refused);
    tcase_add_test(memory_case, no_configuration_means_the_default_one);
    tcase_add_loop_test(memory_case, memory_flags_degrade_gracefully, 0, 4);
    tcase_add_test(memory_case, statistics_count_what_is_open);
    tcase_add_test(memory_case, two_buses_know_nothing_of_each_other);
    tcase_add_test(tcase, a_closed_bus_takes_nothing_in);
    tcase_add_test(tcase, closing_twice_is_fine);
    tcase_add_test(tcase, handles_work_on_a_closed_bus);
    tcase_add_test(tcase, drain_answers_whether_everything_was_read);
    tcase_add_test(tcase, drain_waits_for_nobody_where_nobody_reads);
    tcase_add_test(tcase, drain_covers_the_lanes_of_closed_publishers);
    tcase_add_test(tcase, destroy_is_refused_while_something_is_open);
    tcase_add_test(tcase, destroy_is_refused_while_an_actor_runs);
    tcase_add_loop_test(tcase, destroy_tells_how_many_slots_are_held, 0, 2);
    tcase_add_test(tcase, unread_events_do_not_keep_a_bus_alive);
    tcase_add_test(tcase, destroying_twice_is_an_error);
    tcase_add_test(tcase, conservation_counts_every_slot_of_the_configuration);
    return suite;
}
