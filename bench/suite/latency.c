/* latency.c - how long one event takes: between threads that look, and to a thread that sleeps. */
#include "harness.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint32_t *samples_of(uint64_t n) {
    static uint32_t *samples;
    if (samples == NULL) {
        samples = bench_memory(SUITE_SAMPLES * sizeof *samples);
    }
    return n <= SUITE_SAMPLES ? samples : NULL;
}

/* As many round trips as fill twice a slice, so that a 99.9th percentile means something. */
bool suite_measure_pingpong(const struct suite_case *which, const struct suite_plugin *plugin,
                            struct suite_sample *sample) {
    uint64_t *n = suite_adapted(which, plugin);
    void *state = plugin->flow != NULL ? plugin->flow->open(&which->plan) : NULL;
    if (state == NULL) {
        return false;
    }
    if (suite_settings.smoke) {
        *n = 200;
    } else if (*n == 0) {
        double ns = (double)suite_slice(which, plugin, state, 2000, samples_of(2000), NULL).ns / 2000;
        double fits = 2 * suite_settings.slice_ms * 1e6 / ns;
        *n = fits < 2000 ? 2000 : fits > SUITE_SAMPLES ? SUITE_SAMPLES : (uint64_t)fits;
    }
    (void)suite_slice(which, plugin, state, suite_settings.smoke ? 20 : 1000, samples_of(1000), NULL);
    (void)suite_slice(which, plugin, state, *n, samples_of(*n), NULL);
    plugin->flow->close(state);
    /* The first round trip began before the other side was there. */
    suite_yield_latencies(sample, samples_of(*n) + 1, *n - 1, 2);
    return true;
}

/* --- wakeup --- */

static int sleeper; /* the consumer's /proc/.../stat, or -1 */

/* The state after the last parenthesis: S is asleep. */
static bool asleep(void) {
    char text[512];
    const char *end;
    ssize_t length = pread(sleeper, text, sizeof text - 1, 0);
    if (length <= 0) {
        bench_die("/proc/self/task", strerror(errno));
    }
    text[length] = '\0';
    end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' && end[2] == 'S';
}

/* Until the consumer has got all that was sent, and lies down. */
static void settle(struct suite_job *job) {
    const struct suite_job *consumer = job->context;
    while (__atomic_load_n(&consumer->seen, __ATOMIC_ACQUIRE) != job->settled) {
        bench_relax();
    }
    job->settled++;
    while (!asleep()) {
        (void)sched_yield();
    }
}

/* The consumer's thread: it opens its own file before it runs. */
struct sleeping {
    const struct suite_plugin *plugin;
    void *state;
    uint32_t *samples;
    struct suite_job jobs[2];
    uint32_t ready;
};

static void wake_body(void *context, unsigned thread) {
    struct sleeping *sleeping = context;
    if (thread == 1) {
        char path[64];
        (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)gettid());
        sleeper = open(path, O_RDONLY | O_CLOEXEC);
        if (sleeper < 0) {
            bench_die(path, strerror(errno));
        }
        __atomic_store_n(&sleeping->ready, 1, __ATOMIC_RELEASE);
    } else {
        while (__atomic_load_n(&sleeping->ready, __ATOMIC_ACQUIRE) == 0) {
            (void)sched_yield();
        }
    }
    sleeping->plugin->flow->run(sleeping->state, &sleeping->jobs[thread]);
}

bool suite_measure_wakeup(const struct suite_case *which, const struct suite_plugin *plugin,
                          struct suite_sample *sample) {
    static struct sleeping sleeping;
    uint64_t n = suite_settings.smoke ? 20 : suite_settings.quick ? 200 : 1100;
    void *state = plugin->flow != NULL && plugin->flow->slice == NULL ? plugin->flow->open(&which->plan) : NULL;
    if (state == NULL) {
        return false;
    }
    memset(&sleeping, 0, sizeof sleeping);
    sleeping.plugin = plugin;
    sleeping.state = state;
    for (unsigned i = 0; i < 2; i++) {
        sleeping.jobs[i] = (struct suite_job){
            .thread = i, .n = n, .samples = samples_of(n), .settle = settle, .context = &sleeping.jobs[1]};
    }
    (void)suite_run_threads(2, wake_body, &sleeping);
    (void)close(sleeper);
    plugin->flow->close(state);
    if (sleeping.jobs[0].sum != sleeping.jobs[1].sum) {
        bench_die(plugin->name, "checksum: what was consumed is not what was produced");
    }
    suite_yield_latencies(sample, samples_of(n) + 1, n - 1, 1);
    return true;
}

/* --- idle_cpu: readers that block, and nothing comes --- */

struct idling {
    const struct suite_plugin *plugin;
    void *state;
    struct suite_job *jobs;
    double seconds, cpu_ms;
};

static double cpu_ms(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        bench_die("getrusage", strerror(errno));
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void nap(double seconds) {
    struct timespec span = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &span, &span) == EINTR) {
    }
}

/* The producer lets everybody fall asleep, then wait, then sends the one event that they wait for. */
static void idle_body(void *context, unsigned thread) {
    struct idling *idling = context;
    if (thread == 0) {
        double before;
        nap(.2);
        before = cpu_ms();
        nap(idling->seconds);
        idling->cpu_ms = cpu_ms() - before;
    }
    idling->plugin->flow->run(idling->state, &idling->jobs[thread]);
}

bool suite_measure_idle(const struct suite_case *which, const struct suite_plugin *plugin,
                        struct suite_sample *sample) {
    struct suite_job jobs[SUITE_THREADS] = {{0}};
    struct idling idling = {.plugin = plugin, .jobs = jobs, .seconds = suite_settings.quick ? 1 : 5};
    idling.state = plugin->flow != NULL && plugin->flow->slice == NULL ? plugin->flow->open(&which->plan) : NULL;
    if (idling.state == NULL) {
        return false;
    }
    if (sample->rehearsal) {
        idling.seconds = .1; /* there is nothing to learn */
    }
    for (unsigned i = 0; i < suite_threads(&which->plan); i++) {
        jobs[i].thread = i;
        jobs[i].n = 1;
    }
    (void)suite_run_threads(suite_threads(&which->plan), idle_body, &idling);
    plugin->flow->close(idling.state);
    suite_yield(sample, suite_settings.quick ? "cpu_1s" : "cpu_5s", idling.cpu_ms, "ms");
    return true;
}
