/* main.c - the suite: options, implementations, rounds, results. */
#include "harness.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct suite_settings suite_settings = {.slice_ms = 12, .rounds = 9, .patience_s = 20, .out = "build/bench"};

static void usage(FILE *file) {
    fprintf(file, "options: [--peers] [--quick | --smoke] [--rounds N] [--slice MS] [--only CASE] [--impls A,B] "
                  "[--deep] [--trace DIR]\n"
                  "         [--out DIR] [--list]\n"
                  "  --peers      beside torc and the raw limits all peers that were built\n"
                  "  --quick      short slices, few rounds: a smoke test, no figures to quote\n"
                  "  --smoke      a few events per case: does everything run?\n"
                  "  --rounds N   counted rounds, 1..64 (9; 3 if quick)\n"
                  "  --slice MS   how long a slice should last (12; 3 if quick)\n"
                  "  --only CASE  cases whose names begin so\n"
                  "  --impls A,B  these implementations only\n"
                  "  --deep       rings of 4096 entries for large events too\n"
                  "  --trace DIR  where the editing traces are (default: ../shared/data)\n"
                  "  --patience S until an implementation that does not come back from its turn is left out (20 s)\n"
                  "  --budget S   for the whole run: few rounds rather than more time (165 s; 1320 s with --peers)\n"
                  "  --out DIR    where results.csv and machine.txt go (build/bench)\n");
}

static unsigned long number(const char *text, unsigned long most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 1 || value > most) {
        bench_die("not a number in range", text);
    }
    return value;
}

static void list(void) {
    for (size_t i = 0; i < suite_case_count; i++) {
        printf("%s\n", suite_cases[i].name);
    }
    exit(0);
}

static void parse(int argc, char **argv) {
    static const struct option longs[] = {{"peers", no_argument, NULL, 'p'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"slice", required_argument, NULL, 's'},
                                          {"only", required_argument, NULL, 'o'},
                                          {"impls", required_argument, NULL, 'i'},
                                          {"deep", no_argument, NULL, 'd'},
                                          {"trace", required_argument, NULL, 't'},
                                          {"out", required_argument, NULL, 'u'},
                                          {"patience", required_argument, NULL, 'w'},
                                          {"smoke", no_argument, NULL, 'k'},
                                          {"list", no_argument, NULL, 'l'},
                                          {"budget", required_argument, NULL, 'b'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct suite_settings *to = &suite_settings;
    int letter;
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (letter) {
        case 'p':
            to->peers = true;
            break;
        case 'q':
            to->quick = true, to->rounds = 3, to->slice_ms = 3;
            break;
        case 'k':
            to->quick = to->smoke = true, to->rounds = 1, to->slice_ms = 1;
            break;
        case 'r':
            to->rounds = (unsigned)number(optarg, SUITE_ROUNDS);
            break;
        case 's':
            to->slice_ms = (double)number(optarg, 1000);
            break;
        case 'o':
            to->only = optarg;
            break;
        case 'i':
            to->impls = optarg;
            break;
        case 'd':
            to->deep = true;
            break;
        case 't':
            to->trace = *optarg != '\0' ? optarg : NULL;
            break;
        case 'w':
            to->patience_s = (unsigned)number(optarg, 3600);
            break;
        case 'b':
            to->budget_s = (unsigned)number(optarg, 86400);
            break;
        case 'u':
            to->out = optarg;
            break;
        case 'l':
            list();
            break;
        default:
            usage(letter == 'h' ? stdout : stderr);
            exit(letter == 'h' ? 0 : 1);
        }
    }
    if (optind != argc) {
        bench_die("unexpected argument", argv[optind]);
    }
    if (to->budget_s == 0) {
        to->budget_s = to->peers ? 1320 : 165; /* of the 25 minutes, and the 3, that are promised */
    }
}

/* Peers with many thread-local variables load late only if the loader was told beforehand to leave room for them. */
static void make_room(char **argv) {
    static const char room[] = "glibc.rtld.optional_static_tls=32768";
    const char *set = getenv("GLIBC_TUNABLES");
    if (set == NULL || strstr(set, room) == NULL) {
        if (setenv("GLIBC_TUNABLES", room, 1) == 0) {
            (void)execv("/proc/self/exe", argv);
        }
        bench_die("execv", strerror(errno));
    }
}

/* A name that no case has is an error, not an empty table. */
static void check_only(void) {
    for (size_t i = 0; i < suite_case_count; i++) {
        if (suite_wanted(&suite_cases[i])) {
            return;
        }
    }
    bench_die("--only: no such case", suite_settings.only);
}

int main(int argc, char **argv) {
    char csv[4096], machine[4096];
    FILE *file;
    parse(argc, argv);
    check_only();
    if (suite_settings.peers) {
        make_room(argv);
    }
    suite_plugins_load(argv[0]);
    (void)snprintf(csv, sizeof csv, "%s/results.csv", suite_settings.out);
    (void)snprintf(machine, sizeof machine, "%s/machine.txt", suite_settings.out);
    if (mkdir(suite_settings.out, 0777) != 0 && errno != EEXIST) {
        bench_die(suite_settings.out, strerror(errno));
    }
    file = fopen(csv, "w");
    if (file == NULL) {
        bench_die(csv, strerror(errno));
    }
    (void)suite_core(0);
    suite_run(file);
    if (ferror(file) != 0 || fclose(file) != 0) {
        bench_die(csv, "could not be written");
    }
    suite_describe(machine);
    printf("figures: %s\nmachine: %s\n", csv, machine);
    return suite_print_losses(stdout) ? 1 : 0;
}
