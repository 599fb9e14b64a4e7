/* test_waitset.c - one wait for readers, mailboxes and timers; and mailboxes without an actor. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

static struct torc_waitset *set;
static struct torc_mailbox *mailbox;
static struct torc_ready ready[4];

static void setup_set(void) {
    setup_world();
    assert_ok(torc_waitset_create(4, TORC_WAIT_BLOCK, &set));
    assert_ok(torc_mailbox_open(t.bus, &(struct torc_mailbox_config){.capacity = 3}, &mailbox));
}
static void end_set(void) {
    assert_ok(torc_mailbox_close(mailbox));
    assert_ok(torc_waitset_destroy(set));
}
static int look(void) {
    memset(ready, 0xee, sizeof ready);
    return torc_waitset_wait(set, ready, 4, TORC_NO_WAIT);
}

START_TEST(a_reader_is_ready_until_it_was_read) {
    int context;
    assert_ok(torc_waitset_add_reader(set, t.reader, &context));
    assert_status(look(), TORC_EMPTY);
    put_run(t.publisher, 0, 2);
    ck_assert_int_eq(look(), 1);
    ck_assert_int_eq(ready[0].kind, TORC_READY_READER);
    ck_assert_ptr_eq(ready[0].reader, t.reader);
    ck_assert_ptr_null(ready[0].mailbox);
    ck_assert_ptr_eq(ready[0].context, &context);
    take(t.reader, 0);
    ck_assert_int_eq(look(), 1);
    take(t.reader, 1);
    assert_status(look(), TORC_EMPTY);
    end_set();
}
END_TEST

START_TEST(lanes_and_aborted_claims_make_nothing_ready) {
    struct torc_publisher *second;
    struct torc_claim first, last;
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
    second = open_publisher(t.topic, TORC_DRY_FAIL);
    assert_status(look(), TORC_EMPTY);
    assert_ok(torc_publisher_close(second));
    assert_status(look(), TORC_EMPTY);
    assert_ok(torc_try_claim(t.publisher, 1, 8, &first));
    assert_ok(torc_try_claim(t.publisher, 1, 8, &last));
    assert_ok(torc_abort(t.publisher, &first));
    assert_ok(torc_abort(t.publisher, &last));
    assert_status(look(), TORC_EMPTY);
    put_run(t.publisher, 3, 1);
    ck_assert_int_eq(look(), 1);
    take(t.reader, 3);
    end_set();
}
END_TEST

START_TEST(a_wait_ends_borrows) {
    struct torc_event event;
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
    put_run(t.publisher, 0, LANE);
    for (int i = 0; i < LANE; i++) {
        assert_ok(torc_next(t.reader, &event));
    }
    assert_status(look(), TORC_EMPTY);
    put_run(t.publisher, 0, LANE);
    end_set();
}
END_TEST

START_TEST(a_mailbox_is_ready_while_it_has_messages) {
    struct torc_ringptr ptr = claim_handle(8), got;
    assert_ok(torc_waitset_add_mailbox(set, mailbox, NULL));
    assert_status(look(), TORC_EMPTY);
    assert_ok(torc_mailbox_send(mailbox, ptr, TORC_NO_WAIT));
    ck_assert_int_eq(look(), 1);
    ck_assert_int_eq(ready[0].kind, TORC_READY_MAILBOX);
    ck_assert_ptr_eq(ready[0].mailbox, mailbox);
    ck_assert_uint_eq(torc_mailbox_count(mailbox), 1);
    assert_ok(torc_mailbox_receive(mailbox, &got, TORC_NO_WAIT));
    assert_ok(torc_ringptr_release(got));
    assert_status(look(), TORC_EMPTY);
    assert_ok(torc_mailbox_shut(mailbox));
    ck_assert_int_eq(look(), 1);
    end_set();
}
END_TEST

START_TEST(timers_expire_once_or_again) {
    uint32_t once, often;
    uint64_t now = torc_now();
    assert_ok(torc_waitset_add_timer(set, now, 0, &once, &once));
    assert_ok(torc_waitset_add_timer(set, now - 10 * UINT64_C(1000000000), 1000000000, &often, &often));
    ck_assert_uint_ne(once, often);
    ck_assert_int_eq(look(), 2);
    ck_assert_int_eq(ready[0].kind, TORC_READY_TIMER);
    ck_assert_uint_eq(ready[0].timer, once);
    ck_assert_uint_eq(ready[0].expirations, 1);
    ck_assert_ptr_eq(ready[1].context, &often);
    ck_assert_uint_ge(ready[1].expirations, 11);
    assert_ok(torc_waitset_remove_timer(set, often));
    assert_status(torc_waitset_remove_timer(set, often), TORC_NOT_FOUND);
    assert_status(look(), TORC_EMPTY);
    assert_ok(torc_waitset_set_timer(set, once, torc_deadline_ms(1), 0));
    ck_assert_int_eq(torc_waitset_wait(set, ready, 4, TORC_FOREVER), 1);
    ck_assert_uint_eq(ready[0].timer, once);
    assert_status(torc_waitset_set_timer(set, often, 0, 0), TORC_NOT_FOUND);
    end_set();
}
END_TEST

START_TEST(deadlines_and_wakes_end_a_wait) {
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
    assert_status(torc_waitset_wait(set, ready, 4, torc_deadline_ms(2)), TORC_TIMED_OUT);
    assert_status(torc_waitset_wait(set, ready, 4, PAST), TORC_TIMED_OUT);
    assert_ok(torc_waitset_wake(set));
    ck_assert_int_eq(torc_waitset_wait(set, ready, 4, TORC_FOREVER), 0);
    assert_status(look(), TORC_EMPTY);
    end_set();
}
END_TEST

/* With room for one, each gets its turn. */
START_TEST(a_short_list_is_fair) {
    struct torc_reader *second = open_reader(t.topic, TORC_JOIN_NEXT);
    unsigned turns[2] = {0, 0};
    assert_ok(torc_waitset_add_reader(set, t.reader, &turns[0]));
    assert_ok(torc_waitset_add_reader(set, second, &turns[1]));
    put_run(t.publisher, 0, 1);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(torc_waitset_wait(set, ready, 1, TORC_FOREVER), 1);
        ++*(unsigned *)ready[0].context;
    }
    ck_assert_uint_eq(turns[0], 5);
    ck_assert_uint_eq(turns[1], 5);
    assert_ok(torc_reader_close(second));
    ck_assert_int_eq(look(), 1);
    end_set();
}
END_TEST

