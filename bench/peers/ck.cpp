// ck.cpp - Concurrency Kit's ck_ring: written in place by one producer, copied in by several, copied out.
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
    static constexpr bool broadcast = false, many_producers = true, blocks = false, variable = false;
    using event = bench::event<N>;

    alignas(BENCH_MEMORY) ck_ring ring;
    event *slots;
    bool several;

    ck_queue(const suite_plan &plan, unsigned producers, unsigned)
        : ring(), slots(static_cast<event *>(bench_memory(plan.entries * sizeof(event)))), several(producers > 1) {
        ck_ring_init(&ring, unsigned(plan.entries));
    }
    ~ck_queue() {
        std::free(slots);
    }

    struct in {
        ck_ring *ring;
        event *slots;
        bool several;
        template <class F>
        bool push(F &&write) {
            if (several) {
                event e;
                write(e);
                return _ck_ring_enqueue_mp(ring, slots, &e, unsigned(N), nullptr);
            }
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
        return {&ring, slots, several};
    }
    out make_out(unsigned) {
        return {&ring, slots};
    }
};

BENCH_PEER(
    ck_queue, "ck_ring",
    "typed ring; SPSC: reserve, fill in place, commit; MPSC: enqueue of a copy; dequeue copies out; it has no batches");
