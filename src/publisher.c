/* src/publisher.c - publishers come and go: lanes and banks are handed out, ended, drained and adopted.
 *
 * A lane's states: FREE -> OPEN (torc_publisher_open) -> ENDED (torc_publisher_close) -> OPEN again, in the same topic
 * at any time or in another once every reader of its topic has read it to the end. Its sequences go on counting, so a
 * stamp never means two events. All of this happens under the control lock. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

/* --- who reads a lane --------------------------------------------------------------------------------------- */

void torc_lane_moved(const struct bus *bus, uint32_t lane) {
    struct torc_waitpoint *point = lane_point(bus, lane);
    if (torc_load_relaxed32(&point->waiting) != 0) {
        torc_waitpoint_wake(point);
    }
    if ((torc_load_relaxed32(&point->drains) & (TORC_AFTER_WATCH - 1)) != 0) {
        torc_waitpoint_wake(drain_point(bus));
    }
}

static void wake_readers(const struct bus *bus, uint32_t lane) {
    uint64_t members = topic_members(topic_of_lane(bus, lane));
    for (; members != 0; members &= members - 1) {
        uint32_t point = torc_load_relaxed32(&cell_of(bus, lane, bit_index(members))->point);
        torc_waitpoint_wake(&bus->waitpoints[point]);
        torc_notify(&bus->notify[bit_index(members)]);
    }
}

/* Takes the announcements back before bumping the waitpoints: see src/wait.h. */
void torc_wake_readers_slow(struct torc_publisher *publisher) {
    const struct publisher *self = publisher_of(publisher);
    (void)torc_xchg_acq_rel32(publisher->sleepers, 0);
    wake_readers(self->bus, self->index);
}

bool torc_lane_finished(const struct bus *bus, uint32_t lane) {
    uint64_t members = topic_members(topic_of_lane(bus, lane));
    for (; members != 0; members &= members - 1) {
        if (torc_load_relaxed32(&cell_of(bus, lane, bit_index(members))->joined) != 0) {
            return false;
        }
    }
    return true;
}

void torc_lane_retire(struct bus *bus, uint32_t lane) {
    struct torc_bank bank = {.bus = &bus->hot, .first = bank_first_pool(lane)};
    if (torc_load_relaxed32(&bus->lanes[lane].state) == TORC_LANE_ENDED && torc_lane_finished(bus, lane)) {
        torc_store_release64(&bus->lanes[lane].gate, torc_load_relaxed64(&bus->lanes[lane].published));
        torc_bank_drop_all(&bank);
    }
}

/* --- opening ------------------------------------------------------------------------------------------------ */

/* A lane for this topic: one that ended in it, so that what one publisher did before it closed stays before what the
 * next one does; else a fresh one; else one that ended elsewhere and was read to its end. TORC_MAX_PUBLISHERS if there
 * is none. */
static uint32_t choose_lane(const struct bus *bus, const struct torc_topic *topic) {
    uint32_t fresh = TORC_MAX_PUBLISHERS;
    uint32_t other = TORC_MAX_PUBLISHERS;
    for (uint32_t lane = bus->config.publishers; lane > 0; lane--) {
        uint32_t state = torc_load_relaxed32(&bus->lanes[lane - 1].state);
        if (state == TORC_LANE_ENDED && topic_of_lane(bus, lane - 1) == topic->record) {
            return lane - 1;
        }
        if (state == TORC_LANE_FREE) {
            fresh = lane - 1;
        } else if (state == TORC_LANE_ENDED && torc_lane_finished(bus, lane - 1)) {
            other = lane - 1;
        }
    }
    return fresh != TORC_MAX_PUBLISHERS ? fresh : other;
}

/* Every reader of the topic follows the lane from where it stands now; one that has not finished it goes on as it
 * is. */
