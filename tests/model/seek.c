/* seek.c - joins at LAST and AT, and readers that are put somewhere else, while a publisher wraps: the place is exactly
 * what was asked for or reported, and from it on everything comes, whole. Event `sequence` has the number sequence +
 * 1. */
#include "copy_world.h"

static struct torc_position at;
static uint64_t begun; /* where the reader began */
static struct came came;

static void open_lane(uint64_t published, uint32_t slots, size_t length) {
    open_copied(2, slots);
    w.reader = open_reader(TORC_JOIN_NEXT);
    came = (struct came){.next = 0};
    for (uint64_t i = 0; i < published; i++) {
        put_run(i, i + 1, length);
        take_run(w.reader, i + 1, 1);
        model_assert_status(torc_advance(w.reader), TORC_OK);
    }
}
/* All passed; half the lane, one entry, is history. */
static void setup(void) {
    open_lane(2, 0, 16);
}
static void setup_alone(void) {
    open_lane(2, 0, 16);
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
    w.reader = NULL;
}
static void setup_slots(void) {
    open_lane(2, 1, 56);
}
static void publish_two(void) {
    put_run(2, 4, 16);
}
static void publish_slots(void) {
    put_run(2, 4, 56);
}

static uint64_t published(void) {
    return torc_load_acquire64(&w.publisher->lane->published);
}
static uint64_t tell(struct torc_reader *reader) {
    struct torc_position position = {.sequence = 0};
    model_assert_equal(torc_reader_tell(reader, &position, 1), 1);
    return position.sequence;
}
static void read_to(struct torc_reader *reader, uint64_t end) {
    struct torc_event event;
    for (uint64_t due = begun; sequence_before(due, end);) {
        int status = torc_next(reader, &event);
        if (status == TORC_EMPTY) {
            model_pause();
            continue;
        }
        model_assert_status(status, TORC_OK);
        model_assert_equal(event.sequence, due);
        model_assert_equal(number_of(&event), due + 1);
        due++;
    }
}

/* --- a GATE reader joins ------------------------------------------------------------------------------------------ */

static void join_last(void) {
    struct torc_reader_config config = {.join = TORC_JOIN_LAST, .last = 1};
    uint64_t before = published();
    model_assert_status(torc_reader_open(w.topic, &config, &w.second), TORC_OK);
    begun = tell(w.second);
    model_assert(!sequence_before(begun + 1, before), "not before the last one");
    model_assert(sequence_before(begun, published()), "the last one is not to come");
    read_to(w.second, 4);
}
static void join_at_one(void) {
    struct torc_reader_config config = {.join = TORC_JOIN_AT, .at = &at, .at_count = 1};
    at = (struct torc_position){.sequence = 1, .lane = TORC_ONLY_LANE};
    model_assert_status(torc_reader_open(w.topic, &config, &w.second), TORC_OK);
    begun = tell(w.second);
    model_assert_equal(begun, at.sequence);
    model_assert_equal(begun, 1 + at.missed);
    if (model_broken()) {
        (void)torc_and_release64(&publisher_of(w.publisher)->topic->record->readers,
                                 ~(UINT64_C(1) << reader_of(w.second)->index));
    }
    read_to(w.second, 4);
}
static void join_ahead(void) {
    struct torc_reader_config config = {.join = TORC_JOIN_AT, .at = &at, .at_count = 1};
    struct torc_event event;
    at = (struct torc_position){.sequence = 3, .lane = TORC_ONLY_LANE};
    model_assert_status(torc_reader_open(w.topic, &config, &w.second), TORC_OK);
    model_assert_equal(at.sequence, 3);
    model_assert_equal(at.missed, 0);
    model_assert_status(torc_next_until(w.second, &event, TORC_FOREVER), TORC_OK);
    model_assert_equal(event.sequence, 3);
    model_assert_equal(number_of(&event), 4);
}

MODEL_SCENARIO(bus_join_last, .claim = "LAST 1 while a publisher wraps: the last one, and all that follows",
               .hazards = "7", .setup = setup_alone, .thread = {publish_two, join_last}, .check = close_world,
               .preemptions = 1, .fences = true);
MODEL_SCENARIO(bus_join_at, .claim = "AT while a publisher wraps: there, or as much later as is reported",
               .hazards = "7", .broken = "the publisher does not count the reader in", .setup = setup_alone,
               .thread = {publish_two, join_at_one}, .check = close_world, .preemptions = 2, .quick = 1,
               .fences = true);
