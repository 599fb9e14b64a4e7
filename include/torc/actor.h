/* torc/actor.h - a named thread with a mailbox of ringptrs and any number of subscriptions.
 *
 * The actor's thread calls its handlers one at a time, so a handler needs no locks for the actor's own state.
 *
 *     struct torc_actor_config config = { .name = "index", .on_message = index_one, .context = &state };
 *     torc_actor_start(bus, &config, &actor);
 *     torc_actor_send(actor, ptr, TORC_FOREVER);
 *     torc_actor_stop(actor, TORC_STOP_DRAIN); */
#ifndef TORC_ACTOR_H
#define TORC_ACTOR_H

#include <stddef.h>
#include <stdint.h>
#include <torc/publisher.h>
#include <torc/reader.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_actor;

/* What torc_actor_send does with a full mailbox. */
enum torc_mailbox_full {
    TORC_MAILBOX_WAIT = 0, /* wait up to the deadline given to torc_actor_send */
    TORC_MAILBOX_FAIL,     /* answer TORC_WOULD_BLOCK at once; the caller keeps the reference */
    TORC_MAILBOX_DROP      /* take the reference, release it, count it as dropped, answer TORC_OK */
};

struct torc_actor_config {
    const char *name; /* for the debugger and the process list; copied; NULL: "torc-actor" */
    void *context;    /* passed to every callback */

    /* Lifecycle, in the actor's thread. on_start: before the first event; a negative status ends the actor before it
     * began, and torc_actor_start returns that status. on_stop: after the last one. */
    int (*on_start)(void *context, struct torc_actor *actor);
    void (*on_stop)(void *context);

    /* A message from the mailbox. The reference is the mailbox's and is released when the handler returns: clone it to
     * hold on. */
    enum torc_action (*on_message)(void *context, struct torc_ringptr message);

    /* An event of a subscribed topic, borrowed. `reader` allows torc_keep. */
    enum torc_action (*on_event)(void *context, struct torc_reader *reader, const struct torc_event *event);

    uint32_t mailbox; /* capacity in messages, rounded up to a power of two minus one, at least 3; 0: 1023 */
    enum torc_mailbox_full full;
    enum torc_wait wait; /* how the actor waits for work, and senders for space */

    struct torc_topic *const *topics; /* subscriptions, joined at NEXT before torc_actor_start returns */
    size_t topic_count;
};

/* torc_actor_start: starts the thread; returns when on_start has run. Any thread. End it with torc_actor_stop.
 * TORC_NO_ROOM: config.actors run, or config.readers are open. TORC_INVALID: a subscription without on_event, no
 * handler at all. TORC_NO_MEMORY. TORC_SYSTEM: the thread could not be created. TORC_CLOSED. On error nothing is left
 * behind. */
int torc_actor_start(struct torc_bus *bus, const struct torc_actor_config *config, struct torc_actor **actor);

/* torc_actor_send: passes one reference to the actor. Any thread, the actor's own included (which must not wait for
 * ever there: no other empties its mailbox). On TORC_OK the mailbox owns the reference; on
 * any error the caller keeps it. TORC_WOULD_BLOCK: full (policy FAIL, or TORC_NO_WAIT). TORC_TIMED_OUT.
 * TORC_CLOSED: the actor is stopping or has stopped by itself. TORC_STALE: not a live handle. TORC_INVALID. */
int torc_actor_send(struct torc_actor *actor, struct torc_ringptr message, uint64_t deadline);

/* How to end. DRAIN: handle what is in the mailbox and what the subscribed lanes hold at that time. DROP: release
 * what is in the mailbox unhandled. */
enum torc_stop { TORC_STOP_DRAIN = 0, TORC_STOP_DROP };

/* What an actor did. */
struct torc_actor_stats {
    uint64_t sent;      /* messages accepted into the mailbox */
    uint64_t messages;  /* messages handled */
    uint64_t events;    /* events handled */
    uint64_t dropped;   /* messages released unhandled: mailbox full under DROP, or stopped with TORC_STOP_DROP */
    uint64_t max_depth; /* most messages met waiting in the mailbox, as seen by the actor */
};

/* torc_actor_stats: fills *stats. Any thread. TORC_INVALID. */
int torc_actor_stats(const struct torc_actor *actor, struct torc_actor_stats *stats);

/* torc_actor_stop: new sends answer TORC_CLOSED, the thread ends as said and is joined, the actor is freed. *stats (may
 * be NULL) receives the final figures: sent = messages + dropped, less those dropped before they were accepted. Once
 * per actor. Senders that wait for space come back with TORC_CLOSED first; but the caller sees to it that no
 * torc_actor_send begins or is still on its way in when this returns: the actor is gone then, and cannot know of a call
 * that has not reached it.
 * TORC_WRONG_THREAD: from inside the actor itself (return TORC_STOP there). TORC_INVALID. */
int torc_actor_stop(struct torc_actor *actor, enum torc_stop how, struct torc_actor_stats *stats);

/* torc_actor_stop_until: the same, but waits for the thread to the deadline only. TORC_WOULD_BLOCK (TORC_NO_WAIT),
 * TORC_TIMED_OUT: a handler still runs or the mailbox is not drained yet; the actor was told to stop, takes no more
 * messages, and is freed by a further call that answers TORC_OK. How it ends is what was said first. */
int torc_actor_stop_until(struct torc_actor *actor, enum torc_stop how, uint64_t deadline,
                          struct torc_actor_stats *stats);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
