/* src/snapshot.c - takes a snapshot: under the control lock, cursors before positions, everything into the caller's
 * memory. */
#include "actor.h"
#include "figures.h"

#include <string.h>

/* Where things go in the caller's memory. */
struct room {
    struct torc_snapshot *snapshot;
    struct torc_topic_figures *topics;
    struct torc_lane_figures *lanes;
    struct torc_reader_figures *readers;
    struct torc_pool_figures *pools;
    struct torc_actor_figures *actors;
};

static size_t most_pools(const struct torc_config *config) {
    return (size_t)config->publishers * TORC_BANK_POOLS + config->readers;
}

/* The parts one behind the other; all begin at multiples of 8. */
static struct room lay_out(void *memory, const struct torc_config *config) {
    struct room room = {.snapshot = memory};
    unsigned char *at = (unsigned char *)memory + sizeof *room.snapshot;
    room.topics = (struct torc_topic_figures *)(void *)at;
    at += config->topics * sizeof *room.topics;
    room.lanes = (struct torc_lane_figures *)(void *)at;
    at += config->publishers * sizeof *room.lanes;
    room.readers = (struct torc_reader_figures *)(void *)at;
    at += config->readers * sizeof *room.readers;
    room.pools = (struct torc_pool_figures *)(void *)at;
    at += most_pools(config) * sizeof *room.pools;
    room.actors = (struct torc_actor_figures *)(void *)at;
    return room;
}

static size_t size_for(const struct torc_config *config) {
    return sizeof(struct torc_snapshot) + config->topics * sizeof(struct torc_topic_figures) +
           config->publishers * sizeof(struct torc_lane_figures) +
           config->readers * sizeof(struct torc_reader_figures) +
           most_pools(config) * sizeof(struct torc_pool_figures) + config->actors * sizeof(struct torc_actor_figures);
}

static uint64_t bits(uint64_t mask) {
    uint64_t count = 0;
    for (; mask != 0; mask &= mask - 1) {
        count++;
    }
    return count;
}

static void take_topics(const struct bus *bus, struct room *room) {
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        const struct torc_topic_record *record = &bus->topics[i];
        struct torc_topic_figures *topic = &room->topics[i];
        memcpy(topic->name, record->name, sizeof topic->name);
        topic->lanes = bits(torc_load_relaxed64(&record->lanes));
        topic->readers = 0;
        for (uint32_t k = 0; k < bus->config.readers; k++) {
            topic->readers += bus->reader[k] != NULL && bus->reader[k]->topic->index == i;
        }
    }
    room->snapshot->topic_count = bus->topic_count;
}

/* What was handled first, then what waits, what was sent last: so they are seldom the wrong way round. In statements of
 * their own: the members of an initialiser are computed in any order. */
static void take_actors(const struct bus *bus, struct room *room) {
    for (uint32_t i = 0; i < bus->config.actors; i++) {
        const struct torc_actor *actor = bus->actor[i];
        struct torc_actor_figures *into = &room->actors[room->snapshot->actor_count];
        if (actor == NULL) {
            continue;
        }
        *into = (struct torc_actor_figures){.actor = i,
                                            .running = actor_running(actor),
                                            .capacity = actor->capacity,
                                            .messages = torc_load_relaxed64(&actor->messages),
                                            .events = torc_load_relaxed64(&actor->events),
                                            .dropped = torc_load_relaxed64(&actor->dropped),
                                            .max_depth = torc_load_relaxed64(&actor->max_depth),
                                            .sleeps = torc_load_relaxed64(&actor_work_point(actor)->sleeps),
                                            .wakeups = torc_load_relaxed64(&actor_work_point(actor)->wakeups)};
        into->depth = torc_mailbox_depth(actor->mailbox);
        into->sent = torc_load_relaxed64(&actor->sent);
        memcpy(into->name, actor->name, sizeof into->name);
        room->snapshot->actor_count++;
    }
}

