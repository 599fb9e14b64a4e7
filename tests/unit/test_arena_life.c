/* test_arena_life.c - the end of an arena: waiting for what is out, abandoning it, threads that have one each. */
#include "cancel.h"
#include "arenas.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define OUT 5

struct released {
    struct torc_buffer buffer[OUT];
    atomic_int *go;
};

static void *release_all(void *argument) {
    struct released *released = argument;
    while (released->go != NULL && atomic_load(released->go) == 0) {
    }
    for (int i = 0; i < OUT; i++) {
        give_buffer(&released->buffer[i]);
    }
    return NULL;
}

static void take_all(struct released *released) {
    for (int i = 0; i < OUT; i++) {
        released->buffer[i] = take_buffer(10 + (size_t)i);
    }
}

START_TEST(what_is_out_is_reported) {
    struct released released = {.go = NULL};
    uint64_t out = 0;
    take_all(&released);
    assert_status(torc_arena_destroy(&a, TORC_NO_WAIT, &out), TORC_BUSY);
    ck_assert_uint_eq(out, OUT);
    assert_status(torc_arena_destroy(&a, PAST, &out), TORC_TIMED_OUT);
    ck_assert_uint_eq(out, OUT);
    assert_status(torc_arena_destroy(&a, torc_deadline_ms(20), NULL), TORC_TIMED_OUT);
    assert_arena(a);
    give_buffer(&released.buffer[0]);
    released.buffer[0] = take_buffer(10); /* it works on */
    (void)release_all(&released);
}
END_TEST

START_TEST(destroying_waits_for_the_last_one) {
    struct released released;
    atomic_int go = 0;
    pthread_t thread;
    uint64_t out = 99;
    take_all(&released);
    released.go = &go;
    ck_assert_int_eq(pthread_create(&thread, NULL, release_all, &released), 0);
    assert_status(torc_arena_destroy(&a, torc_deadline_ms(5), &out), TORC_TIMED_OUT);
    atomic_store(&go, 1);
    assert_ok(torc_arena_destroy(&a, TORC_FOREVER, &out));
    ck_assert_uint_eq(out, 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

#ifndef NO_CANCELLATION
static void *destroy_it(void *argument) {
    (void)argument;
    (void)torc_arena_adopt(a);
    (void)torc_arena_destroy(&a, TORC_FOREVER, NULL);
    return NULL;
}

/* Whoever is cancelled while he waits leaves an arena that works, and nobody watching. */
START_TEST(waiting_can_be_cancelled) {
    struct torc_buffer buffer = take_buffer(33);
    struct torc_arena_point *point = a->point;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, destroy_it, NULL), 0);
    while (torc_load_relaxed32(&point->sleep.waiting) == 0) {
    }
    ck_assert_int_eq(pthread_cancel(thread), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched) & ~TORC_POINT_FENCE, 0);
    assert_ok(torc_arena_adopt(a));
    give_buffer(&buffer);
}
END_TEST
#endif

/* What every release does where there is no membarrier: a fence, and a second look. */
START_TEST(without_membarrier_releasers_use_a_fence) {
    struct released released = {.go = NULL};
    struct torc_arena_point *point = a->point;
    pthread_t thread;
    a->fence = 1;
    torc_store_relaxed32(&point->watched, TORC_POINT_FENCE);
    take_all(&released);
    (void)release_all(&released);
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched), TORC_POINT_FENCE);
    take_all(&released);
    ck_assert_int_eq(pthread_create(&thread, NULL, release_all, &released), 0);
    assert_ok(torc_arena_destroy(&a, TORC_FOREVER, NULL));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched), TORC_POINT_FENCE);
}
END_TEST

START_TEST(an_abandoned_arena_lives_until_the_last_buffer) {
    struct released released = {.go = NULL};
    struct torc_arena_point *point = a->point;
    take_all(&released);
    assert_ok(torc_arena_abandon(&a));
    ck_assert_ptr_null(a);
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched) & ~TORC_POINT_FENCE, 1);
    (void)release_all(&released); /* the patterns are checked; the leak checker sees to the store */
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched) & ~TORC_POINT_FENCE, 0);
}
END_TEST

START_TEST(abandoning_an_empty_arena_frees_it) {
    struct torc_arena_point *point = a->point;
    assert_ok(torc_arena_abandon(&a));
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched) & ~TORC_POINT_FENCE, 0);
}
END_TEST

/* --- one per thread ----------------------------------------------------------------------------------------- */

#define LOCAL ((size_t)10000)

START_TEST(threads_have_none_before_the_size_is_known) {
    struct torc_arena *arena = NULL;
    assert_status(torc_arena_local(&arena), TORC_INVALID);
    assert_status(torc_arena_local_init(0), TORC_INVALID);
    assert_status(torc_arena_local_init(SIZE_MAX), TORC_TOO_BIG);
    assert_status(torc_arena_local(&arena), TORC_INVALID);
    assert_ok(torc_arena_local_init(LOCAL));
    assert_ok(torc_arena_local_init(LOCAL));
    assert_status(torc_arena_local_init(LOCAL + 1), TORC_BUSY);
    assert_status(torc_arena_local(NULL), TORC_INVALID);
    assert_ok(torc_arena_local(&arena));
    ck_assert_uint_ge(arena_stats(arena).bytes, LOCAL);
    assert_status(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL), TORC_INVALID);
    assert_status(torc_arena_abandon(&arena), TORC_INVALID);
}
END_TEST

static void *take_and_end(void *argument) {
    struct torc_arena *arena = NULL, *again = NULL;
    struct torc_extendable message;
    assert_ok(torc_arena_local(&arena));
    assert_ok(torc_arena_local(&again));
    ck_assert_ptr_eq(arena, again);
    a = arena;
    take_all(argument);
    assert_ok(torc_arena_open(arena, 16, &message)); /* still open when the thread ends */
    return arena;
}

START_TEST(buffers_outlive_their_thread) {
    struct released released = {.go = NULL};
    struct torc_arena *mine = NULL;
    struct torc_arena_point *point;
    pthread_t thread;
    void *theirs = NULL;
    assert_ok(torc_arena_destroy(&a, TORC_NO_WAIT, NULL));
    assert_ok(torc_arena_local_init(LOCAL));
    assert_ok(torc_arena_local(&mine));
    ck_assert_int_eq(pthread_create(&thread, NULL, take_and_end, &released), 0);
    ck_assert_int_eq(pthread_join(thread, &theirs), 0);
    ck_assert_ptr_ne(mine, theirs);
    a = NULL;
    point = released.buffer[0].arena->point;
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched) & ~TORC_POINT_FENCE, 1);
    (void)release_all(&released);
    ck_assert_uint_eq(torc_load_relaxed32(&point->watched) & ~TORC_POINT_FENCE, 0);
}
END_TEST

Suite *arena_life_suite(void) {
    Suite *suite = suite_create("arena_life");
    TCase *ends = add_arena_case(suite, "ends");
    TCase *local = add_arena_case(suite, "one per thread");
    tcase_add_test(ends, what_is_out_is_reported);
    tcase_add_test(ends, destroying_waits_for_the_last_one);
#ifndef NO_CANCELLATION
    tcase_add_test(ends, waiting_can_be_cancelled);
#endif
    tcase_add_test(ends, without_membarrier_releasers_use_a_fence);
    tcase_add_test(ends, an_abandoned_arena_lives_until_the_last_buffer);
    tcase_add_test(ends, abandoning_an_empty_arena_frees_it);
    tcase_add_test(local, threads_have_none_before_the_size_is_known);
    tcase_add_test(local, buffers_outlive_their_thread);
    return suite;
}
