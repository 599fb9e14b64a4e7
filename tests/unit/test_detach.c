/* test_detach.c - a reader that leaves: by itself, from inside its handler, told to by another thread. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

START_TEST(a_detached_reader_reads_nothing_more) {
    struct counted counted = {0, 0, 0};
    struct torc_event event;
    put_run(t.publisher, 0, 3);
    assert_ok(torc_reader_detach(t.reader));
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    assert_status(torc_next_until(t.reader, &event, TORC_FOREVER), TORC_CLOSED);
    assert_status(torc_poll(t.reader, count_events, &counted, 5), TORC_CLOSED);
    assert_status(torc_poll_until(t.reader, count_events, &counted, 5, TORC_FOREVER), TORC_CLOSED);
    assert_status(torc_wait_readable(t.reader, TORC_FOREVER), TORC_CLOSED);
    ck_assert_uint_eq(counted.calls, 0);
}
END_TEST

START_TEST(detaching_twice_is_fine) {
    assert_ok(torc_reader_detach(t.reader));
    assert_ok(torc_reader_detach(t.reader));
}
END_TEST

START_TEST(a_detached_reader_gates_nothing) {
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    assert_ok(torc_reader_detach(t.reader));
    put_run(t.publisher, 0, 5 * LANE);
}
END_TEST

START_TEST(slots_only_a_detached_reader_needed_are_free) {
    uint32_t i;
    for (i = 0; i < 2; i++) {
        assert_ok(put_filled(t.publisher, 16384, i));
    }
    assert_status(put_filled(t.publisher, 16384, 9), TORC_POOL_DRY);
    assert_ok(torc_reader_detach(t.reader));
    for (i = 0; i < 10; i++) {
        assert_ok(put_filled(t.publisher, 16384, i));
    }
}
END_TEST

START_TEST(handles_outlive_the_detach) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(put_filled(t.publisher, 16384, 3));
    ptr = keep_next(t.reader);
    assert_ok(torc_advance(t.reader));
    assert_ok(torc_reader_detach(t.reader));
    assert_ok(put_filled(t.publisher, 16384, 4));
    assert_ok(put_filled(t.publisher, 16384, 5));
    ck_assert(filled(torc_ringptr_data(ptr), 16384, 3));
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(other_readers_go_on) {
    struct torc_reader *leaver = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, 5);
    take(t.reader, 0);
    assert_ok(torc_reader_detach(leaver));
    take_run(t.reader, 1, 4);
    put_run(t.publisher, 5, LANE - 4);
    take_run(t.reader, 5, LANE - 4);
    assert_ok(torc_reader_close(leaver));
}
END_TEST

/* The owner has a borrow: the detach must not pull the event from under it. The reader ends within one run of
 * events. */
START_TEST(a_borrow_survives_a_detach) {
    struct torc_event event;
    uint64_t more = 0;
    int status;
    put_run(t.publisher, 7, LANE);
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_reader_detach(t.reader), TORC_BUSY);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(number_of(&event), 7);
    while ((status = torc_next(t.reader, &event)) == TORC_OK) {
        ck_assert_uint_le(++more, 64);
    }
    assert_status(status, TORC_CLOSED);
    assert_ok(torc_reader_detach(t.reader));
    put_run(t.publisher, 0, 3 * LANE);
}
END_TEST

START_TEST(borrows_advanced_by_hand_survive_a_detach) {
    struct torc_reader_config config = {.wait = TORC_WAIT_BLOCK, .join = TORC_JOIN_NEXT, .manual_advance = 1};
    struct torc_event event, other;
    assert_ok(torc_reader_close(t.reader));
    assert_ok(torc_reader_open(t.topic, &config, &t.reader));
    put_run(t.publisher, 7, 1);
    assert_ok(torc_next(t.reader, &event));
    take_none(t.reader);
    put_run(t.publisher, 0, LANE - 1);
    assert_status(torc_reader_detach(t.reader), TORC_BUSY);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    assert_status(torc_next(t.reader, &other), TORC_CLOSED);
    assert_status(torc_reader_detach(t.reader), TORC_BUSY);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(number_of(&event), 7);
    assert_ok(torc_advance(t.reader));
    assert_ok(torc_reader_detach(t.reader));
    assert_ok(put(t.publisher, 99));
}
END_TEST

START_TEST(an_idle_reader_holds_no_borrow) {
    struct torc_event event;
    put_run(t.publisher, 0, 3);
    take_run(t.reader, 0, 3);
    take_none(t.reader);
    assert_ok(torc_reader_detach(t.reader));
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
}
END_TEST

struct leaving {
    uint64_t calls;
    int status;
};

static enum torc_action leave_at_third(void *context, const struct torc_event *event) {
    struct leaving *leaving = context;
    (void)event;
    if (++leaving->calls == 3) {
        leaving->status = torc_reader_detach(t.reader);
    }
    return TORC_CONTINUE;
}

