/* driver.c - a fuzz target as an ordinary program, without libFuzzer.
 *
 *     TARGET [--seed=S] [--runs=N] [--coverage] [--write=DIRECTORY] [FILE or DIRECTORY]...
 *
 * Runs each file once, then N inputs made from a seed; --write stores these instead, as a corpus to begin with. The
 * input of a run that ends badly is written to the directory TORC_FUZZ_OUT (default: the current one) and the command
 * that replays it is printed. --coverage prints what every function answered and fails if something was never seen. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST      4096u
#define HANG_SECONDS 20

static uint8_t buffer[1 << 16];
static size_t length;
static const char *program;
static char saved[512];
static uint64_t executed;

static void say(const char *text) {
    (void)!write(STDERR_FILENO, text, strlen(text));
}

/* Only calls that a signal handler may make. */
static void ended_badly(int signal_number) {
    int file = open(saved, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0) {
        (void)!write(file, buffer, length);
        (void)close(file);
    }
    say(signal_number == SIGALRM ? "finding: the input hangs\n" : "");
    say("replay: ");
    say(program);
    say(" ");
    say(saved);
    say("\n");
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number == SIGALRM ? SIGABRT : signal_number);
}

static void watch_signals(void) {
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
    const char *out = getenv("TORC_FUZZ_OUT");
    (void)snprintf(saved, sizeof saved, "%s/crash-%s", out == NULL ? "." : out, target_name);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)signal(signals[i], ended_badly);
    }
}

static void run_one(void) {
    uint8_t *exact = malloc(length == 0 ? 1 : length); /* of its own, so that reading past its end shows */
    if (exact == NULL) {
        exit(2);
    }
    memcpy(exact, buffer, length);
    (void)alarm(HANG_SECONDS);
    (void)LLVMFuzzerTestOneInput(exact, length);
    (void)alarm(0);
    free(exact);
    executed++;
}

static void run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    length = fread(buffer, 1, sizeof buffer, file);
    (void)fclose(file);
    run_one();
}

static void run_path(const char *path) {
    struct dirent **names = NULL;
    struct stat about;
    int count;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
        run_file(path);
        return;
    }
    count = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char full[1024];
        (void)snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.') {
            run_file(full);
        }
        free(names[i]);
    }
    free(names);
}

static uint64_t random_next(uint64_t *state) {
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* Lengths spread over the magnitudes. */
static void generate(uint64_t *state) {
    length = (size_t)(random_next(state) % (LONGEST >> random_next(state) % 8)) + 1;
    for (size_t i = 0; i < length; i++) {
        buffer[i] = (uint8_t)(random_next(state) >> 56);
    }
}

static void store(const char *directory, uint64_t number) {
    char path[1024];
    FILE *file;
    (void)snprintf(path, sizeof path, "%s/seed-%llu", directory, (unsigned long long)number);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(buffer, 1, length, file) != length || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

int main(int argc, char **argv) {
    uint64_t seed = 1, runs = 0;
    const char *directory = NULL;
    bool coverage = false;
    program = argv[0];
    setvbuf(stdout, NULL, _IOLBF, 0);
    watch_signals();
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seed=", 7) == 0) {
            seed = strtoull(argv[i] + 7, NULL, 0);
        } else if (strncmp(argv[i], "--runs=", 7) == 0) {
            runs = strtoull(argv[i] + 7, NULL, 0);
        } else if (strcmp(argv[i], "--coverage") == 0) {
            coverage = true;
        } else if (strncmp(argv[i], "--write=", 8) == 0) {
            directory = argv[i] + 8;
        } else {
            run_path(argv[i]);
        }
    }
    for (uint64_t i = 0; i < runs; i++) {
        generate(&seed);
        if (directory != NULL) {
            store(directory, i);
        } else {
            run_one();
        }
    }
    if (directory != NULL) {
        return 0;
    }
    if (coverage) {
        uint32_t holes = print_table(target_functions, target_states);
        printf("%s: %llu inputs, %u holes\n", target_name, (unsigned long long)executed, holes);
        return holes != 0;
    }
    printf("%s: %llu inputs, 0 findings\n", target_name, (unsigned long long)executed);
    return executed == 0;
}
