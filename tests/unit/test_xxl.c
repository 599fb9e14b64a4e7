/* test_xxl.c - events above 16 KiB and the provider of their blocks: one that counts, checks what comes back, and can
 * fail. */
#include "helpers.h"
#include <stdlib.h>
#include <string.h>

#define MOST_BLOCKS 16

/* Every block that is out, by address and size. */
static struct provider {
    void *block[MOST_BLOCKS];
    size_t size[MOST_BLOCKS];
    size_t largest;
    uint64_t allocated, freed, foreign;
    bool refuse;
} provider;

static void *counting_alloc(void *state, size_t size) {
    struct provider *p = state;
    int i;
    p->largest = size > p->largest ? size : p->largest;
    if (p->refuse) {
        return NULL;
    }
    for (i = 0; i < MOST_BLOCKS && p->block[i] != NULL; i++) {
    }
    if (i == MOST_BLOCKS) {
        return NULL;
    }
    p->block[i] = malloc(size);
    p->size[i] = size;
    p->allocated++;
    return p->block[i];
}

static void counting_free(void *state, void *block, size_t size) {
    struct provider *p = state;
    int i;
    for (i = 0; i < MOST_BLOCKS; i++) {
        if (block != NULL && p->block[i] == block && p->size[i] == size) {
            free(block);
            p->block[i] = NULL;
            p->freed++;
            return;
        }
    }
    p->foreign++;
}

static void setup_provider(void) {
    struct torc_config config = small_config();
    memset(&provider, 0, sizeof provider);
    config.xxl_provider.alloc = counting_alloc;
    config.xxl_provider.free = counting_free;
    config.xxl_provider.state = &provider;
    open_world(&config);
}

static const unsigned char memory_of_zeros[20000];

/* Destroys the world and looks whether every block came back as it went out. */
static void assert_all_freed(void) {
    teardown_world();
    ck_assert_uint_eq(provider.freed, provider.allocated);
    ck_assert_uint_eq(provider.foreign, 0);
}

START_TEST(only_events_above_xl_ask_the_provider) {
    assert_ok(put_filled(t.publisher, 16384, 1));
    ck_assert_uint_eq(provider.allocated, 0);
    assert_ok(put_filled(t.publisher, 16385, 2));
    ck_assert_uint_eq(provider.allocated, 1);
    ck_assert_uint_ge(provider.largest, 16385);
    take_filled(t.reader, 16384, 1);
    take_filled(t.reader, 16385, 2);
    assert_all_freed();
}
END_TEST

START_TEST(the_last_release_frees_the_block) {
    struct torc_ringptr ptr = claim_handle(50000), clone = TORC_RINGPTR_NULL;
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_XXL);
    assert_ok(torc_ringptr_clone(ptr, &clone));
    assert_ok(torc_ringptr_release(ptr));
    ck_assert_uint_eq(provider.freed, 0);
    ck_assert(filled(torc_ringptr_data(clone), 50000, 7));
    assert_ok(torc_ringptr_release(clone));
    ck_assert_uint_eq(provider.freed, 1);
    assert_status(torc_ringptr_release(clone), TORC_STALE);
    ck_assert_ptr_null(torc_ringptr_data(clone));
    assert_all_freed();
}
END_TEST

START_TEST(a_block_is_freed_once_the_ring_is_done_with_it) {
    uint32_t i;
    for (i = 0; i < 40; i++) {
        assert_ok(put_filled(t.publisher, 20000 + i, i));
        take_filled(t.reader, 20000 + i, i);
        assert_ok(torc_advance(t.reader));
        ck_assert_uint_le(provider.allocated - provider.freed, 4);
    }
    ck_assert_uint_eq(provider.allocated, 40);
    assert_all_freed();
}
END_TEST

START_TEST(a_kept_block_outlives_its_lap) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    uint32_t i;
    assert_ok(put_filled(t.publisher, 30000, 5));
    ptr = keep_next(t.reader);
    for (i = 0; i < 3 * LANE; i++) {
        assert_ok(put_filled(t.publisher, 20000, i));
        take_filled(t.reader, 20000, i);
        assert_ok(torc_advance(t.reader));
    }
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    ck_assert(filled(torc_ringptr_data(ptr), 30000, 5));
    assert_ok(torc_ringptr_release(ptr));
    assert_all_freed();
}
END_TEST

START_TEST(a_provider_that_fails_costs_nothing) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_claim claim;
    provider.refuse = true;
    assert_status(torc_try_claim(t.publisher, 1, 20000, &claim), TORC_NO_MEMORY);
    assert_status(torc_claim(t.publisher, 1, 20000, &claim), TORC_NO_MEMORY);
    assert_status(torc_ringptr_claim(t.publisher, 1, 20000, &ptr, NULL), TORC_NO_MEMORY);
    ck_assert(torc_ringptr_is_null(ptr));
    ck_assert_uint_eq(torc_publisher_sequence(t.publisher), 0);
    take_none(t.reader);
    provider.refuse = false;
    assert_ok(put_filled(t.publisher, 20000, 3));
    take_filled(t.reader, 20000, 3);
    assert_all_freed();
}
END_TEST

START_TEST(failing_often_uses_no_descriptor_up) {
    struct torc_claim claim;
    uint32_t i;
    provider.refuse = true;
    for (i = 0; i < 100; i++) {
        assert_status(torc_try_claim(t.publisher, 1, 20000, &claim), TORC_NO_MEMORY);
    }
    provider.refuse = false;
    for (i = 0; i < 4; i++) {
        assert_ok(put_filled(t.publisher, 20000, i));
    }
    assert_all_freed();
}
END_TEST

