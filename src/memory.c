/* src/memory.c - the region's memory: mapped or the caller's, prefaulted, in huge pages, locked, as far as the system
 * allows. */
#include "core.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)

static void *map(size_t bytes, int extra) {
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | extra, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

/* Explicit huge pages, else ordinary ones with a request for transparent huge pages. */
static void *map_huge(size_t bytes, struct memory *memory) {
    size_t rounded = (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    void *base = map(rounded, MAP_HUGETLB);
    if (base != NULL) {
        memory->huge_pages = 2;
        memory->bytes = rounded;
        return base;
    }
    base = map(bytes, 0);
    if (base != NULL && madvise(base, bytes, MADV_HUGEPAGE) == 0) {
        memory->huge_pages = 1;
    }
    return base;
}

/* Touches every page with a write, so that no event ever meets a page fault. */
static void prefault(struct memory *memory) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t at = 0; at < memory->bytes; at += page) {
        memset((unsigned char *)memory->base + at, 0, 1);
    }
    memory->prefaulted = 1;
}

static void settle(struct memory *memory, uint32_t flags) {
    if ((flags & TORC_NO_PREFAULT) == 0) {
        prefault(memory);
    }
    if ((flags & TORC_LOCK_MEMORY) != 0 && mlock(memory->base, memory->bytes) == 0) {
        memory->locked = 1;
    }
}

int torc_memory_take(size_t bytes, uint32_t flags, struct memory *memory) {
    *memory = (struct memory){.bytes = bytes, .owned = true};
    memory->base = (flags & TORC_HUGE_PAGES) != 0 ? map_huge(bytes, memory) : map(bytes, 0);
    if (memory->base == NULL) {
        return errno == ENOMEM ? TORC_NO_MEMORY : TORC_SYSTEM;
    }
    settle(memory, flags);
    return TORC_OK;
}

int torc_memory_adopt(void *base, size_t bytes, uint32_t flags, struct memory *memory) {
    if (base == NULL || (uintptr_t)base % TORC_LINE != 0) {
        return TORC_INVALID;
    }
    *memory = (struct memory){.base = base, .bytes = bytes};
    memset(base, 0, bytes);
    memory->prefaulted = 1;
    settle(memory, flags | TORC_NO_PREFAULT);
    return TORC_OK;
}

void torc_memory_give(struct memory *memory) {
    if (memory->locked) {
        (void)munlock(memory->base, memory->bytes);
    }
    if (memory->owned) {
        (void)munmap(memory->base, memory->bytes);
    }
}
