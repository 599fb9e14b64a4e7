/* heap_model.c - a heap beside an array of what is out. After every step the block at hand is compared with the model;
 * now and then all blocks, the heap's figures and all its tags. */
#include "models.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { MOST = 200, PIECES = 40 };
enum defect { NO_DEFECT, LOSES_A_BLOCK, FREES_ANOTHER, MOVES_A_BYTE, FORGETS_A_ZERO };
enum over { RANGE, BUFFER, OWN };

static const struct variant {
    enum over over;
    struct torc_heap_config config;
    size_t size; /* of the grower's memory */
} variants[HEAP_VARIANTS] = {
    {RANGE, {0, 0}, (size_t)256 << 20},
    {BUFFER, {4, 1024}, (size_t)700 << 10}, /* runs full */
    {OWN, {8, 8192}, 0},
    {RANGE, {1, 1024}, (size_t)256 << 20}, /* one thread has a heap of its own, others share the common one */
};

struct held {
    unsigned char *block; /* NULL: none */
    size_t size;
    uint32_t seed;
};

struct model {
    struct chance *chance;
    const struct variant *variant;
    enum defect defect;
    struct torc_heap *heap;
    struct held held[MOST];
    uint64_t count;
    uint32_t seeds;
    bool elsewhere; /* blocks were freed by other threads than their owner, which may not know yet */
    struct torc_grower_mmap range;
    struct torc_grower_buffer buffer;
    struct torc_grower pieces; /* a user's */
    void *piece[PIECES];
    uint32_t piece_count;
    void *memory;
};

static uint64_t below(struct model *model, uint64_t limit) {
    return chance_below(model->chance, limit);
}

/* Mostly small; edges between the classes, the quick lists, the local heap and the common one are likely. */
static size_t some_size(struct model *model) {
    static const size_t edges[] = {0, 24, 1016, 1024, 32760, 32768, 131064, 131072};
    uint64_t kind = below(model, 100);
    return (size_t)(kind < 60   ? below(model, 300)
                    : kind < 85 ? below(model, 9000)
                    : kind < 97 ? edges[below(model, 8)] + below(model, 32)
                                : below(model, 200000));
}

/* --- comparing -------------------------------------------------------------------------------------------------- */

static bool apart(const struct model *model, const struct held *one) {
    for (uint32_t i = 0; i < MOST; i++) {
        const struct held *other = &model->held[i];
        if (other != one && other->block != NULL && one->block < other->block + other->size &&
            other->block < one->block + one->size) {
            return false;
        }
    }
    return true;
}

