/* main.c - the `torc` command: finds the subcommand and hands over. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <torc.h>

#include "cmd.h"

static struct {
    const char *name;
    char title[16]; /* what getopt_long puts in front of its messages */
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "torc run", command_run},
    {"verify", "torc verify", command_verify},
    {"pools", "torc pools", command_pools},
    {"demo", "torc demo", command_demo},
};

static atomic_bool over_progress;

void complain_over(bool progress_line) {
    atomic_store_explicit(&over_progress, progress_line, memory_order_relaxed);
}

void complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    flockfile(stderr);
    fputs(atomic_load_explicit(&over_progress, memory_order_relaxed) ? "\r\033[Ktorc: " : "torc: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(arguments);
}

int usage_error(const char *command) {
    fprintf(stderr, "Try '%s --help'.\n", command);
    return EXIT_USAGE;
}

int only_help(int argc, char **argv, void (*help)(FILE *)) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = getopt_long(argc, argv, "h", options, NULL);
    if (option == 'h') {
        help(stdout);
        return EXIT_FINE;
    }
    if (option != -1) {
        return usage_error(argv[0]);
    }
    if (optind < argc) {
        complain("%s takes no argument '%s'", argv[0], argv[optind]);
        return usage_error(argv[0]);
    }
    return -1;
}

/* Started with 0, 1 or 2 closed, the first file opened would take that number and receive what is meant for the
 * terminal. The stand-ins are open for the wrong direction, so that using them is still an error. */
static bool hold_standard_files(void) {
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", modes[fd]) != fd) {
            return false;
        }
    }
    return true;
}

/* A closed pipe and a file size limit shall be errors that write() reports, not the end of the process. */
static bool ignore_write_signals(void) {
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &ignore, NULL) == 0 && sigaction(SIGXFSZ, &ignore, NULL) == 0;
}

/* What was printed counts only once it is out. */
static int close_output(int code) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("standard output: %s", strerror(errno));
        return code == EXIT_FINE ? EXIT_FAILED : code;
    }
    return code;
}

static int dispatch(int argc, char **argv) {
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            argv[0] = commands[i].title;
            optind = 0; /* a new vector: getopt_long starts over */
            return commands[i].run(argc, argv);
        }
    }
    complain("there is no command '%s'", argv[0]);
    return usage_error("torc");
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
    int option;
    if (!hold_standard_files() || !ignore_write_signals()) {
        return EXIT_FAILED;
    }
    /* "+": options after the command's name are the command's. */
    option = getopt_long(argc, argv, "+hV", options, NULL);
    if (option == 'h') {
        help_general(stdout);
        return close_output(EXIT_FINE);
    }
    if (option == 'V') {
        printf("torc %s\n", torc_version());
        return close_output(EXIT_FINE);
    }
    if (option != -1) {
        return usage_error("torc");
    }
    if (optind >= argc) {
        help_general(stderr);
        return EXIT_USAGE;
    }
    return close_output(dispatch(argc - optind, argv + optind));
}
