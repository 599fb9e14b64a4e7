/* order_open.c - a topic of total order: two open its sequencer, publish, and close it, at the same time. Whoever is
 * first or last, there is one lane, and both events are in it. */
#include "world.h"

#include "../../src/core.h"

#include <torc/sequencer.h>

static uint64_t placed[3]; /* by number: the sequence */

static void setup(void) {
    struct torc_config config = tiny_config();
    config.publishers = 2;
    open_order(&config);
    w.reader = open_reader(TORC_JOIN_NEXT);
}

static void visit(uint64_t number) {
    struct torc_sequencer *sequencer;
    model_assert_status(torc_sequencer_open(w.topic, NULL, &sequencer), TORC_OK);
    model_assert_status(torc_sequencer_publish(sequencer, (uint32_t)number, &number, 8, TORC_FOREVER, &placed[number]),
                        TORC_OK);
    model_assert_status(torc_sequencer_close(sequencer), TORC_OK);
}

/* The defect: a lane of one's own, past the sequencer. */
static void publish_past(uint64_t number) {
    struct publisher *own = NULL;
    model_assert_status(torc_publisher_make(w.topic, NULL, &own), TORC_OK);
    (void)pthread_mutex_lock(&bus_of(w.bus)->lock);
    model_assert_status(torc_publisher_begin(own), TORC_OK);
    (void)pthread_mutex_unlock(&bus_of(w.bus)->lock);
    placed[number] = torc_publisher_sequence(&own->hot);
    model_assert_status(torc_publish(&own->hot, (uint32_t)number, &number, 8), TORC_OK);
    model_assert_status(torc_publisher_close(&own->hot), TORC_OK);
}
static void visit_one(void) {
    visit(1);
}
static void visit_two(void) {
    (model_broken() ? publish_past : visit)(2);
}

static void check(void) {
    struct torc_event event[2];
    for (int i = 0; i < 2; i++) {
        model_assert_status(torc_next(w.reader, &event[i]), TORC_OK);
        model_assert(number_of(&event[i]) == 1 || number_of(&event[i]) == 2, "one of the two");
        model_assert_equal(event[i].sequence, placed[number_of(&event[i])]);
    }
    model_assert_equal(event[0].lane, event[1].lane);
    model_assert_equal(event[0].sequence + 1, event[1].sequence);
    model_assert_equal(w.topic->sequencers, 0);
    model_assert(w.topic->sequencer == NULL, "the last one closes it");
    close_world();
}

MODEL_SCENARIO(bus_order_open,
               .claim = "a topic of total order has one lane, whoever opens it first and closes it last",
               .hazards = "20", .broken = "one opens a lane of its own", .setup = setup,
               .thread = {visit_one, visit_two}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_order_open_fences, .claim = "the same without membarrier", .hazards = "20",
               .broken = "one opens a lane of its own", .setup = setup, .thread = {visit_one, visit_two},
               .check = check, .preemptions = 2, .quick = 1, .fences = true);
