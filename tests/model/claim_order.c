/* claim_order.c - claims settled out of order, some of them aborted: readers see the others, in claim order. */
#include "world.h"

#define IN_SLOT 56

static uint64_t seen[3];

static void setup(void) {
    struct torc_config config = tiny_config();
    config.lane_entries = 4;
    config.slots[TORC_XS] = 2;
    open_world(&config);
}

/* 1 inline, 2 in a slot, 3 inline, settled 3, 1, then 2 as a tombstone; 4 takes the last sequence back that an abort
 * gave up, and the slot that 2 gave up. The defect: 2 is committed after it was aborted. */
static void settle_mixed(void) {
    struct torc_claim claim[3];
    for (uint32_t i = 0; i < 3; i++) {
        size_t length = i == 1 ? IN_SLOT : 16;
        model_assert_status(torc_claim(w.publisher, i + 1, length, &claim[i]), TORC_OK);
        fill_number(claim[i].data, length, i + 1);
    }
    model_assert_status(torc_commit(w.publisher, &claim[2]), TORC_OK);
    model_assert_status(torc_commit(w.publisher, &claim[0]), TORC_OK);
    if (model_broken()) {
        model_assert_status(torc_commit(w.publisher, &claim[1]), TORC_OK);
    } else {
        model_assert_status(torc_abort(w.publisher, &claim[1]), TORC_OK);
    }
    model_assert_status(torc_claim(w.publisher, 9, 16, &claim[0]), TORC_OK);
    fill_number(claim[0].data, 16, 9);
    model_assert_status(torc_abort(w.publisher, &claim[0]), TORC_OK);
    model_assert_status(put(w.publisher, 4, IN_SLOT), TORC_OK);
}

static void take(void) {
    struct torc_event event;
    for (uint32_t i = 0; i < 3;) {
        if (torc_next(w.reader, &event) == TORC_OK) {
            seen[i++] = number_of(&event);
        } else {
            model_pause();
        }
    }
    (void)torc_advance(w.reader);
}

static void check(void) {
    model_assert_equal(seen[0], 1);
    model_assert_equal(seen[1], 3);
    model_assert_equal(seen[2], 4);
    close_world();
}

MODEL_SCENARIO(claim_order, .claim = "claims settled in any order come in claim order, and aborted ones do not come",
               .hazards = "3", .broken = "an event comes that was to be aborted", .setup = setup,
               .thread = {settle_mixed, take}, .check = check, .preemptions = MODEL_UNBOUNDED, .quick = 2);

/* A batch of four, its second half committed before its first is aborted. */
static void setup_batch(void) {
    struct torc_config config = tiny_config();
    config.lane_entries = 4;
    open_world(&config);
}

static void settle_batches(void) {
    struct torc_claim claim[4];
    model_assert_status(torc_claim_batch(w.publisher, 1, 16, claim, 4), 4);
    for (uint64_t i = 0; i < 4; i++) {
        fill_number(claim[i].data, 16, 1);
    }
    model_assert_status(torc_commit_batch(w.publisher, &claim[2], 2), TORC_OK);
    if (model_broken()) {
        fill_number(claim[3].data, 16, 2);
    }
    model_assert_status(torc_abort_batch(w.publisher, &claim[0], 2), TORC_OK);
    model_assert_status(torc_claim_batch(w.publisher, 1, 16, claim, 1), 1);
    fill_number(claim[0].data, 16, 1);
    model_assert_status(torc_commit_batch(w.publisher, claim, 1), TORC_OK);
}

MODEL_SCENARIO(claim_batch, .claim = "batches settled out of order come in claim order, the aborted one stepped over",
               .hazards = "3", .broken = "a payload is changed after its commit", .setup = setup_batch,
               .thread = {settle_batches, take}, .check = close_world, .preemptions = 2, .quick = 1);

/* A row of three in slots, the pool's last and its first ones: 1 is committed alone, 2 as the first of what is left,
 * the third is given back. 3 and 4 take its sequence and the slots behind. */
static void setup_row(void) {
    struct torc_config config = tiny_config();
    config.lane_entries = 4;
    config.slots[TORC_XS] = 4;
    open_world(&config);
    for (uint32_t i = 0; i < 2; i++) {
        model_assert_status(put(w.publisher, 9, IN_SLOT), TORC_OK);
        take_run(w.reader, 9, 1);
    }
    (void)torc_advance(w.reader);
}

static void settle_row(void) {
    struct torc_claim claim[3];
    model_assert_status(torc_claim_batch(w.publisher, 1, IN_SLOT, claim, 3), 3);
    for (uint32_t i = 0; i < 3; i++) {
        claim[i].type = i + 1;
        fill_number(claim[i].data, IN_SLOT, i + 1);
    }
    model_assert_status(torc_commit_batch(w.publisher, claim, 1), TORC_OK);
    if (model_broken()) {
        fill_number(claim[0].data, IN_SLOT, 2);
    }
    model_assert_status(torc_commit(w.publisher, &claim[0]), TORC_INVALID);
    model_assert_status(torc_commit(w.publisher, &claim[1]), TORC_OK);
    model_assert_status(torc_abort(w.publisher, &claim[2]), TORC_OK);
    model_assert_status(put(w.publisher, 3, IN_SLOT), TORC_OK);
}

static void take_row(void) {
    for (uint32_t i = 1; i <= 3;) {
        struct torc_event event;
        if (torc_next(w.reader, &event) == TORC_OK) {
            model_assert_equal(number_of(&event), i++);
        } else {
            model_pause();
        }
    }
    (void)torc_advance(w.reader);
}

MODEL_SCENARIO(claim_row,
               .claim = "claims in a row committed from the first on come whole, whatever becomes of the rest",
               .hazards = "3", .broken = "a payload is changed after its commit", .setup = setup_row,
               .thread = {settle_row, take_row}, .check = close_world, .preemptions = 2, .quick = 1);
