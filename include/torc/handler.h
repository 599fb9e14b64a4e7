/* torc/handler.h - a managed reader: a thread of the library's that reads a topic in batches and calls you.
 *
 *     static enum torc_verdict one(void *context, struct torc_handler_thread *handler, const struct torc_event *event, int end) {
 *         use(event->data, event->length);
 *         return TORC_VERDICT_OK;
 *     }
 *     struct torc_handler_config config = {.on_event = one, .context = &state};
 *     torc_handler_start(topic, &config, &handler);
 *     ...
 *     torc_handler_close(handler);
 *
 * A batch is what the reader finds at one time, up to max_batch events. Its events stay where they are until the batch
 * is done, so a batch can be handled again from its start (REWIND) without a copy; publishers wait for it meanwhile,
 * which is what torc_handler_release is for. Readers that copy (LOSSY, CONFLATE, EVICT) hold one event at a time: their
 * batches are of one.
 *
 * Failure. A handler answers RETRY or REWIND as long as config.attempts allows; then, or when it asks for it, the event
 * is skipped, published to the dead-letter topic, or the handler stops, as config.give_up says. However it ends (told
 * to, by its own verdict, by cancellation or pthread_exit in a callback) the reader leaves the gate before on_stop
 * runs: no publisher waits for a handler that is gone. A callback that never returns is another matter: then publishers
 * wait, unless the reader's policy is EVICT or LOSSY.
 *
 * Threads: the callbacks run in the handler's thread, one at a time, so state that only they use needs no lock. Calls
 * marked "any thread" may come from anywhere, the callbacks included. */
#ifndef TORC_HANDLER_H
#define TORC_HANDLER_H

#include <stddef.h>
#include <stdint.h>
#include <torc/publisher.h>
#include <torc/reader.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_handler_thread; /* torc_handler alone is what torc_poll calls */

/* What becomes of an event that was handed out. */
enum torc_verdict {
    TORC_VERDICT_OK = 0,      /* done */
    TORC_VERDICT_RETRY,       /* the same event again, after retry_pause_ns; counts against `attempts` */
    TORC_VERDICT_REWIND,      /* the batch again from its start, or from behind what was released; counts likewise.
                                 What was skipped or dead-lettered does not come back */
    TORC_VERDICT_SKIP,        /* done without being handled; counted */
    TORC_VERDICT_DEAD_LETTER, /* published to the dead-letter topic, then done */
    TORC_VERDICT_STOP         /* done; the handler ends */
};

/* What happens when the attempts are used up. */
enum torc_give_up {
    TORC_GIVE_UP_STOP = 0,   /* the handler ends (TORC_ENDED_GAVE_UP) */
    TORC_GIVE_UP_SKIP,       /* as TORC_VERDICT_SKIP */
    TORC_GIVE_UP_DEAD_LETTER /* as TORC_VERDICT_DEAD_LETTER */
};

/* Why a handler has ended. */
enum torc_ended {
    TORC_ENDED_NOT = 0,     /* it runs */
    TORC_ENDED_STOPPED,     /* torc_handler_stop, or TORC_VERDICT_STOP */
    TORC_ENDED_CLOSED,      /* the bus was closed and everything was handled, or the reader was detached */
    TORC_ENDED_EVICTED,     /* too slow, under TORC_POLICY_EVICT with TORC_EVICTED_LEAVE */
    TORC_ENDED_GAVE_UP,     /* attempts used up under TORC_GIVE_UP_STOP, or a verdict that is none */
    TORC_ENDED_DEAD_LETTER, /* an event could not be published to the dead-letter topic: it is not counted as done */
    TORC_ENDED_CANCELLED    /* the thread was cancelled or left by pthread_exit; on_stop did not run */
};

struct torc_handler_config {
    const char *name; /* for the debugger and the process list; copied; NULL: "torc-handler" */
    void *context;    /* passed to every callback */

    /* All but on_event may be NULL. on_start: before the first event; a negative status ends the handler before it
     * began, and torc_handler_start returns that status. on_stop: the last call, after the reader has left its
     * topic. */
    int (*on_start)(void *context, struct torc_handler_thread *handler);
    void (*on_stop)(void *context, enum torc_ended why);

    /* A batch of `size` events begins; the topic holds `lag` that are not given back, those included. Not again after
     * REWIND. */
    void (*on_batch_start)(void *context, size_t size, uint64_t lag);
    /* One event, borrowed until the batch is done or it is released; the last one of a batch has `end_of_batch` set. */
    enum torc_verdict (*on_event)(void *context, struct torc_handler_thread *handler, const struct torc_event *event,
                                  int end_of_batch);
    /* Nothing came for timeout_ns. */
    void (*on_timeout)(void *context, struct torc_handler_thread *handler);
    /* A reader that can be overtaken lost this many events of a lane; with `evicted`, publishers no longer wait for
     * it. */
    void (*on_lapped)(void *context, uint32_t lane, uint64_t lost, int evicted);

