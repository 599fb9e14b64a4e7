// raw_lanes.cpp - the limit where threads are more than two: a ring of stamped slots for each producer, and a cursor for each reader
// of each ring. Nobody joins, leaves, sleeps or is counted.
//
// The layout is torc's, a line for an event of up to 48 bytes, and so are the turns: a run of events of one ring, then the cursor is
// stored and the next ring looked at. A reader that comes after others reads their cursors again when it has used up what they left.
#include "net.hpp"
#include "raw.hpp"

namespace {

constexpr unsigned most = 4; // of each kind
constexpr uint64_t run = 64;

struct cursor {
    alignas(BENCH_MEMORY) uint64_t at;
};

template <size_t N>
struct raw_lanes {
    static constexpr bool broadcast = true, many_producers = true, blocks = false, stages = true, variable = false;
    using event = bench::event<N>;
    struct slot {
        uint64_t stamp;
        event payload;
    };
    static constexpr size_t stride = (sizeof(slot) + 63) / 64 * 64;

    struct writer {
        alignas(BENCH_MEMORY) uint64_t next, limit;
    };
    struct place {
        uint64_t next, given, left_by_others;
    };
    struct reader {
        alignas(BENCH_MEMORY) unsigned char *slots;
        uint64_t next, left;
        unsigned lane, after[2], after_count;
        place lanes[most];
    };

    unsigned producers, consumers;
    uint64_t mask;
    unsigned char *slots[most];
    cursor *cursors; // by lane and reader
    writer writers[most];
    reader readers[most];

    raw_lanes(const suite_plan &plan, unsigned from, unsigned to)
        : producers(from), consumers(to), mask(plan.entries - 1), slots{},
          cursors(static_cast<cursor *>(bench_memory(most * most * sizeof(cursor)))), writers{}, readers{} {
        for (unsigned p = 0; p < producers; p++) {
            slots[p] = static_cast<unsigned char *>(bench_memory(plan.entries * stride));
            writers[p].limit = plan.entries;
        }
        for (unsigned c = 0; c < consumers; c++) {
            bool joins = plan.shape == SUITE_DIAMOND && c == 2;
            readers[c].slots = slots[0];
            readers[c].after[0] = joins || c == 0 ? 0 : c - 1;
            readers[c].after[1] = 1;
            readers[c].after_count = joins ? 2 : plan.shape == SUITE_PIPELINE && c > 0 ? 1 : 0;
        }
    }
    ~raw_lanes() {
        for (unsigned char *one : slots) {
            std::free(one);
        }
        std::free(cursors);
    }
    raw_lanes(const raw_lanes &) = delete;
    raw_lanes &operator=(const raw_lanes &) = delete;

    slot *at(unsigned char *ring, uint64_t sequence) {
        return reinterpret_cast<slot *>(ring + (sequence & mask) * stride);
    }
    uint64_t *cell(unsigned lane, unsigned who) {
        return &cursors[most * lane + who].at;
    }

    struct in {
        raw_lanes *all;
        unsigned lane;
        template <class F>
        inline __attribute__((always_inline)) bool push(F &&write) {
            writer &self = all->writers[lane];
            if (__builtin_expect(self.next == self.limit, 0) && !look(self)) {
                return false;
            }
            slot *here = all->at(all->slots[lane], self.next);
            write(here->payload);
            __atomic_store_n(&here->stamp, ++self.next, __ATOMIC_RELEASE);
            return true;
        }
        __attribute__((noinline)) bool look(writer &self) {
            uint64_t slowest = UINT64_MAX;
            for (unsigned c = 0; c < all->consumers; c++) {
                uint64_t passed = __atomic_load_n(all->cell(lane, c), __ATOMIC_ACQUIRE);
                slowest = passed < slowest ? passed : slowest;
            }
            self.limit = slowest + all->mask + 1;
            return self.next != self.limit;
        }
    };

    struct out {
        raw_lanes *all;
        unsigned index;
        static bool there(const slot *here, uint64_t sequence) {
            return __atomic_load_n(&here->stamp, __ATOMIC_ACQUIRE) == sequence + 1;
        }
        template <class F>
        inline __attribute__((always_inline)) bool pop(F &&use) {
            reader &self = all->readers[index];
            slot *here = all->at(self.slots, self.next);
            if (__builtin_expect(self.left == 0 || !there(here, self.next), 0)) {
                if (!find(self)) {
                    return false;
                }
                here = all->at(self.slots, self.next);
            }
            use(static_cast<const event &>(here->payload));
            self.next++;
            self.left--;
            return true;
        }
        // How many of a run the readers before this one have passed.
        uint64_t run_after(const reader &self, place &lane) {
            if (lane.left_by_others == lane.next) {
                lane.left_by_others = UINT64_MAX;
                for (unsigned k = 0; k < self.after_count; k++) {
                    uint64_t passed = __atomic_load_n(all->cell(self.lane, self.after[k]), __ATOMIC_ACQUIRE);
                    lane.left_by_others = passed < lane.left_by_others ? passed : lane.left_by_others;
                }
            }
            return lane.left_by_others - lane.next < run ? lane.left_by_others - lane.next : run;
        }
        __attribute__((noinline)) bool find(reader &self) {
            done();
            for (unsigned i = 0; i < all->producers; i++) {
                self.lane = self.lane + 1 < all->producers ? self.lane + 1 : 0;
                self.slots = all->slots[self.lane];
                self.next = self.lanes[self.lane].next;
                self.left = self.after_count != 0 ? run_after(self, self.lanes[self.lane]) : run;
                if (self.left != 0 && there(all->at(self.slots, self.next), self.next)) {
                    return true;
                }
            }
            self.left = 0;
            return false;
        }
        void done() {
            reader &self = all->readers[index];
            place &lane = self.lanes[self.lane];
            lane.next = self.next;
            self.left = 0;
            if (lane.next != lane.given) {
                __atomic_store_n(all->cell(self.lane, index), lane.next, __ATOMIC_RELEASE);
                lane.given = lane.next;
            }
        }
    };
    in make_in(unsigned p) {
        return {this, p};
    }
    out make_out(unsigned c) {
        return {this, c};
    }
};

// Where threads yield to each other, one order is not asked for, and events have one size.
void *lanes_open(const suite_plan *plan) {
    bool fits = plan->waiting == SUITE_YIELD && plan->shape != SUITE_WAKEUP && !plan->total && plan->trace == nullptr;
    return fits ? bench::flow<raw_lanes>::open(plan) : nullptr;
}
const suite_flow lanes_flow = {lanes_open, bench::flow<raw_lanes>::run, bench::flow<raw_lanes>::close, nullptr};

} // namespace

const suite_plugin suite_raw_lanes = {
    "raw_lanes", "a ring of stamped slots per producer, a cursor per reader, stored after runs of 64; joins nobody",
    &lanes_flow, nullptr, nullptr};
