/* test_xxl_area.c - events above 16 KiB in a bounded area of the bus: where they lie, what happens when it is full, who
 * gives it back. */
#include "../../pools/xxl.h"
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define AREA         100096u /* a multiple of 64 */
#define BLOCK        20000u  /* four of them fit, and as many descriptors there are */
#define MEMORY_BYTES (TORC_BUS_BYTES(4, 4, 4, 4, LANE, 8, 8, 4, 4, 2, 6, 4) + TORC_BUS_XXL_BYTES(4, 6, AREA))

static _Alignas(64) unsigned char memory[MEMORY_BYTES];

static struct torc_config area_config(void) {
    struct torc_config config = small_config();
    config.xxl = 6;
    config.xxl_bytes = AREA;
    return config;
}

static void open_area(enum torc_dry dry) {
    struct torc_config config = area_config();
    open_bus(&config);
    t.publisher = open_publisher(t.topic, dry);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
}

static void setup_area(void) {
    open_area(TORC_DRY_FAIL);
}

static struct torc_ringptr too_much(size_t length, int expected) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_status(torc_ringptr_claim(t.publisher, 1, length, &ptr, NULL), expected);
    ck_assert(torc_ringptr_is_null(ptr));
    return ptr;
}

static const struct torc_xxl_table *table_of(uint32_t lane) {
    return t.bus->pools[lane * (TORC_SHIRTS + 1) + TORC_XXL].xxl;
}

