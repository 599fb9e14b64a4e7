/* src/mailbox_bare.c - a mailbox without an actor: sending, receiving, shutting.
 *
 * The hand-over is that of src/send.c: after the put the receiver may sleep (SLEEP, with the mailbox in the place of
 * the stamp); after the take a sender may (SPACE). */
#include "waitset.h"

#include <stdlib.h>

int torc_mailbox_open(struct torc_bus *public_bus, const struct torc_mailbox_config *config,
                      struct torc_mailbox **out) {
    static const struct torc_mailbox_config defaults;
    struct bus *bus = torc_bus_live(public_bus);
    struct torc_mailbox *mailbox;
    config = config == NULL ? &defaults : config;
    if (bus == NULL || out == NULL || (unsigned)config->full > TORC_MAILBOX_DROP ||
        (unsigned)config->wait > TORC_WAIT_BACKOFF || config->capacity > TORC_MAILBOX_MAX) {
        return TORC_INVALID;
    }
    mailbox = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *mailbox));
    if (mailbox == NULL) {
        return TORC_NO_MEMORY;
    }
    *mailbox = (struct torc_mailbox){.bus = bus, .config = *config};
    torc_notify_init(&mailbox->notify);
    mailbox->queue = torc_mailbox_new(torc_mailbox_capacity(config->capacity));
    if (mailbox->queue == NULL) {
        free(mailbox);
        return TORC_NO_MEMORY;
    }
    *out = mailbox;
    return TORC_OK;
}

/* --- sending ------------------------------------------------------------------------------------------------ */

struct sending {
    struct torc_mailbox *mailbox;
    struct torc_ringptr message;
    int status;
};

static void wake_receiver(struct torc_mailbox *mailbox) {
    torc_barrier_light(mailbox->bus->hot.fence); /* SLEEP */
    if (torc_load_relaxed32(&mailbox->work.waiting) != 0) {
        torc_waitpoint_wake(&mailbox->work);
    }
    torc_notify(&mailbox->notify);
}

static bool put(void *context) {
    struct sending *sending = context;
    struct torc_mailbox *mailbox = sending->mailbox;
    sending->status = TORC_CLOSED;
    if (torc_load_acquire32(&mailbox->shut) != 0) {
        return true;
    }
    sending->status = TORC_WOULD_BLOCK;
    if (!torc_mailbox_put(mailbox->queue, sending->message)) {
        return false;
    }
    wake_receiver(mailbox);
    sending->status = TORC_OK;
    return true;
}

static int send_full(struct sending *sending, uint64_t deadline) {
    struct torc_mailbox *mailbox = sending->mailbox;
    struct torc_await await = {&mailbox->space, put, NULL, sending, mailbox->bus->hot.fence, mailbox->config.wait};
    int status;
    if (mailbox->config.full == TORC_MAILBOX_FAIL) {
        return TORC_WOULD_BLOCK;
    }
    if (mailbox->config.full == TORC_MAILBOX_DROP) {
        (void)torc_add_relaxed64(&mailbox->dropped, 1);
        return torc_ringptr_release(sending->message);
    }
    status = torc_await(&await, deadline);
    return status == TORC_OK ? sending->status : status;
}

/* Also when the sender is cancelled while it waits. */
static void sender_out(struct torc_mailbox **mailbox) {
    (void)torc_add_release32(&(*mailbox)->senders, UINT32_MAX); /* one less */
}

int torc_mailbox_send(struct torc_mailbox *mailbox, struct torc_ringptr message, uint64_t deadline) {
    struct sending sending = {mailbox, message, TORC_OK};
    if (mailbox == NULL || message.bus != &mailbox->bus->hot) {
        return TORC_INVALID;
    }
    if (!torc_ringptr_is_valid(message)) {
        return TORC_STALE;
    }
    /* Whoever shuts it looks at `senders` after `shut`: one that is inside may still put, one that comes is refused. */
    struct torc_mailbox *inside __attribute__((cleanup(sender_out))) = mailbox;
    (void)torc_add_relaxed32(&inside->senders, 1);
    torc_fence_full();
    return put(&sending) ? sending.status : send_full(&sending, deadline);
}

