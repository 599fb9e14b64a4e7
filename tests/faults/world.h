/* world.h - a bus with what a scenario needs on it, built and taken down while calls fail. */
#ifndef TORC_FAULTS_WORLD_H
#define TORC_FAULTS_WORLD_H

#include <pthread.h>
#include <stdbool.h>
#include <torc.h>

#include "inject.h"
#include "scenarios.h"

/* Which answers a call may give when something below it fails. */
enum may_fail { MAY_NOT = 0, MAY_LACK_MEMORY = 1, MAY_LACK_SYSTEM = 2 };

/* settle: the answer must be TORC_OK, or one that is allowed while something fails. */
bool settled(const char *call, int status, unsigned allowed);

/* Makes a call that may fail. Where one call only was made to fail, the same again must succeed at once: the
 * objects it was made on are still usable. True if it succeeded in the end. */
#define ATTEMPT(call, allowed)                                                                                         \
    (settled(#call, (call), (allowed)) || (inject_was_single() && settled(#call, (call), MAY_NOT)))
/* Makes a call that must not fail, whatever fails below it. */
#define SURE(call) ((void)settled(#call, (call), MAY_NOT))

struct world {
    struct torc_config config;
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
};

/* world_config: small, with every kind of pool. */
struct torc_config world_config(uint32_t flags);
/* world_open: bus, topic, publisher and reader; false where something stayed closed. world_close: whatever is open.
 * world_bus: the bus alone, of world_config; world_bus_from: of any. world_ends: the rest. */
bool world_bus(struct world *world, uint32_t flags);
bool world_bus_from(struct world *world, const struct torc_config *config);
bool world_ends(struct world *world);
bool world_open(struct world *world, uint32_t flags);
void world_close(struct world *world);

/* Every size is published, read, kept, and released once its entry has been passed. */
void world_every_size(struct world *world);

/* Payloads that say what they are. */
void world_fill(void *data, size_t size, uint32_t seed);
void world_verify(const void *data, size_t size, uint32_t seed);
/* world_publish: a filled event of this size. world_expect: the next event is the one of this seed. */
bool world_publish(struct world *world, size_t size, uint32_t seed);
void world_expect(struct world *world, size_t size, uint32_t seed, struct torc_event *event);

/* Threads of the scenarios themselves always come to be. */
void world_spawn(pthread_t *thread, void *(*body)(void *), void *argument);
void world_join(pthread_t thread);

enum { XXL_SIZE = 20000, LARGEST = 40000 };

#endif
