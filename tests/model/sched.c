/* sched.c - who runs next.
 *
 * A thread can be preempted before an operation whose result others can change: a read or RMW of a location that others
 * write, a lock, a fence where others fence. After a preemption it goes on only when somebody has made the store (or
 * lock, or fence) that makes a difference, and then reads nothing older: everything else was explored without the
 * preemption, which costs no more. So no execution within the bound is lost. Where a thread waits or ends, others run
 * at no cost. */
#include "explorer.h"

#include <stdlib.h>

/* Rounds of a loop that nothing else can end any more before that is called a livelock: enough for waits of a bounded
 * number of rounds; more where a deadline may end it, which loops look at now and then only. */
#define FRUITLESS        30u
#define FRUITLESS_CLOCKS 140u

enum how { HOW_RUN = 0, HOW_TIMEOUT, HOW_IMPATIENT };

struct options {
    uint32_t count;
    uint32_t value[2 * MAX_THREADS]; /* thread * 4 + how */
};

static void offer(struct options *options, const struct thread *thread, enum how how) {
    options->value[options->count++] = thread->number * 4u + (uint32_t)how;
}

void sched_changed(void) {
    ex.changes++;
}

void sched_end(enum verdict verdict) {
    void *unused;
    ex.verdict = verdict;
    coroutine_switch(&unused, ex.main_stack_pointer);
    __builtin_unreachable();
}

/* --- who can go on ---------------------------------------------------------------------------------------------- */

/* Has something that a paused thread looked at changed? One that looked at nothing waits for any change. */
static bool has_news(const struct thread *thread) {
    for (uint32_t i = 0; i < thread->seen_count; i++) {
        const struct seen_store *seen = &thread->seen[i];
        if (seen->location->run != ex.run || seen->location->last != seen->store) {
            return true;
        }
    }
    return thread->seen_count == 0 && thread->pending_serial != ex.changes;
}

static bool ready(const struct thread *thread) {
    if (!thread->restricted) {
        return true;
    }
    return thread->pending == PENDING_FENCE ? ex.fences > thread->pending_serial
                                            : thread->pending_at->serial > thread->pending_serial;
}

static bool barrier_done(const struct thread *self) {
    for (uint32_t i = 1; i < ex.threads; i++) {
        if ((ex.thread[i].inject_for & bit_of(self)) != 0) {
            return false;
        }
    }
    return true;
}

static bool can_run(const struct thread *thread) {
    switch (thread->state) {
    case THREAD_READY:
        return ready(thread);
    case THREAD_PAUSED:
        return has_news(thread);
    case THREAD_MUTEX:
        return *(const volatile uint32_t *)thread->waits_at->address == 0;
    case THREAD_JOIN:
        return ex.thread[thread->joins].state == THREAD_DONE;
    case THREAD_HEAVY:
        return barrier_done(thread);
    case THREAD_NONE:
    case THREAD_FUTEX:
    case THREAD_COND:
    case THREAD_DONE:
    default:
        return false;
    }
}

static bool has_deadline(const struct thread *thread) {
    return (thread->state == THREAD_FUTEX || thread->state == THREAD_COND) && thread->deadline != FOREVER;
}

static void collect(const struct thread *self, bool free, struct options *options) {
    options->count = 0;
    if (!free) {
        offer(options, self, HOW_RUN);
    }
    for (uint32_t i = 1; i < ex.threads; i++) {
        const struct thread *other = &ex.thread[(self->number + i - 1) % (ex.threads - 1) + 1];
        if (other == self && !free) {
            continue;
        }
        if (can_run(other)) {
            offer(options, other, HOW_RUN);
        } else if (has_deadline(other) && ex.timeouts != 0) {
            offer(options, other, HOW_TIMEOUT);
        } else if (other->state == THREAD_PAUSED && ex.impatience != 0) {
            offer(options, other, HOW_IMPATIENT);
        }
    }
}

/* --- nobody can -------------------------------------------------------------------------------------------------- */

