// rte_mempool.cpp - DPDK's rte_mempool in ordinary memory, every thread registered so that it has a cache.
#include "alloc.hpp"
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <sched.h>

struct mempool {
    struct block {
        void *data;
    };
    rte_mempool *pool;

    // Once per process. It takes over the caller's affinity, which is put back.
    static void start() {
        static bool started;
        static char words[][32] = {"bench",         "--no-huge",     "-m", "128", "--no-pci", "--no-shconf",
                                   "--log-level=1", "--no-telemetry"};
        char *arguments[8];
        cpu_set_t before;
        if (started) {
            return;
        }
        for (int i = 0; i < 8; i++) {
            arguments[i] = words[i];
        }
        (void)sched_getaffinity(0, sizeof before, &before);
        if (rte_eal_init(8, arguments) < 0) {
            bench_die("rte_eal_init", rte_strerror(rte_errno));
        }
        (void)sched_setaffinity(0, sizeof before, &before);
        started = true;
    }
    mempool(size_t bytes, unsigned) {
        start();
        pool = rte_mempool_create("bench", 2047, unsigned(bytes), 256, 0, nullptr, nullptr, nullptr, nullptr,
                                  SOCKET_ID_ANY, 0);
        if (pool == nullptr) {
            bench_die("rte_mempool_create", rte_strerror(rte_errno));
        }
    }
    ~mempool() {
        rte_mempool_free(pool);
    }
    // The thread that started the EAL is registered already.
    void enter() {
        enter_giver();
    }
    void enter_giver() {
        if (rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() != 0) {
            bench_die("rte_thread_register", rte_strerror(rte_errno));
        }
    }
    void leave() {
        if (!rte_lcore_is_enabled(rte_lcore_id())) {
            rte_mempool_cache_flush(rte_mempool_default_cache(pool, rte_lcore_id()), pool);
            rte_thread_unregister();
        }
    }
    void *take(block &into) {
        return rte_mempool_get(pool, &into.data) == 0 ? into.data : nullptr;
    }
    void give(block &used) {
        rte_mempool_put(pool, used.data);
    }
};
BENCH_ALLOCATOR(mempool, "rte_mempool", "2047 objects, a cache of 256 per thread, no huge pages");
