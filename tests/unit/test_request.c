/* test_request.c - request and reply: correlation, deadlines, what comes late, twice, or for somebody else. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

static struct torc_topic *replies;
static struct torc_publisher *answers;
static struct torc_requester *asks;
static struct torc_reply reply;

static void setup_request(void) {
    setup_world();
    replies = open_topic("replies");
    answers = open_publisher(replies, TORC_DRY_FAIL);
    assert_ok(torc_requester_open(t.topic, replies, 3, &asks));
}
static void end_request(void) {
    assert_ok(torc_requester_close(asks));
    assert_ok(torc_publisher_close(answers));
}
static uint64_t ask(uint64_t number, uint64_t deadline) {
    uint64_t id = 0;
    assert_ok(torc_request(asks, 5, &number, sizeof number, deadline, &id));
    return id;
}
/* t.reader answers the next request with its number + 1. */
static struct torc_request answer(void) {
    struct torc_request request;
    struct torc_event event;
    uint64_t number;
    assert_ok(torc_next(t.reader, &event));
    assert_ok(torc_request_read(&event, &request));
    ck_assert_uint_eq(request.length, sizeof number);
    memcpy(&number, request.data, sizeof number);
    number++;
    assert_ok(torc_reply(answers, &request, 6, &number, sizeof number, TORC_NO_WAIT));
    return request;
}
static void answered(uint64_t id, uint64_t number) {
    uint64_t got;
    assert_ok(torc_request_wait(asks, &reply, TORC_FOREVER));
    assert_ok(reply.status);
    ck_assert_uint_eq(reply.id, id);
    ck_assert_uint_eq(reply.type, 6);
    ck_assert_uint_eq(reply.length, sizeof got);
    memcpy(&got, reply.data, sizeof got);
    ck_assert_uint_eq(got, number);
}
static struct torc_requester_stats stats(void) {
    struct torc_requester_stats found;
    assert_ok(torc_requester_stats(asks, &found));
    ck_assert_uint_eq(found.sent, found.answered + found.expired + found.cancelled + found.outstanding);
    return found;
}

START_TEST(answers_find_their_requests) {
    uint64_t first = ask(10, TORC_FOREVER), second = ask(20, TORC_FOREVER), third = ask(30, TORC_FOREVER), id;
    ck_assert_uint_ne(first, second);
    assert_status(torc_request(asks, 5, NULL, 0, TORC_FOREVER, &id), TORC_NO_ROOM);
    assert_ok(torc_request_cancel(asks, second));
    assert_status(torc_request_cancel(asks, second), TORC_NOT_FOUND);
    for (int i = 0; i < 3; i++) {
        (void)answer();
    }
    answered(first, 11);
    answered(third, 31);
    assert_status(torc_request_wait(asks, &reply, TORC_FOREVER), TORC_NOT_FOUND);
    ck_assert_uint_eq(stats().late, 1);
    ck_assert_uint_eq(stats().answered, 2);
    end_request();
}
END_TEST

START_TEST(deadlines_pass_in_their_order) {
    uint64_t now = torc_now(); /* of both, whatever comes between the two calls */
    uint64_t patient = ask(1, TORC_FOREVER), second = ask(2, now + 4000000), first = ask(3, now + 2000000);
    assert_ok(torc_request_wait(asks, &reply, TORC_FOREVER));
    assert_status(reply.status, TORC_TIMED_OUT);
    ck_assert_uint_eq(reply.id, first);
    ck_assert_ptr_null(reply.data);
    assert_ok(torc_request_wait(asks, &reply, TORC_FOREVER));
    ck_assert_uint_eq(reply.id, second);
    assert_status(torc_request_wait(asks, &reply, torc_deadline_ms(1)), TORC_TIMED_OUT);
    for (int i = 0; i < 3; i++) {
        (void)answer();
    }
    answered(patient, 2);
    (void)ask(9, TORC_FOREVER);
    assert_status(torc_request_wait(asks, &reply, TORC_NO_WAIT), TORC_EMPTY);
    ck_assert_uint_eq(stats().late, 2);
    ck_assert_uint_eq(stats().expired, 2);
    end_request();
}
END_TEST

START_TEST(an_answer_made_after_the_deadline_is_late) {
    uint64_t deadline = torc_deadline_ms(1), id = ask(1, deadline);
    while (torc_now() <= deadline) {
    }
    (void)answer();
    assert_ok(torc_request_wait(asks, &reply, TORC_FOREVER));
    ck_assert_uint_eq(reply.id, id);
    assert_status(reply.status, TORC_TIMED_OUT);
    ck_assert_uint_eq(stats().late, 1);
    end_request();
}
END_TEST

START_TEST(a_second_answer_is_late) {
    uint64_t id = ask(1, TORC_FOREVER), next;
    struct torc_request request = answer();
    assert_ok(torc_reply(answers, &request, 6, NULL, 0, TORC_NO_WAIT));
    answered(id, 2);
    next = ask(5, TORC_FOREVER);
    (void)answer();
    answered(next, 6);
    ck_assert_uint_eq(stats().late, 1);
    end_request();
}
END_TEST

