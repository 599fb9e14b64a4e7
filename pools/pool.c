/* pools/pool.c - allocation in ring order, reaping, and the census. What goes before the order: pools/recent.c. */
#include "pool.h"
#include "../src/probe.h"
#include "../src/wait.h"
#include "xxl.h"

void torc_pool_init(struct torc_pool_view *pool, uint32_t shirt, uint64_t generation, uint64_t sequence) {
    pool->ctl->shirt = shirt;
    torc_store_relaxed32(&pool->ctl->recent, TORC_NO_SLOT);
    torc_store_relaxed64(&pool->ctl->alone, sequence);
    for (uint32_t i = 0; i < pool->capacity; i++) {
        torc_store_relaxed64(&pool->slots[i].word, generation);
    }
}

bool torc_pool_drop(const struct torc_bus *bus, uint32_t number, uint32_t index) {
    struct torc_pool_view *pool = &bus->pools[number];
    uint64_t found = torc_load_relaxed64(&pool->slots[index].word);
    uint64_t next;
    torc_store_relaxed64(torc_pool_mark(pool, index), 0);
    do {
        if (torc_word_count(found) == 0 || torc_word_count(found) >= TORC_COUNT_SATURATED) {
            return false;
        }
        next = torc_word_count(found) == 1 ? torc_word_after_drop(pool, found) : found - TORC_COUNT_ONE;
    } while (!torc_cas_acq_rel64(&pool->slots[index].word, &found, next)); /* DROP */
    if (torc_word_count(found) != 1) {
        return false;
    }
    if (torc_word_count(next) != 0) {
        torc_slot_clean(pool, index);
        torc_store_release64(&pool->slots[index].word, torc_word_generation(next)); /* FREE */
    }
    return true;
}

/* Has every gating reader passed the mark? Asks for a fresh gate at most once per allocation. */
static bool passed(struct torc_gate *gate, uint64_t mark, bool *scanned) {
    if (torc_mark_passed(mark, gate->passed)) {
        return true;
    }
    if (*scanned) {
        return false;
    }
    *scanned = true;
    gate->passed = gate->scan(gate->owner);
    return torc_mark_passed(mark, gate->passed);
}

static bool counts_as_used(const struct torc_pool_view *pool, uint32_t index, const uint64_t *gate) {
    uint64_t count = torc_word_count(torc_load_relaxed64(&pool->slots[index].word));
    uint64_t mark = torc_load_relaxed64(torc_pool_mark(pool, index));
    if (count == 1 && (mark & 1u) && gate != NULL && torc_mark_passed(mark, *gate)) {
        return false;
    }
    return count != 0;
}

/* One bounded step of the running census; at the end of a pass the high-water mark learns the result. In the first
 * round only what lies before `next` was ever handed out. */
static void census_step(struct torc_pool_view *pool, const uint64_t *gate, bool first_round) {
    struct torc_pool_ctl *ctl = pool->ctl;
    uint32_t end = first_round ? torc_load_relaxed32(&ctl->next) : pool->capacity;
    uint32_t stop;
    uint32_t used;
    if (ctl->census_at > end) { /* `next` has gone back to the top of the table */
        ctl->census_at = 0;
        ctl->census_used = 0;
    }
    stop = end - ctl->census_at < TORC_CENSUS_STEP ? end : ctl->census_at + TORC_CENSUS_STEP;
    used = ctl->census_used;
    for (uint32_t i = ctl->census_at; i < stop; i++) {
        used += torc_load_relaxed64(&pool->slots[i].word) >= TORC_COUNT_ONE && counts_as_used(pool, i, gate);
    }
    ctl->census_at = stop;
    ctl->census_used = used;
    if (stop == end) {
        if (used > torc_load_relaxed32(&ctl->high_water)) {
            torc_store_relaxed32(&ctl->high_water, used);
        }
        ctl->census_at = 0;
        ctl->census_used = 0;
    }
}

uint64_t torc_pool_allocations(const struct torc_pool_view *pool) {
    const struct torc_pool_ctl *ctl = pool->ctl;
    uint32_t steps = torc_load_relaxed32(&ctl->next) - torc_load_relaxed32(&ctl->counted);
    return torc_load_relaxed64(&ctl->allocations) + steps;
}

/* Moves `next`, other than by an allocation: those so far are counted first. */
static void go_on_at(struct torc_pool_view *pool, uint32_t index) {
    torc_store_relaxed64(&pool->ctl->allocations, torc_pool_allocations(pool));
    torc_store_relaxed32(&pool->ctl->counted, index);
    torc_store_relaxed32(&pool->ctl->next, index);
}

/* The releases of this thread may be plain stores: not of an XXL block, nor where they would need a fence behind them,
 * nor of a bus that may go with its last handle, which are counted. */
