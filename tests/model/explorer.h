/* tests/model/explorer.h - what the explorer's own files share. Built without instrumentation; scenarios never see
 * it. */
#ifndef TORC_TESTS_MODEL_EXPLORER_H
#define TORC_TESTS_MODEL_EXPLORER_H

#include "model.h"

#include <stdio.h>

#define MAX_THREADS 8
#define MAX_STEPS   5000u
#define FOREVER     UINT64_MAX

/* --- views ---------------------------------------------------------------------------------------------------- */

/* Per thread: how many of its events are known. Every atomic operation is one tick of its thread's own clock. */
struct clock {
    uint32_t at[MAX_THREADS];
};

/* hb: the events that happen before. sc: those and what was known to earlier full fences when this thread fenced. A
 * load may not read past anything in `sc`; races are judged by `hb` alone, for fences by themselves order no data. */
struct view {
    struct clock hb, sc;
};

static inline void clock_join(struct clock *into, const struct clock *from) {
    for (int i = 0; i < MAX_THREADS; i++) {
        into->at[i] = into->at[i] > from->at[i] ? into->at[i] : from->at[i];
    }
}
static inline void view_join(struct view *into, const struct view *from) {
    clock_join(&into->hb, &from->hb);
    clock_join(&into->sc, &from->sc);
}

/* --- memory --------------------------------------------------------------------------------------------------- */

struct store {
    struct store *older, *newer; /* in modification order */
    uint64_t value;
    uint64_t past;       /* of its thread when it was made (state.c) */
    struct view release; /* what an acquiring reader learns */
    bool releases;       /* is `release` more than nothing? */
    bool rmw_follows;    /* a RMW read this one: nothing can be placed between the two */
    uint8_t thread;
    uint32_t clock;    /* of its thread when it was made */
    uint32_t step;     /* for the report */
    uint32_t serial;   /* counts the location's stores in the order of execution */
    uint32_t position; /* grows along the modification order */
};

/* A thread's read or write of a location: from `clock` on, whoever knows of it may not read older stores than this. */
struct touch {
    struct touch *before;
    struct store *store;
    uint32_t clock;
};

/* An atomic cell, or a mutex. The upper part outlives executions; the rest is of the execution `run`. */
struct location {
    uintptr_t address;
    uint8_t readers, writers; /* threads that ever did, in any execution of this search */
    uint32_t run;
    uint32_t bytes;
    uint32_t serial; /* of the last store made; of a mutex: how often it changed hands */
    struct store *first, *last;
    struct touch *touched[MAX_THREADS];
    uint32_t read_at[MAX_THREADS], written_at[MAX_THREADS]; /* last, by thread's clock; for races with plain accesses */
    struct view handed;         /* by unlock to the next lock; by futex wake to those who look before they sleep */
    uint64_t handed_past, part; /* its part in ex.places (state.c) */
};

struct thread;
struct location *location_of(const void *at, uint32_t bytes);
struct location *location_find(uintptr_t address); /* NULL unless used in this execution */
void locations_forget(void);                       /* what outlived executions, too */
void *pool_take(size_t bytes);                     /* memory of this execution */
struct store *store_new(uint8_t thread, uint64_t value);
uint64_t memory_read(const void *at, uint32_t bytes); /* the cell itself */
void memory_write(void *at, uint32_t bytes, uint64_t value);
struct store *floor_of(const struct location *location, const struct clock *seen);
bool location_touch(struct thread *self, struct location *location, struct store *store); /* true: news to it */
void location_plain_write(uintptr_t address); /* the cell got a plain write that races with nothing: a fresh start */

/* --- threads ---------------------------------------------------------------------------------------------------- */

enum thread_state {
    THREAD_NONE = 0,
    THREAD_READY,
    THREAD_PAUSED,
    THREAD_FUTEX,
    THREAD_MUTEX,
    THREAD_COND,
    THREAD_JOIN,
    THREAD_HEAVY,
    THREAD_DONE
};

struct seen_store {
    struct location *location;
    struct store *store;
};
#define MAX_SEEN 256

/* What a preempted thread waits for: until then, going on would only repeat what was explored without the
 * preemption. */
enum pending { PENDING_NONE = 0, PENDING_READ, PENDING_FENCE };

struct thread {
    uint8_t number;
    enum thread_state state;
    uint64_t past; /* all that it has learned from others, in its order (state.c) */
    void *stack_pointer;
    struct view view;
    struct view acquired; /* by relaxed loads: becomes known at the next acquire fence */
    struct view released; /* at the last release fence: relaxed stores carry it */
    bool has_acquired, has_released;

