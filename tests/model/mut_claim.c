/* mut_claim.c - claims where nothing is in the way (src/claim_fast.c), against one other step at a time. */
#include "copy_world.h"

#include "../../src/wait.h"

#include <torc/sequencer.h>

#define IN_SLOT 56u

static struct torc_claim open[2];
static int claimed;
static uint64_t taken;

/* --- against a reader that borrows -------------------------------------------------------------------------------- */

static void setup_borrowed(void) {
    struct torc_config config = tiny_config();
    config.lane_entries = 4;
    config.slots[TORC_XS] = 4;
    open_world(&config);
    model_assert_status(put(w.publisher, 1, IN_SLOT), TORC_OK);
    take_run(w.reader, 1, 1);
    (void)torc_advance(w.reader);
}
static void commit_claimed(uint64_t number, size_t length) {
    struct torc_claim claim;
    model_assert_status(torc_claim(w.publisher, (uint32_t)number, length, &claim), TORC_OK);
    fill_number(claim.data, length, number);
    model_assert_status(torc_commit(w.publisher, &claim), TORC_OK);
}
static void claim_inline(void) {
    commit_claimed(2, 16);
}
static void claim_in_slot(void) {
    commit_claimed(2, IN_SLOT);
}
static void claim_two(size_t length) {
    struct torc_claim claim[2];
    model_assert_status(torc_claim_batch(w.publisher, 7, length, claim, 2), 2);
    for (uint32_t i = 0; i < 2; i++) {
        claim[i].type = 2 + i;
        fill_number(claim[i].data, length, 2 + i);
    }
    model_assert_status(torc_commit_batch(w.publisher, claim, 2), TORC_OK);
}
static void claim_two_inline(void) {
    claim_two(16);
}
static void claim_two_in_slots(void) {
    claim_two(IN_SLOT);
}
/* The second claim puts the first into its entry. */
static void claim_in_turn(void) {
    struct torc_claim claim[2];
    for (uint32_t i = 0; i < 2; i++) {
        model_assert_status(torc_claim(w.publisher, 2 + i, IN_SLOT, &claim[i]), TORC_OK);
        fill_number(claim[i].data, IN_SLOT, 2 + i);
    }
    model_assert_status(torc_commit(w.publisher, &claim[0]), TORC_OK);
    model_assert_status(torc_commit(w.publisher, &claim[1]), TORC_OK);
}
static void take_one(void) {
    take_run(w.reader, 2, 1);
    (void)torc_advance(w.reader);
}
static void take_two(void) {
    take_run(w.reader, 2, 2);
    (void)torc_advance(w.reader);
}
#define BORROWED(name, text, claims, takes)                                                                            \
    MODEL_SCENARIO(name, .claim = text, .hazards = "3", .setup = setup_borrowed, .thread = {claims, takes},            \
                   .check = close_world, .preemptions = MODEL_UNBOUNDED, .quick = 1)
BORROWED(mut_claim_entry, "whoever finds a lone claim committed finds all of it", claim_inline, take_one);
BORROWED(mut_claim_slot, "the same in a slot", claim_in_slot, take_one);
BORROWED(mut_claim_two, "the same of two at once", claim_two_inline, take_two);
BORROWED(mut_claim_two_slots, "the same of two at once in slots", claim_two_in_slots, take_two);
BORROWED(mut_claim_in_turn, "the same of two, one after the other", claim_in_turn, take_two);

/* --- against a close ---------------------------------------------------------------------------------------------- */

static void setup_close(void) {
    setup_borrowed();
    taken = 1;
}
static void try_claim(size_t length) {
    claimed = torc_try_claim(w.publisher, 2, length, open);
    if (claimed == TORC_OK) {
        fill_number(open[0].data, length, 2);
        model_assert_status(torc_commit(w.publisher, open), TORC_OK);
    }
}
static void try_inline(void) {
    try_claim(16);
}
static void try_in_slot(void) {
    try_claim(IN_SLOT);
}
static void close_and_take(void) {
    model_assert_status(torc_bus_close(w.bus), TORC_OK);
    taken = take_to_end(w.reader, taken);
}
static void check_closed(void) {
    model_assert(claimed == TORC_OK || claimed == TORC_CLOSED, "claimed, or closed");
    model_assert_equal(taken, claimed == TORC_OK ? 2 : 1);
    close_world();
}
#define CLOSED(name, text, claims, ...)                                                                                \
    MODEL_SCENARIO(name, .claim = text, .hazards = "20", .setup = setup_close, .thread = {claims, close_and_take},     \
                   .check = check_closed, .preemptions = 2, .quick = 1, __VA_ARGS__)
