/* heaps.c - heaps over each grower, alone, in threads and behind a bus, and regions, while calls fail. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

void heap_of_each_thread(void);
void heap_over_segment(void);
void heap_over_range(void);
void heap_over_buffer(void);
void heap_over_own(void);
void heap_behind_bus(void);
void region_alone(void);
void area_in_bus(void);

#define RANGE ((size_t)64 << 20)

/* --- a heap ------------------------------------------------------------------------------------------------- */

static void must_be_whole(struct torc_heap *heap) {
    const char *what = NULL;
    MUST(torc_heap_is_valid(heap, &what), "the heap is damaged: %s", what);
}

/* NULL only while something fails, and not again once it works again. */
static void *enough(struct torc_heap *heap, void *block, size_t size) {
    void *got = torc_heap_realloc(heap, block, size);
    MUST(got != NULL || inject_failed() != 0, "no memory and nothing has failed");
    if (got == NULL && inject_was_single()) {
        got = torc_heap_realloc(heap, block, size);
        MUST(got != NULL, "still no memory");
    }
    return got;
}

/* Each is allocated, filled and made half as large again; where that fails it is as it was. */
static void use_heap(struct torc_heap *heap) {
    static const size_t sizes[] = {10, 1000, 20000, 100, 200000, 3000000, 20};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    void *block[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        size_t known = sizes[i] < LARGEST ? sizes[i] : LARGEST;
        void *larger = NULL;
        block[i] = enough(heap, NULL, sizes[i]);
        if (block[i] != NULL) {
            world_fill(block[i], known, i);
            larger = enough(heap, block[i], sizes[i] + sizes[i] / 2);
            block[i] = larger != NULL ? larger : block[i];
            world_verify(block[i], known, i);
        }
    }
    must_be_whole(heap);
    for (uint32_t i = 0; i < COUNT; i++) {
        MUST(torc_heap_free(heap, block[i]) == TORC_OK, "a block is refused");
    }
    (void)torc_heap_trim(heap);
    must_be_whole(heap);
}

static bool make(struct torc_grower *grower, struct torc_heap **heap) {
    bool made = ATTEMPT(torc_heap_create(grower, NULL, heap), MAY_LACK_MEMORY);
    MUST(made == (*heap != NULL), "a heap that could not be created was handed out");
    return made;
}

/* Twice: what was given back is there again. */
static void live(struct torc_grower *grower) {
    struct torc_heap *heap = NULL;
    if (make(grower, &heap)) {
        use_heap(heap);
        use_heap(heap);
        SURE(torc_heap_destroy(&heap, NULL));
    }
}

/* --- over each grower --------------------------------------------------------------------------------------- */

void heap_over_segment(void) {
    struct torc_grower_brk segment;
    torc_grower_brk_init(&segment);
    live(&segment.grower);
}

void heap_over_range(void) {
    struct torc_grower_mmap range;
    if (ATTEMPT(torc_grower_mmap_open(&range, RANGE), MAY_LACK_MEMORY)) {
        live(&range.grower);
        torc_grower_mmap_close(&range);
    }
}

void heap_over_buffer(void) {
    static _Alignas(64) unsigned char memory[(size_t)16 << 20];
    struct torc_grower_buffer buffer;
    SURE(torc_grower_buffer_init(&buffer, memory, sizeof memory));
    live(&buffer.grower);
}

/* A user's: pieces that do not lie side by side, each from the system's allocator. */
struct pieces {
    struct torc_grower grower;
    void *piece[16];
    unsigned count;
};

static void *grow_by_piece(struct torc_grower *grower, size_t size, size_t *grown) {
    struct pieces *self = (struct pieces *)grower;
    void *piece = self->count < 16 ? calloc(1, size) : NULL;
    if (piece != NULL) {
        self->piece[self->count++] = piece;
        *grown = size;
    }
    return piece;
}

void heap_over_own(void) {
    struct pieces pieces = {.grower = {.grow = grow_by_piece}};
    live(&pieces.grower);
    while (pieces.count != 0) {
        free(pieces.piece[--pieces.count]);
    }
}

