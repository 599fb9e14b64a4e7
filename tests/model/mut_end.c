/* mut_end.c - actors told to end, and whoever meets the end of a reader on a rarer way: what was done before somebody
 * was told is there for who was told. */
#include "world.h"

#include "../../src/core.h"

static struct torc_actor *actor;
static struct torc_actor_stats stats;
static struct torc_ringptr message;
static torc_a32 started, halted;
static bool told; /* plain: handed over with the word to stop */
static uint64_t handled;
static int answer;

static void wait_for(torc_a32 *flag) {
    while (torc_load_acquire32(flag) == 0) {
        model_pause();
    }
}

static void open_for_actor(void) {
    struct torc_config config = tiny_config();
    config.actors = 1;
    config.slots[TORC_XS] = 1;
    torc_store_relaxed32(&started, 0);
    torc_store_relaxed32(&halted, 0);
    told = false;
    handled = 0;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_FAIL);
    model_assert_status(torc_ringptr_claim(w.publisher, 1, 16, &message, NULL), TORC_OK);
}
static enum torc_action on_message(void *context, struct torc_ringptr ptr) {
    (void)context, (void)ptr;
    handled++;
    return TORC_CONTINUE;
}
static void on_stop(void *context) {
    (void)context;
    model_assert(told, "who ends it hands over what it did before");
}
static void start(enum torc_wait wait) {
    struct torc_actor_config config = {.on_message = on_message, .on_stop = on_stop, .mailbox = 3, .wait = wait};
    model_assert_status(torc_actor_start(w.bus, &config, &actor), TORC_OK);
}
static void check_released(void) {
    model_assert_status(torc_ringptr_release(message), TORC_OK);
    close_world();
}

/* --- told to drop ------------------------------------------------------------------------------------------------- */

static void start_and_drop(void) {
    start(TORC_WAIT_YIELD);
    told = !model_broken();
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DROP, &stats), TORC_OK);
    told = true;
}
MODEL_SCENARIO(mut_actor_told, .claim = "on_stop sees what was done before the actor was stopped", .hazards = "20",
               .broken = "it is done afterwards", .setup = open_for_actor, .thread = {start_and_drop},
               .check = check_released, .preemptions = 1, .quick = 1);

/* --- halted ------------------------------------------------------------------------------------------------------- */

static void start_and_outlive(void) {
    start(TORC_WAIT_YIELD);
    torc_store_release32(&started, 1);
    wait_for(&halted);
    model_assert_status(torc_actor_send(actor, message, TORC_NO_WAIT), TORC_CLOSED);
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats), TORC_OK);
}
static void halt(void) {
    wait_for(&started);
    told = true;
    model_assert_status(torc_bus_halt(w.bus), TORC_OK);
    torc_store_release32(&halted, 1);
}
MODEL_SCENARIO(mut_halt_told, .claim = "on_stop sees what was done before the bus was halted", .hazards = "20",
               .setup = open_for_actor, .thread = {start_and_outlive, halt}, .check = check_released, .preemptions = 1,
               .quick = 1);
MODEL_SCENARIO(mut_halt_told_fences, .claim = "the same without membarrier", .hazards = "20", .setup = open_for_actor,
               .thread = {start_and_outlive, halt}, .check = check_released, .fences = true, .preemptions = 1,
               .quick = 1);

/* An actor that was told to drain first handles what it has; one that was halted first does not. Once, either way. */
static void start_and_drain(void) {
    start(TORC_WAIT_YIELD);
    told = true;
    model_assert_status(torc_actor_send(actor, message, TORC_NO_WAIT), TORC_OK);
    torc_store_release32(&started, 1);
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats), TORC_OK);
}
static void halt_beside(void) {
    wait_for(&started);
    model_assert_status(torc_bus_halt(w.bus), TORC_OK);
}
static void check_once(void) {
    model_assert_equal(stats.messages + stats.dropped, 1);
    model_assert_equal(stats.messages, handled);
    close_world();
}
MODEL_SCENARIO(mut_halt_drain, .claim = "an actor that is drained and halted at once handles a message or drops it",
               .hazards = "20", .setup = open_for_actor, .thread = {start_and_drain, halt_beside}, .check = check_once,
               .fences = true, .preemptions = 1, .quick = 1);

/* Who waits to a deadline only, and comes again. */
static void start_and_stop_in_time(void) {
    int status;
    start(TORC_WAIT_BLOCK);
    told = true;
    status = torc_actor_stop_until(actor, TORC_STOP_DROP, torc_deadline_ms(5), &stats);
    if (status != TORC_OK) {
        model_assert_status(status, model_broken() ? TORC_OK : TORC_TIMED_OUT);
        model_assert_status(torc_actor_stop(actor, TORC_STOP_DROP, &stats), TORC_OK);
    }
}
MODEL_SCENARIO(mut_actor_until, .claim = "an actor is stopped within a deadline, or by the next call", .hazards = "20",
               .broken = "the deadline is believed not to pass", .setup = open_for_actor,
               .thread = {start_and_stop_in_time}, .check = check_released, .timeouts = 1, .preemptions = 1,
               .quick = 1);

