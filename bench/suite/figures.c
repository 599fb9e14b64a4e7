/* figures.c - what a round yields, and latencies boiled down to percentiles. */
#include "harness.h"
#include <stdlib.h>

void suite_yield(struct suite_sample *sample, const char *metric, double value, const char *unit) {
    if (sample->count == SUITE_METRICS) {
        bench_die(metric, "more figures than there is space for");
    }
    sample->metric[sample->count] = metric;
    sample->value[sample->count] = value;
    sample->unit[sample->count] = unit;
    sample->count++;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Sorts in place. per_sample: 2 for round trips of which half is wanted. */
void suite_yield_latencies(struct suite_sample *sample, uint32_t *ticks, size_t count, double per_sample) {
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p10", .1}, {"p25", .25}, {"p50", .5},     {"p75", .75},
                  {"p90", .9}, {"p99", .99}, {"p99.9", .999}, {"p99.99", .9999}};
    double scale = suite_ns_per_tick() / per_sample;
    qsort(ticks, count, sizeof *ticks, ascending);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        size_t at = (size_t)(points[i].share * (double)count);
        /* A percentile that fewer than ten samples lie beyond is not one. */
        if ((1 - points[i].share) * (double)count >= 9.999) {
            suite_yield(sample, points[i].name, ticks[at] * scale, "ns");
        }
    }
    suite_yield(sample, "max", ticks[count - 1] * scale, "ns");
}
