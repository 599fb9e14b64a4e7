/* allocators.c - the allocators target: bytes as the decisions of a life of an arena, a region or a heap beside its
 * reference model (tests/unit/models.h), whose books are compared after every step.
 *
 * TORC_FUZZ_BROKEN in the environment plants a defect: the allocator is told something behind the model's back.
 * TORC_FUZZ_ONLY names the one allocator that all inputs are for. */
#include "fuzz.h"

#include "../unit/models.h"

#include <stdlib.h>
#include <string.h>

const char *const target_name = "allocators";
const uint64_t target_functions = 0;
const bool target_states = false;

static const struct allocator {
    const char *name;
    const char *(*life)(struct chance *chance, uint32_t variant, uint32_t defect, uint32_t steps);
    uint32_t variants;
    const char *const defects[5]; /* by number */
} allocators[] = {
    {"region", region_model, REGION_VARIANTS, {"", "loses-a-block", "frees-another", "not-best-fit"}},
    {"arena",
     arena_model,
     2 * ARENA_VARIANTS,
     {"", "loses-a-buffer", "releases-another", "frees-a-shared-one", "moves-a-byte"}},
    {"heap", heap_model, HEAP_VARIANTS, {"", "loses-a-block", "frees-another", "moves-a-byte", "forgets-a-zero"}},
};

/* TORC_FUZZ_BROKEN is the allocator's name, a dash, the defect's. */
static uint32_t planted_in(const struct allocator *allocator) {
    const char *planted = getenv("TORC_FUZZ_BROKEN");
    size_t length = strlen(allocator->name);
    if (planted == NULL || strncmp(planted, allocator->name, length) != 0 || planted[length] != '-') {
        return 0;
    }
    for (uint32_t i = 1; i < 5; i++) {
        if (allocator->defects[i] != NULL && strcmp(planted + length + 1, allocator->defects[i]) == 0) {
            return i;
        }
    }
    return 0;
}

/* The input's choice, unless the environment made it: the byte is read all the same, so that an input stays what it
 * is. */
static const struct allocator *chosen(struct chance *chance) {
    const struct allocator *allocator = &allocators[chance_below(chance, 3)];
    const char *only = getenv("TORC_FUZZ_ONLY");
    for (uint32_t i = 0; only != NULL && i < 3; i++) {
        allocator = strcmp(allocators[i].name, only) == 0 ? &allocators[i] : allocator;
    }
    return allocator;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct chance chance = {.at = data, .end = data + size};
    const struct allocator *allocator = chosen(&chance);
    uint32_t variant = (uint32_t)chance_below(&chance, allocator->variants);
    const char *wrong;
    at_step(variant, allocator->name);
    wrong = allocator->life(&chance, variant, planted_in(allocator), UINT32_MAX);
    MUST(wrong == NULL, "not true: %s", wrong);
    return 0;
}
