/* gate_inline.c - two gating readers of different speed, a lane of two entries, a lap and a half: the gate is the
 * slower one's. */
#include "world.h"

#include "../../src/core.h"

static void setup(void) {
    struct torc_config config = tiny_config();
    struct torc_reader_config by_hand = {.manual_advance = 1};
    config.readers = 2;
    open_world(&config);
    model_assert_status(torc_reader_open(w.topic, &by_hand, &w.second), TORC_OK);
    if (model_broken()) {
        (void)torc_and_release64(&publisher_of(w.publisher)->topic->record->readers, ~UINT64_C(2));
    }
}

static void publish(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        model_assert_status(put(w.publisher, i, 16), TORC_OK);
    }
}

static void take_fast(void) {
    take_asleep(w.reader, 1, 3);
}

/* Both entries of the first lap are borrowed at once and looked at again before they are given back. */
static void take_a_pair(void) {
    struct torc_event event[2];
    for (uint64_t i = 0; i < 2; i++) {
        model_assert_status(torc_next_until(w.second, &event[i], TORC_FOREVER), TORC_OK);
    }
    for (uint64_t i = 0; i < 2; i++) {
        model_assert_equal(number_of(&event[i]), i + 1);
    }
    model_assert_status(torc_advance(w.second), TORC_OK);
}

MODEL_SCENARIO(gate_inline,
               .claim = "of two readers the slower is the gate: nothing is overwritten that either still reads",
               .hazards = "4, 5", .broken = "the publisher does not count the slow reader in", .setup = setup,
               .thread = {publish, take_fast, take_a_pair}, .check = close_world, .fences = true,
               .preemptions = MODEL_NONE, .deep = 1);
