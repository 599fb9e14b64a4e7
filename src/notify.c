/* src/notify.c - telling eventfds and wait-sets; and a reader as a file descriptor. */
#include "notify.h"

#include "core.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <torc/event_loop.h>
#include <unistd.h>

void torc_notify_init(struct notify *notify) {
    static const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    *notify = (struct notify){.lock = unlocked, .fd = -1};
}

/* System calls by number: write() would be a cancellation point, and a publisher must not end here with the lock
 * held. */
static void signal_fd(int fd) {
    uint64_t one = 1;
    (void)syscall(SYS_write, fd, &one, sizeof one);
}

static void empty_fd(int fd) {
    uint64_t count;
    (void)syscall(SYS_read, fd, &count, sizeof count);
}

void torc_notify_slow(struct notify *notify) {
    uint32_t armed;
    (void)pthread_mutex_lock(&notify->lock);
    armed = torc_load_relaxed32(&notify->armed);
    torc_store_relaxed32(&notify->armed, 0);
    if ((armed & NOTIFY_FD) != 0) {
        signal_fd(notify->fd);
    }
    if ((armed & NOTIFY_SET) != 0) {
        torc_waitpoint_wake(notify->set);
    }
    (void)pthread_mutex_unlock(&notify->lock);
}

int torc_notify_open(struct notify *notify) {
    if (notify->fd < 0) {
        int fd = (int)syscall(SYS_eventfd2, 1, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0) {
            return TORC_SYSTEM;
        }
        (void)pthread_mutex_lock(&notify->lock);
        notify->fd = fd;
        (void)pthread_mutex_unlock(&notify->lock);
    }
    return notify->fd;
}

/* Armed already: whoever published since then has seen the announcement, so there is nothing to say again. */
int torc_notify_arm_fd(struct notify *notify) {
    if ((torc_load_relaxed32(&notify->armed) & NOTIFY_FD) != 0) {
        return 0;
    }
    (void)pthread_mutex_lock(&notify->lock);
    empty_fd(notify->fd);
    torc_store_relaxed32(&notify->armed, torc_load_relaxed32(&notify->armed) | NOTIFY_FD);
    (void)pthread_mutex_unlock(&notify->lock);
    return 1;
}

void torc_notify_join(struct notify *notify, struct torc_waitpoint *set, void *owner) {
    (void)pthread_mutex_lock(&notify->lock);
    notify->set = set;
    notify->owner = owner;
    torc_store_relaxed32(&notify->armed, torc_load_relaxed32(&notify->armed) & ~NOTIFY_SET);
    (void)pthread_mutex_unlock(&notify->lock);
}

void torc_notify_arm_set(struct notify *notify) {
    (void)pthread_mutex_lock(&notify->lock);
    torc_store_relaxed32(&notify->armed, torc_load_relaxed32(&notify->armed) | NOTIFY_SET);
    (void)pthread_mutex_unlock(&notify->lock);
}

void torc_notify_end(struct notify *notify) {
    int fd;
    (void)pthread_mutex_lock(&notify->lock);
    fd = notify->fd;
    notify->fd = -1;
    notify->set = NULL;
    notify->owner = NULL;
    torc_store_relaxed32(&notify->armed, 0);
    (void)pthread_mutex_unlock(&notify->lock);
    if (fd >= 0) {
        (void)syscall(SYS_close, fd);
    }
}

/* --- readers ------------------------------------------------------------------------------------------------ */

int torc_reader_fd(struct torc_reader *reader) {
    struct reader *self = reader_of(reader);
    int fd;
    if (reader == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (torc_load_acquire32(&self->closing) != 0) {
        return TORC_CLOSED;
    }
    fd = torc_notify_open(&self->bus->notify[self->index]);
    if (fd >= 0) {
        self->has_fd = true;
        self->one_lane = false; /* an idle poll that finds nothing must come by torc_reader_arm */
    }
    return fd;
}

void torc_reader_arm(struct reader *self) {
    struct notify *notify = &self->bus->notify[self->index];
    if (torc_notify_arm_fd(notify)) {
        torc_reader_announce(self);
        torc_barrier_heavy(self->bus->hot.fence); /* SLEEP */
        if (torc_reader_ready(self)) {
            torc_notify(notify);
        }
    }
}
