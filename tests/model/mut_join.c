/* mut_join.c - readers that join against one step of a publisher at a time: the memory orders of JOIN and COPY. */
#include "copy_world.h"

#include <string.h>

static struct came came;
static struct torc_claim first;

/* --- what a claim that was taken back has overwritten ------------------------------------------------------------- */

static void claim_filled(uint64_t sequence, struct torc_claim *claim) {
    model_assert_status(torc_claim(w.publisher, (uint32_t)sequence + 1, 8, claim), TORC_OK);
    fill_number(claim->data, 8, sequence + 1);
}
static void setup_claimed(void) {
    open_copied(2, 2);
    put_run(0, 2, 8);
    claim_filled(2, &first);
}
static void abort_first(void) {
    model_assert_status(torc_abort(w.publisher, &first), TORC_OK);
}
/* What the claim overwrote is stepped over, or was not yet the claim's when the reader joined. */
static void join_copying(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    w.second = open_copier(&config);
    came.next = w.second->sequence;
    (void)take_or_skip(w.second, &came);
}
MODEL_SCENARIO(mut_join_abort, .claim = "a LOSSY reader joins while a claim is taken back: it reads nothing of it",
               .hazards = "1, 7", .setup = setup_claimed, .thread = {abort_first, join_copying}, .check = close_world,
               .preemptions = 2, .quick = 1);

/* --- readers that gate -------------------------------------------------------------------------------------------- */

static uint64_t position, published;

/* The joiner gets a place in which another reader's cursor stands. */
static void reuse_a_place(void) {
    model_assert_status(torc_reader_close(open_reader(TORC_JOIN_NEXT)), TORC_OK);
}
static void setup_full(void) {
    struct torc_config config = tiny_config();
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    published = 2;
    came.events = 0;
    put_run(0, 2, 16);
    reuse_a_place();
}
static void try_two(void) {
    for (uint32_t i = 0; i < 2; i++) {
        unsigned char bytes[16];
        fill_number(bytes, sizeof bytes, published + 1);
        published += torc_try_publish(w.publisher, (uint32_t)published + 1, bytes, sizeof bytes) == TORC_OK;
    }
}
static bool take_one(void) {
    struct torc_event event;
    int status = torc_next(w.reader, &event);
    if (status == TORC_OK) {
        model_assert_equal(event.sequence, position + came.events);
        model_assert_equal(number_of(&event), event.sequence + 1);
        came.events++;
    }
    return status == TORC_OK;
}
static void join(enum torc_join where) {
    w.reader = open_reader(where);
    position = w.reader->sequence;
    (void)take_one();
}
static void join_next(void) {
    join(TORC_JOIN_NEXT);
}
static void join_oldest(void) {
    join(TORC_JOIN_OLDEST);
}
static void check_joined(void) {
    while (take_one()) {
    }
    model_assert_equal(position + came.events, published);
    close_world();
}
MODEL_SCENARIO(mut_join_next, .claim = "a reader that joins is not lapped by a publisher with an older gate",
               .hazards = "7", .setup = setup_full, .thread = {try_two, join_next}, .check = check_joined,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_join_next_fences, .claim = "the same without membarrier", .hazards = "7", .setup = setup_full,
               .thread = {try_two, join_next}, .check = check_joined, .fences = true, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_join_oldest, .claim = "one that joins at OLDEST has all from its first event on", .hazards = "7",
               .setup = setup_full, .thread = {try_two, join_oldest}, .check = check_joined, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(mut_join_oldest_fences, .claim = "the same without membarrier", .hazards = "7", .setup = setup_full,
               .thread = {try_two, join_oldest}, .check = check_joined, .fences = true, .preemptions = 2, .quick = 1);

/* A publisher that waits for a joiner's low cursor, and nobody reads. */
static void put_third(void) {
    put_run(2, 3, 16);
}
static void join_and_rest(void) {
    w.reader = open_reader(TORC_JOIN_NEXT);
}
MODEL_SCENARIO(mut_join_space_fences, .claim = "a joiner's low cursor holds nobody up for good", .hazards = "19",
               .setup = setup_full, .thread = {put_third, join_and_rest}, .check = close_world, .fences = true,
               .preemptions = 2, .quick = 1);
