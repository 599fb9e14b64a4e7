/* torc/config.h - how large a bus is, and how many bytes that takes, before anything is allocated.
 *
 * A bus takes all its memory at creation. torc_bus_size() answers for a configuration at run time;
 * TORC_BUS_BYTES() is the same sum as a constant expression, for buses in static memory:
 *
 *     static _Alignas(64) unsigned char memory[TORC_BUS_BYTES(4, 1, 2, 2, 256, 100, 50, 10, 4, 2, 4, 32)];
 *
 *     struct torc_config config = { .topics = 4, ... the same figures ... };
 *     torc_bus_create_at(memory, sizeof memory, &config, &bus);
 *
 * With config.xxl_bytes add TORC_BUS_XXL_BYTES(publishers, xxl, xxl_bytes) to that sum, with config.inline_bytes
 * TORC_BUS_INLINE_BYTES(publishers, readers, lane_entries, keep_slots, inline_bytes). */
#ifndef TORC_CONFIG_H
#define TORC_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <torc/layout.h>
#include <torc/region.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The source of XXL blocks (events above 16 KiB) unless the bus has an area for them (xxl_bytes). Both functions may be
 * called from any thread that publishes or releases, at the same time. alloc: at least `size` bytes aligned to 64, or
 * NULL. free: exactly what alloc gave; it may run while the bus's control lock is held (a publisher or reader that
 * closes), so neither calls the bus. */
struct torc_xxl_provider {
    void *(*alloc)(void *state, size_t size);
    void (*free)(void *state, void *block, size_t size);
    void *state;
};

/* Limits of the format. */
#define TORC_MAX_TOPICS       1024u
#define TORC_MAX_PUBLISHERS   64u
#define TORC_MAX_READERS      64u
#define TORC_MAX_ACTORS       1024u
#define TORC_MAX_LANE_ENTRIES (1u << 24)
#define TORC_MAX_SLOTS        (1u << 20)
#define TORC_MAX_INLINE_BYTES TORC_XL_BYTES
#define TORC_MAX_XXL_BYTES    (UINT64_C(1) << 40)
#define TORC_TOPIC_NAME       64 /* bytes, with the terminating NUL */

/* Flags. */
#define TORC_NO_PREFAULT 1u /* do not touch every page at creation */
#define TORC_HUGE_PAGES  2u /* ask for huge pages: explicit ones, else transparent ones, else ordinary pages */
#define TORC_LOCK_MEMORY 4u /* mlock the region; where that is not allowed the bus works unlocked and says so */
#define TORC_DESTROY_LATER                                                                                             \
    8u /* torc_bus_destroy_later may leave the bus to its last handle: each last release is a swap dearer */

/* A bus's dimensions. All memory is per bus; lanes and banks are per publisher. Zero means none where none is
 * possible. */
struct torc_config {
    uint32_t topics;             /* 1..1024 */
    uint32_t publishers;         /* 1..64 open at one time; each has a lane and a bank of its own */
    uint32_t readers;            /* 0..64 open at one time */
    uint32_t actors;             /* 0..1024 running at one time */
    uint32_t lane_entries;       /* entries per lane: a power of two, 2..2^24 */
    uint32_t slots[TORC_SHIRTS]; /* slots per bank: XS, S, M, L, XL; each 0..2^20 */
    uint32_t xxl;                /* XXL descriptors per bank, 0..2^20: events above 16 KiB alive at one time */
    uint32_t keep_slots; /* per reader, for copies of inline events: 0..2^20, XS unless inline_bytes says more */
    uint32_t flags;      /* TORC_NO_PREFAULT | ... */
    struct torc_xxl_provider xxl_provider; /* all zero: the system allocator */
    uint64_t first_sequence;               /* where every lane starts counting; 0 unless a test wants the wrap edge */
    uint64_t first_generation;             /* where every slot starts counting; 0 stands for 1 */
    uint64_t
        xxl_bytes; /* XXL area per bank, inside the bus, instead of a provider: all XXL blocks alive at one time, each
                           rounded up to 64; 0: none, else 16385..2^40 */
    /* Events up to so many bytes travel in the lane itself, 48..16384; 0 stands for 48. Each entry of every lane is as
     * long as that takes: 16 bytes more, rounded up to 64. And each keep slot is of the smallest shirt that holds so
     * many. */
    uint32_t inline_bytes;
};

