/* test_unwind.c - threads that end in the middle of a call: by pthread_exit inside a handler, or cancelled while they
 * wait. What they used can be used on, or closed, by the others. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* AddressSanitizer marks the borders of stack frames and clears the marks when a function returns; a cancelled thread's
 * functions never do, so its last steps would trip over them. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CLEAR_FRAMES 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CLEAR_FRAMES 1
#endif
#ifdef CLEAR_FRAMES
#include <sanitizer/asan_interface.h>
static void clear_frames(void *unused) {
    pthread_attr_t attributes;
    void *stack;
    size_t size;
    (void)unused;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        if (pthread_attr_getstack(&attributes, &stack, &size) == 0) {
            ASAN_UNPOISON_MEMORY_REGION(stack, size);
        }
        (void)pthread_attr_destroy(&attributes);
    }
}
#else
static void clear_frames(void *unused) {
    (void)unused;
}
#endif

static enum torc_action exit_at_second(void *context, const struct torc_event *event) {
    uint64_t *calls = context;
    (void)event;
    if (++*calls == 2) {
        pthread_exit(context);
    }
    return TORC_CONTINUE;
}

static void *poll_and_exit(void *context) {
    (void)torc_poll_until(t.reader, exit_at_second, context, 100, TORC_FOREVER);
    return NULL;
}

START_TEST(a_thread_may_exit_inside_its_handler) {
    uint64_t calls = 0;
    void *result = NULL;
    pthread_t thread;
    put_run(t.publisher, 0, 5);
    ck_assert_int_eq(pthread_create(&thread, NULL, poll_and_exit, &calls), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, &calls);
    ck_assert_uint_eq(calls, 2);
    take_run(t.reader, 2, 3);
    take_none(t.reader);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
}
END_TEST

static void *read_forever(void *context) {
    struct torc_event event;
    pthread_cleanup_push(clear_frames, context);
    while (torc_next_until(t.reader, &event, TORC_FOREVER) == TORC_OK) {
    }
    pthread_cleanup_pop(0);
    return NULL;
}

START_TEST(a_waiting_reader_may_be_cancelled) {
    void *result = NULL;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, read_forever, NULL), 0);
    while (torc_load_relaxed32(t.publisher->sleepers) == 0) {
        (void)sched_yield();
    }
    ck_assert_int_eq(pthread_cancel(thread), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
}
END_TEST

static void *publish_forever(void *context) {
    pthread_cleanup_push(clear_frames, context);
    while (torc_publish(t.publisher, 0, NULL, 0) == TORC_OK) {
    }
    pthread_cleanup_pop(0);
    return NULL;
}

START_TEST(a_waiting_publisher_may_be_cancelled) {
    void *result = NULL;
    pthread_t thread;
    int i;
    ck_assert_int_eq(pthread_create(&thread, NULL, publish_forever, NULL), 0);
    while (torc_publisher_stalls(t.publisher) == 0) {
        (void)sched_yield();
    }
    ck_assert_int_eq(pthread_cancel(thread), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), LANE);
    for (i = 0; i < LANE; i++) {
        take_filled(t.reader, 0, 0);
    }
    take_none(t.reader);
    put_run(t.publisher, 0, LANE);
}
END_TEST

static enum torc_action exit_in_message(void *context, struct torc_ringptr message) {
    (void)message;
    pthread_exit(context);
}

START_TEST(an_actor_whose_handler_exits_has_ended) {
    struct torc_actor_config config;
    struct torc_actor_stats stats;
    struct torc_actor *actor = NULL;
    struct torc_ringptr ptr = claim_handle(200), clone = TORC_RINGPTR_NULL;
    int status;
    memset(&config, 0, sizeof config);
    config.on_message = exit_in_message;
    config.mailbox = 3;
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    do {
        assert_ok(torc_ringptr_clone(ptr, &clone));
        status = torc_actor_send(actor, clone, TORC_FOREVER);
    } while (status == TORC_OK);
    assert_status(status, TORC_CLOSED);
    assert_ok(torc_ringptr_release(clone));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    ck_assert_uint_le(stats.messages, 1);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

static int exit_in_start(void *context, struct torc_actor *actor) {
    (void)actor;
    pthread_exit(context);
}

START_TEST(an_actor_whose_start_exits_was_never_there) {
    struct torc_actor_config config;
    struct torc_actor *actor = NULL;
    struct torc_bus_stats stats;
    memset(&config, 0, sizeof config);
    config.on_start = exit_in_start;
    config.on_message = ignore_message;
    ck_assert_int_lt(torc_actor_start(t.bus, &config, &actor), 0);
    ck_assert_ptr_null(actor);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.actors, 0);
}
END_TEST

static struct torc_ringptr inherited;
static void *keep_and_go(void *context) {
    (void)context;
    inherited = keep_next(t.reader);
    return NULL;
}

START_TEST(handles_outlive_the_thread_that_took_them) {
    pthread_t thread;
    assert_ok(put_filled(t.publisher, 300, 3));
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_and_go, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(outstanding(), 1);
    ck_assert(filled(torc_ringptr_data(inherited), 300, 3));
    assert_ok(torc_ringptr_release(inherited));
}
END_TEST

/* --- cancelled with a lock held --------------------------------------------------------------------------------- */

