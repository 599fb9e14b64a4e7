/* model_pool.c - which slots are in use, which can be had, and what an allocation must answer. */
#include "model.h"

#include <string.h>

struct block *block_new(uint32_t bank, uint32_t shirt, uint32_t serial, size_t length, uint32_t type) {
    for (uint32_t i = 0; i < BLOCKS; i++) {
        if (!model.block[i].used) {
            model.block_count = i < model.block_count ? model.block_count : i + 1;
            model.block[i] = (struct block){
                .used = true, .bank = bank, .shirt = shirt, .serial = serial, .type = type, .length = (uint32_t)length};
            return &model.block[i];
        }
    }
    finding("the model has no block left: more slots are out than the bus has");
}

void block_free_if_unused(uint32_t number) {
    struct block *block = &model.block[number];
    if (block->ring || block->claimed || block->users != 0) {
        return;
    }
    block->used = false;
    for (uint32_t i = 0; i < HANDLES; i++) {
        if (model.handle[i].block == number) {
            model.handle[i].block = NONE;
        }
    }
}

void block_leave_ring(uint32_t number) {
    struct block *block = &model.block[number];
    model.lane[block->bank].event[block->sequence].block = NONE;
    block->ring = false;
    block_free_if_unused(number);
}

struct range ring_holds(const struct block *block) {
    struct range slowest;
    if (!block->ring) {
        return (struct range){0, 0};
    }
    slowest = slowest_of(block->bank);
    return (struct range){block->sequence >= slowest.hi, 1};
}

uint32_t capacity_of(uint32_t bank, uint32_t shirt) {
    if (bank >= LANES) {
        return model.config.keep_slots;
    }
    return shirt == TORC_XXL ? model.config.xxl : model.config.slots[shirt];
}

static bool in_pool(const struct block *block, uint32_t bank, uint32_t shirt) {
    return block->used && block->bank == bank && block->shirt == shirt;
}

struct range busy_in(uint32_t bank, uint32_t shirt) {
    struct range busy = {0, 0};
    struct range slowest = bank < LANES ? slowest_of(bank) : (struct range){0, 0};
    for (uint32_t i = 0; i < model.block_count; i++) {
        const struct block *block = &model.block[i];
        if (in_pool(block, bank, shirt)) {
            bool held = block->users != 0 || block->claimed;
            busy.lo += held || (block->ring && block->sequence >= slowest.hi);
            busy.hi += held || (block->ring && block->sequence >= slowest.lo);
        }
    }
    return busy;
}

static uint32_t blocks_in(uint32_t bank, uint32_t shirt) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < model.block_count; i++) {
        count += in_pool(&model.block[i], bank, shirt);
    }
    return count;
}

static uint64_t less(uint64_t from, uint64_t by) {
    return from > by ? from - by : 0;
}

/* Where generations run out, a slot that all have passed may turn out to retire instead of being had. */
struct range available_in(uint32_t bank, uint32_t shirt) {
    uint64_t capacity = capacity_of(bank, shirt);
    struct range busy = busy_in(bank, shirt), retired;
    if (bank < LANES) {
        retired = model.lane[bank].retired[shirt];
    } else {
        retired = (struct range){model.keep_retired[bank - LANES], model.keep_retired[bank - LANES]};
    }
    if (model.generations < LANE_LONG) {
        busy.hi = blocks_in(bank, shirt);
    }
    return (struct range){less(capacity, retired.hi + busy.hi), less(capacity, retired.lo + busy.lo)};
}

uint64_t outstanding_now(void) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < model.block_count; i++) {
        count += model.block[i].used && (model.block[i].users != 0 || model.block[i].claimed);
    }
    return count;
}

/* --- allocations -------------------------------------------------------------------------------------------- */

static uint32_t smallest_for(size_t length) {
    static const size_t bytes[] = {64, 256, 1024, 4096, 16384};
    uint32_t shirt = 0;
    while (shirt < TORC_XXL && length > bytes[shirt]) {
        shirt++;
    }
    return shirt;
}

/* The pools to try, in order; returns how many. */
static uint32_t chain_of(const struct wish *wish, uint32_t chain[POOLS]) {
    uint32_t shirt = smallest_for(wish->length);
    uint32_t count = 0;
    while (shirt <= TORC_XXL && capacity_of(wish->lane, shirt) == 0) {
        shirt++;
    }
    if (shirt > TORC_XXL) {
        return 0;
    }
    chain[count++] = shirt;
    for (uint32_t next = shirt + 1; wish->dry == TORC_DRY_BIGGER && next <= TORC_XL; next++) {
        chain[count++] = next;
    }
    if (wish->dry == TORC_DRY_XXL && shirt != TORC_XXL) {
        chain[count++] = TORC_XXL;
    }
    return count;
}

/* A pool whose slots the ring holds was swept, and for that the readers' cursors were looked at. */
static void note_sweep(uint32_t lane, uint32_t shirt) {
    struct range slowest = slowest_of(lane);
    for (uint32_t i = 0; i < model.block_count; i++) {
        const struct block *block = &model.block[i];
        if (in_pool(block, lane, shirt) && block->ring) {
            model.lane[lane].gate = slowest.hi > model.lane[lane].gate ? slowest.hi : model.lane[lane].gate;
            if (block->users == 0) {
                reached(S_slot_reaped);
            }
        }
    }
}

