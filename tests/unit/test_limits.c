/* test_limits.c - the ends of the counters in a slot word: references driven to their limit, a saturated count, and
 * generations that run out. Words are preset through torc_slot_of, as no test has 2^39 generations of patience. */
#include "helpers.h"

static uint64_t word_of(struct torc_ringptr ptr) {
    return torc_load_relaxed64(&torc_slot_of(t.bus, ptr.id)->word);
}

static void set_count(struct torc_ringptr ptr, uint64_t count) {
    uint64_t generation = torc_ringptr_generation(ptr);
    torc_store_relaxed64(&torc_slot_of(t.bus, ptr.id)->word, count << TORC_COUNT_SHIFT | generation);
}

static void release_as_single(struct torc_ringptr ptr) {
    set_count(ptr, 1);
    assert_ok(torc_ringptr_release(ptr));
}

START_TEST(the_last_reference_below_the_limit_is_given) {
    struct torc_ringptr ptr = claim_handle(10), clone = TORC_RINGPTR_NULL;
    set_count(ptr, TORC_COUNT_LIMIT - 1);
    assert_ok(torc_ringptr_clone(ptr, &clone));
    ck_assert_uint_eq(torc_ringptr_count(ptr), TORC_COUNT_LIMIT);
    release_as_single(ptr);
}
END_TEST

START_TEST(no_reference_is_given_at_the_limit) {
    struct torc_ringptr ptr = claim_handle(10), clone = TORC_RINGPTR_NULL;
    set_count(ptr, TORC_COUNT_LIMIT);
    assert_status(torc_ringptr_clone(ptr, &clone), TORC_REF_LIMIT);
    ptr.id |= TORC_ID_SHARED;
    assert_status(torc_ringptr_clone(ptr, &clone), TORC_REF_LIMIT);
    ck_assert(torc_ringptr_is_null(clone));
    ck_assert_uint_eq(torc_ringptr_count(ptr), TORC_COUNT_LIMIT);
    release_as_single(ptr);
}
END_TEST

START_TEST(a_release_at_the_limit_makes_room_for_a_clone) {
    struct torc_ringptr ptr = claim_handle(10), clone = TORC_RINGPTR_NULL;
    set_count(ptr, TORC_COUNT_LIMIT);
    assert_ok(torc_ringptr_release(ptr));
    ck_assert_uint_eq(torc_ringptr_count(ptr), TORC_COUNT_LIMIT - 1);
    assert_ok(torc_ringptr_clone(ptr, &clone));
    release_as_single(ptr);
}
END_TEST

