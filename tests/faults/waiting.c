/* waiting.c - scenarios in which threads sleep, while sleeps end early and barriers of the process fail. */
#include "world.h"

#include <sched.h>
#include <stdatomic.h>

void waiting_reader(void);
void waiting_publisher(void);
void waiting_keeper(void);
void draining(void);
void closing(void);
void detaching(void);

/* One thread's part, until it is told to go on. */
struct turn {
    struct world *world;
    atomic_uint done;
};

static void wait_for(atomic_uint *done, unsigned count) {
    while (atomic_load(done) < count) {
        (void)sched_yield();
    }
}

/* --- readers ------------------------------------------------------------------------------------------------------ */

enum { EVENTS = 12 };

/* Each event is published only when the one before was read, so that the reader goes to sleep in between. */
static void *publish_one_by_one(void *argument) {
    struct turn *turn = argument;
    for (unsigned i = 0; i < EVENTS; i++) {
        wait_for(&turn->done, i);
        SURE(torc_publish(turn->world->publisher, i, &i, sizeof i));
    }
    return NULL;
}

void waiting_reader(void) {
    struct world world;
    struct turn turn = {.world = &world};
    pthread_t publisher;
    if (world_open(&world, 0)) {
        world_spawn(&publisher, publish_one_by_one, &turn);
        for (unsigned i = 0; i < EVENTS; i++) {
            struct torc_event event;
            SURE(torc_next_until(world.reader, &event, TORC_FOREVER));
            MUST(event.type == i, "event %u where %u is due", event.type, i);
            atomic_store(&turn.done, i + 1);
        }
        world_join(publisher);
    }
    world_close(&world);
}

/* Begins to read when the publisher has filled the lane and its pool. */
static void *read_late(void *argument) {
    struct turn *turn = argument;
    struct torc_event event;
    wait_for(&turn->done, 1);
    for (uint32_t i = 0; i < EVENTS * 4; i++) {
        SURE(torc_next_until(turn->world->reader, &event, TORC_FOREVER));
        MUST(event.type == i, "event %u where %u is due", event.type, i);
    }
    SURE(torc_advance(turn->world->reader));
    return NULL;
}

void waiting_publisher(void) {
    struct world world;
    struct turn turn = {.world = &world};
    pthread_t reader;
    static const unsigned char bytes[500];
    if (world_open(&world, 0)) {
        world_spawn(&reader, read_late, &turn);
        for (uint32_t i = 0; i < EVENTS * 4; i++) {
            size_t size = i < EVENTS * 2 ? 10 : sizeof bytes; /* first the lane is full, then the pool is dry */
            int status = torc_try_publish(world.publisher, i, bytes, size);
            if (status == TORC_WOULD_BLOCK) {
                atomic_store(&turn.done, 1);
                SURE(torc_publish(world.publisher, i, bytes, size));
            } else {
                SURE(status);
            }
        }
        world_join(reader);
    }
    world_close(&world);
}

/* --- keeping ------------------------------------------------------------------------------------------------------ */

struct keeping {
    atomic_uint asked;
    struct torc_ringptr held[4];
};

static void *release_when_asked(void *argument) {
    struct keeping *keeping = argument;
    wait_for(&keeping->asked, 1);
    for (int i = 0; i < 4; i++) {
        SURE(torc_ringptr_release(keeping->held[i]));
    }
    return NULL;
}

void waiting_keeper(void) {
    struct world world;
    struct keeping keeping = {.asked = 0};
    struct torc_event event;
    struct torc_ringptr late = TORC_RINGPTR_NULL;
    pthread_t releaser;
    if (world_open(&world, 0)) {
        for (int i = 0; i < 4; i++) {
            SURE(torc_publish(world.publisher, 1, "kept", 4));
            SURE(torc_next(world.reader, &event));
            SURE(torc_keep(world.reader, &event, &keeping.held[i]));
        }
        SURE(torc_publish(world.publisher, 1, "late", 4));
        SURE(torc_next(world.reader, &event));
        MUST(torc_keep(world.reader, &event, &late) == TORC_POOL_DRY, "a fifth slot of four");
        MUST(torc_keep_until(world.reader, &event, torc_deadline_ns(1000), &late) == TORC_TIMED_OUT, "a slot in time");
        world_spawn(&releaser, release_when_asked, &keeping);
        atomic_store(&keeping.asked, 1);
        SURE(torc_keep_until(world.reader, &event, TORC_FOREVER, &late));
        world_join(releaser);
        SURE(torc_ringptr_release(late));
    }
    world_close(&world);
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static void *read_on(void *argument) {
    struct turn *turn = argument;
    struct torc_event event;
    int status;
    wait_for(&turn->done, 1);
    while ((status = torc_next_until(turn->world->reader, &event, TORC_FOREVER)) == TORC_OK) {
    }
    MUST(status == TORC_CLOSED, "the reader ends with %s", torc_status_name(status));
    return NULL;
}

void draining(void) {
    struct world world;
    struct turn turn = {.world = &world};
    pthread_t reader;
    if (world_open(&world, 0)) {
        for (int i = 0; i < 10; i++) {
            SURE(torc_publish(world.publisher, 1, "x", 1));
        }
        MUST(torc_bus_drain(world.bus, torc_deadline_ns(1000)) == TORC_TIMED_OUT, "drained without being read");
        world_spawn(&reader, read_on, &turn);
        atomic_store(&turn.done, 1);
        SURE(torc_bus_drain(world.bus, TORC_FOREVER));
        SURE(torc_bus_close(world.bus));
        world_join(reader);
    }
    world_close(&world);
}

static void *publish_until_closed(void *argument) {
    struct turn *turn = argument;
    int status;
    for (int i = 0; i < 16; i++) {
        SURE(torc_publish(turn->world->publisher, 1, "x", 1));
    }
    atomic_store(&turn->done, 1);
    status = torc_publish(turn->world->publisher, 1, "x", 1);
    MUST(status == TORC_CLOSED, "a blocked publisher is told %s", torc_status_name(status));
    return NULL;
}

static void *sleep_until_closed(void *argument) {
    struct torc_event event;
    int status = torc_next_until(argument, &event, TORC_FOREVER);
    MUST(status == TORC_CLOSED, "a sleeping reader is told %s", torc_status_name(status));
    return NULL;
}

void closing(void) {
    struct world world;
    struct turn turn = {.world = &world};
    struct torc_topic *quiet = NULL;
    struct torc_reader *sleeper = NULL;
    pthread_t threads[2];
    if (world_open(&world, 0) && ATTEMPT(torc_topic_open(world.bus, "quiet", 0, &quiet), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_reader_open(quiet, NULL, &sleeper), MAY_LACK_MEMORY)) {
        world_spawn(&threads[0], publish_until_closed, &turn);
        world_spawn(&threads[1], sleep_until_closed, sleeper);
        wait_for(&turn.done, 1);
        SURE(torc_bus_close(world.bus));
        world_join(threads[0]);
        world_join(threads[1]);
        SURE(torc_reader_close(sleeper));
    }
    world_close(&world);
}

void detaching(void) {
    struct world world;
    pthread_t sleeper;
    if (world_open(&world, 0)) {
        int status;
        world_spawn(&sleeper, sleep_until_closed, world.reader);
        /* TORC_BUSY: it may just be on its way to sleep. */
        while ((status = torc_reader_detach(world.reader)) == TORC_BUSY) {
        }
        SURE(status);
        world_join(sleeper);
    }
    world_close(&world);
}
