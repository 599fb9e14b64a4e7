/* src/audit.c - walks everything and says which invariant is the first that does not hold.
 *
 * Conservation, per pool: every slot is free, live or retired; each free ends a generation, so allocations minus
 * generations used up equals the number of live slots. Per lane: each mark of the bank belongs to exactly one entry of
 * the ring. Per bank without a publisher: the bytes of its XXL area are free or behind a live descriptor. */
#include "../pools/xxl.h"
#include "core.h"

#include <string.h>

struct walk {
    const struct bus *bus;
    struct torc_audit *out;
};

static bool hold(struct walk *walk, bool condition, const char *text, uint64_t where, uint64_t index) {
    if (!condition) {
        walk->out->broken = text;
        walk->out->where = where;
        walk->out->index = index;
    }
    return condition;
}

static bool header_holds(struct walk *walk) {
    const struct torc_header *header = walk->bus->header;
    const struct torc_config *config = &walk->bus->config;
    bool same = header->magic == TORC_HEADER_MAGIC && header->version == TORC_HEADER_VERSION &&
                header->endian == TORC_HEADER_ENDIAN && header->word_bytes == sizeof(void *) &&
                header->line_bytes == TORC_LINE;
    bool geometry = header->topics == config->topics && header->publishers == config->publishers &&
                    header->readers == config->readers && header->actors == config->actors &&
                    header->lane_entries == config->lane_entries && header->xxl == config->xxl &&
                    header->xxl_bytes == config->xxl_bytes && header->keep_slots == config->keep_slots &&
                    header->inline_bytes == config->inline_bytes &&
                    memcmp(header->slots, config->slots, sizeof header->slots) == 0;
    return hold(walk, same, "the region's header is damaged", 0, 0) &&
           hold(walk, geometry, "the region's geometry differs from the bus's", 0, 0);
}

/* --- pools -------------------------------------------------------------------------------------------------- */

static bool slot_holds(struct walk *walk, uint32_t number, uint32_t index, uint64_t *live, uint64_t *frees) {
    const struct torc_pool_view *pool = &walk->bus->hot.pools[number];
    uint64_t word = torc_load_acquire64(&pool->slots[index].word);
    uint64_t marked = torc_load_relaxed64(torc_pool_mark(pool, index)) & 1u;
    uint64_t used = torc_word_generation(word) - walk->bus->header->first_generation;
    walk->out->total_slots++;
    *frees += used;
    if (torc_word_retired(word)) {
        walk->out->retired_slots++;
    } else if (torc_word_count(word) == 0) {
        walk->out->free_slots++;
    } else {
        walk->out->live_slots++;
        walk->out->outstanding += torc_word_count(word) > marked;
        (*live)++;
    }
    return hold(walk, torc_word_generation(word) >= walk->bus->header->first_generation,
                "a slot's generation lies before the first one", number, index) &&
           hold(walk, torc_word_count(word) != TORC_COUNT_FREEING, "a slot is stuck between its last release and free",
                number, index) &&
           hold(walk, marked == 0 || torc_word_count(word) != 0, "the ring holds a slot that is free", number, index);
}

static bool pool_holds(struct walk *walk, uint32_t number) {
    const struct torc_pool_view *pool = &walk->bus->hot.pools[number];
    uint32_t recent = torc_load_relaxed32(&pool->ctl->recent);
    uint64_t live = 0;
    uint64_t frees = 0;
    for (uint32_t i = 0; i < pool->capacity; i++) {
        if (!slot_holds(walk, number, i, &live, &frees)) {
            return false;
        }
    }
    return hold(walk, torc_load_relaxed32(&pool->ctl->next) <= pool->capacity, "a pool's sweep is outside of it",
                number, torc_load_relaxed32(&pool->ctl->next)) &&
           hold(walk, recent == TORC_NO_SLOT || recent - pool->first < pool->capacity,
                "a pool's recent slot is outside of it", number, recent) &&
           hold(walk, torc_pool_allocations(pool) - frees == live, "allocations less frees differ from the live slots",
                number, 0);
}

