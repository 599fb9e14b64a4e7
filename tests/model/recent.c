/* recent.c - the slot that was released last (pools/recent.c), and a publisher that was passed on meanwhile: the thread
 * that had it releases a handle of its own by a plain store, and leaves a hint, while the next one claims, in the
 * ring's order: the hint is not its. */
#include "world.h"

#include "../../src/core.h"

#include <string.h>

#define SLOTS 3u

static struct torc_ringptr mine[2], next[2];
static int claimed[2];
static torc_a32 passed;

static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = SLOTS;
    torc_store_relaxed32(&passed, 0);
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_FAIL);
}

static int try_claim(struct torc_ringptr *ptr, uint64_t number) {
    void *data = NULL;
    int status = torc_try_ringptr_claim(w.publisher, 1, 16, ptr, &data);
    if (status == TORC_OK) {
        fill_number(data, 16, number);
    }
    return status;
}

/* The second slot is released. */
static void pass_and_release(void) {
    for (uint64_t i = 0; i < 2; i++) {
        model_assert_status(claim_number(&mine[i], i), TORC_OK);
    }
    torc_store_release32(&passed, 1);
    release_number(mine[1], 1);
    if (model_broken()) {
        torc_store_release64(&torc_slot_of(w.bus, mine[0].id)->word, torc_ringptr_generation(mine[0]));
        torc_store_relaxed32(&w.publisher->pools[TORC_XS].ctl->recent, TORC_ID_NUMBER(mine[0].id));
    }
}

static void wait_passed(void) {
    while (torc_load_acquire32(&passed) == 0) {
        model_pause();
    }
}
static void claim_two(void) {
    wait_passed();
    for (uint64_t i = 0; i < 2; i++) {
        claimed[i] = claim_number(&next[i], i + 2);
    }
}
static void try_two(void) {
    wait_passed();
    for (uint64_t i = 0; i < 2; i++) {
        claimed[i] = try_claim(&next[i], i + 2);
    }
}

/* One slot was free all the time. Who finds the other is given it once. */
static void check(void) {
    uint64_t held = 1;
    model_assert_status(claimed[0], TORC_OK);
    model_assert(claimed[1] == TORC_OK || claimed[1] == TORC_POOL_DRY, "claimed, or the release was not seen");
    for (int i = 0; i < 2; i++) {
        held += claimed[i] == TORC_OK;
        model_assert(claimed[i] != TORC_OK || ((next[i].id ^ mine[0].id) >> TORC_ID_SLOT_SHIFT) != 0,
                     "a slot that is held is nobody else's");
    }
    audit_world(held);
    for (uint64_t i = 0; i < 2; i++) {
        if (claimed[i] == TORC_OK) {
            release_number(next[i], i + 2);
        }
    }
    release_number(mine[0], 0);
    close_world();
}

MODEL_SCENARIO(recent_passed, .claim = "a hint left by the publisher's last thread leads to a slot that is free",
               .hazards = "12, 13, 22", .broken = "a slot that is held is freed, and hinted at", .setup = setup,
               .thread = {pass_and_release, claim_two}, .check = check, .preemptions = MODEL_UNBOUNDED, .quick = 2);
MODEL_SCENARIO(recent_passed_try, .claim = "the same for a claim that is not inline", .hazards = "12, 13, 22",
               .broken = "a slot that is held is freed, and hinted at", .setup = setup,
               .thread = {pass_and_release, try_two}, .check = check, .preemptions = 3, .quick = 1);
