/* test_forged.c - handles that nobody was given: random, bit by bit altered, out of range, from another bus. All are
 * refused and counted, and the handles that do exist never notice. */
#include "helpers.h"
#include <string.h>

/* One handle that exists while forged ones are tried. */
static struct torc_ringptr genuine;

static void setup_forgery(void) {
    setup_world();
    genuine = claim_handle(200);
}

static uint64_t refused(void) {
    struct torc_bus_stats stats;
    assert_ok(torc_bus_stats(t.bus, &stats));
    return stats.stale_refused;
}

/* Nothing may be learnt through a forged handle, and both operations must be refused. */
static bool is_refused(uint64_t id) {
    struct torc_ringptr forged = TORC_RINGPTR_NULL, clone = TORC_RINGPTR_NULL;
    bool silent;
    forged.bus = t.bus;
    forged.id = id;
    silent = !torc_ringptr_is_valid(forged) && torc_ringptr_data(forged) == NULL && torc_ringptr_length(forged) == 0 &&
             torc_ringptr_type(forged) == 0 && torc_ringptr_count(forged) == 0 && torc_ringptr_shirt(forged) == -1;
    return silent && torc_ringptr_release(forged) == TORC_STALE && torc_ringptr_clone(forged, &clone) == TORC_STALE &&
           torc_ringptr_is_null(clone);
}

static void assert_refused(uint64_t id) {
    if (!is_refused(id)) {
        ck_abort_msg("not refused: %016llx, beside the genuine %016llx", (unsigned long long)id,
                     (unsigned long long)genuine.id);
    }
}

static void assert_genuine_untouched(void) {
    ck_assert_uint_eq(torc_ringptr_count(genuine), 1);
    ck_assert_uint_eq(torc_ringptr_length(genuine), 200);
    ck_assert(filled(torc_ringptr_data(genuine), 200, 7));
    ck_assert_uint_eq(outstanding(), 1);
    assert_audit(t.bus);
    assert_ok(torc_ringptr_release(genuine));
}

START_TEST(random_ids_are_refused) {
    uint64_t seed = 1000 + (uint64_t)_i, id;
    int i;
    for (i = 0; i < 20000; i++) {
        id = random_next(&seed);
        if (((id ^ genuine.id) & ~TORC_ID_SHARED) != 0) {
            assert_refused(id);
        }
    }
    assert_genuine_untouched();
}
END_TEST

START_TEST(low_generations_of_real_slots_are_refused) {
    uint64_t seed = 2000 + (uint64_t)_i, number, id;
    uint32_t pool;
    int i;
    for (i = 0; i < 20000; i++) {
        pool = (uint32_t)(random_next(&seed) % t.bus->pool_count);
        number = t.bus->pools[pool].first + random_next(&seed) % t.bus->pools[pool].capacity;
        id = number << TORC_ID_SLOT_SHIFT | random_next(&seed) % 5;
        if (id != (genuine.id & ~TORC_ID_SHARED)) {
            assert_refused(id);
            assert_refused(id | TORC_ID_SHARED);
        }
    }
    assert_genuine_untouched();
}
END_TEST

START_TEST(a_flipped_bit_is_refused) {
    assert_refused(genuine.id ^ (UINT64_C(1) << _i));
    assert_refused((genuine.id | TORC_ID_SHARED) ^ (UINT64_C(1) << _i));
    assert_genuine_untouched();
}
END_TEST

START_TEST(two_flipped_bits_are_refused) {
    int other;
    for (other = 0; other < 63; other++) {
        if (other != _i) {
            assert_refused(genuine.id ^ (UINT64_C(1) << _i) ^ (UINT64_C(1) << other));
        }
    }
    assert_genuine_untouched();
}
END_TEST

START_TEST(the_hint_bit_is_only_a_hint) {
    struct torc_ringptr flipped = genuine, clone = TORC_RINGPTR_NULL;
    flipped.id ^= TORC_ID_SHARED;
    ck_assert(torc_ringptr_is_valid(flipped));
    ck_assert(torc_ringptr_equal(flipped, genuine));
    ck_assert_ptr_eq(torc_ringptr_data(flipped), torc_ringptr_data(genuine));
    assert_ok(torc_ringptr_clone(flipped, &clone));
    ck_assert_uint_eq(torc_ringptr_count(genuine), 2);
    clone.id &= ~TORC_ID_SHARED;
    assert_ok(torc_ringptr_release(clone));
    assert_ok(torc_ringptr_release(flipped));
    ck_assert(!torc_ringptr_is_valid(genuine));
    ck_assert_uint_eq(refused(), 0);
}
END_TEST

START_TEST(slot_numbers_outside_every_pool_have_no_slot) {
    uint64_t generation = torc_ringptr_generation(genuine);
    uint64_t number, last = (UINT64_C(1) << TORC_ID_SLOT_BITS) - 1;
    for (number = t.bus->slot_count; number <= last; number = number * 2 - 1) {
        ck_assert_ptr_null(torc_slot_of(t.bus, number << TORC_ID_SLOT_SHIFT | generation));
        assert_refused(number << TORC_ID_SLOT_SHIFT | generation);
    }
    assert_refused(last << TORC_ID_SLOT_SHIFT | generation);
    assert_genuine_untouched();
}
END_TEST

