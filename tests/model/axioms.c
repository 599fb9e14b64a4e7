/* axioms.c - enumerates all execution graphs of a small program and keeps those that RC11 calls consistent.
 *
 * A graph: which store each read reads (rf), and an order of the stores of each cell (mo). Consistent: hb ; eco? has no
 * cycle of one step (coherence), nothing comes between a RMW and what it read (atomicity), psc has no cycle (full
 * fences), and program order with rf has none (no thin air). A heavy barrier is two full fences with nothing between
 * them, and one in each other thread, anywhere there, which in the order of fences comes between those two. Relations
 * are bit matrices; nothing here is shared with the explorer. */
#include "axioms.h"
#include "atomic.h"

#include <stdio.h>
#include <string.h>

typedef uint32_t relation[MAX_EVENTS]; /* row i, bit j: from event i to event j */

struct event {
    struct small_op op;
    uint8_t thread; /* AXIOM_THREADS: what cells hold at first */
    bool reads, writes;
};

static struct event event[MAX_EVENTS];
static uint32_t events;
static relation sb;
static uint8_t from[MAX_EVENTS];             /* rf, backwards */
static uint8_t order[MAX_CELLS][MAX_EVENTS]; /* mo */
static uint32_t order_length[MAX_CELLS];
static relation forced;                     /* first fence of a heavy barrier, those of the others, second fence */
static uint32_t interrupted[AXIOM_THREADS]; /* before which operation the barrier's fence comes */
static bool strict_fences;
static void (*report)(const char *outcome);

static void add(relation r, uint32_t a, uint32_t b) {
    r[a] |= UINT32_C(1) << b;
}
static bool has(const relation r, uint32_t a, uint32_t b) {
    return (r[a] >> b & 1u) != 0;
}
static void unite(relation into, const relation r) {
    for (uint32_t i = 0; i < events; i++) {
        into[i] |= r[i];
    }
}
static void compose(relation out, const relation a, const relation b) {
    relation result = {0};
    for (uint32_t i = 0; i < events; i++) {
        for (uint32_t j = 0; j < events; j++) {
            result[i] |= has(a, i, j) ? b[j] : 0;
        }
    }
    memcpy(out, result, sizeof result);
}
static void close(relation r) {
    for (uint32_t k = 0; k < events; k++) {
        for (uint32_t i = 0; i < events; i++) {
            r[i] |= has(r, i, k) ? r[k] : 0;
        }
    }
}
static bool cyclic(const relation r) {
    for (uint32_t i = 0; i < events; i++) {
        if (has(r, i, i)) {
            return true;
        }
    }
    return false;
}

/* --- the relations of one graph ----------------------------------------------------------------------------------- */

static void communication(relation rf, relation mo, relation fr) {
    for (uint32_t i = 0; i < events; i++) {
        if (event[i].reads) {
            add(rf, from[i], i);
        }
    }
    for (uint32_t cell = 0; cell < MAX_CELLS; cell++) {
        for (uint32_t i = 0; i < order_length[cell]; i++) {
            for (uint32_t j = i + 1; j < order_length[cell]; j++) {
                add(mo, order[cell][i], order[cell][j]);
            }
        }
    }
    for (uint32_t i = 0; i < events; i++) {
        if (event[i].reads) {
            fr[i] = mo[from[i]] & ~(UINT32_C(1) << i);
        }
    }
}

static bool is_fence(uint32_t e, uint8_t bits) {
    return event[e].op.op == MODEL_FENCE && (event[e].op.order & bits) == bits;
}
static bool ordered(uint32_t e, uint8_t bits) {
    return event[e].op.op != MODEL_FENCE && (event[e].op.order & bits) == bits;
}

/* The events whose release a read of `write` acquires: release fences before its head, or a head that releases
 * itself. */
