/* src/bus.c - creating, closing and destroying a bus. */
#include "../pools/xxl.h"
#include "registry.h"

#include <stdlib.h>
#include <string.h>

/* --- creation ----------------------------------------------------------------------------------------------- */

static void locate(struct bus *bus) {
    unsigned char *base = bus->memory.base;
    struct torc_offsets at = torc_header_offsets(&bus->config);
    bus->header = (struct torc_header *)(void *)base;
    bus->topics = (struct torc_topic_record *)(void *)(base + at.topics);
    bus->waitpoints = (struct torc_waitpoint *)(void *)(base + at.waitpoints);
    bus->lanes = (struct torc_lane *)(void *)(base + at.lanes);
    bus->cells = (struct torc_cell *)(void *)(base + at.cells);
    bus->entries = base + at.entries;
    bus->stride = TORC_ENTRY_BYTES(bus->config.inline_bytes);
    bus->hot.slots = (struct torc_slot *)(void *)(base + at.slots);
    bus->hot.refused = &bus->header->refused;
}

/* Where the next pool goes: its control block, marks and payload, and its slot numbers. */
struct place {
    unsigned char *at;
    uint32_t slot;
    struct torc_pool_view **pool_of;
};

/* Places one pool and steps over it. */
static void view_pool(struct bus *bus, uint32_t number, uint32_t shirt, uint32_t slots, struct place *place,
                      struct torc_waitpoint *space) {
    struct torc_pool_view *pool = &bus->hot.pools[number];
    uint32_t end = place->slot + (uint32_t)TORC_SLOT_NUMBERS(slots);
    pool->ctl = (struct torc_pool_ctl *)(void *)place->at;
    pool->slots = bus->hot.slots + place->slot;
    pool->payload = place->at + TORC_POOL_CTL_BYTES + TORC_MARK_BYTES(slots);
    pool->first = place->slot;
    pool->size = torc_shirt_bytes(shirt);
    pool->capacity = slots;
    pool->space = space;
    torc_store_relaxed32(&pool->later,
                         (bus->config.flags & TORC_DESTROY_LATER) != 0 ? TORC_LATER_MAYBE : TORC_LATER_NEVER);
    for (; place->slot < end; place->slot += TORC_SLOT_GRANULE) {
        place->pool_of[place->slot / TORC_SLOT_GRANULE] = pool;
    }
    place->at = pool->payload + (size_t)slots * pool->size;
    torc_pool_init(pool, shirt, bus->header->first_generation, bus->header->first_sequence);
}

/* What lies behind a bank's descriptors. */
static bool view_xxl(struct bus *bus, uint32_t lane) {
    const struct torc_config *config = &bus->config;
    struct torc_pool_view *pool = &bus->hot.pools[bank_first_pool(lane) + TORC_XXL];
    size_t area = TORC_XXL_AREA_BYTES(config->xxl, config->xxl_bytes);
    pool->payload = NULL;
    pool->xxl = torc_xxl_table_new(&config->xxl_provider, config->xxl);
    if (pool->xxl != NULL && area != 0) {
        unsigned char *areas = (unsigned char *)bus->header + bus->header->at.areas;
        torc_xxl_area_open(pool->xxl, areas + lane * area, config->xxl, config->xxl_bytes);
    }
    return pool->xxl != NULL;
}

static int view_pools(struct bus *bus) {
    const struct torc_config *config = &bus->config;
    struct place place = {(unsigned char *)bus->header + bus->header->at.banks, 0,
                          calloc(bus->hot.slot_count / TORC_SLOT_GRANULE + 1u, sizeof(struct torc_pool_view *))};
    bus->hot.pool_of = place.pool_of;
    if (place.pool_of == NULL) {
        return TORC_NO_MEMORY;
    }
    for (uint32_t lane = 0; lane < config->publishers; lane++) {
        uint32_t first = bank_first_pool(lane);
        for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
            view_pool(bus, first + shirt, shirt, config->slots[shirt], &place, lane_point(bus, lane));
        }
        view_pool(bus, first + TORC_XXL, TORC_XXL, config->xxl, &place, lane_point(bus, lane));
        if (!view_xxl(bus, lane)) {
            return TORC_NO_MEMORY;
        }
    }
    for (uint32_t reader = 0; reader < config->readers; reader++) {
        struct torc_waitpoint *space = &bus->waitpoints[reader_point_index(bus, reader)];
        view_pool(bus, keep_pool_of(bus, reader), torc_shirt_of(config->inline_bytes), config->keep_slots, &place,
                  space);
    }
    return TORC_OK;
}

static void free_parts(struct bus *bus) {
    torc_topics_free(bus);
    if (bus->hot.pools != NULL) {
        for (uint32_t i = 0; i < bus->hot.pool_count; i++) {
            free(bus->hot.pools[i].xxl);
        }
    }
    free(bus->hot.pools);
    free((void *)(uintptr_t)bus->hot.pool_of);
    free(bus->topic);
    free(bus->actor_used);
    free(bus->actor);
    free(bus->notify);
    torc_memory_give(&bus->memory);
    (void)pthread_mutex_destroy(&bus->lock);
    free(bus);
}

