/* join - where a reader begins, and how it goes back: a journal with checkpoints.
 *
 * A reader that comes late begins where it likes: with all there is, with the last few, or where it was when it noted a
 * checkpoint. One that is open already can be put somewhere else, also while publishers run. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { LINE = 1, LINES = 100, LAST = 5, CHECKPOINT = 40 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "join: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "join: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Reads `count` lines, which are numbered from `first` on. */
static void read_lines(struct torc_reader *reader, uint64_t first, uint64_t count) {
    struct torc_event event;
    for (uint64_t i = 0; i < count; i++) {
        must(torc_next(reader, &event), "read a line");
        expect(*torc_view(&event, uint64_t) == first + i, "each line, in order");
    }
}

static void read_to_end(struct torc_reader *reader, uint64_t first) {
    struct torc_event event;
    read_lines(reader, first, LINES - first);
    expect(torc_next(reader, &event) == TORC_EMPTY, "and no more");
}

static struct torc_reader *join_at(struct torc_topic *journal, struct torc_reader_config config) {
    struct torc_reader *reader;
    must(torc_reader_open(journal, &config, &reader), "open a reader");
    return reader;
}

int main(void) {
    struct torc_bus *bus;
    struct torc_topic *journal;
    struct torc_publisher *publisher;
    struct torc_reader *readers[4];
    struct torc_position checkpoint;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "journal", 0, &journal), "open the topic");
    must(torc_publisher_open(journal, NULL, &publisher), "open the publisher");
    for (uint64_t i = 0; i < LINES; i++) {
        must(torc_publish(publisher, LINE, &i, sizeof i), "publish a line");
    }

    readers[0] = join_at(journal, (struct torc_reader_config){.join = TORC_JOIN_OLDEST});
    read_lines(readers[0], 0, CHECKPOINT);
    expect(torc_reader_tell(readers[0], &checkpoint, 1) == 1, "one lane, one place");
    read_to_end(readers[0], CHECKPOINT);

    readers[1] = join_at(journal, (struct torc_reader_config){.join = TORC_JOIN_LAST, .last = LAST});
    read_to_end(readers[1], LINES - LAST);

    /* `at` is written to: it says where the reader really begins, and how much of what was asked for is gone. */
    readers[2] = join_at(journal, (struct torc_reader_config){.join = TORC_JOIN_AT, .at = &checkpoint, .at_count = 1});
    expect(checkpoint.sequence == CHECKPOINT && checkpoint.missed == 0, "the checkpoint is still there");
    read_to_end(readers[2], CHECKPOINT);

    readers[3] = join_at(journal, (struct torc_reader_config){.join = TORC_JOIN_NEXT});
    read_to_end(readers[3], LINES);
    must(torc_reader_seek_at(readers[3], &checkpoint, 1), "go back to the checkpoint");
    read_to_end(readers[3], CHECKPOINT);
    must(torc_reader_seek(readers[3], TORC_JOIN_OLDEST, 0), "go back to the beginning");
    read_to_end(readers[3], 0);

    for (size_t i = 0; i < 4; i++) {
        must(torc_reader_close(readers[i]), "close a reader");
    }
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("join: ok: %d lines read from the start, %d from a checkpoint, %d as the last ones, and again after going "
           "back\n",
           LINES, LINES - CHECKPOINT, LAST);
    return 0;
}