CLOSED(mut_claim_close, "who closes reads all that was claimed", try_inline, .fences = false);
CLOSED(mut_claim_close_fences, "the same without membarrier", try_inline, .fences = true);
CLOSED(mut_claim_close_slot_fences, "the same in a slot", try_in_slot, .fences = true);

/* --- against one that comes to copy: what a joiner does, without the rest of it ----------------------------------- */

#define ENTRIES 8u

/* One event in a slot and a little more than a lap, so that there is room and a slot at hand: claims do overwrite, and
 * at once. */
static void setup_join(void) {
    open_copied(ENTRIES, 4);
    put_run(0, 1, IN_SLOT);
    put_run(1, ENTRIES + 1, 16);
}
/* A lone claim is open. */
static void setup_join_open(size_t length) {
    setup_join();
    model_assert_status(torc_claim(w.publisher, 10, length, open), TORC_OK);
    fill_number(open[0].data, length, 10);
    model_assert(w.publisher->lone.most == length + 1, "it is not in its entry yet");
}
static void setup_join_inline(void) {
    setup_join_open(16);
}
static void setup_join_slot(void) {
    setup_join_open(IN_SLOT);
}
static void abort_open(void) {
    model_assert_status(torc_abort(w.publisher, open), TORC_OK);
}
static void claim_tenth(void) {
    commit_claimed(10, 16);
}
static void claim_tenth_in_slot(void) {
    commit_claimed(10, IN_SLOT);
}
static void claim_batch(size_t length) {
    struct torc_claim claim[2];
    int count = torc_claim_batch(w.publisher, 10, length, claim, 2);
    model_assert(count > 0, "there is room");
    for (int i = 0; i < count; i++) {
        fill_number(claim[i].data, length, 10);
    }
    model_assert_status(torc_commit_batch(w.publisher, claim, (size_t)count), TORC_OK);
}
static void claim_two_more(void) {
    claim_batch(16);
}
static void claim_two_more_in_slots(void) {
    claim_batch(IN_SLOT);
}
static void abort_and_claim(void) {
    abort_open();
    claim_tenth();
}
/* COPY: the oldest entries that no claim has begun to overwrite. They are read as src/copy.c does. As there, nobody
 * opens the fast path meanwhile, unless he has seen it. */
static void copy_oldest(void) {
    struct publisher *publisher = publisher_of(w.publisher);
    uint64_t from;
    (void)pthread_mutex_lock(&publisher->bus->lock);
    torc_publisher_copied(publisher, true);
    (void)pthread_mutex_unlock(&publisher->bus->lock);
    torc_barrier_heavy(publisher->hot.fence);
    from = torc_load_acquire64(&publisher->hot.lane->claimed) - ENTRIES;
    for (uint64_t at = from; at != from + 2; at++) {
        const struct torc_entry *entry = lane_entry(publisher, at);
        uint64_t word, stamp = torc_load_acquire64(&entry->stamp);
        uint32_t header = torc_load_acquire32(&entry->header_word), type = torc_load_acquire32(&entry->type_word);
        if (stamp != at + 1 || (header & TORC_ENTRY_SKIP) != 0) {
            continue;
        }
        word = torc_load_acquire64(&entry->body.word[0]);
        if (torc_load_relaxed64(&entry->stamp) == at + 1) {
            model_assert_equal(header, 16);
            model_assert_equal(type, at + 1);
            model_assert_equal(word, at + 1);
        }
    }
}
static void check_copied(void) {
    torc_publisher_copied(publisher_of(w.publisher), false);
    close_world();
}
#define COPIED(name, text, begin, claims, ...)                                                                         \
    MODEL_SCENARIO(name, .claim = text, .hazards = "1, 7", .setup = begin, .thread = {claims, copy_oldest},            \
                   .check = check_copied, .preemptions = 2, .quick = 1, __VA_ARGS__)
