/* litmus_wait.c - waiting: spin loops, mutexes, condition variables, futexes; and that what goes wrong with them is
 * found: deadlock, livelock, lost wake-ups, races, use after free. */
#include "model.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static torc_a64 flag, turn;
static torc_a32 word;
static uint64_t data, r1, r2;
static pthread_mutex_t a_lock, b_lock;
static pthread_cond_t condition;

#define SCENARIO(id, text, ...) MODEL_SCENARIO(litmus_##id, .claim = text, .preemptions = MODEL_UNBOUNDED, __VA_ARGS__)

static void nothing(void) {
}

/* --- spinning ----------------------------------------------------------------------------------------------------- */

static void raise_flag(void) {
    data = 7;
    torc_store_release64(&flag, 1);
}
static void spin(void) {
    while (torc_load_acquire64(&flag) == 0) {
        torc_cpu_relax();
    }
    r1 = data;
}
static void spin_and_yield(void) {
    while (torc_load_acquire64(&flag) == 0) {
        (void)sched_yield();
    }
    r2 = data;
}
static void data_came(void) {
    model_outcome("%u%u", (unsigned)r1, (unsigned)r2);
}
SCENARIO(spin, "a spin loop ends when what it waits for has come", .thread = {raise_flag, spin, spin_and_yield},
         .check = data_came, .outcomes = "77");
SCENARIO(spin_for_ever, "one that waits for nothing is a livelock", .thread = {nothing, spin}, .finds = "livelock");

static void spin_and_say(void) {
    while (torc_load_acquire64(&flag) == 0) {
        (void)torc_load_relaxed64(&turn);
        torc_store_relaxed64(&turn, 1);
        torc_store_relaxed64(&turn, 0);
        torc_cpu_relax();
    }
}
SCENARIO(spin_and_say_for_ever, "the same where each round stores something: its own stores are no news",
         .thread = {nothing, spin_and_say}, .finds = "livelock");

static void spin_bounded(void) {
    for (r1 = 0; r1 < 5 && torc_load_acquire64(&flag) == 0; r1++) {
        torc_cpu_relax();
    }
}
static void bounded_outcome(void) {
    model_outcome("%u", (unsigned)r1);
}
SCENARIO(spin_bounded, "a wait of five rounds gives up when nobody comes", .thread = {nothing, spin_bounded},
         .check = bounded_outcome, .outcomes = "5");

/* --- mutexes, condition variables --------------------------------------------------------------------------------- */

static void count_locked(void) {
    (void)pthread_mutex_lock(&a_lock);
    data++;
    (void)pthread_mutex_unlock(&a_lock);
}
static void count_unlocked(void) {
    data++;
}
static void data_outcome(void) {
    model_outcome("%u", (unsigned)data);
}
SCENARIO(mutex, "a mutex orders what it guards", .thread = {count_locked, count_locked, count_locked},
         .check = data_outcome, .outcomes = "3");
SCENARIO(mutex_missing, "without it that is a race", .thread = {count_locked, count_unlocked}, .finds = "data race");

static void lock_ab(void) {
    (void)pthread_mutex_lock(&a_lock);
    (void)pthread_mutex_lock(&b_lock);
    (void)pthread_mutex_unlock(&b_lock);
    (void)pthread_mutex_unlock(&a_lock);
}
static void lock_ba(void) {
    (void)pthread_mutex_lock(&b_lock);
    (void)pthread_mutex_lock(&a_lock);
    (void)pthread_mutex_unlock(&a_lock);
    (void)pthread_mutex_unlock(&b_lock);
}
SCENARIO(mutex_order, "two mutexes in two orders are a deadlock", .thread = {lock_ab, lock_ba}, .finds = "deadlock");

