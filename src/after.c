/* src/after.c - readers that come after other readers of their topic: chains and diamonds.
 *
 * A reader that is after others may have an event once all of them have given it back. The slowest of their cursors
 * bounds its runs (hot.left), so the inline torc_next is the same for everybody, and the acquire of a cursor (CURSOR)
 * brings along all that its owner did before: what was published, and what it made of the event. Everyone in a chain
 * gates for himself.
 *
 * Whom a reader is after is a word of bits in its own object, written under the control lock: readers that are open
 * when it opens, and later, where one of them leaves, those that this one was after. So a reader is only ever after
 * older ones, and there is no cycle. An index in an outdated look at that word may already be another reader's: its
 * cursor then bounds one look more, and no look goes past an entry that is not stamped.
 *
 * AFTER, how the reader is woken without a cost to those who wake nobody: whoever gives a cursor back looks, as ever,
 * at the lane's waitpoint (src/read.c), and there, above the count of drains, the sleeper has put itself before it
 * slept. Publishers wake all readers of the topic whenever somebody asked for it; a reader that is held up by readers
 * alone does not ask. */
#include "core.h"

/* --- who is after whom (under the control lock) --------------------------------------------------------------- */

static uint32_t index_of(const struct bus *bus, const struct torc_reader *reader) {
    uint32_t index = 0;
    while (index < bus->config.readers && (bus->reader[index] == NULL || &bus->reader[index]->hot != reader)) {
        index++;
    }
    return index;
}

/* Pointers are compared before they are looked into. */
static int find_leaders(const struct reader *self, struct torc_reader *const *named, size_t count, uint64_t *leaders) {
    const struct bus *bus = self->bus;
    *leaders = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t index = index_of(bus, named[i]);
        const struct reader *leader = index < bus->config.readers ? bus->reader[index] : NULL;
        if (leader == NULL || leader->topic != self->topic || leader->policy != TORC_POLICY_GATE) {
            return TORC_INVALID;
        }
        if (torc_load_acquire32(&leader->closing) != 0 || torc_load_relaxed32(&leader->detached) != 0) {
            return TORC_CLOSED;
        }
        *leaders |= UINT64_C(1) << index;
    }
    return TORC_OK;
}

/* `self` gets those as followers. */
static void note_followers(struct reader *self, uint64_t plus, uint64_t less) {
    uint64_t before = torc_load_relaxed64(&self->followers);
    torc_store_relaxed64(&self->followers, (before | plus) & ~less);
}

int torc_after_join(struct reader *self, struct torc_reader *const *named, size_t count) {
    uint64_t leaders;
    int status = find_leaders(self, named, count, &leaders);
    if (status != TORC_OK) {
        return status;
    }
    self->follows = leaders != 0;
    torc_store_release64(&self->after, leaders);
    for (; leaders != 0; leaders &= leaders - 1) {
        note_followers(self->bus->reader[bit_index(leaders)], UINT64_C(1) << self->index, 0);
    }
    return TORC_OK;
}

/* Whoever was after it is now after those that it was after itself. */
void torc_after_leave(struct reader *self) {
    struct reader **reader = self->bus->reader;
    uint64_t followers = torc_load_relaxed64(&self->followers);
    uint64_t leaders = torc_load_relaxed64(&self->after);
    uint64_t bit = UINT64_C(1) << self->index;
    for (uint64_t left = followers; left != 0; left &= left - 1) {
        struct reader *follower = reader[bit_index(left)];
        uint64_t after = torc_load_relaxed64(&follower->after);
        torc_store_release64(&follower->after, (after & ~bit) | leaders); /* LEFT */
    }
    for (; leaders != 0; leaders &= leaders - 1) {
        note_followers(reader[bit_index(leaders)], followers, bit);
    }
}

void torc_after_wake(const struct reader *self) {
    for (uint64_t left = torc_load_relaxed64(&self->followers); left != 0; left &= left - 1) {
        torc_waitpoint_wake(&self->bus->waitpoints[self->bus->reader[bit_index(left)]->point]);
        torc_notify(&self->bus->notify[bit_index(left)]);
    }
}

/* --- how far it may go ---------------------------------------------------------------------------------------- */

uint32_t torc_after_run(const struct reader *self, uint32_t lane, uint64_t sequence, uint32_t most) {
    for (uint64_t left = torc_load_acquire64(&self->after); left != 0; left &= left - 1) {         /* LEFT */
        uint64_t passed = torc_load_acquire64(&cell_of(self->bus, lane, bit_index(left))->cursor); /* CURSOR */
        if (!sequence_before(sequence, passed)) {
            return 0;
        }
        most = passed - sequence < most ? (uint32_t)(passed - sequence) : most;
    }
    return most;
}

/* --- sleeping ------------------------------------------------------------------------------------------------- */

static void add_to_drains(const struct reader *self, uint64_t lanes, uint32_t plus) {
    for (; lanes != 0; lanes &= lanes - 1) {
        (void)torc_add_relaxed32(&lane_point(self->bus, bit_index(lanes))->drains, plus);
    }
}

/* Is every lane it reads held up by somebody that it is after? One that waits for a later sequence does not hold it up;
 * after a close only publishers know of the last claim that is taken back. */
static bool held_up(const struct reader *self) {
    if (torc_load_acquire64(&self->after) == 0 || bus_closed(self->bus)) {
        return false;
    }
    for (uint32_t i = 0; i < self->lane_count; i++) {
        if (torc_after_run(self, self->lane[i].index, self->lane[i].sequence, 1) != 0) {
            return false;
        }
    }
    return true;
}

/* Lanes that come from now on wake it: torc_publisher_open. */
bool torc_after_watch(struct reader *self) {
    uint64_t lanes = torc_load_acquire64(&self->topic->record->lanes) & ~self->watched; /* LANES */
    add_to_drains(self, lanes, TORC_AFTER_WATCH);
    self->watched |= lanes;
    return held_up(self);
}

void torc_after_unwatch(struct reader *self) {
    if (TORC_UNLIKELY(self->watched != 0)) {
        add_to_drains(self, self->watched, 0u - TORC_AFTER_WATCH);
        self->watched = 0;
    }
}

/* AFTER: a follower that is seen not to wait yet looks at the cursors once more before it sleeps. Who it is may be
 * outdated: then it has left, or its place is another's, which wakes for nothing. */
void torc_after_moved(const struct reader *self, uint32_t lane) {
    torc_lane_moved(self->bus, lane);
    for (uint64_t left = torc_load_relaxed64(&self->followers); left != 0; left &= left - 1) {
        uint32_t index = torc_load_relaxed32(&cell_of(self->bus, lane, bit_index(left))->point);
        struct torc_waitpoint *point = &self->bus->waitpoints[index];
        if (torc_load_relaxed32(&point->waiting) != 0) {
            torc_waitpoint_wake(point);
        }
        torc_notify(&self->bus->notify[bit_index(left)]);
    }
}