/* --- lanes -------------------------------------------------------------------------------------------------- */

static uint64_t marks_in_bank(const struct bus *bus, uint32_t lane) {
    uint64_t marks = 0;
    for (uint32_t shirt = 0; shirt < TORC_BANK_POOLS; shirt++) {
        const struct torc_pool_view *pool = &bus->hot.pools[bank_first_pool(lane) + shirt];
        for (uint32_t i = 0; i < pool->capacity; i++) {
            marks += torc_load_relaxed64(torc_pool_mark(pool, i)) & 1u;
        }
    }
    return marks;
}

static bool in_a_pool(const struct torc_bus *bus, uint64_t id) {
    return torc_slot_of(bus, id) != NULL && torc_id_index(bus, id) < torc_pool_of(bus, id)->capacity;
}

/* Does the entry hold its slot? Then the slot must be of this lane's bank and of the entry's generation. */
static bool entry_holds(struct walk *walk, uint32_t lane, const struct torc_entry *entry, uint64_t sequence,
                        uint64_t *held) {
    const struct torc_bus *bus = &walk->bus->hot;
    uint32_t pool;
    uint32_t index;
    if ((entry->header & TORC_ENTRY_SLOT) == 0) {
        return hold(walk, (entry->header & TORC_ENTRY_LENGTH) <= walk->bus->config.inline_bytes,
                    "an event is longer than its entry", lane, sequence);
    }
    if (!hold(walk, in_a_pool(bus, entry->body.slot), "an entry's handle is outside every pool", lane, sequence)) {
        return false;
    }
    pool = torc_id_pool(bus, entry->body.slot);
    index = torc_id_index(bus, entry->body.slot);
    if (torc_load_relaxed64(torc_pool_mark(&bus->pools[pool], index)) != torc_mark_of(sequence)) {
        return true; /* reaped */
    }
    (*held)++;
    return hold(walk, pool - bank_first_pool(lane) < TORC_BANK_POOLS, "an entry holds a slot of another bank", lane,
                sequence) &&
           hold(walk, torc_pool_id(bus, pool, index) == entry->body.slot, "an entry holds a slot of another generation",
                lane, sequence);
}

static bool entries_hold(struct walk *walk, uint32_t lane) {
    uint64_t end = torc_lane_published(walk->bus, lane);
    uint64_t capacity = walk->bus->config.lane_entries;
    uint64_t ever = end - walk->bus->config.first_sequence;
    uint64_t held = 0;
    for (uint64_t at = end - (ever < capacity ? ever : capacity); at != end; at++) {
        const struct torc_entry *entry = lane_entry_at(walk->bus, lane, at);
        if (torc_load_acquire64(&entry->stamp) == at + capacity) {
            continue; /* a claim for readers that copy had begun to rewrite it */
        }
        if (!hold(walk, torc_load_acquire64(&entry->stamp) == at + 1, "a published entry is not stamped", lane, at) ||
            !entry_holds(walk, lane, entry, at, &held)) {
            return false;
        }
    }
    return hold(walk, held == marks_in_bank(walk->bus, lane), "a slot is marked as in the ring and no entry holds it",
                lane, 0);
}

static bool cursors_hold(struct walk *walk, uint32_t lane) {
    const struct torc_lane *control = &walk->bus->lanes[lane];
    uint64_t published = torc_lane_published(walk->bus, lane);
    uint64_t members = torc_load_acquire64(&walk->bus->topics[torc_load_relaxed32(&control->topic)].readers);
    for (; members != 0; members &= members - 1) {
        uint32_t reader = bit_index(members);
        uint64_t lag = published - torc_load_acquire64(&cell_of(walk->bus, lane, reader)->cursor);
        bool waits = walk->bus->reader[reader]->ahead && (int64_t)lag < 0; /* for a sequence that is still to come */
        if (!hold(walk, waits || lag <= walk->bus->config.lane_entries, "a cursor is ahead of its lane or was overrun",
                  lane, reader)) {
            return false;
        }
    }
    return true;
}