START_TEST(the_limit_is_reached_by_cloning) {
    struct torc_ringptr ptr = claim_handle(10), clone = ptr;
    uint64_t given = 1, failed = 0;
    int status = TORC_OK;
    while (given <= TORC_COUNT_LIMIT && (status = torc_ringptr_clone(ptr, &clone)) == TORC_OK) {
        given++;
    }
    assert_status(status, TORC_REF_LIMIT);
    ck_assert_uint_eq(given, TORC_COUNT_LIMIT);
    while (given > 1) {
        failed += torc_ringptr_release(clone) != TORC_OK;
        given--;
    }
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(keep_at_the_limit_is_refused) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL, second = TORC_RINGPTR_NULL;
    struct torc_event event;
    assert_ok(put_filled(t.publisher, 100, 1));
    assert_ok(torc_next(t.reader, &event));
    assert_ok(torc_keep(t.reader, &event, &ptr));
    set_count(ptr, TORC_COUNT_LIMIT);
    assert_status(torc_keep(t.reader, &event, &second), TORC_REF_LIMIT);
    ck_assert_uint_eq(torc_ringptr_count(ptr), TORC_COUNT_LIMIT);
    set_count(ptr, 2);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

static const uint64_t SATURATED[] = {TORC_COUNT_SATURATED, TORC_COUNT_SATURATED + 1, 0xFFFFFE};

START_TEST(a_saturated_count_never_moves) {
    struct torc_ringptr ptr = claim_handle(200), clone = TORC_RINGPTR_NULL;
    uint64_t word;
    int i;
    set_count(ptr, SATURATED[_i]);
    word = word_of(ptr);
    for (i = 0; i < 10; i++) {
        assert_status(torc_ringptr_release(ptr), TORC_REF_LIMIT);
        assert_status(torc_ringptr_clone(ptr, &clone), TORC_REF_LIMIT);
        ptr.id ^= TORC_ID_SHARED;
    }
    ck_assert_uint_eq(word_of(ptr), word);
    ck_assert(torc_ringptr_is_valid(ptr));
    ck_assert(filled(torc_ringptr_data(ptr), 200, 7));
    release_as_single(ptr);
}
END_TEST

/* Whatever the library uses the very last count for, it is nobody's reference. */
START_TEST(the_highest_count_is_refused_and_never_moves) {
    struct torc_ringptr ptr = claim_handle(200), clone = TORC_RINGPTR_NULL;
    uint64_t word;
    int i;
    set_count(ptr, 0xFFFFFF);
    word = word_of(ptr);
    for (i = 0; i < 4; i++) {
        ck_assert_int_lt(torc_ringptr_release(ptr), 0);
        ck_assert_int_lt(torc_ringptr_clone(ptr, &clone), 0);
        ck_assert_uint_eq(word_of(ptr), word);
        ptr.id ^= TORC_ID_SHARED;
    }
    release_as_single(ptr);
}
END_TEST

START_TEST(a_saturated_slot_is_reported_and_the_pool_goes_on) {
    struct torc_ringptr leaked = claim_handle(1000), ptr = TORC_RINGPTR_NULL;
    int i;
    set_count(leaked, TORC_COUNT_SATURATED);
    assert_status(torc_ringptr_release(leaked), TORC_REF_LIMIT);
    ck_assert_uint_eq(pool_stats(TORC_M).saturated, 1);
    for (i = 0; i < 20; i++) {
        ptr = claim_handle(1000);
        ck_assert_uint_ne(slot_index(t.bus, ptr), slot_index(t.bus, leaked));
        assert_ok(torc_ringptr_release(ptr));
    }
    assert_audit(t.bus);
    release_as_single(leaked);
    ck_assert_uint_eq(pool_stats(TORC_M).saturated, 0);
}
END_TEST

START_TEST(a_saturated_slot_is_leaked_by_the_ring_too) {
    struct torc_ringptr leaked = TORC_RINGPTR_NULL;
    uint64_t word;
    uint32_t i;
    assert_ok(put_filled(t.publisher, 1000, 7));
    leaked = keep_next(t.reader);
    set_count(leaked, TORC_COUNT_SATURATED);
    word = word_of(leaked);
    for (i = 0; i < 5 * LANE; i++) {
        assert_ok(put_filled(t.publisher, 1000, i));
        take_filled(t.reader, 1000, i);
        assert_ok(torc_advance(t.reader));
    }
    ck_assert_uint_eq(word_of(leaked), word);
    ck_assert(filled(torc_ringptr_data(leaked), 1000, 7));
    release_as_single(leaked);
}
END_TEST

/* A world in which every slot can be used `lives` times. */
static void open_dying(uint64_t lives) {
    struct torc_config config = small_config();
    config.first_generation = TORC_GENERATION_LAST - lives;
    open_world(&config);
}

START_TEST(a_slot_retires_with_its_last_generation) {
    struct torc_ringptr ptr[8], dry = TORC_RINGPTR_NULL;
    int i;
    open_dying(1);
    for (i = 0; i < 4; i++) {
        ptr[i] = claim_handle(1000);
        ck_assert_uint_eq(torc_ringptr_generation(ptr[i]), TORC_GENERATION_LAST - 1);
        assert_ok(torc_ringptr_release(ptr[i]));
        ck_assert_uint_eq(pool_stats(TORC_M).retired, (uint32_t)i + 1);
        assert_audit(t.bus);
    }
    assert_status(torc_ringptr_claim(t.publisher, 1, 1000, &dry, NULL), TORC_POOL_DRY);
}
END_TEST

START_TEST(a_pool_serves_exactly_the_lives_of_its_slots) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    uint64_t served = 0;
    int status;
    open_dying(5);
    while ((status = torc_ringptr_claim(t.publisher, 1, 200, &ptr, NULL)) == TORC_OK) {
        served++;
        assert_ok(torc_ringptr_release(ptr));
        ck_assert_uint_le(served, 5 * 8);
    }
    assert_status(status, TORC_POOL_DRY);
    ck_assert_uint_eq(served, 5 * 8);
    ck_assert_uint_eq(pool_stats(TORC_S).retired, 8);
    ck_assert_uint_eq(pool_stats(TORC_S).in_use, 0);
}
END_TEST

