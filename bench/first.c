/* first.c - the first speed marks: four cases, each against the goal set for it. */
#include "bench.h"

static const struct bench_case *const cases[] = {&bench_pingpong_40, &bench_spsc_40, &bench_alloc_256, &bench_refcount};

int main(int argc, char **argv) {
    return bench_main(argc, argv, "first speed marks", cases, sizeof cases / sizeof *cases);
}
