/* tests/model/model.h - the explorer: runs the shipped source under every interleaving and every stale read that RC11
 * (the repaired C11 memory model) allows, within a stated bound. This header is what a scenario needs.
 *
 * How it works, in the order in which the files are best read:
 *   atomic.h     stands in for torc/atomic.h: each operation calls the explorer and has a "site" (file, line, order)
 *   explorer.h   the explorer's own data: threads, views, stores, locations, shadow cells
 *   views.c      vector clocks; what loads, stores, RMWs and fences do to a thread's view
 *   cells.c      the table of atomic cells
 *   memory.c     per location the modification order; which stores a load may read, where a store may be placed
 *   sched.c      who runs next: preemptions, pauses, blocking, deadlock, livelock
 *   heavy.c      membarrier: a fence in every other thread, each at any point of what that thread does meanwhile
 *   race.c       plain accesses (the compiler's ThreadSanitizer call-backs): races, use after free, out of bounds
 *   heap.c       malloc, mmap and free in an arena that is put back as it was for each execution
 *   block.c      futex, mutex, condition variables;  clock.c: naps, deadlines and the virtual clock
 *   threads.c    pthread_create and what goes with it;  coroutine.c: stacks and switching
 *   search.c     depth-first over all decisions, or random priorities (PCT);  decide.c: the decisions, replay strings
 *   state.c      what makes two executions come to the same state, so that only one of them is followed
 *   report.c     what went wrong, as one line per step;  sites.c, mutate.c: weakening one memory order at a time
 *
 * A scenario: setup() runs once, alone; its memory is restored before each execution. Then up to four thread functions
 * run, one coroutine each. When all are done check() runs alone and sees everything. Results travel in static
 * variables, one per thread: plain data shared without order is a race and reported as one.
 *
 *     static void write_it(void) { data = 1; torc_store_release64(&flag, 1); }
 *     static void read_it(void)  { if (torc_load_acquire64(&flag)) { model_assert(data == 1, "the data came along"); } }
 *     MODEL_SCENARIO(hand_over, .claim = "what comes before the flag is seen after it", .thread = {write_it, read_it});
 *
 * What is explored. Threads switch before reads, RMWs, fences, locks and sleeps of what others write; stores are made
 * at once, which loses nothing, because loads may read old stores and stores may be placed earlier in the modification
 * order. A bound limits preemptions (switches away from a thread that could go on) and membarriers that reach a thread
 * later than at once, taken together; stale reads, switches where a thread waits, and placements are never limited.
 * Load buffering (a cycle of program order and reads-from) is outside of RC11 and not explored: C11 as published would
 * allow it, RC11 and the hardware mappings that compilers use for it do not create values out of thin air that way, but
 * ARM and POWER can reorder independent relaxed load -> store.
 *
 * Loops that wait must pause: torc_cpu_relax, sched_yield, naps and model_pause all mean "nothing to do until something
 * I looked at has changed". A thread that pauses goes on when a location it has read since its last pause has a newer
 * store; a second round that reads nothing new although there is news is not repeated (stores become visible at last).
 * If nobody can go on that is a deadlock or a livelock, and reported. */
#ifndef TORC_TESTS_MODEL_H
#define TORC_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc/atomic.h>

#define MODEL_SCENARIO_THREADS 4

struct model_scenario {
    const char *name;
    const char *claim;   /* what must hold, in one line */
    const char *hazards; /* numbers of the hazards it stands for: "1, 7"; NULL: none */
    void (*setup)(void);
    void (*thread[MODEL_SCENARIO_THREADS])(void);
    void (*check)(void);

    /* Exactly these outcomes (model_outcome) occur: "r=0|r=1". All are allowed and must be found, others must not
     * occur. */
    const char *outcomes;
    /* Wrong on purpose: a violation whose text contains this, or one of "this|that", must be found. */
    const char *finds;
    /* What --broken plants (model_broken() is true then): it must lead to a violation, or to other outcomes. */
    const char *broken;

    int preemptions; /* bound of the full run; MODEL_UNBOUNDED, MODEL_NONE; 0 stands for 2 */
    int quick;       /* bound of --quick; 0: as above; MODEL_NOT_QUICK: left out */
    int deep;        /* bound of --deep, where that is not known to come to an end; 0: as above */
    int timeouts;    /* how many deadlines may pass although somebody could still go on; default 0 */
    int spurious;    /* how many weak compare-and-swaps may fail although they found what they expect; default 0 */
    int impatience;  /* how many pauses may end although nothing has changed: for waits of a bounded number of rounds */
    bool fences;     /* no membarrier: light barriers are fences */
};

#define MODEL_UNBOUNDED 1000
#define MODEL_NONE      2000
#define MODEL_NOT_QUICK (-1)

#define MODEL_SCENARIO(id, ...)                                                                                        \
    static const struct model_scenario model_scenario_##id = {.name = #id, __VA_ARGS__};                               \
    static const struct model_scenario *const model_listed_##id __attribute__((section("model_scenarios"), used)) =    \
        &model_scenario_##id

/* model_assert: a violation if the condition is false. model_fail: always. Any thread, setup and check. */
#define model_assert(condition, text)                                                                                  \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            model_fail(__FILE__, __LINE__, "%s (%s)", (text), #condition);                                             \
        }                                                                                                              \
    } while (0)
#define model_assert_equal(got, expected)                                                                              \
    do {                                                                                                               \
        uint64_t model_got = (uint64_t)(got), model_expected = (uint64_t)(expected);                                   \
        if (model_got != model_expected) {                                                                             \
            model_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #got, (long long)model_got,                         \
                       (long long)model_expected);                                                                     \
        }                                                                                                              \
    } while (0)
void model_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));

/* model_choose: 0..n-1, each of them in some execution. */
uint32_t model_choose(uint32_t n);

/* model_pause: nothing to do for this thread until something it looked at has changed. */
void model_pause(void);

/* model_prune: this execution is of no interest. Does not return. */
void model_prune(void) __attribute__((noreturn));

/* model_outcome: what this execution came to, in check(). */
void model_outcome(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* model_broken: is the scenario to plant its defect? Constant during a search. */
bool model_broken(void);

/* model_name: how reports call the memory at `at`; `format` may print an index. In setup. */
void model_name(const void *at, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* model_say: a line in the report of a failing execution. */
void model_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* model_thread: number of the running thread: 1..4 for thread[0..3], from then on those that pthread_create made; 0 in
 * setup and check. model_now: the virtual clock, which deadlines are compared with. */
uint32_t model_thread(void);
uint64_t model_now(void);

/* model_heap_live: blocks that malloc has handed out and that were not freed. */
uint64_t model_heap_live(void);

/* Fences, and a compare-and-swap that may fail for no reason, which torc itself has no use for: its own are strong. */
void model_fence_acquire(void);
void model_fence_release(void);
bool model_cas_weak(struct model_site *site, torc_a64 *cell, uint64_t *expected, uint64_t desired);
#define model_cas_weak64(a, e, d)                                                                                      \
    model_cas_weak(MODEL_SITE(MODEL_CAS, MODEL_ACQ_REL, MODEL_RELAXED, "cas weak", #a), a, e, d)

#endif
