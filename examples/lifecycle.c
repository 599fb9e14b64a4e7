/* lifecycle - three ends of a bus: drained, halted, and left to go with its last handle.
 *
 * Close and drain: nothing more comes in, everything that is in gets read. Halt: stop now, what is left stays unread.
 * Destroy later: whoever releases the last handle, in whatever thread, takes the bus down. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { NUMBER = 1, EVENTS = 1000, LENGTH = 200 };

static struct torc_bus *bus;
static struct torc_publisher *publisher;
static struct torc_reader *reader;

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "lifecycle: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "lifecycle: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void open_all(void) {
    unsigned char payload[LENGTH] = {0};
    struct torc_config config = TORC_CONFIG_DEFAULT_INIT;
    struct torc_topic *topic;
    config.flags = TORC_DESTROY_LATER; /* the third bus is left to itself */
    must(torc_bus_create(&config, &bus), "create the bus");
    must(torc_topic_open(bus, "numbers", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");
    for (int i = 0; i < EVENTS; i++) {
        must(torc_publish(publisher, NUMBER, payload, sizeof payload), "publish");
    }
}

static void close_ends(void) {
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
}

static void *read_to_the_end(void *count) {
    struct torc_event event;
    int status;
    while ((status = torc_next_until(reader, &event, TORC_FOREVER)) == TORC_OK) {
        ++*(int *)count;
    }
    expect(status == TORC_CLOSED, "the reader ends when there is nothing left");
    return NULL;
}

static void drained(void) {
    pthread_t thread;
    int count = 0;
    open_all();
    must(torc_bus_close(bus), "close");
    expect(torc_bus_state(bus) == TORC_BUS_DRAINING, "a closed bus still has something to read");
    expect(torc_publish(publisher, NUMBER, NULL, 0) == TORC_CLOSED, "and takes nothing more in");
    expect(pthread_create(&thread, NULL, read_to_the_end, &count) == 0, "start the reader");
    must(torc_bus_drain(bus, TORC_FOREVER), "drain");
    expect(torc_bus_state(bus) == TORC_BUS_CLOSED, "drained");
    expect(pthread_join(thread, NULL) == 0 && count == EVENTS, "everything was read");
    close_ends();
    must(torc_bus_destroy(&bus, NULL), "destroy");
}

static void halted(void) {
    struct torc_event event;
    open_all();
    must(torc_bus_halt(bus), "halt");
    expect(torc_next(reader, &event) == TORC_CLOSED, "what is left is not read");
    expect(torc_bus_drain(bus, TORC_FOREVER) == TORC_CLOSED, "and a drain says so");
    must(torc_audit(bus, NULL), "no slot is lost");
    close_ends();
    must(torc_bus_destroy(&bus, NULL), "destroy");
}

static void *use_and_release(void *handle) {
    struct torc_ringptr ptr = *(struct torc_ringptr *)handle;
    expect(torc_ringptr_length(ptr) == LENGTH, "the payload is readable to the last");
    must(torc_ringptr_release(ptr), "release");
    return NULL;
}

static void note_gone(void *flag) {
    *(bool *)flag = true;
}

static void left_to_itself(void) {
    struct torc_event event;
    struct torc_ringptr ptr;
    pthread_t thread;
    bool gone = false;
    open_all();
    must(torc_next(reader, &event), "next");
    must(torc_keep(reader, &event, &ptr), "keep");
    close_ends();
    must(torc_bus_destroy_later(&bus, note_gone, &gone), "destroy later");
    expect(bus == NULL && !gone, "a handle keeps the bus");
    expect(pthread_create(&thread, NULL, use_and_release, &ptr) == 0, "start the thread");
    expect(pthread_join(thread, NULL) == 0 && gone, "the bus went with its last handle");
}

int main(void) {
    drained();
    halted();
    left_to_itself();
    printf("lifecycle: ok: one bus was drained, one halted, one went with its last handle\n");
    return EXIT_SUCCESS;
}
