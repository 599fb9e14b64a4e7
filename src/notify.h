/* src/notify.h - who else is told when a reader is woken: its eventfd, and the wait-set that it is in.
 *
 * A waitpoint lies in the region; descriptors and wait-sets are this process's own, so they stand beside it, one place
 * per reader of the bus. The protocol is that of src/wait.h with `armed` in the place of `waiting`: arm, announce,
 * heavy barrier, look again; a waker loads `armed` after it has woken the reader's waitpoint. The lock makes armed and
 * the descriptor's count one: while NOTIFY_FD is armed the count is 0, and while it is not the count is 1. It also
 * keeps a descriptor from being closed, and its number from being given to somebody else, under a waker's hands. Only
 * wakers of a reader that is armed take it. */
#ifndef TORC_SRC_NOTIFY_H
#define TORC_SRC_NOTIFY_H

#include <pthread.h>
#include <torc/layout.h>

#define NOTIFY_FD  1u
#define NOTIFY_SET 2u

struct notify {
    pthread_mutex_t lock;
    torc_a32 armed; /* NOTIFY_*; written under the lock (SLEEP) */
    int fd;         /* -1: none */
    struct torc_waitpoint *set;
    void *owner; /* the wait-set behind `set` */
};

/* torc_notify_init: nobody. torc_notify_slow: tells whoever is armed, and disarms. */
void torc_notify_init(struct notify *notify);
void torc_notify_slow(struct notify *notify);

/* After a full fence or an acquire of the reader's announcement, so that an arm before it is visible. */
static inline void torc_notify(struct notify *notify) {
    if (torc_load_relaxed32(&notify->armed) != 0) {
        torc_notify_slow(notify);
    }
}

/* torc_notify_open: gives it a descriptor that is readable; returns it or TORC_SYSTEM. torc_notify_arm_fd: empties the
 * descriptor and arms it; false if it is armed already. */
int torc_notify_open(struct notify *notify);
int torc_notify_arm_fd(struct notify *notify);

/* torc_notify_join: the set sleeps at `set` from now on; NULL: no more. torc_notify_arm_set: arms it. */
void torc_notify_join(struct notify *notify, struct torc_waitpoint *set, void *owner);
void torc_notify_arm_set(struct notify *notify);

/* waitset.c: the set behind it, if there is one, drops this member: it is about to be closed. */
void torc_waitset_forget(const struct notify *notify, const void *member);

/* torc_notify_end: closes the descriptor and forgets the set. */
void torc_notify_end(struct notify *notify);

#endif
