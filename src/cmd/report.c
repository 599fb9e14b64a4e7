/* report.c - what a run prints. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"

static const char *const shirt_names[SIZES] = {"XS", "S", "M", "L", "XL", "XXL", "inline"};

uint64_t report_lost(const struct report *report) {
    uint64_t least = report->handled[0];
    for (int i = 1; i < WORKERS; i++) {
        least = report->handled[i] < least ? report->handled[i] : least;
    }
    return report->events > least ? report->events - least : 0;
}

static void print_size(const struct report *report, int size) {
    printf("  %-10s %12" PRIu64 " %16" PRIu64 "\n", shirt_names[size], report->size_events[size],
           report->size_bytes[size]);
}

static void print_sizes(const struct report *report) {
    printf("\n  %-10s %12s %16s\n", "shirt", "events", "bytes");
    print_size(report, TORC_INLINE_EVENT);
    for (int size = TORC_XS; size <= TORC_XXL; size++) {
        print_size(report, size);
    }
    printf("  %-10s %12" PRIu64 " %16" PRIu64 "\n", "all", report->events, report->bytes);
}

static void print_rate(const struct report *report) {
    double seconds = (double)(report->nanoseconds != 0 ? report->nanoseconds : 1) / 1e9;
    printf("\n  %.3f s, %.0f events/s, %.1f MB/s\n", seconds, (double)report->events / seconds,
           (double)report->bytes / seconds / 1e6);
}

static void print_lags(const struct report *report) {
    static const char *const names[WORKERS] = {"segment", "mmr", "index"};
    printf("\n  %-10s %12s %16s\n", "reader", "max lag", "of");
    printf("  %-10s %12" PRIu64 " %16" PRIu32 "\n", "dispatch", report->reader.max_lag, report->config->lane_entries);
    for (int i = 0; i < WORKERS; i++) {
        printf("  %-10s %12" PRIu64 " %16" PRIu32 "\n", names[i], report->actors[i].max_depth, (uint32_t)MAILBOX);
    }
}

static void print_pool(const char *name, uint32_t slots, const struct torc_pool_stats *pool) {
    printf("  %-10s %12" PRIu32 " %16" PRIu32 " %10" PRIu64 " %14" PRIu64 "\n", name, slots, pool->high_water,
           pool->dry, pool->allocations);
}

/* Slots of one bank, and the high-water mark of the bank that came closest to them; the other figures are sums over
 * all banks. */
static void print_pools(const struct report *report) {
    const struct torc_config *config = report->config;
    printf("\n  %-10s %12s %16s %10s %14s\n", "pool", "slots each", "high-water mark", "dry", "allocations");
    for (int shirt = TORC_XS; shirt <= TORC_XXL; shirt++) {
        uint32_t slots = shirt < TORC_SHIRTS ? config->slots[shirt] : config->xxl;
        print_pool(shirt_names[shirt], slots, &report->pools[shirt]);
    }
    print_pool("keep", config->keep_slots, &report->keep);
    printf("  publishers had to wait %" PRIu64 " times\n", report->stalls);
}

void report_table(const struct report *report) {
    const struct run_options *options = report->options;
    printf("%" PRIu64 " inputs", report->inputs);
    if (report->skipped != 0) {
        printf(" (%" PRIu64 " links, devices or the like skipped)", report->skipped);
    }
    printf(", %" PRIu32 " producers, preset %s, wait %s, ", options->producers, options->preset, options->wait_name);
    if (options->out != NULL) {
        printf("log in %s\n", options->out);
    } else {
        printf("no log written\n");
    }
    print_sizes(report);
    print_rate(report);
    print_lags(report);
    print_pools(report);
    printf("\n");
}

void report_last(const struct report *report) {
    char root[2 * HASH_BYTES + 1];
    hash_text(report->root, root);
    printf("torc run: events=%" PRIu64 " bytes=%" PRIu64 " published=%" PRIu64 " dispatched=%" PRIu64, report->events,
           report->bytes, report->published, report->dispatched);
    printf(" segment=%" PRIu64 " mmr=%" PRIu64 " index=%" PRIu64 " lost=%" PRIu64 " leaked=%" PRIu64 " root=%s\n",
           report->handled[SEGMENT], report->handled[MMR], report->handled[INDEX], report_lost(report), report->leaked,
           root);
}

void report_progress(uint64_t events, uint64_t bytes, uint64_t lag) {
    fprintf(stderr, "\r\033[K%" PRIu64 " events, %" PRIu64 " bytes, lag %" PRIu64, events, bytes, lag);
}

void report_progress_end(void) {
    fputs("\r\033[K", stderr);
}
