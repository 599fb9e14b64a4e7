/* src/waitset.c - one futex for many: a set sleeps at a waitpoint of its own, and arms the place beside each member
 * (src/notify.h), so that whoever wakes a member wakes the set as well. */
#include "waitset.h"

#include <stdlib.h>

#define CAPACITY_MAX 4096u

struct member {
    struct torc_ready ready; /* what it is; expirations is filled when it is handed out */
    struct notify *notify;   /* NULL for timers */
    uint64_t due, period;    /* of timers */
};

struct torc_waitset {
    struct torc_waitpoint point;
    torc_a32 woken;
    uint32_t fence; /* 0 if one of the buses uses membarrier */
    enum torc_wait how;
    uint32_t capacity, count;
    uint32_t first; /* whose turn it is to be looked at first */
    uint32_t timers;
    struct member member[];
};

int torc_waitset_create(uint32_t capacity, enum torc_wait wait, struct torc_waitset **out) {
    struct torc_waitset *set;
    size_t bytes = sizeof *set + (size_t)capacity * sizeof(struct member);
    if (out == NULL || capacity == 0 || capacity > CAPACITY_MAX || (unsigned)wait > TORC_WAIT_BACKOFF) {
        return TORC_INVALID;
    }
    set = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(bytes));
    if (set == NULL) {
        return TORC_NO_MEMORY;
    }
    *set = (struct torc_waitset){.fence = 1, .how = wait, .capacity = capacity};
    *out = set;
    return TORC_OK;
}

int torc_waitset_destroy(struct torc_waitset *set) {
    if (set == NULL) {
        return TORC_INVALID;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->member[i].notify != NULL) {
            torc_notify_join(set->member[i].notify, NULL, NULL);
        }
    }
    free(set);
    return TORC_OK;
}

/* --- members ------------------------------------------------------------------------------------------------ */

static int add(struct torc_waitset *set, const struct member *member) {
    if (member->notify != NULL && member->notify->owner != NULL) {
        return TORC_BUSY;
    }
    if (set->count == set->capacity) {
        return TORC_NO_ROOM;
    }
    if (member->notify != NULL) {
        torc_notify_join(member->notify, &set->point, set);
    }
    set->member[set->count++] = *member;
    return TORC_OK;
}

static int remove_at(struct torc_waitset *set, uint32_t at) {
    if (at == set->count) {
        return TORC_NOT_FOUND;
    }
    if (set->member[at].notify != NULL) {
        torc_notify_join(set->member[at].notify, NULL, NULL);
    }
    set->member[at] = set->member[--set->count];
    return TORC_OK;
}

/* Where the member with this reader or mailbox is; count if it is not here. */
static uint32_t find(const struct torc_waitset *set, const void *what) {
    uint32_t at = 0;
    while (at < set->count && set->member[at].ready.reader != what && set->member[at].ready.mailbox != what) {
        at++;
    }
    return at;
}

static uint32_t find_timer(const struct torc_waitset *set, uint32_t timer) {
    uint32_t at = 0;
    while (at < set->count &&
           (set->member[at].ready.kind != TORC_READY_TIMER || set->member[at].ready.timer != timer)) {
        at++;
    }
    return at;
}

int torc_waitset_add_reader(struct torc_waitset *set, struct torc_reader *reader, void *context) {
    struct reader *self = reader_of(reader);
    int status;
    if (set == NULL || reader == NULL) {
        return TORC_INVALID;
    }
    if (torc_load_acquire32(&self->closing) != 0) {
        return TORC_CLOSED;
    }
    status = add(set, &(struct member){.ready = {.kind = TORC_READY_READER, .context = context, .reader = reader},
                                       .notify = &self->bus->notify[self->index]});
    set->fence &= status == TORC_OK ? self->bus->hot.fence : 1;
    return status;
}

int torc_waitset_add_mailbox(struct torc_waitset *set, struct torc_mailbox *mailbox, void *context) {
    int status;
    if (set == NULL || mailbox == NULL) {
        return TORC_INVALID;
    }
    status = add(set, &(struct member){.ready = {.kind = TORC_READY_MAILBOX, .context = context, .mailbox = mailbox},
                                       .notify = &mailbox->notify});
    set->fence &= status == TORC_OK ? mailbox->bus->hot.fence : 1;
    return status;
}

int torc_waitset_add_timer(struct torc_waitset *set, uint64_t deadline, uint64_t period_ns, void *context,
                           uint32_t *timer) {
    int status;
    if (set == NULL) {
        return TORC_INVALID;
    }
    status = add(set, &(struct member){.ready = {.kind = TORC_READY_TIMER, .context = context, .timer = set->timers},
                                       .due = deadline,
                                       .period = period_ns});
    if (status == TORC_OK && timer != NULL) {
        *timer = set->timers;
    }
    set->timers += status == TORC_OK;
    return status;
}

int torc_waitset_set_timer(struct torc_waitset *set, uint32_t timer, uint64_t deadline, uint64_t period_ns) {
    uint32_t at;
    if (set == NULL) {
        return TORC_INVALID;
    }
    at = find_timer(set, timer);
    if (at == set->count) {
        return TORC_NOT_FOUND;
    }
    set->member[at].due = deadline;
    set->member[at].period = period_ns;
    return TORC_OK;
}

