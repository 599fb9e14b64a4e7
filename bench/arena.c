/* arena.c - short-lived buffers of random sizes: 64 are held, each round releases one and takes another.
 *
 *     touch   the first line of each is written           oldest first, as messages go
 *     write   every byte is written                       oldest first
 *     mixed   the first line is written                   any of the 64
 *     grow    one at a time, written in 64-byte chunks to a length that is not known before
 *
 * The arena is sized at twice the bytes that are held (mixed: at four times). */
#include "allocators.h"
#include "rival.h"
#include <stdlib.h>
#include <string.h>
#include <torc.h>

#define HELD   64
#define SCRIPT 16384 /* steps; then from the beginning again */
#define CHUNK  64

/* What to do, drawn beforehand; the same for all. */
struct step {
    uint32_t size;
    uint32_t which; /* of the held ones */
};

struct run {
    struct step script[SCRIPT];
    struct bench_rival rival;
    struct torc_arena *arena;
    struct torc_buffer buffer[HELD];
    void *block[HELD];
};

static struct run *run_open(uint32_t most, int mixed) {
    struct run *run = bench_memory(sizeof *run);
    uint64_t random = 88172645463325252u;
    for (uint32_t i = 0; i < SCRIPT; i++) {
        run->script[i].size = 1 + (uint32_t)(bench_random(&random) % most);
        run->script[i].which = mixed ? (uint32_t)(bench_random(&random) % HELD) : i % HELD;
    }
    return run;
}

static inline void touch(void *block, size_t size, uint64_t value) {
    (void)size;
    *(volatile unsigned char *)block = (unsigned char)value;
}

static inline void write_all(void *block, size_t size, uint64_t value) {
    memset(block, (int)value, size);
    __asm__ volatile("" : : "r"(block) : "memory");
}

/* --- torc --- */

static struct run *arena_open(uint32_t most, int mixed) {
    struct run *run = run_open(most, mixed);
    size_t live = HELD * TORC_ARENA_REGION((most + 1) / 2);
    bench_check(torc_arena_create((mixed ? 4 : 2) * live, &run->arena), "torc_arena_create");
    return run;
}

#define ARENA_SLICE(name, use)                                                                                         \
    static uint64_t name(void *state, struct bench_duo *duo, uint64_t n) {                                             \
        struct run *run = state;                                                                                       \
        struct torc_arena *arena = run->arena;                                                                         \
        struct torc_buffer *buffers = run->buffer;                                                                     \
        const struct step *script = run->script;                                                                       \
        uint64_t begins = bench_now();                                                                                 \
        (void)duo;                                                                                                     \
        for (uint64_t i = 0; i < n; i++) {                                                                             \
            size_t size = script[i % SCRIPT].size;                                                                     \
            struct torc_buffer *buffer = &buffers[script[i % SCRIPT].which];                                           \
            if (__builtin_expect(torc_buffer_release(buffer) == TORC_STALE, 0)) {                                      \
                bench_die("torc_buffer_release", "stale");                                                             \
            }                                                                                                          \
            if (__builtin_expect(torc_arena_alloc(arena, size, buffer) != TORC_OK, 0)) {                               \
                bench_die("torc_arena_alloc", "the store is clogged");                                                 \
            }                                                                                                          \
            use(buffer->data, size, i);                                                                                \
        }                                                                                                              \
        return bench_now() - begins;                                                                                   \
    }
ARENA_SLICE(arena_touch, touch)
ARENA_SLICE(arena_write, write_all)

static uint64_t extend_slice(void *state, struct bench_duo *duo, uint64_t n) {
    static const unsigned char chunk[CHUNK] = {1};
    struct run *run = state;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        const struct step *step = &run->script[i % SCRIPT];
        struct torc_buffer *buffer = &run->buffer[step->which];
        struct torc_extendable message;
        if (buffer->arena != NULL) {
            bench_check(torc_buffer_release(buffer), "torc_buffer_release");
        }
        bench_check(torc_arena_open(run->arena, 16, &message), "torc_arena_open");
        for (size_t length = 0; length < step->size; length += CHUNK) {
            if (__builtin_expect(torc_extend_write(&message, chunk, CHUNK) != CHUNK, 0)) {
                bench_die("torc_extend_write", "a short write");
            }
        }
        bench_check(torc_extend_finish(&message, buffer), "torc_extend_finish");
    }
    return bench_now() - begins;
}

static void arena_close(void *state) {
    struct run *run = state;
    for (size_t i = 0; i < HELD; i++) {
        (void)torc_buffer_release(&run->buffer[i]);
    }
    bench_check(torc_arena_destroy(&run->arena, TORC_NO_WAIT, NULL), "torc_arena_destroy");
    free(run);
}

/* --- the rivals --- */

