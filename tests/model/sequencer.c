/* sequencer.c - two threads, one lane: one order, no wake-up lost, and the fields that have a single writer are never
 * written by two. */
#include "world.h"

#include "../../src/core.h"

#include <torc/sequencer.h>

static struct torc_sequencer *sequencer;
static uint64_t placed[3]; /* by number: sequence + 1 */
static uint64_t came[4];   /* by sequence: the number */
static int status_of[3];

static void setup_lane(uint32_t entries, uint64_t filled) {
    struct torc_config config = tiny_config();
    config.lane_entries = entries;
    open_order(&config);
    w.reader = open_reader(TORC_JOIN_NEXT);
    model_assert_status(torc_sequencer_open(w.topic, NULL, &sequencer), TORC_OK);
    for (size_t i = 0; i < 3; i++) {
        placed[i] = 0;
        status_of[i] = TORC_OK;
    }
    for (size_t i = 0; i < 4; i++) {
        came[i] = 0;
    }
    for (uint64_t i = 0; i < filled; i++) {
        uint64_t number = 9;
        model_assert_status(torc_sequencer_publish(sequencer, 9, &number, 8, TORC_FOREVER, NULL), TORC_OK);
    }
}

static void setup(void) {
    setup_lane(2, 0);
}
static void setup_full(void) {
    setup_lane(2, 2);
}
/* Half a lane is history: what is found when this one is full is room for two. */
static void setup_four(void) {
    setup_lane(4, 4);
}

static void say(uint64_t number) {
    uint64_t sequence;
    status_of[number] = torc_sequencer_publish(sequencer, (uint32_t)number, &number, 8, TORC_FOREVER, &sequence);
    placed[number] = status_of[number] == TORC_OK ? sequence + 1 : 0;
}
static void say_one(void) {
    say(1);
}
static void say_two(void) {
    say(2);
}

/* In place; filled and committed when another may have published meanwhile. The defect: filled after it is
 * committed. */
static void claim_two(void) {
    struct torc_claim claim;
    model_assert_status(torc_sequencer_claim(sequencer, 2, 8, TORC_FOREVER, &claim), TORC_OK);
    if (!model_broken()) {
        fill_number(claim.data, 8, 2);
    }
    placed[2] = claim.sequence + 1;
    model_assert_status(torc_sequencer_commit(sequencer, &claim), TORC_OK);
    if (model_broken()) {
        fill_number(claim.data, 8, 2);
    }
}

static void take(uint64_t count) {
    struct torc_event event;
    while (count > 0) {
        model_assert_status(torc_next_until(w.reader, &event, TORC_FOREVER), TORC_OK);
        came[event.sequence] = number_of(&event);
        count--;
    }
    (void)torc_advance(w.reader);
}
static void take_two(void) {
    take(2);
}
static void take_four(void) {
    take(4);
}

static void close_all(void) {
    model_assert_status(torc_sequencer_close(sequencer), TORC_OK);
    close_world();
}
static void check(void) {
    model_assert(placed[1] != 0 && placed[2] != 0 && placed[1] != placed[2], "two places");
    model_assert_equal(came[placed[1] - 1], 1);
    model_assert_equal(came[placed[2] - 1], 2);
    close_all();
}

MODEL_SCENARIO(bus_sequencer, .claim = "what two threads publish has one order, and their sequences tell it",
               .hazards = "19", .broken = "a claim is filled after it was committed", .setup = setup,
               .thread = {say_one, claim_two, take_two}, .check = check, .preemptions = 1, .quick = MODEL_NOT_QUICK);
MODEL_SCENARIO(bus_sequencer_fences, .claim = "the same without membarrier", .hazards = "19",
               .broken = "a claim is filled after it was committed", .setup = setup,
               .thread = {say_one, claim_two, take_two}, .check = check, .preemptions = 2, .quick = 1, .fences = true);
MODEL_SCENARIO(bus_sequencer_full, .claim = "two that wait for space are both woken", .hazards = "4, 19",
               .setup = setup_full, .thread = {say_one, say_two, take_four}, .check = check, .preemptions = 1,
               .quick = MODEL_NONE, .fences = true);

/* Whoever sleeps passes a fence in every thread, which would do what the order of what the lock's holder has found does
 * (ROOM): here the events that were there are read by one who does not. */
static void take_what_is_there(void) {
    struct torc_event event;
    for (uint64_t taken = 0; taken < 4; taken++) {
        model_assert_status(torc_next(w.reader, &event), TORC_OK);
        model_assert_equal(number_of(&event), 9);
    }
    model_assert_status(torc_advance(w.reader), TORC_OK);
}
static void check_places(void) {
    model_assert(placed[1] != 0 && placed[2] != 0 && placed[1] != placed[2], "two places");
    close_all();
}
MODEL_SCENARIO(bus_sequencer_room, .claim = "who finds room without the lock overwrites nothing that is still read",
               .hazards = "4", .setup = setup_four, .thread = {say_one, say_two, take_what_is_there},
               .check = check_places, .preemptions = MODEL_NONE);

static void end_bus(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void check_closed(void) {
    model_assert_status(status_of[1], TORC_CLOSED);
    model_assert_status(status_of[2], TORC_CLOSED);
    close_all();
}
MODEL_SCENARIO(bus_sequencer_close, .claim = "those that wait for space learn that the bus is closed", .hazards = "20",
               .setup = setup_full, .thread = {say_one, say_two, end_bus}, .check = check_closed, .preemptions = 1,
               .quick = 1, .fences = true);
