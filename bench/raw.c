/* raw.c - the limit set by the machine: one number passed back and forth through two cache lines, no payload.
 *
 *     left                         right
 *     store ping ----------------> load ping
 *     load pong <----------------- store pong
 *
 * How fast a line travels also depends on where its address is at home in the machine: a lucky pair of lines is faster
 * by a tenth than an unlucky one. A lane has lines everywhere, so every slice here takes the next of many pairs. */
#include "bench.h"

#define PROBE 300 /* round trips that tell how far apart the cores are */
#define PAIRS 256

struct pair {
    uint64_t ping __attribute__((aligned(BENCH_MEMORY)));
    uint64_t pong __attribute__((aligned(BENCH_MEMORY)));
};
struct raw {
    struct pair pair[PAIRS];
    unsigned next;
};

static uint64_t raw_left(void *state, uint64_t n) {
    struct pair *pair = state;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        __atomic_store_n(&pair->ping, i, __ATOMIC_RELEASE);
        while (__atomic_load_n(&pair->pong, __ATOMIC_ACQUIRE) != i) {
        }
        sum += i;
    }
    return sum;
}

static uint64_t raw_right(void *state, uint64_t n) {
    struct pair *pair = state;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        while (__atomic_load_n(&pair->ping, __ATOMIC_ACQUIRE) != i) {
        }
        __atomic_store_n(&pair->pong, i, __ATOMIC_RELEASE);
        sum += i;
    }
    return sum;
}

static uint64_t raw_slice(void *state, struct bench_duo *duo, uint64_t n) {
    struct raw *raw = state;
    struct pair *pair = &raw->pair[raw->next++ % PAIRS];
    pair->ping = 0; /* the worker waits for its job: nobody polls these now */
    pair->pong = 0;
    return bench_duo_run(duo, raw_left, raw_right, pair, n);
}

double bench_distance(struct bench_duo *duo) {
    static struct raw raw;
    return (double)raw_slice(&raw, duo, PROBE) / (2.0 * PROBE);
}
