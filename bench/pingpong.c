/* pingpong.c - how long one 40-byte event takes from one core to another.
 *
 *     left                         right
 *     publish ------- ping ------> next, add up
 *     next, add up <-- pong ------ publish
 *
 * The figure is half of a round trip. The raw twin is in raw.c. */
#include "bench.h"
#include <stdlib.h>
#include <torc.h>

/* --- torc: two topics, one publisher and one reader each --- */
struct end {
    struct torc_publisher *publisher;
    struct torc_reader *reader;
};
struct both {
    struct torc_bus *bus;
    struct end ping, pong;
};

static void end_open(struct torc_bus *bus, const char *name, struct end *end) {
    struct torc_publisher_config writing = {.wait = TORC_WAIT_SPIN};
    struct torc_reader_config reading = {.wait = TORC_WAIT_SPIN};
    struct torc_topic *topic;
    bench_check(torc_topic_open(bus, name, 0, &topic), "torc_topic_open");
    bench_check(torc_publisher_open(topic, &writing, &end->publisher), "torc_publisher_open");
    bench_check(torc_reader_open(topic, &reading, &end->reader), "torc_reader_open");
}

static void *torc_both_open(void) {
    struct both *both = bench_memory(sizeof *both);
    struct torc_config config = TORC_CONFIG_DEFAULT_INIT;
    config.lane_entries = BENCH_LANE;
    bench_check(torc_bus_create(&config, &both->bus), "torc_bus_create");
    end_open(both->bus, "ping", &both->ping);
    end_open(both->bus, "pong", &both->pong);
    return both;
}

static inline void send(struct torc_publisher *publisher, uint64_t n) {
    struct bench_event event;
    int status;
    bench_fill(&event, n);
    status = torc_publish(publisher, 1, &event, sizeof event);
    if (__builtin_expect(status != TORC_OK, 0)) {
        bench_die("torc_publish", torc_strerror(status));
    }
}

/* The sum of the next event's words. */
static inline uint64_t receive(struct torc_reader *reader) {
    struct torc_event event;
    int status;
    while ((status = torc_next(reader, &event)) == TORC_EMPTY) {
    }
    if (__builtin_expect(status != TORC_OK || event.length != sizeof(struct bench_event), 0)) {
        bench_die("torc_next", torc_strerror(status));
    }
    return bench_sum(event.data);
}

static uint64_t torc_left(void *state, uint64_t n) {
    struct both *both = state;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        send(both->ping.publisher, i);
        sum += receive(both->pong.reader);
    }
    return sum;
}

static uint64_t torc_right(void *state, uint64_t n) {
    struct both *both = state;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= n; i++) {
        sum += receive(both->ping.reader);
        send(both->pong.publisher, i);
    }
    return sum;
}

static uint64_t torc_slice(void *state, struct bench_duo *duo, uint64_t n) {
    return bench_duo_run(duo, torc_left, torc_right, state, n);
}

static void torc_both_close(void *state) {
    struct both *both = state;
    bench_check(torc_reader_close(both->ping.reader), "torc_reader_close");
    bench_check(torc_reader_close(both->pong.reader), "torc_reader_close");
    bench_check(torc_publisher_close(both->ping.publisher), "torc_publisher_close");
    bench_check(torc_publisher_close(both->pong.publisher), "torc_publisher_close");
    bench_check(torc_bus_destroy(&both->bus, NULL), "torc_bus_destroy");
    free(both);
}

static const struct bench_impl torc = {"torc", torc_both_open, torc_slice, torc_both_close, 0};
static const struct bench_impl *const impls[] = {&torc, &bench_raw};

const struct bench_case bench_pingpong_40 = {
    .name = "pingpong_40",
    .metric = "one_way",
    .unit = "ns",
    .threads = 2,
    .slices = 400,
    .n = 1000,
    .per = 2,
    .impls = impls,
    .impl_count = 2,
};
