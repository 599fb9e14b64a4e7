/* arena_model.c - an arena beside the list of what is out, by place; what lies between is free. After every step all
 * patterns must be intact and the arena must count what the list has; a refusal is believed only if the list shows no
 * room. */
#include "models.h"
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { MOST = 160, HANDLES = 4, LARGEST = 3000 };
enum defect { NO_DEFECT, LOSES_A_BUFFER, RELEASES_ANOTHER, FREES_A_SHARED_ONE, MOVES_A_BYTE };

/* Buffers that are out; frozen ones have handles. */
struct held {
    struct torc_buffer buffer;
    struct torc_frozen frozen[HANDLES];
    uint32_t handles;
    uint32_t seed;
    uint32_t number; /* the lowest is the oldest */
};

struct model {
    struct chance *chance;
    enum defect defect;
    bool in_order; /* the oldest goes first */
    struct torc_arena *arena;
    uint64_t bytes;
    struct held held[MOST + 1]; /* by place */
    uint32_t count;
    struct torc_extendable open;
    uint32_t open_seed;
    uint32_t seeds;
};

static const size_t stores[ARENA_VARIANTS] = {8000, 200000, 100, 1000, 30000};

static uint64_t below(struct model *model, uint64_t limit) {
    return chance_below(model->chance, limit);
}

static size_t some_size(struct model *model) {
    static const size_t most[4] = {16, 100, 500, LARGEST};
    return (size_t)below(model, most[below(model, 4)]);
}

/* --- the list --------------------------------------------------------------------------------------------------- */

struct figures {
    uint64_t used, buffers, gap;
    bool apart;
};

static uint64_t place_of(const struct model *model, const struct torc_buffer *buffer) {
    return (uint64_t)(buffer->data - model->arena->base);
}

/* Walks on from `at` to a buffer, and past it. */
static uint64_t pass(const struct model *model, const struct torc_buffer *buffer, uint64_t at,
                     struct figures *figures) {
    uint64_t begin = place_of(model, buffer);
    uint64_t size = TORC_ARENA_REGION(buffer->capacity);
    figures->apart = figures->apart && begin >= at;
    figures->gap = begin > at && begin - at > figures->gap ? begin - at : figures->gap;
    figures->used += size;
    figures->buffers++;
    return begin + size;
}

static struct figures figures_of(const struct model *model) {
    struct figures figures = {.apart = true};
    struct torc_buffer end = {.data = model->arena->base + model->bytes};
    const struct torc_buffer *open = model->open.buffer.arena != NULL ? &model->open.buffer : NULL;
    uint64_t at = 0;
    for (uint32_t i = 0; i < model->count; i++) {
        const struct torc_buffer *next = &model->held[i].buffer;
        if (open != NULL && open->data < next->data) {
            at = pass(model, open, at, &figures);
            open = NULL;
        }
        at = pass(model, next, at, &figures);
    }
    at = open != NULL ? pass(model, open, at, &figures) : at;
    (void)pass(model, &end, at, &figures);
    figures.used -= TORC_ARENA_REGION(0);
    figures.buffers--;
    return figures;
}

static const char *compare(struct model *model, bool contents) {
    struct figures figures = figures_of(model);
    struct torc_arena_stats stats;
    HOLDS(torc_arena_is_valid(model->arena) == TORC_OK);
    HOLDS(torc_arena_stats(model->arena, &stats) == TORC_OK);
    HOLDS(figures.apart);
    HOLDS(stats.buffers == figures.buffers);
    HOLDS(stats.used == figures.used);
    HOLDS(stats.largest == (figures.gap > 8 ? figures.gap - 8 : 0));
    for (uint32_t i = 0; i < model->count; i++) {
        const struct held *held = &model->held[i];
        HOLDS(!contents || filled(held->buffer.data, held->buffer.length, held->seed));
        HOLDS(held->handles == 0 || torc_frozen_count(&held->frozen[0]) == held->handles);
    }
    return NULL;
}

