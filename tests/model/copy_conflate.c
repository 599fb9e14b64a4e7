/* copy_conflate.c - CONFLATE: the newest event of a lane, whole, and a count of those that it replaced. */
#include "copy_world.h"

static struct came came;

static void open_one(uint32_t entries) {
    struct torc_reader_config config = {.policy = TORC_POLICY_CONFLATE};
    open_copied(entries, 2);
    w.reader = open_copier(&config);
    put_run(0, 1, 16);
}
static void setup_one(void) {
    open_one(2);
}
static void publish_on(void) {
    put_run(1, 4, 16);
}
/* The defect: the loss that comes with an event is not counted. */
static void take_newest(void) {
    struct torc_event event;
    while (came.next != 4) {
        int status = torc_next(w.reader, &event);
        if (status == TORC_EMPTY) {
            model_pause();
            continue;
        }
        model_assert_status(status, TORC_OK);
        event.lost = model_broken() ? 0 : event.lost;
        note_copy(&event, &came);
    }
}
static void check_newest(void) {
    model_came_is(w.reader, &came, 4);
    close_world();
}
MODEL_SCENARIO(bus_copy_conflate, .claim = "each event is whole and says how many it replaced; the last one comes",
               .hazards = "1", .broken = "the reader does not count what was replaced", .setup = setup_one,
               .thread = {publish_on, take_newest}, .check = check_newest, .preemptions = 2, .quick = 1);

/* The newest event, not the newest sequence: a claim that was aborted leaves a sequence without an event. */
static uint64_t newest;

/* In a lane of four, so that the claims do not overwrite it. */
static void setup_four(void) {
    open_one(4);
}
static void abort_before_claim(void) {
    struct torc_claim claim[2];
    model_assert_status(torc_claim(w.publisher, 9, 16, &claim[0]), TORC_OK);
    model_assert_status(torc_claim(w.publisher, 9, 16, &claim[1]), TORC_OK);
    model_assert_status(torc_abort(w.publisher, &claim[0]), TORC_OK);
    model_assert_status(torc_abort(w.publisher, &claim[1]), TORC_OK);
}
static void take_what_is_there(void) {
    struct torc_event event;
    int status;
    while ((status = torc_next(w.reader, &event)) == TORC_EMPTY) {
        model_pause();
    }
    model_assert_status(status, TORC_OK);
    newest = number_of(&event);
}
static void check_aborted(void) {
    model_assert_equal(newest, 1);
    close_world();
}
MODEL_SCENARIO(bus_copy_conflate_abort, .claim = "an aborted claim does not hide the newest event", .hazards = "1",
               .setup = setup_four, .thread = {abort_before_claim, take_what_is_there}, .check = check_aborted,
               .preemptions = 2, .quick = 1);
