/* test_arena_copies.c - an arena's buffers on a bus whose bank has an XXL area, and read by readers that copy: whose
 * books show what, and when the storage goes back. */
#include "arenas.h"

#define BLOCK 20000u

static void setup_both(void) {
    struct torc_config config = small_config();
    config.xxl_bytes = 3 * 20032;
    open_world(&config);
    setup_arena();
}

static void teardown_both(void) {
    teardown_world(); /* first: the ring may still hold buffers */
    teardown_arena();
}

static uint64_t out(void) {
    return arena_stats(a).buffers;
}

static void lend(size_t size) {
    struct torc_buffer buffer = take_buffer(size);
    assert_ok(torc_try_publish_arena(t.publisher, (uint32_t)size, &buffer));
}

static void close_publisher(void) {
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
}

/* The audit looks at the area's books only while the bank has no publisher. */
START_TEST(a_lent_buffer_is_not_in_the_area) {
    struct torc_ringptr block, kept;
    assert_ok(put_filled(t.publisher, BLOCK, 1));
    lend(500);
    block = keep_next(t.reader);
    kept = keep_next(t.reader);
    close_publisher();
    assert_audit(t.bus);
    take_none(t.reader); /* the lane's end: the ring lets go */
    assert_ok(torc_ringptr_release(block));
    assert_audit(t.bus); /* on the list */
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    for (size_t i = 0; i < 3; i++) { /* now and then the descriptor that is still on the list */
        lend(100 + i);
    }
    close_publisher();
    assert_audit(t.bus);
    ck_assert_uint_eq(out(), 4);
    assert_ok(torc_ringptr_release(kept));
    assert_audit(t.bus);
    ck_assert_uint_eq(out(), 3);
}
END_TEST

Suite *arena_copies_suite(void) {
    Suite *suite = suite_create("arena_copies");
    TCase *both = tcase_create("area");
    tcase_add_checked_fixture(both, setup_both, teardown_both);
    tcase_set_timeout(both, HANG);
    suite_add_tcase(suite, both);
    tcase_add_test(both, a_lent_buffer_is_not_in_the_area);
    return suite;
}
