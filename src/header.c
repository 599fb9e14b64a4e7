/* src/header.c - writes a fresh region. */
#include "header.h"

/* Stamps that no reader waits for on the first lap: those of the lap before. Zeroed memory says the same unless
 * counting starts elsewhere. */
static void format_entries(unsigned char *entries, const struct torc_config *config) {
    size_t stride = TORC_ENTRY_BYTES(config->inline_bytes);
    uint64_t n = config->lane_entries;
    if (config->first_sequence == 0) {
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t sequence = config->first_sequence + i;
        torc_store_relaxed64(&torc_entry_at(entries, n - 1, stride, sequence)->stamp, sequence + 1 - n);
    }
}

static void format_lanes(struct torc_header *header, const struct torc_config *config) {
    unsigned char *base = (unsigned char *)header;
    struct torc_lane *lanes = (struct torc_lane *)(void *)(base + header->at.lanes);
    for (uint32_t i = 0; i < config->publishers; i++) {
        torc_store_relaxed64(&lanes[i].claimed, config->first_sequence);
        torc_store_relaxed64(&lanes[i].published, config->first_sequence);
        torc_store_relaxed64(&lanes[i].gate, config->first_sequence);
        format_entries(base + header->at.entries +
                           (size_t)i * TORC_LANE_BYTES(config->lane_entries, config->inline_bytes),
                       config);
    }
}

void torc_header_format(struct torc_header *header, const struct torc_config *config) {
    header->version = TORC_HEADER_VERSION;
    header->endian = TORC_HEADER_ENDIAN;
    header->word_bytes = (uint32_t)sizeof(void *);
    header->line_bytes = TORC_LINE;
    header->topics = config->topics;
    header->publishers = config->publishers;
    header->readers = config->readers;
    header->actors = config->actors;
    header->lane_entries = config->lane_entries;
    header->xxl = config->xxl;
    header->keep_slots = config->keep_slots;
    header->inline_bytes = config->inline_bytes;
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        header->slots[shirt] = config->slots[shirt];
    }
    header->flags = config->flags;
    header->first_sequence = config->first_sequence;
    header->first_generation = config->first_generation != 0 ? config->first_generation : 1;
    header->xxl_bytes = config->xxl_bytes;
    header->at = torc_header_offsets(config);
    format_lanes(header, config);
    header->magic = TORC_HEADER_MAGIC;
}
