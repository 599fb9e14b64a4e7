/* publish_array.c - runs of events that are published with one look for room and one for sleepers: from an array
 * (inline) and from messages (src/row.c), on a lane of eight entries. */
#include "world.h"

#include <string.h>

/* The first event makes room for three more, which the next four look for once; the fourth has to wait for the reader
 * or to look at its cursor. */
#define FIRST 1u
#define ROWS  4u

static struct row {
    uint64_t word[ROWS][2];
    struct torc_message message[ROWS];
} row;
static size_t published;
static int answer;
static uint64_t last;

static void setup_readers(uint32_t readers) {
    struct torc_config config = tiny_config();
    config.lane_entries = 8;
    config.readers = readers;
    open_world(&config);
    model_assert_status(put(w.publisher, FIRST, 16), TORC_OK);
    take_run(w.reader, FIRST, 1);
    (void)torc_advance(w.reader);
    for (uint32_t i = 0; i < ROWS; i++) {
        fill_number(row.word[i], sizeof row.word[i], FIRST + 1 + i);
        row.message[i] = (struct torc_message){row.word[i], sizeof row.word[i], 1};
    }
    published = 0;
    last = FIRST;
}
static void setup(void) {
    setup_readers(1);
}

static uint64_t number_at(const struct torc_event *event) {
    return number_in(event->data, event->length);
}
static int publish_words(uint32_t count) {
    return torc_publish_array(w.publisher, 1, row.word, sizeof row.word[0], count, &published);
}
static int publish_messages(uint32_t count) {
    return torc_publish_batch(w.publisher, row.message, count, &published);
}

/* --- asleep ------------------------------------------------------------------------------------------------------- */

