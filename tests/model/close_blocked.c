/* close_blocked.c - the bus is closed on publishers that wait for room or for a slot and readers that sleep: all come
 * back with CLOSED, and what was published until then is read. */
#include "world.h"

#include "../../src/core.h"

static uint64_t published, taken;

static void setup(void) {
    struct torc_config config = tiny_config();
    published = taken = 0;
    config.slots[TORC_XS] = 1;
    open_world(&config);
}

static void publish_until_closed(size_t length) {
    int status;
    while ((status = put(w.publisher, published + 1, length)) == TORC_OK) {
        published++;
        model_assert(published < 5, "it ends");
    }
    model_assert_status(status, TORC_CLOSED);
}
static void publish_inline(void) {
    publish_until_closed(8);
}
static void publish_slots(void) {
    publish_until_closed(56);
}

/* The defect: whoever closes forgets to wake those who wait for room. */
static void close_it(void) {
    if (model_broken()) {
        torc_store_relaxed32(&lane_point(bus_of(w.bus), 0)->waiting, 0);
    }
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}

static void take_until_closed(void) {
    struct torc_event event;
    int status;
    while ((status = torc_next_until(w.reader, &event, TORC_FOREVER)) == TORC_OK) {
        model_assert_equal(number_of(&event), ++taken);
    }
    model_assert_status(status, TORC_CLOSED);
}

static void check(void) {
    if (taken == 0) {
        take_until_closed();
    }
    model_assert_equal(taken, published);
    model_assert_status(put(w.publisher, 9, 8), TORC_CLOSED);
    close_world();
}

MODEL_SCENARIO(close_room, .claim = "close wakes a publisher that waits for room", .hazards = "20",
               .broken = "an announcement is taken back before", .setup = setup, .thread = {publish_inline, close_it},
               .check = check, .preemptions = 3, .quick = 2);
MODEL_SCENARIO(close_slot, .claim = "close wakes a publisher that waits for a slot", .hazards = "20",
               .broken = "an announcement is taken back before", .setup = setup, .thread = {publish_slots, close_it},
               .check = check, .preemptions = 3, .quick = 2);
MODEL_SCENARIO(close_room_fences, .claim = "the same without membarrier", .hazards = "20", .setup = setup,
               .thread = {publish_inline, close_it}, .check = check, .fences = true, .quick = 1);

/* One event at most, so that the search ends. */
static void publish_one(void) {
    int status = put(w.publisher, 1, 8);
    model_assert(status == TORC_OK || status == TORC_CLOSED, "published, or closed");
    published += status == TORC_OK;
}
MODEL_SCENARIO(close_reader, .claim = "close against a publish and a sleeping reader: what was published is read",
               .hazards = "20", .setup = setup, .thread = {publish_one, take_until_closed, close_it}, .check = check,
               .preemptions = 1, .quick = MODEL_NONE);
MODEL_SCENARIO(close_reader_fences, .claim = "the same without membarrier", .hazards = "20", .setup = setup,
               .thread = {take_until_closed, close_it}, .check = check, .fences = true, .preemptions = 2);
MODEL_SCENARIO(close_reader_never, .claim = "a reader whose bus is never closed", .hazards = "20", .finds = "deadlock",
               .setup = setup, .thread = {publish_one, take_until_closed}, .preemptions = 1);
