/* test_actor.c - the life of an actor: start, its handlers, subscriptions, stopping. What it may do from inside its
 * handlers is in test_inside.c, the mailbox in test_mailbox.c. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>

/* What the actor's callbacks did; written by its thread, read here after it was joined or through the cells. */
static struct notes {
    torc_a32 started, stopped, messages, events;
    int start_answer; /* what on_start shall return */
    uint64_t last;
    uint32_t stop_after;
    bool in_order, same_thread;
    pthread_t thread;
    struct torc_actor *self;
} notes;

static int on_start(void *context, struct torc_actor *actor) {
    struct notes *n = context;
    n->thread = pthread_self();
    n->self = actor;
    n->same_thread = true;
    torc_store_release32(&n->started, 1);
    return n->start_answer;
}

static void on_stop(void *context) {
    struct notes *n = context;
    n->same_thread = n->same_thread && pthread_equal(n->thread, pthread_self());
    (void)torc_add_release32(&n->stopped, 1);
}

static enum torc_action on_message(void *context, struct torc_ringptr message) {
    struct notes *n = context;
    uint32_t count = torc_add_release32(&n->messages, 1) + 1;
    n->same_thread = n->same_thread && pthread_equal(n->thread, pthread_self());
    n->in_order = n->in_order && torc_ringptr_type(message) == count;
    return count == n->stop_after ? TORC_STOP : TORC_CONTINUE;
}

static enum torc_action on_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    struct notes *n = context;
    (void)reader;
    n->last = event->type;
    return torc_add_release32(&n->events, 1) + 1 == n->stop_after ? TORC_STOP : TORC_CONTINUE;
}

static struct torc_actor_config full_config(void) {
    struct torc_actor_config config;
    memset(&config, 0, sizeof config);
    memset(&notes, 0, sizeof notes);
    notes.in_order = true;
    config.name = "unit";
    config.context = &notes;
    config.on_start = on_start;
    config.on_stop = on_stop;
    config.on_message = on_message;
    return config;
}

static struct torc_actor *start(const struct torc_actor_config *config) {
    struct torc_actor *actor = NULL;
    assert_ok(torc_actor_start(t.bus, config, &actor));
    ck_assert_ptr_nonnull(actor);
    return actor;
}

static struct torc_ringptr numbered(uint32_t number) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(torc_ringptr_claim(t.publisher, number, 60, &ptr, NULL));
    return ptr;
}

START_TEST(start_returns_after_on_start_and_stop_after_on_stop) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor = start(&config);
    struct torc_bus_stats stats;
    ck_assert_uint_eq(torc_load_acquire32(&notes.started), 1);
    ck_assert_ptr_eq(notes.self, actor);
    ck_assert(!pthread_equal(notes.thread, pthread_self()));
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.actors, 1);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    ck_assert_uint_eq(notes.stopped.v, 1);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.actors, 0);
}
END_TEST

START_TEST(messages_arrive_in_order_in_one_thread) {
    struct torc_actor_config config = full_config();
    struct torc_actor_stats stats;
    struct torc_actor *actor = start(&config);
    uint32_t i;
    for (i = 1; i <= 8; i++) {
        assert_ok(torc_actor_send(actor, numbered(i), TORC_FOREVER));
    }
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    ck_assert_uint_eq(notes.messages.v, 8);
    ck_assert(notes.in_order);
    ck_assert(notes.same_thread);
    ck_assert_uint_eq(stats.sent, 8);
    ck_assert_uint_eq(stats.messages, 8);
    ck_assert_uint_eq(stats.dropped, 0);
    ck_assert_uint_eq(stats.events, 0);
    ck_assert_uint_le(stats.max_depth, 8);
    ck_assert_uint_ge(stats.max_depth, 1);
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(a_failing_on_start_leaves_nothing_behind) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor = NULL;
    struct torc_bus_stats stats;
    config.on_event = on_event;
    config.topics = &t.topic;
    config.topic_count = 1;
    notes.start_answer = TORC_NO_ROOM;
    assert_status(torc_actor_start(t.bus, &config, &actor), TORC_NO_ROOM);
    ck_assert_ptr_null(actor);
    ck_assert_uint_eq(notes.started.v, 1);
    ck_assert_uint_eq(notes.stopped.v, 0);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.actors, 0);
    ck_assert_uint_eq(stats.readers, 1);
}
END_TEST

