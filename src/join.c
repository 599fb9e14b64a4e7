/* src/join.c - where a reader begins, and how it is put somewhere else, while publishers run at full rate.
 *
 * JOIN, in order: the cursors are set low (at each lane's gate), the membership bit is set, the topic's version is
 * bumped, the heavy barrier passes, then the real position is read and stored. A publisher's scan either began before
 * the barrier, then its gate is at most what it had published and had stored in lane.gate, both of which we read after
 * the barrier; or it sees the version and counts us in, and the low cursor keeps its gate where it is until the real
 * one is stored. So the position is never below a gate in use: nothing from there on is lost.
 *
 * A reader that seeks does the same again, in the same order. It is a member already, and the cursor that it lowers is
 * the one thing that a publisher relies on never going back: a gate that was reckoned from the higher cursor may be in
 * use, and all below it may be overwritten at this moment. Hence
 *   1. low cursor, to the gate that the lane makes known. A scan that meets it keeps the gate that it had: choose_gate()
 *      (src/gate.c) never goes back.
 *   2. version, heavy barrier. A scan that did not meet the low cursor has stored its gate before the barrier, or looks at the
 *      version after it, finds it changed and scans again, with the low cursor.
 *   3. the gate is read again: what a scan of before made of it is in it, and no later one gets past the low cursor. From this
 *      gate on everything is whole and stays so; only now the position is chosen, never below it, and stored.
 * Storing the position first would be too early: between it and the publisher's next look at the cursors lies a whole
 * lap.
 *
 * Readers that copy do not need the gate: they begin at the oldest entry that no claim has begun to overwrite (COPY),
 * and find out by the stamps what has happened to it since. */
#include "conflate.h"

/* --- before ------------------------------------------------------------------------------------------------- */

bool torc_start_valid(const struct start *start) {
    return (unsigned)start->join <= TORC_JOIN_AT &&
           (start->join != TORC_JOIN_AT || (start->at != NULL && start->at_count != 0));
}

int torc_start_find(const struct reader *self, const struct start *start) {
    uint64_t lanes = torc_load_relaxed64(&self->topic->record->lanes);
    uint64_t named = 0;
    for (size_t i = 0; start->join == TORC_JOIN_AT && i < start->at_count; i++) {
        uint32_t lane = start->at[i].lane;
        if (lane == TORC_ONLY_LANE && lanes != 0 && (lanes & (lanes - 1)) == 0) {
            lane = bit_index(lanes);
        }
        if (lane >= TORC_MAX_PUBLISHERS || (lanes >> lane & 1u) == 0) {
            return TORC_NOT_FOUND;
        }
        if ((named >> lane & 1u) != 0) {
            return TORC_INVALID;
        }
        named |= UINT64_C(1) << lane;
        start->at[i].lane = lane;
    }
    return TORC_OK;
}

void torc_join_low(const struct reader *self) {
    const struct bus *bus = self->bus;
    uint64_t lanes = torc_load_relaxed64(&self->topic->record->lanes);
    for (uint32_t lane = 0; lane < bus->config.publishers; lane++) {
        torc_store_relaxed32(&cell_of(bus, lane, self->index)->point, self->point);
    }
    for (; lanes != 0; lanes &= lanes - 1) {
        struct torc_cell *cell = cell_of(bus, bit_index(lanes), self->index);
        torc_store_relaxed64(&cell->cursor, torc_load_acquire64(&bus->lanes[bit_index(lanes)].gate));
        torc_store_relaxed32(&cell->joined, 1);
    }
}

/* --- after -------------------------------------------------------------------------------------------------- */

/* From here on the lane's history is whole, slots included. */
static uint64_t oldest_whole(const struct torc_lane *lane, uint64_t low) {
    uint64_t gate = torc_load_acquire64(&lane->gate);
    return sequence_before(gate, low) ? low : gate;
}

/* The oldest that no claim has begun to overwrite (COPY); its slot may be gone. What claims that were taken back have
 * overwritten says so, if it is seen: hence acquire. */
static uint64_t oldest_entry(const struct reader *self, const struct torc_lane *lane) {
    uint64_t oldest = torc_load_acquire64(&lane->claimed) - self->bus->config.lane_entries; /* CLAIMED */
    uint64_t origin = torc_load_relaxed64(&lane->origin);
    return sequence_before(oldest, origin) ? origin : oldest;
}

static struct torc_position *position_named(const struct start *start, uint32_t lane) {
    for (size_t i = 0; start->join == TORC_JOIN_AT && i < start->at_count; i++) {
        if (start->at[i].lane == lane) {
            return &start->at[i];
        }
    }
    return NULL;
}

/* What was asked for, and no later than the end of a lane to which nothing will be added. */
static uint64_t wanted(const struct reader *self, const struct start *start, const struct torc_position *named,
                       uint64_t published) {
    uint64_t capacity = self->bus->config.lane_entries;
    switch (start->join) {
    case TORC_JOIN_OLDEST:
        return published - capacity;
    case TORC_JOIN_LAST:
        return published - (start->last < capacity ? start->last : capacity);
    case TORC_JOIN_AT:
        return named != NULL ? named->sequence : published;
    case TORC_JOIN_NEXT:
    default:
        return published;
    }
}