START_TEST(closing_and_detaching_make_ready) {
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
    assert_status(look(), TORC_EMPTY);
    assert_ok(torc_reader_detach(t.reader));
    ck_assert_int_eq(look(), 1);
    assert_ok(torc_waitset_remove_reader(set, t.reader));
    assert_status(torc_waitset_remove_reader(set, t.reader), TORC_NOT_FOUND);
    assert_status(torc_waitset_add_reader(set, t.reader, NULL), TORC_CLOSED);
    end_set();
}
END_TEST

static void *act(void *unused) {
    (void)unused;
    (void)torc_bus_close(t.bus);
    return NULL;
}
START_TEST(closing_the_bus_wakes_it) {
    pthread_t thread;
    struct torc_event event;
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
    ck_assert_int_eq(pthread_create(&thread, NULL, act, NULL), 0);
    ck_assert_int_eq(torc_waitset_wait(set, ready, 4, TORC_FOREVER), 1);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    end_set();
}
END_TEST

START_TEST(members_are_limited_and_in_one_set) {
    struct torc_waitset *other;
    assert_ok(torc_waitset_create(1, TORC_WAIT_BLOCK, &other));
    assert_ok(torc_waitset_add_reader(other, t.reader, NULL));
    assert_status(torc_waitset_add_reader(set, t.reader, NULL), TORC_BUSY);
    assert_status(torc_waitset_add_timer(other, 0, 0, NULL, NULL), TORC_NO_ROOM);
    assert_status(torc_waitset_add_mailbox(other, mailbox, NULL), TORC_NO_ROOM);
    assert_ok(torc_waitset_destroy(other));
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
    assert_ok(torc_waitset_add_mailbox(set, mailbox, NULL));
    assert_status(torc_waitset_add_mailbox(set, mailbox, NULL), TORC_BUSY);
    assert_ok(torc_waitset_remove_mailbox(set, mailbox));
    assert_status(torc_waitset_remove_mailbox(set, mailbox), TORC_NOT_FOUND);
    end_set();
}
END_TEST

