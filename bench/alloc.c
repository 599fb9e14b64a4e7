/* alloc.c - taking and giving back 256 bytes on one thread.
 *
 *     claim, write 8 bytes, release        malloc, write 8 bytes, free
 */
#include "bench.h"
#include "rival.h"
#include <stdlib.h>
#include <torc.h>

#define BLOCK 256

/* Keeps the compiler from dropping a block that nobody reads. */
static inline void touch(void *block, uint64_t value) {
    *(volatile uint64_t *)block = value;
}

/* --- torc: a slot of shirt S --- */
struct bank {
    struct torc_bus *bus;
    struct torc_publisher *publisher;
};

static void *bank_open(void) {
    struct bank *bank = bench_memory(sizeof *bank);
    struct torc_topic *topic;
    bench_check(torc_bus_create(NULL, &bank->bus), "torc_bus_create");
    bench_check(torc_topic_open(bank->bus, "alloc", 0, &topic), "torc_topic_open");
    bench_check(torc_publisher_open(topic, NULL, &bank->publisher), "torc_publisher_open");
    return bank;
}

static uint64_t bank_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct torc_publisher *publisher = ((struct bank *)state)->publisher;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        struct torc_ringptr ptr;
        void *block;
        int status = torc_ringptr_claim(publisher, 1, BLOCK, &ptr, &block);
        if (__builtin_expect(status != TORC_OK, 0)) {
            bench_die("torc_ringptr_claim", torc_strerror(status));
        }
        touch(block, i);
        status = torc_ringptr_release(ptr);
        if (__builtin_expect(status != TORC_OK, 0)) {
            bench_die("torc_ringptr_release", torc_strerror(status));
        }
    }
    return bench_now() - begins;
}

static void bank_close(void *state) {
    struct bank *bank = state;
    bench_check(torc_publisher_close(bank->publisher), "torc_publisher_close");
    bench_check(torc_bus_destroy(&bank->bus, NULL), "torc_bus_destroy");
    free(bank);
}

/* --- the rivals, both called through pointers, so that neither pays for a trampoline of the linker --- */
static uint64_t rival_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct bench_rival rival = *(struct bench_rival *)state;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        void *block = rival.take(BLOCK);
        if (__builtin_expect(block == NULL, 0)) {
            bench_die("malloc", "no memory");
        }
        touch(block, i);
        rival.give(block);
    }
    return bench_now() - begins;
}

static void *rival_open(struct bench_rival which) {
    struct bench_rival *rival = bench_memory(sizeof *rival);
    *rival = which;
    return rival;
}

static void *mimalloc_open(void) {
    return rival_open(bench_rival_mimalloc());
}

static void *glibc_open(void) {
    return rival_open(bench_rival_glibc());
}

static void rival_close(void *state) {
    free(state);
}

static const struct bench_impl torc = {"torc", bank_open, bank_slice, bank_close, 0};
static const struct bench_impl mimalloc = {"mimalloc", mimalloc_open, rival_slice, rival_close, 1.0};
static const struct bench_impl glibc = {"glibc", glibc_open, rival_slice, rival_close, 0};
static const struct bench_impl *const impls[] = {&torc, &mimalloc, &glibc};

const struct bench_case bench_alloc_256 = {
    .name = "alloc_256",
    .metric = "claim_release",
    .unit = "ns",
    .threads = 1,
    .slices = 100,
    .n = 50000,
    .per = 1,
    .impls = impls,
    .impl_count = 3,
};
