// tbb.cpp - oneTBB's concurrent_bounded_queue.
#include "net.hpp"
#include <tbb/concurrent_queue.h>

template <size_t N>
struct tbb_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = true, variable = false, total = true;
    using event = bench::event<N>;
    using queue_type = tbb::concurrent_bounded_queue<event>;

    queue_type queue;
    tbb_queue(const suite_plan &plan, unsigned, unsigned) {
        queue.set_capacity(std::ptrdiff_t(plan.entries));
    }

    struct in {
        using copied = event;
        queue_type *queue;
        bool push(const event &e) {
            return queue->try_push(e);
        }
        void push_block(const event &e) {
            queue->push(e);
        }
    };
    struct out {
        queue_type *queue;
        template <class F>
        bool pop(F &&use) {
            event e;
            if (!queue->try_pop(e)) {
                return false;
            }
            use(static_cast<const event &>(e));
            return true;
        }
        template <class F>
        void pop_block(F &&use) {
            event e;
            queue->pop(e);
            use(static_cast<const event &>(e));
        }
    };
    in make_in(unsigned) {
        return {&queue};
    }
    out make_out(unsigned) {
        return {&queue};
    }
};

BENCH_PEER(tbb_queue, "tbb_bounded",
           "tbb::concurrent_bounded_queue, try_push and try_pop, or push and pop where the case blocks; no batches");
