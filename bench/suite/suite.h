/* suite.h - what the harness and the implementations agree on.
 *
 *   plan      what a case asks for: topology, sizes, how to wait
 *   job       one thread's part of a slice, and what came of it
 *   plugin    one implementation (torc, a raw limit, a peer) with the families of cases that it can do
 *
 * torc and the raw limits are linked into the program; every peer is a shared object of its own,
 * build/bench/peers/NAME.so, so that one that cannot be built is merely absent. */
#ifndef TORC_BENCH_SUITE_H
#define TORC_BENCH_SUITE_H

#include "../bench.h"
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SUITE_RING_BYTES                                                                                               \
    (256u * 1024u) /* payload memory of a ring of large events: what a bank of torc's has per shirt */
#define SUITE_RING_LEAST 16u
#define SUITE_THREADS    8
#define SUITE_BATCH      16u

/* A clock that costs little enough to be read for every event. */
static inline uint64_t suite_ticks(void) {
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#else
    return bench_now();
#endif
}

enum suite_shape {
    SUITE_FLOW,     /* every event of every producer to every consumer */
    SUITE_PINGPONG, /* 0 -> 1 -> 0 */
    SUITE_PIPELINE, /* 0 -> 1 -> 2 -> 3: each takes, reads, and passes on */
    SUITE_DIAMOND,  /* 0 -> 1 and 2 -> 3 */
    SUITE_WAKEUP    /* 0 -> 1, which sleeps whenever an event comes */
};
/* HOT: SPIN without a pause between two looks, for who waits for one event at a time. */
enum suite_waiting { SUITE_SPIN, SUITE_YIELD, SUITE_BLOCK, SUITE_HOT };

/* The lines of a text as events. */
struct suite_trace {
    const unsigned char *text;
    const uint32_t *begin; /* count + 1 of them */
    uint64_t count;
    uint64_t sum; /* of one pass, as the readers count it */
};

struct suite_plan {
    enum suite_shape shape;
    enum suite_waiting waiting;
    unsigned producers, consumers;   /* FLOW; of a PIPELINE: 1 and its stages */
    unsigned batch;                  /* 1 or SUITE_BATCH */
    size_t bytes;                    /* of an event: a multiple of 8 */
    size_t entries;                  /* of every ring */
    const struct suite_trace *trace; /* instead of `bytes`; NULL: none */
    bool total;                      /* FLOW: one order of all producers' events, the same for everybody */
    bool pooled;                     /* of torc: what does not fit into an entry of the default preset is in a slot */
};

static inline unsigned suite_threads(const struct suite_plan *plan) {
    return plan->shape == SUITE_DIAMOND ? 4 : plan->producers + plan->consumers;
}

struct suite_job {
    unsigned thread;
    uint64_t n;     /* events that each producer sends */
    uint64_t sum;   /* out: of the events this thread produced or, if it consumes, consumed */
    uint64_t stall; /* out: consumers that block: longest time without an event, in ticks */
    uint32_t
        *samples; /* latencies in ticks, one per event; only in the first job of a PINGPONG, the second of a WAKEUP */
    void (*settle)(struct suite_job *job);                /* WAKEUP: returns once the consumer sleeps */
    void *context;                                        /* its */
    uint64_t settled;                                     /* its: how often it was called */
    uint64_t seen __attribute__((aligned(BENCH_MEMORY))); /* WAKEUP: events the consumer has got */
};

/* Events between threads. open: NULL if the plan is beyond it. run: one thread's part, called in as many threads as the
 * plan has; everybody who produced is drained when all have returned. */
struct suite_flow {
    void *(*open)(const struct suite_plan *plan);
    void (*run)(void *state, struct suite_job *job);
    void (*close)(void *state);
    /* Instead of run, where the threads are another process's: a whole slice, checked there; nanoseconds. Latencies and
     * the longest stall go where those of run do. */
    uint64_t (*slice)(void *state, uint64_t n, uint32_t *samples, uint64_t *stall);
};

/* Blocks of memory. alone: n times take, write, give on one thread; window: the same with `held` blocks out, the oldest
 * given back; cross_take and cross_give: left takes, right gives. timed: n takes one by one, each one's ticks. All
 * return a checksum; in cross both sides' must agree. */
struct suite_alloc {
    void *(*open)(size_t bytes, unsigned threads);
    uint64_t (*alone)(void *state, uint64_t n);
    uint64_t (*window)(void *state, uint64_t n);
    uint64_t (*cross_take)(void *state, uint64_t n);
    uint64_t (*cross_give)(void *state, uint64_t n);
    void (*clog)(void *state); /* from now on nine of ten of 1000 blocks are held; NULL: it never is full */
    uint64_t (*timed)(void *state, uint32_t *samples, uint64_t n);
    void (*close)(void *state);
};

/* References: one more and one less, n times, on one object that all threads share. */
struct suite_count {
    void *(*open)(void);
    void (*run)(void *state, uint64_t n);
    void (*close)(void *state);
};

struct suite_plugin {
    const char *name;     /* as in results.csv */
    const char *settings; /* one line: how it is used */
    const struct suite_flow *flow;
    const struct suite_alloc *alloc;
    const struct suite_count *count;
};
/* What a shared object exports, under this name. */
#define SUITE_PLUGIN_SYMBOL "suite_plugin"

#ifdef __cplusplus
}
#endif
#endif