static int build(struct bus *bus) {
    struct torc_config *config = &bus->config;
    int status;
    locate(bus);
    torc_header_format(bus->header, config);
    bus->hot.slot_count = (uint32_t)torc_slot_numbers(config);
    bus->hot.pool_count = config->publishers * TORC_BANK_POOLS + config->readers;
    bus->hot.fence = torc_membarrier_setup();
    bus->hot.pools = aligned_alloc(TORC_LINE, bus->hot.pool_count * sizeof *bus->hot.pools);
    if (bus->hot.pools == NULL) {
        return TORC_NO_MEMORY;
    }
    memset(bus->hot.pools, 0, bus->hot.pool_count * sizeof *bus->hot.pools);
    bus->topic = calloc(config->topics, sizeof(struct torc_topic *));
    bus->actor_used = calloc(config->actors + 1u, sizeof *bus->actor_used);
    bus->actor = calloc(config->actors + 1u, sizeof(struct torc_actor *));
    bus->notify = calloc(config->readers + 1u, sizeof *bus->notify);
    if (bus->topic == NULL || bus->actor_used == NULL || bus->actor == NULL || bus->notify == NULL) {
        return TORC_NO_MEMORY;
    }
    for (uint32_t i = 0; i < config->readers; i++) {
        torc_notify_init(&bus->notify[i]);
    }
    status = view_pools(bus);
    return status == TORC_OK ? torc_topics_init(bus) : status;
}

static int create(const struct torc_config *config, void *memory, size_t bytes, bool map, struct torc_bus **out) {
    static const struct torc_config preset = TORC_CONFIG_DEFAULT_INIT;
    size_t need;
    struct bus *bus;
    int status;
    config = config == NULL ? &preset : config;
    need = torc_bus_size(config);
    if (out == NULL || need == 0 || (!map && bytes < need)) {
        return TORC_INVALID;
    }
    bus = calloc(1, sizeof *bus);
    if (bus == NULL) {
        return TORC_NO_MEMORY;
    }
    bus->config = *config;
    bus->config.inline_bytes = config->inline_bytes != 0 ? config->inline_bytes : TORC_INLINE_BYTES;
    status = pthread_mutex_init(&bus->lock, NULL) == 0 ? TORC_OK : TORC_NO_MEMORY;
    if (status == TORC_OK) {
        status = map ? torc_memory_take(need, config->flags, &bus->memory)
                     : torc_memory_adopt(memory, need, config->flags, &bus->memory);
        if (status != TORC_OK) {
            (void)pthread_mutex_destroy(&bus->lock);
        }
    }
    if (status != TORC_OK) {
        free(bus);
        return status;
    }
    status = build(bus);
    status = status == TORC_OK ? torc_registry_add(bus) : status;
    if (status != TORC_OK) {
        free_parts(bus);
        return status;
    }
    *out = &bus->hot;
    return TORC_OK;
}

int torc_bus_create(const struct torc_config *config, struct torc_bus **bus) {
    return create(config, NULL, 0, true, bus);
}

int torc_bus_create_at(void *memory, size_t bytes, const struct torc_config *config, struct torc_bus **bus) {
    return create(config, memory, bytes, false, bus);
}

/* --- the end ------------------------------------------------------------------------------------------------ */

void torc_bus_wake_all(const struct bus *bus) {
    size_t points = TORC_WAITPOINTS(bus->config.publishers, bus->config.readers, bus->config.actors);
    for (size_t i = 0; i < points; i++) {
        torc_waitpoint_wake(&bus->waitpoints[i]);
    }
    for (uint32_t i = 0; i < bus->config.readers; i++) {
        torc_notify(&bus->notify[i]);
    }
}

/* CLOSE: room = 0 in every publisher, then the heavy barrier, then the state. After the barrier a publish has either
 * said that its claim is open (lane.claimed), so that readers wait for it, or will find no room. A closed bus can still
 * be halted; publishers are shut by then. */
void torc_bus_shut(struct bus *bus, uint32_t state) {
    if (torc_load_relaxed32(&bus->header->state) >= state) {
        return;
    }
    for (uint32_t i = 0; i < bus->config.publishers; i++) {
        if (bus->publisher[i] != NULL) {
            torc_store_relaxed32(&bus->publisher[i]->shut, 1);
            torc_store_relaxed64(&bus->publisher[i]->hot.room, 0);
        }
    }
    torc_barrier_heavy(bus->hot.fence);
    torc_store_release32(&bus->header->state, state); /* STATE */
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        torc_topic_changed(&bus->topics[i]);
    }
    torc_bus_wake_all(bus);
}

int torc_bus_close(struct torc_bus *public_bus) {
    struct bus *bus = torc_bus_live(public_bus);
    if (bus == NULL) {
        return torc_not_live(public_bus);
    }
    (void)pthread_mutex_lock(&bus->lock);
    torc_bus_shut(bus, TORC_BUS_DRAINING);
    (void)pthread_mutex_unlock(&bus->lock);
    return TORC_OK;
}

