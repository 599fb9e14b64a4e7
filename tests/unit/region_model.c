/* region_model.c - the region allocator beside a list of blocks by offset; what lies between them is free. Before every
 * call the model says which answer there must be; after every call the region's books are walked and its gaps and
 * figures compared. */
#include "models.h"
#include <string.h>
#include <torc/region.h>

#define MOST_BLOCKS 160
#define MOST_NODES  (2 * MOST_BLOCKS + 1)

static _Alignas(64) unsigned char storage[TORC_REGION_BYTES(MOST_NODES)];

struct variant {
    uint64_t base, length, granule;
    uint32_t nodes;
    uint32_t blocks;  /* at most this many out */
    uint32_t largest; /* log2 of the largest size asked for */
    uint64_t least;   /* added to every size */
};
static const struct variant variants[] = {
    {0, 1 << 20, 16, MOST_NODES, MOST_BLOCKS, 13, 0},                          /* lists and trees */
    {4096, 200 * 64, 64, MOST_NODES, MOST_BLOCKS, 9, 0},                       /* crowded */
    {0, UINT64_C(1) << 44, 1, MOST_NODES, MOST_BLOCKS, 40, 0},                 /* trees, all sizes */
    {UINT64_MAX - 65535, 65535, 1, MOST_NODES, MOST_BLOCKS, 11, 0},            /* up to the last number there is */
    {0, 1 << 22, 4096, MOST_NODES, MOST_BLOCKS, 18, 0},                        /* pages */
    {0, 1 << 20, 16, 40, MOST_BLOCKS, 13, 0},                                  /* nodes run out */
    {0, 1 << 18, 8, 21, 10, 16, 0},                                            /* just enough nodes */
    {0, 60000, 1, MOST_NODES, MOST_BLOCKS, 10, 0},                             /* many gaps in few trees */
    {0, UINT64_C(1) << 44, 1, MOST_NODES, MOST_BLOCKS, 15, UINT64_C(1) << 30}, /* and in one */
};
_Static_assert(sizeof variants / sizeof variants[0] == REGION_VARIANTS, "as in models.h");

/* What the fuzz must notice: the region is told something behind the model's back. */
enum defect { NO_DEFECT, LOSES_A_BLOCK, FREES_ANOTHER, NOT_BEST_FIT };

struct fuzz {
    const struct variant *variant;
    enum defect defect;
    struct torc_region *region;
    struct torc_region_block block[MOST_BLOCKS + 1]; /* by offset */
    uint32_t count;
    uint64_t length;
    struct chance *chance;
};

static uint64_t below(struct fuzz *fuzz, uint64_t limit) {
    return chance_below(fuzz->chance, limit);
}

/* Small and large sizes alike. */
static uint64_t some_size(struct fuzz *fuzz) {
    uint64_t size = below(fuzz, UINT64_C(2) << below(fuzz, fuzz->variant->largest)) + 1;
    size = below(fuzz, 4) != 0 || size < 64 ? size : size / 64 * 64; /* equal sizes happen */
    return size + fuzz->variant->least;
}

static uint64_t rounded(const struct fuzz *fuzz, uint64_t size) {
    return (size + fuzz->variant->granule - 1) / fuzz->variant->granule * fuzz->variant->granule;
}

/* --- the model ---------------------------------------------------------------------------------------------- */

/* The gap before block i, or behind the last one; its size may be 0. */
static struct torc_region_gap gap_before(const struct fuzz *fuzz, uint32_t i) {
    uint64_t from = i == 0 ? fuzz->variant->base : fuzz->block[i - 1].offset + fuzz->block[i - 1].size;
    uint64_t to = i == fuzz->count ? fuzz->variant->base + fuzz->length : fuzz->block[i].offset;
    return (struct torc_region_gap){from, to - from, 0};
}

struct figures {
    uint64_t available, largest, gaps;
};

static struct figures figures_of(const struct fuzz *fuzz) {
    struct figures figures = {0, 0, 0};
    for (uint32_t i = 0; i <= fuzz->count; i++) {
        uint64_t size = gap_before(fuzz, i).size;
        figures.available += size;
        figures.gaps += size != 0;
        figures.largest = size > figures.largest ? size : figures.largest;
    }
    return figures;
}

static uint64_t nodes_left(const struct fuzz *fuzz) {
    return fuzz->variant->nodes - fuzz->count - figures_of(fuzz).gaps;
}

/* The size of the smallest gap that fits, 0 if none. */
static uint64_t best_fit(const struct fuzz *fuzz, uint64_t size) {
    uint64_t best = 0;
    for (uint32_t i = 0; i <= fuzz->count; i++) {
        uint64_t found = gap_before(fuzz, i).size;
        best = found >= size && (best == 0 || found < best) ? found : best;
    }
    return best;
}

