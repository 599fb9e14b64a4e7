/* engine_watch.c - the objects under test: created here, known to the diagnosis until their end. */
#include "engine.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { WATCHED = 512, DIAGNOSIS_SECONDS = 20 };
enum watched_kind { NOTHING = 0, BUS, PUBLISHER, READER };

static struct {
    enum watched_kind kind;
    void *object;
} watched[WATCHED];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const enum torc_wait stress_waits[4] = {TORC_WAIT_BLOCK, TORC_WAIT_SPIN, TORC_WAIT_YIELD, TORC_WAIT_BACKOFF};

const char *stress_wait_name(enum torc_wait wait) {
    static const char *const names[] = {"block", "spin", "yield", "backoff"};
    return names[wait];
}

static void know(enum watched_kind kind, void *object) {
    size_t i = 0;
    CHECK(pthread_mutex_lock(&lock) == 0, "mutex");
    while (i < WATCHED && watched[i].kind != NOTHING) {
        i++;
    }
    CHECK(i < WATCHED, "more than %d objects", (int)WATCHED);
    watched[i].kind = kind;
    watched[i].object = object;
    CHECK(pthread_mutex_unlock(&lock) == 0, "mutex");
}

static void forget(const void *object) {
    CHECK(pthread_mutex_lock(&lock) == 0, "mutex");
    for (size_t i = 0; i < WATCHED; i++) {
        if (watched[i].object == object) {
            watched[i].kind = NOTHING;
            watched[i].object = NULL;
        }
    }
    CHECK(pthread_mutex_unlock(&lock) == 0, "mutex");
}

static void diagnose_publisher(const struct torc_publisher *publisher) {
    const struct torc_lane *lane = publisher->lane;
    (void)fprintf(stderr,
                  "  publisher %p: claimed %" PRIu64 ", published %" PRIu64 ", gate %" PRIu64 ", stalls %" PRIu64
                  ", sleepers %" PRIu32 "\n",
                  (const void *)publisher, torc_load_relaxed64(&lane->claimed), torc_load_relaxed64(&lane->published),
                  torc_load_relaxed64(&lane->gate), torc_publisher_stalls(publisher),
                  torc_load_relaxed32(publisher->sleepers));
}

static void diagnose_reader(const struct torc_reader *reader) {
    struct torc_reader_state state;
    int status = torc_reader_state(reader, &state);
    if (status != TORC_OK) {
        (void)fprintf(stderr, "  reader %p: %s\n", (const void *)reader, torc_status_name(status));
        return;
    }
    (void)fprintf(stderr,
                  "  reader %p: consumed %" PRIu64 ", lag %" PRIu64 ", largest lag %" PRIu64 ", lanes %" PRIu32 "\n",
                  (const void *)reader, state.consumed, state.lag, state.max_lag, state.lanes);
}

static void diagnose_pools(struct torc_bus *bus) {
    static const char *const names[] = {"XS", "S", "M", "L", "XL", "XXL"};
    struct torc_pool_stats pool;
    for (uint32_t shirt = TORC_XS; shirt <= TORC_XXL; shirt++) {
        if (torc_bus_pool_stats(bus, shirt, &pool) == TORC_OK && pool.allocations != 0) {
            (void)fprintf(stderr, "    pool %-3s: %" PRIu32 " of %" PRIu32 " in use, dry %" PRIu64 "\n", names[shirt],
                          pool.in_use, pool.capacity, pool.dry);
        }
    }
    if (torc_bus_keep_stats(bus, &pool) == TORC_OK) {
        (void)fprintf(stderr, "    keep    : %" PRIu32 " of %" PRIu32 " in use, dry %" PRIu64 "\n", pool.in_use,
                      pool.capacity, pool.dry);
    }
}

static void diagnose_bus(struct torc_bus *bus) {
    struct torc_bus_stats stats;
    struct torc_audit audit;
    if (torc_bus_stats(bus, &stats) == TORC_OK) {
        (void)fprintf(stderr,
                      "  bus %p: %" PRIu32 " publishers, %" PRIu32 " readers, %" PRIu32 " actors, published %" PRIu64
                      ", outstanding %" PRIu64 ", stale %" PRIu64 ", membarrier %" PRIu32 "\n",
                      (void *)bus, stats.publishers, stats.readers, stats.actors, stats.published, stats.outstanding,
                      stats.stale_refused, stats.membarrier);
    }
    diagnose_pools(bus);
    if (torc_audit(bus, &audit) != TORC_OK) {
        (void)fprintf(stderr, "    audit (threads may be running): %s at %" PRIu64 ", %" PRIu64 "\n",
                      audit.broken != NULL ? audit.broken : "no answer", audit.where, audit.index);
    }
}

