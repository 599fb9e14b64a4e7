/* shared.h - a lane that several threads claim from: sequences by compare-and-swap, and the position that nobody
 * stores. */
#ifndef TORC_SRC_SHARED_H
#define TORC_SRC_SHARED_H

#include "core.h"

/* Takes the next sequence if it is below base + room. */
static inline __attribute__((always_inline)) bool torc_shared_take(const struct publisher *self, uint64_t base,
                                                                   uint64_t room, uint64_t *sequence) {
    torc_a64 *claimed = &self->hot.lane->claimed;
    uint64_t at = torc_load_relaxed64(claimed);
    do {
        if (TORC_UNLIKELY(at - base >= room)) {
            return false;
        }
    } while (TORC_UNLIKELY(!torc_cas_relaxed64(claimed, &at, at + 1)));
    *sequence = at;
    torc_barrier_light(self->hot.fence); /* CLOSE, COPY */
    return true;
}

/* Wakes readers that sleep over an entry that was stamped just now, and those who wait for space: the gate goes no
 * further than what is stamped, so where no reader holds it back a stamp is what makes space. */
static inline void torc_shared_tell(const struct publisher *self) {
    torc_barrier_light(self->hot.fence); /* SLEEP, SPACE */
    if (TORC_UNLIKELY(torc_load_relaxed32(self->hot.sleepers) != 0)) {
        torc_wake_readers_slow((struct torc_publisher *)(uintptr_t)&self->hot);
    }
    if (TORC_UNLIKELY(torc_load_relaxed32(&lane_point(self->bus, self->index)->waiting) != 0)) {
        torc_lane_moved(self->bus, self->index);
    }
}

/* A sequence that was taken and will not be filled: readers step over it. */
void torc_shared_skip(const struct publisher *self, uint64_t sequence);

/* take_sequence() of src/claim.c where others claim too, by the one who has the lock: TORC_AGAIN also if they have
 * taken the room that was there. */
int torc_shared_claim(struct publisher *self, bool for_copying, uint64_t *sequence);

/* An open claim of an inline event, unchanged but for a smaller length. Its entry is still of the lap before. */
bool torc_shared_is_open(const struct publisher *self, const struct torc_claim *claim);

#endif
