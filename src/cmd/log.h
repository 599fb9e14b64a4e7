/* log.h - a log directory while a run writes it: created, appended to, completed.
 *
 * Segment and index are written by two actors, each at its own pace. When a write fails both may end anywhere, even
 * inside a record. log_complete then cuts them back: it counts the whole records each file holds, truncates both to
 * the smaller number, computes the root of those records anew from the segment, and records number and root in
 * root.torc. The result is a shorter log, whole by every measure of `torc verify`. */
#ifndef TORC_CMD_LOG_H
#define TORC_CMD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "sink.h"

struct log {
    const char *directory; /* NULL: nothing is written */
    int directory_fd;
    int segment_fd;
    int index_fd;
    int root_fd;
};

/* What a log holds, as completed. */
struct log_end {
    uint64_t records;
    uint64_t bytes; /* of segment.torc */
    unsigned char root[HASH_BYTES];
};

/* log_create: makes the directory if it is missing and the three files with their headers; `directory` may be NULL.
 * Tells why it failed, and leaves no new files behind then. With `force` a log that is there is replaced. */
bool log_create(struct log *log, const char *directory, bool force);

/* log_complete: call it when nothing is appended any more and both sinks are flushed. `whole`: every write
 * succeeded, *end is what was appended; otherwise the log is cut back as said above and *end receives what is left.
 * false: the log could not be completed, it has been told why. */
bool log_complete(struct log *log, bool whole, struct log_end *end);

/* log_close: closes the files; log_discard: removes them, for a run that never began. */
void log_close(struct log *log);
void log_discard(struct log *log);

#endif