static void put_in(struct model *model, struct torc_buffer buffer, uint32_t seed) {
    uint32_t i = model->count++;
    while (i > 0 && model->held[i - 1].buffer.data > buffer.data) {
        model->held[i] = model->held[i - 1];
        i--;
    }
    model->held[i] = (struct held){.buffer = buffer, .seed = seed, .number = ++model->seeds};
}

static void take_out(struct model *model, uint32_t i) {
    model->count--;
    memmove(&model->held[i], &model->held[i + 1], (model->count - i) * sizeof model->held[0]);
}

static uint32_t choose(struct model *model) {
    uint32_t oldest = 0;
    if (!model->in_order) {
        return (uint32_t)below(model, model->count);
    }
    for (uint32_t i = 1; i < model->count; i++) {
        oldest = model->held[i].number < model->held[oldest].number ? i : oldest;
    }
    return oldest;
}

/* --- fixed ------------------------------------------------------------------------------------------------------ */

static const char *refused(const struct model *model, int status, size_t size, size_t alignment) {
    uint64_t slack = alignment > TORC_ARENA_GRAIN ? alignment : 0;
    if (TORC_ARENA_REGION(size) > model->bytes || alignment > model->bytes) {
        HOLDS(status == TORC_TOO_BIG);
    } else {
        HOLDS(status == TORC_POOL_DRY);
        HOLDS(TORC_ARENA_REGION(size) + slack > figures_of(model).gap);
    }
    return NULL;
}

static const char *step_alloc(struct model *model) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    size_t size = some_size(model);
    size_t alignment = below(model, 3) == 0 ? (size_t)1 << below(model, 12) : 1;
    uint32_t seed = ++model->seeds;
    int status = alignment > 1 ? torc_arena_alloc_aligned(model->arena, size, alignment, &buffer)
                               : torc_arena_alloc(model->arena, size, &buffer);
    if (status != TORC_OK) {
        return refused(model, status, size, alignment);
    }
    HOLDS((uintptr_t)buffer.data % (alignment > 16 ? alignment : 16) == 0);
    HOLDS(buffer.capacity == size && buffer.length == 0);
    fill(buffer.data, size, seed);
    HOLDS(torc_buffer_advance(&buffer, size + (size_t)below(model, 2)) == size);
    HOLDS(torc_buffer_write(&buffer, "x", 1) == 0);
    if (model->defect != LOSES_A_BUFFER || model->seeds % 16 != 0) {
        put_in(model, buffer, seed);
    }
    return NULL;
}

static const char *step_release(struct model *model) {
    uint32_t i = choose(model);
    struct torc_buffer copy = model->held[i].buffer;
    uint32_t other = model->defect == RELEASES_ANOTHER ? (i + 1) % model->count : i;
    if (model->held[other].handles != 0 || model->held[i].handles != 0) {
        struct held *held = &model->held[i];
        HOLDS(torc_buffer_release(&copy) == TORC_STALE);
        HOLDS(held->handles == 0 || torc_frozen_release(&held->frozen[held->handles - 1]) == TORC_OK);
        if (model->defect == FREES_A_SHARED_ONE && held->handles > 1) {
            (void)torc_frozen_release(&held->frozen[0]);
        }
        if (held->handles == 0 || --held->handles == 0) {
            take_out(model, i);
        }
        return NULL;
    }
    HOLDS(torc_buffer_release(&model->held[other].buffer) == TORC_OK);
    HOLDS(model->held[other].buffer.arena == NULL);
    HOLDS(torc_buffer_release(&model->held[other].buffer) == TORC_INVALID);
    HOLDS(torc_buffer_release(&copy) == TORC_STALE);
    take_out(model, i);
    return NULL;
}

/* --- frozen ----------------------------------------------------------------------------------------------------- */

