/* test_group.c - groups: who gets what, what comes back, what gates, and how it ends. */
#include "cancel.h"
#include "helpers.h"
#include <pthread.h>

static struct torc_group *group;

static void open_group(uint32_t hold) {
    struct torc_group_config config = {.members = 3, .hold = hold};
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_group_open(t.topic, &config, &group));
}

static struct torc_member *join(void) {
    struct torc_member *member = NULL;
    assert_ok(torc_group_join(group, &member));
    return member;
}

static struct torc_delivery get(struct torc_member *member, uint64_t number, uint32_t attempt) {
    struct torc_delivery delivery;
    assert_ok(torc_member_next(member, &delivery));
    ck_assert_uint_eq(number_of(&delivery.event), number);
    ck_assert_uint_eq(delivery.attempt, attempt);
    return delivery;
}

static void get_not(struct torc_member *member, int why) {
    struct torc_delivery delivery;
    assert_status(torc_member_next(member, &delivery), why);
    ck_assert_ptr_null(delivery.event.data);
    ck_assert_uint_eq(delivery.attempt, 0);
}

static struct torc_group_stats stats(void) {
    struct torc_group_stats stats;
    assert_ok(torc_group_stats(group, &stats));
    ck_assert_uint_eq(stats.handed, stats.finished + stats.unfinished);
    return stats;
}

static void end(struct torc_member *one, struct torc_member *other) {
    assert_ok(torc_member_close(one));
    if (other != NULL) {
        assert_ok(torc_member_close(other));
    }
    assert_ok(torc_group_close(group));
}

START_TEST(each_event_goes_to_one_member) {
    struct torc_member *a, *b;
    struct torc_delivery first, second;
    open_group(1);
    a = join();
    b = join();
    for (uint64_t i = 0; i < 4 * LANE; i += 2) {
        put_run(t.publisher, i, 2);
        first = get(a, i, 1);
        get_not(a, TORC_BUSY);
        second = get(b, i + 1, 1);
        assert_ok(torc_member_done(b, &second));
        get_not(b, TORC_EMPTY);
        ck_assert_uint_eq(stats().reader.lag, 2);
        assert_ok(torc_member_done(a, &first));
        ck_assert_uint_eq(stats().reader.lag, 0);
        assert_status(torc_member_done(a, &first), TORC_NOT_FOUND);
    }
    ck_assert_uint_eq(stats().finished, 4 * LANE);
    ck_assert_uint_eq(stats().reader.consumed, 4 * LANE);
    end(a, b);
}
END_TEST

START_TEST(the_oldest_unfinished_gates) {
    struct torc_member *a, *b;
    struct torc_delivery oldest, other;
    open_group(1);
    a = join();
    b = join();
    put_run(t.publisher, 0, LANE);
    oldest = get(a, 0, 1);
    for (uint64_t i = 1; i < LANE; i++) {
        other = get(b, i, 1);
        assert_ok(torc_member_done(b, &other));
    }
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(number_of(&oldest.event), 0);
    assert_ok(torc_member_done(a, &oldest));
    put_run(t.publisher, 100, LANE);
    ck_assert_uint_eq(stats().reader.lag, LANE);
    end(a, b);
}
END_TEST

START_TEST(what_a_member_leaves_comes_again_first) {
    struct torc_member *a, *b, *c;
    struct torc_delivery one, two, again;
    open_group(2);
    a = join();
    b = join();
    put_run(t.publisher, 0, 4);
    one = get(a, 0, 1);
    two = get(a, 1, 1);
    assert_ok(torc_member_leave(a));
    assert_ok(torc_member_leave(a));
    get_not(a, TORC_CLOSED);
    assert_status(torc_member_done(a, &one), TORC_CLOSED);
    assert_status(torc_member_return(a, &two), TORC_CLOSED);
    ck_assert_uint_eq(stats().returned, 2);
    again = get(b, 0, 2);
    c = join();
    two = get(c, 1, 2);
    assert_ok(torc_member_close(c));
    two = get(b, 1, 3);
    get_not(b, TORC_BUSY);
    assert_ok(torc_member_done(b, &two));
    one = get(b, 2, 1);
    assert_status(torc_member_return(b, &two), TORC_NOT_FOUND);
    assert_ok(torc_member_return(b, &one));
    assert_ok(torc_member_return(b, &again));
    again = get(b, 0, 3);
    one = get(b, 2, 2);
    assert_ok(torc_member_done(b, &one));
    ck_assert_uint_eq(stats().reader.lag, 4);
    assert_ok(torc_member_done(b, &again));
    ck_assert_uint_eq(stats().reader.lag, 1);
    one = get(b, 3, 1);
    end(a, b);
}
END_TEST

