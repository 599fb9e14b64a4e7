/* world.c - see world.h. */
#include "world.h"

#include "../../src/core.h"

#include <string.h>

struct world w;

struct torc_config tiny_config(void) {
    struct torc_config config;
    memset(&config, 0, sizeof config);
    config.topics = 1;
    config.publishers = 1;
    config.readers = 1;
    config.lane_entries = 2;
    config.flags = TORC_NO_PREFAULT;
    return config;
}

/* --- names for the report ----------------------------------------------------------------------------------------- */

static void name_lane(const struct bus *bus, uint32_t lane) {
    const struct torc_lane *control = &bus->lanes[lane];
    model_name(&control->claimed, "lane%u.claimed", lane);
    model_name(&control->published, "lane%u.published", lane);
    model_name(&control->state, "lane%u.state", lane);
    model_name(&control->gate, "lane%u.gate", lane);
    for (uint32_t i = 0; i < bus->config.lane_entries; i++) {
        model_name(lane_entry_at(bus, lane, i), "lane%u.entry%u", lane, i);
    }
    for (uint32_t i = 0; i < bus->config.readers; i++) {
        model_name(cell_of(bus, lane, i), "lane%u.cursor%u", lane, i);
    }
}

static void name_points(const struct bus *bus) {
    size_t points = TORC_WAITPOINTS(bus->config.publishers, bus->config.readers, bus->config.actors);
    for (size_t i = 0; i < points; i++) {
        model_name(&bus->waitpoints[i].seq, "waitpoint%zu.seq", i);
        model_name(&bus->waitpoints[i].waiting, "waitpoint%zu.waiting", i);
        model_name(&bus->waitpoints[i].drains, "waitpoint%zu.drains", i);
    }
}

static void name_pool(const struct bus *bus, uint32_t number) {
    const struct torc_pool_view *pool = &bus->hot.pools[number];
    for (uint32_t i = 0; i < pool->capacity; i++) {
        model_name(&pool->slots[i].word, "pool%u.slot%u.word", number, i);
        model_name(&pool->slots[i].meta, "pool%u.slot%u.meta", number, i);
        if (pool->payload != NULL) {
            model_name(pool->payload + (size_t)i * pool->size, "pool%u.slot%u.payload", number, i);
        }
    }
}

static void name_bus(const struct bus *bus) {
    model_name(bus, "bus");
    model_name(&bus->lock, "bus.lock");
    for (uint32_t i = 0; i < bus->config.topics; i++) {
        model_name(&bus->topics[i], "topic%u", i);
        model_name(&bus->topics[i].version, "topic%u.version", i);
        model_name(&bus->topics[i].readers, "topic%u.readers", i);
        model_name(&bus->topics[i].lanes, "topic%u.lanes", i);
        model_name(&bus->topics[i].sleepers, "topic%u.sleepers", i);
    }
    for (uint32_t i = 0; i < bus->config.publishers; i++) {
        name_lane(bus, i);
    }
    name_points(bus);
    for (uint32_t i = 0; i < bus->hot.pool_count; i++) {
        name_pool(bus, i);
    }
}

/* --- opening and closing ------------------------------------------------------------------------------------------ */

static void open_with(const struct torc_config *config, uint32_t flags) {
    model_assert_status(torc_bus_create(config, &w.bus), TORC_OK);
    model_assert_status(torc_topic_open(w.bus, "t", flags, &w.topic), TORC_OK);
    name_bus(bus_of(w.bus));
}
void open_bus(const struct torc_config *config) {
    open_with(config, 0);
}
void open_order(const struct torc_config *config) {
    open_with(config, TORC_TOPIC_TOTAL_ORDER);
}

struct torc_publisher *open_publisher(enum torc_wait wait, enum torc_dry dry) {
    struct torc_publisher_config config = {wait, dry};
    struct torc_publisher *publisher;
    model_assert_status(torc_publisher_open(w.topic, &config, &publisher), TORC_OK);
    model_name(publisher, "publisher%u", publisher_of(publisher)->index);
    return publisher;
}

struct torc_reader *open_reader(enum torc_join join) {
    struct torc_reader_config config = {.join = join};
    struct torc_reader *reader;
    model_assert_status(torc_reader_open(w.topic, &config, &reader), TORC_OK);
    model_name(reader, "reader%u", reader_of(reader)->index);
    return reader;
}

