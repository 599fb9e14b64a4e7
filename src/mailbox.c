/* src/mailbox.c - the typed ck_ring behind a mailbox. Not built with ThreadSanitizer: see mailbox.h. */
#include <ck_ring.h>

#include "mailbox.h"

#include <stdlib.h>

CK_RING_PROTOTYPE(ringptr, torc_ringptr)

struct mailbox {
    ck_ring_t ring;
    struct torc_ringptr message[];
};

struct mailbox *torc_mailbox_new(uint32_t capacity) {
    /* A ck_ring of size n holds n - 1. */
    uint32_t size = capacity + 1;
    size_t bytes = sizeof(struct mailbox) + size * sizeof(struct torc_ringptr);
    struct mailbox *mailbox = aligned_alloc(TORC_LINE, (bytes + TORC_LINE - 1) & ~(size_t)(TORC_LINE - 1));
    if (mailbox != NULL) {
        ck_ring_init(&mailbox->ring, size);
    }
    return mailbox;
}

void torc_mailbox_free(struct mailbox *mailbox) {
    free(mailbox);
}

bool torc_mailbox_enqueue(struct mailbox *mailbox, struct torc_ringptr message) {
    return CK_RING_ENQUEUE_MPSC(ringptr, &mailbox->ring, mailbox->message, &message);
}

bool torc_mailbox_dequeue(struct mailbox *mailbox, struct torc_ringptr *message) {
    return CK_RING_DEQUEUE_MPSC(ringptr, &mailbox->ring, mailbox->message, message);
}

uint32_t torc_mailbox_depth(const struct mailbox *mailbox) {
    return ck_ring_size(&mailbox->ring);
}
