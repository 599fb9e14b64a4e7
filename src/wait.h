/* src/wait.h - how threads wait, and how they are woken without costing those who wake nobody.
 *
 * A sleeper: remember the waitpoint's seq; announce (waiting = 1, and what else its wakers look at); heavy barrier;
 * look again; futex_wait(seq, remembered). A waker: store what was waited for; light barrier; if the announcement is
 * visible, take it back, bump seq, futex_wake.
 *
 * No wake-up is lost: after the heavy barrier either the waker's store is visible to the second look, or the waker's
 * load comes after the barrier and sees the announcement. An announcement taken back by a waker of somebody else is
 * followed by a bump of every seq that could have been announced, and `remembered` is older than the announcement, so
 * the futex_wait returns at once. */
#ifndef TORC_SRC_WAIT_H
#define TORC_SRC_WAIT_H

#include <stdbool.h>
#include <torc/layout.h>
#include <torc/time.h>

/* torc_membarrier_setup: registers this process; 0: available, 1: not, so that light barriers must be fences. */
uint32_t torc_membarrier_setup(void);

/* The heavy half of an asymmetric pair. `fence` as in torc_barrier_light. Other atomics (TORC_ATOMIC_HEADER) may bring
 * theirs. */
#ifndef torc_barrier_heavy
void torc_barrier_heavy(uint32_t fence);
#endif

/* torc_waitpoint_wake: wakes everyone who sleeps at `point` or is about to. Any thread. */
void torc_waitpoint_wake(struct torc_waitpoint *point);

/* What a thread waits for. */
struct torc_await {
    struct torc_waitpoint *point;
    bool (*ready)(void *context);    /* tries, or looks; never called again once it answered true */
    void (*announce)(void *context); /* tell further wakers that we sleep; NULL: waiting = 1 is enough */
    void *context;
    uint32_t fence;
    enum torc_wait how;
};

/* torc_await: returns TORC_OK when ready() was seen true, TORC_TIMED_OUT when the deadline passed first. With
 * TORC_NO_WAIT it looks once and answers TORC_WOULD_BLOCK. While asleep the thread can be cancelled
 * (pthread_cancel). */
int torc_await(const struct torc_await *await, uint64_t deadline);

/* torc_pause: round number `round` of a loop that waits without a waitpoint: pauses, then yields, then naps, in which
 * the thread can be cancelled. torc_pause_whole: it cannot; of those who may hold a lock or have half done
 * something. */
void torc_pause(enum torc_wait how, uint32_t round);
void torc_pause_whole(enum torc_wait how, uint32_t round);

#endif
