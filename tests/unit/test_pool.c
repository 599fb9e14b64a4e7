/* test_pool.c - which shirt an event gets, the order in which slots are handed out, and that few slots serve a long lane
 * for ever. What happens when there is no slot is in test_dry.c. */
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

static const uint32_t CAPACITIES[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 30, 60, 75, 250};
#define CAPACITY_COUNT (int)(sizeof CAPACITIES / sizeof CAPACITIES[0])

static void open_with_s_slots(uint32_t capacity) {
    struct torc_config config = small_config();
    config.slots[TORC_S] = capacity;
    open_world(&config);
}

START_TEST(every_lap_hands_out_every_slot_once_and_in_the_same_order) {
    uint32_t capacity = CAPACITIES[_i], order[256], i, lap;
    unsigned char seen[256] = {0};
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    open_with_s_slots(capacity);
    for (lap = 0; lap < 4; lap++) {
        for (i = 0; i < capacity; i++) {
            ptr = claim_handle(200);
            if (lap == 0) {
                order[i] = slot_index(t.bus, ptr);
                ck_assert_uint_lt(order[i], capacity);
                ck_assert_uint_eq(seen[order[i]]++, 0);
            }
            ck_assert_uint_eq(slot_index(t.bus, ptr), order[i]);
            assert_ok(torc_ringptr_release(ptr));
        }
    }
}
END_TEST

START_TEST(the_whole_pool_can_be_held_at_once) {
    uint32_t capacity = CAPACITIES[_i], i;
    struct torc_ringptr ptr[256], dry = TORC_RINGPTR_NULL;
    open_with_s_slots(capacity);
    for (i = 0; i < capacity; i++) {
        ptr[i] = claim_handle(256);
        fill((void *)(uintptr_t)torc_ringptr_data(ptr[i]), 256, i);
    }
    assert_status(torc_ringptr_claim(t.publisher, 1, 256, &dry, NULL), TORC_POOL_DRY);
    for (i = 0; i < capacity; i++) {
        ck_assert(filled(torc_ringptr_data(ptr[i]), 256, i));
        ck_assert_uint_eq((uintptr_t)torc_ringptr_data(ptr[i]) % TORC_LINE, 0);
        assert_ok(torc_ringptr_release(ptr[i]));
    }
}
END_TEST

START_TEST(slots_are_handed_out_in_the_order_of_their_payloads) {
    struct torc_ringptr last = TORC_RINGPTR_NULL, ptr = TORC_RINGPTR_NULL;
    int i;
    open_with_s_slots(16);
    last = claim_handle(200);
    for (i = 0; i < 40; i++) {
        ptr = claim_handle(200);
        ck_assert_uint_eq(slot_index(t.bus, ptr), (slot_index(t.bus, last) + 1) % 16);
        assert_ok(torc_ringptr_release(last));
        last = ptr;
    }
    assert_ok(torc_ringptr_release(last));
}
END_TEST

/* XL slots number 15, the lane has 4096 entries. Only the first bytes are written: the payload is not the point here. */
static void open_long_lane(void) {
    struct torc_config config = small_config();
    config.lane_entries = 4096;
    config.slots[TORC_XL] = 15;
    config.publishers = 1;
    open_world(&config);
}

static int put_xl(uint64_t number) {
    struct torc_claim claim;
    int status = torc_try_claim(t.publisher, TORC_XL, 16384, &claim);
    if (status == TORC_OK) {
        memcpy(claim.data, &number, sizeof number);
        status = torc_commit(t.publisher, &claim);
    }
    return status;
}

static void take_xl(uint64_t number) {
    struct torc_event event;
    uint64_t got;
    assert_ok(torc_next(t.reader, &event));
    memcpy(&got, event.data, sizeof got);
    if (event.length != 16384 || got != number) {
        ck_abort_msg("read %llu of length %zu, not %llu", (unsigned long long)got, event.length,
                     (unsigned long long)number);
    }
}

static void close_reader(void) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
}

START_TEST(fifteen_slots_serve_a_long_lane_for_many_laps) {
    uint64_t i, behind = (uint64_t)_i;
    open_long_lane();
    for (i = 0; i < 3 * 4096 + 5; i++) {
        assert_ok(put_xl(i));
        if (i >= behind) {
            take_xl(i - behind);
            assert_ok(torc_advance(t.reader));
        }
    }
    ck_assert_uint_eq(pool_stats(TORC_XL).dry, 0);
    ck_assert_uint_eq(pool_stats(TORC_XL).allocations, i);
}
END_TEST

