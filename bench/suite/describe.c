/* describe.c - what it was measured on: machine.txt. */
#include "harness.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifdef __clang__
#define SUITE_COMPILER "clang " __VERSION__
#else
#define SUITE_COMPILER "gcc " __VERSION__
#endif

static void cpu_of(char *name, size_t size) {
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    (void)snprintf(name, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            (void)snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All distances that were measured in this run. */
static double seen[65536];
static size_t seen_count;

void suite_saw_distance(double ns) {
    if (seen_count < sizeof seen / sizeof *seen) {
        seen[seen_count++] = ns;
    }
}

/* What became of the time. */
static struct {
    const char *name;
    double seconds;
    unsigned rounds;
} took[256];
static size_t took_count;

void suite_took(const char *name, double seconds, unsigned rounds) {
    if (took_count < sizeof took / sizeof *took) {
        took[took_count].name = name;
        took[took_count].seconds = seconds;
        took[took_count++].rounds = rounds;
    }
}

static void times(FILE *file) {
    double all = 0;
    for (size_t i = 0; i < took_count; i++) {
        all += took[i].seconds;
    }
    fprintf(file, "time: %.0f s; seconds and rounds:", all);
    for (size_t i = 0; i < took_count; i++) {
        fprintf(file, "%s %s %.1f %u", i != 0 ? "," : "", took[i].name, took[i].seconds, took[i].rounds);
    }
    fprintf(file, "\n");
}

static void distances(FILE *file) {
    static const double shares[] = {0, .1, .25, .5, .75, .9, 1};
    if (seen_count == 0) {
        fprintf(file, "distance: not measured\n");
        return;
    }
    qsort(seen, seen_count, sizeof *seen, ascending);
    fprintf(file, "distance: raw one-way core to core in ns, %zu measurements:", seen_count);
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        fprintf(file, " p%.0f %.0f", shares[i] * 100, seen[(size_t)(shares[i] * (double)(seen_count - 1))]);
    }
    fprintf(file, "\n");
}

void suite_describe(const char *path) {
    struct utsname system;
    char cpu[256];
    const char *const *names;
    size_t absent = suite_absent(&names);
    double load[3] = {0, 0, 0};
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        bench_die(path, strerror(errno));
    }
    cpu_of(cpu, sizeof cpu);
    (void)uname(&system);
    (void)getloadavg(load, 3);
    fprintf(file, "cpu: %s\ncores: %u usable; threads pinned to", cpu, suite_cores());
    for (unsigned i = 0; i < suite_cores() && i < SUITE_THREADS; i++) {
        fprintf(file, " %d", suite_core(i));
    }
    fprintf(file, "\nkernel: %s %s %s\ncompiler: " SUITE_COMPILER "\n", system.sysname, system.release, system.machine);
    fprintf(file, "rounds: at most %u counted, slices of %g ms, %s\n", suite_settings.rounds, suite_settings.slice_ms,
            suite_settings.deep ? "rings of 4096 entries throughout" : "large events share 256 KiB per ring");
    fprintf(file, "load at the end: %.2f %.2f %.2f\n", load[0], load[1], load[2]);
    distances(file);
    times(file);
    for (size_t i = 0; i < suite_plugin_count; i++) {
        fprintf(file, "impl %s: %s\n", suite_plugins[i]->name, suite_plugins[i]->settings);
    }
    for (size_t i = 0; i < absent; i++) {
        fprintf(file, "absent: %s\n", names[i]);
    }
    (void)suite_print_losses(file);
    if (fclose(file) != 0) {
        bench_die(path, "could not be written");
    }
}
