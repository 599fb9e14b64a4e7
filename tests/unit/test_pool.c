/* test_pool.c - which shirt an event gets. The order in which slots are handed out is in test_pool_order.c, what
 * happens when there is no slot in test_dry.c. */
#include "helpers.h"
#include <string.h>

static const struct {
    size_t length;
    int shirt;
} SIZES[] = {
    {0, TORC_INLINE_EVENT}, {1, TORC_INLINE_EVENT}, {47, TORC_INLINE_EVENT}, {48, TORC_INLINE_EVENT},
    {49, TORC_XS},          {63, TORC_XS},          {64, TORC_XS},           {65, TORC_S},
    {255, TORC_S},          {256, TORC_S},          {257, TORC_M},           {1023, TORC_M},
    {1024, TORC_M},         {1025, TORC_L},         {4095, TORC_L},          {4096, TORC_L},
    {4097, TORC_XL},        {16383, TORC_XL},       {16384, TORC_XL},        {16385, TORC_XXL},
    {100000, TORC_XXL},
};
#define SIZE_COUNT (int)(sizeof SIZES / sizeof SIZES[0])

START_TEST(an_event_takes_the_smallest_shirt_that_fits) {
    size_t length = SIZES[_i].length;
    int shirt = SIZES[_i].shirt;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(put_filled(t.publisher, length, 9));
    ptr = keep_next(t.reader);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), shirt == TORC_INLINE_EVENT ? TORC_XS : shirt);
    ck_assert_uint_eq(torc_ringptr_count(ptr), shirt == TORC_INLINE_EVENT ? 1 : 2);
    ck_assert_uint_eq(torc_ringptr_length(ptr), length);
    ck_assert_uint_eq(torc_ringptr_type(ptr), 9);
    ck_assert(filled(torc_ringptr_data(ptr), length, 9));
    ck_assert_uint_eq((uintptr_t)torc_ringptr_data(ptr) % 16, 0);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(a_copied_event_arrives_whole) {
    static unsigned char data[100000];
    size_t length = SIZES[_i].length;
    fill(data, length, 77);
    assert_ok(torc_try_publish(t.publisher, 77, data, length));
    memset(data, 0, length);
    take_filled(t.reader, length, 77);
    take_none(t.reader);
}
END_TEST

START_TEST(a_fresh_handle_takes_the_smallest_shirt_that_fits) {
    struct torc_ringptr ptr = claim_handle(SIZES[_i].length);
    int shirt = SIZES[_i].shirt;
    ck_assert_int_eq(torc_ringptr_shirt(ptr), shirt == TORC_INLINE_EVENT ? TORC_XS : shirt);
    ck_assert_uint_eq(torc_ringptr_length(ptr), SIZES[_i].length);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

/* The last is 0 to whoever keeps it in 32 bits, where a size_t has more. */
static const size_t TOO_BIG[] = {TORC_MAX_EVENT + 1, SIZE_MAX, SIZE_MAX - 64, SIZE_MAX / 2 + 1,
                                 sizeof(size_t) > 4 ? (size_t)UINT32_MAX + 1 : SIZE_MAX / 2 + 2};

START_TEST(a_size_beyond_the_format_is_refused_everywhere) {
    static const char data[TORC_LINE]; /* enough for what is copied inline, so that no compiler sees it overrun */
    struct torc_message message = {data, TOO_BIG[_i], 1};
    struct torc_claim claims[2];
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    size_t length = TOO_BIG[_i], published = 99;
    assert_status(torc_publish(t.publisher, 1, data, length), TORC_TOO_BIG);
    assert_status(torc_try_publish(t.publisher, 1, data, length), TORC_TOO_BIG);
    assert_status(torc_publish_until(t.publisher, 1, data, length, PAST), TORC_TOO_BIG);
    assert_status(torc_claim(t.publisher, 1, length, claims), TORC_TOO_BIG);
    assert_status(torc_try_claim(t.publisher, 1, length, claims), TORC_TOO_BIG);
    assert_status(torc_claim_until(t.publisher, 1, length, PAST, claims), TORC_TOO_BIG);
    assert_status(torc_claim_batch(t.publisher, 1, length, claims, 2), TORC_TOO_BIG);
    assert_status(torc_publish_batch(t.publisher, &message, 1, &published), TORC_TOO_BIG);
    ck_assert_uint_eq(published, 0);
    assert_status(torc_ringptr_claim(t.publisher, 1, length, &ptr, NULL), TORC_TOO_BIG);
    ck_assert(torc_ringptr_is_null(ptr));
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    take_none(t.reader);
}
END_TEST

START_TEST(an_unread_event_is_never_reaped) {
    uint32_t i;
    for (i = 0; i < 4; i++) {
        assert_ok(put_filled(t.publisher, 1000, i));
    }
    for (i = 0; i < 20; i++) {
        assert_status(put_filled(t.publisher, 1000, 99), TORC_POOL_DRY);
    }
    for (i = 0; i < 4; i++) {
        take_filled(t.reader, 1000, i);
    }
    take_none(t.reader);
}
END_TEST

START_TEST(an_event_read_frees_one_slot_and_no_more) {
    uint32_t i;
    for (i = 0; i < 4; i++) {
        assert_ok(put_filled(t.publisher, 1000, i));
    }
    for (i = 0; i < 10; i++) {
        take_filled(t.reader, 1000, i);
        assert_ok(torc_advance(t.reader));
        assert_ok(put_filled(t.publisher, 1000, i + 4));
        assert_status(put_filled(t.publisher, 1000, 99), TORC_POOL_DRY);
    }
}
END_TEST

Suite *pool_suite(void) {
    Suite *suite = suite_create("pool");
    TCase *sizes = add_case(suite, "sizes", setup_world);
    tcase_add_loop_test(sizes, an_event_takes_the_smallest_shirt_that_fits, 0, SIZE_COUNT);
    tcase_add_loop_test(sizes, a_copied_event_arrives_whole, 0, SIZE_COUNT);
    tcase_add_loop_test(sizes, a_fresh_handle_takes_the_smallest_shirt_that_fits, 0, SIZE_COUNT);
    tcase_add_loop_test(sizes, a_size_beyond_the_format_is_refused_everywhere, 0,
                        (int)(sizeof TOO_BIG / sizeof TOO_BIG[0]));
    tcase_add_test(sizes, an_unread_event_is_never_reaped);
    tcase_add_test(sizes, an_event_read_frees_one_slot_and_no_more);
    return suite;
}