static enum torc_action wait_inside(void *context, const struct torc_event *event) {
    (void)event;
    *(int *)context = look();
    return TORC_CONTINUE;
}
START_TEST(not_from_inside_a_handler_of_its_reader) {
    int status = 0;
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
    put_run(t.publisher, 0, 1);
    ck_assert_int_eq(torc_poll(t.reader, wait_inside, &status, 1), 1);
    assert_status(status, TORC_BUSY);
    end_set();
}
END_TEST

START_TEST(bad_arguments_are_refused) {
    struct torc_waitset *none = NULL;
    assert_status(torc_waitset_create(0, TORC_WAIT_BLOCK, &none), TORC_INVALID);
    assert_status(torc_waitset_create(4097, TORC_WAIT_BLOCK, &none), TORC_INVALID);
    assert_status(torc_waitset_create(1, (enum torc_wait)9, &none), TORC_INVALID);
    assert_status(torc_waitset_create(1, TORC_WAIT_BLOCK, NULL), TORC_INVALID);
    assert_status(torc_waitset_destroy(NULL), TORC_INVALID);
    assert_status(torc_waitset_add_reader(NULL, t.reader, NULL), TORC_INVALID);
    assert_status(torc_waitset_add_reader(set, NULL, NULL), TORC_INVALID);
    assert_status(torc_waitset_add_mailbox(set, NULL, NULL), TORC_INVALID);
    assert_status(torc_waitset_add_timer(NULL, 0, 0, NULL, NULL), TORC_INVALID);
    assert_status(torc_waitset_set_timer(NULL, 0, 0, 0), TORC_INVALID);
    assert_status(torc_waitset_remove_reader(set, NULL), TORC_INVALID);
    assert_status(torc_waitset_remove_mailbox(NULL, mailbox), TORC_INVALID);
    assert_status(torc_waitset_remove_timer(NULL, 0), TORC_INVALID);
    assert_status(torc_waitset_wait(NULL, ready, 1, 0), TORC_INVALID);
    assert_status(torc_waitset_wait(set, NULL, 1, 0), TORC_INVALID);
    assert_status(torc_waitset_wait(set, ready, 0, 0), TORC_INVALID);
    assert_status(torc_waitset_wake(NULL), TORC_INVALID);
    end_set();
}
END_TEST

/* --- bare mailboxes ----------------------------------------------------------------------------------------- */

START_TEST(a_mailbox_is_a_queue) {
    struct torc_ringptr got;
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(torc_mailbox_send(mailbox, claim_handle(8 + i), TORC_NO_WAIT));
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(torc_mailbox_receive(mailbox, &got, TORC_FOREVER));
        ck_assert_uint_eq(torc_ringptr_length(got), 8 + i);
        assert_ok(torc_ringptr_release(got));
    }
    assert_status(torc_mailbox_receive(mailbox, &got, TORC_NO_WAIT), TORC_EMPTY);
    assert_status(torc_mailbox_receive(mailbox, &got, torc_deadline_ms(1)), TORC_TIMED_OUT);
    end_set();
}
END_TEST

