/* options.h - the command line of `torc run`. */
#ifndef TORC_CMD_OPTIONS_H
#define TORC_CMD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <torc.h>

/* What counts as one record. AUTO: whole files for paths, lines for standard input. */
enum records { RECORDS_AUTO = 0, RECORDS_LINES, RECORDS_FILES };

struct run_options {
    uint32_t producers;
    enum torc_wait wait;
    const char *wait_name;
    const char *preset;
    enum records records;
    const char *out; /* NULL: write nothing */
    bool force;
    uint64_t stats_every; /* ns; 0: no figures while it runs */
    char **paths;         /* in argv */
    int path_count;
};

/* options_parse: fills *options. Returns -1 to go on, else the exit code (help was printed, or a usage error told). */
int options_parse(int argc, char **argv, struct run_options *options);

#endif
