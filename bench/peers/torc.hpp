// torc.hpp - what torc's twins share.
#ifndef TORC_BENCH_TORC_HPP
#define TORC_BENCH_TORC_HPP

#include "../suite/suite.h"
#include <torc.h>

static inline __attribute__((always_inline)) void torc_must(int status, const char *what) {
    if (__builtin_expect(status != TORC_OK, 0)) {
        bench_die(what, torc_strerror(status));
    }
}

template <class F>
static inline __attribute__((always_inline)) void torc_claim_in_place(torc_publisher *publisher, size_t length,
                                                                      F &&write) {
    struct torc_claim claim;
    torc_must(torc_claim(publisher, 1, length, &claim), "torc_claim");
    write(claim.data);
    torc_must(torc_commit(publisher, &claim), "torc_commit");
}

extern const suite_alloc torc_slots; // torc_blocks.cpp
extern const suite_count torc_handles;

#endif
