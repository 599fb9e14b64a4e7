/* script_stats.c - what the bus says of itself: the audit, and statistics of all kinds. */
#include "script.h"

static uint64_t slots_in_all(void) {
    uint64_t per_bank = model.config.xxl;
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        per_bank += model.config.slots[shirt];
    }
    return per_bank * model.config.publishers + (uint64_t)model.config.keep_slots * model.config.readers;
}

void op_audit(void) {
    struct torc_audit found;
    uint64_t busy = 0, blocks = 0;
    int status = torc_audit(script.bus, &found);
    MUST(status == TORC_OK, "audit: %s at %llu, %llu", found.broken, (unsigned long long)found.where,
         (unsigned long long)found.index);
    (void)seen(F_torc_audit, status);
    MUST(found.free_slots + found.live_slots + found.retired_slots == found.total_slots,
         "free %llu + live %llu + retired %llu is not %llu", (unsigned long long)found.free_slots,
         (unsigned long long)found.live_slots, (unsigned long long)found.retired_slots,
         (unsigned long long)found.total_slots);
    MUST(found.total_slots == slots_in_all(), "%llu slots in all", (unsigned long long)found.total_slots);
    MUST(found.outstanding == outstanding_now(), "the audit sees %llu slots held, not %llu",
         (unsigned long long)found.outstanding, (unsigned long long)outstanding_now());
    for (uint32_t bank = 0; bank < LANES + READERS; bank++) {
        for (uint32_t shirt = 0; shirt < POOLS; shirt++) {
            busy += busy_in(bank, shirt).lo;
        }
    }
    for (uint32_t i = 0; i < model.block_count; i++) {
        blocks += model.block[i].used;
    }
    MUST(found.live_slots >= busy && found.live_slots <= blocks, "%llu live slots, not %llu..%llu",
         (unsigned long long)found.live_slots, (unsigned long long)busy, (unsigned long long)blocks);
}

/* --- statistics --------------------------------------------------------------------------------------------- */

static void check_bus_stats(void) {
    struct torc_bus_stats stats;
    uint64_t published = 0, publishers = 0, readers = 0;
    expect(CALL(torc_bus_stats, script.bus, &stats), TORC_OK, "statistics");
    for (uint32_t i = 0; i < LANES; i++) {
        published += published_of(&model.lane[i]);
        publishers += model.publisher[i].ptr != NULL;
        readers += model.reader[i].ptr != NULL;
    }
    MUST(stats.published == published, "%llu events published, not %llu", (unsigned long long)stats.published,
         (unsigned long long)published);
    MUST(stats.publishers == publishers && stats.readers == readers && stats.topics == model.topic_count &&
             stats.actors == 0,
         "%u publishers, %u readers, %u topics", stats.publishers, stats.readers, stats.topics);
    MUST(stats.stale_refused == model.refused, "%llu handles refused, not %llu",
         (unsigned long long)stats.stale_refused, (unsigned long long)model.refused);
    MUST(stats.outstanding == outstanding_now(), "%llu slots held, not %llu", (unsigned long long)stats.outstanding,
         (unsigned long long)outstanding_now());
    MUST(stats.bytes == torc_bus_size(&model.config), "the size of the bus");
}

static void check_pool(uint32_t shirt) {
    struct torc_pool_stats stats;
    struct range busy = {0, 0}, dry = {0, 0};
    uint64_t allocations = 0;
    expect(CALL(torc_bus_pool_stats, script.bus, shirt, &stats), TORC_OK, "pool statistics");
    for (uint32_t i = 0; i < LANES; i++) {
        struct range one = busy_in(i, shirt);
        busy.lo += one.lo;
        busy.hi += one.hi;
        dry.lo += model.lane[i].dry[shirt].lo;
        dry.hi += model.lane[i].dry[shirt].hi;
        allocations += model.lane[i].allocations[shirt];
    }
    MUST(stats.capacity == capacity_of(0, shirt) * model.config.publishers, "%u slots of shirt %u", stats.capacity,
         shirt);
    MUST(stats.in_use >= busy.lo && stats.in_use <= busy.hi, "%u slots of shirt %u in use, not %llu..%llu",
         stats.in_use, shirt, (unsigned long long)busy.lo, (unsigned long long)busy.hi);
    MUST(stats.dry >= dry.lo && stats.dry <= dry.hi, "shirt %u was dry %llu times, not %llu..%llu", shirt,
         (unsigned long long)stats.dry, (unsigned long long)dry.lo, (unsigned long long)dry.hi);
    MUST(stats.allocations == allocations, "%llu allocations of shirt %u, not %llu",
         (unsigned long long)stats.allocations, shirt, (unsigned long long)allocations);
    MUST(stats.high_water <= capacity_of(0, shirt) && stats.saturated == 0, "high water %u of shirt %u",
         stats.high_water, shirt);
}

static void check_keep_pools(void) {
    struct torc_pool_stats stats;
    uint64_t busy = 0, retired = 0;
    expect(CALL(torc_bus_keep_stats, script.bus, &stats), TORC_OK, "keep statistics");
    for (uint32_t i = 0; i < READERS; i++) {
        busy += busy_in(LANES + i, torc_shirt_of(model.config.inline_bytes)).lo;
        retired += model.keep_retired[i];
    }
    MUST(stats.in_use - retired == busy || stats.in_use == busy, "%u keep slots in use, not %llu", stats.in_use,
         (unsigned long long)busy);
    MUST(stats.retired == retired && stats.allocations == model.keep_allocations && stats.dry == model.keep_dry,
         "keep pools: %u retired, %llu allocations, %llu dry", stats.retired, (unsigned long long)stats.allocations,
         (unsigned long long)stats.dry);
}

void op_stats(void) {
    struct torc_pool_stats stats;
    check_bus_stats();
    for (uint32_t shirt = 0; shirt < POOLS; shirt++) {
        check_pool(shirt);
    }
    check_keep_pools();
    expect(CALL(torc_bus_pool_stats, script.bus, POOLS, &stats), TORC_INVALID, "no shirt");
    expect(CALL(torc_bus_keep_stats, script.bus, NULL), TORC_INVALID, "no statistics");
    for (uint32_t i = 0; i < LANES; i++) {
        const struct publisher *publisher = &model.publisher[i];
        if (publisher->ptr != NULL) {
            struct lane *lane = &model.lane[publisher->lane];
            uint64_t stalls = torc_publisher_stalls(publisher->ptr);
            MUST(stalls >= lane->stalls.lo && stalls <= lane->stalls.hi, "%llu stalls, not %llu..%llu",
                 (unsigned long long)stalls, (unsigned long long)lane->stalls.lo, (unsigned long long)lane->stalls.hi);
            lane->stalls = (struct range){stalls, stalls};
            MUST(torc_publisher_sequence(publisher->ptr) == model.config.first_sequence + lane->claimed,
                 "a lane's sequence");
        }
    }
}
