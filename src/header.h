/* src/header.h - what stands where in the region. Offsets only; torc/layout.h has the parts that the hot path
 * touches. */
#ifndef TORC_SRC_HEADER_H
#define TORC_SRC_HEADER_H

#include <torc/bus.h>

#define TORC_HEADER_MAGIC   UINT64_C(0x7375622d63726f74) /* "torc-bus" in memory on a little-endian machine */
#define TORC_HEADER_VERSION 2u
#define TORC_HEADER_ENDIAN  UINT32_C(0x01020304)

/* Where each table begins, in bytes from the start of the region. */
struct torc_offsets {
    uint64_t topics;
    uint64_t waitpoints; /* [0] drain, then one per publisher, per reader, two per actor */
    uint64_t lanes;
    uint64_t cells;   /* [lane][reader] */
    uint64_t entries; /* [lane][entry] */
    uint64_t slots;   /* [slot number] */
    uint64_t banks;   /* [publisher] */
    uint64_t keeps;   /* [reader] */
    uint64_t areas;   /* [publisher] XXL areas */
    uint64_t total;
};

struct torc_header {
    uint64_t magic;
    uint32_t version;
    uint32_t endian;
    uint32_t word_bytes;
    uint32_t line_bytes;
    uint32_t topics, publishers, readers, actors, lane_entries, xxl, keep_slots, inline_bytes;
    uint32_t slots[TORC_SHIRTS];
    uint32_t flags;
    uint64_t first_sequence;
    uint64_t first_generation;
    uint64_t xxl_bytes;
    struct torc_offsets at;

    torc_a32 state TORC_ALIGNED_LINE; /* enum torc_bus_state (STATE) */
    torc_a64 refused;                 /* handles refused with TORC_STALE; any thread adds */
};
TORC_STATIC_ASSERT(sizeof(struct torc_header) <= TORC_HEADER_BYTES, "header as in torc/config.h");

/* A topic in the region: its name; who belongs to it; who sleeps. */
struct torc_topic_record {
    char name[TORC_TOPIC_NAME];

    uint32_t flags;   /* TORC_TOPIC_*; constant */
    torc_a32 version; /* bumped when a lane joins or ends, a reader is told to leave, the bus closes (LANES) */
    torc_a64 readers; /* bit per reader: publishers gate on these (GATING) */
    torc_a64 lanes;   /* bit per lane that belongs to the topic (LANES) */
    torc_a64 copiers; /* bit per reader that copies what it reads and can be overtaken; some of them gate as well */
    unsigned char pad0[TORC_LINE - 32];

    torc_a32 sleepers; /* != 0: a reader sleeps or is about to (SLEEP); publishers load it after every event */
    unsigned char pad1[TORC_LINE - 4];
} TORC_ALIGNED_LINE;
TORC_STATIC_ASSERT(sizeof(struct torc_topic_record) == TORC_TOPIC_BYTES, "topic as in torc/config.h");

/* torc_header_offsets: places everything for a valid configuration. */
struct torc_offsets torc_header_offsets(const struct torc_config *config);

/* Slot numbers of the whole bus: of all banks, then of all keep pools. */
uint64_t torc_slot_numbers(const struct torc_config *config);

/* torc_header_format: writes a fresh region of this configuration into zeroed memory, but for the pools' slots. */
void torc_header_format(struct torc_header *header, const struct torc_config *config);

#endif
