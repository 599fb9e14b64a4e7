/* test_deadlines.c - every call that can wait: without waiting, to a deadline that has passed or passes, and for ever until what it
 * waits for is there. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <torc/arena.h>

/* A call as it would wait now, and what makes it succeed. Both work on `t` and on these. */
struct wait_case {
    const char *name;
    void (*prepare)(void);
    int (*until)(uint64_t deadline);
    int (*tries)(void); /* NULL: there is no such form but `until` */
    int (*plain)(void); /* the form that waits for ever; NULL: there is none */
    void (*release)(void);
    int would_block; /* what it answers with TORC_NO_WAIT */
    int done;        /* and when it got what it waited for */
    bool (*waits)(void);
};

static struct torc_arena *arena;
static struct torc_buffer buffer;
static struct torc_ringptr kept[8], message;
static struct torc_event event;
static struct torc_actor *actor;
static torc_a32 in_handler, let_go, calls;
static pthread_t poller;

static const uint64_t number = 4711;
static const struct torc_message messages[2] = {{&number, sizeof number, 1}, {&number, sizeof number, 1}};

/* --- publishers: a full lane ---------------------------------------------------------------------------------------- */

static void fill_lane(void) {
    put_run(t.publisher, 0, LANE);
}
static void pass_all(void) {
    take_run(t.reader, 0, LANE);
    assert_ok(torc_advance(t.reader));
}
static bool publisher_waits(void) {
    return torc_publisher_stalls(t.publisher) != 0;
}

static int publish_until(uint64_t deadline) {
    return torc_publish_until(t.publisher, 1, &number, sizeof number, deadline);
}
static int publish_try(void) {
    return torc_try_publish_struct(t.publisher, 1, &number);
}
static int publish_plain(void) {
    return torc_publish_struct(t.publisher, 1, &number);
}
static int struct_until(uint64_t deadline) {
    return torc_publish_struct_until(t.publisher, 1, &number, deadline);
}

static int batch_until(uint64_t deadline) {
    size_t published = 99;
    int status = torc_publish_batch_until(t.publisher, messages, 2, deadline, &published);
    ck_assert_uint_eq(published, status == TORC_OK ? 2 : 0);
    return status;
}
static int batch_try(void) {
    return torc_try_publish_batch(t.publisher, messages, 2, NULL);
}
static int batch_plain(void) {
    return torc_publish_batch(t.publisher, messages, 2, NULL);
}

static int committed(int status, struct torc_claim *claims) {
    if (status < 0 || claims->data == NULL) {
        return status;
    }
    assert_ok(torc_abort_batch(t.publisher, claims, status == TORC_OK ? 1 : (size_t)status));
    return status;
}
static int claim_until(uint64_t deadline) {
    struct torc_claim claim;
    return committed(torc_claim_until(t.publisher, 1, 8, deadline, &claim), &claim);
}
static int claim_try(void) {
    struct torc_claim claim;
    return committed(torc_try_claim(t.publisher, 1, 8, &claim), &claim);
}
static int claim_plain(void) {
    struct torc_claim claim;
    return committed(torc_claim(t.publisher, 1, 8, &claim), &claim);
}
static int claims_until(uint64_t deadline) {
    struct torc_claim claims[3];
    return committed(torc_claim_batch_until(t.publisher, 1, 8, claims, 3, deadline), claims);
}
static int claims_try(void) {
    struct torc_claim claims[3];
    return committed(torc_try_claim_batch(t.publisher, 1, 8, claims, 3), claims);
}
static int claims_plain(void) {
    struct torc_claim claims[3];
    return committed(torc_claim_batch(t.publisher, 1, 8, claims, 3), claims);
}

static void fill_lane_and_buffer(void) {
    fill_lane();
    assert_ok(torc_arena_create(4096, &arena));
    assert_ok(torc_arena_alloc(arena, 100, &buffer));
    ck_assert_uint_eq(torc_buffer_write(&buffer, &number, sizeof number), sizeof number);
}
static int arena_until(uint64_t deadline) {
    return torc_publish_arena_until(t.publisher, 1, &buffer, deadline);
}
static int arena_try(void) {
    return torc_try_publish_arena(t.publisher, 1, &buffer);
}
static int arena_plain(void) {
    return torc_publish_arena(t.publisher, 1, &buffer);
}