static void enlist_readers(const struct bus *bus, uint32_t lane, const struct torc_topic *topic, bool same_topic) {
    uint64_t members = topic_members(topic->record);
    for (; members != 0; members &= members - 1) {
        struct torc_cell *cell = cell_of(bus, lane, bit_index(members));
        if (!same_topic || torc_load_relaxed32(&cell->joined) == 0) {
            torc_store_release64(&cell->cursor, torc_load_relaxed64(&bus->lanes[lane].published));
            torc_store_relaxed32(&cell->joined, 1);
        }
    }
}

static void take_lane(struct bus *bus, uint32_t lane, const struct torc_topic *topic) {
    struct torc_lane *control = &bus->lanes[lane];
    bool ended = torc_load_relaxed32(&control->state) == TORC_LANE_ENDED;
    bool same = ended && topic_of_lane(bus, lane) == topic->record;
    uint64_t bit = UINT64_C(1) << lane;
    if (ended && !same) {
        torc_lane_retire(bus, lane);
        (void)torc_and_release64(&topic_of_lane(bus, lane)->lanes, ~bit);
    }
    if (!same) {
        torc_store_relaxed64(&control->origin, torc_load_relaxed64(&control->published));
    }
    enlist_readers(bus, lane, topic, same);
    torc_store_release32(&control->topic, topic->index); /* LANES */
    torc_store_release32(&control->state, TORC_LANE_OPEN);
    (void)torc_or_release64(&topic->record->lanes, bit); /* LANES */
    torc_topic_changed(topic->record);
}

static uint64_t scan_for_bank(void *owner) {
    return torc_gate_scan(owner, true);
}

static void fill_hot(struct publisher *self) {
    struct bus *bus = self->bus;
    self->hot.entries = lane_entries(bus, self->index);
    self->hot.lane = &bus->lanes[self->index];
    self->hot.sleepers = &self->topic->record->sleepers;
    self->hot.mask = bus->config.lane_entries - 1;
    self->hot.stride = bus->stride;
    self->hot.fence = bus->hot.fence;
    self->hot.bus = &bus->hot;
    self->hot.pools = &bus->hot.pools[bank_first_pool(self->index)];
    for (uint32_t bits = TORC_XS_BITS; bits <= TORC_XL_BITS; bits++) {
        self->hot.fitting[bits - TORC_XS_BITS] = &self->hot.pools[torc_shirt_of((size_t)1 << bits)];
    }
    self->limit = (self->topic->record->flags & TORC_TOPIC_NO_INLINE) != 0 ? 0 : bus->config.inline_bytes + 1;
    self->hot.inline_limit = bus->hot.fence != 0 ? 0 : self->limit;
    torc_store_relaxed64(&self->hot.room, self->hot.mask + 1);
    torc_publisher_copied(self, torc_load_relaxed64(&self->topic->record->copiers) != 0);
}

static size_t held_bytes(const struct bus *bus) {
    return ((size_t)bus->config.lane_entries + 63) / 64 * sizeof(uint64_t);
}

/* Goes on where the lane's last publisher stopped: any of the last lap's entries may still hold a slot, unless it is
 * the first. */
static void resume(struct publisher *self, bool first) {
    struct torc_lane *lane = self->hot.lane;
    self->held_from = torc_load_relaxed64(&lane->claimed) - self->bus->config.lane_entries;
    memset(self->held, first ? 0 : 0xFF, held_bytes(self->bus));
    self->hot.base = self->held_from;
    self->bank = (struct torc_bank){&self->bus->hot,
                                    bank_first_pool(self->index),
                                    self->bank.dry,
                                    TORC_LOOK_FIRST,
                                    {torc_load_relaxed64(&lane->gate), scan_for_bank, self, &self->copied}};
}

