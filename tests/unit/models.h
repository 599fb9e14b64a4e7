/* models.h - reference models, too simple to be wrong, for long random lives of the three allocators.
 *
 * A run makes one allocator and takes `steps` decisions, or as many as there are bytes: each is an operation on it and
 * on the model, whose answers must agree; then all is given back. Answers NULL, or what did not hold. */
#ifndef TORC_TESTS_UNIT_MODELS_H
#define TORC_TESTS_UNIT_MODELS_H

#include "chance.h"

/* What a run must be able to notice: 0 is none, else the allocator is told something behind the model's back. */
enum { REGION_VARIANTS = 9, ARENA_VARIANTS = 5, HEAP_VARIANTS = 4 };
enum { REGION_DEFECTS = 3, ARENA_DEFECTS = 4, HEAP_DEFECTS = 4 };

const char *region_model(struct chance *chance, uint32_t variant, uint32_t defect, uint32_t steps);
const char *arena_model(struct chance *chance, uint32_t variant, uint32_t defect, uint32_t steps);
const char *heap_model(struct chance *chance, uint32_t variant, uint32_t defect, uint32_t steps);

#define MODEL_TEXT_(x) #x
#define MODEL_TEXT(x)  MODEL_TEXT_(x)
/* In functions that answer NULL or what did not hold. HOLDS: a condition. FOLLOW: a step that says so itself. */
#define HOLDS(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            return #condition " (line " MODEL_TEXT(__LINE__) ")";                                                      \
        }                                                                                                              \
    } while (0)
#define FOLLOW(step)                                                                                                   \
    do {                                                                                                               \
        const char *wrong_ = (step);                                                                                   \
        if (wrong_ != NULL) {                                                                                          \
            return wrong_;                                                                                             \
        }                                                                                                              \
    } while (0)

#endif