START_TEST(fifteen_slots_serve_a_lane_that_nobody_reads) {
    uint64_t i;
    open_long_lane();
    close_reader();
    for (i = 0; i < 2 * 4096 + 5; i++) {
        assert_ok(put_xl(i));
    }
    ck_assert_uint_eq(pool_stats(TORC_XL).dry, 0);
}
END_TEST

START_TEST(fifteen_slots_serve_it_with_handles_held_now_and_then) {
    struct torc_ringptr kept = TORC_RINGPTR_NULL;
    struct torc_event event;
    uint64_t i, number;
    open_long_lane();
    for (i = 0; i < 4096 + 500; i++) {
        assert_ok(put_xl(i));
        assert_ok(torc_next(t.reader, &event));
        if (i % 100 == 0) {
            if (!torc_ringptr_is_null(kept)) {
                memcpy(&number, torc_ringptr_data(kept), sizeof number);
                ck_assert_uint_eq(number, i - 100);
                assert_ok(torc_ringptr_release(kept));
            }
            assert_ok(torc_keep(t.reader, &event, &kept));
        }
        assert_ok(torc_advance(t.reader));
    }
    assert_ok(torc_ringptr_release(kept));
    ck_assert_uint_eq(pool_stats(TORC_XL).dry, 0);
}
END_TEST

/* More slots than entries: here it is not the pool but the entry that is overwritten which lets go of its slot. */
START_TEST(entries_of_a_long_lane_let_go_of_their_slots) {
    struct torc_config config = small_config();
    uint32_t i;
    config.lane_entries = 256;
    config.slots[TORC_S] = 300;
    open_world(&config);
    for (i = 0; i < 1500; i++) {
        assert_ok(i % 5 == 4 ? put(t.publisher, i) : put_filled(t.publisher, 200, i));
        if (_i == 0 && i % 5 == 4) {
            take(t.reader, i);
        } else if (_i == 0) {
            take_filled(t.reader, 200, i);
        } else if (i == 0) {
            close_reader();
        }
        if (i % 50 == 0) {
            assert_audit(t.bus);
        }
    }
}
END_TEST

START_TEST(after_a_drought_the_slot_read_first_is_found_at_once) {
    uint32_t capacity = CAPACITIES[_i], i;
    struct torc_config config = small_config();
    config.lane_entries = 512;
    config.slots[TORC_S] = capacity;
    open_world(&config);
    for (i = 0; i < capacity; i++) {
        assert_ok(put_filled(t.publisher, 200, i));
    }
    for (i = 0; i < 2 * capacity; i++) {
        assert_status(put_filled(t.publisher, 200, 99), TORC_POOL_DRY);
        take_filled(t.reader, 200, i);
        assert_ok(torc_advance(t.reader));
        assert_ok(put_filled(t.publisher, 200, i + capacity));
    }
}
END_TEST

START_TEST(a_shirt_without_slots_passes_to_the_next) {
    struct torc_config config = small_config();
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    config.slots[TORC_XS] = config.slots[TORC_M] = 0;
    open_world(&config);
    ptr = claim_handle(60);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_S);
    assert_ok(torc_ringptr_release(ptr));
    ptr = claim_handle(257);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_L);
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(put_filled(t.publisher, 1024, 3));
    take_filled(t.reader, 1024, 3);
}
END_TEST

START_TEST(a_held_slot_is_skipped_and_keeps_its_payload) {
    struct torc_ringptr held = TORC_RINGPTR_NULL, ptr = TORC_RINGPTR_NULL;
    int i;
    open_with_s_slots(4);
    assert_ok(torc_ringptr_release(claim_handle(200)));
    held = claim_handle(200);
    for (i = 0; i < 50; i++) {
        ptr = claim_handle(200);
        ck_assert_uint_ne(slot_index(t.bus, ptr), slot_index(t.bus, held));
        memset((void *)(uintptr_t)torc_ringptr_data(ptr), 0xEE, 200);
        assert_ok(torc_ringptr_release(ptr));
    }
    ck_assert(filled(torc_ringptr_data(held), 200, 7));
    assert_ok(torc_ringptr_release(held));
}
END_TEST

