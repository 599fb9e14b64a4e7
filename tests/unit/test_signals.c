/* test_signals.c - the calls that a signal handler may make (README, "Which call from where"), made by one that
 * interrupts all kinds of others in the same thread: what needs a lock, or is not done with what it interrupts, would
 * hang or break something. */
#include "helpers.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNALS = 2000, CLONES = 64 };

static struct {
    struct torc_ringptr kept; /* what the handler clones */
    struct torc_ringptr clones[CLONES];
    volatile sig_atomic_t cloned; /* how many of them the thread has to release */
    struct torc_frozen frozen, frozen_clone;
    volatile sig_atomic_t froze;
    struct torc_waitset *set;
    const struct torc_snapshot *snapshot;
    char text[4096];
    volatile sig_atomic_t wrong;
    atomic_int handled;
} h;

static void must_be(bool holds) {
    h.wrong += !holds;
}

static void look_at_handle(void) {
    must_be(filled(torc_ringptr_data(h.kept), 200, 5));
    must_be(torc_ringptr_length(h.kept) == 200 && torc_ringptr_shirt(h.kept) == TORC_S);
    must_be(torc_ringptr_count(h.kept) != 0);
    if (h.cloned < CLONES && torc_ringptr_clone(h.kept, &h.clones[h.cloned]) == TORC_OK) {
        h.cloned = h.cloned + 1;
    }
    if (h.froze == 0 && torc_frozen_clone(&h.frozen, &h.frozen_clone) == TORC_OK) {
        h.froze = 1;
    }
}

static void interrupt(int number) {
    static const struct torc_snapshot_style style = {.format = TORC_JSON};
    int before = errno;
    errno = 4711;
    look_at_handle();
    must_be(torc_waitset_wake(h.set) == TORC_OK);
    must_be(torc_snapshot_print(h.snapshot, &style, h.text, sizeof h.text, NULL) != TORC_INVALID);
    must_be(torc_strerror(TORC_CLOSED) != NULL && torc_status_name(number) != NULL && torc_version() != NULL);
    must_be(torc_deadline_ms(1) > torc_now());
    must_be(errno == 4711);
    errno = before;
    atomic_fetch_add(&h.handled, 1);
}

/* One after the other: each has been handled before the next is sent. */
static void *send_signals(void *thread) {
    for (int i = 0; i < SIGNALS; i++) {
        (void)pthread_kill(*(pthread_t *)thread, SIGUSR1);
        while (atomic_load(&h.handled) != i + 1) {
            (void)sched_yield();
        }
    }
    return NULL;
}

/* Not while the handler adds to them. */
static void give_clones_back(void) {
    sigset_t signals;
    ck_assert_int_eq(sigemptyset(&signals) | sigaddset(&signals, SIGUSR1), 0);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    while (h.cloned != 0) {
        h.cloned = h.cloned - 1;
        assert_ok(torc_ringptr_release(h.clones[h.cloned]));
    }
    if (h.froze != 0) {
        assert_ok(torc_frozen_release(&h.frozen_clone));
        h.froze = 0;
    }
    ck_assert_int_eq(pthread_sigmask(SIG_UNBLOCK, &signals, NULL), 0);
}

/* What is interrupted: publishing, reading, keeping, memory, the control lock, the wait-set itself. */
static void work(uint64_t round) {
    struct torc_reader *other = open_reader(t.topic, TORC_JOIN_NEXT);
    struct torc_ready ready;
    struct torc_ringptr kept;
    free(malloc(100 + (size_t)(round % 5000)));
    assert_ok(put(t.publisher, round));
    assert_ok(put_filled(t.publisher, 1000, 1));
    take(t.reader, round);
    kept = keep_next(t.reader);
    assert_ok(torc_ringptr_release(kept));
    take_none(t.reader);
    (void)torc_waitset_wait(h.set, &ready, 1, torc_deadline_ns(1000));
    assert_ok(torc_reader_close(other));
    give_clones_back();
}

static void prepare(void *memory, size_t bytes, struct torc_arena *arena) {
    struct torc_buffer buffer;
    struct torc_snapshot *snapshot;
    memset(&h, 0, sizeof h);
    assert_ok(put_filled(t.publisher, 200, 5));
    h.kept = keep_next(t.reader);
    assert_ok(torc_arena_alloc(arena, 64, &buffer));
    assert_ok(torc_buffer_freeze(&buffer, &h.frozen));
    assert_ok(torc_waitset_create(1, TORC_WAIT_BLOCK, &h.set));
    assert_ok(torc_snapshot_take(t.bus, memory, bytes, &snapshot));
    h.snapshot = snapshot;
}

START_TEST(what_a_handler_may_call) {
    struct sigaction action = {.sa_handler = interrupt}, before;
    size_t bytes = torc_snapshot_size(t.bus);
    void *memory = malloc(bytes);
    pthread_t self = pthread_self(), sender;
    struct torc_arena *arena;
    ck_assert_ptr_nonnull(memory);
    assert_ok(torc_arena_create(4096, &arena));
    prepare(memory, bytes, arena);
    ck_assert_int_eq(sigaction(SIGUSR1, &action, &before), 0);
    ck_assert_int_eq(pthread_create(&sender, NULL, send_signals, &self), 0);
    for (uint64_t round = 1; atomic_load(&h.handled) != SIGNALS; round++) {
        work(round);
    }
    ck_assert_int_eq(pthread_join(sender, NULL), 0);
    ck_assert_int_eq(sigaction(SIGUSR1, &before, NULL), 0);
    give_clones_back();
    ck_assert_int_eq(h.wrong, 0);
    assert_ok(torc_ringptr_release(h.kept));
    assert_ok(torc_frozen_release(&h.frozen));
    assert_ok(torc_waitset_destroy(h.set));
    assert_ok(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL));
    free(memory);
}
END_TEST

Suite *signals_suite(void) {
    Suite *suite = suite_create("signals");
    tcase_add_test(add_case(suite, "signals", setup_world), what_a_handler_may_call);
    return suite;
}
