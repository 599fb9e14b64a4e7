/* after.c - readers after other readers: nobody passes the one he is after, and nobody sleeps on when that one has
 * moved on, has left, or the bus was closed. What a reader makes of an event is plain data: without order it would be a
 * race. */
#include "world.h"

#include "../../src/core.h"

static struct torc_reader *first, *last;
static uint64_t made[8]; /* by sequence: what the first reader made of the event */
static int end_status[2];

static struct torc_reader *open_after(struct torc_reader *leader) {
    struct torc_reader_config config = {.after = &leader, .after_count = 1};
    struct torc_reader *reader;
    model_assert_status(torc_reader_open(w.topic, &config, &reader), TORC_OK);
    return reader;
}

static void open_two(uint32_t publishers) {
    struct torc_config config = tiny_config();
    config.publishers = publishers;
    config.readers = 3;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    first = open_reader(TORC_JOIN_NEXT);
    last = open_after(first);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        made[i] = 0;
    }
    end_status[0] = end_status[1] = TORC_OK;
}

static void setup(void) {
    open_two(1);
}

static void close_all(void) {
    w.reader = first;
    w.second = last;
    close_world();
}

static void publish(uint64_t count) {
    for (uint64_t i = 1; i <= count; i++) {
        model_assert_status(put(w.publisher, i, 8), TORC_OK);
    }
}
static void publish_one(void) {
    publish(1);
}
static void setup_one(void) {
    open_two(1);
    publish(1);
}
static void publish_two(void) {
    publish(2);
}
static void publish_three(void) {
    publish(3);
}

static void make(const struct torc_event *event) {
    made[event->sequence] = number_of(event) * 10;
}
static void check_made(const struct torc_event *event) {
    model_assert_equal(made[event->sequence], number_of(event) * 10);
}

/* --- awake: order, and the gate ----------------------------------------------------------------------------------- */

static void make_run(uint64_t count) {
    struct torc_event event;
    for (uint64_t taken = 0; taken < count;) {
        if (torc_next(first, &event) == TORC_OK) {
            make(&event);
            taken++;
        } else {
            model_pause();
        }
    }
    (void)torc_advance(first);
}
static void check_run(uint64_t count) {
    struct torc_event event;
    for (uint64_t taken = 0; taken < count;) {
        if (torc_next(last, &event) == TORC_OK) {
            check_made(&event);
            model_assert_equal(event.sequence, taken);
            taken++;
        } else {
            model_pause();
        }
    }
    (void)torc_advance(last);
}
static void make_two(void) {
    make_run(2);
}
static void check_two(void) {
    check_run(2);
}
static void make_three(void) {
    make_run(3);
}
static void check_three(void) {
    check_run(3);
}

static void setup_passing(void) {
    open_two(1);
    if (model_broken()) {
        torc_store_relaxed64(&reader_of(last)->after, 0);
    }
}
static void setup_ungated(void) {
    open_two(1);
    if (model_broken()) {
        (void)torc_and_release64(&publisher_of(w.publisher)->topic->record->readers,
                                 ~(UINT64_C(1) << reader_of(last)->index));
    }
}

MODEL_SCENARIO(bus_after_order, .claim = "a reader has an event when the one it is after has finished with it",
               .hazards = "8", .broken = "it is after nobody", .setup = setup_passing,
               .thread = {publish_two, make_two, check_two}, .check = close_all, .preemptions = 1, .fences = true);
MODEL_SCENARIO(bus_after_gate, .claim = "a publisher that wraps waits for the last in the chain", .hazards = "4",
               .broken = "the publisher does not count the last one in", .setup = setup_ungated,
               .thread = {publish_three, make_three, check_three}, .check = close_all, .preemptions = 1, .fences = true,
               .quick = MODEL_NOT_QUICK);

/* --- asleep ------------------------------------------------------------------------------------------------------- */

static void make_asleep(uint64_t count) {
    struct torc_event event;
    for (uint64_t i = 0; i < count; i++) {
        model_assert_status(torc_next_until(first, &event, TORC_FOREVER), TORC_OK);
        make(&event);
        if (model_broken()) {
            torc_store_relaxed32(&lane_point(bus_of(w.bus), 0)->drains, 0);
        }
    }
    (void)torc_advance(first);
}
static void check_asleep(uint64_t count) {
    struct torc_event event;
    for (uint64_t i = 0; i < count; i++) {
        model_assert_status(torc_next_until(last, &event, TORC_FOREVER), TORC_OK);
        check_made(&event);
    }
    (void)torc_advance(last);
}
static void make_one_asleep(void) {
    make_asleep(1);
}
static void make_two_asleep(void) {
    make_asleep(2);
}
static void check_one_asleep(void) {
    check_asleep(1);
}
static void check_two_asleep(void) {
    check_asleep(2);
}

MODEL_SCENARIO(bus_after_sleep, .claim = "a sleeper wakes when the one it is after has given back", .hazards = "19",
               .broken = "the mark of the sleeper is lost", .setup = setup,
               .thread = {publish_one, make_one_asleep, check_one_asleep}, .check = close_all, .preemptions = 1,
               .fences = true);
