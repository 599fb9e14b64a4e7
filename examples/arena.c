/* arena - messages whose length is not known beforehand: built in a ring allocator of your own, published without a
 * copy.
 *
 * The message grows where it lies while it is written. Publishing hands the very bytes to the readers; when the last of
 * them is done, the storage goes back to the arena, by one store, whichever thread that is. The arena is useful without
 * a bus as well: its buffers are allocated by one thread and released by any. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { TEXT = 1, STORE = 16384, EVENTS = 1000 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "arena: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "arena: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Word after word, as many as there are. */
static const unsigned char *publish_words(struct torc_arena *arena, struct torc_publisher *publisher, int words) {
    struct torc_extendable message;
    struct torc_buffer buffer;
    const unsigned char *written;
    must(torc_arena_open(arena, 16, &message), "open a message");
    for (int i = 0; i < words; i++) {
        expect(torc_extend_write(&message, "word ", 5) == 5, "the message could grow");
    }
    must(torc_extend_finish(&message, &buffer), "finish it");
    written = buffer.data;
    must(torc_publish_arena(publisher, TEXT, &buffer), "publish it");
    return written;
}

/* Is shared by handles instead of travelling through a topic. */
static void share(struct torc_arena *arena) {
    struct torc_buffer buffer;
    struct torc_frozen mine, theirs;
    must(torc_arena_alloc(arena, 100, &buffer), "allocate");
    expect(torc_buffer_write(&buffer, "shared", 7) == 7 && torc_buffer_spare(&buffer) == 93, "seven bytes are written");
    must(torc_buffer_freeze(&buffer, &mine), "freeze");
    must(torc_frozen_clone(&mine, &theirs), "clone");
    must(torc_frozen_release(&mine), "release mine");
    expect(strcmp((const char *)theirs.data, "shared") == 0, "theirs is still good");
    must(torc_frozen_release(&theirs), "release theirs");
}

int main(void) {
    struct torc_arena *arena;
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    struct torc_event event;
    uint64_t out;

    must(torc_arena_create(STORE, &arena), "create the arena");
    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "texts", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");

    for (int i = 0; i < EVENTS; i++) {
        int words = 1 + i % 20;
        const unsigned char *written = publish_words(arena, publisher, words);
        must(torc_next(reader, &event), "read");
        expect(event.data == written && event.length == 5 * (size_t)words, "it is read where it was written");
        must(torc_advance(reader), "give it back");
        share(arena);
    }
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    must(torc_arena_destroy(&arena, TORC_NO_WAIT, &out), "destroy the arena");
    expect(out == 0, "every buffer came back");
    printf("arena: ok: %d messages of unknown length through a store of %d bytes, none copied\n", EVENTS, STORE);
    return EXIT_SUCCESS;
}