int torc_publisher_make(struct torc_topic *topic, const struct torc_publisher_config *config, struct publisher **made) {
    static const struct torc_publisher_config defaults = {TORC_WAIT_BLOCK, TORC_DRY_WAIT};
    struct publisher *self;
    config = config == NULL ? &defaults : config;
    if ((unsigned)config->wait > TORC_WAIT_BACKOFF || (unsigned)config->dry > TORC_DRY_XXL) {
        return TORC_INVALID;
    }
    if (topic->bus->forked) {
        return TORC_FORKED;
    }
    self = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *self + held_bytes(topic->bus)));
    if (self == NULL) {
        return TORC_NO_MEMORY;
    }
    *self = (struct publisher){.bus = topic->bus, .topic = topic, .wait = config->wait, .bank.dry = config->dry};
    *made = self;
    return TORC_OK;
}

int torc_publisher_begin(struct publisher *self) {
    struct bus *bus = self->bus;
    bool first;
    self->index = choose_lane(bus, self->topic);
    if (bus_closed(bus)) {
        return TORC_CLOSED;
    }
    if (self->index == TORC_MAX_PUBLISHERS) {
        return TORC_NO_ROOM;
    }
    first = torc_load_relaxed32(&bus->lanes[self->index].state) == TORC_LANE_FREE;
    take_lane(bus, self->index, self->topic);
    wake_readers(bus, self->index); /* those that are after others watch the lanes they know */
    fill_hot(self);
    resume(self, first);
    bus->publisher[self->index] = self;
    return TORC_OK;
}

int torc_publisher_open(struct torc_topic *topic, const struct torc_publisher_config *config,
                        struct torc_publisher **publisher) {
    struct publisher *self;
    int status;
    if (topic == NULL || publisher == NULL) {
        return TORC_INVALID;
    }
    status = torc_publisher_make(topic, config, &self);
    if (status != TORC_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&topic->bus->lock);
    status = total_order(topic) ? TORC_WRONG_END : torc_publisher_begin(self);
    (void)pthread_mutex_unlock(&topic->bus->lock);
    if (status != TORC_OK) {
        free(self);
        return status;
    }
    *publisher = &self->hot;
    return TORC_OK;
}

/* Without an owner every release is a counted one (src/later.c). */
static void disown_pools(const struct bus *bus, uint32_t lane) {
    for (uint32_t shirt = 0; shirt < TORC_BANK_POOLS; shirt++) {
        torc_store_relaxed64(&bus->hot.pools[bank_first_pool(lane) + shirt].owner, 0);
    }
}

void torc_publisher_end(struct publisher *self) {
    struct bus *bus = self->bus;
    torc_claims_forget(self);
    torc_store_release32(&self->hot.lane->state, TORC_LANE_ENDED); /* ENDED */
    torc_topic_changed(self->topic->record);
    torc_lane_retire(bus, self->index);
    bus->publisher[self->index] = NULL;
    disown_pools(bus, self->index);
    wake_readers(bus, self->index); /* they may have been waiting for this end */
}

int torc_publisher_close(struct torc_publisher *publisher) {
    struct publisher *self = publisher_of(publisher);
    struct bus *bus;
    if (publisher == NULL) {
        return TORC_INVALID;
    }
    bus = self->bus;
    if (bus->forked) {
        return TORC_FORKED;
    }
    torc_bus_hold(bus);
    (void)pthread_mutex_lock(&bus->lock);
    torc_publisher_end(self);
    (void)pthread_mutex_unlock(&bus->lock);
    free(self);
    torc_bus_unhold(bus);
    return TORC_OK;
}

uint32_t torc_publisher_lane(const struct torc_publisher *publisher) {
    return publisher == NULL ? TORC_ONLY_LANE : publisher_of((struct torc_publisher *)(uintptr_t)publisher)->index;
}

uint64_t torc_publisher_sequence(const struct torc_publisher *publisher) {
    return publisher == NULL ? 0 : torc_load_relaxed64(&publisher->lane->claimed);
}

uint64_t torc_publisher_stalls(const struct torc_publisher *publisher) {
    return publisher == NULL ? 0 : torc_load_relaxed64(&publisher->lane->stalls);
}
