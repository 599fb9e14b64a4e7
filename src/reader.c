/* src/reader.c - readers come and go: following lanes, joining (positions: src/join.c), leaving. */
#include "conflate.h"

#include <stdlib.h>
#include <string.h>

struct reader_lane *torc_reader_lane(struct reader *self, uint32_t lane) {
    for (uint32_t i = 0; i < self->lane_count; i++) {
        if (self->lane[i].index == lane) {
            return &self->lane[i];
        }
    }
    return NULL;
}

/* --- following lanes (under the control lock) --------------------------------------------------------------- */

void torc_reader_follow_lanes(struct reader *self) {
    struct torc_topic_record *record = self->topic->record;
    uint64_t lanes;
    self->version = torc_load_acquire32(&record->version); /* LANES */
    lanes = torc_load_acquire64(&record->lanes);
    for (; lanes != 0; lanes &= lanes - 1) {
        uint32_t lane = bit_index(lanes);
        const struct torc_cell *cell = cell_of(self->bus, lane, self->index);
        if (torc_load_relaxed32(&cell->joined) != 0 && torc_reader_lane(self, lane) == NULL) {
            uint64_t cursor = torc_load_acquire64(&cell->cursor);
            self->lane[self->lane_count++] = (struct reader_lane){.sequence = cursor, .given = cursor, .index = lane};
        }
    }
}

/* A lane is forgotten after what was lost in it has been told. */
static bool at_end(const struct reader *self, const struct reader_lane *lane) {
    const struct torc_lane *control = &self->bus->lanes[lane->index];
    return (lane->lost == 0 || !reader_tells(self)) &&
           torc_load_acquire32(&control->state) == TORC_LANE_ENDED && /* ENDED */
           !sequence_before(lane->sequence, torc_load_acquire64(&control->published)) && lane->given == lane->sequence;
}

static void forget_ended_lanes(struct reader *self) {
    for (uint32_t i = 0; i < self->lane_count;) {
        uint32_t lane = self->lane[i].index;
        if (!at_end(self, &self->lane[i])) {
            i++;
            continue;
        }
        torc_store_release32(&cell_of(self->bus, lane, self->index)->joined, 0);
        torc_lane_retire(self->bus, lane);
        self->lane[i] = self->lane[--self->lane_count];
    }
}

void torc_reader_look_around(struct reader *self) {
    (void)pthread_mutex_lock(&self->bus->lock);
    if (torc_load_relaxed32(&self->detached) == 0) {
        forget_ended_lanes(self);
        torc_reader_follow_lanes(self);
    }
    (void)pthread_mutex_unlock(&self->bus->lock);
}

bool torc_reader_lanes_changed(const struct reader *self) {
    if (torc_load_acquire32(&self->topic->record->version) != self->version) { /* LANES */
        return true;
    }
    for (uint32_t i = 0; i < self->lane_count; i++) {
        if (at_end(self, &self->lane[i])) {
            return true;
        }
    }
    return false;
}

/* --- joining ------------------------------------------------------------------------------------------------ */

static uint32_t free_index(const struct bus *bus) {
    uint32_t index = 0;
    while (index < bus->config.readers && bus->reader[index] != NULL) {
        index++;
    }
    return index;
}

/* The publishers must know of a copying reader before the barrier (COPY). */
static void enlist(const struct reader *self) {
    struct torc_topic_record *record = self->topic->record;
    if (reader_gates(self)) {
        (void)torc_or_release64(&record->readers, UINT64_C(1) << self->index); /* GATING */
    }
    if (reader_copies(self)) {
        (void)torc_or_release64(&record->copiers, UINT64_C(1) << self->index);
        torc_copy_announce(self->topic);
    }
}

