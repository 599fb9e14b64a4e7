/* src/read.c - the way of an event to its reader: next, poll, advance, and waiting for more.
 *
 * Who may run at the same time: the reader's owner here; publishers that stamp entries ahead of it; a detacher. The
 * acquire load of a stamp makes the whole entry, and the slot behind it, visible. The cursor is stored with release
 * after the last access to what it gives back, so a publisher that acquires it may overwrite. */
#include "conflate.h"

#include <limits.h>

/* --- lanes -------------------------------------------------------------------------------------------------- */

static inline struct torc_entry *entry_at_hand(const struct reader *self) {
    return torc_entry_at(self->hot.entries, self->hot.mask, self->hot.stride, self->hot.sequence);
}

/* Publishes the cursor of one lane if it moved. */
void torc_reader_give_back(struct reader *self, struct reader_lane *lane) {
    const struct torc_waitpoint *point = lane_point(self->bus, lane->index);
    if (lane->given == lane->sequence) {
        return;
    }
    torc_store_release64(&cell_of(self->bus, lane->index, self->index)->cursor, lane->sequence); /* CURSOR */
    torc_store_release64(&self->consumed, torc_load_relaxed64(&self->consumed) + (lane->sequence - lane->given) -
                                              lane->skipped); /* CONSUMED */
    torc_store_relaxed64(&self->batches, torc_load_relaxed64(&self->batches) + 1);
    lane->skipped = 0;
    lane->given = lane->sequence;
    torc_barrier_light(self->bus->hot.fence); /* SPACE */
    if (TORC_UNLIKELY((torc_load_relaxed32(&point->waiting) | torc_load_relaxed32(&point->drains)) != 0)) {
        torc_after_moved(self, lane->index);
    }
}

void torc_reader_give_back_part(struct reader *self, struct reader_lane *lane, uint64_t to, uint64_t skipped) {
    uint64_t sequence = lane->sequence;
    uint64_t left = lane->skipped - skipped;
    lane->sequence = to;
    lane->skipped = skipped;
    torc_reader_give_back(self, lane);
    lane->sequence = sequence;
    lane->skipped = left;
}

/* The hot part holds the current lane's sequence while the owner reads, unless its events come by type
 * (src/conflate.c). */
void torc_reader_save_current(struct reader *self) {
    if (self->lane_count != 0 && self->conflation == NULL) {
        self->lane[self->current].sequence = self->hot.sequence;
    }
}

static inline uint32_t plain_run(const struct reader *self) {
    uint32_t quarter = (uint32_t)(self->hot.mask + 1) / 4;
    return quarter < TORC_READER_RUN ? quarter + 1 : TORC_READER_RUN;
}

/* None for a reader that copies: each of its events goes through src/copy.c. One that is after others gets no further
 * than they are, so that the inline torc_next has nothing more to look at. */
static uint32_t run_length(const struct reader *self) {
    uint32_t run = plain_run(self);
    if (reader_copies(self)) {
        return 0;
    }
    return self->follows ? torc_after_run(self, self->hot.lane, self->hot.sequence, run) : run;
}

void torc_reader_enter(struct reader *self, uint32_t which) {
    self->current = which;
    self->hot.lane = self->lane[which].index;
    self->hot.entries = lane_entries(self->bus, self->hot.lane);
    self->hot.sequence = self->lane[which].sequence;
    self->hot.left = run_length(self);
}

/* Is the reader further behind than ever before? The entry at that distance says so without touching the line that the
 * publisher writes with every event; only a new record is worth reading that. */
static void note_lag(struct reader *self) {
    uint64_t record = torc_load_relaxed64(&self->max_lag);
    uint64_t lag;
    if (record > self->hot.mask || !lane_stamped(self->bus, self->hot.lane, self->hot.sequence + record)) {
        return;
    }
    lag = torc_lane_published(self->bus, self->hot.lane) - self->hot.sequence;
    if ((int64_t)lag > 0 && lag > record) {
        torc_store_relaxed64(&self->max_lag, lag);
    }
}

/* What is advanced by hand stays, unless it is nothing but tombstones: those the user never saw. */
static void give_back_current(struct reader *self) {
    struct reader_lane *lane = &self->lane[self->current];
    if (!self->manual || lane->sequence - lane->given == lane->skipped) {
        torc_reader_give_back(self, lane);
    }
}

static void leave_lane(struct reader *self) {
    torc_reader_save_current(self);
    give_back_current(self);
}

/* Lanes may have come or gone: the current one is entered anew. */
static void look_around(struct reader *self) {
    self->hot.left = 0;
    self->one_lane = false;
    torc_reader_look_around(self);
    if (self->lane_count != 0) {
        torc_reader_enter(self, 0);
    }
}

