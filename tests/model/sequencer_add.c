/* sequencer_add.c - a lane that several threads take sequences from without a lock: where it stands, and what may be
 * overwritten. */
#include "copy_world.h"

#include <string.h>
#include <torc/sequencer.h>

static struct torc_sequencer *sequencer;
static int status_of[3];
static uint64_t got[3];

static struct torc_lane *lane(void) {
    return bus_of(w.bus)->lanes;
}
static void say(uint64_t number) {
    status_of[number] = torc_sequencer_publish(sequencer, 1, &number, 8, TORC_FOREVER, NULL);
}
static void say_one(void) {
    say(1);
}
static void say_two(void) {
    say(2);
}
/* Two events of one thread, which follow from their places. */
static void say_both(void) {
    for (uint64_t i = 2; i < 4; i++) {
        unsigned char bytes[16];
        fill_number(bytes, sizeof bytes, i + 1);
        model_assert_status(torc_sequencer_publish(sequencer, (uint32_t)i + 1, bytes, sizeof bytes, TORC_FOREVER, NULL),
                            TORC_OK);
    }
}

static void setup_filled(uint64_t filled, bool read) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 2;
    open_order(&config);
    if (read) {
        w.reader = open_reader(TORC_JOIN_NEXT);
    }
    model_assert_status(torc_sequencer_open(w.topic, NULL, &sequencer), TORC_OK);
    for (uint64_t i = 0; i < 3; i++) {
        status_of[i] = TORC_OK;
        got[i] = 0;
    }
    for (uint64_t i = 0; i < filled; i++) {
        unsigned char bytes[16];
        fill_number(bytes, sizeof bytes, i + 1);
        model_assert_status(torc_sequencer_publish(sequencer, (uint32_t)i + 1, bytes, sizeof bytes, TORC_FOREVER, NULL),
                            TORC_OK);
    }
}
static void setup(void) {
    setup_filled(0, false);
}
static void setup_read(void) {
    setup_filled(0, true);
}
static void setup_read_one(void) {
    setup_filled(0, true);
    status_of[2] = TORC_CLOSED; /* it is not there */
}
static void setup_full(void) {
    setup_filled(2, false);
}
static void check(void) {
    model_assert_status(status_of[1], TORC_OK);
    model_assert_status(status_of[2], TORC_OK);
    model_assert_status(torc_sequencer_close(sequencer), TORC_OK);
    close_world();
}

/* --- the position -------------------------------------------------------------------------------------------- */

/* All below it is there, whole. The defect: what is taken counts as published. */
static uint64_t look_once(uint64_t before) {
    uint64_t position = model_broken() ? torc_load_acquire64(&lane()->claimed) : torc_lane_published(bus_of(w.bus), 0);
    model_assert(position >= before, "the position never goes back");
    for (uint64_t at = 0; at < position; at++) {
        uint64_t number;
        memcpy(&number, lane_entry_at(bus_of(w.bus), 0, at)->body.bytes, 8);
        model_assert(number == 1 || number == 2, "an event is there");
    }
    return position;
}
static void look(void) {
    (void)look_once(look_once(0));
}
static void check_position(void) {
    model_assert_equal(torc_lane_published(bus_of(w.bus), 0), 2);
    check();
}
MODEL_SCENARIO(
    bus_sequencer_position,
    .claim = "the position of a shared lane goes along the stamps: all below it is there, and it never goes back",
    .hazards = "7", .broken = "what is claimed counts as published", .setup = setup, .thread = {say_one, say_two, look},
    .check = check_position, .preemptions = 2, .quick = 1, .fences = true);

/* --- the gate ------------------------------------------------------------------------------------------------ */

/* Nobody reads: the gate is the position. The defect: somebody moves that without having seen what is below. */
static void hurry(void) {
    if (model_broken()) {
        torc_store_relaxed64(&lane()->published, torc_load_relaxed64(&lane()->claimed));
    }
}
static void say_one_more(void) {
    say(1);
    say(1);
}
static void say_two_more(void) {
    say(2);
    say(2);
}
MODEL_SCENARIO(bus_sequencer_lap, .claim = "an entry is overwritten when its event is settled, whoever finds that out",
               .hazards = "4", .broken = "the position is moved without looking at the stamps", .setup = setup_full,
               .thread = {say_one_more, say_two_more, hurry}, .check = check, .preemptions = 1, .quick = 1,
               .fences = true);

/* --- readers that copy --------------------------------------------------------------------------------------- */

