/* test_arena.c - the ring allocator: making, allocating, splitting, merging, clogging, fixed buffers, every error. */
#include "arenas.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* --- making ------------------------------------------------------------------------------------------------- */

START_TEST(making_one_refuses_what_cannot_be) {
    static unsigned char memory[1024] __attribute__((aligned(64)));
    struct torc_arena *arena = NULL;
    assert_status(torc_arena_create(100, NULL), TORC_INVALID);
    assert_status(torc_arena_create(0, &arena), TORC_INVALID);
    assert_status(torc_arena_create(SIZE_MAX, &arena), TORC_TOO_BIG);
    assert_status(torc_arena_create(TORC_ARENA_LARGEST, &arena), TORC_TOO_BIG);
    assert_status(torc_arena_create_at(NULL, 1024, &arena), TORC_INVALID);
    assert_status(torc_arena_create_at(memory, 1024, NULL), TORC_INVALID);
    assert_status(torc_arena_create_at(memory + 8, 1000, &arena), TORC_INVALID);
    assert_status(torc_arena_create_at(memory, TORC_ARENA_BYTES(1) - 1, &arena), TORC_INVALID);
    assert_status(torc_arena_create_at(memory, SIZE_MAX, &arena), TORC_TOO_BIG);
    ck_assert_ptr_null(arena);
}
END_TEST

START_TEST(the_callers_memory_is_enough) {
    static unsigned char memory[TORC_ARENA_BYTES(160)] __attribute__((aligned(64)));
    struct torc_arena *arena = NULL;
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    assert_ok(torc_arena_create_at(memory, sizeof memory, &arena));
    ck_assert_uint_eq(arena_stats(arena).bytes, 160);
    ck_assert_uint_eq(arena_stats(arena).largest, 152);
    assert_ok(torc_arena_alloc(arena, 152, &buffer));
    ck_assert(buffer.data >= memory && buffer.data + 152 <= memory + sizeof memory);
    memset(buffer.data, 0xFF, 152);
    assert_arena(arena);
    assert_status(torc_arena_abandon(&arena), TORC_INVALID);
    assert_ok(torc_buffer_release(&buffer));
    assert_ok(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL));
    assert_status(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL), TORC_INVALID);
    arena = (struct torc_arena *)(void *)memory;
    assert_status(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL), TORC_INVALID);
}
END_TEST

START_TEST(every_call_refuses_null) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    struct torc_arena_stats stats;
    struct torc_arena *none = NULL;
    assert_status(torc_arena_alloc(NULL, 1, &buffer), TORC_INVALID);
    assert_status(torc_arena_alloc(a, 1, NULL), TORC_INVALID);
    assert_status(torc_arena_alloc_aligned(NULL, 1, 16, &buffer), TORC_INVALID);
    assert_status(torc_arena_alloc_aligned(a, 1, 16, NULL), TORC_INVALID);
    assert_status(torc_arena_is_valid(NULL), TORC_INVALID);
    assert_status(torc_arena_stats(NULL, &stats), TORC_INVALID);
    assert_status(torc_arena_stats(a, NULL), TORC_INVALID);
    assert_status(torc_arena_adopt(NULL), TORC_INVALID);
    assert_status(torc_arena_destroy(NULL, TORC_NO_WAIT, NULL), TORC_INVALID);
    assert_status(torc_arena_destroy(&none, TORC_NO_WAIT, NULL), TORC_INVALID);
    assert_status(torc_arena_abandon(NULL), TORC_INVALID);
    assert_status(torc_arena_abandon(&none), TORC_INVALID);
    assert_status(torc_buffer_release(NULL), TORC_INVALID);
    assert_status(torc_buffer_release(&buffer), TORC_INVALID);
    ck_assert_uint_eq(torc_buffer_write(NULL, "x", 1), 0);
    ck_assert_uint_eq(torc_buffer_write(&buffer, "x", 1), 0);
    ck_assert_uint_eq(torc_buffer_advance(NULL, 1), 0);
    ck_assert_uint_eq(torc_buffer_advance(&buffer, 1), 0);
}
END_TEST

/* --- allocating --------------------------------------------------------------------------------------------- */

START_TEST(a_buffer_fits_exactly) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    ck_assert_uint_eq(arena_stats(a).largest, STORE - 8);
    assert_status(torc_arena_alloc(a, STORE - 7, &buffer), TORC_TOO_BIG);
    assert_status(torc_arena_alloc(a, SIZE_MAX, &buffer), TORC_TOO_BIG);
    assert_status(torc_arena_alloc(a, SIZE_MAX - 16, &buffer), TORC_TOO_BIG);
    ck_assert_ptr_null(buffer.arena);
    buffer = take_buffer(STORE - 8);
    ck_assert_uint_eq(arena_stats(a).used, STORE);
    ck_assert_uint_eq(arena_stats(a).regions, 0);
    assert_status(torc_arena_alloc(a, 0, &(struct torc_buffer){0}), TORC_POOL_DRY);
    assert_arena(a);
    give_buffer(&buffer);
    ck_assert_uint_eq(arena_stats(a).largest, STORE - 8);
}
END_TEST

