/* defects.h - two defects that an x86-64 never shows. Included ahead of every file of a build (-include) by
 * `make cross-broken`, which fails unless exactly the machine that each is about notices. */
#ifndef TORC_TESTS_CROSS_DEFECTS_H
#define TORC_TESTS_CROSS_DEFECTS_H

#include <string.h>
#include <torc/atomic.h>

#if defined(CROSS_DEFECT_ENDIAN)
/* Puts a word together from the halves at its address, the low one first: wrong where the high one comes first. */
static inline uint64_t cross_load_relaxed64(const torc_a64 *a) {
    uint64_t word = torc_load_relaxed64(a);
    uint32_t half[2];
    memcpy(half, &word, sizeof half);
    return half[0] | (uint64_t)half[1] << 32;
}
#define torc_load_relaxed64 cross_load_relaxed64
#elif defined(CROSS_DEFECT_WORD)
/* A mask of 64 bits kept in an unsigned long: wrong where that has 32. */
static inline uint64_t cross_or_release64(torc_a64 *a, uint64_t bits) {
    unsigned long mask = (unsigned long)bits;
    return torc_or_release64(a, mask);
}
#define torc_or_release64 cross_or_release64
#else
#error "which defect?"
#endif

#endif
