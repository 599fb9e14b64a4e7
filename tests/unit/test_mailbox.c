/* test_mailbox.c - a bounded mailbox: its capacity, what a sender gets when it is full, who owns the reference, and
 * what becomes of the messages when the actor stops. The actor is held inside its handler, so the mailbox fills as
 * told. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

#define CAPACITY 3

/* A handler that says that it is in, and stays until it is let go. */
static struct gate {
    sem_t entered, go;
    torc_a32 handled;
    enum torc_action answer;
} gate;

static struct torc_actor *actor;
static struct torc_ringptr message; /* the one event whose clones are sent */

static void enter(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) {
    }
}

static enum torc_action hold(void *context, struct torc_ringptr ptr) {
    struct gate *g = context;
    (void)ptr;
    (void)sem_post(&g->entered);
    enter(&g->go);
    (void)torc_add_release32(&g->handled, 1);
    return g->answer;
}

static void start_held(enum torc_mailbox_full full, uint32_t capacity) {
    struct torc_actor_config config;
    memset(&config, 0, sizeof config);
    memset(&gate, 0, sizeof gate);
    ck_assert_int_eq(sem_init(&gate.entered, 0, 0), 0);
    ck_assert_int_eq(sem_init(&gate.go, 0, 0), 0);
    config.name = "mailbox";
    config.context = &gate;
    config.on_message = hold;
    config.mailbox = capacity;
    config.full = full;
    message = claim_handle(200);
    assert_ok(torc_actor_start(t.bus, &config, &actor));
}

static int send_clone(uint64_t deadline) {
    struct torc_ringptr clone = TORC_RINGPTR_NULL;
    int status;
    assert_ok(torc_ringptr_clone(message, &clone));
    status = torc_actor_send(actor, clone, deadline);
    if (status != TORC_OK) {
        assert_ok(torc_ringptr_release(clone));
    }
    return status;
}

/* One message in the handler's hands, CAPACITY waiting behind it. */
static void fill_mailbox(void) {
    int i;
    assert_ok(send_clone(TORC_FOREVER));
    enter(&gate.entered);
    for (i = 0; i < CAPACITY; i++) {
        assert_ok(send_clone(PAST));
    }
}

static void let_go(int messages) {
    while (messages-- > 0) {
        ck_assert_int_eq(sem_post(&gate.go), 0);
    }
}

static void stop(enum torc_stop how, struct torc_actor_stats *stats) {
    assert_ok(torc_actor_stop(actor, how, stats));
    ck_assert_uint_eq(torc_ringptr_count(message), 1);
    assert_ok(torc_ringptr_release(message));
    ck_assert_uint_eq(outstanding(), 0);
    (void)sem_destroy(&gate.entered);
    (void)sem_destroy(&gate.go);
}

START_TEST(the_mailbox_owns_what_it_took) {
    struct torc_actor_stats stats;
    start_held(TORC_MAILBOX_FAIL, CAPACITY);
    fill_mailbox();
    ck_assert_uint_eq(torc_ringptr_count(message), 1 + 1 + CAPACITY);
    let_go(1 + CAPACITY);
    stop(TORC_STOP_DRAIN, &stats);
    ck_assert_uint_eq(stats.sent, 1 + CAPACITY);
    ck_assert_uint_eq(stats.messages, 1 + CAPACITY);
    ck_assert_uint_eq(stats.dropped, 0);
    ck_assert_uint_eq(stats.max_depth, CAPACITY);
}
END_TEST

START_TEST(fail_refuses_at_once_and_keeps_nothing) {
    struct torc_actor_stats stats;
    start_held(TORC_MAILBOX_FAIL, CAPACITY);
    fill_mailbox();
    assert_status(send_clone(TORC_FOREVER), TORC_WOULD_BLOCK);
    assert_status(send_clone(PAST), TORC_WOULD_BLOCK);
    assert_status(send_clone(TORC_NO_WAIT), TORC_WOULD_BLOCK);
    ck_assert_uint_eq(torc_ringptr_count(message), 1 + 1 + CAPACITY);
    let_go(1 + CAPACITY);
    stop(TORC_STOP_DRAIN, &stats);
    ck_assert_uint_eq(stats.sent, 1 + CAPACITY);
    ck_assert_uint_eq(gate.handled.v, 1 + CAPACITY);
}
END_TEST

START_TEST(drop_takes_the_reference_and_counts) {
    struct torc_actor_stats stats;
    int i;
    start_held(TORC_MAILBOX_DROP, CAPACITY);
    fill_mailbox();
    for (i = 0; i < 5; i++) {
        assert_ok(send_clone(TORC_FOREVER));
    }
    ck_assert_uint_eq(torc_ringptr_count(message), 1 + 1 + CAPACITY);
    let_go(1 + CAPACITY);
    stop(TORC_STOP_DRAIN, &stats);
    ck_assert_uint_eq(stats.sent, 1 + CAPACITY);
    ck_assert_uint_eq(stats.dropped, 5);
    ck_assert_uint_eq(stats.messages, 1 + CAPACITY);
}
END_TEST

