/* mut_evict.c - one step of a reader against its eviction: the memory orders of EVICT, in the smallest executions that
 * have them (copy_evict.c has the longer ones). */
#include "copy_world.h"

static struct came came;

static void open_evicted(uint32_t slots, uint64_t events, size_t length) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT};
    open_copied(2, slots);
    w.reader = open_copier(&config);
    put_run(0, events, length);
}
static void setup_full(void) {
    open_evicted(0, 2, 16);
}
static void publish_over(void) {
    put_run(2, 3, 16);
}
static void setup_slot(void) {
    open_evicted(1, 1, 64);
}
static void publish_in_slot(void) {
    put_run(1, 2, 64);
}

/* What it found before it was told is held for its next call, and given back after that. */
static void take_one(void) {
    while (take_copy(w.reader, &came) == TORC_EVICTED) {
    }
    (void)torc_advance(w.reader);
}
static void check_to(uint64_t end) {
    take_copies(w.reader, &came, end);
    model_assert_equal(came.unwarned, 0);
    model_came_is(w.reader, &came, end);
    close_world();
}
static void check_full(void) {
    check_to(3);
}
static void check_slot(void) {
    check_to(2);
}
MODEL_SCENARIO(mut_evict_entry, .claim = "who finds its entry overwritten was told before that it was evicted",
               .hazards = "1, 4", .setup = setup_full, .thread = {publish_over, take_one}, .check = check_full,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_evict_slot, .claim = "who finds the slot of its event taken back, too", .hazards = "1, 4, 12",
               .setup = setup_slot, .thread = {publish_in_slot, take_one}, .check = check_slot, .preemptions = 2,
               .quick = 1);