void stress_diagnose(void) {
    stress_diagnose_threads();
    (void)fflush(stderr);
    /* What comes now asks the library, which may be what hangs: SIGALRM then ends the process. */
    (void)alarm(DIAGNOSIS_SECONDS);
    for (size_t i = 0; i < WATCHED; i++) {
        if (watched[i].kind == PUBLISHER) {
            diagnose_publisher(watched[i].object);
        } else if (watched[i].kind == READER) {
            diagnose_reader(watched[i].object);
        }
    }
    for (size_t i = 0; i < WATCHED; i++) {
        if (watched[i].kind == BUS) {
            diagnose_bus(watched[i].object);
        }
    }
}

struct torc_config stress_small(uint32_t publishers, uint32_t readers, uint32_t lane_entries) {
    struct torc_config config = {.topics = 4,
                                 .publishers = publishers,
                                 .readers = readers,
                                 .actors = 8,
                                 .lane_entries = lane_entries,
                                 .slots = {64, 32, 16, 8, 4},
                                 .xxl = 4,
                                 .keep_slots = 32,
                                 .flags = TORC_NO_PREFAULT};
    return config;
}

struct torc_bus *stress_bus(const struct torc_config *config) {
    struct torc_bus *bus = NULL;
    OK(torc_bus_create(config, &bus));
    know(BUS, bus);
    return bus;
}

void stress_audit(struct torc_bus *bus, bool quiet) {
    struct torc_audit audit = {0};
    int status = torc_audit(bus, &audit);
    DETECT(STRESS_AUDIT, status == TORC_OK, "%s: %s at %" PRIu64 ", %" PRIu64, torc_status_name(status),
           audit.broken != NULL ? audit.broken : "nothing named", audit.where, audit.index);
    DETECT(STRESS_AUDIT, audit.free_slots + audit.live_slots + audit.retired_slots == audit.total_slots,
           "%" PRIu64 " free + %" PRIu64 " live + %" PRIu64 " retired of %" PRIu64, audit.free_slots, audit.live_slots,
           audit.retired_slots, audit.total_slots);
    DETECT(STRESS_AUDIT, !quiet || audit.outstanding == 0, "%" PRIu64 " slots are still held by handles",
           audit.outstanding);
}

void stress_bus_end(struct torc_bus *bus) {
    uint64_t outstanding = 0;
    int status;
    stress_audit(bus, true);
    forget(bus);
    status = torc_bus_destroy(&bus, &outstanding);
    CHECK(status == TORC_OK && bus == NULL, "destroy: %s, %" PRIu64 " outstanding", torc_status_name(status),
          outstanding);
}

struct torc_topic *stress_topic(struct torc_bus *bus, const char *name) {
    struct torc_topic *topic = NULL;
    OK(torc_topic_open(bus, name, 0, &topic));
    return topic;
}

struct torc_topic *stress_total_order(struct torc_bus *bus, const char *name) {
    struct torc_topic *topic = NULL;
    OK(torc_topic_open(bus, name, TORC_TOPIC_TOTAL_ORDER, &topic));
    return topic;
}

struct torc_publisher *stress_publisher(struct torc_topic *topic, enum torc_wait wait, enum torc_dry dry) {
    struct torc_publisher_config config = {.wait = wait, .dry = dry};
    struct torc_publisher *publisher = NULL;
    OK(torc_publisher_open(topic, &config, &publisher));
    know(PUBLISHER, publisher);
    return publisher;
}

void stress_publisher_end(struct torc_publisher *publisher) {
    forget(publisher);
    OK(torc_publisher_close(publisher));
}

static struct torc_reader *open_reader(struct torc_topic *topic, const struct torc_reader_config *config) {
    struct torc_reader *reader = NULL;
    OK(torc_reader_open(topic, config, &reader));
    know(READER, reader);
    return reader;
}

struct torc_reader *stress_reader(struct torc_topic *topic, enum torc_wait wait, enum torc_join join) {
    struct torc_reader_config config = {.wait = wait, .join = join};
    return open_reader(topic, &config);
}

struct torc_reader *stress_reader_manual(struct torc_topic *topic, enum torc_wait wait) {
    struct torc_reader_config config = {.wait = wait, .manual_advance = 1};
    return open_reader(topic, &config);
}

void stress_reader_end(struct torc_reader *reader) {
    forget(reader);
    OK(torc_reader_close(reader));
}
