/* litmus.c - the explorer's own proof: small programs whose outcomes under RC11 are known. Each names all that are
 * allowed; every one must be found, and none besides. Here: two threads, coherence, causality. Further ones:
 * litmus_*.c.
 *
 * LB is forbidden here. C11 as published allows it, RC11 does not: it forbids cycles of program order and reads-from,
 * which is how it rules out values out of thin air. Hardware of the ARM and POWER families can show it for relaxed
 * accesses without a dependency, so code that is right only because LB cannot happen is not found out by this
 * explorer. */
#include "model.h"

static torc_a64 x, y, z;
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

/* --- MP: message passing ------------------------------------------------------------------------------------------ */

static void mp_write_relaxed(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_relaxed64(&y, 1);
}
static void mp_write(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_release64(&y, 1);
}
static void mp_read_relaxed(void) {
    r1 = torc_load_relaxed64(&y);
    r2 = torc_load_relaxed64(&x);
}
static void mp_read(void) {
    r1 = torc_load_acquire64(&y);
    r2 = torc_load_relaxed64(&x);
}
SCENARIO(mp_relaxed, "MP relaxed: the flag may come without the data", "00|01|10|11",
         .thread = {mp_write_relaxed, mp_read_relaxed}, .check = two);
SCENARIO(mp_no_acquire, "MP without acquire: the same", "00|01|10|11", .thread = {mp_write, mp_read_relaxed},
         .check = two);
SCENARIO(mp_no_release, "MP without release: the same", "00|01|10|11", .thread = {mp_write_relaxed, mp_read},
         .check = two);
SCENARIO(mp, "MP release/acquire: never the flag without the data", "00|01|11", .thread = {mp_write, mp_read},
         .check = two);

/* --- SB: store buffering ------------------------------------------------------------------------------------------ */

static void sb_x(void) {
    torc_store_relaxed64(&x, 1);
    r1 = torc_load_relaxed64(&y);
}
static void sb_y(void) {
    torc_store_relaxed64(&y, 1);
    r2 = torc_load_relaxed64(&x);
}
static void sb_x_strong(void) {
    torc_store_release64(&x, 1);
    r1 = torc_load_acquire64(&y);
}
static void sb_y_strong(void) {
    torc_store_release64(&y, 1);
    r2 = torc_load_acquire64(&x);
}
SCENARIO(sb_relaxed, "SB relaxed: both may miss the other", "00|01|10|11", .thread = {sb_x, sb_y}, .check = two);
SCENARIO(sb_acquire_release, "SB release/acquire: no help", "00|01|10|11", .thread = {sb_x_strong, sb_y_strong},
         .check = two);

/* --- LB: load buffering ------------------------------------------------------------------------------------------- */

static void lb_x(void) {
    r1 = torc_load_relaxed64(&x);
    torc_store_relaxed64(&y, 1);
}
static void lb_y(void) {
    r2 = torc_load_relaxed64(&y);
    torc_store_relaxed64(&x, 1);
}
SCENARIO(lb, "LB: never both (RC11; C11 as published allows it)", "00|01|10", .thread = {lb_x, lb_y}, .check = two);

/* --- coherence: one location -------------------------------------------------------------------------------------- */

static void write_x_2(void) {
    torc_store_relaxed64(&x, 2);
}
static void write_x_twice(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_relaxed64(&x, 2);
}
static void read_x_twice(void) {
    r1 = torc_load_relaxed64(&x);
    r2 = torc_load_relaxed64(&x);
}
static void read_x_twice_more(void) {
    r3 = torc_load_relaxed64(&x);
    r4 = torc_load_relaxed64(&x);
}
static void write_read_x(void) {
    torc_store_relaxed64(&x, 1);
    r1 = torc_load_relaxed64(&x);
}
static void read_write_x(void) {
    r1 = torc_load_relaxed64(&x);
    torc_store_relaxed64(&x, 1);
}
static void result_and_x(void) {
    model_outcome("%u%u", (unsigned)r1, (unsigned)torc_load_relaxed64(&x));
}
static void only_x(void) {
    model_outcome("%u", (unsigned)torc_load_relaxed64(&x));
}
SCENARIO(corr, "CoRR: reads of one location never go back", "00|01|02|11|12|22",
         .thread = {write_x_twice, read_x_twice}, .check = two);
SCENARIO(corr2, "CoRR2: two readers agree on the order of two writes",
         "0000|0001|0002|0011|0022|0012|0021|0100|0101|0102|0111|0122|0112|0121|0200|0201|0202|0211|0222|0212|0221|"
         "1100|1101|1102|1111|1122|1112|1121|2200|2201|2202|2211|2222|2212|2221|1200|1201|1202|1211|1222|1212|"
         "2100|2101|2102|2111|2122|2121",
         .thread = {write_x, write_x_2, read_x_twice, read_x_twice_more}, .check = four);