#define RIVAL_SLICE(name, use)                                                                                         \
    static uint64_t name(void *state, struct bench_duo *duo, uint64_t n) {                                             \
        struct run *run = state;                                                                                       \
        struct bench_rival rival = run->rival;                                                                         \
        void **blocks = run->block;                                                                                    \
        const struct step *script = run->script;                                                                       \
        uint64_t begins = bench_now();                                                                                 \
        (void)duo;                                                                                                     \
        for (uint64_t i = 0; i < n; i++) {                                                                             \
            size_t size = script[i % SCRIPT].size;                                                                     \
            void **block = &blocks[script[i % SCRIPT].which];                                                          \
            rival.give(*block);                                                                                        \
            *block = rival.take(size);                                                                                 \
            if (__builtin_expect(*block == NULL, 0)) {                                                                 \
                bench_die("malloc", "no memory");                                                                      \
            }                                                                                                          \
            use(*block, size, i);                                                                                      \
        }                                                                                                              \
        return bench_now() - begins;                                                                                   \
    }
RIVAL_SLICE(rival_touch, touch)
RIVAL_SLICE(rival_write, write_all)

/* The usual vector: twice the capacity whenever it is full, given back to size at the end. */
static uint64_t realloc_slice(void *state, struct bench_duo *duo, uint64_t n) {
    static const unsigned char chunk[CHUNK] = {1};
    struct run *run = state;
    struct bench_rival rival = run->rival;
    uint64_t begins = bench_now();
    (void)duo;
    for (uint64_t i = 0; i < n; i++) {
        const struct step *step = &run->script[i % SCRIPT];
        size_t capacity = 248, length = 0;
        unsigned char *block;
        rival.give(run->block[step->which]);
        block = rival.take(capacity);
        for (; length < step->size; length += CHUNK) {
            if (length + CHUNK > capacity) {
                capacity *= 2;
                block = rival.resize(block, capacity);
            }
            memcpy(block + length, chunk, CHUNK);
        }
        run->block[step->which] = rival.resize(block, length);
    }
    return bench_now() - begins;
}

static void rival_close(void *state) {
    struct run *run = state;
    for (size_t i = 0; i < HELD; i++) {
        run->rival.give(run->block[i]);
    }
    free(run);
}

/* --- the cases --- */

#define RIVAL(id, library, slice, most, mixed, goal)                                                                   \
    static void *id##_##library##_open(void) {                                                                         \
        struct run *run = run_open(most, mixed);                                                                       \
        run->rival = bench_rival_##library();                                                                          \
        return run;                                                                                                    \
    }                                                                                                                  \
    static const struct bench_impl id##_##library = {#library, id##_##library##_open, slice, rival_close, goal};

#define CASE(id, slice, against, most, mixed, per_slice, glibc_goal, mimalloc_goal)                                    \
    static void *id##_arena_open(void) {                                                                               \
        return arena_open(most, mixed);                                                                                \
    }                                                                                                                  \
    static const struct bench_impl id##_torc = {"torc", id##_arena_open, slice, arena_close, 0};                       \
    RIVAL(id, glibc, against, most, mixed, glibc_goal)                                                                 \
    RIVAL(id, mimalloc, against, most, mixed, mimalloc_goal)                                                           \
    RIVAL(id, jemalloc, against, most, mixed, 0)                                                                       \
    static const struct bench_impl *const id##_impls[] = {&id##_torc, &id##_glibc, &id##_mimalloc, &id##_jemalloc};    \
    const struct bench_case bench_arena_##id = {.name = #id,                                                           \
                                                .metric = "buffer",                                                    \
                                                .unit = "ns",                                                          \
                                                .threads = 1,                                                          \
                                                .slices = 100,                                                         \
                                                .n = per_slice,                                                        \
                                                .per = 1,                                                              \
                                                .impls = id##_impls,                                                   \
                                                .impl_count = 4}

CASE(touch_64, arena_touch, rival_touch, 64, 0, 16384, 1.0 / 3, 1.0);
CASE(touch_1k, arena_touch, rival_touch, 1024, 0, 16384, 1.0 / 3, 1.0);
CASE(touch_64k, arena_touch, rival_touch, 65535, 0, 16384, 1.0 / 3, 1.0);
CASE(write_64, arena_write, rival_write, 64, 0, 16384, 1.0, 0);
CASE(write_1k, arena_write, rival_write, 1024, 0, 16384, 1.0, 0);
CASE(write_64k, arena_write, rival_write, 65535, 0, 1024, 1.0, 0);
CASE(mixed_64, arena_touch, rival_touch, 64, 1, 16384, 0, 0);
CASE(mixed_1k, arena_touch, rival_touch, 1024, 1, 16384, 0, 0);
CASE(mixed_64k, arena_touch, rival_touch, 65535, 1, 16384, 0, 0);
CASE(grow_1k, extend_slice, realloc_slice, 1024, 0, 4096, 0.5, 0);
CASE(grow_64k, extend_slice, realloc_slice, 65535, 0, 256, 0.5, 0);
