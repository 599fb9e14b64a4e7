/* test_sequence.c - sequences that start just below 2^32, 2^48, 2^63 and 2^64, so that everything crosses the edge:
 * what a publisher and a reader do must not depend on where counting started. */
#include "helpers.h"
#include <string.h>

#define STARTS 40 /* four edges, ten distances each */

/* Where start number `i` begins: 1..10 before its edge. */
static uint64_t start_of(int i) {
    static const uint64_t edges[] = {UINT64_C(1) << 32, UINT64_C(1) << 48, UINT64_C(1) << 63, 0};
    return edges[i / 10] - (uint64_t)(i % 10) - 1;
}

static uint64_t open_at(int i) {
    struct torc_config config = small_config();
    config.first_sequence = start_of(i);
    open_world(&config);
    return config.first_sequence;
}

START_TEST(events_cross_the_edge_one_by_one) {
    uint64_t first = open_at(_i), n;
    struct torc_event event;
    for (n = 0; n < 4 * LANE; n++) {
        take_none(t.reader);
        assert_ok(put(t.publisher, n));
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(number_of(&event), n);
        ck_assert_uint_eq(event.sequence, first + n);
        assert_audit(t.bus);
    }
}
END_TEST

START_TEST(a_lane_fills_exactly_across_the_edge) {
    uint64_t round;
    open_at(_i);
    for (round = 0; round < 4; round++) {
        put_run(t.publisher, 0, LANE);
        assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
        take_run(t.reader, 0, 3);
        assert_ok(torc_advance(t.reader));
        put_run(t.publisher, LANE, 3);
        assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
        take_run(t.reader, 3, LANE);
        take_none(t.reader);
    }
}
END_TEST

START_TEST(sequences_are_counted_across_the_edge) {
    uint64_t before, n;
    open_at(_i);
    before = torc_publisher_sequence(t.publisher);
    for (n = 1; n <= 2 * LANE; n++) {
        assert_ok(put(t.publisher, 0));
        take(t.reader, 0);
        ck_assert_uint_eq(torc_publisher_sequence(t.publisher), before + n);
    }
}
END_TEST

START_TEST(slots_are_reaped_across_the_edge) {
    uint32_t n;
    open_at(_i);
    for (n = 0; n < 3 * LANE; n++) {
        assert_ok(put_filled(t.publisher, 10000, n));
        take_filled(t.reader, 10000, n);
        assert_ok(torc_advance(t.reader));
    }
    ck_assert_uint_eq(pool_stats(TORC_XL).dry, 0);
}
END_TEST

START_TEST(unread_slots_are_kept_across_the_edge) {
    uint32_t n, round;
    open_at(_i);
    for (round = 0; round < LANE; round++) {
        for (n = 0; n < 2; n++) {
            assert_ok(put_filled(t.publisher, 10000, n));
        }
        assert_status(put_filled(t.publisher, 10000, 9), TORC_POOL_DRY);
        take_filled(t.reader, 10000, 0);
        take_filled(t.reader, 10000, 1);
        take_none(t.reader);
    }
}
END_TEST

START_TEST(claims_settle_out_of_order_across_the_edge) {
    struct torc_claim claim[4];
    uint64_t round, i;
    open_at(_i);
    for (round = 0; round < LANE; round++) {
        for (i = 0; i < 4; i++) {
            assert_ok(torc_try_claim(t.publisher, (uint32_t)i, sizeof i, &claim[i]));
            memcpy(claim[i].data, &i, sizeof i);
        }
        assert_ok(torc_commit(t.publisher, &claim[3]));
        assert_ok(torc_abort(t.publisher, &claim[1]));
        assert_ok(torc_commit(t.publisher, &claim[2]));
        take_none(t.reader);
        assert_ok(torc_commit(t.publisher, &claim[0]));
        take(t.reader, 0);
        take(t.reader, 2);
        take(t.reader, 3);
        take_none(t.reader);
    }
}
END_TEST

START_TEST(an_aborted_claim_gives_its_sequence_back_across_the_edge) {
    struct torc_claim claim;
    uint64_t n;
    open_at(_i);
    for (n = 0; n < 2 * LANE; n++) {
        assert_ok(torc_try_claim(t.publisher, 1, 8, &claim));
        assert_ok(torc_abort(t.publisher, &claim));
        take_none(t.reader);
        assert_ok(put(t.publisher, n));
        take(t.reader, n);
    }
}
END_TEST

