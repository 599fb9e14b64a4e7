/* test_claim.c - filling in place: claim, commit and abort in every order, several claims open at once, tombstones. */
#include "helpers.h"
#include <string.h>

static struct torc_claim claim_number(uint64_t number) {
    struct torc_claim claim;
    memset(&claim, 0xA5, sizeof claim);
    assert_ok(torc_try_claim(t.publisher, (uint32_t)number, sizeof number, &claim));
    ck_assert_uint_eq(claim.length, sizeof number);
    ck_assert_uint_eq(claim.type, (uint32_t)number);
    memcpy(claim.data, &number, sizeof number);
    return claim;
}

static void commit(struct torc_claim *claim) {
    assert_ok(torc_commit(t.publisher, claim));
}

static void give_up(struct torc_claim *claim) {
    assert_ok(torc_abort(t.publisher, claim));
}

START_TEST(a_claim_is_invisible_until_its_commit) {
    struct torc_claim claim = claim_number(5);
    take_none(t.reader);
    commit(&claim);
    take(t.reader, 5);
    take_none(t.reader);
}
END_TEST

START_TEST(a_claim_is_aligned_and_takes_any_byte) {
    static const size_t lengths[] = {1, 48, 49, 64, 256, 1024, 4096, 16384};
    struct torc_claim claim;
    assert_ok(torc_try_claim(t.publisher, 3, lengths[_i], &claim));
    ck_assert_uint_eq((uintptr_t)claim.data % (lengths[_i] <= 48 ? 16 : 64), 0);
    memset(claim.data, 0xFF, claim.length);
    fill(claim.data, claim.length, 3);
    commit(&claim);
    take_filled(t.reader, lengths[_i], 3);
}
END_TEST

START_TEST(a_claim_may_be_shortened_before_the_commit) {
    static const size_t lengths[] = {48, 64, 16384};
    struct torc_claim claim;
    assert_ok(torc_try_claim(t.publisher, 3, lengths[_i], &claim));
    fill(claim.data, 20, 3);
    claim.length = 20;
    commit(&claim);
    take_filled(t.reader, 20, 3);
    assert_ok(torc_try_claim(t.publisher, 4, lengths[_i], &claim));
    claim.length = 0;
    commit(&claim);
    take_filled(t.reader, 0, 4);
}
END_TEST

START_TEST(a_claim_that_grew_is_refused_and_stays_open) {
    static const size_t lengths[] = {10, 48, 100, 16384};
    struct torc_claim claim;
    size_t length = lengths[_i];
    assert_ok(torc_try_claim(t.publisher, 3, length, &claim));
    fill(claim.data, length, 3);
    claim.length = length + 1;
    assert_status(torc_commit(t.publisher, &claim), TORC_INVALID);
    claim.length = SIZE_MAX;
    assert_status(torc_commit(t.publisher, &claim), TORC_INVALID);
    take_none(t.reader);
    claim.length = length;
    commit(&claim);
    take_filled(t.reader, length, 3);
}
END_TEST

START_TEST(a_claim_is_settled_once) {
    struct torc_claim claim = claim_number(1);
    if (_i == 0) {
        commit(&claim);
    } else {
        give_up(&claim);
    }
    assert_status(torc_commit(t.publisher, &claim), TORC_INVALID);
    assert_status(torc_abort(t.publisher, &claim), TORC_INVALID);
    assert_ok(put(t.publisher, 2));
    if (_i == 0) {
        take(t.reader, 1);
    }
    take(t.reader, 2);
    take_none(t.reader);
}
END_TEST

START_TEST(a_copy_of_a_settled_claim_is_refused) {
    struct torc_claim claim = claim_number(1), copy = claim;
    commit(&claim);
    assert_status(torc_commit(t.publisher, &copy), TORC_INVALID);
    assert_status(torc_abort(t.publisher, &copy), TORC_INVALID);
    take(t.reader, 1);
    take_none(t.reader);
}
END_TEST

