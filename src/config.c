/* src/config.c - presets, validation and the byte table of a configuration. */
#include "header.h"

#include <string.h>
#include <torc/status.h>

int torc_config_preset(const char *name, struct torc_config *config) {
    static const struct {
        const char *name;
        struct torc_config config;
    } presets[] = {{"mobile", TORC_CONFIG_MOBILE_INIT},
                   {"default", TORC_CONFIG_DEFAULT_INIT},
                   {"server", TORC_CONFIG_SERVER_INIT}};
    if (name == NULL || config == NULL) {
        return TORC_INVALID;
    }
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (strcmp(name, presets[i].name) == 0) {
            *config = presets[i].config;
            return TORC_OK;
        }
    }
    return TORC_INVALID;
}

uint64_t torc_slot_numbers(const struct torc_config *config) {
    uint64_t bank = TORC_SLOT_NUMBERS(config->xxl);
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        bank += TORC_SLOT_NUMBERS(config->slots[shirt]);
    }
    return config->publishers * bank + (uint64_t)config->readers * TORC_SLOT_NUMBERS(config->keep_slots);
}

/* No less than the region takes, and computed so that it cannot wrap where a size_t has 32 bits. */
static uint64_t bytes_at_most(const struct torc_config *config) {
    uint64_t bank = (uint64_t)config->xxl * 24 + 8192;
    uint64_t area = config->xxl_bytes == 0 ? 0 : config->xxl_bytes + (uint64_t)config->xxl * 96 + 8192;
    uint64_t keep = (uint64_t)config->keep_slots * (TORC_KEEP_SLOT_BYTES(config->inline_bytes) + 24u) + 4096;
    uint64_t reader_cells = (uint64_t)config->readers * sizeof(struct torc_cell);
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        bank += (uint64_t)config->slots[shirt] * ((UINT64_C(64) << (2 * shirt)) + 24);
    }
    return config->publishers *
               (bank + area + reader_cells + (uint64_t)config->lane_entries * TORC_ENTRY_BYTES(config->inline_bytes)) +
           config->readers * keep + UINT64_C(1) * config->topics * TORC_TOPIC_BYTES + (UINT64_C(1) << 20);
}

static const char *fault(const struct torc_config *config) {
    uint32_t entries = config->lane_entries;
    if (config->topics < 1 || config->topics > TORC_MAX_TOPICS) {
        return "topics: 1..1024";
    }
    if (config->publishers < 1 || config->publishers > TORC_MAX_PUBLISHERS) {
        return "publishers: 1..64";
    }
    if (config->readers > TORC_MAX_READERS) {
        return "readers: 0..64";
    }
    if (config->actors > TORC_MAX_ACTORS) {
        return "actors: 0..1024";
    }
    if (entries < 2 || entries > TORC_MAX_LANE_ENTRIES || (entries & (entries - 1)) != 0) {
        return "lane_entries: a power of two, 2..2^24";
    }
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        if (config->slots[shirt] > TORC_MAX_SLOTS) {
            return "slots: 0..2^20 each";
        }
    }
    if (config->xxl > TORC_MAX_SLOTS || config->keep_slots > TORC_MAX_SLOTS) {
        return "xxl, keep_slots: 0..2^20";
    }
    if (config->inline_bytes != 0 &&
        (config->inline_bytes < TORC_INLINE_BYTES || config->inline_bytes > TORC_MAX_INLINE_BYTES)) {
        return "inline_bytes: 0, or 48..16384";
    }
    if (config->xxl_bytes != 0 &&
        (config->xxl == 0 || config->xxl_bytes <= TORC_XL_BYTES || config->xxl_bytes > TORC_MAX_XXL_BYTES)) {
        return "xxl_bytes: 0, or 16385..2^40 with xxl above 0";
    }
    if (config->xxl_bytes != 0 && config->xxl_provider.alloc != NULL) {
        return "xxl_bytes, xxl_provider: one of the two";
    }
    if (torc_slot_numbers(config) > (UINT64_C(1) << TORC_ID_SLOT_BITS)) {
        return "slots, xxl, keep_slots: more than 2^23 on the bus, each pool rounded up to a multiple of 16";
    }
    if (bytes_at_most(config) > SIZE_MAX / 2) {
        return "slots, lane_entries: more memory than this machine can address";
    }
    if ((config->flags & ~(TORC_NO_PREFAULT | TORC_HUGE_PAGES | TORC_LOCK_MEMORY | TORC_DESTROY_LATER)) != 0) {
        return "flags: unknown";
    }
    if ((config->xxl_provider.alloc == NULL) != (config->xxl_provider.free == NULL)) {
        return "xxl_provider: alloc and free go together";
    }
    return config->first_generation >= TORC_GENERATION_LAST ? "first_generation: below 2^40-1" : NULL;
}

