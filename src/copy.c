/* src/copy.c - readers that copy: they do not hold publishers up, so they can be overtaken at any point of a read.
 *
 * Who may run at the same time: the reader's owner here; the publisher that rewrites the very entry. A publisher with
 * such readers (publisher.copied) stamps the entry with its own sequence, which nobody waits for, before it stores
 * anything else in it, and stores every word with release. The reader loads the words with acquire and then the stamp
 * again: had it read one new word, it would find the stamp changed (REWRITE). So what passes the second look is whole.
 *
 * A payload in a slot is pinned first: one more reference, if the slot is still alive in the generation that the entry
 * names. From the stamp to the pin the slot then never left that generation, and afterwards it cannot.
 *
 * COPY: a joiner sets publisher.copied, passes the heavy barrier and then reads lane.claimed; the publisher stores
 * claimed, then looks at copied. A claim made without seeing copied is below the claimed that the joiner reads, and
 * what it overwrites is more than a lane behind that. */
#include "conflate.h"
#include "probe.h"

#include <string.h>

#include "../pools/bank.h"

/* How much further than the oldest entry a reader that was overtaken goes on: an eighth of the lane. */
#define RESUME_MARGIN 8u

enum found { FOUND, NOT_YET, OVERTAKEN };

/* Stored before anything that it had not read is overwritten or reaped: who has acquired a sign of that sees it
 * (EVICT). */
static bool evicted(const struct reader *self) {
    return torc_load_acquire32(&self->evicted) != 0; /* EVICT */
}

static enum found compare(uint64_t stamp, uint64_t sequence) {
    if (stamp == sequence + 1) {
        return FOUND;
    }
    return (int64_t)(stamp - sequence - 1) > 0 ? OVERTAKEN : NOT_YET;
}

/* Whether what was copied is what the publisher stamped: the length is believed only then. */
static enum found copy_entry(struct torc_entry *entry, uint64_t sequence, size_t most, struct torc_entry *copy) {
    const torc_a64 *from = torc_entry_words(entry);
    torc_a64 *to = torc_entry_words(copy);
    uint64_t stamp = torc_load_acquire64(&entry->stamp); /* STAMP */
    enum found found = compare(stamp, sequence);
    size_t words = 1;
    if (found != FOUND) {
        return found;
    }
    copy->header = torc_load_acquire32(&entry->header_word); /* REWRITE */
    copy->type = torc_load_acquire32(&entry->type_word);
    if ((copy->header & TORC_ENTRY_SLOT) == 0) {
        size_t length = copy->header & TORC_ENTRY_LENGTH;
        words = (length + 7) / 8;
        if (length > most) { /* overtaken, or damage: stepped over */
            copy->header = TORC_ENTRY_SKIP;
            words = 0;
        }
    }
    for (size_t i = 0; i < words; i++) {
        torc_store_relaxed64(&to[i], torc_load_acquire64(&from[i])); /* REWRITE */
    }
    return compare(torc_load_relaxed64(&entry->stamp), sequence);
}

void torc_copy_done(struct reader *self) {
    if (!self->holds) {
        torc_copy_drop(self);
    }
}

void torc_copy_drop(struct reader *self) {
    self->holds = false;
    self->lent = false;
    if (self->pinned != 0) {
        (void)torc_ringptr_release((struct torc_ringptr){&self->bus->hot, self->pinned | TORC_ID_SHARED});
        self->pinned = 0;
    }
}

static void lose(struct reader *self, struct reader_lane *lane, uint64_t until) {
    uint64_t lost = until - lane->sequence;
    lane->lost += lost;
    lane->skipped += lost;
    lane->sequence = until;
    torc_store_relaxed64(&self->lost, torc_load_relaxed64(&self->lost) + lost);
    TORC_PROBE2(lap, self, lost);
}

static uint64_t newest(const struct reader *self, const struct reader_lane *lane) {
    return torc_lane_published(self->bus, lane->index) - 1;
}

static bool is_tombstone(const struct torc_entry *entry, uint64_t sequence) {
    return torc_load_acquire64(&entry->stamp) == sequence + 1 &&
           (torc_load_acquire32(&entry->header_word) & TORC_ENTRY_SKIP) != 0;
}

/* The newest event, for CONFLATE: an aborted claim behind it does not replace it. Only a guess where the entries are
 * being overwritten, and then there is a newer one. */
static uint64_t newest_event(const struct reader *self, const struct reader_lane *lane) {
    uint64_t at = newest(self, lane);
    while (sequence_before(lane->sequence, at) && is_tombstone(lane_entry_at(self->bus, lane->index, at), at)) {
        at--;
    }
    return at;
}

/* Where to go on after the publisher has come by, at least one further. */
static uint64_t resume_at(const struct reader *self, const struct reader_lane *lane) {
    uint64_t capacity = self->bus->config.lane_entries;
    uint64_t at = newest(self, lane);
    if (self->conflation != NULL || (reader_tells(self) && self->resume == TORC_RESUME_OLDEST)) {
        at = at + 1 - capacity + capacity / RESUME_MARGIN;
    }
    return sequence_before(lane->sequence, at) ? at : lane->sequence + 1;
}

