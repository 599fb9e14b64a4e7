/* mut_shared.c - a shared lane: the memory orders of its position, of its tombstones, and of the room that a leaving
 * reader gives back. */
#include "copy_world.h"

#include <torc/sequencer.h>

static struct torc_sequencer *sequencer;

static struct torc_lane *lane(void) {
    return bus_of(w.bus)->lanes;
}
/* What stands at this sequence has its number; a tombstone has none. */
static void publish(uint64_t events) {
    for (uint64_t i = 0; i < events; i++) {
        unsigned char bytes[16];
        uint64_t number = torc_load_relaxed64(&lane()->claimed) + 1;
        fill_number(bytes, sizeof bytes, number);
        model_assert_status(
            torc_sequencer_publish(sequencer, (uint32_t)number, bytes, sizeof bytes, TORC_FOREVER, NULL), TORC_OK);
    }
}
static void publish_one(void) {
    publish(1);
}
static void publish_two(void) {
    publish(2);
}
static void open_shared(uint32_t entries, uint64_t events) {
    struct torc_config config = tiny_config();
    config.lane_entries = entries;
    config.readers = 2;
    open_order(&config);
    model_assert_status(torc_sequencer_open(w.topic, NULL, &sequencer), TORC_OK);
    publish(events);
}
static void close_shared(void) {
    model_assert_status(torc_sequencer_close(sequencer), TORC_OK);
    close_world();
}

/* --- the position: nobody publishes to an entry again, so all below it can be looked at --------------------------- */

static void setup_empty(void) {
    open_shared(4, 0);
}
static void look(void) {
    uint64_t position = torc_lane_published(bus_of(w.bus), 0);
    for (uint64_t at = 0; at < position; at++) {
        model_assert_equal(number_in(lane_entry_at(bus_of(w.bus), 0, at)->body.bytes, 16), at + 1);
    }
}
static void check_two(void) {
    model_assert_equal(torc_lane_published(bus_of(w.bus), 0), 2);
    close_shared();
}
MODEL_SCENARIO(mut_shared_position, .claim = "who finds the position raised by another finds what is below it",
               .hazards = "7", .setup = setup_empty, .thread = {publish_two, look, look}, .check = check_two,
               .preemptions = 1, .quick = 1);

/* One who has an old position finds an entry of a later lap: the position is no older than what let it be
 * overwritten. */
static void setup_full(void) {
    open_shared(2, 2);
}
static void look_behind(void) {
    uint64_t position = torc_lane_published(bus_of(w.bus), 0);
    model_assert(position <= 3, "nothing that was not published");
    model_assert(torc_load_relaxed64(&lane_entry_at(bus_of(w.bus), 0, 0)->stamp) == 1 || position != 0,
                 "what was overwritten was published");
}
static void check_lap(void) {
    model_assert_equal(torc_lane_published(bus_of(w.bus), 0), 3);
    close_shared();
}
MODEL_SCENARIO(mut_shared_lap, .claim = "the position is found where the next lap has begun", .hazards = "7",
               .setup = setup_full, .thread = {publish_one, look_behind}, .check = check_lap, .preemptions = 2,
               .quick = 1);

/* --- tombstones --------------------------------------------------------------------------------------------------- */

/* The next takes no lock, and overwrites the second. */
static void setup_over(void) {
    open_shared(4, 5);
}
static void join_and_take(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    struct came came = {0};
    w.second = open_copier(&config);
    came.next = reader_of(w.second)->lane[0].sequence;
    (void)take_copy(w.second, &came); /* not the one behind it, as if there had always been a tombstone */
}
MODEL_SCENARIO(mut_shared_skip,
               .claim = "an entry that becomes a tombstone while a reader copies what it was is whole, or is lost",
               .hazards = "1, 2", .setup = setup_over, .thread = {publish_one, join_and_take}, .check = close_shared,
               .preemptions = 1, .quick = 1, .fences = true);

/* --- room that comes back ----------------------------------------------------------------------------------------- */

static void setup_copied(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    open_shared(4, 5);
    w.second = open_copier(&config);
}
/* What is too big for any slot takes no sequence, but finds that nobody copies any more. */
static void take_and_leave(void) {
    struct came came = {.next = 1};
    struct torc_claim claim;
    (void)take_copy(w.second, &came);
    model_assert_status(torc_reader_close(w.second), TORC_OK);
    w.second = NULL;
    model_assert_status(torc_sequencer_claim(sequencer, 1, TORC_MAX_EVENT + (size_t)1, TORC_NO_WAIT, &claim),
                        TORC_TOO_BIG);
}
MODEL_SCENARIO(mut_shared_room,
               .claim = "who finds the lane open again without the lock writes after those who copied have read",
               .hazards = "2", .setup = setup_copied, .thread = {take_and_leave, publish_one}, .check = close_shared,
               .preemptions = 1, .quick = 1);
