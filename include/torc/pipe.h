/* torc/pipe.h - from one topic to another: a handler that reads at one end and publishes at the other.
 *
 *     struct torc_pipe_config config = {.transform = enrich, .context = &state};
 *     torc_pipe_start(trades, enriched, &config, &pipe);
 *
 * Pipes are put together by their topics: a chain is a pipe behind a pipe; fan-out is several pipes from one topic,
 * each of which sees everything; fan-in is several pipes into one topic, each with a lane of its own there. The ends
 * may be on different buses. Events of one lane keep their order.
 *
 * A full destination makes the pipe wait, and the pipe's reader then gates the publishers of its source: back-pressure
 * goes all the way. Each event is copied once, from the source's memory into a claim in the destination's.
 *
 * To end a chain with nothing left in it: let the publishers end, torc_bus_drain once per stage, then close. A
 * destination whose bus is closed ends the pipe: what it had not passed stays unpassed. */
#ifndef TORC_PIPE_H
#define TORC_PIPE_H

#include <stddef.h>
#include <stdint.h>
#include <torc/handler.h>
#include <torc/publisher.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_pipe;

/* What becomes of an event. */
enum torc_pass {
    TORC_PASS = 0, /* published */
    TORC_PASS_DROP /* not */
};

struct torc_pipe_config {
    const char *name; /* of the thread; NULL: "torc-pipe" */
    void *context;

    /* How many bytes the transformed event takes at most; NULL: as many as the event has. Called once per try. */
    size_t (*room)(void *context, const struct torc_event *event);
    /* Fills out->data, may lower out->length and set out->type, which is the event's. NULL: copies. In the pipe's
     * thread. */
    enum torc_pass (*transform)(void *context, const struct torc_event *event, struct torc_claim *out);

    struct torc_reader_config reader; /* manual_advance is the pipe's own */
    struct torc_publisher_config publisher;
    uint32_t max_batch; /* 1..65536 events between two looks at what came; 0: 256 */
};

/* torc_pipe_start: any thread. Give it back with torc_pipe_close. As torc_handler_start; TORC_INVALID: both ends are
 * one topic. */
int torc_pipe_start(struct torc_topic *from, struct torc_topic *to, const struct torc_pipe_config *config,
                    struct torc_pipe **pipe);

/* torc_pipe_stop, torc_pipe_join: as torc_handler_stop and _join. A pipe that waits for space notices within 10 ms. */
int torc_pipe_stop(struct torc_pipe *pipe);
int torc_pipe_join(struct torc_pipe *pipe, uint64_t deadline);

/* torc_pipe_close: stops it and frees everything. TORC_WRONG_THREAD: from inside transform. TORC_INVALID. */
int torc_pipe_close(struct torc_pipe *pipe);

struct torc_pipe_stats {
    uint64_t passed;
    uint64_t dropped;      /* TORC_PASS_DROP */
    uint64_t lost;         /* by a reader that can be overtaken */
    uint64_t waits;        /* tries that found no space within 10 ms */
    enum torc_ended ended; /* as a handler */
    int status; /* TORC_OK, or what the destination answered when that ended it: TORC_CLOSED, TORC_TOO_BIG, ... */
};

/* torc_pipe_stats: fills *stats. Any thread. TORC_INVALID. */
int torc_pipe_stats(const struct torc_pipe *pipe, struct torc_pipe_stats *stats);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