static const char *waiting_for(const struct thread *thread) {
    static const char *const names[] = {[THREAD_NONE] = "not started",
                                        [THREAD_READY] = "ready",
                                        [THREAD_PAUSED] = "spins",
                                        [THREAD_FUTEX] = "sleeps in futex wait",
                                        [THREAD_MUTEX] = "waits for a mutex",
                                        [THREAD_COND] = "waits for a condition variable",
                                        [THREAD_JOIN] = "joins a thread",
                                        [THREAD_HEAVY] = "in a heavy barrier",
                                        [THREAD_DONE] = "done"};
    return names[thread->state];
}

static void stuck(const char *what) {
    char text[400];
    int at = 0;
    for (uint32_t i = 1; i < ex.threads; i++) {
        const struct thread *thread = &ex.thread[i];
        const struct model_site *site = thread->doing;
        if (thread->state != THREAD_DONE && at < (int)sizeof text - 100) {
            at += snprintf(text + at, sizeof text - (size_t)at, "; T%u %s", i, waiting_for(thread));
            if (site != NULL && site->line != 0) {
                at += snprintf(text + at, sizeof text - (size_t)at, ", last at %s:%u", short_file(site->file),
                               site->line);
            }
        }
    }
    violation("%s%s", what, text);
}

static bool all_done(bool *asleep) {
    bool done = true;
    *asleep = false;
    for (uint32_t i = 1; i < ex.threads; i++) {
        done = done && ex.thread[i].state == THREAD_DONE;
        *asleep = *asleep || ex.thread[i].state == THREAD_READY;
    }
    return done;
}

/* Offers deadlines; threads that spin, once or twice each, if there are deadlines, else whoever did so least. */
static void collect_stuck(struct options *options) {
    const struct thread *spins = NULL;
    for (uint32_t i = 1; i < ex.threads; i++) {
        const struct thread *thread = &ex.thread[i];
        if (has_deadline(thread)) {
            offer(options, thread, HOW_TIMEOUT);
        }
        if (thread->state == THREAD_PAUSED && (spins == NULL || thread->fruitless < spins->fruitless)) {
            spins = thread;
        }
    }
    if (spins == NULL || (options->count != 0 && spins->fruitless >= 2)) {
        return;
    }
    if (spins->fruitless >= (ex.clock_read ? FRUITLESS_CLOCKS : FRUITLESS)) {
        stuck("livelock");
    }
    if (options->count == 0) {
        ex.now += UINT64_C(1000) << (spins->fruitless < 40 ? spins->fruitless : 40);
    }
    offer(options, spins, HOW_IMPATIENT);
}

static void collect_at_rest(struct options *options) {
    bool asleep;
    if (all_done(&asleep)) {
        sched_end(VERDICT_DONE);
    }
    if (heavy_force()) {
        return;
    }
    if (asleep) {
        sched_end(VERDICT_PRUNED);
    }
    collect_stuck(options);
    if (options->count == 0) {
        stuck("deadlock");
    }
}

/* --- switching --------------------------------------------------------------------------------------------------- */

static void forget_seen(struct thread *thread) {
    thread->seen_count = 0;
    thread->learned = false;
}

static void wake(struct thread *thread, enum how how) {
    if (how != HOW_RUN) {
        state_learn(thread, (uint64_t)how);
    }
    if (how == HOW_TIMEOUT) {
        thread->timed_out = true;
        ex.now = ex.now > thread->deadline ? ex.now : thread->deadline;
    }
    if (thread->state == THREAD_PAUSED) {
        thread->fruitless_ok = how == HOW_IMPATIENT;
        thread->fruitless = how == HOW_IMPATIENT ? thread->fruitless + 1 : 0;
        forget_seen(thread);
    }
    thread->state = THREAD_READY;
}

static void run(struct thread *self, uint32_t value) {
    struct thread *next = &ex.thread[value / 4];
    wake(next, (enum how)(value % 4));
    if (next != self) {
        ex.running = next;
        coroutine_switch(&self->stack_pointer, next->stack_pointer);
    }
}

static uint32_t pick(const struct options *options, bool free) {
    uint32_t best = 0;
    if (options->count == 0) {
        abort(); /* whoever asks has somebody to choose */
    }
    if (ex.mode != MODE_RANDOM) {
        return options->value[options->count == 1 && !free ? 0 : decide('s', options->value, options->count, free)];
    }
    for (uint32_t i = 1; i < options->count; i++) {
        const struct thread *thread = &ex.thread[options->value[i] / 4];
        if (thread->random_priority > ex.thread[options->value[best] / 4].random_priority) {
            best = i;
        }
    }
    return options->value[decide('s', options->value, best + 1, free)]; /* the last of these */
}

