/* arena_publish.c - an arena's buffer published without a copy, kept by its reader, and released for the last time
 * elsewhere: the arena's owner finds the room again, after all that was read in it. */
#include "world.h"

#define SIZE 40

static struct torc_arena *arena;
static struct torc_ringptr kept[2]; /* the reader's, and its clone */
static torc_a32 handed;

static void setup(void) {
    struct torc_config config = tiny_config();
    config.xxl = 1;
    torc_store_relaxed32(&handed, 0);
    open_world(&config);
    model_assert_status(torc_arena_create(96, &arena), TORC_OK);
    model_name(arena, "arena");
}

static struct torc_buffer take_buffer(uint64_t number) {
    struct torc_buffer buffer = TORC_BUFFER_NULL;
    int status;
    while ((status = torc_arena_alloc(arena, SIZE, &buffer)) == TORC_POOL_DRY) {
        model_pause();
    }
    model_assert_status(status, TORC_OK);
    fill_number(buffer.data, SIZE, number);
    model_assert_equal(torc_buffer_advance(&buffer, SIZE), SIZE);
    return buffer;
}

/* The second publish needs the descriptor of the first, the last allocation its place. */
static void publish_twice(void) {
    struct torc_buffer buffer[2];
    model_assert_status(torc_arena_adopt(arena), TORC_OK);
    for (uint32_t i = 0; i < 2; i++) {
        buffer[i] = take_buffer(i + 1);
    }
    for (uint32_t i = 0; i < 2; i++) {
        model_assert_status(torc_publish_arena(w.publisher, i + 1, &buffer[i]), TORC_OK);
    }
    buffer[0] = take_buffer(3);
    model_assert_status(torc_buffer_release(&buffer[0]), TORC_OK);
}

static void keep_one(void) {
    struct torc_event event;
    model_assert_status(torc_next_until(w.reader, &event, TORC_FOREVER), TORC_OK);
    model_assert_equal(number_of(&event), 1);
    model_assert_status(torc_keep(w.reader, &event, &kept[0]), TORC_OK);
    model_assert_status(torc_ringptr_clone(kept[0], &kept[1]), TORC_OK);
    model_assert_status(torc_advance(w.reader), TORC_OK);
    torc_store_release32(&handed, 1);
    model_assert_equal(number_in(torc_ringptr_data(kept[0]), SIZE), 1);
    model_assert_status(torc_ringptr_release(kept[0]), TORC_OK);
}

/* The defect: the payload is looked at after its release. */
static void release_elsewhere(void) {
    const void *data;
    while (torc_load_acquire32(&handed) == 0) {
        model_pause();
    }
    data = torc_ringptr_data(kept[1]);
    if (!model_broken()) {
        model_assert_equal(number_in(data, SIZE), 1);
    }
    model_assert_status(torc_ringptr_release(kept[1]), TORC_OK);
    if (model_broken()) {
        model_assert_equal(number_in(data, SIZE), 1);
    }
}

static void check(void) {
    uint64_t out = 9;
    take_run(w.reader, 2, 1);
    model_assert_status(torc_advance(w.reader), TORC_OK);
    model_assert_status(torc_arena_adopt(arena), TORC_OK);
    close_bus();
    model_assert_status(torc_arena_destroy(&arena, TORC_NO_WAIT, &out), TORC_OK);
    model_assert_equal(model_heap_live(), 0);
}

MODEL_SCENARIO(arena_publish, .claim = "an arena's buffer is the arena's again after the last handle, wherever that is",
               .hazards = "12, 13", .broken = "the payload is looked at after its release", .setup = setup,
               .thread = {publish_twice, keep_one, release_elsewhere}, .check = check, .preemptions = MODEL_NONE,
               .deep = 1);
MODEL_SCENARIO(arena_publish_fences, .claim = "the same without membarrier", .hazards = "12, 13",
               .broken = "the payload is looked at after its release", .setup = setup,
               .thread = {publish_twice, keep_one, release_elsewhere}, .check = check, .fences = true, .preemptions = 1,
               .quick = MODEL_NONE);
