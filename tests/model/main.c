/* main.c - the command: which scenarios, to which bound, and how they went. */
#include "explorer.h"

#include <stdlib.h>
#include <string.h>

extern const struct model_scenario *const __start_model_scenarios[];
extern const struct model_scenario *const __stop_model_scenarios[];

static const char usage[] =
    "model [OPTIONS] - explores torc's source under RC11\n"
    "  --list             scenarios and what they claim\n"
    "  --only PATTERN     scenarios whose name contains this\n"
    "  --quick            the smaller bounds, and not the long scenarios\n"
    "  --broken           scenarios carry their defect, and pass if it is found\n"
    "  --deep             the larger bounds, which are not known to end: with --seconds\n"
    "  --preemptions N    another bound\n"
    "  --max N            at most so many executions per scenario, --seconds S: so long (of this process)\n"
    "  --jobs N           N scenarios at a time (or mutants, of the mutation score)\n"
    "  --every            what leads to a state that was seen before, too\n"
    "  --random N         N executions with random priorities (PCT) instead; --seed S\n"
    "  --replay STRING    one execution of the scenario named by --only\n"
    "  --sites            atomic operations and how they can be weakened\n"
    "  --weaken FILE:LINE[:VARIANT]  with one of them weakened\n"
    "  --mutate           weaken each in turn, print which are not noticed; --explained FILE, --of FILE\n"
    "  --unapplied        but weaken nothing: what that score is worth\n"
    "  --selftest N       N random programs: the explorer against the axioms; --seed S\n"
    "  --verbose          show also the violations that were to be found\n";

#define MAX_CHOSEN 512 /* mutate.c's MAX_SCENARIOS */
static const struct model_scenario *chosen[MAX_CHOSEN];
static uint32_t chosen_count;
static bool verbose;
static const struct limits *limits;

/* --- verdicts ----------------------------------------------------------------------------------------------------- */