static void take_readers(const struct bus *bus, struct room *room) {
    for (uint32_t i = 0; i < bus->config.readers; i++) {
        const struct reader *reader = bus->reader[i];
        const struct torc_waitpoint *point;
        if (reader == NULL) {
            continue;
        }
        point = &bus->waitpoints[reader->point];
        room->readers[room->snapshot->reader_count++] =
            (struct torc_reader_figures){.reader = i,
                                         .topic = reader->topic->index,
                                         .policy = reader->policy,
                                         .lag = torc_load_relaxed64(&reader->held),
                                         .max_lag = torc_load_relaxed64(&reader->max_lag),
                                         .consumed = torc_load_acquire64(&reader->consumed), /* CONSUMED */
                                         .lost = torc_load_relaxed64(&reader->lost),
                                         .batches = torc_load_relaxed64(&reader->batches),
                                         .evicted = torc_load_relaxed32(&reader->evicted),
                                         .sleeps = torc_load_relaxed64(&point->sleeps),
                                         .wakeups = torc_load_relaxed64(&point->wakeups)};
    }
}

static uint64_t behind(uint64_t cursor, uint64_t published) {
    return sequence_before(cursor, published) ? published - cursor : 0;
}

/* How far a reader could have got in this lane. Readers go by the stamps, and the lane's position is stored behind
 * those: what is stamped above it is published as well. Whatever a reader has consumed, or an earlier snapshot has
 * counted, was stamped before this look and above a position that is not older than the first one here. A stamp of it
 * that is not found any more was overwritten by a publisher that had stored the position behind it: the second look at
 * that sees it. */
static uint64_t published_in(const struct bus *bus, uint32_t lane) {
    uint64_t mask = bus->config.lane_entries - 1;
    uint64_t from = torc_load_relaxed64(&bus->lanes[lane].published); /* only where to begin */
    uint64_t at = from;
    uint64_t again;
    if (torc_load_relaxed32(&bus->lanes[lane].shared) != 0) {
        return torc_lane_published(bus,
                                   lane); /* the same, and it is remembered: what was counted is not counted again */
    }
    while (at - from <= mask && torc_load_acquire64(&lane_entry_at(bus, lane, at)->stamp) == at + 1) { /* STAMP */
        at++;
    }
    again = torc_load_acquire64(&bus->lanes[lane].published); /* PUBLISHED */
    return sequence_before(at, again) ? again : at;
}

/* The cursors of one lane, before its position is read. */
static void take_cursors(const struct bus *bus, uint32_t lane, uint64_t *cursors) {
    for (uint32_t i = 0; i < bus->config.readers; i++) {
        cursors[i] = torc_load_acquire64(&cell_of(bus, lane, i)->cursor); /* CURSOR */
    }
}

/* What the readers of one lane have still to give back. What was published between the two looks counts as lag; of a
 * reader that gates it cannot have been more than the lane holds. */
static void add_lags(const struct bus *bus, const struct room *room, struct torc_lane_figures *lane,
                     const uint64_t *cursors, uint64_t published) {
    const struct torc_topic_record *record = &bus->topics[lane->topic];
    uint64_t members = topic_members(record);
    uint64_t gating = torc_load_relaxed64(&record->readers);
    for (uint64_t i = 0; i < room->snapshot->reader_count; i++) {
        struct torc_reader_figures *reader = &room->readers[i];
        uint64_t lag = behind(cursors[reader->reader], published);
        const struct torc_cell *cell = cell_of(bus, (uint32_t)lane->lane, (uint32_t)reader->reader);
        if (reader->topic != lane->topic || (members >> reader->reader & 1u) == 0 ||
            torc_load_relaxed32(&cell->joined) == 0) {
            continue;
        }
        if ((gating >> reader->reader & 1u) != 0) {
            lag = lag < bus->config.lane_entries ? lag : bus->config.lane_entries;
            lane->lag = lag > lane->lag ? lag : lane->lag;
        }
        reader->lanes++;
        reader->lag += lag;
    }
}

static void take_lane(const struct bus *bus, const struct room *room, uint32_t index, struct torc_lane_figures *lane) {
    const struct torc_lane *control = &bus->lanes[index];
    uint64_t cursors[TORC_MAX_READERS];
    uint64_t published;
    take_cursors(bus, index, cursors);
    published = published_in(bus, index);
    *lane = (struct torc_lane_figures){.lane = index,
                                       .topic = torc_load_relaxed32(&control->topic),
                                       .open = bus->publisher[index] != NULL,
                                       .published = published - bus->config.first_sequence,
                                       .unsettled = behind(published, torc_load_acquire64(&control->claimed)),
                                       .stalls = torc_load_relaxed64(&control->stalls),
                                       .sleeps = torc_load_relaxed64(&lane_point(bus, index)->sleeps),
                                       .wakeups = torc_load_relaxed64(&lane_point(bus, index)->wakeups)};
    add_lags(bus, room, lane, cursors, published);
}

