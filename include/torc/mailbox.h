/* torc/mailbox.h - a queue of ringptrs without an actor: many senders, one receiving thread of yours.
 *
 *     torc_mailbox_send(mailbox, ptr, TORC_FOREVER);                       // any thread
 *     while (torc_mailbox_receive(mailbox, &ptr, TORC_FOREVER) == TORC_OK) // one thread
 *         use_and_release(ptr);
 *
 * It belongs to one bus and must be closed before that is destroyed. A wait-set (torc/waitset.h) can wait for it
 * together with readers and timers. */
#ifndef TORC_MAILBOX_H
#define TORC_MAILBOX_H

#include <stdint.h>
#include <torc/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

struct torc_mailbox;

struct torc_mailbox_config {
    uint32_t capacity; /* in messages, rounded up to a power of two minus one, at least 3; 0: 1023 */
    enum torc_mailbox_full full;
    enum torc_wait wait; /* how the receiver waits for messages, and senders for space */
};

/* torc_mailbox_open: config NULL: all defaults. Any thread. TORC_INVALID. TORC_NO_MEMORY. */
int torc_mailbox_open(struct torc_bus *bus, const struct torc_mailbox_config *config, struct torc_mailbox **mailbox);

/* torc_mailbox_send: passes one reference on. Any thread. On TORC_OK the mailbox owns it; on any error the caller keeps
 * it.
 * TORC_WOULD_BLOCK: full (policy FAIL, or TORC_NO_WAIT). TORC_TIMED_OUT. TORC_CLOSED: shut. TORC_STALE: not a live
 * handle.
 * TORC_INVALID. */
int torc_mailbox_send(struct torc_mailbox *mailbox, struct torc_ringptr message, uint64_t deadline);

/* torc_mailbox_receive: takes the oldest message: the caller owns the reference and releases it. One thread at a time.
 * TORC_EMPTY: none, with TORC_NO_WAIT; TORC_TIMED_OUT; TORC_CLOSED: shut, and all was received; TORC_INVALID. */
int torc_mailbox_receive(struct torc_mailbox *mailbox, struct torc_ringptr *message, uint64_t deadline);

/* torc_mailbox_count: how many messages wait; a snapshot. torc_mailbox_dropped: how many were released because it was
 * full (DROP). Any thread. 0 for NULL. */
uint32_t torc_mailbox_count(const struct torc_mailbox *mailbox);
uint64_t torc_mailbox_dropped(const struct torc_mailbox *mailbox);

/* torc_mailbox_shut: new sends answer TORC_CLOSED, senders that wait for space come back with it, the receiver gets
 * what is left and then
 * TORC_CLOSED. Any thread, also twice. TORC_INVALID. */
int torc_mailbox_shut(struct torc_mailbox *mailbox);

/* torc_mailbox_close: shuts it, releases what is left and frees it; a wait-set forgets it. As with torc_actor_stop,
 * senders that wait come back first, and the caller sees to it that no send begins any more. TORC_INVALID. */
int torc_mailbox_close(struct torc_mailbox *mailbox);

#ifdef __cplusplus
}
#endif
#endif
