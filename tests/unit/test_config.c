/* test_config.c - presets, validity, and the three ways to know the size of a bus, which must agree. */
#include "helpers.h"
#include <string.h>

static size_t macro_size(const struct torc_config *c) {
    return TORC_BUS_BYTES(c->topics, c->publishers, c->readers, c->actors, c->lane_entries, c->slots[TORC_XS],
                          c->slots[TORC_S], c->slots[TORC_M], c->slots[TORC_L], c->slots[TORC_XL], c->xxl,
                          c->keep_slots) +
           TORC_BUS_XXL_BYTES(c->publishers, c->xxl, c->xxl_bytes) +
           TORC_BUS_INLINE_BYTES(c->publishers, c->readers, c->lane_entries, c->keep_slots, c->inline_bytes);
}

static void assert_sizes_agree(const struct torc_config *config) {
    struct torc_bus_bytes bytes;
    size_t total = torc_bus_size(config);
    ck_assert_uint_gt(total, 0);
    ck_assert_uint_eq(total, macro_size(config));
    assert_ok(torc_bus_size_table(config, &bytes));
    ck_assert_uint_eq(bytes.total, total);
    ck_assert_uint_eq(bytes.header + bytes.topics + bytes.waitpoints + bytes.lanes + bytes.cells + bytes.pool_payload +
                          bytes.pool_control + bytes.keep + bytes.xxl_areas,
                      total);
}

static const char *const PRESETS[] = {"mobile", "default", "server"};

START_TEST(presets_are_valid_and_their_sizes_agree) {
    struct torc_config config;
    const char *what = "unset";
    assert_ok(torc_config_preset(PRESETS[_i], &config));
    assert_ok(torc_config_check(&config, &what));
    assert_sizes_agree(&config);
}
END_TEST

START_TEST(presets_equal_their_initialisers) {
    static const struct torc_config expected[] = {TORC_CONFIG_MOBILE_INIT, TORC_CONFIG_DEFAULT_INIT,
                                                  TORC_CONFIG_SERVER_INIT};
    const struct torc_config *want = &expected[_i];
    struct torc_config got;
    memset(&got, 0xA5, sizeof got);
    assert_ok(torc_config_preset(PRESETS[_i], &got));
    ck_assert_uint_eq(got.topics, want->topics);
    ck_assert_uint_eq(got.publishers, want->publishers);
    ck_assert_uint_eq(got.readers, want->readers);
    ck_assert_uint_eq(got.actors, want->actors);
    ck_assert_uint_eq(got.lane_entries, want->lane_entries);
    ck_assert_mem_eq(got.slots, want->slots, sizeof got.slots);
    ck_assert_uint_eq(got.xxl, want->xxl);
    ck_assert_uint_eq(got.keep_slots, want->keep_slots);
    ck_assert_uint_eq(got.flags, want->flags);
    ck_assert_ptr_null(got.xxl_provider.state);
    ck_assert_uint_eq(got.first_sequence, 0);
    ck_assert_uint_eq(got.first_generation, 0);
    ck_assert_uint_eq(got.inline_bytes, 0);
}
END_TEST

START_TEST(preset_pools_stay_within_their_promise) {
    static const size_t most[] = {400u << 10, 1300u << 10, 2600u << 10};
    struct torc_config config;
    struct torc_bus_bytes bytes;
    assert_ok(torc_config_preset(PRESETS[_i], &config));
    assert_ok(torc_bus_size_table(&config, &bytes));
    ck_assert_uint_le((bytes.pool_payload + bytes.pool_control) / config.publishers, most[_i]);
    ck_assert_uint_ge(bytes.pool_payload / config.publishers, most[_i] / 2);
}
END_TEST

START_TEST(default_preset_has_the_published_slot_counts) {
    static const uint32_t slots[TORC_SHIRTS] = {2000, 1000, 300, 60, 15};
    struct torc_config config;
    assert_ok(torc_config_preset("default", &config));
    ck_assert_mem_eq(config.slots, slots, sizeof slots);
}
END_TEST

