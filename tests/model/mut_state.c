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
