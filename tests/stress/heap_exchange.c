/* heap_exchange.c - blocks that are filled by one thread and freed by another, while both allocate on: producers and
 * consumers swap blocks through shared places, so that every block is checked and freed by whoever happens to find it.
 * Resizing, aligned blocks and trimming go on at the same time; now and then all stop and the heap is walked. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>

enum { THREADS = 6, PLACES = 512, ROUNDS = 8, SMALL = 600, LARGE = 200000 };

struct parcel {
    size_t size;
    uint32_t author;
    uint64_t number;
};

static struct torc_heap *heap;
static atomic_uintptr_t places[PLACES];
static pthread_barrier_t barrier;
static uint64_t steps;

struct worker {
    uint32_t author;
    uint64_t random, made, met, passed;
    bool harmed;
};

static size_t some_size(uint64_t *random) {
    uint64_t kind = stress_below(random, 100);
    size_t most = kind < 80 ? SMALL : kind < 98 ? 9000 : LARGE;
    return sizeof(struct parcel) + (size_t)stress_below(random, most);
}

static void *contents(struct parcel *parcel) {
    return parcel + 1;
}

/* The defect: one byte of a block changes while it is out, as if it were somebody else's too. Once per thread: whoever
 * meets the block next, to resize it or to free it, looks at all of it first. */
static void harm(struct worker *worker, struct parcel *parcel) {
    if (stress_broken && !worker->harmed && parcel->number >= 100 && parcel->size != 0) {
        ((unsigned char *)contents(parcel))[parcel->size / 2] ^= 1;
        worker->harmed = true;
    }
}

static struct parcel *make(struct worker *worker) {
    size_t size = some_size(&worker->random);
    bool aligned = stress_below(&worker->random, 16) == 0;
    struct parcel *parcel = aligned ? torc_heap_alloc_aligned(heap, 64, size) : torc_heap_alloc(heap, size);
    CHECK(parcel != NULL, "no memory for %zu bytes", size);
    *parcel = (struct parcel){size - sizeof *parcel, worker->author, ++worker->made};
    stress_fill(contents(parcel), parcel->size, parcel->author, parcel->number);
    harm(worker, parcel);
    return parcel;
}

static void check(const struct parcel *parcel) {
    DETECT(STRESS_PAYLOAD, stress_match(parcel + 1, parcel->size, parcel->author, parcel->number),
           "block %" PRIu64 " of author %u, %zu bytes, was overwritten", parcel->number, parcel->author, parcel->size);
}

static void end(struct worker *worker, struct parcel *parcel) {
    check(parcel);
    worker->met++;
    OK(torc_heap_free(heap, parcel));
}

static struct parcel *resize(struct worker *worker, struct parcel *parcel) {
    size_t size = some_size(&worker->random);
    size_t kept = parcel->size < size - sizeof *parcel ? parcel->size : size - sizeof *parcel;
    struct parcel *moved;
    check(parcel);
    moved = torc_heap_realloc(heap, parcel, size);
    CHECK(moved != NULL, "no memory for %zu bytes", size);
    if (kept == moved->size) { /* grown or as it was: all of it must still be there */
        check(moved);
    }
    moved->size = size - sizeof *moved;
    moved->author = worker->author;
    moved->number = ++worker->made;
    worker->met++;
    stress_fill(contents(moved), moved->size, moved->author, moved->number);
    return moved;
}

static void step(struct worker *worker) {
    struct parcel *parcel = make(worker);
    atomic_uintptr_t *place = &places[stress_below(&worker->random, PLACES)];
    if (stress_below(&worker->random, 8) == 0) {
        parcel = resize(worker, parcel);
    }
    parcel = (struct parcel *)atomic_exchange_explicit(place, (uintptr_t)parcel, memory_order_acq_rel);
    if (parcel != NULL && stress_below(&worker->random, 8) == 0) {
        parcel = resize(worker, parcel);
    }
    if (parcel != NULL) {
        end(worker, parcel);
    }
    if (stress_below(&worker->random, 20000) == 0) {
        (void)torc_heap_trim(heap);
    }
}

static void walk(void) {
    const char *what = NULL;
    DETECT(STRESS_AUDIT, torc_heap_is_valid(heap, &what), "%s", what);
}

static void *work(void *argument) {
    struct worker *worker = argument;
    for (int round = 0; round < ROUNDS; round++) {
        int turn;
        for (uint64_t i = 0; i < steps; i++) {
            step(worker);
        }
        stress_doing("waits for the walk");
        turn = pthread_barrier_wait(&barrier);
        if (turn == PTHREAD_BARRIER_SERIAL_THREAD && !stress_broken) {
            walk();
        }
        (void)pthread_barrier_wait(&barrier);
        stress_progress((uint64_t)round);
    }
    return NULL;
}

static void run(struct worker *workers) {
    struct stress_thread *threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.author = i + 1, .random = i + 1};
        threads[i] = stress_spawn("worker", work, &workers[i]);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        (void)stress_join(threads[i]);
    }
    for (size_t i = 0; i < PLACES; i++) {
        if (atomic_load(&places[i]) != 0) {
            end(&workers[0], (struct parcel *)atomic_load(&places[i]));
        }
    }
}

int main(int argc, char **argv) {
    struct torc_grower_mmap range;
    struct worker workers[THREADS], sum = {0};
    struct torc_heap_stats stats;
    stress_begin(argc, argv, "heap_exchange", STRESS_PAYLOAD, "a block changes while it is out");
    steps = stress_scaled(6000);
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0, "no barrier");
    OK(torc_grower_mmap_open(&range, (size_t)1 << 30));
    OK(torc_heap_create(&range.grower, NULL, &heap));
    run(workers);
    for (size_t i = 0; i < THREADS; i++) {
        sum.made += workers[i].made;
        sum.met += workers[i].met;
    }
    walk();
    (void)torc_heap_trim(heap);
    walk();
    OK(torc_heap_stats(heap, &stats));
    DETECT(STRESS_SUM, sum.made == sum.met, "%" PRIu64 " blocks were made, %" PRIu64 " ended", sum.made, sum.met);
    DETECT(STRESS_SUM, stats.blocks == 0, "%" PRIu64 " blocks are still out", stats.blocks);
    DETECT(STRESS_STALE, stats.refused == 0, "%" PRIu64 " blocks were refused", stats.refused);
    stress_say("%" PRIu64 " blocks by %d threads, %zu KiB from the grower", sum.made, (int)THREADS, stats.grown >> 10);
    OK(torc_heap_destroy(&heap, NULL));
    torc_grower_mmap_close(&range);
    CHECK(pthread_barrier_destroy(&barrier) == 0, "barrier");
    return stress_end();
}