static uint32_t releases_of(uint32_t write) {
    uint32_t found = 0;
    for (;;) {
        if (event[write].thread != AXIOM_THREADS) {
            found |= ordered(write, MODEL_RELEASE) ? UINT32_C(1) << write : 0;
            for (uint32_t f = 0; f < events; f++) {
                found |= is_fence(f, MODEL_RELEASE) && has(sb, f, write) ? UINT32_C(1) << f : 0;
            }
        }
        if (!event[write].reads) {
            return found;
        }
        write = from[write]; /* a RMW goes on with the sequence it read */
    }
}

static void synchronizes(relation sw) {
    for (uint32_t r = 0; r < events; r++) {
        uint32_t sources = event[r].reads ? releases_of(from[r]) : 0;
        for (uint32_t s = 0; s < events; s++) {
            if ((sources >> s & 1u) == 0) {
                continue;
            }
            if (ordered(r, MODEL_ACQUIRE)) {
                add(sw, s, r);
            }
            for (uint32_t f = 0; f < events; f++) {
                if (is_fence(f, MODEL_ACQUIRE) && has(sb, r, f)) {
                    add(sw, s, f);
                }
            }
        }
    }
}

/* Loops of RMWs that read each other would not end in releases_of. */
static bool rmws_end(void) {
    for (uint32_t i = 0; i < events; i++) {
        uint32_t at = i;
        for (uint32_t steps = 0; event[at].reads && event[at].writes; steps++) {
            if (steps > events) {
                return false;
            }
            at = from[at];
        }
    }
    return true;
}

static bool fences_consistent(const relation hb, const relation eco, const relation order_of_execution) {
    relation psc;
    relation all;
    compose(psc, hb, eco);
    compose(psc, psc, hb);
    unite(psc, hb);
    for (uint32_t i = 0; i < events; i++) {
        for (uint32_t j = 0; j < events; j++) {
            if (!is_fence(i, MODEL_SEQ_CST) || !is_fence(j, MODEL_SEQ_CST)) {
                psc[i] &= ~(UINT32_C(1) << j);
            }
        }
    }
    memcpy(all, psc, sizeof all);
    unite(all, forced);
    if (strict_fences) {
        unite(all, order_of_execution);
    }
    close(all);
    return !cyclic(all);
}

static bool consistent(void) {
    relation rf = {0}, mo = {0}, fr = {0}, sw = {0};
    relation hb, eco, both, air;
    if (!rmws_end()) {
        return false;
    }
    communication(rf, mo, fr);
    memcpy(air, sb, sizeof air);
    unite(air, rf);
    unite(air, forced);
    close(air);
    compose(both, fr, mo);
    if (cyclic(air) || cyclic(both)) {
        return false;
    }
    synchronizes(sw);
    memcpy(hb, sb, sizeof hb);
    unite(hb, sw);
    close(hb);
    memcpy(eco, rf, sizeof eco);
    unite(eco, mo);
    unite(eco, fr);
    close(eco);
    compose(both, hb, eco);
    return !cyclic(hb) && !cyclic(eco) && !cyclic(both) && fences_consistent(hb, eco, air);
}

/* --- all graphs --------------------------------------------------------------------------------------------------- */

static void outcome(void) {
    char text[MAX_OUTCOME];
    int at = 0;
    for (uint32_t i = 0; i < events; i++) {
        if (event[i].reads) {
            at += snprintf(text + at, sizeof text - (size_t)at, "%u,", event[from[i]].op.value);
        }
    }
    for (uint32_t cell = 0; cell < MAX_CELLS; cell++) {
        if (order_length[cell] != 0) {
            at += snprintf(text + at, sizeof text - (size_t)at, " %u",
                           event[order[cell][order_length[cell] - 1]].op.value);
        }
    }
    report(text);
}

