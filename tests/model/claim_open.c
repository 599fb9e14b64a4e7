/* claim_open.c - a publisher that stops between claim and commit: readers find nothing, in a bounded number of
 * steps. */
#include "world.h"

static struct torc_claim claim;
static uint32_t found;

static void setup(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
}

/* The event before is published; then it is over. The defect: the payload of a claim is written after its commit. */
static void publish_and_stop(void) {
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
    model_assert_status(torc_claim(w.publisher, 2, 16, &claim), TORC_OK);
    if (model_broken()) {
        model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
    }
    fill_number(claim.data, 16, 2);
}

/* No pause: each look answers at once. */
static void look_thrice(void) {
    struct torc_event event;
    for (int i = 0; i < 3; i++) {
        int status = torc_next(w.reader, &event);
        if (status == TORC_OK) {
            found++;
            model_assert_equal(number_of(&event), found);
        } else {
            model_assert_status(status, TORC_EMPTY);
        }
    }
}

static void check(void) {
    struct torc_event event;
    model_assert(found <= 1 || model_broken(), "an open claim is not an event");
    if (!model_broken()) {
        model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
    }
    take_run(w.reader, found + 1, 2 - found);
    model_assert_status(torc_next(w.reader, &event), TORC_EMPTY);
    close_world();
}

MODEL_SCENARIO(claim_open, .claim = "behind an open claim readers find nothing, at once; its commit makes it whole",
               .hazards = "3", .broken = "the payload is written after the commit", .setup = setup,
               .thread = {publish_and_stop, look_thrice}, .check = check, .preemptions = MODEL_UNBOUNDED, .quick = 2);
