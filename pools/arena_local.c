/* pools/arena_local.c - an arena for every thread that asks for one. */
#include "arena.h"

#include <pthread.h>

static torc_a64 local_bytes; /* 0: torc_arena_local_init was not called */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* only for what happens at the end of a thread */
static int key_status;
static _Thread_local struct torc_arena *mine;

static void thread_ends(void *arena) {
    mine = NULL;
    torc_arena_leave(arena);
}

static void make_key(void) {
    key_status = pthread_key_create(&key, thread_ends);
}

int torc_arena_local_init(size_t bytes) {
    uint64_t before = 0;
    if (bytes == 0) {
        return TORC_INVALID;
    }
    if (bytes > TORC_ARENA_LARGEST - TORC_ARENA_BYTES(16)) {
        return TORC_TOO_BIG;
    }
    (void)pthread_once(&once, make_key);
    if (key_status != 0) {
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