static void await_data(void) {
    (void)pthread_mutex_lock(&a_lock);
    while (data == 0) {
        (void)pthread_cond_wait(&condition, &a_lock);
    }
    r1 = data;
    (void)pthread_mutex_unlock(&a_lock);
}
static void signal_data(void) {
    (void)pthread_mutex_lock(&a_lock);
    data = 1;
    (void)pthread_cond_signal(&condition);
    (void)pthread_mutex_unlock(&a_lock);
}
static void signal_too_early(void) {
    (void)pthread_cond_signal(&condition);
    (void)pthread_mutex_lock(&a_lock);
    data = 1;
    (void)pthread_mutex_unlock(&a_lock);
}
SCENARIO(condition, "a condition variable wakes who waits", .thread = {await_data, signal_data},
         .check = bounded_outcome, .outcomes = "1");
SCENARIO(condition_early, "a signal before the change is lost", .thread = {await_data, signal_too_early},
         .finds = "deadlock");

/* --- futexes ------------------------------------------------------------------------------------------------------ */

static void sleep_while(uint32_t value, const struct timespec *until) {
    (void)syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, value, until, NULL, FUTEX_BITSET_MATCH_ANY);
}
static void wake(void) {
    (void)syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}
static void sleeper(void) {
    for (;;) {
        uint32_t seen = torc_load_acquire32(&word);
        if (torc_load_acquire64(&flag) != 0) {
            break;
        }
        sleep_while(seen, NULL);
    }
    r1 = data;
}
static void waker(void) {
    raise_flag();
    (void)torc_add_release32(&word, 1);
    wake();
}
static void waker_without_bump(void) {
    raise_flag();
    wake();
}
static void waker_bump_first(void) {
    (void)torc_add_release32(&word, 1);
    wake();
    raise_flag();
}
static void seven(void) {
    model_outcome("%u", (unsigned)r1);
}
SCENARIO(futex, "a sleeper that looks between reading the word and sleeping misses no wake-up",
         .thread = {sleeper, waker}, .check = seven, .outcomes = "7");
SCENARIO(futex_no_bump, "a waker that does not change the word is missed", .thread = {sleeper, waker_without_bump},
         .finds = "deadlock");
SCENARIO(futex_bump_first, "nor may the wake-up come before what it is about", .thread = {sleeper, waker_bump_first},
         .finds = "deadlock");

static void sleeper_until(void) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 5;
    r1 = (uint64_t)syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, FUTEX_BITSET_MATCH_ANY) == 0;
}
static void bump_and_wake(void) {
    (void)torc_add_release32(&word, 1);
    wake();
}
SCENARIO(futex_deadline, "a deadline ends a sleep that nobody else ends", .thread = {sleeper_until, nothing},
         .check = seven, .outcomes = "0");
SCENARIO(futex_deadline_early, "a deadline may pass although somebody is about to wake", .timeouts = 1,
         .thread = {sleeper_until, bump_and_wake}, .check = seven, .outcomes = "0|1");

/* --- plain data, the heap ----------------------------------------------------------------------------------------- */

static uint64_t *block;

static void make_block(void) {
    block = malloc(sizeof *block);
    *block = 7;
}
static void read_block(void) {
    r1 = *block;
}
static void free_block(void) {
    free(block);
}
static void free_after_flag(void) {
    while (torc_load_acquire64(&flag) == 0) {
        torc_cpu_relax();
    }
    free(block);
}
static void read_then_flag(void) {
    r1 = *block;
    torc_store_release64(&flag, 1);
}
static void flag_then_read(void) {
    torc_store_release64(&flag, 1);
    r1 = *block;
}
static void none_left(void) {
    model_outcome("%u%u", (unsigned)r1, (unsigned)model_heap_live());
}
static void beyond_block(void) {
    r1 = block[4];
}
SCENARIO(free_in_order, "memory freed after its last use", .setup = make_block,
         .thread = {read_then_flag, free_after_flag}, .check = none_left, .outcomes = "70");
SCENARIO(free_race, "freed while it may be in use", .setup = make_block, .thread = {read_block, free_block},
         .finds = "by T");
SCENARIO(free_before_use, "freed before its last use", .setup = make_block, .thread = {flag_then_read, free_after_flag},
         .finds = "by T");
SCENARIO(out_of_bounds, "read behind the end of a block", .setup = make_block, .thread = {beyond_block},
         .finds = "out of bounds");