START_TEST(blocks_lie_in_the_memory_of_the_bus) {
    struct torc_config config = area_config();
    struct torc_ringptr ptr;
    const unsigned char *data;
    memset(&t, 0, sizeof t);
    ck_assert_uint_eq(torc_bus_size(&config), sizeof memory);
    assert_ok(torc_bus_create_at(memory, sizeof memory, &config, &t.bus));
    assert_ok(torc_topic_open(t.bus, "t", 0, &t.topic));
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    ptr = claim_handle(AREA);
    data = torc_ringptr_data(ptr);
    ck_assert_uint_eq((uintptr_t)data % TORC_LINE, 0);
    ck_assert(data >= memory && data + AREA <= memory + sizeof memory);
    ck_assert(filled(data, AREA, 7));
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

/* One bank's last byte is next to another bank's books: filling all to the brim damages none. */
START_TEST(banks_have_areas_of_their_own) {
    struct torc_publisher *publisher[4] = {t.publisher};
    struct torc_ringptr ptr[4];
    void *data;
    for (int i = 0; i < 4; i++) {
        publisher[i] = i == 0 ? publisher[0] : open_publisher(t.topic, TORC_DRY_FAIL);
        assert_ok(torc_ringptr_claim(publisher[i], 1, AREA, &ptr[i], &data));
        fill(data, AREA, (uint32_t)i);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert(filled(torc_ringptr_data(ptr[i]), AREA, (uint32_t)i));
        assert_ok(torc_ringptr_release(ptr[i]));
        assert_ok(i == 0 ? TORC_OK : torc_publisher_close(publisher[i]));
    }
}
END_TEST

START_TEST(a_full_area_is_a_dry_pool) {
    struct torc_ringptr ptr[5];
    for (int i = 0; i < 4; i++) {
        ptr[i] = claim_handle(BLOCK);
    }
    too_much(BLOCK + 64, TORC_POOL_DRY);
    assert_status(put_filled(t.publisher, BLOCK + 64, 1), TORC_POOL_DRY);
    ck_assert_uint_eq(pool_stats(TORC_XXL).dry, 2);
    ck_assert_uint_eq(pool_stats(TORC_XXL).in_use, 4);
    ptr[4] = claim_handle(AREA - 4 * TORC_ROUND_LINE(BLOCK)); /* the rest to the last byte */
    too_much(1 + TORC_XL_BYTES, TORC_POOL_DRY);
    for (int i = 0; i < 5; i++) {
        ck_assert(filled(torc_ringptr_data(ptr[i]), torc_ringptr_length(ptr[i]), 7));
        assert_ok(torc_ringptr_release(ptr[i]));
        assert_status(torc_ringptr_release(ptr[i]), TORC_STALE);
    }
    assert_ok(torc_ringptr_release(claim_handle(AREA)));
}
END_TEST

START_TEST(what_can_never_fit_is_too_big) {
    too_much(AREA + 1, TORC_TOO_BIG);
    assert_status(put_filled(t.publisher, AREA + 1, 1), TORC_TOO_BIG);
    assert_ok(put_filled(t.publisher, AREA, 1));
    take_filled(t.reader, AREA, 1);
}
END_TEST

START_TEST(what_was_read_makes_room) {
    for (uint32_t i = 0; i < 10 * LANE; i++) {
        size_t length = i % 2 == 0 ? AREA : AREA / 2;
        assert_ok(put_filled(t.publisher, length, i));
        take_filled(t.reader, length, i);
        assert_ok(torc_advance(t.reader));
    }
    ck_assert_uint_eq(pool_stats(TORC_XXL).dry, 0);
}
END_TEST

START_TEST(what_was_not_read_does_not) {
    assert_ok(put_filled(t.publisher, AREA / 2, 1));
    assert_ok(put_filled(t.publisher, AREA / 2, 2));
    assert_status(put_filled(t.publisher, BLOCK, 3), TORC_POOL_DRY);
    take_filled(t.reader, AREA / 2, 1);
    assert_ok(torc_advance(t.reader));
    assert_status(put_filled(t.publisher, AREA, 3), TORC_POOL_DRY);
    assert_ok(put_filled(t.publisher, BLOCK, 3));
    take_filled(t.reader, AREA / 2, 2);
    take_filled(t.reader, BLOCK, 3);
}
END_TEST

START_TEST(a_kept_block_stays_while_others_come_and_go) {
    struct torc_ringptr ptr;
    assert_ok(put_filled(t.publisher, AREA / 2, 99));
    ptr = keep_next(t.reader);
    for (uint32_t i = 0; i < 3 * LANE; i++) {
        assert_ok(put_filled(t.publisher, BLOCK + i, i));
        take_filled(t.reader, BLOCK + i, i);
        assert_ok(torc_advance(t.reader));
    }
    ck_assert(filled(torc_ringptr_data(ptr), AREA / 2, 99));
    assert_status(put_filled(t.publisher, AREA, 1), TORC_POOL_DRY);
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(put_filled(t.publisher, AREA, 1));
}
END_TEST

START_TEST(neighbours_that_were_released_are_one_gap) {
    struct torc_ringptr ptr[3];
    for (int i = 0; i < 3; i++) {
        ptr[i] = claim_handle(33000);
    }
    assert_ok(torc_ringptr_release(ptr[0]));
    assert_ok(torc_ringptr_release(ptr[2]));
    too_much(60000, TORC_POOL_DRY); /* enough bytes, in two pieces */
    assert_ok(torc_ringptr_release(ptr[1]));
    assert_ok(torc_ringptr_release(claim_handle(60000)));
}
END_TEST

START_TEST(an_aborted_claim_gives_its_block_back) {
    struct torc_claim claim;
    for (int i = 0; i < 20; i++) {
        assert_ok(torc_try_claim(t.publisher, 1, AREA, &claim));
        assert_ok(torc_abort(t.publisher, &claim));
    }
}
END_TEST

/* A bank is taken over once its last slot is back; what is still on its list, the new owner frees. */
START_TEST(the_next_publisher_of_the_bank_goes_on_with_the_area) {
    struct torc_publisher *publisher[4];
    struct torc_ringptr ptr = claim_handle(AREA);
    close_ends();
    ck_assert(filled(torc_ringptr_data(ptr), AREA, 7));
    assert_ok(torc_ringptr_release(ptr));
    for (int i = 0; i < 4; i++) {
        publisher[i] = open_publisher(t.topic, TORC_DRY_FAIL);
        assert_ok(put_filled(publisher[i], AREA, 1));
    }
    for (int i = 0; i < 4; i++) {
        assert_ok(torc_publisher_close(publisher[i]));
    }
}
END_TEST

START_TEST(waiting_answers_by_the_form_of_the_call) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL, all;
    struct torc_claim claim;
    open_area(TORC_DRY_WAIT);
    all = claim_handle(AREA);
    assert_status(torc_try_claim(t.publisher, 1, BLOCK, &claim), TORC_WOULD_BLOCK);
    assert_status(torc_claim_until(t.publisher, 1, BLOCK, torc_deadline_ms(2), &claim), TORC_TIMED_OUT);
    assert_status(torc_ringptr_claim_until(t.publisher, 1, BLOCK, PAST, &ptr, NULL), TORC_TIMED_OUT);
    assert_status(torc_claim(t.publisher, 1, AREA + 1, &claim), TORC_TOO_BIG); /* would be for ever */
    assert_ok(torc_ringptr_release(all));
    assert_ok(torc_try_claim(t.publisher, 1, BLOCK, &claim));
    assert_ok(torc_abort(t.publisher, &claim));
}
END_TEST

