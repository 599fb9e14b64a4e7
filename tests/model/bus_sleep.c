/* bus_sleep.c - a reader that sleeps and a publisher that does not know: no wake-up is lost, with membarrier and
 * without. */
#include "world.h"

static void setup(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
}

static void publish_two(void) {
    for (uint64_t i = 1; i <= 2; i++) {
        model_assert_status(put(w.publisher, i, 8), TORC_OK);
    }
}

static void take_two(void) {
    take_asleep(w.reader, 1, 2);
}

MODEL_SCENARIO(bus_sleep, .claim = "a sleeping reader is woken by every event", .hazards = "19", .setup = setup,
               .thread = {publish_two, take_two}, .check = close_world, .preemptions = MODEL_UNBOUNDED, .quick = 1);
MODEL_SCENARIO(bus_sleep_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .thread = {publish_two, take_two}, .check = close_world, .fences = true, .preemptions = 2, .quick = 1);

/* Times out or is woken, and either way the event is there afterwards. */
static void take_until(void) {
    struct torc_event event;
    int status = torc_next_until(w.reader, &event, torc_deadline_ms(5));
    if (status == TORC_TIMED_OUT) {
        status = torc_next_until(w.reader, &event, TORC_FOREVER);
    }
    model_assert_status(status, TORC_OK);
    model_assert_equal(number_of(&event), 1);
}
static void publish_one(void) {
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
}
MODEL_SCENARIO(bus_deadline, .claim = "a deadline that passes while an event comes loses neither", .hazards = "19",
               .setup = setup, .thread = {publish_one, take_until}, .check = close_world, .timeouts = 1);
