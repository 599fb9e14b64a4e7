/* sequencer_evict.c - a shared lane with a reader that is evicted: those who wait for it go on, whoever evicts it, and
 * once it has left the lane is without a lock again. */
#include "copy_world.h"

#include <torc/sequencer.h>

static struct torc_sequencer *sequencer;
static struct came came;

static struct torc_lane *lane(void) {
    return bus_of(w.bus)->lanes;
}
static void say(uint64_t number) {
    unsigned char bytes[16];
    fill_number(bytes, sizeof bytes, number);
    model_assert_status(torc_sequencer_publish(sequencer, (uint32_t)number, bytes, sizeof bytes, TORC_FOREVER, NULL),
                        TORC_OK);
}
static void say_three(void) {
    say(3);
}
static void say_four(void) {
    say(4);
}
/* Both of the lane's entries are the reader's. The defect: its bit is in the way for ever. */
static void setup(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT,
                                        .evict_after_ns = model_broken() ? TORC_FOREVER : 0};
    struct torc_config tiny = tiny_config();
    open_order(&tiny);
    w.reader = open_copier(&config);
    model_assert_status(torc_sequencer_open(w.topic, NULL, &sequencer), TORC_OK);
    say(1);
    say(2);
}
static void check_published(void) {
    model_assert_equal(torc_lane_published(bus_of(w.bus), 0), torc_load_relaxed64(&lane()->claimed));
    model_assert_status(torc_sequencer_close(sequencer), TORC_OK);
    close_world();
}

MODEL_SCENARIO(bus_sequencer_evict, .claim = "two wait for a reader that never reads: one evicts it, and both go on",
               .hazards = "4, 19", .broken = "the reader is not evicted", .setup = setup,
               .thread = {say_three, say_four}, .check = check_published, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_sequencer_evict_fences, .claim = "the same without membarrier", .hazards = "4, 19",
               .broken = "the reader is not evicted", .setup = setup, .thread = {say_three, say_four},
               .check = check_published, .preemptions = 2, .quick = 1, .fences = true);

/* It takes what it can get, and closes: then the lane is open without the lock, for the one who comes later. */
static void take_and_close(void) {
    while (take_copy(w.reader, &came) == TORC_EVICTED) {
    }
    model_assert_equal(came.unwarned, 0);
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
    w.reader = NULL;
}
static void say_both(void) {
    say_three();
    say_four();
}
static void say_another(void) {
    say(5);
}
MODEL_SCENARIO(bus_sequencer_evict_close,
               .claim = "a reader is evicted in the middle of its read and closes: whole, and the lane opens again",
               .hazards = "1, 4", .setup = setup, .thread = {say_both, take_and_close}, .check = check_published,
               .preemptions = 1, .quick = MODEL_NOT_QUICK);
MODEL_SCENARIO(bus_sequencer_evict_three, .claim = "the same among two that publish", .hazards = "1, 4, 19",
               .setup = setup, .thread = {say_three, take_and_close, say_another}, .check = check_published,
               .preemptions = MODEL_NONE, .deep = 1, .fences = true);
