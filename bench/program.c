/* program.c - what every benchmark program does: options, cores, cases one after the other, the table and the file.
 *
 * It ends with 0 whether or not goals are met (a slow or busy machine is no failure), with 1 only on errors. */
#include "bench.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct bench_plan plan;
    const char *csv;  /* NULL: beside the program */
    const char *only; /* NULL: all cases */
};

static void usage(FILE *file, const struct bench_case *const *cases, size_t count) {
    fprintf(file,
            "options: [--quick] [--rounds N] [--only CASE] [--csv FILE]\n"
            "  --quick      fewer and smaller rounds, a few seconds\n"
            "  --rounds N   counted rounds, 1..%d (11; 5 if quick)\n"
            "  --csv FILE   where the figures go (default: the program's name with .csv)\n"
            "  --only CASE ",
            BENCH_ROUNDS);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, " %s", cases[i]->name);
    }
    fprintf(file, "\n");
}

static unsigned rounds_from(const char *text) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 1 || value > BENCH_ROUNDS) {
        bench_die("--rounds", text);
    }
    return (unsigned)value;
}

static struct options parse(int argc, char **argv, const struct bench_case *const *cases, size_t count) {
    static const struct option longs[] = {
        {"quick", no_argument, NULL, 'q'},      {"rounds", required_argument, NULL, 'r'},
        {"only", required_argument, NULL, 'o'}, {"csv", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    struct options options = {.plan = {.rounds = 0, .shrink = 1}, .csv = NULL, .only = NULL};
    int letter;
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (letter) {
        case 'q':
            options.plan.shrink = 2;
            break;
        case 'r':
            options.plan.rounds = rounds_from(optarg);
            break;
        case 'o':
            options.only = optarg;
            break;
        case 'c':
            options.csv = optarg;
            break;
        default:
            usage(letter == 'h' ? stdout : stderr, cases, count);
            exit(letter == 'h' ? 0 : 1);
        }
    }
    if (optind != argc) {
        bench_die("unexpected argument", argv[optind]);
    }
    if (options.plan.rounds == 0) {
        options.plan.rounds = options.plan.shrink == 1 ? 11 : 5;
    }
    return options;
}

/* A name that no case has is an error, not an empty table. */
static void check_only(const struct options *options, const struct bench_case *const *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (options->only == NULL || strcmp(options->only, cases[i]->name) == 0) {
            return;
        }
    }
    bench_die("--only: no such case", options->only);
}

/* Runs what is wanted and possible; returns how many results there are. */
static size_t run_cases(const struct options *options, const struct bench_case *const *cases, size_t count,
                        struct bench_result *results) {
    struct bench_cores cores = bench_pick_cores();
    size_t ran = 0;
    for (size_t i = 0; i < count; i++) {
        if (options->only != NULL && strcmp(options->only, cases[i]->name) != 0) {
            continue;
        }
        if (cases[i]->threads == 2 && cores.right < 0) {
            printf("%-12s skipped: it needs two cores, and this process may use only one\n", cases[i]->name);
            continue;
        }
        bench_run_case(cases[i], &options->plan, cores, &results[ran]);
        bench_print_case(&results[ran]);
        ran++;
    }
    return ran;
}

int bench_main(int argc, char **argv, const char *title, const struct bench_case *const *cases, size_t count) {
    struct options options = parse(argc, argv, cases, count);
    struct bench_result *results = bench_memory(count * sizeof *results);
    char beside[4096];
    size_t ran;
    check_only(&options, cases, count);
    if (options.csv == NULL) {
        int length = snprintf(beside, sizeof beside, "%s.csv", argv[0]);
        if (length < 0 || (size_t)length >= sizeof beside) {
            bench_die("too long a name", argv[0]);
        }
        options.csv = beside;
    }
    bench_print_header(title, &options.plan);
    ran = run_cases(&options, cases, count, results);
    bench_write_csv(options.csv, results, ran);
    printf("figures: %s\n", options.csv);
    free(results);
    return 0;
}
