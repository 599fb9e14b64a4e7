/* src/stats.c - figures of bus, banks and keep pools. All are read by any thread while others run. */
#include "core.h"

uint64_t torc_bus_outstanding(const struct bus *bus) {
    uint64_t held = 0;
    for (uint32_t number = 0; number < bus->hot.pool_count; number++) {
        const struct torc_pool_view *pool = &bus->hot.pools[number];
        for (uint32_t i = 0; i < pool->capacity; i++) {
            uint64_t references = torc_word_count(torc_load_relaxed64(&pool->slots[i].word));
            held += references > (torc_load_relaxed64(torc_pool_mark(pool, i)) & 1u);
        }
    }
    return held;
}

int torc_bus_stats(struct torc_bus *public_bus, struct torc_bus_stats *stats) {
    struct bus *bus = torc_bus_live(public_bus);
    if (bus == NULL || stats == NULL) {
        return bus == NULL ? torc_not_live(public_bus) : TORC_INVALID;
    }
    (void)pthread_mutex_lock(&bus->lock);
    *stats = (struct torc_bus_stats){.bytes = torc_bus_size(&bus->config),
                                     .topics = bus->topic_count,
                                     .prefaulted = bus->memory.prefaulted,
                                     .huge_pages = bus->memory.huge_pages,
                                     .locked = bus->memory.locked,
                                     .membarrier = bus->hot.fence == 0,
                                     .stale_refused = torc_load_relaxed64(bus->hot.refused),
                                     .outstanding = torc_bus_outstanding(bus)};
    for (uint32_t i = 0; i < bus->config.publishers; i++) {
        stats->publishers += bus->publisher[i] != NULL;
        stats->published += torc_lane_published(bus, i) - bus->config.first_sequence;
    }
    for (uint32_t i = 0; i < bus->config.readers; i++) {
        stats->readers += bus->reader[i] != NULL;
    }
    for (uint32_t i = 0; i < bus->config.actors; i++) {
        stats->actors += bus->actor_used[i];
    }
    (void)pthread_mutex_unlock(&bus->lock);
    return TORC_OK;
}

static void add_lane_pool(const struct bus *bus, uint32_t lane, uint32_t shirt, struct torc_pool_stats *stats) {
    uint64_t gate = torc_lane_slowest(bus, lane);
    torc_pool_stats_add(&bus->hot.pools[bank_first_pool(lane) + shirt], &gate, stats);
}

int torc_bus_pool_stats(struct torc_bus *public_bus, uint32_t shirt, struct torc_pool_stats *stats) {
    struct bus *bus = torc_bus_live(public_bus);
    if (bus == NULL || stats == NULL || shirt > TORC_XXL) {
        return bus == NULL ? torc_not_live(public_bus) : TORC_INVALID;
    }
    *stats = (struct torc_pool_stats){.shirt = shirt, .slot_bytes = torc_shirt_bytes(shirt)};
    for (uint32_t lane = 0; lane < bus->config.publishers; lane++) {
        add_lane_pool(bus, lane, shirt, stats);
    }
    return TORC_OK;
}

int torc_bus_keep_stats(struct torc_bus *public_bus, struct torc_pool_stats *stats) {
    struct bus *bus = torc_bus_live(public_bus);
    if (bus == NULL || stats == NULL) {
        return bus == NULL ? torc_not_live(public_bus) : TORC_INVALID;
    }
    *stats = (struct torc_pool_stats){.shirt = torc_shirt_of(bus->config.inline_bytes),
                                      .slot_bytes = TORC_KEEP_SLOT_BYTES(bus->config.inline_bytes)};
    for (uint32_t reader = 0; reader < bus->config.readers; reader++) {
        torc_pool_stats_add(&bus->hot.pools[keep_pool_of(bus, reader)], NULL, stats);
    }
    return TORC_OK;
}

int torc_publisher_pool_stats(struct torc_publisher *publisher, uint32_t shirt, struct torc_pool_stats *stats) {
    const struct publisher *self = publisher_of(publisher);
    if (publisher == NULL || stats == NULL || shirt > TORC_XXL) {
        return TORC_INVALID;
    }
    if (self->bus->forked) {
        return TORC_FORKED;
    }
    *stats = (struct torc_pool_stats){.shirt = shirt, .slot_bytes = torc_shirt_bytes(shirt)};
    add_lane_pool(self->bus, self->index, shirt, stats);
    return TORC_OK;
}