START_TEST(one_word_per_buffer_is_all) {
    struct torc_buffer buffer[STORE / 32];
    for (size_t i = 0; i < STORE / 32; i++) {
        buffer[i] = take_buffer(24); /* and 8 bytes of guard */
        ck_assert_uint_eq((uintptr_t)buffer[i].data % 16, 0);
    }
    assert_status(torc_arena_alloc(a, 0, &(struct torc_buffer){0}), TORC_POOL_DRY);
    ck_assert_uint_eq(arena_stats(a).buffers, STORE / 32);
    for (size_t i = 0; i < STORE / 32; i++) {
        give_buffer(&buffer[i]);
        assert_arena(a);
    }
}
END_TEST

START_TEST(an_empty_buffer_is_a_buffer) {
    struct torc_buffer buffer = take_buffer(0);
    ck_assert_uint_eq(buffer.capacity, 0);
    ck_assert_uint_eq(torc_buffer_write(&buffer, "x", 1), 0);
    ck_assert_uint_eq(arena_stats(a).used, 16);
    give_buffer(&buffer);
}
END_TEST

START_TEST(alignment_is_per_request) {
    struct torc_buffer buffer[12];
    for (uint32_t i = 0; i < 12; i++) {
        size_t alignment = (size_t)1 << i;
        struct torc_buffer between = take_buffer(1);
        int status = torc_arena_alloc_aligned(a, 10, alignment, &buffer[i]);
        ck_assert(status == TORC_OK || (alignment >= 1024 && status == TORC_POOL_DRY));
        buffer[i].arena = status == TORC_OK ? a : NULL;
        ck_assert(status != TORC_OK || (uintptr_t)buffer[i].data % alignment == 0);
        give_buffer(&between);
        assert_arena(a);
    }
    for (uint32_t i = 0; i < 12; i++) {
        int expected = buffer[i].arena == NULL ? TORC_INVALID : TORC_OK;
        assert_status(torc_buffer_release(&buffer[i]), expected);
    }
    assert_status(torc_arena_alloc_aligned(a, 1, 0, &buffer[0]), TORC_INVALID);
    assert_status(torc_arena_alloc_aligned(a, 1, 48, &buffer[0]), TORC_INVALID);
    assert_status(torc_arena_alloc_aligned(a, 1, SIZE_MAX / 2 + 1, &buffer[0]), TORC_TOO_BIG);
}
END_TEST

START_TEST(an_oversized_region_is_split) {
    struct torc_buffer whole = take_buffer(STORE - 8), part[4];
    give_buffer(&whole);
    for (size_t i = 0; i < 4; i++) {
        part[i] = take_buffer(100 + i);
    }
    ck_assert_uint_eq(arena_stats(a).buffers, 4);
    ck_assert_uint_eq(arena_stats(a).used, 4 * 112);
    ck_assert_uint_eq(arena_stats(a).largest, STORE - 4 * 112 - 8);
    for (size_t i = 0; i < 4; i++) {
        give_buffer(&part[3 - i]);
    }
}
END_TEST

START_TEST(free_neighbours_merge_as_the_ring_walks) {
    struct torc_buffer small[STORE / 64], large;
    for (size_t i = 0; i < STORE / 64; i++) {
        small[i] = take_buffer(56);
    }
    for (size_t i = 0; i < STORE / 64; i++) {
        if (i < 10 || i >= 42) {
            give_buffer(&small[i]);
        }
    }
    ck_assert_uint_eq(arena_stats(a).regions, 32);
    large = take_buffer(22 * 64 - 8); /* only the free regions at the end make one this large */
    ck_assert_uint_le(arena_stats(a).regions, 11);
    give_buffer(&large);
    for (size_t i = 10; i < 42; i++) {
        give_buffer(&small[i]);
    }
    large = take_buffer(STORE - 8);
    give_buffer(&large);
}
END_TEST

START_TEST(a_clogged_store_says_so_and_recovers) {
    struct torc_buffer small[STORE / 64], large = TORC_BUFFER_NULL;
    for (size_t i = 0; i < STORE / 64; i++) {
        small[i] = take_buffer(56);
    }
    for (size_t i = 0; i < STORE / 64; i += 2) {
        give_buffer(&small[i]); /* half is free, nowhere more than 64 bytes together */
    }
    for (int i = 0; i < 100; i++) {
        assert_status(torc_arena_alloc(a, 57, &large), TORC_POOL_DRY);
        assert_arena(a);
    }
    for (size_t i = 0; i < STORE / 64; i += 2) {
        small[i] = take_buffer(56);
    }
    give_buffer(&small[20]);
    give_buffer(&small[21]);
    large = take_buffer(120);
    give_buffer(&large);
    for (size_t i = 0; i < STORE / 64; i++) {
        if (i != 20 && i != 21) {
            give_buffer(&small[i]);
        }
    }
}
END_TEST

