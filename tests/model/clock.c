/* clock.c - time. It stands still while anybody can go on; deadlines pass when nobody can, or when a scenario lets them
 * (timeouts). A nap, like a yield, is a pause: see model.h. */
#include "explorer.h"

#include <sched.h>
#include <time.h>

void model_relax(struct model_site *site) {
    struct thread *self = ex.running;
    if (exploring()) {
        self->doing = site->same != NULL ? site->same : self->doing; /* a line of the source, if it is one */
        ex.step++;
        heavy_before(self, true);
        sched_pause(self);
    }
}

static void pause_named(const char *name) {
    static struct model_site site = {"C library", "pause", "", 0, MODEL_PAUSE, 0, 0, 0, 0, 1, 0, NULL, ""};
    site.name = name;
    model_relax(&site);
}

void model_pause(void) {
    pause_named("pause");
}

uint64_t model_now(void) {
    if (exploring()) {
        state_learn(ex.running, ex.now);
    }
    return ex.now;
}

int __wrap_sched_yield(void);
int __wrap_sched_yield(void) {
    pause_named("yield");
    return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *left) {
    (void)clock, (void)flags, (void)request, (void)left;
    pause_named("nap");
    return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time) {
    (void)clock;
    ex.clock_read = true;
    (void)model_now();
    time->tv_sec = (time_t)(ex.now / UINT64_C(1000000000));
    time->tv_nsec = (long)(ex.now % UINT64_C(1000000000));
    return 0;
}
