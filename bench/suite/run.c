/* run.c - rounds: every implementation once per round, A B C A B C, so that all of them meet the same machine. */
#include "harness.h"
#include <stdlib.h>
#include <string.h>

/* One figure of one implementation, over the rounds. */
struct series {
    const char *impl, *metric, *unit;
    double values[SUITE_ROUNDS];
    unsigned count;
};
static struct series series[SUITE_PLUGINS * SUITE_METRICS];
static size_t series_count;

static struct series *series_of(const char *impl, const char *metric, const char *unit) {
    for (size_t i = 0; i < series_count; i++) {
        if (strcmp(series[i].impl, impl) == 0 && strcmp(series[i].metric, metric) == 0) {
            return &series[i];
        }
    }
    if (series_count == sizeof series / sizeof *series) {
        bench_die(metric, "more figures than there is space for");
    }
    series[series_count] = (struct series){.impl = impl, .metric = metric, .unit = unit};
    return &series[series_count++];
}

static void note(const char *impl, const char *metric, double value, const char *unit) {
    struct series *one = series_of(impl, metric, unit);
    if (one->count < SUITE_ROUNDS) {
        one->values[one->count++] = value;
    }
}

/* At most this many entries, at least a few; large events share what memory a bank of torc's has for them. */
static size_t entries_for(const struct suite_plan *plan) {
    size_t entries = BENCH_LANE;
    while (!suite_settings.deep && entries > SUITE_RING_LEAST && plan->bytes > 64 &&
           entries * plan->bytes > SUITE_RING_BYTES) {
        entries /= 2;
    }
    return entries;
}

static void run_round(const struct suite_case *which, bool *can, bool counted) {
    double before = suite_distance();
    for (size_t i = 0; i < suite_plugin_count; i++) {
        struct suite_sample sample = {.count = 0};
        if (!can[i]) {
            continue;
        }
        can[i] = which->measure(which, suite_plugins[i], &sample);
        for (size_t k = 0; counted && k < sample.count; k++) {
            note(suite_plugins[i]->name, sample.metric[k], sample.value[k], sample.unit[k]);
        }
    }
    if (counted && before > 0) {
        note("cores", "distance_before", before, "ns");
        note("cores", "distance_after", suite_distance(), "ns");
    }
}

static void report(FILE *csv, const struct suite_case *which) {
    for (size_t i = 0; i < series_count; i++) {
        const struct series *one = &series[i];
        struct bench_spread spread = bench_spread_of(one->values, one->count);
        fprintf(csv, "%s,%s,%s,%.6g,%s,%u\n", which->name, one->impl, one->metric, spread.median, one->unit,
                one->count);
        fprintf(csv, "%s,%s,%s_min,%.6g,%s,%u\n", which->name, one->impl, one->metric, spread.min, one->unit,
                one->count);
        fprintf(csv, "%s,%s,%s_max,%.6g,%s,%u\n", which->name, one->impl, one->metric, spread.max, one->unit,
                one->count);
        printf("%-18s %-14s %-20s %12.4g %-4s [%.4g .. %.4g]\n", i == 0 ? which->name : "", one->impl, one->metric,
               spread.median, one->unit, spread.min, spread.max);
    }
    (void)fflush(csv);
    (void)fflush(stdout);
}

static void warn(const struct suite_case *which) {
    unsigned threads = suite_threads(&which->plan);
    if (which->plan.producers != 0 && threads > suite_cores()) {
        printf("warning: %s has %u threads for %u cores: they take turns\n", which->name, threads, suite_cores());
    }
}

/* Whole runs are promised to end: on a slow or busy machine a case has no more rounds than its share of the time allows, but
 * five at least. The column `runs` says how many they were. */
#define ROUNDS_LEAST 5u
#define CASE_NS      UINT64_C(22000000000)

static void run_case(FILE *csv, struct suite_case *which) {
    bool can[SUITE_PLUGINS] = {false};
    unsigned rounds = suite_settings.rounds;
    uint64_t begins;
    rounds = which->rounds != 0 && which->rounds < rounds ? which->rounds : rounds;
    which->plan.entries = entries_for(&which->plan);
    if (which->prepare != NULL && !which->prepare(which)) {
        return;
    }
    begins = bench_now();
    series_count = 0;
    for (size_t i = 0; i < suite_plugin_count; i++) {
        can[i] = true;
    }
    warn(which);
    if (!suite_settings.smoke) {
        run_round(which, can, false); /* warms up, and learns how long slices must be */
    }
    for (unsigned round = 0; round < rounds && (round < ROUNDS_LEAST || bench_now() - begins < CASE_NS); round++) {
        run_round(which, can, true);
    }
    report(csv, which);
}

void suite_run(FILE *csv) {
    const char *const *names;
    size_t absent = suite_absent(&names);
    fprintf(csv, "case,impl,metric,value,unit,runs\n");
    for (size_t i = 0; i < absent; i++) {
        fprintf(csv, "all,%s,absent,,,0\n", names[i]);
    }
    for (size_t i = 0; i < suite_case_count; i++) {
        if (suite_settings.only == NULL ||
            strncmp(suite_cases[i].name, suite_settings.only, strlen(suite_settings.only)) == 0) {
            run_case(csv, &suite_cases[i]);
        }
    }
}