int torc_config_check(const struct torc_config *config, const char **what) {
    const char *found = config == NULL ? "config is NULL" : fault(config);
    if (what != NULL) {
        *what = found;
    }
    return found == NULL ? TORC_OK : TORC_INVALID;
}

/* Records included, wherever they are. */
static size_t bank_bytes(const struct torc_config *config) {
    const uint32_t *n = config->slots;
    return TORC_BANK_BYTES(n[TORC_XS], n[TORC_S], n[TORC_M], n[TORC_L], n[TORC_XL], config->xxl);
}

static size_t bank_payload(const struct torc_config *config) {
    const uint32_t *n = config->slots;
    return (size_t)n[TORC_XS] * TORC_XS_BYTES + (size_t)n[TORC_S] * TORC_S_BYTES + (size_t)n[TORC_M] * TORC_M_BYTES +
           (size_t)n[TORC_L] * TORC_L_BYTES + (size_t)n[TORC_XL] * TORC_XL_BYTES;
}

static size_t keep_bytes(const struct torc_config *config) {
    return TORC_KEEP_BYTES(config->keep_slots) + TORC_KEEP_EXTRA_BYTES(config->keep_slots, config->inline_bytes);
}

struct torc_offsets torc_header_offsets(const struct torc_config *config) {
    struct torc_offsets at;
    uint64_t lanes = config->publishers;
    uint64_t keep_records = config->readers * TORC_RECORD_BYTES(config->keep_slots);
    at.topics = TORC_HEADER_BYTES;
    at.waitpoints = at.topics + config->topics * TORC_TOPIC_BYTES;
    at.lanes = at.waitpoints +
               TORC_WAITPOINTS(config->publishers, config->readers, config->actors) * sizeof(struct torc_waitpoint);
    at.cells = at.lanes + lanes * sizeof(struct torc_lane);
    at.entries = at.cells + lanes * config->readers * sizeof(struct torc_cell);
    at.slots = at.entries + lanes * TORC_LANE_BYTES(config->lane_entries, config->inline_bytes);
    at.banks = at.slots + torc_slot_numbers(config) * sizeof(struct torc_slot);
    at.keeps = at.banks + lanes * bank_bytes(config) + keep_records - (at.banks - at.slots);
    at.areas = at.keeps + config->readers * keep_bytes(config) - keep_records;
    at.total = at.areas + TORC_BUS_XXL_BYTES(lanes, config->xxl, config->xxl_bytes);
    return at;
}

size_t torc_bus_size(const struct torc_config *config) {
    return torc_config_check(config, NULL) == TORC_OK ? (size_t)torc_header_offsets(config).total : 0;
}

int torc_bus_size_table(const struct torc_config *config, struct torc_bus_bytes *bytes) {
    struct torc_offsets at;
    if (bytes == NULL || torc_config_check(config, NULL) != TORC_OK) {
        return TORC_INVALID;
    }
    at = torc_header_offsets(config);
    bytes->header = (size_t)at.topics;
    bytes->topics = (size_t)(at.waitpoints - at.topics);
    bytes->waitpoints = (size_t)(at.lanes - at.waitpoints);
    bytes->lanes = (size_t)(at.cells - at.lanes + at.slots - at.entries);
    bytes->cells = (size_t)(at.entries - at.cells);
    bytes->pool_payload = config->publishers * bank_payload(config);
    bytes->pool_control = config->publishers * bank_bytes(config) - bytes->pool_payload;
    bytes->keep = config->readers * keep_bytes(config);
    bytes->xxl_areas = (size_t)(at.total - at.areas);
    bytes->total = (size_t)at.total;
    return TORC_OK;
}
