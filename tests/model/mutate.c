/* mutate.c - the mutation score: every memory order in the library is made one notch weaker, one at a time, and the scenarios
 * that run it must notice.
 *
 * First each scenario runs as it is; that also says which sites it runs. Then each mutant meets the scenarios that run its site,
 * the fast ones first, at the small bounds and then at the full ones, until one of them fails. A mutant that survives is either
 * explained (a line in a table: FILE | OPERAND | VARIANT | reason, with * for any) or counts as a failure. */
#include "explorer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_SCENARIOS 512
#define MAX_MUTANTS   2048
#define MAX_LINES     512

struct baseline {
    const struct model_scenario *scenario;
    double seconds;
    bool *runs; /* [site] */
};
struct explanation {
    char file[80], text[120], variant[32], reason[240];
};
/* Written by all jobs. */
struct tally {
    uint32_t killed, explained, survived, not_run;
    uint8_t used[MAX_LINES]; /* explanations */
};

static struct baseline baselines[MAX_SCENARIOS];
static uint32_t baseline_count;
static struct mutation mutants[MAX_MUTANTS];
static uint32_t mutant_count;
static struct explanation explanations[MAX_LINES];
static uint32_t explanation_count;
static struct tally *tally;

/* --- the table of explanations -------------------------------------------------------------------------------------- */

static void trimmed(char *to, size_t bytes, const char *from, const char *end) {
    while (from < end && (*from == ' ' || *from == '\t')) {
        from++;
    }
    while (end > from && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n')) {
        end--;
    }
    (void)snprintf(to, bytes, "%.*s", (int)(end - from), from);
}

static bool parse_line(const char *line, struct explanation *out) {
    const char *bar[3];
    const char *at = line;
    for (int i = 0; i < 3; i++) {
        bar[i] = strchr(at, '|');
        if (bar[i] == NULL) {
            return false;
        }
        at = bar[i] + 1;
    }
    trimmed(out->file, sizeof out->file, line, bar[0]);
    trimmed(out->text, sizeof out->text, bar[0] + 1, bar[1]);
    trimmed(out->variant, sizeof out->variant, bar[1] + 1, bar[2]);
    trimmed(out->reason, sizeof out->reason, bar[2] + 1, line + strlen(line));
    return true;
}

static bool read_explanations(const char *file) {
    char line[600];
    FILE *in = fopen(file, "r");
    if (in == NULL) {
        fprintf(stderr, "model: cannot read %s\n", file);
        return false;
    }
    while (fgets(line, sizeof line, in) != NULL && explanation_count < MAX_LINES) {
        if (line[0] != '#' && line[0] != '\n') {
            if (!parse_line(line, &explanations[explanation_count++])) {
                fprintf(stderr, "model: %s: not FILE | OPERAND | VARIANT | reason: %s", file, line);
            }
        }
    }
    (void)fclose(in);
    return true;
}

static bool field_matches(const char *pattern, const char *text) {
    return strcmp(pattern, "*") == 0 || strcmp(pattern, text) == 0;
}

static const char *explained_by(const struct mutation *mutant) {
    const struct model_site *site = site_at(mutant->site);
    for (uint32_t i = 0; i < explanation_count; i++) {
        const struct explanation *line = &explanations[i];
        if (field_matches(line->file, short_file(site->file)) && field_matches(line->text, site->text) &&
            field_matches(line->variant, mutant->text)) {
            tally->used[i] = 1;
            return line->reason;
        }
    }
    return NULL;
}

/* --- the scenarios as they are ----------------------------------------------------------------------------------------- */

static bool of_the_library(const struct model_site *site) {
    const char *file = short_file(site->file);
    return strncmp(file, "src/", 4) == 0 || strncmp(file, "pools/", 6) == 0 || strncmp(file, "include/torc/", 13) == 0;
}

static bool take_baseline(const struct model_scenario *scenario, const struct limits *limits) {
    struct baseline *one = &baselines[baseline_count];
    char why[512];
    struct result result = search(scenario, limits);
    bool any = false;
    if (!judge(scenario, &result, why, sizeof why)) {
        printf("%s fails as it is: %s\n", scenario->name, why);
        return false;
    }
    one->scenario = scenario;
    one->seconds = result.seconds;
    one->runs = calloc(sites_count() + 1, sizeof *one->runs);
    for (uint32_t i = 1; one->runs != NULL && i <= sites_count(); i++) {
        one->runs[i] = site_used(i) && of_the_library(site_at(i));
        any = any || one->runs[i];
    }
    baseline_count += any;
    return true;
}

static int by_seconds(const void *a, const void *b) {
    double x = ((const struct baseline *)a)->seconds;
    double y = ((const struct baseline *)b)->seconds;
    return x < y ? -1 : x > y;
}

