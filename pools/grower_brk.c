/* pools/grower_brk.c - memory from the end of the process's data segment. */
#include <torc/grower.h>

#include <stdint.h>
#include <unistd.h>

static void *grow(struct torc_grower *grower, size_t size, size_t *grown) {
    struct torc_grower_brk *self = (struct torc_grower_brk *)grower;
    unsigned char *old;
    if (size > INTPTR_MAX) {
        return NULL;
    }
    old = sbrk((intptr_t)size);
    if (old == (void *)-1) {
        return NULL;
    }
    self->added = old == self->end ? self->added + size : size;
    self->end = old + size;
    *grown = size;
    return old;
}

/* Only while the segment ends where this grower left it: what somebody else added behind is not ours to take away. */
static size_t shrink(struct torc_grower *grower, size_t size) {
    struct torc_grower_brk *self = (struct torc_grower_brk *)grower;
    size_t take = size < self->added ? size : self->added;
    if (take == 0 || sbrk(0) != self->end || sbrk(-(intptr_t)take) == (void *)-1) {
        return 0;
    }
    self->end -= take;
    self->added -= take;
    return take;
}

void torc_grower_brk_init(struct torc_grower_brk *self) {
    *self = (struct torc_grower_brk){.grower = {grow, shrink, NULL}};
}