START_TEST(a_copy_of_a_settled_claim_is_refused_behind_an_open_one) {
    struct torc_claim first = claim_number(1), second = claim_number(2), third = claim_number(3);
    struct torc_claim committed = second, aborted = third;
    assert_ok(put(t.publisher, 4));
    commit(&second);
    give_up(&third);
    assert_status(torc_commit(t.publisher, &committed), TORC_INVALID);
    assert_status(torc_abort(t.publisher, &committed), TORC_INVALID);
    assert_status(torc_commit(t.publisher, &aborted), TORC_INVALID);
    assert_status(torc_abort(t.publisher, &aborted), TORC_INVALID);
    take_none(t.reader);
    commit(&first);
    take_run(t.reader, 1, 2);
    take(t.reader, 4);
}
END_TEST

START_TEST(aborting_the_newest_claim_gives_the_sequence_back) {
    struct torc_claim claim = claim_number(1);
    struct torc_event event;
    uint64_t sequence = claim.sequence;
    give_up(&claim);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    take_none(t.reader);
    assert_ok(put(t.publisher, 2));
    assert_ok(torc_next(t.reader, &event));
    ck_assert_uint_eq(event.sequence, sequence);
    ck_assert_uint_eq(number_of(&event), 2);
}
END_TEST

START_TEST(aborting_an_older_claim_leaves_a_tombstone) {
    struct torc_claim first = claim_number(1), second = claim_number(2);
    struct torc_event event;
    give_up(&first);
    take_none(t.reader);
    commit(&second);
    assert_ok(torc_next(t.reader, &event));
    ck_assert_uint_eq(number_of(&event), 2);
    ck_assert_uint_eq(event.sequence, 1);
    take_none(t.reader);
}
END_TEST

START_TEST(a_lane_of_tombstones_runs_for_many_laps) {
    struct torc_claim first, second;
    uint64_t i;
    for (i = 0; i < 10 * LANE; i++) {
        assert_ok(torc_try_claim(t.publisher, 1, _i == 0 ? 8 : 1000, &first));
        second = claim_number(i);
        give_up(&first);
        commit(&second);
        take(t.reader, i);
        take_none(t.reader);
    }
}
END_TEST

START_TEST(a_publish_behind_an_open_claim_waits_its_turn) {
    struct torc_claim claim = claim_number(1);
    put_run(t.publisher, 2, 2);
    assert_ok(put_filled(t.publisher, 500, 4));
    put_run(t.publisher, 5, 2);
    take_none(t.reader);
    ck_assert_uint_eq(torc_load_relaxed64(&t.publisher->lane->published), 0);
    commit(&claim);
    take_run(t.reader, 1, 3);
    take_filled(t.reader, 500, 4);
    take_run(t.reader, 5, 2);
}
END_TEST

/* Four claims, settled in the order `order` of their permutations, committed where `committed` has a bit. After each
 * step exactly the settled prefix may be visible. */
static void settle_in_order(int order, unsigned committed, uint64_t *next_number) {
    struct torc_claim claim[4];
    bool settled[4] = {false}, open[4] = {true, true, true, true};
    uint64_t first = *next_number;
    int step, i, pick, seen = 0;
    for (i = 0; i < 4; i++) {
        claim[i] = claim_number(first + (uint64_t)i);
    }
    *next_number += 4;
    for (step = 4; step > 0; step--) {
        pick = order % step;
        order /= step;
        for (i = 0; pick > 0 || !open[i]; i++) {
            pick -= open[i];
        }
        open[i] = false;
        settled[i] = true;
        ((committed >> i & 1) != 0 ? commit : give_up)(&claim[i]);
        for (; seen < 4 && settled[seen]; seen++) {
            if ((committed >> seen & 1) != 0) {
                take(t.reader, first + (uint64_t)seen);
            }
        }
        take_none(t.reader);
    }
}

START_TEST(four_claims_settle_in_any_order) {
    uint64_t next_number = 0;
    int order;
    for (order = 0; order < 24; order++) {
        settle_in_order(order, (unsigned)_i, &next_number);
    }
}
END_TEST

