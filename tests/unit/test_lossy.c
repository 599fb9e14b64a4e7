/* test_lossy.c - readers that copy: they never hold a publisher up, they are told exactly what they lost, and what they
 * are given is whole. */
#include "helpers.h"
#include <string.h>

static struct torc_reader *open_policy(enum torc_policy policy, enum torc_resume resume, enum torc_join join) {
    struct torc_reader_config config = {.join = join, .policy = policy, .resume = resume};
    struct torc_reader *reader = NULL;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    return reader;
}

static struct torc_reader *open_lossy(void) {
    return open_policy(TORC_POLICY_LOSSY, TORC_RESUME_OLDEST, TORC_JOIN_NEXT);
}

static void close_gate(void) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
}

static void must_put(uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = first + i;
        assert_ok(torc_try_publish(t.publisher, (uint32_t)number, &number, sizeof number));
    }
}

START_TEST(nothing_is_lost_by_a_reader_that_keeps_up) {
    struct torc_reader *lossy = open_lossy();
    for (uint64_t i = 0; i < 5 * LANE; i++) {
        must_put(i, 1);
        take(lossy, i);
        take_none(lossy);
        take(t.reader, i);
    }
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(a_publisher_never_waits_and_the_loss_is_exact) {
    struct torc_reader *lossy = open_policy(TORC_POLICY_LOSSY, (enum torc_resume)(_i % 2), TORC_JOIN_NEXT);
    struct torc_reader_state state;
    uint64_t count = (uint64_t)_i, lost, came;
    close_gate();
    must_put(0, count);
    came = read_with_losses(lossy, 0, &lost);
    ck_assert_uint_eq(came + lost, count);
    ck_assert_uint_eq(lost == 0, count <= LANE);
    if (_i % 2 == TORC_RESUME_NEWEST && lost != 0) {
        ck_assert_uint_eq(came, 1);
    }
    assert_ok(torc_reader_state(lossy, &state));
    ck_assert_uint_eq(state.lost, lost);
    ck_assert_uint_eq(state.consumed, came);
    ck_assert_uint_eq(state.lag, 0);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(oldest_goes_back_to_what_is_not_overwritten) {
    struct torc_reader *lossy;
    uint64_t lost, count = (uint64_t)_i;
    close_gate();
    must_put(0, count);
    lossy = open_policy(TORC_POLICY_LOSSY, TORC_RESUME_OLDEST, TORC_JOIN_OLDEST);
    ck_assert_uint_eq(read_with_losses(lossy, count < LANE ? 0 : count - LANE, &lost), count < LANE ? count : LANE);
    ck_assert_uint_eq(lost, 0);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(a_gating_reader_beside_it_still_gets_everything) {
    struct torc_reader *lossy = open_lossy();
    uint64_t lost;
    for (uint64_t round = 0; round < 10; round++) {
        must_put(round * LANE, LANE);
        assert_status(put(t.publisher, 0), TORC_WOULD_BLOCK);
        take_run(t.reader, round * LANE, LANE);
        take_none(t.reader);
    }
    ck_assert_uint_eq(read_with_losses(lossy, 0, &lost) + lost, 10 * LANE);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

/* The S pool holds 8 slots, as many as the lane has entries; L holds 4: what was reaped counts as lost. */
START_TEST(payloads_in_slots_are_whole_or_counted) {
    static const size_t sizes[] = {200, 4000, 20000};
    struct torc_reader *lossy = open_lossy();
    struct torc_event event;
    uint32_t expected = 0;
    int status;
    close_gate();
    for (uint32_t i = 0; i < (uint32_t)_i; i++) {
        assert_ok(put_filled(t.publisher, sizes[i % 3], i));
    }
    while ((status = torc_next(lossy, &event)) != TORC_EMPTY) {
        if (status == TORC_LAPPED) {
            expected += (uint32_t)event.lost;
            continue;
        }
        assert_ok(status);
        ck_assert_uint_eq(event.type, expected);
        ck_assert_uint_eq(event.length, sizes[expected % 3]);
        ck_assert(filled(event.data, event.length, expected));
        expected++;
    }
    ck_assert_uint_eq(expected, (uint32_t)_i);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(a_pinned_slot_outlives_the_lane) {
    struct torc_reader *lossy = open_lossy();
    struct torc_event event;
    struct torc_ringptr kept;
    close_gate();
    assert_ok(put_filled(t.publisher, 200, 1));
    assert_ok(torc_next(lossy, &event));
    for (uint32_t i = 2; i < 50; i++) {
        assert_ok(put_filled(t.publisher, 200, i));
    }
    ck_assert(filled(event.data, 200, 1));
    assert_ok(torc_keep(lossy, &event, &kept));
    assert_status(torc_next(lossy, &event), TORC_LAPPED);
    ck_assert(filled(torc_ringptr_data(kept), 200, 1));
    ck_assert_uint_eq(torc_ringptr_count(kept), 1);
    assert_ok(torc_ringptr_release(kept));
    assert_ok(torc_reader_close(lossy)); /* in the middle of an event found behind a loss */
}
END_TEST

START_TEST(an_inline_event_can_be_kept) {
    struct torc_reader *lossy = open_lossy();
    struct torc_event event;
    struct torc_ringptr kept;
    close_gate();
    must_put(77, 1);
    assert_ok(torc_next(lossy, &event));
    must_put(78, 3 * LANE);
    assert_ok(torc_keep(lossy, &event, &kept));
    ck_assert_uint_eq(*torc_ringptr_view(kept, uint64_t), 77);
    assert_ok(torc_ringptr_release(kept));
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(conflate_gives_the_newest_and_says_how_many_it_skipped) {
    struct torc_reader *newest = open_policy(TORC_POLICY_CONFLATE, TORC_RESUME_OLDEST, TORC_JOIN_NEXT);
    struct torc_event event;
    uint64_t next = 0;
    close_gate();
    for (uint64_t count = 1; count < 3 * LANE; count++) {
        must_put(next, count);
        next += count;
        assert_ok(torc_next(newest, &event));
        ck_assert_uint_eq(number_of(&event), next - 1);
        ck_assert_uint_eq(event.lost, count - 1);
        take_none(newest);
    }
    assert_ok(torc_reader_close(newest));
}
END_TEST

static enum torc_action sum_lost(void *context, const struct torc_event *event) {
    *(uint64_t *)context += event->lost;
    return TORC_CONTINUE;
}

START_TEST(a_poll_gets_the_loss_with_the_event_behind_it) {
    struct torc_reader *lossy = open_lossy();
    uint64_t lost = 0;
    int count;
    close_gate();
    must_put(0, 100);
    count = torc_poll(lossy, sum_lost, &lost, 1000);
    ck_assert_int_gt(count, 0);
    ck_assert_uint_eq((uint64_t)count + lost, 100);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

/* The slots of all its events were taken for something else, and the lane or the bus has come to its end. */
START_TEST(a_poll_is_told_of_a_loss_with_nothing_behind_it) {
    struct torc_reader *lossy = open_lossy();
    struct torc_ringptr taken[2];
    uint64_t lost = 0;
    close_gate();
    for (uint32_t i = 0; i < 2; i++) {
        assert_ok(put_filled(t.publisher, 16384, i));
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(torc_try_ringptr_claim(t.publisher, 1, 16384, &taken[i], NULL));
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(torc_ringptr_release(taken[i]));
    }
    if (_i == 1) {
        assert_ok(torc_bus_close(t.bus));
    } else if (_i == 2) {
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = NULL;
    }
    assert_status(torc_poll(lossy, sum_lost, &lost, 10), TORC_LAPPED);
    assert_status(torc_poll(lossy, sum_lost, &lost, 10), _i == 1 ? TORC_CLOSED : 0);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(claims_beside_it_are_filled_in_slots) {
    struct torc_reader *lossy = open_lossy();
    struct torc_claim claim;
    for (uint64_t i = 0; i < 3 * LANE; i++) {
        assert_ok(torc_try_claim(t.publisher, (uint32_t)i, 8, &claim));
        ck_assert_uint_ne(claim.slot, 0);
        memcpy(claim.data, &i, sizeof i);
        take_none(lossy);
        assert_ok(torc_commit(t.publisher, &claim));
        take(lossy, i);
        take(t.reader, i);
    }
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(a_claim_that_was_open_when_it_joined_is_read_whole) {
    struct torc_claim claim;
    struct torc_reader *lossy;
    uint64_t number = 5;
    assert_ok(torc_try_claim(t.publisher, (uint32_t)number, 8, &claim));
    ck_assert_uint_eq(claim.slot, 0);
    lossy = open_lossy();
    memcpy(claim.data, &number, sizeof number);
    take_none(lossy);
    must_put(6, 1);
    take_none(lossy);
    assert_ok(torc_commit(t.publisher, &claim));
    take_run(lossy, 5, 2);
    take_run(t.reader, 5, 2);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(aborted_claims_are_stepped_over) {
    struct torc_reader *lossy = open_lossy();
    struct torc_claim claims[2];
    for (uint64_t i = 0; i < 5 * LANE; i++) {
        assert_ok(torc_try_claim(t.publisher, (uint32_t)i, 8, &claims[0]));
        assert_ok(torc_try_claim(t.publisher, (uint32_t)i, 8, &claims[1]));
        memcpy(claims[1].data, &i, sizeof i);
        assert_ok(torc_abort(t.publisher, &claims[0]));
        assert_ok(torc_commit(t.publisher, &claims[1]));
        assert_ok(torc_try_claim(t.publisher, (uint32_t)i, 8, &claims[0]));
        assert_ok(torc_abort(t.publisher, &claims[0]));
        assert_audit(t.bus);
        take(lossy, i);
        take(t.reader, i);
    }
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(the_fast_path_comes_back_when_the_last_one_leaves) {
    struct torc_reader *one = open_lossy();
    struct torc_reader *two = open_lossy();
    struct torc_publisher *later = open_publisher(t.topic, TORC_DRY_FAIL);
    ck_assert_uint_eq(torc_load_relaxed64(&t.publisher->room), 0);
    ck_assert_uint_eq(torc_load_relaxed64(&later->room), 0);
    assert_ok(torc_reader_close(one));
    ck_assert_uint_eq(torc_load_relaxed64(&later->room), 0);
    assert_ok(torc_reader_close(two));
    must_put(0, 2);
    ck_assert_uint_eq(torc_load_relaxed64(&t.publisher->room), LANE);
    take_run(t.reader, 0, 2);
    assert_ok(torc_publisher_close(later));
}
END_TEST

START_TEST(a_closed_bus_ends_it) {
    struct torc_reader *lossy = open_lossy();
    struct torc_event event;
    uint64_t number = 0;
    must_put(0, 3);
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_try_publish(t.publisher, (uint32_t)number, &number, sizeof number), TORC_CLOSED);
    take_run(lossy, 0, 3);
    assert_status(torc_next(lossy, &event), TORC_CLOSED);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(a_lane_that_ended_is_read_to_its_end) {
    struct torc_reader *lossy = open_lossy();
    uint64_t lost;
    close_gate();
    must_put(0, 20);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    must_put(20, 3);
    ck_assert_uint_eq(read_with_losses(lossy, 0, &lost) + lost, 23);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(sequences_may_wrap) {
    struct torc_config config = small_config();
    struct torc_reader *lossy;
    uint64_t lost;
    teardown_world();
    config.first_sequence = UINT64_MAX - (uint64_t)_i;
    open_world(&config);
    lossy = open_lossy();
    close_gate();
    must_put(0, 30);
    ck_assert_uint_eq(read_with_losses(lossy, 0, &lost) + lost, 30);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(it_wakes_up_and_waits) {
    struct torc_reader *lossy = open_lossy();
    struct torc_event event;
    assert_status(torc_next_until(lossy, &event, PAST), TORC_TIMED_OUT);
    must_put(9, 1);
    assert_ok(torc_wait_readable(lossy, TORC_FOREVER));
    assert_ok(torc_next_until(lossy, &event, TORC_FOREVER));
    ck_assert_uint_eq(number_of(&event), 9);
    assert_ok(torc_reader_detach(lossy) == TORC_BUSY ? TORC_OK : TORC_INVALID); /* the event is still borrowed */
    assert_status(torc_next(lossy, &event), TORC_CLOSED);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(what_makes_no_sense_is_refused) {
    struct torc_reader_config by_hand = {.policy = TORC_POLICY_LOSSY, .manual_advance = 1};
    struct torc_reader_config policy = {.policy = (enum torc_policy)9};
    struct torc_reader_config resume = {.policy = TORC_POLICY_LOSSY, .resume = (enum torc_resume)9};
    struct torc_reader *reader = NULL;
    assert_status(torc_reader_open(t.topic, &by_hand, &reader), TORC_INVALID);
    assert_status(torc_reader_open(t.topic, &policy, &reader), TORC_INVALID);
    assert_status(torc_reader_open(t.topic, &resume, &reader), TORC_INVALID);
    ck_assert_ptr_null(reader);
}
END_TEST

Suite *lossy_suite(void) {
    Suite *suite = suite_create("lossy");
    TCase *tcase = add_case(suite, "copying", setup_world);
    tcase_add_test(tcase, nothing_is_lost_by_a_reader_that_keeps_up);
    tcase_add_loop_test(tcase, a_publisher_never_waits_and_the_loss_is_exact, 0, 6 * LANE);
    tcase_add_loop_test(tcase, oldest_goes_back_to_what_is_not_overwritten, 0, 3 * LANE);
    tcase_add_test(tcase, a_gating_reader_beside_it_still_gets_everything);
    tcase_add_loop_test(tcase, payloads_in_slots_are_whole_or_counted, 0, 5 * LANE);
    tcase_add_test(tcase, a_pinned_slot_outlives_the_lane);
    tcase_add_test(tcase, an_inline_event_can_be_kept);
    tcase_add_test(tcase, conflate_gives_the_newest_and_says_how_many_it_skipped);
    tcase_add_test(tcase, a_poll_gets_the_loss_with_the_event_behind_it);
    tcase_add_loop_test(tcase, a_poll_is_told_of_a_loss_with_nothing_behind_it, 0, 3);
    tcase_add_test(tcase, claims_beside_it_are_filled_in_slots);
    tcase_add_test(tcase, a_claim_that_was_open_when_it_joined_is_read_whole);
    tcase_add_test(tcase, aborted_claims_are_stepped_over);
    tcase_add_test(tcase, the_fast_path_comes_back_when_the_last_one_leaves);
    tcase_add_test(tcase, a_closed_bus_ends_it);
    tcase_add_test(tcase, a_lane_that_ended_is_read_to_its_end);
    tcase_add_loop_test(tcase, sequences_may_wrap, 0, 2 * LANE);
    tcase_add_test(tcase, it_wakes_up_and_waits);
    tcase_add_test(tcase, what_makes_no_sense_is_refused);
    return suite;
}
