/* copy_lanes.c - policies that meet: an EVICT and a LOSSY reader of one topic, two publishers. One evicts the reader
 * for the sake of its own lane; from then on the other overwrites what that reader has not read in the other lane. */
#include "copy_world.h"

static struct torc_publisher *other;
static struct torc_reader *lossy;
static struct came came[2]; /* by lane, of the reader that is evicted */
static uint64_t evictions, unwarned;

static void put_lane(struct torc_publisher *publisher, uint64_t first, uint64_t end) {
    for (uint64_t sequence = first; sequence != end; sequence++) {
        model_assert_status(put(publisher, sequence + 1, 16), TORC_OK);
    }
}

/* Both lanes are full: the second publisher cannot go on before an eviction, by whomever. */
static void setup(void) {
    struct torc_reader_config evict = {.policy = TORC_POLICY_EVICT};
    struct torc_reader_config lose = {.policy = TORC_POLICY_LOSSY};
    struct torc_config config = tiny_config();
    config.publishers = 2;
    config.readers = 2;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    other = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    w.reader = open_copier(&evict);
    lossy = open_copier(&lose);
    put_lane(w.publisher, 0, 2);
    put_lane(other, 0, 2);
    evictions = unwarned = 0;
    came[0] = came[1] = (struct came){0};
}

/* The defect: whoever goes on first does not tell the reader. */
static void publish_one(void) {
    if (model_broken()) {
        (void)torc_and_release64(&w.topic->record->readers, 0);
        torc_topic_changed(w.topic->record);
    }
    put_lane(w.publisher, 2, 3);
}
static void publish_other(void) {
    put_lane(other, 2, 3);
}

static int take_one(struct torc_reader *reader, struct came *lanes) {
    struct torc_event event;
    int status = torc_next(reader, &event);
    if (status == TORC_LAPPED) {
        lanes[event.lane].lost += event.lost;
        lanes[event.lane].next += event.lost;
        unwarned += reader == w.reader && evictions == 0;
    } else if (status == TORC_OK) {
        note_copy(&event, &lanes[event.lane]);
    }
    evictions += status == TORC_EVICTED;
    return status;
}
static void take_two(void) {
    for (int calls = 0; calls < 2; calls++) {
        (void)take_one(w.reader, came);
    }
}

static void check_sums(struct torc_reader *reader, struct came *lanes) {
    struct torc_reader_state state;
    while (take_one(reader, lanes) != TORC_EMPTY) {
    }
    model_assert_status(torc_reader_state(reader, &state), TORC_OK);
    model_assert_equal(lanes[0].next, 3);
    model_assert_equal(lanes[1].next, 3);
    model_assert_equal(state.consumed, lanes[0].events + lanes[1].events);
    model_assert_equal(state.lost, lanes[0].lost + lanes[1].lost);
    model_assert_equal(state.lag, 0);
}
static void check(void) {
    struct came lanes[2] = {{0}, {0}};
    check_sums(w.reader, came);
    model_assert_equal(evictions, torc_load_relaxed32(&reader_of(w.reader)->evicted));
    model_assert_equal(unwarned, 0);
    check_sums(lossy, lanes);
    model_assert_equal(evictions, torc_load_relaxed32(&reader_of(w.reader)->evicted));
    model_assert_status(torc_publisher_close(other), TORC_OK);
    model_assert_status(torc_reader_close(lossy), TORC_OK);
    close_world();
}

MODEL_SCENARIO(bus_copy_lanes,
               .claim = "one publisher evicts, another overwrites: each lane's losses are told, to the event",
               .hazards = "1, 4", .broken = "the reader is not told that it is evicted", .setup = setup,
               .thread = {publish_one, publish_other, take_two}, .check = check, .preemptions = 1, .quick = MODEL_NONE);
MODEL_SCENARIO(bus_copy_lanes_fences, .claim = "the same without membarrier", .hazards = "1, 4",
               .broken = "the reader is not told that it is evicted", .setup = setup,
               .thread = {publish_one, publish_other, take_two}, .check = check, .fences = true, .preemptions = 1,
               .quick = MODEL_NONE);
