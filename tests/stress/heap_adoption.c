/* heap_adoption.c - threads that end while their blocks are out, over and over: others free these blocks, at the very
 * time at which the dead threads' heaps are adopted by new threads. Blocks stay whole, no memory is lost: as many
 * generations of threads as there are get by with as many heaps as live at one time. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>

enum { AT_ONCE = 8, KEPT = 40 };

static struct torc_heap *heap;

/* What one generation leaves for the next, whichever thread of it comes first. */
struct block {
    struct block *next;
    size_t size;
    uint64_t number;
};
static atomic_uintptr_t left_behind;

static void leave(struct block *block) {
    uintptr_t top = atomic_load(&left_behind);
    do {
        block->next = (struct block *)top;
    } while (!atomic_compare_exchange_weak(&left_behind, &top, (uintptr_t)block));
}

static void end(struct block *block, bool defect) {
    DETECT(STRESS_PAYLOAD, stress_match(block + 1, block->size, 1, block->number),
           "block %" PRIu64 ", %zu bytes, was overwritten", block->number, block->size);
    if (!defect) {
        OK(torc_heap_free(heap, block));
    }
}

static uint64_t end_all(uint64_t until_one, bool defect) {
    struct block *block = (struct block *)atomic_exchange(&left_behind, 0);
    uint64_t count = 0;
    while (block != NULL) {
        struct block *next = block->next;
        end(block, defect && ++count == until_one);
        block = next;
    }
    return count;
}

/* Some blocks of its own that it frees itself, some that it leaves, and those that the former threads left. */
static void *live(void *argument) {
    uint64_t random = (uint64_t)(uintptr_t)argument;
    stress_doing("allocates and frees");
    for (int i = 0; i < KEPT; i++) {
        size_t size = (size_t)stress_below(&random, stress_below(&random, 8) == 0 ? 30000 : 500);
        struct block *block = torc_heap_alloc(heap, sizeof *block + size);
        CHECK(block != NULL, "no memory for %zu bytes", size);
        block->size = size;
        block->number = random;
        stress_fill(block + 1, size, 1, block->number);
        if (stress_below(&random, 2) == 0) {
            leave(block);
        } else {
            end(block, false);
        }
        if (i == KEPT / 2) {
            (void)end_all(0, false);
        }
    }
    return NULL;
}

static void walk(void) {
    const char *what = NULL;
    DETECT(STRESS_AUDIT, torc_heap_is_valid(heap, &what), "%s", what);
}

/* Each place in the row is a thread that is joined and followed by the next: births, deaths and work overlap all the
 * time. */
static void run(uint64_t generations) {
    struct stress_thread *row[AT_ONCE] = {0};
    uint64_t seed = 1;
    for (uint64_t i = 0; i < generations * AT_ONCE; i++) {
        struct stress_thread **one = &row[i % AT_ONCE];
        if (*one != NULL) {
            (void)stress_join(*one);
        }
        *one = stress_spawn("mortal", live, (void *)(uintptr_t)(seed += 7919));
        stress_progress(i);
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        (void)stress_join(row[i]);
    }
}

int main(int argc, char **argv) {
    struct torc_grower_mmap range;
    struct torc_heap_config config = {.threads = AT_ONCE + 1};
    struct torc_heap_stats stats;
    uint64_t generations;
    stress_begin(argc, argv, "heap_adoption", STRESS_SUM, "one block that was left is forgotten");
    generations = stress_scaled(400);
    OK(torc_grower_mmap_open(&range, (size_t)1 << 30));
    OK(torc_heap_create(&range.grower, &config, &heap));
    for (int part = 0; part < 4; part++) {
        run((generations + 3) / 4);
        walk();
    }
    CHECK(atomic_load(&left_behind) != 0, "the last threads left nothing");
    (void)end_all(1, stress_broken);
    (void)torc_heap_trim(heap);
    walk();
    OK(torc_heap_stats(heap, &stats));
    DETECT(STRESS_SUM, stats.blocks == 0, "%" PRIu64 " blocks are still out", stats.blocks);
    DETECT(STRESS_STALE, stats.refused == 0, "%" PRIu64 " blocks were refused", stats.refused);
    DETECT(STRESS_SUM, stats.locals <= AT_ONCE + 1, "%u heaps for %d threads at one time", stats.locals, (int)AT_ONCE);
    stress_say("%" PRIu64 " threads, %u heaps, %" PRIu64 " adoptions, %zu KiB from the grower", generations * AT_ONCE,
               stats.locals, stats.adoptions, stats.grown >> 10);
    OK(torc_heap_destroy(&heap, NULL));
    torc_grower_mmap_close(&range);
    return stress_end();
}
