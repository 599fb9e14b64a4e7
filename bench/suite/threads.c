/* threads.c - threads that are pinned and begin together. */
#include "harness.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

struct crew {
    suite_body body;
    void *context;
    uint32_t threads;
    uint32_t here __attribute__((aligned(BENCH_MEMORY)));
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t through;
};
struct member {
    struct crew *crew;
    unsigned thread;
    uint64_t begins, ends;
};

/* The cores this process may use, those that share nothing first. */
static int cores[CPU_SETSIZE];
static unsigned core_count;

static void find_cores(void) {
    struct bench_cores two;
    cpu_set_t allowed;
    if (core_count != 0) {
        return;
    }
    two = bench_pick_cores();
    cores[core_count++] = two.left;
    if (two.right >= 0) {
        cores[core_count++] = two.right;
    }
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        bench_die("sched_getaffinity", strerror(errno));
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, &allowed) && cpu != two.left && cpu != two.right) {
            cores[core_count++] = cpu;
        }
    }
}

int suite_core(unsigned index) {
    find_cores();
    return cores[index % core_count];
}

unsigned suite_cores(void) {
    find_cores();
    return core_count;
}

double suite_ns_per_tick(void) {
    static double known;
    if (known == 0) {
        uint64_t ns = bench_now(), ticks = suite_ticks(), later;
        do {
            later = bench_now();
        } while (later - ns < 20000000u);
        known = (double)(later - ns) / (double)(suite_ticks() - ticks);
    }
    return known;
}

bool suite_preempted(void) {
    static long last;
    struct rusage usage;
    long now;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        bench_die("getrusage", strerror(errno));
    }
    now = usage.ru_nivcsw;
    if (now == last) {
        return false;
    }
    last = now;
    return true;
}

static void meet(struct crew *crew) {
    (void)__atomic_fetch_add(&crew->here, 1, __ATOMIC_ACQ_REL);
    for (unsigned tries = 1; __atomic_load_n(&crew->here, __ATOMIC_ACQUIRE) < crew->threads; tries++) {
        bench_relax();
        if (tries % 256 == 0) {
            (void)sched_yield();
        }
    }
}

static void *work(void *argument) {
    struct member *member = argument;
    struct crew *crew = member->crew;
    bench_pin(suite_core(member->thread));
    meet(crew);
    member->begins = suite_ticks();
    crew->body(crew->context, member->thread);
    member->ends = suite_ticks();
    (void)pthread_mutex_lock(&crew->lock);
    crew->through++;
    (void)pthread_cond_signal(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Asleep, while they work. */
static void wait_for_all(struct crew *crew) {
    (void)pthread_mutex_lock(&crew->lock);
    while (crew->through < crew->threads) {
        (void)pthread_cond_wait(&crew->changed, &crew->lock);
    }
    (void)pthread_mutex_unlock(&crew->lock);
}

uint64_t suite_run_threads(unsigned threads, suite_body body, void *context) {
    struct crew crew = {.body = body, .context = context, .threads = threads};
    struct member members[SUITE_THREADS];
    pthread_t handles[SUITE_THREADS];
    uint64_t begins = UINT64_MAX, ends = 0;
    (void)pthread_mutex_init(&crew.lock, NULL);
    (void)pthread_cond_init(&crew.changed, NULL);
    for (unsigned i = 0; i < threads; i++) {
        int error;
        members[i] = (struct member){&crew, i, 0, 0};
        error = pthread_create(&handles[i], NULL, work, &members[i]);
        if (error != 0) {
            bench_die("pthread_create", strerror(error));
        }
    }
    wait_for_all(&crew);
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(handles[i], NULL);
        begins = members[i].begins < begins ? members[i].begins : begins;
        ends = members[i].ends > ends ? members[i].ends : ends;
    }
    (void)pthread_mutex_destroy(&crew.lock);
    (void)pthread_cond_destroy(&crew.changed);
    return (uint64_t)((double)(ends - begins) * suite_ns_per_tick());
}

/* --- how far apart the cores are: a number back and forth --- */

#define PROBE 2000u /* 20 in a smoke test */
struct probe {
    uint64_t n;
    uint64_t ping __attribute__((aligned(BENCH_MEMORY)));
    uint64_t pong __attribute__((aligned(BENCH_MEMORY)));
};

static void probe_run(void *context, unsigned thread) {
    struct probe *probe = context;
    uint64_t *mine = thread == 0 ? &probe->ping : &probe->pong, *theirs = thread == 0 ? &probe->pong : &probe->ping;
    for (uint64_t i = 1; i <= probe->n; i++) {
        if (thread == 0) {
            __atomic_store_n(mine, i, __ATOMIC_RELEASE);
        }
        for (unsigned tries = 1; __atomic_load_n(theirs, __ATOMIC_ACQUIRE) != i; tries++) {
            if (tries % 65536 == 0) {
                (void)sched_yield();
            }
        }
        if (thread == 1) {
            __atomic_store_n(mine, i, __ATOMIC_RELEASE);
        }
    }
}

double suite_distance(void) {
    static struct probe probes[64];
    static unsigned next;
    struct probe *probe = &probes[next++ % 64];
    double ns;
    if (suite_cores() < 2) {
        return 0;
    }
    probe->ping = probe->pong = 0;
    probe->n = suite_settings.smoke ? 20 : PROBE;
    ns = (double)suite_run_threads(2, probe_run, probe) / (2.0 * (double)probe->n);
    suite_saw_distance(ns);
    return ns;
}
