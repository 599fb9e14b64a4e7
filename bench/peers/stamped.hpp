// stamped.hpp - the reading end of a ring of slots that each begin with a stamp: one consumer, which says how far it has come once
// in a while.
#ifndef TORC_BENCH_STAMPED_HPP
#define TORC_BENCH_STAMPED_HPP

#include "flow.hpp"

template <class Ring>
struct stamped_out {
    Ring *ring;
    unsigned char *slots;
    uint64_t mask, next;
    template <class F>
    inline __attribute__((always_inline)) bool pop(F &&use) {
        auto *here = reinterpret_cast<typename Ring::slot *>(slots + (next & mask) * Ring::stride);
        if (__atomic_load_n(&here->stamp, __ATOMIC_ACQUIRE) != next + 1) {
            return false;
        }
        use(static_cast<const typename Ring::event &>(here->payload));
        next++;
        if (__builtin_expect((next & (mask / 16)) == 0, 0)) {
            done();
        }
        return true;
    }
    template <class F>
    void pop_block(F &&use) {
        bench::waiter<SUITE_YIELD> wait;
        while (!pop(use)) {
            wait();
        }
    }
    void done() {
        __atomic_store_n(&ring->read, next, __ATOMIC_RELEASE);
    }
};

#endif
