/* test_lifecycle.c - from open to gone: halt, the state, a destroy that waits for the last, and every pair of these
 * calls. */
#include "helpers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static unsigned gone;

static void note_gone(void *context) {
    ck_assert_ptr_eq(context, &gone);
    gone++;
}

static void setup(void) {
    struct torc_config config = small_config();
    gone = 0;
    config.flags |= TORC_DESTROY_LATER;
    open_world(&config);
}

/* From now on the bus goes by itself. */
static void destroy_later(void) {
    assert_ok(torc_bus_destroy_later(&t.bus, note_gone, &gone));
    ck_assert_ptr_null(t.bus);
}

START_TEST(a_bus_says_how_far_it_has_got) {
    put_run(t.publisher, 0, 3);
    ck_assert_int_eq(torc_bus_state(t.bus), TORC_BUS_OPEN);
    assert_ok(torc_bus_close(t.bus));
    ck_assert_int_eq(torc_bus_state(t.bus), TORC_BUS_DRAINING);
    take_run(t.reader, 0, 3);
    assert_ok(torc_advance(t.reader));
    ck_assert_int_eq(torc_bus_state(t.bus), TORC_BUS_CLOSED);
    assert_status(torc_bus_state(NULL), TORC_INVALID);
}
END_TEST

START_TEST(halt_keeps_what_is_left_from_being_read) {
    struct torc_event event;
    struct torc_publisher *publisher = NULL;
    struct torc_reader *reader = NULL;
    struct torc_reader_config oldest = {.join = TORC_JOIN_OLDEST};
    put_run(t.publisher, 0, 3);
    assert_ok(torc_bus_halt(t.bus));
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    assert_status(torc_next_until(t.reader, &event, TORC_FOREVER), TORC_CLOSED);
    assert_status(torc_wait_readable(t.reader, TORC_FOREVER), TORC_CLOSED);
    assert_status(put(t.publisher, 3), TORC_CLOSED);
    assert_status(torc_reader_open(t.topic, &oldest, &reader), TORC_CLOSED);
    assert_status(torc_publisher_open(t.topic, NULL, &publisher), TORC_CLOSED);
    assert_status(torc_bus_drain(t.bus, TORC_FOREVER), TORC_CLOSED);
    ck_assert_int_eq(torc_bus_state(t.bus), TORC_BUS_CLOSED);
}
END_TEST

START_TEST(halt_ends_a_run_of_borrows_soon) {
    struct torc_event event;
    unsigned more = 0;
    put_run(t.publisher, 0, LANE);
    take(t.reader, 0);
    assert_ok(torc_bus_halt(t.bus));
    while (torc_next(t.reader, &event) == TORC_OK) {
        more++;
    }
    ck_assert_uint_lt(more, 64);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
}
END_TEST

static enum torc_action halt_in_handler(void *context, const struct torc_event *event) {
    (void)event;
    ++*(unsigned *)context;
    assert_ok(torc_bus_halt(t.bus));
    return TORC_CONTINUE;
}

START_TEST(a_handler_that_halts_is_the_last) {
    unsigned calls = 0;
    put_run(t.publisher, 0, 5);
    ck_assert_int_eq(torc_poll(t.reader, halt_in_handler, &calls, 100), 1);
    ck_assert_uint_eq(calls, 1);
    assert_status(torc_poll(t.reader, halt_in_handler, &calls, 100), TORC_CLOSED);
}
END_TEST

START_TEST(copying_readers_are_halted_too) {
    static const enum torc_policy policies[] = {TORC_POLICY_LOSSY, TORC_POLICY_CONFLATE, TORC_POLICY_EVICT};
    struct torc_reader_config config = {.policy = policies[_i]};
    struct torc_reader *reader = NULL;
    struct torc_event event;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    assert_ok(put_filled(t.publisher, 200, 1));
    assert_ok(put_filled(t.publisher, 200, 2));
    if (_i == 0) {
        assert_ok(torc_next(reader, &event));
    }
    assert_ok(torc_bus_halt(t.bus));
    assert_status(torc_next(reader, &event), TORC_CLOSED);
    assert_ok(torc_reader_close(reader));
}
END_TEST

