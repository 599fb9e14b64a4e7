/* mut_group.c - groups and merged readers against the end of a lane, and against the end at once. */
#include "world.h"

#include "../../src/core.h"

#include <torc/group.h>
#include <torc/merge.h>

static struct torc_group *group;
static struct torc_member *members[2];
static struct torc_delivery first; /* in the hand of members[0] from setup on */

static void setup_held(void) {
    struct torc_config config = tiny_config();
    struct torc_group_config group_config = {.members = 2, .hold = 1};
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(torc_group_open(w.topic, &group_config, &group), TORC_OK);
    for (uint32_t i = 0; i < 2; i++) {
        model_assert_status(torc_group_join(group, &members[i]), TORC_OK);
    }
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(torc_member_next(members[0], &first), TORC_OK);
}
static void check_group(void) {
    for (uint32_t i = 0; i < 2; i++) {
        model_assert_status(torc_member_close(members[i]), TORC_OK);
    }
    model_assert_status(torc_group_close(group), TORC_OK);
    close_world();
}

static void finish(void) {
    model_assert_equal(number_of(&first.event), 1);
    model_assert_status(torc_member_done(members[0], &first), TORC_OK);
}
static void wait_for_end(void) {
    struct torc_delivery delivery;
    model_assert_status(torc_member_next_until(members[1], &delivery, TORC_FOREVER), TORC_CLOSED);
}
static void halt(void) {
    model_assert_status(torc_bus_halt(w.bus), TORC_OK);
}
MODEL_SCENARIO(mut_group_halt, .claim = "a member that waits comes back from a halt, whatever others have in hand",
               .hazards = "20", .setup = setup_held, .thread = {halt, finish, wait_for_end}, .check = check_group,
               .fences = true, .preemptions = 1, .quick = 1);

/* The lane ends while its last event is in hand: whoever watches learns of it from the one who finishes. */
static void end_lane(void) {
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
}
static void wait_for_second(void) {
    struct torc_delivery delivery;
    model_assert_status(torc_member_next_until(members[1], &delivery, TORC_FOREVER), TORC_OK);
    model_assert_equal(number_of(&delivery.event), 2);
    model_assert_status(torc_member_done(members[1], &delivery), TORC_OK);
}
MODEL_SCENARIO(mut_group_lane, .claim = "the next publisher's events come when the last one's are finished",
               .hazards = "7, 20", .setup = setup_held, .thread = {end_lane, finish, wait_for_second},
               .check = check_group, .fences = true, .preemptions = 1, .quick = MODEL_NOT_QUICK);

/* --- merged ------------------------------------------------------------------------------------------------------- */

static struct torc_merge *merge;

static uint64_t time_of(void *context, const struct torc_event *event) {
    (void)context;
    return number_of(event);
}
static void setup_merge(void) {
    struct torc_config config = tiny_config();
    struct torc_merge_config merge_config = {.time_of = time_of, .idle_after_ns = TORC_FOREVER};
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(torc_merge_open(w.topic, &merge_config, &merge), TORC_OK);
}
static void merge_to_the_end(void) {
    struct torc_merged merged;
    int status = torc_merge_next_until(merge, &merged, TORC_FOREVER);
    if (status == TORC_OK) {
        model_assert_equal(merged.time, 1);
        status = torc_merge_next_until(merge, &merged, TORC_FOREVER);
    }
    model_assert_status(status, TORC_CLOSED);
}
static void publish_and_halt(void) {
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    halt();
}
static void check_merge(void) {
    model_assert_status(torc_merge_close(merge), TORC_OK);
    close_world();
}
MODEL_SCENARIO(mut_merge_halt, .claim = "a merged reader comes back from a halt", .hazards = "20", .setup = setup_merge,
               .thread = {publish_and_halt, merge_to_the_end}, .check = check_merge, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_merge_halt_fences, .claim = "the same without membarrier", .hazards = "20", .setup = setup_merge,
               .thread = {publish_and_halt, merge_to_the_end}, .check = check_merge, .fences = true, .preemptions = 2,
               .quick = 1);