START_TEST(members_come_and_go) {
    struct torc_member *members[3], *none = NULL;
    open_group(1);
    for (int i = 0; i < 3; i++) {
        members[i] = join();
    }
    assert_status(torc_group_join(group, &none), TORC_NO_ROOM);
    assert_status(torc_group_close(group), TORC_BUSY);
    ck_assert_uint_eq(stats().members, 3);
    assert_ok(torc_member_close(members[1]));
    members[1] = join();
    for (int i = 0; i < 3; i++) {
        assert_ok(torc_member_close(members[i]));
    }
    ck_assert_uint_eq(stats().members, 0);
    assert_ok(torc_group_close(group));
}
END_TEST

/* Tombstones before, between and after what is handed out; then the lane ends. */
START_TEST(aborted_claims_are_stepped_over) {
    struct torc_member *a;
    struct torc_delivery one, two;
    struct torc_claim claims[6];
    struct torc_publisher *next;
    open_group(4);
    a = join();
    ck_assert_int_eq(torc_try_claim_batch(t.publisher, 1, 8, claims, 6), 6);
    for (uint64_t i = 0; i < 6; i++) {
        *(uint64_t *)claims[i].data = i;
        claims[i].type = (uint32_t)i;
        if (i != 1 && i != 3) {
            assert_ok(torc_abort(t.publisher, &claims[i]));
        } else {
            assert_ok(torc_commit(t.publisher, &claims[i]));
        }
    }
    one = get(a, 1, 1);
    two = get(a, 3, 1);
    get_not(a, TORC_EMPTY);
    assert_ok(torc_member_done(a, &two));
    assert_ok(torc_publisher_close(t.publisher));
    assert_ok(torc_member_done(a, &one));
    get_not(a, TORC_EMPTY);
    ck_assert_uint_eq(stats().reader.consumed, 2);
    ck_assert_uint_eq(stats().reader.lanes, 0);
    t.publisher = NULL;
    next = open_publisher(t.topic, TORC_DRY_FAIL);
    put_run(next, 7, 1);
    one = get(a, 7, 1);
    assert_ok(torc_member_done(a, &one));
    assert_ok(torc_publisher_close(next));
    end(a, NULL);
}
END_TEST

START_TEST(several_lanes_and_slots_and_keeps) {
    struct torc_publisher *second;
    struct torc_member *a;
    struct torc_delivery big[2];
    struct torc_ringptr ptr;
    open_group(8);
    second = open_publisher(t.topic, TORC_DRY_FAIL);
    a = join();
    assert_ok(put_filled(t.publisher, 200, 5));
    assert_ok(put_filled(second, 300, 6));
    assert_ok(torc_member_next(a, &big[0]));
    assert_ok(torc_member_next(a, &big[1]));
    ck_assert_uint_ne(big[0].event.lane, big[1].event.lane);
    assert_ok(torc_member_keep(a, &big[1], &ptr));
    assert_ok(torc_member_done(a, &big[1]));
    assert_status(torc_member_keep(a, &big[1], &ptr), TORC_NOT_FOUND);
    assert_ok(torc_member_done(a, &big[0]));
    ck_assert_uint_eq(torc_ringptr_length(ptr), big[1].event.length);
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(torc_publisher_close(second));
    end(a, NULL);
}
END_TEST

