/* pools/heap_local.h - the heap of one thread, and the common heap that they all grow from.
 *
 *     thread A            thread B              blocks below 128 KiB: quick list, else the local heap's bins
 *     local heap 1        local heap 2          a local heap's extents are blocks of the common heap
 *          \                /
 *       common heap, owner 0, one lock          extents, blocks from 128 KiB on
 *                 |
 *              grower
 *
 * A block's header names its owner. Its own thread frees it into a quick list; another thread pushes it onto the
 * owner's `remote` stack: one compare-and-swap (pair REMOTE). Only the owner takes blocks off, always all of them at
 * once, so no block can come back between a pusher's look at the top and its swap: no ABA.
 *
 * The life of a local heap, under the heap's lock: made for a thread (LIVE), given up when it ends (ORPHAN), taken over
 * by the next new thread (LIVE). The lock hands over everything that the former owner wrote without order. What is
 * pushed to an orphan waits for its new owner, or for a thread whose heap grows or is trimmed: it drains orphans,
 * holding the lock. */
#ifndef TORC_POOLS_HEAP_LOCAL_H
#define TORC_POOLS_HEAP_LOCAL_H

#include "heap_core.h"

#include <pthread.h>
#include <torc/heap.h>

#define TORC_QUICK_MOST    ((size_t)32768)  /* the largest block that quick lists keep */
#define TORC_LOCAL_MOST    ((size_t)131072) /* from this size of a block on the common heap serves */
#define TORC_QUICK_CLASSES ((uint32_t)(64 + 8 * 5 + 1))

/* Blocks of one class, last in first out. */
struct torc_quick {
    struct torc_block *head;
    uint32_t room; /* how many more it may take */
    uint32_t most; /* room when it is empty */
};

enum torc_local_state { TORC_LOCAL_LIVE, TORC_LOCAL_ORPHAN, TORC_LOCAL_LOST };

struct torc_local {
    /* The owner's. */
    uint64_t mine; /* what the header of a block of ours says while it is out: owner and USED */
    struct torc_heap *heap;
    struct torc_quick quick[TORC_QUICK_CLASSES];
    uint16_t carve[TORC_QUICK_CLASSES]; /* blocks to cut at once when a list is empty */
    struct torc_core core;
    uint64_t adopted, refused;

    /* Under the heap's lock. */
    enum torc_local_state state;
    struct torc_local *next_orphan;
    /* Under the registry's lock: the heaps of one thread. */
    struct torc_local *next_of_thread, **link_of_thread;

    /* Everybody's. */
    torc_a64 remote __attribute__((aligned(64))); /* struct torc_block *: freed by other threads */
    torc_a64 thread; /* address of its thread's torc_heap_tls; 0: none. Set and cleared under the registry's lock */
    unsigned char pad[64 - 2 * sizeof(torc_a64)];
};

struct torc_heap {
    uint64_t id;        /* no two heaps of a process have the same, not even one after the other */
    torc_a64 low, high; /* where payloads can be; written under the lock */
    struct torc_grower *grower;
    size_t step;
    uint32_t threads;

    pthread_mutex_t lock; /* guards what follows, and the states of locals */
    struct torc_core common;
    size_t grown;               /* bytes from the grower */
    unsigned char *end;         /* of what it gave last */
    struct torc_extent *newest; /* which ends there, but for less than 16 bytes */
    struct torc_local *orphans;
    uint32_t orphan_count;
    uint32_t local_count;
    uint64_t adoptions;

    torc_a64 refused;
    struct torc_local *local[]; /* by owner, [0] unused. Set before a block of that owner exists, then constant */
};

/* The heap that this thread used last, and all that it has. */
struct torc_heap_tls {
    uint64_t id; /* of the heap; 0: none */
    struct torc_local *local;
    struct torc_local *all; /* under the registry's lock */
    uint32_t rounds;        /* of thread-exit destructors seen */
    bool over;              /* the thread has given everything up: the common heap serves what it still asks */
};
extern __thread struct torc_heap_tls torc_heap_tls __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Between the ends of the heap? Whoever has a block was given it after `low` and `high` were set accordingly, so he
 * sees them so, or wider. */
static inline bool torc_heap_has(const struct torc_heap *heap, const void *payload) {
    uint64_t low = torc_load_relaxed64(&heap->low);
    return (uintptr_t)payload - low < torc_load_relaxed64(&heap->high) - low;
}

