/* joins.h - readers that begin at a place, for test_join_at.c and test_seek.c; and after others, for test_after*.c. */
#ifndef TORC_TESTS_UNIT_JOINS_H
#define TORC_TESTS_UNIT_JOINS_H

#include "helpers.h"

/* Opened with that configuration and that answer; at the last events; at one place. */
struct torc_reader *join(struct torc_reader_config config, int expected);
struct torc_reader *join_last(uint64_t last, enum torc_policy policy);
struct torc_reader *join_at(struct torc_position *at, enum torc_policy policy);
/* A place in the only lane. */
struct torc_position only(uint64_t sequence);
/* With the reader gone the lane keeps some history, and its publisher never waits. */
void open_history(uint64_t published);
/* Where it is; that its next event is this one, and nothing is missing to the end. */
uint64_t tell(struct torc_reader *reader);
void reads_from(struct torc_reader *reader, uint64_t first, uint64_t end);

/* After these; after this one. */
struct torc_reader *open_after(struct torc_reader *const *leaders, size_t count);
struct torc_reader *open_behind(struct torc_reader *leader);
/* Reads everything and gives it back. */
void pass(struct torc_reader *reader, uint64_t first, uint64_t count);

#endif
