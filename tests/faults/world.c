/* world.c - the bus that the scenarios play on. */
#include "world.h"

#include <string.h>

bool settled(const char *call, int status, unsigned allowed) {
    bool fits = (status == TORC_NO_MEMORY && (allowed & MAY_LACK_MEMORY) != 0) ||
                (status == TORC_SYSTEM && (allowed & MAY_LACK_SYSTEM) != 0);
    MUST(!inject_barrier_owed(), "%s goes on although a barrier of the process was refused", call);
    if (status >= 0) {
        return true;
    }
    MUST(fits, "%s answers %s", call, torc_status_name(status));
    MUST(inject_failed() != 0, "%s answers %s and nothing has failed", call, torc_status_name(status));
    return false;
}

struct torc_config world_config(uint32_t flags) {
    struct torc_config config = {.topics = 4,
                                 .publishers = 2,
                                 .readers = 3,
                                 .actors = 2,
                                 .lane_entries = 16,
                                 .slots = {4, 4, 4, 2, 2},
                                 .xxl = 6,
                                 .keep_slots = 4,
                                 .flags = flags};
    return config;
}

bool world_bus_from(struct world *world, const struct torc_config *config) {
    *world = (struct world){.config = *config};
    bool made = ATTEMPT(torc_bus_create(&world->config, &world->bus), MAY_LACK_MEMORY | MAY_LACK_SYSTEM);
    MUST(made == (world->bus != NULL), "a bus that could not be created was handed out");
    return made;
}

bool world_bus(struct world *world, uint32_t flags) {
    struct torc_config config = world_config(flags);
    return world_bus_from(world, &config);
}

bool world_ends(struct world *world) {
    return ATTEMPT(torc_topic_open(world->bus, "world", 0, &world->topic), MAY_LACK_MEMORY) &&
           ATTEMPT(torc_reader_open(world->topic, NULL, &world->reader), MAY_LACK_MEMORY) &&
           ATTEMPT(torc_publisher_open(world->topic, NULL, &world->publisher), MAY_LACK_MEMORY);
}

bool world_open(struct world *world, uint32_t flags) {
    return world_bus(world, flags) && world_ends(world);
}

static void audit(struct world *world) {
    struct torc_audit result = {.broken = NULL};
    int status = torc_audit(world->bus, &result);
    MUST(status == TORC_OK, "audit: %s", result.broken == NULL ? torc_status_name(status) : result.broken);
    MUST(result.free_slots + result.live_slots + result.retired_slots == result.total_slots, "slots are not conserved");
    MUST(result.outstanding == 0, "handles hold %u slots", (unsigned)result.outstanding);
}

void world_close(struct world *world) {
    uint64_t outstanding = 0;
    if (world->bus == NULL) {
        return;
    }
    audit(world);
    if (world->publisher != NULL) {
        SURE(torc_publisher_close(world->publisher));
    }
    if (world->reader != NULL) {
        SURE(torc_reader_close(world->reader));
    }
    audit(world);
    SURE(torc_bus_close(world->bus));
    SURE(torc_bus_destroy(&world->bus, &outstanding));
    MUST(world->bus == NULL && outstanding == 0, "the bus is destroyed but not gone");
}

static unsigned char byte_at(size_t i, uint32_t seed) {
    return (unsigned char)(seed * 31 + i * 7 + (i >> 8));
}

void world_fill(void *data, size_t size, uint32_t seed) {
    unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = byte_at(i, seed);
    }
}

/* Any thread. */
void world_verify(const void *data, size_t size, uint32_t seed) {
    const unsigned char *bytes = data;
    MUST(data != NULL, "event %u of %zu bytes: nowhere", seed, size);
    for (size_t i = 0; i < size; i++) {
        MUST(bytes[i] == byte_at(i, seed), "event %u of %zu bytes: other bytes than written, from %zu on", seed, size,
             i);
    }
}

bool world_publish(struct world *world, size_t size, uint32_t seed) {
    static unsigned char bytes[LARGEST];
    bool outside = size > TORC_XL_BYTES && world->config.xxl_bytes == 0;
    world_fill(bytes, size, seed);
    return ATTEMPT(torc_publish(world->publisher, seed, bytes, size), outside ? MAY_LACK_MEMORY : MAY_NOT);
}

void world_expect(struct world *world, size_t size, uint32_t seed, struct torc_event *event) {
    int status = torc_next(world->reader, event);
    MUST(status == TORC_OK, "event %u of %zu bytes: %s", seed, size, torc_status_name(status));
    MUST(event->type == seed && event->length == size, "event %u of %zu bytes where %u of %zu is due", event->type,
         event->length, seed, size);
    world_verify(event->data, size, seed);
}

void world_every_size(struct world *world) {
    static const size_t sizes[] = {0, 48, 49, 64, 256, 1024, 4096, 16384, XXL_SIZE, LARGEST};
    struct torc_event event;
    struct torc_ringptr kept = TORC_RINGPTR_NULL;
    for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (world_publish(world, sizes[i], i)) {
            world_expect(world, sizes[i], i, &event);
            SURE(torc_keep(world->reader, &event, &kept));
            SURE(torc_advance(world->reader));
            MUST(torc_ringptr_length(kept) == sizes[i], "a kept event of another length");
            world_verify(torc_ringptr_data(kept), sizes[i], i);
            SURE(torc_ringptr_release(kept));
        }
        /* Where that one failed, what needs no memory still works. */
        if (world_publish(world, 8, 100 + i)) {
            world_expect(world, 8, 100 + i, &event);
        }
    }
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument);
int __real_pthread_join(pthread_t thread, void **result);

void world_spawn(pthread_t *thread, void *(*body)(void *), void *argument) {
    MUST(__real_pthread_create(thread, NULL, body, argument) == 0, "no thread for the test itself");
}
void world_join(pthread_t thread) {
    MUST(__real_pthread_join(thread, NULL) == 0, "a thread of the test cannot be joined");
}
