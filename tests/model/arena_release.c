/* arena_release.c - buffers of an arena released by another thread, against the owner that looks for room, and against
 * one that destroys the arena: what was done with the bytes lies before what comes after, and nothing is touched that
 * is gone. */
#include "world.h"

#define SIZE 40 /* 48 with its guard */

static struct torc_arena *arena;
static struct torc_buffer buffer[2];

static void fill_buffer(struct torc_buffer *to, uint64_t number) {
    model_assert_status(torc_arena_alloc(arena, SIZE, to), TORC_OK);
    fill_number(to->data, SIZE, number);
    model_assert_equal(torc_buffer_advance(to, SIZE), SIZE);
}

/* Room for two buffers, and both are out. */
static void setup(void) {
    model_assert_status(torc_arena_create(96, &arena), TORC_OK);
    model_name(arena, "arena");
    for (uint64_t i = 0; i < 2; i++) {
        fill_buffer(&buffer[i], i);
        model_name((unsigned char *)buffer[i].data - 8, "guard%u", (unsigned)i);
    }
}

/* The defect: the buffer is looked at after it was given back. */
static void read_and_release(uint64_t i) {
    const void *data = buffer[i].data;
    if (!model_broken()) {
        model_assert_equal(number_in(data, SIZE), i);
    }
    model_assert_status(torc_buffer_release(&buffer[i]), TORC_OK);
    if (model_broken()) {
        model_assert_equal(number_in(data, SIZE), i);
    }
}
static void release_first(void) {
    read_and_release(0);
}
static void release_second(void) {
    read_and_release(1);
}

/* --- room --------------------------------------------------------------------------------------------------------- */

/* More than either region: found only when both are free, and merged. */
static void take_all(void) {
    struct torc_buffer all = TORC_BUFFER_NULL;
    int status;
    model_assert_status(torc_arena_adopt(arena), TORC_OK);
    while ((status = torc_arena_alloc(arena, 80, &all)) == TORC_POOL_DRY) {
        model_pause();
    }
    model_assert_status(status, TORC_OK);
    fill_number(all.data, 80, 7);
    model_assert_status(torc_buffer_release(&all), TORC_OK);
    model_assert_status(torc_arena_is_valid(arena), TORC_OK);
}

static void check_room(void) {
    uint64_t out = 9;
    model_assert_status(torc_arena_adopt(arena), TORC_OK);
    model_assert_status(torc_arena_destroy(&arena, TORC_NO_WAIT, &out), TORC_OK);
    model_assert_equal(out, 0);
    model_assert_equal(model_heap_live(), 0);
}

MODEL_SCENARIO(arena_release,
               .claim = "a released region is found, merged and written anew, after all that was read of it",
               .broken = "a buffer is looked at after it was given back", .setup = setup,
               .thread = {take_all, release_first, release_second}, .check = check_room, .preemptions = 3, .quick = 2);

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* It sleeps for the last release, whose thread then touches nothing that is freed. */
static void destroy(void) {
    uint64_t out = 9;
    model_assert_status(torc_arena_adopt(arena), TORC_OK);
    model_assert_status(torc_arena_destroy(&arena, TORC_FOREVER, &out), TORC_OK);
    model_assert_equal(out, 0);
}

/* Not all came back when the deadline passed: then nothing was done. */
static void destroy_impatiently(void) {
    int status;
    model_assert_status(torc_arena_adopt(arena), TORC_OK);
    status = torc_arena_destroy(&arena, torc_deadline_ms(5), NULL);
    model_assert(status == (arena == NULL ? TORC_OK : TORC_TIMED_OUT), "destroyed, or late");
}

static void abandon(void) {
    model_assert_status(torc_arena_adopt(arena), TORC_OK);
    model_assert_status(torc_arena_abandon(&arena), TORC_OK);
}

static void check_gone(void) {
    if (arena != NULL) {
        check_room();
    }
    model_assert_equal(model_heap_live(), 0);
}

MODEL_SCENARIO(arena_destroy, .claim = "a destroy wakes up at the last release and frees nothing that is in use",
               .hazards = "19", .broken = "a buffer is looked at after it was given back", .setup = setup,
               .thread = {destroy, release_first, release_second}, .check = check_gone, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(arena_destroy_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .broken = "a buffer is looked at after it was given back",
               .thread = {destroy, release_first, release_second}, .check = check_gone, .fences = true,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(arena_destroy_late, .claim = "one whose deadline passes has done nothing", .hazards = "19",
               .broken = "a buffer is looked at after it was given back", .setup = setup,
               .thread = {destroy_impatiently, release_first, release_second}, .check = check_gone, .timeouts = 1,
               .preemptions = 1);
MODEL_SCENARIO(arena_abandon, .claim = "the last release of an abandoned arena frees it, once",
               .broken = "a buffer is looked at after it was given back", .setup = setup,
               .thread = {abandon, release_first, release_second}, .check = check_gone, .preemptions = 2, .quick = 1);
