/* spsc.c - how many 40-byte events per second pass from one publisher to one reader, published one by one.
 *
 *     left                                   right
 *     fill, publish --> [ring of 4096] --> next, add up
 *
 * Every implementation has a ring of the same length, and its producer writes and its consumer adds up the same words. */
#include "bench.h"
#include <stdlib.h>
#include <torc.h>

struct line {
    struct torc_bus *bus;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
};

static void *line_open(void) {
    struct line *line = bench_memory(sizeof *line);
    struct torc_config config = TORC_CONFIG_DEFAULT_INIT;
    struct torc_publisher_config writing = {.wait = TORC_WAIT_SPIN};
    struct torc_reader_config reading = {.wait = TORC_WAIT_SPIN};
    struct torc_topic *topic;
    config.lane_entries = BENCH_LANE;
    bench_check(torc_bus_create(&config, &line->bus), "torc_bus_create");
    bench_check(torc_topic_open(line->bus, "line", 0, &topic), "torc_topic_open");
    bench_check(torc_publisher_open(topic, &writing, &line->publisher), "torc_publisher_open");
    bench_check(torc_reader_open(topic, &reading, &line->reader), "torc_reader_open");
    return line;
}

static uint64_t line_left(void *state, uint64_t n) {
    struct torc_publisher *publisher = ((struct line *)state)->publisher;
    struct bench_event event;
    for (uint64_t i = 1; i <= n; i++) {
        int status;
        bench_fill(&event, i);
        status = torc_publish(publisher, 1, &event, sizeof event);
        if (__builtin_expect(status != TORC_OK, 0)) {
            bench_die("torc_publish", torc_strerror(status));
        }
    }
    return bench_total(n);
}

static uint64_t line_right(void *state, uint64_t n) {
    struct torc_reader *reader = ((struct line *)state)->reader;
    struct torc_event event;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        int status;
        while ((status = torc_next(reader, &event)) == TORC_EMPTY) {
            bench_relax();
        }
        if (__builtin_expect(status != TORC_OK || event.length != sizeof(struct bench_event), 0)) {
            bench_die("torc_next", torc_strerror(status));
        }
        sum += bench_sum(event.data);
    }
    bench_check(torc_advance(reader), "torc_advance");
    return sum;
}

static uint64_t line_slice(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, line_left, line_right, state, n);
}

static void line_close(void *state) {
    struct line *line = state;
    bench_check(torc_reader_close(line->reader), "torc_reader_close");
    bench_check(torc_publisher_close(line->publisher), "torc_publisher_close");
    bench_check(torc_bus_destroy(&line->bus, NULL), "torc_bus_destroy");
    free(line);
}

static const struct bench_impl torc = {"torc", line_open, line_slice, line_close, 0};
static const struct bench_impl *const impls[] = {&torc, &bench_spsc_boost, &bench_spsc_ck};

const struct bench_case bench_spsc_40 = {
    .name = "spsc_40",
    .metric = "throughput",
    .unit = "M/s",
    .rate = 1,
    .threads = 2,
    .slices = 60,
    .n = 10 * BENCH_LANE,
    .per = 1,
    .impls = impls,
    .impl_count = 3,
};
