/* cells.c - the table of atomic cells, and the memory that lasts for one execution. */
#include "explorer.h"

#include <string.h>

#define TABLE 16384u /* locations, at most */

static struct location table[TABLE];

static unsigned char pool[16u << 20];
static size_t pool_used;
static uint32_t pool_run;

void *pool_take(size_t bytes) {
    void *taken;
    if (pool_run != ex.run) {
        pool_run = ex.run;
        pool_used = 0;
    }
    bytes = (bytes + 15) & ~(size_t)15;
    if (pool_used + bytes > sizeof pool) {
        violation("the execution is too long: the explorer's memory for stores is used up");
    }
    taken = pool + pool_used;
    pool_used += bytes;
    return taken;
}

void locations_forget(void) {
    memset(table, 0, sizeof table);
}

static struct location *entry_of(uintptr_t address) {
    size_t at = (size_t)((address >> 2) * UINT64_C(0x9E3779B97F4A7C15) >> 50) % TABLE;
    while (table[at].address != 0 && table[at].address != address) {
        at = (at + 1) % TABLE;
    }
    return &table[at];
}

uint64_t memory_read(const void *at, uint32_t bytes) {
    return bytes == 8 ? *(const volatile uint64_t *)at : bytes == 4 ? *(const volatile uint32_t *)at : 0;
}

void memory_write(void *at, uint32_t bytes, uint64_t value) {
    if (bytes == 8) {
        *(volatile uint64_t *)at = value;
    } else {
        *(volatile uint32_t *)at = (uint32_t)value;
    }
}

struct store *store_new(uint8_t thread, uint64_t value) {
    struct store *store = pool_take(sizeof *store);
    memset(store, 0, sizeof *store);
    store->thread = thread;
    store->value = value;
    return store;
}

/* What was there before: known to everybody. */
static void location_fresh(struct location *location, const void *at, uint32_t bytes) {
    struct store *store = store_new(0, memory_read(at, bytes));
    location->run = ex.run;
    location->bytes = bytes;
    location->first = location->last = store;
    location->serial = 0;
    memset(location->touched, 0, sizeof location->touched);
    memset(location->read_at, 0, sizeof location->read_at);
    memset(location->written_at, 0, sizeof location->written_at);
    memset(&location->handed, 0, sizeof location->handed);
    location->handed_past = location->part = 0;
}

struct location *location_find(uintptr_t address) {
    struct location *location = entry_of(address);
    return location->address == address && location->run == ex.run ? location : NULL;
}

struct location *location_of(const void *at, uint32_t bytes) {
    struct location *location = entry_of((uintptr_t)at);
    if (location->address == 0) {
        location->address = (uintptr_t)at;
    }
    if (location->run != ex.run) {
        location_fresh(location, at, bytes);
    } else if (location->bytes != bytes) {
        violation("accesses of %u and %u bytes to one atomic cell", location->bytes, bytes);
    }
    return location;
}

void location_plain_write(uintptr_t address) {
    struct location *location = location_find(address);
    if (location != NULL) {
        state_dropped(location);
        location->run = 0;
    }
}