START_TEST(a_whole_lane_of_claims_may_be_open) {
    struct torc_claim claim[LANE], more;
    uint64_t i;
    for (i = 0; i < LANE; i++) {
        claim[i] = claim_number(i);
    }
    assert_status(torc_try_claim(t.publisher, 1, 8, &more), TORC_WOULD_BLOCK);
    assert_status(torc_claim_until(t.publisher, 1, 8, PAST, &more), TORC_TIMED_OUT);
    assert_status(put(t.publisher, 9), TORC_WOULD_BLOCK);
    for (i = LANE; i > 0; i--) {
        take_none(t.reader);
        commit(&claim[i - 1]);
    }
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    put_run(t.publisher, 0, LANE);
}
END_TEST

START_TEST(open_claims_are_never_lapped_even_without_readers) {
    struct torc_claim claim, more;
    uint64_t i;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    claim = claim_number(77);
    for (i = 1; i < LANE; i++) {
        assert_ok(put(t.publisher, i));
    }
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    assert_status(torc_try_claim(t.publisher, 1, 8, &more), TORC_WOULD_BLOCK);
    commit(&claim);
    assert_ok(put(t.publisher, 99));
}
END_TEST

START_TEST(slots_of_open_claims_are_not_reaped) {
    struct torc_claim claim[2], more;
    uint32_t i;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    for (i = 0; i < 2; i++) {
        assert_ok(torc_try_claim(t.publisher, i, 16384, &claim[i]));
        fill(claim[i].data, 16384, i);
    }
    assert_status(torc_try_claim(t.publisher, 1, 16384, &more), TORC_POOL_DRY);
    for (i = 0; i < 2; i++) {
        ck_assert(filled(claim[i].data, 16384, i));
        commit(&claim[i]);
    }
    assert_ok(put_filled(t.publisher, 16384, 3));
}
END_TEST

START_TEST(an_aborted_claim_gives_its_slot_back) {
    struct torc_claim claim[4];
    int round, i;
    for (round = 0; round < 5; round++) {
        for (i = 0; i < 4; i++) {
            assert_ok(torc_try_claim(t.publisher, 1, 1000, &claim[i]));
        }
        assert_status(put_filled(t.publisher, 1000, 1), TORC_POOL_DRY);
        for (i = 0; i < 4; i++) {
            give_up(&claim[_i == 0 ? i : 3 - i]);
        }
        take_none(t.reader);
    }
    ck_assert_uint_eq(pool_stats(TORC_M).in_use, 0);
}
END_TEST

/* Sequences given back are claimed again below the newest slot; when their entries are overwritten the slots go
 * back. */
START_TEST(a_slot_in_a_sequence_given_back_is_dropped_with_its_entry) {
    struct torc_claim claims[4], large;
    ck_assert_int_eq(torc_try_claim_batch(t.publisher, 1, 8, claims, 3), 3);
    assert_ok(torc_try_claim(t.publisher, 1, 200, &large));
    assert_ok(torc_abort(t.publisher, &large));
    assert_ok(torc_abort_batch(t.publisher, claims, 3));
    assert_ok(put_filled(t.publisher, 200, 1));
    take_filled(t.reader, 200, 1);
    for (uint64_t i = 0; i < 2 * LANE; i++) {
        take_none(t.reader);
        assert_ok(put(t.publisher, i));
        take(t.reader, i);
    }
    assert_audit(t.bus);
}
END_TEST

START_TEST(a_writer_stopped_inside_a_claim_reads_as_empty) {
    struct torc_claim claim;
    struct torc_event event;
    struct counted counted = {0, 0, 0};
    put_run(t.publisher, 0, 2);
    claim = claim_number(2);
    assert_ok(put(t.publisher, 3));
    take_run(t.reader, 0, 2);
    take_none(t.reader);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 10), 0);
    assert_status(torc_next_until(t.reader, &event, torc_deadline_ms(2)), TORC_TIMED_OUT);
    assert_status(torc_poll_until(t.reader, count_events, &counted, 10, PAST), TORC_TIMED_OUT);
    assert_status(torc_wait_readable(t.reader, PAST), TORC_TIMED_OUT);
    commit(&claim);
    assert_ok(torc_wait_readable(t.reader, PAST));
    take_run(t.reader, 2, 2);
}
END_TEST

