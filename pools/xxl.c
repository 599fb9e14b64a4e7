/* pools/xxl.c - the XXL table and its default provider, the system allocator. */
#include "xxl.h"

#include <stdlib.h>

static void *system_alloc(void *state, size_t size) {
    (void)state;
    return aligned_alloc(TORC_LINE, TORC_ROUND_LINE(size));
}

static void system_free(void *state, void *block, size_t size) {
    (void)state;
    (void)size;
    free(block);
}

struct torc_xxl_table *torc_xxl_table_new(const struct torc_xxl_provider *provider, uint32_t descriptors) {
    struct torc_xxl_table *table = calloc(1, sizeof *table + descriptors * sizeof table->block[0]);
    if (table == NULL) {
        return NULL;
    }
    table->provider = *provider;
    if (provider->alloc == NULL) {
        table->provider = (struct torc_xxl_provider){system_alloc, system_free, NULL};
    }
    return table;
}

int torc_xxl_alloc(struct torc_pool_view *pool, uint32_t index, size_t length) {
    struct torc_xxl_block *block = &pool->xxl->block[index];
    size_t size = length == 0 ? 1 : length;
    int status = TORC_OK;
    if (pool->xxl->area != NULL) {
        status = torc_xxl_area_take(pool->xxl, index, size);
    } else {
        block->data = pool->xxl->provider.alloc(pool->xxl->provider.state, size);
        status = block->data == NULL ? TORC_NO_MEMORY : TORC_OK;
    }
    if (status == TORC_OK) {
        torc_store_relaxed64(&block->size, size);
    }
    return status;
}

static void forget(struct torc_xxl_block *block) {
    block->data = NULL;
    block->lent = (struct torc_frozen){NULL, NULL, 0, 0};
    torc_store_relaxed64(&block->size, 0);
}

int torc_xxl_lend(struct torc_pool_view *pool, uint32_t index, const struct torc_buffer *buffer) {
    struct torc_xxl_block *block = &pool->xxl->block[index];
    struct torc_buffer copy = *buffer;
    int status = torc_buffer_freeze(&copy, &block->lent);
    if (status == TORC_OK) {
        block->data = buffer->data;
        torc_store_relaxed64(&block->size, buffer->length);
    }
    return status;
}

void torc_xxl_return(struct torc_pool_view *pool, uint32_t index, const struct torc_buffer *buffer) {
    torc_store_relaxed64(torc_guard_of(buffer->data), buffer->word);
    forget(&pool->xxl->block[index]);
}

void torc_xxl_free(struct torc_pool_view *pool, uint32_t index) {
    struct torc_xxl_block *block = &pool->xxl->block[index];
    size_t size = (size_t)torc_load_relaxed64(&block->size);
    void *data = block->data;
    struct torc_frozen lent = block->lent;
    forget(block);
    if (lent.arena != NULL) {
        (void)torc_frozen_release(&lent);
    } else if (pool->xxl->area != NULL) {
        torc_xxl_area_give(pool->xxl, index);
    } else {
        pool->xxl->provider.free(pool->xxl->provider.state, data, size);
    }
}

uint64_t torc_xxl_bytes(const struct torc_pool_view *pool, uint32_t index, uint64_t word) {
    return pool->xxl != NULL && torc_word_count(word) != 0 ? torc_load_relaxed64(&pool->xxl->block[index].size) : 0;
}
