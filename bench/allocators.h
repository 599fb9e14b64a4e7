/* allocators.h - the cases of allocators.c, each allocator's in the file of its name. */
#ifndef TORC_BENCH_ALLOCATORS_H
#define TORC_BENCH_ALLOCATORS_H

#include "bench.h"

/* region.c */
extern const struct bench_case bench_region_1000, bench_region_100000;
#define REGION_CASES &bench_region_1000, &bench_region_100000

/* arena.c */
extern const struct bench_case bench_arena_touch_64, bench_arena_touch_1k, bench_arena_touch_64k;
extern const struct bench_case bench_arena_write_64, bench_arena_write_1k, bench_arena_write_64k;
extern const struct bench_case bench_arena_mixed_64, bench_arena_mixed_1k, bench_arena_mixed_64k;
extern const struct bench_case bench_arena_grow_1k, bench_arena_grow_64k;
#define ARENA_CASES                                                                                                    \
    &bench_arena_touch_64, &bench_arena_touch_1k, &bench_arena_touch_64k, &bench_arena_write_64,                       \
        &bench_arena_write_1k, &bench_arena_write_64k, &bench_arena_mixed_64, &bench_arena_mixed_1k,                   \
        &bench_arena_mixed_64k, &bench_arena_grow_1k, &bench_arena_grow_64k

#endif