START_TEST(wait_gives_up_at_its_deadline) {
    struct torc_actor_stats stats;
    start_held(TORC_MAILBOX_WAIT, CAPACITY);
    fill_mailbox();
    assert_status(send_clone(TORC_NO_WAIT), TORC_WOULD_BLOCK);
    assert_status(send_clone(PAST), TORC_TIMED_OUT);
    assert_status(send_clone(torc_deadline_ms(2)), TORC_TIMED_OUT);
    let_go(1 + CAPACITY);
    stop(TORC_STOP_DRAIN, &stats);
    ck_assert_uint_eq(stats.sent, 1 + CAPACITY);
}
END_TEST

START_TEST(wait_gets_its_place_when_there_is_one) {
    struct torc_actor_stats stats;
    int i;
    start_held(TORC_MAILBOX_WAIT, CAPACITY);
    fill_mailbox();
    for (i = 0; i < 20; i++) {
        let_go(1);
        assert_ok(send_clone(TORC_FOREVER));
    }
    let_go(1 + CAPACITY);
    stop(TORC_STOP_DRAIN, &stats);
    ck_assert_uint_eq(stats.messages, 21 + CAPACITY);
}
END_TEST

/* A sender in a thread of its own. */
struct sender {
    struct torc_ringptr ptr;
    int status;
};

static void *send_forever(void *context) {
    struct sender *sender = context;
    sender->status = torc_actor_send(actor, sender->ptr, TORC_FOREVER);
    return NULL;
}

/* torc_actor_stop in a thread of its own; returns once sends are refused, which is when the stop has begun. */
struct stopper {
    enum torc_stop how;
    struct torc_actor_stats stats;
    int status;
};

static void *stop_actor(void *context) {
    struct stopper *stopper = context;
    stopper->status = torc_actor_stop(actor, stopper->how, &stopper->stats);
    return NULL;
}

static void begin_stop(struct stopper *stopper, pthread_t *thread) {
    ck_assert_int_eq(pthread_create(thread, NULL, stop_actor, stopper), 0);
    while (send_clone(TORC_NO_WAIT) != TORC_CLOSED) {
        (void)sched_yield();
    }
}

static void end_stop(const struct stopper *stopper, pthread_t thread) {
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(stopper->status, TORC_OK);
    ck_assert_uint_eq(torc_ringptr_count(message), 1);
    assert_ok(torc_ringptr_release(message));
    ck_assert_uint_eq(outstanding(), 0);
}

START_TEST(drain_handles_what_the_mailbox_holds) {
    struct stopper stopper = {TORC_STOP_DRAIN, {0, 0, 0, 0, 0}, TORC_CORRUPT};
    pthread_t thread;
    start_held(TORC_MAILBOX_FAIL, CAPACITY);
    fill_mailbox();
    begin_stop(&stopper, &thread);
    let_go(1 + CAPACITY);
    end_stop(&stopper, thread);
    ck_assert_uint_eq(gate.handled.v, 1 + CAPACITY);
    ck_assert_uint_eq(stopper.stats.messages, 1 + CAPACITY);
    ck_assert_uint_eq(stopper.stats.dropped, 0);
}
END_TEST

START_TEST(drop_releases_what_the_mailbox_holds) {
    struct stopper stopper = {TORC_STOP_DROP, {0, 0, 0, 0, 0}, TORC_CORRUPT};
    pthread_t thread;
    start_held(TORC_MAILBOX_FAIL, CAPACITY);
    fill_mailbox();
    begin_stop(&stopper, &thread);
    let_go(1 + CAPACITY);
    end_stop(&stopper, thread);
    ck_assert_uint_eq(gate.handled.v, 1);
    ck_assert_uint_eq(stopper.stats.sent, 1 + CAPACITY);
    ck_assert_uint_eq(stopper.stats.messages, 1);
    ck_assert_uint_eq(stopper.stats.dropped, CAPACITY);
}
END_TEST

START_TEST(a_sender_that_waits_is_told_of_the_stop) {
    struct stopper stopper = {TORC_STOP_DROP, {0, 0, 0, 0, 0}, TORC_CORRUPT};
    struct sender sender = {TORC_RINGPTR_NULL, TORC_CORRUPT};
    pthread_t waiting, stopping;
    start_held(TORC_MAILBOX_WAIT, CAPACITY);
    fill_mailbox();
    assert_ok(torc_ringptr_clone(message, &sender.ptr));
    ck_assert_int_eq(pthread_create(&waiting, NULL, send_forever, &sender), 0);
    begin_stop(&stopper, &stopping);
    ck_assert_int_eq(pthread_join(waiting, NULL), 0);
    assert_status(sender.status, TORC_CLOSED);
    assert_ok(torc_ringptr_release(sender.ptr));
    let_go(1 + CAPACITY);
    end_stop(&stopper, stopping);
}
END_TEST