static const char *step_share(struct model *model) {
    struct held *held = &model->held[below(model, model->count)];
    struct torc_buffer copy = held->buffer;
    if (held->handles == 0) {
        HOLDS(torc_buffer_freeze(&copy, &held->frozen[0]) == TORC_OK);
        HOLDS(copy.arena == NULL && held->frozen[0].length == held->buffer.length);
        held->handles = 1;
    } else if (held->handles < HANDLES) {
        HOLDS(torc_frozen_clone(&held->frozen[below(model, held->handles)], &held->frozen[held->handles]) == TORC_OK);
        held->handles++;
    }
    return NULL;
}

/* --- typed ------------------------------------------------------------------------------------------------------ */

/* An array of numbers beside the typed buffer, then only bytes like the rest. */
static const char *step_typed(struct model *model) {
    enum { ROOM = 12 };
    uint64_t array[ROOM + 1];
    struct torc_typed typed;
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    uint32_t count = 0;
    uint32_t turns = (uint32_t)below(model, 24);
    int status = torc_arena_typed(model->arena, ROOM, 8, 8, &typed);
    if (status != TORC_OK) {
        return refused(model, status, ROOM * sizeof(uint64_t), 8);
    }
    for (uint32_t i = 0; i < turns; i++) {
        uint64_t element = i, got = 0;
        uint32_t index = (uint32_t)below(model, ROOM + 2);
        if (below(model, 3) != 0) {
            status = torc_typed_insert(&typed, index, &element);
            HOLDS(status == (index > count ? TORC_INVALID : count == ROOM ? TORC_NO_ROOM : TORC_OK));
            if (status == TORC_OK) {
                memmove(&array[index + 1], &array[index], (count - index) * sizeof array[0]);
                array[index] = element;
                count++;
            }
        } else {
            status = torc_typed_remove(&typed, index, &got);
            HOLDS(status == (index >= count ? TORC_INVALID : TORC_OK));
            if (status == TORC_OK) {
                HOLDS(got == array[index]);
                count--;
                memmove(&array[index], &array[index + 1], (count - index) * sizeof array[0]);
            }
        }
        HOLDS(typed.count == count && memcmp(typed.buffer.data, array, count * sizeof array[0]) == 0);
    }
    HOLDS(torc_typed_finish(&typed, &buffer) == TORC_OK && buffer.length == count * sizeof array[0]);
    fill(buffer.data, buffer.length, ++model->seeds);
    put_in(model, buffer, model->seeds);
    return NULL;
}

/* --- extendable ------------------------------------------------------------------------------------------------- */

/* The pattern depends on the place, so all of it is written anew; what was there is checked before. */
static const char *extend(struct model *model) {
    struct torc_buffer *buffer = &model->open.buffer;
    unsigned char more[LARGEST];
    size_t before = buffer->length;
    size_t asked = some_size(model);
    size_t slack = model->open.alignment > TORC_ARENA_GRAIN ? model->open.alignment : 0;
    size_t written;
    fill(more, asked, 1);
    if (below(model, 4) == 0) {
        int status = torc_extend_reserve(&model->open, asked);
        HOLDS(status != TORC_OK || torc_buffer_spare(buffer) >= asked);
        HOLDS(status == TORC_OK || status == TORC_POOL_DRY || status == TORC_TOO_BIG);
    }
    written = torc_extend_write(&model->open, more, asked);
    HOLDS(written <= asked && buffer->length == before + written);
    if (model->defect == MOVES_A_BYTE && before > 20) {
        buffer->data[before - 1]++;
    }
    HOLDS(filled(buffer->data, before, model->open_seed));
    HOLDS(filled(buffer->data + before, written, 1));
    /* Short only if it is full and there is no other place for all of it. */
    HOLDS(written == asked || torc_buffer_spare(buffer) == 0);
    HOLDS(written == asked || TORC_ARENA_REGION(before + asked) + slack > figures_of(model).gap);
    fill(buffer->data, buffer->length, model->open_seed);
    return NULL;
}