static void found_dry(const struct wish *wish, uint32_t shirt) {
    MUST(available_in(wish->lane, shirt).lo == 0, "pool %u was dry, but %llu of its slots were to be had", shirt,
         (unsigned long long)available_in(wish->lane, shirt).lo);
    model.lane[wish->lane].dry[shirt].lo++;
    model.lane[wish->lane].dry[shirt].hi++;
}

static void found_slot(const struct wish *wish, uint32_t shirt, bool first) {
    MUST(available_in(wish->lane, shirt).hi != 0, "pool %u gave a slot, but all of its slots are in use", shirt);
    if (shirt == TORC_XXL) {
        reached(S_xxl_event);
    }
    if (!first) {
        reached(shirt == TORC_XXL ? S_took_xxl_for_dry : S_took_bigger);
    }
}

static void judge_chain(const struct wish *wish, int status, uint32_t shirt, const uint32_t chain[], uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        bool provider_asked = chain[i] == TORC_XXL && model.provider_fails;
        note_sweep(wish->lane, chain[i]);
        if (status == TORC_OK && shirt == chain[i]) {
            MUST(!provider_asked, "an XXL event without a block: the provider had none");
            found_slot(wish, shirt, i == 0);
            return;
        }
        if (status == TORC_NO_MEMORY && provider_asked) {
            MUST(available_in(wish->lane, TORC_XXL).hi != 0, "the provider was asked without a free descriptor");
            reached(S_provider_failed);
            return;
        }
        found_dry(wish, chain[i]);
    }
    model.lane[wish->lane].stalls.lo++;
    model.lane[wish->lane].stalls.hi++;
    MUST(status == (wish->dry == TORC_DRY_WAIT ? wish->when_blocked : TORC_POOL_DRY),
         "all pools are dry, policy %d, answer %s", (int)wish->dry, torc_status_name(status));
    reached(wish->dry == TORC_DRY_WAIT ? S_pool_dry_wait : S_pool_dry_fail);
}

void judge_slot(const struct wish *wish, int status, uint32_t shirt) {
    uint32_t chain[POOLS];
    uint32_t count = chain_of(wish, chain);
    MUST(shirt == NONE || status == TORC_OK, "a slot of pool %u was taken and the answer is %s", shirt,
         torc_status_name(status));
    MUST(shirt != NONE || status != TORC_OK, "an event of %zu bytes took no slot", wish->length);
    if (count == 0) {
        MUST(status == TORC_TOO_BIG, "no pool holds %zu bytes, answer %s", wish->length, torc_status_name(status));
        return;
    }
    judge_chain(wish, status, shirt, chain, count);
}

uint32_t next_taken(const struct wish *wish, uint64_t taken[POOLS]) {
    uint32_t chain[POOLS];
    uint32_t count = chain_of(wish, chain);
    for (uint32_t i = 0; i < count; i++) {
        if (taken[chain[i]] != 0) {
            taken[chain[i]]--;
            return chain[i];
        }
    }
    return NONE;
}

bool slot_certain(const struct wish *wish) {
    uint32_t chain[POOLS];
    uint32_t count = chain_of(wish, chain);
    for (uint32_t i = 0; i < count; i++) {
        if (available_in(wish->lane, chain[i]).lo != 0) {
            return chain[i] != TORC_XXL || !model.provider_fails;
        }
    }
    return false;
}

void judge_no_slot(const struct wish *wish) {
    uint32_t chain[POOLS];
    uint32_t count = chain_of(wish, chain);
    for (uint32_t i = 0; i < count; i++) {
        note_sweep(wish->lane, chain[i]);
        model.lane[wish->lane].dry[chain[i]].hi++;
    }
}

bool surely_returns(const struct wish *wish, bool in_lane, bool inlined) {
    uint32_t chain[POOLS];
    uint32_t count = chain_of(wish, chain);
    if (model.closed || wish->length > TORC_MAX_EVENT) {
        return true;
    }
    if (in_lane && room_of(wish->lane).lo == 0) {
        return false;
    }
    if (inlined || count == 0 || wish->dry != TORC_DRY_WAIT) {
        return true;
    }
    /* Slots may have retired since the last look. */
    return model.generations >= LANE_LONG && available_in(wish->lane, chain[0]).lo != 0;
}

/* Retired slots: no more than the frees so far can have used up. */
static void watch_retired(struct lane *lane, uint32_t number, uint32_t shirt, const struct torc_pool_stats *stats) {
    uint64_t frees = lane->allocations[shirt] - busy_in(number, shirt).lo;
    MUST(stats->retired >= lane->retired[shirt].hi && stats->retired * model.generations <= frees,
         "%u slots of pool %u retired after %llu frees", stats->retired, shirt, (unsigned long long)frees);
    if (stats->retired != 0) {
        reached(S_slots_retired);
    }
    lane->retired[shirt] = (struct range){lane->retired[shirt].hi, stats->retired};
}

void watch_pools(const struct publisher *publisher, uint64_t taken[POOLS]) {
    struct lane *lane = &model.lane[publisher->lane];
    for (uint32_t shirt = 0; shirt < POOLS; shirt++) {
        struct torc_pool_stats stats;
        int status = CALL(torc_publisher_pool_stats, publisher->ptr, shirt, &stats);
        MUST(status == TORC_OK, "pool statistics: %s", torc_status_name(status));
        taken[shirt] = stats.allocations - lane->allocations[shirt];
        lane->allocations[shirt] = stats.allocations;
        MUST(taken[shirt] <= LANE_LONG, "pool %u counts %llu allocations less than before", shirt,
             (unsigned long long)-taken[shirt]);
        watch_retired(lane, publisher->lane, shirt, &stats);
    }
}