static void *publish_when_there_is_room(void *status) {
    static unsigned char data[BLOCK];
    fill(data, sizeof data, 5);
    *(int *)status = torc_publish(t.publisher, 5, data, sizeof data);
    return NULL;
}

static void start_waiting(int *status, pthread_t *thread) {
    uint64_t before = torc_publisher_stalls(t.publisher);
    ck_assert_int_eq(pthread_create(thread, NULL, publish_when_there_is_room, status), 0);
    while (torc_publisher_stalls(t.publisher) == before) {
        sched_yield();
    }
}

START_TEST(a_release_wakes_a_publisher_that_waits_for_bytes) {
    struct torc_ringptr all;
    int status = TORC_CORRUPT;
    pthread_t thread;
    open_area(TORC_DRY_WAIT);
    all = claim_handle(AREA);
    start_waiting(&status, &thread);
    assert_ok(torc_ringptr_release(all));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(status, TORC_OK);
    take_filled(t.reader, BLOCK, 5);
}
END_TEST

START_TEST(a_reader_that_passes_wakes_a_publisher_that_waits_for_bytes) {
    int status = TORC_CORRUPT;
    pthread_t thread;
    open_area(TORC_DRY_WAIT);
    assert_ok(put_filled(t.publisher, AREA, 1));
    start_waiting(&status, &thread);
    take_filled(t.reader, AREA, 1);
    assert_ok(torc_advance(t.reader));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(status, TORC_OK);
    take_filled(t.reader, BLOCK, 5);
}
END_TEST

START_TEST(small_events_may_go_there_when_their_pool_is_dry) {
    struct torc_ringptr m[5];
    open_area(TORC_DRY_XXL);
    for (int i = 0; i < 5; i++) {
        m[i] = claim_handle(1000);
    }
    ck_assert_int_eq(torc_ringptr_shirt(m[4]), TORC_XXL);
    too_much(AREA, TORC_POOL_DRY);
    for (int i = 0; i < 5; i++) {
        ck_assert(filled(torc_ringptr_data(m[i]), 1000, 7));
        assert_ok(torc_ringptr_release(m[i]));
    }
}
END_TEST

/* Behind the bus's back: a block that no descriptor knows, then a descriptor without one. */
START_TEST(the_audit_looks_at_the_area) {
    struct torc_ringptr ptr = claim_handle(BLOCK);
    uint32_t index = slot_index(t.bus, ptr);
    const struct torc_xxl_table *table = table_of(0);
    struct torc_region_block block = table->record[index].block, other;
    close_ends();
    assert_audit(t.bus);
    assert_ok(torc_region_alloc(table->region, 64, &other));
    assert_corrupt(t.bus);
    assert_ok(torc_region_free(table->region, other));
    assert_audit(t.bus);
    memset(&table->record[index].block, 0, sizeof block);
    assert_corrupt(t.bus);
    table->record[index].block = block;
    assert_audit(t.bus);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

Suite *xxl_area_suite(void) {
    Suite *suite = suite_create("xxl_area");
    TCase *tcase = add_case(suite, "fail", setup_area);
    TCase *other = add_case(suite, "other policies", NULL);
    tcase_add_test(tcase, banks_have_areas_of_their_own);
    tcase_add_test(tcase, a_full_area_is_a_dry_pool);
    tcase_add_test(tcase, what_can_never_fit_is_too_big);
    tcase_add_test(tcase, what_was_read_makes_room);
    tcase_add_test(tcase, what_was_not_read_does_not);
    tcase_add_test(tcase, a_kept_block_stays_while_others_come_and_go);
    tcase_add_test(tcase, neighbours_that_were_released_are_one_gap);
    tcase_add_test(tcase, an_aborted_claim_gives_its_block_back);
    tcase_add_test(tcase, the_next_publisher_of_the_bank_goes_on_with_the_area);
    tcase_add_test(tcase, the_audit_looks_at_the_area);
    tcase_add_test(other, blocks_lie_in_the_memory_of_the_bus);
    tcase_add_test(other, waiting_answers_by_the_form_of_the_call);
    tcase_add_test(other, a_release_wakes_a_publisher_that_waits_for_bytes);
    tcase_add_test(other, a_reader_that_passes_wakes_a_publisher_that_waits_for_bytes);
    tcase_add_test(other, small_events_may_go_there_when_their_pool_is_dry);
    return suite;
}