START_TEST(a_closed_bus_ends_when_all_is_finished) {
    struct torc_member *a, *b;
    struct torc_delivery one, two;
    open_group(2);
    a = join();
    b = join();
    put_run(t.publisher, 0, 2);
    one = get(a, 0, 1);
    assert_ok(torc_bus_close(t.bus));
    two = get(a, 1, 1);
    get_not(b, TORC_EMPTY);
    get_not(a, TORC_BUSY);
    assert_ok(torc_member_done(a, &two));
    get_not(a, TORC_BUSY);
    get_not(b, TORC_EMPTY);
    assert_ok(torc_member_return(a, &one));
    one = get(b, 0, 2);
    get_not(a, TORC_EMPTY);
    assert_ok(torc_member_done(b, &one));
    get_not(a, TORC_CLOSED);
    get_not(b, TORC_CLOSED);
    end(a, b);
}
END_TEST

START_TEST(a_halted_bus_ends_at_once) {
    struct torc_member *a, *b;
    struct torc_delivery one;
    open_group(1);
    a = join();
    b = join();
    put_run(t.publisher, 0, 2);
    one = get(a, 0, 1);
    assert_ok(torc_bus_halt(t.bus));
    get_not(b, TORC_CLOSED);
    assert_ok(torc_member_done(a, &one));
    get_not(a, TORC_CLOSED);
    end(a, b);
}
END_TEST

START_TEST(deadlines) {
    struct torc_member *a, *b;
    struct torc_delivery one;
    open_group(1);
    a = join();
    b = join();
    assert_status(torc_member_next_until(a, &one, TORC_NO_WAIT), TORC_EMPTY);
    assert_status(torc_member_next_until(a, &one, PAST), TORC_TIMED_OUT);
    assert_status(torc_member_next_until(a, &one, torc_deadline_ms(2)), TORC_TIMED_OUT);
    ck_assert_uint_eq(stats().waiting, 0);
    put_run(t.publisher, 4, 1);
    assert_ok(torc_member_next_until(b, &one, PAST));
    assert_ok(torc_member_done(b, &one));
    end(a, b);
}
END_TEST

static void *take_one(void *member) {
    struct torc_delivery delivery;
    return (void *)(intptr_t)torc_member_next_until(member, &delivery, TORC_FOREVER);
}

static void await_waiting(uint32_t count) {
    while (stats().waiting != count) {
    }
}

START_TEST(leaving_wakes_a_member_that_waits) {
    struct torc_member *members[3];
    pthread_t threads[3];
    void *answer;
    open_group(1);
    for (int i = 0; i < 3; i++) {
        members[i] = join();
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_one, members[i]), 0);
        await_waiting((uint32_t)i + 1);
    }
    assert_ok(torc_member_leave(members[0])); /* the one that watches */
    ck_assert_int_eq(pthread_join(threads[0], &answer), 0);
    ck_assert_int_eq((intptr_t)answer, TORC_CLOSED);
    assert_ok(torc_member_leave(members[2])); /* one that is idle */
    ck_assert_int_eq(pthread_join(threads[2], &answer), 0);
    ck_assert_int_eq((intptr_t)answer, TORC_CLOSED);
    put_run(t.publisher, 1, 1);
    ck_assert_int_eq(pthread_join(threads[1], &answer), 0);
    ck_assert_int_eq((intptr_t)answer, TORC_OK);
    assert_ok(torc_member_close(members[0]));
    end(members[1], members[2]);
}
END_TEST

