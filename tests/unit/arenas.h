/* arenas.h - what the tests of the arena share: an arena of 4096 bytes that must be whole, and empty, at the end of
 * each test. */
#ifndef TORC_TESTS_UNIT_ARENAS_H
#define TORC_TESTS_UNIT_ARENAS_H

#include "helpers.h"

#define STORE ((size_t)4096)

extern struct torc_arena *a;

void setup_arena(void);    /* of STORE bytes */
void teardown_arena(void); /* valid, nothing out, destroyed */
TCase *add_arena_case(Suite *suite, const char *name);

void assert_arena(struct torc_arena *arena);  /* torc_arena_is_valid */
struct torc_buffer take_buffer(size_t size);  /* from `a`, filled with seed `size` */
void give_buffer(struct torc_buffer *buffer); /* checks the pattern, releases */
struct torc_arena_stats arena_stats(struct torc_arena *arena);

#endif
