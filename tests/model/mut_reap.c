/* mut_reap.c - slots that their owner takes back by a plain store (REAP in pools/pool.c), against one other step at a
 * time. */
#include "copy_world.h"

#include "../../src/wait.h"

#define IN_SLOT 64u

static struct torc_ringptr held, got;
static int claimed;

/* --- one that comes to copy, one that leaves ---------------------------------------------------------------------- */

/* The only slot holds an event that everybody has passed. */
static void setup(void) {
    got = TORC_RINGPTR_NULL;
    open_copied(2, 1);
    put_run(0, 1, IN_SLOT);
    held = (struct torc_ringptr){&bus_of(w.bus)->hot, lane_entry(publisher_of(w.publisher), 0)->body.slot};
    held.id |= TORC_ID_SHARED;
}
static void try_claim(void) {
    void *data = NULL;
    claimed = torc_try_ringptr_claim(w.publisher, 1, IN_SLOT, &got, &data);
    if (claimed == TORC_OK) {
        fill_number(data, IN_SLOT, 2);
    }
}
static bool pin(void) {
    return torc_slot_pin(&bus_of(w.bus)->hot, held.id & ~(uint64_t)TORC_ID_SHARED, 0);
}
static void read_and_release(void) {
    model_assert(torc_ringptr_is_valid(held), "the slot is pinned");
    model_assert_equal(number_in(torc_ringptr_data(held), IN_SLOT), 1);
    model_assert_status(torc_ringptr_release(held), TORC_OK);
}
static void come_and_pin(void) {
    struct publisher *publisher = publisher_of(w.publisher);
    torc_publisher_copied(publisher, true);
    torc_barrier_heavy(publisher->hot.fence);
    if (pin()) {
        read_and_release();
    }
}
static void check(void) {
    torc_publisher_copied(publisher_of(w.publisher), false);
    if (claimed == TORC_OK) {
        model_assert_status(torc_ringptr_release(got), TORC_OK);
    } else {
        model_assert_status(claimed, TORC_WOULD_BLOCK);
    }
    close_world();
}
MODEL_SCENARIO(mut_reap_come, .claim = "a slot is pinned by who comes to copy, or taken back by a plain store",
               .hazards = "12, 13", .setup = setup, .thread = {try_claim, come_and_pin}, .check = check,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_reap_come_fences, .claim = "the same without membarrier", .hazards = "12, 13", .setup = setup,
               .thread = {try_claim, come_and_pin}, .check = check, .fences = true, .preemptions = 2, .quick = 1);

/* Somebody copies, and has not pinned it yet. */
static void setup_copied(void) {
    setup();
    torc_publisher_copied(publisher_of(w.publisher), true);
}
static void pin_and_leave(void) {
    bool pinned = pin();
    torc_publisher_copied(publisher_of(w.publisher), false);
    if (pinned) {
        read_and_release();
    }
}
MODEL_SCENARIO(mut_reap_leave, .claim = "what a reader that has left still held is seen before the slot is taken back",
               .hazards = "12, 13", .setup = setup_copied, .thread = {try_claim, pin_and_leave}, .check = check,
               .preemptions = 2, .quick = 1);

/* --- the next in turn --------------------------------------------------------------------------------------------- */

#define EIGHT 8u

/* Round the table once: the slot in turn is the ring's, or `held` as well, and nobody may pin it any more. */
static void setup_turn(void) {
    struct torc_config config = tiny_config();
    struct torc_event event;
    config.lane_entries = 16;
    config.slots[TORC_XS] = EIGHT;
    open_world(&config);
    put_run(0, EIGHT, IN_SLOT);
    for (uint64_t i = 0; i < EIGHT; i++) {
        model_assert_status(torc_next(w.reader, &event), TORC_OK);
        if (i == 1) {
            model_assert_status(torc_keep(w.reader, &event, &held), TORC_OK);
        }
    }
    (void)torc_advance(w.reader);
    put_run(EIGHT, EIGHT + 1, IN_SLOT);
    model_assert(torc_load_relaxed32(&w.publisher->pools[TORC_XS].ctl->next) == 1, "the second slot's turn");
    model_assert_equal(torc_load_relaxed64(&w.publisher->pools[TORC_XS].ctl->alone), 2);
}
static void release_held(void) {
    model_assert_equal(number_in(torc_ringptr_data(held), IN_SLOT), 2);
    model_assert_status(torc_ringptr_release(held), TORC_OK);
}
static void claim_turn(void) {
    struct torc_claim claim;
    model_assert_status(torc_claim(w.publisher, 10, IN_SLOT, &claim), TORC_OK);
    fill_number(claim.data, IN_SLOT, 10);
    model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
}
static void check_turn(void) {
    take_run(w.reader, 9, 2);
    close_world();
}
MODEL_SCENARIO(mut_reap_turn, .claim = "the slot in turn is taken when its last holder has read it",
               .hazards = "12, 13", .setup = setup_turn, .thread = {release_held, claim_turn}, .check = check_turn,
               .preemptions = MODEL_UNBOUNDED, .quick = 2);