START_TEST(a_positive_answer_of_on_start_is_success) {
    struct torc_actor_config config = full_config();
    notes.start_answer = 5;
    assert_ok(torc_actor_stop(start(&config), TORC_STOP_DRAIN, NULL));
    ck_assert_uint_eq(notes.stopped.v, 1);
}
END_TEST

START_TEST(an_actor_follows_its_topics) {
    struct torc_actor_config config = full_config();
    struct torc_topic *topics[2] = {t.topic, open_topic("other")};
    struct torc_publisher *second = open_publisher(topics[1], TORC_DRY_FAIL);
    struct torc_actor_stats stats;
    struct torc_actor *actor;
    put_run(t.publisher, 0, 2);
    config.on_event = on_event;
    config.topics = topics;
    config.topic_count = 2;
    actor = start(&config);
    put_run(t.publisher, 2, 3);
    put_run(second, 100, 4);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    ck_assert_uint_eq(stats.events, 7);
    ck_assert_uint_eq(notes.events.v, 7);
    take_run(t.reader, 0, 5);
    take_none(t.reader);
    put_run(t.publisher, 0, LANE);
    assert_ok(torc_publisher_close(second));
}
END_TEST

START_TEST(an_actor_waits_by_every_strategy) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor;
    uint32_t i;
    config.wait = (enum torc_wait)_i;
    config.on_event = on_event;
    config.topics = &t.topic;
    config.topic_count = 1;
    actor = start(&config);
    for (i = 1; i <= 20; i++) {
        assert_ok(torc_actor_send(actor, numbered(i), TORC_FOREVER));
        assert_ok(put(t.publisher, i));
        take(t.reader, i);
        assert_ok(torc_advance(t.reader));
        while (torc_load_acquire32(&notes.messages) != i || torc_load_acquire32(&notes.events) != i) {
            (void)sched_yield();
        }
    }
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    ck_assert(notes.in_order);
}
END_TEST

START_TEST(a_handler_that_stops_ends_the_actor) {
    struct torc_actor_config config = full_config();
    struct torc_actor_stats stats;
    struct torc_actor *actor;
    struct torc_ringptr ptr = numbered(1), clone = TORC_RINGPTR_NULL;
    uint64_t sent = 0;
    int status;
    notes.stop_after = 3;
    actor = start(&config);
    do {
        assert_ok(torc_ringptr_clone(ptr, &clone));
        status = torc_actor_send(actor, clone, TORC_FOREVER);
        sent += status == TORC_OK;
    } while (status == TORC_OK);
    assert_status(status, TORC_CLOSED);
    assert_ok(torc_ringptr_release(clone));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    ck_assert_uint_eq(notes.messages.v, 3);
    ck_assert_uint_eq(notes.stopped.v, 1);
    ck_assert_uint_eq(stats.messages, 3);
    ck_assert_uint_eq(stats.sent, sent);
    ck_assert_uint_eq(stats.dropped, sent - 3);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(an_actor_that_ended_by_itself_gates_nobody) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor;
    uint64_t i;
    notes.stop_after = 1;
    config.on_event = on_event;
    config.topics = &t.topic;
    config.topic_count = 1;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    actor = start(&config);
    for (i = 0; i < 5 * LANE; i++) {
        assert_ok(torc_publish(t.publisher, (uint32_t)i, &i, sizeof i));
    }
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    ck_assert_uint_eq(notes.events.v, 1);
    ck_assert_uint_eq(notes.last, 0);
}
END_TEST

