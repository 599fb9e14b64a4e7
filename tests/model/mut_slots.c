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

static int claim(struct torc_ringptr *ptr, uint64_t number) {
    void *data = NULL;
    int status = torc_ringptr_claim(w.publisher, 1, 16, ptr, &data);
    if (status == TORC_OK) {
        fill_number(data, 16, number);
    }
    return status;
}

static void read_and_release(struct torc_ringptr ptr, uint64_t number) {
    model_assert_equal(number_in(torc_ringptr_data(ptr), 16), number);
    model_assert_status(torc_ringptr_release(ptr), TORC_OK);
}

/* --- the owner lets go of the handle it cloned ------------------------------------------------------------------------- */

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
    read_and_release(cloned, 1);
}
static void release_first_and_claim(void) {
    model_assert_status(claim(&first, 1), TORC_OK);
    model_assert_status(torc_ringptr_clone(first, &cloned), TORC_OK);
    torc_store_release32(&handed, 1);
    model_assert_status(torc_ringptr_release(first), TORC_OK);
    claimed = claim(&next, 2);
}
static void check_claimed(void) {
    if (claimed == TORC_OK) {
        read_and_release(next, 2);
    } else {
        model_assert_status(claimed, TORC_POOL_DRY);
    }
    close_world();
}
MODEL_SCENARIO(mut_release_cloned, .claim = "the plain-store release waits for what the clone's holder read",
               .hazards = "12", .setup = setup_cloned, .thread = {release_clone, release_first_and_claim},
               .check = check_claimed, .preemptions = MODEL_UNBOUNDED);

/* --- the publisher is passed on to another thread, the handle is not -------------------------------------------------- */

static void setup_passed(void) {
    open_slots(1, TORC_DRY_WAIT);
}
static void claim_and_pass(void) {
    model_assert_status(claim(&first, 1), TORC_OK);
    torc_store_release32(&handed, 1);
    read_and_release(first, 1);
}
static void claim_passed(void) {
    wait_handed();
    model_assert_status(claim(&next, 2), TORC_OK);
}
static void check_passed(void) {
    read_and_release(next, 2);
    close_world();
}
MODEL_SCENARIO(mut_release_passed, .claim = "a plain-store release by the publisher's last thread reaches its next one",
               .hazards = "12, 19", .setup = setup_passed, .thread = {claim_and_pass, claim_passed},
               .check = check_passed, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_release_passed_fences, .claim = "the same without membarrier", .hazards = "12, 19",
               .setup = setup_passed, .thread = {claim_and_pass, claim_passed}, .check = check_passed, .fences = true,
               .preemptions = 2, .quick = 1);

/* --- the fast way to a slot ------------------------------------------------------------------------------------------------ */

#define EIGHT 8u

/* Round the table once, so that the next claim is inline and of the slot that is released elsewhere. */
static void setup_round(void) {
    struct torc_ringptr all[EIGHT];
    open_slots(EIGHT, TORC_DRY_FAIL);
    for (uint64_t i = 0; i < EIGHT; i++) {
        model_assert_status(claim(&all[i], i), TORC_OK);
    }
    read_and_release(all[0], 0);
    model_assert_status(claim(&all[0], 9), TORC_OK);
    for (uint32_t i = 0; i < EIGHT; i++) {
        if (i != 1) {
            model_assert_status(torc_ringptr_release(all[i]), TORC_OK);
        }
    }
    first = all[1];
    model_assert(torc_load_relaxed32(&w.publisher->pools[TORC_XS].ctl->next) == 4, "the second slot's turn");
}
static void release_first(void) {
    read_and_release(first, 1);
}
static void claim_next(void) {
    claimed = claim(&next, 2);
}
MODEL_SCENARIO(mut_claim_inline, .claim = "an inline claim waits for what the slot's last holder read", .hazards = "12",
               .setup = setup_round, .thread = {release_first, claim_next}, .check = check_claimed,
               .preemptions = MODEL_UNBOUNDED);