static inline struct torc_heap *torc_heap_of_common(struct torc_core *core) {
    return (struct torc_heap *)(void *)((unsigned char *)core - offsetof(struct torc_heap, common));
}
static inline struct torc_local *torc_local_of_core(struct torc_core *core) {
    return (struct torc_local *)(void *)((unsigned char *)core - offsetof(struct torc_local, core));
}
static inline void torc_heap_lock(struct torc_heap *heap) {
    (void)pthread_mutex_lock(&heap->lock);
}
static inline void torc_heap_unlock(struct torc_heap *heap) {
    (void)pthread_mutex_unlock(&heap->lock);
}

/* heap_look.c: what can be told of a pointer without having it from us: an aligned place between the ends of the heap,
 * and before it a header that names an owner there is. TORC_OK, TORC_INVALID, TORC_STALE: it names a block that is
 * free. */
int torc_heap_look(const struct torc_heap *heap, const void *payload, uint64_t *head);

/* Does it belong to this thread, whichever heap that used last? A thread's own address is there from when it got the
 * local heap to when it gives it up, both of which it does itself; of others nobody asks more than whether it is this
 * one. */
static inline bool torc_local_is_mine(const struct torc_local *local) {
    return torc_load_relaxed64(&local->thread) == (uintptr_t)&torc_heap_tls;
}

/* heap_thread.c. torc_local_mine: this thread's local heap, made or adopted if need be; NULL: there is none to be had.
 * torc_local_known: the one it has already, or NULL. */
struct torc_local *torc_local_mine(struct torc_heap *heap);
struct torc_local *torc_local_known(struct torc_heap *heap);
void torc_heap_forget_threads(struct torc_heap *heap); /* unlinks all its locals from their threads */
uint64_t torc_heap_next_id(void);
void torc_heap_fork_prepare(struct torc_heap *heap);
void torc_heap_fork_parent(struct torc_heap *heap);
void torc_heap_fork_child(struct torc_heap *heap);

/* heap_local.c */
size_t torc_class_size(uint32_t class); /* the smallest block of a class */
void torc_local_init(struct torc_local *local, struct torc_heap *heap, uint32_t owner);
struct torc_block *torc_local_alloc(struct torc_local *local, size_t size); /* size of a block, below TORC_LOCAL_MOST */
struct torc_block *torc_local_alloc_aligned(struct torc_local *local, size_t size, size_t alignment);
void torc_local_give(struct torc_local *local, struct torc_block *block); /* one of its own, in use */
void torc_local_drain(struct torc_local *local);
/* torc_local_settle: everything that waits is merged. With the heap's lock held it also returns unused extents. */
void torc_local_settle(struct torc_local *local);
void torc_local_return_extents(struct torc_local *local);
void torc_local_push(struct torc_local *local, struct torc_block *block); /* any thread: frees it to its owner */

/* heap_common.c: all under the heap's lock. */
bool torc_common_more(struct torc_core *core, size_t size);
void torc_common_add(struct torc_heap *heap, unsigned char *begin,
                     size_t size); /* memory of the grower, not behind `end` */
void torc_common_give(struct torc_heap *heap, struct torc_block *block);
size_t torc_common_trim(struct torc_heap *heap);
bool torc_common_grow(struct torc_heap *heap, struct torc_block *block, size_t size);
void torc_common_reclaim(struct torc_heap *heap); /* takes back what was freed to orphans */

/* A block leaves its quick list. */
static inline struct torc_block *torc_quick_pop(struct torc_quick *quick) {
    struct torc_block *block = quick->head;
    quick->head = block->next;
    quick->room++;
    torc_block_set(block, torc_block_head(block) & ~(uint64_t)TORC_BLOCK_QUICK);
    return block;
}
/* A block of the owner's with this header joins one that has room. */
static inline void torc_quick_push(struct torc_quick *quick, struct torc_block *block, uint64_t head) {
    quick->room--;
    block->next = quick->head;
    quick->head = block;
    torc_block_set(block, head | TORC_BLOCK_QUICK);
}

#define TORC_BLOCK_STATE ((uint64_t)(TORC_BLOCK_USED | TORC_BLOCK_QUICK))

#endif
