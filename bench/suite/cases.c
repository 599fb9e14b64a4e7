/* cases.c - everything that is measured. */
#include "families.h"
#include "harness.h"

#define FLOW(id, p, c, size, many, how)                                                                                \
    {                                                                                                                  \
        .name = id, .measure = suite_measure_flow, .plan = {                                                           \
            .shape = SUITE_FLOW,                                                                                       \
            .waiting = how,                                                                                            \
            .producers = p,                                                                                            \
            .consumers = c,                                                                                            \
            .batch = many,                                                                                             \
            .bytes = size                                                                                              \
        }                                                                                                              \
    }
#define TOTAL(id, p, how)                                                                                              \
    {                                                                                                                  \
        .name = id, .measure = suite_measure_flow, .plan = {                                                           \
            .shape = SUITE_FLOW,                                                                                       \
            .waiting = how,                                                                                            \
            .producers = p,                                                                                            \
            .consumers = 1,                                                                                            \
            .batch = 1,                                                                                                \
            .bytes = 40,                                                                                               \
            .total = true                                                                                              \
        }                                                                                                              \
    }
#define SPSC(size)                                                                                                     \
    FLOW("spsc_" #size, 1, 1, size, 1, SUITE_SPIN), FLOW("spsc_" #size "_b16", 1, 1, size, SUITE_BATCH, SUITE_SPIN)
#define SHAPED(id, form, stages, size, how, function)                                                                  \
    {                                                                                                                  \
        .name = id, .measure = function, .plan = {                                                                     \
            .shape = form,                                                                                             \
            .waiting = how,                                                                                            \
            .producers = 1,                                                                                            \
            .consumers = stages,                                                                                       \
            .batch = 1,                                                                                                \
            .bytes = size                                                                                              \
        }                                                                                                              \
    }
#define BLOCKS(size)                                                                                                   \
    {.name = "alloc_" #size,                                                                                           \
     .measure = suite_measure_alloc,                                                                                   \
     .plan = {.bytes = size},                                                                                          \
     .parameter = SUITE_ALONE,                                                                                         \
     .weight = .3},                                                                                                    \
        {.name = "alloc_" #size "_window",                                                                             \
         .measure = suite_measure_alloc,                                                                               \
         .plan = {.bytes = size},                                                                                      \
         .parameter = SUITE_WINDOW,                                                                                    \
         .weight = .3},                                                                                                \
    {                                                                                                                  \
        .name = "alloc_" #size "_cross", .measure = suite_measure_alloc, .plan = {.bytes = size},                      \
        .parameter = SUITE_CROSS, .weight = .3                                                                         \
    }

struct suite_case suite_cases[] = {
    SHAPED("pingpong_40", SUITE_PINGPONG, 1, 40, SUITE_SPIN, suite_measure_pingpong),
    SHAPED("pingpong_1024", SUITE_PINGPONG, 1, 1024, SUITE_SPIN, suite_measure_pingpong),
    SPSC(8),
    SPSC(40),
    SPSC(64),
    SPSC(256),
    SPSC(1024),
    SPSC(4096),
    SPSC(16384),
    SPSC(65536),
    FLOW("spmc_40_2", 1, 2, 40, 1, SUITE_YIELD),
    FLOW("spmc_40_3", 1, 3, 40, 1, SUITE_YIELD),
    FLOW("mpsc_40_2", 2, 1, 40, 1, SUITE_YIELD),
    FLOW("mpsc_40_3", 3, 1, 40, 1, SUITE_YIELD),
    TOTAL("total_40_1", 1, SUITE_SPIN),
    TOTAL("total_40_2", 2, SUITE_YIELD),
    TOTAL("total_40_3", 3, SUITE_YIELD),
    TOTAL("total_over", 4, SUITE_BLOCK),
    SHAPED("pipeline_40_3", SUITE_PIPELINE, 3, 40, SUITE_YIELD, suite_measure_flow),
    SHAPED("diamond_40", SUITE_DIAMOND, 3, 40, SUITE_YIELD, suite_measure_flow),
    FLOW("oversubscribed", 4, 4, 40, 1, SUITE_BLOCK),
    SHAPED("wakeup", SUITE_WAKEUP, 1, 40, SUITE_BLOCK, suite_measure_wakeup),
    {.name = "idle_cpu",
     .measure = suite_measure_idle,
     .plan = {.shape = SUITE_FLOW, .waiting = SUITE_BLOCK, .producers = 1, .consumers = 4, .batch = 1, .bytes = 40},
     .rounds = 5,
     .weight = 7},
    BLOCKS(64),
    BLOCKS(256),
    BLOCKS(1024),
    BLOCKS(16384),
    {.name = "refcount", .measure = suite_measure_count, .parameter = 1, .weight = .3},
    {.name = "refcount_2", .measure = suite_measure_count, .parameter = 2, .weight = .3},
    {.name = "clogged", .measure = suite_measure_clogged, .plan = {.bytes = 256}, .weight = .5},
    {.name = "trace_1",
     .weight = 1.5,
     .measure = suite_measure_flow,
     .prepare = suite_prepare_trace,
     .plan = {.shape = SUITE_FLOW, .waiting = SUITE_YIELD, .producers = 1, .consumers = 1, .batch = 1, .bytes = 16}},
    {.name = "trace_3",
     .weight = 1.5,
     .measure = suite_measure_flow,
     .prepare = suite_prepare_trace,
     .plan = {.shape = SUITE_FLOW, .waiting = SUITE_YIELD, .producers = 1, .consumers = 3, .batch = 1, .bytes = 16}},
    {.name = "memory",
     .measure = suite_measure_memory,
     .plan = {.shape = SUITE_FLOW, .waiting = SUITE_SPIN, .producers = 1, .consumers = 1, .batch = 1, .bytes = 40},
     .rounds = 5,
     .weight = .3},
};
const size_t suite_case_count = sizeof suite_cases / sizeof *suite_cases;