static void own(struct torc_pool_view *pool, uint32_t fence) {
    bool plain = pool->xxl == NULL && fence == 0 && torc_load_relaxed32(&pool->later) == TORC_LATER_NEVER;
    uint64_t token = plain ? torc_thread_token() : 0;
    if (torc_load_relaxed64(&pool->owner) != token) {
        torc_store_relaxed64(&pool->owner, token);
    }
}

/* What is due when `next` has reached `limit`: a step of the census, the owner's mark, the way back to the top of the
 * table. In the first round the limit only doubles, so that short runs have a high-water mark too. */
static void chores(struct torc_pool_view *pool, const struct torc_gate *gate, uint32_t fence) {
    struct torc_pool_ctl *ctl = pool->ctl;
    bool first_round = torc_pool_allocations(pool) < pool->capacity;
    uint32_t next = torc_load_relaxed32(&ctl->next);
    own(pool, fence);
    if (next >= pool->capacity) {
        next = 0;
        go_on_at(pool, next);
    }
    ctl->limit = first_round ? next * 2 + 4 : next + pool->capacity / 4 + 1;
    ctl->limit = ctl->limit < pool->capacity ? ctl->limit : pool->capacity;
    census_step(pool, gate == NULL ? NULL : &gate->passed, first_round);
}

/* Slot `index`, whose word is `word` with count 0, is handed out. Plain stores: while the count is 0 nobody else writes
 * the word; the stamp or the mailbox makes it visible. */
static uint32_t taken(struct torc_pool_view *pool, uint32_t index, uint64_t word) {
    struct torc_pool_ctl *ctl = pool->ctl;
    torc_store_relaxed64(&pool->slots[index].word, word + TORC_COUNT_ONE);
    go_on_at(pool, index);
    torc_store_relaxed32(&ctl->next, index + 1); /* counts as one allocation */
    return index;
}

void torc_pool_note_full(struct torc_pool_view *pool) {
    torc_a64 *dry = &pool->ctl->dry;
    torc_store_relaxed64(dry, torc_load_relaxed64(dry) + 1);
    TORC_PROBE2(dry, pool, pool->capacity);
}

void torc_pool_note_dry(struct torc_pool_view *pool) {
    torc_pool_note_full(pool);
    torc_store_relaxed32(&pool->ctl->high_water, pool->capacity);
}

uint32_t torc_pool_reap(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate) {
    const struct torc_pool_view *pool = &bus->pools[number];
    bool scanned = false;
    uint32_t freed = 0;
    for (uint32_t i = 0; i < pool->capacity; i++) {
        uint64_t mark = torc_load_relaxed64(torc_pool_mark(pool, i));
        freed += (mark & 1u) != 0 && passed(gate, mark, &scanned) && torc_pool_drop(bus, number, i);
    }
    return freed;
}

/* --- slots that nobody can pin ------------------------------------------------------------------------------- */

/* Sequences by which `alone` goes ahead of what is taken back, at most: so many events more are lost to a reader that
 * comes to copy, and so seldom does the owner look whether there is one. */
#define ALONE_STEP 64u

static uint64_t alone_step(const struct torc_pool_view *pool) {
    return pool->capacity / 8 < ALONE_STEP ? pool->capacity / 8 : ALONE_STEP;
}

/* REAP: a slot whose only reference is the ring's, and that all gating readers have passed, is taken back by a plain
 * store where nobody can pin it: a locked operation would wait for all stores before it, and their lines are the
 * readers'. Readers that copy can pin. `alone` is raised first, then `copied` is looked at; such a reader sets
 * `copied`, passes its heavy barrier and looks at `alone` before each pin. Either it finds its event below, and takes
 * it for lost, or we find it here and take `alone` back. Once granted, a range stays: later it may only grow. (Of
 * readers that copied and have left, `copied` was acquired; what pins they had left is in the word.) */
static bool raise_alone(const struct torc_pool_view *pool, const struct torc_gate *gate, uint32_t fence,
                        uint64_t mark) {
    torc_a64 *alone = &pool->ctl->alone;
    uint64_t before = torc_load_relaxed64(alone);
    uint64_t behind = ((gate->passed << 1) - (mark & ~UINT64_C(1))) >> 1; /* the mark has no top bit */
    uint64_t step = 1 + alone_step(pool);
    if (pool->xxl != NULL || TORC_DEBUG >= 2 || torc_load_relaxed32(gate->copied) != 0) {
        return false;
    }
    torc_store_relaxed64(alone, gate->passed - behind + (behind < step ? behind : step));
    torc_barrier_light(fence); /* REAP */
    if (TORC_UNLIKELY(torc_load_acquire32(gate->copied) != 0)) {
        torc_store_relaxed64(alone, before);
        return false;
    }
    return true;
}

