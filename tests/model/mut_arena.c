/* mut_arena.c - buffers of an arena given back by another thread against the end of the arena: the memory orders of
 * GUARD and RETURN. */
#include "model.h"

#include <torc.h>

#include <string.h>

static struct torc_arena *arena;
static struct torc_buffer buffer;
static struct torc_frozen frozen[2];

static void setup(void) {
    model_assert_equal(torc_arena_create(256, &arena), TORC_OK);
    model_assert_equal(torc_arena_alloc(arena, 16, &buffer), TORC_OK);
}
static void write_and_release(void) {
    memset(buffer.data, 1, 16);
    model_assert_equal(torc_buffer_release(&buffer), TORC_OK);
}
static void destroy(void) {
    model_assert_equal(torc_arena_adopt(arena), TORC_OK);
    model_assert_equal(torc_arena_destroy(&arena, TORC_FOREVER, NULL), TORC_OK);
}
static void abandon(void) {
    model_assert_equal(torc_arena_adopt(arena), TORC_OK);
    model_assert_equal(torc_arena_abandon(&arena), TORC_OK);
}
static void check(void) {
    model_assert(arena == NULL, "gone");
    model_assert_equal(model_heap_live(), 0);
}
MODEL_SCENARIO(mut_arena_destroy, .claim = "an arena is destroyed when its last buffer is back, and not before",
               .setup = setup, .thread = {write_and_release, destroy}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_arena_destroy_fences, .claim = "the same without membarrier", .setup = setup,
               .thread = {write_and_release, destroy}, .check = check, .fences = true, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_arena_abandon, .claim = "an abandoned arena is freed by the last buffer that comes back, once",
               .setup = setup, .thread = {write_and_release, abandon}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_arena_abandon_fences, .claim = "the same without membarrier", .setup = setup,
               .thread = {write_and_release, abandon}, .check = check, .fences = true, .preemptions = 2, .quick = 1);

static void setup_frozen(void) {
    setup();
    memset(buffer.data, 1, 16);
    model_assert_equal(torc_buffer_freeze(&buffer, &frozen[0]), TORC_OK);
    model_assert_equal(torc_frozen_clone(&frozen[0], &frozen[1]), TORC_OK);
}
static void read_and_release(uint32_t which) {
    model_assert_equal(((const unsigned char *)frozen[which].data)[0], 1);
    model_assert_equal(torc_frozen_release(&frozen[which]), TORC_OK);
}
static void release_first(void) {
    read_and_release(0);
}
static void release_second_and_destroy(void) {
    read_and_release(1);
    destroy();
}
MODEL_SCENARIO(mut_arena_frozen, .claim = "the same for a buffer with several readers", .setup = setup_frozen,
               .thread = {release_first, release_second_and_destroy}, .check = check, .preemptions = 2, .quick = 1);

/* The owner cuts buffers from the region before it and, when it sees the next one free, on into that. */
static struct torc_buffer cut[2];

static void alloc_written(struct torc_buffer *into, size_t size) {
    if (torc_arena_alloc(arena, size, into) == TORC_OK) {
        memset(into->data, 2, size);
    }
}
static void setup_ahead(void) {
    struct torc_buffer before, behind;
    memset(cut, 0, sizeof cut);
    model_assert_equal(torc_arena_create(256, &arena), TORC_OK);
    model_assert_equal(torc_arena_alloc(arena, 100, &before), TORC_OK);
    model_assert_equal(torc_arena_alloc(arena, 16, &buffer), TORC_OK);
    model_assert_equal(torc_arena_alloc(arena, 88, &behind), TORC_OK);
    model_assert_equal(torc_buffer_release(&before), TORC_OK);
    model_assert_equal(torc_arena_alloc(arena, 60, &before), TORC_OK);
    model_assert(before.data < buffer.data, "the cursor is at the start again");
    model_assert_equal(torc_buffer_release(&before), TORC_OK);
    model_assert_equal(torc_buffer_release(&behind), TORC_OK);
}
static void cut_two(void) {
    model_assert_equal(torc_arena_adopt(arena), TORC_OK);
    alloc_written(&cut[0], 16);
    alloc_written(&cut[1], 16);
}
static void check_ahead(void) {
    for (uint32_t i = 0; i < 2; i++) {
        if (cut[i].arena != NULL) {
            model_assert_equal(torc_buffer_release(&cut[i]), TORC_OK);
        }
    }
    destroy();
    check();
}
MODEL_SCENARIO(mut_arena_ahead, .claim = "a buffer is cut from a region that came back when its holder is done with it",
               .setup = setup_ahead, .thread = {write_and_release, cut_two}, .check = check_ahead, .preemptions = 2,
               .quick = 1);

/* An arena that is made, lent from and destroyed while others are at theirs, which may share its point. */
static torc_a32 lent;

static void setup_none(void) {
    arena = NULL;
    torc_store_relaxed32(&lent, 0);
}
static void make_lend_destroy(void) {
    setup();
    torc_store_release32(&lent, 1);
    model_assert_equal(torc_arena_destroy(&arena, TORC_FOREVER, NULL), TORC_OK);
}
static void release_lent(void) {
    while (torc_load_acquire32(&lent) == 0) {
        model_pause();
    }
    write_and_release();
}
static void make_another(void) {
    struct torc_arena *another;
    model_assert_equal(torc_arena_create(256, &another), TORC_OK);
    model_assert_equal(torc_arena_destroy(&another, TORC_FOREVER, NULL), TORC_OK);
}
MODEL_SCENARIO(mut_arena_made, .claim = "arenas are made and destroyed beside each other, without membarrier",
               .setup = setup_none, .thread = {make_lend_destroy, release_lent, make_another}, .check = check,
               .fences = true, .preemptions = 1, .quick = 1);

/* Whoever counts holds one of them. */
static void count_and_release(void) {
    uint64_t count = torc_frozen_count(&frozen[1]);
    model_assert(count == 1 || count == 2, "its own, and the other's while that is there");
    read_and_release(1);
    destroy();
}
MODEL_SCENARIO(mut_arena_count, .claim = "the number of handles is never less than the caller's own",
               .setup = setup_frozen, .thread = {release_first, count_and_release}, .check = check, .preemptions = 2,
               .quick = 1);
