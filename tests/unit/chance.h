/* chance.h - decisions that can be repeated: drawn from a seed, or read from the bytes of a fuzzer; and patterns to
 * tell payloads by. Without check, so that the fuzz targets use it too. */
#ifndef TORC_TESTS_UNIT_CHANCE_H
#define TORC_TESTS_UNIT_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A repeatable stream of pseudo-random numbers. */
uint64_t random_next(uint64_t *state);

/* Payloads with a pattern that depends on a seed and on the position. */
void fill(void *data, size_t length, uint32_t seed);
bool filled(const void *data, size_t length, uint32_t seed);

/* `at` NULL: from `random`; else from the bytes up to `end`, and zeros follow. */
struct chance {
    uint64_t random;
    const uint8_t *at, *end;
};
uint64_t chance_below(struct chance *chance, uint64_t limit);
/* Is every byte used up? A seed never is. */
bool chance_over(const struct chance *chance);

#endif
