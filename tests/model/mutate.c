/* mutate.c - the mutation score: every memory order in the library is made one notch weaker, one at a time, and the
 * scenarios that run it must notice.
 *
 * First each scenario runs as it is: that says which sites its threads run, how long it takes, and whether it ends
 * within the budget. Then each mutant meets the scenarios that run its site, fast ones first, without preemptions and
 * then at the bound of --quick, until one of them fails. Those that end within the budget as they are get all of it,
 * the others a third.
 *
 * Mutants that are explained (explained.c) are expected to survive. All of them that a scenario runs are made at once:
 * weaker orders only add executions, so a scenario that does not notice all of them would notice none. Where it does
 * notice, halves are tried, down to the one that is not explained by what stands there. */
#include "mutate.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SCENARIOS 512
#define MAX_MUTANTS   1024
#define MAX_LISTED    2048

struct baseline {
    double seconds;
    bool failed, complete, any;
    bool runs[MAX_LISTED + 1]; /* [site] */
};
struct fate {
    double seconds;
    int32_t killer; /* scenario + 1; 0: it lives */
    bool run;
    char why[120];
};
/* Written by all jobs. */
struct shared {
    struct baseline baseline[MAX_SCENARIOS];
    struct fate fate[MAX_MUTANTS];
};

static struct shared *shared;
static const struct model_scenario *const *scenarios;
static uint32_t scenario_count;
static uint32_t ranking[MAX_SCENARIOS]; /* the useful ones, fast first */
static uint32_t ranked;
static struct mutation mutants[MAX_MUTANTS];
static int32_t line_of[MAX_MUTANTS];
static uint32_t mutant_count;
static struct limits limits;

/* --- the budget --------------------------------------------------------------------------------------------------- */

/* The budget is in executions, about as many as there are in so many seconds: a busy machine finds what an idle one
 * does. */
#define EXECUTIONS_PER_SECOND 8000

static struct limits budget(double seconds) {
    struct limits now = limits;
    now.quick = true;
    now.executions = (uint64_t)(seconds * EXECUTIONS_PER_SECOND);
    now.seconds = 10 * seconds;
    return now;
}

/* --- the scenarios as they are ------------------------------------------------------------------------------------ */

static bool of_the_library(const struct model_site *site) {
    const char *file = short_file(site->file);
    return strncmp(file, "src/", 4) == 0 || strncmp(file, "pools/", 6) == 0 || strncmp(file, "include/torc/", 13) == 0;
}

static void take_baseline(uint32_t which) {
    struct baseline *one = &shared->baseline[which];
    struct limits now = budget(limits.seconds);
    char why[512];
    struct result result;
    if (scenarios[which]->finds != NULL) {
        return;
    }
    result = search(scenarios[which], &now);
    one->failed = !judge(scenarios[which], &result, why, sizeof why);
    one->complete = result.complete;
    one->seconds = result.seconds;
    for (uint32_t i = 1; i <= sites_count(); i++) {
        one->runs[i] = site_used(i) && of_the_library(site_at(i));
        one->any = one->any || one->runs[i];
    }
    if (one->failed) {
        printf("FAILS     %s as it is: %.100s\n", scenarios[which]->name, why);
    }
}

static int by_seconds(const void *a, const void *b) {
    const struct baseline *x = &shared->baseline[*(const uint32_t *)a];
    const struct baseline *y = &shared->baseline[*(const uint32_t *)b];
    return x->seconds < y->seconds ? -1 : x->seconds > y->seconds;
}

/* Scenarios that fail as they are tell nothing about a mutant. */
static bool take_baselines(void) {
    bool good = in_jobs(limits.jobs, scenario_count, take_baseline);
    uint32_t incomplete = 0;
    for (uint32_t i = 0; i < scenario_count; i++) {
        const struct baseline *one = &shared->baseline[i];
        good = good && !one->failed;
        if (one->any && !one->failed) {
            ranking[ranked++] = i;
            incomplete += !one->complete;
        }
    }
    qsort(ranking, ranked, sizeof ranking[0], by_seconds);
    printf("%u scenarios run the library; %u do not end within %.0f executions and get a third of that\n", ranked,
           incomplete, limits.seconds * EXECUTIONS_PER_SECOND);
    return good;
}