START_TEST(a_claim_open_at_the_close_of_the_bus_can_be_settled) {
    struct torc_claim claim = claim_number(1), more;
    struct torc_event event;
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_try_claim(t.publisher, 1, 8, &more), TORC_CLOSED);
    take_none(t.reader);
    if (_i == 0) {
        commit(&claim);
        take(t.reader, 1);
    } else {
        give_up(&claim);
    }
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
}
END_TEST

START_TEST(closing_the_publisher_aborts_its_claims) {
    struct torc_claim small = claim_number(1), large;
    assert_ok(put(t.publisher, 2));
    assert_ok(torc_try_claim(t.publisher, 1, 1000, &large));
    assert_ok(put(t.publisher, 3));
    take_none(t.reader);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    take(t.reader, 2);
    take(t.reader, 3);
    take_none(t.reader);
    ck_assert_uint_eq(pool_stats(TORC_M).in_use, 0);
    ck_assert_uint_eq(small.sequence, 0);
}
END_TEST

/* Whose sequence was claimed again, in another slot, or in the entry where that one was in a slot, or the reverse. */
START_TEST(a_copy_of_an_aborted_claim_is_settled) {
    static const size_t lengths[][2] = {{200, 200}, {8, 200}, {200, 8}};
    struct torc_claim claim, copy, again;
    assert_ok(torc_claim(t.publisher, 1, lengths[_i][0], &claim));
    copy = claim;
    assert_ok(torc_abort(t.publisher, &claim));
    assert_ok(torc_claim(t.publisher, 1, lengths[_i][1], &again));
    ck_assert_uint_eq(again.sequence, copy.sequence);
    assert_status(torc_commit(t.publisher, &copy), TORC_INVALID);
    assert_status(torc_abort(t.publisher, &copy), TORC_INVALID);
    assert_ok(torc_commit(t.publisher, &again));
    assert_audit(t.bus);
}
END_TEST

Suite *claim_suite(void) {
    Suite *suite = suite_create("claim");
    TCase *tcase = add_case(suite, "in place", setup_world);
    tcase_add_loop_test(tcase, a_copy_of_an_aborted_claim_is_settled, 0, 3);
    tcase_add_test(tcase, a_claim_is_invisible_until_its_commit);
    tcase_add_loop_test(tcase, a_claim_is_aligned_and_takes_any_byte, 0, 8);
    tcase_add_loop_test(tcase, a_claim_may_be_shortened_before_the_commit, 0, 3);
    tcase_add_loop_test(tcase, a_claim_that_grew_is_refused_and_stays_open, 0, 4);
    tcase_add_loop_test(tcase, a_claim_is_settled_once, 0, 2);
    tcase_add_test(tcase, a_copy_of_a_settled_claim_is_refused);
    tcase_add_test(tcase, a_copy_of_a_settled_claim_is_refused_behind_an_open_one);
    tcase_add_test(tcase, aborting_the_newest_claim_gives_the_sequence_back);
    tcase_add_test(tcase, aborting_an_older_claim_leaves_a_tombstone);
    tcase_add_loop_test(tcase, a_lane_of_tombstones_runs_for_many_laps, 0, 2);
    tcase_add_test(tcase, a_publish_behind_an_open_claim_waits_its_turn);
    tcase_add_loop_test(tcase, four_claims_settle_in_any_order, 0, 16);
    tcase_add_test(tcase, a_whole_lane_of_claims_may_be_open);
    tcase_add_test(tcase, open_claims_are_never_lapped_even_without_readers);
    tcase_add_test(tcase, slots_of_open_claims_are_not_reaped);
    tcase_add_loop_test(tcase, an_aborted_claim_gives_its_slot_back, 0, 2);
    tcase_add_test(tcase, a_slot_in_a_sequence_given_back_is_dropped_with_its_entry);
    tcase_add_test(tcase, a_writer_stopped_inside_a_claim_reads_as_empty);
    tcase_add_loop_test(tcase, a_claim_open_at_the_close_of_the_bus_can_be_settled, 0, 2);
    tcase_add_test(tcase, closing_the_publisher_aborts_its_claims);
    return suite;
}
