// spsc_boost.cpp - the rival of spsc.c: boost::lockfree::spsc_queue with its capacity fixed at compile time, push and pop one by one.
#include "bench.h"
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdlib>
#include <new>

using queue = boost::lockfree::spsc_queue<bench_event, boost::lockfree::capacity<BENCH_LANE>>;

static void *queue_open() {
    void *memory = bench_memory(sizeof(queue));
    return new (memory) queue;
}

static uint64_t queue_left(void *state, uint64_t n) {
    queue &events = *static_cast<queue *>(state);
    bench_event event;
    for (uint64_t i = 1; i <= n; i++) {
        bench_fill(&event, i);
        while (!events.push(event)) {
            bench_relax();
        }
    }
    return bench_total(n);
}

static uint64_t queue_right(void *state, uint64_t n) {
    queue &events = *static_cast<queue *>(state);
    bench_event event;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        while (!events.pop(event)) {
            bench_relax();
        }
        sum += bench_sum(&event);
    }
    return sum;
}

static uint64_t queue_slice(void *state, bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, queue_left, queue_right, state, n);
}

static void queue_close(void *state) {
    static_cast<queue *>(state)->~queue();
    std::free(state);
}

extern const bench_impl bench_spsc_boost = {"boost_spsc", queue_open, queue_slice, queue_close, 5.0};
