/* release_fresh.c - the release by plain store of a handle that was never cloned, against a thread that uses a stale
 * copy of the handle. The copy is a mistake of its user; what may come of it is in torc/ringptr.h: both may be told OK,
 * but the slot is freed once, handed out once, and the next owner is not touched. */
#include "world.h"

#include "../../src/core.h"

static torc_a64 copy; /* the handle's id, as the other thread has it */
static struct torc_ringptr next[2];
static int released, wrong, cloned; /* what each thread was told */

static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 2;
    torc_store_relaxed64(&copy, 0);
    open_world(&config);
}

static struct torc_ringptr claim_typed(uint64_t number) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    void *data = NULL;
    model_assert_status(torc_ringptr_claim(w.publisher, (uint32_t)number, 56, &ptr, &data), TORC_OK);
    fill_number(data, 56, number);
    return ptr;
}

/* Both slots are claimed again after the release, so that a slot handed out twice would show. */
static void release_and_claim(void) {
    struct torc_ringptr mine = claim_typed(1);
    torc_store_release64(&copy, mine.id);
    released = torc_ringptr_release(mine);
    next[0] = claim_typed(2);
    if (model_broken()) {
        torc_store_release64(&copy, next[0].id);
    }
    next[1] = claim_typed(3);
}

static struct torc_ringptr wait_for_copy(void) {
    uint64_t id;
    while ((id = torc_load_acquire64(&copy)) == 0) {
        model_pause();
    }
    return (struct torc_ringptr){w.bus, id};
}

static void release_copy(void) {
    wrong = torc_ringptr_release(wait_for_copy());
}

/* What it clones may be gone before it is released, but not become anybody else's. */
static void clone_copy(void) {
    struct torc_ringptr clone;
    cloned = torc_ringptr_clone(wait_for_copy(), &clone);
    if (cloned == TORC_OK) {
        int status = torc_ringptr_release(clone);
        model_assert(status == TORC_OK || status == TORC_STALE, "the clone is alive or stale");
    }
}

static void check_next(uint64_t outstanding) {
    model_assert(cloned == TORC_OK || cloned == TORC_STALE, "cloned, or found released");
    model_assert((next[0].id ^ next[1].id) >> TORC_ID_SLOT_SHIFT != 0, "two slots for two handles");
    audit_world(outstanding);
    for (uint64_t i = 0; i < 2; i++) {
        model_assert_equal(torc_ringptr_count(next[i]), 1);
        model_assert_equal(number_in(torc_ringptr_data(next[i]), 56), i + 2);
        model_assert_status(torc_ringptr_release(next[i]), TORC_OK);
    }
    close_world();
}

/* Nobody but the owner told OK is possible, and the other way round; both only of a handle that was never cloned. */
static void check(void) {
    model_assert(released == TORC_OK || released == TORC_STALE, "released, or found released");
    model_assert(wrong == TORC_OK || wrong == TORC_STALE, "released, or found released");
    model_assert(released == TORC_OK || wrong == TORC_OK, "somebody released it");
    check_next(2);
}

MODEL_SCENARIO(release_twice, .claim = "a handle released twice at the same moment frees its slot once",
               .hazards = "9, 12", .broken = "the copy is of the next owner's handle", .setup = setup,
               .thread = {release_and_claim, release_copy}, .check = check, .preemptions = MODEL_UNBOUNDED, .quick = 2);
/* A bus that may be destroyed later ends its last releases in another way (pools/slot.c). */
static void setup_later(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 2;
    config.flags |= TORC_DESTROY_LATER;
    torc_store_relaxed64(&copy, 0);
    open_world(&config);
}
MODEL_SCENARIO(release_twice_later, .claim = "the same on a bus that may be destroyed later", .hazards = "9, 12",
               .broken = "the copy is of the next owner's handle", .setup = setup_later,
               .thread = {release_and_claim, release_copy}, .check = check, .preemptions = MODEL_UNBOUNDED, .quick = 2);
MODEL_SCENARIO(release_clone, .claim = "a clone of a copy that is being released does not come back to life",
               .hazards = "9, 12", .setup = setup, .thread = {release_and_claim, clone_copy}, .check = check,
               .preemptions = MODEL_UNBOUNDED, .quick = 2);
MODEL_SCENARIO(release_both, .claim = "two stale copies at once, one released and one cloned", .hazards = "9, 12",
               .setup = setup, .thread = {release_and_claim, release_copy, clone_copy}, .check = check,
               .preemptions = 2, .quick = 1);