START_TEST(an_actor_without_a_handler_is_refused) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor = NULL;
    config.on_message = NULL;
    assert_status(torc_actor_start(t.bus, &config, &actor), TORC_INVALID);
    config.on_message = on_message;
    config.topics = &t.topic;
    config.topic_count = 1;
    assert_status(torc_actor_start(t.bus, &config, &actor), TORC_INVALID);
    config.on_event = on_event;
    config.topics = NULL;
    assert_status(torc_actor_start(t.bus, &config, &actor), TORC_INVALID);
    ck_assert_ptr_null(actor);
    ck_assert_uint_eq(notes.started.v, 0);
}
END_TEST

START_TEST(no_more_actors_than_configured) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor[4], *more = NULL;
    int i;
    for (i = 0; i < 4; i++) {
        actor[i] = start(&config);
    }
    assert_status(torc_actor_start(t.bus, &config, &more), TORC_NO_ROOM);
    ck_assert_ptr_null(more);
    assert_ok(torc_actor_stop(actor[2], TORC_STOP_DRAIN, NULL));
    actor[2] = start(&config);
    for (i = 0; i < 4; i++) {
        assert_ok(torc_actor_stop(actor[i], TORC_STOP_DROP, NULL));
    }
}
END_TEST

START_TEST(no_more_subscriptions_than_readers) {
    struct torc_actor_config config = full_config();
    struct torc_topic *topics[4] = {t.topic, t.topic, t.topic, t.topic};
    struct torc_actor *actor = NULL;
    struct torc_bus_stats stats;
    config.on_event = on_event;
    config.topics = topics;
    config.topic_count = 4;
    assert_status(torc_actor_start(t.bus, &config, &actor), TORC_NO_ROOM);
    ck_assert_ptr_null(actor);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.readers, 1);
    ck_assert_uint_eq(stats.actors, 0);
}
END_TEST

START_TEST(closing_the_bus_leaves_the_mailbox_open) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    config.on_event = on_event;
    config.topics = &t.topic;
    config.topic_count = 1;
    actor = start(&config);
    ptr = numbered(1);
    put_run(t.publisher, 0, 5);
    assert_ok(torc_bus_close(t.bus));
    assert_ok(torc_actor_send(actor, ptr, TORC_FOREVER));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    ck_assert_uint_eq(notes.messages.v, 1);
    ck_assert_uint_eq(notes.events.v, 5);
}
END_TEST

START_TEST(statistics_can_be_read_while_it_runs) {
    struct torc_actor_config config = full_config();
    struct torc_actor *actor = start(&config);
    struct torc_actor_stats stats;
    assert_ok(torc_actor_send(actor, numbered(1), TORC_FOREVER));
    do {
        assert_ok(torc_actor_stats(actor, &stats));
    } while (stats.messages == 0);
    ck_assert_uint_eq(stats.sent, 1);
    ck_assert_uint_eq(stats.messages, 1);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
}
END_TEST

Suite *actor_suite(void) {
    Suite *suite = suite_create("actor");
    TCase *tcase = add_case(suite, "life", setup_world);
    tcase_add_test(tcase, start_returns_after_on_start_and_stop_after_on_stop);
    tcase_add_test(tcase, messages_arrive_in_order_in_one_thread);
    tcase_add_test(tcase, a_failing_on_start_leaves_nothing_behind);
    tcase_add_test(tcase, a_positive_answer_of_on_start_is_success);
    tcase_add_test(tcase, an_actor_follows_its_topics);
    tcase_add_loop_test(tcase, an_actor_waits_by_every_strategy, TORC_WAIT_BLOCK, TORC_WAIT_BACKOFF + 1);
    tcase_add_test(tcase, a_handler_that_stops_ends_the_actor);
    tcase_add_test(tcase, an_actor_that_ended_by_itself_gates_nobody);
    tcase_add_test(tcase, an_actor_without_a_handler_is_refused);
    tcase_add_test(tcase, no_more_actors_than_configured);
    tcase_add_test(tcase, no_more_subscriptions_than_readers);
    tcase_add_test(tcase, closing_the_bus_leaves_the_mailbox_open);
    tcase_add_test(tcase, statistics_can_be_read_while_it_runs);
    return suite;
}
