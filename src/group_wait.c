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

/* As many as there are now; or why there is none. Under the lock. */
static int hand_out(struct torc_member *member, struct torc_delivery *deliveries, size_t count) {
    size_t taken = 0;
    int status = TORC_OK;
    while (taken < count && status == TORC_OK) {
        status = torc_group_hand_out(member, &deliveries[taken]);
        taken += status == TORC_OK;
    }
    return taken != 0 ? (int)taken : status;
}

static int next_until(struct torc_member *member, struct torc_delivery *deliveries, size_t count, uint64_t deadline) {
    int status = TORC_OK;
    TORC_ONE_AT_A_TIME(member);
    while (status == TORC_OK) {
        bool watching;
        lock(member->group);
        status = hand_out(member, deliveries, count);
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

int torc_member_next_until(struct torc_member *member, struct torc_delivery *delivery, uint64_t deadline) {
    int status;
    if (member == NULL || delivery == NULL) {
        return TORC_INVALID;
    }
    *delivery = (struct torc_delivery){.attempt = 0};
    status = next_until(member, delivery, 1, deadline);
    return status > 0 ? TORC_OK : status;
}

int torc_member_next(struct torc_member *member, struct torc_delivery *delivery) {
    return torc_member_next_until(member, delivery, TORC_NO_WAIT);
}

int torc_member_next_batch_until(struct torc_member *member, struct torc_delivery *deliveries, size_t count,
                                 uint64_t deadline) {
    if (member == NULL || deliveries == NULL || count == 0) {
        return TORC_INVALID;
    }
    return next_until(member, deliveries, count, deadline);
}

int torc_member_next_batch(struct torc_member *member, struct torc_delivery *deliveries, size_t count) {
    return torc_member_next_batch_until(member, deliveries, count, TORC_NO_WAIT);
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

static int settle(struct torc_member *member, const struct torc_delivery *deliveries, size_t count,
                  void (*how)(struct torc_group *group, struct holding *holding)) {
    struct holding *holding;
    int status = TORC_OK;
    if (member == NULL || deliveries == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(member);
    lock(member->group);
    for (size_t i = 0; i < count && status == TORC_OK; i++) {
        status = find(member, &deliveries[i], &holding);
        if (status == TORC_OK) {
            how(member->group, holding);
        }
    }
    unlock(member->group);
    return status;
}

int torc_member_done(struct torc_member *member, const struct torc_delivery *delivery) {
    return settle(member, delivery, 1, torc_group_finish);
}

int torc_member_done_batch(struct torc_member *member, const struct torc_delivery *deliveries, size_t count) {
    return settle(member, deliveries, count, torc_group_finish);
}

int torc_member_return(struct torc_member *member, const struct torc_delivery *delivery) {
    return settle(member, delivery, 1, torc_group_take_back);
}

/* --- keeping ------------------------------------------------------------------------------------------------ */

struct keeping {
    struct torc_member *member;
    const struct torc_delivery *delivery;
    struct torc_ringptr *ptr;
    bool again;
    int status;
};

static bool kept(void *context) {
    struct keeping *keeping = context;
    struct torc_group *group = keeping->member->group;
    struct holding *holding;
    lock(group);
    keeping->status = find(keeping->member, keeping->delivery, &holding);
    if (keeping->status == TORC_OK && keeping->again && torc_load_acquire32(&group->reader->closing) != 0) {
        keeping->status = TORC_CLOSED; /* halted: who waits waits no longer */
    }
    if (keeping->status == TORC_OK) {
        torc_reader_save_current(group->reader);
        keeping->status = keeping->again ? torc_keep_again(&group->reader->hot, &holding->event, keeping->ptr)
                                         : torc_keep(&group->reader->hot, &holding->event, keeping->ptr);
    }
    unlock(group);
    return keeping->status != TORC_POOL_DRY;
}

/* Whoever leaves for the member wakes the reader's waitpoint, which is that of its keep pool. */
int torc_member_keep_until(struct torc_member *member, const struct torc_delivery *delivery, uint64_t deadline,
                           struct torc_ringptr *ptr) {
    struct keeping keeping = {member, delivery, ptr, false, TORC_OK};
    const struct torc_pool_view *pool;
    struct torc_await await;
    int status;
    if (member == NULL || delivery == NULL || ptr == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(member);
    pool = &member->bus->hot.pools[member->group->reader->keep_pool];
    if (kept(&keeping) || deadline == TORC_NO_WAIT || pool->capacity == 0) {
        return keeping.status;
    }
    keeping.again = true;
    await = (struct torc_await){pool->space, kept, NULL, &keeping, member->bus->hot.fence, member->group->reader->wait};
    status = torc_await(&await, deadline);
    return status == TORC_OK ? keeping.status : status;
}

int torc_member_keep(struct torc_member *member, const struct torc_delivery *delivery, struct torc_ringptr *ptr) {
    return torc_member_keep_until(member, delivery, TORC_NO_WAIT, ptr);
}
