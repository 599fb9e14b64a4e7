/* helpers.c - the world of one test: opening, closing, auditing. The one-line steps are in steps.c. */
#include "helpers.h"
#include <string.h>

struct world t;

void fail_status(const char *file, int line, const char *text, int got, int expected) {
    ck_abort_msg("%s:%d: %s answered %d (%s), not %d (%s)", file, line, text, got, torc_status_name(got), expected,
                 torc_status_name(expected));
}

struct torc_config small_config(void) {
    struct torc_config config;
    memset(&config, 0, sizeof config);
    config.topics = 4;
    config.publishers = 4;
    config.readers = 4;
    config.actors = 4;
    config.lane_entries = LANE;
    config.slots[TORC_XS] = 8;
    config.slots[TORC_S] = 8;
    config.slots[TORC_M] = 4;
    config.slots[TORC_L] = 4;
    config.slots[TORC_XL] = 2;
    config.xxl = 4;
    config.keep_slots = 4;
    return config;
}

void open_bus(const struct torc_config *config) {
    memset(&t, 0, sizeof t);
    assert_ok(torc_bus_create(config, &t.bus));
    assert_ok(torc_topic_open(t.bus, "t", 0, &t.topic));
}

void open_world(const struct torc_config *config) {
    open_bus(config);
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
}

void setup_bus(void) {
    struct torc_config config = small_config();
    open_bus(&config);
}

void open_order(const struct torc_config *config) {
    memset(&t, 0, sizeof t);
    assert_ok(torc_bus_create(config, &t.bus));
    assert_ok(torc_topic_open(t.bus, "t", TORC_TOPIC_TOTAL_ORDER, &t.topic));
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
}

void setup_order(void) {
    struct torc_config config = small_config();
    open_order(&config);
}

void setup_world(void) {
    struct torc_config config = small_config();
    open_world(&config);
}

void close_ends(void) {
    if (t.reader != NULL) {
        assert_ok(torc_reader_close(t.reader));
        t.reader = NULL;
    }
    if (t.publisher != NULL) {
        assert_ok(torc_publisher_close(t.publisher));
        t.publisher = NULL;
    }
}

void teardown_world(void) {
    struct torc_bus *bus = t.bus;
    uint64_t held = UINT64_MAX;
    if (bus == NULL) {
        return;
    }
    assert_audit(bus);
    close_ends();
    assert_audit(bus);
    memset(&t, 0, sizeof t);
    assert_ok(torc_bus_destroy(&bus, &held));
    ck_assert_ptr_null(bus);
    ck_assert_uint_eq(held, 0);
}

void assert_audit(struct torc_bus *bus) {
    struct torc_audit found;
    int status = torc_audit(bus, &found);
    ck_assert_msg(status == TORC_OK, "audit: %s: %s at %llu, %llu", torc_status_name(status),
                  status == TORC_CORRUPT ? found.broken : "?", (unsigned long long)found.where,
                  (unsigned long long)found.index);
    ck_assert_ptr_null(found.broken);
    ck_assert_uint_eq(found.free_slots + found.live_slots + found.retired_slots, found.total_slots);
    ck_assert_uint_le(found.outstanding, found.live_slots);
}

void assert_corrupt(struct torc_bus *bus) {
    struct torc_audit found;
    memset(&found, 0, sizeof found);
    assert_status(torc_audit(bus, &found), TORC_CORRUPT);
    ck_assert_ptr_nonnull(found.broken);
    ck_assert_uint_gt(strlen(found.broken), 0);
    assert_status(torc_audit(bus, NULL), TORC_CORRUPT);
}

struct torc_publisher *open_publisher(struct torc_topic *topic, enum torc_dry dry) {
    struct torc_publisher_config config = {TORC_WAIT_BLOCK, TORC_DRY_WAIT};
    struct torc_publisher *publisher = NULL;
    config.dry = dry;
    assert_ok(torc_publisher_open(topic, &config, &publisher));
    ck_assert_ptr_nonnull(publisher);
    return publisher;
}

struct torc_reader *open_reader(struct torc_topic *topic, enum torc_join join) {
    struct torc_reader_config config = {.wait = TORC_WAIT_BLOCK};
    struct torc_reader *reader = NULL;
    config.join = join;
    assert_ok(torc_reader_open(topic, &config, &reader));
    ck_assert_ptr_nonnull(reader);
    return reader;
}

struct torc_topic *open_topic(const char *name) {
    struct torc_topic *topic = NULL;
    assert_ok(torc_topic_open(t.bus, name, 0, &topic));
    ck_assert_ptr_nonnull(topic);
    return topic;
}

TCase *add_case(Suite *suite, const char *name, void (*setup)(void)) {
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, setup, teardown_world);
    tcase_set_timeout(tcase, HANG);
    suite_add_tcase(suite, tcase);
    return tcase;
}