START_TEST(one_free_slot_among_held_ones_is_found_again_and_again) {
    struct torc_ringptr held[7], ptr = TORC_RINGPTR_NULL;
    int i;
    open_with_s_slots(8);
    for (i = 0; i < 7; i++) {
        held[i] = claim_handle(200);
    }
    for (i = 0; i < 100; i++) {
        ptr = claim_handle(200);
        assert_ok(torc_ringptr_release(ptr));
    }
    for (i = 0; i < 7; i++) {
        ck_assert(filled(torc_ringptr_data(held[i]), 200, 7));
        assert_ok(torc_ringptr_release(held[i]));
    }
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

/* More unread slots in a row than one search looks at, and free ones behind them. */
static void open_half_read(void) {
    struct torc_config config = small_config();
    struct torc_ringptr held[64];
    config.lane_entries = 128;
    config.slots[TORC_S] = 128;
    open_world(&config);
    for (uint32_t i = 0; i < 64; i++) {
        assert_ok(put_filled(t.publisher, 200, i));
    }
    for (int i = 0; i < 64; i++) {
        assert_ok(torc_ringptr_claim(t.publisher, 1, 200, &held[i], NULL));
    }
    for (int i = 0; i < 64; i++) {
        assert_ok(torc_ringptr_release(held[i]));
    }
}

START_TEST(free_slots_behind_unread_ones_are_found_by_one_who_waits) {
    open_half_read();
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = open_publisher(t.topic, TORC_DRY_WAIT);
    for (int i = 0; i < 64; i++) {
        struct torc_ringptr ptr;
        assert_ok(torc_ringptr_claim_until(t.publisher, 1, 200, PAST, &ptr, NULL));
        assert_ok(torc_ringptr_release(ptr));
    }
}
END_TEST

START_TEST(free_slots_behind_unread_ones_are_found_by_one_who_tries_again) {
    struct torc_ringptr ptr;
    int tries = 1;
    open_half_read();
    while (torc_ringptr_claim_until(t.publisher, 1, 200, TORC_NO_WAIT, &ptr, NULL) != TORC_OK) {
        ck_assert_int_le(++tries, 128 / 32 + 1);
    }
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

Suite *pool_suite(void) {
    Suite *suite = suite_create("pool");
    TCase *sizes = add_case(suite, "sizes", setup_world);
    TCase *order = add_case(suite, "order", NULL);
    tcase_add_loop_test(sizes, an_event_takes_the_smallest_shirt_that_fits, 0, SIZE_COUNT);
    tcase_add_loop_test(sizes, a_copied_event_arrives_whole, 0, SIZE_COUNT);
    tcase_add_loop_test(sizes, a_fresh_handle_takes_the_smallest_shirt_that_fits, 0, SIZE_COUNT);
    tcase_add_loop_test(sizes, a_size_beyond_the_format_is_refused_everywhere, 0,
                        (int)(sizeof TOO_BIG / sizeof TOO_BIG[0]));
    tcase_add_test(sizes, an_unread_event_is_never_reaped);
    tcase_add_test(sizes, an_event_read_frees_one_slot_and_no_more);
    tcase_add_loop_test(order, every_lap_hands_out_every_slot_once_and_in_the_same_order, 0, CAPACITY_COUNT);
    tcase_add_loop_test(order, the_whole_pool_can_be_held_at_once, 0, CAPACITY_COUNT);
    tcase_add_test(order, slots_are_handed_out_in_the_order_of_their_payloads);
    tcase_add_loop_test(order, fifteen_slots_serve_a_long_lane_for_many_laps, 0, 15);
    tcase_add_test(order, fifteen_slots_serve_a_lane_that_nobody_reads);
    tcase_add_test(order, fifteen_slots_serve_it_with_handles_held_now_and_then);
    tcase_add_loop_test(order, entries_of_a_long_lane_let_go_of_their_slots, 0, 2);
    tcase_add_loop_test(order, after_a_drought_the_slot_read_first_is_found_at_once, 0, CAPACITY_COUNT);
    tcase_add_test(order, a_shirt_without_slots_passes_to_the_next);
    tcase_add_test(order, a_held_slot_is_skipped_and_keeps_its_payload);
    tcase_add_test(order, one_free_slot_among_held_ones_is_found_again_and_again);
    tcase_add_test(order, free_slots_behind_unread_ones_are_found_by_one_who_waits);
    tcase_add_test(order, free_slots_behind_unread_ones_are_found_by_one_who_tries_again);
    return suite;
}
