// ck.cpp - Concurrency Kit's ck_ring: written in place, copied out. Several producers have a ring each: those of one ring spin for each
// other's turn, and where one of them is preempted they stand still for as long as the kernel likes.
//
// The functions with an underscore are what its CK_RING_PROTOTYPE makes typed ones of; a template cannot use that macro.
#include "net.hpp"
// Its header returns `false` from a function that answers a pointer, which C++ refuses.
#define false 0
extern "C" {
#include <ck_ring.h>
}
#undef false

template <size_t N>
struct ck_queue {
    static constexpr bool broadcast = false, many_producers = false, blocks = false, variable = false;
    using event = bench::event<N>;

    alignas(BENCH_MEMORY) ck_ring ring;
    event *slots;

    ck_queue(const suite_plan &plan, unsigned, unsigned)
        : ring(), slots(static_cast<event *>(bench_memory(plan.entries * sizeof(event)))) {
        ck_ring_init(&ring, unsigned(plan.entries));
    }
    ~ck_queue() {
        std::free(slots);
    }

    struct in {
        ck_ring *ring;
        event *slots;
        template <class F>
        bool push(F &&write) {
            event *place = static_cast<event *>(_ck_ring_enqueue_reserve_sp(ring, slots, unsigned(N), nullptr));
            if (place == nullptr) {
                return false;
            }
            write(*place);
            _ck_ring_enqueue_commit_sp(ring);
            return true;
        }
    };
    struct out {
        ck_ring *ring;
        event *slots;
        template <class F>
        bool pop(F &&use) {
            event e;
            if (!_ck_ring_dequeue_sc(ring, slots, &e, unsigned(N))) {
                return false;
            }
            use(static_cast<const event &>(e));
            return true;
        }
    };
    in make_in(unsigned) {
        return {&ring, slots};
    }
    out make_out(unsigned) {
        return {&ring, slots};
    }
};

BENCH_PEER(ck_queue, "ck_ring",
           "typed ring, SPSC: reserve, fill in place, commit; dequeue copies out; no batches; a ring for each "
           "producer, read in turns");
