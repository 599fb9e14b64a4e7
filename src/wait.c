/* src/wait.c - pausing, sleeping on a futex, waking, and the process-wide barrier. */
#include "wait.h"
#include "probe.h"

#include <ck_backoff.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/types.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <torc/status.h>
#include <unistd.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* Rounds of torc_pause before each step down, and how often the deadline is looked at. */
#define SPIN_ROUNDS 8192u /* SPIN: only pauses */
#define YIELD_EVERY 64u   /* SPIN: then a yield this often */
#define NAP_AFTER                                                                                                      \
    65536u /* SPIN: then a nap this often, so that a real-time thread cannot starve the one it waits for */
#ifndef SHORT_SPIN
#define SHORT_SPIN 32u /* YIELD and BLOCK: pauses before the first yield or sleep */
#endif
#define YIELD_ROUNDS   2048u /* YIELD: yields before naps are mixed in */
#define BACKOFF_ROUNDS 12u   /* BACKOFF: doubling pauses before naps */
#define NAP_NS         50000u
#define NAP_MAX_NS     1000000u
#define CLOCK_EVERY    64u

uint64_t torc_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t torc_deadline_ns(uint64_t ns) {
    uint64_t now = torc_now();
    return ns < TORC_FOREVER - now ? now + ns : TORC_FOREVER;
}

uint64_t torc_deadline_ms(uint64_t ms) {
    return ms < TORC_FOREVER / 1000000u ? torc_deadline_ns(ms * 1000000u) : TORC_FOREVER;
}