#ifndef NO_CANCELLATION
/* The thread that watches is cancelled in its sleep: another one watches, and gets what the dead one had in hand. */
START_TEST(a_cancelled_watcher_is_replaced) {
    struct torc_member *members[2];
    pthread_t threads[2];
    void *answer;
    struct torc_delivery one;
    open_group(2);
    for (int i = 0; i < 2; i++) {
        members[i] = join();
    }
    put_run(t.publisher, 1, 1);
    one = get(members[0], 1, 1);
    ck_assert_uint_eq(one.attempt, 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_one, members[i]), 0);
        await_waiting((uint32_t)i + 1);
    }
    ck_assert_int_eq(pthread_cancel(threads[0]), 0);
    ck_assert_int_eq(pthread_join(threads[0], &answer), 0);
    ck_assert_ptr_eq(answer, PTHREAD_CANCELED);
    ck_assert_uint_eq(stats().waiting, 1);
    assert_ok(torc_member_close(members[0]));
    ck_assert_int_eq(pthread_join(threads[1], &answer), 0);
    ck_assert_int_eq((intptr_t)answer, TORC_OK);
    ck_assert_uint_eq(stats().unfinished, 1);
    end(members[1], NULL);
}
END_TEST
#endif

START_TEST(bad_groups_are_refused) {
    struct torc_group_config lossy = {.reader = {.policy = TORC_POLICY_LOSSY}}, many = {.members = 1025},
                             full = {.hold = 1025};
    struct torc_group *none = NULL;
    struct torc_group_stats none_stats;
    struct torc_delivery delivery = {.place = 99};
    struct torc_member *a;
    struct torc_ringptr ptr;
    assert_status(torc_group_open(NULL, NULL, &none), TORC_INVALID);
    assert_status(torc_group_open(t.topic, NULL, NULL), TORC_INVALID);
    assert_status(torc_group_open(t.topic, &lossy, &none), TORC_INVALID);
    assert_status(torc_group_open(t.topic, &many, &none), TORC_INVALID);
    assert_status(torc_group_open(t.topic, &full, &none), TORC_INVALID);
    assert_status(torc_group_close(NULL), TORC_INVALID);
    assert_status(torc_group_join(NULL, &a), TORC_INVALID);
    assert_status(torc_group_stats(NULL, &none_stats), TORC_INVALID);
    assert_status(torc_member_leave(NULL), TORC_INVALID);
    assert_status(torc_member_close(NULL), TORC_INVALID);
    assert_status(torc_member_next(NULL, &delivery), TORC_INVALID);
    assert_status(torc_member_done(NULL, &delivery), TORC_INVALID);
    assert_status(torc_member_return(NULL, &delivery), TORC_INVALID);
    open_group(1);
    a = join();
    assert_status(torc_group_join(group, NULL), TORC_INVALID);
    assert_status(torc_group_stats(group, NULL), TORC_INVALID);
    assert_status(torc_member_next(a, NULL), TORC_INVALID);
    assert_status(torc_member_done(a, NULL), TORC_INVALID);
    delivery = (struct torc_delivery){.place = 99};
    assert_status(torc_member_done(a, &delivery), TORC_NOT_FOUND);
    delivery.place = 0;
    assert_status(torc_member_done(a, &delivery), TORC_NOT_FOUND);
    assert_status(torc_member_keep(a, &delivery, NULL), TORC_INVALID);
    assert_status(torc_member_keep(a, &delivery, &ptr), TORC_NOT_FOUND);
    end(a, NULL);
}
END_TEST

Suite *group_suite(void) {
    Suite *suite = suite_create("group");
    TCase *tcase = add_case(suite, "group", setup_world);
    tcase_add_test(tcase, each_event_goes_to_one_member);
    tcase_add_test(tcase, the_oldest_unfinished_gates);
    tcase_add_test(tcase, what_a_member_leaves_comes_again_first);
    tcase_add_test(tcase, members_come_and_go);
    tcase_add_test(tcase, aborted_claims_are_stepped_over);
    tcase_add_test(tcase, several_lanes_and_slots_and_keeps);
    tcase_add_test(tcase, a_closed_bus_ends_when_all_is_finished);
    tcase_add_test(tcase, a_halted_bus_ends_at_once);
    tcase_add_test(tcase, deadlines);
    tcase_add_test(tcase, leaving_wakes_a_member_that_waits);
#ifndef NO_CANCELLATION
    tcase_add_test(tcase, a_cancelled_watcher_is_replaced);
#endif
    tcase_add_test(tcase, bad_groups_are_refused);
    return suite;
}
