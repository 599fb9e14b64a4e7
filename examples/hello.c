/* hello - the smallest torc program: one bus, one topic, one publisher, one reader, one event. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { GREETING = 1 }; /* event types are yours: any 32-bit number */

/* Every call answers with a status; negative ones name what to do next. Here there is only one thing to do. */
static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "hello: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "hello: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

int main(void) {
    static const char text[] = "hello, torc";
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    struct torc_event event;

    /* A bus takes all its memory here, once. NULL asks for the default preset. */
    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "greetings", 0, &topic), "open the topic");

    /* A reader joins at the next event, so it has to be there before the first one. */
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");

    must(torc_publish(publisher, GREETING, text, sizeof text), "publish");

    /* What torc_next hands out is a borrow: it points into the bus and is valid until the next call on this reader. */
    must(torc_next(reader, &event), "read");
    expect(event.type == GREETING, "the type came through");
    expect(event.length == sizeof text && memcmp(event.data, text, sizeof text) == 0, "the text came through");
    printf("event %llu of lane %u: \"%s\"\n", (unsigned long long)event.sequence, event.lane, (const char *)event.data);

    /* Nothing else was published: there is nothing to read now, which is an answer and not an error. */
    expect(torc_next(reader, &event) == TORC_EMPTY, "one event was published and one was read");

    /* The ends first, then the bus. */
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");

    printf("hello: ok: one event of %zu bytes went from publish to read\n", sizeof text);
    return EXIT_SUCCESS;
}