START_TEST(others_replies_are_not_ours) {
    struct torc_requester *other;
    uint64_t theirs, ours, number = 50;
    assert_ok(torc_requester_open(t.topic, replies, 1, &other));
    assert_ok(torc_request(other, 5, &number, sizeof number, TORC_FOREVER, &theirs));
    ours = ask(60, TORC_FOREVER);
    ck_assert_uint_eq(theirs, ours); /* ids are per requester */
    (void)answer();
    (void)answer();
    assert_ok(put(answers, 3));
    answered(ours, 61);
    assert_ok(torc_request_wait(other, &reply, TORC_FOREVER));
    memcpy(&number, reply.data, sizeof number);
    ck_assert_uint_eq(number, 51);
    (void)ask(1, TORC_FOREVER);
    assert_status(torc_request_wait(asks, &reply, TORC_NO_WAIT), TORC_EMPTY);
    ck_assert_uint_eq(stats().foreign, 2);
    assert_ok(torc_requester_close(other));
    end_request();
}
END_TEST

START_TEST(what_is_no_request_is_refused) {
    struct torc_request request;
    struct torc_event event;
    unsigned char noise[64] = {1, 2, 3};
    assert_ok(put(t.publisher, 4));
    assert_ok(torc_publish(t.publisher, 1, noise, sizeof noise));
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_request_read(&event, &request), TORC_INVALID);
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_request_read(&event, &request), TORC_INVALID);
    assert_status(torc_request_read(NULL, &request), TORC_INVALID);
    end_request();
}
END_TEST

START_TEST(a_request_that_was_not_sent_is_not_outstanding) {
    uint64_t id = 77;
    assert_ok(torc_publish(t.publisher, 1, "x", 1));
    for (uint64_t i = 0; i < 3; i++) {
        (void)ask(i, TORC_FOREVER);
    }
    for (uint64_t i = 1; i <= 3; i++) {
        assert_ok(torc_request_cancel(asks, i));
    }
    assert_status(torc_request(asks, 5, NULL, TORC_MAX_EVENT, TORC_NO_WAIT, &id), TORC_INVALID);
    assert_status(torc_request(asks, 5, &id, TORC_MAX_EVENT, TORC_NO_WAIT, &id), TORC_TOO_BIG);
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_request(asks, 5, NULL, 0, TORC_FOREVER, &id), TORC_CLOSED);
    ck_assert_uint_eq(stats().outstanding, 0);
    ck_assert_uint_eq(id, 77);
    end_request();
}
END_TEST

START_TEST(closing_ends_the_wait) {
    uint64_t id = ask(1, TORC_FOREVER);
    (void)answer();
    (void)ask(2, TORC_FOREVER);
    assert_ok(torc_bus_close(t.bus));
    answered(id, 2);
    assert_status(torc_request_wait(asks, &reply, TORC_FOREVER), TORC_CLOSED);
    end_request();
}
END_TEST

/* --- both topics full: the asking side must not wait for an answering side that waits for it ------------------ */

static int ask_and_cancel(uint64_t deadline) {
    uint64_t id;
    int status = torc_request(asks, 5, "?", 1, deadline, &id);
    if (status == TORC_OK) {
        assert_ok(torc_request_cancel(asks, id));
    }
    return status;
}
static void fill_replies(void) {
    int status = TORC_OK;
    while (status == TORC_OK) {
        status = put(answers, 1);
    }
    assert_status(status, TORC_WOULD_BLOCK);
}
static void fill_requests(int last) {
    int status = TORC_OK;
    while (status == TORC_OK) {
        status = ask_and_cancel(TORC_NO_WAIT);
    }
    assert_status(status, last);
}

