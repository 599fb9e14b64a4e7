/* ends.c - the other ways to end a bus while calls fail: halted on everybody who waits, left to go with its last
 * handle. */
#include "world.h"

void halting(void);
void leaving(void);

static void *publish_until_halted(void *argument) {
    int status;
    do {
        status = torc_publish(argument, 1, "x", 1);
    } while (status == TORC_OK);
    MUST(status == TORC_CLOSED, "a blocked publisher is told %s", torc_status_name(status));
    return NULL;
}

static void *sleep_until_halted(void *argument) {
    struct torc_event event;
    int status = torc_next_until(argument, &event, TORC_FOREVER);
    MUST(status == TORC_CLOSED, "a sleeping reader is told %s", torc_status_name(status));
    return NULL;
}

void halting(void) {
    struct world world;
    struct torc_topic *quiet = NULL;
    struct torc_reader *sleeper = NULL;
    pthread_t threads[2];
    if (world_open(&world, 0) && ATTEMPT(torc_topic_open(world.bus, "quiet", 0, &quiet), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_reader_open(quiet, NULL, &sleeper), MAY_LACK_MEMORY)) {
        world_spawn(&threads[0], publish_until_halted, world.publisher);
        world_spawn(&threads[1], sleep_until_halted, sleeper);
        SURE(torc_bus_halt(world.bus));
        MUST(torc_bus_drain(world.bus, TORC_FOREVER) == TORC_CLOSED, "a halted bus was drained");
        world_join(threads[0]);
        world_join(threads[1]);
        SURE(torc_reader_close(sleeper));
    }
    world_close(&world);
}

static void note_gone(void *context) {
    ++*(int *)context;
}

/* What is taken is counted by the sweep: the bus must have gone with its last handle. */
void leaving(void) {
    struct world world;
    struct torc_ringptr fresh = TORC_RINGPTR_NULL, kept = TORC_RINGPTR_NULL;
    struct torc_event event;
    int gone = 0;
    if (!world_open(&world, TORC_DESTROY_LATER)) {
        world_close(&world);
        return;
    }
    SURE(torc_ringptr_claim(world.publisher, 1, 60, &fresh, NULL));
    SURE(torc_publish(world.publisher, 1, "kept", 4));
    SURE(torc_next(world.reader, &event));
    SURE(torc_keep(world.reader, &event, &kept));
    SURE(torc_bus_destroy_later(&world.bus, note_gone, &gone));
    SURE(torc_ringptr_release(fresh));
    SURE(torc_publisher_close(world.publisher));
    SURE(torc_reader_close(world.reader));
    MUST(gone == 0, "gone before its last handle");
    SURE(torc_ringptr_release(kept));
    MUST(gone == 1, "not gone with its last handle");
}
