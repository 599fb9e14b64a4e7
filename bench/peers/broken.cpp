// broken.cpp - not a peer: a queue that loses, changes or repeats an event now and then, hangs, or crashes. `make bench-broken`
// wants the suite to notice, and to go on with the others.
#include "net.hpp"
#include <cstring>
#include <mutex>
#include <unistd.h>

template <size_t N>
struct broken_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = false, variable = false;
    using event = bench::event<N>;

    std::mutex lock;
    std::unique_ptr<event[]> ring;
    size_t capacity, head = 0, used = 0;
    uint64_t count = 0;
    const bool loses = is("lost"), changes = is("changed"), repeats = is("repeated"), hangs = is("hangs"),
               crashes = is("crashes");

    broken_queue(const suite_plan &plan, unsigned, unsigned) : ring(new event[plan.entries]), capacity(plan.entries) {
        if (!(loses || changes || repeats || hangs || crashes)) {
            bench_die("broken", "BENCH_BROKEN is to say how: lost, changed, repeated, hangs or crashes");
        }
    }
    static bool is(const char *defect) {
        const char *wanted = std::getenv("BENCH_BROKEN");
        return wanted != nullptr && std::strcmp(wanted, defect) == 0;
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
            if (now && queue->loses) {
                return true;
            }
            while (now && queue->hangs) {
                (void)pause(); // and keeps the lock
            }
            if (now && queue->crashes) {
                std::abort();
            }
            put(e, now && queue->changes);
            if (now && queue->repeats) {
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

BENCH_PEER(broken_queue, "broken", "loses, changes or repeats one event in 1007, or hangs or crashes there");
