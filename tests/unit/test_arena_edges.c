/* test_arena_edges.c - an arena's buffers at the edge of what their calls promise: arguments that lie in the buffer,
 * that are larger than the store, that belong to another thread. */
#include "arenas.h"
#include <pthread.h>

/* What is inserted may be in the array, before the gap or behind it. */
START_TEST(an_element_can_be_repeated) {
    static const uint32_t expected[7] = {10, 10, 20, 10, 30, 40, 40};
    struct torc_typed array;
    assert_ok(torc_arena_typed(a, 7, sizeof expected[0], _Alignof(uint32_t), &array));
    for (uint32_t n = 10; n <= 40; n += 10) {
        assert_ok(torc_typed_push(&array, &n));
    }
    assert_ok(torc_typed_insert(&array, 2, torc_typed_at(&array, 0))); /* 10 20 10 30 40 */
    assert_ok(torc_typed_insert(&array, 0, torc_typed_at(&array, 2))); /* behind the gap: it moves first */
    assert_ok(torc_typed_push(&array, torc_typed_at(&array, 5)));
    ck_assert_mem_eq(array.buffer.data, expected, sizeof expected);
    assert_ok(torc_typed_release(&array));
}
END_TEST

static struct torc_extendable open_one(void) {
    struct torc_extendable message = {TORC_BUFFER_NULL, 0};
    assert_ok(torc_arena_open(a, 16, &message));
    return message;
}

START_TEST(more_than_the_store_fills_the_store) {
    static unsigned char bytes[2 * STORE];
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    struct torc_extendable message = open_one();
    fill(bytes, sizeof bytes, 9);
    ck_assert_uint_eq(torc_extend_write(&message, bytes, sizeof bytes), STORE - 8);
    ck_assert_uint_eq(torc_extend_write(&message, bytes, 1), 0);
    assert_status(torc_extend_reserve(&message, STORE), TORC_TOO_BIG);
    assert_arena(a);
    assert_ok(torc_extend_finish(&message, &buffer));
    ck_assert_mem_eq(buffer.data, bytes, STORE - 8);
    assert_ok(torc_buffer_release(&buffer));
}
END_TEST

/* Only its owner could release it, so waiting for it would be for ever. */
START_TEST(an_open_buffer_is_not_waited_for) {
    struct torc_extendable message = open_one();
    uint64_t out = 0;
    assert_status(torc_arena_destroy(&a, TORC_FOREVER, &out), TORC_BUSY);
    ck_assert_uint_eq(out, 1);
    assert_ok(torc_extend_cancel(&message));
    assert_ok(torc_arena_destroy(&a, TORC_FOREVER, &out));
}
END_TEST

/* A thread's own arena ends with it: nobody else can own it. */
static void *take_over(void *arena) {
    assert_status(torc_arena_adopt(arena), TORC_INVALID);
    assert_status(torc_arena_alloc_aligned(arena, 1, 16, &(struct torc_buffer){0}), TORC_WRONG_THREAD);
    return NULL;
}

START_TEST(a_threads_own_arena_stays_its_own) {
    struct torc_arena *own = NULL;
    pthread_t thread;
    assert_ok(torc_arena_local_init(10000));
    assert_ok(torc_arena_local(&own));
    ck_assert_int_eq(pthread_create(&thread, NULL, take_over, own), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_arena(own);
}
END_TEST

Suite *arena_edges_suite(void) {
    Suite *suite = suite_create("arena_edges");
    TCase *edges = add_arena_case(suite, "edges");
    tcase_add_test(edges, an_element_can_be_repeated);
    tcase_add_test(edges, more_than_the_store_fills_the_store);
    tcase_add_test(edges, an_open_buffer_is_not_waited_for);
    tcase_add_test(edges, a_threads_own_arena_stays_its_own);
    return suite;
}
