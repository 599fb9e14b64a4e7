/* spsc_ck.c - the rival of spsc.c: Concurrency Kit's ring for one producer and one consumer, typed, the 40 bytes copied in and out. */
#include "bench.h"
#include <ck_ring.h>
#include <stdlib.h>

CK_RING_PROTOTYPE(events, bench_event)

struct ring {
    struct ck_ring control __attribute__((aligned(BENCH_MEMORY)));
    struct bench_event slots[BENCH_LANE] __attribute__((aligned(BENCH_MEMORY)));
};

static void *ring_open(void) {
    struct ring *ring = bench_memory(sizeof *ring);
    ck_ring_init(&ring->control, BENCH_LANE);
    return ring;
}

static uint64_t ring_left(void *state, uint64_t n) {
    struct ring *ring = state;
    struct bench_event event;
    for (uint64_t i = 1; i <= n; i++) {
        bench_fill(&event, i);
        while (!CK_RING_ENQUEUE_SPSC(events, &ring->control, ring->slots, &event)) {
            bench_relax();
        }
    }
    return bench_total(n);
}

static uint64_t ring_right(void *state, uint64_t n) {
    struct ring *ring = state;
    struct bench_event event;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        while (!CK_RING_DEQUEUE_SPSC(events, &ring->control, ring->slots, &event)) {
            bench_relax();
        }
        sum += bench_sum(&event);
    }
    return sum;
}

static uint64_t ring_slice(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, ring_left, ring_right, state, n);
}

static void ring_close(void *state) {
    free(state);
}

const struct bench_impl bench_spsc_ck = {"ck_ring", ring_open, ring_slice, ring_close, 5.0};
