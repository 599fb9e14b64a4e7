/* forged_world.c - what forged handles are tried on. */
#include "forged_world.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct world worlds[WORLDS];

static void must_ok(int status, const char *what) {
    MUST(status == TORC_OK, "%s: %s", what, torc_status_name(status));
}

static enum torc_action on_message(void *context, struct torc_ringptr message) {
    const struct world *world = context;
    MUST(message.bus == world->bus && torc_ringptr_is_valid(message), "a forged handle reached an actor");
    return TORC_CONTINUE;
}

/* --- building ----------------------------------------------------------------------------------------------- */

static void add_genuine(struct world *world, struct torc_ringptr ptr, uint32_t serial, size_t length, bool in_ring) {
    world->genuine[world->genuine_count++] =
        (struct genuine){ptr, torc_ringptr_count(ptr), serial, type_of(serial), length, in_ring};
}

/* A handle of each shirt; every second one has been used and released before, so that its id is stale now. */
static void add_handles(struct world *world) {
    static const size_t lengths[] = {0, 64, 256, 1000, 4096, 16384, 16385};
    for (uint32_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct torc_ringptr ptr;
        void *data;
        for (uint32_t round = 0; round < 2; round++) {
            must_ok(torc_ringptr_claim(world->publisher, type_of(i), lengths[i], &ptr, &data), "claiming");
            if (round == 0) {
                world->stale[world->stale_count++] = ptr.id;
                must_ok(torc_ringptr_release(ptr), "releasing");
            }
        }
        fill_pattern(data, lengths[i], i);
        add_genuine(world, ptr, i, lengths[i], false);
    }
}

/* Events in slots, borrowed by a reader that never advances: only the ring holds them. */
static void add_events(struct world *world) {
    for (uint32_t serial = 10; serial < 13; serial++) {
        uint8_t payload[300];
        struct torc_event event;
        fill_pattern(payload, sizeof payload, serial);
        must_ok(torc_try_publish(world->publisher, type_of(serial), payload, sizeof payload), "publishing");
        must_ok(torc_next(world->reader, &event), "reading");
        add_genuine(world, (struct torc_ringptr){world->bus, event.slot}, serial, sizeof payload, true);
    }
}

static void add_actor(struct world *world) {
    struct torc_actor_config config = {.on_message = on_message, .context = world};
    struct torc_actor_stats stats = {0};
    struct torc_ringptr clone;
    must_ok(torc_actor_start(world->bus, &config, &world->actor), "starting an actor");
    must_ok(torc_ringptr_clone(world->genuine[0].ptr, &clone), "cloning");
    must_ok(CALL(torc_actor_send, world->actor, clone, TORC_FOREVER), "sending");
    while (stats.messages == 0 || torc_ringptr_count(clone) != 1) {
        must_ok(torc_actor_stats(world->actor, &stats), "statistics");
        (void)sched_yield();
    }
}

static void open_world(struct world *world, uint64_t first_generation) {
    struct torc_config config = {.topics = 1,
                                 .publishers = 2,
                                 .readers = 2,
                                 .actors = 1,
                                 .lane_entries = 8,
                                 .slots = {5, 4, 6, 3, 2},
                                 .xxl = 3,
                                 .keep_slots = 3,
                                 .first_generation = first_generation};
    struct torc_reader_config by_hand = {.wait = TORC_WAIT_BLOCK, .manual_advance = 1};
    size_t bytes = torc_bus_size(&config);
    struct torc_topic *topic;
    world->memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    MUST(world->memory != NULL, "no memory for a bus");
    must_ok(torc_bus_create_at(world->memory, bytes, &config, &world->bus), "creating a bus");
    must_ok(torc_topic_open(world->bus, "t", 0, &topic), "opening a topic");
    must_ok(torc_publisher_open(topic, NULL, &world->publisher), "opening a publisher");
    must_ok(torc_reader_open(topic, &by_hand, &world->reader), "opening a reader");
    add_handles(world);
    add_events(world);
    add_actor(world);
    must_ok(torc_audit(world->bus, &world->audit), "auditing");
}

void worlds_open(void) {
    if (worlds[0].bus == NULL) {
        open_world(&worlds[0], 0);
        open_world(&worlds[1], TORC_GENERATION_LAST - 2); /* some slots retire at once */
    }
}

static void close_world(struct world *world) {
    for (uint32_t i = 0; i < world->genuine_count; i++) {
        if (!world->genuine[i].in_ring) {
            must_ok(torc_ringptr_release(world->genuine[i].ptr), "releasing");
        }
    }
    must_ok(torc_actor_stop(world->actor, TORC_STOP_DRAIN, NULL), "stopping an actor");
    must_ok(torc_publisher_close(world->publisher), "closing a publisher");
    must_ok(torc_reader_close(world->reader), "closing a reader");
    must_ok(torc_bus_destroy(&world->bus, NULL), "destroying");
    free(world->memory);
    memset(world, 0, sizeof *world);
}