    enum pending pending;
    struct location *pending_at;
    uint32_t pending_serial;
    bool restricted; /* was preempted there: must read something newer than pending_serial */

    struct location *waits_at; /* futex or mutex */
    const void *waits_for;     /* condition variable */
    uint8_t joins;
    uint64_t deadline;
    bool timed_out;

    struct seen_store seen[MAX_SEEN]; /* read since the last pause */
    uint32_t seen_count;
    bool learned;      /* something new was read since the last pause */
    bool fruitless_ok; /* the last pause ended without news: reading nothing new is no repetition */
    uint32_t fruitless;

    uint8_t inject_for; /* threads whose heavy barrier wants a fence here */
    bool inject_now;    /* at least one operation was made since it was asked for */

    struct model_site *doing; /* the last one that is a line of source; for the report of a deadlock */
    void *(*routine)(void *);
    void *argument, *result;
    void (*body)(void);
    uint32_t random_priority;
};

/* --- one execution, one search ------------------------------------------------------------------------------------ */

enum phase { PHASE_IDLE = 0, PHASE_SETUP, PHASE_RUN, PHASE_CHECK };
enum verdict { VERDICT_NONE = 0, VERDICT_DONE, VERDICT_PRUNED, VERDICT_VIOLATION, VERDICT_RESTART };
enum mode { MODE_SEARCH = 0, MODE_RANDOM, MODE_REPLAY };

struct step {
    uint8_t thread, op, order;
    bool stale, failed, placed;
    uint32_t from; /* step of the store that was read */
    uint32_t number;
    struct model_site *site;
    const void *at;
    const char *note;
    uint64_t read, wrote;
};

struct explorer {
    enum phase phase;
    enum mode mode;
    enum verdict verdict;
    const struct model_scenario *scenario;
    bool broken;
    bool selftest;
    bool plain; /* no reductions: a switch before every operation, nobody kept waiting after a preemption */
    bool every; /* what was reached before is explored again */

    struct thread thread[MAX_THREADS];
    struct thread *running;
    uint32_t threads; /* numbers in use */
    void *main_stack_pointer;

    uint32_t run; /* number of this execution, never reused */
    uint32_t step;
    struct step trace[MAX_STEPS];
    uint32_t trace_count;
    struct clock sc;  /* known at the last full fence */
    uint64_t sc_past; /* of whoever made it */
    uint64_t places;  /* the modification orders of all locations */
    uint32_t fences;  /* made so far */
    uint8_t fencers;  /* threads that ever made one, in any execution of this search */
    uint32_t changes; /* stores, wake-ups and the like: counts progress */
    uint64_t now;
    bool clock_read; /* somebody looked at it: deadlines are in play */
    uint32_t bound, preemptions, timeouts, spurious, impatience;
    uint32_t longest;      /* steps of the longest execution so far */
    uint32_t change_at[3]; /* random mode: steps at which the running thread's priority drops below all others */

    char violation[512];
    uint64_t atomic_operations;
};
extern struct explorer ex;

static inline bool exploring(void) {
    return ex.phase == PHASE_RUN;
}
static inline uint8_t bit_of(const struct thread *thread) {
    return (uint8_t)(1u << thread->number);
}

/* views.c */
void view_tick(struct thread *self);
void view_acquire(struct thread *self, const struct store *store, uint8_t order);
void view_release(struct thread *self, struct store *store, uint8_t order);
void view_fence(struct thread *self, uint8_t order);

/* sched.c: a point before an operation at which others may run first; giving way; the end of an execution. */
void sched_point(struct thread *self, enum pending what, struct location *at);
void sched_block(struct thread *self); /* its state says what it waits for */
void sched_pause(struct thread *self);
void sched_note_read(struct thread *self, struct location *location, struct store *store);
void sched_note_write(struct thread *self, const struct location *location, struct store *store);
void sched_end(enum verdict verdict) __attribute__((noreturn)); /* leaves the coroutine */
void sched_changed(void);
void sched_first(void); /* from outside: runs threads until the execution ends */

/* heavy.c */
void heavy_before(struct thread *self, bool shared); /* before each operation: others' barriers may want a fence here */
void heavy_finish(struct thread *self);              /* at its end at the latest */
bool heavy_force(void);                              /* nobody can go on: fences that are still wanted are made now */

