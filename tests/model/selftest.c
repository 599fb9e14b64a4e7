/* selftest.c - random small programs, explored and worked out from the axioms (axioms.c): both must come to the same
 * outcomes.
 *
 * Also that the search loses nothing by being clever: without its reductions (a switch possible before every operation,
 * no thread kept waiting after a preemption) it must find no outcome that it does not find with them, within the same
 * bound. */
#include "explorer.h"
#include "axioms.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SET 4096

struct set {
    uint32_t count;
    char text[MAX_SET][MAX_OUTCOME];
};

static struct set axioms, rc11, explored, plain;
static struct set *into;
static struct small_program program;
static struct model_site op_site[AXIOM_THREADS][AXIOM_OPS];
static torc_a64 *cells;
static uint64_t result[AXIOM_THREADS][AXIOM_OPS];

/* --- sets of outcomes --------------------------------------------------------------------------------------------- */

static bool in_set(const struct set *set, const char *text) {
    for (uint32_t i = 0; i < set->count; i++) {
        if (strcmp(set->text[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void put(const char *text) {
    if (!in_set(into, text) && into->count < MAX_SET) {
        (void)snprintf(into->text[into->count++], MAX_OUTCOME, "%s", text);
    }
}

static const char *missing(const struct set *from, const struct set *in) {
    for (uint32_t i = 0; i < from->count; i++) {
        if (!in_set(in, from->text[i])) {
            return from->text[i];
        }
    }
    return NULL;
}

/* --- programs ----------------------------------------------------------------------------------------------------- */

static uint8_t random_order(uint8_t op) {
    static const uint8_t loads[] = {MODEL_RELAXED, MODEL_ACQUIRE};
    static const uint8_t stores[] = {MODEL_RELAXED, MODEL_RELEASE};
    static const uint8_t rmws[] = {MODEL_RELAXED, MODEL_ACQUIRE, MODEL_RELEASE, MODEL_ACQ_REL};
    static const uint8_t fences[] = {MODEL_SEQ_CST, MODEL_SEQ_CST, MODEL_ACQUIRE, MODEL_RELEASE};
    uint32_t any = (uint32_t)(decide_random() % 4);
    switch (op) {
    case MODEL_HEAVY:
        return MODEL_SEQ_CST;
    case MODEL_LOAD:
        return loads[any % 2];
    case MODEL_STORE:
        return stores[any % 2];
    case MODEL_XCHG:
        return rmws[any];
    default:
        return fences[any];
    }
}

static void random_program(void) {
    static const uint8_t ops[] = {MODEL_LOAD,  MODEL_LOAD, MODEL_LOAD, MODEL_STORE,
                                  MODEL_STORE, MODEL_XCHG, MODEL_FENCE};
    uint8_t value = 1;
    bool barrier = decide_random() % 3 == 0;
    program.threads = 2 + (uint32_t)(decide_random() % 3);
    program.cells = 1 + (uint32_t)(decide_random() % MAX_CELLS);
    for (uint32_t t = 0; t < program.threads; t++) {
        program.length[t] = 1 + (uint32_t)(decide_random() % (program.threads == 2 ? 4 : program.threads == 3 ? 3 : 2));
        for (uint32_t i = 0; i < program.length[t]; i++) {
            struct small_op *op = &program.op[t][i];
            op->op = ops[decide_random() % sizeof ops];
            if (barrier && decide_random() % 4 == 0) {
                op->op = MODEL_HEAVY;
                barrier = false;
            }
            op->order = random_order(op->op);
            op->cell = (uint8_t)(decide_random() % program.cells);
            op->value = op->op == MODEL_STORE || op->op == MODEL_XCHG ? value++ : 0;
            op_site[t][i] = (struct model_site){.file = "program",
                                                .name = "",
                                                .text = "",
                                                .op = op->op,
                                                .order = op->order,
                                                .now = op->order,
                                                .heavy = 1,
                                                .same = &op_site[t][i]};
        }
    }
}

/* How many graphs there are to look at: stores to choose from per read, orders of the stores per cell. */
static double graphs(void) {
    uint32_t stores[MAX_CELLS] = {0};
    double count = 1;
    for (uint32_t t = 0; t < program.threads; t++) {
        for (uint32_t i = 0; i < program.length[t]; i++) {
            uint8_t op = program.op[t][i].op;
            if (op == MODEL_STORE || op == MODEL_XCHG) {
                count *= ++stores[program.op[t][i].cell];
            }
        }
    }
    for (uint32_t t = 0; t < program.threads; t++) {
        for (uint32_t i = 0; i < program.length[t]; i++) {
            uint8_t op = program.op[t][i].op;
            count *= op == MODEL_LOAD || op == MODEL_XCHG ? stores[program.op[t][i].cell] + 1 : 1;
        }
    }
    return count;
}

static void print_program(void) {
    static const char *const names[] = {[MODEL_LOAD] = "load",
                                        [MODEL_STORE] = "store",
                                        [MODEL_XCHG] = "xchg",
                                        [MODEL_FENCE] = "fence",
                                        [MODEL_HEAVY] = "membarrier"};
    for (uint32_t t = 0; t < program.threads; t++) {
        printf("    T%u:", t + 1);
        for (uint32_t i = 0; i < program.length[t]; i++) {
            const struct small_op *op = &program.op[t][i];
            printf(" %s %s %c %u;", names[op->op], order_name(op->order), "xyz"[op->cell], op -> value);
        }
        printf("\n");
    }
}

/* --- as a scenario ------------------------------------------------------------------------------------------------ */

static void setup(void) {
    cells = malloc(MAX_CELLS * sizeof *cells);
    memset(cells, 0, MAX_CELLS * sizeof *cells);
}

static void interpret(void) {
    uint32_t t = model_thread() - 1;
    for (uint32_t i = 0; i < program.length[t]; i++) {
        const struct small_op *op = &program.op[t][i];
        switch (op->op) {
        case MODEL_LOAD:
            result[t][i] = model_load(&op_site[t][i], &cells[op->cell], 8);
            break;
        case MODEL_STORE:
            model_store(&op_site[t][i], &cells[op->cell], 8, op->value);
            break;
        case MODEL_XCHG:
            result[t][i] = model_rmw(&op_site[t][i], &cells[op->cell], 8, op->value);
            break;
        case MODEL_HEAVY:
            model_heavy(&op_site[t][i], 0);
            break;
        default:
            model_fence(&op_site[t][i]);
            break;
        }
    }
}

static void check(void) {
    char text[MAX_OUTCOME];
    int at = 0;
    for (uint32_t t = 0; t < program.threads; t++) {
        for (uint32_t i = 0; i < program.length[t]; i++) {
            if (program.op[t][i].op == MODEL_LOAD || program.op[t][i].op == MODEL_XCHG) {
                at += snprintf(text + at, sizeof text - (size_t)at, "%u,", (unsigned)result[t][i]);
            }
        }
    }
    for (uint32_t cell = 0; cell < program.cells; cell++) {
        at += snprintf(text + at, sizeof text - (size_t)at, " %u", (unsigned)cells[cell].v);
    }
    put(text);
}

static uint64_t explore_program(struct set *set, int bound, bool reductions) {
    struct model_scenario scenario = {.name = "program", .setup = setup, .check = check};
    struct limits limits = {.preemptions = bound, .executions = 2000000};
    struct result found;
    for (uint32_t t = 0; t < program.threads; t++) {
        scenario.thread[t] = interpret;
    }
    into = set;
    set->count = 0;
    ex.plain = !reductions;
    found = search(&scenario, &limits);
    ex.plain = false;
    if (!found.complete) {
        printf("selftest: %s\n", found.violated ? ex.violation : "not complete");
        exit(1);
    }
    return found.executions;
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static bool differ(const char *what, const struct set *from, const struct set *in) {
    const char *text = missing(from, in);
    if (text != NULL) {
        printf("selftest: %s: %s\n", what, text);
        print_program();
    }
    return text != NULL;
}

static void work_out(struct set *set, bool strict) {
    into = set;
    set->count = 0;
    axioms_outcomes(&program, strict, put);
}

static bool one_program(uint64_t *executions, uint64_t *all, uint32_t *loose) {
    bool wrong = false;
    work_out(&axioms, true);
    work_out(&rc11, false);
    *executions += explore_program(&explored, MODEL_UNBOUNDED, true);
    wrong = differ("the explorer finds what the axioms forbid", &explored, &axioms) || wrong;
    wrong = differ("the explorer misses what the axioms allow", &axioms, &explored) || wrong;
    *loose += missing(&rc11, &axioms) != NULL;
    for (int bound = 0; bound < 3; bound++) {
        *executions += explore_program(&explored, bound, true);
        *all += explore_program(&plain, bound, false);
        wrong = differ("lost by the reductions", &plain, &explored) || wrong;
    }
    return !wrong;
}

/* With --broken the explorer places stores at the end of the modification order only: the axioms must tell. */
static int verdict(uint64_t good, uint64_t tried) {
    bool right = ex.broken ? good != tried : good == tried;
    printf("model --selftest%s: %llu passed, %u failed, 0 skipped\n", ex.broken ? " --broken" : "",
           (unsigned long long)(ex.broken ? right : good), !right);
    return right ? 0 : 1;
}

int selftest(uint64_t programs, uint64_t seed) {
    uint64_t executions = 0;
    uint64_t all = 0;
    uint64_t good = 0;
    uint64_t tried = 0;
    uint32_t loose = 0;
    double start = seconds_now();
    ex.selftest = true;
    for (; tried < programs && good == tried; tried++) {
        decide_seed(seed + tried + 1);
        for (int i = 0; i < 10; i++) {
            (void)decide_random();
        }
        do {
            random_program();
        } while (graphs() > 5000);
        good += one_program(&executions, &all, &loose);
    }
    printf("%llu random programs agree with the axioms of RC11; %llu executions, %llu without reductions; %.1f s\n",
           (unsigned long long)good, (unsigned long long)executions, (unsigned long long)all, seconds_now() - start);
    printf("in %u of them RC11 also allows full fences in an order that no execution has: not explored\n", loose);
    return verdict(good, tried);
}