/* The defect: one is left out. */
static void leave_one_out(void) {
    if (model_broken()) {
        memcpy(row.word[1], row.word[2], sizeof row.word[1]);
    }
}
static void array_of_all(void) {
    leave_one_out();
    model_assert_status(publish_words(ROWS), TORC_OK);
}
static void messages_of_all(void) {
    leave_one_out();
    model_assert_status(publish_messages(ROWS), TORC_OK);
}
static void take_all(void) {
    for (uint64_t i = FIRST + 1; i <= FIRST + ROWS; i++) {
        struct torc_event event;
        model_assert_status(torc_next_until(w.reader, &event, TORC_FOREVER), TORC_OK);
        model_assert_equal(number_at(&event), i);
    }
    (void)torc_advance(w.reader);
}
MODEL_SCENARIO(array_sleep, .claim = "a run wakes its reader, and one that does not fit waits for it",
               .hazards = "3, 19", .broken = "an event is left out", .setup = setup, .thread = {array_of_all, take_all},
               .check = close_world, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(array_sleep_fences, .claim = "the same without membarrier", .hazards = "3, 19",
               .broken = "an event is left out", .setup = setup, .thread = {array_of_all, take_all},
               .check = close_world, .fences = true, .preemptions = 1, .quick = 1);
MODEL_SCENARIO(row_sleep, .claim = "the same with messages", .hazards = "3, 19", .broken = "an event is left out",
               .setup = setup, .thread = {messages_of_all, take_all}, .check = close_world, .preemptions = 2,
               .quick = 1);

/* --- a close in between ------------------------------------------------------------------------------------------- */

static void array_or_closed(void) {
    answer = publish_words(2);
}
static void messages_or_closed(void) {
    answer = publish_messages(2);
}
static void close_and_read(void) {
    struct torc_event event;
    int status;
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
    while ((status = torc_next_until(w.reader, &event, TORC_FOREVER)) == TORC_OK) {
        model_assert_equal(number_at(&event), ++last);
    }
    model_assert_status(status, TORC_CLOSED);
}
static void check_close(void) {
    model_assert_status(answer, published == 2 ? TORC_OK : TORC_CLOSED);
    model_assert_equal(last, FIRST + published);
    close_world();
}
MODEL_SCENARIO(array_close, .claim = "what a run published is read before the end, and nothing comes after it",
               .hazards = "20", .setup = setup, .thread = {array_or_closed, close_and_read}, .check = check_close,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(array_close_fences, .claim = "the same without membarrier", .hazards = "20", .setup = setup,
               .thread = {array_or_closed, close_and_read}, .check = check_close, .fences = true, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(row_close, .claim = "the same with messages", .hazards = "20", .setup = setup,
               .thread = {messages_or_closed, close_and_read}, .check = check_close, .preemptions = 2, .quick = 1);

MODEL_SCENARIO(row_close_fences, .claim = "the same without membarrier", .hazards = "20", .setup = setup,
               .thread = {messages_or_closed, close_and_read}, .check = check_close, .fences = true, .preemptions = 2,
               .quick = 1);

/* --- what the lane's own numbers promise -------------------------------------------------------------------------- */

static void array_of_two(void) {
    model_assert_status(publish_words(2), TORC_OK);
}
static void messages_of_two(void) {
    model_assert_status(publish_messages(2), TORC_OK);
}
static void look_and_take(void) {
    struct torc_reader_state state;
    struct torc_event event;
    model_assert_status(torc_reader_state(w.reader, &state), TORC_OK);
    for (uint64_t i = 1; i <= state.lag; i++) {
        model_assert_status(torc_next(w.reader, &event), TORC_OK);
        model_assert_equal(number_at(&event), FIRST + i);
    }
}
MODEL_SCENARIO(array_state, .claim = "all of a run by which a reader lags is there to be read", .hazards = "3",
               .setup = setup, .thread = {array_of_two, look_and_take}, .check = close_world,
               .preemptions = MODEL_UNBOUNDED);
MODEL_SCENARIO(row_state, .claim = "the same with messages", .hazards = "3", .setup = setup,
               .thread = {messages_of_two, look_and_take}, .check = close_world, .preemptions = MODEL_UNBOUNDED);

/* --- readers that join -------------------------------------------------------------------------------------------- */

static void setup_join(void) {
    setup_readers(2);
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
    w.reader = NULL;
}

static void read_to_the_last(void) {
    struct torc_event event;
    uint64_t number = 0;
    while (number != FIRST + ROWS) {
        int status = torc_next_until(w.reader, &event, TORC_FOREVER);
        if (status == TORC_LAPPED) {
            number += number == 0 ? 0 : event.lost;
            continue;
        }
        model_assert_status(status, TORC_OK);
        model_assert(number == 0 || number_at(&event) == number + 1, "none is left out");
        number = number_at(&event);
    }
    (void)torc_advance(w.reader);
}
static void join_oldest(void) {
    w.reader = open_reader(TORC_JOIN_OLDEST);
    read_to_the_last();
}
static void join_lossy(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    model_assert_status(torc_reader_open(w.topic, &config, &w.reader), TORC_OK);
    read_to_the_last();
}
MODEL_SCENARIO(array_join, .claim = "a reader that joins at OLDEST reads all of a run from where it begins",
               .hazards = "5, 7", .setup = setup_join, .thread = {array_of_all, join_oldest}, .check = close_world,
               .preemptions = 1, .quick = 1);
MODEL_SCENARIO(row_join, .claim = "the same with messages", .hazards = "5, 7", .setup = setup_join,
               .thread = {messages_of_all, join_oldest}, .check = close_world, .preemptions = 1, .quick = 1);
MODEL_SCENARIO(array_copied, .claim = "a run that a copying reader comes into is copied whole", .hazards = "5, 7",
               .setup = setup_join, .thread = {array_of_all, join_lossy}, .check = close_world, .preemptions = 1,
               .quick = MODEL_NONE);
MODEL_SCENARIO(row_copied, .claim = "the same with messages", .hazards = "5, 7", .setup = setup_join,
               .thread = {messages_of_all, join_lossy}, .check = close_world, .preemptions = 1, .quick = MODEL_NONE);