/* Under the control lock. */
static int join(struct reader *self, const struct torc_reader_config *config, uint32_t point) {
    const struct start start = {config->join, config->last, config->at, config->at_count};
    struct bus *bus = self->bus;
    int status;
    self->index = free_index(bus);
    if (bus_halted(bus) || (bus_closed(bus) && config->join == TORC_JOIN_NEXT)) {
        return TORC_CLOSED;
    }
    if (self->index == bus->config.readers) {
        return TORC_NO_ROOM;
    }
    status = torc_start_find(self, &start);
    status = status == TORC_OK ? torc_after_join(self, config->after, config->after_count) : status;
    if (status != TORC_OK) {
        return status;
    }
    self->point = point;
    if (point == UINT32_MAX) {
        self->point = reader_point_index(bus, self->index);
        torc_store_relaxed64(&bus->waitpoints[self->point].sleeps, 0); /* of the seat's last owner */
        torc_store_relaxed64(&bus->waitpoints[self->point].wakeups, 0);
    }
    self->keep_pool = keep_pool_of(bus, self->index);
    torc_evict_begin(self);
    torc_join_low(self);
    enlist(self);
    torc_topic_changed(self->topic->record);
    torc_barrier_heavy(bus->hot.fence); /* JOIN */
    torc_join_settle(self, &start);
    bus->reader[self->index] = self;
    return TORC_OK;
}

static bool config_valid(const struct torc_reader_config *config) {
    const struct start start = {config->join, config->last, config->at, config->at_count};
    return (unsigned)config->wait <= TORC_WAIT_BACKOFF && (unsigned)config->policy <= TORC_POLICY_EVICT &&
           (unsigned)config->resume <= TORC_RESUME_NEWEST && (unsigned)config->evicted <= TORC_EVICTED_LEAVE &&
           (config->policy == TORC_POLICY_GATE || (config->manual_advance == 0 && config->after_count == 0)) &&
           (config->after_count == 0 || config->after != NULL) && config->conflate_types <= TORC_CONFLATE_MOST &&
           torc_start_valid(&start);
}

static struct reader *new_reader(struct torc_topic *topic, const struct torc_reader_config *config) {
    size_t copy = config->policy == TORC_POLICY_GATE ? 0 : topic->bus->stride;
    struct reader *self = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *self) + copy);
    if (self == NULL) {
        return NULL;
    }
    *self = (struct reader){.bus = topic->bus, .topic = topic, .wait = config->wait};
    self->manual = config->manual_advance != 0;
    self->policy = config->policy;
    self->resume = config->resume;
    self->then = config->evicted;
    self->evict_after_ns = config->evict_after_ns;
    self->hot.bus = &self->bus->hot;
    self->hot.mask = self->bus->config.lane_entries - 1;
    self->hot.stride = self->bus->stride;
    self->hot.entries = self->bus->entries; /* before the first lane: an address to reckon with, never looked at */
    if (copy != 0) {
        self->copy = (struct torc_entry *)(void *)((unsigned char *)self + TORC_ROUND_LINE(sizeof *self));
        memset(self->copy, 0, copy);
    }
    if (config->policy == TORC_POLICY_CONFLATE && config->conflate_types != 0 &&
        torc_conflate_open(self, config->conflate_types) != TORC_OK) {
        free(self);
        return NULL;
    }
    return self;
}

int torc_reader_open_at(struct torc_topic *topic, const struct torc_reader_config *config, uint32_t point,
                        struct torc_reader **reader) {
    static const struct torc_reader_config defaults;
    struct reader *self;
    int status;
    config = config == NULL ? &defaults : config;
    if (topic == NULL || reader == NULL || !config_valid(config)) {
        return TORC_INVALID;
    }
    if (topic->bus->forked) {
        return TORC_FORKED;
    }
    self = new_reader(topic, config);
    if (self == NULL) {
        return TORC_NO_MEMORY;
    }
    (void)pthread_mutex_lock(&self->bus->lock);
    status = join(self, config, point);
    (void)pthread_mutex_unlock(&self->bus->lock);
    if (status != TORC_OK) {
        torc_conflate_close(self);
        free(self);
        return status;
    }
    *reader = &self->hot;
    return TORC_OK;
}