static bool lane_holds(struct walk *walk, uint32_t lane) {
    const struct torc_lane *control = &walk->bus->lanes[lane];
    uint64_t published = torc_lane_published(walk->bus, lane);
    uint64_t open = torc_load_relaxed64(&control->claimed) - published;
    uint64_t behind = published - torc_load_relaxed64(&control->gate);
    uint32_t state = torc_load_relaxed32(&control->state);
    uint32_t topic = torc_load_relaxed32(&control->topic);
    if (state == TORC_LANE_FREE) {
        return true;
    }
    return hold(walk, state <= TORC_LANE_ENDED, "a lane is in no known state", lane, 0) &&
           hold(walk, topic < walk->bus->topic_count, "a lane belongs to no topic", lane, topic) &&
           hold(walk, (torc_load_relaxed64(&walk->bus->topics[topic].lanes) >> lane & 1u) != 0,
                "a lane's topic does not list it", lane, topic) &&
           hold(walk, open <= walk->bus->config.lane_entries, "more claims are open than a lane has entries", lane,
                open) &&
           hold(walk, behind <= walk->bus->config.lane_entries, "a gate is ahead of its lane or a lap behind", lane,
                behind) &&
           (open != 0 || entries_hold(walk, lane)) && cursors_hold(walk, lane);
}

/* The books of an area are the publisher's as long as there is one. */
static bool area_holds(struct walk *walk, uint32_t lane) {
    const struct torc_pool_view *pool = &walk->bus->hot.pools[bank_first_pool(lane) + TORC_XXL];
    return walk->bus->publisher[lane] != NULL ||
           hold(walk, torc_xxl_area_is_valid(pool), "the XXL area's books do not agree with the descriptors", lane, 0);
}

/* --- topics ------------------------------------------------------------------------------------------------- */

static bool topic_holds(struct walk *walk, uint32_t topic) {
    uint64_t members = torc_load_relaxed64(&walk->bus->topics[topic].readers);
    for (; members != 0; members &= members - 1) {
        uint32_t reader = bit_index(members);
        const struct reader *object = reader < walk->bus->config.readers ? walk->bus->reader[reader] : NULL;
        if (!hold(walk, object != NULL && object->topic->index == topic, "a topic gates on a reader that is not open",
                  topic, reader)) {
            return false;
        }
    }
    return hold(walk, memchr(walk->bus->topics[topic].name, 0, TORC_TOPIC_NAME) != NULL, "a topic's name has no end",
                topic, 0);
}

static bool everything_holds(struct walk *walk) {
    const struct bus *bus = walk->bus;
    bool fine = header_holds(walk);
    for (uint32_t i = 0; fine && i < bus->topic_count; i++) {
        fine = topic_holds(walk, i);
    }
    for (uint32_t i = 0; fine && i < bus->hot.pool_count; i++) {
        fine = pool_holds(walk, i);
    }
    for (uint32_t i = 0; fine && i < bus->config.publishers; i++) {
        fine = lane_holds(walk, i) && area_holds(walk, i);
    }
    return fine &&
           hold(walk,
                walk->out->free_slots + walk->out->live_slots + walk->out->retired_slots == walk->out->total_slots,
                "free, live and retired slots do not add up", 0, 0);
}

int torc_audit(struct torc_bus *public_bus, struct torc_audit *result) {
    struct bus *bus = torc_bus_live(public_bus);
    struct torc_audit audit = {0};
    struct walk walk = {bus, &audit};
    bool fine;
    if (bus == NULL) {
        return torc_not_live(public_bus);
    }
    (void)pthread_mutex_lock(&bus->lock);
    fine = everything_holds(&walk);
    (void)pthread_mutex_unlock(&bus->lock);
    if (result != NULL) {
        *result = audit;
    }
    return fine ? TORC_OK : TORC_CORRUPT;
}