/* --- the walk ------------------------------------------------------------------------------------------------- */

/* A walk in search of a slot. */
struct sweep {
    const struct torc_bus *bus;
    struct torc_pool_view *pool;
    uint32_t number;
    struct torc_gate *gate;
    bool scanned;           /* the gate is fresh */
    bool freeing;           /* a slot was met that is about to be free */
    uint32_t oldest_unread; /* the first slot met that readers have not passed */
};

/* Takes a passed slot from the ring alone, in the next generation, if nobody can be about to pin it. What is looked at
 * before that is known is too early: a reader that copied may have pinned the slot, left, and kept a handle. */
static bool reap_alone(const struct sweep *sweep, uint32_t index, uint64_t mark, uint64_t *word) {
    const struct torc_pool_view *pool = sweep->pool;
    if (!torc_mark_passed(mark, torc_load_relaxed64(&pool->ctl->alone))) {
        if (torc_word_count(*word) != 1 || !raise_alone(pool, sweep->gate, sweep->bus->fence, mark)) {
            return false;
        }
        *word = torc_load_acquire64(&pool->slots[index].word); /* DROP */
    }
    if (torc_word_count(*word) != 1 || torc_word_generation(*word) + 1 >= TORC_GENERATION_LAST) {
        return false;
    }
    torc_store_relaxed64(torc_pool_mark(pool, index), 0);
    *word = torc_word_generation(*word) + 1;
    return true;
}

/* Can this slot be handed out? *word receives its word then, as if it were free. Reaps it if only the ring still holds
 * it and everybody has passed; handles may hold it all the same. */
static bool available(struct sweep *sweep, uint32_t index, uint64_t *word) {
    struct torc_pool_view *pool = sweep->pool;
    uint64_t mark = torc_load_relaxed64(torc_pool_mark(pool, index));
    *word = torc_load_acquire64(&pool->slots[index].word); /* FREE, DROP */
    if (mark & 1u) {
        if (!passed(sweep->gate, mark, &sweep->scanned)) {
            sweep->oldest_unread = sweep->oldest_unread == TORC_NO_SLOT ? index : sweep->oldest_unread;
            return false;
        }
        if (reap_alone(sweep, index, mark, word)) {
            return true;
        }
        if (!torc_pool_drop(sweep->bus, sweep->number, index)) {
            return false;
        }
        *word = torc_load_relaxed64(&pool->slots[index].word);
    }
    sweep->freeing = sweep->freeing || (torc_word_count(*word) == TORC_COUNT_FREEING &&
                                        torc_load_relaxed32(&sweep->pool->later) != TORC_LATER_NEVER);
    return torc_word_count(*word) == 0 && !torc_word_retired(*word);
}

/* Handles alone hold it, or it is retired: nothing to be done here. */
static inline bool is_held(uint64_t word, uint64_t mark) {
    return word - TORC_GENERATION_LAST < (TORC_COUNT_FREEING << TORC_COUNT_SHIFT) - TORC_GENERATION_LAST &&
           (mark & 1u) == 0;
}

/* The first from there on, before `end`, that is not. In a clogged pool this is where the time goes. */
static uint32_t skip_held(const struct torc_pool_view *pool, uint32_t index, uint32_t end) {
    const struct torc_slot *slots = pool->slots;
    const torc_a64 *marks = torc_pool_mark(pool, 0);
    while (index < end && is_held(torc_load_relaxed64(&slots[index].word), torc_load_relaxed64(&marks[index]))) {
        index++;
    }
    return index;
}

/* Looks at `count` slots from *index on, which is left where it stopped. */
static uint32_t search(struct sweep *sweep, uint32_t *index, uint32_t count) {
    const struct torc_pool_view *pool = sweep->pool;
    uint64_t word;
    while (count != 0) {
        uint32_t end = count < pool->capacity - *index ? *index + count : pool->capacity;
        uint32_t at = skip_held(pool, *index, end);
        if (at < end && available(sweep, at, &word)) {
            *index = at;
            return taken(sweep->pool, at, word);
        }
        at += at < end;
        count -= at - *index;
        *index = at < pool->capacity ? at : 0;
    }
    return TORC_NO_SLOT;
}

static struct sweep begin_sweep(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate) {
    struct sweep sweep = {bus, &bus->pools[number], number, gate, false, false, TORC_NO_SLOT};
    if (torc_load_relaxed32(&sweep.pool->ctl->next) >= sweep.pool->ctl->limit) {
        chores(sweep.pool, gate, bus->fence);
    }
    return sweep;
}

