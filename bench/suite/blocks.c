/* blocks.c - allocators and reference counts. */
#include "harness.h"
#include "families.h"
#include <stdlib.h>
#include <string.h>

struct blocks {
    const struct suite_alloc *alloc;
    const struct suite_count *count;
    void *state;
    uint64_t n;
    uint64_t sums[2];
    uint32_t *samples;
    enum suite_blocks how;
};

static void blocks_body(void *context, unsigned thread) {
    struct blocks *blocks = context;
    const struct suite_alloc *alloc = blocks->alloc;
    uint64_t (*work)(void *, uint64_t) = blocks->how == SUITE_WINDOW  ? alloc->window
                                         : blocks->how == SUITE_ALONE ? alloc->alone
                                         : thread == 0                ? alloc->cross_take
                                                                      : alloc->cross_give;
    blocks->sums[thread] = work(blocks->state, blocks->n);
}

static double blocks_slice(const struct suite_case *which, struct blocks *blocks, uint64_t n) {
    unsigned threads = blocks->how == SUITE_CROSS ? 2 : 1;
    uint64_t ns;
    blocks->n = n;
    ns = suite_run_threads(threads, blocks_body, blocks);
    if (threads == 2 && blocks->sums[0] != blocks->sums[1]) {
        bench_die(which->name, "checksum: what was given back is not what was taken");
    }
    return (double)ns / (double)n;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of three slices of the length that is wanted; the first call learns how many operations that takes. */
static double median_of_three(const struct suite_case *which, const struct suite_plugin *plugin, void *context,
                              double (*slice)(const struct suite_case *, void *, uint64_t)) {
    uint64_t *n = suite_adapted(which, plugin);
    double ns[3] = {0};
    if (suite_settings.smoke) {
        *n = 2000;
    } else if (*n == 0) {
        double each = slice(which, context, 20000);
        *n = (uint64_t)(suite_settings.slice_ms * 1e6 / each) + 2000;
    }
    (void)slice(which, context, *n / 8 + 1000);
    for (unsigned i = 0; i < (suite_settings.smoke ? 1 : 3); i++) {
        (void)suite_preempted();
        ns[i] = slice(which, context, *n);
        if (!suite_settings.smoke && suite_preempted()) {
            ns[i] = slice(which, context, *n);
        }
    }
    qsort(ns, 3, sizeof *ns, ascending);
    return ns[suite_settings.smoke ? 2 : 1];
}

static double any_blocks_slice(const struct suite_case *which, void *context, uint64_t n) {
    return blocks_slice(which, context, n);
}

bool suite_measure_alloc(const struct suite_case *which, const struct suite_plugin *plugin,
                         struct suite_sample *sample) {
    struct blocks blocks = {.alloc = plugin->alloc, .how = (enum suite_blocks)which->parameter};
    if (plugin->alloc == NULL) {
        return false;
    }
    blocks.state = plugin->alloc->open(which->plan.bytes, 2);
    suite_yield(sample, "take_give", median_of_three(which, plugin, &blocks, any_blocks_slice), "ns");
    plugin->alloc->close(blocks.state);
    return true;
}

/* --- clogged --- */

static void timed_body(void *context, unsigned thread) {
    struct blocks *blocks = context;
    (void)thread;
    (void)blocks->alloc->timed(blocks->state, blocks->samples, blocks->n);
}

static void clog_body(void *context, unsigned thread) {
    struct blocks *blocks = context;
    (void)thread;
    blocks->alloc->clog(blocks->state);
}

bool suite_measure_clogged(const struct suite_case *which, const struct suite_plugin *plugin,
                           struct suite_sample *sample) {
    struct blocks blocks = {.alloc = plugin->alloc};
    struct suite_sample unclogged = {.count = 0};
    uint64_t n = suite_settings.quick ? 20000 : SUITE_SAMPLES;
    if (plugin->alloc == NULL || plugin->alloc->clog == NULL) {
        return false;
    }
    blocks.samples = bench_memory(SUITE_SAMPLES * sizeof *blocks.samples);
    blocks.state = plugin->alloc->open(which->plan.bytes, 1);
    blocks.n = n;
    (void)suite_run_threads(1, timed_body, &blocks);
    (void)suite_run_threads(1, timed_body, &blocks);
    suite_yield_latencies(&unclogged, blocks.samples, n, 1);
    for (size_t i = 0; i < unclogged.count; i++) {
        if (strcmp(unclogged.metric[i], "p50") == 0) {
            suite_yield(sample, "unclogged_p50", unclogged.value[i], "ns");
        }
    }
    (void)suite_run_threads(1, clog_body, &blocks);
    (void)suite_run_threads(1, timed_body, &blocks);
    suite_yield_latencies(sample, blocks.samples, n, 1);
    plugin->alloc->close(blocks.state);
    free(blocks.samples);
    return true;
}

/* --- reference counts --- */

static void count_body(void *context, unsigned thread) {
    struct blocks *blocks = context;
    (void)thread;
    blocks->count->run(blocks->state, blocks->n);
}

static double count_slice(const struct suite_case *which, void *context, uint64_t n) {
    struct blocks *blocks = context;
    blocks->n = n;
    return (double)suite_run_threads((unsigned)which->parameter, count_body, blocks) / (double)n;
}

bool suite_measure_count(const struct suite_case *which, const struct suite_plugin *plugin,
                         struct suite_sample *sample) {
    struct blocks blocks = {.count = plugin->count};
    if (plugin->count == NULL) {
        return false;
    }
    blocks.state = plugin->count->open();
    suite_yield(sample, "clone_release", median_of_three(which, plugin, &blocks, count_slice), "ns");
    plugin->count->close(blocks.state);
    return true;
}
