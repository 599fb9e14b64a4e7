/* close_lane.c - a publisher closes while its reader is at the lane's end, and the next one takes the lane: in the same
 * topic at once, for another topic when the reader has read it to its end. No event is lost or read in the other's
 * memory. */
#include "world.h"

static struct torc_topic *other;

static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 1;
    open_world(&config);
}

static void publish_twice(void) {
    model_assert_status(put(w.publisher, 1, 56), TORC_OK);
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
    model_assert_status(torc_publisher_open(w.topic, NULL, &w.publisher), TORC_OK);
    model_assert_status(put(w.publisher, model_broken() ? 3 : 2, 8), TORC_OK);
}

static void take_two(void) {
    take_asleep(w.reader, 1, 2);
}

MODEL_SCENARIO(close_lane, .claim = "the next publisher's events follow the last one's, and none is lost between",
               .hazards = "7, 20", .broken = "one is left out", .setup = setup, .thread = {publish_twice, take_two},
               .check = close_world, .preemptions = 1, .quick = MODEL_NONE);
MODEL_SCENARIO(close_lane_fences, .claim = "the same without membarrier", .hazards = "7, 20",
               .broken = "one is left out", .setup = setup, .thread = {publish_twice, take_two}, .check = close_world,
               .fences = true, .preemptions = 2, .quick = MODEL_NOT_QUICK);

static void setup_other(void) {
    struct torc_config config = tiny_config();
    config.topics = 2;
    config.slots[TORC_XS] = 1;
    open_world(&config);
    model_assert_status(torc_topic_open(w.bus, "other", 0, &other), TORC_OK);
    model_assert_status(put(w.publisher, 1, 56), TORC_OK);
}

/* The slot is the next event's as soon as the reader is done with the lane. */
static void move_lane(void) {
    int status;
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
    while ((status = torc_publisher_open(other, NULL, &w.publisher)) == TORC_NO_ROOM) {
        model_pause();
    }
    model_assert_status(status, TORC_OK);
    model_assert_status(put(w.publisher, 2, 56), TORC_OK);
}

/* The defect: the event is looked at when the reader has said that it is done. */
static void read_to_the_end(void) {
    struct torc_event event, none;
    model_assert_status(torc_next(w.reader, &event), TORC_OK);
    if (!model_broken()) {
        model_assert_equal(number_of(&event), 1);
    }
    while (torc_next(w.reader, &none) == TORC_EMPTY) {
        struct torc_reader_state state;
        model_assert_status(torc_reader_state(w.reader, &state), TORC_OK);
        if (state.lanes == 0) {
            break;
        }
        model_pause();
    }
    if (model_broken()) {
        model_assert_equal(number_of(&event), 1);
    }
}

MODEL_SCENARIO(close_adopt, .claim = "a lane goes to another topic when its readers are done with it, its slots too",
               .hazards = "13, 20", .broken = "an event is read after the end of its lane", .setup = setup_other,
               .thread = {move_lane, read_to_the_end}, .check = close_world, .preemptions = 1);
MODEL_SCENARIO(close_adopt_fences, .claim = "the same without membarrier", .hazards = "13, 20",
               .broken = "an event is read after the end of its lane", .setup = setup_other,
               .thread = {move_lane, read_to_the_end}, .check = close_world, .fences = true, .preemptions = 2);
