/* torc/snapshot.h - everything a monitor wants to know of a bus, in one call, and three ways to write it down.
 *
 *     struct torc_snapshot *now;
 *     size_t bytes = torc_snapshot_size(bus);                  // enough for this bus at any time
 *     void *memory = malloc(bytes);
 *     while (monitoring) {
 *         torc_snapshot_take(bus, memory, bytes, &now);        // allocates nothing
 *         torc_snapshot_write(now, &(struct torc_snapshot_style){.format = TORC_PROMETHEUS}, to_client, client);
 *     }
 *
 * What adds up. A snapshot is taken under the bus's control lock: nobody comes or goes meanwhile, but events go on.
 * Each figure is exact for what its one writer had done when it was read; readers are looked at before the lanes, and
 * an event counts as published from the moment a reader can have it, so nobody has consumed more than is published. At
 * a quiet point all is exact: for a reader that was there from the beginning, consumed + lost + lag = published
 * (skipped claims count as published and, by those who step over them, as nothing); sent = messages + dropped + depth.
 * While threads run, what is published between two looks counts as lag, counters are monotone from one snapshot to the
 * next; what one thread counts before another (sent before messages) may be seen the other way round.
 *
 * A rate is the difference of a counter in two snapshots by the difference of their `at`. */
#ifndef TORC_SNAPSHOT_H
#define TORC_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>
#include <torc/bus.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counters only grow, as long as what they belong to is open; the others are gauges. `topic` is an index into
 * topics[]. */
struct torc_topic_figures {
    char name[TORC_TOPIC_NAME];
    uint64_t lanes;   /* that belong to it */
    uint64_t readers; /* open */
};
struct torc_lane_figures { /* lanes that have had a publisher */
    uint64_t lane, topic;
    uint64_t open;      /* 1: it has a publisher now */
    uint64_t published; /* counter: events, skipped claims included, whoever published them */
    uint64_t unsettled; /* claims that are open */
    uint64_t lag;       /* published and not given back by the slowest gating reader */
    uint64_t stalls;    /* counter: how often the publisher found no space */
    uint64_t sleeps;    /* counter: how often it slept over that */
    uint64_t wakeups;   /* counter: how often it was woken rather than out of time */
};
struct torc_reader_figures { /* open ones */
    uint64_t reader, topic;
    uint64_t policy; /* enum torc_policy */
    uint64_t lanes;  /* it follows */
    uint64_t lag, max_lag;
    uint64_t consumed; /* counter: events given back */
    uint64_t lost;     /* counter: sequences */
    uint64_t batches;  /* counter: how often it gave a cursor back */
    uint64_t
        sleeps; /* counter: how often it slept because there was nothing to read; an actor's readers share its figure */
    uint64_t wakeups; /* counter: how often it was woken */
    uint64_t evicted; /* 1: it was too slow */
};
struct torc_pool_figures { /* of the lanes above, by shirt; then keep pools of the readers above */
    uint64_t keep;         /* 1: `owner` is a reader; 0: a lane */
    uint64_t owner;
    uint64_t shirt; /* enum torc_shirt */
    uint64_t capacity, in_use, high_water, retired, saturated;
    uint64_t allocations; /* less those put back; exact while nobody allocates, meanwhile a little off either way */
    uint64_t dry;         /* counter */
    uint64_t bytes;
};
struct torc_actor_figures { /* running, or ended and not stopped yet */
    uint64_t actor;
    char name[16];
    uint64_t running;
    uint64_t capacity, depth, max_depth;      /* of the mailbox */
    uint64_t sent, messages, events, dropped; /* counters, as in torc_actor_stats */
    uint64_t sleeps, wakeups;                 /* counters */
};

struct torc_snapshot {
    uint64_t at;    /* torc_now() when it was taken */
    uint64_t state; /* enum torc_bus_state */
    uint64_t bytes; /* of the region */
    uint64_t published, outstanding, stale_refused;
    uint64_t membarrier, locked, huge_pages, prefaulted;
    uint64_t topic_count, lane_count, reader_count, pool_count, actor_count;
    const struct torc_topic_figures *topics;
    const struct torc_lane_figures *lanes;
    const struct torc_reader_figures *readers;
    const struct torc_pool_figures *pools;
    const struct torc_actor_figures *actors;
};

/* torc_snapshot_size: bytes that a snapshot of this bus can take at most, whatever is open; 0: not a live bus. Any
 * thread. */
size_t torc_snapshot_size(struct torc_bus *bus);

/* torc_snapshot_take: fills `memory` (aligned as malloc's) and points *snapshot into it; a later one in the same memory
 * replaces it. Any thread. It takes the control lock and looks at every slot: microseconds per thousand slots, in which
 * opening and closing wait, and events do not. TORC_INVALID: NULL, not a live bus, too few bytes. */
int torc_snapshot_take(struct torc_bus *bus, void *memory, size_t bytes, struct torc_snapshot **snapshot);

enum torc_snapshot_format {
    TORC_TEXT = 0,  /* a table for people; with `before`, with rates */
    TORC_JSON,      /* one object, names as above */
    TORC_PROMETHEUS /* the text exposition format 0.0.4 */
};
struct torc_snapshot_style {
    enum torc_snapshot_format format;
    const char *name;                   /* of the bus: a heading, "name", or the label `bus`; NULL: none */
    const struct torc_snapshot *before; /* TORC_TEXT: an earlier one to compute rates from; NULL: none */
};

/* Receives the next part of the text, which is not terminated. A negative answer ends the writing and becomes its
 * result. */
typedef int (*torc_write)(void *context, const char *text, size_t length);

/* torc_snapshot_write: TORC_OK, what `write` answered, or TORC_INVALID. torc_snapshot_print: into a buffer, with a
 * terminating NUL; *length (may be NULL) receives how long the text is without it. TORC_NO_ROOM: it was cut off at
 * bytes - 1; a buffer of NULL and 0 asks for the length. Any thread that has the snapshot; neither takes a lock nor
 * memory. */
int torc_snapshot_write(const struct torc_snapshot *snapshot, const struct torc_snapshot_style *style, torc_write write,
                        void *context);
int torc_snapshot_print(const struct torc_snapshot *snapshot, const struct torc_snapshot_style *style, char *buffer,
                        size_t bytes, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
