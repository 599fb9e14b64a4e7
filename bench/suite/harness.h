/* harness.h - the parts of the suite's program: plugins, threads, cases, figures. */
#ifndef TORC_BENCH_HARNESS_H
#define TORC_BENCH_HARNESS_H

#include "suite.h"
#include <stdbool.h>
#include <stdio.h>

#define SUITE_PLUGINS 32
#define SUITE_METRICS 24
#define SUITE_ROUNDS  64
#define SUITE_SAMPLES 200000 /* most latencies of one slice */

struct suite_settings {
    bool quick;
    bool smoke; /* as little as shows that everything runs */
    bool peers;
    bool deep;           /* rings of 4096 entries for large events too */
    unsigned rounds;     /* counted ones */
    unsigned patience_s; /* until a thread that does not come back is given up */
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
size_t suite_absent(const char *const **names); /* peers that are known but not there */

/* threads.c */
int suite_core(
    unsigned index); /* the core that thread number `index` is pinned to; different ones as far as they last */
unsigned suite_cores(void);
double suite_ns_per_tick(void);
typedef void (*suite_body)(void *context, unsigned thread);
/* Runs body in `threads` pinned threads that begin together; nanoseconds from the first begin to the last end. Ends the program
 * if they are not through after suite_settings.patience_s: something was lost. */
uint64_t suite_run_threads(unsigned threads, suite_body body, void *context, const char *what);
bool suite_preempted(void);  /* was any thread, since the last call? */
double suite_distance(void); /* raw one-way nanoseconds between two cores, now; 0 with one core */

/* figures.c: what one implementation yields in one round. */
struct suite_sample {
    const char *metric[SUITE_METRICS];
    const char *unit[SUITE_METRICS];
    double value[SUITE_METRICS];
    size_t count;
};
void suite_yield(struct suite_sample *sample, const char *metric, double value, const char *unit);
void suite_yield_latencies(struct suite_sample *sample, uint32_t *ticks, size_t count, double per_sample);

/* A case. prepare (may be NULL): before its first round; false: nothing to measure here, the reason was printed. measure: false if
 * this implementation cannot do it. */
struct suite_case {
    const char *name;
    struct suite_plan plan;
    bool (*measure)(const struct suite_case *which, const struct suite_plugin *plugin, struct suite_sample *sample);
    unsigned rounds;  /* at most; 0: what the settings say */
    size_t parameter; /* the family's */
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

/* run.c: the rounds; results.csv and the table. */
void suite_run(FILE *csv);
/* describe.c */
void suite_describe(const char *path);
void suite_saw_distance(double ns);

#endif
