/* keep_clone.c - an event in a slot is kept by its reader, cloned, and let go of in two threads, while the publisher
 * waits for that slot: it is used again after all three references are gone, and after all that was read by them. */
#include "world.h"

static struct torc_ringptr kept, cloned;
static torc_a32 handed;

static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 1;
    torc_store_relaxed32(&handed, 0);
    open_world(&config);
    model_assert_status(put(w.publisher, 1, 56), TORC_OK);
}

static void publish_second(void) {
    model_assert_status(put(w.publisher, 2, 56), TORC_OK);
}

static void read_through(struct torc_ringptr ptr) {
    model_assert_equal(number_in(torc_ringptr_data(ptr), torc_ringptr_length(ptr)), 1);
}

static void keep_and_clone(void) {
    struct torc_event event;
    model_assert_status(torc_next(w.reader, &event), TORC_OK);
    model_assert_status(torc_keep(w.reader, &event, &kept), TORC_OK);
    model_assert_status(torc_ringptr_clone(kept, &cloned), TORC_OK);
    torc_store_release32(&handed, 1);
    model_assert_status(torc_advance(w.reader), TORC_OK);
    read_through(kept);
    model_assert_status(torc_ringptr_release(kept), TORC_OK);
}

/* The defect: the payload is looked at after the release. */
static void release_clone(void) {
    const void *data;
    while (torc_load_acquire32(&handed) == 0) {
        model_pause();
    }
    data = torc_ringptr_data(cloned);
    read_through(cloned);
    model_assert_status(torc_ringptr_release(cloned), TORC_OK);
    if (model_broken()) {
        (void)number_in(data, 56);
    }
}

static void check(void) {
    take_run(w.reader, 2, 1);
    close_world();
}

MODEL_SCENARIO(keep_clone, .claim = "a slot is used again when its reader's handle and the clone elsewhere are gone",
               .hazards = "12, 13", .broken = "the payload is looked at after its release", .setup = setup,
               .thread = {publish_second, keep_and_clone, release_clone}, .check = check, .preemptions = MODEL_NONE,
               .deep = 1);
MODEL_SCENARIO(keep_clone_fences, .claim = "the same without membarrier", .hazards = "12, 13",
               .broken = "the payload is looked at after its release", .setup = setup,
               .thread = {publish_second, keep_and_clone, release_clone}, .check = check, .fences = true,
               .preemptions = MODEL_NONE, .deep = 1);
