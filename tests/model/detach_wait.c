/* detach_wait.c - a reader that only waits is detached: nothing is borrowed, so the detacher must never take it for a
 * borrow, however long the waiting thread is kept from going on while it leaves. */
#include "world.h"

static void setup(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
    if (model_broken()) {
        model_assert_status(put(w.publisher, 1, 16), TORC_OK);
    }
}

/* The defect: it has a borrow. */
static void wait_for_it(void) {
    struct torc_event event;
    if (model_broken() && torc_next(w.reader, &event) == TORC_OK) {
        model_pause();
    }
    model_assert_status(torc_wait_readable(w.reader, TORC_FOREVER), TORC_CLOSED);
}

static void detach(void) {
    model_assert_status(torc_reader_detach(w.reader), TORC_OK);
}

static void check(void) {
    struct torc_event event;
    model_assert_status(torc_next(w.reader, &event), TORC_CLOSED);
    close_world();
}

MODEL_SCENARIO(detach_wait, .claim = "detaching a reader that waits answers OK: it has no borrow", .hazards = "8",
               .broken = "it has a borrow", .setup = setup, .thread = {wait_for_it, detach}, .check = check,
               .impatience = 2, .quick = 1);
MODEL_SCENARIO(detach_wait_fences, .claim = "the same without membarrier", .hazards = "8", .broken = "it has a borrow",
               .setup = setup, .thread = {wait_for_it, detach}, .check = check, .impatience = 2, .fences = true,
               .quick = 1);
