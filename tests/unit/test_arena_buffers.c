/* test_arena_buffers.c - extendable, typed and frozen buffers. */
#include "arenas.h"
#include <string.h>

static struct torc_extendable open_one(void) {
    struct torc_extendable message;
    memset(&message, 0, sizeof message);
    assert_ok(torc_arena_open(a, 16, &message));
    return message;
}

/* `length` bytes in pieces of `piece`. */
static void extend(struct torc_extendable *message, size_t length, size_t piece, uint32_t seed) {
    unsigned char bytes[STORE];
    fill(bytes, length, seed);
    for (size_t at = 0; at < length; at += piece) {
        size_t n = length - at < piece ? length - at : piece;
        ck_assert_uint_eq(torc_extend_write(message, bytes + at, n), n);
    }
}

static struct torc_buffer finish(struct torc_extendable *message) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    assert_ok(torc_extend_finish(message, &buffer));
    ck_assert_ptr_null(message->buffer.arena);
    ck_assert_uint_eq(torc_buffer_spare(&buffer), 0);
    return buffer;
}

/* --- extendable --------------------------------------------------------------------------------------------- */

START_TEST(it_grows_where_it_is) {
    struct torc_extendable message = open_one();
    const unsigned char *data = message.buffer.data;
    struct torc_buffer buffer;
    extend(&message, STORE - 8, 10, 3);
    ck_assert_ptr_eq(message.buffer.data, data);
    ck_assert_uint_eq(torc_extend_write(&message, "x", 1), 0);
    assert_arena(a);
    buffer = finish(&message);
    ck_assert(filled(buffer.data, STORE - 8, 3));
    assert_ok(torc_buffer_release(&buffer));
}
END_TEST

START_TEST(what_was_not_used_goes_back) {
    struct torc_extendable message = open_one();
    struct torc_buffer buffer, next;
    extend(&message, 300, 50, 4);
    ck_assert_uint_gt(arena_stats(a).used, TORC_ARENA_REGION(300));
    buffer = finish(&message);
    ck_assert_uint_eq(arena_stats(a).used, TORC_ARENA_REGION(300));
    next = take_buffer(10);
    ck_assert_ptr_eq(next.data, buffer.data + TORC_ARENA_REGION(300));
    ck_assert(filled(buffer.data, 300, 4));
    assert_ok(torc_buffer_release(&buffer));
    give_buffer(&next);
}
END_TEST

START_TEST(it_grows_into_a_neighbour_that_came_back) {
    struct torc_extendable message = open_one();
    const unsigned char *data = message.buffer.data;
    struct torc_buffer behind = take_buffer(500), further = take_buffer(500), buffer;
    give_buffer(&behind);
    extend(&message, 700, 100, 5);
    ck_assert_ptr_eq(message.buffer.data, data);
    assert_arena(a);
    buffer = finish(&message);
    ck_assert(filled(buffer.data, 700, 5));
    give_buffer(&further);
    assert_ok(torc_buffer_release(&buffer));
}
END_TEST

START_TEST(it_moves_where_it_cannot_grow) {
    struct torc_extendable message = open_one();
    const unsigned char *data = message.buffer.data;
    struct torc_buffer behind = take_buffer(100), buffer;
    extend(&message, 1000, 100, 6);
    ck_assert_ptr_ne(message.buffer.data, data);
    assert_arena(a);
    ck_assert_uint_eq(arena_stats(a).buffers, 2); /* where it was is free */
    buffer = finish(&message);
    ck_assert(filled(buffer.data, 1000, 6));
    give_buffer(&behind);
    assert_ok(torc_buffer_release(&buffer));
}
END_TEST

