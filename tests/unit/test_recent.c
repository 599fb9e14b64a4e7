/* test_recent.c - the slot that its owner released last is handed out first (pools/recent.c). */
#include "helpers.h"

#define SLOTS 250u

static struct torc_ringptr held[SLOTS];

/* Where a release is a plain store: not with poison on free, nor where every release takes a fence. */
static bool is_plain(void) {
    return TORC_DEBUG < 2 && t.bus->fence == 0;
}

static void open_slots(uint32_t slots, uint64_t generation) {
    struct torc_config config = small_config();
    config.slots[TORC_S] = slots;
    if (generation != 0) {
        config.first_generation = generation;
    }
    open_world(&config);
}

static void hold(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        held[i] = claim_handle(200);
    }
}

static void release_held(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        assert_ok(torc_ringptr_release(held[i]));
    }
}

START_TEST(what_was_released_last_is_claimed_first) {
    open_slots(8, 0);
    hold(4);
    for (uint32_t i = 1; i < 4; i++) {
        uint32_t slot = slot_index(t.bus, held[i]);
        assert_ok(torc_ringptr_release(held[i]));
        held[i] = claim_handle(200);
        ck_assert_uint_eq(slot_index(t.bus, held[i]), is_plain() ? slot : i + 3);
    }
    release_held(4);
}
END_TEST

START_TEST(the_order_goes_on_where_it_was) {
    open_slots(8, 0);
    hold(4);
    assert_ok(torc_ringptr_release(held[1]));
    assert_ok(torc_ringptr_release(held[2]));
    held[1] = claim_handle(200);
    held[2] = claim_handle(200);
    ck_assert_uint_eq(slot_index(t.bus, held[1]), is_plain() ? 2 : 4);
    ck_assert_uint_eq(slot_index(t.bus, held[2]), is_plain() ? 4 : 5);
    release_held(4);
}
END_TEST

START_TEST(every_claim_out_of_order_is_counted) {
    open_slots(8, 0);
    hold(3);
    for (uint32_t i = 0; i < 100; i++) {
        assert_ok(torc_ringptr_release(held[i % 3]));
        held[i % 3] = claim_handle(200);
        assert_audit(t.bus);
    }
    ck_assert_uint_eq(pool_stats(TORC_S).allocations, 103);
    ck_assert_uint_eq(pool_stats(TORC_S).in_use, 3);
    release_held(3);
    assert_audit(t.bus);
}
END_TEST

/* One was released last, and claimed meanwhile in its turn. */
START_TEST(a_slot_that_somebody_has_again_is_not_handed_out) {
    struct torc_ringptr last, copy;
    open_slots(4, 0);
    hold(4);
    copy = held[2];
    assert_ok(torc_ringptr_release(held[2]));
    last = held[2] = claim_handle(200);
    assert_status(torc_ringptr_release(copy), TORC_STALE);
    assert_status(torc_try_ringptr_claim(t.publisher, 1, 200, &copy, NULL), TORC_POOL_DRY);
    ck_assert(torc_ringptr_is_valid(last));
    release_held(4);
}
END_TEST

/* More held slots than one search looks at, and one that is free somewhere among them. */
START_TEST(it_is_found_in_a_full_pool_at_once) {
    open_slots(SLOTS, 0);
    hold(SLOTS);
    for (uint32_t i = 0; i < SLOTS && is_plain(); i++) {
        uint32_t one = i * 97 % SLOTS;
        assert_ok(torc_ringptr_release(held[one]));
        assert_ok(torc_try_ringptr_claim(t.publisher, 1, 200, &held[one], NULL));
    }
    ck_assert_uint_eq(pool_stats(TORC_S).dry, 0);
    release_held(SLOTS);
}
END_TEST

/* Each slot serves twice in a row, until it is old. */
START_TEST(an_old_slot_waits_for_its_turn) {
    open_slots(4, TORC_RECENT_LAST - 2);
    for (uint32_t life = 0; life < 12; life++) {
        held[0] = claim_handle(200);
        ck_assert_uint_eq(slot_index(t.bus, held[0]), is_plain() && life < 8 ? life / 2 : life % 4);
        release_held(1);
    }
    assert_audit(t.bus);
}
END_TEST

Suite *recent_suite(void) {
    Suite *suite = suite_create("recent");
    TCase *tcase = add_case(suite, "recent", NULL);
    tcase_add_test(tcase, what_was_released_last_is_claimed_first);
    tcase_add_test(tcase, the_order_goes_on_where_it_was);
    tcase_add_test(tcase, every_claim_out_of_order_is_counted);
    tcase_add_test(tcase, a_slot_that_somebody_has_again_is_not_handed_out);
    tcase_add_test(tcase, it_is_found_in_a_full_pool_at_once);
    tcase_add_test(tcase, an_old_slot_waits_for_its_turn);
    return suite;
}
