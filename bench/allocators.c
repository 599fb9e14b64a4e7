/* allocators.c - the allocators beside the pools, each against others on the same pattern. */
#include "bench.h"

static const struct bench_case *const cases[] = {
    &bench_region_1000,
    &bench_region_100000,
};

int main(int argc, char **argv) {
    return bench_main(argc, argv, "allocators", cases, sizeof cases / sizeof *cases);
}
