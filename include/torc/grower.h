/* torc/grower.h - where a heap's memory comes from: an object that extends a buffer at its end.
 *
 * Three ship. Recipe:
 *
 *     struct torc_grower_mmap range;
 *     if (torc_grower_mmap_open(&range, (size_t)1 << 30) == TORC_OK) {
 *         torc_heap_create(&range.grower, NULL, &heap);
 *         ...
 *         torc_heap_destroy(&heap, NULL);
 *         torc_grower_mmap_close(&range);
 *     }
 *
 * To write one, put a struct torc_grower first into a struct of your own and fill in the functions. A grower serves one
 * heap, which calls it under its lock, so never from two threads at once. */
#ifndef TORC_GROWER_H
#define TORC_GROWER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* grow     extends the buffer by at least `size` bytes: answers the old end and in *grown the bytes added; NULL if it cannot.
 *          An old end that is not the end of what was added last is fine: the heap then starts a new piece there.
 * shrink   takes up to `size` bytes off the end again and answers how many; NULL: never shrinks.
 * discard  the bytes from `begin` stay part of the buffer, but what they hold is no longer needed; NULL: nothing to gain. */
struct torc_grower {
    void *(*grow)(struct torc_grower *self, size_t size, size_t *grown);
    size_t (*shrink)(struct torc_grower *self, size_t size);
    void (*discard)(struct torc_grower *self, void *begin, size_t size);
};

/* The process's data segment (sbrk). Others may move its end meanwhile (the system's malloc does), but not at the same
 * instant: sbrk is not made for threads, so keep this one for programs in which nobody else calls it. */
struct torc_grower_brk {
    struct torc_grower grower;
    unsigned char *end; /* where the segment ended after the last step; NULL: nothing was added yet */
    size_t added;       /* in one piece up to there: what may be taken back */
};
void torc_grower_brk_init(struct torc_grower_brk *self);

/* A range of addresses reserved at once and committed as it grows: contiguous for sure, and pages that are not needed
 * go back to the system. `reserve` costs addresses, not memory. TORC_INVALID: NULL or 0. TORC_NO_MEMORY: no such
 * range. */
struct torc_grower_mmap {
    struct torc_grower grower;
    unsigned char *begin;
    size_t committed; /* usable, from the beginning on */
    size_t reserved;
    size_t page;
};
int torc_grower_mmap_open(struct torc_grower_mmap *self, size_t reserve);
/* torc_grower_mmap_close: unmaps it all; the heap in it is gone. */
void torc_grower_mmap_close(struct torc_grower_mmap *self);

/* The caller's buffer, as it is: static memory, a piece of something larger, memory shared or locked by the caller. */
struct torc_grower_buffer {
    struct torc_grower grower;
    unsigned char *memory;
    size_t used, size;
};
/* TORC_INVALID: NULL. */
int torc_grower_buffer_init(struct torc_grower_buffer *self, void *memory, size_t size);

#ifdef __cplusplus
}
#endif
#endif
