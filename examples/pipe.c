/* pipe - topics put together by pipes: fan-out to two, each with a stage of its own, and fan-in to one.
 *
 *     readings --> celsius to kelvin --> kelvin --\
 *            \--> only what is too hot --> alarms --> log
 *
 * Nobody polls: each pipe has a thread, and a full topic makes the stages before it wait. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { CELSIUS = 1, KELVIN = 2, ALARM = 3, READINGS = 30000, HOT = 90 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "pipe: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "pipe: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static int64_t reading(uint64_t i) {
    return (int64_t)(i % 100);
}

static enum torc_pass to_kelvin(void *context, const struct torc_event *event, struct torc_claim *out) {
    (void)context;
    *(int64_t *)out->data = *torc_view(event, int64_t) + 273;
    out->type = KELVIN;
    return TORC_PASS;
}

static enum torc_pass too_hot(void *context, const struct torc_event *event, struct torc_claim *out) {
    int64_t degrees = *torc_view(event, int64_t);
    (void)context;
    *(int64_t *)out->data = degrees;
    out->type = ALARM;
    return degrees >= HOT ? TORC_PASS : TORC_PASS_DROP;
}

static struct torc_topic *topic(struct torc_bus *bus, const char *name) {
    struct torc_topic *found;
    must(torc_topic_open(bus, name, 0, &found), "open a topic");
    return found;
}

static struct torc_pipe *join(struct torc_topic *from, struct torc_topic *to, const struct torc_pipe_config *config) {
    struct torc_pipe *pipe;
    must(torc_pipe_start(from, to, config, &pipe), "start a pipe");
    return pipe;
}

/* Kelvin come in order among themselves, alarms too. */
static void read_log(struct torc_reader *log, uint64_t *kelvins, uint64_t *alarms) {
    struct torc_event event;
    while (torc_next(log, &event) == TORC_OK) {
        int64_t value = *torc_view(&event, int64_t);
        if (event.type == KELVIN) {
            expect(value == reading((*kelvins)++) + 273, "every reading arrives in kelvin, in order");
        } else {
            expect(value == HOT + (int64_t)((*alarms)++ % (100 - HOT)), "every alarm arrives, in order");
        }
    }
}

int main(void) {
    struct torc_config config = TORC_CONFIG_DEFAULT_INIT;
    struct torc_pipe_config kelvin = {.name = "kelvin", .transform = to_kelvin};
    struct torc_pipe_config alarm = {.name = "alarms", .transform = too_hot};
    struct torc_pipe_stats stats;
    struct torc_bus *bus;
    struct torc_topic *readings, *kelvins, *alarms, *all;
    struct torc_publisher *publisher;
    struct torc_reader *log;
    struct torc_pipe *pipes[4];
    uint64_t kelvin_count = 0, alarm_count = 0;

    config.publishers = 5;
    must(torc_bus_create(&config, &bus), "create the bus");
    readings = topic(bus, "readings");
    kelvins = topic(bus, "kelvin");
    alarms = topic(bus, "alarms");
    all = topic(bus, "log");
    must(torc_reader_open(all, NULL, &log), "open the log's reader");
    pipes[0] = join(readings, kelvins, &kelvin); /* fan-out: both see every reading */
    pipes[1] = join(readings, alarms, &alarm);
    pipes[2] = join(kelvins, all, NULL); /* fan-in */
    pipes[3] = join(alarms, all, NULL);
    must(torc_publisher_open(readings, NULL, &publisher), "open the publisher");

    for (uint64_t i = 0; i < READINGS; i++) {
        int64_t degrees = reading(i);
        must(torc_publish(publisher, CELSIUS, &degrees, sizeof degrees), "publish");
        read_log(log, &kelvin_count, &alarm_count);
    }
    while (kelvin_count < READINGS || alarm_count < READINGS / 100 * (100 - HOT)) {
        must(torc_wait_readable(log, TORC_FOREVER), "wait for the rest");
        read_log(log, &kelvin_count, &alarm_count);
    }

    must(torc_bus_drain(bus, TORC_FOREVER), "wait until the last batches are given back");
    must(torc_pipe_stats(pipes[1], &stats), "ask what a pipe did");
    expect(stats.passed == alarm_count && stats.passed + stats.dropped == READINGS, "a pipe counts what it drops");
    for (int i = 0; i < 4; i++) {
        must(torc_pipe_close(pipes[i]), "close a pipe");
    }
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(log), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("pipe: ok: %d readings through four pipes, %llu alarms\n", READINGS, (unsigned long long)alarm_count);
    return EXIT_SUCCESS;
}
