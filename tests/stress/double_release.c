/* double_release.c - several threads release the same handles more often than they were acquired, while the owner of
 * the bank claims the freed slots again: exactly as many releases succeed as there were references, all others are
 * refused as stale and counted, and the slots' new owners keep what is theirs. One exception, see may_be_twice. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum { THREADS = 4, HANDLES = 48, MOST = 5 };

static struct torc_ringptr handles[HANDLES];
static uint32_t attempts[HANDLES];   /* per thread */
static uint32_t references[HANDLES]; /* in all */
static atomic_uint accepted[HANDLES];
static atomic_uint_fast64_t refused;
static pthread_barrier_t start;
static pthread_barrier_t finish;
static uint64_t rounds;
static uint64_t twice;

static void meet(pthread_barrier_t *barrier) {
    int status = pthread_barrier_wait(barrier);
    CHECK(status == 0 || status == PTHREAD_BARRIER_SERIAL_THREAD, "barrier: %s", strerror(status));
}

static void release_once(size_t i) {
    int status = torc_ringptr_release(handles[i]);
    if (status == TORC_OK) {
        atomic_fetch_add(&accepted[i], 1);
    } else {
        DETECT(STRESS_STALE, status == TORC_STALE, "release: %s", torc_status_name(status));
        atomic_fetch_add(&refused, 1);
    }
}

static void *release_all(void *argument) {
    size_t first = (size_t)(uintptr_t)argument;
    for (uint64_t round = 0; round < rounds; round++) {
        stress_doing("waits for the others");
        meet(&start);
        stress_doing("releases");
        for (size_t i = 0; i < HANDLES; i++) {
            /* Half of the threads begin elsewhere, so that handles meet one, two and more threads at a time. */
            size_t at = (i + (first & 1) * (HANDLES / 2)) % HANDLES;
            for (uint32_t n = 0; n < attempts[at]; n++) {
                release_once(at);
            }
        }
        meet(&finish);
        stress_progress(round + 1);
    }
    return NULL;
}

/* References beyond the first: the same number of attempts more than there are, or just as many. */
static void acquire(struct torc_publisher *publisher, uint64_t *random) {
    for (size_t i = 0; i < HANDLES; i++) {
        size_t size = 1 + (size_t)stress_below(random, TORC_S_BYTES);
        OK(torc_ringptr_claim(publisher, (uint32_t)i, size, &handles[i], NULL));
        attempts[i] = 1 + (uint32_t)stress_below(random, MOST);
        references[i] = 1 + (uint32_t)stress_below(random, (uint64_t)attempts[i] * THREADS);
        for (uint32_t n = 1; n < references[i]; n++) {
            struct torc_ringptr clone;
            OK(torc_ringptr_clone(handles[i], &clone));
            handles[i] = clone;
        }
        references[i] += stress_broken && i == 0 && references[i] < attempts[i] * THREADS ? 1 : 0;
        atomic_store(&accepted[i], 0);
    }
}

/* Meanwhile: the same pools, whose slots come back as the others release. */
static void claim_beside(struct torc_publisher *publisher, uint64_t *random) {
    for (uint64_t i = 0; i < 16; i++) {
        struct torc_ringptr mine;
        void *bytes;
        size_t size = STRESS_TAG + (size_t)stress_below(random, TORC_S_BYTES - STRESS_TAG);
        OK(torc_ringptr_claim(publisher, 77, size, &mine, &bytes));
        stress_fill(bytes, size, 77, i);
        stress_spin(random, 200);
        DETECT(STRESS_STALE, torc_ringptr_is_valid(mine) && torc_ringptr_count(mine) == 1,
               "a fresh slot has %" PRIu64 " references", torc_ringptr_count(mine));
        stress_verify(torc_ringptr_data(mine), size, 77, i);
        OK(torc_ringptr_release(mine));
    }
}

/* Or: the thread that allocates releases as well, which is the case that has a shortcut. */
static void release_beside(void) {
    for (size_t i = 0; i < HANDLES; i++) {
        release_once(i);
    }
}

/* A handle that was never cloned and is released by the allocating thread at the very moment at which another releases
 * it may be accepted twice: the price of the sole owner's release without a locked operation. Nothing else may. */
static bool may_be_twice(size_t i, bool owner_released) {
    return owner_released && references[i] == 1;
}

static void compare(bool owner_released) {
    for (size_t i = 0; i < HANDLES; i++) {
        uint32_t count = atomic_load(&accepted[i]);
        twice += count == 2 && may_be_twice(i, owner_released);
        DETECT(STRESS_STALE, count == references[i] || (count == 2 && may_be_twice(i, owner_released)),
               "%" PRIu32 " releases accepted, %" PRIu32 " references acquired, %" PRIu32 " attempts", count,
               references[i], attempts[i] * THREADS);
        DETECT(STRESS_STALE, !torc_ringptr_is_valid(handles[i]) && torc_ringptr_data(handles[i]) == NULL,
               "a handle outlived its last release");
    }
}

static void run(struct torc_bus *bus, struct torc_publisher *publisher) {
    struct stress_thread *threads[THREADS];
    struct torc_bus_stats stats;
    uint64_t random = 1;
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = stress_spawn("releaser", release_all, (void *)(uintptr_t)i);
    }
    for (uint64_t round = 0; round < rounds; round++) {
        acquire(publisher, &random);
        meet(&start);
        if (round % 2 == 0) {
            claim_beside(publisher, &random);
        } else {
            release_beside();
        }
        meet(&finish);
        compare(round % 2 != 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)stress_join(threads[i]);
    }
    OK(torc_bus_stats(bus, &stats));
    DETECT(STRESS_STALE, stats.stale_refused == atomic_load(&refused),
           "%" PRIu64 " refusals counted, %" PRIuFAST64 " met", stats.stale_refused, atomic_load(&refused));
    stress_say("%" PRIu64 " rounds of %d handles and %d threads, %" PRIuFAST64 " releases refused, %" PRIu64
               " sole ones accepted twice",
               rounds, (int)HANDLES, (int)THREADS, atomic_load(&refused), twice);
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(1, 1, 16);
    struct torc_publisher *publisher;
    struct torc_bus *bus;
    stress_begin(argc, argv, "double_release", STRESS_STALE, "one reference more is counted than was acquired");
    rounds = stress_scaled(20000);
    config.slots[TORC_XS] = HANDLES + 1; /* every handle may fall into either pool, and one is for the claims beside */
    config.slots[TORC_S] = HANDLES + 1;
    bus = stress_bus(&config);
    publisher = stress_publisher(stress_topic(bus, "stale"), TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    CHECK(pthread_barrier_init(&start, NULL, THREADS + 1) == 0, "barrier");
    CHECK(pthread_barrier_init(&finish, NULL, THREADS + 1) == 0, "barrier");
    run(bus, publisher);
    CHECK(pthread_barrier_destroy(&start) == 0, "barrier");
    CHECK(pthread_barrier_destroy(&finish) == 0, "barrier");
    stress_publisher_end(publisher);
    stress_bus_end(bus);
    return stress_end();
}