START_TEST(without_room_a_write_is_short) {
    struct torc_buffer before = take_buffer(1000), buffer;
    struct torc_extendable message = open_one();
    struct torc_buffer behind = take_buffer(2000);
    unsigned char bytes[STORE];
    size_t written;
    fill(bytes, sizeof bytes, 7);
    written = torc_extend_write(&message, bytes, 3000);
    ck_assert_uint_lt(written, 3000);
    ck_assert_uint_gt(written, 0);
    assert_status(torc_extend_reserve(&message, 3000), TORC_POOL_DRY);
    assert_status(torc_extend_reserve(&message, SIZE_MAX), TORC_TOO_BIG);
    assert_status(torc_extend_reserve(&message, 0), TORC_OK);
    ck_assert_mem_eq(message.buffer.data, bytes, written);
    buffer = finish(&message);
    ck_assert_uint_eq(buffer.length, written);
    ck_assert_mem_eq(buffer.data, bytes, written);
    assert_ok(torc_buffer_release(&buffer));
    give_buffer(&before);
    give_buffer(&behind);
}
END_TEST

START_TEST(reserved_space_can_be_filled_in_place) {
    struct torc_extendable message = open_one();
    struct torc_buffer buffer;
    assert_ok(torc_extend_reserve(&message, 2000));
    ck_assert_uint_ge(torc_buffer_spare(&message.buffer), 2000);
    fill(message.buffer.data, 2000, 8);
    ck_assert_uint_eq(torc_buffer_advance(&message.buffer, 2000), 2000);
    buffer = finish(&message);
    ck_assert(filled(buffer.data, 2000, 8));
    assert_ok(torc_buffer_release(&buffer));
}
END_TEST

START_TEST(one_is_open_at_a_time) {
    struct torc_extendable message = open_one(), second = {TORC_BUFFER_NULL, 0}, copy;
    struct torc_arena *arena = a;
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    uint64_t out = 0;
    assert_status(torc_arena_open(a, 16, &second), TORC_BUSY);
    assert_status(torc_arena_destroy(&arena, TORC_FOREVER, &out), TORC_BUSY);
    ck_assert_uint_eq(out, 1);
    copy = message;
    extend(&message, 1000, 100, 1);
    ck_assert_uint_eq(torc_extend_write(&copy, message.buffer.data, 900), 0); /* the other one grew */
    assert_status(torc_extend_finish(&copy, &buffer), TORC_STALE);
    assert_ok(torc_extend_cancel(&message));
    assert_status(torc_extend_cancel(&message), TORC_INVALID);
    assert_status(torc_extend_cancel(&copy), TORC_STALE);
    ck_assert_uint_eq(arena_stats(a).buffers, 0);
    assert_ok(torc_arena_open(a, 16, &second));
    assert_ok(torc_extend_cancel(&second));
}
END_TEST

START_TEST(extendable_calls_refuse_what_cannot_be) {
    struct torc_extendable none = {TORC_BUFFER_NULL, 0}, message;
    struct torc_buffer buffer = TORC_BUFFER_NULL, whole;
    assert_status(torc_arena_open(NULL, 16, &message), TORC_INVALID);
    assert_status(torc_arena_open(a, 16, NULL), TORC_INVALID);
    assert_status(torc_arena_open(a, 3, &message), TORC_INVALID);
    assert_status(torc_arena_open(a, 0, &message), TORC_INVALID);
    ck_assert_uint_eq(torc_extend_write(NULL, "x", 1), 0);
    ck_assert_uint_eq(torc_extend_write(&none, "x", 1), 0);
    assert_status(torc_extend_reserve(NULL, 1), TORC_INVALID);
    assert_status(torc_extend_reserve(&none, 1), TORC_INVALID);
    assert_status(torc_extend_finish(NULL, &buffer), TORC_INVALID);
    assert_status(torc_extend_finish(&none, &buffer), TORC_INVALID);
    assert_status(torc_extend_cancel(NULL), TORC_INVALID);
    assert_status(torc_extend_cancel(&none), TORC_INVALID);
    whole = take_buffer(STORE - 8);
    assert_status(torc_arena_open(a, 16, &message), TORC_POOL_DRY);
    give_buffer(&whole);
    assert_ok(torc_arena_open(a, 256, &message));
    ck_assert_uint_eq((uintptr_t)message.buffer.data % 256, 0);
    ck_assert_uint_eq(torc_extend_write(&message, NULL, 5), 0);
    assert_status(torc_extend_finish(&message, NULL), TORC_INVALID);
    buffer = finish(&message); /* empty */
    ck_assert_uint_eq(buffer.length, 0);
    assert_ok(torc_buffer_release(&buffer));
}
END_TEST