START_TEST(a_full_mailbox_waits_fails_or_drops) {
    struct torc_mailbox *other;
    struct torc_mailbox_config config = {.capacity = 3, .full = TORC_MAILBOX_FAIL};
    struct torc_ringptr ptr = claim_handle(8);
    for (int i = 0; i < 3; i++) {
        assert_ok(torc_mailbox_send(mailbox, claim_handle(8), TORC_NO_WAIT));
    }
    assert_status(torc_mailbox_send(mailbox, ptr, TORC_NO_WAIT), TORC_WOULD_BLOCK);
    assert_status(torc_mailbox_send(mailbox, ptr, torc_deadline_ms(1)), TORC_TIMED_OUT);
    assert_ok(torc_mailbox_open(t.bus, &config, &other));
    for (int i = 0; i < 3; i++) {
        assert_ok(torc_mailbox_send(other, claim_handle(8), TORC_FOREVER));
    }
    assert_status(torc_mailbox_send(other, ptr, TORC_FOREVER), TORC_WOULD_BLOCK);
    assert_ok(torc_mailbox_close(other));
    config.full = TORC_MAILBOX_DROP;
    assert_ok(torc_mailbox_open(t.bus, &config, &other));
    for (int i = 0; i < 3; i++) {
        assert_ok(torc_mailbox_send(other, claim_handle(8), TORC_FOREVER));
    }
    assert_ok(torc_mailbox_send(other, ptr, TORC_FOREVER));
    ck_assert_uint_eq(torc_mailbox_dropped(other), 1);
    assert_ok(torc_mailbox_close(other));
    end_set();
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(a_shut_mailbox_gives_out_what_it_has) {
    struct torc_ringptr ptr = claim_handle(8), got;
    assert_ok(torc_mailbox_send(mailbox, claim_handle(8), TORC_NO_WAIT));
    assert_ok(torc_mailbox_shut(mailbox));
    assert_ok(torc_mailbox_shut(mailbox));
    assert_status(torc_mailbox_send(mailbox, ptr, TORC_FOREVER), TORC_CLOSED);
    assert_ok(torc_mailbox_receive(mailbox, &got, TORC_FOREVER));
    assert_ok(torc_ringptr_release(got));
    assert_status(torc_mailbox_receive(mailbox, &got, TORC_FOREVER), TORC_CLOSED);
    assert_ok(torc_ringptr_release(ptr));
    assert_status(torc_mailbox_send(mailbox, ptr, TORC_FOREVER), TORC_STALE);
    end_set();
}
END_TEST

START_TEST(bad_mailboxes_are_refused) {
    struct torc_mailbox_config config = {.capacity = 1u << 24};
    struct torc_mailbox *none = NULL;
    struct torc_ringptr got;
    assert_status(torc_mailbox_open(t.bus, &config, &none), TORC_INVALID);
    assert_status(torc_mailbox_open(NULL, NULL, &none), TORC_INVALID);
    assert_status(torc_mailbox_open(t.bus, NULL, NULL), TORC_INVALID);
    config = (struct torc_mailbox_config){.full = (enum torc_mailbox_full)7};
    assert_status(torc_mailbox_open(t.bus, &config, &none), TORC_INVALID);
    assert_status(torc_mailbox_send(NULL, TORC_RINGPTR_NULL, 0), TORC_INVALID);
    assert_status(torc_mailbox_send(mailbox, TORC_RINGPTR_NULL, 0), TORC_INVALID);
    assert_status(torc_mailbox_receive(NULL, &got, 0), TORC_INVALID);
    assert_status(torc_mailbox_receive(mailbox, NULL, 0), TORC_INVALID);
    assert_status(torc_mailbox_shut(NULL), TORC_INVALID);
    assert_status(torc_mailbox_close(NULL), TORC_INVALID);
    ck_assert_uint_eq(torc_mailbox_count(NULL), 0);
    ck_assert_uint_eq(torc_mailbox_dropped(NULL), 0);
    end_set();
}
END_TEST

Suite *waitset_suite(void) {
    Suite *suite = suite_create("waitset");
    TCase *tcase = add_case(suite, "waitset", setup_set);
    tcase_add_test(tcase, a_reader_is_ready_until_it_was_read);
    tcase_add_test(tcase, lanes_and_aborted_claims_make_nothing_ready);
    tcase_add_test(tcase, a_wait_ends_borrows);
    tcase_add_test(tcase, a_mailbox_is_ready_while_it_has_messages);
    tcase_add_test(tcase, timers_expire_once_or_again);
    tcase_add_test(tcase, deadlines_and_wakes_end_a_wait);
    tcase_add_test(tcase, a_short_list_is_fair);
    tcase_add_test(tcase, closing_and_detaching_make_ready);
    tcase_add_test(tcase, closing_the_bus_wakes_it);
    tcase_add_test(tcase, members_are_limited_and_in_one_set);
    tcase_add_test(tcase, not_from_inside_a_handler_of_its_reader);
    tcase_add_test(tcase, bad_arguments_are_refused);
    tcase_add_test(tcase, a_mailbox_is_a_queue);
    tcase_add_test(tcase, a_full_mailbox_waits_fails_or_drops);
    tcase_add_test(tcase, a_shut_mailbox_gives_out_what_it_has);
    tcase_add_test(tcase, bad_mailboxes_are_refused);
    return suite;
}
