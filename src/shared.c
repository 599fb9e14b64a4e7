/* shared.c - a lane that several threads publish to at the same time (src/sequencer.c).
 *
 * Who may run at the same time: any number of threads that take sequences, fill entries and stamp them; one of them,
 * under the sequencer's lock, that scans the gate and moves slots; readers; joiners; a closer.
 *
 *   claimed    by compare-and-swap, after room was seen below base + room. Base never goes back, so a stale one refuses too much
 *              and never lets an entry be overwritten that somebody reads; and with the room known there is no claim that
 *              would have to wait, or be taken back. (fetch_add takes the place first: who then finds no room owes the
 *              readers an entry that he must not touch yet.)
 *   CLOSE and COPY as in a lane of one: claimed first, then room is looked at again. Who finds it 0 leaves a tombstone: his
 *              sequence cannot be given back, others may have taken the next one.
 *   stamps     each by the one who took the sequence. That is all that readers look at.
 *   published  nobody stores it with an event: the next event may be settled before, and whoever is last would have to find
 *              out that he is. Who needs the position goes on from the last one along the stamps and leaves what he found,
 *              with a compare-and-swap that only raises it. The gate never passes it, so it lags by a lap at most; and an
 *              entry whose stamp is of a later lap tells him that the position has gone on since he read it.
 *
 * The lane says that it is shared. Whoever does not know yet, or still thinks so, has not heard of any event since. */
#include "shared.h"

#include "space.h"

/* One step along the stamps; false: it ends here. */
static bool step(const struct bus *bus, uint32_t lane, uint64_t *at) {
    const struct torc_lane *control = &bus->lanes[lane];
    uint64_t stamp = torc_load_acquire64(&lane_entry_at(bus, lane, *at)->stamp); /* STAMP */
    uint64_t again;
    if (stamp == *at + 1) {
        ++*at;
        return true;
    }
    if (!sequence_before(*at + 1, stamp)) {
        return false;
    }
    again = torc_load_relaxed64(&control->published); /* as the stamp has made it visible */
    if (!sequence_before(*at, again)) {
        return false;
    }
    *at = again;
    return true;
}

uint64_t torc_lane_published(const struct bus *bus, uint32_t lane) {
    struct torc_lane *control = &bus->lanes[lane];
    uint64_t mask = bus->config.lane_entries - 1;
    uint64_t known = torc_load_acquire64(&control->published); /* PUBLISHED */
    uint64_t at = known;
    if (TORC_LIKELY(torc_load_relaxed32(&control->shared) == 0)) {
        return known;
    }
    for (uint64_t steps = 0; steps <= mask && step(bus, lane, &at); steps++) {
    }
    while (sequence_before(known, at) && !torc_cas_release64(&control->published, &known, at)) { /* PUBLISHED */
    }
    /* Only exchanges have raised it since the lane is shared, so this acquires what each of them released: also where
     * step() found a later position, and where the exchange met one. */
    return torc_load_acquire64(&control->published); /* PUBLISHED */
}

void torc_shared_skip(const struct publisher *self, uint64_t sequence) {
    struct torc_entry *entry = lane_entry(self, sequence);
    torc_store_release64(&entry->stamp, sequence); /* REWRITE: who found readers that copy comes here */
    torc_store_release32(&entry->header_word, TORC_ENTRY_SKIP);
    torc_store_release32(&entry->type_word, 0);
    torc_store_release64(&entry->stamp, sequence + 1); /* STAMP */
    torc_shared_tell(self);
}

int torc_shared_claim(struct publisher *self, bool for_copying, uint64_t *sequence) {
    if (!torc_shared_take(self, self->hot.base, self->hot.mask + 1, sequence)) {
        return TORC_AGAIN;
    }
    if (closed(self) || (copied(self) && !for_copying)) {
        torc_shared_skip(self, *sequence);
        return closed(self) ? TORC_CLOSED : TORC_AGAIN;
    }
    self->taken = *sequence;
    return TORC_OK;
}

void torc_publisher_share(struct publisher *self, bool on) {
    self->shared = on;
    torc_store_relaxed32(&self->hot.lane->shared, on);
}

bool torc_shared_is_open(const struct publisher *self, const struct torc_claim *claim) {
    const struct torc_entry *entry = lane_entry(self, claim->sequence);
    return claim->state == TORC_CLAIM_OPEN && claim->slot == 0 &&
           sequence_before(claim->sequence, lane_claimed(self)) &&
           sequence_before(torc_load_relaxed64(&entry->stamp), claim->sequence + 1) &&
           claim->length <= (torc_load_relaxed32(&entry->header_word) & TORC_ENTRY_LENGTH);
}
