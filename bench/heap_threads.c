/* heap_threads.c - many threads, each with blocks of its own: free one at random, allocate another, write its first 8
 * bytes.
 *
 * The threads of one implementation live from open to close and sleep between slices; a slice is the same work for each
 * of them, from the moment they are let go until the last has finished. The rate is that of all together. In `scale`
 * torc's heap with 16 threads is measured against itself with 2: what is lost to more threads than there are cores. */
#include "heap_cases.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { MOST_THREADS = 16, LIVE = 500 };

struct crew;
struct member {
    struct crew *crew;
    pthread_t thread;
    uint64_t random;
    void *block[LIVE];
};

struct crew {
    struct bench_rival rival;
    unsigned threads;
    uint64_t n; /* 0: go home */
    pthread_barrier_t begin, end;
    struct member member[MOST_THREADS];
};

static void exchange(struct member *member, uint64_t n) {
    struct bench_rival rival = member->crew->rival;
    uint64_t random = member->random;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t r = bench_random(&random);
        uint32_t k = (uint32_t)((r >> 32) * LIVE >> 32);
        rival.give(member->block[k]);
        member->block[k] = rival.take(16 + (size_t)(r % 500));
        if (__builtin_expect(member->block[k] == NULL, 0)) {
            bench_die("malloc", "no memory");
        }
        *(volatile uint64_t *)member->block[k] = i;
    }
    member->random = random;
}

/* The opener is pinned to one core, and a thread inherits that. */
static void unpin(void) {
    cpu_set_t all;
    CPU_ZERO(&all);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        CPU_SET(i, &all);
    }
    if (pthread_setaffinity_np(pthread_self(), sizeof all, &all) != 0) {
        bench_die("pthread_setaffinity_np", "cannot unpin a thread");
    }
}

static void *work(void *argument) {
    struct member *member = argument;
    struct crew *crew = member->crew;
    unpin();
    for (;;) {
        (void)pthread_barrier_wait(&crew->begin);
        if (crew->n == 0) {
            break;
        }
        exchange(member, crew->n / crew->threads);
        (void)pthread_barrier_wait(&crew->end);
    }
    for (int i = 0; i < LIVE; i++) {
        crew->rival.give(member->block[i]);
    }
    return NULL;
}

static void *crew_open(struct bench_rival rival, unsigned threads) {
    struct crew *crew = bench_memory(sizeof *crew);
    crew->rival = rival;
    crew->threads = threads;
    if (pthread_barrier_init(&crew->begin, NULL, threads + 1) != 0 ||
        pthread_barrier_init(&crew->end, NULL, threads + 1) != 0) {
        bench_die("pthread_barrier_init", "no barrier");
    }
    for (unsigned i = 0; i < threads; i++) {
        crew->member[i].crew = crew;
        crew->member[i].random = 88172645463325252u + i;
        if (pthread_create(&crew->member[i].thread, NULL, work, &crew->member[i]) != 0) {
            bench_die("pthread_create", "no thread");
        }
    }
    return crew;
}

static uint64_t crew_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct crew *crew = state;
    uint64_t begins;
    (void)duo;
    crew->n = n;
    begins = bench_now();
    (void)pthread_barrier_wait(&crew->begin);
    (void)pthread_barrier_wait(&crew->end);
    return bench_now() - begins;
}

static void crew_close(void *state) {
    struct crew *crew = state;
    crew->n = 0;
    (void)pthread_barrier_wait(&crew->begin);
    for (unsigned i = 0; i < crew->threads; i++) {
        (void)pthread_join(crew->member[i].thread, NULL);
    }
    (void)pthread_barrier_destroy(&crew->begin);
    (void)pthread_barrier_destroy(&crew->end);
    free(crew);
}

#define IMPL(who, threads_of, goal_of)                                                                                 \
    static void *who##_##threads_of##_open(void) {                                                                     \
        return crew_open(bench_rival_##who(), threads_of);                                                             \
    }                                                                                                                  \
    static const struct bench_impl who##_##threads_of = {#who, who##_##threads_of##_open, crew_slice, crew_close,      \
                                                         goal_of};

#define CASE(count)                                                                                                    \
    IMPL(heap, count, 0)                                                                                               \
    IMPL(mimalloc, count, 0)                                                                                           \
    IMPL(jemalloc, count, 0)                                                                                           \
    IMPL(glibc, count, 0)                                                                                              \
    static const struct bench_impl *const impls_##count[] = {&heap_##count, &mimalloc_##count, &jemalloc_##count,      \
                                                             &glibc_##count};                                          \
    const struct bench_case bench_heap_t##count = {.name = "heap_t" #count,                                            \
                                                   .metric = "free_alloc",                                             \
                                                   .unit = "M/s",                                                      \
                                                   .rate = 1,                                                          \
                                                   .threads = 1,                                                       \
                                                   .slices = 10,                                                       \
                                                   .n = 6400000,                                                       \
                                                   .per = 1,                                                           \
                                                   .impls = impls_##count,                                             \
                                                   .impl_count = 4};

CASE(1)
CASE(2)
CASE(8)
CASE(16)

static const struct bench_impl heap_of_2 = {"heap, 2 thr.", heap_2_open, crew_slice, crew_close, 0.9};
static const struct bench_impl *const scale_impls[] = {&heap_16, &heap_of_2, &mimalloc_16, &glibc_16};
const struct bench_case bench_heap_scale = {.name = "heap_scale",
                                            .metric = "free_alloc_16",
                                            .unit = "M/s",
                                            .rate = 1,
                                            .threads = 1,
                                            .slices = 10,
                                            .n = 6400000,
                                            .per = 1,
                                            .impls = scale_impls,
                                            .impl_count = 4};
