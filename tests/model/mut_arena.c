/* mut_arena.c - buffers of an arena given back by another thread against the end of the arena: the memory orders of GUARD and
 * RETURN. */
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
