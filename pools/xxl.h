/* pools/xxl.h - blocks of any size behind ordinary slot words.
 *
 * A descriptor is taken and freed like a slot; only its payload lives elsewhere: in a block of the provider. */
#ifndef TORC_POOLS_XXL_H
#define TORC_POOLS_XXL_H

#include "pool.h"

/* The blocks of one bank's XXL table: process-local, outside the region. */
struct torc_xxl_block {
    void *data;
    torc_a64 size;
};
struct torc_xxl_table {
    struct torc_xxl_provider provider;
    struct torc_xxl_block block[];
};

/* torc_xxl_alloc: a block for descriptor `index`, which the caller has just taken. Owner only. TORC_NO_MEMORY. */
int torc_xxl_alloc(struct torc_pool_view *pool, uint32_t index, size_t length);

/* torc_xxl_table_new: NULL if there is no memory. torc_xxl_free: gives the block of descriptor `index` back to the provider. */
struct torc_xxl_table *torc_xxl_table_new(const struct torc_xxl_provider *provider, uint32_t descriptors);
void torc_xxl_free(struct torc_pool_view *pool, uint32_t index);

/* Bytes of the block behind descriptor `index` if it is alive; 0 for a pool's slot. */
uint64_t torc_xxl_bytes(const struct torc_pool_view *pool, uint32_t index, uint64_t word);

#endif
