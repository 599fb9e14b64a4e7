// raw.cpp - the limits: what the machine allows to code that does one thing only.
//
// raw_copy: one producer, one consumer, a ring of slots that each begin with a stamp. The event is written into its slot and
// read there; the consumer polls the stamp, and says how far it has come once in a while. No lengths, no types, no second reader.
#include "raw.hpp"
#include "net.hpp"
#include "stamped.hpp"
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

template <size_t N>
struct raw_ring {
    static constexpr bool broadcast = false, many_producers = false, blocks = false, variable = false;
    using event = bench::event<N>;
    struct slot {
        uint64_t stamp;
        event payload;
    };
    static constexpr size_t stride = (sizeof(slot) + 63) / 64 * 64;

    unsigned char *slots;
    uint64_t mask;
    alignas(BENCH_MEMORY) uint64_t read = 0; // how far the consumer has come

    raw_ring(const suite_plan &plan, unsigned, unsigned)
        : slots(static_cast<unsigned char *>(bench_memory(plan.entries * stride))), mask(plan.entries - 1) {
    }
    ~raw_ring() {
        std::free(slots);
    }
    slot *at(uint64_t sequence) {
        return reinterpret_cast<slot *>(slots + (sequence & mask) * stride);
    }

    struct in {
        raw_ring *ring;
        unsigned char *slots;
        uint64_t mask, next, limit;
        template <class F>
        inline __attribute__((always_inline)) bool push(F &&write) {
            if (__builtin_expect(next == limit, 0)) {
                limit = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE) + mask + 1;
                if (next == limit) {
                    return false;
                }
            }
            slot *here = reinterpret_cast<slot *>(slots + (next & mask) * stride);
            write(here->payload);
            __atomic_store_n(&here->stamp, ++next, __ATOMIC_RELEASE);
            return true;
        }
        template <class F>
        inline unsigned push_some(unsigned count, F &&write) {
            unsigned k = 0;
            while (k < count && push([&](event &e) { write(e, k); })) {
                k++;
            }
            return k;
        }
    };
    using out = stamped_out<raw_ring>;
    in make_in(unsigned) {
        return {this, slots, mask, 0, mask + 1};
    }
    out make_out(unsigned) {
        return {this, slots, mask, 0};
    }
};

static void *copy_open(const suite_plan *plan) {
    bool fits =
        plan->shape == SUITE_FLOW && plan->producers == 1 && plan->consumers == 1 && plan->waiting == SUITE_SPIN;
    return fits && plan->trace == nullptr ? bench::flow<raw_ring>::open(plan) : nullptr;
}
static const suite_flow copy_flow = {copy_open, bench::flow<raw_ring>::run, bench::flow<raw_ring>::close, nullptr};
const suite_plugin suite_raw_copy = {"raw_copy",
                                     "a ring of stamped slots, written and read in place; one producer, one consumer",
                                     &copy_flow, nullptr, nullptr};

// --- raw: two numbers on two cache lines, and a bare counter ---

// How fast a line travels depends on its address too: each slice takes the next of many pairs.
struct raw_pair {
    alignas(BENCH_MEMORY) uint64_t ping, settled;
    alignas(BENCH_MEMORY) uint64_t pong;
};
struct raw_pairs {
    raw_pair pair[256];
    unsigned slices;
};

static void *pairs_open(const suite_plan *plan) {
    return plan->shape == SUITE_PINGPONG ? bench_memory(sizeof(raw_pairs)) : nullptr;
}

static void pairs_left(raw_pair *pair, suite_job *job) {
    uint64_t last = suite_ticks();
    for (uint64_t i = 1; i <= job->n; i++) {
        __atomic_store_n(&pair->ping, i, __ATOMIC_RELEASE);
        while (__atomic_load_n(&pair->pong, __ATOMIC_ACQUIRE) != i) {
        }
        uint64_t now = suite_ticks();
        job->samples[i - 1] = uint32_t(now - last);
        last = now;
        job->sum += i;
    }
}

static void pairs_run(void *state, suite_job *job) {
    raw_pairs *pairs = static_cast<raw_pairs *>(state);
    raw_pair *pair = &pairs->pair[pairs->slices % 256];
    job->sum = 0;
    if (job->thread == 0) {
        pair->pong = 0; // the other side waits for `settled`
        __atomic_store_n(&pair->ping, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&pair->settled, pairs->slices + 1, __ATOMIC_RELEASE);
        pairs_left(pair, job);
        __atomic_store_n(&pairs->slices, pairs->slices + 1, __ATOMIC_RELEASE);
        return;
    }
    uint64_t turn = pairs->slices + 1;
    while (__atomic_load_n(&pair->settled, __ATOMIC_ACQUIRE) != turn) {
    }
    for (uint64_t i = 1; i <= job->n; i++) {
        while (__atomic_load_n(&pair->ping, __ATOMIC_ACQUIRE) != i) {
        }
        __atomic_store_n(&pair->pong, i, __ATOMIC_RELEASE);
        job->sum += i;
    }
}

static void *word_open() {
    return bench_memory(sizeof(uint64_t));
}
static void word_run(void *state, uint64_t n) {
    uint64_t *word = static_cast<uint64_t *>(state);
    for (uint64_t i = 0; i < n; i++) {
        (void)__atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
        (void)__atomic_fetch_sub(word, 1, __ATOMIC_ACQ_REL);
    }
}

static void word_close(void *state) {
    if (*static_cast<uint64_t *>(state) != 0) {
        bench_die("raw", "a reference was lost");
    }
    std::free(state);
}
static const suite_flow raw_flow = {pairs_open, pairs_run, std::free, nullptr};
static const suite_count raw_count = {word_open, word_run, word_close};
const suite_plugin suite_raw = {
    "raw", "ping-pong: two atomics on two lines, no payload; references: fetch_add and fetch_sub, unchecked", &raw_flow,
    nullptr, &raw_count};

// --- raw_futex: a word to sleep on ---

struct raw_bed {
    alignas(BENCH_MEMORY) uint32_t word;
    uint64_t sent;
};

static void *bed_open(const suite_plan *plan) {
    return plan->shape == SUITE_WAKEUP ? bench_memory(sizeof(raw_bed)) : nullptr;
}

static void bed_run(void *state, suite_job *job) {
    raw_bed *bed = static_cast<raw_bed *>(state);
    job->sum = 0;
    for (uint64_t i = 0; i < job->n; i++) {
        if (job->thread == 0) {
            job->settle(job);
            bed->sent = suite_ticks();
            job->sum += bed->sent;
            __atomic_store_n(&bed->word, 1, __ATOMIC_RELEASE);
            (void)syscall(SYS_futex, &bed->word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
        } else {
            while (__atomic_load_n(&bed->word, __ATOMIC_ACQUIRE) == 0) {
                (void)syscall(SYS_futex, &bed->word, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
            }
            job->samples[i] = uint32_t(suite_ticks() - bed->sent);
            job->sum += bed->sent;
            __atomic_store_n(&bed->word, 0, __ATOMIC_RELAXED);
            __atomic_store_n(&job->seen, i + 1, __ATOMIC_RELEASE);
        }
    }
}
static const suite_flow bed_flow = {bed_open, bed_run, std::free, nullptr};
const suite_plugin suite_raw_futex = {"raw_futex", "one word, FUTEX_WAIT and FUTEX_WAKE", &bed_flow, nullptr, nullptr};
