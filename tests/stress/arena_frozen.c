/* arena_frozen.c - threads with arenas of their own freeze buffers and throw clones into a shared table, from which all
 * take clones, check them, clone them again and release them. Threads end while their buffers are out and new ones take
 * their place: a store must live until its last buffer is back. Each buffer is released exactly as often as it was
 * cloned. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>

enum { THREADS = 4, PLACES = 64, LARGEST = 2000, STORE = 64 * 1024 };

struct place {
    pthread_mutex_t lock;
    struct torc_frozen frozen; /* arena NULL: empty */
    uint64_t sequence;
};

static struct place places[PLACES];
static uint64_t steps;
static atomic_uint_fast64_t made, clones, dry;
static atomic_uint_fast32_t generation;

/* The defect: the handle of this buffer is copied where it should be cloned. 0: of none. */
static atomic_uint_fast64_t mistaken;

/* Says whose it is by author 7 and this sequence. */
static void verify(const struct torc_frozen *frozen, uint64_t sequence) {
    DETECT(STRESS_PAYLOAD, stress_match(frozen->data, frozen->length, 7, sequence),
           "frozen buffer %" PRIu64 " does not hold what was written", sequence);
}

/* A new one for this place; what was there is released. */
static void put(struct torc_arena *arena, struct place *place, uint64_t *random) {
    struct torc_frozen fresh, old;
    struct torc_buffer buffer;
    size_t size = (size_t)stress_below(random, LARGEST);
    uint64_t sequence;
    if (torc_arena_alloc(arena, size, &buffer) != TORC_OK) {
        atomic_fetch_add(&dry, 1);
        fresh = (struct torc_frozen){NULL, NULL, 0, 0};
        sequence = 0;
    } else {
        sequence = atomic_fetch_add(&made, 1) + 1;
        stress_fill(buffer.data, size, 7, sequence);
        (void)torc_buffer_advance(&buffer, size);
        OK(torc_buffer_freeze(&buffer, &fresh));
    }
    (void)pthread_mutex_lock(&place->lock);
    old = place->frozen;
    if (old.arena != NULL) {
        verify(&old, place->sequence);
    }
    place->frozen = fresh;
    place->sequence = sequence;
    (void)pthread_mutex_unlock(&place->lock);
    if (old.arena != NULL) {
        DETECT(STRESS_PAYLOAD, torc_frozen_release(&old) == TORC_OK, "a handle was released by another");
    }
}

static void look(struct place *place, uint64_t *random) {
    struct torc_frozen mine, more;
    uint64_t sequence;
    (void)pthread_mutex_lock(&place->lock);
    mine = place->frozen;
    sequence = place->sequence;
    if (mine.arena != NULL && sequence != atomic_load(&mistaken)) {
        DETECT(STRESS_PAYLOAD, torc_frozen_clone(&place->frozen, &mine) == TORC_OK, "the table's handle died");
    }
    (void)pthread_mutex_unlock(&place->lock);
    if (mine.arena == NULL) {
        return;
    }
    atomic_fetch_add(&clones, 1);
    DETECT(STRESS_PAYLOAD, torc_frozen_clone(&mine, &more) == TORC_OK, "a handle died under its owner");
    stress_spin(random, 50);
    verify(&mine, sequence);
    DETECT(STRESS_PAYLOAD, torc_frozen_release(&mine) == TORC_OK, "a handle was released by another");
    verify(&more, sequence);
    DETECT(STRESS_PAYLOAD, torc_frozen_release(&more) == TORC_OK, "a handle was released by another");
}

/* One life: some hundred steps, then the thread ends with whatever of its arena is in the table. */
static void *live(void *argument) {
    uint64_t random = 1000 + (uint64_t)(uintptr_t)argument;
    struct torc_arena *arena;
    OK(torc_arena_local(&arena));
    for (uint64_t i = 0; i < 500; i++) {
        struct place *place = &places[stress_below(&random, PLACES)];
        if (stress_below(&random, 4) == 0) {
            put(arena, place, &random);
        } else {
            look(place, &random);
        }
    }
    CHECK(torc_arena_is_valid(arena) == TORC_OK, "the guards do not lead through the store");
    return NULL;
}

static void *lives(void *argument) {
    (void)argument;
    for (uint64_t i = 0; i < steps; i++) {
        uintptr_t seed = atomic_fetch_add(&generation, 1);
        (void)stress_join(stress_spawn("life", live, (void *)seed));
        stress_progress(i);
    }
    return NULL;
}

/* The defect, once all is quiet: it is the others' buffers, still out, that keep this store whatever becomes of the
 * mistaken one. */
static void *look_again(void *argument) {
    struct torc_arena *arena;
    uint64_t random = 1;
    OK(torc_arena_local(&arena));
    for (int i = 0; i < PLACES; i++) {
        put(arena, &places[i], &random);
    }
    CHECK(places[0].frozen.arena != NULL && places[1].frozen.arena != NULL, "a new store is clogged");
    atomic_store(&mistaken, places[0].sequence);
    for (int i = 0; i < PLACES; i++) {
        look(&places[i], &random);
    }
    return argument;
}

int main(int argc, char **argv) {
    struct stress_thread *threads[THREADS];
    stress_begin(argc, argv, "arena_frozen", STRESS_PAYLOAD, "a handle is copied instead of cloned");
    steps = stress_scaled(200);
    OK(torc_arena_local_init(STORE));
    for (int i = 0; i < PLACES; i++) {
        CHECK(pthread_mutex_init(&places[i].lock, NULL) == 0, "mutex");
    }
    for (int i = 0; i < THREADS; i++) {
        threads[i] = stress_spawn("lives", lives, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)stress_join(threads[i]);
    }
    if (stress_broken) {
        (void)stress_join(stress_spawn("mistaken", look_again, NULL));
    }
    for (int i = 0; i < PLACES; i++) { /* their owners are long gone */
        if (places[i].frozen.arena != NULL) {
            struct torc_arena_point *point = places[i].frozen.arena->point;
            verify(&places[i].frozen, places[i].sequence);
            DETECT(STRESS_PAYLOAD, torc_load_relaxed32(&point->watched) != 0, "nobody waits for a buffer that is out");
            DETECT(STRESS_PAYLOAD, torc_frozen_release(&places[i].frozen) == TORC_OK, "released by another");
        }
    }
    stress_say("%" PRIu64 " buffers, %" PRIu64 " clones, %u threads, clogged %" PRIu64 " times", atomic_load(&made),
               atomic_load(&clones), (unsigned)atomic_load(&generation), atomic_load(&dry));
    return stress_end();
}
