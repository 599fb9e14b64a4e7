/* copy_evict.c - EVICT: a publisher that waits for room goes on without a reader that is in the middle of its read. */
#include "copy_world.h"

static struct came came;
static bool closed;

static void open_evicting(enum torc_evicted then, uint32_t slots, size_t length) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT, .evicted = then};
    open_copied(2, slots);
    w.reader = open_copier(&config);
    put_run(0, slots == 0 ? 2 : 1, length);
}

/* Whoever was evicted is told once, at the latest by its next call. */
static void check_told(void) {
    struct torc_reader_state state;
    struct torc_event event;
    if (came.evictions == 0) {
        came.evictions += torc_next(w.reader, &event) == TORC_EVICTED;
    }
    model_assert_status(torc_reader_state(w.reader, &state), TORC_OK);
    model_assert_equal(came.evictions, state.evicted);
    model_assert(came.lost == 0 || state.evicted != 0, "nothing is lost before the eviction");
    model_assert_equal(came.unwarned, 0);
}

static void setup_lossy(void) {
    open_evicting(TORC_EVICTED_LOSSY, 0, 16);
}
static void publish_on(void) {
    put_run(2, 4, 16);
}
static void take_four(void) {
    take_copies(w.reader, &came, 4);
}
static void check_four(void) {
    check_told();
    model_came_is(w.reader, &came, 4);
    close_world();
}
/* The defect: the publisher goes on without telling the reader. */
static void publish_unfair(void) {
    if (model_broken()) {
        (void)torc_and_release64(&w.topic->record->readers, 0);
        torc_topic_changed(w.topic->record);
    }
    publish_on();
}
MODEL_SCENARIO(bus_copy_evict, .claim = "a reader that is evicted is told once, and counts what it loses from then on",
               .hazards = "1, 4", .broken = "the reader is not told", .setup = setup_lossy,
               .thread = {publish_unfair, take_four}, .check = check_four, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_copy_evict_fences, .claim = "the same without membarrier", .hazards = "1, 4",
               .broken = "the reader is not told", .setup = setup_lossy, .thread = {publish_unfair, take_four},
               .check = check_four, .fences = true, .preemptions = 2, .quick = 1);

/* It leaves: whatever it read before was whole, and then the end. */
static void setup_leave(void) {
    open_evicting(TORC_EVICTED_LEAVE, 0, 16);
}
static void take_until_closed(void) {
    while (!closed && came.next != 4) {
        int status = take_copy(w.reader, &came);
        closed = status == TORC_CLOSED;
        if (status == TORC_EMPTY) {
            model_pause();
        }
    }
}
static void check_leave(void) {
    struct torc_event event;
    struct torc_reader_state state;
    if (came.evictions == 0) {
        came.evictions += torc_next(w.reader, &event) == TORC_EVICTED;
    }
    model_assert(!closed || came.evictions == 1, "told before it was closed");
    model_assert_equal(came.evictions, torc_load_relaxed32(&reader_of(w.reader)->evicted));
    if (came.evictions == 1) {
        model_assert_status(torc_next(w.reader, &event), TORC_CLOSED);
        model_assert_status(torc_reader_state(w.reader, &state), TORC_CLOSED);
    }
    put_run(4, 6, 16);
    close_world();
}
MODEL_SCENARIO(bus_copy_evict_leave, .claim = "one that is to leave is told once and then closed", .hazards = "4, 8",
               .setup = setup_leave, .thread = {publish_on, take_until_closed}, .check = check_leave, .preemptions = 2,
               .quick = MODEL_NOT_QUICK);

/* The only slot is held up: by the ring for the reader, and by its pin for as long as it reads. */
static void setup_slot(void) {
    open_evicting(TORC_EVICTED_LOSSY, 1, 64);
}
static void publish_in_slot(void) {
    put_run(1, 2, 64);
}
static void take_two(void) {
    take_copies(w.reader, &came, 2);
}
static void check_two(void) {
    check_told();
    model_came_is(w.reader, &came, 2);
    close_world();
}
MODEL_SCENARIO(bus_copy_evict_slot, .claim = "the same where the publisher waits for a slot that the reader holds up",
               .hazards = "1, 4, 12", .setup = setup_slot, .thread = {publish_in_slot, take_two}, .check = check_two,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_copy_evict_slot_fences, .claim = "the same without membarrier", .hazards = "1, 4, 12",
               .setup = setup_slot, .thread = {publish_in_slot, take_two}, .check = check_two, .fences = true,
               .preemptions = 2, .quick = 1);

/* The reader calls once and never again. What it was given it gives back. */
static void take_once(void) {
    if (take_copy(w.reader, &came) == TORC_OK) {
        model_assert_status(torc_advance(w.reader), TORC_OK);
    }
}
static void check_once(void) {
    take_copies(w.reader, &came, 2);
    check_told();
    model_came_is(w.reader, &came, 2);
    close_world();
}
MODEL_SCENARIO(bus_copy_evict_told, .claim = "a reader that was told of its eviction does not hold the only slot",
               .hazards = "4, 12", .setup = setup_slot, .thread = {publish_in_slot, take_once}, .check = check_once,
               .preemptions = 2, .quick = 1);

/* The reader never reads again, so the eviction alone can end the drain. The drain waits for what is published when it
 * begins. */
static void publish_over(void) {
    put_run(2, 3, 16);
}
static void drain(void) {
    model_assert_status(torc_bus_drain(w.bus, TORC_FOREVER), TORC_OK);
}
static void check_drained(void) {
    model_assert_equal(torc_load_relaxed32(&reader_of(w.reader)->evicted), 1);
    close_world();
}
MODEL_SCENARIO(bus_copy_evict_drain, .claim = "an eviction ends a drain that waited for the reader",
               .hazards = "19, 20", .setup = setup_lossy, .thread = {publish_over, drain}, .check = check_drained,
               .preemptions = 2, .quick = 1);