START_TEST(a_retired_slot_never_validates_an_old_handle) {
    struct torc_ringptr old[12], clone = TORC_RINGPTR_NULL;
    int i;
    open_dying(3);
    for (i = 0; i < 12; i++) {
        old[i] = claim_handle(1000);
        assert_ok(torc_ringptr_release(old[i]));
    }
    for (i = 0; i < 12; i++) {
        ck_assert(!torc_ringptr_is_valid(old[i]));
        assert_status(torc_ringptr_release(old[i]), TORC_STALE);
        assert_status(torc_ringptr_clone(old[i], &clone), TORC_STALE);
        old[i].id |= TORC_GENERATION_LAST;
        assert_status(torc_ringptr_clone(old[i], &clone), TORC_STALE);
        assert_status(torc_ringptr_release(old[i]), TORC_STALE);
    }
}
END_TEST

START_TEST(published_events_retire_their_slots_too) {
    uint32_t i, served = 0;
    open_dying(2);
    for (i = 0; i < 100 && put_filled(t.publisher, 1000, i) == TORC_OK; i++) {
        take_filled(t.reader, 1000, i);
        take_none(t.reader);
        served++;
    }
    ck_assert_uint_eq(served, 2 * 4);
    ck_assert_uint_eq(pool_stats(TORC_M).retired, 4);
    put_run(t.publisher, 0, LANE);
    take_run(t.reader, 0, LANE);
}
END_TEST

START_TEST(a_held_slot_of_the_last_generation_stays_readable) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    open_dying(1);
    ptr = claim_handle(16384);
    assert_ok(torc_ringptr_release(claim_handle(16384)));
    assert_status(put_filled(t.publisher, 16384, 1), TORC_POOL_DRY);
    ck_assert(filled(torc_ringptr_data(ptr), 16384, 7));
    assert_ok(torc_ringptr_release(ptr));
    ck_assert_uint_eq(pool_stats(TORC_XL).retired, 2);
}
END_TEST

START_TEST(keep_slots_retire_as_well) {
    struct torc_pool_stats stats;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_event event;
    int i;
    open_dying(1);
    for (i = 0; i < 4; i++) {
        assert_ok(put(t.publisher, 1));
        assert_ok(torc_ringptr_release(keep_next(t.reader)));
    }
    assert_ok(put(t.publisher, 1));
    assert_ok(torc_next(t.reader, &event));
    assert_status(torc_keep(t.reader, &event, &ptr), TORC_POOL_DRY);
    assert_ok(torc_bus_keep_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.retired, 4);
}
END_TEST

Suite *limits_suite(void) {
    Suite *suite = suite_create("limits");
    TCase *count = add_case(suite, "references", setup_world);
    TCase *generation = add_case(suite, "generations", NULL);
    tcase_add_test(count, the_last_reference_below_the_limit_is_given);
    tcase_add_test(count, no_reference_is_given_at_the_limit);
    tcase_add_test(count, a_release_at_the_limit_makes_room_for_a_clone);
    tcase_add_test(count, the_limit_is_reached_by_cloning);
    tcase_add_test(count, keep_at_the_limit_is_refused);
    tcase_add_loop_test(count, a_saturated_count_never_moves, 0, 3);
    tcase_add_test(count, the_highest_count_is_refused_and_never_moves);
    tcase_add_test(count, a_saturated_slot_is_reported_and_the_pool_goes_on);
    tcase_add_test(count, a_saturated_slot_is_leaked_by_the_ring_too);
    tcase_add_test(generation, a_slot_retires_with_its_last_generation);
    tcase_add_test(generation, a_pool_serves_exactly_the_lives_of_its_slots);
    tcase_add_test(generation, a_retired_slot_never_validates_an_old_handle);
    tcase_add_test(generation, published_events_retire_their_slots_too);
    tcase_add_test(generation, a_held_slot_of_the_last_generation_stays_readable);
    tcase_add_test(generation, keep_slots_retire_as_well);
    return suite;
}
