/* report.c - medians, the table for people, and the file for programs. */
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_spread bench_spread_of(const double *values, size_t count) {
    struct bench_spread spread;
    double sorted[BENCH_SLICES > BENCH_ROUNDS ? BENCH_SLICES : BENCH_ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    spread.median = count % 2 != 0 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    spread.min = sorted[0];
    spread.max = sorted[count - 1];
    return spread;
}

void bench_print_header(const char *title, const struct bench_plan *plan) {
    struct bench_cores cores = bench_pick_cores();
    printf("%s: ", title);
    if (cores.right < 0) {
        printf("core %d alone", cores.left);
    } else {
        printf("cores %d and %d", cores.left, cores.right);
    }
    printf(", median of %u rounds after one to warm up, lanes of %d entries\n", plan->rounds, BENCH_LANE);
    printf("%-12s %-12s %9s %-5s %-20s %9s %-18s goal\n", "case", "impl", "median", "unit", "[min .. max]", "ratio",
           "[min .. max]");
}

static void print_ratio(const struct bench_result *result, size_t i) {
    const struct bench_impl *impl = result->which->impls[i];
    struct bench_spread ratio = bench_spread_of(result->ratio[i], result->rounds);
    int met = result->which->rate ? ratio.median >= impl->goal : ratio.median <= impl->goal;
    printf("  %7.3f [%6.3f .. %6.3f]", ratio.median, ratio.min, ratio.max);
    if (impl->goal > 0) {
        printf(" %s %-5.2f %s", result->which->rate ? ">=" : "<=", impl->goal, met ? "met" : "MISSED");
    }
}

/* What the figures depend on: how far apart the cores were, and whether other programs interfered. */
static void print_conditions(const struct bench_result *result) {
    if (result->which->threads == 2) {
        struct bench_spread distance = bench_spread_of(result->distance, result->rounds);
        printf("%-12s (distance of the cores meanwhile: %.0f ns one way [%.0f .. %.0f])\n", "", distance.median,
               distance.min, distance.max);
    }
    if (result->repeated != 0) {
        printf("%-12s (%u slices measured again: a thread was preempted)\n", "", result->repeated);
    }
}

void bench_print_case(const struct bench_result *result) {
    const struct bench_case *which = result->which;
    for (size_t i = 0; i < which->impl_count; i++) {
        struct bench_spread figure = bench_spread_of(result->figure[i], result->rounds);
        printf("%-12s %-12s %9.2f %-5s [%8.2f..%8.2f]", i == 0 ? which->name : "", which->impls[i]->name, figure.median,
               which->unit, figure.min, figure.max);
        if (i != 0) {
            print_ratio(result, i);
        }
        printf("\n");
    }
    print_conditions(result);
    (void)fflush(stdout);
}

static void csv_spread(FILE *file, const struct bench_result *result, const char *impl, const char *metric,
                       const double *values, const char *unit) {
    struct bench_spread spread = bench_spread_of(values, result->rounds);
    const char *names[3] = {"median", "min", "max"};
    double figures[3] = {spread.median, spread.min, spread.max};
    for (size_t k = 0; k < 3; k++) {
        fprintf(file, "%s,%s,%s_%s,%.4f,%s,%u\n", result->which->name, impl, metric, names[k], figures[k], unit,
                result->rounds);
    }
}

void bench_write_csv(const char *path, const struct bench_result *results, size_t count) {
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        bench_die(path, strerror(errno));
    }
    fprintf(file, "case,impl,metric,value,unit,runs\n");
    for (size_t r = 0; r < count; r++) {
        if (results[r].which->threads == 2) {
            csv_spread(file, &results[r], "cores", "distance", results[r].distance, "ns");
        }
        for (size_t i = 0; i < results[r].which->impl_count; i++) {
            csv_spread(file, &results[r], results[r].which->impls[i]->name, results[r].which->metric,
                       results[r].figure[i], results[r].which->unit);
            if (i != 0) {
                csv_spread(file, &results[r], results[r].which->impls[i]->name, "torc_ratio", results[r].ratio[i], "x");
            }
        }
    }
    if (ferror(file) != 0 || fclose(file) != 0) {
        bench_die(path, "could not be written");
    }
}
