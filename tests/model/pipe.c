/* pipe.c - pipes: what is passed is whole, in order and once, and a pipe that is told to end does so whatever it waits
 * for, holding up nobody behind it. */
#include "world.h"

#include <torc/pipe.h>

static struct torc_pipe *pipe;
static struct torc_topic *sink; /* w.second reads it */
static struct torc_pipe_stats stats;
static torc_a32 started;
static int published;

static void setup(void) {
    struct torc_config config = tiny_config();
    struct torc_reader_config next = {.join = TORC_JOIN_NEXT};
    config.topics = 2;
    config.publishers = 2;
    config.readers = 2;
    torc_store_relaxed32(&started, 0);
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(torc_topic_open(w.bus, "sink", 0, &sink), TORC_OK);
    model_assert_status(torc_reader_open(sink, &next, &w.second), TORC_OK);
}
static enum torc_pass count_through(void *context, const struct torc_event *event, struct torc_claim *out) {
    (void)context;
    fill_number(out->data, out->length, number_of(event));
    return TORC_PASS;
}
/* The defect of those that say so: the event is changed on its way. */
static enum torc_pass spoil(void *context, const struct torc_event *event, struct torc_claim *out) {
    (void)context;
    fill_number(out->data, out->length, number_of(event) + 1);
    return TORC_PASS;
}
static void start(void) {
    struct torc_pipe_config config = {.transform = model_broken() ? spoil : count_through,
                                      .reader = {.join = TORC_JOIN_OLDEST}};
    model_assert_status(torc_pipe_start(w.topic, sink, &config, &pipe), TORC_OK);
    torc_store_release32(&started, 1);
}
static void await_start(void) {
    while (torc_load_acquire32(&started) == 0) {
        model_pause();
    }
}
static void end_pipe(void) {
    model_assert_status(torc_pipe_stop(pipe), TORC_OK);
    model_assert_status(torc_pipe_join(pipe, TORC_FOREVER), TORC_OK);
    model_assert_status(torc_pipe_stats(pipe, &stats), TORC_OK);
    model_assert_status(torc_pipe_close(pipe), TORC_OK);
}
/* What came through is a beginning of what was published. */
static void check_passed(uint64_t first) {
    struct torc_event event;
    uint64_t came = first;
    while (torc_next(w.second, &event) == TORC_OK) {
        model_assert_equal(number_of(&event), ++came);
    }
    model_assert_equal(came, stats.passed);
    model_assert_equal(stats.dropped + stats.lost, 0);
    close_world();
}

/* --- passed ------------------------------------------------------------------------------------------------------- */

static void start_and_end(void) {
    start();
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    take_asleep(w.second, 1, 1);
    end_pipe();
}
static void check_one(void) {
    model_assert_equal(stats.passed, 1);
    check_passed(1);
}
MODEL_SCENARIO(pipe_pass, .claim = "an event goes through a pipe while both ends sleep for it", .hazards = "19",
               .broken = "it is changed on its way", .setup = setup, .thread = {start_and_end}, .check = check_one,
               .fences = true, .preemptions = 1, .quick = MODEL_NONE);

/* --- told to end while its sink is full --------------------------------------------------------------------------- */

static void setup_full(void) {
    setup();
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
}
static void publish_third(void) {
    await_start();
    published = put(w.publisher, 3, 8);
    model_assert_status(published, TORC_OK);
}
/* Nobody reads the sink. The third event waits for room in the source, or for room in the sink. */
static void start_and_close(void) {
    start();
    model_assert_status(torc_pipe_stop(pipe), TORC_OK);
    end_pipe();
    model_assert(stats.passed <= 2 && stats.status == TORC_OK, "no more than there was room for");
}
static void check_full(void) {
    check_passed(0);
}
MODEL_SCENARIO(pipe_stop_full, .claim = "a pipe that is told to end before a full sink ends, and holds up no publisher",
               .hazards = "8, 20", .broken = "events are changed on their way", .setup = setup_full,
               .thread = {start_and_close, publish_third}, .check = check_full, .fences = true, .preemptions = 1,
               .quick = MODEL_NONE);

/* --- the bus is closed while it publishes ------------------------------------------------------------------------- */

static void start_and_join(void) {
    start();
    model_assert_status(torc_pipe_join(pipe, TORC_FOREVER), TORC_OK);
    end_pipe();
    model_assert(stats.ended == TORC_ENDED_CLOSED || (stats.ended == TORC_ENDED_STOPPED && stats.status == TORC_CLOSED),
                 "it ends by the close, at either end");
}
static void close_the_bus(void) {
    await_start();
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
}
static void setup_one(void) {
    setup();
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
}
MODEL_SCENARIO(pipe_close, .claim = "a bus that is closed under a pipe ends it, and what it has passed is there",
               .hazards = "20", .broken = "events are changed on their way", .setup = setup_one,
               .thread = {start_and_join, close_the_bus}, .check = check_full, .fences = true, .preemptions = 1,
               .quick = MODEL_NONE);
