/* allocators.c - the allocators beside the pools, each against general-purpose ones on the same pattern. */
#include "allocators.h"
#include "heap_cases.h"

static const struct bench_case *const cases[] = {REGION_CASES, ARENA_CASES, HEAP_CASES};

int main(int argc, char **argv) {
    return bench_main(argc, argv, "allocators", cases, sizeof cases / sizeof *cases);
}
