/* pools/arena_find.c - the cursor's way around the store.
 *
 * The cursor goes round in a turn that is shorter than the store if that is enough: memory it does not visit is memory
 * that need not be in cache. At the end of a turn it asks how that went. If more than half of it had to be passed
 * because it was in use, or the start still is, the turn grows by half; if free space always reached further than it
 * looked, so that it met nothing in use, it shrinks a little. Either way it settles near twice what is out, whatever
 * the store's size. A search that finds nothing in a turn grows it at once, up to the whole store, before it gives
 * up. */
#include "arena.h"

/* Free neighbours merged at once. */
#define AHEAD 32u

/* Half of a first-level cache: below that there is nothing to gain. */
#define SMALLEST_TURN 16384u

struct search {
    size_t size;
    size_t alignment;
    uint32_t looked; /* guards */
    uint32_t rounds; /* times back at the start */
};

/* What the allocation takes from the region at the cursor. */
static uint64_t need(const struct torc_arena *arena, const struct search *search) {
    return torc_arena_pad(arena, arena->cursor, search->alignment) + TORC_ARENA_REGION(search->size);
}

static bool fits(const struct torc_arena *arena, const struct search *search) {
    return need(arena, search) <= arena->limit - arena->cursor;
}

/* Joins up to AHEAD free regions to the one at the cursor. False if there are no more: one in use, or the end of the
 * turn. */
static bool join(struct torc_arena *arena, struct search *search) {
    uint64_t end = arena->end;
    uint64_t turn = arena->turn;
    uint64_t word = 0;
    uint32_t left = AHEAD;
    while (end < turn && left != 0) {
        word = torc_arena_look(arena, end);
        if ((word & TORC_GUARD_IN_USE) != 0) {
            arena->met++;
            break;
        }
        end = word; /* a free guard is nothing but its link */
        left--;
    }
    arena->end = end;
    search->looked += AHEAD - left + 1;
    return left == 0;
}

/* Merges the region at the cursor with its free neighbours, a little further than this allocation needs: the next ones
 * then take the short way. */
static void gather(struct torc_arena *arena, struct search *search) {
    uint64_t enough = arena->cursor + need(arena, search);
    bool more = join(arena, search);
    while (more && arena->end < enough && search->looked < TORC_ARENA_SWEEP) {
        more = join(arena, search);
    }
    torc_arena_limit(arena);
}

/* Is the start of the store taken by so many buffers that going back there is no use? */
static bool start_is_taken(const struct torc_arena *arena, struct search *search) {
    uint64_t at = 0;
    for (uint32_t i = 0; i < AHEAD && at < arena->turn; i++) {
        uint64_t word = torc_arena_look(arena, at);
        search->looked++;
        if ((word & TORC_GUARD_IN_USE) == 0) {
            return false;
        }
        at = word & TORC_GUARD_LINK;
    }
    return at != 0;
}

/* The turn is over. Grows it and stays, or goes back to the start; false when all of the store was seen. */
static bool turn_around(struct torc_arena *arena, struct search *search) {
    uint64_t enough = arena->cursor + need(arena, search);
    torc_arena_settle(arena);
    if (arena->turn < arena->bytes &&
        (search->rounds > 0 || arena->passed > arena->turn / 2 || start_is_taken(arena, search))) {
        uint64_t grown = arena->turn + arena->turn / 2;
        grown = grown < enough ? enough : grown;
        arena->turn = grown < arena->bytes ? grown : arena->bytes;
        return true;
    }
    if (arena->met == 0 && arena->turn > SMALLEST_TURN) {
        arena->turn -= arena->turn / 16;
    }
    arena->passed = 0;
    arena->met = 0;
    torc_arena_rewind(arena, 0);
    arena->end = 0;
    return ++search->rounds < 2;
}

/* Past the regions in use, to the next free one or the end of the turn. */
static void go_on(struct torc_arena *arena, struct search *search) {
    uint64_t at = arena->end;
    torc_arena_settle(arena);
    while (at < arena->turn && search->looked < TORC_ARENA_SWEEP) {
        uint64_t word = torc_arena_look(arena, at);
        if ((word & TORC_GUARD_IN_USE) == 0) {
            break;
        }
        at = word & TORC_GUARD_LINK;
        search->looked++;
    }
    arena->passed += at - arena->cursor;
    arena->cursor = at;
    arena->end = at;
}

bool torc_arena_find(struct torc_arena *arena, size_t size, size_t alignment) {
    struct search search = {.size = size, .alignment = alignment};
    for (;;) {
        gather(arena, &search);
        if (fits(arena, &search)) {
            return true;
        }
        if (search.looked >= TORC_ARENA_SWEEP) {
            return false;
        }
        if (arena->end < arena->turn) {
            go_on(arena, &search);
        } else if (!turn_around(arena, &search)) {
            torc_arena_limit(arena);
            return false;
        }
    }
}
