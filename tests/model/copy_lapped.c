/* copy_lapped.c - a LOSSY reader that is overtaken at any point of its read: whole events, and losses told exactly. */
#include "copy_world.h"

#define BEFORE 2u /* events that wait in the lane of two entries when the threads start */

static struct came came;

static void open_with(enum torc_resume resume, uint64_t first) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .resume = resume};
    open_copied(2, 0);
    w.reader = open_copier(&config);
    put_run(first, first + BEFORE, 16);
    if (model_broken()) {
        torc_publisher_copied(publisher_of(w.publisher), false);
    }
}
static void setup_oldest(void) {
    open_with(TORC_RESUME_OLDEST, 0);
}
static void setup_newest(void) {
    open_with(TORC_RESUME_NEWEST, 0);
}

static void publish_one(void) {
    put_run(BEFORE, BEFORE + 1, 16);
}
static void take_three(void) {
    take_copies(w.reader, &came, BEFORE + 1);
}
static void check_three(void) {
    model_came_is(w.reader, &came, BEFORE + 1);
    close_world();
}

MODEL_SCENARIO(bus_copy_lapped,
               .claim = "an event that is overwritten while it is copied is lost and counted, or whole",
               .hazards = "1, 2", .broken = "the publisher does not know that readers copy", .setup = setup_oldest,
               .thread = {publish_one, take_three}, .check = check_three, .preemptions = MODEL_UNBOUNDED, .quick = 1);

/* A whole lap: also what the reader goes on with after a loss is overwritten again. */
static void publish_two(void) {
    put_run(BEFORE, BEFORE + 2, 16);
}
static void take_four(void) {
    take_copies(w.reader, &came, BEFORE + 2);
}
static void check_four(void) {
    model_came_is(w.reader, &came, BEFORE + 2);
    close_world();
}
MODEL_SCENARIO(bus_copy_lapped_again, .claim = "a reader that is overtaken again and again counts exactly",
               .hazards = "1, 2", .setup = setup_oldest, .thread = {publish_two, take_four}, .check = check_four,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_copy_lapped_newest, .claim = "the same for one that goes on at the newest event", .hazards = "1",
               .setup = setup_newest, .thread = {publish_two, take_four}, .check = check_four, .preemptions = 2,
               .quick = 1);

/* The length shrinks and grows with each rewrite: a length of one event with the words of another would show. */
static void publish_sizes(void) {
    put_run(BEFORE, BEFORE + 1, 48);
    put_run(BEFORE + 1, BEFORE + 2, 8);
}
MODEL_SCENARIO(bus_copy_sizes, .claim = "the length that is believed is that of the event", .hazards = "2",
               .setup = setup_oldest, .thread = {publish_sizes, take_four}, .check = check_four, .preemptions = 1,
               .quick = MODEL_NOT_QUICK);
