/* mut_detach.c - a detach against one step of the reader's owner: the memory orders of DETACH. The thread that detaches
 * is also the publisher: as soon as the reader has left, it overwrites what the reader may have been looking at. */
#include "world.h"

static struct torc_event borrowed;

static void open_full(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
    model_assert_status(put(w.publisher, 2, 16), TORC_OK);
}

static void detach_and_overwrite(void) {
    int status = torc_reader_detach(w.reader);
    if (status == TORC_OK) {
        model_assert_status(put(w.publisher, 3, 16), TORC_OK);
        model_assert_status(put(w.publisher, 4, 16), TORC_OK);
    } else {
        model_assert_status(status, TORC_BUSY);
    }
}

static void take_one(void) {
    struct torc_event event;
    int status = torc_next(w.reader, &event);
    if (status == TORC_OK) {
        model_assert_equal(number_of(&event), 1);
    } else {
        model_assert_status(status, TORC_CLOSED);
    }
}
static void check(void) {
    (void)torc_advance(w.reader);
    model_assert_status(torc_reader_detach(w.reader), TORC_OK);
    close_world();
}
MODEL_SCENARIO(mut_detach_begin, .claim = "a read that begins finds that the reader has left, or is waited for",
               .hazards = "8", .setup = open_full, .thread = {detach_and_overwrite, take_one}, .check = check,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_detach_begin_fences, .claim = "the same without membarrier", .hazards = "8", .setup = open_full,
               .thread = {detach_and_overwrite, take_one}, .check = check, .fences = true, .preemptions = 2,
               .quick = 1);

/* It has looked before, in vain: so it begins by a way of its own. */
static void open_idle(void) {
    struct torc_config config = tiny_config();
    struct torc_event event;
    open_world(&config);
    model_assert_status(torc_next(w.reader, &event), TORC_EMPTY);
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
    model_assert_status(put(w.publisher, 2, 16), TORC_OK);
}
MODEL_SCENARIO(mut_detach_idle, .claim = "an idle read that finds its first event has left, or is waited for",
               .hazards = "8", .setup = open_idle, .thread = {detach_and_overwrite, take_one}, .check = check,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_detach_idle_fences, .claim = "the same without membarrier", .hazards = "8", .setup = open_idle,
               .thread = {detach_and_overwrite, take_one}, .check = check, .fences = true, .preemptions = 2,
               .quick = 1);

static void setup_borrowed(void) {
    open_full();
    model_assert_status(torc_next(w.reader, &borrowed), TORC_OK);
}
static void give_back(void) {
    model_assert_equal(number_of(&borrowed), 1);
    model_assert_status(torc_advance(w.reader), TORC_OK);
}
MODEL_SCENARIO(mut_detach_end, .claim = "a read that ends is over before the reader has left", .hazards = "8",
               .setup = setup_borrowed, .thread = {detach_and_overwrite, give_back}, .check = check, .preemptions = 2,
               .quick = 1);

static enum torc_action see(void *context, const struct torc_event *event) {
    (void)context;
    model_assert_equal(number_of(event), 1);
    return TORC_STOP;
}
static void poll_one(void) {
    int count = torc_poll(w.reader, see, NULL, 1);
    model_assert(count == 1 || count == TORC_CLOSED, "polled, or told to leave");
}
MODEL_SCENARIO(mut_detach_poll, .claim = "a handler is waited for", .hazards = "8", .setup = open_full,
               .thread = {detach_and_overwrite, poll_one}, .check = check, .preemptions = 2, .quick = 1);

/* The owner closes its reader in the middle of a read: the publisher that waits for room overwrites what it looked
 * at. */
static void take_and_close(void) {
    take_one();
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
}
static void publish_third(void) {
    model_assert_status(put(w.publisher, 3, 16), TORC_OK);
}
static void check_closed(void) {
    w.reader = NULL;
    close_world();
}
MODEL_SCENARIO(mut_detach_close, .claim = "a reader that closes has read before its entries are overwritten",
               .hazards = "8", .setup = open_full, .thread = {publish_third, take_and_close}, .check = check_closed,
               .preemptions = 2, .quick = 1);
