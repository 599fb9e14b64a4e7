/* row.h - messages that go into the lane, a row of them at once. */
#ifndef TORC_SRC_ROW_H
#define TORC_SRC_ROW_H

#include "space.h"

#include <torc/batch.h>

/* Messages that are published with one update of the lane's cursor, at most: a reader that sleeps is not woken
 * earlier. */
#define ROW TORC_ARRAY_RUN

/* torc_row_publish: publishes the first of these messages, as many as go into entries that are to be had; how many. 0:
 * the first takes the long way. Publisher's thread. */
size_t torc_row_publish(struct publisher *self, const struct torc_message *messages, size_t count);

#endif