/* --- publishers: a dry pool ------------------------------------------------------------------------------------------- */

static void claim_all(void) {
    struct torc_publisher_config config = {TORC_WAIT_BLOCK, TORC_DRY_WAIT};
    assert_ok(torc_publisher_close(t.publisher));
    assert_ok(torc_publisher_open(t.topic, &config, &t.publisher));
    memset(kept, 0, sizeof kept);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(torc_try_ringptr_claim(t.publisher, 1, 1000, &kept[i], NULL));
    }
}
static void release_kept(void) {
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (!torc_ringptr_is_null(kept[i])) {
            assert_ok(torc_ringptr_release(kept[i]));
            kept[i] = TORC_RINGPTR_NULL;
        }
    }
}
static int released(int status, struct torc_ringptr ptr) {
    return status == TORC_OK ? torc_ringptr_release(ptr) : status;
}
static int handle_until(uint64_t deadline) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_ringptr_claim_until(t.publisher, 1, 1000, deadline, &ptr, NULL), ptr);
}
static int handle_try(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_try_ringptr_claim(t.publisher, 1, 1000, &ptr, NULL), ptr);
}
static int handle_plain(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_ringptr_claim(t.publisher, 1, 1000, &ptr, NULL), ptr);
}

/* --- readers ---------------------------------------------------------------------------------------------------------- */

static void nothing(void) {
}
static void put_one(void) {
    put_run(t.publisher, 0, 1);
}
static bool reader_waits(void) {
    return torc_load_relaxed32(t.publisher->sleepers) != 0;
}
static int next_until(uint64_t deadline) {
    return torc_next_until(t.reader, &event, deadline);
}
static int next_try(void) {
    return torc_next(t.reader, &event);
}
static enum torc_action go_on(void *context, const struct torc_event *seen) {
    (void)context;
    (void)seen;
    return TORC_CONTINUE;
}
static int poll_until(uint64_t deadline) {
    return torc_poll_until(t.reader, go_on, NULL, 5, deadline);
}
static int poll_try(void) {
    return torc_poll(t.reader, go_on, NULL, 5);
}
static int readable_until(uint64_t deadline) {
    return torc_wait_readable(t.reader, deadline);
}

static void keep_all(void) {
    put_run(t.publisher, 0, 5);
    memset(kept, 0, sizeof kept);
    for (size_t i = 0; i < 4; i++) {
        kept[i] = keep_next(t.reader);
    }
    assert_ok(torc_next(t.reader, &event));
}
static int keep_until(uint64_t deadline) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_keep_until(t.reader, &event, deadline, &ptr), ptr);
}
static int keep_try(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_keep(t.reader, &event, &ptr), ptr);
}

static void take_one(void) {
    take_run(t.reader, 0, 1);
    assert_ok(torc_advance(t.reader));
}
static int drain_until(uint64_t deadline) {
    return torc_bus_drain(t.bus, deadline);
}

/* --- handlers --------------------------------------------------------------------------------------------------------- */

static enum torc_action stay(void *context, const struct torc_event *seen) {
    (void)context;
    (void)seen;
    torc_store_release32(&in_handler, 1);
    while (torc_load_acquire32(&let_go) == 0) {
        (void)sched_yield();
    }
    return TORC_CONTINUE;
}
static void *poll_once(void *unused) {
    (void)torc_poll(t.reader, stay, NULL, 1);
    return unused;
}
static void begin_handler(void) {
    put_one();
    torc_store_release32(&in_handler, 0);
    torc_store_release32(&let_go, 0);
    ck_assert_int_eq(pthread_create(&poller, NULL, poll_once, NULL), 0);
    while (torc_load_acquire32(&in_handler) == 0) {
        (void)sched_yield();
    }
}
static void end_handler(void) {
    torc_store_release32(&let_go, 1);
    ck_assert_int_eq(pthread_join(poller, NULL), 0);
}
static int detach_until(uint64_t deadline) {
    return torc_reader_detach_until(t.reader, deadline);
}
static int detach_plain(void) {
    return torc_reader_detach(t.reader);
}

