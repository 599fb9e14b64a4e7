/* scenarios.c - creation in every mode of memory, opening, publishing and keeping of every size. */
#include "world.h"

#include <stdio.h>
#include <string.h>

/* --- creation ----------------------------------------------------------------------------------------------------- */

/* What was asked for and is not there must be said; nothing may be said that is not so. */
static void check_memory(struct world *world) {
    struct torc_bus_stats stats;
    bool failed = inject_failed() != 0;
    SURE(torc_bus_stats(world->bus, &stats));
    if ((world->config.flags & TORC_LOCK_MEMORY) == 0 || (failed && strcmp(inject_first(), "mlock") == 0)) {
        MUST(stats.locked == 0, "locked: %u", stats.locked);
    } else if (!failed) {
        MUST(stats.locked == 1, "locked: %u", stats.locked);
    }
    if ((world->config.flags & TORC_HUGE_PAGES) != 0 && !failed) {
        MUST(stats.huge_pages == 2, "huge pages: %u", stats.huge_pages);
    }
    MUST(stats.membarrier == (strcmp(inject_first(), "membarrier registration") != 0) || inject_failed() > 1,
         "membarrier: %u", stats.membarrier);
}

/* A bus that came to be can do everything. */
static void use_all(struct world *world) {
    struct torc_event event;
    check_memory(world);
    if (world_publish(world, 10, 1)) {
        world_expect(world, 10, 1, &event);
    }
    if (world_publish(world, 1000, 2)) {
        world_expect(world, 1000, 2, &event);
    }
}

static void create(uint32_t flags) {
    struct world world;
    if (world_open(&world, flags)) {
        use_all(&world);
    }
    world_close(&world);
}

static void create_plain(void) {
    create(0);
}
static void create_lazily(void) {
    create(TORC_NO_PREFAULT);
}
static void create_huge(void) {
    create(TORC_HUGE_PAGES);
}
static void create_locked(void) {
    create(TORC_LOCK_MEMORY);
}
static void create_huge_locked(void) {
    create(TORC_HUGE_PAGES | TORC_LOCK_MEMORY);
}

static void create_at(void) {
    static _Alignas(64) unsigned char memory[1 << 20];
    struct world world = {.config = world_config(TORC_LOCK_MEMORY)};
    if (ATTEMPT(torc_bus_create_at(memory, sizeof memory, &world.config, &world.bus), MAY_LACK_MEMORY)) {
        check_memory(&world);
    }
    world_close(&world);
}

