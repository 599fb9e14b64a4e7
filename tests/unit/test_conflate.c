/* test_conflate.c - CONFLATE per type: the newest event of each type that was not handed on, and how many it
 * replaced. */
#include "helpers.h"
#include <string.h>

static struct torc_reader *newest; /* of each type */

static void open_newest(uint32_t types) {
    struct torc_reader_config config = {.policy = TORC_POLICY_CONFLATE, .conflate_types = types};
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_reader_open(t.topic, &config, &newest));
}
static void close_newest(void) {
    assert_ok(torc_reader_close(newest));
}

static uint64_t value_of(const struct torc_event *event) {
    uint64_t value;
    ck_assert_uint_eq(event->length, sizeof value);
    memcpy(&value, event->data, sizeof value);
    return value;
}

static void say(uint32_t type, uint64_t number) {
    assert_ok(torc_try_publish(t.publisher, type, &number, sizeof number));
}

/* The next event is this one, and it replaced so many. */
static void hear(uint32_t type, uint64_t number, uint64_t lost) {
    struct torc_event event;
    assert_ok(torc_next(newest, &event));
    ck_assert_uint_eq(event.type, type);
    ck_assert_uint_eq(value_of(&event), number);
    ck_assert_uint_eq(event.lost, lost);
}

static void assert_state(uint64_t consumed, uint64_t lost, uint64_t lag) {
    struct torc_reader_state state;
    assert_ok(torc_reader_state(newest, &state));
    ck_assert_uint_eq(state.consumed, consumed);
    ck_assert_uint_eq(state.lost, lost);
    ck_assert_uint_eq(state.lag, lag);
}

/* It was handed so many, has lost none, and there are no more. */
static void close_at_end(uint64_t consumed) {
    take_none(newest);
    assert_state(consumed, 0, 0);
    close_newest();
}

START_TEST(each_type_comes_once_in_the_order_in_which_they_came_up) {
    static const uint32_t types[] = {1, 2, 1, 3, 1, UINT32_MAX, 0, 0};
    open_newest(8);
    for (uint32_t i = 0; i < 8; i++) {
        say(types[i], i);
    }
    assert_state(0, 0, 8);
    hear(1, 4, 2);
    assert_state(1, 3, 4);
    hear(2, 1, 0);
    say(1, 8);
    say(3, 9);
    hear(3, 9, 1);
    hear(UINT32_MAX, 5, 0);
    hear(0, 7, 1);
    hear(1, 8, 0);
    take_none(newest);
    assert_state(6, 4, 0);
    close_newest();
}
END_TEST

/* What is pending, by the letter of the contract. */
#define TYPES 6
struct expected {
    uint64_t number[TYPES], lost[TYPES];
    uint32_t queue[TYPES];
    uint32_t count;
};
static void expect(struct expected *self, uint32_t type, uint64_t number) {
    uint32_t at = 0;
    while (at < self->count && self->queue[at] != type) {
        at++;
    }
    self->lost[type] = at < self->count ? self->lost[type] + 1 : 0;
    self->queue[at] = type;
    self->count += at == self->count;
    self->number[type] = number;
}
static void meet(struct expected *self) {
    uint32_t type = self->queue[0];
    if (self->count == 0) {
        take_none(newest);
        return;
    }
    hear(type, self->number[type], self->lost[type]);
    self->count--;
    memmove(self->queue, self->queue + 1, self->count * sizeof self->queue[0]);
}

START_TEST(as_long_as_it_looks_in_time_it_agrees_with_its_contract) {
    struct expected expected = {.count = 0};
    struct chance random = {.random = (uint64_t)_i + 1};
    uint64_t number = 0;
    open_newest(TYPES);
    for (int round = 0; round < 2000; round++) {
        uint64_t burst = chance_below(&random, LANE + 1);
        for (uint64_t i = 0; i < burst; i++, number++) {
            uint32_t type = (uint32_t)chance_below(&random, TYPES);
            say(type, number);
            expect(&expected, type, number);
        }
        for (uint64_t i = 1 + chance_below(&random, 4); i > 0; i--) {
            meet(&expected);
        }
    }
    while (expected.count != 0) {
        meet(&expected);
    }
    take_none(newest);
    close_newest();
}
END_TEST

START_TEST(what_was_overwritten_unseen_is_told_apart) {
    struct torc_event event;
    uint64_t lost, replaced = 0, came = 0;
    open_newest(4);
    for (uint32_t i = 0; i < 5 * LANE; i++) {
        say(i % 3, i);
    }
    assert_status(torc_next(newest, &event), TORC_LAPPED);
    ck_assert_ptr_null(event.data);
    lost = event.lost;
    ck_assert_uint_ge(lost, 4 * LANE);
    while (torc_next(newest, &event) == TORC_OK) {
        ck_assert_uint_eq(value_of(&event) % 3, event.type);
        replaced += event.lost;
        came++;
    }
    ck_assert_uint_eq(came, 3);
    ck_assert_uint_eq(lost + replaced + came, 5 * LANE);
    assert_state(came, lost + replaced, 0);
    close_newest();
}
END_TEST

