/* heap.c - taking and giving back blocks of random sizes: on one thread, and from one thread to another.
 *
 *     small, mixed, many: n live blocks; free one at random, allocate another in its place, write its first 8 bytes
 *     remote:             left: allocate, write --> [256 pointers] --> right: read, free */
#include "heap_cases.h"
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { SIZES = 4096, RING = 256, MOST_LIVE = 50000 };

static struct torc_heap *heap;

static void *heap_take(size_t size) {
    return torc_heap_alloc(heap, size);
}
static void heap_give(void *block) {
    (void)torc_heap_free(heap, block);
}
static void *heap_resize(void *block, size_t size) {
    return torc_heap_realloc(heap, block, size);
}

struct bench_rival bench_rival_heap(void) {
    static struct torc_grower_mmap range;
    if (heap == NULL) {
        bench_check(torc_grower_mmap_open(&range, (size_t)1 << 33), "torc_grower_mmap_open");
        bench_check(torc_heap_create(&range.grower, NULL, &heap), "torc_heap_create");
    }
    return (struct bench_rival){heap_take, heap_give, heap_resize};
}

static inline void touch(void *block, uint64_t value) {
    if (__builtin_expect(block == NULL, 0)) {
        bench_die("malloc", "no memory");
    }
    *(volatile uint64_t *)block = value;
}

struct bag {
    struct bench_rival rival;
    uint32_t live;
    uint64_t random;
    uint32_t size[SIZES]; /* drawn beforehand, in turns */
    void *block[MOST_LIVE];
    void *ring[RING] __attribute__((aligned(BENCH_MEMORY)));
};

/* `most` below 1000: evenly; above: nine of ten below 512. */
static struct bag *bag_open(struct bench_rival rival, uint32_t live, uint32_t most) {
    struct bag *bag = bench_memory(sizeof *bag);
    bag->rival = rival;
    bag->live = live;
    bag->random = 88172645463325252u;
    for (uint32_t i = 0; i < SIZES; i++) {
        uint64_t n = bench_random(&bag->random);
        bag->size[i] = 16 + (uint32_t)(n / 16 % (most > 1000 && n % 10 != 0 ? 497 : most - 15));
    }
    for (uint32_t i = 0; i < live; i++) {
        bag->block[i] = rival.take(bag->size[i % SIZES]);
    }
    return bag;
}

static void bag_close(void *state) {
    struct bag *bag = state;
    for (uint32_t i = 0; i < bag->live; i++) {
        bag->rival.give(bag->block[i]);
    }
    free(bag);
}

static uint64_t bag_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct bag *bag = state;
    struct bench_rival rival = bag->rival;
    uint64_t begins = bench_now(), random = bag->random;
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)((bench_random(&random) >> 32) * bag->live >> 32);
        rival.give(bag->block[k]);
        bag->block[k] = rival.take(bag->size[i % SIZES]);
        touch(bag->block[k], i);
    }
    bag->random = random;
    return bench_now() - begins;
}

/* --- from one thread to another --- */

static uint64_t produce(void *state, uint64_t n) {
    struct bag *bag = state;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        void **place = &bag->ring[i % RING];
        void *block = bag->rival.take(bag->size[i % SIZES]);
        touch(block, i);
        sum += i;
        while (__atomic_load_n(place, __ATOMIC_ACQUIRE) != NULL) {
            bench_relax();
        }
        __atomic_store_n(place, block, __ATOMIC_RELEASE);
    }
    return sum;
}

static uint64_t consume(void *state, uint64_t n) {
    struct bag *bag = state;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        void **place = &bag->ring[i % RING], *block;
        while ((block = __atomic_load_n(place, __ATOMIC_ACQUIRE)) == NULL) {
            bench_relax();
        }
        __atomic_store_n(place, NULL, __ATOMIC_RELEASE);
        sum += *(uint64_t *)block;
        bag->rival.give(block);
    }
    return sum;
}

static uint64_t remote_slice(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, produce, consume, state, n);
}

/* --- the cases --- */

#define IMPL(case_id, who, live, most, slice_of, goal_of)                                                              \
    static void *case_id##_##who##_open(void) {                                                                        \
        return bag_open(bench_rival_##who(), live, most);                                                              \
    }                                                                                                                  \
    static const struct bench_impl case_id##_##who = {#who, case_id##_##who##_open, slice_of, bag_close, goal_of};

#define CASE(id, live, most, slice_of, mimalloc_goal, glibc_goal, ...)                                                 \
    IMPL(id, heap, live, most, slice_of, 0)                                                                            \
    IMPL(id, mimalloc, live, most, slice_of, mimalloc_goal)                                                            \
    IMPL(id, jemalloc, live, most, slice_of, 0)                                                                        \
    IMPL(id, glibc, live, most, slice_of, glibc_goal)                                                                  \
    static const struct bench_impl *const id##_impls[] = {&id##_heap, &id##_mimalloc, &id##_jemalloc, &id##_glibc};    \
    const struct bench_case bench_##id = {.name = #id, .impls = id##_impls, .impl_count = 4, .per = 1, __VA_ARGS__};

CASE(heap_small, 1000, 256, bag_slice, 1.5, 0, .metric = "free_alloc", .unit = "ns", .threads = 1, .slices = 60,
     .n = 20000)
CASE(heap_mixed, 1000, 8192, bag_slice, 1.5, 0, .metric = "free_alloc", .unit = "ns", .threads = 1, .slices = 60,
     .n = 20000)
CASE(heap_many, MOST_LIVE, 512, bag_slice, 1.5, 0, .metric = "free_alloc", .unit = "ns", .threads = 1, .slices = 60,
     .n = 20000)
CASE(heap_remote, 0, 256, remote_slice, 0, 1.0, .metric = "freed_elsewhere", .unit = "M/s", .rate = 1, .threads = 2,
     .slices = 60, .n = 20000)
