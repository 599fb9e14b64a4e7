/* litmus.c - the explorer's own proof: small programs whose outcomes under RC11 are known. Each names all that are allowed;
 * every one must be found, and none besides. */
#include "model.h"

static torc_a64 x, y;
static uint64_t r1, r2;

static void two_results(void) {
    model_outcome("%u%u", (unsigned)r1, (unsigned)r2);
}

/* MP */
static void mp_write_relaxed(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_relaxed64(&y, 1);
}
static void mp_read_relaxed(void) {
    r1 = torc_load_relaxed64(&y);
    r2 = torc_load_relaxed64(&x);
}
MODEL_SCENARIO(litmus_mp_relaxed, .claim = "message passing, relaxed: the flag may come without the data",
               .thread = {mp_write_relaxed, mp_read_relaxed}, .check = two_results, .outcomes = "00|01|10|11",
               .preemptions = MODEL_UNBOUNDED);
static void mp_write(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_release64(&y, 1);
}
static void mp_read(void) {
    r1 = torc_load_acquire64(&y);
    r2 = torc_load_relaxed64(&x);
}
MODEL_SCENARIO(litmus_mp, .claim = "message passing, release and acquire: never the flag without the data",
               .thread = {mp_write, mp_read}, .check = two_results, .outcomes = "00|01|11",
               .preemptions = MODEL_UNBOUNDED);

/* SB */
static void sb_1(void) {
    torc_store_relaxed64(&x, 1);
    r1 = torc_load_relaxed64(&y);
}
static void sb_2(void) {
    torc_store_relaxed64(&y, 1);
    r2 = torc_load_relaxed64(&x);
}
MODEL_SCENARIO(litmus_sb_relaxed, .claim = "store buffering, relaxed: both may miss the other", .thread = {sb_1, sb_2},
               .check = two_results, .outcomes = "00|01|10|11", .preemptions = MODEL_UNBOUNDED);