static const char *compare(struct model *model, bool contents) {
    struct torc_heap_stats stats;
    const char *what = NULL;
    size_t bytes = 0;
    FOLLOW(torc_heap_is_valid(model->heap, &what) ? NULL : what);
    for (uint32_t i = 0; i < MOST; i++) {
        const struct held *held = &model->held[i];
        HOLDS(held->block == NULL || !contents || filled(held->block, held->size, held->seed));
        HOLDS(held->block == NULL || torc_heap_usable(model->heap, held->block) >= held->size);
        bytes += held->block != NULL ? held->size + 8 : 0;
    }
    HOLDS(torc_heap_stats(model->heap, &stats) == TORC_OK);
    HOLDS(model->elsewhere ? stats.blocks >= model->count : stats.blocks == model->count);
    HOLDS(stats.used >= bytes);
    HOLDS(stats.used + stats.quick + stats.free <= stats.grown);
    return NULL;
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

/* A new block, or none where there may be none. */
static const char *take(struct model *model, struct held *held, void *block, size_t size) {
    HOLDS(block != NULL || model->variant->over != RANGE);
    if (block == NULL) {
        return NULL;
    }
    *held = (struct held){block, size, ++model->seeds};
    HOLDS((uintptr_t)block % TORC_HEAP_ALIGNMENT == 0);
    HOLDS(apart(model, held));
    fill(block, size, held->seed);
    if (model->defect == LOSES_A_BLOCK && model->seeds % 16 == 0) {
        held->block = NULL;
        return NULL;
    }
    model->count++;
    return NULL;
}

static const char *step_alloc(struct model *model, struct held *held) {
    size_t size = some_size(model);
    size_t alignment = below(model, 8) == 0 ? (size_t)1 << below(model, 14) : 1;
    void *block =
        alignment > 1 ? torc_heap_alloc_aligned(model->heap, alignment, size) : torc_heap_alloc(model->heap, size);
    HOLDS((uintptr_t)block % alignment == 0);
    return take(model, held, block, size);
}

static const char *step_alloc_zeroed(struct model *model, struct held *held) {
    size_t count = 1 + (size_t)below(model, 8);
    size_t size = some_size(model) / count;
    unsigned char *block = torc_heap_alloc_zeroed(model->heap, count, size);
    if (model->defect == FORGETS_A_ZERO && block != NULL && count * size > 100) {
        block[99] = 1;
    }
    for (size_t i = 0; block != NULL && i < count * size; i++) {
        HOLDS(block[i] == 0);
    }
    return take(model, held, block, count * size);
}

/* By this thread: once, and the second time is refused. */
static const char *step_free(struct model *model, struct held *held) {
    HOLDS(filled(held->block, held->size, held->seed));
    if (model->defect == FREES_ANOTHER) {
        uint32_t other = (uint32_t)((held - model->held) + 1) % MOST;
        (void)torc_heap_free(model->heap, model->held[other].block);
    }
    HOLDS(torc_heap_free(model->heap, held->block) == TORC_OK);
    held->block = NULL;
    model->count--;
    return NULL;
}

static const char *step_free_twice(struct model *model, struct held *held) {
    struct torc_heap_stats before, after;
    void *block = held->block;
    HOLDS(torc_heap_stats(model->heap, &before) == TORC_OK);
    FOLLOW(step_free(model, held));
    if (torc_heap_usable(model->heap, block) == 0) { /* else its own owner has yet to take it back */
        int status = torc_heap_free(model->heap, block);
        HOLDS(status == TORC_STALE || status == TORC_INVALID); /* its page may be gone */
        HOLDS(torc_heap_stats(model->heap, &after) == TORC_OK);
        HOLDS(after.refused == before.refused + (status == TORC_STALE));
    }
    return NULL;
}

static const char *step_resize(struct model *model, struct held *held) {
    size_t size = some_size(model);
    size_t kept = size < held->size ? size : held->size;
    unsigned char *block = torc_heap_realloc(model->heap, held->block, size);
    HOLDS(block != NULL || model->variant->over != RANGE);
    if (block == NULL) {
        HOLDS(filled(held->block, held->size, held->seed));
        return NULL;
    }
    if (model->defect == MOVES_A_BYTE && kept > 200) {
        block[kept - 1]++;
    }
    HOLDS(filled(block, kept, held->seed));
    held->block = block;
    held->size = size;
    HOLDS(apart(model, held));
    fill(block, size, held->seed);
    return NULL;
}

/* Another thread frees one block and leaves one of its own. */
struct visit {
    struct model *model;
    struct held *held;
    const char *wrong;
};
static void *visit(void *argument) {
    struct visit *visit = argument;
    struct held *held = visit->held;
    visit->wrong = held->block == NULL ? NULL : step_free(visit->model, held);
    if (visit->wrong == NULL) {
        visit->wrong = step_alloc(visit->model, held);
    }
    return NULL;
}

static const char *step_elsewhere(struct model *model, struct held *held) {
    struct visit visitor = {model, held, NULL};
    pthread_t thread;
    HOLDS(pthread_create(&thread, NULL, visit, &visitor) == 0);
    HOLDS(pthread_join(thread, NULL) == 0);
    model->elsewhere = true;
    return visitor.wrong;
}

static const char *step_settle(struct model *model) {
    (void)torc_heap_trim(model->heap);
    if (below(model, 4) == 0) {
        torc_heap_leave(model->heap);
        model->elsewhere = true; /* what this thread frees belongs to another heap, until it takes it over again */
    }
    return NULL;
}

static const char *step(struct model *model) {
    struct held *held = &model->held[below(model, MOST)];
    uint64_t choice = below(model, 256);
    if (choice < 2) {
        return step_settle(model);
    }
    if (choice < 6) {
        return step_elsewhere(model, held);
    }
    if (held->block == NULL) {
        return choice < 60 ? step_alloc_zeroed(model, held) : step_alloc(model, held);
    }
    return choice < 70 ? step_resize(model, held) : choice < 90 ? step_free_twice(model, held) : step_free(model, held);
}

/* --- runs ------------------------------------------------------------------------------------------------------- */

/* Pieces that never lie behind one another. */
static void *grow_by_piece(struct torc_grower *grower, size_t size, size_t *grown) {
    struct model *model = (struct model *)(void *)((unsigned char *)grower - offsetof(struct model, pieces));
    void *piece = model->piece_count < PIECES ? malloc(size) : NULL;
    if (piece != NULL) {
        model->piece[model->piece_count++] = piece;
        *grown = size;
    }
    return piece;
}

static struct torc_grower *open_grower(struct model *model) {
    size_t size = model->variant->size;
    switch (model->variant->over) {
    case RANGE:
        return torc_grower_mmap_open(&model->range, size) == TORC_OK ? &model->range.grower : NULL;
    case BUFFER:
        model->memory = malloc(size);
        return torc_grower_buffer_init(&model->buffer, model->memory, size) == TORC_OK ? &model->buffer.grower : NULL;
    default:
        model->pieces.grow = grow_by_piece;
        return &model->pieces;
    }
}

static void close_growers(struct model *model) {
    torc_grower_mmap_close(&model->range);
    free(model->memory);
    while (model->piece_count != 0) {
        free(model->piece[--model->piece_count]);
    }
}

static const char *live(struct model *model, uint32_t steps) {
    uint64_t out = 99;
    void *block;
    HOLDS(torc_heap_create(open_grower(model), &model->variant->config, &model->heap) == TORC_OK);
    for (uint32_t i = 0; i < steps && !chance_over(model->chance); i++) {
        FOLLOW(step(model));
        if (i % 256 == 0 || model->chance->at != NULL) {
            FOLLOW(compare(model, i % 32 == 0));
        }
    }
    for (uint32_t i = 0; i < MOST; i++) {
        FOLLOW(model->held[i].block == NULL ? NULL : step_free(model, &model->held[i]));
    }
    (void)torc_heap_trim(model->heap);
    model->elsewhere = false;
    FOLLOW(compare(model, true));
    block = torc_heap_alloc(model->heap, 200000); /* all of it is one piece again */
    HOLDS(block != NULL || model->variant->over == OWN);
    HOLDS(torc_heap_free(model->heap, block) == TORC_OK);
    HOLDS(torc_heap_destroy(&model->heap, &out) == TORC_OK && out == 0);
    return NULL;
}

const char *heap_model(struct chance *chance, uint32_t variant, uint32_t defect, uint32_t steps) {
    struct model *model = calloc(1, sizeof *model);
    const char *wrong;
    HOLDS(model != NULL);
    model->chance = chance;
    model->defect = (enum defect)defect;
    model->variant = &variants[variant % HEAP_VARIANTS];
    wrong = live(model, steps);
    (void)torc_heap_abandon(&model->heap); /* where something was wrong */
    close_growers(model);
    free(model);
    return wrong;
}
