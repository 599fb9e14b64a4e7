// raw.hpp - the implementations that are linked into the program.
#ifndef TORC_BENCH_RAW_HPP
#define TORC_BENCH_RAW_HPP

#include "../suite/suite.h"

extern "C" {
extern const suite_plugin suite_torc, suite_torc_pool, suite_torc_arena, suite_torc_heap;
extern const suite_plugin suite_raw, suite_raw_copy, suite_raw_futex, suite_malloc, suite_shared_ptr;
extern const suite_plugin suite_raw_add, suite_raw_cas, suite_torc_lanes, suite_raw_lanes;
extern const suite_plugin suite_raw_blocks, suite_raw_swap;
}
#endif
