/* merge.c - the merged reader: the order of times holds whatever the publishers do, and no wake-up is lost. */
#include "world.h"

#include "../../src/core.h"

#include <torc/merge.h>

static struct torc_merge *merge;
static struct torc_publisher *other;
static uint64_t came[2], count;
static int end_status;

static uint64_t time_of(void *context, const struct torc_event *event) {
    (void)context;
    return number_of(event);
}

static void open_merge(bool second) {
    struct torc_config config = tiny_config();
    struct torc_merge_config merge_config = {.time_of = time_of, .idle_after_ns = model_broken() ? 0 : TORC_FOREVER};
    config.publishers = 2;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    other = second ? open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT) : NULL;
    model_assert_status(torc_merge_open(w.topic, &merge_config, &merge), TORC_OK);
    count = came[0] = came[1] = 0;
    end_status = TORC_OK;
}

static void close_merge(void) {
    model_assert_status(torc_merge_close(merge), TORC_OK);
    if (other != NULL) {
        model_assert_status(torc_publisher_close(other), TORC_OK);
    }
    close_world();
}

static void read_two(void) {
    while (count != 2) {
        struct torc_merged merged;
        model_assert_status(torc_merge_next_until(merge, &merged, TORC_FOREVER), TORC_OK);
        model_assert_equal(merged.late, 0);
        came[count++] = number_of(&merged.event);
    }
}
static void check_two(void) {
    model_assert(count == 2 && came[0] == 1 && came[1] == 2, "in the order of times");
    close_merge();
}

/* --- two lanes ---------------------------------------------------------------------------------------------------- */

static void setup_two(void) {
    open_merge(true);
}
static void publish_early(void) {
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
    w.publisher = NULL;
}
static void publish_late(void) {
    model_assert_status(put(other, 2, 8), TORC_OK);
}
MODEL_SCENARIO(bus_merge_order, .claim = "an event waits for a lane that may come with an earlier one, until it ends",
               .hazards = "19", .broken = "nobody is waited for", .setup = setup_two,
               .thread = {publish_late, publish_early, read_two}, .check = check_two, .preemptions = MODEL_NONE,
               .deep = 1, .quick = MODEL_NOT_QUICK);
MODEL_SCENARIO(bus_merge_order_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup_two,
               .broken = "nobody is waited for", .thread = {publish_late, publish_early, read_two}, .check = check_two,
               .fences = true, .preemptions = 1, .deep = 2, .quick = MODEL_NONE);

/* --- a lane that comes -------------------------------------------------------------------------------------------- */

static void setup_one(void) {
    open_merge(false);
}
static void publish_by_both(void) {
    other = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
    model_assert_status(put(other, 1, 8), TORC_OK);
    model_assert_status(put(other, 2, 8), TORC_OK);
}
MODEL_SCENARIO(bus_merge_lane, .claim = "a lane that was there before an event was published is waited for",
               .hazards = "19", .broken = "nobody is waited for", .setup = setup_one,
               .thread = {publish_by_both, read_two}, .check = check_two, .fences = true, .preemptions = 2, .quick = 1);

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void publish_if_open(void) {
    int status = put(other, 2, 8);
    model_assert(status == TORC_OK || status == TORC_CLOSED, "published, or too late");
}
static void end_bus(void) {
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void read_all(void) {
    struct torc_merged merged;
    while ((end_status = torc_merge_next_until(merge, &merged, TORC_FOREVER)) == TORC_OK) {
        model_assert(count != 2, "no more than were published");
        came[count++] = number_of(&merged.event);
    }
}
static void check_end(void) {
    model_assert_status(end_status, TORC_CLOSED);
    model_assert(count != 0 && came[0] == 1 && (count == 1 || came[1] == 2), "all, in the order of times");
    close_merge();
}
MODEL_SCENARIO(bus_merge_close, .claim = "after a close all that is left comes in order, and then the end",
               .hazards = "20", .broken = "nobody is waited for", .setup = setup_two,
               .thread = {publish_if_open, end_bus, read_all}, .check = check_end, .fences = true, .preemptions = 1,
               .quick = MODEL_NONE);
