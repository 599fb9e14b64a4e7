/* options.c - the command line of `torc run`. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/* A word and what it stands for. */
struct choice {
    const char *word;
    int value;
};

static const struct choice waits[] = {{"spin", TORC_WAIT_SPIN},
                                      {"yield", TORC_WAIT_YIELD},
                                      {"backoff", TORC_WAIT_BACKOFF},
                                      {"block", TORC_WAIT_BLOCK},
                                      {NULL, 0}};
static const struct choice kinds[] = {{"lines", RECORDS_LINES}, {"files", RECORDS_FILES}, {NULL, 0}};

static bool choose(const struct choice *choices, const char *option, const char *word, int *value) {
    for (; choices->word != NULL; choices++) {
        if (strcmp(choices->word, word) == 0) {
            *value = choices->value;
            return true;
        }
    }
    complain("--%s: '%s' is not one of the choices", option, word);
    return false;
}

static bool parse_producers(const char *text, uint32_t *producers) {
    char *end;
    unsigned long value;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < 1 || value > TORC_MAX_PUBLISHERS) {
        complain("--producers: '%s' is not a number from 1 to %u", text, TORC_MAX_PUBLISHERS);
        return false;
    }
    *producers = (uint32_t)value;
    return true;
}

static bool parse_preset(const char *name, const char **preset) {
    struct torc_config config;
    if (torc_config_preset(name, &config) != TORC_OK) {
        complain("--preset: '%s' is not one of the choices", name);
        return false;
    }
    *preset = name;
    return true;
}

static bool parse_out(const char *directory, const char **out) {
    if (directory[0] == '\0') {
        complain("--out: the name is empty");
        return false;
    }
    *out = directory;
    return true;
}

/* "1s", "1500ms"; a bare number is seconds. The main thread looks every 200 ms, so nothing shorter is promised. */
static bool parse_interval(const char *text, uint64_t *ns) {
    char *end;
    unsigned long value;
    uint64_t unit;
    errno = 0;
    value = strtoul(text, &end, 10);
    unit = strcmp(end, "ms") == 0 ? 1000000u : 1000000000u;
    if (text[0] < '0' || text[0] > '9' || errno != 0 || (*end != '\0' && strcmp(end, "s") != 0 && unit != 1000000u) ||
        value > 86400000u || value * unit < UINT64_C(200000000)) {
        complain("--stats-every: '%s' is not a time from 200ms on, such as 1s", text);
        return false;
    }
    *ns = value * unit;
    return true;
}

static bool parse_one(int option, struct run_options *options) {
    int value = 0;
    switch (option) {
    case 'n':
        return parse_producers(optarg, &options->producers);
    case 'w':
        if (!choose(waits, "wait", optarg, &value)) {
            return false;
        }
        options->wait = (enum torc_wait)value;
        options->wait_name = optarg;
        return true;
    case 'p':
        return parse_preset(optarg, &options->preset);
    case 'r':
        if (!choose(kinds, "records", optarg, &value)) {
            return false;
        }
        options->records = (enum records)value;
        return true;
    case 'o':
        return parse_out(optarg, &options->out);
    case 'f':
        options->force = true;
        return true;
    case 's':
        return parse_interval(optarg, &options->stats_every);
    default:
        return false;
    }
}

/* Standard input can be read once only. */
static bool check_paths(const struct run_options *options) {
    int dashes = 0;
    for (int i = 0; i < options->path_count; i++) {
        dashes += strcmp(options->paths[i], "-") == 0;
        if (options->paths[i][0] == '\0') {
            complain("a PATH is empty");
            return false;
        }
    }
    if (dashes > 1) {
        complain("standard input ('-') is named twice");
        return false;
    }
    return true;
}

int options_parse(int argc, char **argv, struct run_options *options) {
    static const struct option longs[] = {{"producers", required_argument, NULL, 'n'},
                                          {"wait", required_argument, NULL, 'w'},
                                          {"preset", required_argument, NULL, 'p'},
                                          {"records", required_argument, NULL, 'r'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"force", no_argument, NULL, 'f'},
                                          {"stats-every", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;
    *options = (struct run_options){
        .producers = 1, .wait = TORC_WAIT_BLOCK, .wait_name = "block", .preset = "default", .records = RECORDS_AUTO};
    while ((option = getopt_long(argc, argv, "n:w:p:r:o:fs:h", longs, NULL)) != -1) {
        if (option == 'h') {
            help_run(stdout);
            return EXIT_FINE;
        }
        if (!parse_one(option, options)) {
            return usage_error(argv[0]);
        }
    }
    options->paths = argv + optind;
    options->path_count = argc - optind;
    return check_paths(options) ? -1 : usage_error(argv[0]);
}