/* More guards than one call looks at: a call may give up, the next ones go on from there and find the gap. */
START_TEST(a_search_is_bounded_and_goes_on) {
    enum { MANY = 4 * TORC_ARENA_SWEEP };
    struct torc_buffer *small = calloc(MANY, sizeof *small);
    struct torc_buffer found = TORC_BUFFER_NULL;
    struct torc_arena *arena = NULL;
    int calls = 1;
    assert_ok(torc_arena_create(MANY * 16, &arena));
    for (size_t i = 0; i < MANY; i++) {
        assert_ok(torc_arena_alloc(arena, 8, &small[i]));
    }
    assert_ok(torc_buffer_release(&small[MANY - 100]));
    assert_ok(torc_buffer_release(&small[MANY - 99]));
    while (torc_arena_alloc(arena, 20, &found) != TORC_OK) {
        assert_arena(arena);
        ck_assert_int_lt(calls++, 12);
    }
    ck_assert_int_gt(calls, 1);
    assert_ok(torc_buffer_release(&found));
    for (size_t i = 0; i < MANY; i++) {
        if (small[i].arena != NULL) {
            assert_ok(torc_buffer_release(&small[i]));
        }
    }
    assert_ok(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL));
    free(small);
}
END_TEST

/* Far more store than is out at one time: the ring stays in a small part of it. */
START_TEST(the_turn_follows_what_is_out) {
    enum { HELD = 64, SIZE = 1000, ROUNDS = 100000 };
    struct torc_buffer held[HELD] = {{0}};
    struct torc_arena *arena = NULL;
    size_t live = HELD * TORC_ARENA_REGION(SIZE);
    assert_ok(torc_arena_create(64 * live, &arena));
    for (int i = 0; i < ROUNDS; i++) {
        struct torc_buffer *buffer = &held[i % HELD];
        if (buffer->arena != NULL) {
            assert_ok(torc_buffer_release(buffer));
        }
        assert_ok(torc_arena_alloc(arena, SIZE, buffer));
    }
    ck_assert_uint_ge(arena_stats(arena).turn, live);
    ck_assert_uint_le(arena_stats(arena).turn, 3 * live);
    assert_arena(arena);
    for (int i = 0; i < HELD; i++) {
        assert_ok(torc_buffer_release(&held[i]));
    }
    assert_ok(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL));
}
END_TEST

/* Once much is out, then little for long: the ring comes back to a small part of the store. */
START_TEST(the_turn_shrinks_again) {
    enum { MUCH = 2000, SIZE = 1000, ROUNDS = 200000 };
    struct torc_buffer *much = calloc(MUCH, sizeof *much), little = TORC_BUFFER_NULL;
    struct torc_arena *arena = NULL;
    size_t grown;
    assert_ok(torc_arena_create(2 * MUCH * TORC_ARENA_REGION(SIZE), &arena));
    for (int i = 0; i < MUCH; i++) {
        assert_ok(torc_arena_alloc(arena, SIZE, &much[i]));
    }
    grown = arena_stats(arena).turn;
    ck_assert_uint_ge(grown, MUCH * SIZE);
    for (int i = 0; i < MUCH; i++) {
        assert_ok(torc_buffer_release(&much[i]));
    }
    for (int i = 0; i < ROUNDS; i++) {
        assert_ok(torc_arena_alloc(arena, SIZE, &little));
        assert_ok(torc_buffer_release(&little));
    }
    ck_assert_uint_le(arena_stats(arena).turn, grown / 10);
    assert_ok(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL));
    free(much);
}
END_TEST

/* --- fixed buffers ------------------------------------------------------------------------------------------ */

START_TEST(a_write_that_does_not_fit_is_short) {
    struct torc_buffer buffer = TORC_BUFFER_NULL, behind = TORC_BUFFER_NULL;
    assert_ok(torc_arena_alloc(a, 10, &buffer));
    behind = take_buffer(100);
    ck_assert_uint_eq(torc_buffer_spare(&buffer), 10);
    ck_assert_uint_eq(torc_buffer_write(&buffer, "abcdef", 6), 6);
    ck_assert_uint_eq(torc_buffer_write(&buffer, NULL, 2), 0);
    ck_assert_uint_eq(torc_buffer_write(&buffer, "ghijklmnop", 10), 4);
    ck_assert_uint_eq(torc_buffer_write(&buffer, "q", 1), 0);
    ck_assert_uint_eq(torc_buffer_advance(&buffer, SIZE_MAX), 0);
    ck_assert_uint_eq(buffer.length, 10);
    ck_assert_uint_eq(torc_buffer_spare(&buffer), 0);
    ck_assert_mem_eq(buffer.data, "abcdefghij", 10);
    torc_buffer_clear(&buffer);
    ck_assert_uint_eq(torc_buffer_advance(&buffer, 3), 3);
    ck_assert_uint_eq(torc_buffer_write(&buffer, "XYZ", 3), 3);
    ck_assert_mem_eq(buffer.data, "abcXYZghij", 10);
    assert_ok(torc_buffer_release(&buffer));
    give_buffer(&behind);
}
END_TEST

