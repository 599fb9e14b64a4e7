/* rival.h - the general-purpose allocators that torc's are measured against. */
#ifndef TORC_BENCH_RIVAL_H
#define TORC_BENCH_RIVAL_H

#include "bench.h"

/* Called through pointers, so that none pays for a trampoline of the linker. */
struct bench_rival {
    void *(*take)(size_t);
    void (*give)(void *);
    void *(*resize)(void *, size_t);
};

/* xorshift64: the same numbers for all of a case. */
static inline uint64_t bench_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* Each library's own functions, whichever of them this program's malloc is. */
struct bench_rival bench_rival_glibc(void);
struct bench_rival bench_rival_mimalloc(void);
struct bench_rival bench_rival_jemalloc(void);

#endif
