/* space_room.c - a publisher that sleeps for room, a reader that gives back and goes to sleep itself: neither stays
 * asleep. */
#include "world.h"

#include "../../src/core.h"

static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 1;
    open_world(&config);
}
static void setup_wide(void) {
    struct torc_config config = tiny_config();
    config.lane_entries = 4;
    config.slots[TORC_XS] = 1;
    open_world(&config);
}

/* The defect: whoever takes an announcement back does not bump the word that its owner goes to sleep on. */
static void take_back_quietly(void) {
    if (model_broken()) {
        torc_store_relaxed32(&lane_point(bus_of(w.bus), 0)->waiting, 0);
    }
}

static void publish(uint64_t count, size_t length) {
    for (uint64_t i = 1; i <= count; i++) {
        model_assert_status(put(w.publisher, i, length), TORC_OK);
    }
}

static void take_quietly(uint64_t count) {
    struct torc_event event;
    for (uint64_t i = 1; i <= count; i++) {
        take_back_quietly();
        model_assert_status(torc_next_until(w.reader, &event, TORC_FOREVER), TORC_OK);
        model_assert_equal(number_of(&event), i);
    }
    (void)torc_advance(w.reader);
}

static void publish_inline(void) {
    publish(3, 8);
}
static void take_inline(void) {
    take_quietly(3);
}
static void publish_slots(void) {
    publish(3, 56);
}
static void take_slots(void) {
    take_quietly(3);
}

MODEL_SCENARIO(space_room, .claim = "a publisher asleep for room and a reader asleep for events wake each other",
               .hazards = "19", .broken = "an announcement is taken back without a bump", .setup = setup,
               .thread = {publish_inline, take_inline}, .check = close_world, .preemptions = 1);
MODEL_SCENARIO(space_room_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .thread = {publish_inline, take_inline}, .check = close_world, .fences = true, .quick = 1);
MODEL_SCENARIO(space_slot, .claim = "a publisher asleep for a slot and a reader asleep for events wake each other",
               .hazards = "19", .broken = "an announcement is taken back without a bump", .setup = setup_wide,
               .thread = {publish_slots, take_slots}, .check = close_world, .preemptions = 1, .quick = MODEL_NONE);
MODEL_SCENARIO(space_slot_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup_wide,
               .thread = {publish_slots, take_slots}, .check = close_world, .fences = true, .quick = MODEL_NOT_QUICK);
