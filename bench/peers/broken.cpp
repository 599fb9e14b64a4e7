// broken.cpp - not a peer: a queue that loses or changes an event now and then. `make bench-broken` wants the suite to notice.
#include "net.hpp"
#include <mutex>

template <size_t N>
struct broken_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = false, variable = false;
    using event = bench::event<N>;

    std::mutex lock;
    std::unique_ptr<event[]> ring;
    size_t capacity, head = 0, used = 0;
    uint64_t count = 0;
    const char *defect = std::getenv("BENCH_BROKEN");

    broken_queue(const suite_plan &plan, unsigned, unsigned) : ring(new event[plan.entries]), capacity(plan.entries) {
        if (defect == nullptr) {
            bench_die("broken", "BENCH_BROKEN is to say how: lost, changed or repeated");
        }
    }

    struct in {
        using copied = event;
        broken_queue *queue;
        bool push(const event &e) {
            std::lock_guard<std::mutex> guard(queue->lock);
            bool now = ++queue->count % 1007 == 0;
            if (queue->used + 2 > queue->capacity) {
                return false;
            }
            if (now && queue->defect[0] == 'l') {
                return true;
            }
            put(e, now && queue->defect[0] == 'c');
            if (now && queue->defect[0] == 'r') {
                put(e, false);
            }
            return true;
        }
        void put(const event &e, bool change) {
            event &into = queue->ring[(queue->head + queue->used++) % queue->capacity];
            into = e;
            into.word[event::words - 1] += change;
        }
    };
    struct out {
        broken_queue *queue;
        template <class F>
        bool pop(F &&use) {
            std::lock_guard<std::mutex> guard(queue->lock);
            if (queue->used == 0) {
                return false;
            }
            use(static_cast<const event &>(queue->ring[queue->head]));
            queue->head = (queue->head + 1) % queue->capacity;
            queue->used--;
            return true;
        }
    };
    in make_in(unsigned) {
        return {this};
    }
    out make_out(unsigned) {
        return {this};
    }
};

BENCH_PEER(broken_queue, "broken", "loses, changes or repeats one event in 1007");
