/* wide.c - entries of two lines: the payload of an event lies on both, and one stamp on the first makes it visible. */
#include "copy_world.h"

#include <string.h>

#define LENGTH 64u /* 48 bytes on the first line, 16 on the second */
#define BEFORE 2u  /* events that wait in the lane of two entries when the threads start */

static struct torc_config wide_config(void) {
    struct torc_config config = tiny_config();
    config.inline_bytes = LENGTH;
    config.readers = 2;
    return config;
}

/* --- readers that gate ------------------------------------------------------------------------------------------ */

static void setup(void) {
    struct torc_config config = wide_config();
    open_world(&config);
    model_assert_equal(publisher_of(w.publisher)->hot.stride, 128);
}

/* The defect: the stamp of an event whose second line is not written yet. */
static void publish_early(uint64_t number) {
    struct torc_claim claim;
    unsigned char bytes[LENGTH];
    fill_number(bytes, LENGTH, number);
    model_assert_status(torc_claim(w.publisher, (uint32_t)number, LENGTH, &claim), TORC_OK);
    memcpy(claim.data, bytes, 48);
    model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
    memcpy((unsigned char *)claim.data + 48, bytes + 48, LENGTH - 48);
}
static void publish(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        if (model_broken()) {
            publish_early(i);
        } else {
            model_assert_status(put(w.publisher, i, LENGTH), TORC_OK);
        }
    }
}
static void claim_and_commit(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        struct torc_claim claim;
        model_assert_status(torc_claim(w.publisher, (uint32_t)i, LENGTH, &claim), TORC_OK);
        model_assert_equal(claim.slot, 0);
        fill_number(claim.data, LENGTH, i);
        model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
    }
}
static void take(void) {
    take_run(w.reader, 1, 3);
}
MODEL_SCENARIO(bus_wide_publish, .claim = "an event on two lines arrives whole, and no line of it is overwritten early",
               .hazards = "3", .broken = "the stamp is stored before the second line is written", .setup = setup,
               .thread = {publish, take}, .check = close_world, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_wide_claim, .claim = "the same for one that is written in place", .hazards = "3", .setup = setup,
               .thread = {claim_and_commit, take}, .check = close_world, .preemptions = 2, .quick = 1);

/* --- readers that copy ------------------------------------------------------------------------------------------ */

static struct came came;

static void setup_copied(void) {
    struct torc_reader_config lossy = {.policy = TORC_POLICY_LOSSY};
    struct torc_config config = wide_config();
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    w.reader = open_copier(&lossy);
    put_run(0, BEFORE, LENGTH);
    if (model_broken()) {
        torc_publisher_copied(publisher_of(w.publisher), false);
    }
}
static void publish_one(void) {
    put_run(BEFORE, BEFORE + 1, LENGTH);
}
static void take_three(void) {
    take_copies(w.reader, &came, BEFORE + 1);
}
static void check_three(void) {
    model_came_is(w.reader, &came, BEFORE + 1);
    close_world();
}
MODEL_SCENARIO(bus_wide_copy,
               .claim = "an event on two lines that is overwritten while it is copied is lost and counted, or whole",
               .hazards = "1, 2", .broken = "the publisher does not know that readers copy", .setup = setup_copied,
               .thread = {publish_one, take_three}, .check = check_three, .preemptions = 2, .quick = 1);
