/* test_inside.c - what an actor may do from inside its own callbacks: send, publish, keep; and not: stop itself. */
#include "helpers.h"
#include <sched.h>
#include <string.h>

/* Written by the actor's thread, read here after it was joined or through the cell. */
static struct inside {
    torc_a32 messages;
    int start, handler, end; /* answers to calls made from the callbacks */
    bool in_order;
    struct torc_actor *self;
    struct torc_publisher *publisher;
} inside;

static int note_self(void *context, struct torc_actor *actor) {
    struct inside *in = context;
    in->self = actor;
    return TORC_OK;
}

static struct torc_actor_config inside_config(enum torc_action (*on_message)(void *, struct torc_ringptr)) {
    struct torc_actor_config config;
    memset(&config, 0, sizeof config);
    memset(&inside, 0, sizeof inside);
    inside.start = inside.handler = inside.end = TORC_CORRUPT;
    inside.in_order = true;
    config.context = &inside;
    config.on_start = note_self;
    config.on_message = on_message;
    return config;
}

static struct torc_actor *start(const struct torc_actor_config *config) {
    struct torc_actor *actor = NULL;
    assert_ok(torc_actor_start(t.bus, config, &actor));
    return actor;
}

static void await_messages(uint32_t count) {
    while (torc_load_acquire32(&inside.messages) < count) {
        (void)sched_yield();
    }
}

static int stop_in_start(void *context, struct torc_actor *actor) {
    struct inside *in = context;
    in->self = actor;
    in->start = torc_actor_stop(actor, TORC_STOP_DROP, NULL);
    return TORC_OK;
}

static enum torc_action stop_in_handler(void *context, struct torc_ringptr message) {
    struct inside *in = context;
    (void)message;
    in->handler = torc_actor_stop(in->self, TORC_STOP_DRAIN, NULL);
    return TORC_CONTINUE;
}

static void stop_in_stop(void *context) {
    struct inside *in = context;
    in->end = torc_actor_stop(in->self, TORC_STOP_DRAIN, NULL);
}

START_TEST(an_actor_may_not_stop_itself) {
    struct torc_actor_config config = inside_config(stop_in_handler);
    struct torc_actor *actor;
    config.on_start = stop_in_start;
    config.on_stop = stop_in_stop;
    actor = start(&config);
    assert_ok(torc_actor_send(actor, claim_handle(60), TORC_FOREVER));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    assert_status(inside.start, TORC_WRONG_THREAD);
    assert_status(inside.handler, TORC_WRONG_THREAD);
    assert_status(inside.end, TORC_WRONG_THREAD);
}
END_TEST

static enum torc_action send_to_itself(void *context, struct torc_ringptr message) {
    struct inside *in = context;
    struct torc_ringptr clone = TORC_RINGPTR_NULL;
    if (torc_add_release32(&in->messages, 1) < 9 && torc_ringptr_clone(message, &clone) == TORC_OK) {
        in->handler = torc_actor_send(in->self, clone, PAST);
    }
    return TORC_CONTINUE;
}