/* --- typed -------------------------------------------------------------------------------------------------- */

START_TEST(an_array_keeps_its_order) {
    static const uint32_t expected[5] = {10, 11, 99, 12, 14};
    struct torc_typed array;
    uint32_t n, got = 0;
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    assert_ok(torc_arena_typed(a, 6, sizeof n, _Alignof(uint32_t), &array));
    for (n = 10; n < 15; n++) {
        assert_ok(torc_typed_push(&array, &n));
    }
    n = 99;
    assert_ok(torc_typed_insert(&array, 2, &n)); /* 10 11 99 12 13 14 */
    assert_status(torc_typed_push(&array, &n), TORC_NO_ROOM);
    assert_status(torc_typed_insert(&array, 0, &n), TORC_NO_ROOM);
    assert_ok(torc_typed_remove(&array, 4, &got));
    ck_assert_uint_eq(got, 13);
    ck_assert_uint_eq(array.count, 5);
    ck_assert_mem_eq(array.buffer.data, expected, sizeof expected);
    ck_assert_uint_eq(*(uint32_t *)torc_typed_at(&array, 2), 99);
    assert_ok(torc_typed_swap_remove(&array, 0, &got)); /* 14 11 99 12 */
    ck_assert_uint_eq(got, 10);
    ck_assert_uint_eq(*(uint32_t *)torc_typed_at(&array, 0), 14);
    assert_ok(torc_typed_swap_remove(&array, 3, &got)); /* the last itself */
    ck_assert_uint_eq(got, 12);
    assert_ok(torc_typed_pop(&array, &got));
    ck_assert_uint_eq(got, 99);
    assert_ok(torc_typed_finish(&array, &buffer));
    ck_assert_uint_eq(buffer.length, 2 * sizeof n);
    assert_ok(torc_buffer_release(&buffer));
}
END_TEST

START_TEST(bounds_are_kept) {
    struct torc_typed array, none = {TORC_BUFFER_NULL, 0, 0, 0};
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    uint64_t n = 1;
    assert_status(torc_arena_typed(a, 1, 0, 1, &array), TORC_INVALID);
    assert_status(torc_arena_typed(a, 1, 12, 8, &array), TORC_INVALID);
    assert_status(torc_arena_typed(a, 1, 8, 0, &array), TORC_INVALID);
    assert_status(torc_arena_typed(a, 1, 24, 24, &array), TORC_INVALID);
    assert_status(torc_arena_typed(a, 1, 8, 8, NULL), TORC_INVALID);
    assert_status(torc_arena_typed(NULL, 1, 8, 8, &array), TORC_INVALID);
    assert_status(torc_arena_typed(a, SIZE_MAX / 4, 8, 8, &array), TORC_TOO_BIG);
    assert_status(torc_arena_typed(a, STORE, 8, 8, &array), TORC_TOO_BIG);
    assert_ok(torc_arena_typed(a, 3, 64, 64, &array));
    ck_assert_uint_eq((uintptr_t)array.buffer.data % 64, 0);
    assert_status(torc_typed_pop(&array, NULL), TORC_EMPTY);
    assert_status(torc_typed_remove(&array, 0, NULL), TORC_INVALID);
    assert_status(torc_typed_swap_remove(&array, 0, NULL), TORC_INVALID);
    assert_status(torc_typed_push(&array, NULL), TORC_INVALID);
    ck_assert_ptr_null(torc_typed_at(&array, 0));
    ck_assert_ptr_null(torc_typed_at(NULL, 0));
    assert_ok(torc_typed_release(&array));
    assert_status(torc_typed_release(&array), TORC_INVALID);
    assert_status(torc_typed_release(NULL), TORC_INVALID);
    assert_ok(torc_arena_typed(a, 3, 8, 8, &array));
    assert_status(torc_typed_insert(&array, 1, &n), TORC_INVALID);
    assert_ok(torc_typed_insert(&array, 0, &n));
    assert_status(torc_typed_remove(&array, 1, NULL), TORC_INVALID);
    assert_status(torc_typed_insert(&array, SIZE_MAX, &n), TORC_INVALID);
    assert_ok(torc_typed_pop(&array, NULL));
    assert_ok(torc_typed_release(&array));
    assert_status(torc_typed_push(&none, &n), TORC_INVALID);
    assert_status(torc_typed_pop(&none, &n), TORC_INVALID);
    assert_status(torc_typed_push(NULL, &n), TORC_INVALID);
    assert_status(torc_typed_finish(&none, &buffer), TORC_INVALID);
    assert_status(torc_typed_finish(NULL, &buffer), TORC_INVALID);
}
END_TEST

