/* budget.c - a whole run is promised to end: what is left of the time is shared out among the cases that are left. */
#include "harness.h"
#include <string.h>

static uint64_t begun;     /* the run */
static double weight_left; /* of the cases not yet begun */
static double weight_done, seconds_done;
static size_t cases_left;

static double since(uint64_t ns) {
    return (double)(bench_now() - ns) / 1e9;
}

static double weight_of(const struct suite_case *which) {
    return which->weight != 0 ? which->weight : 1;
}

bool suite_wanted(const struct suite_case *which) {
    return suite_settings.only == NULL || strncmp(which->name, suite_settings.only, strlen(suite_settings.only)) == 0;
}

void suite_budget_start(void) {
    begun = bench_now();
    for (size_t i = 0; i < suite_case_count; i++) {
        if (suite_wanted(&suite_cases[i])) {
            weight_left += weight_of(&suite_cases[i]);
            cases_left++;
        }
    }
    printf("%zu cases, %zu implementations, %u rounds or, where time is short, %u; at most %u min %02u s\n", cases_left,
           suite_plugin_count, suite_settings.rounds, SUITE_ROUNDS_LEAST, suite_settings.budget_s / 60,
           suite_settings.budget_s % 60);
}

double suite_budget_share(const struct suite_case *which) {
    double left = (double)suite_settings.budget_s - since(begun);
    double share = left > 0 ? left * weight_of(which) / weight_left : 0;
    weight_left -= weight_of(which);
    cases_left--;
    return share;
}

/* The rest takes as long as what was, weight for weight, but no longer than there is. */
void suite_budget_spent(const struct suite_case *which, double seconds, unsigned rounds) {
    double gone = since(begun), rest;
    weight_done += weight_of(which);
    seconds_done += seconds;
    suite_took(which->name, seconds, rounds);
    rest = weight_left * seconds_done / weight_done;
    printf("%-18s %.1f s, %u rounds; %zu cases to go, about %.0f s after %.0f s\n", "", seconds, rounds, cases_left,
           rest, gone);
    (void)fflush(stdout);
}