START_TEST(one_type_too_many_waits) {
    open_newest(2);
    say(1, 0);
    say(2, 1);
    say(3, 2);
    say(1, 3);
    hear(1, 0, 0);
    hear(2, 1, 0);
    hear(3, 2, 0);
    hear(1, 3, 0);
    close_at_end(4);
}
END_TEST

/* The L pool has four slots: the reader may hold one of them, and events of the other types wait in the lane. */
START_TEST(what_it_holds_back_leaves_slots_for_publishers) {
    struct torc_event event;
    uint64_t accounted = 0;
    int status;
    open_newest(4);
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(put_filled(t.publisher, 4000, i));
    }
    assert_ok(torc_wait_readable(newest, TORC_NO_WAIT));
    ck_assert_uint_eq(outstanding(), 1);
    for (uint32_t i = 0; i < 100; i++) {
        assert_ok(put_filled(t.publisher, 4000, 3 + i % 2));
    }
    while ((status = torc_next(newest, &event)) != TORC_EMPTY) {
        accounted += event.lost + (status == TORC_OK);
        ck_assert(status == TORC_LAPPED || filled(event.data, 4000, event.type));
        ck_assert_uint_le(outstanding(), 1); /* pending or borrowed */
    }
    ck_assert_uint_eq(accounted, 103);
    ck_assert_uint_eq(outstanding(), 0);
    close_newest();
}
END_TEST

START_TEST(payloads_outlive_the_lane) {
    struct torc_event event;
    struct torc_ringptr kept, copied;
    open_newest(4);
    assert_ok(put_filled(t.publisher, 200, 1));
    assert_ok(put_filled(t.publisher, 40, 2));
    assert_ok(torc_wait_readable(newest, TORC_NO_WAIT));
    for (uint32_t i = 0; i < 10 * LANE; i++) {
        assert_ok(put_filled(t.publisher, 200, 3));
    }
    assert_status(torc_next(newest, &event), TORC_LAPPED);
    assert_ok(torc_next(newest, &event));
    ck_assert(event.type == 1 && filled(event.data, 200, 1));
    assert_ok(torc_keep(newest, &event, &kept));
    assert_ok(torc_next(newest, &event));
    ck_assert(event.type == 2 && filled(event.data, 40, 2));
    assert_ok(torc_keep(newest, &event, &copied));
    assert_ok(torc_next(newest, &event));
    ck_assert_uint_eq(event.type, 3);
    take_none(newest);
    assert_status(torc_keep(newest, &event, &kept), TORC_INVALID);
    ck_assert(filled(torc_ringptr_data(kept), 200, 1) && filled(torc_ringptr_data(copied), 40, 2));
    assert_ok(torc_ringptr_release(kept));
    assert_ok(torc_ringptr_release(copied));
    close_newest();
}
END_TEST

START_TEST(lanes_have_newest_events_of_their_own) {
    struct torc_publisher *other = open_publisher(t.topic, TORC_DRY_WAIT);
    struct torc_event event;
    uint64_t sum = 0;
    open_newest(4);
    for (uint64_t i = 0; i < 5; i++) {
        say(1, i);
        assert_ok(torc_try_publish(other, 1, &(uint64_t){i + 100}, 8));
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(torc_next(newest, &event));
        ck_assert_uint_eq(event.lost, 4);
        sum += value_of(&event);
    }
    ck_assert_uint_eq(sum, 4 + 104);
    take_none(newest);
    assert_ok(torc_publisher_close(other));
    close_newest();
}
END_TEST

static enum torc_action sum_lost(void *context, const struct torc_event *event) {
    *(uint64_t *)context += event->lost;
    return TORC_CONTINUE;
}

START_TEST(a_poll_is_told_everything_with_its_events) {
    uint64_t lost = 0;
    open_newest(4);
    for (uint32_t i = 0; i < 100; i++) {
        say(i % 3, i);
    }
    ck_assert_int_eq(torc_poll(newest, sum_lost, &lost, 1000), 3);
    ck_assert_uint_eq(lost, 97);
    ck_assert_int_eq(torc_poll(newest, sum_lost, &lost, 1000), 0);
    close_newest();
}
END_TEST

