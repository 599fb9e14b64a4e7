/* litmus_fence.c - litmus tests with fences: acquire and release fences, full fences, and membarrier. */
#include "model.h"

static torc_a64 x, y;
static torc_a32 f;
static uint64_t r1, r2, r3, r4;

#define SCENARIO(id, text, allowed, ...)                                                                               \
    MODEL_SCENARIO(litmus_##id, .claim = text, .outcomes = allowed, .preemptions = MODEL_UNBOUNDED, __VA_ARGS__)

static void two(void) {
    model_outcome("%u%u", (unsigned)r1, (unsigned)r2);
}
static void three(void) {
    model_outcome("%u%u%u", (unsigned)r1, (unsigned)r2, (unsigned)r3);
}
static void four(void) {
    model_outcome("%u%u%u%u", (unsigned)r1, (unsigned)r2, (unsigned)r3, (unsigned)r4);
}
static void write_x(void) {
    torc_store_relaxed64(&x, 1);
}
static void write_y(void) {
    torc_store_relaxed64(&y, 1);
}

/* --- MP by fences ------------------------------------------------------------------------------------------------- */

static void mp_write_plain(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_relaxed64(&y, 1);
}
static void mp_write(void) {
    torc_store_relaxed64(&x, 1);
    model_fence_release();
    torc_store_relaxed64(&y, 1);
}
static void mp_read_plain(void) {
    r1 = torc_load_relaxed64(&y);
    r2 = torc_load_relaxed64(&x);
}
static void mp_read(void) {
    r1 = torc_load_relaxed64(&y);
    model_fence_acquire();
    r2 = torc_load_relaxed64(&x);
}
static void mp_read_late(void) {
    r1 = torc_load_relaxed64(&y);
    r2 = torc_load_relaxed64(&x);
    model_fence_acquire();
}
SCENARIO(mp_fences, "MP by release and acquire fences: never the flag without the data", "00|01|11",
         .thread = {mp_write, mp_read}, .check = two);
SCENARIO(mp_fence_write_only, "MP, fence of the writer alone: no help", "00|01|10|11",
         .thread = {mp_write, mp_read_plain}, .check = two);
SCENARIO(mp_fence_read_only, "MP, fence of the reader alone: no help", "00|01|10|11",
         .thread = {mp_write_plain, mp_read}, .check = two);
SCENARIO(mp_fence_late, "MP, fence after both reads: no help", "00|01|10|11", .thread = {mp_write, mp_read_late},
         .check = two);

/* --- SB by full fences -------------------------------------------------------------------------------------------- */

static void sb_x(void) {
    torc_store_relaxed64(&x, 1);
    r1 = torc_load_relaxed64(&y);
}
static void sb_x_fence(void) {
    torc_store_relaxed64(&x, 1);
    torc_fence_full();
    r1 = torc_load_relaxed64(&y);
}
static void sb_y_fence(void) {
    torc_store_relaxed64(&y, 1);
    torc_fence_full();
    r2 = torc_load_relaxed64(&x);
}
static void sb_x_weak_fence(void) {
    torc_store_relaxed64(&x, 1);
    model_fence_release();
    model_fence_acquire();
    r1 = torc_load_relaxed64(&y);
}
static void sb_x_rmw(void) {
    torc_store_relaxed64(&x, 1);
    (void)torc_xchg_acq_rel32(&f, 1);
    r1 = torc_load_relaxed64(&y);
}
static void sb_y_rmw(void) {
    torc_store_relaxed64(&y, 1);
    (void)torc_xchg_acq_rel32(&f, 1);
    r2 = torc_load_relaxed64(&x);
}
SCENARIO(sb_fences, "SB with full fences: one sees the other", "01|10|11", .thread = {sb_x_fence, sb_y_fence},
         .check = two);
SCENARIO(sb_one_fence, "SB with one fence: no help", "00|01|10|11", .thread = {sb_x, sb_y_fence}, .check = two);
SCENARIO(sb_weak_fence, "SB with an acquire-release fence on one side: no help", "00|01|10|11",
         .thread = {sb_x_weak_fence, sb_y_fence}, .check = two);
SCENARIO(sb_rmw_between, "SB with a RMW of one common location on each side: one sees the other", "01|10|11",
         .thread = {sb_x_rmw, sb_y_rmw}, .check = two);

/* --- 2+2W, IRIW, WRC by full fences ------------------------------------------------------------------------------- */

static void w22_1(void) {
    torc_store_relaxed64(&x, 1);
    torc_fence_full();
    torc_store_relaxed64(&y, 2);
}
static void w22_2(void) {
    torc_store_relaxed64(&y, 1);
    torc_fence_full();
    torc_store_relaxed64(&x, 2);
}
static void w22_2_plain(void) {
    torc_store_relaxed64(&y, 1);
    torc_store_relaxed64(&x, 2);
}
static void x_and_y(void) {
    model_outcome("%u%u", (unsigned)torc_load_relaxed64(&x), (unsigned)torc_load_relaxed64(&y));
}
SCENARIO(2_2w_fences, "2+2W with full fences: not both first writes last", "12|21|22", .thread = {w22_1, w22_2},
         .check = x_and_y);
SCENARIO(2_2w_one_fence, "2+2W with one fence: no help", "11|12|21|22", .thread = {w22_1, w22_2_plain},
         .check = x_and_y);

static void iriw_xy(void) {
    r1 = torc_load_relaxed64(&x);
    torc_fence_full();
    r2 = torc_load_relaxed64(&y);
}
static void iriw_yx(void) {
    r3 = torc_load_relaxed64(&y);
    torc_fence_full();
    r4 = torc_load_relaxed64(&x);
}
SCENARIO(iriw_fences, "IRIW with full fences: the readers agree",
         "0000|0001|0010|0011|0100|0101|0110|0111|1000|1001|1011|1100|1101|1110|1111",
         .thread = {write_x, write_y, iriw_xy, iriw_yx}, .check = four);

static void rwc_middle(void) {
    r1 = torc_load_relaxed64(&x);
    torc_fence_full();
    r2 = torc_load_relaxed64(&y);
}
static void rwc_last(void) {
    torc_store_relaxed64(&y, 1);
    torc_fence_full();
    r3 = torc_load_relaxed64(&x);
}
SCENARIO(rwc_fences, "RWC with full fences: what was read before a fence counts", "000|001|010|011|101|110|111",
         .thread = {write_x, rwc_middle, rwc_last}, .check = three);

/* --- membarrier --------------------------------------------------------------------------------------------------- */

static void light(void) {
    torc_store_relaxed64(&x, 1);
    torc_barrier_light(0);
    r1 = torc_load_relaxed64(&y);
}
static void heavy(void) {
    torc_store_relaxed64(&y, 1);
    torc_barrier_heavy(0);
    r2 = torc_load_relaxed64(&x);
}
static void light_fence(void) {
    torc_store_relaxed64(&x, 1);
    torc_barrier_light(1);
    r1 = torc_load_relaxed64(&y);
}
static void heavy_fence(void) {
    torc_store_relaxed64(&y, 1);
    torc_barrier_heavy(1);
    r2 = torc_load_relaxed64(&x);
}
SCENARIO(dekker, "Dekker, membarrier on one side and nothing on the other: one sees the other", "01|10|11",
         .thread = {light, heavy}, .check = two);
SCENARIO(dekker_one_fence, "Dekker, a fence in the place of membarrier: no help", "00|01|10|11",
         .thread = {light, sb_y_fence}, .check = two);
SCENARIO(dekker_fences, "Dekker without membarrier: both sides fence", "01|10|11", .thread = {light_fence, heavy_fence},
         .check = two);

static void light_3(void) {
    torc_store_relaxed64(&x, 2);
    torc_barrier_light(0);
    r3 = torc_load_relaxed64(&y);
}
SCENARIO(dekker_three, "Dekker, one membarrier against two threads: it sees every one that does not see it",
         "010|011|020|021|101|110|111|120|121", .thread = {light, heavy, light_3}, .check = three);
static void heavy_read_mp(void) {
    r1 = torc_load_relaxed64(&y);
    torc_barrier_heavy(0);
    r2 = torc_load_relaxed64(&x);
}
SCENARIO(mp_membarrier, "MP, membarrier at the reader alone: enough", "00|01|11",
         .thread = {mp_write_plain, heavy_read_mp}, .check = two);