int torc_reader_open(struct torc_topic *topic, const struct torc_reader_config *config, struct torc_reader **reader) {
    return torc_reader_open_at(topic, config, UINT32_MAX, reader);
}

/* --- leaving ------------------------------------------------------------------------------------------------ */

/* After this no publisher waits for the reader, and lanes that waited for it alone are retired. */
void torc_reader_leave(struct reader *self) {
    struct bus *bus = self->bus;
    uint64_t lanes;
    (void)pthread_mutex_lock(&bus->lock);
    if (torc_load_relaxed32(&self->detached) == 0) {
        (void)torc_and_release64(&self->topic->record->readers, ~(UINT64_C(1) << self->index));
        if (reader_copies(self)) {
            (void)torc_and_release64(&self->topic->record->copiers, ~(UINT64_C(1) << self->index));
            torc_copy_announce(self->topic);
        }
        torc_store_release32(&self->detached, 1);
        torc_after_leave(self);
        torc_topic_changed(self->topic->record);
        torc_barrier_heavy(bus->hot.fence); /* SPACE */
        torc_after_wake(self);
        lanes = torc_load_relaxed64(&self->topic->record->lanes);
        for (; lanes != 0; lanes &= lanes - 1) {
            torc_lane_retire(bus, bit_index(lanes));
            torc_lane_moved(bus, bit_index(lanes));
        }
    }
    (void)pthread_mutex_unlock(&bus->lock);
}

bool torc_reader_in_own_handler(const struct reader *self) {
    return torc_load_relaxed64(&self->poller) == (uint64_t)(uintptr_t)pthread_self();
}

/* Rounds of waiting before a busy reader outside of torc_poll counts as holding a borrow: it may just be inside
 * torc_next. */
#ifndef BORROW_ROUNDS
#define BORROW_ROUNDS 20u
#endif

/* DETACH: closing, heavy barrier, busy. An owner that starts now sees closing; one that started before shows busy. */
int torc_reader_detach_until(struct torc_reader *reader, uint64_t deadline) {
    struct reader *self = reader_of(reader);
    uint32_t borrowed = 0;
    if (reader == NULL) {
        return TORC_INVALID;
    }
    if (self->bus->forked) {
        return TORC_FORKED;
    }
    torc_store_release32(&self->closing, 1);
    torc_topic_changed(self->topic->record);
    if (torc_reader_in_own_handler(self)) {
        return TORC_OK; /* the poll leaves when this handler returns */
    }
    torc_barrier_heavy(self->bus->hot.fence);
    torc_waitpoint_wake(&self->bus->waitpoints[self->point]);
    torc_waitpoint_wake(&self->bus->waitpoints[reader_point_index(self->bus, self->index)]); /* torc_keep_until */
    torc_notify(&self->bus->notify[self->index]);
    for (uint32_t round = 0; torc_load_acquire32(&self->busy) != 0; round++) {
        if (torc_load_acquire64(&self->poller) != 0) {
            borrowed = 0; /* a handler runs: wait for it, as long as it takes */
            if (deadline != TORC_FOREVER && torc_now() >= deadline) {
                return deadline == TORC_NO_WAIT ? TORC_WOULD_BLOCK : TORC_TIMED_OUT;
            }
        } else if (++borrowed > BORROW_ROUNDS) {
            return TORC_BUSY;
        }
        torc_pause(TORC_WAIT_BACKOFF, round);
    }
    torc_reader_leave(self);
    return TORC_OK;
}

int torc_reader_detach(struct torc_reader *reader) {
    return torc_reader_detach_until(reader, TORC_FOREVER);
}

