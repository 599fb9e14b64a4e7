/* src/gate.c - how far a publisher may go: the gate, and the slots that the ring lets go of behind it.
 *
 * Who may run at the same time: one publisher thread here; readers that advance cursors; joiners (src/reader.c). The
 * gate only ever lags behind the cursors, and cursors only grow, so a stale gate makes the publisher wait longer than
 * needed and never overwrite. */
#include "core.h"

/* Entries looked at for slots to drop, ahead of the claim, each time the publisher comes by: bounds the pause. */
#define HELD_STEP 64u

uint64_t torc_lane_slowest(const struct bus *bus, uint32_t lane) {
    uint64_t slowest = torc_lane_published(bus, lane);
    uint64_t members = torc_load_acquire64(&topic_of_lane(bus, lane)->readers); /* GATING */
    for (; members != 0; members &= members - 1) {
        uint64_t cursor = torc_load_acquire64(&cell_of(bus, lane, bit_index(members))->cursor); /* CURSOR */
        slowest = sequence_before(cursor, slowest) ? cursor : slowest;
    }
    return slowest;
}

/* How far the gate may go: past everything the readers passed if a pool needs it, else leaving half a lane of history
 * for those who join at OLDEST. Never back because of history. */
static uint64_t choose_gate(const struct publisher *self, uint64_t slowest, bool need_all) {
    uint64_t history = lane_claimed(self) - (self->hot.mask + 1) / 2;
    uint64_t before = self->bank.gate.passed;
    slowest = sequence_before(slowest, before) ? before : slowest; /* a joiner's low cursor: it must not take us back */
    if (need_all) {
        return slowest;
    }
    history = sequence_before(history, before) ? before : history;
    return sequence_before(history, slowest) ? history : slowest;
}

/* JOIN: the gate is made known before the topic's version is looked at for the last time. A joiner sets its cursor and
 * its bit, bumps the version, passes the heavy barrier and then reads the lane's gate and published: either it sees
 * this gate, or we see its version and count it in. (The bits alone would not do: another reader can have taken a place
 * meanwhile.) The gate never goes back and never exceeds what was published before the scan, which is where NEXT joins
 * at the earliest. */
uint64_t torc_gate_scan(struct publisher *self, bool need_all) {
    const torc_a32 *version = &self->topic->record->version;
    uint32_t seen;
    uint64_t gate;
    torc_barrier_light(self->hot.fence);
    do {
        seen = torc_load_acquire32(version); /* GATING */
        gate = choose_gate(self, torc_lane_slowest(self->bus, self->index), need_all);
        torc_store_release64(&self->hot.lane->gate, gate);
        torc_barrier_light(self->hot.fence);
    } while (torc_load_acquire32(version) != seen);
    return gate;
}

/* The ring's reference to the slot of an entry that everybody has passed. A slot that was reaped meanwhile has another
 * mark. */
static void drop_entry(const struct publisher *self, uint64_t sequence) {
    const struct torc_bus *bus = &self->bus->hot;
    const struct torc_entry *entry = lane_entry(self, sequence);
    uint32_t pool;
    uint32_t index;
    if ((entry->header & TORC_ENTRY_SLOT) == 0) {
        return;
    }
    pool = torc_id_pool(bus, entry->body.slot);
    index = torc_id_index(bus, entry->body.slot);
    if (torc_load_relaxed64(torc_pool_mark(&bus->pools[pool], index)) == torc_mark_of(sequence)) {
        (void)torc_pool_drop(bus, pool, index);
    }
}

/* Steps over entries without a bit, a word's worth at a time: `to` at the most. */
static void skip_dropped(struct publisher *self, uint64_t to) {
    uint64_t width = self->hot.mask < 63 ? self->hot.mask + 1 : 64;
    while (sequence_before(self->held_from, to)) {
        uint64_t at = self->held_from & (width - 1);
        uint64_t word = *held_word(self, self->held_from) >> at;
        uint64_t step = word != 0 ? bit_index(word) : width;
        step = step < width - at ? step : width - at;
        self->held_from += to - self->held_from < step ? to - self->held_from : step;
        if (word != 0 && step == bit_index(word)) {
            return;
        }
    }
}

/* Most slots were taken back in the lane's order long before, and their bits cleared. */
static void drop_held(struct publisher *self) {
    uint64_t edge = lane_claimed(self) - self->hot.mask - 1 + HELD_STEP;
    uint64_t to = self->bank.gate.passed;
    skip_dropped(self, to);
    while (sequence_before(self->held_from, to) && sequence_before(self->held_from, edge)) {
        *held_word(self, self->held_from) &= ~held_bit(self, self->held_from);
        drop_entry(self, self->held_from++);
        skip_dropped(self, to);
    }
}

bool torc_gate_has_room(struct publisher *self) {
    uint64_t capacity = self->hot.mask + 1;
    uint64_t gate;
    if (lane_claimed(self) - self->hot.base < capacity) {
        return true;
    }
    gate = torc_gate_scan(self, false);
    self->bank.gate.passed = gate;
    drop_held(self);
    self->hot.base = sequence_before(self->held_from, gate) ? self->held_from : gate;
    return lane_claimed(self) - self->hot.base < capacity;
}
