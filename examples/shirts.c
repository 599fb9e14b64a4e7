/* shirts - one event of every size class, from bytes inside the ring's entry up to a block of their own.
 *
 * Up to 48 bytes travel inside the lane's entry. More takes a slot of the smallest shirt that fits, from pools made
 * with the bus. Above 16 KiB the event is XXL: its block comes from the system allocator or from a provider of yours.
 * The caller writes the same code for all of them. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { SIZED = 1, LARGEST = 1000000 };

/* The edges of every shirt: the first and the last length that it serves. */
static const struct edge {
    const char *name;
    int kept_in; /* a handle needs a slot, so keeping an inline event copies it into an XS one */
    size_t length[2];
} edges[] = {
    {"inline", TORC_XS, {0, TORC_INLINE_BYTES}},      {"XS", TORC_XS, {TORC_INLINE_BYTES + 1, TORC_XS_BYTES}},
    {"S", TORC_S, {TORC_XS_BYTES + 1, TORC_S_BYTES}}, {"M", TORC_M, {TORC_S_BYTES + 1, TORC_M_BYTES}},
    {"L", TORC_L, {TORC_M_BYTES + 1, TORC_L_BYTES}},  {"XL", TORC_XL, {TORC_L_BYTES + 1, TORC_XL_BYTES}},
    {"XXL", TORC_XXL, {TORC_XL_BYTES + 1, LARGEST}},
};

static unsigned char payload[LARGEST];

static void must(int status, const char *what) {
    if (status != TORC_OK) {
        fprintf(stderr, "shirts: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "shirts: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Publishes `length` bytes, reads them back, keeps them, and looks where they live. */
static void there_and_back(struct torc_publisher *publisher, struct torc_reader *reader, size_t length, int kept_in) {
    struct torc_event event;
    struct torc_ringptr kept;
    uintptr_t alignment = length <= TORC_INLINE_BYTES || length > TORC_XL_BYTES ? 16 : 64;
    must(torc_publish(publisher, SIZED, payload, length), "publish");
    must(torc_next(reader, &event), "read");
    expect(event.length == length && memcmp(event.data, payload, length) == 0, "the payload arrives whole");
    expect((uintptr_t)event.data % alignment == 0, "payloads are aligned to 16 bytes, in the slots of pools to 64");
    must(torc_keep(reader, &event, &kept), "keep");
    expect(torc_ringptr_shirt(kept) == kept_in, "the event took the smallest shirt that fits");
    expect(torc_ringptr_length(kept) == length && memcmp(torc_ringptr_data(kept), payload, length) == 0,
           "a handle reads the same payload");
    must(torc_ringptr_release(kept), "release");
}

int main(void) {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    size_t count = sizeof edges / sizeof edges[0];

    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (unsigned char)(i * 31 + i / 251);
    }
    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "sizes", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");

    for (size_t i = 0; i < count; i++) {
        there_and_back(publisher, reader, edges[i].length[0], edges[i].kept_in);
        there_and_back(publisher, reader, edges[i].length[1], edges[i].kept_in);
        printf("%-6s %7zu to %7zu bytes\n", edges[i].name, edges[i].length[0], edges[i].length[1]);
    }
    expect(torc_publish(publisher, SIZED, payload, SIZE_MAX) == TORC_TOO_BIG, "a length that cannot be is refused");

    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("shirts: ok: %zu sizes from 0 to %d bytes arrived whole, each in the shirt that fits\n", 2 * count, LARGEST);
    return EXIT_SUCCESS;
}