/* Makes a lane with an event the current one: this one while its run lasts, else the next in turn. */
static bool find_event(struct reader *self) {
    if (self->lane_count == 0) {
        return false;
    }
    if (self->hot.left != 0 && lane_stamped(self->bus, self->hot.lane, self->hot.sequence)) {
        return true;
    }
    leave_lane(self);
    if (self->hot.left == 0 && torc_load_relaxed32(&self->topic->record->version) != self->version) {
        look_around(self); /* a lane that came meanwhile must not wait until the others run dry */
    }
    for (uint32_t i = 1; i <= self->lane_count; i++) {
        uint32_t which = (self->current + 1) % self->lane_count;
        torc_reader_enter(self, which);
        if (self->hot.left != 0 && lane_stamped(self->bus, self->hot.lane, self->hot.sequence)) {
            return true;
        }
    }
    return false;
}

/* --- the owner's turn --------------------------------------------------------------------------------------- */

static bool borrows_out(struct reader *self) {
    torc_reader_save_current(self);
    for (uint32_t i = 0; self->manual && i < self->lane_count; i++) {
        if (self->lane[i].given != self->lane[i].sequence) {
            return true;
        }
    }
    return false;
}

/* Somebody wants this reader to leave: at once, or when what it holds by hand is given back. Not busy any more before
 * the leave, which waits for the control lock and passes a heavy barrier: a detacher gives a busy owner outside of a
 * handler a short while only, then it takes this for a borrow. If it is faster, it leaves in our place. */
void torc_reader_leave_if_done(struct reader *self) {
    self->hot.left = 0;
    self->one_lane = false; /* the next call must not find the lane merely empty */
    torc_copy_drop(self);
    torc_conflate_clear(self);
    if (!borrows_out(self)) {
        torc_store_release32(&self->busy, 0);
        torc_reader_leave(self);
    }
}

/* DETACH: busy first, then closing; a detacher does it the other way round. */
bool torc_reader_begin(struct reader *self) {
    if (torc_load_relaxed32(&self->busy) == 0) {
        torc_store_relaxed32(&self->busy, 1);
        torc_barrier_light(self->bus->hot.fence);
        self->hot.left = self->lane_count != 0 ? run_length(self) : 0;
    }
    if (TORC_LIKELY(torc_load_acquire32(&self->closing) == 0)) {
        return true;
    }
    torc_reader_leave_if_done(self);
    return false;
}

/* Nothing is borrowed any more (unless the user advances by hand): cursors are given back. `left` = 0 sends the next
 * torc_next through torc_reader_begin(). */
void torc_reader_rest(struct reader *self) {
    torc_reader_save_current(self);
    torc_copy_done(self);
    if (self->lane_count != 0) {
        give_back_current(self);
    }
    self->hot.left = 0;
    if (!borrows_out(self)) {
        torc_store_release32(&self->busy, 0);
    }
}

/* After the bus was closed: has this reader read all that will ever be in its lanes? Claims that are still open
 * count. */
static bool finished(const struct reader *self) {
    for (uint32_t i = 0; i < self->lane_count; i++) {
        const struct reader_lane *lane = &self->lane[i];
        if (sequence_before(lane->sequence,
                            torc_load_acquire64(&self->bus->lanes[lane->index].claimed))) { /* CLAIMED */
            return false;
        }
    }
    return true;
}

/* Nothing was found in any lane: why? TORC_OK: look again. */
int torc_reader_why_empty(struct reader *self) {
    bool closed = bus_closed(self->bus); /* before the lanes: none opens after it */
    /* A detacher stores `closing` before the version: whoever has taken in that version sees it here, or would
     * never. */
    self->one_lane = self->lane_count == 1 && !closed && !reader_copies(self) && !self->follows && !self->has_fd &&
                     torc_load_relaxed32(&self->closing) == 0;
    if (torc_reader_lanes_changed(self)) {
        look_around(self);
        return TORC_OK;
    }
    return closed && finished(self) ? TORC_CLOSED : TORC_EMPTY;
}

/* Makes the next event the current lane's next entry, or tells why there is none. Everything returned before is
 * finished with, unless advanced by hand. */
static int find_next(struct reader *self, bool tell, bool first) {
    if (TORC_UNLIKELY(reader_copies(self))) {
        return torc_copy_next(self, tell, first);
    }
    for (;;) {
        if (TORC_UNLIKELY(self->hot.left == 0 && self->lane_count != 0)) {
            note_lag(self);
        }
        if (!find_event(self)) {
            int why;
            torc_reader_save_current(self);
            why = torc_reader_why_empty(self);
            if (why != TORC_OK) {
                return why;
            }
            continue;
        }
        if ((entry_at_hand(self)->header & TORC_ENTRY_SKIP) == 0) {
            return TORC_OK;
        }
        self->lane[self->current].skipped++;
        self->hot.sequence++;
        self->hot.left--;
    }
}

/* A reader of one lane that polls while it is idle, the case in which latency counts. Until it has said that it is busy
 * it looks at shared words only and borrows nothing. TORC_BUSY: something is out of the ordinary, take the long way. */
