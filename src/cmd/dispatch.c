/* dispatch.c - the one reader of a run.
 *
 * It may wait: for a slot to keep an inline event in, and for room in a mailbox. Both come from the actors, who
 * never wait for anything but the disk. So a slow actor slows the dispatcher, the dispatcher's cursor holds back the
 * producers, and nothing is ever dropped; and there is no circle in which all could wait for each other. */
#include "dispatch.h"

#include "cmd.h"

/* What one failure leaves undone shows in the actors' counts. */
static void fail(struct dispatcher *dispatcher, const char *what, int status) {
    complain("%s: %s", what, torc_strerror(status));
    control_fail(dispatcher->control);
}

static void send_clone(struct dispatcher *dispatcher, struct worker *worker, struct torc_ringptr record) {
    struct torc_ringptr clone;
    int status = torc_ringptr_clone(record, &clone);
    if (status != TORC_OK) {
        fail(dispatcher, "clone", status);
        return;
    }
    status = torc_actor_send(worker->actor, clone, TORC_FOREVER);
    if (status == TORC_OK) {
        return; /* the mailbox owns the clone */
    }
    fail(dispatcher, worker->name, status);
    status = torc_ringptr_release(clone);
    if (status != TORC_OK) {
        fail(dispatcher, "release", status);
    }
}

static void count(struct dispatcher *dispatcher, const struct torc_event *event, struct torc_ringptr record) {
    int shirt = event->slot == 0 ? TORC_INLINE_EVENT : torc_ringptr_shirt(record);
    if (shirt >= 0 && shirt < SIZES) {
        dispatcher->events[shirt]++;
        dispatcher->bytes[shirt] += event->length;
    }
}

static void dispatch_one(struct dispatcher *dispatcher, const struct torc_event *event) {
    struct torc_ringptr record;
    int status = torc_keep_until(dispatcher->reader, event, TORC_FOREVER, &record);
    dispatcher->dispatched++;
    if (status != TORC_OK) {
        fail(dispatcher, "keep", status);
        return;
    }
    count(dispatcher, event, record);
    for (int i = 0; i < WORKERS; i++) {
        send_clone(dispatcher, &dispatcher->workers[i], record);
    }
    status = torc_ringptr_release(record);
    if (status != TORC_OK) {
        fail(dispatcher, "release", status);
    }
}

void *dispatch_main(void *argument) {
    struct dispatcher *dispatcher = argument;
    struct torc_event event;
    int status;
    while ((status = torc_next_until(dispatcher->reader, &event, TORC_FOREVER)) == TORC_OK) {
        dispatch_one(dispatcher, &event);
    }
    if (status != TORC_CLOSED) {
        fail(dispatcher, "next", status);
    }
    return NULL;
}
