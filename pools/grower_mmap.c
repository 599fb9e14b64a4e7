/* pools/grower_mmap.c - memory from a range of addresses that was reserved at once.
 *
 *     begin            begin + committed                begin + reserved
 *     | readable, writable | no access: costs addresses only |
 */
#include <torc/grower.h>
#include <torc/status.h>

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t round_up(size_t n, size_t page) {
    return (n + page - 1) & ~(page - 1);
}

static void *grow(struct torc_grower *grower, size_t size, size_t *grown) {
    struct torc_grower_mmap *self = (struct torc_grower_mmap *)grower;
    unsigned char *old = self->begin + self->committed;
    if (size > self->reserved - self->committed) {
        return NULL;
    }
    size = round_up(size, self->page); /* still fits: what is reserved and committed are whole pages */
    if (mprotect(old, size, PROT_READ | PROT_WRITE) != 0) {
        return NULL;
    }
    self->committed += size;
    *grown = size;
    return old;
}

static void discard(struct torc_grower *grower, void *begin, size_t size) {
    struct torc_grower_mmap *self = (struct torc_grower_mmap *)grower;
    uintptr_t from = round_up((uintptr_t)begin, self->page);
    uintptr_t to = ((uintptr_t)begin + size) & ~(uintptr_t)(self->page - 1);
    if (from < to) {
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
}

static size_t shrink(struct torc_grower *grower, size_t size) {
    struct torc_grower_mmap *self = (struct torc_grower_mmap *)grower;
    size_t take = (size < self->committed ? size : self->committed) & ~(self->page - 1);
    unsigned char *end = self->begin + self->committed - take;
    /* In this order: while the bytes may have to stay, the heap's tags in them do. */
    if (take == 0 || mprotect(end, take, PROT_NONE) != 0) {
        return 0;
    }
    (void)madvise(end, take, MADV_DONTNEED); /* else they are only kept for nothing */
    self->committed -= take;
    return take;
}

int torc_grower_mmap_open(struct torc_grower_mmap *self, size_t reserve) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *begin;
    if (self == NULL || reserve == 0) {
        return TORC_INVALID;
    }
    if (reserve > SIZE_MAX - page) {
        return TORC_NO_MEMORY;
    }
    reserve = round_up(reserve, page);
    begin = mmap(NULL, reserve, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED) {
        return TORC_NO_MEMORY;
    }
    *self =
        (struct torc_grower_mmap){.grower = {grow, shrink, discard}, .begin = begin, .reserved = reserve, .page = page};
    return TORC_OK;
}

void torc_grower_mmap_close(struct torc_grower_mmap *self) {
    if (self != NULL && self->begin != NULL) {
        (void)munmap(self->begin, self->reserved);
        self->begin = NULL;
        self->committed = self->reserved = 0;
    }
}