static long futex(long call, torc_a32 *word, int op, uint32_t value, const void *deadline) {
    return syscall(call, word, op | FUTEX_PRIVATE_FLAG, value, deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* The call takes the kernel's timespec, which need not be the C library's: 32-bit architectures have a call for 64-bit
 * times, unknown to old kernels, beside one whose times are narrow whatever time_t is. */
static void futex_wait(torc_a32 *word, uint32_t value, uint64_t deadline) {
    struct {
        __kernel_long_t seconds, ns;
    } until = {.ns = (__kernel_long_t)(deadline % NS_PER_SECOND)};
    uint64_t seconds = deadline / NS_PER_SECOND;
#ifdef SYS_futex_time64
    struct {
        int64_t seconds, ns;
    } wide = {(int64_t)seconds, (int64_t)(deadline % NS_PER_SECOND)};
    if (futex(SYS_futex_time64, word, FUTEX_WAIT_BITSET, value, &wide) == 0 || errno != ENOSYS) {
        return;
    }
#endif
    until.seconds = (__kernel_long_t)(sizeof until.seconds == 8 || seconds < INT32_MAX ? seconds : INT32_MAX);
    (void)futex(SYS_futex, word, FUTEX_WAIT_BITSET, value, &until);
}

static struct timespec to_timespec(uint64_t ns) {
    struct timespec out;
    out.tv_sec = (time_t)(ns / NS_PER_SECOND);
    out.tv_nsec = (long)(ns % NS_PER_SECOND);
    return out;
}

static void nap(uint64_t ns) {
    struct timespec pause = to_timespec(ns);
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* Sleeps while *word is `expected`, at most until the deadline. Returns early for any reason: callers look again. A
 * thread that is cancelled must not sleep on: as in the C library's own blocking calls, cancellation is immediate
 * around the system call and nowhere else. */
static void futex_sleep(torc_a32 *word, uint32_t expected, uint64_t deadline) {
    int before;
    (void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    if (deadline == TORC_FOREVER) {
        (void)futex(SYS_futex, word, FUTEX_WAIT_BITSET, expected, NULL);
    } else {
        futex_wait(word, expected, deadline);
    }
    (void)pthread_setcanceltype(before, NULL);
}

/* The announcement first, then seq. The other way round, somebody could read the new seq, announce, have the
 * announcement taken back here, and sleep on with nobody knowing. This way whoever's announcement is taken back read
 * the old seq. */
void torc_waitpoint_wake(struct torc_waitpoint *point) {
    uint32_t waiting;
    torc_barrier_light(
        1); /* after what was waited for: not all who wake have passed a barrier of their own (close, end) */
    waiting = torc_xchg_acq_rel32(&point->waiting, 0);
    (void)torc_add_release32(&point->seq, 1); /* WAKE */
    if (waiting != 0) {
        TORC_PROBE1(wake, point);
        (void)futex(SYS_futex, &point->seq, FUTEX_WAKE, INT32_MAX, NULL);
    }
}

uint32_t torc_membarrier_setup(void) {
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 ? 0 : 1;
}

#ifndef torc_barrier_heavy
/* The barrier is not a wish: the other side has none of its own. A registered process can still be refused when the
 * kernel has no memory for it; the global kind takes milliseconds but needs none, and where that is not to be had
 * either (nohz_full) memory has to be waited for. */
static void membarrier(void) {
    for (uint32_t round = 0; syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0 &&
                             syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0;
         round++) {
        torc_pause_whole(TORC_WAIT_BACKOFF, round);
    }
}

void torc_barrier_heavy(uint32_t fence) {
    torc_fence_full();
    if (fence == 0) {
        membarrier();
    }
}
#endif

static void pause_spin(uint32_t round) {
    if (round < SPIN_ROUNDS || round % YIELD_EVERY != 0) {
        torc_cpu_relax();
    } else if (round >= NAP_AFTER && round % (YIELD_EVERY * YIELD_EVERY) == 0) {
        nap(NAP_NS);
    } else {
        (void)sched_yield();
    }
}

static void pause_yield(uint32_t round) {
    if (round < SHORT_SPIN) {
        torc_cpu_relax();
    } else if (round < YIELD_ROUNDS || round % YIELD_EVERY != 0) {
        (void)sched_yield();
    } else {
        nap(NAP_NS);
    }
}

static void pause_backoff(uint32_t round) {
    if (round < BACKOFF_ROUNDS) {
        ck_backoff_t pauses = (ck_backoff_t)CK_BACKOFF_INITIALIZER << (round < 8 ? round : 8);
        ck_backoff_eb(&pauses);
    } else {
        uint32_t doublings = round - BACKOFF_ROUNDS < 10 ? round - BACKOFF_ROUNDS : 10;
        uint64_t ns = UINT64_C(1000) << doublings;
        nap(ns < NAP_MAX_NS ? ns : NAP_MAX_NS);
    }
}

void torc_pause(enum torc_wait how, uint32_t round) {
    switch (how) {
    case TORC_WAIT_SPIN:
        pause_spin(round);
        break;
    case TORC_WAIT_YIELD:
        pause_yield(round);
        break;
    case TORC_WAIT_BLOCK:
    case TORC_WAIT_BACKOFF:
    default:
        pause_backoff(round);
        break;
    }
}

void torc_pause_whole(enum torc_wait how, uint32_t round) {
    int before;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    torc_pause(how, round);
    (void)pthread_setcancelstate(before, NULL);
}

/* One futex sleep, entered only if the second look finds nothing. True if it found something. */
static bool sleep_once(const struct torc_await *await, uint64_t deadline) {
    struct torc_waitpoint *point = await->point;
    uint32_t seen = torc_load_acquire32(&point->seq); /* WAKE; before the announcement */
    torc_store_release32(&point->waiting, 1);
    if (await->announce != NULL) {
        await->announce(await->context);
    }
    torc_barrier_heavy(await->fence);
    if (await->ready(await->context)) {
        return true;
    }
    (void)torc_add_relaxed64(&point->sleeps, 1);
    TORC_PROBE1(sleep, point);
    futex_sleep(&point->seq, seen, deadline);
    if (torc_load_relaxed32(&point->seq) != seen) {
        (void)torc_add_relaxed64(&point->wakeups, 1);
    }
    return false;
}

/* Pauses, gives the processor away once, sleeps. Where threads exceed cores it is those it waits for that run next, and
 * a sleep interrupts every core on which one of ours runs (the heavy barrier), and wakes others later. True if what it
 * waits for was found. */
static bool block(const struct torc_await *await, uint32_t round, uint64_t deadline) {
    if (round + 1 < SHORT_SPIN) {
        torc_cpu_relax();
    } else if (round < SHORT_SPIN) {
        (void)sched_yield();
    } else {
        return sleep_once(await, deadline);
    }
    return false;
}

static bool too_late(const struct torc_await *await, uint32_t round, uint64_t deadline) {
    bool look = round % CLOCK_EVERY == 0 || await->how == TORC_WAIT_BACKOFF ||
                (await->how == TORC_WAIT_BLOCK && round >= SHORT_SPIN);
    return look && deadline != TORC_FOREVER && torc_now() >= deadline;
}

int torc_await(const struct torc_await *await, uint64_t deadline) {
    for (uint32_t round = 0; !await->ready(await->context); round++) {
        if (deadline == TORC_NO_WAIT) {
            return TORC_WOULD_BLOCK;
        }
        if (too_late(await, round, deadline)) {
            return TORC_TIMED_OUT;
        }
        if (await->how != TORC_WAIT_BLOCK) {
            torc_pause(await->how, round);
        } else if (block(await, round, deadline)) {
            break;
        }
    }
    return TORC_OK;
}