START_TEST(a_copy_released_again_is_refused) {
    struct torc_buffer buffer = take_buffer(40), copy = buffer, next;
    give_buffer(&buffer);
    assert_status(torc_buffer_release(&buffer), TORC_INVALID);
    assert_status(torc_buffer_release(&copy), TORC_STALE);
    for (int i = 0; i < 1000; i++) { /* its place is used again and again, by others */
        next = take_buffer(40);
        assert_status(torc_buffer_release(&copy), TORC_STALE);
        give_buffer(&next);
    }
    assert_status(torc_buffer_release(&copy), TORC_STALE);
}
END_TEST

START_TEST(an_overrun_is_found) {
    struct torc_buffer buffer = take_buffer(24), behind = take_buffer(24);
    unsigned char saved = buffer.data[24];
    buffer.data[24] = (unsigned char)(saved + 1); /* the first byte of the next guard */
    assert_status(torc_buffer_release(&behind), TORC_STALE);
    buffer.data[24] = saved;
    buffer.data[28] ^= 0x08;
    assert_status(torc_arena_is_valid(a), TORC_CORRUPT);
    buffer.data[28] ^= 0x08;
    give_buffer(&behind);
    give_buffer(&buffer);
}
END_TEST

/* --- threads ------------------------------------------------------------------------------------------------ */

static void *foreign(void *argument) {
    struct torc_buffer *buffer = argument, mine = TORC_BUFFER_NULL;
    struct torc_arena_stats stats;
    struct torc_arena *arena = a;
    assert_status(torc_arena_alloc_aligned(a, 1, 16, &mine), TORC_WRONG_THREAD);
    assert_status(torc_arena_is_valid(a), TORC_WRONG_THREAD);
    assert_status(torc_arena_stats(a, &stats), TORC_WRONG_THREAD);
    assert_status(torc_arena_destroy(&arena, TORC_NO_WAIT, NULL), TORC_WRONG_THREAD);
    assert_status(torc_arena_abandon(&arena), TORC_WRONG_THREAD);
    ck_assert_ptr_eq(arena, a);
    give_buffer(buffer);
    assert_ok(torc_arena_adopt(a));
    *buffer = take_buffer(70);
    return NULL;
}

START_TEST(one_thread_allocates_any_thread_releases) {
    struct torc_buffer buffer = take_buffer(50);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, foreign, &buffer), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_status(torc_arena_alloc_aligned(a, 1, 16, &(struct torc_buffer){0}), TORC_WRONG_THREAD);
    give_buffer(&buffer);
    assert_ok(torc_arena_adopt(a));
}
END_TEST

Suite *arena_suite(void) {
    Suite *suite = suite_create("arena");
    TCase *making = add_arena_case(suite, "making");
    TCase *allocating = add_arena_case(suite, "allocating");
    TCase *fixed = add_arena_case(suite, "fixed");
    tcase_add_test(making, making_one_refuses_what_cannot_be);
    tcase_add_test(making, the_callers_memory_is_enough);
    tcase_add_test(making, every_call_refuses_null);
    tcase_add_test(allocating, a_buffer_fits_exactly);
    tcase_add_test(allocating, one_word_per_buffer_is_all);
    tcase_add_test(allocating, an_empty_buffer_is_a_buffer);
    tcase_add_test(allocating, alignment_is_per_request);
    tcase_add_test(allocating, an_oversized_region_is_split);
    tcase_add_test(allocating, free_neighbours_merge_as_the_ring_walks);
    tcase_add_test(allocating, a_clogged_store_says_so_and_recovers);
    tcase_add_test(allocating, a_search_is_bounded_and_goes_on);
    tcase_add_test(allocating, the_turn_follows_what_is_out);
    tcase_add_test(allocating, the_turn_shrinks_again);
    tcase_add_test(fixed, a_write_that_does_not_fit_is_short);
    tcase_add_test(fixed, a_copy_released_again_is_refused);
    tcase_add_test(fixed, an_overrun_is_found);
    tcase_add_test(fixed, one_thread_allocates_any_thread_releases);
    return suite;
}