/* Random operations against a plain C array. */
START_TEST(an_array_against_a_model) {
    enum { MOST = 50, STEPS = 100000 };
    uint64_t model[MOST], random = 77, got = 0;
    size_t count = 0;
    struct torc_typed array;
    assert_ok(torc_arena_typed(a, MOST, sizeof model[0], 8, &array));
    for (int i = 0; i < STEPS; i++) {
        uint64_t value = random_next(&random);
        size_t index = count == 0 ? 0 : (size_t)(random_next(&random) % count);
        bool add = random_next(&random) % 2 == 0;
        if (add && count < MOST) {
            assert_ok(torc_typed_insert(&array, index, &value));
            memmove(&model[index + 1], &model[index], (count++ - index) * sizeof model[0]);
            model[index] = value;
        } else if (!add && count > 0 && value % 2 == 0) {
            assert_ok(torc_typed_remove(&array, index, &got));
            got -= model[index];
            memmove(&model[index], &model[index + 1], (--count - index) * sizeof model[0]);
        } else if (!add && count > 0) {
            assert_ok(torc_typed_swap_remove(&array, index, &got));
            got -= model[index];
            model[index] = model[--count];
        }
        if (got != 0 && !add && count > 0) {
            ck_abort_msg("step %d: another element was removed", i);
        }
        if (array.count != count || memcmp(array.buffer.data, model, count * sizeof model[0]) != 0) {
            ck_abort_msg("step %d: the array differs from the model", i);
        }
        got = 0;
    }
    assert_ok(torc_typed_release(&array));
}
END_TEST

/* --- frozen ------------------------------------------------------------------------------------------------- */

START_TEST(the_last_handle_gives_it_back) {
    struct torc_buffer buffer = take_buffer(200), copy = buffer;
    struct torc_frozen one, two, three;
    assert_ok(torc_buffer_freeze(&buffer, &one));
    ck_assert_ptr_null(buffer.arena);
    assert_status(torc_buffer_release(&copy), TORC_STALE);
    assert_ok(torc_frozen_clone(&one, &two));
    assert_ok(torc_frozen_clone(&two, &three));
    ck_assert_uint_eq(torc_frozen_count(&one), 3);
    assert_ok(torc_frozen_release(&one));
    assert_ok(torc_frozen_release(&three));
    ck_assert_uint_eq(torc_frozen_count(&two), 1);
    ck_assert_uint_eq(arena_stats(a).buffers, 1);
    ck_assert_uint_eq(two.length, 200);
    ck_assert(filled(two.data, 200, 200));
    assert_ok(torc_frozen_release(&two));
    ck_assert_uint_eq(arena_stats(a).buffers, 0);
}
END_TEST