static enum torc_action hold_message(void *context, struct torc_ringptr ptr) {
    (void)ptr;
    return stay(context, NULL);
}
/* One message in its hands, and a full mailbox. */
static void busy_actor(void) {
    struct torc_actor_config config = {.name = "busy", .on_message = hold_message, .mailbox = 3};
    torc_store_release32(&in_handler, 0);
    torc_store_release32(&let_go, 0);
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    message = claim_handle(100);
    for (int i = 0; i < 4; i++) {
        struct torc_ringptr copy;
        assert_ok(torc_ringptr_clone(message, &copy));
        assert_ok(torc_actor_send(actor, copy, TORC_FOREVER));
        while (torc_load_acquire32(&in_handler) == 0) {
            (void)sched_yield();
        }
    }
}
static void let_actor_go(void) {
    torc_store_release32(&let_go, 1);
}
static int send_until(uint64_t deadline) {
    struct torc_ringptr copy;
    int status;
    assert_ok(torc_ringptr_clone(message, &copy));
    status = torc_actor_send(actor, copy, deadline);
    if (status != TORC_OK) {
        assert_ok(torc_ringptr_release(copy));
    }
    return status;
}
static int stop_until(uint64_t deadline) {
    int status = torc_actor_stop_until(actor, TORC_STOP_DRAIN, deadline, NULL);
    actor = status == TORC_OK ? NULL : actor;
    return status;
}
static int stop_plain(void) {
    int status = torc_actor_stop(actor, TORC_STOP_DRAIN, NULL);
    actor = NULL;
    return status;
}

static void buffer_out(void) {
    assert_ok(torc_arena_create(4096, &arena));
    assert_ok(torc_arena_alloc(arena, 100, &buffer));
}
static void buffer_back(void) {
    assert_ok(torc_buffer_release(&buffer));
}
static int destroy_until(uint64_t deadline) {
    return torc_arena_destroy(&arena, deadline, NULL);
}

/* --- the table -------------------------------------------------------------------------------------------------------- */

static const struct wait_case cases[] = {
    {"publish", fill_lane, publish_until, publish_try, publish_plain, pass_all, TORC_WOULD_BLOCK, TORC_OK,
     publisher_waits},
    {"publish_struct", fill_lane, struct_until, NULL, NULL, pass_all, TORC_WOULD_BLOCK, TORC_OK, publisher_waits},
    {"publish_batch", fill_lane, batch_until, batch_try, batch_plain, pass_all, TORC_WOULD_BLOCK, TORC_OK,
     publisher_waits},
    {"publish_arena", fill_lane_and_buffer, arena_until, arena_try, arena_plain, pass_all, TORC_WOULD_BLOCK, TORC_OK,
     publisher_waits},
    {"claim", fill_lane, claim_until, claim_try, claim_plain, pass_all, TORC_WOULD_BLOCK, TORC_OK, publisher_waits},
    {"claim_batch", fill_lane, claims_until, claims_try, claims_plain, pass_all, TORC_WOULD_BLOCK, 3, publisher_waits},
    {"ringptr_claim", claim_all, handle_until, handle_try, handle_plain, release_kept, TORC_WOULD_BLOCK, TORC_OK,
     publisher_waits},
    {"next", nothing, next_until, next_try, NULL, put_one, TORC_EMPTY, TORC_OK, reader_waits},
    {"poll", nothing, poll_until, poll_try, NULL, put_one, 0, 1, reader_waits},
    {"wait_readable", nothing, readable_until, NULL, NULL, put_one, TORC_EMPTY, TORC_OK, reader_waits},
    {"keep", keep_all, keep_until, keep_try, NULL, release_kept, TORC_POOL_DRY, TORC_OK, NULL},
    {"bus_drain", put_one, drain_until, NULL, NULL, take_one, TORC_TIMED_OUT, TORC_OK, NULL},
    {"reader_detach", begin_handler, detach_until, NULL, detach_plain, end_handler, TORC_WOULD_BLOCK, TORC_OK, NULL},
    {"actor_send", busy_actor, send_until, NULL, NULL, let_actor_go, TORC_WOULD_BLOCK, TORC_OK, NULL},
    {"actor_stop", busy_actor, stop_until, NULL, stop_plain, let_actor_go, TORC_WOULD_BLOCK, TORC_OK, NULL},
    {"arena_destroy", buffer_out, destroy_until, NULL, NULL, buffer_back, TORC_BUSY, TORC_OK, NULL},
};
#define CASES ((int)(sizeof cases / sizeof cases[0]))

