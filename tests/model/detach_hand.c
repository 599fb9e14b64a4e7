/* detach_hand.c - a reader is detached by another thread while it reads by hand and its publisher needs the room:
 * whichever way it falls, what it borrowed stays until it is given back, the publisher goes on, and afterwards there is
 * nothing more to read. */
#include "world.h"

static torc_a32 gone;
static int detached;

static void setup(void) {
    struct torc_config config = tiny_config();
    struct torc_reader_config by_hand = {.manual_advance = 1};
    torc_store_relaxed32(&gone, 0);
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    model_assert_status(torc_reader_open(w.topic, &by_hand, &w.reader), TORC_OK);
}

static void publish(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        model_assert_status(put(w.publisher, i, 16), TORC_OK);
    }
}

/* The defect: a borrow is looked at after it was given back. */
static void take_by_hand(void) {
    uint64_t number = 0;
    while (!model_broken() || number < 3) {
        struct torc_event event;
        uint32_t left = torc_load_acquire32(&gone);
        int status = torc_next(w.reader, &event);
        if (status == TORC_CLOSED) {
            break;
        }
        model_assert(left == 0, "nothing is read after a detach that answered OK");
        if (status == TORC_EMPTY) {
            model_pause();
            continue;
        }
        model_assert_status(status, TORC_OK);
        if (model_broken()) {
            (void)torc_advance(w.reader);
        }
        model_assert_equal(number_of(&event), ++number);
        (void)torc_advance(w.reader);
    }
}

static void detach(void) {
    detached = model_broken() ? TORC_BUSY : torc_reader_detach(w.reader);
    if (detached == TORC_OK) {
        torc_store_release32(&gone, 1);
    }
}

static void check(void) {
    model_assert(detached == TORC_OK || detached == TORC_BUSY, "detached, or a borrow is out");
    model_assert_status(torc_reader_detach(w.reader), TORC_OK);
    close_world();
}

MODEL_SCENARIO(detach_hand, .claim = "a detach against reading by hand and the gate scan: borrows stay, nobody hangs",
               .hazards = "8", .broken = "a borrow is looked at after it was given back", .setup = setup,
               .thread = {publish, take_by_hand, detach}, .check = check, .preemptions = 1, .quick = MODEL_NOT_QUICK);

/* An idle reader: the publisher already sleeps, or is about to. */
static void setup_idle(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
}
static void detach_idle(void) {
    if (!model_broken()) {
        model_assert_status(torc_reader_detach(w.reader), TORC_OK);
    }
}
MODEL_SCENARIO(detach_idle, .claim = "detaching an idle reader wakes the publisher that waits for it",
               .hazards = "8, 19", .broken = "it is not detached", .setup = setup_idle,
               .thread = {publish, detach_idle}, .check = close_world, .preemptions = 3, .quick = 1);
MODEL_SCENARIO(detach_idle_fences, .claim = "the same without membarrier", .hazards = "8, 19", .setup = setup_idle,
               .thread = {publish, detach_idle}, .check = close_world, .fences = true, .quick = 1);
