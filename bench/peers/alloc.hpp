// alloc.hpp - what is done with an allocator; each brings take and give, and gets loops with them inlined.
//
//     struct allocator {
//         struct block;                              // what give needs; trivially copyable
//         allocator(size_t bytes, unsigned threads);
//         void enter();                              // this thread is going to take
//         void *take(block &);                       // NULL: none
//         void give(block &);                        // from any thread that entered or not
//         void leave();
//     };
//
// Every block's first word is written by who takes it and read by who gives it.
#ifndef TORC_BENCH_ALLOC_HPP
#define TORC_BENCH_ALLOC_HPP

#include "event.hpp"
#include <cstdlib>

namespace bench {

enum : unsigned { window_blocks = 256, clog_blocks = 1000, timed_blocks = 8, cross_blocks = 256 };

template <class A>
struct alloc_state {
    A allocator;
    struct slot {
        uint64_t full;
        uint64_t *data;
        typename A::block block;
    };
    slot held[clog_blocks];
    bool clogged;
    alignas(BENCH_MEMORY) slot ring[cross_blocks];
    alloc_state(size_t bytes, unsigned threads) : allocator(bytes, threads), held{}, clogged(false), ring{} {
    }
};

template <class A>
class alloc {
    using state = alloc_state<A>;
    using slot = typename state::slot;

    static inline __attribute__((always_inline)) void take(A &from, slot &into, uint64_t value) {
        void *data = from.take(into.block);
        if (__builtin_expect(data == nullptr, 0)) {
            bench_die("take", "no memory");
        }
        into.data = static_cast<uint64_t *>(data);
        *static_cast<volatile uint64_t *>(data) = value;
    }
    static inline __attribute__((always_inline)) uint64_t give(A &to, slot &from) {
        uint64_t value = *static_cast<volatile uint64_t *>(from.data);
        to.give(from.block);
        return value;
    }

    static void check(uint64_t sum, uint64_t n, const char *what) {
        if (sum != n * (n + 1) / 2) {
            bench_die(what, "a block was given out twice");
        }
    }

    static uint64_t alone(void *opaque, uint64_t n) {
        A &from = static_cast<state *>(opaque)->allocator;
        uint64_t sum = 0;
        from.enter();
        for (uint64_t i = 1; i <= n; i++) {
            slot one;
            take(from, one, i);
            sum += give(from, one);
        }
        from.leave();
        check(sum, n, "alone");
        return sum;
    }

    static uint64_t window(void *opaque, uint64_t n) {
        state *all = static_cast<state *>(opaque);
        A &from = all->allocator;
        uint64_t sum = 0;
        from.enter();
        for (uint64_t i = 1; i <= n; i++) {
            slot &place = all->held[i % window_blocks];
            if (i > window_blocks) {
                sum += give(from, place);
            }
            take(from, place, i);
        }
        for (uint64_t i = n < window_blocks ? 1 : n - window_blocks + 1; i <= n; i++) {
            sum += give(from, all->held[i % window_blocks]);
        }
        from.leave();
        check(sum, n, "window");
        return sum;
    }

    static uint64_t cross_take(void *opaque, uint64_t n) {
        state *all = static_cast<state *>(opaque);
        waiter<SUITE_SPIN> wait;
        all->allocator.enter();
        for (uint64_t i = 1; i <= n; i++) {
            slot &place = all->ring[i % cross_blocks];
            slot fresh;
            take(all->allocator, fresh, i);
            while (__atomic_load_n(&place.full, __ATOMIC_ACQUIRE) != 0) {
                wait();
            }
            place.data = fresh.data;
            place.block = fresh.block;
            __atomic_store_n(&place.full, 1, __ATOMIC_RELEASE);
        }
        all->allocator.leave();
        return n * (n + 1) / 2;
    }

    static uint64_t cross_give(void *opaque, uint64_t n) {
        state *all = static_cast<state *>(opaque);
        uint64_t sum = 0;
        waiter<SUITE_SPIN> wait;
        all->allocator.enter_giver();
        for (uint64_t i = 1; i <= n; i++) {
            slot &place = all->ring[i % cross_blocks];
            while (__atomic_load_n(&place.full, __ATOMIC_ACQUIRE) == 0) {
                wait();
            }
            slot used = place;
            __atomic_store_n(&place.full, 0, __ATOMIC_RELEASE);
            sum += give(all->allocator, used);
        }
        all->allocator.leave();
        return sum;
    }

    // 1000 taken, then every tenth, at random places, given back.
    static void clog(void *opaque) {
        state *all = static_cast<state *>(opaque);
        uint64_t random = 88172645463325252u;
        all->allocator.enter();
        for (unsigned i = 0; i < clog_blocks; i++) {
            take(all->allocator, all->held[i], i);
            all->held[i].full = 1;
        }
        for (unsigned given = 0; given < clog_blocks / 10;) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            slot &one = all->held[random % clog_blocks];
            if (one.full != 0) {
                (void)give(all->allocator, one);
                one.full = 0;
                given++;
            }
        }
        all->allocator.leave();
        all->clogged = true;
    }

    static uint64_t timed(void *opaque, uint32_t *samples, uint64_t n) {
        state *all = static_cast<state *>(opaque);
        A &from = all->allocator;
        slot live[timed_blocks];
        uint64_t sum = 0;
        from.enter();
        for (uint64_t i = 1; i <= n; i++) {
            slot &place = live[i % timed_blocks];
            if (i > timed_blocks) {
                sum += give(from, place);
            }
            uint64_t begins = suite_ticks();
            take(from, place, i);
            samples[i - 1] = uint32_t(suite_ticks() - begins);
        }
        for (uint64_t i = n < timed_blocks ? 1 : n - timed_blocks + 1; i <= n; i++) {
            sum += give(from, live[i % timed_blocks]);
        }
        from.leave();
        check(sum, n, "clogged");
        return sum;
    }

    static void *open(size_t bytes, unsigned threads) {
        return new state(bytes, threads);
    }
    static void close(void *opaque) {
        state *all = static_cast<state *>(opaque);
        all->allocator.enter();
        for (slot &one : all->held) {
            if (all->clogged && one.full != 0) {
                (void)give(all->allocator, one);
            }
        }
        all->allocator.leave();
        delete all;
    }

  public:
    static constexpr suite_alloc functions = {open, alone, window, cross_take, cross_give, clog, timed, close};
};

// For those to whom threads are nothing special.
struct any_thread {
    void enter() {
    }
    void enter_giver() {
    }
    void leave() {
    }
};

} // namespace bench

#define BENCH_ALLOCATOR(allocator, name, settings)                                                                     \
    extern "C" const suite_plugin suite_plugin;                                                                        \
    static const suite_alloc peer_alloc = bench::alloc<allocator>::functions;                                          \
    const struct suite_plugin suite_plugin = {name, settings, nullptr, &peer_alloc, nullptr}
#endif
