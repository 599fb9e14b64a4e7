/* src/group_wait.c - a member's turn: next, done, return, keep; and how members wait (src/group.h). */
#include "group.h"

static void lock(struct torc_group *group) {
    (void)pthread_mutex_lock(&group->lock);
}
static void unlock(struct torc_group *group) {
    (void)pthread_mutex_unlock(&group->lock);
}

/* --- waiting ------------------------------------------------------------------------------------------------ */

/* The watch is free: who has been idle longest takes it. */
static void call_next(struct torc_group *group) {
    struct torc_member *member = group->idle;
    group->watcher = member;
    if (member != NULL) {
        group->idle = member->next;
        member->idle = false;
        torc_store_relaxed32(&member->called, 1); /* what it is to see comes with the lock */
        torc_waitpoint_wake(&member->point);
    }
}

/* Begins to wait, as the watcher if there is none; the watcher stays it. */
static void stand_by(struct torc_member *member) {
    struct torc_group *group = member->group;
    struct torc_member **at = &group->idle;
    if (group->watcher == NULL || group->watcher == member) {
        group->watcher = member;
        return;
    }
    while (*at != NULL) {
        at = &(*at)->next;
    }
    member->next = NULL;
    member->idle = true;
    *at = member;
    torc_store_relaxed32(&member->called, 0);
}

void torc_member_stand_down(struct torc_member *member) {
    struct torc_group *group = member->group;
    struct torc_member **at = &group->idle;
    if (group->watcher == member) {
        torc_after_unwatch(group->reader);
        call_next(group);
    }
    if (member->idle) {
        while (*at != NULL && *at != member) {
            at = &(*at)->next;
        }
        *at = member->next;
        member->idle = false;
    }
}

static bool watch_ready(void *context) {
    struct torc_member *member = context;
    bool ready;
    lock(member->group);
    ready = torc_group_ready(member);
    unlock(member->group);
    return ready;
}

static void watch_announce(void *context) {
    struct torc_group *group = ((struct torc_member *)context)->group;
    lock(group);
    torc_reader_announce(group->reader);
    unlock(group);
}

static bool called(void *context) {
    const struct torc_member *member = context;
    return torc_load_relaxed32(&member->called) != 0;
}

/* Runs when the wait ended without a reason to look, also when the thread was cancelled in its sleep. */
static void end_wait(struct torc_member **waiting) {
    struct torc_member *member = *waiting;
    if (member != NULL) {
        lock(member->group);
        torc_member_stand_down(member);
        unlock(member->group);
    }
}

static int wait_for_turn(struct torc_member *member, bool watching, uint64_t deadline) {
    struct torc_member *waiting __attribute__((cleanup(end_wait))) = member;
    const struct reader *reader = member->group->reader;
    struct bus *bus = member->bus;
    struct torc_await await = {&member->point, called, NULL, member, bus->hot.fence, reader->wait};
    int status;
    if (watching) {
        await.point = &bus->waitpoints[reader->point];
        await.ready = watch_ready;
        await.announce = watch_announce;
    }
    status = torc_await(&await, deadline);
    waiting = status == TORC_OK ? NULL : member;
    return status;
}

/* --- a member's turn ---------------------------------------------------------------------------------------- */

int torc_member_next_until(struct torc_member *member, struct torc_delivery *delivery, uint64_t deadline) {
    int status = TORC_OK;
    if (member == NULL || delivery == NULL) {
        return TORC_INVALID;
    }
    *delivery = (struct torc_delivery){.attempt = 0};
    TORC_ONE_AT_A_TIME(member);
    while (status == TORC_OK) {
        bool watching;
        lock(member->group);
        status = torc_group_hand_out(member, delivery);
        if (status != TORC_EMPTY || deadline == TORC_NO_WAIT) {
            torc_member_stand_down(member);
            unlock(member->group);
            return status;
        }
        stand_by(member);
        watching = member->group->watcher == member;
        unlock(member->group);
        status = wait_for_turn(member, watching, deadline);
    }
    return status;
}

int torc_member_next(struct torc_member *member, struct torc_delivery *delivery) {
    return torc_member_next_until(member, delivery, TORC_NO_WAIT);
}

/* What this delivery stands for, if the member has it in hand. Under the lock. */
static int find(const struct torc_member *member, const struct torc_delivery *delivery, struct holding **holding) {
    struct torc_group *group = member->group;
    if (member->left) {
        return TORC_CLOSED;
    }
    *holding = delivery->place < group->places ? &group->place[delivery->place] : NULL;
    return *holding != NULL && (*holding)->member == member && (*holding)->event.lane == delivery->event.lane &&
                   (*holding)->event.sequence == delivery->event.sequence
               ? TORC_OK
               : TORC_NOT_FOUND;
}

static int settle(struct torc_member *member, const struct torc_delivery *delivery,
                  void (*how)(struct torc_group *group, struct holding *holding)) {
    struct holding *holding;
    int status;
    if (member == NULL || delivery == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(member);
    lock(member->group);
    status = find(member, delivery, &holding);
    if (status == TORC_OK) {
        how(member->group, holding);
    }
    unlock(member->group);
    return status;
}

int torc_member_done(struct torc_member *member, const struct torc_delivery *delivery) {
    return settle(member, delivery, torc_group_finish);
}

int torc_member_return(struct torc_member *member, const struct torc_delivery *delivery) {
    return settle(member, delivery, torc_group_take_back);
}

int torc_member_keep(struct torc_member *member, const struct torc_delivery *delivery, struct torc_ringptr *ptr) {
    struct holding *holding;
    int status;
    if (member == NULL || delivery == NULL || ptr == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(member);
    lock(member->group);
    status = find(member, delivery, &holding);
    if (status == TORC_OK) {
        torc_reader_save_current(member->group->reader);
        status = torc_keep(&member->group->reader->hot, &holding->event, ptr);
    }
    unlock(member->group);
    return status;
}