MODEL_SCENARIO(bus_after_sleep_two, .claim = "the same twice", .hazards = "19", .setup = setup,
               .thread = {publish_two, make_two_asleep, check_two_asleep}, .check = close_all, .preemptions = 1,
               .quick = MODEL_NONE, .fences = true);
MODEL_SCENARIO(bus_after_sleep_heavy, .claim = "the same with membarrier: the event is there already", .hazards = "19",
               .broken = "the mark of the sleeper is lost", .setup = setup_one,
               .thread = {make_one_asleep, check_one_asleep}, .check = close_all, .preemptions = 2, .quick = 1);

/* A lane that comes while the follower is asleep: it watches only those it knows. */
static void setup_lanes(void) {
    open_two(2);
}
static void publish_elsewhere(void) {
    struct torc_publisher *other = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(put(other, 1, 8), TORC_OK);
    model_assert_status(torc_publisher_close(other), TORC_OK);
}
MODEL_SCENARIO(bus_after_lane, .claim = "a sleeper wakes for what comes by a lane that was not there when it slept",
               .hazards = "19", .setup = setup_lanes, .thread = {publish_elsewhere, make_one_asleep, check_one_asleep},
               .check = close_all, .preemptions = MODEL_NONE, .deep = 1, .fences = true);

/* --- the one it is after leaves ----------------------------------------------------------------------------------- */

static void setup_leaving(void) {
    open_two(1);
    if (model_broken()) {
        torc_store_relaxed64(&reader_of(first)->followers, 0);
    }
}
static void leave(void) {
    model_assert_status(torc_reader_close(first), TORC_OK);
}
static void take_left(void) {
    struct torc_event event;
    model_assert_status(torc_next_until(last, &event, TORC_FOREVER), TORC_OK);
    model_assert_equal(number_of(&event), 1);
    (void)torc_advance(last);
}
static void check_left(void) {
    w.second = last;
    close_world();
}
MODEL_SCENARIO(bus_after_leave, .claim = "a sleeper goes on when the one it is after leaves", .hazards = "8, 19",
               .broken = "nobody knows who is after it", .setup = setup_leaving,
               .thread = {publish_one, leave, take_left}, .check = check_left, .preemptions = 2, .quick = 1,
               .fences = true);
MODEL_SCENARIO(bus_after_leave_heavy, .claim = "the same with membarrier: the event is there already",
               .hazards = "8, 19", .setup = setup_one, .thread = {leave, take_left}, .check = check_left,
               .preemptions = 1);

/* What it did with an event that it never gave back is there as well (LEFT). The defect: it does nothing. */
static void make_and_leave(void) {
    struct torc_event event;
    model_assert_status(torc_next(first, &event), TORC_OK);
    if (!model_broken()) {
        make(&event);
    }
    model_assert_status(torc_reader_close(first), TORC_OK);
}
MODEL_SCENARIO(bus_after_hand, .claim = "what a reader did before it left is seen by the one after it", .hazards = "8",
               .broken = "it has done nothing", .setup = setup_one, .thread = {make_and_leave, check_one_asleep},
               .check = check_left, .preemptions = 2, .fences = true);

/* In a chain of three the middle one leaves: the last is after the first from then on. */
static struct torc_reader *middle;
static void setup_chain(void) {
    struct torc_config config = tiny_config();
    config.readers = 3;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    first = open_reader(TORC_JOIN_NEXT);
    middle = open_after(first);
    last = open_after(middle);
    made[0] = 0;
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    if (model_broken()) {
        torc_store_relaxed64(&reader_of(middle)->after, 0);
    }
}
static void leave_middle(void) {
    model_assert_status(torc_reader_close(middle), TORC_OK);
}
static void make_given(void) {
    make_run(1);
}
static void check_given(void) {
    check_asleep(1);
}
MODEL_SCENARIO(bus_after_chain, .claim = "where the middle of a chain leaves, the gap closes", .hazards = "8, 19",
               .broken = "the middle one was after nobody", .setup = setup_chain,
               .thread = {make_given, leave_middle, check_given}, .check = close_all, .preemptions = 1, .fences = true);

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void publish_or_not(void) {
    int status = put(w.publisher, 1, 8);
    model_assert(status == TORC_OK || status == TORC_CLOSED, "published, or too late");
}
static void close_it(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void read_all(struct torc_reader *reader, size_t which) {
    struct torc_event event;
    int status;
    while ((status = torc_next_until(reader, &event, TORC_FOREVER)) == TORC_OK) {
        if (which == 0) {
            make(&event);
        } else {
            check_made(&event);
        }
    }
    end_status[which] = status;
}
static void publish_and_make_all(void) {
    publish_or_not();
    read_all(first, 0);
}
static void check_all(void) {
    read_all(last, 1);
}
static void check_closed(void) {
    model_assert_status(end_status[0], TORC_CLOSED);
    model_assert_status(end_status[1], TORC_CLOSED);
    close_all();
}
MODEL_SCENARIO(bus_after_close, .claim = "all in a chain read to the end and learn that it is the end", .hazards = "20",
               .setup = setup, .thread = {publish_and_make_all, close_it, check_all}, .check = check_closed,
               .preemptions = 1, .quick = MODEL_NOT_QUICK, .fences = true);