START_TEST(unknown_preset_is_refused_and_nothing_is_written) {
    struct torc_config config, before;
    memset(&config, 0x5A, sizeof config);
    before = config;
    assert_status(torc_config_preset("huge", &config), TORC_INVALID);
    assert_status(torc_config_preset("", &config), TORC_INVALID);
    assert_status(torc_config_preset("defaul", &config), TORC_INVALID);
    assert_status(torc_config_preset("defaults", &config), TORC_INVALID);
    ck_assert_mem_eq(&config, &before, sizeof config);
}
END_TEST

START_TEST(sizes_agree_for_odd_slot_counts) {
    struct torc_config config = small_config();
    int shirt;
    for (shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        config.slots[shirt] = (uint32_t)_i;
    }
    config.xxl = (uint32_t)_i + 2;
    config.keep_slots = (uint32_t)_i * 3;
    assert_sizes_agree(&config);
    config.xxl_bytes = 20000 + (uint32_t)_i;
    assert_sizes_agree(&config);
}
END_TEST

START_TEST(sizes_agree_for_random_dimensions) {
    uint64_t seed = (uint64_t)_i;
    struct torc_config config = small_config();
    int shirt;
    config.topics = 1 + (uint32_t)(random_next(&seed) % TORC_MAX_TOPICS);
    config.publishers = 1 + (uint32_t)(random_next(&seed) % (sizeof(size_t) > 4 ? TORC_MAX_PUBLISHERS : 16));
    config.readers = (uint32_t)(random_next(&seed) % (TORC_MAX_READERS + 1));
    config.actors = (uint32_t)(random_next(&seed) % (TORC_MAX_ACTORS + 1));
    config.lane_entries = 2u << (random_next(&seed) % 16);
    for (shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        config.slots[shirt] = (uint32_t)(random_next(&seed) % 5000);
    }
    config.xxl = 1 + (uint32_t)(random_next(&seed) % 1000);
    config.xxl_bytes =
        _i % 2 == 0 ? 0 : TORC_XL_BYTES + 1 + random_next(&seed) % (sizeof(size_t) > 4 ? 100000000 : 10000000);
    config.keep_slots = (uint32_t)(random_next(&seed) % 1000);
    assert_ok(torc_config_check(&config, NULL));
    assert_sizes_agree(&config);
}
END_TEST

START_TEST(more_than_the_machine_can_address_is_refused) {
    struct torc_config config = small_config();
    const char *what = NULL;
    struct torc_bus *bus = NULL;
    config.publishers = TORC_MAX_PUBLISHERS;
    config.slots[TORC_XL] = 5000;
    if (sizeof(size_t) > 4) {
        ck_assert_uint_gt(torc_bus_size(&config), UINT32_MAX);
        return;
    }
    assert_status(torc_config_check(&config, &what), TORC_INVALID);
    ck_assert_ptr_nonnull(what);
    ck_assert_uint_eq(torc_bus_size(&config), 0);
    assert_status(torc_bus_create(&config, &bus), TORC_INVALID);
    ck_assert_ptr_null(bus);
}
END_TEST

START_TEST(everything_that_may_be_zero_may_be_zero) {
    struct torc_config config = small_config();
    config.topics = config.publishers = 1;
    config.readers = config.actors = config.xxl = config.keep_slots = 0;
    memset(config.slots, 0, sizeof config.slots);
    config.lane_entries = 2;
    assert_sizes_agree(&config);
    open_bus(&config);
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    put_run(t.publisher, 0, 10);
}
END_TEST

START_TEST(a_bus_reports_the_size_it_was_announced_with) {
    struct torc_config config = small_config();
    struct torc_bus_stats stats;
    config.slots[TORC_XS] = 13;
    open_bus(&config);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.bytes, torc_bus_size(&config));
}
END_TEST