static void create_preset(void) {
    struct torc_bus *bus = NULL;
    if (ATTEMPT(torc_bus_create(NULL, &bus), MAY_LACK_MEMORY | MAY_LACK_SYSTEM)) {
        SURE(torc_bus_destroy(&bus, NULL));
    }
    MUST(bus == NULL, "a bus is left");
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void topics(void) {
    struct world world;
    uint32_t opened = 0;
    if (world_bus(&world, 0)) {
        for (int i = 0; i < 4; i++) {
            struct torc_topic *topic = NULL;
            struct torc_topic *found = NULL;
            char name[8];
            (void)snprintf(name, sizeof name, "t%d", i);
            if (!ATTEMPT(torc_topic_open(world.bus, name, 0, &topic), MAY_LACK_MEMORY)) {
                MUST(topic == NULL && torc_topic_find(world.bus, name, &found) == TORC_NOT_FOUND, "half a topic");
                continue;
            }
            opened++;
            SURE(torc_topic_find(world.bus, name, &found));
            MUST(found == topic && strcmp(torc_topic_name(found), name) == 0, "another topic is found");
        }
        struct torc_bus_stats stats;
        SURE(torc_bus_stats(world.bus, &stats));
        MUST(stats.topics == opened, "%u topics opened, %u counted", opened, stats.topics);
    }
    world_close(&world);
}

/* All that the configuration allows, so that a failed open that kept its place shows as a lack of room. */
static void publishers_and_readers(void) {
    struct world world;
    struct torc_publisher *publishers[2] = {NULL, NULL};
    struct torc_reader *readers[3] = {NULL, NULL, NULL};
    if (world_bus(&world, 0) && ATTEMPT(torc_topic_open(world.bus, "all", 0, &world.topic), MAY_LACK_MEMORY)) {
        for (int i = 0; i < 3; i++) {
            (void)ATTEMPT(torc_reader_open(world.topic, NULL, &readers[i]), MAY_LACK_MEMORY);
        }
        for (int i = 0; i < 2; i++) {
            if (ATTEMPT(torc_publisher_open(world.topic, NULL, &publishers[i]), MAY_LACK_MEMORY)) {
                SURE(torc_publish(publishers[i], 1, "x", 1));
            }
        }
        for (int i = 0; i < 2; i++) {
            SURE(publishers[i] == NULL ? TORC_OK : torc_publisher_close(publishers[i]));
        }
        for (int i = 0; i < 3; i++) {
            SURE(readers[i] == NULL ? TORC_OK : torc_reader_close(readers[i]));
        }
    }
    world_close(&world);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void every_size(void) {
    struct world world;
    if (world_open(&world, 0)) {
        world_every_size(&world);
    }
    world_close(&world);
}

static void claims(void) {
    struct world world;
    struct torc_claim claim = {.data = NULL};
    struct torc_claim later = {.data = NULL};
    struct torc_ringptr fresh = TORC_RINGPTR_NULL;
    struct torc_event event;
    void *data = NULL;
    if (world_open(&world, 0)) {
        if (ATTEMPT(torc_claim(world.publisher, 1, XXL_SIZE, &claim), MAY_LACK_MEMORY)) {
            SURE(torc_abort(world.publisher, &claim));
        }
        if (ATTEMPT(torc_claim(world.publisher, 2, XXL_SIZE, &claim), MAY_LACK_MEMORY)) {
            world_fill(claim.data, claim.length, 2);
            if (ATTEMPT(torc_claim(world.publisher, 3, LARGEST, &later), MAY_LACK_MEMORY)) {
                SURE(torc_abort(world.publisher, &later));
            }
            SURE(torc_commit(world.publisher, &claim));
            world_expect(&world, XXL_SIZE, 2, &event);
        }
        if (ATTEMPT(torc_ringptr_claim(world.publisher, 4, LARGEST, &fresh, &data), MAY_LACK_MEMORY)) {
            world_fill(data, LARGEST, 4);
            world_verify(torc_ringptr_data(fresh), LARGEST, 4);
            SURE(torc_ringptr_release(fresh));
        }
        if (ATTEMPT(torc_claim(world.publisher, 5, XXL_SIZE, &claim), MAY_LACK_MEMORY)) {
            SURE(torc_publisher_close(world.publisher)); /* with a claim open: its block goes as well */
            world.publisher = NULL;
        }
    }
    world_close(&world);
}

/* A batch stops before the message that found no memory, and says how far it came. */
static void batches(void) {
    struct world world;
    struct torc_event event;
    static unsigned char bytes[XXL_SIZE];
    const struct torc_message messages[] = {
        {bytes, 30, 0}, {bytes, XXL_SIZE, 0}, {bytes, 200, 0}, {bytes, XXL_SIZE, 0}};
    world_fill(bytes, sizeof bytes, 0);
    if (world_open(&world, 0)) {
        size_t published = 0;
        size_t more = 0;
        int status = torc_publish_batch(world.publisher, messages, 4, &published);
        MUST((status == TORC_OK) == (published == 4), "%zu of 4 published: %s", published, torc_status_name(status));
        if (!settled("torc_publish_batch", status, MAY_LACK_MEMORY) && inject_was_single()) {
            SURE(torc_publish_batch(world.publisher, messages + published, 4 - published, &more));
            MUST(published + more == 4, "%zu and %zu of 4 published", published, more);
        }
        for (size_t i = 0; i < published + more; i++) {
            world_expect(&world, messages[i].length, 0, &event);
        }
        MUST(torc_next(world.reader, &event) == TORC_EMPTY, "more than was published");
    }
    world_close(&world);
}

/* Pools run dry and blocks of the provider stand in for slots. */
static void dry_pools(void) {
    struct world world;
    struct torc_ringptr held[8] = {TORC_RINGPTR_NULL};
    const struct torc_publisher_config config = {TORC_WAIT_BLOCK, TORC_DRY_XXL};
    size_t count = 0;
    if (world_bus(&world, 0) && ATTEMPT(torc_topic_open(world.bus, "dry", 0, &world.topic), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_publisher_open(world.topic, &config, &world.publisher), MAY_LACK_MEMORY)) {
        while (count < 8 &&
               ATTEMPT(torc_ringptr_claim(world.publisher, 1, 1000, &held[count], NULL), MAY_LACK_MEMORY)) {
            count++;
        }
        MUST(count >= 4, "%zu of 4 slots", count);
        for (size_t i = 0; i < count; i++) {
            SURE(torc_ringptr_release(held[i]));
        }
    }
    world_close(&world);
}

extern void arena_of_each_thread(void), arena_whole_life(void), arena_published(void), heap_of_each_thread(void),
    heap_over_segment(void), heap_over_range(void), heap_over_buffer(void), heap_over_own(void), heap_behind_bus(void),
    region_alone(void), area_in_bus(void);
extern void waiting_reader(void), waiting_publisher(void), waiting_keeper(void), draining(void), closing(void),
    halting(void), leaving(void), detaching(void), actor_works(void), actor_refuses(void), actor_full(void),
    descriptor(void), wait_set(void), handler(void), pipe_between(void), request_reply(void);

extern void group_life(void), merge_life(void), conflate_life(void);

/* Those that play alone come first: what a process does once must not have been done yet. */
const struct scenario scenarios[] = {
    {"arenas of threads", arena_of_each_thread, true},
    {"heaps of threads", heap_of_each_thread, true},
    {"a heap over the data segment", heap_over_segment, true},
    {"create", create_plain, false},
    {"create, not prefaulted", create_lazily, false},
    {"create in huge pages", create_huge, false},
    {"create, locked", create_locked, false},
    {"create in huge pages, locked", create_huge_locked, false},
    {"create in the caller's memory, locked", create_at, false},
    {"create from the default preset", create_preset, false},
    {"topics", topics, false},
    {"publishers and readers", publishers_and_readers, false},
    {"publish, read, keep every size", every_size, false},
    {"claims and fresh handles", claims, false},
    {"batches", batches, false},
    {"dry pools", dry_pools, false},
    {"a reader waits", waiting_reader, false},
    {"a publisher waits", waiting_publisher, false},
    {"a keeper waits", waiting_keeper, false},
    {"drain", draining, false},
    {"close while all wait", closing, false},
    {"detach", detaching, false},
    {"an actor works", actor_works, false},
    {"an actor refuses to start", actor_refuses, false},
    {"an actor's mailbox is full", actor_full, false},
    {"an arena", arena_whole_life, false},
    {"an arena's buffers, published", arena_published, false},
    {"a heap over a range", heap_over_range, false},
    {"a heap over a buffer", heap_over_buffer, false},
    {"a heap over a grower of one's own", heap_over_own, false},
    {"a heap behind a bus", heap_behind_bus, false},
    {"a region", region_alone, false},
    {"a bus with an area", area_in_bus, false},
    {"halt while all wait", halting, false},
    {"the last handle takes the bus down", leaving, false},
    {"a reader behind a descriptor", descriptor, false},
    {"a wait-set and a mailbox", wait_set, false},
    {"a handler and its dead letters", handler, false},
    {"a pipe", pipe_between, false},
    {"request and reply", request_reply, false},
    {"a group and a sequencer", group_life, false},
    {"a merged reader", merge_life, false},
    {"a reader that conflates by type", conflate_life, false},
};
const size_t scenario_count = sizeof scenarios / sizeof scenarios[0];