START_TEST(a_handler_may_detach_its_own_reader) {
    struct leaving leaving = {0, TORC_CORRUPT};
    put_run(t.publisher, 0, LANE);
    ck_assert_int_eq(torc_poll(t.reader, leave_at_third, &leaving, 100), 3);
    assert_status(leaving.status, TORC_OK);
    ck_assert_uint_eq(leaving.calls, 3);
    assert_status(torc_poll(t.reader, leave_at_third, &leaving, 100), TORC_CLOSED);
    ck_assert_uint_eq(leaving.calls, 3);
    put_run(t.publisher, 0, 3 * LANE);
}
END_TEST

static enum torc_action detach_and_read(void *context, const struct torc_event *event) {
    struct leaving *leaving = context;
    leaving->calls++;
    leaving->status = torc_reader_detach(t.reader);
    while (put(t.publisher, 99) == TORC_OK) {
    }
    ck_assert_uint_eq(number_of(event), 0);
    return TORC_CONTINUE;
}

START_TEST(the_event_stays_whole_until_its_handler_returns) {
    struct leaving leaving = {0, TORC_CORRUPT};
    put_run(t.publisher, 0, 2);
    ck_assert_int_eq(torc_poll(t.reader, detach_and_read, &leaving, 100), 1);
    assert_status(leaving.status, TORC_OK);
}
END_TEST

/* A reader that polls in a thread of its own until it is told to leave. */
struct follower {
    sem_t entered;
    torc_a32 inside; /* 1 while a handler runs */
    torc_a32 calls;
    int last_status;
};

static enum torc_action dawdle(void *context, const struct torc_event *event) {
    struct follower *follower = context;
    int i;
    (void)event;
    torc_store_release32(&follower->inside, 1);
    (void)sem_post(&follower->entered);
    for (i = 0; i < 200; i++) {
        (void)sched_yield();
    }
    torc_add_relaxed32(&follower->calls, 1);
    torc_store_release32(&follower->inside, 0);
    return TORC_CONTINUE;
}

static void *follow(void *context) {
    struct follower *follower = context;
    do {
        follower->last_status = torc_poll_until(t.reader, dawdle, follower, 3, TORC_FOREVER);
    } while (follower->last_status > 0);
    return NULL;
}

START_TEST(detach_waits_for_a_handler_in_another_thread) {
    struct follower follower = {.last_status = TORC_CORRUPT};
    pthread_t thread;
    uint32_t calls;
    ck_assert_int_eq(sem_init(&follower.entered, 0, 0), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, follow, &follower), 0);
    put_run(t.publisher, 0, LANE);
    while (sem_wait(&follower.entered) != 0) {
    }
    assert_ok(torc_reader_detach(t.reader));
    ck_assert_uint_eq(torc_load_acquire32(&follower.inside), 0);
    calls = torc_load_relaxed32(&follower.calls);
    put_run(t.publisher, 0, 2 * LANE);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(torc_load_relaxed32(&follower.calls), calls);
    assert_status(follower.last_status, TORC_CLOSED);
    ck_assert_int_eq(sem_destroy(&follower.entered), 0);
}
END_TEST

START_TEST(detach_wakes_an_owner_that_waits) {
    struct follower follower = {.last_status = TORC_CORRUPT};
    pthread_t thread;
    ck_assert_int_eq(sem_init(&follower.entered, 0, 0), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, follow, &follower), 0);
    while (torc_load_relaxed32(t.publisher->sleepers) == 0) {
        (void)sched_yield();
    }
    assert_ok(torc_reader_detach(t.reader));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(follower.last_status, TORC_CLOSED);
    ck_assert_int_eq(sem_destroy(&follower.entered), 0);
}
END_TEST

Suite *detach_suite(void) {
    Suite *suite = suite_create("detach");
    TCase *tcase = add_case(suite, "leaving", setup_world);
    tcase_add_test(tcase, a_detached_reader_reads_nothing_more);
    tcase_add_test(tcase, detaching_twice_is_fine);
    tcase_add_test(tcase, a_detached_reader_gates_nothing);
    tcase_add_test(tcase, slots_only_a_detached_reader_needed_are_free);
    tcase_add_test(tcase, handles_outlive_the_detach);
    tcase_add_test(tcase, other_readers_go_on);
    tcase_add_test(tcase, a_borrow_survives_a_detach);
    tcase_add_test(tcase, borrows_advanced_by_hand_survive_a_detach);
    tcase_add_test(tcase, an_idle_reader_holds_no_borrow);
    tcase_add_test(tcase, a_handler_may_detach_its_own_reader);
    tcase_add_test(tcase, the_event_stays_whole_until_its_handler_returns);
    tcase_add_test(tcase, detach_waits_for_a_handler_in_another_thread);
    tcase_add_test(tcase, detach_wakes_an_owner_that_waits);
    return suite;
}
