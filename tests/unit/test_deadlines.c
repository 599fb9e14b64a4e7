/* test_deadlines.c - every call that can wait: without waiting, to a deadline that has passed or passes, and for ever
 * until what it waits for is there. */
#include "waits.h"
#include <pthread.h>
#include <sched.h>

static torc_a32 calls;

typedef const struct wait_case *pick(int which);
static pick *const files[] = {publishing_case, reading_case, working_case, sharing_case};

static const struct wait_case *case_of(int which) {
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int count = 0;
        if (files[i](which) != NULL) {
            return files[i](which);
        }
        while (files[i](count) != NULL) {
            count++;
        }
        which -= count;
    }
    return NULL;
}

/* What a case leaves behind. */
static void clean_up(const struct wait_case *of) {
    struct torc_event rest;
    if (of->end != NULL) {
        of->end();
    }
    while (t.reader != NULL && torc_next(t.reader, &rest) == TORC_OK) {
    }
}

/* Whatever it answers, it has changed nothing: the case can still be released, and then succeeds. */
START_TEST(it_does_not_wait) {
    const struct wait_case *of = case_of(_i);
    of->prepare();
    assert_status(of->until(TORC_NO_WAIT), of->would_block);
    if (of->tries != NULL) {
        assert_status(of->tries(), of->would_block);
    }
    of->release();
    if (!of->once) {
        assert_status(of->until(TORC_FOREVER), of->done);
    }
    clean_up(of);
}
END_TEST

START_TEST(it_gives_up) {
    const struct wait_case *of = case_of(_i);
    of->prepare();
    assert_status(of->until(PAST), TORC_TIMED_OUT);
    assert_status(of->until(torc_now()), TORC_TIMED_OUT);
    assert_status(of->until(torc_deadline_ms(3)), TORC_TIMED_OUT);
    of->release();
    assert_status(of->until(torc_deadline_ms(3600000)), of->done);
    clean_up(of);
}
END_TEST

static const struct wait_case *waiting_case;
static void *wait_for_ever(void *plain) {
    int status = plain != NULL ? waiting_case->plain() : waiting_case->until(TORC_FOREVER);
    torc_store_release32(&calls, 1);
    return (void *)(intptr_t)status;
}

/* In a thread of its own; where it can be seen that it waits, that is waited for. */
static void wait_in_thread(const struct wait_case *of, bool plain) {
    pthread_t thread;
    void *status;
    of->prepare();
    waiting_case = of;
    torc_store_release32(&calls, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, plain ? &thread : NULL), 0);
    while (of->waits != NULL && !of->waits()) {
        (void)sched_yield();
    }
    ck_assert(of->waits == NULL || torc_load_acquire32(&calls) == 0);
    of->release();
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    ck_assert_msg((intptr_t)status == of->done, "%s answered %d", of->name, (int)(intptr_t)status);
    clean_up(of);
}

START_TEST(it_waits_for_ever) {
    if (!case_of(_i)->mine) {
        wait_in_thread(case_of(_i), false);
    }
}
END_TEST

START_TEST(the_plain_form_does_too) {
    if (case_of(_i)->plain != NULL) {
        wait_in_thread(case_of(_i), true);
    }
}
END_TEST

/* A claim of several takes what fits, a batch publishes what fits and says how much. */
START_TEST(as_many_as_fit) {
    static const uint64_t number = 4711;
    struct torc_claim claims[LANE];
    struct torc_message many[LANE];
    size_t published = 0;
    put_run(t.publisher, 0, LANE - 3);
    ck_assert_int_eq(torc_claim_batch(t.publisher, 1, 8, claims, LANE), 3);
    assert_ok(torc_abort_batch(t.publisher, claims, 3));
    ck_assert_int_eq(torc_try_claim_batch(t.publisher, 1, 8, claims, LANE), 3);
    assert_ok(torc_abort_batch(t.publisher, claims, 3));
    ck_assert_int_eq(torc_claim_batch_until(t.publisher, 1, 8, claims, LANE, PAST), 3);
    assert_ok(torc_abort_batch(t.publisher, claims, 3));
    for (size_t i = 0; i < LANE; i++) {
        many[i] = (struct torc_message){&number, sizeof number, 1};
    }
    assert_status(torc_publish_batch_until(t.publisher, many, LANE, torc_deadline_ms(2), &published), TORC_TIMED_OUT);
    ck_assert_uint_eq(published, 3);
}
END_TEST

START_TEST(bad_arguments_do_not_wait) {
    struct torc_ringptr ptr;
    assert_status(torc_reader_detach_until(NULL, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_actor_stop_until(NULL, TORC_STOP_DRAIN, TORC_FOREVER, NULL), TORC_INVALID);
    assert_status(torc_try_ringptr_claim(NULL, 1, 8, &ptr, NULL), TORC_INVALID);
    assert_status(torc_try_ringptr_claim(t.publisher, 1, 8, NULL, NULL), TORC_INVALID);
}
END_TEST

Suite *deadlines_suite(void) {
    Suite *suite = suite_create("deadlines");
    int cases = 0;
    TCase *tcase = add_case(suite, "every call", setup_world);
    while (case_of(cases) != NULL) {
        cases++;
    }
    tcase_add_loop_test(tcase, it_does_not_wait, 0, cases);
    tcase_add_loop_test(tcase, it_gives_up, 0, cases);
    tcase_add_loop_test(tcase, it_waits_for_ever, 0, cases);
    tcase_add_loop_test(tcase, the_plain_form_does_too, 0, cases);
    tcase_add_test(tcase, as_many_as_fit);
    tcase_add_test(tcase, bad_arguments_do_not_wait);
    return suite;
}
