/* forged_world.h - buses with live, stale, free and retired slots, and handles that nobody was given. */
#ifndef TORC_TESTS_FUZZ_FORGED_WORLD_H
#define TORC_TESTS_FUZZ_FORGED_WORLD_H

#include "fuzz.h"

#define WORLDS  2u
#define GENUINE 16u

/* A live slot: by a handle, or by the ring alone while a reader borrows the event. */
struct genuine {
    struct torc_ringptr ptr;
    uint64_t count;
    uint32_t serial, type;
    size_t length;
    bool in_ring;
};
struct world {
    struct torc_bus *bus;
    void *memory;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    struct torc_actor *actor;
    struct genuine genuine[GENUINE];
    uint32_t genuine_count;
    uint64_t stale[GENUINE]; /* ids of handles that were released */
    uint32_t stale_count;
    struct torc_audit audit; /* as it was, and has to stay */
    uint64_t refused;
};
extern struct world worlds[WORLDS];

/* worlds_open: once per process; nothing done to a forged handle may change them, so every input meets them the
 * same. */
void worlds_open(void);
void worlds_close(void);

/* forge: an id of the given kind from some random bits. try_forged: gives it to every function that takes a handle;
 * false if it happens to be the id of a live slot. check_world: all is as it was. */
uint64_t forge(const struct world *world, uint32_t kind, uint64_t random);
bool try_forged(struct world *world, uint64_t id);
void check_world(struct world *world);

#endif