START_TEST(the_table_names_the_parts_by_their_own_sizes) {
    struct torc_config config = small_config();
    struct torc_bus_bytes bytes;
    assert_ok(torc_bus_size_table(&config, &bytes));
    ck_assert_uint_eq(bytes.header, TORC_HEADER_BYTES);
    ck_assert_uint_eq(bytes.topics, config.topics * TORC_TOPIC_BYTES);
    ck_assert_uint_eq(bytes.waitpoints, TORC_WAITPOINTS(4, 4, 4) * sizeof(struct torc_waitpoint));
    ck_assert_uint_eq(bytes.lanes, 4 * (sizeof(struct torc_lane) + LANE * sizeof(struct torc_entry)));
    ck_assert_uint_eq(bytes.cells, 16 * sizeof(struct torc_cell));
    ck_assert_uint_eq(bytes.keep, 4 * TORC_KEEP_BYTES(4));
    ck_assert_uint_eq(bytes.pool_payload, 4 * (8 * 64 + 8 * 256 + 4 * 1024 + 4 * 4096 + 2 * 16384));
}
END_TEST

/* One way to break a valid configuration each, and the word that must stand in the name of the field at fault. */
static void too_many_topics(struct torc_config *c) {
    c->topics = TORC_MAX_TOPICS + 1;
}
static void no_topics(struct torc_config *c) {
    c->topics = 0;
}
static void no_publishers(struct torc_config *c) {
    c->publishers = 0;
}
static void too_many_publishers(struct torc_config *c) {
    c->publishers = TORC_MAX_PUBLISHERS + 1;
}
static void too_many_readers(struct torc_config *c) {
    c->readers = TORC_MAX_READERS + 1;
}
static void too_many_actors(struct torc_config *c) {
    c->actors = TORC_MAX_ACTORS + 1;
}
static void no_lane(struct torc_config *c) {
    c->lane_entries = 0;
}
static void lane_of_one(struct torc_config *c) {
    c->lane_entries = 1;
}
static void odd_lane(struct torc_config *c) {
    c->lane_entries = 12;
}
static void long_lane(struct torc_config *c) {
    c->lane_entries = TORC_MAX_LANE_ENTRIES * 2;
}
static void too_many_slots(struct torc_config *c) {
    c->slots[TORC_XS] = TORC_MAX_SLOTS + 1;
}
static void far_too_many_slots(struct torc_config *c) {
    c->slots[TORC_XL] = UINT32_MAX;
}
static void too_many_to_number(struct torc_config *c) {
    c->publishers = c->readers = 64;
    c->slots[TORC_S] = TORC_MAX_SLOTS;
}
static void too_many_descriptors(struct torc_config *c) {
    c->xxl = TORC_MAX_SLOTS + 1;
}
static void too_many_keep_slots(struct torc_config *c) {
    c->keep_slots = TORC_MAX_SLOTS + 1;
}
static void entries_too_narrow(struct torc_config *c) {
    c->inline_bytes = TORC_INLINE_BYTES - 1;
}
static void entries_too_wide(struct torc_config *c) {
    c->inline_bytes = TORC_MAX_INLINE_BYTES + 1;
}
static void unknown_flag(struct torc_config *c) {
    c->flags = 0x80000000u;
}
static void generation_without_a_life(struct torc_config *c) {
    c->first_generation = TORC_GENERATION_LAST;
}
static void *no_block(void *state, size_t size) {
    (void)state;
    (void)size;
    return NULL;
}
static void no_free(void *state, void *block, size_t size) {
    (void)state;
    (void)block;
    (void)size;
}
static void provider_without_free(struct torc_config *c) {
    c->xxl_provider.alloc = no_block;
}
static void area_without_descriptors(struct torc_config *c) {
    c->xxl_bytes = 100000;
    c->xxl = 0;
}
static void area_for_nothing(struct torc_config *c) {
    c->xxl_bytes = TORC_XL_BYTES;
}
static void area_without_end(struct torc_config *c) {
    c->xxl_bytes = UINT64_MAX;
}
static void area_and_provider(struct torc_config *c) {
    c->xxl_bytes = 100000;
    c->xxl_provider.alloc = no_block;
    c->xxl_provider.free = no_free;
}