void worlds_close(void) {
    for (uint32_t i = 0; i < WORLDS; i++) {
        close_world(&worlds[i]);
    }
}

/* --- forging ------------------------------------------------------------------------------------------------ */

uint64_t forge(const struct world *world, uint32_t kind, uint64_t random) {
    const struct world *other = &worlds[world == &worlds[0]];
    uint64_t id = world->genuine[random % world->genuine_count].ptr.id;
    random /= GENUINE;
    switch (kind % 8) {
    case 0:
        return random * UINT64_C(0x9E3779B97F4A7C15);
    case 1:
        return id ^ UINT64_C(1) << random % 64;
    case 2:
        return id ^ UINT64_C(1) << random % 64 ^ UINT64_C(1) << random / 64 % 64;
    case 3:
        return world->stale[random % world->stale_count];
    case 4: /* any slot number, a generation that exists */
        return (id & ~(((UINT64_C(1) << TORC_ID_SLOT_BITS) - 1) << TORC_ID_SLOT_SHIFT)) ^
               (random & ((UINT64_C(1) << TORC_ID_SLOT_BITS) - 1)) << TORC_ID_SLOT_SHIFT;
    case 5:
        return other->genuine[random % other->genuine_count].ptr.id;
    case 6: /* a real slot, a generation nearby */
        return id + random % 9 - 4;
    default: /* the extremes of each field */
        return (random & 1 ? TORC_GENERATION_LAST : 0) | (random & 2 ? UINT64_C(0x7FFFFF) << TORC_ID_SLOT_SHIFT : 0) |
               (random & 4 ? TORC_ID_SHARED : 0) | (random & 8 ? id : 0);
    }
}

static bool is_genuine(const struct world *world, uint64_t id) {
    for (uint32_t i = 0; i < world->genuine_count; i++) {
        if (((world->genuine[i].ptr.id ^ id) & ~TORC_ID_SHARED) == 0) {
            return true;
        }
    }
    return false;
}

bool try_forged(struct world *world, uint64_t id) {
    const struct world *other = &worlds[world == &worlds[0]];
    struct torc_ringptr forged = {world->bus, id}, clone = TORC_RINGPTR_NULL;
    unsigned long long shown = (unsigned long long)id;
    if (is_genuine(world, id)) {
        return false;
    }
    MUST(seen(F_torc_ringptr_is_valid, torc_ringptr_is_valid(forged) ? TORC_OK : TORC_STALE) == TORC_STALE,
         "forged handle %llx is valid", shown);
    MUST(torc_ringptr_data(forged) == NULL && torc_ringptr_length(forged) == 0 && torc_ringptr_type(forged) == 0 &&
             torc_ringptr_count(forged) == 0 && torc_ringptr_shirt(forged) == -1,
         "forged handle %llx tells something", shown);
    MUST(CALL(torc_ringptr_clone, forged, &clone) == TORC_STALE && torc_ringptr_is_null(clone),
         "forged handle %llx was cloned", shown);
    MUST(CALL(torc_ringptr_release, forged) == TORC_STALE, "forged handle %llx was released", shown);
    MUST(CALL(torc_actor_send, world->actor, forged, TORC_NO_WAIT) == TORC_STALE, "forged handle %llx was sent", shown);
    MUST(CALL(torc_actor_send, other->actor, forged, TORC_NO_WAIT) == TORC_INVALID, "sent to another bus's actor");
    world->refused += 2;
    return true;
}

void check_world(struct world *world) {
    struct torc_audit now;
    struct torc_bus_stats stats;
    must_ok(torc_audit(world->bus, &now), "audit");
    MUST(now.free_slots == world->audit.free_slots && now.live_slots == world->audit.live_slots &&
             now.retired_slots == world->audit.retired_slots && now.outstanding == world->audit.outstanding,
         "forged handles changed the bus: %llu free, %llu live", (unsigned long long)now.free_slots,
         (unsigned long long)now.live_slots);
    must_ok(torc_bus_stats(world->bus, &stats), "statistics");
    MUST(stats.stale_refused == world->refused, "%llu handles counted as refused, not %llu",
         (unsigned long long)stats.stale_refused, (unsigned long long)world->refused);
    for (uint32_t i = 0; i < world->genuine_count; i++) {
        const struct genuine *genuine = &world->genuine[i];
        struct torc_ringptr ptr = genuine->ptr;
        MUST(torc_ringptr_count(ptr) == 1 && torc_ringptr_length(ptr) == genuine->length &&
                 torc_ringptr_type(ptr) == genuine->type,
             "forged handles changed live slot %llx", (unsigned long long)ptr.id);
        MUST(has_pattern(torc_ringptr_data(ptr), genuine->length, genuine->serial), "a payload changed");
    }
}