static void take_lanes(const struct bus *bus, struct room *room) {
    for (uint32_t i = 0; i < bus->config.publishers; i++) {
        struct torc_lane_figures *lane = &room->lanes[room->snapshot->lane_count];
        if (torc_load_relaxed32(&bus->lanes[i].state) != TORC_LANE_FREE) {
            take_lane(bus, room, i, lane);
            room->snapshot->published += lane->published;
            room->snapshot->lane_count++;
        }
    }
}

static void take_pool(const struct bus *bus, struct room *room, uint32_t number, const uint64_t *gate,
                      struct torc_pool_figures identity) {
    struct torc_pool_stats stats = {0};
    torc_pool_stats_add(&bus->hot.pools[number], gate, &stats);
    identity.capacity = stats.capacity;
    identity.in_use = stats.in_use;
    identity.high_water = stats.high_water;
    identity.retired = stats.retired;
    identity.saturated = stats.saturated;
    identity.allocations = stats.allocations;
    identity.dry = stats.dry;
    identity.bytes = stats.bytes;
    room->pools[room->snapshot->pool_count++] = identity;
}

static void take_pools(const struct bus *bus, struct room *room) {
    for (uint64_t i = 0; i < room->snapshot->lane_count; i++) {
        uint32_t lane = (uint32_t)room->lanes[i].lane;
        uint64_t gate = torc_lane_slowest(bus, lane);
        for (uint32_t shirt = 0; shirt < TORC_BANK_POOLS; shirt++) {
            take_pool(bus, room, bank_first_pool(lane) + shirt, &gate,
                      (struct torc_pool_figures){.owner = lane, .shirt = shirt});
        }
    }
    for (uint64_t i = 0; i < room->snapshot->reader_count; i++) {
        uint32_t reader = (uint32_t)room->readers[i].reader;
        take_pool(
            bus, room, keep_pool_of(bus, reader), NULL,
            (struct torc_pool_figures){.keep = 1, .owner = reader, .shirt = torc_shirt_of(bus->config.inline_bytes)});
    }
}

static void take(struct bus *bus, struct room *room) {
    struct torc_snapshot *snapshot = room->snapshot;
    uint32_t state = torc_load_acquire32(&bus->header->state); /* STATE */
    state = state == TORC_BUS_DRAINING && torc_bus_drained(bus) ? (uint32_t)TORC_BUS_CLOSED : state;
    *snapshot = (struct torc_snapshot){.at = torc_now(),
                                       .state = state,
                                       .bytes = torc_bus_size(&bus->config),
                                       .stale_refused = torc_load_relaxed64(bus->hot.refused),
                                       .membarrier = bus->hot.fence == 0,
                                       .locked = bus->memory.locked,
                                       .huge_pages = bus->memory.huge_pages,
                                       .prefaulted = bus->memory.prefaulted,
                                       .topics = room->topics,
                                       .lanes = room->lanes,
                                       .readers = room->readers,
                                       .pools = room->pools,
                                       .actors = room->actors};
    take_topics(bus, room);
    take_actors(bus, room);
    take_readers(bus, room);
    take_lanes(bus, room);
    take_pools(bus, room);
    snapshot->outstanding = torc_bus_outstanding(bus);
}

size_t torc_snapshot_size(struct torc_bus *public_bus) {
    const struct bus *bus = torc_bus_live(public_bus);
    return bus == NULL ? 0 : size_for(&bus->config);
}

int torc_snapshot_take(struct torc_bus *public_bus, void *memory, size_t bytes, struct torc_snapshot **snapshot) {
    struct bus *bus = torc_bus_live(public_bus);
    struct room room;
    if (bus == NULL || memory == NULL || snapshot == NULL || (uintptr_t)memory % sizeof(uint64_t) != 0 ||
        bytes < size_for(&bus->config)) {
        return bus == NULL ? torc_not_live(public_bus) : TORC_INVALID;
    }
    room = lay_out(memory, &bus->config);
    (void)pthread_mutex_lock(&bus->lock);
    take(bus, &room);
    (void)pthread_mutex_unlock(&bus->lock);
    *snapshot = room.snapshot;
    return TORC_OK;
}