START_TEST(the_largest_event_reaches_the_provider) {
    struct torc_claim claim;
    provider.refuse = true;
    assert_status(torc_try_claim(t.publisher, 1, TORC_MAX_EVENT, &claim), TORC_NO_MEMORY);
    ck_assert_uint_ge(provider.largest, TORC_MAX_EVENT);
    ck_assert_uint_lt(provider.largest, TORC_MAX_EVENT + 4096);
}
END_TEST

START_TEST(descriptors_run_out) {
    struct torc_ringptr ptr[4], dry = TORC_RINGPTR_NULL;
    int i;
    for (i = 0; i < 4; i++) {
        ptr[i] = claim_handle(20000);
    }
    assert_status(torc_ringptr_claim(t.publisher, 1, 20000, &dry, NULL), TORC_POOL_DRY);
    ck_assert_uint_eq(provider.allocated, 4);
    ck_assert_uint_eq(pool_stats(TORC_XXL).in_use, 4);
    ck_assert_uint_ge(pool_stats(TORC_XXL).bytes, 4 * 20000);
    for (i = 0; i < 4; i++) {
        assert_ok(torc_ringptr_release(ptr[i]));
    }
    ck_assert_uint_eq(pool_stats(TORC_XXL).in_use, 0);
    assert_all_freed();
}
END_TEST

START_TEST(an_aborted_claim_frees_its_block) {
    struct torc_claim claim;
    assert_ok(torc_try_claim(t.publisher, 1, 20000, &claim));
    assert_ok(torc_abort(t.publisher, &claim));
    ck_assert_uint_eq(provider.freed, 1);
    assert_all_freed();
}
END_TEST

START_TEST(an_unread_block_is_freed_with_the_bus) {
    assert_ok(put_filled(t.publisher, 20000, 1));
    assert_ok(put_filled(t.publisher, 20000, 2));
    ck_assert_uint_eq(provider.freed, 0);
    assert_all_freed();
}
END_TEST

START_TEST(a_block_that_is_out_keeps_the_bus_alive) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    uint64_t held = 0;
    assert_ok(put_filled(t.publisher, 20000, 1));
    ptr = keep_next(t.reader);
    close_ends();
    assert_status(torc_bus_destroy(&t.bus, &held), TORC_BUSY);
    ck_assert_ptr_nonnull(t.bus);
    ck_assert_uint_eq(held, 1);
    ck_assert_uint_eq(provider.freed, 0);
    ck_assert(filled(torc_ringptr_data(ptr), 20000, 1));
    assert_ok(torc_ringptr_release(ptr));
    assert_all_freed();
}
END_TEST

START_TEST(a_claim_of_a_block_may_be_shortened) {
    struct torc_claim claim;
    assert_ok(torc_try_claim(t.publisher, 4, 60000, &claim));
    fill(claim.data, 300, 4);
    claim.length = 300;
    assert_ok(torc_commit(t.publisher, &claim));
    take_filled(t.reader, 300, 4);
    assert_all_freed();
}
END_TEST

/* No shirt can ever hold it: to wait for one would be to wait for ever. */
START_TEST(without_descriptors_nothing_above_xl_passes) {
    struct torc_config config = small_config();
    config.xxl = 0;
    open_bus(&config);
    t.publisher = open_publisher(t.topic, (enum torc_dry)_i);
    assert_status(put_filled(t.publisher, 16385, 1), TORC_TOO_BIG);
    assert_status(torc_publish(t.publisher, 1, memory_of_zeros, sizeof memory_of_zeros), TORC_TOO_BIG);
    assert_ok(put_filled(t.publisher, 16384, 1));
    ck_assert_uint_eq(pool_stats(TORC_XXL).capacity, 0);
}
END_TEST

START_TEST(the_system_allocator_is_the_default) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    setup_world();
    assert_ok(put_filled(t.publisher, 1000000, 1));
    ptr = keep_next(t.reader);
    ck_assert_int_eq(torc_ringptr_shirt(ptr), TORC_XXL);
    ck_assert(filled(torc_ringptr_data(ptr), 1000000, 1));
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(a_handle_without_its_hint_frees_the_block_too) {
    struct torc_ringptr ptr = claim_handle(50000);
    ptr.id &= ~TORC_ID_SHARED;
    assert_ok(torc_ringptr_release(ptr));
    ck_assert_uint_eq(provider.freed, 1);
    assert_all_freed();
}
END_TEST

Suite *xxl_suite(void) {
    Suite *suite = suite_create("xxl");
    TCase *counted = add_case(suite, "counting provider", setup_provider);
    TCase *other = add_case(suite, "other providers", NULL);
    tcase_add_test(counted, only_events_above_xl_ask_the_provider);
    tcase_add_test(counted, the_last_release_frees_the_block);
    tcase_add_test(counted, a_handle_without_its_hint_frees_the_block_too);
    tcase_add_test(counted, a_block_is_freed_once_the_ring_is_done_with_it);
    tcase_add_test(counted, a_kept_block_outlives_its_lap);
    tcase_add_test(counted, a_provider_that_fails_costs_nothing);
    tcase_add_test(counted, failing_often_uses_no_descriptor_up);
    tcase_add_test(counted, the_largest_event_reaches_the_provider);
    tcase_add_test(counted, descriptors_run_out);
    tcase_add_test(counted, an_aborted_claim_frees_its_block);
    tcase_add_test(counted, an_unread_block_is_freed_with_the_bus);
    tcase_add_test(counted, a_block_that_is_out_keeps_the_bus_alive);
    tcase_add_test(counted, a_claim_of_a_block_may_be_shortened);
    tcase_add_loop_test(other, without_descriptors_nothing_above_xl_passes, TORC_DRY_WAIT, TORC_DRY_XXL + 1);
    tcase_add_test(other, the_system_allocator_is_the_default);
    return suite;
}
