// moodycamel.cpp - moodycamel::ConcurrentQueue with tokens; the blocking one where the case blocks.
#include "net.hpp"
#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/concurrentqueue.h>

template <size_t N>
struct moody_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = true, variable = false;
    using event = bench::event<N>;
    using plain = moodycamel::ConcurrentQueue<event>;
    using sleepy = moodycamel::BlockingConcurrentQueue<event>;

    bool asleep;
    std::unique_ptr<plain> queue;
    std::unique_ptr<sleepy> bed;
    std::vector<std::unique_ptr<moodycamel::ProducerToken>> producer;
    std::unique_ptr<moodycamel::ConsumerToken> consumer;

    moody_queue(const suite_plan &plan, unsigned producers, unsigned)
        : asleep(plan.waiting == SUITE_BLOCK || plan.shape == SUITE_WAKEUP) {
        if (asleep) {
            bed = std::make_unique<sleepy>(plan.entries, producers, 0);
            consumer = std::make_unique<moodycamel::ConsumerToken>(*bed);
        } else {
            queue = std::make_unique<plain>(plan.entries, producers, 0);
            consumer = std::make_unique<moodycamel::ConsumerToken>(*queue);
        }
        for (unsigned p = 0; p < producers; p++) {
            producer.push_back(asleep ? std::make_unique<moodycamel::ProducerToken>(*bed)
                                      : std::make_unique<moodycamel::ProducerToken>(*queue));
        }
        for (auto &token : producer) {
            asleep ? take_share(*bed, *token, plan.entries) : take_share(*queue, *token, plan.entries);
        }
    }
    // A block stays with the producer that took it first: each takes its own before one that is fast can take all, and leave
    // the others without for ever.
    template <class Queue>
    void take_share(Queue &from, moodycamel::ProducerToken &token, size_t entries) {
        event e{};
        for (size_t i = 0; i < entries; i++) {
            (void)from.try_enqueue(token, e);
        }
        while (from.try_dequeue(*consumer, e)) {
        }
    }

    struct in {
        using copied = event;
        plain *queue;
        sleepy *bed;
        moodycamel::ProducerToken *token;
        bool push(const event &e) {
            return queue->try_enqueue(*token, e);
        }
        unsigned push_range(const event *first, unsigned count) {
            return queue->try_enqueue_bulk(*token, first, count) ? count : 0;
        }
        void push_block(const event &e) {
            bench::waiter<SUITE_YIELD> wait;
            while (!bed->try_enqueue(*token, e)) { // it cannot sleep for space
                wait();
            }
        }
    };
    struct out {
        plain *queue;
        sleepy *bed;
        moodycamel::ConsumerToken *token;
        template <class F>
        bool pop(F &&use) {
            event e;
            if (!queue->try_dequeue(*token, e)) {
                return false;
            }
            use(static_cast<const event &>(e));
            return true;
        }
        template <class F>
        unsigned pop_some(unsigned most, F &&use) {
            event events[SUITE_BATCH];
            size_t got = queue->try_dequeue_bulk(*token, events, most);
            for (size_t k = 0; k < got; k++) {
                use(static_cast<const event &>(events[k]));
            }
            return unsigned(got);
        }
        template <class F>
        void pop_block(F &&use) {
            event e;
            bed->wait_dequeue(*token, e);
            use(static_cast<const event &>(e));
        }
    };
    in make_in(unsigned p) {
        return {queue.get(), bed.get(), producer[p].get()};
    }
    out make_out(unsigned) {
        return {queue.get(), bed.get(), consumer.get()};
    }
};

BENCH_PEER(moody_queue, "moodycamel",
           "ConcurrentQueue, producer and consumer tokens, preallocated, try_enqueue; batches: bulk; blocking: "
           "BlockingConcurrentQueue "
           "(producers yield when it is full)");
