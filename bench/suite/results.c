/* results.c - what the rounds of a case yield: results.csv and the table; and who was lost on the way. */
#include "harness.h"
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

void suite_note(const char *impl, const char *metric, double value, const char *unit) {
    struct series *one = series_of(impl, metric, unit);
    if (one->count < SUITE_ROUNDS) {
        one->values[one->count++] = value;
    }
}

void suite_report(FILE *csv, const struct suite_case *which) {
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
    series_count = 0;
    (void)fflush(csv);
    (void)fflush(stdout);
}

/* --- who was lost --- */

static struct {
    const char *which, *impl, *fate;
    char how[SUITE_HOW];
} lost[SUITE_LOSSES];
static size_t lost_count;
static bool lost_own;

void suite_lose(FILE *csv, const struct suite_case *which, const struct suite_plugin *plugin, const char *fate,
                const char *how) {
    fprintf(csv, "%s,%s,%s,,,0\n", which->name, plugin->name, fate);
    printf("%-18s %-14s %s: %s; left out of this case\n", which->name, plugin->name, fate, how);
    if (lost_count < SUITE_LOSSES) {
        lost[lost_count].which = which->name;
        lost[lost_count].impl = plugin->name;
        lost[lost_count].fate = fate;
        (void)snprintf(lost[lost_count++].how, SUITE_HOW, "%s", how);
    }
    lost_own = lost_own || !suite_is_peer(plugin);
}

bool suite_print_losses(FILE *file) {
    for (size_t i = 0; i < lost_count; i++) {
        fprintf(file, "lost: %s %s %s: %s\n", lost[i].which, lost[i].impl, lost[i].fate, lost[i].how);
    }
    return lost_own;
}