static const char *step_open(struct model *model) {
    size_t alignment = (size_t)1 << below(model, 8);
    struct torc_extendable second;
    int status;
    if (model->open.buffer.arena != NULL) {
        HOLDS(torc_arena_open(model->arena, alignment, &second) == TORC_BUSY);
        return extend(model);
    }
    status = torc_arena_open(model->arena, alignment, &model->open);
    model->open_seed = ++model->seeds;
    return status == TORC_OK ? NULL : refused(model, status, 1, alignment);
}

static const char *step_finish(struct model *model) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    size_t length = model->open.buffer.length;
    if (model->open.buffer.arena == NULL) {
        HOLDS(torc_extend_finish(&model->open, &buffer) == TORC_INVALID);
        HOLDS(torc_extend_cancel(&model->open) == TORC_INVALID);
    } else if (below(model, 4) == 0 || model->count == MOST) {
        HOLDS(torc_extend_cancel(&model->open) == TORC_OK);
    } else {
        HOLDS(torc_extend_finish(&model->open, &buffer) == TORC_OK);
        HOLDS(buffer.length == length && buffer.capacity == length);
        put_in(model, buffer, model->open_seed);
    }
    return NULL;
}

/* --- runs ------------------------------------------------------------------------------------------------------- */

/* What is out is counted, and nothing touched; an arena with nothing out is made anew. */
static const char *step_destroy(struct model *model) {
    uint64_t out = 99;
    uint64_t expected = figures_of(model).buffers;
    HOLDS(torc_arena_destroy(&model->arena, TORC_NO_WAIT, &out) == (expected == 0 ? TORC_OK : TORC_BUSY));
    HOLDS(out == expected && (model->arena == NULL) == (expected == 0));
    HOLDS(model->arena != NULL || torc_arena_create((size_t)model->bytes, &model->arena) == TORC_OK);
    return NULL;
}

static const char *step(struct model *model) {
    uint64_t choice = below(model, 256);
    if (choice < 3) {
        return step_destroy(model);
    }
    if (choice < 70) {
        return step_open(model);
    }
    if (choice < 95) {
        return step_finish(model);
    }
    if (choice < 180) {
        return model->count == MOST ? NULL : choice < 110 ? step_typed(model) : step_alloc(model);
    }
    return model->count == 0 ? NULL : choice < 190 ? step_share(model) : step_release(model);
}

static const char *live(struct model *model, uint32_t steps) {
    HOLDS(torc_arena_create((size_t)model->bytes, &model->arena) == TORC_OK);
    for (uint32_t i = 0; i < steps && !chance_over(model->chance); i++) {
        FOLLOW(step(model));
        if (i % 16 == 0 || model->chance->at != NULL) {
            FOLLOW(compare(model, i % 16 == 0));
        }
    }
    FOLLOW(compare(model, true));
    model->in_order = true;
    while (model->count != 0) {
        FOLLOW(step_release(model));
    }
    if (model->open.buffer.arena != NULL) {
        HOLDS(torc_extend_cancel(&model->open) == TORC_OK);
    }
    HOLDS(torc_arena_destroy(&model->arena, TORC_NO_WAIT, NULL) == TORC_OK);
    return NULL;
}

/* What is wrong ends the run where it is, and the arena with it. */
const char *arena_model(struct chance *chance, uint32_t variant, uint32_t defect, uint32_t steps) {
    struct model *model = calloc(1, sizeof *model);
    const char *wrong;
    HOLDS(model != NULL);
    model->chance = chance;
    model->defect = (enum defect)defect;
    model->in_order = variant / ARENA_VARIANTS % 2 != 0;
    model->bytes = (stores[variant % ARENA_VARIANTS] + 15) & ~(uint64_t)15;
    wrong = live(model, steps);
    if (model->arena != NULL) {
        free(model->arena->memory);
    }
    free(model);
    return wrong;
}
