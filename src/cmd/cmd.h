/* cmd.h - what the parts of the `torc` command share: exit codes, subcommands, messages. */
#ifndef TORC_CMD_H
#define TORC_CMD_H

#include <stdbool.h>
#include <stdio.h>

/* Exit codes. A run ended by a signal answers 128 + its number, as a shell would say it. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* One subcommand each; argv[0] is its full name ("torc run"). They return an exit code. */
int command_run(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_pools(int argc, char **argv);
int command_demo(int argc, char **argv);

/* complain: one line on stderr, "torc: " in front. Any thread; lines never mix. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* complain_over: while a progress line stands on the terminal, messages wipe it first. */
void complain_over(bool progress_line);

/* Help texts (help.c). */
void help_general(FILE *out);
void help_run(FILE *out);
void help_verify(FILE *out);
void help_pools(FILE *out);
void help_demo(FILE *out);

/* usage_error: points to --help of `command` on stderr; returns EXIT_USAGE. */
int usage_error(const char *command);

/* only_help: for subcommands that take no arguments but --help. Returns -1 to go on, else the exit code. */
int only_help(int argc, char **argv, void (*help)(FILE *));

#endif
