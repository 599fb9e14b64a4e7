/* pools/arena_return.c - buffers come back: waiting for the last one, and stores that outlive their owner.
 *
 * A releaser stores its guard, and only then looks whether somebody is watching (RETURN). It must not touch the arena
 * in between or after: its store may have been the last one. What it looks at is therefore a point in static memory,
 * shared by many arenas; abandoned arenas are found in a list, under a lock. */
#include "arena.h"
#include "../src/wait.h"

#include <pthread.h>
#include <stdlib.h>

#define POINTS 16u

static struct torc_arena_point points[POINTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list */
static struct torc_arena *abandoned;

struct torc_arena_point *torc_arena_point_for(const struct torc_arena *arena) {
    return &points[(uintptr_t)arena / TORC_LINE % POINTS];
}

void torc_arena_set_fence(struct torc_arena_point *point) {
    uint32_t found = torc_load_relaxed32(&point->watched);
    while ((found & TORC_POINT_FENCE) == 0) {
        uint32_t before = torc_cas_acq_rel32(&point->watched, found, found | TORC_POINT_FENCE);
        found = before == found ? TORC_POINT_FENCE : before;
    }
}

bool torc_arena_all_back(struct torc_arena *arena) {
    uint64_t at = 0;
    torc_arena_settle(arena);
    while (at < arena->bytes) {
        uint64_t word = torc_arena_look(arena, at); /* GUARD */
        if ((word & TORC_GUARD_IN_USE) != 0) {
            break;
        }
        at = word & TORC_GUARD_LINK;
    }
    torc_arena_rewind(arena, 0);
    arena->end = at;
    torc_arena_limit(arena);
    return at == arena->bytes;
}

uint64_t torc_arena_out(struct torc_arena *arena) {
    uint64_t out = 0;
    uint64_t next;
    torc_arena_settle(arena);
    for (uint64_t at = 0; at < arena->bytes; at = next) {
        uint64_t word = torc_arena_look(arena, at);
        out += word & TORC_GUARD_IN_USE;
        next = word & TORC_GUARD_LINK;
    }
    return out;
}

static void free_store(struct torc_arena *arena) {
    arena->magic = 0;
    free(arena->memory);
}

/* --- waiting ------------------------------------------------------------------------------------------------ */

static bool all_back(void *context) {
    return torc_arena_all_back(context);
}

/* Also runs if the waiting thread is cancelled. */
static void unwatch(struct torc_arena_point **point) {
    (void)torc_add_relaxed32(&(*point)->watched, UINT32_MAX);
}

static int await_all_back(struct torc_arena *arena, uint64_t deadline) {
    struct torc_arena_point *point __attribute__((cleanup(unwatch))) = arena->point;
    struct torc_await await = {&point->sleep, all_back, NULL, arena, arena->fence, TORC_WAIT_BLOCK};
    (void)torc_add_relaxed32(&point->watched, 1); /* RETURN; the heavy half is in torc_await */
    return torc_await(&await, deadline);
}

int torc_arena_destroy(struct torc_arena **arena, uint64_t deadline, uint64_t *out) {
    int status;
    if (arena == NULL || *arena == NULL || (*arena)->magic != TORC_ARENA_MAGIC || (*arena)->local != 0) {
        return TORC_INVALID;
    }
    if (!torc_arena_mine(*arena)) {
        return TORC_WRONG_THREAD;
    }
    status = torc_arena_all_back(*arena)                       ? TORC_OK
             : deadline == TORC_NO_WAIT || (*arena)->open != 0 ? TORC_BUSY
                                                               : await_all_back(*arena, deadline);
    if (status == TORC_OK) {
        free_store(*arena);
        *arena = NULL;
    }
    if (out != NULL) {
        *out = status == TORC_OK ? 0 : torc_arena_out(*arena);
    }
    return status;
}

/* --- abandoned ones ----------------------------------------------------------------------------------------- */

/* Frees what is back of the abandoned arenas at this point. */
static void reap(struct torc_arena_point *point) {
    struct torc_arena **link = &abandoned;
    while (*link != NULL) {
        struct torc_arena *arena = *link;
        if (arena->point == point && torc_arena_all_back(arena)) {
            *link = arena->next;
            free_store(arena);
            (void)torc_add_relaxed32(&point->watched, UINT32_MAX);
        } else {
            link = &arena->next;
        }
    }
}

void torc_arena_returned_slow(struct torc_arena_point *point) {
    uint32_t watched = torc_load_relaxed32(&point->watched);
    if ((watched & TORC_POINT_FENCE) != 0) {
        torc_fence_full(); /* RETURN */
        watched = torc_load_relaxed32(&point->watched);
    }
    if ((watched & ~TORC_POINT_FENCE) == 0) {
        return;
    }
    if (torc_load_relaxed32(&point->sleep.waiting) != 0) {
        torc_waitpoint_wake(&point->sleep);
    }
    (void)pthread_mutex_lock(&lock);
    reap(point);
    (void)pthread_mutex_unlock(&lock);
}

void torc_arena_leave(struct torc_arena *arena) {
    struct torc_arena_point *point = arena->point;
    if (arena->open != 0) {
        torc_a64 *guard = torc_arena_guard(arena, arena->open - 1);
        torc_store_relaxed64(guard, torc_load_relaxed64(guard) & TORC_GUARD_LINK);
    }
    (void)pthread_mutex_lock(&lock);
    arena->next = abandoned;
    abandoned = arena;
    (void)torc_add_relaxed32(&point->watched, 1);
    torc_barrier_heavy(arena->fence); /* RETURN: whoever stores its guard from here on sees that it is watched */
    reap(point);
    (void)pthread_mutex_unlock(&lock);
}

int torc_arena_abandon(struct torc_arena **arena) {
    if (arena == NULL || *arena == NULL || (*arena)->magic != TORC_ARENA_MAGIC || (*arena)->memory == NULL ||
        (*arena)->local != 0) {
        return TORC_INVALID;
    }
    if (!torc_arena_mine(*arena)) {
        return TORC_WRONG_THREAD;
    }
    torc_arena_leave(*arena);
    *arena = NULL;
    return TORC_OK;
}
