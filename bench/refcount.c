/* refcount.c - one more reference and one less, on one handle.
 *
 *     clone, release        fetch_add, fetch_sub on a bare 64-bit word
 */
#include "bench.h"
#include <stdlib.h>
#include <torc.h>

/* --- torc --- */
struct held {
    struct torc_bus *bus;
    struct torc_publisher *publisher;
    struct torc_ringptr ptr;
};

static void *held_open(void) {
    struct held *held = bench_memory(sizeof *held);
    struct torc_topic *topic;
    bench_check(torc_bus_create(NULL, &held->bus), "torc_bus_create");
    bench_check(torc_topic_open(held->bus, "refcount", 0, &topic), "torc_topic_open");
    bench_check(torc_publisher_open(topic, NULL, &held->publisher), "torc_publisher_open");
    bench_check(torc_ringptr_claim(held->publisher, 1, 256, &held->ptr, NULL), "torc_ringptr_claim");
    return held;
}

static uint64_t held_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct torc_ringptr ptr = ((struct held *)state)->ptr;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        struct torc_ringptr clone;
        int status = torc_ringptr_clone(ptr, &clone);
        if (__builtin_expect(status != TORC_OK, 0)) {
            bench_die("torc_ringptr_clone", torc_strerror(status));
        }
        status = torc_ringptr_release(clone);
        if (__builtin_expect(status != TORC_OK, 0)) {
            bench_die("torc_ringptr_release", torc_strerror(status));
        }
    }
    return bench_now() - begins;
}

static void held_close(void *state) {
    struct held *held = state;
    bench_check(torc_ringptr_release(held->ptr), "torc_ringptr_release");
    bench_check(torc_publisher_close(held->publisher), "torc_publisher_close");
    bench_check(torc_bus_destroy(&held->bus, NULL), "torc_bus_destroy");
    free(held);
}

/* --- bare: what an unchecked reference count costs --- */
static void *bare_open(void) {
    return bench_memory(sizeof(uint64_t));
}

static uint64_t bare_slice(void *state, struct bench_duo *duo, uint64_t n) {
    uint64_t *word = state;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        (void)__atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
        (void)__atomic_fetch_sub(word, 1, __ATOMIC_ACQ_REL);
    }
    return bench_now() - begins;
}

static void bare_close(void *state) {
    free(state);
}

static const struct bench_impl torc = {"torc", held_open, held_slice, held_close, 0};
static const struct bench_impl bare = {"bare", bare_open, bare_slice, bare_close, 1.1};
static const struct bench_impl *const impls[] = {&torc, &bare};

const struct bench_case bench_refcount = {
    .name = "refcount",
    .metric = "clone_release",
    .unit = "ns",
    .threads = 1,
    .slices = 100,
    .n = 50000,
    .per = 1,
    .impls = impls,
    .impl_count = 2,
};
