/* copy_join.c - readers that copy come and go while a publisher is at it, by the fast path and by claims in place. */
#include "copy_world.h"

static struct came came;
static uint64_t position;

static uint64_t published(void) {
    return torc_load_acquire64(&w.publisher->lane->published);
}

/* Opens the second reader, LOSSY, and looks where it begins. */
static void join_at(enum torc_join join) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = join};
    uint64_t before = published(), capacity = w.publisher->mask + 1, oldest;
    w.second = open_copier(&config);
    position = w.second->sequence;
    came.next = position;
    oldest = sequence_before(before, capacity) ? 0 : before - capacity;
    model_assert(!sequence_before(position, join == TORC_JOIN_NEXT ? before : oldest), "nothing from before the join");
    model_assert(!sequence_before(published(), position), "nothing is missing after the join");
}
static void take_to(uint64_t end) {
    if (sequence_before(came.next, end)) {
        take_copies(w.second, &came, end);
    }
}
static void check_to(uint64_t end) {
    model_came_is(w.second, &came, end);
    model_assert_equal(end - position, came.events + came.lost);
    close_world();
}

/* --- by the fast path ---------------------------------------------------------------------------------------- */

static void setup_empty(void) {
    open_copied(2, 0);
}
static void setup_full(void) {
    open_copied(2, 0);
    put_run(0, 2, 16);
}
static void publish_two(void) {
    put_run(0, 2, 16);
}
static void join_next(void) {
    join_at(TORC_JOIN_NEXT);
    if (model_broken()) {
        torc_publisher_copied(publisher_of(w.publisher), false);
    }
    take_to(2);
}
static void check_2(void) {
    check_to(2);
}
MODEL_SCENARIO(bus_copy_join, .claim = "a LOSSY reader joins at NEXT while a publisher is on its fast path",
               .hazards = "1, 7", .setup = setup_empty, .thread = {publish_two, join_next}, .check = check_2,
               .preemptions = 2, .quick = 1);

static void publish_on(void) {
    put_run(2, 4, 16);
}
static void join_next_full(void) {
    join_at(TORC_JOIN_NEXT);
    take_to(4);
}
static void publish_third(void) {
    put_run(2, 3, 16);
}
static void join_oldest_full(void) {
    join_at(TORC_JOIN_OLDEST);
    if (model_broken()) {
        torc_publisher_copied(publisher_of(w.publisher), false);
    }
    take_to(3);
}
static void check_4(void) {
    check_to(4);
}
static void check_3(void) {
    check_to(3);
}
MODEL_SCENARIO(bus_copy_join_full, .claim = "the same where each event overwrites one", .hazards = "1, 7",
               .setup = setup_full, .thread = {publish_on, join_next_full}, .check = check_4, .preemptions = 2,
               .quick = MODEL_NOT_QUICK);
MODEL_SCENARIO(bus_copy_join_oldest, .claim = "a LOSSY reader joins at OLDEST: no entry that a claim may be writing to",
               .hazards = "1, 7", .broken = "the publisher goes back to its fast path while the reader copies",
               .setup = setup_full, .thread = {publish_third, join_oldest_full}, .check = check_3, .preemptions = 1,
               .quick = 1);

/* --- by claims ------------------------------------------------------------------------------------------------- */

