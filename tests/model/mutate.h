/* mutate.h - what the mutation score's files share. */
#ifndef TORC_TESTS_MODEL_MUTATE_H
#define TORC_TESTS_MODEL_MUTATE_H

#include "explorer.h"

/* explained.c. A line's number, or -1; use: it was needed, its reason; stale: lines nobody needed, of files beginning
 * so. */
bool explanations_read(const char *file);
int32_t explanation_of(const struct mutation *mutant);
const char *explanation_use(int32_t line);
uint32_t explanations_stale(const char *of);

#endif
