/* test_arena_bus.c - an arena's buffers published without a copy: what readers see, when the storage goes back, every
 * error. */
#include "arenas.h"
#include <string.h>

static void setup_both(void) {
    setup_world();
    setup_arena();
}

static void teardown_both(void) {
    teardown_world(); /* first: the ring may still hold buffers */
    teardown_arena();
}

static uint64_t out(void) {
    return arena_stats(a).buffers;
}

static const unsigned char *put_buffer(size_t size) {
    struct torc_buffer buffer = take_buffer(size);
    const unsigned char *data = buffer.data;
    assert_ok(torc_try_publish_arena(t.publisher, 9, &buffer));
    ck_assert_ptr_null(buffer.arena);
    return data;
}

START_TEST(readers_read_where_it_was_written) {
    static const size_t size[5] = {1, 48, 49, 1000, 2000};
    struct torc_event event;
    for (int i = 0; i < 5; i++) {
        const unsigned char *data = put_buffer(size[i]);
        assert_ok(torc_next(t.reader, &event));
        ck_assert_ptr_eq(event.data, data);
        ck_assert_uint_eq(event.length, size[i]);
        ck_assert_uint_eq(event.type, 9);
        ck_assert(filled(event.data, event.length, (uint32_t)size[i]));
        assert_ok(torc_advance(t.reader));
        assert_audit(t.bus);
        ck_assert_uint_ge(out(), 1);
    }
}
END_TEST

START_TEST(an_extendable_buffer_becomes_an_event) {
    struct torc_extendable message;
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    unsigned char bytes[1500];
    fill(bytes, sizeof bytes, 3);
    assert_ok(torc_arena_open(a, 64, &message));
    for (size_t at = 0; at < sizeof bytes; at += 100) {
        ck_assert_uint_eq(torc_extend_write(&message, bytes + at, 100), 100);
    }
    assert_ok(torc_extend_finish(&message, &buffer));
    assert_ok(torc_publish_arena(t.publisher, 3, &buffer));
    take_filled(t.reader, sizeof bytes, 3);
}
END_TEST

START_TEST(the_last_handle_returns_the_storage) {
    struct torc_ringptr kept, clone;
    struct torc_pool_stats stats;
    (void)put_buffer(500);
    kept = keep_next(t.reader);
    ck_assert_int_eq(torc_ringptr_shirt(kept), TORC_XXL);
    ck_assert_uint_eq(torc_ringptr_length(kept), 500);
    assert_ok(torc_ringptr_clone(kept, &clone));
    stats = pool_stats(TORC_XXL);
    ck_assert_uint_eq(stats.in_use, 1);
    ck_assert_uint_ge(stats.bytes, 500);
    close_ends(); /* the ring lets go */
    assert_ok(torc_ringptr_release(kept));
    ck_assert_uint_eq(out(), 1);
    ck_assert(filled(torc_ringptr_data(clone), 500, 500));
    assert_audit(t.bus);
    assert_ok(torc_ringptr_release(clone));
    assert_status(torc_ringptr_release(clone), TORC_STALE);
}
END_TEST

START_TEST(many_laps_use_the_storage_again_and_again) {
    for (uint64_t i = 0; i < 1000; i++) {
        struct torc_event event;
        (void)put_buffer(200 + (size_t)(i % 300));
        assert_ok(torc_next(t.reader, &event));
        if (!filled(event.data, event.length, (uint32_t)event.length)) {
            ck_abort_msg("event %d is damaged", (int)i);
        }
        assert_ok(torc_advance(t.reader));
    }
    ck_assert_uint_le(out(), 4);
    assert_audit(t.bus);
    assert_arena(a);
}
END_TEST

