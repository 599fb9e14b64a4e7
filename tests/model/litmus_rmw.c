/* litmus_rmw.c - litmus tests with read-modify-writes: atomicity, release sequences, seqlocks. */
#include "model.h"

static torc_a64 x, y, seq;
static torc_a32 f, g;
static uint64_t r1, r2;

#define SCENARIO(id, text, allowed, ...)                                                                               \
    MODEL_SCENARIO(litmus_##id, .claim = text, .outcomes = allowed, .preemptions = MODEL_UNBOUNDED, __VA_ARGS__)

static void two(void) {
    model_outcome("%u%u", (unsigned)r1, (unsigned)r2);
}

/* --- atomicity ---------------------------------------------------------------------------------------------------- */

static void add_1(void) {
    r1 = torc_add_relaxed64(&x, 1);
}
static void add_2(void) {
    r2 = torc_add_relaxed64(&x, 1);
}
static void two_and_x(void) {
    model_outcome("%u%u%u", (unsigned)r1, (unsigned)r2, (unsigned)torc_load_relaxed64(&x));
}
SCENARIO(add, "two additions: none is lost", "012|102", .thread = {add_1, add_2}, .check = two_and_x);

static void cas_1(void) {
    uint64_t expected = 0;
    r1 = (uint64_t)torc_cas_relaxed64(&x, &expected, 1);
}
static void cas_2(void) {
    uint64_t expected = 0;
    r2 = (uint64_t)torc_cas_relaxed64(&x, &expected, 2);
}
SCENARIO(cas, "two compare-and-swaps of one value: one wins", "101|012", .thread = {cas_1, cas_2}, .check = two_and_x);

static void write_3(void) {
    torc_store_relaxed64(&x, 3);
}
SCENARIO(cas_against_store, "a store comes before or after a compare-and-swap, not into it", "003|103",
         .thread = {cas_1, write_3}, .check = two_and_x);

/* Weak ones may fail although they find what they expect. torc's own are strong, so no scenario of the library has
 * that. */
static void weak_1(void) {
    uint64_t expected = 0;
    r1 = (uint64_t)model_cas_weak64(&x, &expected, 1);
}
static void weak_2(void) {
    uint64_t expected = 0;
    r2 = (uint64_t)model_cas_weak64(&x, &expected, 2);
}
static void weak_until_done(void) {
    uint64_t expected = 0;
    for (r1 = 0; !model_cas_weak64(&x, &expected, 1); r1++) {
        model_assert_equal(expected, 0);
    }
}
SCENARIO(cas_weak, "two weak compare-and-swaps of one value: both may fail", "000|101|012", .spurious = 2,
         .thread = {weak_1, weak_2}, .check = two_and_x);
SCENARIO(cas_weak_again, "a weak compare-and-swap made again until it succeeds", "001|101|201", .spurious = 2,
         .thread = {weak_until_done}, .check = two_and_x);

/* --- SB by RMWs: they are no fences ------------------------------------------------------------------------------- */

static void sb_1(void) {
    (void)torc_xchg_acq_rel32(&f, 1);
    r1 = torc_load_relaxed32(&g);
}
static void sb_2(void) {
    (void)torc_xchg_acq_rel32(&g, 1);
    r2 = torc_load_relaxed32(&f);
}
SCENARIO(sb_rmw, "SB by acq_rel exchanges: both may miss the other", "00|01|10|11", .thread = {sb_1, sb_2},
         .check = two);

/* --- release sequences -------------------------------------------------------------------------------------------- */

static void head(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_release64(&y, 1);
}
static void through_rmw(void) {
    (void)torc_add_relaxed64(&y, 2);
}
static void through_store(void) {
    if (torc_load_relaxed64(&y) == 1) {
        torc_store_relaxed64(&y, 3);
    }
}
static void head_and_store(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_release64(&y, 1);
    torc_store_relaxed64(&y, 3);
}
static void tail(void) {
    r1 = torc_load_acquire64(&y);
    r2 = torc_load_relaxed64(&x);
}
SCENARIO(release_sequence, "a relaxed RMW of another thread carries the release on", "00|01|11|20|21|31",
         .thread = {head, through_rmw, tail}, .check = two);
SCENARIO(release_sequence_broken, "a relaxed store of another thread does not", "00|01|11|30|31",
         .thread = {head, through_store, tail}, .check = two);
SCENARIO(release_sequence_own, "nor does one of the same thread (C++20; C11 as published would)", "00|01|11|30|31",
         .thread = {head_and_store, tail}, .check = two);

/* --- seqlocks: two words that must be of one version -------------------------------------------------------------- */

static void seq_write(void) {
    torc_store_relaxed64(&seq, 1);
    model_fence_release();
    torc_store_relaxed64(&x, 1);
    torc_store_relaxed64(&y, 1);
    torc_store_release64(&seq, 2);
}
static void seq_write_no_fence(void) {
    torc_store_relaxed64(&seq, 1);
    torc_store_relaxed64(&x, 1);
    torc_store_relaxed64(&y, 1);
    torc_store_release64(&seq, 2);
}
static void seq_write_words(void) {
    torc_store_relaxed64(&seq, 1);
    torc_store_release64(&x, 1);
    torc_store_release64(&y, 1);
    torc_store_release64(&seq, 2);
}
static void seq_result(uint64_t before, uint64_t a, uint64_t b, uint64_t after) {
    r1 = before == after && (before & 1) == 0 ? a : 9;
    r2 = before == after && (before & 1) == 0 ? b : 9;
}
static void seq_read(void) {
    uint64_t before = torc_load_acquire64(&seq);
    uint64_t a = torc_load_relaxed64(&x);
    uint64_t b = torc_load_relaxed64(&y);
    model_fence_acquire();
    seq_result(before, a, b, torc_load_relaxed64(&seq));
}
static void seq_read_words(void) {
    uint64_t before = torc_load_acquire64(&seq);
    uint64_t a = torc_load_acquire64(&x);
    uint64_t b = torc_load_acquire64(&y);
    seq_result(before, a, b, torc_load_relaxed64(&seq));
}
static void seq_read_unordered(void) {
    uint64_t before = torc_load_acquire64(&seq);
    uint64_t a = torc_load_relaxed64(&x);
    uint64_t b = torc_load_relaxed64(&y);
    seq_result(before, a, b, torc_load_acquire64(&seq));
}
SCENARIO(seqlock, "seqlock by fences: never a mixture", "00|11|99", .thread = {seq_write, seq_read}, .check = two);
SCENARIO(seqlock_words, "seqlock by release stores and acquire loads of the words: never a mixture", "00|11|99",
         .thread = {seq_write_words, seq_read_words}, .check = two);
SCENARIO(seqlock_no_fence, "seqlock, writer without its fence: mixtures", "00|01|10|11|99",
         .thread = {seq_write_no_fence, seq_read}, .check = two);
SCENARIO(seqlock_unordered, "seqlock, second check not ordered: mixtures", "00|01|10|11|99",
         .thread = {seq_write, seq_read_unordered}, .check = two);
