/* families.h - what the parameter of a case means in the families that have one. */
#ifndef TORC_BENCH_FAMILIES_H
#define TORC_BENCH_FAMILIES_H

/* alloc: which thread gives back, and when. */
enum suite_blocks { SUITE_ALONE, SUITE_WINDOW, SUITE_CROSS };

#endif