SCENARIO(cowr, "CoWR: a thread never reads older than what it wrote", "11|12|22", .thread = {write_read_x, write_x_2},
         .check = result_and_x);
SCENARIO(corw, "CoRW: a write comes after what its thread has read", "01|02|21", .thread = {read_write_x, write_x_2},
         .check = result_and_x);
SCENARIO(coww, "CoWW: a thread's writes stay in order", "2", .thread = {write_x_twice}, .check = only_x);

/* --- 2+2W --------------------------------------------------------------------------------------------------------- */

static void w22_1(void) {
    torc_store_relaxed64(&x, 1);
    torc_store_relaxed64(&y, 2);
}
static void w22_2(void) {
    torc_store_relaxed64(&y, 1);
    torc_store_relaxed64(&x, 2);
}
static void w22_1_release(void) {
    torc_store_release64(&x, 1);
    torc_store_release64(&y, 2);
}
static void w22_2_release(void) {
    torc_store_release64(&y, 1);
    torc_store_release64(&x, 2);
}
static void x_and_y(void) {
    model_outcome("%u%u", (unsigned)torc_load_relaxed64(&x), (unsigned)torc_load_relaxed64(&y));
}
SCENARIO(2_2w, "2+2W relaxed: both first writes may come last", "11|12|21|22", .thread = {w22_1, w22_2},
         .check = x_and_y);
SCENARIO(2_2w_release, "2+2W release: no help", "11|12|21|22", .thread = {w22_1_release, w22_2_release},
         .check = x_and_y);

/* --- WRC, ISA2: causality through a third thread ------------------------------------------------------------------ */

static void wrc_middle(void) {
    r1 = torc_load_acquire64(&x);
    torc_store_release64(&y, 1);
}
static void wrc_middle_relaxed(void) {
    r1 = torc_load_relaxed64(&x);
    torc_store_release64(&y, 1);
}
static void wrc_last(void) {
    r2 = torc_load_acquire64(&y);
    r3 = torc_load_relaxed64(&x);
}
static void wrc_first(void) {
    torc_store_release64(&x, 1);
}
SCENARIO(wrc, "WRC: what a middleman has read is passed on", "000|001|010|011|100|101|111",
         .thread = {wrc_first, wrc_middle, wrc_last}, .check = three);
SCENARIO(wrc_relaxed, "WRC with relaxed writes: reading is passed on by coherence of hb alone",
         "000|001|010|011|100|101|111", .thread = {write_x, wrc_middle_relaxed, wrc_last}, .check = three);
static void wrc_middle_no_release(void) {
    r1 = torc_load_acquire64(&x);
    torc_store_relaxed64(&y, 1);
}
SCENARIO(wrc_no_release, "WRC without the middleman's release: not passed on", "000|001|010|011|100|101|110|111",
         .thread = {wrc_first, wrc_middle_no_release, wrc_last}, .check = three);

static void isa2_middle(void) {
    r1 = torc_load_acquire64(&y);
    torc_store_release64(&z, 1);
}
static void isa2_middle_relaxed(void) {
    r1 = torc_load_relaxed64(&y);
    torc_store_release64(&z, 1);
}
static void isa2_last(void) {
    r2 = torc_load_acquire64(&z);
    r3 = torc_load_relaxed64(&x);
}
SCENARIO(isa2, "ISA2: release/acquire is transitive", "000|001|010|011|100|101|111",
         .thread = {mp_write, isa2_middle, isa2_last}, .check = three);
SCENARIO(isa2_relaxed, "ISA2 with a relaxed read in the middle: it is not", "000|001|010|011|100|101|110|111",
         .thread = {mp_write, isa2_middle_relaxed, isa2_last}, .check = three);

/* --- IRIW: independent reads of independent writes ---------------------------------------------------------------- */

static void iriw_xy(void) {
    r1 = torc_load_acquire64(&x);
    r2 = torc_load_acquire64(&y);
}
static void iriw_yx(void) {
    r3 = torc_load_acquire64(&y);
    r4 = torc_load_acquire64(&x);
}
SCENARIO(iriw, "IRIW acquire: two readers may disagree on the order of two writes",
         "0000|0001|0010|0011|0100|0101|0110|0111|1000|1001|1010|1011|1100|1101|1110|1111",
         .thread = {write_x, write_y, iriw_xy, iriw_yx}, .check = four);