/* Presets. Pools of one bank: mobile <= 400 KB, default about 1.2 MB, server about 2.4 MB. */
#define TORC_CONFIG_MOBILE_INIT                                                                                        \
    { 8, 2, 4, 4, 1024, {500, 250, 75, 15, 8}, 8, 256, 0, {0, 0, 0}, 0, 0, 0, 0 }
#define TORC_CONFIG_DEFAULT_INIT                                                                                       \
    { 16, 4, 8, 8, 4096, {2000, 1000, 300, 60, 15}, 64, 512, 0, {0, 0, 0}, 0, 0, 0, 0 }
#define TORC_CONFIG_SERVER_INIT                                                                                        \
    { 64, 16, 32, 32, 8192, {4000, 2000, 600, 120, 30}, 256, 1024, 0, {0, 0, 0}, 0, 0, 0, 0 }

/* torc_config_preset: fills *config from "mobile", "default" or "server". Any thread.
 * TORC_INVALID: NULL argument or unknown name. */
int torc_config_preset(const char *name, struct torc_config *config);

/* torc_config_check: TORC_OK if a bus can be created from this configuration, else TORC_INVALID; *what (may be NULL)
 * then names the field at fault. Any thread. */
int torc_config_check(const struct torc_config *config, const char **what);

/* torc_bus_size: the bytes of region a bus of this configuration takes, XXL blocks of a provider not counted; 0 if it
 * is not valid. Any thread. */
size_t torc_bus_size(const struct torc_config *config);

/* The parts of that sum, for tables and for sizing. */
struct torc_bus_bytes {
    size_t header;       /* region header */
    size_t topics;       /* topic table */
    size_t waitpoints;   /* places to sleep */
    size_t lanes;        /* lane control blocks and entries */
    size_t cells;        /* cursors */
    size_t pool_payload; /* payload of all banks' pools */
    size_t pool_control; /* slot words, publication marks and pool control blocks of all banks */
    size_t keep;         /* keep pools of all readers, with their control words */
    size_t xxl_areas;    /* XXL areas of all banks, with the books on them */
    size_t total;        /* equals torc_bus_size() */
};

/* torc_bus_size_table: fills *bytes. TORC_INVALID: NULL or an invalid configuration. Any thread. */
int torc_bus_size_table(const struct torc_config *config, struct torc_bus_bytes *bytes);

/* The arithmetic of the layout as constant expressions; src/config.c places everything by these macros. */
#define TORC_ROUND_LINE(n)         (((size_t)(n) + 63u) & ~(size_t)63u)
#define TORC_HEADER_BYTES          ((size_t)512)
#define TORC_TOPIC_BYTES           ((size_t)192)
#define TORC_POOL_CTL_BYTES        ((size_t)128)
#define TORC_SLOT_NUMBERS(n)       (((size_t)(n) + (TORC_SLOT_GRANULE - 1)) & ~(size_t)(TORC_SLOT_GRANULE - 1))
#define TORC_RECORD_BYTES(n)       (TORC_SLOT_NUMBERS(n) * sizeof(struct torc_slot))
#define TORC_MARK_BYTES(n)         TORC_ROUND_LINE((size_t)(n)*8u)
#define TORC_POOL_CONTROL_BYTES(n) (TORC_RECORD_BYTES(n) + TORC_MARK_BYTES(n))
#define TORC_POOL_BYTES(n, size)   (TORC_POOL_CONTROL_BYTES(n) + (size_t)(n) * (size_t)(size))
#define TORC_BANK_BYTES(xs, s, m, l, xl, xxl)                                                                          \
    (6u * TORC_POOL_CTL_BYTES + TORC_POOL_BYTES(xs, TORC_XS_BYTES) + TORC_POOL_BYTES(s, TORC_S_BYTES) +                \
     TORC_POOL_BYTES(m, TORC_M_BYTES) + TORC_POOL_BYTES(l, TORC_L_BYTES) + TORC_POOL_BYTES(xl, TORC_XL_BYTES) +        \
     TORC_POOL_CONTROL_BYTES(xxl))
