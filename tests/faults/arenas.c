/* arenas.c - arenas are made, used by threads and published from while calls fail. */
#include "world.h"

#include <sched.h>
#include <string.h>

void arena_of_each_thread(void);
void arena_whole_life(void);
void arena_published(void);

enum { STORE = 65536, CHUNK = 100, CHUNKS = 30 };

/* What needs the store alone never fails. */
static struct torc_buffer filled_buffer(struct torc_arena *arena, size_t size, uint32_t seed) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    SURE(torc_arena_alloc(arena, size, &buffer));
    world_fill(buffer.data, size, seed);
    MUST(torc_buffer_advance(&buffer, size) == size, "a short write");
    return buffer;
}

/* Written in chunks, so that it grows. */
static struct torc_buffer grown_buffer(struct torc_arena *arena, uint32_t seed) {
    unsigned char bytes[CHUNK * CHUNKS];
    struct torc_extendable message;
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    world_fill(bytes, sizeof bytes, seed);
    SURE(torc_arena_open(arena, 16, &message));
    for (size_t i = 0; i < CHUNKS; i++) {
        MUST(torc_extend_write(&message, bytes + i * CHUNK, CHUNK) == CHUNK, "a short write");
    }
    SURE(torc_extend_finish(&message, &buffer));
    return buffer;
}

static void share(struct torc_arena *arena) {
    struct torc_buffer buffer = filled_buffer(arena, 500, 3);
    struct torc_frozen one;
    struct torc_frozen other;
    SURE(torc_buffer_freeze(&buffer, &one));
    SURE(torc_frozen_clone(&one, &other));
    SURE(torc_frozen_release(&one));
    world_verify(other.data, 500, 3);
    SURE(torc_frozen_release(&other));
}

static bool make(struct torc_arena **arena) {
    bool made = ATTEMPT(torc_arena_create(STORE, arena), MAY_LACK_MEMORY);
    MUST(made == (*arena != NULL), "an arena that could not be created was handed out");
    return made && *arena != NULL;
}

/* --- one arena ------------------------------------------------------------------------------------------------ */

struct held {
    struct torc_arena_point *point;
    struct torc_buffer buffer;
};

static void *release_late(void *argument) {
    struct held *held = argument;
    while (torc_load_relaxed32(&held->point->sleep.waiting) == 0) {
        (void)sched_yield();
    }
    SURE(torc_buffer_release(&held->buffer));
    return NULL;
}

/* The owner goes to sleep until the last buffer is back. */
static void end(struct torc_arena **arena) {
    struct held held = {(*arena)->point, filled_buffer(*arena, 1000, 1)};
    uint64_t out = 0;
    pthread_t thread;
    MUST(torc_arena_destroy(arena, TORC_NO_WAIT, &out) == TORC_BUSY && out == 1, "one buffer is out, not %u",
         (unsigned)out);
    world_spawn(&thread, release_late, &held);
    SURE(torc_arena_destroy(arena, TORC_FOREVER, NULL));
    world_join(thread);
}

void arena_whole_life(void) {
    struct torc_arena *arena = NULL;
    if (make(&arena)) {
        struct torc_buffer buffer = grown_buffer(arena, 2);
        share(arena);
        world_verify(buffer.data, buffer.length, 2);
        SURE(torc_buffer_release(&buffer));
        SURE(torc_arena_is_valid(arena));
        end(&arena);
    }
    MUST(arena == NULL, "an arena is left");
    if (make(&arena)) {
        struct torc_buffer buffer = filled_buffer(arena, 200, 4);
        SURE(torc_arena_abandon(&arena));
        SURE(torc_buffer_release(&buffer)); /* which frees the store */
    }
}

/* --- one per thread ------------------------------------------------------------------------------------------- */

static void *take_from_mine(void *argument) {
    struct torc_buffer *buffer = argument;
    struct torc_arena *arena = NULL;
    if (ATTEMPT(torc_arena_local(&arena), MAY_LACK_MEMORY)) {
        *buffer = filled_buffer(arena, 300, 5);
    }
    return NULL;
}

void arena_of_each_thread(void) {
    struct torc_arena *arena = NULL;
    struct torc_buffer buffer[2] = {TORC_BUFFER_NULL, TORC_BUFFER_NULL};
    pthread_t thread;
    if (!ATTEMPT(torc_arena_local_init(STORE), MAY_LACK_MEMORY)) {
        MUST(torc_arena_local(&arena) == TORC_INVALID, "an arena without a way to end it");
        return;
    }
    for (int i = 0; i < 2; i++) {
        world_spawn(&thread, take_from_mine, &buffer[i]);
        world_join(thread);
    }
    for (int i = 0; i < 2; i++) {
        if (buffer[i].arena != NULL) { /* its thread is gone */
            world_verify(buffer[i].data, buffer[i].length, 5);
            SURE(torc_buffer_release(&buffer[i]));
        }
    }
}

/* --- on a bus ------------------------------------------------------------------------------------------------- */

static void publish(struct world *world, struct torc_arena *arena, uint32_t seed) {
    struct torc_buffer buffer = grown_buffer(arena, seed);
    size_t length = buffer.length;
    struct torc_ringptr kept = TORC_RINGPTR_NULL;
    struct torc_event event;
    SURE(torc_publish_arena(world->publisher, seed, &buffer));
    world_expect(world, length, seed, &event);
    SURE(torc_keep(world->reader, &event, &kept));
    SURE(torc_advance(world->reader));
    world_verify(torc_ringptr_data(kept), length, seed);
    SURE(torc_ringptr_release(kept));
}

/* More buffers than the store has room for at one time: they come back while it goes on. */
void arena_published(void) {
    struct torc_arena *arena = NULL;
    struct world world = {.bus = NULL};
    if (make(&arena)) {
        if (world_open(&world, 0)) {
            for (uint32_t i = 0; i < 40; i++) {
                publish(&world, arena, i);
            }
        }
        world_close(&world);
        SURE(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL));
    }
}