    struct torc_reader_config reader; /* manual_advance is the handler's own */
    uint32_t max_batch;               /* 1..65536; 0: 256 */
    uint32_t attempts; /* how often an event, or a batch, is handed out at most; 0: 3; UINT32_MAX: no limit */
    enum torc_give_up give_up;
    uint64_t retry_pause_ns; /* before RETRY and REWIND hand out again; 0: at once. Ends early when told to stop */
    uint64_t timeout_ns;     /* until on_timeout; 0: never */
    struct torc_topic
        *dead_letters; /* NULL: none, and asking for it is a verdict that is none. Nothing can be published to it
                                         once the bus is closed */
    uint64_t dead_letter_wait_ns; /* how long to wait for space there; 0: try once */
};

/* What stands before the payload of a dead letter; its type is the event's own. */
struct torc_dead_letter {
    char topic[TORC_TOPIC_NAME]; /* where the event came from */
    uint64_t sequence;
    uint32_t lane;
    uint32_t attempts; /* how often it was handed out */
};

/* torc_handler_start: opens a reader of the topic (NEXT or OLDEST as config->reader says, before this returns) and
 * starts the thread; returns when on_start has run. *config is copied. Any thread. Give it back with
 * torc_handler_close.
 * TORC_INVALID: no on_event, a field out of range, dead_letters of another bus or the topic itself. TORC_NO_ROOM:
 * config.readers are open, or config.publishers with dead_letters. TORC_CLOSED. TORC_NO_MEMORY. TORC_SYSTEM: the thread
 * could not be created. On error nothing is left behind. */
int torc_handler_start(struct torc_topic *topic, const struct torc_handler_config *config,
                       struct torc_handler_thread **handler);

/* torc_handler_stop: the handler ends after the event at hand; what it did not handle stays unhandled. Waits until
 * on_stop has returned, and no callback runs afterwards; from inside a callback it returns at once. Any thread, as
 * often as you like, also when the handler ended by itself. To let it handle everything first: torc_bus_drain, or
 * torc_bus_close and torc_handler_join.
 * TORC_OK; TORC_INVALID. */
int torc_handler_stop(struct torc_handler_thread *handler);

/* torc_handler_join: waits until the handler has ended and on_stop has returned. Any thread. TORC_OK; TORC_TIMED_OUT;
 * TORC_WOULD_BLOCK: it runs, with TORC_NO_WAIT; TORC_WRONG_THREAD: from inside a callback; TORC_INVALID. */
int torc_handler_join(struct torc_handler_thread *handler, uint64_t deadline);

/* torc_handler_close: stops it and frees everything. The pointer is gone: no other call on it may still be running.
 * TORC_WRONG_THREAD: from inside a callback: stop there, close later. TORC_INVALID. */
int torc_handler_close(struct torc_handler_thread *handler);

/* torc_handler_release: early release inside a batch: all events before the one at hand are done with, and publishers
 * may overwrite them; REWIND goes back no further than to the one at hand. From inside on_event only: TORC_WRONG_THREAD
 * elsewhere.
 * TORC_OK; TORC_INVALID. */
int torc_handler_release(struct torc_handler_thread *handler);

/* torc_handler_reader: its reader, for torc_keep in a callback and torc_reader_state anywhere. Never read or advance
 * it. NULL for NULL. */
struct torc_reader *torc_handler_reader(struct torc_handler_thread *handler);

/* What a handler did. */
struct torc_handler_stats {
    enum torc_ended ended;
    uint64_t batches;    /* taken; with REWIND a batch still counts once */
    uint64_t events;     /* done: handled, skipped or dead-lettered; events of a batch that was not finished included */
    uint64_t handed_out; /* calls of on_event */
    uint64_t retries;    /* RETRY verdicts that were granted */
    uint64_t rewinds;    /* REWIND verdicts that were granted */
    uint64_t skipped;    /* by SKIP, or given up */
    uint64_t dead_letters; /* published */
    uint64_t timeouts;     /* calls of on_timeout */
    uint64_t lost;         /* told by on_lapped, and with events (CONFLATE) */
    uint64_t max_size;     /* largest batch */
};

/* torc_handler_stats: fills *stats. Any thread. TORC_INVALID. */
int torc_handler_stats(const struct torc_handler_thread *handler, struct torc_handler_stats *stats);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
