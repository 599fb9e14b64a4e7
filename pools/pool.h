/* pools/pool.h - a ring pool: the slots of one shirt, allocated in ring order by one thread, released by any. What that
 * thread has just released itself it is given again first.
 *
 * Who may run at the same time: one owner (torc_pool_take, torc_pool_put_back, marks) with any number of releasers
 * (torc_ringptr_release on other threads). A slot word is RMW-only while its count is above 0 and written by the owner
 * alone while it is 0, so the owner takes a free slot with a plain store.
 *
 * A published slot carries a mark: the lane's ring holds one reference to it, since this sequence. The owner drops that
 * reference when every gating reader has passed the sequence, either here because it needs the slot or when the entry
 * is overwritten. Where that reference is the only one and nobody can pin the slot (REAP, in pool.c), taking it back is
 * a plain store, too: nobody is left who could write the word. */
#ifndef TORC_POOLS_POOL_H
#define TORC_POOLS_POOL_H

#include <stdbool.h>
#include <torc/bus.h>
#include <torc/layout.h>
#include <torc/ringptr.h>

/* Slots looked at per allocation, at most: a clogged pool makes an allocation slower only up to here. */
#define TORC_SWEEP       64u
#define TORC_SWEEP_AGAIN 8u /* by somebody who waits and will come again */

/* Slots counted per census step, at most. A step is made four times a round, in the first round
 * whenever the slots used have doubled. */
#define TORC_CENSUS_STEP 128u