START_TEST(a_sender_that_waits_is_told_that_the_actor_ended) {
    struct sender sender = {TORC_RINGPTR_NULL, TORC_CORRUPT};
    struct torc_actor_stats stats;
    pthread_t waiting;
    int i;
    start_held(TORC_MAILBOX_WAIT, CAPACITY);
    gate.answer = TORC_STOP;
    fill_mailbox();
    assert_ok(torc_ringptr_clone(message, &sender.ptr));
    ck_assert_int_eq(pthread_create(&waiting, NULL, send_forever, &sender), 0);
    for (i = 0; i < 500; i++) {
        (void)sched_yield(); /* lets the sender fall asleep; the answer is the same if it has not */
    }
    let_go(1);
    ck_assert_int_eq(pthread_join(waiting, NULL), 0);
    assert_status(sender.status, TORC_CLOSED);
    assert_ok(torc_ringptr_release(sender.ptr));
    stop(TORC_STOP_DRAIN, &stats);
    ck_assert_uint_eq(stats.messages, 1);
    ck_assert_uint_eq(stats.dropped, CAPACITY);
}
END_TEST

/* The handler clones its message: the clone is the handler's own and outlives the mailbox's reference. */
static struct torc_ringptr cloned;
static enum torc_action clone_message(void *context, struct torc_ringptr ptr) {
    int *status = context;
    *status = torc_ringptr_clone(ptr, &cloned);
    return TORC_CONTINUE;
}

START_TEST(a_handler_may_hold_on_to_a_clone) {
    struct torc_actor_config config;
    int status = TORC_CORRUPT;
    memset(&config, 0, sizeof config);
    config.context = &status;
    config.on_message = clone_message;
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    assert_ok(torc_actor_send(actor, claim_handle(200), TORC_FOREVER));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    assert_status(status, TORC_OK);
    ck_assert_uint_eq(torc_ringptr_count(cloned), 1);
    ck_assert(filled(torc_ringptr_data(cloned), 200, 7));
    assert_ok(torc_ringptr_release(cloned));
}
END_TEST

START_TEST(capacity_is_rounded_up_to_a_power_of_two_less_one) {
    static const struct { uint32_t asked, given; } sizes[] = {{3, 3}, {4, 7}, {7, 7}, {8, 15}, {100, 127}};
    uint32_t accepted = 0;
    start_held(TORC_MAILBOX_FAIL, sizes[_i].asked);
    assert_ok(send_clone(TORC_NO_WAIT));
    enter(&gate.entered);
    while (send_clone(TORC_NO_WAIT) == TORC_OK) {
        accepted++;
    }
    ck_assert_uint_eq(accepted, sizes[_i].given);
    let_go(1 + (int)accepted);
    stop(TORC_STOP_DRAIN, NULL);
}
END_TEST

START_TEST(a_message_of_another_bus_is_refused) {
    struct torc_config config = small_config();
    struct torc_bus *other = NULL;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_ringptr foreign = TORC_RINGPTR_NULL;
    start_held(TORC_MAILBOX_FAIL, CAPACITY);
    assert_ok(torc_bus_create(&config, &other));
    assert_ok(torc_topic_open(other, "t", 0, &topic));
    publisher = open_publisher(topic, TORC_DRY_FAIL);
    assert_ok(torc_ringptr_claim(publisher, 1, 200, &foreign, NULL));
    assert_status(torc_actor_send(actor, foreign, TORC_FOREVER), TORC_INVALID);
    ck_assert_uint_eq(torc_ringptr_count(foreign), 1);
    assert_ok(torc_ringptr_release(foreign));
    assert_ok(torc_publisher_close(publisher));
    assert_ok(torc_bus_destroy(&other, NULL));
    stop(TORC_STOP_DRAIN, NULL);
}
END_TEST

Suite *mailbox_suite(void) {
    Suite *suite = suite_create("mailbox");
    TCase *tcase = add_case(suite, "bounded", setup_world);
    tcase_add_test(tcase, the_mailbox_owns_what_it_took);
    tcase_add_test(tcase, fail_refuses_at_once_and_keeps_nothing);
    tcase_add_test(tcase, drop_takes_the_reference_and_counts);
    tcase_add_test(tcase, wait_gives_up_at_its_deadline);
    tcase_add_test(tcase, wait_gets_its_place_when_there_is_one);
    tcase_add_test(tcase, drain_handles_what_the_mailbox_holds);
    tcase_add_test(tcase, drop_releases_what_the_mailbox_holds);
    tcase_add_test(tcase, a_sender_that_waits_is_told_of_the_stop);
    tcase_add_test(tcase, a_sender_that_waits_is_told_that_the_actor_ended);
    tcase_add_test(tcase, a_handler_may_hold_on_to_a_clone);
    tcase_add_loop_test(tcase, capacity_is_rounded_up_to_a_power_of_two_less_one, 0, 5);
    tcase_add_test(tcase, a_message_of_another_bus_is_refused);
    return suite;
}
