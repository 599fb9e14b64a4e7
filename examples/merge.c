/* merge - three sensors, each with a lane of its own, read as one series in the order of their clocks.
 *
 * The sensors run at different rates. The slowest one sends heartbeats while it has nothing to say, so that nobody has
 * to wait until it has; nothing comes late. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { READING = 1, HEARTBEAT = 2, SENSORS = 3, TICKS = 30000 };

/* Sensor n says something every period[n] ticks, the last one a heartbeat in between. */
static const uint64_t period[SENSORS] = {2, 3, 1000};

struct reading {
    uint64_t at;
    uint64_t sensor;
};

struct sensor {
    struct torc_publisher *publisher;
    uint64_t number;
};

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "merge: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "merge: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void *measure(void *argument) {
    const struct sensor *self = argument;
    for (uint64_t at = 0; at < TICKS; at++) {
        struct reading reading = {at, self->number};
        bool speaks = at % period[self->number] == 0;
        if (speaks || (self->number == SENSORS - 1 && at % 10 == 0)) {
            must(torc_publish(self->publisher, speaks ? READING : HEARTBEAT, &reading, sizeof reading), "publish");
        }
    }
    must(torc_publisher_close(self->publisher), "close the publisher");
    return NULL;
}

static uint64_t time_of(void *context, const struct torc_event *event) {
    (void)context;
    return torc_view(event, struct reading)->at;
}

int main(void) {
    struct torc_merge_config config = {
        .time_of = time_of, .idle_after_ns = TORC_FOREVER, .heartbeat = HEARTBEAT, .has_heartbeat = 1};
    struct torc_bus *bus;
    struct torc_topic *readings;
    struct torc_merge *merge;
    struct torc_merged merged;
    struct torc_merge_stats stats;
    struct sensor sensors[SENSORS];
    pthread_t threads[SENSORS];
    uint64_t seen[SENSORS] = {0}, last = 0;
    int expected = TICKS / 2 + TICKS / 3 + TICKS / 1000;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "readings", 0, &readings), "open the topic");
    must(torc_merge_open(readings, &config, &merge), "open the merged reader");
    for (uint64_t i = 0; i < SENSORS; i++) {
        sensors[i].number = i;
        must(torc_publisher_open(readings, NULL, &sensors[i].publisher), "open a publisher");
    }
    for (size_t i = 0; i < SENSORS; i++) {
        expect(pthread_create(&threads[i], NULL, measure, &sensors[i]) == 0, "pthread_create");
    }
    for (int i = 0; i < expected; i++) {
        const struct reading *reading;
        must(torc_merge_next_until(merge, &merged, TORC_FOREVER), "read");
        reading = torc_view(&merged.event, struct reading);
        expect(merged.time >= last && merged.late == 0, "the readings come in the order of the clock");
        expect(merged.time == seen[reading->sensor]++ * period[reading->sensor], "and none is missing");
        last = merged.time;
    }
    for (size_t i = 0; i < SENSORS; i++) {
        expect(pthread_join(threads[i], NULL) == 0, "pthread_join");
    }
    must(torc_bus_close(bus), "close the bus");
    expect(torc_merge_next(merge, &merged) == TORC_CLOSED, "that was all");
    must(torc_merge_stats(merge, &stats), "ask for figures");
    must(torc_merge_close(merge), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("merge: ok: %d readings of %d sensors in one order, %llu heartbeats between them\n", expected, SENSORS,
           (unsigned long long)stats.heartbeats);
    return EXIT_SUCCESS;
}