/* --- what it subscribed to ---------------------------------------------------------------------------------------- */

static enum torc_action on_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    (void)context, (void)reader;
    model_assert_equal(number_of(event), ++handled);
    return TORC_CONTINUE;
}
static void start_publish_stop(void) {
    struct torc_actor_config config = {
        .on_event = on_event, .mailbox = 3, .wait = TORC_WAIT_YIELD, .topics = &w.topic, .topic_count = 1};
    model_assert_status(torc_actor_start(w.bus, &config, &actor), TORC_OK);
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
    model_assert_status(torc_actor_stop(actor, model_broken() ? TORC_STOP_DROP : TORC_STOP_DRAIN, &stats), TORC_OK);
    model_assert_equal(stats.events, 1);
    model_assert_status(put(w.publisher, 2, 16), TORC_OK);
}
MODEL_SCENARIO(mut_actor_events, .claim = "an actor that drains has handled what was published before it was told",
               .hazards = "20", .broken = "it is told to drop", .setup = open_for_actor, .thread = {start_publish_stop},
               .check = check_released, .fences = true, .preemptions = 1, .quick = 1);

/* --- readers ------------------------------------------------------------------------------------------------------ */

static void end_readers(void) {
    model_assert_status(torc_bus_halt(w.bus), TORC_OK);
}

/* The pool for copies is dry, and stays so. */
static void setup_dry(void) {
    struct torc_config config = tiny_config();
    struct torc_event event;
    config.keep_slots = 1;
    config.lane_entries = 4;
    open_world(&config);
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
    model_assert_status(torc_next(w.reader, &event), TORC_OK);
    model_assert_status(torc_keep(w.reader, &event, &message), TORC_OK);
}
static void keep_for_ever(void) {
    struct torc_ringptr kept = TORC_RINGPTR_NULL;
    struct torc_event event;
    answer = torc_next(w.reader, &event);
    if (answer == TORC_OK) {
        answer = torc_keep_until(w.reader, &event, TORC_FOREVER, &kept);
    }
    model_assert_status(answer, TORC_CLOSED);
}
MODEL_SCENARIO(mut_keep_halt, .claim = "who waits for a slot to keep in comes back when the reader is to leave",
               .hazards = "20", .setup = setup_dry, .thread = {keep_for_ever, end_readers}, .check = check_released,
               .preemptions = 1, .quick = 1);

static struct torc_waitset *set;

static void setup_set(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
    model_assert_status(torc_waitset_create(1, TORC_WAIT_BLOCK, &set), TORC_OK);
}
static void watch_reader(void) {
    struct torc_ready ready;
    answer = torc_waitset_add_reader(set, w.reader, NULL);
    model_assert(answer == TORC_OK || answer == TORC_CLOSED, "taken in, or it is to leave");
    if (answer == TORC_OK) {
        model_assert_status(torc_waitset_wait(set, &ready, 1, TORC_FOREVER), 1);
    }
    answer = torc_reader_fd(w.reader);
    model_assert(answer >= 0 || answer == TORC_CLOSED, "a descriptor, or it is to leave");
}
static void check_set(void) {
    model_assert_status(torc_waitset_destroy(set), TORC_OK);
    close_world();
}
MODEL_SCENARIO(mut_set_halt, .claim = "a reader that is to leave is refused by a set, or wakes it", .hazards = "20",
               .setup = setup_set, .thread = {watch_reader, end_readers}, .check = check_set, .preemptions = 2,
               .quick = 1);

/* A follower that opens while the reader it is to be after leaves. */
static void setup_leader(void) {
    struct torc_config config = tiny_config();
    config.readers = 2;
    open_world(&config);
}
static void follow(void) {
    struct torc_reader_config config = {.after = &w.reader, .after_count = 1};
    answer = torc_reader_open(w.topic, &config, &w.second);
    model_assert(answer == TORC_OK || answer == TORC_CLOSED, "behind it, or it is to leave");
    if (answer == TORC_OK) {
        model_assert_status(put(w.publisher, 1, 8), TORC_OK);
        take_asleep(w.second, 1, 1);
    }
}
static void leave(void) {
    model_assert_status(torc_reader_detach(w.reader), TORC_OK);
}
MODEL_SCENARIO(mut_after_leave, .claim = "nobody is held up by a reader that was leaving when he came after it",
               .hazards = "8", .setup = setup_leader, .thread = {follow, leave}, .check = close_world, .preemptions = 2,
               .quick = 1);
