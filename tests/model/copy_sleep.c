/* copy_sleep.c - readers that copy and sleep: every event and every loss that is to be told wakes them. */
#include "copy_world.h"

static struct came came;
static int last;

static void open_policy(enum torc_policy policy, uint32_t slots) {
    struct torc_reader_config config = {.policy = policy};
    open_copied(2, slots);
    w.reader = open_copier(&config);
}
static void setup_lossy(void) {
    open_policy(TORC_POLICY_LOSSY, 0);
}
static void publish_three(void) {
    put_run(0, 3, 16);
}
static void take_losses_asleep(void) {
    struct torc_event event;
    while (came.next != 3) {
        int status = torc_next_until(w.reader, &event, TORC_FOREVER);
        if (status == TORC_LAPPED) {
            came.lost += event.lost;
            came.next += event.lost;
        } else {
            model_assert_status(status, TORC_OK);
            note_copy(&event, &came);
        }
    }
}
static void check_three(void) {
    model_came_is(w.reader, &came, 3);
    close_world();
}
MODEL_SCENARIO(bus_copy_sleep, .claim = "a sleeping LOSSY reader is woken by every event", .hazards = "19",
               .setup = setup_lossy, .thread = {publish_three, take_losses_asleep}, .check = check_three,
               .preemptions = 1, .quick = 1);
MODEL_SCENARIO(bus_copy_sleep_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup_lossy,
               .thread = {publish_three, take_losses_asleep}, .check = check_three, .fences = true, .preemptions = 1,
               .quick = 1);

/* A reader that sleeps behind a loss which a poll tells only with the next event: its deadline passes. */
static enum torc_action count_event(void *context, const struct torc_event *event) {
    (void)context;
    note_copy(event, &came);
    return TORC_CONTINUE;
}
static void setup_reaped(void) {
    struct torc_ringptr taken;
    open_policy(TORC_POLICY_LOSSY, 1);
    put_run(0, 1, 64);
    model_assert_status(torc_ringptr_claim(w.publisher, 1, 64, &taken, NULL), TORC_OK);
    model_assert_status(torc_ringptr_release(taken), TORC_OK);
}
static void poll_until_deadline(void) {
    last = torc_poll_until(w.reader, count_event, NULL, 8, torc_deadline_ms(5));
}
static void check_deadline(void) {
    struct torc_reader_state state;
    model_assert(last == TORC_TIMED_OUT || last == TORC_LAPPED, "the poll ends at its deadline");
    model_assert_status(torc_reader_state(w.reader, &state), TORC_OK);
    model_assert_equal(state.lost, 1);
    close_world();
}
MODEL_SCENARIO(bus_copy_poll_deadline,
               .claim = "a poll that finds nothing but a loss ends, at its deadline at the latest", .hazards = "4",
               .setup = setup_reaped, .thread = {poll_until_deadline}, .check = check_deadline, .timeouts = 1,
               .preemptions = 1, .quick = 1);
