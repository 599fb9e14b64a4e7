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

static void take(void) {
    take_run(w.reader, 1, 3);
}

MODEL_SCENARIO(bus_publish, .claim = "events arrive whole and in order, and none is overwritten before it was read",
               .hazards = "3", .setup = setup, .thread = {publish, take}, .check = close_world, .preemptions = 2);