/* What the owner of a pool knows about its readers. `scan` reads their cursors afresh and returns the new gate. */
struct torc_gate {
    uint64_t passed; /* every sequence below was passed by all gating readers */
    uint64_t (*scan)(void *owner);
    void *owner;
    const torc_a32 *copied; /* != 0: somebody may pin slots (REAP) */
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

/* The marks lie behind the control block: per slot, the sequence it was published at. */
static inline torc_a64 *torc_pool_mark(const struct torc_pool_view *pool, uint32_t index) {
    return (torc_a64 *)(void *)(pool->ctl + 1) + index;
}

/* The handle id of slot `index` of pool number `pool`, in its present generation. */
static inline uint64_t torc_id_of(const struct torc_pool_view *pool, uint32_t index, uint64_t word) {
    return ((uint64_t)(pool->first + index) << TORC_ID_SLOT_SHIFT) + torc_word_generation(word);
}
static inline uint64_t torc_pool_id(const struct torc_bus *bus, uint32_t pool, uint32_t index) {
    const struct torc_pool_view *view = &bus->pools[pool];
    return torc_id_of(view, index, torc_load_relaxed64(&view->slots[index].word));
}
/* Pool number and index of a handle id; the caller knows that it is in range. */
static inline uint32_t torc_id_pool(const struct torc_bus *bus, uint64_t id) {
    return (uint32_t)(torc_pool_of(bus, id) - bus->pools);
}
static inline uint32_t torc_id_index(const struct torc_bus *bus, uint64_t id) {
    return TORC_ID_NUMBER(id) - torc_pool_of(bus, id)->first;
}

/* torc_pool_init: all slots free in generation `generation`; the first event will have this sequence. */
void torc_pool_init(struct torc_pool_view *pool, uint32_t shirt, uint64_t generation, uint64_t sequence);

/* A slot that its owner may hand out: its index, and its word as it would be if it were free. */
struct torc_next_slot {
    uint32_t index;
    uint64_t word;
    uint64_t mark;
};

/* torc_pool_next: the slot whose turn it is, if it is free, or the ring's alone and not to be pinned by anybody: *next
 * receives it. False: torc_pool_take looks further. torc_pool_take_next hands it out. Owner only; no XXL table. */
static inline bool torc_pool_next(const struct torc_pool_view *pool, struct torc_next_slot *next) {
    const struct torc_pool_ctl *ctl = pool->ctl;
    next->index = torc_load_relaxed32(&ctl->next);
    if (TORC_UNLIKELY(next->index >= ctl->limit)) {
        return false;
    }
    next->word = torc_load_acquire64(&pool->slots[next->index].word); /* FREE, DROP */
    next->mark = torc_load_relaxed64(torc_pool_mark(pool, next->index));
    if ((next->mark & 1u) != 0) {
        next->word -= TORC_COUNT_ONE - 1; /* of a slot that has one reference: free in the next generation */
        return torc_mark_passed(next->mark, torc_load_relaxed64(&ctl->alone)) && next->word < TORC_GENERATION_LAST;
    }
    return next->word < TORC_GENERATION_LAST;
}
static inline void torc_pool_take_next(const struct torc_pool_view *pool, const struct torc_next_slot *next) {
    torc_store_relaxed64(torc_pool_mark(pool, next->index), 0);
    torc_store_relaxed64(&pool->slots[next->index].word, next->word + TORC_COUNT_ONE);
    torc_store_relaxed32(&pool->ctl->next, next->index + 1);
}

/* torc_pool_ready: what torc_pool_next found due is done, and who has passed the slot whose turn it is is looked at
 * afresh; false: that does not make it available. Owner only; no XXL table. */
bool torc_pool_ready(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate);

/* torc_pool_take: the next slot that is free or that only the ring holds and everybody has passed, with count 1.
 * TORC_NO_SLOT if none was found within the bounded sweep. gate NULL: the pool's slots are never in a ring. Owner only.
 * Where the very next slot is free, torc_ringptr_claim in torc/publisher.h does it inline. */
uint32_t torc_pool_take(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate);

/* torc_pool_take_recent: the slot that its owner released last, with count 1; TORC_NO_SLOT if somebody has been given
 * it since, or none was. torc_pool_take and _take_again try it first, and torc_ringptr_claim in torc/publisher.h
 * inline. Owner only. */
uint32_t torc_pool_take_recent(const struct torc_pool_view *pool);

/* torc_pool_take_again: the same for somebody who waits, and comes by once more: the slot that is to be free first, and
 * a few others in turns. torc_pool_take_anywhere: before going to sleep; looks at every slot. */
uint32_t torc_pool_take_again(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate);
uint32_t torc_pool_take_anywhere(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate);

/* torc_pool_note_dry: an allocation found no slot, or (torc_pool_note_full) no bytes to go behind one. Once per
 * allocation, not per try. Owner only. */
void torc_pool_note_dry(struct torc_pool_view *pool);
void torc_pool_note_full(struct torc_pool_view *pool);

/* torc_pool_allocations: slots taken and not put back so far. Any thread; a snapshot. */
uint64_t torc_pool_allocations(const struct torc_pool_view *pool);

/* torc_pool_put_back: undoes a take whose slot nobody else has seen. Owner only. */
void torc_pool_put_back(struct torc_pool_view *pool, uint32_t index);

/* torc_pool_drop: the ring's reference of slot `index` goes; its mark is cleared. True if that freed the slot. Owner
 * only. */
bool torc_pool_drop(const struct torc_bus *bus, uint32_t number, uint32_t index);

/* torc_pool_reap: the ring's references of all slots that everybody has passed go. How many that freed. Owner only. */
uint32_t torc_pool_reap(const struct torc_bus *bus, uint32_t number, struct torc_gate *gate);

/* torc_pool_in_use: counts the slots somebody may still read: kept, being filled, or published and not passed by
 * `gate`. Any thread; a snapshot. */
uint32_t torc_pool_in_use(const struct torc_pool_view *pool, const uint64_t *gate);

/* torc_pool_stats_add: adds this pool to *stats. Any thread. `gate` as above, NULL if unknown: marked slots count as
 * unread. */
void torc_pool_stats_add(const struct torc_pool_view *pool, const uint64_t *gate, struct torc_pool_stats *stats);

/* torc_slot_pin: one more reference to a slot that was published at `sequence` and may be gone; false if it is. A
 * reader that copies. */
bool torc_slot_pin(const struct torc_bus *bus, uint64_t id, uint64_t sequence);

/* torc_word_after_drop: what becomes of a slot whose only reference the ring has dropped: free, or FREEING where the
 * payload is to be looked after, by torc_slot_clean. torc_later_free (src/later.c): makes a slot free in a bus that
 * goes with its last handle; `word` is what is in it. */
uint64_t torc_word_after_drop(const struct torc_pool_view *pool, uint64_t word);
void torc_slot_clean(struct torc_pool_view *pool, uint32_t index);
bool torc_is_forked(const struct torc_bus *bus); /* src/fork.c: is it a child's copy? */
void torc_later_free(const struct torc_bus *bus, struct torc_slot *slot, uint64_t word);

#endif