bool torc_pool_ready(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate) {
    const struct torc_pool_view *pool = &bus->pools[number];
    bool scanned = false;
    uint32_t index;
    uint64_t mark;
    if (pool->capacity == 0) {
        return false;
    }
    index = torc_load_relaxed32(&begin_sweep(bus, number, gate).pool->ctl->next);
    mark = torc_load_relaxed64(torc_pool_mark(pool, index));
    return (mark & 1u) == 0 ||
           (passed(gate, mark, &scanned) && (torc_mark_passed(mark, torc_load_relaxed64(&pool->ctl->alone)) ||
                                             raise_alone(pool, gate, bus->fence, mark)));
}

/* Nothing found: the next search begins with the slot that will be free first. */
static void end_sweep(struct sweep *sweep, uint32_t stopped) {
    go_on_at(sweep->pool, sweep->oldest_unread == TORC_NO_SLOT ? stopped : sweep->oldest_unread);
}

/* A large pool is searched in two places: at the slot that is to be free next, and where the last search ended. One
 * place alone would not do: with more unread slots in a row than a sweep has steps, what is free behind them would
 * never be found. */
static uint32_t take_bounded(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate, uint32_t steps) {
    struct sweep sweep = begin_sweep(bus, number, gate);
    struct torc_pool_ctl *ctl = sweep.pool->ctl;
    bool small = sweep.pool->capacity <= TORC_SWEEP;
    uint32_t index = torc_load_relaxed32(&ctl->next);
    uint32_t found = torc_pool_take_recent(sweep.pool);
    if (found != TORC_NO_SLOT) {
        return found;
    }
    found = search(&sweep, &index, small ? sweep.pool->capacity : steps / 2);
    if (found == TORC_NO_SLOT && !small) {
        uint32_t probe = ctl->probe;
        found = search(&sweep, &probe, steps / 2);
        ctl->probe = probe;
    }
    if (found == TORC_NO_SLOT) {
        end_sweep(&sweep, index);
    }
    return found;
}

uint32_t torc_pool_take(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate) {
    return take_bounded(bus, number, gate, TORC_SWEEP);
}

uint32_t torc_pool_take_again(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate) {
    return take_bounded(bus, number, gate, TORC_SWEEP_AGAIN);
}

/* A slot that is FREEING, where that comes last (pools/slot.c), may have been looked at for waiters before the caller
 * announced itself: nobody will wake it, so it must not go to sleep. Its releaser is a few instructions, or one block's
 * free, away from done. */
uint32_t torc_pool_take_anywhere(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate) {
    for (uint32_t round = 0;; round++) {
        struct sweep sweep = begin_sweep(bus, number, gate);
        uint32_t index = torc_load_relaxed32(&sweep.pool->ctl->next);
        uint32_t found = search(&sweep, &index, sweep.pool->capacity);
        if (found != TORC_NO_SLOT) {
            return found;
        }
        end_sweep(&sweep, index);
        if (!sweep.freeing) {
            return TORC_NO_SLOT;
        }
        torc_pause_whole(TORC_WAIT_YIELD, round); /* a sequencer's lock is held */
    }
}

void torc_pool_put_back(struct torc_pool_view *pool, uint32_t index) {
    struct torc_pool_ctl *ctl = pool->ctl;
    uint64_t word = torc_load_relaxed64(&pool->slots[index].word);
    torc_store_release64(&pool->slots[index].word, torc_word_generation(word)); /* FREE */
    torc_store_relaxed64(&ctl->allocations, torc_load_relaxed64(&ctl->allocations) - 1);
}

uint32_t torc_pool_in_use(const struct torc_pool_view *pool, const uint64_t *gate) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < pool->capacity; i++) {
        used += counts_as_used(pool, i, gate);
    }
    return used;
}

void torc_pool_stats_add(const struct torc_pool_view *pool, const uint64_t *gate, struct torc_pool_stats *stats) {
    uint32_t used = torc_pool_in_use(pool, gate);
    uint32_t high = torc_load_relaxed32(&pool->ctl->high_water);
    high = used > high ? used : high;
    stats->capacity += pool->capacity;
    stats->in_use += used;
    stats->high_water = high > stats->high_water ? high : stats->high_water;
    stats->allocations += torc_pool_allocations(pool);
    stats->dry += torc_load_relaxed64(&pool->ctl->dry);
    stats->bytes += TORC_POOL_CTL_BYTES + TORC_POOL_BYTES(pool->capacity, pool->size);
    for (uint32_t i = 0; i < pool->capacity; i++) {
        uint64_t word = torc_load_relaxed64(&pool->slots[i].word);
        stats->retired += torc_word_retired(word);
        stats->saturated += torc_word_saturated(word);
        stats->bytes += torc_xxl_bytes(pool, i, word);
    }
}