static const struct {
    void (*spoil)(struct torc_config *);
    const char *field;
} FAULTS[] = {
    {too_many_topics, "topics"},
    {no_topics, "topics"},
    {no_publishers, "publishers"},
    {too_many_publishers, "publishers"},
    {too_many_readers, "readers"},
    {too_many_actors, "actors"},
    {no_lane, "lane_entries"},
    {lane_of_one, "lane_entries"},
    {odd_lane, "lane_entries"},
    {long_lane, "lane_entries"},
    {too_many_slots, "slots"},
    {far_too_many_slots, "slots"},
    {too_many_to_number, "slots"},
    {too_many_descriptors, "xxl"},
    {too_many_keep_slots, "keep_slots"},
    {entries_too_narrow, "inline_bytes"},
    {entries_too_wide, "inline_bytes"},
    {unknown_flag, "flags"},
    {generation_without_a_life, "first_generation"},
    {provider_without_free, "xxl_provider"},
    {area_without_descriptors, "xxl_bytes"},
    {area_for_nothing, "xxl_bytes"},
    {area_without_end, "xxl_bytes"},
    {area_and_provider, "xxl_bytes"},
};
#define FAULT_COUNT (int)(sizeof FAULTS / sizeof FAULTS[0])

START_TEST(a_bad_field_is_refused_by_name) {
    struct torc_config config = small_config();
    const char *what = NULL;
    FAULTS[_i].spoil(&config);
    assert_status(torc_config_check(&config, &what), TORC_INVALID);
    ck_assert_ptr_nonnull(what);
    ck_assert_ptr_nonnull(strstr(what, FAULTS[_i].field));
    assert_status(torc_config_check(&config, NULL), TORC_INVALID);
}
END_TEST

START_TEST(a_bad_field_has_no_size_and_no_bus) {
    struct torc_config config = small_config();
    struct torc_bus_bytes bytes;
    struct torc_bus *bus = NULL;
    FAULTS[_i].spoil(&config);
    ck_assert_uint_eq(torc_bus_size(&config), 0);
    assert_status(torc_bus_size_table(&config, &bytes), TORC_INVALID);
    assert_status(torc_bus_create(&config, &bus), TORC_INVALID);
    ck_assert_ptr_null(bus);
}
END_TEST

Suite *config_suite(void) {
    Suite *suite = suite_create("config");
    TCase *tcase = add_case(suite, "sizes", NULL);
    tcase_add_loop_test(tcase, presets_are_valid_and_their_sizes_agree, 0, 3);
    tcase_add_loop_test(tcase, presets_equal_their_initialisers, 0, 3);
    tcase_add_loop_test(tcase, preset_pools_stay_within_their_promise, 0, 3);
    tcase_add_test(tcase, default_preset_has_the_published_slot_counts);
    tcase_add_test(tcase, unknown_preset_is_refused_and_nothing_is_written);
    tcase_add_loop_test(tcase, sizes_agree_for_odd_slot_counts, 0, 10);
    tcase_add_loop_test(tcase, sizes_agree_for_random_dimensions, 0, 20);
    tcase_add_test(tcase, more_than_the_machine_can_address_is_refused);
    tcase_add_test(tcase, everything_that_may_be_zero_may_be_zero);
    tcase_add_test(tcase, a_bus_reports_the_size_it_was_announced_with);
    tcase_add_test(tcase, the_table_names_the_parts_by_their_own_sizes);
    tcase_add_loop_test(tcase, a_bad_field_is_refused_by_name, 0, FAULT_COUNT);
    tcase_add_loop_test(tcase, a_bad_field_has_no_size_and_no_bus, 0, FAULT_COUNT);
    return suite;
}