COPIED(mut_claim_copy, "who comes to copy reads nothing that a claim writes to", setup_join, claim_tenth,
       .fences = false);
COPIED(mut_claim_copy_fences, "the same without membarrier", setup_join, claim_tenth, .fences = true);
COPIED(mut_claim_copy_slot_fences, "the same in a slot", setup_join, claim_tenth_in_slot, .fences = true);
COPIED(mut_claim_copy_two_fences, "the same of two at once", setup_join, claim_two_more, .fences = true);
COPIED(mut_claim_copy_abort, "what a claim that is taken back has overwritten is stepped over", setup_join_inline,
       abort_open, .fences = true);
COPIED(mut_claim_copy_abort_slot, "the same in a slot", setup_join_slot, abort_open, .fences = true);
COPIED(mut_claim_copy_slots_fences, "the same of two at once in slots", setup_join, claim_two_more_in_slots,
       .fences = true);
COPIED(mut_claim_copy_again, "the same where it is claimed again", setup_join_inline, abort_and_claim, .fences = true);

/* The same with a reader. It is behind the claim; what was claimed and taken back is stepped over. */
static struct came came;

static void join_oldest(void) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST};
    w.second = open_copier(&config);
    came.next = w.second->sequence;
    (void)take_or_skip(w.second, &came);
}
static void check_joined(void) {
    while (take_or_skip(w.second, &came)) {
    }
    model_assert_equal(came.next, torc_load_relaxed64(&w.publisher->lane->published));
    close_world();
}
#define JOINED(name, text, begin, claims, ...)                                                                         \
    MODEL_SCENARIO(name, .claim = text, .hazards = "1, 7", .setup = begin, .thread = {claims, join_oldest},            \
                   .check = check_joined, .preemptions = 1, .quick = 1, __VA_ARGS__)
JOINED(mut_claim_join, "a LOSSY reader joins at OLDEST beside a lone claim", setup_join, claim_tenth, .fences = false);
JOINED(mut_claim_join_fences, "the same without membarrier", setup_join, claim_tenth, .fences = true);
JOINED(mut_claim_join_slot_fences, "the same in a slot", setup_join, claim_tenth_in_slot, .fences = true);
JOINED(mut_claim_join_again, "the same where a claim is taken back and made again", setup_join_inline, abort_and_claim,
       .fences = true);

/* --- a lane of several opens its fast way again ------------------------------------------------------------------- */

static struct torc_sequencer *sequencer;
static uint64_t copied;

static struct publisher *shared(void) {
    return bus_of(w.bus)->publisher[0];
}
/* Somebody copies; there is room for two events, and the first overwrites what is being copied. */
static void setup_shared(void) {
    struct torc_config config = tiny_config();
    config.lane_entries = 4;
    open_order(&config);
    model_assert_status(torc_sequencer_open(w.topic, NULL, &sequencer), TORC_OK);
    for (uint64_t number = 1; number <= 5; number++) {
        model_assert_status(torc_sequencer_publish(sequencer, 1, &number, 8, TORC_FOREVER, NULL), TORC_OK);
    }
    torc_publisher_copied(shared(), true);
}
static void say(uint64_t number) {
    model_assert_status(torc_sequencer_publish(sequencer, 1, &number, 8, TORC_FOREVER, NULL), TORC_OK);
}
static void say_six(void) {
    say(6);
}
static void say_seven(void) {
    say(7);
}
static void copy_and_leave(void) {
    copied = torc_load_acquire64(&lane_entry(shared(), 1)->body.word[0]);
    torc_publisher_copied(shared(), false);
}
static void check_shared(void) {
    model_assert(copied == 2 || copied == 6 || copied == 7, "a number that was published");
    model_assert_status(torc_sequencer_close(sequencer), TORC_OK);
    close_world();
}
MODEL_SCENARIO(mut_claim_reopen, .claim = "who finds the fast way open finds all readers that copied gone",
               .hazards = "7", .setup = setup_shared, .thread = {copy_and_leave, say_six, say_seven},
               .check = check_shared, .preemptions = 2, .quick = 1);
