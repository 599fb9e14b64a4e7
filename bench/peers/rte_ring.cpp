// rte_ring.cpp - DPDK's rte_ring of elements, in ordinary memory: single producer or multi producer, single consumer.
#include "net.hpp"
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

template <size_t N>
struct dpdk_queue {
    static constexpr bool broadcast = false, many_producers = true, blocks = false, variable = false, total = true;
    static constexpr bool in_place = N > 64; // for one producer
    using event = bench::event<N>;

    rte_ring *ring;
    bool several;

    dpdk_queue(const suite_plan &plan, unsigned producers, unsigned) : several(producers > 1) {
        // One slot of a ring stays empty; exact size would round up, which is fine too.
        unsigned flags = RING_F_SC_DEQ | (several ? RING_F_MP_RTS_ENQ : RING_F_SP_ENQ);
        ssize_t bytes = rte_ring_get_memsize_elem(N, unsigned(plan.entries));
        if (bytes <= 0) {
            bench_die("rte_ring", "no such size");
        }
        ring = static_cast<rte_ring *>(bench_memory(size_t(bytes)));
        if (rte_ring_init(ring, "bench", unsigned(plan.entries), flags) != 0) {
            bench_die("rte_ring_init", "refused");
        }
    }
    ~dpdk_queue() {
        std::free(ring);
    }

    // The k-th of what a zero-copy call found, which may lie in two pieces.
    static event &piece(const rte_ring_zc_data &found, unsigned k) {
        return k < found.n1 ? static_cast<event *>(found.ptr1)[k] : static_cast<event *>(found.ptr2)[k - found.n1];
    }

    struct in {
        rte_ring *ring;
        bool several;
        template <class F>
        bool push(F &&write) {
            if (in_place && !several) {
                return push_some(1, [&write](event &e, unsigned) { write(e); }) == 1;
            }
            event e;
            if (several && rte_ring_full(ring)) {
                return false;
            }
            write(e);
            return rte_ring_enqueue_elem(ring, &e, N) == 0;
        }
        template <class F>
        unsigned push_some(unsigned count, F &&write) {
            if (!several) {
                rte_ring_zc_data found;
                unsigned room = rte_ring_enqueue_zc_burst_elem_start(ring, N, count, &found, nullptr);
                for (unsigned k = 0; k < room; k++) {
                    write(piece(found, k), k);
                }
                rte_ring_enqueue_zc_elem_finish(ring, room);
                return room;
            }
            event events[SUITE_BATCH];
            for (unsigned k = 0; k < count; k++) {
                write(events[k], k);
            }
            return rte_ring_enqueue_burst_elem(ring, events, N, count, nullptr);
        }
    };
    struct out {
        rte_ring *ring;
        template <class F>
        bool pop(F &&use) {
            if (in_place) {
                return pop_some(1, use) == 1;
            }
            event e;
            if (rte_ring_sc_dequeue_bulk_elem(ring, &e, N, 1, nullptr) == 0) {
                return false;
            }
            use(static_cast<const event &>(e));
            return true;
        }
        template <class F>
        unsigned pop_some(unsigned most, F &&use) {
            rte_ring_zc_data found;
            unsigned got = rte_ring_dequeue_zc_burst_elem_start(ring, N, most, &found, nullptr);
            for (unsigned k = 0; k < got; k++) {
                use(static_cast<const event &>(piece(found, k)));
            }
            rte_ring_dequeue_zc_elem_finish(ring, got);
            return got;
        }
    };
    in make_in(unsigned) {
        return {ring, several};
    }
    out make_out(unsigned) {
        return {ring};
    }
};

BENCH_PEER(dpdk_queue, "rte_ring",
           "ring of elements, SP/SC, or MP with relaxed tail synchronisation (for preempted producers)/SC, no huge "
           "pages, no EAL; above 64 bytes and in batches the zero-copy "
           "calls, else a copy");
