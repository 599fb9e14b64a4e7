/* copy_types.c - CONFLATE per type: the newest event of each type, whole, and a count of those that it replaced; what
 * was overwritten unseen is told apart. Event `sequence` has the number sequence + 1 and one of two types. */
#include "copy_world.h"

#define IN_SLOT 64u

static uint64_t came, lost;
static uint64_t newest[2]; /* by type: sequence + 1 */

static void say(uint64_t first, uint64_t end, size_t length) {
    for (uint64_t sequence = first; sequence != end; sequence++) {
        unsigned char bytes[IN_SLOT];
        fill_number(bytes, length, sequence + 1);
        model_assert_status(torc_publish(w.publisher, (uint32_t)sequence % 2, bytes, length), TORC_OK);
    }
}

static void open_types(uint32_t entries, uint32_t types, size_t length) {
    struct torc_reader_config config = {.policy = TORC_POLICY_CONFLATE, .conflate_types = types};
    open_copied(entries, 2);
    w.reader = open_copier(&config);
    came = lost = newest[0] = newest[1] = 0;
    say(0, 1, length);
}

/* The defect: what an event replaced is not counted. */
static int take_one(void) {
    struct torc_event event;
    int status = torc_next(w.reader, &event);
    if (status == TORC_OK) {
        model_assert_equal(number_in(event.data, event.length), event.sequence + 1);
        model_assert_equal(event.type, event.sequence % 2);
        model_assert(newest[event.type] <= event.sequence, "those of one type come in order");
        newest[event.type] = event.sequence + 1;
        came++;
    }
    lost += status == TORC_LAPPED || !model_broken() ? event.lost : 0;
    return status;
}

static void take_until(uint64_t end) {
    while (came + lost < end) {
        int status = take_one();
        model_assert(status == TORC_OK || status == TORC_LAPPED || status == TORC_EMPTY, "an event, a loss or nothing");
        if (status == TORC_EMPTY) {
            model_pause();
        }
    }
}

static void check_sums(uint64_t end) {
    struct torc_reader_state state;
    model_assert_equal(came + lost, end);
    model_assert_status(take_one(), TORC_EMPTY);
    model_assert_status(torc_reader_state(w.reader, &state), TORC_OK);
    model_assert_equal(state.consumed, came);
    model_assert_equal(state.lost, lost);
    model_assert_equal(state.lag, 0);
    close_world();
}

/* --- inline, lapped at any point ---------------------------------------------------------------------------------- */

static void setup_inline(void) {
    open_types(2, 2, 16);
}
static void publish_inline(void) {
    say(1, 4, 16);
}
static void take_four(void) {
    take_until(4);
}
static void check_four(void) {
    model_assert(newest[0] == 3 && newest[1] == 4, "the newest of each type came last");
    check_sums(4);
}
MODEL_SCENARIO(bus_copy_types,
               .claim = "each event is whole and says how many of its type it replaced; the last ones come",
               .hazards = "1", .broken = "the reader does not count what was replaced", .setup = setup_inline,
               .thread = {publish_inline, take_four}, .check = check_four, .preemptions = 2, .quick = 1);

/* --- in slots: two of them, one of which it may hold back --------------------------------------------------------- */

static void setup_slots(void) {
    open_types(4, 2, IN_SLOT);
}
static void publish_slots(void) {
    say(1, 4, IN_SLOT);
}
/* Once, and never again while the publisher runs: that must find a slot all the same. */
static void take_and_stay_away(void) {
    (void)take_one();
}
static void check_slots(void) {
    while (take_one() != TORC_EMPTY) {
    }
    model_assert_equal(newest[1], 4);
    check_sums(4);
}
MODEL_SCENARIO(bus_copy_types_slots, .claim = "what it holds back is whole, and a publisher never waits for it",
               .hazards = "1, 12, 13", .setup = setup_slots, .thread = {publish_slots, take_and_stay_away},
               .check = check_slots, .preemptions = 2, .quick = 1);

/* --- asleep, one type too many ------------------------------------------------------------------------------------ */

static void setup_sleep(void) {
    open_types(4, 1, 16);
}
static void publish_two(void) {
    say(1, 3, 16);
}
static void wait_for_three(void) {
    while (came + lost < 3) {
        int status = torc_wait_readable(w.reader, TORC_FOREVER);
        model_assert_status(status, TORC_OK);
        (void)take_one();
    }
}
static void check_three(void) {
    check_sums(3);
}
MODEL_SCENARIO(bus_copy_types_sleep,
               .claim = "one that waits for a place for a type is woken by nothing else than events", .hazards = "19",
               .setup = setup_sleep, .thread = {publish_two, wait_for_three}, .check = check_three, .preemptions = 1,
               .quick = 1, .fences = true);
