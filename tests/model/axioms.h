/* axioms.h - RC11 as its authors define it, by axioms over graphs of events: a second opinion on what the explorer
 * finds. */
#ifndef TORC_TESTS_MODEL_AXIOMS_H
#define TORC_TESTS_MODEL_AXIOMS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_EVENTS    24
#define MAX_CELLS     3
#define MAX_OUTCOME   64
#define AXIOM_THREADS 4
#define AXIOM_OPS     4

/* One operation of a small program: a load, a store or exchange of `value`, or a fence. */
struct small_op {
    uint8_t op;    /* MODEL_LOAD, MODEL_STORE, MODEL_XCHG, MODEL_FENCE; MODEL_HEAVY: once in a program at most */
    uint8_t order; /* enum model_order */
    uint8_t cell;
    uint8_t value; /* different in every store; 0 is what cells hold at first */
};
struct small_program {
    uint32_t threads, cells;
    uint32_t length[AXIOM_THREADS];
    struct small_op op[AXIOM_THREADS][AXIOM_OPS];
};

/* axioms_outcomes: calls `found` for each outcome of each consistent execution: what the reads read, in program order,
 * thread after thread, then what the cells hold at last. With `strict`, full fences must also be ordered consistently
 * with program order and reads-from, as they are when they take effect one after the other. */
void axioms_outcomes(const struct small_program *program, bool strict, void (*found)(const char *outcome));

#endif
