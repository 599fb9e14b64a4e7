/* torc/merge.h - the events of all publishers of a topic in the order of times that the publishers give them.
 *
 *     static uint64_t time_of(void *context, const struct torc_event *event) {
 *         return ((const struct tick *)event->data)->at;
 *     }
 *     ...
 *     struct torc_merge_config config = {.time_of = time_of, .idle_after_ns = 1000000};
 *     torc_merge_open(ticks, &config, &merge);
 *     while (torc_merge_next_until(merge, &event, TORC_FOREVER) == TORC_OK) {
 *         use(event.data, event.length);                    // borrowed until the next call
 *     }
 *
 * A time is any number that no publisher lets fall from one event to its next: nanoseconds, a log position, an epoch.
 * What is promised:
 *
 *   A  An event is handed out once every other lane that was there when it was published has one at hand that is not earlier, or
 *      is known to have nothing earlier to come: its last event, or its last heartbeat, is not earlier; it has ended; or it
 *      is idle.
 *   B  A lane is idle once an event has waited for it for idle_after_ns, and until its next event or heartbeat. So the times come
 *      in order, unless an idle lane, or one that opened later, comes with an earlier one: that is handed out as the next
 *      there is and is `late`.
 *   C  Lanes keep their own order always. Between lanes equal times have none.
 *   D  Nothing is lost or held back: after torc_bus_close all that is left comes, in order.
 *
 * A lane that waits for an idle one gates its publisher when it is full. The bound is idle_after_ns; heartbeats, which
 * a publisher sends in place of events and which are not handed out, make the wait shorter and keep the order exact.
 *
 * Costs: each event is compared with the head of every lane of the topic. A merging reader that sleeps wakes for each
 * event.
 *
 * Threads: one thread at a time. */
#ifndef TORC_MERGE_H
#define TORC_MERGE_H

#include <stdint.h>
#include <torc/reader.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_merge;

struct torc_merge_config {
    struct torc_reader_config reader; /* its place among the topic's readers. GATE; manual_advance is the merge's own */
    void *context;
    uint64_t (*time_of)(void *context, const struct torc_event *event); /* once per event, in the reader's thread */
    uint64_t
        idle_after_ns; /* how long an event waits for a lane that is empty; 0: not at all; TORC_FOREVER: until it is not */
    uint32_t heartbeat; /* type of events that only tell the time; used if has_heartbeat */
    uint32_t has_heartbeat;
};

/* An event and its time. */
struct torc_merged {
    struct torc_event event;
    uint64_t time;
    uint32_t late; /* 1: something later was handed out before it */
};

/* torc_merge_open: takes one of config.readers of the bus. Any thread. Give it back with torc_merge_close. As
 * torc_reader_open: TORC_NO_ROOM,
 * TORC_CLOSED, TORC_NOT_FOUND, TORC_NO_MEMORY; TORC_INVALID: also no time_of, another policy than GATE, or readers it
 * is to be after. */
int torc_merge_open(struct torc_topic *topic, const struct torc_merge_config *config, struct torc_merge **merge);

/* torc_merge_close: publishers no longer wait for it. The pointer is gone. TORC_INVALID. */
int torc_merge_close(struct torc_merge *merge);

/* torc_merge_next: the next event in order; finished with what was borrowed before. TORC_OK; TORC_EMPTY: none can be
 * handed out now;
 * TORC_CLOSED: none ever (the bus is closed and everything was read, or it was halted); TORC_INVALID. Unless TORC_OK,
 * *merged is zeroed. torc_merge_next_until: waits for it by the strategy of config.reader. TORC_TIMED_OUT; TORC_EMPTY:
 * with TORC_NO_WAIT. */
int torc_merge_next(struct torc_merge *merge, struct torc_merged *merged);
int torc_merge_next_until(struct torc_merge *merge, struct torc_merged *merged, uint64_t deadline);

/* torc_merge_keep, torc_merge_keep_until: the event at hand as a counted handle, as torc_keep and torc_keep_until.
 * TORC_INVALID: also nothing at hand. */
int torc_merge_keep(struct torc_merge *merge, struct torc_ringptr *ptr);
int torc_merge_keep_until(struct torc_merge *merge, uint64_t deadline, struct torc_ringptr *ptr);

struct torc_merge_stats {
    uint64_t handed;
    uint64_t late;       /* of them */
    uint64_t heartbeats; /* stepped over */
    uint64_t idle;       /* how often a lane was no longer waited for */
    uint64_t time;       /* the latest that was handed out */
};
/* torc_merge_stats: fills *stats. Thread: the merge's. TORC_INVALID. */
int torc_merge_stats(const struct torc_merge *merge, struct torc_merge_stats *stats);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
