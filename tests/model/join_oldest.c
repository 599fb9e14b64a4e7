/* join_oldest.c - a gating reader joins at OLDEST at every point of a publisher's work, on a lane that wraps: from
 * where it begins it reads everything, whole, and the publisher waits for it. */
#include "world.h"

#include "../../src/core.h"

#define LAST 4

static uint64_t next;

static void setup_first(size_t length) {
    struct torc_config config = tiny_config();
    config.readers = 2;
    config.slots[TORC_XS] = 2;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(put(w.publisher, 1, length), TORC_OK);
    model_assert_status(put(w.publisher, 2, length), TORC_OK);
    next = 0;
}
static void setup_inline(void) {
    setup_first(8);
}
static void setup_slots(void) {
    setup_first(56);
}

static void publish_inline(void) {
    model_assert_status(put(w.publisher, 3, 8), TORC_OK);
    model_assert_status(put(w.publisher, 4, 8), TORC_OK);
}
static void publish_slots(void) {
    model_assert_status(put(w.publisher, 3, 56), TORC_OK);
    model_assert_status(put(w.publisher, 4, 56), TORC_OK);
}

/* The defect: it does not count as a reader. */
static void join_and_read(void) {
    struct torc_event event;
    w.reader = open_reader(TORC_JOIN_OLDEST);
    if (model_broken()) {
        (void)torc_and_release64(&w.topic->record->readers, 0);
        torc_topic_changed(w.topic->record);
    }
    while (next <= LAST) {
        uint64_t number;
        model_assert_status(torc_next_until(w.reader, &event, TORC_FOREVER), TORC_OK);
        number = number_of(&event);
        model_assert(next == 0 ? number >= 1 && number <= LAST : number == next, "none is left out");
        next = number + 1;
        if (number == LAST) {
            break;
        }
    }
    (void)torc_advance(w.reader);
}

MODEL_SCENARIO(join_oldest, .claim = "a gating reader that joins at OLDEST reads all from where it begins",
               .hazards = "5, 7", .broken = "it is not counted in", .setup = setup_inline,
               .thread = {publish_inline, join_and_read}, .check = close_world, .preemptions = 1, .quick = 1);
MODEL_SCENARIO(join_oldest_slots, .claim = "the same with payloads in slots", .hazards = "5, 7, 13",
               .broken = "it is not counted in", .setup = setup_slots, .thread = {publish_slots, join_and_read},
               .check = close_world, .preemptions = 1, .quick = MODEL_NONE, .deep = 2);
MODEL_SCENARIO(join_oldest_fences, .claim = "the same without membarrier", .hazards = "5, 7",
               .broken = "it is not counted in", .setup = setup_slots, .thread = {publish_slots, join_and_read},
               .check = close_world, .fences = true, .preemptions = 2, .quick = 1);