/* What a case leaves behind. */
static void clean_up(const struct wait_case *of) {
    struct torc_event rest;
    if (actor != NULL) {
        assert_ok(torc_actor_stop(actor, TORC_STOP_DROP, NULL));
        actor = NULL;
    }
    if (of->prepare == busy_actor) {
        assert_ok(torc_ringptr_release(message));
    }
    while (torc_next(t.reader, &rest) == TORC_OK) {
    }
    if (arena != NULL && of->prepare == fill_lane_and_buffer) {
        close_ends();
        assert_ok(torc_arena_destroy(&arena, TORC_FOREVER, NULL));
    }
}

/* Whatever it answers, it has changed nothing: the case can still be released, and then succeeds. */
START_TEST(it_does_not_wait) {
    const struct wait_case *of = &cases[_i];
    of->prepare();
    assert_status(of->until(TORC_NO_WAIT), of->would_block);
    if (of->tries != NULL) {
        assert_status(of->tries(), of->would_block);
    }
    of->release();
    if (of->until != send_until) {
        assert_status(of->until(TORC_FOREVER), of->done);
    }
    clean_up(of);
}
END_TEST

START_TEST(it_gives_up) {
    const struct wait_case *of = &cases[_i];
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
    wait_in_thread(&cases[_i], false);
}
END_TEST

START_TEST(the_plain_form_does_too) {
    if (cases[_i].plain != NULL) {
        wait_in_thread(&cases[_i], true);
    }
}
END_TEST

/* A claim of several takes what fits, a batch publishes what fits and says how much. */
START_TEST(as_many_as_fit) {
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
        many[i] = messages[0];
    }
    assert_status(torc_publish_batch_until(t.publisher, many, LANE, torc_deadline_ms(2), &published), TORC_TIMED_OUT);
    ck_assert_uint_eq(published, 3);
}
END_TEST

START_TEST(bad_arguments_do_not_wait) {
    assert_status(torc_reader_detach_until(NULL, TORC_FOREVER), TORC_INVALID);
    assert_status(torc_actor_stop_until(NULL, TORC_STOP_DRAIN, TORC_FOREVER, NULL), TORC_INVALID);
    assert_status(torc_try_ringptr_claim(NULL, 1, 8, &message, NULL), TORC_INVALID);
    assert_status(torc_try_ringptr_claim(t.publisher, 1, 8, NULL, NULL), TORC_INVALID);
}
END_TEST

Suite *deadlines_suite(void) {
    Suite *suite = suite_create("deadlines");
    TCase *tcase = add_case(suite, "every call", setup_world);
    tcase_add_loop_test(tcase, it_does_not_wait, 0, CASES);
    tcase_add_loop_test(tcase, it_gives_up, 0, CASES);
    tcase_add_loop_test(tcase, it_waits_for_ever, 0, CASES - 1); /* the last one is its owner's */
    tcase_add_loop_test(tcase, the_plain_form_does_too, 0, CASES);
    tcase_add_test(tcase, as_many_as_fit);
    tcase_add_test(tcase, bad_arguments_do_not_wait);
    return suite;
}
