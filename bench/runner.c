/* runner.c - runs one case: a warm-up round, then the counted ones; in every slice the implementations take turns. */
#include "bench.h"
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define ATTEMPTS 3    /* how often a slice is measured before a disturbed one counts */
#define REPEATS  1000 /* and how many are measured again in one case */

/* How often the kernel took a core away from any thread of this process. */
static long preemptions(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        bench_die("getrusage", strerror(errno));
    }
    return usage.ru_nivcsw;
}

/* The figure in the case's unit for n operations in ns nanoseconds. */
static double figure_of(const struct bench_case *which, uint64_t n, uint64_t ns) {
    double operations = (double)n * which->per;
    double time = ns != 0 ? (double)ns : 1.0;
    return which->rate ? operations * 1e3 / time : time / operations;
}

static void open_all(const struct bench_case *which, void **states) {
    for (size_t i = 0; i < which->impl_count; i++) {
        states[i] = which->impls[i]->open();
    }
}

static void close_all(const struct bench_case *which, void **states) {
    for (size_t i = 0; i < which->impl_count; i++) {
        which->impls[i]->close(states[i]);
    }
}

/* One slice. What ran beside another program says nothing about the code: such a slice is measured again, but on a
 * machine that is busy all the time a case ends nevertheless. */
static uint64_t run_slice(const struct bench_impl *impl, void *state, struct bench_duo *duo, uint64_t n,
                          unsigned *repeated) {
    for (unsigned attempt = 1;; attempt++) {
        long before = preemptions();
        uint64_t ns = impl->slice(state, duo, n);
        if (attempt == ATTEMPTS || *repeated == REPEATS || preemptions() == before) {
            return ns;
        }
        (*repeated)++;
    }
}

/* One round: figures, ratios and distance number `round` of the result. The order turns with every slice, so that none
 * of the implementations always runs behind the same neighbour. */
static void run_round(const struct bench_plan *plan, struct bench_duo *duo, void **states, struct bench_result *result,
                      unsigned round) {
    const struct bench_case *which = result->which;
    double slices[BENCH_IMPLS][BENCH_SLICES], distances[BENCH_SLICES] = {0};
    unsigned count = which->slices / plan->shrink;
    for (unsigned s = 0; s < count; s++) {
        for (size_t k = 0; k < which->impl_count; k++) {
            size_t i = s % 2 == 0 ? k : which->impl_count - 1 - k;
            uint64_t ns = run_slice(which->impls[i], states[i], duo, which->n, &result->repeated);
            slices[i][s] = figure_of(which, which->n, ns);
        }
        if (duo != NULL) {
            distances[s] = bench_distance(duo);
        }
    }
    for (size_t i = 0; i < which->impl_count; i++) {
        result->figure[i][round] = bench_spread_of(slices[i], count).median;
        result->ratio[i][round] = result->figure[0][round] / result->figure[i][round];
    }
    result->distance[round] = bench_spread_of(distances, count).median;
}

void bench_run_case(const struct bench_case *which, const struct bench_plan *plan, struct bench_cores cores,
                    struct bench_result *result) {
    void *states[BENCH_IMPLS];
    struct bench_duo *duo = NULL;
    if (which->impl_count > BENCH_IMPLS || which->slices > BENCH_SLICES || plan->rounds > BENCH_ROUNDS) {
        bench_die(which->name, "more implementations, slices or rounds than there is space for");
    }
    bench_pin(cores.left);
    if (which->threads == 2) {
        duo = bench_duo_start(cores);
    }
    open_all(which, states);
    result->which = which;
    result->rounds = plan->rounds;
    run_round(plan, duo, states, result, 0); /* the warm-up, overwritten */
    result->repeated = 0;
    for (unsigned round = 0; round < plan->rounds; round++) {
        run_round(plan, duo, states, result, round);
    }
    close_all(which, states);
    if (duo != NULL) {
        bench_duo_stop(duo);
    }
}
