/* run.c - rounds: every implementation once per round, A B C A B C, so that all of them meet the same machine. */
#include "harness.h"
#include <stdlib.h>
#include <string.h>

/* Of one implementation in the case that is being measured. */
struct entrant {
    const struct suite_plugin *plugin;
    struct suite_worker worker;
    enum suite_fate fate;
};
static struct entrant entrants[SUITE_PLUGINS];

/* Who was stuck this often is not tried again: each time costs the patience. */
#define STRIKES 3u
static unsigned strikes[SUITE_PLUGINS];

/* At most this many entries, at least a few; large events share what memory a bank of torc's has for them. */
static size_t entries_for(const struct suite_plan *plan) {
    size_t entries = BENCH_LANE;
    while (!suite_settings.deep && entries > SUITE_RING_LEAST && plan->bytes > 64 &&
           entries * plan->bytes > SUITE_RING_BYTES) {
        entries /= 2;
    }
    return entries;
}

static void take_turn(FILE *csv, const struct suite_case *which, size_t i, bool counted) {
    struct entrant *one = &entrants[i];
    struct suite_sample sample = {.count = 0};
    one->fate = suite_worker_turn(&one->worker, !counted, &sample);
    if (one->fate == SUITE_STUCK || one->fate == SUITE_FAILED) {
        strikes[i] += one->fate == SUITE_STUCK;
        suite_lose(csv, which, one->plugin, one->fate == SUITE_STUCK ? "stuck" : "failed", one->worker.how);
    }
    for (size_t k = 0; counted && one->fate == SUITE_FIT && k < sample.count; k++) {
        suite_note(one->plugin->name, sample.metric[k], sample.value[k], sample.unit[k]);
    }
}

static void run_round(FILE *csv, const struct suite_case *which, bool counted) {
    double before = suite_distance();
    for (size_t i = 0; i < suite_plugin_count; i++) {
        if (entrants[i].fate == SUITE_FIT) {
            take_turn(csv, which, i, counted);
        }
    }
    if (counted && before > 0) {
        suite_note("cores", "distance_before", before, "ns");
        suite_note("cores", "distance_after", suite_distance(), "ns");
    }
}

static void warn(const struct suite_case *which) {
    unsigned threads = suite_threads(&which->plan);
    if (which->plan.producers != 0 && threads > suite_cores()) {
        printf("warning: %s has %u threads for %u cores: they take turns\n", which->name, threads, suite_cores());
    }
}

static void enter(FILE *csv, const struct suite_case *which) {
    for (size_t i = 0; i < suite_plugin_count; i++) {
        entrants[i] = (struct entrant){.plugin = suite_plugins[i]};
        if (strikes[i] < STRIKES) {
            entrants[i].fate = SUITE_FIT;
            suite_worker_start(&entrants[i].worker, which, suite_plugins[i]);
        } else {
            entrants[i].fate = SUITE_STUCK;
            suite_lose(csv, which, suite_plugins[i], "skipped", "was stuck too often");
        }
    }
}

/* On a slow or busy machine a case has no more rounds than its share of the time allows, but a few at least. The column
 * `runs` says how many they were. */
static unsigned run_rounds(FILE *csv, const struct suite_case *which, uint64_t begins) {
    double share = suite_budget_share(which);
    unsigned rounds = suite_settings.rounds, done = 0;
    rounds = which->rounds != 0 && which->rounds < rounds ? which->rounds : rounds;
    if (!suite_settings.smoke) {
        run_round(csv, which, false); /* warms up, and learns how long slices must be */
    }
    for (double each = 0; done < rounds; done++) {
        uint64_t now = bench_now();
        if (done >= SUITE_ROUNDS_LEAST && (double)(now - begins) / 1e9 + each > share) {
            break;
        }
        run_round(csv, which, true);
        each = (double)(bench_now() - now) / 1e9;
    }
    return done;
}

static void run_case(FILE *csv, struct suite_case *which) {
    uint64_t begins = bench_now();
    unsigned rounds;
    which->plan.entries = entries_for(&which->plan);
    if (which->prepare != NULL && !which->prepare(which)) {
        return;
    }
    warn(which);
    enter(csv, which);
    rounds = run_rounds(csv, which, begins);
    for (size_t i = 0; i < suite_plugin_count; i++) {
        suite_worker_stop(&entrants[i].worker);
    }
    suite_report(csv, which);
    suite_budget_spent(which, (double)(bench_now() - begins) / 1e9, rounds);
}

void suite_run(FILE *csv) {
    const char *const *names;
    size_t absent = suite_absent(&names);
    fprintf(csv, "case,impl,metric,value,unit,runs\n");
    for (size_t i = 0; i < absent; i++) {
        fprintf(csv, "all,%s,absent,,,0\n", names[i]);
    }
    (void)suite_ns_per_tick(); /* known before there are workers: the same for all */
    suite_budget_start();
    for (size_t i = 0; i < suite_case_count; i++) {
        if (suite_wanted(&suite_cases[i])) {
            run_case(csv, &suite_cases[i]);
        }
    }
}
