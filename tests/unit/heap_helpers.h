/* heap_helpers.h - the world of one heap test: a heap over a reserved range, walked after the test. */
#ifndef TORC_TESTS_UNIT_HEAP_HELPERS_H
#define TORC_TESTS_UNIT_HEAP_HELPERS_H

#include "helpers.h"

#define MB ((size_t)1 << 20)

extern struct torc_heap *heap;
extern struct torc_grower_mmap range;

void setup_heap(void);
void teardown_heap(void); /* everything must be free, and every tag right */

void assert_heap_valid(void);
void assert_heap_damaged(void);
struct torc_heap_stats heap_stats(void);

/* A block that is there, aligned, large enough and filled with a pattern of this seed. */
void *heap_block(size_t size, uint32_t seed);
/* Checks the pattern of the first `size` bytes and frees it. */
void heap_return(void *block, size_t size, uint32_t seed);
bool aligned_to(const void *block, size_t alignment);

#endif
