/* close_halt.c - the bus is halted on a publisher that waits for room, a reader that sleeps and a drain: all come back
 * with CLOSED, and no slot is lost; what the reader got until then is a beginning of what was published. */
#include "world.h"

#include "../../src/core.h"

static uint64_t published, taken;
static int drain_said;

static void setup(void) {
    struct torc_config config = tiny_config();
    published = taken = 0;
    drain_said = TORC_EMPTY;
    config.slots[TORC_XS] = 1;
    open_world(&config);
}

static void publish_until_closed(void) {
    int status;
    while ((status = put(w.publisher, published + 1, 8)) == TORC_OK) {
        published++;
        model_assert(published < 5, "it ends");
    }
    model_assert_status(status, TORC_CLOSED);
}

/* The defect: as close_blocked.c's, the announcement of whoever waits for room is taken back before. */
static void halt(void) {
    if (model_broken()) {
        torc_store_relaxed32(&lane_point(bus_of(w.bus), 0)->waiting, 0);
    }
    model_assert_status(torc_bus_halt(w.bus), TORC_OK);
}

/* The defect: halted, but the reader was not told. */
static void halt_deaf(void) {
    model_assert_status(torc_bus_halt(w.bus), TORC_OK);
    if (model_broken()) {
        torc_store_release32(&reader_of(w.reader)->closing, 0);
    }
}

static void take_until_closed(void) {
    struct torc_event event;
    int status;
    while ((status = torc_next_until(w.reader, &event, TORC_FOREVER)) == TORC_OK) {
        model_assert_equal(number_of(&event), ++taken);
    }
    model_assert_status(status, TORC_CLOSED);
    model_assert_status(torc_next(w.reader, &event), TORC_CLOSED);
}

static void publish_slot(void) {
    int status = put(w.publisher, 1, 56);
    model_assert(status == TORC_OK || status == TORC_CLOSED, "published, or closed");
    published += status == TORC_OK;
}

static void drain(void) {
    drain_said = torc_bus_drain(w.bus, TORC_FOREVER);
}

static void check(void) {
    struct torc_event event;
    model_assert(taken <= published, "nothing came that was not published");
    model_assert_status(put(w.publisher, 9, 8), TORC_CLOSED);
    model_assert_status(torc_next(w.reader, &event), TORC_CLOSED);
    model_assert_status(torc_bus_drain(w.bus, TORC_FOREVER), TORC_CLOSED);
    model_assert_equal(torc_bus_state(w.bus), TORC_BUS_CLOSED);
    close_world();
}

static void one_published(void) {
    setup();
    model_assert_status(put(w.publisher, ++published, 56), TORC_OK);
}
static void check_drain(void) {
    model_assert_status(drain_said, TORC_CLOSED);
    check();
}

MODEL_SCENARIO(close_halt_room, .claim = "halt wakes a publisher that waits for room", .hazards = "20",
               .broken = "an announcement is taken back before", .setup = setup, .thread = {publish_until_closed, halt},
               .check = check, .preemptions = 3, .quick = 2);
MODEL_SCENARIO(close_halt_reader, .claim = "halt against a publish and a sleeping reader", .hazards = "20",
               .broken = "the reader is not told", .setup = setup, .thread = {take_until_closed, halt_deaf},
               .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(close_halt_all, .claim = "the same with an event in a slot on its way: no slot is lost",
               .hazards = "20, 22", .setup = setup, .thread = {publish_slot, take_until_closed, halt}, .check = check,
               .preemptions = 1, .quick = MODEL_NOT_QUICK);
MODEL_SCENARIO(close_halt_drain, .claim = "a drain that is halted says CLOSED", .hazards = "20", .setup = one_published,
               .thread = {drain, halt}, .check = check_drain, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(close_halt_fences, .claim = "a publisher and halt without membarrier", .hazards = "20", .setup = setup,
               .thread = {publish_until_closed, halt}, .check = check, .fences = true, .preemptions = 2, .quick = 1);
