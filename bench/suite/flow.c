/* flow.c - events between threads: slices of a plan, and throughput. */
#include "harness.h"
#include <stdlib.h>
#include <string.h>

struct slice {
    const struct suite_plugin *plugin;
    void *state;
    struct suite_job *jobs;
};

static void play(void *context, unsigned thread) {
    struct slice *slice = context;
    slice->plugin->flow->run(slice->state, &slice->jobs[thread]);
}

static void agree(const struct suite_case *which, const struct suite_plugin *plugin, uint64_t produced,
                  uint64_t consumed) {
    if (produced != consumed) {
        char what[128];
        (void)snprintf(what, sizeof what, "%s: %s", which->name, plugin->name);
        bench_die(what, "checksum: what was consumed is not what was produced");
    }
}

/* Everybody saw everything: each consumer all that the producers sent, the last of a diamond all of it twice. */
static void check_sums(const struct suite_case *which, const struct suite_plugin *plugin,
                       const struct suite_job *jobs) {
    const struct suite_plan *plan = &which->plan;
    unsigned threads = suite_threads(plan), producers = plan->shape == SUITE_FLOW ? plan->producers : 1;
    uint64_t produced = 0;
    for (unsigned i = 0; i < producers; i++) {
        produced += jobs[i].sum;
    }
    for (unsigned i = producers; i < threads; i++) {
        bool twice = plan->shape == SUITE_DIAMOND && i == 3;
        agree(which, plugin, twice ? 2 * produced : produced, jobs[i].sum);
    }
}

struct suite_outcome suite_slice(const struct suite_case *which, const struct suite_plugin *plugin, void *state,
                                 uint64_t n, uint32_t *samples, void (*settle)(struct suite_job *)) {
    static struct suite_job jobs[SUITE_THREADS];
    struct slice slice = {plugin, state, jobs};
    struct suite_outcome outcome = {0, 0};
    unsigned threads = suite_threads(&which->plan);
    if (plugin->flow->slice != NULL) {
        outcome.ns = plugin->flow->slice(state, n, samples, &outcome.stall);
        return outcome;
    }
    memset(jobs, 0, sizeof jobs);
    for (unsigned i = 0; i < threads; i++) {
        jobs[i].thread = i;
        jobs[i].n = n;
        jobs[i].samples = samples;
        jobs[i].settle = settle;
        jobs[i].context = &jobs[1];
    }
    outcome.ns = suite_run_threads(threads, play, &slice);
    check_sums(which, plugin, jobs);
    for (unsigned i = 0; i < threads; i++) {
        outcome.stall = jobs[i].stall > outcome.stall ? jobs[i].stall : outcome.stall;
    }
    return outcome;
}

/* Whole passes of a trace; ten times around each ring at least. */
static uint64_t fit(const struct suite_plan *plan, uint64_t n) {
    uint64_t least = (suite_settings.smoke ? 2 : 10) * plan->entries / plan->producers;
    if (plan->trace != NULL) {
        return (n + plan->trace->count - 1) / plan->trace->count * plan->trace->count;
    }
    return n < least ? least : n;
}

/* In the warm-up: from few operations up to those that fill a slice. */
static uint64_t learn(const struct suite_case *which, const struct suite_plugin *plugin, void *state) {
    double wanted = suite_settings.slice_ms * 1e6;
    uint64_t n = fit(&which->plan, 1);
    while (!suite_settings.smoke) {
        double ns = (double)suite_slice(which, plugin, state, n, NULL, NULL).ns;
        double more = wanted / (ns > 1 ? ns : 1);
        if (more < 1.5) {
            return n;
        }
        n = fit(&which->plan, (uint64_t)((double)n * (more < 16 ? more : 16)));
        if (more < 4) {
            return n;
        }
    }
    return n;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = ((const struct suite_outcome *)a)->ns, y = ((const struct suite_outcome *)b)->ns;
    return (x > y) - (x < y);
}

/* The median of three slices, each run again, once, if a thread was preempted though there are cores enough. One that
 * takes eight times as long as it should, because ten times around the ring is the least, is long enough to stand for
 * three. */
static uint64_t median_slice(const struct suite_case *which, const struct suite_plugin *plugin, void *state, uint64_t n,
                             uint64_t *stall) {
    struct suite_outcome outcomes[3] = {{0}};
    bool room = suite_threads(&which->plan) <= suite_cores() && !suite_settings.smoke;
    unsigned count = suite_settings.smoke ? 1 : 3;
    for (unsigned i = 0; i < count; i++) {
        (void)suite_preempted();
        outcomes[i] = suite_slice(which, plugin, state, n, NULL, NULL);
        if (room && suite_preempted()) {
            outcomes[i] = suite_slice(which, plugin, state, n, NULL, NULL);
        }
        *stall = outcomes[i].stall > *stall ? outcomes[i].stall : *stall;
        if ((double)outcomes[i].ns > 8e6 * suite_settings.slice_ms) {
            count = i + 1;
        }
    }
    qsort(outcomes, count, sizeof *outcomes, ascending);
    return outcomes[count / 2].ns;
}

bool suite_measure_flow(const struct suite_case *which, const struct suite_plugin *plugin,
                        struct suite_sample *sample) {
    const struct suite_plan *plan = &which->plan;
    uint64_t *n = suite_adapted(which, plugin), ns, stall = 0;
    double events;
    void *state = plugin->flow != NULL ? plugin->flow->open(plan) : NULL;
    if (state == NULL) {
        return false;
    }
    if (*n == 0) {
        *n = learn(which, plugin, state);
    } else {
        (void)suite_slice(which, plugin, state, plan->trace != NULL ? plan->trace->count : *n / 8 + 1, NULL, NULL);
    }
    ns = median_slice(which, plugin, state, *n, &stall);
    plugin->flow->close(state);
    events = (double)*n * (plan->shape == SUITE_FLOW ? plan->producers : 1);
    suite_yield(sample, "throughput", events * 1e3 / (double)ns, "M/s");
    if (plan->waiting == SUITE_BLOCK) {
        suite_yield(sample, "longest_stall", (double)stall * suite_ns_per_tick() / 1e6, "ms");
    }
    return true;
}
