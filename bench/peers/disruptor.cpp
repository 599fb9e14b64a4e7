// disruptor.cpp - the LMAX Disruptor: starts Disruptor.java in a JVM, once, and hands it slices line by line.
#include "../suite/suite.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *to, *from;
static pid_t jvm;
extern "C" const suite_plugin suite_plugin;

// The directory of this very file, where the class is.
static std::string directory() {
    Dl_info here;
    if (dladdr(&suite_plugin, &here) == 0) {
        bench_die("dladdr", "disruptor");
    }
    std::string path = here.dli_fname;
    return path.substr(0, path.rfind('/'));
}

static void stop() {
    if (to != nullptr) {
        (void)fclose(to); // the end of its input ends it
        (void)fclose(from);
        (void)waitpid(jvm, nullptr, 0);
        to = from = nullptr;
    }
}

[[noreturn]] static void become_jvm(int in, int out, const std::string &path) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(in, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)execlp("java", "java", "-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch", "-XX:+UseParallelGC", "-cp",
                 path.c_str(), "Disruptor", static_cast<char *>(nullptr));
    _exit(127);
}

static void start() {
    int there[2], back[2];
    std::string path = directory() + ":" DISRUPTOR_JAR;
    if (to != nullptr) {
        return;
    }
    if (pipe(there) != 0 || pipe(back) != 0 || (jvm = fork()) < 0) {
        bench_die("disruptor", std::strerror(errno));
    }
    if (jvm == 0) {
        (void)close(there[1]);
        (void)close(back[0]);
        become_jvm(there[0], back[1], path);
    }
    (void)close(there[0]);
    (void)close(back[1]);
    to = fdopen(there[1], "w");
    from = fdopen(back[0], "r");
    (void)std::atexit(stop);
}

static double ns_per_tick() {
    static double known;
    if (known == 0) {
        uint64_t ns = bench_now(), ticks = suite_ticks();
        while (bench_now() - ns < 10000000) {
        }
        known = double(bench_now() - ns) / double(suite_ticks() - ticks);
    }
    return known;
}

static uint64_t slice(void *state, uint64_t n, uint32_t *samples, uint64_t *stall) {
    const suite_plan *plan = static_cast<const suite_plan *>(state);
    unsigned long long ns, stalled;
    fprintf(to, "%d %u %u %zu %u %d %zu %llu\n", int(plan->shape), plan->producers, plan->consumers, plan->bytes,
            plan->batch, int(plan->waiting), plan->entries, static_cast<unsigned long long>(n));
    (void)fflush(to);
    if (fscanf(from, "%llu %llu", &ns, &stalled) != 2) {
        char line[256] = "no answer";
        (void)!fgets(line, sizeof line, from);
        bench_die("disruptor", line);
    }
    for (uint64_t i = 0; plan->shape == SUITE_PINGPONG && i < n; i++) {
        unsigned sample;
        if (fscanf(from, "%u", &sample) != 1) {
            bench_die("disruptor", "too few samples");
        }
        samples[i] = uint32_t(double(sample) / ns_per_tick());
    }
    *stall = uint64_t(double(stalled) / ns_per_tick());
    return ns;
}

// In a JVM code is slow until it has run for a while.
static void warm_up(const suite_plan *plan) {
    static suite_plan last;
    static uint32_t samples[20000];
    uint64_t stall, n = plan->shape == SUITE_PINGPONG ? 20000 : 4 * plan->entries, begins = bench_now();
    if (std::memcmp(&last, plan, sizeof last) != 0) {
        while (bench_now() - begins < 300000000) {
            (void)slice(const_cast<suite_plan *>(plan), n, samples, &stall);
        }
        last = *plan;
    }
}

static void *open_plan(const suite_plan *plan) {
    if (plan->trace != nullptr || plan->shape == SUITE_WAKEUP ||
        (plan->waiting == SUITE_BLOCK && plan->producers == 1)) {
        return nullptr;
    }
    start();
    warm_up(plan);
    suite_plan *copy = static_cast<suite_plan *>(std::malloc(sizeof *copy));
    if (copy == nullptr) {
        bench_die("malloc", "no memory");
    }
    *copy = *plan;
    return copy;
}

static void run_nothing(void *, suite_job *) {
}

static const suite_flow outside = {open_plan, run_nothing, std::free, slice};
const struct suite_plugin suite_plugin = {"disruptor",
                                          "LMAX Disruptor in a JVM of its own (512 MiB heap touched, parallel GC), one "
                                          "ring per topology, BusySpin, Yielding where threads "
                                          "exceed cores, Blocking where the case blocks; BatchEventProcessor; next(16) "
                                          "in batches; threads not pinned; warmed up 0.3 s per case",
                                          &outside, nullptr, nullptr};