static void choose_orders(uint32_t cell, uint32_t placed) {
    if (cell == MAX_CELLS) {
        if (consistent()) {
            outcome();
        }
        return;
    }
    if (placed >= order_length[cell]) {
        choose_orders(cell + 1, 1);
        return;
    }
    for (uint32_t i = placed; i < order_length[cell]; i++) {
        uint8_t one = order[cell][placed];
        order[cell][placed] = order[cell][i];
        order[cell][i] = one;
        choose_orders(cell, placed + 1);
        order[cell][i] = order[cell][placed];
        order[cell][placed] = one;
    }
}

static void choose_reads(uint32_t at) {
    while (at < events && !event[at].reads) {
        at++;
    }
    if (at == events) {
        choose_orders(0, 1);
        return;
    }
    for (uint32_t w = 0; w < events; w++) {
        if (event[w].writes && event[w].op.cell == event[at].op.cell && w != at) {
            from[at] = (uint8_t)w;
            choose_reads(at + 1);
        }
    }
}

static void new_event(struct small_op op, uint32_t thread) {
    struct event *one = &event[events];
    one->op = op;
    one->thread = (uint8_t)thread;
    one->reads = op.op == MODEL_LOAD || op.op == MODEL_XCHG;
    one->writes = op.op == MODEL_STORE || op.op == MODEL_XCHG;
    for (uint32_t i = 0; i < events; i++) {
        if (event[i].thread == thread || event[i].thread == AXIOM_THREADS) {
            add(sb, i, events); /* what cells hold at first was there before all threads */
        }
    }
    if (one->writes) {
        order[op.cell][order_length[op.cell]++] = (uint8_t)events;
    }
    events++;
}

static const struct small_op full_fence = {MODEL_FENCE, MODEL_SEQ_CST, 0, 0};

/* The graph's events, with the barrier's fences where `interrupted` says. */
static void build(const struct small_program *program, uint32_t caller) {
    uint32_t first = 0;
    uint32_t injected = 0;
    events = 0;
    memset(sb, 0, sizeof sb);
    memset(forced, 0, sizeof forced);
    memset(order_length, 0, sizeof order_length);
    for (uint32_t cell = 0; cell < program->cells; cell++) {
        new_event((struct small_op){MODEL_STORE, MODEL_RELAXED, (uint8_t)cell, 0}, AXIOM_THREADS);
    }
    memset(sb, 0, sizeof sb);
    for (uint32_t thread = 0; thread < program->threads; thread++) {
        for (uint32_t i = 0; i <= program->length[thread]; i++) {
            if (caller != AXIOM_THREADS && thread != caller && interrupted[thread] == i) {
                injected |= UINT32_C(1) << events;
                new_event(full_fence, thread);
            }
            if (i < program->length[thread] && program->op[thread][i].op == MODEL_HEAVY) {
                first = events;
                new_event(full_fence, thread);
                new_event(full_fence, thread);
            } else if (i < program->length[thread]) {
                new_event(program->op[thread][i], thread);
            }
        }
    }
    for (uint32_t e = 0; e < events; e++) {
        if ((injected >> e & 1u) != 0) {
            add(forced, first, e);
            add(forced, e, first + 1);
        }
    }
}

static void choose_interrupts(const struct small_program *program, uint32_t caller, uint32_t thread) {
    if (caller == AXIOM_THREADS || thread == program->threads) {
        build(program, caller);
        choose_reads(0);
        return;
    }
    for (uint32_t at = 0; at <= (thread == caller ? 0 : program->length[thread]); at++) {
        interrupted[thread] = at;
        choose_interrupts(program, caller, thread + 1);
    }
}

void axioms_outcomes(const struct small_program *program, bool strict, void (*found)(const char *outcome)) {
    uint32_t caller = AXIOM_THREADS;
    strict_fences = strict;
    report = found;
    for (uint32_t thread = 0; thread < program->threads; thread++) {
        for (uint32_t i = 0; i < program->length[thread]; i++) {
            caller = program->op[thread][i].op == MODEL_HEAVY ? thread : caller;
        }
    }
    choose_interrupts(program, caller, 0);
}
