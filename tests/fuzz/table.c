/* table.c - findings, the table of answers and states, and payload patterns. */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define STATUSES 17 /* 0 to -16 */

static uint64_t answers[FUNCTION_COUNT][STATUSES];
static uint64_t states[STATE_COUNT];
static uint32_t step_number;
static const char *step_name = "start";

#define FUNCTION_NAME(name, statuses) #name,
static const char *const function_names[] = {FUNCTIONS(FUNCTION_NAME)};
#define FUNCTION_MASK(name, statuses) (statuses),
static const uint32_t function_masks[] = {FUNCTIONS(FUNCTION_MASK)};
#define STATE_NAME(name) #name,
static const char *const state_names[] = {STATES(STATE_NAME)};

void at_step(uint32_t number, const char *what) {
    static int trace = -1;
    step_number = number;
    step_name = what;
    if (trace < 0) {
        trace = getenv("FUZZ_TRACE") != NULL;
    }
    if (trace) {
        printf("step %u: %s\n", number, what);
    }
}

void finding(const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "finding: step %u (%s): ", step_number, step_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

int seen(enum function function, int status) {
    static int trace = -1;
    if (trace < 0) {
        trace = getenv("FUZZ_TRACE") != NULL;
    }
    if (trace) {
        printf("    %s: %s (%d)\n", function_names[function], torc_status_name(status > 0 ? 0 : status), status);
    }
    MUST(status > 0 || (status > -STATUSES && (function_masks[function] & status_bit(status)) != 0),
         "%s answered %s, which is not among its answers", function_names[function], torc_status_name(status));
    answers[function][status > 0 ? 0 : -status]++;
    return status;
}

void reached(enum state state) {
    states[state]++;
}

static uint32_t print_function(uint32_t function) {
    uint32_t holes = 0;
    printf("  %-26s", function_names[function]);
    for (int status = 0; status < STATUSES; status++) {
        if ((function_masks[function] >> status & 1u) != 0) {
            uint64_t count = answers[function][status];
            printf(" %s %llu%s", torc_status_name(-status) + 5, (unsigned long long)count, count == 0 ? " HOLE" : "");
            holes += count == 0;
        }
    }
    putchar('\n');
    return holes;
}

uint32_t print_table(uint64_t functions, bool with_states) {
    uint32_t holes = 0;
    for (uint32_t function = 0; function < FUNCTION_COUNT; function++) {
        if ((functions >> function & 1u) != 0) {
            holes += print_function(function);
        }
    }
    for (uint32_t state = 0; with_states && state < STATE_COUNT; state++) {
        printf("  %-26s %llu%s\n", state_names[state], (unsigned long long)states[state],
               states[state] == 0 ? " HOLE" : "");
        holes += states[state] == 0;
    }
    return holes;
}

void fill_pattern(void *data, size_t length, uint32_t serial) {
    uint8_t *bytes = data;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = pattern(serial, i);
    }
}

bool has_pattern(const void *data, size_t length, uint32_t serial) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != pattern(serial, i)) {
            return false;
        }
    }
    return true;
}
