/* mut_slots.c - slots that change hands on the rarer ways: each memory order on them is needed by one of these. */
#include "world.h"

#include "../../src/core.h"

#include <string.h>

static struct torc_ringptr first, cloned;
static torc_a32 handed;

static void open_slots(uint32_t slots, enum torc_dry dry) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = slots;
    torc_store_relaxed32(&handed, 0);
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, dry);
}

/* --- the owner lets go of the handle it cloned -------------------------------------------------------------------- */

static struct torc_ringptr next;
static int claimed;

static void wait_handed(void) {
    while (torc_load_acquire32(&handed) == 0) {
        model_pause();
    }
}
static void setup_cloned(void) {
    open_slots(1, TORC_DRY_FAIL);
}
static void release_clone(void) {
    wait_handed();
    release_number(cloned, 1);
}
static void release_first_and_claim(void) {
    model_assert_status(claim_number(&first, 1), TORC_OK);
    model_assert_status(torc_ringptr_clone(first, &cloned), TORC_OK);
    torc_store_release32(&handed, 1);
    model_assert_status(torc_ringptr_release(first), TORC_OK);
    claimed = claim_number(&next, 2);
}
static void check_claimed(void) {
    if (claimed == TORC_OK) {
        release_number(next, 2);
    } else {
        model_assert_status(claimed, TORC_POOL_DRY);
    }
    close_world();
}
MODEL_SCENARIO(mut_release_cloned, .claim = "the plain-store release waits for what the clone's holder read",
               .hazards = "12", .setup = setup_cloned, .thread = {release_clone, release_first_and_claim},
               .check = check_claimed, .preemptions = MODEL_UNBOUNDED);

/* --- the publisher is passed on to another thread, the handle is not ---------------------------------------------- */

static void setup_passed(void) {
    open_slots(1, TORC_DRY_WAIT);
}
static void claim_and_pass(void) {
    model_assert_status(claim_number(&first, 1), TORC_OK);
    torc_store_release32(&handed, 1);
    release_number(first, 1);
}
static void claim_passed(void) {
    wait_handed();
    model_assert_status(claim_number(&next, 2), TORC_OK);
}
static void check_passed(void) {
    release_number(next, 2);
    close_world();
}
MODEL_SCENARIO(mut_release_passed, .claim = "a plain-store release by the publisher's last thread reaches its next one",
               .hazards = "12, 19", .setup = setup_passed, .thread = {claim_and_pass, claim_passed},
               .check = check_passed, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_release_passed_fences, .claim = "the same without membarrier", .hazards = "12, 19",
               .setup = setup_passed, .thread = {claim_and_pass, claim_passed}, .check = check_passed, .fences = true,
               .preemptions = 2, .quick = 1);

/* The next one finds nothing, which makes it the pool's owner, before the last one, still the owner, lets go. */
static void claim_twice(void) {
    wait_handed();
    claimed = claim_number(&next, 2);
    if (claimed == TORC_POOL_DRY) {
        claimed = claim_number(&next, 2);
    }
}
MODEL_SCENARIO(mut_claim_recent, .claim = "the slot released last is claimed inline after what its holder read of it",
               .hazards = "12", .setup = setup_cloned, .thread = {claim_and_pass, claim_twice}, .check = check_claimed,
               .preemptions = MODEL_UNBOUNDED);

/* --- the fast way to a slot --------------------------------------------------------------------------------------- */

#define EIGHT 8u

/* Of a handle that was cloned: its slot is not the next one out of turn (pools/recent.c). */
static void release_in_turn(struct torc_ringptr ptr) {
    struct torc_ringptr clone;
    model_assert_status(torc_ringptr_clone(ptr, &clone), TORC_OK);
    model_assert_status(torc_ringptr_release(ptr), TORC_OK);
    model_assert_status(torc_ringptr_release(clone), TORC_OK);
}

/* Round the table once, so that the next claim is inline and of the slot that is released elsewhere. */
static void setup_round(void) {
    struct torc_ringptr all[EIGHT];
    open_slots(EIGHT, TORC_DRY_FAIL);
    for (uint64_t i = 0; i < EIGHT; i++) {
        model_assert_status(claim_number(&all[i], i), TORC_OK);
    }
    release_in_turn(all[0]);
    model_assert_status(claim_number(&all[0], 9), TORC_OK);
    for (uint32_t i = 0; i < EIGHT; i++) {
        if (i != 1) {
            release_in_turn(all[i]);
        }
    }
    first = all[1];
    model_assert(torc_load_relaxed32(&w.publisher->pools[TORC_XS].ctl->next) == 1, "the second slot's turn");
}
static void release_first(void) {
    release_number(first, 1);
}
static void claim_next(void) {
    claimed = claim_number(&next, 2);
}
MODEL_SCENARIO(mut_claim_inline, .claim = "an inline claim waits for what the slot's last holder read", .hazards = "12",
               .setup = setup_round, .thread = {release_first, claim_next}, .check = check_claimed,
               .preemptions = MODEL_UNBOUNDED);