static bool expected(const char *list, const char *text) {
    size_t length = strlen(text);
    for (const char *at = list; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, text, length) == 0 && (at[length] == '|' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* Is one of the texts in the list part of it? */
static bool mentions(const char *text, const char *list) {
    char one[80];
    for (const char *at = list; *at != '\0'; at += *at == '|') {
        size_t length = strcspn(at, "|");
        (void)snprintf(one, sizeof one, "%.*s", (int)length, at);
        if (strstr(text, one) != NULL) {
            return true;
        }
        at += length;
    }
    return false;
}

static uint32_t length_of(const char *list) {
    uint32_t count = 1;
    for (; *list != '\0'; list++) {
        count += *list == '|';
    }
    return count;
}

/* Every outcome that occurred is in the list; and, if all were explored, the other way round. */
static bool outcomes_right(const char *list, bool complete, char *why, size_t bytes) {
    for (uint32_t i = 0; i < outcome_count; i++) {
        if (!expected(list, outcomes[i].text)) {
            (void)snprintf(why, bytes, "forbidden outcome %s", outcomes[i].text);
            return false;
        }
    }
    if (complete && outcome_count != length_of(list)) {
        (void)snprintf(why, bytes, "only %u of %u outcomes were found", outcome_count, length_of(list));
        return false;
    }
    return true;
}

bool judge(const struct model_scenario *scenario, const struct result *result, char *why, size_t bytes) {
    (void)snprintf(why, bytes, "%s", result->violated ? ex.violation : "");
    if (scenario->finds != NULL) {
        if (!result->violated) {
            (void)snprintf(why, bytes, "what is wrong with it was not found");
        }
        return result->violated && mentions(ex.violation, scenario->finds);
    }
    if (result->violated) {
        return false;
    }
    return scenario->outcomes == NULL || outcomes_right(scenario->outcomes, result->complete, why, bytes);
}

/* --- running ------------------------------------------------------------------------------------------------------ */

static void print_result(const struct model_scenario *scenario, const struct result *result, bool good) {
    char bound[24];
    (void)snprintf(bound, sizeof bound, result->bound >= MODEL_UNBOUNDED ? "no bound" : "bound %u", result->bound);
    printf("%-5s %-28s %9llu executions %9llu cut short  %-9s %-10s %7.2f s\n", good ? "ok" : "FAIL", scenario->name,
           (unsigned long long)result->executions, (unsigned long long)result->pruned,
           limits->random != 0 ? "random" : bound,
           result->complete      ? "complete"
           : result->violated    ? "violation"
           : limits->random != 0 ? "sampled"
                                 : "INCOMPLETE",
           result->seconds);
}

/* Of all jobs. */
static struct sum {
    uint64_t executions, pruned;
    uint32_t passed, failed, complete, unplanted; /* violations */
    double seconds;
} * sum;

static void add_up(const struct result *result, bool good, bool planted) {
    sum->passed += good;
    sum->failed += !good;
    sum->executions += result->executions;
    sum->pruned += result->pruned;
    sum->complete += result->complete;
    sum->unplanted += result->violated && !planted;
    sum->seconds += result->seconds;
}

static void print_outcomes(void) {
    for (uint32_t i = 0; i < outcome_count; i++) {
        printf("      %s: %llu times\n", outcomes[i].text, (unsigned long long)outcomes[i].times);
    }
}

static void print_one(const struct model_scenario *scenario, const struct result *result, bool good, bool shown,
                      const char *why) {
    print_result(scenario, result, good);
    if (result->violated && (!(good && shown) || verbose)) {
        report_violation();
    } else if (!good && ex.broken) {
        printf("      the defect was not found: %s\n", scenario->broken);
    } else if (why[0] != '\0') {
        printf("      %s: %s\n", good ? "found" : "wrong", why);
    }
    if (verbose && scenario->outcomes != NULL) {
        print_outcomes();
    }
    (void)fflush(stdout);
}

static void run_one(uint32_t which) {
    const struct model_scenario *scenario = chosen[which];
    char why[512];
    struct result result = search(scenario, limits);
    bool good = judge(scenario, &result, why, sizeof why);
    bool shown = scenario->finds != NULL || ex.broken;
    good = ex.broken ? !good : good;
    if (good && shown && result.violated && !replays(scenario)) {
        (void)snprintf(why, sizeof why, "its replay string leads somewhere else");
        good = false;
    }
    jobs_lock(true);
    print_one(scenario, &result, good, shown, why);
    add_up(&result, good, shown);
    jobs_lock(false);
}

static void keep_wanted(void) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < chosen_count; i++) {
        bool wanted =
            (!ex.broken || chosen[i]->broken != NULL) && !(limits->quick && chosen[i]->quick == MODEL_NOT_QUICK);
        if (wanted) {
            chosen[kept++] = chosen[i];
        }
    }
    chosen_count = kept;
}

static int run_all(void) {
    double start = seconds_now();
    uint32_t run;
    sum = jobs_share(sizeof *sum);
    keep_wanted();
    if (limits->jobs > 1) {
        (void)in_jobs(limits->jobs, chosen_count, run_one);
    } else {
        for (uint32_t i = 0; i < chosen_count; i++) {
            run_one(i);
        }
    }
    run = sum->passed + sum->failed;
    sum->failed += chosen_count - run;
    printf("%u scenarios, %u of them searched to the end of their bound; %llu executions, %llu cut short; %u "
           "violations that nobody planted; %.0f s of processor time, %.1f minutes\n",
           run, sum->complete, (unsigned long long)sum->executions, (unsigned long long)sum->pruned, sum->unplanted,
           sum->seconds, (seconds_now() - start) / 60);
    printf("model%s: %u passed, %u failed, 0 skipped\n", ex.broken ? " --broken" : "", sum->passed, sum->failed);
    return sum->failed == 0 && sum->passed != 0 ? 0 : 1;
}

static void list(void) {
    for (uint32_t i = 0; i < chosen_count; i++) {
        const struct model_scenario *scenario = chosen[i];
        printf("%-28s %s%s%s%s\n", scenario->name, scenario->claim, scenario->hazards != NULL ? " (" : "",
               scenario->hazards != NULL ? scenario->hazards : "", scenario->hazards != NULL ? ")" : "");
        if (scenario->broken != NULL) {
            printf("%-28s   broken: %s\n", "", scenario->broken);
        }
    }
}

