/* pools/arena_local.c - an arena for every thread that asks for one. */
#include "arena.h"

#include <pthread.h>

static torc_a64 local_bytes;                             /* 0: torc_arena_local_init was not called */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the next two */
static pthread_key_t key;                                /* only for what happens at the end of a thread */
static bool have_key;
static _Thread_local struct torc_arena *mine;

static void thread_ends(void *arena) {
    mine = NULL;
    torc_arena_leave(arena);
}

/* Keys may have run out, and there may be one again the next time. */
static bool make_key(void) {
    bool made;
    (void)pthread_mutex_lock(&lock);
    have_key = have_key || pthread_key_create(&key, thread_ends) == 0;
    made = have_key;
    (void)pthread_mutex_unlock(&lock);
    return made;
}

int torc_arena_local_init(size_t bytes) {
    uint64_t before = 0;
    if (bytes == 0) {
        return TORC_INVALID;
    }
    if (bytes > TORC_ARENA_LARGEST - TORC_ARENA_BYTES(16)) {
        return TORC_TOO_BIG;
    }
    if (!make_key()) {
        return TORC_NO_MEMORY;
    }
    return torc_cas_acq_rel64(&local_bytes, &before, bytes) || before == bytes ? TORC_OK : TORC_BUSY;
}

static int make_mine(void) {
    size_t bytes = (size_t)torc_load_acquire64(&local_bytes);
    int status = bytes == 0 ? TORC_INVALID : torc_arena_create(bytes, &mine);
    if (status == TORC_OK && pthread_setspecific(key, mine) != 0) {
        (void)torc_arena_destroy(&mine, TORC_NO_WAIT, NULL);
        status = TORC_NO_MEMORY;
    }
    if (status == TORC_OK) {
        mine->local = 1;
    }
    return status;
}

int torc_arena_local(struct torc_arena **arena) {
    int status = TORC_OK;
    if (arena == NULL) {
        return TORC_INVALID;
    }
    if (mine == NULL) {
        status = make_mine();
    }
    if (status == TORC_OK) {
        *arena = mine;
    }
    return status;
}
