/* test_ringptr.c - what an honest owner of handles may expect. Forged and stale handles are in test_forged.c, the
 * limits of count and generation in test_limits.c. */
#include "helpers.h"
#include <pthread.h>
#include <string.h>

START_TEST(a_claimed_handle_owns_the_only_reference) {
    struct torc_ringptr ptr = claim_handle(200);
    ck_assert(torc_ringptr_is_valid(ptr));
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    ck_assert_uint_eq(torc_ringptr_length(ptr), 200);
    ck_assert_uint_eq(torc_ringptr_type(ptr), 7);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_S);
    ck_assert(filled(torc_ringptr_data(ptr), 200, 7));
    ck_assert_uint_eq(outstanding(), 1);
    assert_ok(torc_ringptr_release(ptr));
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(clone_adds_one_reference) {
    struct torc_ringptr ptr = claim_handle(10), other = TORC_RINGPTR_NULL;
    assert_ok(torc_ringptr_clone(ptr, &other));
    ck_assert(torc_ringptr_equal(ptr, other));
    ck_assert_uint_eq(torc_ringptr_count(ptr), 2);
    ck_assert_uint_eq(outstanding(), 1);
    ck_assert_ptr_eq(torc_ringptr_data(other), torc_ringptr_data(ptr));
    assert_ok(torc_ringptr_release(ptr));
    ck_assert(torc_ringptr_is_valid(other));
    ck_assert(filled(torc_ringptr_data(other), 10, 7));
    assert_ok(torc_ringptr_release(other));
}
END_TEST

START_TEST(clone_into_its_own_variable) {
    struct torc_ringptr ptr = claim_handle(10), before = ptr;
    assert_ok(torc_ringptr_clone(ptr, &ptr));
    ck_assert(torc_ringptr_equal(ptr, before));
    ck_assert_uint_eq(torc_ringptr_count(ptr), 2);
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(torc_ringptr_release(ptr));
    ck_assert(!torc_ringptr_is_valid(ptr));
}
END_TEST

START_TEST(references_may_be_given_back_in_any_order) {
    struct torc_ringptr ptr[6];
    int i;
    ptr[0] = claim_handle(10);
    for (i = 1; i < 6; i++) {
        assert_ok(torc_ringptr_clone(ptr[i / 2], &ptr[i]));
    }
    for (i = 0; i < 6; i++) {
        ck_assert_uint_eq(torc_ringptr_count(ptr[5]), (uint64_t)(6 - i));
        assert_ok(torc_ringptr_release(ptr[(i * 5 + _i) % 6]));
    }
    ck_assert_uint_eq(torc_ringptr_count(ptr[0]), 0);
}
END_TEST

START_TEST(a_double_release_is_refused_and_counted) {
    struct torc_ringptr ptr = claim_handle(10);
    struct torc_bus_stats stats;
    assert_ok(torc_ringptr_release(ptr));
    assert_status(torc_ringptr_release(ptr), TORC_STALE);
    ptr.id |= TORC_ID_SHARED;
    assert_status(torc_ringptr_release(ptr), TORC_STALE);
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.stale_refused, 2);
}
END_TEST

START_TEST(a_released_handle_knows_nothing_any_more) {
    struct torc_ringptr ptr = claim_handle(10);
    assert_ok(torc_ringptr_release(ptr));
    ck_assert(!torc_ringptr_is_valid(ptr));
    ck_assert_ptr_null(torc_ringptr_data(ptr));
    ck_assert_uint_eq(torc_ringptr_length(ptr), 0);
    ck_assert_uint_eq(torc_ringptr_type(ptr), 0);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), -1);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 0);
}
END_TEST

START_TEST(a_stale_clone_leaves_the_target_alone) {
    struct torc_ringptr ptr = claim_handle(10), target = {t.bus, 12345};
    assert_ok(torc_ringptr_release(ptr));
    assert_status(torc_ringptr_clone(ptr, &target), TORC_STALE);
    ck_assert_ptr_eq(target.bus, t.bus);
    ck_assert_uint_eq(target.id, 12345);
}
END_TEST