/* --- the command line --------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    return strcmp((*(const struct model_scenario *const *)a)->name, (*(const struct model_scenario *const *)b)->name);
}

static void choose(const char *pattern) {
    chosen_count = 0;
    for (const struct model_scenario *const *at = __start_model_scenarios;
         (uintptr_t)at < (uintptr_t)__stop_model_scenarios; at++) {
        if (pattern == NULL || strstr((*at)->name, pattern) != NULL) {
            if (chosen_count == MAX_CHOSEN) {
                fprintf(stderr, "model: more than %d scenarios\n", MAX_CHOSEN);
                exit(2);
            }
            chosen[chosen_count++] = *at;
        }
    }
    qsort(chosen, chosen_count, sizeof chosen[0], by_name);
}

static int fail(const char *what) {
    fprintf(stderr, "model: %s\n%s", what, usage);
    return 2;
}

/* A name may be the beginning of others. */
static int replay_one(const char *text, const char *name) {
    uint32_t which = 0;
    while (name != NULL && which < chosen_count && chosen_count > 1 && strcmp(chosen[which]->name, name) != 0) {
        which++;
    }
    if (name == NULL || which == chosen_count) {
        return fail("--replay: --only must name one scenario");
    }
    return replay(chosen[which], text) ? 0 : fail("not a replay string");
}

struct command {
    struct limits limits;
    const char *only, *replay, *explained;
    uint64_t selftest;
    bool list, mutate;
};

/* An option with a value. */
static bool option(struct command *command, const char *name, const char *value) {
    if (strcmp(name, "--only") == 0) {
        command->only = value;
    } else if (strcmp(name, "--replay") == 0) {
        command->replay = value;
    } else if (strcmp(name, "--explained") == 0) {
        command->explained = value;
    } else if (strcmp(name, "--of") == 0) {
        command->limits.of = value;
    } else if (strcmp(name, "--preemptions") == 0) {
        command->limits.preemptions = atoi(value);
    } else if (strcmp(name, "--max") == 0) {
        command->limits.executions = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--seconds") == 0) {
        command->limits.seconds = atof(value);
    } else if (strcmp(name, "--random") == 0) {
        command->limits.random = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--seed") == 0) {
        command->limits.seed = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--selftest") == 0) {
        command->selftest = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--jobs") == 0) {
        command->limits.jobs = (uint32_t)atoi(value);
    } else {
        return strcmp(name, "--weaken") == 0 && mutation_parse(value);
    }
    return true;
}

static bool flag(struct command *command, const char *name) {
    if (strcmp(name, "--list") == 0) {
        command->list = true;
    } else if (strcmp(name, "--quick") == 0) {
        command->limits.quick = true;
    } else if (strcmp(name, "--deep") == 0) {
        command->limits.deep = true;
    } else if (strcmp(name, "--broken") == 0) {
        ex.broken = true;
    } else if (strcmp(name, "--every") == 0) {
        ex.every = true;
    } else if (strcmp(name, "--verbose") == 0) {
        verbose = true;
    } else if (strcmp(name, "--unapplied") == 0) {
        command->limits.unapplied = true;
    } else if (strcmp(name, "--mutate") == 0) {
        command->mutate = true;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    struct command command = {.limits = {.preemptions = -1, .seed = 1}};
    sites_begin();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--sites") == 0) {
            sites_list();
            return 0;
        }
        if (flag(&command, argv[i])) {
            continue;
        }
        if (i + 1 == argc || !option(&command, argv[i], argv[i + 1])) {
            return fail(argv[i]);
        }
        i++;
    }
    limits = &command.limits;
    choose(command.only);
    if (command.list) {
        list();
        return 0;
    }
    if (command.selftest != 0) {
        return selftest(command.selftest, command.limits.seed);
    }
    if (command.mutate) {
        return mutate(chosen, chosen_count, &command.limits, command.explained);
    }
    return command.replay != NULL ? replay_one(command.replay, command.only) : run_all();
}
