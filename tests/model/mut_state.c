/* mut_state.c - what the lane's own numbers promise: an event that they count is there to be read. */
#include "world.h"

static void setup(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
    model_assert_status(put(w.publisher, 1, 16), TORC_OK); /* from the second on, publishing is inline */
    take_run(w.reader, 1, 1);
    model_assert_status(torc_advance(w.reader), TORC_OK);
}
static void publish(void) {
    model_assert_status(put(w.publisher, 2, 16), TORC_OK);
}
static void look_and_take(void) {
    struct torc_reader_state state;
    struct torc_event event;
    int status;
    model_assert_status(torc_reader_state(w.reader, &state), TORC_OK);
    status = torc_next(w.reader, &event);
    model_assert(status == TORC_OK || state.lag == 0, "a reader that lags has something to read");
}
MODEL_SCENARIO(mut_state, .claim = "a reader that lags has something to read", .hazards = "3", .setup = setup,
               .thread = {publish, look_and_take}, .check = close_world, .preemptions = MODEL_UNBOUNDED);

static void publish_in_place(void) {
    struct torc_claim claim;
    model_assert_status(torc_claim(w.publisher, 2, 16, &claim), TORC_OK);
    fill_number(claim.data, 16, 2);
    model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
}
MODEL_SCENARIO(mut_state_claim, .claim = "the same of one that is claimed and committed", .hazards = "3",
               .setup = setup, .thread = {publish_in_place, look_and_take}, .check = close_world,
               .preemptions = MODEL_UNBOUNDED);
