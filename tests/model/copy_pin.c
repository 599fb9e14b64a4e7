/* copy_pin.c - events in slots: a LOSSY reader pins a slot while the publisher takes it back and uses it again, and
 * somebody else lets go of the last handle. */
#include "copy_world.h"

#define IN_SLOT 64u

static struct came came;
static struct torc_ringptr kept;
static const void *kept_data;

static void open_pinning(void) {
    struct torc_reader_config lossy = {.policy = TORC_POLICY_LOSSY};
    open_copied(2, 1);
    w.reader = open_copier(&lossy);
}

/* One event waits in the only slot; what is published next needs that slot. */
static void setup_reaped(void) {
    open_pinning();
    put_run(0, 1, IN_SLOT);
}
static void publish_next(void) {
    put_run(1, 2, IN_SLOT);
}
static void take_two(void) {
    take_copies(w.reader, &came, 2);
}
static void check_two(void) {
    model_came_is(w.reader, &came, 2);
    close_world();
}
MODEL_SCENARIO(bus_copy_pin, .claim = "a pinned event is the one the lane named; one that was taken back is lost",
               .hazards = "12, 13", .setup = setup_reaped, .thread = {publish_next, take_two}, .check = check_two,
               .preemptions = MODEL_UNBOUNDED, .quick = 1);

/* The same while a handle to that event is given back elsewhere. */
static void setup_kept(void) {
    struct torc_event event;
    open_pinning();
    w.second = open_reader(TORC_JOIN_NEXT);
    put_run(0, 1, IN_SLOT);
    model_assert_status(torc_next(w.second, &event), TORC_OK);
    model_assert_status(torc_keep(w.second, &event, &kept), TORC_OK);
    kept_data = event.data;
    model_assert_status(torc_reader_close(w.second), TORC_OK);
    w.second = NULL;
}
static void release_kept(void) {
    model_assert_equal(number_in(kept_data, IN_SLOT), 1);
    model_assert_status(torc_ringptr_release(kept), TORC_OK);
    if (model_broken()) {
        (void)torc_ringptr_release(kept);
    }
}
/* The first event and what follows it; the rest is read when the threads are done. */
static void take_first(void) {
    (void)take_copy(w.reader, &came);
    (void)take_copy(w.reader, &came);
}
static void check_kept(void) {
    take_copies(w.reader, &came, 2);
    check_two();
}
MODEL_SCENARIO(bus_copy_pin_kept, .claim = "the same while the last handle is released by a third thread",
               .hazards = "12, 13", .broken = "the handle is released twice", .setup = setup_kept,
               .thread = {release_kept, take_first, publish_next}, .check = check_kept, .preemptions = 1,
               .quick = MODEL_NOT_QUICK);

/* A pinned event is kept on: the reader's pin, its handle and the ring's reference go in any order. */
static void keep_first(void) {
    struct torc_event event;
    struct torc_ringptr ptr;
    int status = torc_next(w.reader, &event);
    if (status == TORC_OK) {
        note_copy(&event, &came);
        model_assert_status(torc_keep(w.reader, &event, &ptr), TORC_OK);
        if (came.next == 1) {
            model_assert_status(torc_advance(w.reader), TORC_OK);
            model_assert_equal(number_in(torc_ringptr_data(ptr), torc_ringptr_length(ptr)), 1);
        }
        model_assert_status(torc_ringptr_release(ptr), TORC_OK);
    } else {
        model_assert_status(status, TORC_LAPPED);
        came.lost = came.next = event.lost;
    }
    take_copies(w.reader, &came, 2);
}
MODEL_SCENARIO(bus_copy_keep, .claim = "a pinned event can be kept, and the handle outlives the pin",
               .hazards = "12, 13", .setup = setup_reaped, .thread = {publish_next, keep_first}, .check = check_two,
               .preemptions = 1, .quick = 1);
