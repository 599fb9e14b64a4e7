// jemalloc.cpp - jemalloc's malloc and free, found by name: this program's own are the C library's.
#include "alloc.hpp"
#include <dlfcn.h>

static void *(*take_one)(size_t);
static void (*give_one)(void *);

struct jemalloc : bench::any_thread {
    struct block {
        void *data;
    };
    size_t bytes;
    jemalloc(size_t size, unsigned) : bytes(size) {
        void *library = dlopen("libjemalloc.so.2", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            bench_die("jemalloc", dlerror());
        }
        *reinterpret_cast<void **>(&take_one) = dlsym(library, "malloc");
        *reinterpret_cast<void **>(&give_one) = dlsym(library, "free");
        if (take_one == nullptr || give_one == nullptr) {
            bench_die("jemalloc", "no malloc in it");
        }
    }
    void *take(block &into) {
        return into.data = take_one(bytes);
    }
    void give(block &used) {
        give_one(used.data);
    }
};
BENCH_ALLOCATOR(jemalloc, "jemalloc", "its malloc and free, default options");
