/* src/region.c - writes a fresh region. */
#include "region.h"

/* Stamps that no reader waits for on the first lap: those of the lap before. Zeroed memory says the same unless
 * counting starts elsewhere. */
static void format_entries(struct torc_entry *entries, const struct torc_config *config) {
    uint64_t n = config->lane_entries;
    if (config->first_sequence == 0) {
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t sequence = config->first_sequence + i;
        torc_store_relaxed64(&entries[sequence & (n - 1)].stamp, sequence + 1 - n);
    }
}

static void format_lanes(struct torc_region *region, const struct torc_config *config) {
    unsigned char *base = (unsigned char *)region;
    struct torc_lane *lanes = (struct torc_lane *)(void *)(base + region->at.lanes);
    struct torc_entry *entries = (struct torc_entry *)(void *)(base + region->at.entries);
    for (uint32_t i = 0; i < config->publishers; i++) {
        torc_store_relaxed64(&lanes[i].claimed, config->first_sequence);
        torc_store_relaxed64(&lanes[i].published, config->first_sequence);
        torc_store_relaxed64(&lanes[i].gate, config->first_sequence);
        format_entries(entries + (size_t)i * config->lane_entries, config);
    }
}

void torc_region_format(struct torc_region *region, const struct torc_config *config) {
    region->version = TORC_REGION_VERSION;
    region->endian = TORC_REGION_ENDIAN;
    region->word_bytes = (uint32_t)sizeof(void *);
    region->line_bytes = TORC_LINE;
    region->topics = config->topics;
    region->publishers = config->publishers;
    region->readers = config->readers;
    region->actors = config->actors;
    region->lane_entries = config->lane_entries;
    region->xxl = config->xxl;
    region->keep_slots = config->keep_slots;
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        region->slots[shirt] = config->slots[shirt];
    }
    region->flags = config->flags;
    region->first_sequence = config->first_sequence;
    region->first_generation = config->first_generation != 0 ? config->first_generation : 1;
    region->at = torc_region_offsets(config);
    format_lanes(region, config);
    region->magic = TORC_REGION_MAGIC;
}
