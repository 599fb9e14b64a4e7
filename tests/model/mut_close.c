/* mut_close.c - a bus closed against one publish: the reader that hears of the close has everything that was
 * published. */
#include "world.h"

#include "../../src/core.h"

static int published;
static uint64_t taken;

/* One event has come and gone: from the second on, publishing is inline. */
static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 1;
    open_world(&config);
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
    take_run(w.reader, 1, 1);
    taken = 1;
}

static void publish_inline(void) {
    published = put(w.publisher, 2, 16);
}
static void publish_in_slot(void) {
    published = put(w.publisher, 2, 56);
}

static void take_until_closed(void) {
    taken = take_to_end(w.reader, taken);
}
static void close_it(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void close_and_take(void) {
    close_it();
    take_until_closed();
}

static void check(void) {
    model_assert(published == TORC_OK || published == TORC_CLOSED, "published, or closed");
    model_assert_equal(taken, published == TORC_OK ? 2 : 1);
    close_world();
}
MODEL_SCENARIO(mut_close_inline, .claim = "who closes reads all that was published, inline events", .hazards = "20",
               .setup = setup, .thread = {publish_inline, close_and_take}, .check = check, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(mut_close_inline_fences, .claim = "the same without membarrier", .hazards = "20", .setup = setup,
               .thread = {publish_inline, close_and_take}, .check = check, .fences = true, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(mut_close_slot, .claim = "who closes reads all that was published, events in slots", .hazards = "20",
               .setup = setup, .thread = {publish_in_slot, close_and_take}, .check = check, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(mut_close_slot_fences, .claim = "the same without membarrier", .hazards = "20", .setup = setup,
               .thread = {publish_in_slot, close_and_take}, .check = check, .fences = true, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(mut_close_other, .claim = "who hears of the close reads all that was published", .hazards = "20",
               .setup = setup, .thread = {publish_inline, close_it, take_until_closed}, .check = check,
               .preemptions = 1, .quick = 1);

/* A claim that meets the close is taken back: a reader that went to sleep over it is woken. */
static void close_and_sleep(void) {
    struct torc_event event;
    int status;
    close_it();
    while ((status = torc_next_until(w.reader, &event, TORC_FOREVER)) == TORC_OK) {
        model_assert_equal(number_of(&event), ++taken);
    }
    model_assert_status(status, TORC_CLOSED);
}
MODEL_SCENARIO(mut_close_sleep, .claim = "a reader asleep over a claim that the close made void is woken",
               .hazards = "19, 20", .setup = setup, .thread = {publish_in_slot, close_and_sleep}, .check = check,
               .preemptions = 1, .quick = 1);
MODEL_SCENARIO(mut_close_sleep_fences, .claim = "the same without membarrier", .hazards = "19, 20", .setup = setup,
               .thread = {publish_in_slot, close_and_sleep}, .check = check, .fences = true, .preemptions = 2,
               .quick = 1);
