// standard.cpp - what comes with the compiler: malloc, and std::shared_ptr's references.
#include "alloc.hpp"
#include "raw.hpp"
#include <memory>

struct system_malloc : bench::any_thread {
    struct block {
        void *data;
    };
    size_t bytes;
    system_malloc(size_t size, unsigned) : bytes(size) {
    }
    void *take(block &into) {
        return into.data = std::malloc(bytes);
    }
    void give(block &used) {
        std::free(used.data);
    }
};
static const suite_alloc malloc_alloc = bench::alloc<system_malloc>::functions;
const suite_plugin suite_malloc = {"malloc", "the C library's malloc and free", nullptr, &malloc_alloc, nullptr};

struct payload {
    unsigned char bytes[256];
};
using handle = std::shared_ptr<payload>;

static void *shared_open() {
    return new handle(std::make_shared<payload>());
}
static void shared_run(void *state, uint64_t n) {
    const handle &original = *static_cast<handle *>(state);
    for (uint64_t i = 0; i < n; i++) {
        handle copy(original);
        __asm__ volatile("" : : "r"(copy.get()) : "memory");
    }
}
static void shared_close(void *state) {
    handle *original = static_cast<handle *>(state);
    if (original->use_count() != 1) {
        bench_die("shared_ptr", "a reference was lost");
    }
    delete original;
}
static const suite_count shared_count = {shared_open, shared_run, shared_close};
const suite_plugin suite_shared_ptr = {"shared_ptr", "std::shared_ptr from make_shared, copied and destroyed", nullptr,
                                       nullptr, &shared_count};