bool torc_bus_anyone_open(const struct bus *bus) {
    for (uint32_t i = 0; i < TORC_MAX_PUBLISHERS; i++) {
        if (bus->publisher[i] != NULL) {
            return true;
        }
    }
    for (uint32_t i = 0; i < TORC_MAX_READERS; i++) {
        if (bus->reader[i] != NULL) {
            return true;
        }
    }
    for (uint32_t i = 0; i < bus->config.actors; i++) {
        if (bus->actor_used[i]) {
            return true;
        }
    }
    return false;
}

/* The rings' own references go last, and with them the XXL blocks that nobody kept. */
void torc_bus_drop_rings(struct bus *bus) {
    for (uint32_t lane = 0; lane < bus->config.publishers; lane++) {
        struct torc_bank bank = {.bus = &bus->hot, .first = bank_first_pool(lane)};
        torc_bank_drop_all(&bank);
    }
}

/* Nobody uses it any more? `held` receives the slots that handles hold. */
static bool unused(struct bus *bus, uint64_t *held) {
    bool open;
    (void)pthread_mutex_lock(&bus->lock);
    open = torc_bus_anyone_open(bus);
    *held = torc_bus_outstanding(bus);
    (void)pthread_mutex_unlock(&bus->lock);
    return !open && *held == 0;
}

void torc_bus_free(struct bus *bus) {
    torc_bus_drop_rings(bus);
    free_parts(bus);
}

/* Of two that destroy the same bus, the second finds it gone from the registry. One whose end is inside a call keeps
 * it. */
int torc_bus_destroy(struct torc_bus **handle, uint64_t *outstanding) {
    struct bus *bus;
    uint64_t held = 0;
    int status = TORC_INVALID;
    if (handle == NULL || *handle == NULL) {
        return TORC_INVALID;
    }
    torc_registry_lock();
    bus = torc_registry_live(*handle);
    if (bus != NULL) {
        status = unused(bus, &held) && bus->leaving.holds == 0 ? TORC_OK : TORC_BUSY;
    }
    if (status == TORC_OK) {
        torc_registry_remove(bus);
    }
    torc_registry_unlock();
    if (bus == NULL) {
        return torc_not_live(*handle);
    }
    if (outstanding != NULL) {
        *outstanding = held;
    }
    if (status == TORC_OK) {
        *handle = NULL;
        torc_bus_free(bus);
    }
    return status;
}

/* --- draining ----------------------------------------------------------------------------------------------- */

struct drain {
    struct bus *bus;
    uint64_t target[TORC_MAX_PUBLISHERS];
    bool halted;
};

static void set_targets(struct drain *drain) {
    for (uint32_t lane = 0; lane < drain->bus->config.publishers; lane++) {
        drain->target[lane] = torc_lane_published(drain->bus, lane);
    }
}

static bool targets_met(const struct drain *drain) {
    for (uint32_t lane = 0; lane < drain->bus->config.publishers; lane++) {
        if (torc_load_acquire32(&drain->bus->lanes[lane].state) != TORC_LANE_FREE &&
            sequence_before(torc_lane_slowest(drain->bus, lane), drain->target[lane])) {
            return false;
        }
    }
    return true;
}

bool torc_bus_drained(struct bus *bus) {
    struct drain drain = {.bus = bus};
    set_targets(&drain);
    return targets_met(&drain);
}

/* Once halted a reader that leaves looks as if it had read everything. */
static bool drained(void *context) {
    struct drain *drain = context;
    bool met = targets_met(drain);
    drain->halted = bus_halted(drain->bus);
    return met || drain->halted;
}

/* Readers that give a cursor back look at their lane's waitpoint; torc_lane_moved passes the wake-up on to us. */
static void watch_lanes(const struct bus *bus, uint32_t plus) {
    for (uint32_t lane = 0; lane < bus->config.publishers; lane++) {
        (void)torc_add_relaxed32(&lane_point(bus, lane)->drains, plus);
    }
}

/* Also when the waiting thread is cancelled. */
static void stop_watching(struct bus **bus) {
    watch_lanes(*bus, UINT32_MAX); /* one less */
}

static int await_watching(const struct torc_await *await, uint64_t deadline) {
    struct bus *bus __attribute__((cleanup(stop_watching))) = ((struct drain *)await->context)->bus;
    watch_lanes(bus, 1);
    return torc_await(await, deadline);
}

int torc_bus_drain(struct torc_bus *public_bus, uint64_t deadline) {
    struct drain drain = {.bus = torc_bus_live(public_bus)};
    struct torc_await await;
    int status;
    if (drain.bus == NULL) {
        return torc_not_live(public_bus);
    }
    set_targets(&drain);
    await = (struct torc_await){drain_point(drain.bus), drained, NULL, &drain, drain.bus->hot.fence, TORC_WAIT_BLOCK};
    status = await_watching(&await, deadline);
    if (status == TORC_OK && drain.halted) {
        return TORC_CLOSED;
    }
    return status;
}
