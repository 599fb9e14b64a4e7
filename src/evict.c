/* src/evict.c - a publisher that has waited long enough for a reader goes on without it.
 *
 * An EVICT reader copies from the lane from the beginning (src/copy.c), so taking its bit out of the topic's gating
 * readers is all there is to it: whatever it is doing, it finds that it was overtaken. The bits change under the
 * control lock only. */
#include "core.h"

static struct stall *stall_of(struct publisher *self) {
    return &self->stall[self->stalled_for];
}

/* The pool that is dry: that of the shirt that was asked for, or the next that has slots (pools/bank.c). */
static uint32_t dry_pool(const struct publisher *self) {
    uint32_t shirt = self->stalled_for - 1;
    while (shirt < TORC_XXL && self->hot.pools[shirt].capacity == 0) {
        shirt++;
    }
    return bank_first_pool(self->index) + shirt;
}

static bool ring_holds(const struct publisher *self, uint64_t sequence, uint32_t pool) {
    const struct torc_bus *bus = &self->bus->hot;
    const struct torc_entry *entry = lane_entry(self, sequence);
    return (self->held[(sequence & self->hot.mask) / 64] & held_bit(self, sequence)) != 0 &&
           (entry->header & TORC_ENTRY_SLOT) != 0 && torc_id_pool(bus, entry->body.slot) == pool &&
           torc_load_relaxed64(torc_pool_mark(&bus->pools[pool], torc_id_index(bus, entry->body.slot))) ==
               torc_mark_of(sequence);
}

/* Who is behind by events that take no slot of the dry pool does not keep it dry. What is looked at is published and
 * not passed, so nobody writes to it. */
static bool keeps_slot(const struct publisher *self, uint64_t cursor, uint64_t end) {
    uint32_t pool = dry_pool(self);
    uint64_t at = end - cursor <= self->hot.mask + 1 ? cursor : end - self->hot.mask - 1;
    while (sequence_before(at, end) && !ring_holds(self, at, pool)) {
        at++;
    }
    return sequence_before(at, end);
}

/* Does this reader hold the publisher up, in its lane or by events that hold slots, and has it since the stall
 * began? */
static bool holds_up(const struct publisher *self, const struct reader *reader, const struct stall *stall) {
    const struct torc_cell *cell = cell_of(self->bus, self->index, reader->index);
    uint64_t cursor = torc_load_acquire64(&cell->cursor);
    return stall->since != 0 && reader->policy == TORC_POLICY_EVICT && torc_load_relaxed32(&cell->joined) != 0 &&
           sequence_before(cursor, stall->published) &&
           (self->stalled_for == 0 || keeps_slot(self, cursor, stall->published));
}

/* Only readers that gate and copy: most topics have none, and then there is no lock to take. */
static uint64_t candidates(const struct publisher *self) {
    const struct torc_topic_record *record = self->topic->record;
    return torc_load_relaxed64(&record->readers) & torc_load_relaxed64(&record->copiers);
}

/* A stall may be older than the reader, which began at events of before it. */
static uint64_t due_at(const struct stall *stall, const struct reader *reader) {
    uint64_t since = stall->since < reader->begun ? reader->begun : stall->since;
    return reader->evict_after_ns < TORC_FOREVER - since ? since + reader->evict_after_ns : TORC_FOREVER;
}

/* Under the control lock. */
static uint64_t first_due(const struct publisher *self, const struct stall *stall) {
    uint64_t due = TORC_FOREVER;
    for (uint64_t bits = candidates(self); bits != 0; bits &= bits - 1) {
        const struct reader *reader = self->bus->reader[bit_index(bits)];
        if (reader != NULL && holds_up(self, reader, stall) && due_at(stall, reader) < due) {
            due = due_at(stall, reader);
        }
    }
    return due;
}

/* A stall goes on from one call to the next while a reader has not got past what was published when it began: it is the
 * same that holds the publisher up. Once all have, whoever is behind now is given its time from now on. */
uint64_t torc_evict_due(struct publisher *self) {
    struct stall *stall = stall_of(self);
    uint64_t due;
    if (TORC_LIKELY(candidates(self) == 0)) {
        return TORC_FOREVER;
    }
    (void)pthread_mutex_lock(&self->bus->lock);
    due = first_due(self, stall);
    if (due == TORC_FOREVER) {
        *stall = (struct stall){torc_now(), torc_lane_published(self->bus, self->index)};
        due = first_due(self, stall);
    }
    (void)pthread_mutex_unlock(&self->bus->lock);
    return due;
}

static bool has_read_all(const struct reader *reader) {
    for (uint32_t i = 0; i < reader->lane_count; i++) {
        const struct reader_lane *lane = &reader->lane[i];
        if (sequence_before(lane->given, torc_lane_published(reader->bus, lane->index))) {
            return false;
        }
    }
    return true;
}

/* One that is behind gains no time by going back further. */
void torc_evict_begin(struct reader *reader) {
    if (reader->policy == TORC_POLICY_EVICT && has_read_all(reader)) {
        reader->begun = torc_now();
    }
}

static void evict(struct bus *bus, struct reader *reader) {
    struct torc_topic_record *record = reader->topic->record;
    torc_store_release32(&reader->evicted, 1); /* EVICT */
    (void)torc_and_release64(&record->readers, ~(UINT64_C(1) << reader->index));
    torc_topic_changed(record);
    torc_waitpoint_wake(&bus->waitpoints[reader->point]);
    torc_notify(&bus->notify[reader->index]);
    /* Others may be waiting for this very reader: publishers whose time is not over yet, and drains (SPACE; waking has
     * passed a full fence). */
    for (uint64_t lanes = torc_load_relaxed64(&record->lanes); lanes != 0; lanes &= lanes - 1) {
        torc_lane_moved(bus, bit_index(lanes));
    }
}

bool torc_evict(struct publisher *self) {
    const struct stall *stall = stall_of(self);
    uint64_t now;
    bool any = false;
    if (candidates(self) == 0) {
        return false;
    }
    now = torc_now();
    (void)pthread_mutex_lock(&self->bus->lock);
    for (uint64_t bits = candidates(self); bits != 0; bits &= bits - 1) {
        struct reader *reader = self->bus->reader[bit_index(bits)];
        if (reader != NULL && holds_up(self, reader, stall) && due_at(stall, reader) <= now) {
            evict(self->bus, reader);
            any = true;
        }
    }
    (void)pthread_mutex_unlock(&self->bus->lock);
    return any;
}