START_TEST(a_stale_handle_does_not_touch_the_next_owner) {
    struct torc_config config = small_config();
    struct torc_ringptr old = TORC_RINGPTR_NULL, owner = TORC_RINGPTR_NULL, clone = TORC_RINGPTR_NULL;
    config.slots[TORC_M] = 1;
    open_world(&config);
    old = claim_handle(1000);
    assert_ok(torc_ringptr_release(old));
    owner = claim_handle(900);
    ck_assert_uint_eq(slot_index(t.bus, owner), slot_index(t.bus, old));
    ck_assert_uint_eq(torc_ringptr_generation(owner), torc_ringptr_generation(old) + 1);
    ck_assert(!torc_ringptr_equal(owner, old));
    assert_status(torc_ringptr_release(old), TORC_STALE);
    assert_status(torc_ringptr_clone(old, &clone), TORC_STALE);
    ck_assert_uint_eq(torc_ringptr_count(owner), 1);
    ck_assert(filled(torc_ringptr_data(owner), 900, 7));
    assert_ok(torc_ringptr_release(owner));
}
END_TEST

START_TEST(handles_of_different_slots_differ) {
    struct torc_ringptr a = claim_handle(10), b = claim_handle(10);
    ck_assert(!torc_ringptr_equal(a, b));
    ck_assert(torc_ringptr_data(a) != torc_ringptr_data(b));
    ck_assert(torc_ringptr_equal(a, a));
    ck_assert(!torc_ringptr_equal(a, TORC_RINGPTR_NULL));
    assert_ok(torc_ringptr_release(a));
    assert_ok(torc_ringptr_release(b));
}
END_TEST

START_TEST(the_null_handle_is_nothing) {
    struct torc_ringptr null = TORC_RINGPTR_NULL, clone = TORC_RINGPTR_NULL;
    ck_assert(torc_ringptr_is_null(null));
    ck_assert(torc_ringptr_equal(null, TORC_RINGPTR_NULL));
    ck_assert(!torc_ringptr_is_valid(null));
    ck_assert_ptr_null(torc_ringptr_data(null));
    ck_assert_uint_eq(torc_ringptr_length(null), 0);
    ck_assert_uint_eq(torc_ringptr_type(null), 0);
    ck_assert_uint_eq(torc_ringptr_count(null), 0);
    ck_assert_int_eq(torc_ringptr_shirt(null), -1);
    assert_status(torc_ringptr_clone(null, &clone), TORC_INVALID);
    assert_status(torc_ringptr_release(null), TORC_INVALID);
}
END_TEST

START_TEST(clone_without_a_target_takes_no_reference) {
    struct torc_ringptr ptr = claim_handle(10);
    assert_status(torc_ringptr_clone(ptr, NULL), TORC_INVALID);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(a_handle_to_an_empty_payload_is_valid) {
    struct torc_ringptr ptr = claim_handle(0);
    ck_assert(torc_ringptr_is_valid(ptr));
    ck_assert_ptr_nonnull(torc_ringptr_data(ptr));
    ck_assert_uint_eq(torc_ringptr_length(ptr), 0);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(a_kept_event_shares_the_slot_with_the_ring) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(put_filled(t.publisher, 100, 3));
    ptr = keep_next(t.reader);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 2);
    ck_assert_uint_eq(outstanding(), 1);
    assert_ok(torc_ringptr_release(ptr));
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    ck_assert_uint_eq(outstanding(), 0);
}
END_TEST

START_TEST(a_kept_event_outlives_its_lap) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    uint32_t i;
    assert_ok(put_filled(t.publisher, 100, 3));
    ptr = keep_next(t.reader);
    for (i = 0; i < 5 * LANE; i++) {
        assert_ok(put_filled(t.publisher, 100, i));
        take_filled(t.reader, 100, i);
    }
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    ck_assert_uint_eq(torc_ringptr_type(ptr), 3);
    ck_assert(filled(torc_ringptr_data(ptr), 100, 3));
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(a_handle_outlives_its_publisher_and_reader) {
    struct torc_ringptr slot = TORC_RINGPTR_NULL, copy = TORC_RINGPTR_NULL;
    assert_ok(put_filled(t.publisher, 100, 3));
    assert_ok(put_filled(t.publisher, 20, 4));
    slot = keep_next(t.reader);
    copy = keep_next(t.reader);
    close_ends();
    ck_assert(filled(torc_ringptr_data(slot), 100, 3));
    ck_assert(filled(torc_ringptr_data(copy), 20, 4));
    ck_assert_uint_eq(outstanding(), 2);
    assert_ok(torc_ringptr_release(slot));
    assert_ok(torc_ringptr_release(copy));
}
END_TEST

