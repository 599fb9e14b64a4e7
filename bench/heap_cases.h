/* heap_cases.h - the cases of heap.c and heap_threads.c. */
#ifndef TORC_BENCH_HEAP_CASES_H
#define TORC_BENCH_HEAP_CASES_H

#include "rival.h"

extern const struct bench_case bench_heap_small, bench_heap_mixed, bench_heap_many, bench_heap_remote;
extern const struct bench_case bench_heap_t1, bench_heap_t2, bench_heap_t8, bench_heap_t16, bench_heap_scale;
#define HEAP_CASES                                                                                                     \
    &bench_heap_small, &bench_heap_mixed, &bench_heap_many, &bench_heap_remote, &bench_heap_t1, &bench_heap_t2,        \
        &bench_heap_t8, &bench_heap_t16, &bench_heap_scale

/* A heap of torc's behind the same two pointers as its rivals. It is made once and serves all cases. */
struct bench_rival bench_rival_heap(void);

#endif