START_TEST(a_reader_joins_next_across_the_edge) {
    struct torc_reader *joiner;
    uint64_t n;
    open_at(_i);
    for (n = 0; n < 2 * LANE; n++) {
        joiner = open_reader(t.topic, TORC_JOIN_NEXT);
        take_none(joiner);
        assert_ok(put(t.publisher, n));
        take(t.reader, n);
        take(joiner, n);
        take_none(joiner);
        assert_ok(torc_reader_close(joiner));
    }
}
END_TEST

START_TEST(a_reader_joins_at_the_oldest_across_the_edge) {
    struct torc_reader *joiner = NULL;
    uint64_t n;
    open_at(_i);
    joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
    take_none(joiner);
    assert_ok(torc_reader_close(joiner));
    for (n = 0; n < 2 * LANE; n += 4) {
        put_run(t.publisher, n, 4);
        joiner = open_reader(t.topic, TORC_JOIN_OLDEST);
        take_run(t.reader, n, 4);
        take_none(t.reader);
        while (true) {
            struct torc_event event;
            assert_ok(torc_next(joiner, &event));
            ck_assert_uint_le(number_of(&event), n);
            if (number_of(&event) == n) {
                break;
            }
        }
        take_run(joiner, n + 1, 3);
        take_none(joiner);
        assert_ok(torc_reader_close(joiner));
    }
}
END_TEST

START_TEST(lag_is_counted_across_the_edge) {
    struct torc_reader_state state;
    uint64_t n, round;
    open_at(_i);
    for (round = 0; round < 3; round++) {
        for (n = 1; n <= LANE; n++) {
            assert_ok(put(t.publisher, n - 1));
            assert_ok(torc_reader_state(t.reader, &state));
            ck_assert_uint_eq(state.lag, n);
        }
        take_run(t.reader, 0, LANE);
        take_none(t.reader);
        assert_ok(torc_reader_state(t.reader, &state));
        ck_assert_uint_eq(state.lag, 0);
        ck_assert_uint_eq(state.consumed, (round + 1) * LANE);
    }
}
END_TEST

START_TEST(the_end_comes_after_the_last_event_across_the_edge) {
    struct torc_event event;
    open_at(_i);
    put_run(t.publisher, 0, LANE);
    assert_ok(torc_bus_close(t.bus));
    take_run(t.reader, 0, LANE);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    assert_ok(torc_bus_drain(t.bus, PAST));
}
END_TEST

START_TEST(drain_waits_across_the_edge) {
    open_at(_i);
    put_run(t.publisher, 0, LANE);
    assert_status(torc_bus_drain(t.bus, PAST), TORC_TIMED_OUT);
    take_run(t.reader, 0, LANE - 1);
    assert_ok(torc_advance(t.reader));
    assert_status(torc_bus_drain(t.bus, PAST), TORC_TIMED_OUT);
    take(t.reader, LANE - 1);
    assert_ok(torc_advance(t.reader));
    assert_ok(torc_bus_drain(t.bus, PAST));
}
END_TEST

START_TEST(a_lane_taken_over_goes_on_across_the_edge) {
    struct torc_config config = small_config();
    uint64_t n;
    config.first_sequence = start_of(_i);
    config.publishers = 1;
    open_world(&config);
    for (n = 0; n < 2 * LANE; n++) {
        assert_ok(put(t.publisher, n));
        assert_ok(put_filled(t.publisher, 300, 3));
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = NULL;
        take(t.reader, n);
        take_filled(t.reader, 300, 3);
        take_none(t.reader);
        t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    }
}
END_TEST

Suite *sequence_suite(void) {
    Suite *suite = suite_create("sequence");
    TCase *tcase = add_case(suite, "edges", NULL);
    tcase_add_loop_test(tcase, events_cross_the_edge_one_by_one, 0, STARTS);
    tcase_add_loop_test(tcase, a_lane_fills_exactly_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, sequences_are_counted_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, slots_are_reaped_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, unread_slots_are_kept_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, claims_settle_out_of_order_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, an_aborted_claim_gives_its_sequence_back_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, a_reader_joins_next_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, a_reader_joins_at_the_oldest_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, lag_is_counted_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, the_end_comes_after_the_last_event_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, drain_waits_across_the_edge, 0, STARTS);
    tcase_add_loop_test(tcase, a_lane_taken_over_goes_on_across_the_edge, 0, STARTS);
    return suite;
}
