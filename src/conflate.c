/* src/conflate.c - CONFLATE per type: a reader that copies (src/copy.c) and keeps the newest event of each type until
 * it hands it on.
 *
 * Each turn first takes in all that its lanes hold, one entry after the other, so that nothing is stepped over unseen:
 * what is newer than a pending event of the same lane and type replaces it, in its place in the queue. A type that
 * comes often therefore cannot keep the others waiting, and is not kept waiting by them. Entries that were overwritten
 * before they were taken in are a loss of unknown types, told by TORC_LAPPED; what was replaced is counted in the event
 * that comes.
 *
 * Where the table has no place for one more type, or a pool has given its share of slots, a lane is taken in no
 * further: what lies there waits, and may be overtaken. Nothing here makes a publisher wait. */
#include "conflate.h"

#include <stdlib.h>
#include <string.h>

/* How much of a pool may be pinned: publishers must find slots however long the reader stays away. */
#define POOL_SHARE 4u

/* --- the table ------------------------------------------------------------------------------------------------ */

static uint32_t *bucket_of(const struct torc_conflation *self, uint32_t lane, uint32_t type) {
    uint64_t hash = (((uint64_t)lane << 32) + type + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return &self->bucket[(hash >> 32) & (self->buckets - 1)];
}

static struct pending *find(const struct torc_conflation *self, uint32_t lane, uint32_t type) {
    uint32_t at = *bucket_of(self, lane, type);
    while (at != NO_PENDING && (pending_at(self, at)->lane != lane || pending_at(self, at)->entry.type != type)) {
        at = pending_at(self, at)->next_alike;
    }
    return at != NO_PENDING ? pending_at(self, at) : NULL;
}

/* The last in the queue. */
static struct pending *add(struct torc_conflation *self, uint32_t lane, uint32_t type) {
    uint32_t *bucket = bucket_of(self, lane, type);
    uint32_t at = self->free;
    struct pending *pending = pending_at(self, at);
    self->free = pending->next;
    pending->lane = lane;
    pending->lost = 0;
    pending->next_alike = *bucket;
    pending->next = NO_PENDING;
    *bucket = at;
    *(self->first == NO_PENDING ? &self->first : &pending_at(self, self->last)->next) = at;
    self->last = at;
    return pending;
}

/* The first in the queue goes; its pin is the caller's, and what is in its place until something is added. */
static const struct pending *take(struct torc_conflation *self) {
    uint32_t at = self->first;
    struct pending *taken = pending_at(self, at);
    uint32_t *link = bucket_of(self, taken->lane, taken->entry.type);
    while (*link != at) {
        link = &pending_at(self, *link)->next_alike;
    }
    *link = taken->next_alike;
    self->first = taken->next;
    taken->next = self->free;
    self->free = at;
    return taken;
}

/* What an entry says, and no more of it than that. */
static void copy_entry(struct torc_entry *to, const struct torc_entry *from) {
    size_t payload = (from->header & TORC_ENTRY_SLOT) != 0 ? sizeof from->body.slot : from->header & TORC_ENTRY_LENGTH;
    memcpy(to, from, offsetof(struct torc_entry, body) + payload);
}

static void count_held(struct reader *self, int64_t more) {
    torc_store_relaxed64(&self->held, torc_load_relaxed64(&self->held) + (uint64_t)more);
}

static uint32_t *pins_of(const struct reader *self, uint64_t slot) {
    return &self->conflation->pins[torc_id_pool(&self->bus->hot, slot)];
}

static void unpin(const struct reader *self, uint64_t slot) {
    if (slot != 0) {
        (*pins_of(self, slot))--;
        (void)torc_ringptr_release((struct torc_ringptr){&self->bus->hot, slot | TORC_ID_SHARED});
    }
}

/* --- taking in ------------------------------------------------------------------------------------------------ */

/* May this slot stay pinned? One always may. */
static bool within_share(const struct reader *self, uint64_t slot) {
    uint32_t capacity;
    if (slot == 0) {
        return true;
    }
    capacity = torc_pool_of(&self->bus->hot, slot)->capacity;
    return *pins_of(self, slot) < (capacity > POOL_SHARE ? capacity / POOL_SHARE : 1);
}

/* The copy at hand becomes the newest of its type; false if there is no place for it. */
static bool absorb(struct reader *self, struct reader_lane *lane) {
    struct torc_conflation *table = self->conflation;
    struct pending *pending = find(table, lane->index, self->copy->type);
    if (!within_share(self, self->pinned) || (pending == NULL && table->free == NO_PENDING)) {
        torc_copy_drop(self);
        return false;
    }
    if (pending != NULL) {
        unpin(self, pending->pinned);
        pending->lost++;
        torc_store_relaxed64(&self->lost, torc_load_relaxed64(&self->lost) + 1);
    } else {
        pending = add(table, lane->index, self->copy->type);
        count_held(self, 1);
    }
    copy_entry(&pending->entry, self->copy);
    pending->sequence = lane->sequence;
    pending->pinned = self->pinned;
    if (self->pinned != 0) {
        (*pins_of(self, self->pinned))++;
        self->pinned = 0;
    }
    lane->sequence++;
    lane->skipped++; /* consumed when it is handed on */
    return true;
}

/* A lap at most: a publisher at full rate must not keep the reader here. */
static void take_in(struct reader *self) {
    for (uint32_t i = 0; i < self->lane_count; i++) {
        struct reader_lane *lane = &self->lane[i];
        for (uint32_t left = self->bus->config.lane_entries; left > 0; left--) {
            if (!torc_copy_try(self, lane) || !absorb(self, lane)) {
                break;
            }
        }
        torc_reader_give_back(self, lane);
    }
}

/* --- handing on ----------------------------------------------------------------------------------------------- */

static struct reader_lane *lane_with_loss(struct reader *self) {
    for (uint32_t i = 0; i < self->lane_count; i++) {
        if (self->lane[i].lost != 0) {
            return &self->lane[i];
        }
    }
    return NULL;
}

static int tell_loss(struct reader *self, struct reader_lane *lane) {
    self->hot.lane = lane->index;
    self->hot.lost = lane->lost;
    lane->lost = 0;
    return TORC_LAPPED;
}

static int hand_on(struct reader *self, bool tell) {
    const struct pending *pending = take(self->conflation);
    struct reader_lane *lane = torc_reader_lane(self, pending->lane);
    copy_entry(self->copy, &pending->entry);
    self->pinned = pending->pinned;
    if (pending->pinned != 0) {
        (*pins_of(self, pending->pinned))--;
    }
    self->hot.lane = pending->lane;
    self->hot.sequence = pending->sequence;
    self->hot.lost = pending->lost;
    if (!tell && lane != NULL) {
        self->hot.lost += lane->lost; /* a poll is told with an event */
        lane->lost = 0;
    }
    self->lent = true;
    count_held(self, -1);
    torc_store_release64(&self->consumed, torc_load_relaxed64(&self->consumed) + 1); /* CONSUMED */
    return TORC_OK;
}

/* TORC_OK: something is pending, or a loss is to be told. */
static int look(struct reader *self) {
    int why = TORC_OK;
    torc_copy_drop(self);
    while (why == TORC_OK) {
        take_in(self);
        if (self->conflation->first != NO_PENDING || lane_with_loss(self) != NULL) {
            return TORC_OK;
        }
        why = torc_reader_why_empty(self);
    }
    return why;
}

int torc_conflate_look(struct reader *self) {
    return look(self);
}

int torc_conflate_next(struct reader *self, bool tell, bool first) {
    int status = look(self);
    struct reader_lane *lane = lane_with_loss(self);
    if (status != TORC_OK) {
        return status;
    }
    if (lane != NULL && (tell || self->conflation->first == NO_PENDING)) {
        return tell || first ? tell_loss(self, lane) : TORC_EMPTY;
    }
    return hand_on(self, tell);
}

bool torc_conflate_ready(const struct reader *self) {
    return self->conflation->first != NO_PENDING;
}

uint64_t torc_conflate_oldest(const struct reader *self, const struct reader_lane *lane) {
    const struct torc_conflation *table = self->conflation;
    uint64_t oldest = lane->sequence;
    for (uint32_t at = table->first; at != NO_PENDING; at = pending_at(table, at)->next) {
        const struct pending *pending = pending_at(table, at);
        if (pending->lane == lane->index && sequence_before(pending->sequence, oldest)) {
            oldest = pending->sequence;
        }
    }
    return oldest;
}

/* --- the table comes and goes --------------------------------------------------------------------------------- */

void torc_conflate_clear(struct reader *self) {
    while (self->conflation != NULL && self->conflation->first != NO_PENDING) {
        unpin(self, take(self->conflation)->pinned);
        count_held(self, -1);
    }
}

int torc_conflate_open(struct reader *self, uint32_t types) {
    uint32_t pools = self->bus->config.publishers * TORC_BANK_POOLS + self->bus->config.readers;
    uint32_t buckets = 1;
    size_t head = TORC_ROUND_LINE(sizeof(struct torc_conflation));
    size_t place = offsetof(struct pending, entry) + self->bus->stride;
    struct torc_conflation *table;
    while (buckets < types) {
        buckets *= 2;
    }
    table =
        aligned_alloc(TORC_LINE, head + types * place + TORC_ROUND_LINE(((size_t)buckets + pools) * sizeof(uint32_t)));
    if (table == NULL) {
        return TORC_NO_MEMORY;
    }
    *table = (struct torc_conflation){.place = (unsigned char *)table + head,
                                      .place_bytes = place,
                                      .places = types,
                                      .buckets = buckets,
                                      .first = NO_PENDING,
                                      .free = NO_PENDING};
    table->bucket = (uint32_t *)(void *)(table->place + types * place);
    table->pins = table->bucket + buckets;
    for (uint32_t i = 0; i < buckets + pools; i++) {
        table->bucket[i] = i < buckets ? NO_PENDING : 0;
    }
    for (uint32_t i = types; i > 0; i--) {
        pending_at(table, i - 1)->next = table->free;
        table->free = i - 1;
    }
    self->conflation = table;
    return TORC_OK;
}

void torc_conflate_close(struct reader *self) {
    torc_conflate_clear(self);
    free(self->conflation);
    self->conflation = NULL;
}
