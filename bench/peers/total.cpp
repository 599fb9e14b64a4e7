// total.cpp - several producers, one order: what a shared ring can do at best, and torc's lane for each producer, which has no order.
//
// raw_add: a place is taken by fetch_add, and then waited for: nobody can change his mind, and who is preempted between taking a
// place and stamping it holds up all behind him. raw_cas: room is looked for first, the place taken by compare-and-swap: a try
// that can fail. Both: stamps per entry, one consumer that says how far it has come once in a while.
#include "raw.hpp"
#include "net.hpp"
#include "stamped.hpp"
#include "torc.hpp"

template <size_t N, bool Add>
struct shared_ring {
    static constexpr bool broadcast = false, many_producers = true, blocks = true, variable = false, total = true;
    using event = bench::event<N>;
    struct slot {
        uint64_t stamp;
        event payload;
    };
    static constexpr size_t stride = (sizeof(slot) + 63) / 64 * 64;

    unsigned char *slots;
    uint64_t mask;
    bool spins;
    alignas(BENCH_MEMORY) uint64_t next = 0; // to be taken
    alignas(BENCH_MEMORY) uint64_t read = 0; // how far the consumer has come

    shared_ring(const suite_plan &plan, unsigned, unsigned)
        : slots(static_cast<unsigned char *>(bench_memory(plan.entries * stride))), mask(plan.entries - 1),
          spins(plan.waiting == SUITE_SPIN) {
    }
    ~shared_ring() {
        std::free(slots);
    }

    struct in {
        shared_ring *ring;
        unsigned char *slots;
        uint64_t mask, limit;

        inline __attribute__((always_inline)) bool has_room(uint64_t sequence) {
            if (__builtin_expect(int64_t(sequence - limit) >= 0, 0)) {
                limit = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE) + mask + 1;
            }
            return int64_t(sequence - limit) < 0;
        }
        template <suite_waiting W>
        void wait_for_room(uint64_t sequence) {
            bench::waiter<W> wait;
            while (!has_room(sequence)) {
                wait();
            }
        }
        inline __attribute__((always_inline)) bool take(uint64_t &sequence) {
            if constexpr (Add) {
                sequence = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED);
                if (__builtin_expect(!has_room(sequence), 0)) {
                    ring->spins ? wait_for_room<SUITE_SPIN>(sequence) : wait_for_room<SUITE_YIELD>(sequence);
                }
                return true;
            } else {
                sequence = __atomic_load_n(&ring->next, __ATOMIC_RELAXED);
                do {
                    if (!has_room(sequence)) {
                        return false;
                    }
                } while (!__atomic_compare_exchange_n(&ring->next, &sequence, sequence + 1, true, __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED));
                return true;
            }
        }
        template <class F>
        inline __attribute__((always_inline)) bool push(F &&write) {
            uint64_t sequence;
            if (!take(sequence)) {
                return false;
            }
            slot *here = reinterpret_cast<slot *>(slots + (sequence & mask) * stride);
            write(here->payload);
            __atomic_store_n(&here->stamp, sequence + 1, __ATOMIC_RELEASE);
            return true;
        }
        template <class F>
        void push_block(F &&write) {
            bench::waiter<SUITE_YIELD> wait;
            while (!push(write)) {
                wait();
            }
        }
    };
    using out = stamped_out<shared_ring>;
    in make_in(unsigned) {
        return {this, slots, mask, mask + 1};
    }
    out make_out(unsigned) {
        return {this, slots, mask, 0};
    }
};
template <size_t N>
using add_ring = shared_ring<N, true>;
template <size_t N>
using cas_ring = shared_ring<N, false>;

template <template <size_t> class Q>
static void *total_open(const suite_plan *plan) {
    return plan->total && plan->consumers == 1 ? bench::flow<Q>::open(plan) : nullptr;
}
static const suite_flow add_flow = {total_open<add_ring>, bench::flow<add_ring>::run, bench::flow<add_ring>::close,
                                    nullptr};
static const suite_flow cas_flow = {total_open<cas_ring>, bench::flow<cas_ring>::run, bench::flow<cas_ring>::close,
                                    nullptr};
const suite_plugin suite_raw_add = {"raw_add",
                                    "several producers, one consumer: a ring of stamped slots, places taken by "
                                    "fetch_add and then waited for; yields where the case blocks",
                                    &add_flow, nullptr, nullptr};
const suite_plugin suite_raw_cas = {
    "raw_cas", "the same, room looked for first and the place taken by compare-and-swap", &cas_flow, nullptr, nullptr};

// Only where the case asks for one order: everywhere else it is torc itself.
static void *lanes_open(const suite_plan *plan) {
    suite_plan without = *plan;
    without.total = false;
    return plan->total ? suite_torc.flow->open(&without) : nullptr;
}
static void lanes_run(void *state, suite_job *job) {
    suite_torc.flow->run(state, job);
}
static void lanes_close(void *state) {
    suite_torc.flow->close(state);
}
static const suite_flow lanes_flow = {lanes_open, lanes_run, lanes_close, nullptr};
const suite_plugin suite_torc_lanes = {"torc_lanes", "a lane for each producer, which gives no order between them",
                                       &lanes_flow, nullptr, nullptr};