START_TEST(errors_leave_it_with_the_caller) {
    struct torc_buffer buffer = take_buffer(100), copy = buffer, empty = TORC_BUFFER_NULL, unwritten = TORC_BUFFER_NULL;
    struct torc_ringptr held[4];
    assert_ok(torc_arena_alloc(a, 10, &unwritten));
    assert_status(torc_publish_arena(NULL, 1, &buffer), TORC_INVALID);
    assert_status(torc_publish_arena(t.publisher, 1, NULL), TORC_INVALID);
    assert_status(torc_publish_arena(t.publisher, 1, &empty), TORC_INVALID);
    assert_status(torc_publish_arena(t.publisher, 1, &unwritten), TORC_INVALID);
    assert_ok(torc_buffer_release(&unwritten));
    for (int i = 0; i < 4; i++) { /* all descriptors of the small bus */
        held[i] = claim_handle(20000);
    }
    assert_status(torc_publish_arena(t.publisher, 1, &buffer), TORC_POOL_DRY);
    assert_status(torc_publish_arena_until(t.publisher, 1, &buffer, torc_deadline_ms(1)), TORC_POOL_DRY);
    ck_assert_ptr_eq(buffer.arena, a);
    for (int i = 0; i < 4; i++) {
        assert_ok(torc_ringptr_release(held[i]));
    }
    assert_ok(torc_publish_arena(t.publisher, 100, &buffer));
    assert_status(torc_publish_arena(t.publisher, 1, &copy), TORC_STALE);
    assert_status(torc_buffer_release(&copy), TORC_STALE);
    take_filled(t.reader, 100, 100);
    assert_audit(t.bus);
}
END_TEST

START_TEST(a_full_lane_and_a_closed_bus_refuse_it) {
    struct torc_buffer buffer = take_buffer(100);
    put_run(t.publisher, 0, LANE);
    assert_status(torc_try_publish_arena(t.publisher, 1, &buffer), TORC_WOULD_BLOCK);
    assert_status(torc_publish_arena_until(t.publisher, 1, &buffer, PAST), TORC_TIMED_OUT);
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_publish_arena(t.publisher, 1, &buffer), TORC_CLOSED);
    ck_assert_ptr_eq(buffer.arena, a);
    give_buffer(&buffer);
}
END_TEST

START_TEST(without_descriptors_there_is_no_way) {
    struct torc_config config = small_config();
    struct torc_buffer buffer;
    config.xxl = 0;
    open_world(&config);
    setup_arena();
    buffer = take_buffer(100);
    assert_status(torc_publish_arena(t.publisher, 1, &buffer), TORC_NO_ROOM);
    give_buffer(&buffer);
    teardown_arena();
}
END_TEST

START_TEST(a_waiting_publisher_gets_a_descriptor_that_comes_back) {
    struct torc_publisher *waiting = open_publisher(t.topic, TORC_DRY_WAIT);
    struct torc_buffer buffer[5];
    for (int i = 0; i < 5; i++) {
        buffer[i] = take_buffer(100);
    }
    for (int i = 0; i < 4; i++) {
        assert_ok(torc_publish_arena(waiting, 100, &buffer[i]));
    }
    assert_status(torc_publish_arena_until(waiting, 100, &buffer[4], torc_deadline_ms(1)), TORC_TIMED_OUT);
    assert_status(torc_try_publish_arena(waiting, 1, &buffer[4]), TORC_WOULD_BLOCK);
    take_filled(t.reader, 100, 100);
    assert_ok(torc_advance(t.reader));
    assert_ok(torc_publish_arena(waiting, 100, &buffer[4]));
    assert_ok(torc_publisher_close(waiting));
    for (int i = 0; i < 4; i++) {
        take_filled(t.reader, 100, 100);
    }
}
END_TEST

START_TEST(an_arena_waits_for_the_bus) {
    uint64_t held = 0;
    (void)put_buffer(100);
    assert_status(torc_arena_destroy(&a, TORC_NO_WAIT, &held), TORC_BUSY);
    ck_assert_uint_eq(held, 1);
    teardown_world();
    assert_ok(torc_arena_destroy(&a, TORC_NO_WAIT, NULL));
}
END_TEST

Suite *arena_bus_suite(void) {
    Suite *suite = suite_create("arena_bus");
    TCase *both = tcase_create("published");
    TCase *other = add_case(suite, "other configurations", NULL);
    tcase_add_checked_fixture(both, setup_both, teardown_both);
    tcase_set_timeout(both, HANG);
    suite_add_tcase(suite, both);
    tcase_add_test(both, readers_read_where_it_was_written);
    tcase_add_test(both, an_extendable_buffer_becomes_an_event);
    tcase_add_test(both, the_last_handle_returns_the_storage);
    tcase_add_test(both, many_laps_use_the_storage_again_and_again);
    tcase_add_test(both, errors_leave_it_with_the_caller);
    tcase_add_test(both, a_full_lane_and_a_closed_bus_refuse_it);
    tcase_add_test(both, a_waiting_publisher_gets_a_descriptor_that_comes_back);
    tcase_add_test(both, an_arena_waits_for_the_bus);
    tcase_add_test(other, without_descriptors_there_is_no_way);
    return suite;
}
