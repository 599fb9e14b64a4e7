/* arenas.c - the arena of one test: made, looked over, destroyed with nothing out. */
#include "arenas.h"

struct torc_arena *a;

void setup_arena(void) {
    assert_ok(torc_arena_create(STORE, &a));
}

void teardown_arena(void) {
    uint64_t out = 99;
    if (a != NULL) {
        assert_arena(a);
        assert_ok(torc_arena_destroy(&a, TORC_NO_WAIT, &out));
        ck_assert_uint_eq(out, 0);
        ck_assert_ptr_null(a);
    }
}

TCase *add_arena_case(Suite *suite, const char *name) {
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, setup_arena, teardown_arena);
    tcase_set_timeout(tcase, HANG);
    suite_add_tcase(suite, tcase);
    return tcase;
}

void assert_arena(struct torc_arena *arena) {
    assert_ok(torc_arena_is_valid(arena));
}

struct torc_buffer take_buffer(size_t size) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    assert_ok(torc_arena_alloc(a, size, &buffer));
    fill(buffer.data, size, (uint32_t)size);
    ck_assert_uint_eq(torc_buffer_advance(&buffer, size), size);
    return buffer;
}

void give_buffer(struct torc_buffer *buffer) {
    ck_assert(filled(buffer->data, buffer->length, (uint32_t)buffer->length));
    assert_ok(torc_buffer_release(buffer));
    ck_assert_ptr_null(buffer->arena);
}

struct torc_arena_stats arena_stats(struct torc_arena *arena) {
    struct torc_arena_stats stats;
    assert_ok(torc_arena_stats(arena, &stats));
    return stats;
}
