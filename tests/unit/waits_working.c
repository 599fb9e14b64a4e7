/* waits_working.c - waiting for others at work: handlers, actors, arenas. */
#include "waits.h"
#include <pthread.h>
#include <sched.h>
#include <torc/arena.h>

static struct torc_arena *arena;
static struct torc_buffer buffer;
static struct torc_ringptr message;
static struct torc_actor *actor;
static torc_a32 in_handler, let_go;
static pthread_t poller;

/* --- handlers ----------------------------------------------------------------------------------------------------- */

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

static void end_actor(void) {
    if (actor != NULL) {
        assert_ok(torc_actor_stop(actor, TORC_STOP_DROP, NULL));
        actor = NULL;
    }
    assert_ok(torc_ringptr_release(message));
}

/* --- handlers with a thread, pipes -------------------------------------------------------------------------------- */

static struct torc_handler_thread *handler;
static struct torc_pipe *pipe_;

static enum torc_verdict stay_in_verdict(void *context, struct torc_handler_thread *self, const struct torc_event *seen,
                                         int end) {
    (void)self;
    (void)end;
    (void)stay(context, seen);
    return TORC_VERDICT_STOP;
}
static void busy_handler(void) {
    struct torc_handler_config config = {.on_event = stay_in_verdict};
    torc_store_release32(&in_handler, 0);
    torc_store_release32(&let_go, 0);
    assert_ok(torc_handler_start(t.topic, &config, &handler));
    put_one();
}
static int join_handler(uint64_t deadline) {
    return torc_handler_join(handler, deadline);
}
static void end_of_handler(void) {
    assert_ok(torc_handler_close(handler));
}

static void idle_pipe(void) {
    assert_ok(torc_pipe_start(t.topic, open_topic("elsewhere"), NULL, &pipe_));
}
static void close_bus(void) {
    assert_ok(torc_bus_close(t.bus));
}
static int join_pipe(uint64_t deadline) {
    return torc_pipe_join(pipe_, deadline);
}
static void end_of_pipe(void) {
    assert_ok(torc_pipe_close(pipe_));
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct wait_case cases[] = {
    {"reader_detach", begin_handler, detach_until, NULL, detach_plain, end_handler, .would_block = TORC_WOULD_BLOCK},
    {"actor_send", busy_actor, send_until, NULL, NULL, let_actor_go, end_actor, .would_block = TORC_WOULD_BLOCK,
     .once = true},
    {"actor_stop", busy_actor, stop_until, NULL, stop_plain, let_actor_go, end_actor, .would_block = TORC_WOULD_BLOCK},
    {"handler_join", busy_handler, join_handler, NULL, NULL, let_actor_go, end_of_handler,
     .would_block = TORC_WOULD_BLOCK},
    {"pipe_join", idle_pipe, join_pipe, NULL, NULL, close_bus, end_of_pipe, .would_block = TORC_WOULD_BLOCK},
    {"arena_destroy", buffer_out, destroy_until, NULL, NULL, buffer_back, .would_block = TORC_BUSY, .mine = true},
};

const struct wait_case *working_case(int which) {
    return which < (int)(sizeof cases / sizeof cases[0]) ? &cases[which] : NULL;
}