/* Puts a block the region gave into the list; the gap it was taken from goes to *from. */
static const char *put_in(struct fuzz *fuzz, struct torc_region_block block, struct torc_region_gap *from) {
    uint32_t i = fuzz->count;
    while (i > 0 && fuzz->block[i - 1].offset > block.offset) {
        i--;
    }
    *from = gap_before(fuzz, i);
    HOLDS(block.offset >= from->offset && block.size <= from->size);
    HOLDS(block.offset - from->offset <= from->size - block.size);
    HOLDS(block.offset % fuzz->variant->granule == 0);
    memmove(&fuzz->block[i + 1], &fuzz->block[i], (fuzz->count - i) * sizeof block);
    fuzz->block[i] = block;
    fuzz->count++;
    return NULL;
}

static void take_out(struct fuzz *fuzz, uint32_t i) {
    fuzz->count--;
    memmove(&fuzz->block[i], &fuzz->block[i + 1], (fuzz->count - i) * sizeof fuzz->block[0]);
}

static const char *compare(const struct fuzz *fuzz) {
    struct figures figures = figures_of(fuzz);
    struct torc_region_gap gap = {0};
    HOLDS(torc_region_is_valid(fuzz->region));
    HOLDS(torc_region_capacity(fuzz->region) == fuzz->length);
    HOLDS(torc_region_available(fuzz->region) == figures.available);
    HOLDS(torc_region_largest(fuzz->region) == figures.largest);
    HOLDS(torc_region_is_empty(fuzz->region) == (fuzz->count == 0));
    HOLDS(torc_region_nodes_left(fuzz->region) == nodes_left(fuzz));
    for (uint32_t i = 0; i <= fuzz->count; i++) {
        struct torc_region_gap expected = gap_before(fuzz, i);
        if (expected.size != 0) {
            HOLDS(torc_region_next_gap(fuzz->region, &gap));
            HOLDS(gap.offset == expected.offset && gap.size == expected.size);
        }
    }
    HOLDS(!torc_region_next_gap(fuzz->region, &gap));
    return NULL;
}

/* --- the steps: NULL, or what did not hold ------------------------------------------------------------------ */

static const char *step_alloc(struct fuzz *fuzz) {
    uint64_t size = some_size(fuzz);
    uint64_t want = rounded(fuzz, size);
    uint64_t best = best_fit(fuzz, want);
    int expected = best == 0 ? TORC_NO_MEMORY : best != want && nodes_left(fuzz) == 0 ? TORC_NO_NODES : TORC_OK;
    struct torc_region_block block = {0};
    struct torc_region_gap from;
    const char *wrong;
    HOLDS(torc_region_alloc(fuzz->region, fuzz->defect == NOT_BEST_FIT ? size + size / 2 : size, &block) == expected);
    if (expected != TORC_OK) {
        return NULL;
    }
    HOLDS(block.size == want);
    wrong = put_in(fuzz, block, &from);
    HOLDS(wrong != NULL || (from.size == best && from.offset == block.offset));
    return wrong;
}

static const char *step_alloc_aligned(struct fuzz *fuzz) {
    uint64_t granule = fuzz->variant->granule;
    uint64_t want = some_size(fuzz);
    uint64_t alignment = UINT64_C(1) << below(fuzz, fuzz->variant->largest + 2);
    uint64_t slack = alignment > granule ? alignment - granule : 0;
    struct torc_region_block block = {0};
    struct torc_region_gap from;
    int status = torc_region_alloc_aligned(fuzz->region, want, alignment, &block);
    want = rounded(fuzz, want);
    if (status == TORC_NO_NODES) {
        HOLDS(nodes_left(fuzz) < 2);
        return NULL;
    }
    if (status == TORC_NO_MEMORY) {
        HOLDS(best_fit(fuzz, want + slack) == 0);
        return NULL;
    }
    HOLDS(status == TORC_OK && block.size == want && block.offset % alignment == 0);
    return put_in(fuzz, block, &from);
}

static const char *step_free(struct fuzz *fuzz) {
    uint32_t i = fuzz->count == 0 ? 0 : (uint32_t)below(fuzz, fuzz->count);
    struct torc_region_block block = fuzz->block[i];
    if (fuzz->count == 0) {
        return NULL;
    }
    if (fuzz->defect == FREES_ANOTHER) {
        block = fuzz->block[(i + 1) % fuzz->count];
    }
    HOLDS(torc_region_free(fuzz->region, block) == TORC_OK);
    HOLDS(torc_region_free(fuzz->region, block) == TORC_STALE);
    take_out(fuzz, i);
    return NULL;
}

