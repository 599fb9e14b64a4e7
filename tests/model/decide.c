/* decide.c - every decision of an execution goes through here: taken from the path that the depth-first search is on,
 * at random, or from a replay string.
 *
 * A replay string lists the decisions that were not the obvious ones: step, kind, value. Kinds: s who runs (thread * 4
 * + how), r which store a load reads and m where a store goes (0: the newest), i and j where a barrier's fence goes, f
 * who is woken, c a choice of the scenario. Without an entry a thread goes on, reads the newest, writes the newest. */
#include "explorer.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 20000u

struct decision {
    uint16_t taken, count;
};
struct logged {
    uint32_t step;
    char kind;
    uint32_t value;
};

static struct decision path[MAX_DEPTH];
static uint32_t path_length, at_depth;
static struct logged logged[MAX_DEPTH];
static uint32_t logged_count;
static struct logged wanted[MAX_DEPTH];
static uint32_t wanted_count, wanted_at;
static uint64_t random_state;

void decide_reset(void) {
    path_length = 0;
}

void decide_begin(void) {
    at_depth = 0;
    logged_count = 0;
    wanted_at = 0;
}

uint32_t decide_depth(void) {
    return at_depth;
}

bool decide_beyond(void) {
    return at_depth == path_length;
}

bool decide_next(void) {
    path_length = at_depth;
    while (path_length != 0) {
        struct decision *last = &path[path_length - 1];
        if (last->taken + 1u < last->count) {
            last->taken++;
            return true;
        }
        path_length--;
    }
    return false;
}

void decide_seed(uint64_t seed) {
    random_state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

uint64_t decide_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545F4914F6CDD1D) >> 11;
}

static uint32_t search_decision(uint32_t count) {
    if (at_depth == MAX_DEPTH) {
        violation("more than %u decisions", MAX_DEPTH);
    }
    if (at_depth == path_length) {
        path[path_length++] = (struct decision){0, (uint16_t)count};
    }
    if (path[at_depth].count != count) {
        violation("the explorer is at fault: %u choices where there were %u; something depends on more than decisions",
                  count, path[at_depth].count);
    }
    return path[at_depth++].taken;
}

/* Loads read the newest two times out of three; schedules come by priority and were decided before. */
static uint32_t random_decision(char kind, uint32_t count) {
    if (kind == 's') {
        return count - 1;
    }
    if ((kind == 'r' || kind == 'm') && decide_random() % 3 != 0) {
        return 0;
    }
    return (uint32_t)(decide_random() % count);
}

static uint32_t replay_decision(char kind, const uint32_t *values, uint32_t count) {
    uint32_t value = kind == 's' ? values[0] : 0;
    if (wanted_at < wanted_count && wanted[wanted_at].step == ex.step && wanted[wanted_at].kind == kind) {
        value = wanted[wanted_at++].value;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] == value) {
            return i;
        }
    }
    violation("the replay string does not fit: no choice %u for '%c' at step %u", value, kind, ex.step);
}

uint32_t decide(char kind, const uint32_t *values, uint32_t count, bool always_log) {
    uint32_t taken;
    switch (ex.mode) {
    case MODE_RANDOM:
        taken = random_decision(kind, count);
        break;
    case MODE_REPLAY:
        taken = replay_decision(kind, values, count);
        break;
    case MODE_SEARCH:
    default:
        taken = count == 1 ? 0 : search_decision(count);
        break;
    }
    if ((taken != 0 || always_log) && logged_count < MAX_DEPTH) {
        logged[logged_count++] = (struct logged){ex.step, kind, values[taken]};
    }
    if (kind == 'c' || kind == 'f') {
        state_learn(ex.running, values[taken]);
    }
    return kind == 'i' || kind == 'j' ? values[taken] : taken;
}

void decide_print(FILE *to) {
    for (uint32_t i = 0; i < logged_count; i++) {
        fprintf(to, "%u%c%u.", logged[i].step, logged[i].kind, logged[i].value);
    }
    fprintf(to, "\n");
}

bool decide_replay(const char *text) {
    wanted_count = 0;
    while (*text != '\0' && wanted_count < MAX_DEPTH) {
        char *end;
        struct logged one;
        one.step = (uint32_t)strtoul(text, &end, 10);
        if (end == text || *end == '\0') {
            return false;
        }
        one.kind = *end;
        text = end + 1;
        one.value = (uint32_t)strtoul(text, &end, 10);
        if (end == text) {
            return false;
        }
        wanted[wanted_count++] = one;
        text = *end == '.' ? end + 1 : end;
    }
    return true;
}
