/* handler.c - a managed reader: its thread sleeps, is woken by events, is told to stop, and is not missed by whoever
 * waits for its end. */
#include "world.h"

static struct torc_handler_thread *handler;
static uint64_t came;
static bool started, ended, begun, told; /* plain: each is handed over by the handler's start, stop or end */

static enum torc_verdict on_event(void *context, struct torc_handler_thread *self, const struct torc_event *event,
                                  int end) {
    (void)context, (void)self, (void)end;
    model_assert_equal(number_of(event), ++came);
    return TORC_VERDICT_OK;
}
static int on_start(void *context, struct torc_handler_thread *self) {
    (void)context, (void)self;
    begun = true;
    return TORC_OK;
}
static void on_stop(void *context, enum torc_ended why) {
    (void)context;
    model_assert(why != TORC_ENDED_STOPPED || told, "who stops it hands over what it did before");
    model_assert(why == TORC_ENDED_CLOSED || why == TORC_ENDED_STOPPED, "why it ends");
    ended = true;
}

static void setup(void) {
    struct torc_config config = tiny_config();
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
}
static void start(void) {
    struct torc_handler_config config = {.on_start = on_start,
                                         .on_event = on_event,
                                         .on_stop = on_stop,
                                         .max_batch = 2,
                                         .reader = {.join = TORC_JOIN_OLDEST}};
    model_assert_status(torc_handler_start(w.topic, &config, &handler), TORC_OK);
    model_assert(begun, "on_start has returned");
    started = true;
}
static void check(void) {
    model_assert(started && ended, "it began and ended");
    close_world();
}

static void start_and_stop(void) {
    start();
    told = true;
    model_assert_status(torc_handler_stop(handler), TORC_OK);
    model_assert(ended && (came == 1 || (came == 0 && !model_broken())),
                 "on_stop has returned, the event may be handled");
    for (uint64_t i = 2; i <= 3; i++) { /* it holds up nobody */
        model_assert_status(torc_publish(w.publisher, 1, &i, sizeof i), TORC_OK);
    }
    model_assert_status(torc_handler_close(handler), TORC_OK);
}
MODEL_SCENARIO(bus_handler_stop, .claim = "a handler that is told to stop, asleep or not, ends and leaves the gate",
               .hazards = "20", .broken = "a stop is believed to wait for what was published", .setup = setup,
               .thread = {start_and_stop}, .check = check, .fences = true, .preemptions = 1, .quick = 1);

/* --- refused by its own start, and looked at by others ------------------------------------------------------------ */

static int refuse_start(void *context, struct torc_handler_thread *self) {
    (void)context, (void)self;
    begun = true;
    return TORC_TOO_BIG;
}
static void start_in_vain(void) {
    struct torc_handler_config config = {.on_start = refuse_start, .on_event = on_event};
    int status = torc_handler_start(w.topic, &config, &handler);
    model_assert_status(status, model_broken() ? TORC_OK : TORC_TOO_BIG);
    model_assert(begun, "what on_start did is there");
    for (uint64_t i = 2; i <= 4; i++) { /* it holds up nobody */
        model_assert_status(torc_publish(w.publisher, 1, &i, sizeof i), TORC_OK);
    }
}
MODEL_SCENARIO(bus_handler_refused, .claim = "a handler whose on_start refuses leaves nothing behind", .hazards = "20",
               .broken = "it is believed to have started", .setup = setup, .thread = {start_in_vain},
               .check = close_world, .fences = true, .preemptions = 2, .quick = 1);

static void start_look_and_close(void) {
    struct torc_handler_stats stats;
    start();
    model_assert_status(torc_handler_stats(handler, &stats), TORC_OK);
    model_assert(stats.ended == TORC_ENDED_NOT && stats.events <= 1, "it runs");
    told = true;
    model_assert_status(torc_handler_stop(handler), TORC_OK);
    model_assert_status(torc_handler_stats(handler, &stats), TORC_OK);
    model_assert(stats.ended == TORC_ENDED_STOPPED && stats.events == came, "it was stopped, its figures are whole");
    model_assert_status(torc_handler_close(handler), TORC_OK);
}
MODEL_SCENARIO(bus_handler_stats, .claim = "the figures of a handler that has ended are all there", .hazards = "20",
               .setup = setup, .thread = {start_look_and_close}, .check = check, .fences = true, .preemptions = 1,
               .quick = 1);
