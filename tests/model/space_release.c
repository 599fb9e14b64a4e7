/* space_release.c - a publisher that sleeps for a slot which other threads hold by handles: the last release wakes it,
 * and all that was read through the handles lies before the slot's next payload. */
#include "world.h"

#include "../../src/core.h"

static struct torc_ringptr handle[2];

static void setup(void) {
    struct torc_config config = tiny_config();
    void *data = NULL;
    config.lane_entries = 4;
    config.slots[TORC_XS] = 1;
    open_world(&config);
    model_assert_status(torc_ringptr_claim(w.publisher, 1, 56, &handle[0], &data), TORC_OK);
    fill_number(data, 56, 1);
}
static void setup_shared(void) {
    setup();
    model_assert_status(torc_ringptr_clone(handle[0], &handle[1]), TORC_OK);
}

static void publish_one(void) {
    model_assert_status(put(w.publisher, 2, 56), TORC_OK);
}
static void take_second(void) {
    take_asleep(w.reader, 2, 1);
}

static void read_and_release(struct torc_ringptr ptr) {
    const void *data = torc_ringptr_data(ptr);
    if (model_broken()) {
        torc_store_relaxed32(&lane_point(bus_of(w.bus), 0)->waiting, 0);
    }
    model_assert_equal(number_in(data, torc_ringptr_length(ptr)), 1);
    model_assert_status(torc_ringptr_release(ptr), TORC_OK);
}
static void release_first(void) {
    read_and_release(handle[0]);
}
static void release_second(void) {
    read_and_release(handle[1]);
}

static void check_last(void) {
    take_run(w.reader, 2, 1);
    close_world();
}

MODEL_SCENARIO(space_release, .claim = "a release in another thread wakes the publisher that waits for the slot",
               .hazards = "13, 19", .broken = "an announcement is taken back without a bump", .setup = setup,
               .thread = {publish_one, take_second, release_first}, .check = close_world, .preemptions = 1,
               .quick = MODEL_NONE);
MODEL_SCENARIO(space_release_fences, .claim = "the same without membarrier", .hazards = "13, 19", .setup = setup,
               .thread = {publish_one, take_second, release_first}, .check = close_world, .fences = true,
               .preemptions = 1);
MODEL_SCENARIO(space_release_last, .claim = "of two releases the last one wakes the publisher, whichever it is",
               .hazards = "13, 19", .broken = "an announcement is taken back without a bump", .setup = setup_shared,
               .thread = {publish_one, release_first, release_second}, .check = check_last, .preemptions = 2,
               .quick = 1);
