/* heap.c - where the code under test has its memory: an arena at a fixed address, so that every execution sees the same
 * addresses and can start from the same contents.
 *
 * Memory of setup lies in the first part and is copied back before each execution, with the static data of library and
 * scenarios (the object files between begin.c and end.c). Each thread allocates from a part of its own, so that
 * addresses do not depend on the schedule. Nothing is handed out twice in one execution: use after free is always
 * noticed. */
#include "explorer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA        ((unsigned char *)0x10000000000)
#define SETUP_BYTES  ((size_t)16 << 20)
#define THREAD_BYTES ((size_t)1 << 20)
#define ARENA_BYTES  (SETUP_BYTES + (MAX_THREADS - 1) * THREAD_BYTES)
#define GRANULE      16u

extern unsigned char model_data_begin[], model_data_end[], model_bss_begin[], model_bss_end[];

void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__real_memset(void *to, int value, size_t bytes);
void *__real_malloc(size_t bytes);
void __real_free(void *block);
void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset);

enum mark { MARK_NEVER = 0, MARK_LIVE, MARK_FREED };

static unsigned char marks[ARENA_BYTES / GRANULE];
static size_t used[MAX_THREADS]; /* bytes of each part */
static uint64_t live;

static unsigned char *pristine; /* the static data as the program was loaded with it */
static struct {
    unsigned char *arena, *marks, *data, *bss;
    size_t used;
    uint64_t live;
} kept;

static size_t part_begin(uint32_t part) {
    return part == 0 ? 0 : SETUP_BYTES + (part - 1) * THREAD_BYTES;
}

static unsigned char *copy_of(unsigned char *before, const unsigned char *from, size_t bytes) {
    unsigned char *copy = realloc(before, bytes + 1);
    if (copy == NULL) {
        abort();
    }
    return __real_memcpy(copy, from, bytes);
}

/* The linker's marks are addresses, not parts of one array. */
static size_t data_bytes(void) {
    return (uintptr_t)model_data_end - (uintptr_t)model_data_begin;
}
static size_t bss_bytes(void) {
    return (uintptr_t)model_bss_end - (uintptr_t)model_bss_begin;
}

