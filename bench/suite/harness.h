/* harness.h - the parts of the suite's program: plugins, threads, cases, figures. */
#ifndef TORC_BENCH_HARNESS_H
#define TORC_BENCH_HARNESS_H

#include "suite.h"
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define SUITE_PLUGINS      32
#define SUITE_METRICS      24
#define SUITE_ROUNDS       64
#define SUITE_SAMPLES      200000 /* most latencies of one slice */
#define SUITE_LOSSES       256    /* most that are told again at the end */
#define SUITE_HOW          80     /* how it was lost, in words */
#define SUITE_ROUNDS_LEAST 5u     /* however short the time is */

struct suite_settings {
    bool quick;
    bool smoke; /* as little as shows that everything runs */
    bool peers;
    bool deep;           /* rings of 4096 entries for large events too */
    unsigned rounds;     /* counted ones */
    unsigned patience_s; /* until an implementation that does not come back from its turn is given up */
    unsigned budget_s;   /* for the whole run; 0: as long as bench or bench-peers is promised to take */
    double slice_ms;     /* how long a slice should last */
    const char *only;    /* prefix of the cases wanted; NULL: all */
    const char *out;     /* directory of results.csv */
    const char *trace;   /* directory of the editing traces; NULL: look for it */
    const char *impls;   /* comma-separated names; NULL: all */
};
extern struct suite_settings suite_settings;

/* plugins.c: the implementations at hand, torc first. */
extern const struct suite_plugin *suite_plugins[SUITE_PLUGINS];
extern size_t suite_plugin_count;
void suite_plugins_load(const char *program);
size_t suite_absent(const char *const **names);        /* peers that are known but not there */
bool suite_is_peer(const struct suite_plugin *plugin); /* neither torc nor linked into this program */

/* threads.c */
int suite_core(
    unsigned index); /* the core that thread number `index` is pinned to; different ones as far as they last */
unsigned suite_cores(void);
double suite_ns_per_tick(void);
typedef void (*suite_body)(void *context, unsigned thread);
/* Runs body in `threads` pinned threads that begin together; nanoseconds from the first begin to the last end. */
uint64_t suite_run_threads(unsigned threads, suite_body body, void *context);
bool suite_preempted(void);  /* was any thread, since the last call? */
double suite_distance(void); /* raw one-way nanoseconds between two cores, now; 0 with one core */

/* figures.c: what one implementation yields in one round. */
struct suite_sample {
    const char *metric[SUITE_METRICS];
    const char *unit[SUITE_METRICS];
    double value[SUITE_METRICS];
    size_t count;
    bool rehearsal; /* in: the warm-up, which does not count */
};
void suite_yield(struct suite_sample *sample, const char *metric, double value, const char *unit);
void suite_yield_latencies(struct suite_sample *sample, uint32_t *ticks, size_t count, double per_sample);

/* A case. prepare (may be NULL): before its first round; false: nothing to measure here, the reason was printed.
 * measure: false if this implementation cannot do it. */
struct suite_case {
    const char *name;
    struct suite_plan plan;
    bool (*measure)(const struct suite_case *which, const struct suite_plugin *plugin, struct suite_sample *sample);
    unsigned rounds;  /* at most; 0: what the settings say */
    size_t parameter; /* the family's */
    double weight;    /* how much of the time it should get; 0: as much as most, 1 */
    bool (*prepare)(struct suite_case *which);
};

/* cases.c: all of them, in the order of the report. */
extern struct suite_case suite_cases[];
extern const size_t suite_case_count;

/* One function per family. */
bool suite_measure_flow(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_measure_pingpong(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_measure_wakeup(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_measure_idle(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_measure_alloc(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_measure_clogged(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_measure_count(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_measure_memory(const struct suite_case *, const struct suite_plugin *, struct suite_sample *);
bool suite_prepare_trace(struct suite_case *);

/* adapt.c: how many operations fill a slice, by case and implementation; learnt in the warm-up round. */
uint64_t *suite_adapted(const struct suite_case *, const struct suite_plugin *);

/* flow.c, for all who run a plan: one slice; dies unless all checksums agree. */
struct suite_outcome {
    uint64_t ns;
    uint64_t stall; /* longest of all consumers, in ticks */
};
struct suite_outcome suite_slice(const struct suite_case *, const struct suite_plugin *, void *state, uint64_t n,
                                 uint32_t *samples, void (*settle)(struct suite_job *));

/* worker.c: a process that measures one implementation in one case, a turn whenever it is asked. */
struct suite_worker {
    pid_t process; /* 0: not, or no longer, there */
    int socket;
    char how[SUITE_HOW]; /* it was lost */
};
enum suite_fate {
    SUITE_FIT,
    SUITE_UNFIT,  /* the case is beyond it */
    SUITE_STUCK,  /* no answer in suite_settings.patience_s: it was killed */
    SUITE_FAILED, /* it has ended */
};
void suite_worker_start(struct suite_worker *, const struct suite_case *, const struct suite_plugin *);
enum suite_fate suite_worker_turn(struct suite_worker *, bool rehearsal, struct suite_sample *);
void suite_worker_stop(struct suite_worker *);

/* budget.c */
bool suite_wanted(const struct suite_case *);
void suite_budget_start(void);
double suite_budget_share(const struct suite_case *); /* seconds, from now; once per case */
void suite_budget_spent(const struct suite_case *, double seconds, unsigned rounds);

/* results.c: the figures of the case under way, written when it is through; who was lost, at once and again at the
 * end. */
void suite_note(const char *impl, const char *metric, double value, const char *unit);
void suite_report(FILE *csv, const struct suite_case *);
void suite_lose(FILE *csv, const struct suite_case *, const struct suite_plugin *, const char *fate, const char *how);
bool suite_print_losses(FILE *); /* was one of them not a peer? */

/* run.c: the rounds. */
void suite_run(FILE *csv);
/* describe.c */
void suite_describe(const char *path);
void suite_saw_distance(double ns);
void suite_took(const char *name, double seconds, unsigned rounds);

#endif
