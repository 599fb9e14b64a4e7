// mimalloc.cpp - mi_malloc and mi_free, called directly.
#include "alloc.hpp"
#include <mimalloc.h>

struct mimalloc : bench::any_thread {
    struct block {
        void *data;
    };
    size_t bytes;
    mimalloc(size_t size, unsigned) : bytes(size) {
    }
    void *take(block &into) {
        return into.data = mi_malloc(bytes);
    }
    void give(block &used) {
        mi_free(used.data);
    }
};
BENCH_ALLOCATOR(mimalloc, "mimalloc", "mi_malloc, mi_free, default options");
