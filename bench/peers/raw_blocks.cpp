// raw_blocks.cpp - the limits of torc's slots: blocks that go round while nobody asks whether they are free, and the same with one
// compare-and-swap per release on a record of 16 bytes, which is what lets any thread release.
#include "alloc.hpp"
#include "raw.hpp"

namespace {

struct rounds : bench::any_thread {
    struct block {
        uint64_t id, unused; // as wide as a handle
    };
    enum : unsigned { blocks = 1024 };
    size_t bytes;
    unsigned char *memory;
    alignas(BENCH_MEMORY) unsigned next;

    rounds(size_t size, unsigned) : bytes(size), memory(), next(0) {
        memory = static_cast<unsigned char *>(bench_memory(blocks * bytes));
    }
    ~rounds() {
        free(memory);
    }
    inline __attribute__((always_inline)) void *take(block &into) {
        into.id = next++ % blocks;
        return memory + into.id * bytes;
    }
    inline __attribute__((always_inline)) void give(block &) {
    }
};

struct swaps : rounds {
    struct record {
        uint64_t word, meta; // word: bit 0 says that it is out, above it how often it was
    };
    alignas(BENCH_MEMORY) record *records; // who gives reads it

    swaps(size_t size, unsigned threads) : rounds(size, threads), records() {
        records = static_cast<record *>(bench_memory(blocks * sizeof *records));
    }
    ~swaps() {
        free(records);
    }
    inline __attribute__((always_inline)) void *take(block &into) {
        uint64_t index, word;
        do {
            index = next++ % blocks;
            word = __atomic_load_n(&records[index].word, __ATOMIC_ACQUIRE);
        } while (word & 1);
        records[index].meta = bytes;
        __atomic_store_n(&records[index].word, word + 1, __ATOMIC_RELAXED);
        into.id = word << 10 | index;
        return memory + index * bytes;
    }
    inline __attribute__((always_inline)) void give(block &used) {
        uint64_t out = (used.id >> 10) + 1;
        if (!__atomic_compare_exchange_n(&records[used.id % blocks].word, &out, out + 1, false, __ATOMIC_RELEASE,
                                         __ATOMIC_RELAXED)) {
            bench_die("raw_swap", "a block was given back twice");
        }
    }
};

constexpr suite_alloc never_full(suite_alloc functions) {
    functions.clog = nullptr;
    return functions;
}

const suite_alloc rounds_alloc = never_full(bench::alloc<rounds>::functions);
const suite_alloc swaps_alloc = never_full(bench::alloc<swaps>::functions);

} // namespace

const suite_plugin suite_raw_blocks = {"raw_blocks", "1024 blocks in turn, nothing checked, nothing released", nullptr,
                                       &rounds_alloc, nullptr};
const suite_plugin suite_raw_swap = {"raw_swap", "1024 blocks in turn, one compare-and-swap per release", nullptr,
                                     &swaps_alloc, nullptr};
