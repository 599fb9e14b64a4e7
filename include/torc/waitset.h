/* torc/waitset.h - one thread that waits for many readers, mailboxes and timers at once.
 *
 *     torc_waitset_add_reader(set, prices, &prices_state);
 *     torc_waitset_add_mailbox(set, orders, &orders_state);
 *     torc_waitset_add_timer(set, torc_deadline_ms(100), 100000000, &tick_state, NULL);
 *     for (;;) {
 *         struct torc_ready ready[8];
 *         int count = torc_waitset_wait(set, ready, 8, TORC_FOREVER);
 *         for (int i = 0; i < count; i++) { ... ready[i].kind, ready[i].context ... }
 *     }
 *
 * It is level-triggered: what is not read to its end is ready again at the next wait. Members may belong to different
 * buses and topics. Sleeping is one futex, not descriptors: a publisher that wakes a member of a set wakes the set's
 * waitpoint, and one that wakes nobody pays what it always pays, one load per event. For loops that also wait for
 * sockets see torc/event_loop.h.
 *
 * Costs: a wait looks at every member, and going to sleep announces it to every member; a few dozen are fine.
 *
 * Threads: one thread at a time for a set and for all of its readers and the receiving end of its mailboxes;
 * torc_waitset_wake from any thread. Memory is taken when the set is created. */
#ifndef TORC_WAITSET_H
#define TORC_WAITSET_H

#include <stddef.h>
#include <stdint.h>
#include <torc/mailbox.h>
#include <torc/reader.h>

#ifdef __cplusplus
extern "C" {
#endif

struct torc_waitset;

enum torc_ready_kind { TORC_READY_READER = 1, TORC_READY_MAILBOX, TORC_READY_TIMER };

/* What is ready. */
struct torc_ready {
    enum torc_ready_kind kind;
    uint32_t timer;               /* its number */
    void *context;                /* as given when it was added */
    struct torc_reader *reader;   /* torc_next would not answer TORC_EMPTY; else NULL */
    struct torc_mailbox *mailbox; /* has messages, or was shut; else NULL */
    uint64_t expirations; /* of a timer: how many times its period has passed since it was last ready, at least 1 */
};

/* torc_waitset_create: for up to `capacity` members, 1..4096. Any thread. TORC_INVALID. TORC_NO_MEMORY. */
int torc_waitset_create(uint32_t capacity, enum torc_wait wait, struct torc_waitset **set);

/* torc_waitset_destroy: its members go on living without it. TORC_INVALID. */
int torc_waitset_destroy(struct torc_waitset *set);

/* Adding. TORC_NO_ROOM: `capacity` members. TORC_BUSY: it is in a set. TORC_CLOSED: the reader is detached.
 * TORC_INVALID. A reader or mailbox that is closed leaves its set by itself. */
int torc_waitset_add_reader(struct torc_waitset *set, struct torc_reader *reader, void *context);
int torc_waitset_add_mailbox(struct torc_waitset *set, struct torc_mailbox *mailbox, void *context);

/* torc_waitset_add_timer: ready at `deadline` (TORC_FOREVER: not yet), then every period_ns (0: once). *timer (may be
 * NULL) receives its number. torc_waitset_set_timer: sets both anew. */
int torc_waitset_add_timer(struct torc_waitset *set, uint64_t deadline, uint64_t period_ns, void *context,
                           uint32_t *timer);
int torc_waitset_set_timer(struct torc_waitset *set, uint32_t timer, uint64_t deadline, uint64_t period_ns);

/* Removing. TORC_NOT_FOUND: not in this set. TORC_INVALID. */
int torc_waitset_remove_reader(struct torc_waitset *set, struct torc_reader *reader);
int torc_waitset_remove_mailbox(struct torc_waitset *set, struct torc_mailbox *mailbox);
int torc_waitset_remove_timer(struct torc_waitset *set, uint32_t timer);

/* torc_waitset_wait: waits until something is ready and fills at most n (1..4096) of ready[]. Who is left out for lack
 * of room is first next time. Ends the current borrows of its readers (unless manual_advance). Returns how many; 0:
 * torc_waitset_wake was called; TORC_TIMED_OUT;
 * TORC_EMPTY: nothing, with TORC_NO_WAIT; TORC_BUSY: called from inside a handler of one of its readers;
 * TORC_INVALID. */
int torc_waitset_wait(struct torc_waitset *set, struct torc_ready *ready, size_t n, uint64_t deadline);

/* torc_waitset_wake: the wait that is going on, or the next one, returns. Any thread. TORC_OK; TORC_INVALID. */
int torc_waitset_wake(struct torc_waitset *set);

#ifdef __cplusplus
}
#endif
#endif