static int idle_turn(struct reader *self) {
    const struct torc_entry *entry = entry_at_hand(self);
    if (torc_load_acquire64(&entry->stamp) != self->hot.sequence + 1) { /* STAMP */
        return torc_load_relaxed32(&self->topic->record->version) == self->version ? TORC_EMPTY : TORC_BUSY;
    }
    /* As torc_reader_begin(), less what a reader of one lane needs not ask: every instruction here is between the
     * publisher's store and the user. The header is the publisher's again if somebody detached us: not before DETACH
     * says that we are still in. */
    torc_store_relaxed32(&self->busy, 1);
    torc_barrier_light(self->bus->hot.fence);
    if (TORC_UNLIKELY(torc_load_acquire32(&self->closing) != 0 || (entry->header & TORC_ENTRY_SKIP) != 0)) {
        return TORC_BUSY;
    }
    self->hot.left = plain_run(self);
    return TORC_OK;
}

int torc_next_slow(struct torc_reader *reader) {
    struct reader *self = reader_of(reader);
    int status = TORC_BUSY;
    TORC_ONE_AT_A_TIME(self);
    if (torc_load_relaxed64(&self->poller) != 0) {
        return TORC_BUSY;
    }
    if (self->one_lane && torc_load_relaxed32(&self->busy) == 0) {
        status = idle_turn(self);
    }
    if (status != TORC_BUSY) {
        return status;
    }
    if (!torc_reader_begin(self)) {
        return TORC_CLOSED;
    }
    status = find_next(self, true, true);
    if (status != TORC_OK && status != TORC_LAPPED && status != TORC_EVICTED) {
        torc_reader_rest(self);
        if (self->has_fd && status == TORC_EMPTY) {
            torc_reader_arm(self);
        }
    }
    return status;
}

/* Runs at the end of a poll, also when the handler leaves by cancellation, pthread_exit or a C++ exception. */
static void end_poll(struct reader **reader) {
    struct reader *self = *reader;
    torc_reader_rest(self);
    torc_store_release64(&self->poller, 0);
}

static int poll_events(struct reader *self, torc_handler handler, void *context, size_t limit) {
    struct reader *ending __attribute__((cleanup(end_poll))) = self;
    struct torc_event event;
    size_t count = 0;
    int status = TORC_OK;
    torc_store_release64(&ending->poller, (uint64_t)(uintptr_t)pthread_self());
    if (!torc_reader_begin(self)) {
        return TORC_CLOSED;
    }
    while (count < limit && torc_load_acquire32(&self->closing) == 0) {
        enum torc_action action;
        uint32_t left;
        status = find_next(self, false, count == 0);
        if (status != TORC_OK) {
            break;
        }
        torc_take(&self->hot, entry_at_hand(self), self->hot.lost, &event);
        count++;
        left = self->hot.left;
        self->hot.left = 0; /* a torc_next from inside the handler must not get past its check */
        action = handler(context, &event);
        self->hot.left = left;
        if (action == TORC_STOP) {
            break;
        }
    }
    if (count != 0) {
        return (int)count;
    }
    return status == TORC_EMPTY ? 0 : status;
}

int torc_poll(struct torc_reader *reader, torc_handler handler, void *context, size_t limit) {
    struct reader *self = reader_of(reader);
    int count;
    if (reader == NULL || handler == NULL || limit == 0 || limit > INT_MAX) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (torc_load_relaxed64(&self->poller) != 0) {
        return TORC_BUSY;
    }
    count = poll_events(self, handler, context, limit);
    if (TORC_UNLIKELY(torc_load_acquire32(&self->closing) != 0)) {
        torc_reader_leave_if_done(self);
        return count > 0 || count == TORC_EVICTED ? count : TORC_CLOSED; /* one that leaves evicted is told so first */
    }
    if (self->has_fd && count == 0) {
        torc_reader_arm(self);
    }
    return count;
}

int torc_advance(struct torc_reader *reader) {
    struct reader *self = reader_of(reader);
    if (reader == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    torc_reader_save_current(self);
    for (uint32_t i = 0; i < self->lane_count; i++) {
        torc_reader_give_back(self, &self->lane[i]);
    }
    self->one_lane = false; /* this may have been the end of a lane: the next turn must look */
    if (torc_load_relaxed64(&self->poller) == 0) {
        torc_reader_rest(self);
        if (torc_load_acquire32(&self->closing) != 0) {
            torc_reader_leave_if_done(self);
        }
    }
    return TORC_OK;
}

/* --- waiting ------------------------------------------------------------------------------------------------ */

bool torc_reader_exhausted(const struct reader *self) {
    return bus_closed(self->bus) && !torc_reader_lanes_changed(self) && finished(self);
}

/* Whoever detaches the reader waits for this short look as for a handler: no borrow comes of it. */
int torc_reader_look(struct reader *self) {
    int status = TORC_CLOSED;
    torc_store_release64(&self->poller, (uint64_t)(uintptr_t)pthread_self());
    if (torc_reader_begin(self)) {
        status = reader_copies(self) ? torc_copy_look(self) : find_next(self, false, false);
        torc_reader_rest(self);
    }
    torc_store_release64(&self->poller, 0);
    return status;
}
