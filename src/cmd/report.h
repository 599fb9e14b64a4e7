/* report.h - what a run prints: a progress line, the table, the last line. */
#ifndef TORC_CMD_REPORT_H
#define TORC_CMD_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <torc.h>

#include "dispatch.h"
#include "format.h"
#include "options.h"

/* Everything the table and the last line say, gathered before the bus is destroyed. */
struct report {
    const struct run_options *options;
    const struct torc_config *config;
    uint64_t inputs;
    uint64_t skipped;
    uint64_t events;
    uint64_t bytes;
    uint64_t published;
    uint64_t dispatched;
    uint64_t handled[WORKERS];
    uint64_t leaked;
    uint64_t nanoseconds; /* from the first producer's start until the log was complete */
    uint64_t size_events[SIZES];
    uint64_t size_bytes[SIZES];
    struct torc_reader_state reader;
    struct torc_actor_stats actors[WORKERS];
    struct torc_pool_stats pools[TORC_SHIRTS + 1]; /* XS .. XXL */
    struct torc_pool_stats keep;
    uint64_t stalls;
    unsigned char root[HASH_BYTES];
};

/* report_lost: records that not every actor has handled. */
uint64_t report_lost(const struct report *report);

/* report_table: on stdout. report_last: the last line on stdout, for programs. */
void report_table(const struct report *report);
void report_last(const struct report *report);

/* report_progress: rewrites one line on stderr; report_progress_end: clears it. For terminals only. */
void report_progress(uint64_t events, uint64_t bytes, uint64_t lag);
void report_progress_end(void);

#endif