/* One lane's position; *missed receives how much of what was asked for by name is gone. */
static uint64_t choose(struct reader *self, const struct start *start, uint32_t number, uint64_t *missed) {
    const struct torc_lane *lane = &self->bus->lanes[number];
    struct torc_position *named = position_named(start, number);
    uint64_t low = torc_load_relaxed64(&cell_of(self->bus, number, self->index)->cursor);
    uint64_t published = torc_lane_published(self->bus, number);
    uint64_t position = wanted(self, start, named, published);
    uint64_t oldest = reader_gates(self) ? oldest_whole(lane, low) : oldest_entry(self, lane);
    bool ended = torc_load_relaxed32(&lane->state) == TORC_LANE_ENDED;
    *missed = 0;
    if (start->join != TORC_JOIN_NEXT && sequence_before(position, oldest)) {
        *missed = named != NULL ? oldest - position : 0;
        position = oldest;
    }
    if (ended && sequence_before(published, position)) {
        position = published;
    }
    if (named != NULL) {
        named->sequence = position;
        named->missed = *missed;
    }
    self->ahead = self->ahead || sequence_before(published, position);
    return position;
}

/* A reader that copies is told of what it asked for in vain as of any other loss. */
static void count_missed(struct reader *self, uint32_t number, uint64_t missed) {
    struct reader_lane *lane = torc_reader_lane(self, number);
    if (reader_copies(self) && lane != NULL && missed != 0) {
        lane->lost = missed;
        torc_store_relaxed64(&self->lost, torc_load_relaxed64(&self->lost) + missed);
    }
}

void torc_join_settle(struct reader *self, const struct start *start) {
    const struct bus *bus = self->bus;
    uint64_t missed[TORC_MAX_PUBLISHERS];
    uint64_t lanes = torc_load_relaxed64(&self->topic->record->lanes);
    self->ahead = false;
    for (uint64_t left = lanes; left != 0; left &= left - 1) {
        uint32_t number = bit_index(left);
        const struct torc_lane *lane = &bus->lanes[number];
        struct torc_cell *cell = cell_of(bus, number, self->index);
        bool ended = torc_load_relaxed32(&lane->state) == TORC_LANE_ENDED;
        uint64_t position = choose(self, start, number, &missed[number]);
        torc_store_release64(&cell->cursor, position); /* CURSOR */
        torc_store_relaxed32(&cell->joined, !ended || position != torc_load_relaxed64(&lane->published));
        /* The low cursor may have held a publisher up. */
        torc_barrier_light(bus->hot.fence);
        torc_lane_moved(bus, number);
    }
    torc_reader_follow_lanes(self);
    for (; lanes != 0; lanes &= lanes - 1) {
        count_missed(self, bit_index(lanes), missed[bit_index(lanes)]);
    }
    if (self->lane_count != 0) {
        torc_reader_enter(self, 0);
        self->hot.left = 0; /* the next torc_next goes through its checks */
    }
}

/* --- seek and tell ------------------------------------------------------------------------------------------ */

/* Under the control lock. The lanes are taken up anew: one that was read to its end may have history left. */
static int seek(struct reader *self, const struct start *start) {
    int status = torc_load_relaxed32(&self->closing) != 0 ? TORC_CLOSED : torc_start_find(self, start);
    if (status != TORC_OK) {
        return status;
    }
    torc_evict_begin(self);
    torc_copy_drop(self);
    torc_conflate_clear(self);
    self->one_lane = false;
    self->run = 0;
    self->current = 0;
    self->lane_count = 0;
    torc_join_low(self);
    torc_topic_changed(self->topic->record);
    torc_barrier_heavy(self->bus->hot.fence); /* JOIN */
    torc_join_settle(self, start);
    for (uint32_t i = 0; i < self->lane_count; i++) {
        torc_after_moved(self, self->lane[i].index);
    }
    return TORC_OK;
}

static int seek_to(struct torc_reader *reader, const struct start *start) {
    struct reader *self = reader_of(reader);
    int status;
    if (reader == NULL || !torc_start_valid(start)) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (torc_load_relaxed64(&self->poller) != 0) {
        return TORC_BUSY;
    }
    status = torc_advance(reader); /* all that was borrowed is done with */
    if (status == TORC_OK) {
        (void)pthread_mutex_lock(&self->bus->lock);
        status = seek(self, start);
        (void)pthread_mutex_unlock(&self->bus->lock);
    }
    return status;
}

int torc_reader_seek(struct torc_reader *reader, enum torc_join join, uint64_t last) {
    const struct start start = {join, last, NULL, 0};
    return seek_to(reader, &start);
}

int torc_reader_seek_at(struct torc_reader *reader, struct torc_position *at, size_t count) {
    const struct start start = {TORC_JOIN_AT, 0, at, count};
    return seek_to(reader, &start);
}

int torc_reader_tell(struct torc_reader *reader, struct torc_position *positions, size_t count) {
    struct reader *self = reader_of(reader);
    if (reader == NULL || (positions == NULL && count != 0)) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (torc_load_acquire32(&self->detached) != 0) {
        return TORC_CLOSED;
    }
    for (uint32_t i = 0; i < self->lane_count && i < count; i++) {
        const struct reader_lane *lane = &self->lane[i];
        uint64_t next = i == self->current && !reader_copies(self) ? self->hot.sequence : lane->sequence;
        if (self->conflation != NULL) {
            next = torc_conflate_oldest(self, lane);
        }
        positions[i] = (struct torc_position){.sequence = next, .missed = lane->lost, .lane = lane->index};
    }
    return (int)self->lane_count;
}
