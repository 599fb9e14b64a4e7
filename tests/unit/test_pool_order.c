/* test_pool_order.c - the order in which slots are handed out, and that few slots serve a long lane for ever. */
#include "helpers.h"
#include <string.h>

static const uint32_t CAPACITIES[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 30, 60, 75, 250};
#define CAPACITY_COUNT (int)(sizeof CAPACITIES / sizeof CAPACITIES[0])

static void open_with_s_slots(uint32_t capacity) {
    struct torc_config config = small_config();
    config.slots[TORC_S] = capacity;
    open_world(&config);
}

/* A handle that was cloned is not released by a plain store, so its slot's turn comes when the others have had
 * theirs. */
static void release_in_its_turn(struct torc_ringptr ptr) {
    struct torc_ringptr clone;
    assert_ok(torc_ringptr_clone(ptr, &clone));
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(torc_ringptr_release(clone));
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
            release_in_its_turn(ptr);
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
        release_in_its_turn(last);
        last = ptr;
    }
    assert_ok(torc_ringptr_release(last));
}
END_TEST

/* XL slots number 15, the lane has 4096 entries. Only the first bytes are written: the payload is not the point
 * here. */
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

Suite *pool_order_suite(void) {
    Suite *suite = suite_create("pool_order");
    TCase *tcase = add_case(suite, "order", NULL);
    tcase_add_loop_test(tcase, every_lap_hands_out_every_slot_once_and_in_the_same_order, 0, CAPACITY_COUNT);
    tcase_add_loop_test(tcase, the_whole_pool_can_be_held_at_once, 0, CAPACITY_COUNT);
    tcase_add_test(tcase, slots_are_handed_out_in_the_order_of_their_payloads);
    tcase_add_loop_test(tcase, fifteen_slots_serve_a_long_lane_for_many_laps, 0, 15);
    tcase_add_test(tcase, fifteen_slots_serve_a_lane_that_nobody_reads);
    tcase_add_test(tcase, fifteen_slots_serve_it_with_handles_held_now_and_then);
    tcase_add_loop_test(tcase, entries_of_a_long_lane_let_go_of_their_slots, 0, 2);
    tcase_add_loop_test(tcase, after_a_drought_the_slot_read_first_is_found_at_once, 0, CAPACITY_COUNT);
    tcase_add_test(tcase, a_shirt_without_slots_passes_to_the_next);
    tcase_add_test(tcase, a_held_slot_is_skipped_and_keeps_its_payload);
    tcase_add_test(tcase, one_free_slot_among_held_ones_is_found_again_and_again);
    tcase_add_test(tcase, free_slots_behind_unread_ones_are_found_by_one_who_waits);
    tcase_add_test(tcase, free_slots_behind_unread_ones_are_found_by_one_who_tries_again);
    return suite;
}