/* --- the mutants -------------------------------------------------------------------------------------------------- */

static void list_mutants(void) {
    for (uint32_t i = 1; i <= sites_count(); i++) {
        const char *file = short_file(site_at(i)->file);
        if (of_the_library(site_at(i)) && mutant_count + 4 <= MAX_MUTANTS &&
            (limits.of == NULL || strncmp(file, limits.of, strlen(limits.of)) == 0)) {
            mutant_count += mutations_of(site_at(i), &mutants[mutant_count]);
        }
    }
    for (uint32_t i = 0; i < mutant_count; i++) {
        line_of[i] = explanation_of(&mutants[i]);
        for (uint32_t k = 0; k < ranked; k++) {
            shared->fate[i].run = shared->fate[i].run || shared->baseline[ranking[k]].runs[mutants[i].site];
        }
    }
}

/* `bound` -1: that of --quick. */
static bool notices(uint32_t scenario, int bound, char *why, size_t bytes) {
    struct limits now = budget(shared->baseline[scenario].complete ? limits.seconds : limits.seconds / 3);
    struct result result;
    now.preemptions = bound;
    result = search(scenarios[scenario], &now);
    if (judge(scenarios[scenario], &result, why, bytes)) {
        return false;
    }
    /* One that has no end yet as it is may come to this by itself. */
    return shared->baseline[scenario].complete || strstr(why, "no end after") == NULL;
}

static const char *described(const struct mutation *mutant) {
    static char text[240];
    const struct model_site *site = site_at(mutant->site);
    (void)snprintf(text, sizeof text, "%s:%u %s(%s) -> %s", short_file(site->file), site->line, site->name, site->text,
                   mutant->text);
    return text;
}

static void apply(const struct mutation *mutant) {
    if (!limits.unapplied) {
        mutation_apply(mutant);
    }
}

static void try_alone(uint32_t number) {
    const struct mutation *mutant = &mutants[number];
    struct fate *fate = &shared->fate[number];
    double start = seconds_now();
    char why[512] = "";
    if (line_of[number] >= 0) {
        return;
    }
    for (int bound = 0; bound >= -1 && fate->killer == 0; bound--) {
        for (uint32_t i = 0; i < ranked && fate->killer == 0; i++) {
            if (shared->baseline[ranking[i]].runs[mutant->site]) {
                apply(mutant);
                fate->killer = notices(ranking[i], bound, why, sizeof why) ? (int32_t)ranking[i] + 1 : 0;
                mutations_undo();
            }
        }
    }
    (void)snprintf(fate->why, sizeof fate->why, "%.100s", why);
    fate->seconds = seconds_now() - start;
    printf("%-9s %-100s %6.1f s  %s%s%s\n", fate->killer != 0 ? "killed" : "lives", described(mutant), fate->seconds,
           fate->killer != 0 ? scenarios[fate->killer - 1]->name
           : fate->run       ? ""
                             : "no scenario runs it",
           fate->killer != 0 ? ": " : "", fate->why);
    (void)fflush(stdout);
}

/* --- all explained ones at once ----------------------------------------------------------------------------------- */

static bool together(uint32_t scenario, const uint32_t *group, uint32_t count) {
    char why[512] = "";
    bool noticed;
    for (uint32_t i = 0; i < count && !limits.unapplied; i++) {
        mutation_add(&mutants[group[i]]);
    }
    noticed = notices(scenario, -1, why, sizeof why);
    mutations_undo();
    if (noticed && count == 1) {
        struct fate *fate = &shared->fate[group[0]];
        fate->killer = (int32_t)scenario + 1;
        (void)snprintf(fate->why, sizeof fate->why, "%.100s", why);
    }
    return noticed;
}

