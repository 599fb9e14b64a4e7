/* region.c - free one of n live blocks at random, allocate another of random size (16 to 4111 bytes) in its place.
 *
 *     region: free(block), alloc(size)        the rival: free(pointer), malloc(size)
 *
 * The same random numbers for all; nobody touches the blocks, which in region's case are not even there. The range is
 * twice what is live, in granules of 16 bytes, which is malloc's alignment too. */
#include "allocators.h"
#include "rival.h"
#include <stdlib.h>
#include <torc/region.h>

#define SMALLEST 16u
#define SPREAD   4096u
#define FEW      1000u
#define MANY     100000u

static inline uint64_t size_from(uint64_t random) {
    return SMALLEST + (random >> 40) % SPREAD;
}

static inline uint32_t index_from(uint64_t random, uint32_t live) {
    return (uint32_t)(((random & UINT32_MAX) * live) >> 32);
}

/* --- torc --- */
struct ranges {
    uint64_t random;
    struct torc_region *region;
    struct torc_region_block *block;
    void *storage;
    uint32_t live;
};

static void region_take(struct ranges *ranges, uint32_t index, uint64_t size) {
    int status = torc_region_alloc(ranges->region, size, &ranges->block[index]);
    if (__builtin_expect(status != TORC_OK, 0)) {
        bench_die("torc_region_alloc", torc_strerror(status));
    }
}

static uint64_t region_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct ranges *ranges = state;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t random = bench_random(&ranges->random);
        uint32_t index = index_from(random, ranges->live);
        int status = torc_region_free(ranges->region, ranges->block[index]);
        if (__builtin_expect(status != TORC_OK, 0)) {
            bench_die("torc_region_free", torc_strerror(status));
        }
        region_take(ranges, index, size_from(random));
    }
    return bench_now() - begins;
}

/* As many turns as make the gaps what they will be: ten for each block. */
static void *region_open(uint32_t live) {
    struct ranges *ranges = bench_memory(sizeof *ranges);
    size_t bytes = TORC_REGION_BYTES(TORC_REGION_NODES(live));
    ranges->random = 1;
    ranges->live = live;
    ranges->storage = bench_memory(bytes);
    ranges->block = bench_memory(live * sizeof *ranges->block);
    bench_check(torc_region_init(ranges->storage, bytes, 0, (uint64_t)live * (SMALLEST + SPREAD), 16, &ranges->region),
                "torc_region_init");
    for (uint32_t i = 0; i < live; i++) {
        region_take(ranges, i, size_from(bench_random(&ranges->random)));
    }
    (void)region_slice(ranges, NULL, UINT64_C(10) * live);
    return ranges;
}

static void *region_open_few(void) {
    return region_open(FEW);
}

static void *region_open_many(void) {
    return region_open(MANY);
}

static void region_close(void *state) {
    struct ranges *ranges = state;
    if (!torc_region_is_valid(ranges->region)) {
        bench_die("region", "not valid after the run");
    }
    free(ranges->block);
    free(ranges->storage);
    free(ranges);
}

/* --- the rivals, called through pointers --- */
struct heap {
    uint64_t random;
    struct bench_rival rival;
    void **block;
    uint32_t live;
};

static void heap_take(struct heap *heap, uint32_t index, uint64_t size) {
    heap->block[index] = heap->rival.take((size_t)size);
    if (__builtin_expect(heap->block[index] == NULL, 0)) {
        bench_die("malloc", "no memory");
    }
}

static uint64_t heap_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct heap *heap = state;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t random = bench_random(&heap->random);
        uint32_t index = index_from(random, heap->live);
        heap->rival.give(heap->block[index]);
        heap_take(heap, index, size_from(random));
    }
    return bench_now() - begins;
}

static void *heap_open(struct bench_rival rival, uint32_t live) {
    struct heap *heap = bench_memory(sizeof *heap);
    heap->random = 1;
    heap->live = live;
    heap->rival = rival;
    heap->block = bench_memory(live * sizeof *heap->block);
    for (uint32_t i = 0; i < live; i++) {
        heap_take(heap, i, size_from(bench_random(&heap->random)));
    }
    (void)heap_slice(heap, NULL, UINT64_C(10) * live);
    return heap;
}

static void heap_close(void *state) {
    struct heap *heap = state;
    for (uint32_t i = 0; i < heap->live; i++) {
        heap->rival.give(heap->block[i]);
    }
    free(heap->block);
    free(heap);
}

static void *glibc_open_few(void) {
    return heap_open(bench_rival_glibc(), FEW);
}

static void *glibc_open_many(void) {
    return heap_open(bench_rival_glibc(), MANY);
}

static void *mimalloc_open_few(void) {
    return heap_open(bench_rival_mimalloc(), FEW);
}

static void *mimalloc_open_many(void) {
    return heap_open(bench_rival_mimalloc(), MANY);
}

static const struct bench_impl torc_few = {"torc", region_open_few, region_slice, region_close, 0};
static const struct bench_impl glibc_few = {"glibc", glibc_open_few, heap_slice, heap_close, 1.0};
static const struct bench_impl mimalloc_few = {"mimalloc", mimalloc_open_few, heap_slice, heap_close, 0};
static const struct bench_impl *const impls_few[] = {&torc_few, &glibc_few, &mimalloc_few};

const struct bench_case bench_region_1000 = {
    .name = "region_1000",
    .metric = "free_alloc",
    .unit = "ns",
    .threads = 1,
    .slices = 100,
    .n = 10000,
    .per = 1,
    .impls = impls_few,
    .impl_count = 3,
};

static const struct bench_impl torc_many = {"torc", region_open_many, region_slice, region_close, 0};
static const struct bench_impl glibc_many = {"glibc", glibc_open_many, heap_slice, heap_close, 1.0};
static const struct bench_impl mimalloc_many = {"mimalloc", mimalloc_open_many, heap_slice, heap_close, 0};
static const struct bench_impl *const impls_many[] = {&torc_many, &glibc_many, &mimalloc_many};

const struct bench_case bench_region_100000 = {
    .name = "region_100k",
    .metric = "free_alloc",
    .unit = "ns",
    .threads = 1,
    .slices = 60,
    .n = 5000,
    .per = 1,
    .impls = impls_many,
    .impl_count = 3,
};