/* state.c: executions that come to the same state go on in the same ways. */
void state_learn(struct thread *self, uint64_t what);
uint64_t state_store(const struct store *store);
void state_placed(struct location *location);
void state_dropped(struct location *location);
void state_handed(const struct thread *self, struct location *location);
void state_look(struct thread *self, const struct location *before); /* ends the execution if it was here before */
void states_forget(void);

/* decide.c: one of `count` (each with a number for the replay string); `kind` names it there. */
uint32_t decide(char kind, const uint32_t *values, uint32_t count, bool always_log);
void decide_begin(void);
bool decide_next(void); /* the next path of the depth-first search; false: none left */
void decide_reset(void);
void decide_seed(uint64_t seed);
uint64_t decide_random(void);
bool decide_replay(const char *text); /* false: not a replay string */
void decide_print(FILE *to);
uint32_t decide_depth(void);
bool decide_beyond(void); /* is this not a repetition of the last path any more? */

/* race.c */
void race_atomic(const struct location *location, bool write);
void race_plain(uintptr_t at, size_t bytes, bool write, const void *pc);
void race_free(uintptr_t at, size_t bytes, const void *pc);

/* heap.c */
void heap_begin(void); /* before setup */
void heap_keep(void);  /* after setup: this is what executions start from */
void heap_restore(void);
bool heap_has(uintptr_t at);
enum heap_state { HEAP_NOT_OURS, HEAP_LIVE, HEAP_FREED, HEAP_NEVER };
enum heap_state heap_state_of(uintptr_t at);
size_t heap_shadow_index(uintptr_t at); /* SIZE_MAX: not watched */
size_t heap_shadow_cells(void);

/* coroutine.c */
void coroutine_start(struct thread *thread, void (*entry)(void));
void coroutine_switch(void **from, void *to);
bool coroutine_on_stack(uintptr_t at);

/* threads.c */
void threads_begin(void);
void thread_finish(struct thread *self) __attribute__((noreturn));

/* sites.c */
void sites_begin(void);
uint32_t sites_count(void);
struct model_site *site_at(uint32_t number);
const char *order_name(uint8_t order);
const char *short_file(const char *file);
void sites_list(void);
struct mutation {
    uint32_t site;
    uint8_t order, fail, heavy;
    const char *text;
};
uint32_t mutations_of(const struct model_site *site, struct mutation *out); /* at most 4 */
void mutation_apply(const struct mutation *mutation);
void mutation_add(const struct mutation *mutation);
void mutations_undo(void);
bool mutation_parse(const char *text); /* FILE:LINE[:operation[:variant]] */
bool site_used(uint32_t number);       /* since sites_unused() */
void site_mark_used(uint32_t number);
void sites_unused(void);

/* report.c; place_of: the source line of an instruction */
const char *place_of(uint32_t pc);
void violation(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void trace_add(struct step step);
void report_violation(void);
const char *name_of(const void *at);
void names_forget(void);

/* search.c */
struct limits {
    uint64_t executions;
    double seconds;
    uint64_t random; /* > 0: so many random executions instead of the search */
    uint64_t seed;
    int preemptions; /* -1: the scenario's */
    uint32_t jobs;   /* scenarios or mutants at a time */
    bool quick, deep;
    bool silent;
    const char *of; /* mutate only files that begin so; NULL: all */
    bool unapplied; /* the mutation score's own defect: it weakens nothing */
};
struct outcome {
    char text[64];
    uint64_t times;
};
struct result {
    uint64_t executions, pruned, steps;
    double seconds;
    uint32_t bound;
    bool complete, violated;
};
extern struct outcome outcomes[];
extern uint32_t outcome_count;
struct result search(const struct model_scenario *scenario, const struct limits *limits);
bool replay(const struct model_scenario *scenario, const char *text);
bool replays(const struct model_scenario *scenario); /* does the replay string of what was found lead there again? */
double seconds_now(void);

/* jobs.c: does all pieces, `jobs` at a time, each in one of as many processes; false: one of those ended early. What
 * jobs share is in memory of jobs_share; who prints or adds up holds the lock. */
bool in_jobs(uint32_t jobs, uint32_t pieces, void (*work)(uint32_t piece));
void *jobs_share(size_t bytes);
void jobs_lock(bool taken);

/* mutate.c */
int mutate(const struct model_scenario *const *scenarios, uint32_t count, const struct limits *limits,
           const char *explained);

/* selftest.c: random programs against the axioms. */
int selftest(uint64_t programs, uint64_t seed);

/* main.c: did it go as the scenario says? `why` gets the reason if not. */
bool judge(const struct model_scenario *scenario, const struct result *result, char *why, size_t bytes);

#endif