static void pay(uint32_t value, bool at_rest) {
    if (value % 4 == HOW_TIMEOUT && ex.timeouts != 0 && !at_rest) {
        ex.timeouts--;
    }
    if (value % 4 == HOW_IMPATIENT && ex.impatience != 0 && !at_rest) {
        ex.impatience--;
    }
}

void sched_block(struct thread *self) {
    struct options options;
    bool at_rest = false;
    uint32_t value;
    ex.step++; /* decisions of the operation and of the wait are told apart in a replay string */
    state_look(self, NULL);
    collect(self, true, &options);
    while (options.count == 0) {
        at_rest = true;
        collect_at_rest(&options);
        if (options.count == 0) {
            collect(self, true, &options);
        }
    }
    value = pick(&options, true);
    pay(value, at_rest);
    run(self, value);
}

static bool matters(const struct thread *self, enum pending what, const struct location *at) {
    uint8_t others = (uint8_t)~bit_of(self);
    if (ex.mode == MODE_REPLAY || ex.plain) {
        return true;
    }
    return ((what == PENDING_FENCE ? ex.fencers : at->writers) & others) != 0;
}

/* PCT: a few times per execution the running thread falls behind all others. */
static void drop_priority(struct thread *self) {
    for (uint32_t i = 0; i < sizeof ex.change_at / sizeof ex.change_at[0]; i++) {
        if (ex.change_at[i] != 0 && ex.step >= ex.change_at[i]) {
            ex.change_at[i] = 0;
            self->random_priority = i;
        }
    }
}

void sched_point(struct thread *self, enum pending what, struct location *at) {
    struct options options;
    uint32_t value;
    bool shared = matters(self, what, at);
    heavy_before(self, shared);
    if (shared) {
        state_look(self, at);
    }
    if (!shared || ex.preemptions == 0 || ex.threads <= 2) {
        return;
    }
    if (ex.mode == MODE_RANDOM) {
        drop_priority(self);
    }
    collect(self, false, &options);
    value = pick(&options, false);
    if (value / 4 == self->number) {
        return;
    }
    ex.preemptions--;
    pay(value, false);
    self->pending = what;
    self->pending_at = at;
    self->pending_serial = what == PENDING_FENCE ? ex.fences : at->serial;
    self->restricted = ex.mode == MODE_SEARCH && !ex.plain;
    run(self, value);
    ex.step++;
    if (what == PENDING_FENCE) {
        self->restricted = false;
    }
    heavy_before(self, shared);
}

void sched_first(void) {
    struct options options;
    uint32_t value;
    void **from = &ex.main_stack_pointer;
    collect(&ex.thread[1], true, &options);
    value = pick(&options, true);
    wake(&ex.thread[value / 4], HOW_RUN);
    ex.running = &ex.thread[value / 4];
    coroutine_switch(from, ex.running->stack_pointer);
}

/* --- pauses ------------------------------------------------------------------------------------------------------ */

void sched_note_read(struct thread *self, struct location *location, struct store *store) {
    for (uint32_t i = self->seen_count; i > 0; i--) {
        if (self->seen[i - 1].location == location) {
            self->seen[i - 1].store = store;
            return;
        }
    }
    if (self->seen_count < MAX_SEEN) {
        self->seen[self->seen_count++] = (struct seen_store){location, store};
    }
}

/* A store of its own is no news to a thread: else a loop that ends each round with one would seem to have some for
 * ever. */
void sched_note_write(struct thread *self, const struct location *location, struct store *store) {
    for (uint32_t i = self->seen_count; i > 0; i--) {
        if (self->seen[i - 1].location == location) {
            self->seen[i - 1].store = store;
            break;
        }
    }
    sched_changed();
}

void sched_pause(struct thread *self) {
    self->state = THREAD_PAUSED;
    self->pending_serial = ex.changes;
    if (!self->learned && !self->fruitless_ok && ex.mode == MODE_SEARCH && self->seen_count != 0 && has_news(self)) {
        sched_end(VERDICT_PRUNED);
    }
    if (self->learned) {
        self->fruitless = 0;
    }
    sched_block(self);
}
