/* src/mailbox.h - a bounded queue of ringptrs, many senders to one actor: CK's ck_ring, typed.
 *
 * src/mailbox.c is the only file that includes CK's ring: its atomics are inline assembly, which ThreadSanitizer cannot
 * see, so that file is built without it and the hand-over is told to it here. */
#ifndef TORC_SRC_MAILBOX_H
#define TORC_SRC_MAILBOX_H

#include "tsan.h"

#include <stdbool.h>
#include <torc/ringptr.h>

struct mailbox;

/* torc_mailbox_new: room for `capacity` messages, a power of two minus one at most 2^24 - 1; NULL if there is no
 * memory. */
struct mailbox *torc_mailbox_new(uint32_t capacity);
void torc_mailbox_free(struct mailbox *mailbox);

bool torc_mailbox_enqueue(struct mailbox *mailbox, struct torc_ringptr message);
bool torc_mailbox_dequeue(struct mailbox *mailbox, struct torc_ringptr *message);

/* actor.c: the capacity for what was asked: a power of two minus one, 0 stands for 1023. */
#define TORC_MAILBOX_MAX ((1u << 24) - 1)
uint32_t torc_mailbox_capacity(uint32_t asked);

/* How many messages wait; a snapshot. */
uint32_t torc_mailbox_depth(const struct mailbox *mailbox);

/* torc_mailbox_put: any thread; false if it is full. torc_mailbox_take: the actor only; false if it is empty. */
static inline bool torc_mailbox_put(struct mailbox *mailbox, struct torc_ringptr message) {
    TORC_TSAN_RELEASE(mailbox); /* ck_ring stores the tail after the message, with release */
    return torc_mailbox_enqueue(mailbox, message);
}
static inline bool torc_mailbox_take(struct mailbox *mailbox, struct torc_ringptr *message) {
    bool found = torc_mailbox_dequeue(mailbox, message);
    TORC_TSAN_ACQUIRE(mailbox); /* ck_ring loads the tail before the message, with acquire */
    return found;
}

#endif
