/* merge.c - four publishers whose events carry a common clock, merged back into its order.
 *
 * Each event takes its time from one counter, so that all times differ and the merged order is known: every time once,
 * rising. The publishers send heartbeats when they pause, and come one after the other: a lane that is there
 * before an event is published is waited for. Nothing may be late. */
#include "engine.h"
#include <inttypes.h>
#include <string.h>

enum { WRITERS = 4, ENTRIES = 64, EVENT = 1, HEARTBEAT = 2, LARGEST = 200 };

static struct torc_topic *topic;
static _Atomic uint64_t ticks;
static uint64_t events;

struct stamped {
    uint64_t time;
    uint64_t check;
    unsigned char rest[LARGEST];
};

static uint64_t mixed(uint64_t time) {
    return time * UINT64_C(0x9e3779b97f4a7c15);
}

/* The time is taken when there is room for the event, so that publishers that wait for room hold nobody up. */
static void send(struct torc_publisher *publisher, uint32_t type, uint64_t *random) {
    size_t length = (size_t)(16 + stress_below(random, LARGEST));
    struct torc_claim claim;
    struct stamped event;
    OK(torc_claim(publisher, type, length, &claim));
    event.time = type == EVENT ? atomic_fetch_add(&ticks, 1) : atomic_load(&ticks);
    event.check = mixed(event.time);
    memset(event.rest, (int)(event.time & 0xff), sizeof event.rest);
    memcpy(claim.data, &event, length);
    if (type != EVENT && stress_below(random, 4) == 0) {
        OK(torc_abort(publisher, &claim));
        return;
    }
    OK(torc_commit(publisher, &claim));
}

static void *publish(void *argument) {
    uint64_t random = (uint64_t)(uintptr_t)argument + 1;
    struct torc_publisher *publisher = stress_publisher(topic, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    for (uint64_t i = 0; i < events; i++) {
        send(publisher, EVENT, &random);
        if (stress_below(&random, 50) == 0) {
            send(publisher, HEARTBEAT, &random);
            stress_spin(&random, 1000);
        }
        stress_progress(i + 1);
    }
    stress_publisher_end(publisher);
    return NULL;
}

static uint64_t time_of(void *context, const struct torc_event *event) {
    uint64_t time;
    (void)context;
    memcpy(&time, event->data, sizeof time);
    return time;
}

/* The defect: the clock's last bit is read the wrong way round. Of the first two events either the second comes first,
 * or, if they are one publisher's or the first was all there was, it comes second and is late. */
static uint64_t wrong_time_of(void *context, const struct torc_event *event) {
    return time_of(context, event) ^ 1;
}

static void check(const struct torc_merged *merged, uint64_t expected) {
    struct stamped event;
    memcpy(&event, merged->event.data, merged->event.length);
    DETECT(STRESS_ORDER, event.time == expected, "%" PRIu64 " came where %" PRIu64 " was due", event.time, expected);
    DETECT(STRESS_PAYLOAD, event.check == mixed(event.time), "event %" PRIu64, event.time);
    for (size_t i = 16; i < merged->event.length; i++) {
        DETECT(STRESS_PAYLOAD, event.rest[i - 16] == (event.time & 0xff), "event %" PRIu64 ", byte %zu", event.time, i);
    }
    DETECT(STRESS_ORDER, merged->late == 0, "event %" PRIu64 " is late", event.time);
}

static void read_all(struct torc_merge *merge) {
    struct torc_merged merged;
    uint64_t random = 5, expected = 0;
    while (expected != WRITERS * events) {
        int status = torc_merge_next_until(merge, &merged,
                                           stress_below(&random, 16) == 0 ? torc_deadline_ns(5000) : TORC_FOREVER);
        CHECK(status == TORC_OK || status == TORC_TIMED_OUT, "%s", torc_status_name(status));
        if (status == TORC_OK) {
            check(&merged, expected++);
        }
    }
}

static void run(enum torc_wait wait) {
    struct torc_merge_config config = {.reader = {.wait = wait},
                                       .time_of = stress_broken ? wrong_time_of : time_of,
                                       .idle_after_ns = TORC_FOREVER,
                                       .heartbeat = HEARTBEAT,
                                       .has_heartbeat = 1};
    struct stress_thread *threads[WRITERS];
    struct torc_merge_stats stats;
    struct torc_merge *merge;
    atomic_store(&ticks, 0);
    OK(torc_merge_open(topic, &config, &merge));
    for (size_t i = 0; i < WRITERS; i++) {
        threads[i] = stress_spawn("publisher", publish, (void *)(uintptr_t)i);
    }
    read_all(merge);
    for (size_t i = 0; i < WRITERS; i++) {
        (void)stress_join(threads[i]);
    }
    OK(torc_merge_stats(merge, &stats));
    DETECT(STRESS_SUM, stats.handed == WRITERS * events && stats.late == 0 && stats.idle == 0,
           "handed %" PRIu64 ", late %" PRIu64 ", idle %" PRIu64, stats.handed, stats.late, stats.idle);
    stress_say("%s: %" PRIu64 " events of %d publishers in one order; %" PRIu64 " heartbeats", stress_wait_name(wait),
               stats.handed, WRITERS, stats.heartbeats);
    OK(torc_merge_close(merge));
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(WRITERS, 1, ENTRIES);
    struct torc_bus *bus;
    stress_begin(argc, argv, "merge", STRESS_ORDER, "the last bit of the times is read the wrong way round");
    events = stress_scaled(50000);
    bus = stress_bus(&config);
    topic = stress_topic(bus, "merge");
    for (size_t i = 0; i < sizeof stress_waits / sizeof stress_waits[0]; i++) {
        run(stress_waits[i]);
    }
    stress_bus_end(bus);
    return stress_end();
}
