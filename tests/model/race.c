/* race.c - plain accesses. The code under test is compiled for ThreadSanitizer, whose call-backs come here instead.
 *
 * A race: two accesses to the same bytes, one of them a write, one of them plain, and neither happens before the other.
 * That is a matter of views, not of the schedule, so it shows in any interleaving. A shadow cell stands for four bytes:
 * accesses of one thread to different bytes of it at different times count as one, which may only report too much.
 * Stacks are not watched. */
#include "explorer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset);

struct cell {
    uint32_t run;
    uint32_t write_clock;
    uint8_t writer, write_bytes, readers, atomic;
    uint8_t read_bytes[MAX_THREADS];
    uint32_t write_pc;
    uint32_t read_clock[MAX_THREADS];
    uint32_t read_pc[MAX_THREADS];
};

static struct cell *cells;

static struct cell *cell_of(size_t index) {
    struct cell *cell;
    if (cells == NULL) {
        cells = __real_mmap(NULL, heap_shadow_cells() * sizeof *cells, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (cells == MAP_FAILED) {
            abort();
        }
    }
    cell = &cells[index];
    if (cell->run != ex.run) {
        cell->run = ex.run;
        cell->write_clock = 0;
        cell->write_bytes = 0;
        cell->readers = 0;
        cell->atomic = 0;
    }
    return cell;
}

static bool known(uint32_t thread, uint32_t clock) {
    return ex.running->view.hb.at[thread] >= clock;
}

static void report(uintptr_t at, bool write, const void *pc, const char *other, uint32_t thread, uint32_t other_pc) {
    char here[160];
    (void)snprintf(here, sizeof here, "%s", pc != NULL ? place_of((uint32_t)(uintptr_t)pc) : "an atomic operation");
    violation("data race on %s: %s by T%u at %s, %s by T%u at %s", name_of((void *)at), write ? "write" : "read",
              ex.running->number, here, other, thread, other_pc != 0 ? place_of(other_pc) : "an atomic operation");
}

static void check_heap(uintptr_t at, bool write, const void *pc) {
    enum heap_state state = heap_state_of(at);
    if (state == HEAP_FREED || state == HEAP_NEVER) {
        violation("%s: %s of %p by T%u at %s", state == HEAP_FREED ? "use after free" : "out of bounds",
                  write ? "write" : "read", (void *)at, ex.running->number,
                  pc != NULL ? place_of((uint32_t)(uintptr_t)pc) : "an atomic operation");
    }
}

/* The other side of a conflict, if there is one: plain accesses to these bytes that are not known to have happened. */
static void check_plain(const struct cell *cell, uintptr_t at, uint8_t bytes, bool write, const void *pc) {
    if ((cell->write_bytes & bytes) != 0 && !known(cell->writer, cell->write_clock)) {
        report(at, write, pc, "write", cell->writer, cell->write_pc);
    }
    if (!write || cell->readers == 0) {
        return;
    }
    for (uint32_t i = 0; i < MAX_THREADS; i++) {
        if ((cell->readers >> i & 1u) != 0 && (cell->read_bytes[i] & bytes) != 0 && !known(i, cell->read_clock[i])) {
            report(at, write, pc, "read", i, cell->read_pc[i]);
        }
    }
}

/* A plain access to an atomic cell: against the atomic ones. */
static void check_atomic(uintptr_t at, bool write, const void *pc) {
    const struct location *location = location_find(at & ~(uintptr_t)7);
    if (location == NULL || location->bytes != 8) {
        location = location_find(at & ~(uintptr_t)3);
    }
    for (uint32_t i = 0; location != NULL && i < MAX_THREADS; i++) {
        if (!known(i, location->written_at[i])) {
            report(at, write, pc, "write", i, 0);
        }
        if (write && !known(i, location->read_at[i])) {
            report(at, write, pc, "read", i, 0);
        }
    }
    if (write && location != NULL) {
        location_plain_write(location->address);
    }
}

void race_atomic(const struct location *location, bool write) {
    for (uint32_t at = 0; at < location->bytes; at += 4) {
        size_t index = heap_shadow_index(location->address + at);
        struct cell *cell;
        if (index == SIZE_MAX) {
            return;
        }
        check_heap(location->address + at, write, NULL);
        cell = cell_of(index);
        check_plain(cell, location->address + at, 0xF, write, NULL);
        cell->atomic = 1;
    }
}

static void access_cell(struct cell *cell, uintptr_t at, uint8_t bytes, bool write, const void *pc) {
    const struct thread *self = ex.running;
    uint32_t clock = self->view.hb.at[self->number];
    check_plain(cell, at, bytes, write, pc);
    if (cell->atomic) {
        check_atomic(at, write, pc);
    }
    if (write) {
        cell->write_bytes = cell->writer == self->number ? cell->write_bytes | bytes : bytes;
        cell->writer = self->number;
        cell->write_clock = clock;
        cell->write_pc = (uint32_t)(uintptr_t)pc;
    } else {
        cell->read_bytes[self->number] =
            (cell->readers & bit_of(self)) != 0 ? cell->read_bytes[self->number] | bytes : bytes;
        cell->readers |= bit_of(self);
        cell->read_clock[self->number] = clock;
        cell->read_pc[self->number] = (uint32_t)(uintptr_t)pc;
    }
}

void race_plain(uintptr_t at, size_t bytes, bool write, const void *pc) {
    uintptr_t end = at + bytes;
    if (!exploring() || coroutine_on_stack(at)) {
        return;
    }
    while (at < end) {
        uintptr_t next = (at & ~(uintptr_t)3) + 4;
        size_t index = heap_shadow_index(at);
        uint8_t mask = (uint8_t)(0xFu << (at & 3));
        if (index == SIZE_MAX) {
            return;
        }
        if (next > end) {
            mask &= (uint8_t)(0xFu >> (next - end));
        }
        check_heap(at, write, pc);
        access_cell(cell_of(index), at, mask, write, pc);
        at = next;
    }
}

/* A block that is given back must not be in use: as if it were written. */
void race_free(uintptr_t at, size_t bytes, const void *pc) {
    race_plain(at, bytes, true, pc);
}

/* --- the compiler's call-backs ------------------------------------------------------------------------------------ */

#define HERE __builtin_return_address(0)
#define CALLBACK(bytes)                                                                                                \
    void __tsan_read##bytes(void *at);                                                                                 \
    void __tsan_read##bytes(void *at) {                                                                                \
        race_plain((uintptr_t)at, bytes, false, HERE);                                                                 \
    }                                                                                                                  \
    void __tsan_write##bytes(void *at);                                                                                \
    void __tsan_write##bytes(void *at) {                                                                               \
        race_plain((uintptr_t)at, bytes, true, HERE);                                                                  \
    }                                                                                                                  \
    void __tsan_volatile_read##bytes(void *at);                                                                        \
    void __tsan_volatile_read##bytes(void *at) {                                                                       \
        race_plain((uintptr_t)at, bytes, false, HERE);                                                                 \
    }                                                                                                                  \
    void __tsan_volatile_write##bytes(void *at);                                                                       \
    void __tsan_volatile_write##bytes(void *at) {                                                                      \
        race_plain((uintptr_t)at, bytes, true, HERE);                                                                  \
    }                                                                                                                  \
    void __tsan_unaligned_read##bytes(void *at);                                                                       \
    void __tsan_unaligned_read##bytes(void *at) {                                                                      \
        race_plain((uintptr_t)at, bytes, false, HERE);                                                                 \
    }                                                                                                                  \
    void __tsan_unaligned_write##bytes(void *at);                                                                      \
    void __tsan_unaligned_write##bytes(void *at) {                                                                     \
        race_plain((uintptr_t)at, bytes, true, HERE);                                                                  \
    }
