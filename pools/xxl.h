/* pools/xxl.h - blocks of any size behind ordinary slot words.
 *
 * A descriptor is taken and freed like a slot; only its payload lives elsewhere: in a block of the provider, or, with
 * config.xxl_bytes, in the bank's own area of the bus.
 *
 * The area is handed out by a region allocator (torc/region.h), which knows one thread: the owner of the bank. Whoever
 * releases a block pushes its descriptor onto a list, one compare-and-swap, and before its next allocation the owner
 * takes the whole list with one exchange and frees what is on it. A descriptor is pushed before its slot word says that
 * it is free, so the owner that takes the slot again finds it on the list: it is never on there twice. */
#ifndef TORC_POOLS_XXL_H
#define TORC_POOLS_XXL_H

#include <torc/buffers.h>
#include "pool.h"

#include <torc/region.h>

/* In the bus: what lies before the area's payload. Then the records, the region's storage, the payload. */
struct torc_xxl_area {
    torc_a32 returned; /* descriptor + 1 of the newest released one, 0: none (RETURNED) */
    unsigned char pad[TORC_LINE - 4];
};
TORC_STATIC_ASSERT(sizeof(struct torc_xxl_area) == TORC_XXL_AREA_HEAD_BYTES, "area as in torc/config.h");

/* One per descriptor. The owner's until the block is handed out, then that of whoever releases it. */
struct torc_xxl_record {
    struct torc_region_block block; /* zeroed: none */
    uint32_t next;                  /* on the list: descriptor + 1 of the next one */
    uint32_t reserved;
};
TORC_STATIC_ASSERT(sizeof(struct torc_xxl_record) == TORC_XXL_RECORD_BYTES, "record as in torc/config.h");

/* The blocks of one bank's XXL table: process-local, outside the bus. */
struct torc_xxl_block {
    void *data;
    torc_a64 size;
    struct torc_frozen lent; /* the arena's buffer that the data lies in, or empty: the provider's block */
};
struct torc_xxl_table {
    struct torc_xxl_provider provider;
    struct torc_xxl_area *area; /* NULL: the provider; else where the rest lies */
    struct torc_xxl_record *record;
    struct torc_region *region; /* the owner's */
    unsigned char *payload;
    uint64_t bytes; /* of payload */
    struct torc_xxl_block block[];
};

/* torc_xxl_alloc: a block for descriptor `index`, which the caller has just taken. Owner only. TORC_NO_MEMORY: the
 * provider has none.
 * TORC_POOL_DRY: the area has no gap of that size. */
int torc_xxl_alloc(struct torc_pool_view *pool, uint32_t index, size_t length);

/* torc_xxl_lend: what is written in an arena's buffer is the block of descriptor `index`; freeing it gives the buffer
 * back. Other copies of *buffer are stale from here on. TORC_STALE. torc_xxl_return: undoes that; the buffer is as it
 * was. Owner only. */
int torc_xxl_lend(struct torc_pool_view *pool, uint32_t index, const struct torc_buffer *buffer);
void torc_xxl_return(struct torc_pool_view *pool, uint32_t index, const struct torc_buffer *buffer);
/* torc_xxl_table_new: NULL if there is no memory. torc_xxl_free: gives the block of descriptor `index` back to
 * where it came from. */
struct torc_xxl_table *torc_xxl_table_new(const struct torc_xxl_provider *provider, uint32_t descriptors);
void torc_xxl_free(struct torc_pool_view *pool, uint32_t index);

/* Bytes of the block behind descriptor `index` if it is alive; 0 for a pool's slot. */
uint64_t torc_xxl_bytes(const struct torc_pool_view *pool, uint32_t index, uint64_t word);

/* pools/xxl_area.c. torc_xxl_area_open: lays an empty area of `bytes` for so many descriptors into the bus.
 * torc_xxl_area_take, _give: as torc_xxl_alloc, torc_xxl_free. */
void torc_xxl_area_open(struct torc_xxl_table *table, void *memory, uint32_t descriptors, uint64_t bytes);
int torc_xxl_area_take(struct torc_xxl_table *table, uint32_t index, size_t size);
void torc_xxl_area_give(struct torc_xxl_table *table, uint32_t index);

/* torc_xxl_can_hold: could an empty area take so many bytes? True without one: that is for the provider to say. */
bool torc_xxl_can_hold(const struct torc_pool_view *pool, size_t length);

/* torc_xxl_area_is_valid: the region's books are right, and each of its blocks is behind a live descriptor or on the
 * list, and a live descriptor without one is lent.
 * Only while the bank has no owner, and true without an area. */
bool torc_xxl_area_is_valid(const struct torc_pool_view *pool);

#endif