void heap_begin(void) {
    static bool mapped;
    if (!mapped) {
        void *at = mmap(ARENA, ARENA_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (at != ARENA) {
            fprintf(stderr, "model: no memory at %p\n", (void *)ARENA);
            exit(2);
        }
        mapped = true;
        pristine = copy_of(NULL, model_data_begin, data_bytes());
    }
    __real_memcpy(model_data_begin, pristine, data_bytes());
    __real_memset(model_bss_begin, 0, bss_bytes());
    for (uint32_t part = 0; part < MAX_THREADS; part++) {
        __real_memset(ARENA + part_begin(part), 0, used[part]);
        __real_memset(marks + part_begin(part) / GRANULE, 0, used[part] / GRANULE);
        used[part] = 0;
    }
    live = 0;
}

void heap_keep(void) {
    kept.used = used[0];
    kept.live = live;
    kept.arena = copy_of(kept.arena, ARENA, kept.used);
    kept.marks = copy_of(kept.marks, marks, kept.used / GRANULE);
    kept.data = copy_of(kept.data, model_data_begin, data_bytes());
    kept.bss = copy_of(kept.bss, model_bss_begin, bss_bytes());
}

void heap_restore(void) {
    for (uint32_t part = 0; part < MAX_THREADS; part++) {
        size_t begin = part_begin(part) + (part == 0 ? kept.used : 0);
        size_t bytes = used[part] - (part == 0 ? kept.used : 0);
        __real_memset(marks + begin / GRANULE, 0, bytes / GRANULE);
        used[part] = part == 0 ? kept.used : 0;
    }
    live = kept.live;
    __real_memcpy(ARENA, kept.arena, kept.used);
    __real_memcpy(marks, kept.marks, kept.used / GRANULE);
    __real_memcpy(model_data_begin, kept.data, data_bytes());
    __real_memcpy(model_bss_begin, kept.bss, bss_bytes());
}

bool heap_has(uintptr_t at) {
    return at - (uintptr_t)ARENA < ARENA_BYTES;
}

enum heap_state heap_state_of(uintptr_t at) {
    static const enum heap_state states[] = {HEAP_NEVER, HEAP_LIVE, HEAP_FREED};
    return heap_has(at) ? states[marks[(at - (uintptr_t)ARENA) / GRANULE]] : HEAP_NOT_OURS;
}

/* Shadow cells stand for four bytes each: of the arena, then of the static data. */
size_t heap_shadow_index(uintptr_t at) {
    size_t data = data_bytes();
    if (heap_has(at)) {
        return (at - (uintptr_t)ARENA) / 4;
    }
    if (at - (uintptr_t)model_data_begin < data) {
        return ARENA_BYTES / 4 + (at - (uintptr_t)model_data_begin) / 4;
    }
    if (at - (uintptr_t)model_bss_begin < bss_bytes()) {
        return ARENA_BYTES / 4 + data / 4 + 1 + (at - (uintptr_t)model_bss_begin) / 4;
    }
    return SIZE_MAX;
}

size_t heap_shadow_cells(void) {
    return ARENA_BYTES / 4 + data_bytes() / 4 + bss_bytes() / 4 + 2;
}

uint64_t model_heap_live(void) {
    return live;
}

/* --- malloc and its like ---------------------------------------------------------------------------------------- */

/* A granule in front of each block holds its size, and one behind it is never handed out. */
static void *take(size_t bytes, size_t alignment) {
    uint32_t part = exploring() ? ex.running->number : 0;
    size_t limit = part == 0 ? SETUP_BYTES : THREAD_BYTES;
    size_t at = part_begin(part) + used[part] + 2 * GRANULE;
    size_t rounded = (bytes + GRANULE - 1) & ~(size_t)(GRANULE - 1);
    if (ex.phase == PHASE_IDLE) {
        return __real_malloc(bytes); /* the explorer's own */
    }
    at = (at + alignment - 1) & ~(alignment - 1);
    if (bytes > limit || at + rounded - part_begin(part) > limit) {
        return NULL;
    }
    used[part] = at + rounded - part_begin(part);
    *(size_t *)(void *)(ARENA + at - GRANULE) = bytes;
    __real_memset(marks + at / GRANULE, MARK_LIVE, rounded / GRANULE);
    __real_memset(ARENA + at, 0xA5, bytes);
    live++;
    return ARENA + at;
}

static void give(void *block, const void *pc) {
    uintptr_t at = (uintptr_t)block;
    size_t bytes;
    if (block == NULL || ex.phase == PHASE_IDLE) {
        __real_free(block);
        return;
    }
    if (heap_state_of(at) != HEAP_LIVE) {
        violation("free of %p, which is %s", block, heap_state_of(at) == HEAP_FREED ? "free already" : "not a block");
    }
    bytes = *(size_t *)(void *)((unsigned char *)block - GRANULE);
    race_free(at, bytes, pc);
    __real_memset(marks + (at - (uintptr_t)ARENA) / GRANULE, MARK_FREED, (bytes + GRANULE - 1) / GRANULE);
    live--;
}

void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes) {
    return take(bytes, GRANULE);
}

void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes) {
    void *block = take(count * bytes, GRANULE);
    return block == NULL ? NULL : __real_memset(block, 0, count * bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    return take(bytes, alignment < GRANULE ? GRANULE : alignment);
}

void __wrap_free(void *block);
void __wrap_free(void *block) {
    give(block, __builtin_return_address(0));
}

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset) {
    void *block;
    if (ex.phase == PHASE_IDLE) {
        return __real_mmap(at, bytes, protection, flags, fd, offset);
    }
    block = take(bytes, 64);
    return block == NULL ? MAP_FAILED : __real_memset(block, 0, bytes);
}

int __wrap_munmap(void *block, size_t bytes);
int __wrap_munmap(void *block, size_t bytes) {
    (void)bytes;
    give(block, __builtin_return_address(0));
    return 0;
}
