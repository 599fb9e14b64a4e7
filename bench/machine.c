/* machine.c - the clock, the cores and the memory that the speed marks run on. */
#include "bench.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <torc.h>

void bench_die(const char *what, const char *detail) {
    (void)fflush(stdout);
    fprintf(stderr, "bench: %s: %s\n", what, detail);
    exit(1);
}

void bench_check(int status, const char *what) {
    if (status != TORC_OK) {
        bench_die(what, torc_strerror(status));
    }
}

uint64_t bench_now(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        bench_die("clock_gettime", strerror(errno));
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void *bench_memory(size_t bytes) {
    size_t rounded = (bytes + BENCH_MEMORY - 1) / BENCH_MEMORY * BENCH_MEMORY;
    void *memory = aligned_alloc(BENCH_MEMORY, rounded);
    if (memory == NULL) {
        bench_die("aligned_alloc", strerror(errno));
    }
    return memset(memory, 0, rounded);
}

/* The number in a file of /sys that describes this processor, or -1. */
static int topology(int cpu, const char *what) {
    char path[128];
    int value = -1;
    FILE *file;
    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, what);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%d", &value) != 1) {
            value = -1;
        }
        (void)fclose(file);
    }
    return value;
}

/* Two hardware threads of one core share its caches: no event would travel. Unknown counts as different. */
static int same_core(int a, int b) {
    int core = topology(a, "core_id");
    return core >= 0 && core == topology(b, "core_id") &&
           topology(a, "physical_package_id") == topology(b, "physical_package_id");
}

struct bench_cores bench_pick_cores(void) {
    struct bench_cores cores = {-1, -1};
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        bench_die("sched_getaffinity", strerror(errno));
    }
    for (int cpu = 0; cpu < CPU_SETSIZE && cores.right < 0; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &allowed)) {
            continue;
        }
        if (cores.left < 0) {
            cores.left = cpu;
        } else if (!same_core(cores.left, cpu)) {
            cores.right = cpu;
        }
    }
    return cores;
}

void bench_pin(int core) {
    cpu_set_t set;
    int error;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    error = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    if (error != 0) {
        bench_die("pthread_setaffinity_np", strerror(error));
    }
}