CALLBACK(1)
CALLBACK(2)
CALLBACK(4)
CALLBACK(8)
CALLBACK(16)

void __tsan_read_range(void *at, size_t bytes);
void __tsan_read_range(void *at, size_t bytes) {
    race_plain((uintptr_t)at, bytes, false, HERE);
}
void __tsan_write_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes) {
    race_plain((uintptr_t)at, bytes, true, HERE);
}
void __tsan_init(void);
void __tsan_init(void) {
}
void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller) {
    (void)caller;
}
void __tsan_func_exit(void);
void __tsan_func_exit(void) {
}

/* --- copies by the C library -------------------------------------------------------------------------------------- */

void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__real_memmove(void *to, const void *from, size_t bytes);
void *__real_memset(void *to, int value, size_t bytes);

void *__wrap_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes) {
    race_plain((uintptr_t)from, bytes, false, HERE);
    race_plain((uintptr_t)to, bytes, true, HERE);
    return __real_memcpy(to, from, bytes);
}
void *__wrap_memmove(void *to, const void *from, size_t bytes);
void *__wrap_memmove(void *to, const void *from, size_t bytes) {
    race_plain((uintptr_t)from, bytes, false, HERE);
    race_plain((uintptr_t)to, bytes, true, HERE);
    return __real_memmove(to, from, bytes);
}
void *__wrap_memset(void *to, int value, size_t bytes);
void *__wrap_memset(void *to, int value, size_t bytes) {
    race_plain((uintptr_t)to, bytes, true, HERE);
    return __real_memset(to, value, bytes);
}