START_TEST(an_actor_may_send_to_itself) {
    struct torc_actor_config config = inside_config(send_to_itself);
    struct torc_actor *actor = start(&config);
    assert_ok(torc_actor_send(actor, claim_handle(60), TORC_FOREVER));
    await_messages(10);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    assert_status(inside.handler, TORC_OK);
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

static enum torc_action send_too_late(void *context, struct torc_ringptr message) {
    struct inside *in = context;
    struct torc_ringptr clone = TORC_RINGPTR_NULL;
    if (torc_ringptr_clone(message, &clone) == TORC_OK) {
        while ((in->handler = torc_actor_send(in->self, clone, TORC_NO_WAIT)) == TORC_OK &&
               torc_ringptr_clone(message, &clone) == TORC_OK) {
        }
        in->end = torc_ringptr_release(clone);
    }
    return TORC_STOP;
}

START_TEST(an_actor_that_fills_its_own_mailbox_is_refused) {
    struct torc_actor_config config = inside_config(send_too_late);
    struct torc_actor_stats stats;
    struct torc_actor *actor;
    config.mailbox = 7;
    actor = start(&config);
    assert_ok(torc_actor_send(actor, claim_handle(60), TORC_FOREVER));
    while (torc_actor_stats(actor, &stats) == TORC_OK && stats.messages == 0) {
        (void)sched_yield();
    }
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    assert_status(inside.handler, TORC_WOULD_BLOCK);
    assert_status(inside.end, TORC_OK);
    ck_assert_uint_eq(stats.sent, 8);
    ck_assert_uint_eq(stats.dropped, 7);
}
END_TEST

static int open_own_publisher(void *context, struct torc_actor *actor) {
    struct inside *in = context;
    (void)actor;
    return torc_publisher_open(t.topic, NULL, &in->publisher);
}

static void close_own_publisher(void *context) {
    struct inside *in = context;
    in->end = torc_publisher_close(in->publisher);
}

static enum torc_action publish_on(void *context, struct torc_ringptr message) {
    struct inside *in = context;
    in->handler = torc_publish(in->publisher, torc_ringptr_type(message), torc_ringptr_data(message),
                               torc_ringptr_length(message));
    return in->handler == TORC_OK ? TORC_CONTINUE : TORC_STOP;
}

START_TEST(an_actor_may_publish) {
    struct torc_actor_config config = inside_config(publish_on);
    struct torc_actor *actor;
    struct torc_event event;
    uint32_t i;
    config.on_start = open_own_publisher;
    config.on_stop = close_own_publisher;
    actor = start(&config);
    for (i = 0; i < 20; i++) {
        assert_ok(torc_actor_send(actor, claim_handle(200), TORC_FOREVER));
        assert_ok(torc_next_until(t.reader, &event, TORC_FOREVER));
        ck_assert_uint_eq(event.length, 200);
        ck_assert(filled(event.data, 200, 7));
    }
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    assert_status(inside.handler, TORC_OK);
    assert_status(inside.end, TORC_OK);
}
END_TEST

static enum torc_action count_message(void *context, struct torc_ringptr message) {
    struct inside *in = context;
    in->in_order = in->in_order && torc_ringptr_type(message) == torc_add_release32(&in->messages, 1) + 1;
    return TORC_CONTINUE;
}

static enum torc_action keep_and_send(void *context, struct torc_reader *reader, const struct torc_event *event) {
    struct inside *in = context;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    in->handler = torc_keep(reader, event, &ptr);
    if (in->handler == TORC_OK) {
        in->handler = torc_actor_send(in->self, ptr, PAST);
    }
    return in->handler == TORC_OK ? TORC_CONTINUE : TORC_STOP;
}

START_TEST(an_actor_may_keep_its_events) {
    struct torc_actor_config config = inside_config(count_message);
    struct torc_actor *actor;
    config.on_event = keep_and_send;
    config.topics = &t.topic;
    config.topic_count = 1;
    actor = start(&config);
    assert_ok(torc_publish(t.publisher, 1, "small", 5));
    assert_ok(put_filled(t.publisher, 500, 2));
    await_messages(2);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    assert_status(inside.handler, TORC_OK);
    ck_assert(inside.in_order);
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

static enum torc_action release_it(void *context, struct torc_ringptr message) {
    struct inside *in = context;
    in->handler = torc_ringptr_release(message);
    return TORC_CONTINUE;
}

/* Against the contract, and still no harm to anybody: the second release is refused and counted. */
START_TEST(a_handler_that_releases_its_message_is_caught) {
    struct torc_actor_config config = inside_config(release_it);
    struct torc_bus_stats stats;
    struct torc_actor *actor = start(&config);
    assert_ok(torc_actor_send(actor, claim_handle(60), TORC_FOREVER));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    assert_status(inside.handler, TORC_OK);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.stale_refused, 1);
}
END_TEST

Suite *inside_suite(void) {
    Suite *suite = suite_create("inside");
    TCase *tcase = add_case(suite, "an actor's own calls", setup_world);
    tcase_add_test(tcase, an_actor_may_not_stop_itself);
    tcase_add_test(tcase, an_actor_may_send_to_itself);
    tcase_add_test(tcase, an_actor_that_fills_its_own_mailbox_is_refused);
    tcase_add_test(tcase, an_actor_may_publish);
    tcase_add_test(tcase, an_actor_may_keep_its_events);
    tcase_add_test(tcase, a_handler_that_releases_its_message_is_caught);
    return suite;
}
