/* glibc.h - glibc's malloc and free under their own names: linking mimalloc replaces both in the whole program. */
#ifndef TORC_BENCH_GLIBC_H
#define TORC_BENCH_GLIBC_H

#include <stddef.h>

/* An allocator called through pointers, so that none pays for a trampoline of the linker. */
struct bench_malloc {
    void *(*take)(size_t);
    void (*give)(void *);
    void *library; /* NULL: none to close */
};

struct bench_malloc bench_glibc_open(void);
void bench_glibc_close(const struct bench_malloc *glibc);

#endif