START_TEST(generations_of_a_slot_count_up_by_one) {
    struct torc_config config = small_config();
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    uint64_t first, i;
    config.slots[TORC_L] = 1;
    open_world(&config);
    ptr = claim_handle(4000);
    first = torc_ringptr_generation(ptr);
    ck_assert_uint_ge(first, 1);
    assert_ok(torc_ringptr_release(ptr));
    for (i = 1; i < 50; i++) {
        ptr = claim_handle(4000);
        ck_assert_uint_eq(torc_ringptr_generation(ptr), first + i);
        assert_ok(torc_ringptr_release(ptr));
    }
}
END_TEST

START_TEST(generations_begin_where_the_configuration_says) {
    static const uint64_t first[] = {0, 1, 77, UINT64_C(1) << 39};
    struct torc_config config = small_config();
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    config.first_generation = first[_i];
    open_world(&config);
    ptr = claim_handle(100);
    ck_assert_uint_eq(torc_ringptr_generation(ptr), first[_i] == 0 ? 1 : first[_i]);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

struct pair {
    uint64_t key, value;
};

START_TEST(a_view_is_typed_and_checked_for_size) {
    struct pair pair = {11, 22};
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_event event;
    assert_ok(torc_publish_struct(t.publisher, 1, &pair));
    assert_ok(torc_next(t.reader, &event));
    ck_assert_ptr_nonnull(torc_view(&event, struct pair));
    ck_assert_uint_eq(torc_view(&event, struct pair)->value, 22);
    ck_assert_ptr_null(torc_view(&event, uint64_t));
    assert_ok(torc_keep(t.reader, &event, &ptr));
    ck_assert_uint_eq(torc_ringptr_view(ptr, struct pair)->key, 11);
    ck_assert_ptr_null(torc_ringptr_view(ptr, char));
    assert_ok(torc_ringptr_release(ptr));
    ck_assert_ptr_null(torc_ringptr_view(ptr, struct pair));
}
END_TEST

static void *release_all(void *context) {
    struct torc_ringptr *ptr = context;
    intptr_t failed = 0;
    int i;
    for (i = 0; i < 8; i++) {
        failed += torc_ringptr_release(ptr[i]) != TORC_OK;
    }
    return (void *)failed;
}

START_TEST(another_thread_may_give_the_last_reference_back) {
    struct torc_ringptr ptr[8], again[8];
    pthread_t other;
    void *failed = NULL;
    int i;
    for (i = 0; i < 8; i++) {
        ptr[i] = claim_handle(200);
    }
    ck_assert_int_eq(pthread_create(&other, NULL, release_all, ptr), 0);
    ck_assert_int_eq(pthread_join(other, &failed), 0);
    ck_assert_ptr_null(failed);
    for (i = 0; i < 8; i++) {
        again[i] = claim_handle(200);
        ck_assert(!torc_ringptr_is_valid(ptr[i]));
    }
    ck_assert_ptr_null(release_all(again));
}
END_TEST

Suite *ringptr_suite(void) {
    Suite *suite = suite_create("ringptr");
    TCase *tcase = add_case(suite, "owners", setup_world);
    TCase *own = add_case(suite, "single slots", NULL);
    tcase_add_test(tcase, a_claimed_handle_owns_the_only_reference);
    tcase_add_test(tcase, clone_adds_one_reference);
    tcase_add_test(tcase, clone_into_its_own_variable);
    tcase_add_loop_test(tcase, references_may_be_given_back_in_any_order, 0, 6);
    tcase_add_test(tcase, a_double_release_is_refused_and_counted);
    tcase_add_test(tcase, a_released_handle_knows_nothing_any_more);
    tcase_add_test(tcase, a_stale_clone_leaves_the_target_alone);
    tcase_add_test(tcase, handles_of_different_slots_differ);
    tcase_add_test(tcase, the_null_handle_is_nothing);
    tcase_add_test(tcase, clone_without_a_target_takes_no_reference);
    tcase_add_test(tcase, a_handle_to_an_empty_payload_is_valid);
    tcase_add_test(tcase, a_kept_event_shares_the_slot_with_the_ring);
    tcase_add_test(tcase, a_kept_event_outlives_its_lap);
    tcase_add_test(tcase, a_handle_outlives_its_publisher_and_reader);
    tcase_add_test(tcase, a_view_is_typed_and_checked_for_size);
    tcase_add_test(tcase, another_thread_may_give_the_last_reference_back);
    tcase_add_test(own, a_stale_handle_does_not_touch_the_next_owner);
    tcase_add_test(own, generations_of_a_slot_count_up_by_one);
    tcase_add_loop_test(own, generations_begin_where_the_configuration_says, 0, 4);
    return suite;
}
