/* detach_poll.c - a reader is detached while its handler runs, from outside and from inside, and closed afterwards: no
 * callback after the detach has returned, no use after free, and the publisher goes on. */
#include "world.h"

static torc_a32 gone, done;
static uint64_t calls;

static void setup(void) {
    struct torc_config config = tiny_config();
    torc_store_relaxed32(&gone, 0);
    torc_store_relaxed32(&done, 0);
    calls = 0;
    open_world(&config);
}

/* The third has to wait for the reader, or for its end. */
static void publish(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        model_assert_status(put(w.publisher, i, 16), TORC_OK);
    }
}
static void publish_one(void) {
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
}

static enum torc_action outside(void *context, const struct torc_event *event) {
    (void)context;
    model_assert_status(torc_load_acquire32(&gone), 0);
    model_assert_equal(number_of(event), ++calls);
    return TORC_CONTINUE;
}

static void poll_outside(void) {
    int count;
    while ((count = torc_poll(w.reader, outside, NULL, 2)) != TORC_CLOSED) {
        model_assert(count >= 0, "events, or none");
        if (count == 0) {
            model_pause();
        }
    }
    torc_store_release32(&done, 1);
}

/* Never TORC_BUSY: a handler is waited for, unless the borrow is between two looks of torc_poll. The defect: the reader
 * is closed while its owner still uses it. */
static void detach_and_close(void) {
    if (torc_reader_detach(w.reader) == TORC_OK) {
        torc_store_release32(&gone, 1);
    }
    while (!model_broken() && torc_load_acquire32(&done) == 0) {
        model_pause();
    }
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
}

static void check_closed(void) {
    w.reader = NULL;
    close_world();
}

MODEL_SCENARIO(detach_poll, .claim = "no handler runs after a detach from another thread; close frees nothing in use",
               .hazards = "8", .broken = "the reader is closed while its owner polls", .setup = setup,
               .thread = {publish_one, poll_outside, detach_and_close}, .check = check_closed,
               .preemptions = MODEL_NONE, .deep = 1);
MODEL_SCENARIO(detach_poll_fences, .claim = "the same without membarrier, and the publisher that waits goes on",
               .hazards = "8", .broken = "the reader is closed while its owner polls", .setup = setup,
               .thread = {publish, poll_outside, detach_and_close}, .check = check_closed, .fences = true,
               .preemptions = MODEL_NONE, .deep = 1, .quick = MODEL_NOT_QUICK);

static enum torc_action inside(void *context, const struct torc_event *event) {
    (void)context;
    model_assert_equal(number_of(event), ++calls);
    if (calls == 1 && !model_broken()) {
        model_assert_status(torc_reader_detach(w.reader), TORC_OK);
        model_assert_status(torc_reader_close(w.reader), TORC_WRONG_THREAD);
    }
    return TORC_CONTINUE;
}

static void poll_inside(void) {
    int count;
    while ((count = torc_poll_until(w.reader, inside, NULL, 2, TORC_FOREVER)) > 0) {
    }
    model_assert_status(count, TORC_CLOSED);
    model_assert_equal(calls, 1);
}

MODEL_SCENARIO(detach_inside, .claim = "a handler that detaches its own reader is the last; the publisher goes on",
               .hazards = "8", .broken = "it does not detach", .setup = setup, .thread = {publish, poll_inside},
               .check = close_world, .preemptions = 1);