MODEL_SCENARIO(bus_join_ahead, .claim = "AT what is to come: it holds nobody up, and is woken for it",
               .hazards = "7, 19", .setup = setup_alone, .thread = {publish_two, join_ahead}, .check = close_world,
               .preemptions = 1, .fences = true);

/* --- a GATE reader seeks ------------------------------------------------------------------------------------------ */

/* The defect: straight to the place, as if a cursor could go back. */
static void jump(uint64_t sequence) {
    struct reader *self = reader_of(w.reader);
    torc_store_release64(&cell_of(self->bus, 0, self->index)->cursor, sequence);
    self->lane[0].sequence = self->lane[0].given = self->hot.sequence = sequence;
    self->hot.left = 0;
}
static void seek_oldest(uint64_t end) {
    if (model_broken()) {
        jump(torc_load_acquire64(&w.publisher->lane->gate));
    } else {
        model_assert_status(torc_reader_seek(w.reader, TORC_JOIN_OLDEST, 0), TORC_OK);
    }
    begun = tell(w.reader);
    read_to(w.reader, end);
}
static void seek_back(void) {
    seek_oldest(4);
}
static void seek_back_slots(void) {
    seek_oldest(4);
}
static void seek_at_one(void) {
    at = (struct torc_position){.sequence = 1, .lane = 0};
    model_assert_status(torc_reader_seek_at(w.reader, &at, 1), TORC_OK);
    begun = tell(w.reader);
    model_assert_equal(begun, at.sequence);
    model_assert_equal(begun, 1 + at.missed);
    read_to(w.reader, 4);
}
static void seek_forward(void) {
    struct torc_event event;
    at = (struct torc_position){.sequence = 3, .lane = 0};
    model_assert_status(torc_reader_seek_at(w.reader, &at, 1), TORC_OK);
    model_assert_status(torc_next_until(w.reader, &event, TORC_FOREVER), TORC_OK);
    model_assert_equal(event.sequence, 3);
}

MODEL_SCENARIO(bus_seek_back, .claim = "back to OLDEST while a publisher wraps: all from there on is whole",
               .hazards = "4, 7", .broken = "the cursor is put back without the protocol", .setup = setup,
               .thread = {publish_two, seek_back}, .check = close_world, .preemptions = 2, .quick = 1, .fences = true);
MODEL_SCENARIO(bus_seek_back_heavy, .claim = "the same with membarrier", .hazards = "4, 7", .setup = setup,
               .thread = {publish_two, seek_back}, .check = close_world, .preemptions = 1, .quick = MODEL_NOT_QUICK,
               .deep = 2);
MODEL_SCENARIO(bus_seek_back_slots, .claim = "the same where a publisher reaps slots", .hazards = "4, 7",
               .broken = "the cursor is put back without the protocol", .setup = setup_slots,
               .thread = {publish_slots, seek_back_slots}, .check = close_world, .preemptions = 1, .fences = true);
MODEL_SCENARIO(bus_seek_at, .claim = "back to a sequence: there, or as much later as is reported", .hazards = "4, 7",
               .setup = setup, .thread = {publish_two, seek_at_one}, .check = close_world, .preemptions = 1,
               .fences = true);
MODEL_SCENARIO(bus_seek_ahead, .claim = "to what is to come: the publisher is let go, the reader is woken",
               .hazards = "7, 19", .setup = setup, .thread = {publish_two, seek_forward}, .check = close_world,
               .preemptions = 1, .fences = true);

/* --- a reader that copies ----------------------------------------------------------------------------------------- */

static void setup_copier(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY};
    open_copied(2, 0);
    w.second = open_copier(&config);
    came = (struct came){.next = 0};
    put_run(0, 2, 16);
}
static void seek_copies(void) {
    at = (struct torc_position){.sequence = 0, .lane = 0};
    model_assert_status(torc_reader_seek_at(w.second, &at, 1), TORC_OK);
    model_assert_equal(at.sequence, at.missed);
    if (model_broken()) {
        reader_of(w.second)->lane[0].lost = 0;
    }
    take_copies(w.second, &came, 4);
}
static void check_copies(void) {
    model_assert_equal(came.events + came.lost, 4);
    close_world();
}
MODEL_SCENARIO(bus_seek_copy, .claim = "a LOSSY reader put back: what came and what was lost is all from there on",
               .hazards = "1, 7", .broken = "what was missed is not told", .setup = setup_copier,
               .thread = {publish_two, seek_copies}, .check = check_copies, .preemptions = 1, .quick = MODEL_NOT_QUICK);