START_TEST(aborted_claims_are_no_losses) {
    struct torc_claim claims[3];
    open_newest(4);
    ck_assert_int_eq(torc_claim_batch(t.publisher, 5, 8, claims, 3), 3);
    memcpy(claims[2].data, &(uint64_t){9}, 8);
    assert_ok(torc_abort_batch(t.publisher, claims, 2));
    assert_ok(torc_commit(t.publisher, &claims[2]));
    hear(5, 9, 0);
    close_at_end(1);
}
END_TEST

START_TEST(what_is_pending_survives_the_publisher_and_the_bus) {
    struct torc_event event;
    open_newest(4);
    say(1, 1);
    say(2, 2);
    hear(1, 1, 0);
    assert_ok(torc_publisher_close(t.publisher));
    t.publisher = NULL;
    assert_ok(torc_bus_close(t.bus));
    assert_ok(torc_wait_readable(newest, TORC_FOREVER));
    hear(2, 2, 0);
    assert_status(torc_next(newest, &event), TORC_CLOSED);
    assert_status(torc_next_until(newest, &event, TORC_FOREVER), TORC_CLOSED);
    close_newest();
}
END_TEST

START_TEST(what_is_pending_goes_with_the_reader) {
    struct torc_event event;
    open_newest(4);
    for (uint32_t type = 0; type < 3; type++) {
        assert_ok(put_filled(t.publisher, (size_t)200 << (2 * type), type));
    }
    assert_ok(torc_wait_readable(newest, TORC_NO_WAIT));
    ck_assert_uint_eq(outstanding(), 3);
    if (_i == 0) {
        assert_ok(torc_bus_halt(t.bus));
        assert_status(torc_next(newest, &event), TORC_CLOSED);
        ck_assert_uint_eq(outstanding(), 0);
    }
    close_newest();
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(it_can_be_put_elsewhere) {
    struct torc_position position;
    open_newest(4);
    say(1, 0);
    say(2, 1);
    say(1, 2);
    hear(1, 2, 1);
    ck_assert_int_eq(torc_reader_tell(newest, &position, 1), 1);
    ck_assert_uint_eq(position.sequence, 1); /* which is pending */
    assert_ok(torc_reader_seek(newest, TORC_JOIN_NEXT, 0));
    take_none(newest);
    assert_state(1, 1, 0);
    assert_ok(torc_reader_seek_at(newest, &position, 1));
    hear(2, 1, 0);
    hear(1, 2, 0);
    take_none(newest);
    close_newest();
}
END_TEST

START_TEST(it_waits_until_there_is_something) {
    struct torc_event event;
    open_newest(1);
    assert_status(torc_next_until(newest, &event, PAST), TORC_TIMED_OUT);
    say(1, 1);
    say(2, 2);
    assert_ok(torc_next_until(newest, &event, TORC_FOREVER));
    ck_assert_uint_eq(value_of(&event), 1);
    assert_ok(torc_next_until(newest, &event, TORC_FOREVER));
    ck_assert_uint_eq(value_of(&event), 2);
    assert_status(torc_wait_readable(newest, TORC_NO_WAIT), TORC_EMPTY);
    close_newest();
}
END_TEST

START_TEST(too_many_types_are_refused) {
    struct torc_reader_config config = {.policy = TORC_POLICY_CONFLATE, .conflate_types = 65537};
    struct torc_reader *reader = NULL;
    assert_status(torc_reader_open(t.topic, &config, &reader), TORC_INVALID);
    config.conflate_types = 65536;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    assert_ok(torc_reader_close(reader));
}
END_TEST

Suite *conflate_suite(void) {
    Suite *suite = suite_create("conflate");
    TCase *tcase = add_case(suite, "per type", setup_world);
    tcase_add_test(tcase, each_type_comes_once_in_the_order_in_which_they_came_up);
    tcase_add_loop_test(tcase, as_long_as_it_looks_in_time_it_agrees_with_its_contract, 0, 4);
    tcase_add_test(tcase, what_was_overwritten_unseen_is_told_apart);
    tcase_add_test(tcase, one_type_too_many_waits);
    tcase_add_test(tcase, what_it_holds_back_leaves_slots_for_publishers);
    tcase_add_test(tcase, payloads_outlive_the_lane);
    tcase_add_test(tcase, lanes_have_newest_events_of_their_own);
    tcase_add_test(tcase, a_poll_is_told_everything_with_its_events);
    tcase_add_test(tcase, aborted_claims_are_no_losses);
    tcase_add_test(tcase, what_is_pending_survives_the_publisher_and_the_bus);
    tcase_add_loop_test(tcase, what_is_pending_goes_with_the_reader, 0, 2);
    tcase_add_test(tcase, it_can_be_put_elsewhere);
    tcase_add_test(tcase, it_waits_until_there_is_something);
    tcase_add_test(tcase, too_many_types_are_refused);
    return suite;
}