/* --- XXL: the last release gives a block back ------------------------------------------------------------------------------ */

#define XXL_BYTES (TORC_XL_BYTES + 1u)

static void open_xxl(uint32_t blocks, uint64_t area) {
    struct torc_config config = tiny_config();
    config.readers = 2;
    config.xxl = (uint16_t)blocks;
    config.xxl_bytes = area;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_FAIL);
}
static uint64_t word_in(const void *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}
static int publish_xxl(uint64_t word) {
    struct torc_claim in_place;
    int status = torc_claim(w.publisher, 1, XXL_BYTES, &in_place);
    if (status == TORC_OK) {
        memcpy(in_place.data, &word, sizeof word);
        model_assert_status(torc_commit(w.publisher, &in_place), TORC_OK);
    }
    return status;
}
static void setup_xxl_ring(void) {
    struct torc_event event;
    open_xxl(1, 0);
    w.reader = open_reader(TORC_JOIN_NEXT);
    w.second = open_reader(TORC_JOIN_NEXT);
    model_assert_status(publish_xxl(7), TORC_OK);
    model_assert_status(torc_next(w.reader, &event), TORC_OK);
    model_assert_status(torc_keep(w.reader, &event, &first), TORC_OK);
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
    w.reader = NULL;
}
/* One thread both reads and publishes: what it read is over before the ring's reference is dropped. */
static void read_and_publish_xxl(void) {
    struct torc_event event;
    model_assert_status(torc_next(w.second, &event), TORC_OK);
    model_assert_equal(word_in(event.data), 7);
    model_assert_status(torc_next(w.second, &event), TORC_EMPTY);
    claimed = publish_xxl(8);
    if (claimed == TORC_POOL_DRY) {
        claimed = publish_xxl(8); /* the handle's release may be over by now */
    }
}
static void release_xxl(void) {
    model_assert_equal(word_in(torc_ringptr_data(first)), 7);
    model_assert_status(torc_ringptr_release(first), TORC_OK);
}
static void check_xxl_ring(void) {
    struct torc_event event;
    if (claimed == TORC_OK) {
        model_assert_status(torc_next(w.second, &event), TORC_OK);
        model_assert_equal(word_in(event.data), 8);
    } else {
        model_assert_status(claimed, TORC_POOL_DRY);
    }
    close_world();
}
MODEL_SCENARIO(mut_xxl_last, .claim = "a block is freed after everybody's last look, by handle or by the ring",
               .hazards = "12, 13", .setup = setup_xxl_ring, .thread = {read_and_publish_xxl, release_xxl},
               .check = check_xxl_ring, .preemptions = 2, .quick = 1);

static struct torc_ringptr xxl_next;
static int claim_xxl(struct torc_ringptr *ptr, uint64_t word) {
    void *data = NULL;
    int status = torc_ringptr_claim(w.publisher, 1, XXL_BYTES, ptr, &data);
    if (status == TORC_OK) {
        memcpy(data, &word, sizeof word);
    }
    return status;
}
/* Room for one block, and two descriptors: the block comes back by the list, not by its slot. */
static void setup_xxl_area(void) {
    open_xxl(2, XXL_BYTES + TORC_LINE);
    model_assert_status(claim_xxl(&first, 7), TORC_OK);
}
static void claim_xxl_next(void) {
    claimed = claim_xxl(&xxl_next, 8);
}
static void check_xxl_area(void) {
    if (claimed == TORC_OK) {
        model_assert_equal(word_in(torc_ringptr_data(xxl_next)), 8);
        model_assert_status(torc_ringptr_release(xxl_next), TORC_OK);
    } else {
        model_assert_status(claimed, TORC_POOL_DRY);
    }
    close_world();
}
MODEL_SCENARIO(mut_xxl_area, .claim = "a block in the bus goes through the list of those given back, with its bytes",
               .hazards = "12, 13", .setup = setup_xxl_area, .thread = {release_xxl, claim_xxl_next},
               .check = check_xxl_area, .preemptions = 2, .quick = 1);
