/* src/send.c - sending a handle to an actor's mailbox, and what to do when that is full. */
#include "actor.h"

struct sending {
    struct torc_actor *actor;
    struct torc_ringptr message;
    int status;
};

/* One try. After the put, the actor may sleep: SLEEP, with the mailbox in the place of the stamp. */
static bool put(void *context) {
    struct sending *sending = context;
    struct torc_actor *actor = sending->actor;
    if (!actor_running(actor)) {
        sending->status = TORC_CLOSED;
        return true;
    }
    if (!torc_mailbox_put(actor->mailbox, sending->message)) {
        sending->status = TORC_WOULD_BLOCK;
        return false;
    }
    (void)torc_add_relaxed64(&actor->sent, 1);
    torc_barrier_light(actor->bus->hot.fence);
    if (torc_load_relaxed32(&actor_work_point(actor)->waiting) != 0) {
        torc_waitpoint_wake(actor_work_point(actor));
    }
    sending->status = TORC_OK;
    return true;
}

static int send_full(struct sending *sending, uint64_t deadline) {
    struct torc_actor *actor = sending->actor;
    struct torc_await await = {actor_space_point(actor), put, NULL, sending, actor->bus->hot.fence, actor->config.wait};
    int status;
    switch (actor->config.full) {
    case TORC_MAILBOX_FAIL:
        return TORC_WOULD_BLOCK;
    case TORC_MAILBOX_DROP:
        (void)torc_add_relaxed64(&actor->dropped, 1);
        return torc_ringptr_release(sending->message);
    case TORC_MAILBOX_WAIT:
    default:
        status = torc_await(&await, deadline);
        return status == TORC_OK ? sending->status : status;
    }
}

/* Also when the sender is cancelled while it waits. */
static void sender_out(struct torc_actor **actor) {
    (void)torc_add_release32(&(*actor)->senders, UINT32_MAX); /* one less */
}

int torc_actor_send(struct torc_actor *actor, struct torc_ringptr message, uint64_t deadline) {
    struct sending sending = {actor, message, TORC_OK};
    if (actor == NULL || message.bus != &actor->bus->hot || actor->config.on_message == NULL) {
        return TORC_INVALID;
    }
    if (actor->bus->forked) {
        return TORC_FORKED;
    }
    if (!torc_ringptr_is_valid(message)) {
        return TORC_STALE;
    }
    /* Whoever stops the actor waits until nobody is in here before it lets the actor look for the last time. */
    struct torc_actor *inside __attribute__((cleanup(sender_out))) = actor;
    (void)torc_add_relaxed32(&inside->senders, 1);
    torc_fence_full();
    return put(&sending) ? sending.status : send_full(&sending, deadline);
}
