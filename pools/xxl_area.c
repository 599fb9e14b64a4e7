/* pools/xxl_area.c - XXL blocks inside the bus: a region with one owner, and the list by which everybody else gives
 * back. */
#include "xxl.h"

#include <string.h>

void torc_xxl_area_open(struct torc_xxl_table *table, void *memory, uint32_t descriptors, uint64_t bytes) {
    size_t storage = TORC_ROUND_LINE(TORC_REGION_BYTES(TORC_REGION_NODES(descriptors)));
    unsigned char *at = memory;
    table->area = memory;
    table->record = (struct torc_xxl_record *)(void *)(table->area + 1);
    table->bytes = TORC_ROUND_LINE(bytes);
    at += TORC_XXL_AREA_HEAD_BYTES + TORC_ROUND_LINE(descriptors * TORC_XXL_RECORD_BYTES);
    table->payload = at + storage;
    (void)torc_region_init(at, storage, 0, table->bytes, TORC_LINE, &table->region);
}

/* Owner: what others have given back since the last time becomes free. */
static void fold(struct torc_xxl_table *table) {
    uint32_t at;
    if (torc_load_relaxed32(&table->area->returned) == 0) {
        return;
    }
    at = torc_xchg_acq_rel32(&table->area->returned, 0); /* RETURNED */
    while (at != 0) {
        struct torc_xxl_record *record = &table->record[at - 1];
        (void)torc_region_free(table->region, record->block);
        memset(&record->block, 0, sizeof record->block);
        at = record->next;
    }
}

/* Nodes cannot run out: there are enough for every descriptor to have a block. */
int torc_xxl_area_take(struct torc_xxl_table *table, uint32_t index, size_t size) {
    struct torc_xxl_record *record = &table->record[index];
    fold(table);
    if (torc_region_alloc(table->region, size, &record->block) != TORC_OK) {
        return TORC_POOL_DRY;
    }
    table->block[index].data = table->payload + record->block.offset;
    return TORC_OK;
}

/* Any thread that dropped the last reference. An owner that takes the list meanwhile and somebody who pushes the same
 * head again do no harm: `next` is right whenever the swap succeeds. */
void torc_xxl_area_give(struct torc_xxl_table *table, uint32_t index) {
    struct torc_xxl_record *record = &table->record[index];
    uint32_t found = torc_load_relaxed32(&table->area->returned);
    uint32_t expected;
#if TORC_DEBUG >= 2
    memset(table->payload + record->block.offset, 0xDB, record->block.size);
#endif
    do {
        expected = found;
        record->next = expected;
        found = torc_cas_acq_rel32(&table->area->returned, expected, index + 1); /* RETURNED */
    } while (found != expected);
}

bool torc_xxl_can_hold(const struct torc_pool_view *pool, size_t length) {
    return pool->xxl == NULL || pool->xxl->area == NULL || length <= pool->xxl->bytes;
}

/* Between its last release and the owner's next allocation a block is behind a descriptor that is free, or lent to an
 * arena's buffer since, and on the list. A lent descriptor has no block of its own, so live ones do not count. */
bool torc_xxl_area_is_valid(const struct torc_pool_view *pool) {
    const struct torc_xxl_table *table = pool->xxl;
    uint64_t bytes = 0;
    uint64_t steps = 0;
    uint64_t listed = 0;
    uint64_t free_blocks = 0;
    if (table == NULL || table->area == NULL) {
        return true;
    }
    for (uint32_t at = torc_load_acquire32(&table->area->returned); at != 0; at = table->record[at - 1].next) {
        if (at > pool->capacity || ++steps > pool->capacity || table->record[at - 1].block.size == 0) { /* RETURNED */
            return false;
        }
        listed += torc_word_count(torc_load_relaxed64(&pool->slots[at - 1].word)) == 0;
    }
    for (uint32_t i = 0; i < pool->capacity; i++) {
        bool live = torc_word_count(torc_load_relaxed64(&pool->slots[i].word)) != 0;
        free_blocks += !live && table->record[i].block.size != 0;
        bytes += table->record[i].block.size;
    }
    return free_blocks == listed && torc_region_is_valid(table->region) &&
           bytes == torc_region_capacity(table->region) - torc_region_available(table->region);
}