/* A tombstone may stand where a thread found the reader just after it had taken a sequence. */
static void take_to_the_last(void) {
    struct torc_event event;
    for (uint64_t last = 0; last != 4;) {
        int status = torc_next(w.second, &event);
        if (status == TORC_OK) {
            model_assert(number_of(&event) > last, "in order, each once");
            last = number_of(&event);
        } else if (status == TORC_EMPTY) {
            model_pause();
        } else {
            model_assert_status(status, TORC_LAPPED);
        }
    }
}

/* The defect: the sequencer is told that nobody copies any more. */
static void join_copying(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    w.second = open_copier(&config);
    if (model_broken()) {
        struct publisher *publisher = bus_of(w.bus)->publisher[0];
        torc_publisher_copied(publisher, false);
        torc_store_release64(&publisher->hot.room, 2);
    }
    take_to_the_last();
}
MODEL_SCENARIO(
    bus_sequencer_copy,
    .claim = "a LOSSY reader joins a shared lane while a thread publishes without the lock: whole, or counted",
    .hazards = "1, 7", .broken = "the lane does not learn of the reader", .setup = setup_full,
    .thread = {say_both, join_copying}, .check = check, .preemptions = 1, .quick = MODEL_NONE, .fences = true);
MODEL_SCENARIO(bus_sequencer_copy_barrier, .claim = "the same with membarrier", .hazards = "1, 7",
               .broken = "the lane does not learn of the reader", .setup = setup_full,
               .thread = {say_both, join_copying}, .check = check, .preemptions = MODEL_NONE, .deep = 1,
               .quick = MODEL_NOT_QUICK);

/* --- the end ------------------------------------------------------------------------------------------------- */

static void end_bus(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void read_to_end(void) {
    struct torc_event event;
    while (torc_next_until(w.reader, &event, TORC_FOREVER) == TORC_OK) {
        uint64_t number;
        memcpy(&number, event.data, 8);
        got[number]++;
    }
}
/* The defect: one more is expected than was said. */
static void check_end(void) {
    for (int i = 1; i < 3; i++) {
        model_assert(status_of[i] == TORC_OK || status_of[i] == TORC_CLOSED, "published, or told that it is closed");
        model_assert_equal(got[i], (status_of[i] == TORC_OK) + (model_broken() && i == 2));
        status_of[i] = TORC_OK;
    }
    check();
}
MODEL_SCENARIO(bus_sequencer_end,
               .claim = "the bus closes among two that publish: what was published is read, and the reader ends",
               .hazards = "20", .broken = "an event more is expected", .setup = setup_read,
               .thread = {say_one, say_two, end_bus, read_to_end}, .check = check_end, .preemptions = MODEL_NONE,
               .deep = 1, .quick = MODEL_NOT_QUICK, .fences = true);
MODEL_SCENARIO(bus_sequencer_end_one, .claim = "the same with one that publishes, and membarrier", .hazards = "20",
               .broken = "an event more is expected", .setup = setup_read_one,
               .thread = {say_one, end_bus, read_to_end}, .check = check_end, .preemptions = 1, .quick = 1);

/* --- space that a stamp makes ------------------------------------------------------------------------------------- */

/* The lane is full, nobody reads, and its oldest sequence is still a claim: whoever waits for room waits for that
 * claim. */
static struct torc_claim oldest;

static void setup_open(void) {
    setup_filled(0, false);
    model_assert_status(torc_sequencer_claim(sequencer, 1, 8, TORC_FOREVER, &oldest), TORC_OK);
    memset(oldest.data, 0, 8);
    say(2);
}
static void settle_oldest(void) {
    if (!model_broken()) {
        model_assert_status(torc_sequencer_commit(sequencer, &oldest), TORC_OK);
    }
}
static void drop_oldest(void) {
    model_assert_status(torc_sequencer_abort(sequencer, &oldest), TORC_OK);
}
MODEL_SCENARIO(bus_sequencer_stamp, .claim = "a commit in a shared lane wakes who waits for room", .hazards = "8",
               .broken = "the oldest claim is never settled", .setup = setup_open, .thread = {settle_oldest, say_one},
               .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_sequencer_stamp_fences, .claim = "the same without membarrier", .hazards = "8", .setup = setup_open,
               .thread = {settle_oldest, say_one}, .check = check, .preemptions = 2, .quick = 1, .fences = true);
MODEL_SCENARIO(bus_sequencer_drop, .claim = "so does an abort", .hazards = "8", .setup = setup_open,
               .thread = {drop_oldest, say_one}, .check = check, .preemptions = 2, .quick = 1);
