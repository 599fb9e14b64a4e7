// boost.cpp - boost::lockfree::spsc_queue: read in place with consume_one, in batches with push(range) and consume_all.
#include "net.hpp"
#include <boost/lockfree/spsc_queue.hpp>

template <size_t N>
struct boost_queue {
    static constexpr bool broadcast = false, many_producers = false, blocks = false, variable = false;
    using event = bench::event<N>;
    using queue_type = boost::lockfree::spsc_queue<event>;

    alignas(BENCH_MEMORY) queue_type queue;
    boost_queue(const suite_plan &plan, unsigned, unsigned) : queue(plan.entries) {
    }

    struct in {
        using copied = event;
        queue_type *queue;
        bool push(const event &e) {
            return queue->push(e);
        }
        unsigned push_range(const event *first, unsigned count) {
            return unsigned(queue->push(first, count));
        }
    };
    struct out {
        queue_type *queue;
        template <class F>
        bool pop(F &&use) {
            return queue->consume_one([&use](event &e) { use(static_cast<const event &>(e)); });
        }
    };
    in make_in(unsigned) {
        return {&queue};
    }
    out make_out(unsigned) {
        return {&queue};
    }
};

BENCH_PEER(boost_queue, "boost_spsc",
           "boost::lockfree::spsc_queue; push, consume_one (in place); batches: push of a range");