static torc_a32 blocked; /* 1: the first free of a block has begun; 2: all may end */
static void *give_block(void *state, size_t size) {
    (void)state;
    return aligned_alloc(64, (size + 63) / 64 * 64);
}
static void free_later(void *state, void *block, size_t size) {
    (void)state;
    (void)size;
    (void)torc_cas_acq_rel32(&blocked, 0, 1);
    while (torc_load_acquire32(&blocked) != 2) {
        (void)sched_yield();
    }
    free(block);
}

static void *release_inherited(void *unused) {
    (void)unused;
    return (void *)(intptr_t)torc_ringptr_release(inherited);
}

static struct {
    struct torc_sequencer *sequencer;
    struct torc_claim claim;
    torc_a32 gone; /* it ended inside the call */
} claimer;
static void note_gone(void *context) {
    torc_store_release32(&claimer.gone, 1);
    clear_frames(context);
}
static void *claim_cancelled(void *context) {
    int status;
    pthread_cleanup_push(note_gone, context);
    (void)pthread_cancel(pthread_self());
    status = torc_sequencer_claim(claimer.sequencer, 1, 20000, TORC_FOREVER, &claimer.claim);
    pthread_cleanup_pop(0);
    return (void *)(intptr_t)status;
}

/* Enough for all the rounds before it naps, and for some of those; a thread that has ended tells no time. */
static bool has_come_far(pthread_t thread) {
    struct timespec used;
    clockid_t clock;
    return pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &used) != 0 || used.tv_sec != 0 ||
           used.tv_nsec > 50000000;
}

/* The last handle to the only block: it goes once the claim below has made the ring drop its own. */
static void keep_the_only_block(void) {
    static const unsigned char zeros[20000];
    struct torc_config config = small_config();
    config.xxl = 1;
    config.xxl_provider = (struct torc_xxl_provider){give_block, free_later, NULL};
    config.flags |= TORC_DESTROY_LATER;
    teardown_world();
    open_order(&config);
    assert_ok(torc_sequencer_open(t.topic, NULL, &claimer.sequencer));
    assert_ok(torc_sequencer_publish(claimer.sequencer, 1, zeros, sizeof zeros, TORC_NO_WAIT, NULL));
    inherited = keep_next(t.reader);
    assert_ok(torc_advance(t.reader));
    assert_status(torc_sequencer_claim(claimer.sequencer, 1, 20000, TORC_NO_WAIT, &claimer.claim), TORC_WOULD_BLOCK);
}

START_TEST(who_waits_for_a_slot_that_is_going_is_not_cancelled_with_the_lock) {
    pthread_t releaser, thread;
    void *status;
    keep_the_only_block();
    ck_assert_int_eq(pthread_create(&releaser, NULL, release_inherited, NULL), 0);
    while (torc_load_acquire32(&blocked) == 0) {
        (void)sched_yield();
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, claim_cancelled, NULL), 0);
    while (torc_load_acquire32(&claimer.gone) == 0 && !has_come_far(thread)) {
        (void)sched_yield();
    }
    ck_assert_uint_eq(torc_load_acquire32(&claimer.gone), 0);
    torc_store_release32(&blocked, 2);
    ck_assert_int_eq(pthread_join(releaser, &status), 0);
    assert_ok((int)(intptr_t)status);
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    assert_ok((int)(intptr_t)status);
    assert_ok(torc_sequencer_abort(claimer.sequencer, &claimer.claim));
    assert_ok(torc_sequencer_close(claimer.sequencer));
}
END_TEST

Suite *unwind_suite(void) {
    Suite *suite = suite_create("unwind");
    TCase *tcase = add_case(suite, "threads that end", setup_world);
    tcase_add_test(tcase, a_thread_may_exit_inside_its_handler);
    tcase_add_test(tcase, a_waiting_reader_may_be_cancelled);
    tcase_add_test(tcase, a_waiting_publisher_may_be_cancelled);
    tcase_add_test(tcase, an_actor_whose_handler_exits_has_ended);
    tcase_add_test(tcase, an_actor_whose_start_exits_was_never_there);
    tcase_add_test(tcase, handles_outlive_the_thread_that_took_them);
    tcase_add_test(tcase, who_waits_for_a_slot_that_is_going_is_not_cancelled_with_the_lock);
    return suite;
}
