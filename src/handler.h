/* src/handler.h - what a managed reader consists of; private to handler.c (start and end) and handler_thread.c (the
 * thread). */
#ifndef TORC_SRC_HANDLER_H
#define TORC_SRC_HANDLER_H

#include "core.h"

#include <torc/handler.h>

/* The batch at hand. Its events from `released` on are borrowed; `at` is the one in the callback's hands. */
struct batch {
    struct torc_event *event; /* [max_batch] */
    bool *settled;            /* [max_batch] skipped or dead-lettered: a REWIND does not bring them back */
    size_t size;
    size_t at;
    size_t released;
    size_t done;      /* events counted as done: REWIND does not count them again */
    uint32_t tries;   /* of the event at hand */
    uint32_t rewinds; /* of this batch */
};

struct torc_handler_thread {
    struct bus *bus;
    struct torc_topic *topic;
    struct torc_handler_config config;
    char name[16]; /* what pthread_setname_np takes */
    pthread_t thread;
    torc_a64 token; /* torc_thread_token() of the thread; 0 until it runs */
    struct torc_reader *reader;
    struct torc_publisher *letters; /* NULL without a dead-letter topic */
    struct batch batch;
    bool in_event; /* on_event runs */
    bool evicted;
    int start_status;

    struct torc_waitpoint changed; /* whoever waits for a change of `state` sleeps here, and the handler in a pause */
    torc_a32 state;                /* enum handler_state */
    torc_a32 stop;                 /* it is to end */
    torc_a32 ended;                /* enum torc_ended, before state says so */
    torc_a64 batches, events, handed_out, retries, rewinds, skipped, dead_letters, timeouts, lost, max_size;
};

enum handler_state { HANDLER_STARTING = 0, HANDLER_RUNNING, HANDLER_OVER };

static inline void handler_count(torc_a64 *counter, uint64_t n) {
    torc_store_relaxed64(counter, torc_load_relaxed64(counter) + n);
}
static inline bool handler_told(const struct torc_handler_thread *handler) {
    return torc_load_acquire32(&handler->stop) != 0;
}

/* handler.c: the state changes; whoever waits for that is woken. */
void torc_handler_enter(struct torc_handler_thread *handler, enum handler_state state);

/* handler_thread.c: the thread. The argument is the handler. */
void *torc_handler_main(void *argument);

/* handler_batch.c: the next batch is taken. TORC_OK, TORC_EMPTY, or why there is none. */
int torc_batch_take(struct torc_handler_thread *handler);
/* handler_batch.c: gives back all up to and including batch.event[last]. */
void torc_batch_release(struct torc_handler_thread *handler, size_t last);
/* handler_batch.c: hands out the batch, as often as verdicts ask for it. TORC_ENDED_NOT when it is done. */
enum torc_ended torc_batch_handle(struct torc_handler_thread *handler);

#endif
