/* back_pressure - what a publisher can do when a reader does not keep up.
 *
 * torc never overwrites what a reader has not finished with. A full lane is therefore the publisher's business, and it
 * chooses per call: try_ gives up at once, _until gives up at a deadline, the plain name waits for space. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { TICK = 1, LANE = 64, EVENTS = 20000 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "back_pressure: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "back_pressure: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* The reader has not begun: the lane takes exactly as many events as it has entries. */
static uint64_t fill_the_lane(struct torc_publisher *publisher, struct torc_reader *reader) {
    struct torc_reader_state state;
    uint64_t tick = 0;
    int status;
    while ((status = torc_try_publish(publisher, TICK, &tick, sizeof tick)) == TORC_OK) {
        tick++;
        must(torc_reader_state(reader, &state), "ask how full the lane is");
        expect(state.lag == tick, "the reader lags by what was published");
        expect((state.fill >= 0.8) == (state.pressure >= TORC_UNDER_PRESSURE), "pressure begins at 80 %");
        expect((state.fill >= 0.9) == (state.pressure >= TORC_SHOULD_THROTTLE), "throttling is advised from 90 %");
    }
    expect(status == TORC_WOULD_BLOCK && tick == LANE, "a full lane refuses, and nothing is overwritten");

    status = torc_publish_until(publisher, TICK, &tick, sizeof tick, torc_deadline_ms(5));
    expect(status == TORC_TIMED_OUT, "with a deadline the publisher waits that long and gives up");
    return tick;
}

/* Reads to the end; every tick must come, in order, whatever the publisher went through. */
static void *consume(void *context) {
    struct torc_event event;
    uint64_t expected = 0;
    int status;
    while ((status = torc_next_until(context, &event, TORC_FOREVER)) == TORC_OK) {
        const uint64_t *tick = torc_view(&event, uint64_t);
        expect(tick != NULL && *tick == expected, "no tick is lost, none comes twice");
        expected++;
    }
    expect(status == TORC_CLOSED && expected == EVENTS, "all ticks arrived before the end");
    return NULL;
}

int main(void) {
    struct torc_config config = TORC_CONFIG_MOBILE_INIT;
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    pthread_t consumer;
    uint64_t tick, stalls;

    config.lane_entries = LANE; /* a short lane fills quickly */
    must(torc_bus_create(&config, &bus), "create the bus");
    must(torc_topic_open(bus, "ticks", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");

    tick = fill_the_lane(publisher, reader);
    stalls = torc_publisher_stalls(publisher);
    expect(stalls >= 2, "the publisher counts how often it found no space");

    /* Now somebody reads. The plain form sleeps while the lane is full and needs no retry loop. */
    expect(pthread_create(&consumer, NULL, consume, reader) == 0, "start the consumer");
    for (; tick < EVENTS; tick++) {
        must(torc_publish(publisher, TICK, &tick, sizeof tick), "publish");
    }
    must(torc_bus_close(bus), "close the bus");
    expect(pthread_join(consumer, NULL) == 0, "join the consumer");

    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("back_pressure: ok: %d events passed a lane of %d entries, none lost and none overwritten\n", EVENTS, LANE);
    return EXIT_SUCCESS;
}
