// mutex.cpp - what everybody writes first: a ring, a mutex, and two condition variables.
#include "net.hpp"
#include <condition_variable>
#include <mutex>

template <size_t N>
struct mutex_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = true, variable = false, total = true;
    using event = bench::event<N>;

    std::mutex lock;
    std::condition_variable filled, emptied;
    std::unique_ptr<event[]> ring;
    size_t capacity, head = 0, used = 0;

    mutex_queue(const suite_plan &plan, unsigned, unsigned) : ring(new event[plan.entries]), capacity(plan.entries) {
    }

    template <class F>
    void put(F &write) {
        size_t at = head + used;
        write(ring[at < capacity ? at : at - capacity]);
        used++;
    }
    template <class F>
    void get(F &use) {
        use(static_cast<const event &>(ring[head]));
        head = head + 1 < capacity ? head + 1 : 0;
        used--;
    }

    struct in {
        mutex_queue *queue;
        template <class F>
        bool push(F &&write) {
            {
                std::lock_guard<std::mutex> guard(queue->lock);
                if (queue->used == queue->capacity) {
                    return false;
                }
                queue->put(write);
            }
            return true;
        }
        template <class F>
        unsigned push_some(unsigned count, F &&write) {
            std::lock_guard<std::mutex> guard(queue->lock);
            unsigned k = 0;
            for (; k < count && queue->used < queue->capacity; k++) {
                auto one = [&](event &e) { write(e, k); };
                queue->put(one);
            }
            return k;
        }
        template <class F>
        void push_block(F &&write) {
            {
                std::unique_lock<std::mutex> guard(queue->lock);
                queue->emptied.wait(guard, [this] { return queue->used < queue->capacity; });
                queue->put(write);
            }
            queue->filled.notify_one();
        }
    };
    struct out {
        mutex_queue *queue;
        template <class F>
        bool pop(F &&use) {
            std::lock_guard<std::mutex> guard(queue->lock);
            if (queue->used == 0) {
                return false;
            }
            queue->get(use);
            return true;
        }
        template <class F>
        unsigned pop_some(unsigned most, F &&use) {
            std::lock_guard<std::mutex> guard(queue->lock);
            unsigned k = 0;
            for (; k < most && queue->used > 0; k++) {
                queue->get(use);
            }
            return k;
        }
        template <class F>
        void pop_block(F &&use) {
            {
                std::unique_lock<std::mutex> guard(queue->lock);
                queue->filled.wait(guard, [this] { return queue->used > 0; });
                queue->get(use);
            }
            queue->emptied.notify_one();
        }
    };
    in make_in(unsigned) {
        return {this};
    }
    out make_out(unsigned) {
        return {this};
    }
};

BENCH_PEER(mutex_queue, "mutex_queue",
           "std::mutex and two condition variables over a ring, events written and read under the lock; no condition "
           "variable where the case spins");
