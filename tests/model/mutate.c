/* mutate.c - the mutation score. */
#include "explorer.h"

int mutate(const struct model_scenario *const *scenarios, uint32_t count, const struct limits *limits,
           const char *explained) {
    (void)scenarios, (void)count, (void)limits, (void)explained;
    return 2;
}