void open_world(const struct torc_config *config) {
    open_bus(config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    w.reader = open_reader(TORC_JOIN_NEXT);
}

void audit_world(uint64_t outstanding) {
    struct torc_audit audit;
    int status = torc_audit(w.bus, &audit);
    if (status != TORC_OK) {
        model_fail(__FILE__, __LINE__, "audit: %s", status == TORC_CORRUPT ? audit.broken : torc_status_name(status));
    }
    model_assert_equal(audit.free_slots + audit.live_slots + audit.retired_slots, audit.total_slots);
    model_assert_equal(audit.outstanding, outstanding);
}

static void close_reader(struct torc_reader **reader) {
    if (*reader != NULL) {
        model_assert_status(torc_reader_close(*reader), TORC_OK);
        *reader = NULL;
    }
}

void close_bus(void) {
    uint64_t held = UINT64_MAX;
    audit_world(0);
    close_reader(&w.reader);
    close_reader(&w.second);
    if (w.publisher != NULL) {
        model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
        w.publisher = NULL;
    }
    audit_world(0);
    model_assert_status(torc_bus_destroy(&w.bus, &held), TORC_OK);
    model_assert_equal(held, 0);
}

void close_world(void) {
    close_bus();
    model_assert_equal(model_heap_live(), 0);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static unsigned char byte_of(uint64_t number, size_t at) {
    return (unsigned char)(number * 31 + at + 1);
}

void fill_number(void *data, size_t length, uint64_t number) {
    unsigned char bytes[TORC_XL_BYTES];
    model_assert(length >= 8 && length <= sizeof bytes, "room for the number");
    memcpy(bytes, &number, 8);
    for (size_t i = 8; i < length; i++) {
        bytes[i] = byte_of(number, i);
    }
    memcpy(data, bytes, length);
}

uint64_t number_in(const void *data, size_t length) {
    unsigned char bytes[TORC_XL_BYTES];
    uint64_t number;
    model_assert(length >= 8 && length <= sizeof bytes, "the length is one of ours");
    memcpy(bytes, data, length);
    memcpy(&number, bytes, 8);
    for (size_t i = 8; i < length; i++) {
        model_assert(bytes[i] == byte_of(number, i), "the payload is of one event");
    }
    return number;
}

int claim_number(struct torc_ringptr *ptr, uint64_t number) {
    void *data = NULL;
    int status = torc_ringptr_claim(w.publisher, 1, 16, ptr, &data);
    if (status == TORC_OK) {
        fill_number(data, 16, number);
    }
    return status;
}

void release_number(struct torc_ringptr ptr, uint64_t number) {
    model_assert_equal(number_in(torc_ringptr_data(ptr), 16), number);
    model_assert_status(torc_ringptr_release(ptr), TORC_OK);
}

int put(struct torc_publisher *publisher, uint64_t number, size_t length) {
    unsigned char bytes[TORC_XL_BYTES];
    fill_number(bytes, length, number);
    return torc_publish(publisher, (uint32_t)number, bytes, length);
}

uint64_t number_of(const struct torc_event *event) {
    uint64_t number = number_in(event->data, event->length);
    model_assert_equal(event->type, (uint32_t)number);
    return number;
}

void take_run(struct torc_reader *reader, uint64_t first, uint64_t count) {
    struct torc_event event;
    for (uint64_t taken = 0; taken < count;) {
        int status = torc_next(reader, &event);
        if (status == TORC_EMPTY) {
            model_pause();
            continue;
        }
        model_assert_status(status, TORC_OK);
        model_assert_equal(number_of(&event), first + taken);
        taken++;
    }
}

uint64_t take_to_end(struct torc_reader *reader, uint64_t last) {
    struct torc_event event;
    int status;
    while ((status = torc_next(reader, &event)) != TORC_CLOSED) {
        if (status == TORC_OK) {
            model_assert_equal(number_of(&event), ++last);
        } else {
            model_assert_status(status, TORC_EMPTY);
            model_pause();
        }
    }
    return last;
}

void take_asleep(struct torc_reader *reader, uint64_t first, uint64_t count) {
    struct torc_event event;
    for (uint64_t taken = 0; taken < count; taken++) {
        model_assert_status(torc_next_until(reader, &event, TORC_FOREVER), TORC_OK);
        model_assert_equal(number_of(&event), first + taken);
    }
    (void)torc_advance(reader);
}
