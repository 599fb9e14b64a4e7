/* test_evict_slots.c - EVICT readers and dry pools: who is evicted is who keeps a slot of the size that is wanted, and
 * nobody else. */
#include "helpers.h"

/* The XL pool has two slots, and both are held by handles. */
static struct torc_ringptr kept[2];

static bool evicted(struct torc_reader *reader) {
    struct torc_reader_state state = {0};
    assert_ok(torc_reader_state(reader, &state));
    return state.evicted != 0;
}

static void open_all(struct torc_reader **reader) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT, .evict_after_ns = 0};
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = open_publisher(t.topic, TORC_DRY_WAIT);
    assert_ok(torc_reader_open(t.topic, &config, reader));
}

static void keep_both(struct torc_reader *reader) {
    struct torc_event event;
    for (uint32_t i = 0; i < 2; i++) {
        assert_ok(put_filled(t.publisher, 16384, i));
        kept[i] = keep_next(t.reader);
        assert_ok(torc_next(reader, &event));
    }
    take_none(t.reader);
    take_none(reader);
}

static void release_both(void) {
    for (uint32_t i = 0; i < 2; i++) {
        assert_ok(torc_ringptr_release(kept[i]));
    }
}

START_TEST(inline_events_keep_no_pool_dry) {
    struct torc_reader *reader;
    open_all(&reader);
    keep_both(reader);
    put_run(t.publisher, 0, 3);
    assert_status(put_filled(t.publisher, 16384, 9), TORC_WOULD_BLOCK);
    ck_assert(!evicted(reader));
    release_both();
    assert_ok(put_filled(t.publisher, 16384, 9));
    take_run(reader, 0, 3);
    ck_assert(!evicted(reader));
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(nor_do_events_of_another_size) {
    struct torc_reader *reader;
    open_all(&reader);
    keep_both(reader);
    assert_ok(put_filled(t.publisher, 200, 7));
    assert_ok(put_filled(t.publisher, 4000, 8));
    assert_status(put_filled(t.publisher, 16384, 9), TORC_WOULD_BLOCK);
    ck_assert(!evicted(reader));
    release_both();
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* One of the two comes back to the ring and is filled again: now the reader does keep one. */
START_TEST(one_unread_event_of_the_size_is_enough) {
    struct torc_reader *reader;
    open_all(&reader);
    keep_both(reader);
    put_run(t.publisher, 0, 3);
    assert_ok(torc_ringptr_release(kept[0]));
    assert_ok(put_filled(t.publisher, 16384, 9));
    put_run(t.publisher, 3, 2);
    ck_assert(!evicted(reader));
    take_run(t.reader, 0, 3);
    kept[0] = keep_next(t.reader);
    take_run(t.reader, 3, 2);
    take_none(t.reader);
    assert_status(put_filled(t.publisher, 16384, 10), TORC_WOULD_BLOCK);
    ck_assert(evicted(reader));
    release_both();
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* Without slots of the size that was asked for the next larger one serves. */
START_TEST(the_pool_that_serves_is_the_one_that_counts) {
    struct torc_config config = small_config();
    struct torc_reader *reader;
    teardown_world();
    config.slots[TORC_L] = 0;
    open_world(&config);
    open_all(&reader);
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(put_filled(t.publisher, 4000, i));
    }
    ck_assert(evicted(reader));
    assert_ok(torc_reader_close(reader));
}
END_TEST

Suite *evict_slots_suite(void) {
    Suite *suite = suite_create("evict_slots");
    TCase *tcase = add_case(suite, "evict_slots", setup_world);
    tcase_add_test(tcase, inline_events_keep_no_pool_dry);
    tcase_add_test(tcase, nor_do_events_of_another_size);
    tcase_add_test(tcase, one_unread_event_of_the_size_is_enough);
    tcase_add_test(tcase, the_pool_that_serves_is_the_one_that_counts);
    return suite;
}