#define TORC_KEEP_BYTES(keep) (TORC_POOL_CTL_BYTES + TORC_POOL_BYTES(keep, TORC_XS_BYTES))
#define TORC_WAITPOINTS(publishers, readers, actors)                                                                   \
    (1u + (size_t)(publishers) + (size_t)(readers) + 2u * (size_t)(actors))
#define TORC_BUS_BYTES(topics, publishers, readers, actors, lane_entries, xs, s, m, l, xl, xxl, keep)                  \
    (TORC_HEADER_BYTES + (size_t)(topics)*TORC_TOPIC_BYTES +                                                           \
     TORC_WAITPOINTS(publishers, readers, actors) * sizeof(struct torc_waitpoint) +                                    \
     (size_t)(publishers) * sizeof(struct torc_lane) +                                                                 \
     (size_t)(publishers) * (size_t)(readers) * sizeof(struct torc_cell) +                                             \
     (size_t)(publishers) * (size_t)(lane_entries) * sizeof(struct torc_entry) +                                       \
     (size_t)(publishers)*TORC_BANK_BYTES(xs, s, m, l, xl, xxl) + (size_t)(readers)*TORC_KEEP_BYTES(keep))

/* What xxl_bytes adds: per bank a line, a record per descriptor, the storage of a region (torc/region.h), and the
 * bytes. */
#define TORC_XXL_AREA_HEAD_BYTES ((size_t)64)
#define TORC_XXL_RECORD_BYTES    ((size_t)32)
#define TORC_XXL_AREA_BYTES(xxl, xxl_bytes)                                                                            \
    ((xxl_bytes) == 0 ? (size_t)0                                                                                      \
                      : TORC_XXL_AREA_HEAD_BYTES + TORC_ROUND_LINE((size_t)(xxl)*TORC_XXL_RECORD_BYTES) +              \
                            TORC_ROUND_LINE(TORC_REGION_BYTES(TORC_REGION_NODES(xxl))) + TORC_ROUND_LINE(xxl_bytes))
#define TORC_BUS_XXL_BYTES(publishers, xxl, xxl_bytes) ((size_t)(publishers)*TORC_XXL_AREA_BYTES(xxl, xxl_bytes))

/* What wide entries add: every entry of a lane is longer, and so is every keep slot. */
#define TORC_WIDTH(inline_bytes)                    ((inline_bytes) == 0 ? (size_t)TORC_INLINE_BYTES : (size_t)(inline_bytes))
#define TORC_ENTRY_BYTES(inline_bytes)              TORC_ROUND_LINE(16u + TORC_WIDTH(inline_bytes))
#define TORC_LANE_BYTES(lane_entries, inline_bytes) ((size_t)(lane_entries)*TORC_ENTRY_BYTES(inline_bytes))
#define TORC_KEEP_SLOT_BYTES(inline_bytes)                                                                             \
    ((inline_bytes) <= TORC_XS_BYTES  ? TORC_XS_BYTES                                                                  \
     : (inline_bytes) <= TORC_S_BYTES ? TORC_S_BYTES                                                                   \
     : (inline_bytes) <= TORC_M_BYTES ? TORC_M_BYTES                                                                   \
     : (inline_bytes) <= TORC_L_BYTES ? TORC_L_BYTES                                                                   \
                                      : TORC_XL_BYTES)
#define TORC_KEEP_EXTRA_BYTES(keep, inline_bytes)                                                                      \
    ((size_t)(keep) * (size_t)(TORC_KEEP_SLOT_BYTES(inline_bytes) - TORC_XS_BYTES))
#define TORC_BUS_INLINE_BYTES(publishers, readers, lane_entries, keep, inline_bytes)                                   \
    ((size_t)(publishers) * (TORC_LANE_BYTES(lane_entries, inline_bytes) - TORC_LANE_BYTES(lane_entries, 0)) +         \
     (size_t)(readers)*TORC_KEEP_EXTRA_BYTES(keep, inline_bytes))

#ifdef __cplusplus
}
#endif
#endif
