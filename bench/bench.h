/* bench.h - what the speed marks share: the clock, two pinned threads, and cases whose implementations take turns.
 *
 * A case names several implementations of the same work. A round runs every implementation in many short slices, one
 * after the other, so all of them meet the same machine. The figure of a round is the median of its slices. */
#ifndef TORC_BENCH_H
#define TORC_BENCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_LANE   4096 /* entries of every ring here, torc's and the rivals' */
#define BENCH_ROUNDS 64   /* most rounds in one run */
#define BENCH_SLICES 400  /* most slices in one round */
#define BENCH_IMPLS  4    /* most implementations of one case */
#define BENCH_MEMORY                                                                                                   \
    128 /* keeps what different threads write on different cache lines, and on different pairs of them */

/* The event of the two-thread cases: 40 bytes, every word written by the producer and added up by the consumer. */
struct bench_event {
    uint64_t word[5];
};

static inline void bench_fill(struct bench_event *event, uint64_t n) {
    event->word[0] = n;
    event->word[1] = 2 * n;
    event->word[2] = 3 * n;
    event->word[3] = 5 * n;
    event->word[4] = 7 * n;
}

static inline uint64_t bench_sum(const struct bench_event *event) {
    return event->word[0] + event->word[1] + event->word[2] + event->word[3] + event->word[4];
}

/* What the events 1..n add up to, so that the producer need not. */
static inline uint64_t bench_total(uint64_t n) {
    return 9 * n * (n + 1);
}

static inline void bench_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#endif
}

/* machine.c: the clock, the cores, the end of a run that went wrong. */
uint64_t bench_now(void); /* CLOCK_MONOTONIC in nanoseconds */
struct bench_cores {
    int left, right; /* -1: not there */
};
struct bench_cores bench_pick_cores(void);           /* two different cores this process may use */
void bench_pin(int core);                            /* the calling thread stays on this core from now on */
void bench_die(const char *what, const char *detail) /* prints and ends the program with status 1 */
    __attribute__((noreturn));
void bench_check(int status, const char *what); /* bench_die unless status is TORC_OK */
void *bench_memory(size_t bytes);               /* zeroed, on a cache line of its own, every page touched */

/* duo.c: a slice of work for two threads. Both start together; the time runs from there until both have finished. What
 * the two sides return must be equal: the checksum of what one produced and the other consumed. */
struct bench_duo;
typedef uint64_t (*bench_side)(void *state, uint64_t n);
struct bench_duo *bench_duo_start(struct bench_cores cores); /* pins the caller to the left core */
uint64_t bench_duo_run(struct bench_duo *duo, bench_side left, bench_side right, void *state, uint64_t n);
void bench_duo_stop(struct bench_duo *duo);

/* raw.c: nanoseconds that one number needs from core to core, right now. */
double bench_distance(struct bench_duo *duo);

/* One implementation. `slice` does the work n times and returns the nanoseconds it took; duo is NULL in one-thread
 * cases. */
struct bench_impl {
    const char *name;
    void *(*open)(void);
    uint64_t (*slice)(void *state, struct bench_duo *duo, uint64_t n);
    void (*close)(void *state);
    double goal; /* for impls[0] against this one; 0: none, for information */
};

/* One case; impls[0] is torc's. A ratio is its figure over the other's: at most the goal for times, at least for
 * rates. */
struct bench_case {
    const char *name;
    const char *metric;
    const char *unit; /* "ns" per operation, or "M/s" */
    int rate;         /* 1: the figure is a rate */
    int threads;
    unsigned slices; /* per round */
    uint64_t n;      /* operations per slice: short enough that most slices run undisturbed */
    double per;      /* figures per operation: a round trip is two one-way trips */
    const struct bench_impl *const *impls;
    size_t impl_count;
};

/* runner.c */
struct bench_plan {
    unsigned rounds; /* counted ones; one more goes before them */
    unsigned shrink; /* slices per round are divided by this */
};
struct bench_result {
    const struct bench_case *which;
    unsigned rounds;
    unsigned repeated;                        /* slices measured again because a thread was preempted */
    double figure[BENCH_IMPLS][BENCH_ROUNDS]; /* in the case's unit */
    double ratio[BENCH_IMPLS][BENCH_ROUNDS];  /* torc against it; [0] unused */
    double distance[BENCH_ROUNDS];            /* between the cores, median of each round; two-thread cases only */
};
void bench_run_case(const struct bench_case *which, const struct bench_plan *plan, struct bench_cores cores,
                    struct bench_result *result);

/* report.c */
struct bench_spread {
    double median, min, max;
};
struct bench_spread bench_spread_of(const double *values, size_t count);
void bench_print_header(const char *title, const struct bench_plan *plan);
void bench_print_case(const struct bench_result *result);
void bench_write_csv(const char *path, const struct bench_result *results, size_t count);

/* program.c: the body of a program's main. */
int bench_main(int argc, char **argv, const char *title, const struct bench_case *const *cases, size_t count);

#ifdef __cplusplus
}
#endif
#endif