START_TEST(halt_ends_actors_and_drops_their_mailboxes) {
    struct torc_actor_config config;
    struct torc_actor_stats stats;
    struct torc_actor *actor = NULL;
    struct torc_ringptr ptr = claim_handle(60), clone = TORC_RINGPTR_NULL;
    memset(&config, 0, sizeof config);
    config.on_message = ignore_message;
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    assert_ok(torc_bus_halt(t.bus));
    assert_ok(torc_ringptr_clone(ptr, &clone));
    assert_status(torc_actor_send(actor, clone, TORC_FOREVER), TORC_CLOSED);
    assert_ok(torc_ringptr_release(clone));
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    ck_assert_uint_eq(stats.sent, stats.messages + stats.dropped);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(handles_survive_halt) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(put_filled(t.publisher, 300, 1));
    ptr = keep_next(t.reader);
    assert_ok(torc_bus_halt(t.bus));
    ck_assert(filled(torc_ringptr_data(ptr), 300, 1));
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

/* --- a destroy that waits ------------------------------------------------------------------------------------- */

START_TEST(an_unused_bus_goes_at_once) {
    close_ends();
    destroy_later();
    ck_assert_uint_eq(gone, 1);
}
END_TEST

START_TEST(a_bus_goes_with_its_last_end) {
    struct torc_event event;
    put_run(t.publisher, 0, 3);
    destroy_later();
    assert_status(put(t.publisher, 3), TORC_CLOSED);
    take_run(t.reader, 0, 3);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    assert_ok(torc_publisher_close(t.publisher));
    ck_assert_uint_eq(gone, 0);
    assert_ok(torc_reader_close(t.reader));
    ck_assert_uint_eq(gone, 1);
    t.publisher = NULL;
    t.reader = NULL;
}
END_TEST

/* Fresh, cloned, kept, XXL, still in the ring as well: in whichever order they go, the bus goes with the last. */
START_TEST(a_bus_goes_with_its_last_handle) {
    struct torc_ringptr ptr[5];
    unsigned i;
    ptr[0] = claim_handle(60);
    assert_ok(torc_ringptr_clone(ptr[0], &ptr[1]));
    assert_ok(put_filled(t.publisher, 20000, 7));
    ptr[2] = keep_next(t.reader);
    assert_ok(put(t.publisher, 1));
    ptr[3] = keep_next(t.reader);
    assert_ok(put_filled(t.publisher, 200, 7));
    ptr[4] = keep_next(t.reader);
    if (_i >= 5) {
        close_ends();
    }
    destroy_later();
    close_ends();
    for (i = 0; i < 5; i++) {
        struct torc_ringptr *next = &ptr[(i + (unsigned)_i) % 5];
        ck_assert_uint_eq(gone, 0);
        ck_assert_ptr_nonnull(torc_ringptr_data(*next));
        assert_ok(torc_ringptr_release(*next));
    }
    ck_assert_uint_eq(gone, 1);
}
END_TEST

START_TEST(handles_may_go_before_the_ends) {
    struct torc_ringptr fresh = claim_handle(60), shared = claim_handle(200), clone = TORC_RINGPTR_NULL;
    assert_ok(torc_ringptr_clone(shared, &clone));
    destroy_later();
    assert_ok(torc_ringptr_release(fresh));
    assert_ok(torc_ringptr_release(shared));
    assert_ok(torc_ringptr_release(clone));
    ck_assert_uint_eq(gone, 0);
    close_ends();
    ck_assert_uint_eq(gone, 1);
}
END_TEST

START_TEST(a_bus_that_was_not_made_for_it_does_not_wait) {
    struct torc_config config = small_config();
    struct torc_bus *bus = NULL, *copy;
    struct torc_topic *topic = NULL;
    struct torc_reader *reader;
    assert_ok(torc_bus_create(&config, &bus));
    assert_ok(torc_topic_open(bus, "u", 0, &topic));
    reader = open_reader(topic, TORC_JOIN_NEXT);
    copy = bus;
    assert_status(torc_bus_destroy_later(&bus, note_gone, &gone), TORC_BUSY);
    ck_assert_ptr_eq(bus, copy);
    ck_assert_int_eq(torc_bus_state(bus), TORC_BUS_OPEN);
    assert_ok(torc_reader_close(reader));
    assert_ok(torc_bus_destroy_later(&bus, note_gone, &gone));
    ck_assert_ptr_null(bus);
    ck_assert_uint_eq(gone, 1);
}
END_TEST

START_TEST(an_actor_keeps_the_bus) {
    struct torc_actor_config config;
    struct torc_actor *actor = NULL;
    memset(&config, 0, sizeof config);
    config.on_message = ignore_message;
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    assert_ok(torc_actor_send(actor, claim_handle(60), TORC_FOREVER));
    close_ends();
    destroy_later();
    ck_assert_uint_eq(gone, 0);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    ck_assert_uint_eq(gone, 1);
}
END_TEST

static void *release_it(void *argument) {
    assert_ok(torc_ringptr_release(*(struct torc_ringptr *)argument));
    return NULL;
}

START_TEST(the_callers_memory_is_free_when_it_says_so) {
    struct torc_config config = small_config();
    size_t bytes = torc_bus_size(&config);
    void *memory = aligned_alloc(64, bytes);
    struct torc_bus *bus = NULL;
    struct torc_topic *topic = NULL;
    struct torc_publisher *publisher;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    pthread_t thread;
    config.flags |= TORC_DESTROY_LATER;
    assert_ok(torc_bus_create_at(memory, bytes, &config, &bus));
    assert_ok(torc_topic_open(bus, "u", 0, &topic));
    publisher = open_publisher(topic, TORC_DRY_FAIL);
    assert_ok(torc_ringptr_claim(publisher, 1, 60, &ptr, NULL));
    assert_ok(torc_publisher_close(publisher));
    assert_ok(torc_bus_destroy_later(&bus, note_gone, &gone));
    ck_assert_int_eq(pthread_create(&thread, NULL, release_it, &ptr), 0);
    (void)pthread_join(thread, NULL);
    ck_assert_uint_eq(gone, 1);
    memset(memory, 0xEE, bytes);
    free(memory);
}
END_TEST

/* --- in any order ----------------------------------------------------------------------------------------------- */

enum { CLOSE, DRAIN, HALT, DESTROY, LATER, STATE, CALLS };

/* `bus` is a copy of the pointer, as somebody has it who does not know of the others. */
static int call(int which, struct torc_bus *bus) {
    switch (which) {
    case CLOSE:
        return torc_bus_close(bus);
    case DRAIN:
        return torc_bus_drain(bus, PAST);
    case HALT:
        return torc_bus_halt(bus);
    case DESTROY:
        return torc_bus_destroy(&bus, NULL);
    case LATER:
        return torc_bus_destroy_later(&bus, NULL, NULL);
    default:
        return torc_bus_state(bus);
    }
}

#define GONE                                                                                                           \
    { TORC_INVALID, TORC_INVALID, TORC_INVALID, TORC_INVALID, TORC_INVALID, TORC_INVALID }

/* [first call][second call]: what the second answers. Ends open and an event unread; then nothing open. */
static const int in_use[CALLS][CALLS] = {
    [CLOSE] = {TORC_OK, TORC_TIMED_OUT, TORC_OK, TORC_BUSY, TORC_OK, TORC_BUS_DRAINING},
    [DRAIN] = {TORC_OK, TORC_TIMED_OUT, TORC_OK, TORC_BUSY, TORC_OK, TORC_BUS_OPEN},
    [HALT] = {TORC_OK, TORC_CLOSED, TORC_OK, TORC_BUSY, TORC_OK, TORC_BUS_CLOSED},
    [DESTROY] = {TORC_OK, TORC_TIMED_OUT, TORC_OK, TORC_BUSY, TORC_OK, TORC_BUS_OPEN},
    [LATER] = GONE,
    [STATE] = {TORC_OK, TORC_TIMED_OUT, TORC_OK, TORC_BUSY, TORC_OK, TORC_BUS_OPEN},
};
static const int idle[CALLS][CALLS] = {
    [CLOSE] = {TORC_OK, TORC_OK, TORC_OK, TORC_OK, TORC_OK, TORC_BUS_CLOSED},
    [DRAIN] = {TORC_OK, TORC_OK, TORC_OK, TORC_OK, TORC_OK, TORC_BUS_OPEN},
    [HALT] = {TORC_OK, TORC_CLOSED, TORC_OK, TORC_OK, TORC_OK, TORC_BUS_CLOSED},
    [DESTROY] = GONE,
    [LATER] = GONE,
    [STATE] = {TORC_OK, TORC_OK, TORC_OK, TORC_OK, TORC_OK, TORC_BUS_OPEN},
};

static bool takes_it_away(int which, int status) {
    return (which == DESTROY || which == LATER) && status == TORC_OK;
}

START_TEST(every_pair_of_calls_on_a_bus_in_use) {
    int first = _i / CALLS, second = _i % CALLS, status;
    struct torc_bus *bus = t.bus;
    put_run(t.publisher, 0, 1);
    status = call(first, bus);
    t.bus = takes_it_away(first, status) ? NULL : bus;
    status = call(second, bus);
    assert_status(status, in_use[first][second]);
    if (takes_it_away(second, status)) {
        t.bus = NULL;
    }
    close_ends();
}
END_TEST

START_TEST(every_pair_of_calls_on_an_idle_bus) {
    int first = _i / CALLS, second = _i % CALLS, status;
    struct torc_bus *bus = t.bus;
    close_ends();
    status = call(first, bus);
    t.bus = takes_it_away(first, status) ? NULL : bus;
    status = call(second, bus);
    assert_status(status, idle[first][second]);
    if (takes_it_away(second, status)) {
        t.bus = NULL;
    }
}
END_TEST

START_TEST(what_is_no_bus_is_refused) {
    struct torc_bus *none = NULL;
    int which;
    for (which = 0; which < CALLS; which++) {
        assert_status(call(which, NULL), TORC_INVALID);
        assert_status(call(which, (struct torc_bus *)(void *)&none), TORC_INVALID);
    }
    assert_status(torc_bus_destroy_later(NULL, NULL, NULL), TORC_INVALID);
}
END_TEST

static void teardown(void) {
    if (t.bus != NULL) {
        teardown_world();
    }
    memset(&t, 0, sizeof t);
}

Suite *lifecycle_suite(void) {
    Suite *suite = suite_create("lifecycle");
    TCase *halted = add_case(suite, "halt", setup);
    TCase *later = tcase_create("later");
    tcase_add_test(halted, a_bus_says_how_far_it_has_got);
    tcase_add_test(halted, halt_keeps_what_is_left_from_being_read);
    tcase_add_test(halted, halt_ends_a_run_of_borrows_soon);
    tcase_add_test(halted, a_handler_that_halts_is_the_last);
    tcase_add_loop_test(halted, copying_readers_are_halted_too, 0, 3);
    tcase_add_test(halted, halt_ends_actors_and_drops_their_mailboxes);
    tcase_add_test(halted, handles_survive_halt);
    tcase_add_checked_fixture(later, setup, teardown);
    tcase_set_timeout(later, HANG);
    tcase_add_test(later, an_unused_bus_goes_at_once);
    tcase_add_test(later, a_bus_goes_with_its_last_end);
    tcase_add_loop_test(later, a_bus_goes_with_its_last_handle, 0, 10);
    tcase_add_test(later, handles_may_go_before_the_ends);
    tcase_add_test(later, a_bus_that_was_not_made_for_it_does_not_wait);
    tcase_add_test(later, an_actor_keeps_the_bus);
    tcase_add_test(later, the_callers_memory_is_free_when_it_says_so);
    tcase_add_loop_test(later, every_pair_of_calls_on_a_bus_in_use, 0, CALLS * CALLS);
    tcase_add_loop_test(later, every_pair_of_calls_on_an_idle_bus, 0, CALLS * CALLS);
    tcase_add_test(later, what_is_no_bus_is_refused);
    suite_add_tcase(suite, later);
    return suite;
}
