/* pools/pool.h - a ring pool: the slots of one shirt, allocated in ring order by one thread, released by any.
 *
 * Who may run at the same time: one owner (torc_pool_take, torc_pool_put_back, marks) with any number of releasers
 * (torc_ringptr_release on other threads). A slot word is RMW-only while its count is above 0 and written by the owner
 * alone while it is 0, so the owner takes a free slot with a plain store.
 *
 * A published slot carries a mark: the lane's ring holds one reference to it, since this sequence. The owner drops that reference when
 * every gating reader has passed the sequence, either here because it needs the slot or when the entry is overwritten. */
#ifndef TORC_POOLS_POOL_H
#define TORC_POOLS_POOL_H

#include <stdbool.h>
#include <torc/bus.h>
#include <torc/layout.h>

#define TORC_NO_SLOT UINT32_MAX

/* Slots looked at per allocation, at most: a clogged pool makes an allocation slower only up to here. */
#define TORC_SWEEP 64u

/* Slots counted per census step, and every how many allocations a step is made; smaller pools get their steps sooner. */
#define TORC_CENSUS_STEP        32u
#define TORC_CENSUS_EVERY       32u
#define TORC_CENSUS_EVERY_SMALL 4u

/* Control block of a pool, in the region; written by the pool's owner only. */
struct torc_pool_ctl {
    torc_a64 allocations;
    torc_a64 dry;
    torc_a32 high_water;
    uint32_t shirt;
    uint32_t next;        /* where the next sweep begins */
    uint32_t census_at;   /* next slot it looks at, in ring order */
    uint32_t census_seen; /* slots looked at in this pass, and how many of them were in use */
    uint32_t census_used;
    unsigned char pad[2 * TORC_LINE - 40];
};
TORC_STATIC_ASSERT(sizeof(struct torc_pool_ctl) == TORC_POOL_CTL_BYTES, "control block as in torc/config.h");

/* What the owner of a pool knows about its readers. `scan` reads their cursors afresh and returns the new gate. */
struct torc_gate {
    uint64_t passed; /* every sequence below was passed by all gating readers */
    uint64_t (*scan)(void *owner);
    void *owner;
};

static inline uint64_t torc_word_count(uint64_t word) {
    return word >> TORC_COUNT_SHIFT;
}
static inline uint64_t torc_word_generation(uint64_t word) {
    return word & TORC_GENERATION_MASK;
}
/* Count of a slot whose last reference is gone and whose payload is still being given back. Above TORC_COUNT_SATURATED
 * on purpose: nothing increments it. */
#define TORC_COUNT_FREEING UINT64_C(0xFFFFFF)
static inline bool torc_word_saturated(uint64_t word) {
    return torc_word_count(word) >= TORC_COUNT_SATURATED && torc_word_count(word) != TORC_COUNT_FREEING;
}
static inline bool torc_word_retired(uint64_t word) {
    return word == TORC_GENERATION_LAST;
}
/* Is `word` alive in the generation of handle `id`? */
static inline bool torc_word_owned_by(uint64_t word, uint64_t id) {
    return torc_word_count(word) != 0 && ((word ^ id) & TORC_GENERATION_MASK) == 0;
}

/* Marks: bit 0 = the ring holds a reference; above it the sequence modulo 2^63. 0 = not in a ring. */
static inline uint64_t torc_mark_of(uint64_t sequence) {
    return (sequence << 1) | 1u;
}
static inline bool torc_mark_passed(uint64_t mark, uint64_t gate) {
    return (int64_t)((gate << 1) - (mark & ~UINT64_C(1))) > 0;
}

/* A number that tells threads apart: the address of a thread-local byte. */
extern _Thread_local char torc_thread_anchor __attribute__((tls_model("initial-exec"), visibility("hidden")));
static inline uint64_t torc_thread_token(void) {
    return (uint64_t)(uintptr_t)&torc_thread_anchor;
}

/* The handle id of slot `index` of pool number `pool`, in its present generation. */
static inline uint64_t torc_id_of(const struct torc_bus *bus, uint32_t pool, uint32_t index, uint64_t word) {
    uint64_t number = ((uint64_t)pool << bus->slot_bits) | index;
    return (number << TORC_ID_SLOT_SHIFT) | torc_word_generation(word);
}
static inline uint64_t torc_pool_id(const struct torc_bus *bus, uint32_t pool, uint32_t index) {
    return torc_id_of(bus, pool, index, torc_load_relaxed64(&bus->pools[pool].slots[index].word));
}
/* Pool number and index of a handle id; the caller knows that it is in range. */
static inline uint32_t torc_id_pool(const struct torc_bus *bus, uint64_t id) {
    return (uint32_t)((id & ~TORC_ID_SHARED) >> TORC_ID_SLOT_SHIFT) >> bus->slot_bits;
}
static inline uint32_t torc_id_index(const struct torc_bus *bus, uint64_t id) {
    return (uint32_t)((id & ~TORC_ID_SHARED) >> TORC_ID_SLOT_SHIFT) & ((UINT32_C(1) << bus->slot_bits) - 1);
}

