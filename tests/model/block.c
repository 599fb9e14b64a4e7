/* block.c - what threads block on: futex, mutex, condition variable.
 *
 * A futex sleeper checks the word under the kernel's lock: it may see any value that coherence allows, but none older
 * than what a waker knew that has already passed that lock. Spurious wake-ups are not made, so a lost one is a
 * deadlock. A mutex keeps its owner in its own memory (so that it is put back with it) and hands its last owner's view
 * to the next one. */
#include "explorer.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SITE(name)                                                                                                     \
    { "C library", name, "", 0, MODEL_PAUSE, 0, 0, 0, 0, 1, 0, NULL, "" }
static struct model_site wait_site = SITE("futex wait"), wake_site = SITE("futex wake"), lock_site = SITE("lock"),
                         unlock_site = SITE("unlock"), cond_wait_site = SITE("wait for condition"),
                         signal_site = SITE("signal condition");

static struct thread *begin(struct model_site *site, const void *at) {
    struct thread *self = ex.running;
    ex.step++;
    if (heap_state_of((uintptr_t)at) == HEAP_FREED) {
        violation("use after free: %s at %p by T%u", site->name, at, self->number);
    }
    return self;
}

static void note(struct model_site *site, const void *at, uint64_t value) {
    trace_add((struct step){.site = site, .at = at, .read = value});
}

/* Others' waits for this location must be explored against what this thread does to it. */
static void note_writer(const struct thread *self, struct location *location) {
    uint8_t me = bit_of(self);
    bool news = (location->writers & me) == 0 && ((location->writers | location->readers) & ~me) != 0;
    location->writers |= me;
    location->serial++;
    sched_changed();
    if (news && ex.mode == MODE_SEARCH) {
        sched_end(VERDICT_RESTART);
    }
}

/* --- futex -------------------------------------------------------------------------------------------------------- */

static uint64_t value_under_lock(struct thread *self, struct location *location) {
    uint32_t value[64];
    struct store *choice[64];
    struct clock seen = self->view.sc;
    struct store *floor;
    uint32_t count = 0;
    clock_join(&seen, &location->handed.sc);
    floor = floor_of(location, &seen);
    for (struct store *store = location->last; count < 64; store = store->older, count++) {
        choice[count] = store;
        value[count] = count;
        if (store == floor) {
            count++;
            break;
        }
    }
    floor = choice[count == 1 ? 0 : decide('r', value, count, false)];
    /* A look by the kernel is a look by this thread: it will not see older values afterwards. */
    self->learned = location_touch(self, location, floor) || self->learned;
    state_learn(self, state_store(floor));
    return floor->value;
}

static int futex_wait(uint32_t *word, uint32_t expected, const struct timespec *until) {
    struct thread *self = begin(&wait_site, word);
    struct location *location = location_of(word, 4);
    uint64_t found;
    location->readers |= bit_of(self);
    sched_point(self, PENDING_READ, location);
    self->restricted = false;
    found = value_under_lock(self, location);
    note(&wait_site, word, found);
    if (found != expected) {
        errno = EAGAIN;
        return -1;
    }
    self->state = THREAD_FUTEX;
    self->waits_at = location;
    self->timed_out = false;
    self->deadline =
        until == NULL ? FOREVER : (uint64_t)until->tv_sec * UINT64_C(1000000000) + (uint64_t)until->tv_nsec;
    sched_block(self);
    if (self->timed_out) {
        errno = ETIMEDOUT;
        return -1;
    }
    return 0;
}

static int futex_wake(uint32_t *word) {
    struct thread *self = begin(&wake_site, word);
    struct location *location = location_of(word, 4);
    int woken = 0;
    heavy_before(self, true);
    view_join(&location->handed, &self->view);
    state_handed(self, location);
    for (uint32_t i = 1; i < ex.threads; i++) {
        if (ex.thread[i].state == THREAD_FUTEX && ex.thread[i].waits_at == location) {
            ex.thread[i].state = THREAD_READY;
            woken++;
        }
    }
    state_learn(self, (uint64_t)woken);
    note(&wake_site, word, (uint64_t)woken);
    note_writer(self, location);
    view_tick(self);
    return woken;
}

long model_fd_call(long number, const long *arg); /* event_fd.c */
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, ...);