static void claim_filled(uint64_t sequence, struct torc_claim *claim) {
    model_assert_status(torc_claim(w.publisher, (uint32_t)sequence + 1, 8, claim), TORC_OK);
    fill_number(claim->data, 8, sequence + 1);
}
static void setup_claims(void) {
    open_copied(2, 2);
    put_run(0, 2, 8);
}
static void claim_and_commit(void) {
    struct torc_claim claim;
    claim_filled(2, &claim);
    model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
}
static void claim_and_abort(void) {
    struct torc_claim claim;
    claim_filled(2, &claim);
    model_assert_status(torc_abort(w.publisher, &claim), TORC_OK);
    put_run(2, 3, 8);
}
static void claim_and_abort_two(void) {
    struct torc_claim first, second;
    claim_filled(2, &first);
    claim_filled(3, &second);
    model_assert_status(torc_abort(w.publisher, &second), TORC_OK);
    model_assert_status(torc_abort(w.publisher, &first), TORC_OK);
    put_run(2, 3, 8);
}
static void join_oldest_3(void) {
    join_at(TORC_JOIN_OLDEST);
    take_to(3);
}
static void join_next_3(void) {
    join_at(TORC_JOIN_NEXT);
    take_to(3);
}
MODEL_SCENARIO(bus_copy_join_claim, .claim = "a claim in place and a LOSSY reader that joins at OLDEST do not meet",
               .hazards = "1, 7", .setup = setup_claims, .thread = {claim_and_commit, join_oldest_3}, .check = check_3,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(bus_copy_join_claim_next, .claim = "the same at NEXT", .hazards = "1, 7", .setup = setup_claims,
               .thread = {claim_and_commit, join_next_3}, .check = check_3, .preemptions = 2, .quick = 1);

/* What an aborted claim has begun to overwrite is stepped over. */
static void join_oldest_aborted(void) {
    join_at(TORC_JOIN_OLDEST);
    (void)take_or_skip(w.second, &came);
}
static void check_aborted(void) {
    while (take_or_skip(w.second, &came)) {
    }
    model_assert_equal(came.next, 3);
    close_world();
}
MODEL_SCENARIO(bus_copy_join_abort, .claim = "the same when the claim is taken back: what it overwrote is not read",
               .hazards = "1, 7", .setup = setup_claims, .thread = {claim_and_abort, join_oldest_aborted},
               .check = check_aborted, .preemptions = 1, .quick = MODEL_NOT_QUICK);

MODEL_SCENARIO(bus_copy_join_abort_two,
               .claim = "the same when two claims are taken back, and one of them is made again", .hazards = "1, 7",
               .setup = setup_claims, .thread = {claim_and_abort_two, join_oldest_aborted}, .check = check_aborted,
               .preemptions = 1, .quick = MODEL_NOT_QUICK);

/* --- and leaves again ------------------------------------------------------------------------------------------- */

static void join_and_leave(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    struct torc_reader *reader = open_copier(&config);
    came.next = reader->sequence;
    (void)take_copy(reader, &came);
    model_assert_status(torc_reader_close(reader), TORC_OK);
}
static void check_left(void) {
    put_run(3, 5, 16);
    model_assert_equal(torc_load_relaxed64(&w.publisher->room), 2);
    close_world();
}
MODEL_SCENARIO(bus_copy_leave, .claim = "after the last reader that copies has left, the fast path is back",
               .hazards = "7, 8", .setup = setup_full, .thread = {publish_third, join_and_leave}, .check = check_left,
               .preemptions = 1, .quick = 1);

/* --- while a slot is taken back by a plain store (REAP) ----------------------------------------------------------- */

#define IN_SLOT 64u

static torc_a32 never;

/* The only slot holds an event that everybody has passed; what is published next needs it. */
static void setup_reaped(void) {
    open_copied(2, 1);
    put_run(0, 1, IN_SLOT);
    if (model_broken()) {
        publisher_of(w.publisher)->bank.gate.copied = &never;
    }
}
static void publish_again(void) {
    put_run(1, 2, IN_SLOT);
}
static void join_oldest_reaped(void) {
    join_at(TORC_JOIN_OLDEST);
    take_to(2);
}
MODEL_SCENARIO(bus_copy_join_reap,
               .claim = "a reader that comes to copy never pins a slot that is taken back by a plain store",
               .hazards = "12, 13", .broken = "the publisher does not look whether somebody copies",
               .setup = setup_reaped, .thread = {publish_again, join_oldest_reaped}, .check = check_2, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(bus_copy_join_reap_fences, .claim = "the same without membarrier", .hazards = "12, 13",
               .setup = setup_reaped, .thread = {publish_again, join_oldest_reaped}, .check = check_2, .fences = true,
               .preemptions = 1, .quick = 1);

/* A reader leaves with a handle to what it has pinned: whoever sees it gone sees the pin as well. */
static struct torc_ringptr kept;

static void setup_leaving(void) {
    struct torc_reader_config lossy = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    kept = TORC_RINGPTR_NULL;
    open_copied(2, 1);
    put_run(0, 1, IN_SLOT);
    w.second = open_copier(&lossy);
}
static void try_publish_again(void) {
    unsigned char payload[IN_SLOT];
    int status;
    fill_number(payload, IN_SLOT, 2);
    status = torc_try_publish(w.publisher, 1, payload, IN_SLOT);
    model_assert(status == TORC_OK || status == TORC_WOULD_BLOCK, "published, or the only slot is kept");
}
static void keep_and_leave(void) {
    struct torc_event event;
    if (torc_next(w.second, &event) == TORC_OK && event.sequence == 0) {
        model_assert_status(torc_keep(w.second, &event, &kept), TORC_OK);
    }
    model_assert_status(torc_reader_close(w.second), TORC_OK);
    w.second = NULL;
}
static void check_kept(void) {
    if (!torc_ringptr_is_null(kept)) {
        model_assert_equal(number_in(torc_ringptr_data(kept), IN_SLOT), 1);
        model_assert_status(torc_ringptr_release(kept), TORC_OK);
    }
    close_world();
}
MODEL_SCENARIO(bus_copy_leave_reap, .claim = "a slot that a reader had pinned and kept when it left is not taken back",
               .hazards = "12, 13", .setup = setup_leaving, .thread = {try_publish_again, keep_and_leave},
               .check = check_kept, .preemptions = 2, .quick = 1);