static void halve(uint32_t scenario, const uint32_t *group, uint32_t count) {
    if (count != 0 && together(scenario, group, count) && count > 1) {
        halve(scenario, group, count / 2);
        halve(scenario, group + count / 2, count - count / 2);
    }
}

/* The slow ones first, so that the jobs end at about the same time. */
static void try_explained(uint32_t piece) {
    uint32_t scenario = ranking[ranked - 1 - piece];
    uint32_t group[MAX_MUTANTS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < mutant_count; i++) {
        if (line_of[i] >= 0 && shared->baseline[scenario].runs[mutants[i].site]) {
            group[count++] = i;
        }
    }
    halve(scenario, group, count);
}

/* --- the score ---------------------------------------------------------------------------------------------------- */

struct score {
    uint32_t sites, sites_not_run, mutants, killed, explained, survivors, not_run;
    uint32_t wrong; /* of those killed: a line of the table says that nobody could notice */
};

static void count_one(struct score *score, uint32_t i) {
    const struct fate *fate = &shared->fate[i];
    bool new_site = i == 0 || mutants[i].site != mutants[i - 1].site;
    score->mutants++;
    score->sites += new_site;
    score->sites_not_run += new_site && !fate->run;
    score->not_run += !fate->run;
    if (fate->killer != 0) {
        score->killed++;
        if (line_of[i] >= 0) {
            score->wrong++;
            (void)explanation_use(line_of[i]);
            printf("WRONG     %s is explained, and %s notices: %s\n", described(&mutants[i]),
                   scenarios[fate->killer - 1]->name, fate->why);
        }
    } else if (line_of[i] >= 0) {
        score->explained++;
        printf("explained %s: %s%s\n", described(&mutants[i]), explanation_use(line_of[i]),
               fate->run ? "" : " (no scenario runs it)");
    } else {
        score->survivors++;
        printf("SURVIVED  %s%s\n", described(&mutants[i]), fate->run ? "" : ": no scenario runs it");
    }
}

static struct score count_all(void) {
    struct score score = {0};
    for (uint32_t i = 0; i < mutant_count; i++) {
        count_one(&score, i);
    }
    return score;
}

int mutate(const struct model_scenario *const *chosen, uint32_t count, const struct limits *asked,
           const char *explained) {
    double start = seconds_now();
    struct score score;
    uint32_t stale;
    bool good;
    limits = *asked;
    limits.seconds = limits.seconds > 0 ? limits.seconds : 5;
    scenarios = chosen;
    scenario_count = count < MAX_SCENARIOS ? count : MAX_SCENARIOS;
    shared = jobs_share(sizeof *shared);
    if (explained != NULL && !explanations_read(explained)) {
        return 2;
    }
    good = take_baselines();
    list_mutants();
    good = in_jobs(limits.jobs, mutant_count, try_alone) && good;
    good = in_jobs(limits.jobs, ranked, try_explained) && good;
    score = count_all();
    stale = explanations_stale(limits.of);
    printf("%u sites, %u of them run by no scenario; %u mutants: %u killed, %u explained, %u survivors; %u run by no "
           "scenario; "
           "explanations: %u wrong, %u stale; %.1f minutes\n",
           score.sites, score.sites_not_run, score.mutants, score.killed, score.explained, score.survivors,
           score.not_run, score.wrong, stale, (seconds_now() - start) / 60);
    good = good && score.survivors + score.wrong + stale == 0 && score.mutants != 0;
    printf("mutate: %u passed, %u failed, 0 skipped\n", score.killed - score.wrong + score.explained,
           good ? 0 : score.survivors + score.wrong + stale + (score.survivors + score.wrong + stale == 0));
    return good ? 0 : 1;
}
