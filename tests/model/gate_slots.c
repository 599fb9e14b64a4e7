/* gate_slots.c - a pool smaller than the lane: slots are reaped behind the slower of two readers while the lane has
 * room. */
#include "world.h"

#include "../../src/core.h"

#define IN_SLOT 56

static void setup(void) {
    struct torc_config config = tiny_config();
    config.readers = 2;
    config.lane_entries = 4;
    config.slots[TORC_XS] = 2;
    open_world(&config);
    w.second = open_reader(TORC_JOIN_NEXT);
    if (model_broken()) {
        (void)torc_and_release64(&publisher_of(w.publisher)->topic->record->readers, ~UINT64_C(2));
    }
}

static void publish(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        model_assert_status(put(w.publisher, i, IN_SLOT), TORC_OK);
    }
}

static void take_first(void) {
    take_asleep(w.reader, 1, 3);
}

static void take_second(void) {
    take_asleep(w.second, 1, 3);
}

MODEL_SCENARIO(gate_slots, .claim = "a slot is reaped when both readers have passed it, not before",
               .hazards = "4, 5, 13", .broken = "the publisher does not count one reader in", .setup = setup,
               .thread = {publish, take_first, take_second}, .check = close_world, .fences = true,
               .preemptions = MODEL_NONE, .deep = 1, .quick = MODEL_NOT_QUICK);