/* One lane: its next event is copied, or what was lost before it is counted. */
static enum found try_lane(struct reader *self, struct reader_lane *lane) {
    for (;;) {
        struct torc_entry *entry;
        enum found found;
        uint64_t skip_to = reader_tells(self) ? lane->sequence : newest_event(self, lane);
        if (sequence_before(lane->sequence, skip_to)) {
            lose(self, lane, skip_to);
        }
        entry = lane_entry_at(self->bus, lane->index, lane->sequence);
        found = copy_entry(entry, lane->sequence, self->bus->config.inline_bytes, self->copy);
        if (found == NOT_YET) {
            return NOT_YET;
        }
        if (found == OVERTAKEN) {
            (void)torc_load_acquire64(&entry->stamp); /* EVICT: the last look at it was relaxed */
            lose(self, lane, resume_at(self, lane));
        } else if ((self->copy->header & TORC_ENTRY_SKIP) != 0) {
            lane->sequence++;
            lane->skipped++;
        } else if ((self->copy->header & TORC_ENTRY_SLOT) == 0) {
            return FOUND;
        } else if (torc_slot_pin(&self->bus->hot, self->copy->body.slot, lane->sequence)) {
            self->pinned = self->copy->body.slot;
            return FOUND;
        } else {
            (void)torc_load_acquire64(&torc_slot_of(&self->bus->hot, self->copy->body.slot)->word); /* EVICT, DROP */
            lose(self, lane, lane->sequence + 1); /* reaped: the lane no longer holds this event */
        }
    }
}

bool torc_copy_try(struct reader *self, struct reader_lane *lane) {
    return try_lane(self, lane) == FOUND;
}

/* Shows the inline torc_next the copy as if it were a lane of one entry. */
static void show(struct reader *self) {
    self->hot.entries = (unsigned char *)self->copy;
    self->hot.mask = 0;
    self->hot.left = 1;
    self->holds = false;
}

/* Goes round the lanes, staying for a run of events in each. Stops at an event, or at a loss if that is to be told. */
static bool find(struct reader *self, bool tell) {
    for (uint32_t tried = 0; tried < self->lane_count; tried++) {
        struct reader_lane *lane;
        if (self->run == 0 || tried != 0) {
            self->current = (self->current + 1) % self->lane_count;
            self->run = TORC_READER_RUN;
        }
        self->run--;
        lane = &self->lane[self->current];
        self->holds = try_lane(self, lane) == FOUND;
        self->hot.lane = lane->index;
        self->hot.sequence = lane->sequence;
        torc_reader_give_back(self, lane);
        if (self->holds || (tell && lane->lost != 0)) {
            return true;
        }
    }
    return false;
}

/* It leaves by itself: nobody waits for it any more. */
static int tell_eviction(struct reader *self, bool first) {
    torc_copy_drop(self); /* its pin may be all that a publisher waits for; what it held is looked for again */
    if (!first) {
        return TORC_EMPTY;
    }
    self->told = true;
    if (self->then == TORC_EVICTED_LEAVE) {
        torc_store_release32(&self->closing, 1);
    }
    return TORC_EVICTED;
}

/* Until an event is held, or a loss is to be told; or why there is neither. */
static int look(struct reader *self, bool tell) {
    int why = TORC_OK;
    if (self->holds) {
        return TORC_OK;
    }
    torc_reader_save_current(self);
    torc_copy_drop(self);
    while (why == TORC_OK && !find(self, tell)) {
        why = torc_reader_why_empty(self);
    }
    return why;
}

int torc_copy_look(struct reader *self) {
    if (self->conflation != NULL) {
        return torc_conflate_look(self);
    }
    return evicted(self) && !self->told ? TORC_OK : look(self, reader_tells(self));
}

/* A poll tells a loss with the event behind it; where there is none it must still end. */
static bool take_losses(struct reader *self) {
    bool any = false;
    for (uint32_t i = 0; i < self->lane_count; i++) {
        any = any || self->lane[i].lost != 0;
        self->lane[i].lost = 0;
    }
    return any;
}

/* An eviction is told before what it made the reader lose; a poll that has handed events out ends first. An event found
 * behind a loss is held until the loss was told: so a reader that is always overtaken gets on as well. */
int torc_copy_next(struct reader *self, bool tell, bool first) {
    struct reader_lane *lane;
    bool tells = reader_tells(self);
    int why;
    if (self->conflation != NULL) {
        why = torc_conflate_next(self, tell, first);
        if (why == TORC_OK) {
            show(self);
        }
        return why;
    }
    tell = tell && tells;
    why = evicted(self) && !self->told ? TORC_EMPTY : look(self, tell);
    if (TORC_UNLIKELY(evicted(self)) && !self->told) { /* perhaps meanwhile */
        return tell_eviction(self, first);
    }
    if (why != TORC_OK) {
        return tells && first && take_losses(self) ? TORC_LAPPED : why;
    }
    lane = &self->lane[self->current];
    self->hot.lost = lane->lost;
    lane->lost = 0;
    if (tell && self->hot.lost != 0) {
        return TORC_LAPPED;
    }
    show(self);
    return TORC_OK;
}

bool torc_copy_ready(const struct reader *self) {
    if ((evicted(self) && !self->told) || (self->conflation != NULL && torc_conflate_ready(self))) {
        return true;
    }
    for (uint32_t i = 0; i < self->lane_count; i++) {
        const struct reader_lane *lane = &self->lane[i];
        const struct torc_entry *entry = lane_entry_at(self->bus, lane->index, lane->sequence);
        if ((lane->lost != 0 && reader_tells(self)) ||
            compare(torc_load_acquire64(&entry->stamp), lane->sequence) != NOT_YET) {
            return true;
        }
    }
    return false;
}

/* COPY: before the heavy barrier of the joiner. */
void torc_copy_announce(const struct torc_topic *topic) {
    const struct bus *bus = topic->bus;
    bool copied = torc_load_relaxed64(&topic->record->copiers) != 0;
    for (uint32_t lane = 0; lane < bus->config.publishers; lane++) {
        struct publisher *publisher = bus->publisher[lane];
        if (publisher != NULL && publisher->topic == topic) {
            torc_publisher_copied(publisher, copied);
        }
    }
}