static bool take_baselines(const struct model_scenario *const *scenarios, uint32_t count, const struct limits *limits) {
    struct limits quick = *limits;
    bool good = true;
    quick.quick = true;
    for (uint32_t i = 0; i < count && baseline_count < MAX_SCENARIOS; i++) {
        if (scenarios[i]->finds == NULL) {
            good = take_baseline(scenarios[i], &quick) && good;
        }
    }
    qsort(baselines, baseline_count, sizeof baselines[0], by_seconds);
    return good;
}

static void list_mutants(void) {
    for (uint32_t i = 1; i <= sites_count(); i++) {
        if (of_the_library(site_at(i)) && mutant_count + 4 <= MAX_MUTANTS) {
            mutant_count += mutations_of(site_at(i), &mutants[mutant_count]);
        }
    }
}

/* --- the mutants --------------------------------------------------------------------------------------------------------- */

static const struct baseline *killer_of(const struct mutation *mutant, const struct limits *limits, char *why,
                                        size_t bytes) {
    for (int full = 0; full < 2; full++) {
        struct limits now = *limits;
        now.quick = full == 0;
        if (full == 1 && limits->quick) {
            break;
        }
        for (uint32_t i = 0; i < baseline_count; i++) {
            struct result result;
            if (!baselines[i].runs[mutant->site]) {
                continue;
            }
            mutation_apply(mutant);
            result = search(baselines[i].scenario, &now);
            mutations_undo();
            if (!judge(baselines[i].scenario, &result, why, bytes)) {
                return &baselines[i];
            }
        }
    }
    return NULL;
}

static bool is_run(const struct mutation *mutant) {
    for (uint32_t i = 0; i < baseline_count; i++) {
        if (baselines[i].runs[mutant->site]) {
            return true;
        }
    }
    return false;
}

static void try_mutant(const struct mutation *mutant, const struct limits *limits) {
    const struct model_site *site = site_at(mutant->site);
    double start = seconds_now();
    char why[512] = "";
    char what[200];
    const char *reason = explained_by(mutant);
    const struct baseline *killer = killer_of(mutant, limits, why, sizeof why);
    (void)snprintf(what, sizeof what, "%s:%u %s(%s) -> %s", short_file(site->file), site->line, site->name, site->text,
                   mutant->text);
    if (killer != NULL) {
        __atomic_fetch_add(&tally->killed, 1, __ATOMIC_RELAXED);
        printf("killed    %-90s %6.1f s  %s: %.100s\n", what, seconds_now() - start, killer->scenario->name, why);
    } else if (reason != NULL) {
        __atomic_fetch_add(&tally->explained, 1, __ATOMIC_RELAXED);
        printf("explained %-90s %6.1f s  %s\n", what, seconds_now() - start, reason);
    } else {
        __atomic_fetch_add(&tally->survived, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&tally->not_run, is_run(mutant) ? 0 : 1, __ATOMIC_RELAXED);
        printf("SURVIVED  %-90s %6.1f s  %s\n", what, seconds_now() - start,
               is_run(mutant) ? "" : "no scenario runs it");
    }
    (void)fflush(stdout);
}

static void run_jobs(const struct limits *limits, uint32_t jobs) {
    pid_t child[16];
    jobs = jobs == 0 ? 1 : jobs > 16 ? 16 : jobs;
    (void)fflush(stdout);
    for (uint32_t job = 0; job < jobs; job++) {
        child[job] = fork();
        if (child[job] == 0) {
            for (uint32_t i = job; i < mutant_count; i += jobs) {
                try_mutant(&mutants[i], limits);
            }
            _exit(0);
        }
    }
    for (uint32_t job = 0; job < jobs; job++) {
        int status;
        if (waitpid(child[job], &status, 0) < 0 || status != 0) {
            printf("a job ended early\n");
            tally->survived++;
        }
    }
}

int mutate(const struct model_scenario *const *scenarios, uint32_t count, const struct limits *limits,
           const char *explained) {
    uint32_t sites = 0;
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED || (explained != NULL && !read_explanations(explained)) ||
        !take_baselines(scenarios, count, limits)) {
        return 2;
    }
    list_mutants();
    run_jobs(limits, limits->jobs);
    for (uint32_t i = 0; i < mutant_count; i++) {
        sites += i == 0 || mutants[i].site != mutants[i - 1].site;
    }
    for (uint32_t i = 0; i < explanation_count; i++) {
        if (!tally->used[i]) {
            printf("nothing to explain: %s | %s | %s\n", explanations[i].file, explanations[i].text,
                   explanations[i].variant);
        }
    }
    printf("%u sites, %u mutants: %u killed, %u explained, %u survive, %u of them run by no scenario\n", sites,
           mutant_count, tally->killed, tally->explained, tally->survived, tally->not_run);
    printf("mutate: %u passed, %u failed, 0 skipped\n", tally->killed + tally->explained, tally->survived);
    return tally->survived == 0 ? 0 : 1;
}
