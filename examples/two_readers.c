/* two_readers - two readers of one topic, each at its own pace.
 *
 * Each reader has a cursor of its own and sees every event. They take nothing from each other: the fast one is not held
 * up by the slow one. Only the publisher is, and only once the slowest reader is a whole lane behind it. */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { NUMBER = 1, EVENTS = 100000, LEAD = 1000, BATCH = 64 };

static struct torc_reader *fast, *slow;
static sem_t slow_may_start;

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "two_readers: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "two_readers: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* The fast reader takes events one at a time and sleeps only while there is none. */
static void *read_one_by_one(void *seen) {
    uint64_t *count = seen;
    struct torc_reader_state other;
    struct torc_event event;
    int status;
    while ((status = torc_next_until(fast, &event, TORC_FOREVER)) == TORC_OK) {
        const uint64_t *number = torc_view(&event, uint64_t);
        expect(number != NULL && *number == *count, "the fast reader misses nothing and keeps the order");
        *count += 1;
        if (*count == LEAD) { /* far ahead, and the other one has not even begun */
            must(torc_reader_state(slow, &other), "ask where the slow reader is");
            expect(other.consumed == 0, "the slow reader has read nothing yet");
            expect(sem_post(&slow_may_start) == 0, "sem_post");
        }
    }
    expect(status == TORC_CLOSED, "the fast reader ends when the bus is closed and all is read");
    return NULL;
}

static enum torc_action count_one(void *seen, const struct torc_event *event) {
    uint64_t *count = seen;
    const uint64_t *number = torc_view(event, uint64_t);
    expect(number != NULL && *number == *count, "the slow reader misses nothing and keeps the order");
    *count += 1;
    return TORC_CONTINUE;
}

/* The slow reader starts late and takes events in batches, through a handler. */
static void *read_in_batches(void *seen) {
    int handled;
    expect(sem_wait(&slow_may_start) == 0, "sem_wait");
    do {
        handled = torc_poll_until(slow, count_one, seen, BATCH, TORC_FOREVER);
    } while (handled >= 0);
    expect(handled == TORC_CLOSED, "the slow reader ends when the bus is closed and all is read");
    return NULL;
}

int main(void) {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    pthread_t fast_thread, slow_thread;
    uint64_t number, fast_count = 0, slow_count = 0;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "numbers", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &fast), "open the fast reader");
    must(torc_reader_open(topic, NULL, &slow), "open the slow reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");
    expect(sem_init(&slow_may_start, 0, 0) == 0, "sem_init");
    expect(pthread_create(&fast_thread, NULL, read_one_by_one, &fast_count) == 0, "start the fast reader");
    expect(pthread_create(&slow_thread, NULL, read_in_batches, &slow_count) == 0, "start the slow reader");

    for (number = 0; number < EVENTS; number++) {
        must(torc_publish(publisher, NUMBER, &number, sizeof number), "publish"); /* waits while the lane is full */
    }

    /* Closing the bus ends publishing; what is in the lanes is still delivered, then the readers get TORC_CLOSED. */
    must(torc_bus_close(bus), "close the bus");
    expect(pthread_join(fast_thread, NULL) == 0 && pthread_join(slow_thread, NULL) == 0, "join the readers");
    expect(fast_count == EVENTS && slow_count == EVENTS, "both readers saw every event");

    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(fast), "close the fast reader");
    must(torc_reader_close(slow), "close the slow reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    expect(sem_destroy(&slow_may_start) == 0, "sem_destroy");
    printf("two_readers: ok: both read all %d events in order, one of them %d events ahead of the other\n", EVENTS,
           LEAD);
    return EXIT_SUCCESS;
}