/* --- threads ------------------------------------------------------------------------------------------------ */

struct exchange {
    struct torc_heap *heap;
    void *given, *taken;
};

/* Frees what another thread allocated, and leaves it a block of its own. */
static void *exchange(void *argument) {
    struct exchange *blocks = argument;
    MUST(torc_heap_free(blocks->heap, blocks->given) == TORC_OK, "another thread's block is refused");
    use_heap(blocks->heap);
    blocks->taken = enough(blocks->heap, NULL, 700);
    return NULL;
}

static void exchange_with_thread(struct torc_heap *heap) {
    struct exchange blocks = {.heap = heap, .given = enough(heap, NULL, 500)};
    pthread_t thread;
    world_spawn(&thread, exchange, &blocks);
    world_join(thread);
    MUST(torc_heap_free(heap, blocks.taken) == TORC_OK, "a dead thread's block is refused");
}

/* A thread whose end nobody would notice has no heap of its own, but memory all the same. */
void heap_of_each_thread(void) {
    struct torc_grower_mmap range;
    struct torc_heap *heap = NULL;
    struct torc_heap_stats stats;
    if (!ATTEMPT(torc_grower_mmap_open(&range, RANGE), MAY_LACK_MEMORY)) {
        return;
    }
    if (make(&range.grower, &heap)) {
        for (int i = 0; i < 3; i++) {
            exchange_with_thread(heap);
        }
        SURE(torc_heap_stats(heap, &stats));
        MUST(stats.locals == 2 || inject_failed() != 0, "%u heaps of threads, not 2", stats.locals);
        must_be_whole(heap);
        SURE(torc_heap_destroy(&heap, NULL));
    }
    torc_grower_mmap_close(&range);
}

/* --- behind a bus ------------------------------------------------------------------------------------------- */

void heap_behind_bus(void) {
    struct torc_grower_mmap range;
    struct torc_heap *heap = NULL;
    struct world world = {.bus = NULL};
    struct torc_config config = world_config(0);
    if (!ATTEMPT(torc_grower_mmap_open(&range, RANGE), MAY_LACK_MEMORY)) {
        return;
    }
    if (make(&range.grower, &heap)) {
        SURE(torc_heap_xxl_provider(heap, &config.xxl_provider));
        if (world_bus_from(&world, &config) && world_ends(&world)) {
            world_every_size(&world);
        }
        world_close(&world);
        SURE(torc_heap_destroy(&heap, NULL)); /* every block has come back */
    }
    torc_grower_mmap_close(&range);
}

/* --- regions: no call is made, so none can fail ---------------------------------------------------------------- */

void region_alone(void) {
    static _Alignas(64) unsigned char storage[TORC_REGION_BYTES(TORC_REGION_NODES(50))];
    struct torc_region *region = NULL;
    struct torc_region_block block[50];
    SURE(torc_region_init(storage, sizeof storage, 0, 50 * 1000, 1, &region));
    for (int i = 0; i < 50; i++) {
        SURE(torc_region_alloc(region, 1000, &block[i]));
    }
    for (int i = 0; i < 50; i++) {
        SURE(torc_region_free(region, block[i]));
    }
    MUST(torc_region_is_valid(region) && torc_region_is_empty(region), "the region is not as it was");
    MUST(inject_calls(INJECT_RESOURCE) == 0 && inject_calls(INJECT_WAIT) == 0, "a region makes calls");
}

/* Once the bus is there, large events need nothing from outside. */
void area_in_bus(void) {
    struct world world = {.bus = NULL};
    struct torc_config config = world_config(0);
    config.xxl_bytes = 4 * LARGEST;
    if (world_bus_from(&world, &config) && world_ends(&world)) {
        uint64_t calls = inject_calls(INJECT_RESOURCE);
        world_every_size(&world);
        MUST(inject_calls(INJECT_RESOURCE) == calls, "an event in the area takes something from outside");
    }
    world_close(&world);
}
