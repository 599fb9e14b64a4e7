/* row.h - a row of events in the lane, settled or published all at once. */
#ifndef TORC_SRC_ROW_H
#define TORC_SRC_ROW_H

#include "space.h"

#include <torc/batch.h>

/* Messages that are published with one update of the lane's cursor, at most: a reader that sleeps is not woken
 * earlier. */
#define ROW TORC_ARRAY_RUN

/* torc_row_fill: describes claims of entries from `sequence` on. torc_row_is_open: are these such claims, unsettled and
 * no longer than `most`? torc_row_stamp: makes them visible but for the lane's cursor. Publisher's thread. */
void torc_row_fill(const struct publisher *self, uint32_t type, size_t length, uint64_t sequence,
                   struct torc_claim *claims, uint32_t count);
bool torc_row_is_open(const struct torc_claim *claims, size_t count, uint64_t sequence, size_t most);
void torc_row_stamp(const struct publisher *self, struct torc_claim *claims, size_t count);

/* torc_row_publish: publishes the first of these messages, as many as go into entries that are to be had; how many. 0:
 * the first takes the long way. Publisher's thread. */
size_t torc_row_publish(struct publisher *self, const struct torc_message *messages, size_t count);

#endif
