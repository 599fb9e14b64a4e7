/* monitor - a snapshot of a working bus in Prometheus's text format: what a metrics endpoint would answer.
 *
 * The memory of a snapshot is asked for once; taking and writing one then allocates nothing. The text goes to a
 * callback: a socket's buffer in a server, standard output here. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { PRICE = 1, EVENTS = 1000, READ = 600 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "monitor: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "monitor: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static int to_stdout(void *context, const char *text, size_t length) {
    (void)context;
    return fwrite(text, 1, length, stdout) == length ? TORC_OK : TORC_SYSTEM;
}

int main(void) {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    struct torc_event event;
    struct torc_snapshot *snapshot;
    const struct torc_snapshot_style prometheus = {.format = TORC_PROMETHEUS, .name = "market"};
    size_t bytes;
    void *memory;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "prices", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");
    for (uint64_t i = 0; i < EVENTS; i++) {
        must(torc_publish(publisher, PRICE, &i, sizeof i), "publish");
    }
    for (int i = 0; i < READ; i++) {
        must(torc_next(reader, &event), "next");
    }
    must(torc_advance(reader), "advance");

    bytes = torc_snapshot_size(bus);
    memory = malloc(bytes);
    expect(memory != NULL, "there is memory for a snapshot");
    must(torc_snapshot_take(bus, memory, bytes, &snapshot), "take a snapshot");
    must(torc_snapshot_write(snapshot, &prometheus, to_stdout, NULL), "write it");
    expect(snapshot->published == EVENTS && snapshot->readers[0].consumed == READ &&
               snapshot->readers[0].lag == EVENTS - READ,
           "what was read and what was not add up to what was published");

    free(memory);
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("monitor: ok: %d published = %d read + %d to come\n", EVENTS, READ, EVENTS - READ);
    return EXIT_SUCCESS;
}
