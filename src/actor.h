/* src/actor.h - what an actor consists of; private to actor.c (start and stop), actor_thread.c and send.c.
 *
 * An actor sleeps at a waitpoint of its own, which its readers share, so one sleep covers the mailbox and every lane.
 * Senders that find the mailbox full sleep at a second one. */
#ifndef TORC_SRC_ACTOR_H
#define TORC_SRC_ACTOR_H

#include "core.h"
#include "mailbox.h"

/* RUNNING -> CLOSING (senders are refused, the actor goes on until the last of them is out) -> DRAINING -> ENDED, or
 * RUNNING -> DROPPING -> ENDED. */
enum actor_state { ACTOR_RUNNING = 0, ACTOR_CLOSING, ACTOR_DRAINING, ACTOR_DROPPING, ACTOR_ENDED };

struct torc_actor {
    struct bus *bus;
    struct torc_actor_config config;
    char name[16]; /* what pthread_setname_np takes */
    uint32_t index;
    pthread_t thread;
    struct mailbox *mailbox;
    uint32_t capacity; /* of the mailbox */
    struct torc_reader **readers;
    size_t reader_count;
    struct torc_lane_ends *ends; /* per reader, while draining: where to stop */
    struct torc_ringptr current; /* the message in the handler's hands */

    /* The start: torc_actor_start waits for on_start's verdict. */
    pthread_mutex_t lock;
    pthread_cond_t started_cond;
    bool started;
    int start_status;

    torc_a32 state;   /* enum actor_state; not RUNNING: sends answer TORC_CLOSED */
    torc_a32 senders; /* threads inside torc_actor_send */
    torc_a64 sent, messages, events, dropped, max_depth;
};

static inline struct torc_waitpoint *actor_work_point(const struct torc_actor *actor) {
    return &actor->bus->waitpoints[actor_point_index(actor->bus, actor->index)];
}
static inline struct torc_waitpoint *actor_space_point(const struct torc_actor *actor) {
    return actor_work_point(actor) + 1;
}
static inline void actor_count(torc_a64 *counter, uint64_t n) {
    torc_store_relaxed64(counter, torc_load_relaxed64(counter) + n);
}
static inline bool actor_running(const struct torc_actor *actor) {
    return torc_load_acquire32(&actor->state) == ACTOR_RUNNING;
}

/* actor_thread.c: the thread. The argument is the actor. */
void *torc_actor_main(void *argument);
/* actor_thread.c: the handler is done with the message in its hands. */
void torc_actor_release_current(struct torc_actor *actor);

#endif