START_TEST(slot_numbers_between_two_pools_are_refused) {
    uint32_t pool, number;
    for (pool = 0; pool < t.bus->pool_count; pool++) {
        const struct torc_pool_view *view = &t.bus->pools[pool];
        uint32_t end = view->first + (uint32_t)TORC_SLOT_NUMBERS(view->capacity);
        for (number = view->first + view->capacity; number < end; number++) {
            uint64_t id = (uint64_t)number << TORC_ID_SLOT_SHIFT;
            assert_refused(id);
            assert_refused(id | 1u);
            assert_refused(id | torc_ringptr_generation(genuine));
        }
    }
    assert_genuine_untouched();
}
END_TEST

START_TEST(ids_of_the_extremes_are_refused) {
    assert_refused(0);
    assert_refused(UINT64_MAX);
    assert_refused(TORC_ID_SHARED);
    assert_refused(TORC_GENERATION_LAST);
    assert_refused(genuine.id & ~TORC_GENERATION_MASK);
    assert_refused(genuine.id | TORC_GENERATION_LAST);
    assert_genuine_untouched();
}
END_TEST

START_TEST(every_refusal_is_counted) {
    struct torc_ringptr forged = genuine, clone = TORC_RINGPTR_NULL;
    uint64_t before = refused();
    forged.id ^= 1u << 7;
    assert_status(torc_ringptr_release(forged), TORC_STALE);
    ck_assert_uint_eq(refused(), before + 1);
    assert_status(torc_ringptr_clone(forged, &clone), TORC_STALE);
    ck_assert_uint_eq(refused(), before + 2);
    forged.id |= TORC_ID_SHARED;
    assert_status(torc_ringptr_release(forged), TORC_STALE);
    ck_assert_uint_eq(refused(), before + 3);
    assert_genuine_untouched();
}
END_TEST

START_TEST(a_handle_of_another_bus_is_refused) {
    struct torc_config config = small_config();
    struct torc_bus *home = t.bus, *other = NULL;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_ringptr foreign = TORC_RINGPTR_NULL;
    config.first_generation = 1000;
    assert_ok(torc_bus_create(&config, &other));
    assert_ok(torc_topic_open(other, "t", 0, &topic));
    publisher = open_publisher(topic, TORC_DRY_FAIL);
    assert_ok(torc_ringptr_claim(publisher, 1, 200, &foreign, NULL));
    assert_refused(foreign.id);
    ck_assert_uint_eq(torc_ringptr_count(foreign), 1);
    ck_assert(!torc_ringptr_equal(foreign, genuine));
    assert_ok(torc_ringptr_release(foreign));
    assert_ok(torc_publisher_close(publisher));
    assert_ok(torc_bus_destroy(&other, NULL));
    ck_assert_ptr_eq(t.bus, home);
    assert_genuine_untouched();
}
END_TEST

START_TEST(an_actor_refuses_a_forged_message) {
    struct torc_ringptr forged = genuine;
    struct torc_actor_config config;
    struct torc_actor *actor = NULL;
    memset(&config, 0, sizeof config);
    config.on_message = ignore_message;
    assert_ok(torc_actor_start(t.bus, &config, &actor));
    forged.id ^= 1u << 3;
    assert_status(torc_actor_send(actor, forged, PAST), TORC_STALE);
    assert_status(torc_actor_send(actor, TORC_RINGPTR_NULL, PAST), TORC_INVALID);
    assert_ok(torc_actor_stop(actor, TORC_STOP_DRAIN, NULL));
    assert_genuine_untouched();
}
END_TEST

Suite *forged_suite(void) {
    Suite *suite = suite_create("forged");
    TCase *tcase = add_case(suite, "handles", setup_forgery);
    tcase_add_loop_test(tcase, random_ids_are_refused, 0, 5);
    tcase_add_loop_test(tcase, low_generations_of_real_slots_are_refused, 0, 5);
    tcase_add_loop_test(tcase, a_flipped_bit_is_refused, 0, 63);
    tcase_add_loop_test(tcase, two_flipped_bits_are_refused, 0, 63);
    tcase_add_test(tcase, the_hint_bit_is_only_a_hint);
    tcase_add_test(tcase, slot_numbers_outside_every_pool_have_no_slot);
    tcase_add_test(tcase, slot_numbers_between_two_pools_are_refused);
    tcase_add_test(tcase, ids_of_the_extremes_are_refused);
    tcase_add_test(tcase, every_refusal_is_counted);
    tcase_add_test(tcase, a_handle_of_another_bus_is_refused);
    tcase_add_test(tcase, an_actor_refuses_a_forged_message);
    return suite;
}
