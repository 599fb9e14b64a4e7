/* src/waitset.h - bare mailboxes and wait-sets; private to mailbox_bare.c and waitset.c. */
#ifndef TORC_SRC_WAITSET_H
#define TORC_SRC_WAITSET_H

#include "core.h"
#include "mailbox.h"

#include <torc/waitset.h>

/* Not in the region: it is this process's own, as is CK's ring. */
struct torc_mailbox {
    struct torc_waitpoint work;  /* the receiver sleeps here */
    struct torc_waitpoint space; /* senders do */
    struct bus *bus;
    struct mailbox *queue;
    struct torc_mailbox_config config;
    struct notify notify;
    torc_a32 shut;
    torc_a32 senders; /* threads inside torc_mailbox_send */
    torc_a64 dropped;
};

static inline bool mailbox_ready(const struct torc_mailbox *mailbox) {
    return torc_mailbox_depth(mailbox->queue) != 0 || torc_load_acquire32(&mailbox->shut) != 0;
}

#endif