int torc_reader_close(struct torc_reader *reader) {
    struct reader *self = reader_of(reader);
    struct bus *bus;
    if (reader == NULL) {
        return TORC_INVALID;
    }
    bus = self->bus;
    if (bus->forked) {
        return TORC_FORKED;
    }
    if (torc_reader_in_own_handler(self)) {
        return TORC_WRONG_THREAD;
    }
    torc_bus_hold(bus);
    torc_reader_leave(self);
    torc_copy_drop(self);
    torc_conflate_close(self);
    torc_after_unwatch(self);
    torc_waitset_forget(&bus->notify[self->index], reader);
    torc_notify_end(&bus->notify[self->index]);
    (void)pthread_mutex_lock(&bus->lock);
    bus->reader[self->index] = NULL;
    torc_store_relaxed64(&bus->hot.pools[self->keep_pool].owner, 0); /* as a publisher's pools */
    (void)pthread_mutex_unlock(&bus->lock);
    free(self);
    torc_bus_unhold(bus);
    return TORC_OK;
}

/* --- where to stop ------------------------------------------------------------------------------------------ */

void torc_lane_ends_mark(const struct reader *self, struct torc_lane_ends *ends) {
    uint64_t lanes = torc_load_acquire64(&self->topic->record->lanes); /* LANES */
    ends->lanes = lanes;
    for (; lanes != 0; lanes &= lanes - 1) {
        ends->end[bit_index(lanes)] = torc_lane_published(self->bus, bit_index(lanes));
    }
}

bool torc_lane_ends_reached(const struct reader *self, const struct torc_lane_ends *ends) {
    uint64_t lanes = ends->lanes & torc_load_acquire64(&self->topic->record->lanes);
    for (; torc_load_acquire32(&self->detached) == 0 && lanes != 0; lanes &= lanes - 1) {
        const struct torc_cell *cell = cell_of(self->bus, bit_index(lanes), self->index);
        if (sequence_before(torc_load_acquire64(&cell->cursor), ends->end[bit_index(lanes)])) {
            return false;
        }
    }
    return true;
}

/* --- observation -------------------------------------------------------------------------------------------- */

static enum torc_pressure pressure_of(double fill) {
    if (fill >= 0.9) {
        return TORC_SHOULD_THROTTLE;
    }
    return fill >= 0.8 ? TORC_UNDER_PRESSURE : TORC_RELAXED;
}

int torc_reader_state(const struct torc_reader *reader, struct torc_reader_state *state) {
    const struct reader *self = (const struct reader *)reader;
    uint64_t lanes;
    if (reader == NULL || state == NULL) {
        return TORC_INVALID;
    }
    if (self->bus->forked || torc_load_acquire32(&self->detached) != 0) {
        return self->bus->forked ? TORC_FORKED : TORC_CLOSED;
    }
    *state = (struct torc_reader_state){.lag = torc_load_relaxed64(&self->held),
                                        .max_lag = torc_load_relaxed64(&self->max_lag),
                                        .consumed = torc_load_relaxed64(&self->consumed),
                                        .lost = torc_load_relaxed64(&self->lost),
                                        .evicted = torc_load_relaxed32(&self->evicted)};
    lanes = torc_load_acquire64(&self->topic->record->lanes);
    for (; lanes != 0; lanes &= lanes - 1) {
        const struct torc_cell *cell = cell_of(self->bus, bit_index(lanes), self->index);
        uint64_t cursor = torc_load_acquire64(&cell->cursor);
        uint64_t published = torc_lane_published(self->bus, bit_index(lanes));
        /* A stamp is visible a moment before the lane's published: a reader can be ahead of it. */
        uint64_t lag = sequence_before(published, cursor) ? 0 : published - cursor;
        double fill = (double)lag / (double)self->bus->config.lane_entries;
        state->lag += lag;
        state->fill = fill > state->fill ? fill : state->fill;
        state->lanes += torc_load_relaxed32(&cell->joined) != 0;
    }
    state->fill = state->fill > 1.0 ? 1.0 : state->fill;
    state->max_lag = state->lag > state->max_lag ? state->lag : state->max_lag;
    state->pressure = pressure_of(state->fill);
    return TORC_OK;
}