/* --- receiving ---------------------------------------------------------------------------------------------- */

static bool take(struct torc_mailbox *mailbox, struct torc_ringptr *message) {
    if (!torc_mailbox_take(mailbox->queue, message)) {
        return false;
    }
    torc_barrier_light(mailbox->bus->hot.fence); /* SPACE */
    if (torc_load_relaxed32(&mailbox->space.waiting) != 0) {
        torc_waitpoint_wake(&mailbox->space);
    }
    return true;
}

static bool ready(void *context) {
    return mailbox_ready(context);
}

/* Nobody puts any more. The fence is the other half of the senders': they count themselves in before they look at
 * `shut`, this looks at the count after `shut`, which a third thread may have set. */
static bool all_sent(const struct torc_mailbox *mailbox) {
    if (torc_load_acquire32(&mailbox->shut) == 0) {
        return false;
    }
    torc_fence_full();
    return torc_load_acquire32(&mailbox->senders) == 0;
}

/* Before the last look: what was accepted is found. */
static int why_nothing(struct torc_mailbox *mailbox, struct torc_ringptr *message) {
    bool over = all_sent(mailbox);
    if (take(mailbox, message)) {
        return TORC_OK;
    }
    return over ? TORC_CLOSED : TORC_EMPTY;
}

int torc_mailbox_receive(struct torc_mailbox *mailbox, struct torc_ringptr *message, uint64_t deadline) {
    struct torc_await await;
    if (mailbox == NULL || message == NULL) {
        return TORC_INVALID;
    }
    await = (struct torc_await){&mailbox->work, ready, NULL, mailbox, mailbox->bus->hot.fence, mailbox->config.wait};
    for (uint32_t round = 0;; round++) {
        int status = why_nothing(mailbox, message);
        if (status != TORC_EMPTY || deadline == TORC_NO_WAIT) {
            return status;
        }
        if (torc_load_relaxed32(&mailbox->shut) != 0) {
            torc_pause(TORC_WAIT_BACKOFF, round); /* a sender is on its way out */
            continue;
        }
        status = torc_await(&await, deadline);
        if (status != TORC_OK) {
            return status;
        }
    }
}

uint32_t torc_mailbox_count(const struct torc_mailbox *mailbox) {
    return mailbox == NULL ? 0 : torc_mailbox_depth(mailbox->queue);
}

uint64_t torc_mailbox_dropped(const struct torc_mailbox *mailbox) {
    return mailbox == NULL ? 0 : torc_load_relaxed64(&mailbox->dropped);
}

/* --- the end ------------------------------------------------------------------------------------------------ */

int torc_mailbox_shut(struct torc_mailbox *mailbox) {
    if (mailbox == NULL) {
        return TORC_INVALID;
    }
    torc_store_release32(&mailbox->shut, 1);
    torc_waitpoint_wake(&mailbox->space);
    torc_waitpoint_wake(&mailbox->work);
    torc_notify(&mailbox->notify);
    return TORC_OK;
}

int torc_mailbox_close(struct torc_mailbox *mailbox) {
    struct torc_ringptr message;
    if (torc_mailbox_shut(mailbox) != TORC_OK) {
        return TORC_INVALID;
    }
    for (uint32_t round = 0; torc_load_acquire32(&mailbox->senders) != 0; round++) {
        torc_waitpoint_wake(&mailbox->space);
        torc_pause(TORC_WAIT_BACKOFF, round);
    }
    torc_waitset_forget(&mailbox->notify, mailbox);
    torc_notify_end(&mailbox->notify);
    while (torc_mailbox_take(mailbox->queue, &message)) {
        (void)torc_ringptr_release(message);
    }
    torc_mailbox_free(mailbox->queue);
    free(mailbox);
    return TORC_OK;
}
