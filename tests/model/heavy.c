/* heavy.c - fences, and the asymmetric barrier: the caller's own full fence, then one in every other thread, then the
 * caller's again.
 *
 * The kernel interrupts the other threads one by one while they run. So each of them may do any number of operations
 * before its fence comes: whether now or later is decided when the barrier is called and then before each of its
 * operations that others can notice. Meanwhile the caller waits. One that is to come late counts as a preemption. */
#include "explorer.h"

static struct model_site injected = {"kernel", "membarrier", "", 0, MODEL_FENCE, MODEL_SEQ_CST, 0, MODEL_SEQ_CST, 0, 1,
                                     0,        &injected,    ""};

static void note_fence(const struct thread *self) {
    uint8_t me = bit_of(self);
    bool news = (ex.fencers & me) == 0 && (ex.fencers & ~me) != 0;
    ex.fencers |= me;
    if (news && ex.mode == MODE_SEARCH) {
        sched_end(VERDICT_RESTART);
    }
}

static void fence_now(struct thread *self, struct model_site *site) {
    if (site->now == MODEL_SEQ_CST) {
        ex.fences++;
        state_learn(self, ex.sc_past);
        ex.sc_past = self->past;
    }
    view_fence(self, site->now);
    trace_add((struct step){.thread = self->number, .site = site, .order = site->now});
    view_tick(self);
}

static void inject(struct thread *self) {
    self->inject_for = 0;
    self->inject_now = false;
    self->restricted = false; /* what it is about to do is no longer what it would have done before */
    ex.step++;
    fence_now(self, &injected);
    sched_changed();
}

void heavy_before(struct thread *self, bool shared) {
    static const uint32_t now_or_later[] = {1, 0};
    if (self->inject_for == 0 || !shared) {
        return;
    }
    if (self->inject_now && decide('j', now_or_later, 2, true) == 1) {
        inject(self);
    }
    self->inject_now = true;
}

void heavy_finish(struct thread *self) {
    if (self->inject_for != 0) {
        inject(self);
    }
}

bool heavy_force(void) {
    bool any = false;
    for (uint32_t i = 1; i < ex.threads; i++) {
        if (ex.thread[i].inject_for != 0) {
            inject(&ex.thread[i]);
            any = true;
        }
    }
    return any;
}

static struct thread *begin(struct model_site *site) {
    struct thread *self = ex.running;
    self->doing = site;
    ex.atomic_operations++;
    ex.step++;
    return self;
}

/* A full fence, unless it was weakened. */
static void fence(struct model_site *site) {
    struct thread *self = begin(site);
    if (site->now == MODEL_SEQ_CST) {
        note_fence(self);
        sched_point(self, PENDING_FENCE, NULL);
    }
    fence_now(self, site);
}

void model_fence(struct model_site *site) {
    if (exploring()) {
        fence(site->same);
    }
}

void model_light(struct model_site *site, uint32_t with_fence) {
    if (exploring() && with_fence != 0) {
        fence(site->same);
    }
}

static void fence_others(const struct thread *self) {
    static const uint32_t now_or_later[] = {0, 1};
    for (uint32_t i = 1; i < ex.threads; i++) {
        struct thread *other = &ex.thread[i];
        if (other == self) {
            continue;
        }
        note_fence(other);
        if (other->inject_for == 0) {
            other->inject_now = false;
        }
        other->inject_for |= bit_of(self);
        /* One that has ended was switched away from, which is a fence as well. */
        if (other->state == THREAD_DONE || ex.preemptions == 0 || decide('i', now_or_later, 2, true) == 0) {
            inject(other);
        } else {
            ex.preemptions--;
        }
    }
}

void model_heavy(struct model_site *site, uint32_t with_fence) {
    struct thread *self;
    site = site->same;
    if (!exploring()) {
        return;
    }
    fence(site);
    self = ex.running;
    if (with_fence != 0 || !site->heavy) {
        return;
    }
    fence_others(self);
    self->state = THREAD_HEAVY;
    sched_block(self);
    fence_now(self, site);
}

void model_fence_acquire(void) {
    static struct model_site site = {"", "fence acquire", "", 0, MODEL_FENCE, 1, 0, MODEL_ACQUIRE, 0, 1, 0, &site, ""};
    if (exploring()) {
        fence(&site);
    }
}

void model_fence_release(void) {
    static struct model_site site = {"", "fence release", "", 0, MODEL_FENCE, 2, 0, MODEL_RELEASE, 0, 1, 0, &site, ""};
    if (exploring()) {
        fence(&site);
    }
}
