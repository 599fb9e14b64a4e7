/* mut_drain.c - a drain meets a lane that a new publisher takes up for another topic (LANES): it must not wait for a
 * reader whose cursor there is one of long ago. */
#include "world.h"

static struct torc_topic *other;

/* Published, closed, read to its end. */
static void end_lane(void) {
    struct torc_event event;
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
    w.publisher = NULL;
    take_run(w.reader, 1, 1);
    model_assert_status(torc_next(w.reader, &event), TORC_EMPTY); /* the lane is read to its end */
}
static void setup(void) {
    struct torc_config config = tiny_config();
    config.topics = 2;
    config.readers = 2;
    open_world(&config);
    model_assert_status(torc_topic_open(w.bus, "u", 0, &other), TORC_OK);
    model_assert_status(torc_reader_open(other, NULL, &w.second), TORC_OK);
    end_lane();
}
static void open_elsewhere(void) {
    model_assert_status(torc_publisher_open(other, NULL, &w.publisher), TORC_OK);
}
static void drain(void) {
    model_assert_status(torc_bus_drain(w.bus, TORC_FOREVER), TORC_OK);
}
MODEL_SCENARIO(mut_drain_open, .claim = "a lane taken up for another topic does not hold up a drain", .hazards = "19",
               .setup = setup, .thread = {open_elsewhere, drain}, .check = close_world, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_drain_open_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .thread = {open_elsewhere, drain}, .check = close_world, .fences = true, .preemptions = 2, .quick = 1);

/* Beside it a lane that holds the drain up: the first look ends there, the one behind the barrier meets the lane that
 * comes. */
static struct torc_publisher *beside;

static void setup_beside(void) {
    struct torc_config config = tiny_config();
    config.topics = 2;
    config.publishers = 2;
    config.readers = 2;
    open_world(&config);
    beside = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(torc_topic_open(w.bus, "u", 0, &other), TORC_OK);
    model_assert_status(torc_reader_open(other, NULL, &w.second), TORC_OK);
    end_lane();
    model_assert_status(put(beside, 2, 8), TORC_OK);
}
static void take_second(void) {
    take_run(w.reader, 2, 1);
    model_assert_status(torc_advance(w.reader), TORC_OK);
}
static void check_beside(void) {
    model_assert_status(torc_publisher_close(beside), TORC_OK);
    close_world();
}
MODEL_SCENARIO(mut_drain_beside, .claim = "the same while another lane is read", .hazards = "19", .setup = setup_beside,
               .thread = {open_elsewhere, drain, take_second}, .check = check_beside, .fences = true, .preemptions = 2,
               .quick = 2);