int torc_waitset_remove_reader(struct torc_waitset *set, struct torc_reader *reader) {
    return set == NULL || reader == NULL ? TORC_INVALID : remove_at(set, find(set, reader));
}

int torc_waitset_remove_mailbox(struct torc_waitset *set, struct torc_mailbox *mailbox) {
    return set == NULL || mailbox == NULL ? TORC_INVALID : remove_at(set, find(set, mailbox));
}

int torc_waitset_remove_timer(struct torc_waitset *set, uint32_t timer) {
    return set == NULL ? TORC_INVALID : remove_at(set, find_timer(set, timer));
}

void torc_waitset_forget(const struct notify *notify, const void *member) {
    struct torc_waitset *set = notify->owner;
    if (set != NULL) {
        (void)remove_at(set, find(set, member));
    }
}

/* --- waiting ------------------------------------------------------------------------------------------------ */

static bool member_ready(const struct member *member, uint64_t now) {
    switch (member->ready.kind) {
    case TORC_READY_READER:
        return torc_reader_ready(reader_of(member->ready.reader));
    case TORC_READY_MAILBOX:
        return mailbox_ready(member->ready.mailbox);
    case TORC_READY_TIMER:
    default:
        return member->due <= now;
    }
}

/* Not for nothing: a lane that came or went and an aborted claim make a reader look ready. */
static bool truly_ready(const struct member *member, uint64_t now) {
    return member_ready(member, now) &&
           (member->ready.reader == NULL || torc_reader_look(reader_of(member->ready.reader)) != TORC_EMPTY);
}

/* How often its period has passed; it is due again at the next multiple. */
static uint64_t expire(struct member *member, uint64_t now) {
    uint64_t times = 1;
    if (member->period == 0) {
        member->due = TORC_FOREVER;
        return times;
    }
    times += (now - member->due) / member->period;
    member->due =
        times < (TORC_FOREVER - member->due) / member->period ? member->due + times * member->period : TORC_FOREVER;
    return times;
}

static int collect(struct torc_waitset *set, struct torc_ready *ready, size_t n) {
    uint64_t now = torc_now();
    uint32_t start = set->count == 0 ? 0 : set->first % set->count;
    size_t found = 0;
    for (uint32_t i = 0; i < set->count && found < n; i++) {
        uint32_t at = (start + i) % set->count;
        struct member *member = &set->member[at];
        if (truly_ready(member, now)) {
            ready[found] = member->ready;
            ready[found++].expirations = member->ready.kind == TORC_READY_TIMER ? expire(member, now) : 0;
            set->first = at + 1;
        }
    }
    return (int)found;
}

/* Timers are not looked at: the deadline is not beyond the first of them. */
static bool anything(void *context) {
    const struct torc_waitset *set = context;
    if (torc_load_acquire32(&set->woken) != 0) {
        return true;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->member[i].notify != NULL && member_ready(&set->member[i], 0)) {
            return true;
        }
    }
    return false;
}

static void announce(void *context) {
    const struct torc_waitset *set = context;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct member *member = &set->member[i];
        if (member->notify != NULL) {
            torc_notify_arm_set(member->notify);
        }
        if (member->ready.reader != NULL) {
            torc_reader_announce(reader_of(member->ready.reader));
        }
    }
}

/* Nothing stays borrowed while the set sleeps: a publisher could be waiting for it. */
static int rest_readers(const struct torc_waitset *set) {
    for (uint32_t i = 0; i < set->count; i++) {
        struct reader *reader = reader_of(set->member[i].ready.reader);
        if (reader != NULL && torc_load_relaxed64(&reader->poller) != 0) {
            return TORC_BUSY;
        }
    }
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->member[i].ready.reader != NULL) {
            torc_reader_rest(reader_of(set->member[i].ready.reader));
        }
    }
    return TORC_OK;
}

static uint64_t first_timer(const struct torc_waitset *set, uint64_t deadline) {
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->member[i].notify == NULL && set->member[i].due < deadline) {
            deadline = set->member[i].due;
        }
    }
    return deadline;
}

int torc_waitset_wait(struct torc_waitset *set, struct torc_ready *ready, size_t n, uint64_t deadline) {
    if (set == NULL || ready == NULL || n == 0 || n > CAPACITY_MAX) {
        return TORC_INVALID;
    }
    if (rest_readers(set) != TORC_OK) {
        return TORC_BUSY;
    }
    for (;;) {
        struct torc_await await = {&set->point, anything, announce, set, set->fence, set->how};
        bool woken = torc_load_relaxed32(&set->woken) != 0 && torc_xchg_acq_rel32(&set->woken, 0) != 0;
        int found = collect(set, ready, n);
        int status;
        if (found != 0 || woken) {
            return found;
        }
        if (deadline == TORC_NO_WAIT) {
            return TORC_EMPTY;
        }
        status = torc_await(&await, first_timer(set, deadline));
        if (status == TORC_TIMED_OUT && torc_now() >= deadline) {
            found = collect(set, ready, n);
            return found != 0 ? found : TORC_TIMED_OUT;
        }
    }
}

int torc_waitset_wake(struct torc_waitset *set) {
    if (set == NULL) {
        return TORC_INVALID;
    }
    torc_store_release32(&set->woken, 1);
    torc_waitpoint_wake(&set->point);
    return TORC_OK;
}
