/* pools/heap_thread.c - which local heap is whose: made, found, given up, taken over; and what fork() does to them.
 *
 * The registry's lock guards the list of local heaps that each thread has in its thread-local memory. It is taken
 * before a heap's lock, never after it. */
#include "heap_local.h"

#include <string.h>

/* A destructor of another library may run after ours and free or allocate. Ours asks to be called again until the last
 * round that POSIX promises; what comes even later finds `over` set. */
enum { LAST_ROUND = 3 };

__thread struct torc_heap_tls torc_heap_tls;

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_id;
static pthread_key_t key;
static bool have_key;

uint64_t torc_heap_next_id(void) {
    uint64_t id;
    (void)pthread_mutex_lock(&registry);
    id = ++last_id;
    (void)pthread_mutex_unlock(&registry);
    return id;
}

/* --- giving up --- */

/* Under the registry's lock. */
static void unlink_local(struct torc_local *local) {
    torc_store_relaxed64(&local->thread, 0);
    *local->link_of_thread = local->next_of_thread;
    if (local->next_of_thread != NULL) {
        local->next_of_thread->link_of_thread = local->link_of_thread;
    }
    local->next_of_thread = NULL;
    local->link_of_thread = NULL;
}

static void give_up(struct torc_local *local) {
    struct torc_heap *heap = local->heap;
    unlink_local(local);
    torc_heap_lock(heap);
    local->state = TORC_LOCAL_ORPHAN;
    local->next_orphan = heap->orphans;
    heap->orphans = local;
    heap->orphan_count++;
    torc_local_settle(local);
    torc_local_return_extents(local);
    torc_heap_unlock(heap);
}

static void forget_cached(void) {
    torc_heap_tls.id = 0;
    torc_heap_tls.local = NULL;
}

static void at_thread_exit(void *tls) {
    if (++torc_heap_tls.rounds < LAST_ROUND && pthread_setspecific(key, tls) == 0) {
        return;
    }
    (void)pthread_mutex_lock(&registry);
    torc_heap_tls.over = true;
    forget_cached();
    while (torc_heap_tls.all != NULL) {
        give_up(torc_heap_tls.all);
    }
    (void)pthread_mutex_unlock(&registry);
}

/* Under the registry's lock. Without a key nobody would notice a thread's end: then none gets a heap of its own, until
 * one can be had. */
static bool make_key(void) {
    have_key = have_key || pthread_key_create(&key, at_thread_exit) == 0;
    return have_key;
}

/* A library that is unloaded takes its destructor along. */
__attribute__((destructor)) static void drop_key(void) {
    if (have_key) {
        (void)pthread_key_delete(key);
    }
}

/* Under the registry's lock. */
static struct torc_local *find(const struct torc_heap *heap) {
    struct torc_local *local = torc_heap_tls.all;
    while (local != NULL && local->heap != heap) {
        local = local->next_of_thread;
    }
    return local;
}

void torc_heap_leave(struct torc_heap *heap) {
    struct torc_local *local;
    if (heap == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&registry);
    local = find(heap);
    if (local != NULL) {
        forget_cached();
        give_up(local);
    }
    (void)pthread_mutex_unlock(&registry);
}

void torc_heap_forget_threads(struct torc_heap *heap) {
    (void)pthread_mutex_lock(&registry);
    for (uint32_t i = 1; i <= heap->local_count; i++) {
        if (heap->local[i]->link_of_thread != NULL) {
            unlink_local(heap->local[i]);
        }
    }
    (void)pthread_mutex_unlock(&registry);
}

/* --- getting one --- */

/* Under the heap's lock. */
static struct torc_local *adopt(struct torc_heap *heap) {
    struct torc_local *local = heap->orphans;
    if (local != NULL) {
        heap->orphans = local->next_orphan;
        heap->orphan_count--;
        heap->adoptions++;
        local->state = TORC_LOCAL_LIVE;
    }
    return local;
}

static struct torc_local *make(struct torc_heap *heap) {
    struct torc_block *block;
    struct torc_local *local;
    if (heap->local_count == heap->threads) {
        return NULL;
    }
    block = torc_core_alloc_aligned(&heap->common, torc_block_need(sizeof *local), 64);
    if (block == NULL) {
        return NULL;
    }
    local = torc_block_payload(block);
    torc_local_init(local, heap, ++heap->local_count);
    heap->local[heap->local_count] = local;
    return local;
}

/* Under the registry's lock. */
static struct torc_local *find_or_get(struct torc_heap *heap) {
    struct torc_local *local = find(heap);
    if (local != NULL) {
        return local;
    }
    torc_heap_lock(heap);
    local = adopt(heap);
    local = local != NULL ? local : make(heap);
    torc_heap_unlock(heap);
    if (local != NULL) {
        local->next_of_thread = torc_heap_tls.all;
        local->link_of_thread = &torc_heap_tls.all;
        if (local->next_of_thread != NULL) {
            local->next_of_thread->link_of_thread = &local->next_of_thread;
        }
        torc_heap_tls.all = local;
        torc_store_relaxed64(&local->thread, (uintptr_t)&torc_heap_tls);
    }
    return local;
}

struct torc_local *torc_local_known(struct torc_heap *heap) {
    struct torc_local *local;
    if (torc_heap_tls.id == heap->id) {
        return torc_heap_tls.local;
    }
    (void)pthread_mutex_lock(&registry);
    local = find(heap);
    (void)pthread_mutex_unlock(&registry);
    return local;
}

/* Setting the key may allocate, by a malloc that is this very heap: by then everything is in its place and unlocked. */
struct torc_local *torc_local_mine(struct torc_heap *heap) {
    struct torc_local *local;
    bool first;
    if (torc_heap_tls.id == heap->id) {
        return torc_heap_tls.local;
    }
    if (torc_heap_tls.over) {
        return NULL;
    }
    (void)pthread_mutex_lock(&registry);
    first = torc_heap_tls.all == NULL;
    local = make_key() ? find_or_get(heap) : NULL;
    (void)pthread_mutex_unlock(&registry);
    if (local == NULL) {
        return NULL;
    }
    torc_heap_tls.local = local;
    torc_heap_tls.id = heap->id;
    if (first && pthread_setspecific(key, &torc_heap_tls) != 0) {
        torc_heap_leave(heap);
        return NULL;
    }
    return local;
}

/* --- fork --- */

void torc_heap_fork_prepare(struct torc_heap *heap) {
    (void)pthread_mutex_lock(&registry);
    torc_heap_lock(heap);
}

void torc_heap_fork_parent(struct torc_heap *heap) {
    torc_heap_unlock(heap);
    (void)pthread_mutex_unlock(&registry);
}

/* The other threads are gone, each wherever it was: possibly halfway through its local heap, which therefore nobody
 * uses again. Blocks of theirs can still be freed (that is one step, whole or not done); their memory does not come
 * back. */
void torc_heap_fork_child(struct torc_heap *heap) {
    for (uint32_t i = 1; i <= heap->local_count; i++) {
        struct torc_local *local = heap->local[i];
        if (local->state == TORC_LOCAL_LIVE && !torc_local_is_mine(local)) {
            local->state = TORC_LOCAL_LOST;
            torc_store_relaxed64(&local->thread, 0); /* that address may become another thread's */
            local->next_of_thread = NULL;
            local->link_of_thread = NULL;
        }
    }
    torc_heap_fork_parent(heap);
}
