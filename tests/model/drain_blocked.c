/* drain_blocked.c - torc_bus_drain on an open bus whose publisher waits for room: it ends when all that was published
 * before it is read, whether or not the publisher goes on meanwhile, and holds up neither. Where nobody reads, its
 * deadline ends it. */
#include "world.h"

static uint64_t last; /* of those that the drain waits for at least, when it was read */

/* The lane is full. */
static void setup(void) {
    struct torc_config config = tiny_config();
    last = 0;
    open_world(&config);
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
}
static void publish_third(void) {
    model_assert_status(put(w.publisher, 3, 8), TORC_OK);
}

/* `last` is plain: that it was set lies before the end of the drain. The defect: it is set too late. */
static void take_three(void) {
    struct torc_event event;
    for (uint64_t i = 1; i <= 2; i++) {
        model_assert_status(torc_next(w.reader, &event), TORC_OK);
        model_assert_equal(number_of(&event), i);
    }
    last = model_broken() ? 0 : 2;
    model_assert_status(torc_advance(w.reader), TORC_OK);
    if (model_broken()) {
        last = 2;
    }
    take_asleep(w.reader, 3, 1);
}
static void drain(void) {
    model_assert_status(torc_bus_drain(w.bus, TORC_FOREVER), TORC_OK);
    model_assert_equal(last, 2);
}
static void drain_and_take(void) {
    model_assert_status(torc_bus_drain(w.bus, torc_deadline_ms(5)), TORC_TIMED_OUT);
    take_asleep(w.reader, 1, 3);
}

MODEL_SCENARIO(drain_blocked, .claim = "a drain beside a publisher that waits for room ends, and so does that wait",
               .hazards = "19, 20", .broken = "the last is counted too late", .setup = setup,
               .thread = {publish_third, take_three, drain}, .check = close_world, .preemptions = MODEL_NONE,
               .deep = 1);
MODEL_SCENARIO(drain_blocked_fences, .claim = "the same without membarrier", .hazards = "19, 20",
               .broken = "the last is counted too late", .setup = setup, .thread = {publish_third, take_three, drain},
               .check = close_world, .fences = true, .preemptions = 1, .quick = MODEL_NONE);
MODEL_SCENARIO(drain_blocked_late, .claim = "a drain that nobody reads for ends at its deadline, and the wait goes on",
               .hazards = "19, 20", .setup = setup, .thread = {publish_third, drain_and_take}, .check = close_world,
               .timeouts = 1, .preemptions = 2, .quick = 1);
