/* close_drain.c - torc_bus_drain against a reader at work: back when everything was read, at the latest at its
 * deadline. */
#include "world.h"

static uint64_t taken;

static void setup(void) {
    struct torc_config config = tiny_config();
    taken = 0;
    open_world(&config);
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
}

/* `taken` is plain: what the reader did lies before the end of the drain. The defect: the last is counted too late. */
static void take_and_rest(void) {
    struct torc_event event;
    for (uint64_t i = 1; i <= 2; i++) {
        model_assert_status(torc_next(w.reader, &event), TORC_OK);
        model_assert_equal(number_of(&event), i);
        taken = model_broken() && i == 2 ? 1 : i;
    }
    model_assert_status(torc_next(w.reader, &event), TORC_EMPTY);
    if (model_broken()) {
        taken = 2;
    }
}

static void drain(void) {
    model_assert_status(torc_bus_drain(w.bus, TORC_FOREVER), TORC_OK);
    model_assert_equal(taken, 2);
}

static void drain_impatiently(void) {
    int status = torc_bus_drain(w.bus, torc_deadline_ms(5));
    model_assert(status == TORC_OK || status == TORC_TIMED_OUT, "drained, or late");
    if (status == TORC_OK) {
        model_assert_equal(taken, 2);
    }
}

MODEL_SCENARIO(close_drain, .claim = "a drain is over when all was read, not before, and no wake-up is lost",
               .hazards = "19, 20", .broken = "the reader is not done when it has given back", .setup = setup,
               .thread = {take_and_rest, drain}, .check = close_world, .preemptions = 3, .quick = 2);
MODEL_SCENARIO(close_drain_fences, .claim = "the same without membarrier", .hazards = "19, 20", .setup = setup,
               .thread = {take_and_rest, drain}, .check = close_world, .fences = true, .preemptions = 2);
MODEL_SCENARIO(close_drain_late, .claim = "a drain whose deadline passes says so, or that all was read",
               .hazards = "20", .setup = setup, .thread = {take_and_rest, drain_impatiently}, .check = close_world,
               .timeouts = 1, .preemptions = 2, .quick = 1);