START_TEST(without_space_replies_are_taken_in) {
    fill_requests(TORC_WOULD_BLOCK);
    fill_replies();
    assert_status(ask_and_cancel(TORC_NO_WAIT), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(stats().foreign, LANE);
    fill_replies();
    assert_status(ask_and_cancel(PAST), TORC_TIMED_OUT);
    ck_assert_uint_eq(stats().foreign, 2 * LANE);
    assert_ok(put(answers, 1));
    end_request();
}
END_TEST

START_TEST(who_waits_for_nothing_holds_nobody_up) {
    for (uint64_t i = 1; i <= 3; i++) {
        fill_replies();
        assert_status(torc_request_wait(asks, &reply, TORC_NO_WAIT), TORC_NOT_FOUND);
        ck_assert_uint_eq(stats().foreign, i * LANE);
    }
    end_request();
}
END_TEST

START_TEST(an_answer_that_is_there_comes_before_a_request) {
    uint64_t first = ask(10, TORC_FOREVER), second = ask(20, TORC_FOREVER);
    assert_ok(put(answers, 1));
    (void)answer();
    (void)answer();
    fill_requests(TORC_NO_ROOM);
    assert_status(ask_and_cancel(TORC_FOREVER), TORC_NO_ROOM);
    ck_assert_uint_eq(stats().outstanding, 2);
    answered(first, 11);
    assert_status(ask_and_cancel(TORC_FOREVER), TORC_NO_ROOM);
    assert_ok(torc_request_cancel(asks, second));
    assert_status(ask_and_cancel(TORC_NO_WAIT), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(stats().late, 1);
    ck_assert_uint_eq(stats().foreign, 1);
    ck_assert_uint_eq(stats().answered, 1);
    end_request();
}
END_TEST

START_TEST(an_answer_that_was_met_outlives_requests) {
    uint64_t id = ask(10, TORC_FOREVER), next;
    struct torc_event event;
    (void)answer();
    fill_requests(TORC_NO_ROOM);
    while (torc_next(t.reader, &event) == TORC_OK) {
    }
    next = ask(30, TORC_FOREVER);
    (void)answer();
    answered(id, 11);
    answered(next, 31);
    end_request();
}
END_TEST

/* Three replies to each request, none with a deadline; the requester never waits for one. */
enum { QUESTIONS = 20 * LANE };
static void *answer_thrice(void *argument) {
    torc_a32 *done = argument;
    for (uint64_t i = 0; i < QUESTIONS; i++) {
        struct torc_request request;
        struct torc_event event;
        assert_ok(torc_next_until(t.reader, &event, TORC_FOREVER));
        assert_ok(torc_request_read(&event, &request));
        for (int again = 0; again < 3; again++) {
            assert_ok(torc_reply(answers, &request, 6, NULL, 0, TORC_FOREVER));
        }
    }
    torc_store_release32(done, 1);
    return NULL;
}
START_TEST(two_sides_without_space_go_on) {
    torc_a32 done;
    pthread_t thread;
    torc_store_relaxed32(&done, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, answer_thrice, &done), 0);
    for (uint64_t i = 0; i < QUESTIONS; i++) {
        assert_ok(ask_and_cancel(TORC_FOREVER));
    }
    while (torc_load_acquire32(&done) == 0) {
        assert_status(torc_request_wait(asks, &reply, TORC_NO_WAIT), TORC_NOT_FOUND);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(torc_request_wait(asks, &reply, TORC_NO_WAIT), TORC_NOT_FOUND);
    ck_assert_uint_eq(stats().late, UINT64_C(3) * QUESTIONS);
    end_request();
}
END_TEST

START_TEST(bad_requests_are_refused) {
    struct torc_requester_stats found;
    struct torc_requester *none = NULL;
    uint64_t id;
    assert_status(torc_requester_open(NULL, replies, 1, &none), TORC_INVALID);
    assert_status(torc_requester_open(t.topic, NULL, 1, &none), TORC_INVALID);
    assert_status(torc_requester_open(t.topic, replies, 0, &none), TORC_INVALID);
    assert_status(torc_requester_open(t.topic, replies, 65537, &none), TORC_INVALID);
    assert_status(torc_requester_open(t.topic, replies, 1, NULL), TORC_INVALID);
    assert_status(torc_request(NULL, 1, NULL, 0, 0, &id), TORC_INVALID);
    assert_status(torc_request(asks, 1, NULL, 0, 0, NULL), TORC_INVALID);
    assert_status(torc_request_wait(NULL, &reply, 0), TORC_INVALID);
    assert_status(torc_request_wait(asks, NULL, 0), TORC_INVALID);
    assert_status(torc_request_cancel(NULL, 1), TORC_INVALID);
    assert_status(torc_requester_stats(NULL, &found), TORC_INVALID);
    assert_status(torc_requester_close(NULL), TORC_INVALID);
    assert_status(torc_reply(answers, NULL, 1, NULL, 0, 0), TORC_INVALID);
    end_request();
}
END_TEST

Suite *request_suite(void) {
    Suite *suite = suite_create("request");
    TCase *tcase = add_case(suite, "request", setup_request);
    tcase_add_test(tcase, answers_find_their_requests);
    tcase_add_test(tcase, deadlines_pass_in_their_order);
    tcase_add_test(tcase, an_answer_made_after_the_deadline_is_late);
    tcase_add_test(tcase, a_second_answer_is_late);
    tcase_add_test(tcase, others_replies_are_not_ours);
    tcase_add_test(tcase, what_is_no_request_is_refused);
    tcase_add_test(tcase, a_request_that_was_not_sent_is_not_outstanding);
    tcase_add_test(tcase, closing_ends_the_wait);
    tcase_add_test(tcase, without_space_replies_are_taken_in);
    tcase_add_test(tcase, who_waits_for_nothing_holds_nobody_up);
    tcase_add_test(tcase, an_answer_that_is_there_comes_before_a_request);
    tcase_add_test(tcase, an_answer_that_was_met_outlives_requests);
    tcase_add_test(tcase, two_sides_without_space_go_on);
    tcase_add_test(tcase, bad_requests_are_refused);
    return suite;
}
