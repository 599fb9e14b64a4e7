/* bus_publish.c - one publisher, one reader, a lane of two entries: order, payload, the gate. */
#include "world.h"

static void setup(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
}

static void publish(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        model_assert_status(put(w.publisher, i, 16), TORC_OK);
    }
}

/* The defect: an event is looked at after it was given back. */
static void take_late(void) {
    struct torc_event event;
    int status;
    while ((status = torc_next(w.reader, &event)) == TORC_EMPTY) {
        model_pause();
    }
    model_assert_status(status, TORC_OK);
    model_assert_status(torc_advance(w.reader), TORC_OK);
    model_assert_equal(number_of(&event), 1);
    take_run(w.reader, 2, 2);
}

static void take(void) {
    if (model_broken()) {
        take_late();
    } else {
        take_run(w.reader, 1, 3);
    }
}

MODEL_SCENARIO(bus_publish, .claim = "events arrive whole and in order, and none is overwritten before it was read",
               .hazards = "3", .broken = "the reader gives an event back before it reads it", .setup = setup,
               .thread = {publish, take}, .check = close_world, .preemptions = MODEL_UNBOUNDED, .quick = 1);
