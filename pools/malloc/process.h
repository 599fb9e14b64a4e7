/* pools/malloc/process.h - the one heap behind malloc. */
#ifndef TORC_POOLS_MALLOC_PROCESS_H
#define TORC_POOLS_MALLOC_PROCESS_H

#include <torc/atomic.h>
#include <torc/heap.h>

/* torc_process_heap: made on first use, by whichever thread comes first; NULL: there is no memory for it. */
extern torc_a64 torc_process_heap_made __attribute__((visibility("hidden")));
struct torc_heap *torc_process_heap_slow(void) __attribute__((visibility("hidden")));

/* Pair HEAP: acquire makes the heap's insides visible to the threads that did not make it. */
static inline struct torc_heap *torc_process_heap(void) {
    struct torc_heap *heap = (struct torc_heap *)(uintptr_t)torc_load_acquire64(&torc_process_heap_made);
    return __builtin_expect(heap != NULL, 1) ? heap : torc_process_heap_slow();
}

#endif
