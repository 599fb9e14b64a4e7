/* run.c - the main job: input -> producers -> bus -> dispatcher -> three actors -> log. */
#include "run.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

/* What the producers have done so far. */
struct totals {
    uint64_t events;
    uint64_t bytes;
    uint64_t published;
};

static struct totals sum(const struct run *run) {
    struct totals totals = {0};
    for (uint32_t i = 0; i < run->options.producers; i++) {
        const struct producer *producer = &run->producers[i];
        totals.events += atomic_load_explicit(&producer->events, memory_order_relaxed);
        totals.bytes += atomic_load_explicit(&producer->bytes, memory_order_relaxed);
        totals.published += atomic_load_explicit(&producer->published, memory_order_relaxed);
    }
    return totals;
}

static void show_progress(void *context) {
    struct run *run = context;
    struct torc_reader_state state = {0};
    struct totals totals = sum(run);
    watch_tick(&run->watch, run->bus);
    if (!run->terminal) {
        return;
    }
    (void)torc_reader_state(run->dispatcher.reader, &state); /* a lag of 0 is shown if there is none to be had */
    report_progress(totals.events, totals.bytes, state.lag);
}

static void start_producers(struct run *run) {
    struct control *control = &run->control;
    run->began = torc_now();
    atomic_store_explicit(&control->running, run->options.producers, memory_order_release);
    while (run->started < run->options.producers) {
        struct producer *producer = &run->producers[run->started];
        int error = pthread_create(&producer->thread, NULL, producer_main, producer);
        if (error != 0) {
            complain("producer: %s", strerror(error));
            control_fail(control);
            break;
        }
        run->started++;
    }
    for (uint32_t i = run->started; i < run->options.producers; i++) {
        control_producer_ended(control);
    }
}

static void produce(struct run *run) {
    bool terminal = isatty(STDERR_FILENO) == 1 && run->options.stats_every == 0;
    run->terminal = terminal;
    complain_over(terminal);
    start_producers(run);
    control_wait(&run->control, run->bus, terminal || run->options.stats_every != 0 ? show_progress : NULL, run);
    for (uint32_t i = 0; i < run->started; i++) {
        (void)pthread_join(run->producers[i].thread, NULL); /* joinable, joined once, not this thread */
    }
    if (terminal) {
        report_progress_end();
        complain_over(false);
    }
}

/* Whether all three actors handled the same records to the end. */
static bool agreed(const struct run *run) {
    const struct worker *workers = run->workers;
    return !workers[SEGMENT].failed && !workers[MMR].failed && !workers[INDEX].failed &&
           workers[SEGMENT].handled == workers[MMR].handled && workers[MMR].handled == workers[INDEX].handled;
}

static void complete_log(struct run *run, struct report *report) {
    struct worker *workers = run->workers;
    bool whole = agreed(run);
    struct log_end end = {.records = workers[SEGMENT].handled, .bytes = workers[SEGMENT].sink.bytes + HEADER_BYTES};
    if (!mmr_root(&workers[MMR].mmr, end.root)) {
        complain("the root hash cannot be computed");
        run->failed = true;
    } else if (!log_complete(&run->log, whole, &end)) {
        complain("%s: the log is not complete", run->log.directory);
        run->failed = true;
    } else if (!whole && run->log.directory != NULL) {
        complain("%s: the log was cut back to its first %" PRIu64 " records", run->log.directory, end.records);
    }
    memcpy(report->root, end.root, HASH_BYTES);
    for (int i = 0; i < WORKERS; i++) {
        report->handled[i] = whole || run->log.directory == NULL ? workers[i].handled : end.records;
        report->actors[i] = workers[i].stats;
    }
    report->nanoseconds = torc_now() - run->began;
}

static void check(struct run *run, const char *what, int status) {
    if (status != TORC_OK) {
        complain("%s: %s", what, torc_strerror(status));
        run->failed = true;
    }
}

static void gather_bus(struct run *run, struct report *report) {
    for (uint32_t shirt = TORC_XS; shirt <= TORC_XXL; shirt++) {
        check(run, "pool figures", torc_bus_pool_stats(run->bus, shirt, &report->pools[shirt]));
    }
    check(run, "keep pool figures", torc_bus_keep_stats(run->bus, &report->keep));
    check(run, "reader figures", torc_reader_state(run->dispatcher.reader, &report->reader));
    for (uint32_t i = 0; i < run->options.producers; i++) {
        report->stalls += torc_publisher_stalls(run->producers[i].publisher);
    }
}

static void gather(struct run *run, struct report *report) {
    struct totals totals = sum(run);
    report->options = &run->options;
    report->config = &run->config;
    report->inputs = run->inputs.count;
    report->skipped = run->inputs.skipped;
    report->events = totals.events;
    report->bytes = totals.bytes;
    report->published = totals.published;
    report->dispatched = run->dispatcher.dispatched;
    memcpy(report->size_events, run->dispatcher.events, sizeof report->size_events);
    memcpy(report->size_bytes, run->dispatcher.bytes, sizeof report->size_bytes);
    gather_bus(run, report);
}

static void audit(struct run *run) {
    struct torc_audit result;
    int status = torc_audit(run->bus, &result);
    if (status == TORC_CORRUPT) {
        complain("audit: %s (at %" PRIu64 ", %" PRIu64 ")", result.broken, result.where, result.index);
        run->failed = true;
    } else {
        check(run, "audit", status);
    }
}

static int exit_code(struct run *run, const struct report *report) {
    int number = control_signal();
    bool failed = run->failed || run->inputs.failed || atomic_load(&run->feed.failed) ||
                  atomic_load(&run->control.failed) || report_lost(report) != 0 || report->leaked != 0;
    if (number != 0) {
        complain("ended by signal %d (%s) after %" PRIu64 " records", number, strsignal(number), report->events);
    }
    if (failed) {
        return EXIT_FAILED;
    }
    return number != 0 ? 128 + number : EXIT_FINE;
}

static int run_job(struct run *run) {
    struct report report = {0};
    if (!setup_open(run)) {
        return EXIT_FAILED;
    }
    produce(run);
    setup_finish(run);
    watch_show(&run->watch, run->bus);
    complete_log(run, &report);
    gather(run, &report);
    audit(run);
    setup_close(run, &report.leaked);
    report_table(&report);
    report_last(&report);
    return exit_code(run, &report);
}

int command_run(int argc, char **argv) {
    static struct run run; /* large, and one per process */
    int code = options_parse(argc, argv, &run.options);
    if (code >= 0) {
        return code;
    }
    if (!inputs_collect(&run.inputs, run.options.paths, run.options.path_count, run.options.out)) {
        complain("the list of inputs: out of memory");
        code = EXIT_FAILED;
    } else if (run.inputs.count == 0 && run.inputs.failed) {
        code = EXIT_FAILED; /* told; there is nothing to make a log of */
    } else {
        code = run_job(&run);
    }
    inputs_free(&run.inputs);
    return code;
}
