/* pools/malloc/process.c - making the heap of the process, before any constructor if need be, and carrying it through
 * fork.
 *
 * Nothing here may allocate. Making the heap takes addresses from the kernel and a lock that needs no making. */
#include "process.h"

#include "../heap_local.h"

#include <sys/resource.h>
#include <torc/status.h>

#define RESERVE_MOST  ((uint64_t)1 << 40)
#define RESERVE_LEAST ((uint64_t)1 << 22)
enum { THREADS = 4096 };

torc_a64 torc_process_heap_made;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static struct torc_grower_mmap range;

/* Addresses cost nothing, unless they are limited: then half of them, so that stacks and mappings have room too. */
static int reserve(void) {
    struct rlimit limit;
    uint64_t size = sizeof(size_t) > 4 ? RESERVE_MOST : UINT64_C(1) << 30;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 2 < size) {
        size = limit.rlim_cur / 2;
    }
    for (; size >= RESERVE_LEAST; size /= 2) {
        if (torc_grower_mmap_open(&range, (size_t)size) == TORC_OK) {
            return TORC_OK;
        }
    }
    return TORC_NO_MEMORY;
}

static void before_fork(void) {
    torc_heap_fork_prepare(torc_process_heap());
}
static void in_parent(void) {
    torc_heap_fork_parent(torc_process_heap());
}
static void in_child(void) {
    torc_heap_fork_child(torc_process_heap());
}

/* Others' fork handlers may allocate. Those that are registered later run while our locks are free, both before and
 * after the fork: so ours come with the very first allocation, and not in a constructor, which may not be the first to
 * run. */
struct torc_heap *torc_process_heap_slow(void) {
    const struct torc_heap_config config = {.threads = THREADS};
    struct torc_heap *heap;
    bool made = false;
    (void)pthread_mutex_lock(&making);
    heap = (struct torc_heap *)(uintptr_t)torc_load_relaxed64(&torc_process_heap_made);
    if (heap == NULL && reserve() == TORC_OK) {
        made = torc_heap_create(&range.grower, &config, &heap) == TORC_OK;
        if (!made) {
            torc_grower_mmap_close(&range);
        }
    }
    /* Pair HEAP: release. */
    torc_store_release64(&torc_process_heap_made, (uint64_t)(uintptr_t)heap);
    (void)pthread_mutex_unlock(&making);
    if (made) {
        (void)pthread_atfork(before_fork, in_parent, in_child);
    }
    return heap;
}