static long futex_call(uint32_t *word, long op, uint32_t value, const struct timespec *until) {
    bool wait = (op & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET || (op & FUTEX_CMD_MASK) == FUTEX_WAIT;
    if (!exploring() && wait) {
        violation("setup or check would sleep for ever");
    }
    if (!exploring()) {
        return 0;
    }
    return wait ? futex_wait(word, value, until) : futex_wake(word);
}

long __wrap_syscall(long number, ...) {
    long arg[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        arg[i] = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_futex) {
        return futex_call((uint32_t *)arg[0], arg[1], (uint32_t)arg[2], (const struct timespec *)arg[3]);
    }
    if (number == SYS_membarrier) {
        errno = ENOSYS;
        return ex.scenario->fences ? -1 : 0;
    }
    if (number == SYS_eventfd2 || number == SYS_read || number == SYS_write || number == SYS_close) {
        return model_fd_call(number, arg);
    }
    return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

/* --- mutex -------------------------------------------------------------------------------------------------------- */

static volatile uint32_t *owner_of(pthread_mutex_t *mutex) {
    return (volatile uint32_t *)(void *)mutex;
}

static void take(struct thread *self, struct location *location, pthread_mutex_t *mutex) {
    while (*owner_of(mutex) != 0) {
        if (*owner_of(mutex) == self->number + 1u) {
            violation("T%u locks a mutex that it holds", self->number);
        }
        self->state = THREAD_MUTEX;
        self->waits_at = location;
        sched_block(self);
    }
    *owner_of(mutex) = self->number + 1u;
    view_join(&self->view, &location->handed);
    state_learn(self, location->handed_past);
    note(&lock_site, mutex, 0);
    note_writer(self, location);
    view_tick(self);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
    struct thread *self;
    struct location *location;
    if (!exploring()) {
        if (*owner_of(mutex) != 0) {
            violation("setup or check waits for a mutex for ever");
        }
        *owner_of(mutex) = 1;
        return 0;
    }
    self = begin(&lock_site, mutex);
    location = location_of(mutex, 0);
    sched_point(self, PENDING_READ, location);
    self->restricted = false;
    take(self, location, mutex);
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
    struct thread *self;
    struct location *location;
    if (!exploring()) {
        *owner_of(mutex) = 0;
        return 0;
    }
    self = begin(&unlock_site, mutex);
    location = location_of(mutex, 0);
    heavy_before(self, true);
    if (*owner_of(mutex) != self->number + 1u) {
        violation("T%u unlocks a mutex that it does not hold", self->number);
    }
    view_join(&location->handed, &self->view);
    state_handed(self, location);
    *owner_of(mutex) = 0;
    note(&unlock_site, mutex, 0);
    note_writer(self, location);
    view_tick(self);
    return 0;
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    (void)attributes;
    *owner_of(mutex) = 0;
    return 0;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex) {
    if (*owner_of(mutex) != 0) {
        violation("a mutex is destroyed while it is locked");
    }
    return 0;
}

/* --- condition variables ------------------------------------------------------------------------------------------ */

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
    struct thread *self;
    if (!exploring()) {
        violation("setup or check would wait for a condition for ever");
    }
    (void)__wrap_pthread_mutex_unlock(mutex);
    self = begin(&cond_wait_site, condition);
    note(&cond_wait_site, condition, 0);
    self->state = THREAD_COND;
    self->waits_for = condition;
    self->deadline = FOREVER;
    sched_block(self);
    return __wrap_pthread_mutex_lock(mutex);
}

static int wake(pthread_cond_t *condition, bool all) {
    uint32_t waiting[MAX_THREADS];
    uint32_t count = 0;
    if (!exploring()) {
        return 0;
    }
    (void)begin(&signal_site, condition);
    for (uint32_t i = 1; i < ex.threads; i++) {
        if (ex.thread[i].state == THREAD_COND && ex.thread[i].waits_for == condition) {
            waiting[count++] = i;
        }
    }
    note(&signal_site, condition, count);
    state_learn(ex.running, count);
    if (count > 1 && !all) {
        waiting[0] = waiting[decide('f', waiting, count, false)];
        count = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        ex.thread[waiting[i]].state = THREAD_READY;
    }
    sched_changed();
    return 0;
}

int __wrap_pthread_cond_signal(pthread_cond_t *condition);
int __wrap_pthread_cond_signal(pthread_cond_t *condition) {
    return wake(condition, false);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition) {
    return wake(condition, true);
}