/* torc_pool_init: all slots free in generation `generation`. */
void torc_pool_init(struct torc_pool_view *pool, uint32_t shirt, uint64_t generation);

/* torc_pool_take: the next slot that is free or that only the ring holds and everybody has passed, with count 1.
 * TORC_NO_SLOT if none was found within the bounded sweep. gate NULL: the pool's slots are never in a ring. Owner only. */
static inline uint32_t torc_pool_take(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate);
uint32_t torc_pool_take_slow(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate);

/* torc_pool_chores: what is due now and then after an allocation: one bounded step of the census, and the owner's mark. */
int torc_pool_chores(struct torc_pool_view *pool, const struct torc_gate *gate);

/* torc_pool_put_back: undoes a take whose slot nobody else has seen. Owner only. */
void torc_pool_put_back(struct torc_pool_view *pool, uint32_t index);

/* torc_pool_drop: the ring's reference of slot `index` goes; its mark is cleared. True if that freed the slot. Owner only. */
bool torc_pool_drop(const struct torc_bus *bus, uint32_t number, uint32_t index);

/* torc_pool_in_use: counts the slots somebody may still read: kept, being filled, or published and not passed by `gate`.
 * Any thread; a snapshot. */
uint32_t torc_pool_in_use(const struct torc_pool_view *pool, const uint64_t *gate);

/* torc_pool_stats_add: adds this pool to *stats. Any thread. `gate` as above, NULL if unknown: marked slots count as unread. */
void torc_pool_stats_add(const struct torc_pool_view *pool, const uint64_t *gate, struct torc_pool_stats *stats);

/* torc_slot_free: what follows the last release: the XXL block goes back, whoever waits for a slot is woken. The slot word
 * has been moved to the state torc_word_after_last() gave. */
uint64_t torc_word_after_last(const struct torc_pool_view *pool, uint64_t word);
void torc_slot_free(const struct torc_bus *bus, uint32_t number, uint32_t index, uint64_t word);

/* Records per cache line: the walk goes down the columns of a table with this many columns, so that neighbours in time
 * are never neighbours on a line. */
#define TORC_POOL_COLUMNS 4u

static inline uint32_t torc_pool_walk(const struct torc_pool_view *pool, uint32_t index) {
    uint32_t next = index + TORC_POOL_COLUMNS;
    if (TORC_LIKELY(next < pool->capacity)) {
        return next;
    }
    next = (index & (TORC_POOL_COLUMNS - 1)) + 1;
    return next < TORC_POOL_COLUMNS && next < pool->capacity ? next : 0;
}

/* Slot `index`, whose word is `word` with count 0, is handed out. True if torc_pool_chores is due. */
static inline bool torc_pool_taken(struct torc_pool_view *pool, uint32_t index, uint64_t word) {
    struct torc_pool_ctl *ctl = pool->ctl;
    uint64_t allocations = torc_load_relaxed64(&ctl->allocations) + 1;
    bool due = (allocations & pool->chores) == 0;
    ctl->next = torc_pool_walk(pool, index);
    torc_store_relaxed64(&ctl->allocations, allocations);
    /* Plain: while its count is 0 nobody else writes the word; the stamp or the mailbox makes it visible. */
    torc_store_relaxed64(&pool->slots[index].word, word + TORC_COUNT_ONE);
    return due || torc_load_relaxed64(&pool->owner) != torc_thread_token();
}

/* The next slot and its word, if it is free: count 0 and not retired. A free slot has no mark. */
static inline bool torc_pool_next_free(const struct torc_pool_view *pool, uint32_t *index, uint64_t *word) {
    *index = pool->ctl->next;
    if (TORC_UNLIKELY(*index >= pool->capacity)) {
        return false;
    }
    *word = torc_load_acquire64(&pool->slots[*index].word); /* FREE */
    return TORC_LIKELY(*word < TORC_GENERATION_LAST);
}

static inline uint32_t torc_pool_take(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate) {
    struct torc_pool_view *pool = &bus->pools[number];
    uint32_t index;
    uint64_t word;
    if (TORC_UNLIKELY(!torc_pool_next_free(pool, &index, &word))) {
        return torc_pool_take_slow(bus, number, gate);
    }
    if (TORC_UNLIKELY(torc_pool_taken(pool, index, word))) {
        torc_pool_chores(pool, gate);
    }
    return index;
}

#endif