static const char *step_resize(struct fuzz *fuzz) {
    uint32_t i = fuzz->count == 0 ? 0 : (uint32_t)below(fuzz, fuzz->count);
    uint64_t size = some_size(fuzz);
    uint64_t want = rounded(fuzz, size);
    struct torc_region_block old = fuzz->block[i];
    uint64_t behind = fuzz->count == 0 ? 0 : gap_before(fuzz, i + 1).size;
    int expected = want > old.size && want - old.size > behind               ? TORC_NO_MEMORY
                   : want < old.size && behind == 0 && nodes_left(fuzz) == 0 ? TORC_NO_NODES
                                                                             : TORC_OK;
    if (fuzz->count == 0) {
        return NULL;
    }
    HOLDS(torc_region_try_resize(fuzz->region, &fuzz->block[i], size) == expected);
    HOLDS(fuzz->block[i].offset == old.offset);
    HOLDS(fuzz->block[i].size == (expected == TORC_OK ? want : old.size));
    HOLDS(expected != TORC_OK || torc_region_free(fuzz->region, old) == TORC_STALE);
    return NULL;
}

static const char *step_grow(struct fuzz *fuzz) {
    uint64_t more = some_size(fuzz) / 4;
    uint64_t whole = more - more % fuzz->variant->granule;
    bool ends_in_block = gap_before(fuzz, fuzz->count).size == 0;
    int expected = whole == 0 || whole > UINT64_MAX - fuzz->variant->base - fuzz->length ? TORC_INVALID
                   : ends_in_block && nodes_left(fuzz) == 0                              ? TORC_NO_NODES
                                                                                         : TORC_OK;
    HOLDS(torc_region_grow(fuzz->region, more) == expected);
    fuzz->length += expected == TORC_OK ? whole : 0;
    return NULL;
}

static const char *step_forge(struct fuzz *fuzz) {
    struct torc_region_block block = fuzz->block[below(fuzz, MOST_BLOCKS)];
    uint64_t other = below(fuzz, UINT64_MAX);
    memcpy((unsigned char *)&block + below(fuzz, 6) * 4, &other, 4);
    for (uint32_t i = 0; i < fuzz->count; i++) {
        if (memcmp(&block, &fuzz->block[i], sizeof block) == 0) {
            return NULL;
        }
    }
    HOLDS(torc_region_free(fuzz->region, block) == TORC_STALE);
    return NULL;
}

static const char *step_reset(struct fuzz *fuzz) {
    struct torc_region_block old = fuzz->block[0];
    bool had = fuzz->count != 0;
    HOLDS(torc_region_reset(fuzz->region) == TORC_OK);
    HOLDS(!had || torc_region_free(fuzz->region, old) == TORC_STALE);
    fuzz->count = 0;
    return NULL;
}

/* Fills up and drains in turns, so that both the crowded and the empty region are met. */
static const char *step(struct fuzz *fuzz, uint32_t number) {
    uint64_t choice = below(fuzz, 1000);
    bool filling = number / 500 % 2 == 0;
    if (choice < 2) {
        return step_reset(fuzz);
    }
    if (choice < 12) {
        return step_grow(fuzz);
    }
    if (choice < 100) {
        return step_forge(fuzz);
    }
    if (choice < 300) {
        return step_resize(fuzz);
    }
    if (fuzz->count < fuzz->variant->blocks && choice < (filling ? 800u : 500u)) {
        return choice % 4 == 0 ? step_alloc_aligned(fuzz) : step_alloc(fuzz);
    }
    return step_free(fuzz);
}

const char *region_model(struct chance *chance, uint32_t variant, uint32_t defect, uint32_t steps) {
    const struct variant *v = &variants[variant % REGION_VARIANTS];
    struct fuzz fuzz = {
        .variant = v, .defect = (enum defect)defect, .length = v->length / v->granule * v->granule, .chance = chance};
    memset(storage, 0xA5, sizeof storage);
    HOLDS(torc_region_init(storage, TORC_REGION_BYTES(v->nodes), v->base, v->length, v->granule, &fuzz.region) ==
          TORC_OK);
    for (uint32_t i = 0; i < steps && !chance_over(chance); i++) {
        FOLLOW(step(&fuzz, i));
        if (defect == LOSES_A_BLOCK && i % 8 == 7 && fuzz.count != 0) {
            take_out(&fuzz, 0);
        }
        FOLLOW(compare(&fuzz));
    }
    return NULL;
}