START_TEST(frozen_calls_refuse_what_is_gone) {
    struct torc_buffer buffer = take_buffer(20), copy = buffer, next;
    struct torc_frozen frozen, old, clone, none = {NULL, NULL, 0, 0};
    assert_status(torc_buffer_freeze(NULL, &frozen), TORC_INVALID);
    assert_status(torc_buffer_freeze(&buffer, NULL), TORC_INVALID);
    assert_ok(torc_buffer_freeze(&buffer, &frozen));
    assert_status(torc_buffer_freeze(&buffer, &old), TORC_INVALID);
    assert_status(torc_buffer_freeze(&copy, &old), TORC_STALE);
    old = frozen;
    assert_ok(torc_frozen_release(&frozen));
    assert_status(torc_frozen_release(&frozen), TORC_INVALID);
    assert_status(torc_frozen_clone(&frozen, &clone), TORC_INVALID);
    for (int i = 0; i < 300; i++) {
        assert_status(torc_frozen_release(&old), TORC_STALE);
        assert_status(torc_frozen_clone(&old, &clone), TORC_STALE);
        ck_assert_uint_eq(torc_frozen_count(&old), 0);
        next = take_buffer(20);
        give_buffer(&next);
    }
    assert_status(torc_frozen_clone(NULL, &clone), TORC_INVALID);
    assert_status(torc_frozen_clone(&old, NULL), TORC_INVALID);
    assert_status(torc_frozen_clone(&none, &clone), TORC_INVALID);
    assert_status(torc_frozen_release(NULL), TORC_INVALID);
    assert_status(torc_frozen_release(&none), TORC_INVALID);
    ck_assert_uint_eq(torc_frozen_count(NULL), 0);
}
END_TEST

START_TEST(clones_are_counted_far_beyond_a_byte) {
    struct torc_buffer buffer = take_buffer(20);
    struct torc_frozen frozen, clone;
    int status = TORC_OK;
    uint64_t clones = 1;
    assert_ok(torc_buffer_freeze(&buffer, &frozen));
    while ((status = torc_frozen_clone(&frozen, &clone)) == TORC_OK) {
        clones++;
    }
    assert_status(status, TORC_REF_LIMIT);
    ck_assert_uint_eq(clones, TORC_FROZEN_LIMIT);
    ck_assert_uint_eq(torc_frozen_count(&frozen), TORC_FROZEN_LIMIT);
    assert_arena(a);
    while (clones-- > 0) {
        clone = frozen;
        status = torc_frozen_release(&clone);
        if (status != TORC_OK) {
            ck_abort_msg("release: %s", torc_status_name(status));
        }
    }
    ck_assert_uint_eq(arena_stats(a).buffers, 0);
}
END_TEST

Suite *arena_buffers_suite(void) {
    Suite *suite = suite_create("arena_buffers");
    TCase *extendable = add_arena_case(suite, "extendable");
    TCase *typed = add_arena_case(suite, "typed");
    TCase *frozen = add_arena_case(suite, "frozen");
    tcase_add_test(extendable, it_grows_where_it_is);
    tcase_add_test(extendable, what_was_not_used_goes_back);
    tcase_add_test(extendable, it_grows_into_a_neighbour_that_came_back);
    tcase_add_test(extendable, it_moves_where_it_cannot_grow);
    tcase_add_test(extendable, without_room_a_write_is_short);
    tcase_add_test(extendable, reserved_space_can_be_filled_in_place);
    tcase_add_test(extendable, one_is_open_at_a_time);
    tcase_add_test(extendable, extendable_calls_refuse_what_cannot_be);
    tcase_add_test(typed, an_array_keeps_its_order);
    tcase_add_test(typed, bounds_are_kept);
    tcase_add_test(typed, an_array_against_a_model);
    tcase_add_test(frozen, the_last_handle_gives_it_back);
    tcase_add_test(frozen, frozen_calls_refuse_what_is_gone);
    tcase_add_test(frozen, clones_are_counted_far_beyond_a_byte);
    return suite;
}
