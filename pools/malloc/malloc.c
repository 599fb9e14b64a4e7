/* pools/malloc/malloc.c - malloc and its family over the heap of the process: libtorc-malloc.so, for LD_PRELOAD.
 *
 * What is freed and was never given out, or is free already, is refused without a word: memory stays whole. */
#include "process.h"

#include <errno.h>
#include <stddef.h>
#include <torc/status.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

_Static_assert(_Alignof(max_align_t) <= 16, "blocks are aligned to 16");

static inline void *or_no_memory(void *block) {
    if (__builtin_expect(block == NULL, 0)) {
        errno = ENOMEM;
    }
    return block;
}

EXPORT void *malloc(size_t size) {
    return or_no_memory(torc_heap_alloc(torc_process_heap(), size));
}

EXPORT void free(void *block) {
    if (block != NULL) {
        (void)torc_heap_free(torc_process_heap(), block);
    }
}

EXPORT void *calloc(size_t count, size_t size) {
    return or_no_memory(torc_heap_alloc_zeroed(torc_process_heap(), count, size));
}

/* Size 0 frees, as the C library here has it. */
EXPORT void *realloc(void *block, size_t size) {
    if (block != NULL && size == 0) {
        free(block);
        return NULL;
    }
    return or_no_memory(torc_heap_realloc(torc_process_heap(), block, size));
}

EXPORT void *reallocarray(void *block, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}

static bool is_power(size_t n) {
    return n != 0 && (n & (n - 1)) == 0;
}

static void *aligned(size_t alignment, size_t size) {
    return or_no_memory(torc_heap_alloc_aligned(torc_process_heap(), alignment, size));
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    if (!is_power(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return aligned(alignment, size);
}

/* Here any alignment will do: the next power of two is taken. */
EXPORT void *memalign(size_t alignment, size_t size) {
    size_t power = 16;
    while (power < alignment && power <= SIZE_MAX / 4) {
        power *= 2;
    }
    if (power < alignment) {
        errno = EINVAL;
        return NULL;
    }
    return aligned(power, size);
}

/* Answers the error and leaves errno alone. */
EXPORT int posix_memalign(void **place, size_t alignment, size_t size) {
    int before = errno;
    void *block;
    if (!is_power(alignment) || alignment % sizeof(void *) != 0) {
        return EINVAL;
    }
    block = aligned(alignment, size);
    errno = before;
    if (block == NULL) {
        return ENOMEM;
    }
    *place = block;
    return 0;
}

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

EXPORT void *valloc(size_t size) {
    return aligned(page_size(), size);
}

EXPORT void *pvalloc(size_t size) {
    size_t page = page_size();
    if (size > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    return aligned(page, size == 0 ? page : (size + page - 1) & ~(page - 1));
}

EXPORT size_t malloc_usable_size(void *block) {
    return block == NULL ? 0 : torc_heap_usable(torc_process_heap(), block);
}

EXPORT int malloc_trim(size_t keep) {
    (void)keep;
    return torc_heap_trim(torc_process_heap()) != 0;
}
