/* claim - write events straight into the bus: no buffer of your own, no copy on the way.
 *
 * Claim the most you may need, fill it, lower the length to what you used, commit. The reader gets a pointer to the
 * very bytes you wrote. A claim that turns out to be no use is aborted: no reader sees it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { TEXT = 1, MOST = 1000, EVENTS = 10 };

static const void *written[EVENTS]; /* where each event was filled in */

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "claim: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "claim: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* The text of event i: each is longer than the one before. Returns its length. */
static size_t compose(char *out, size_t room, int i) {
    int length = snprintf(out, room, "%*d", 8 + 60 * i, i);
    expect(length > 0 && (size_t)length < room, "the text fits the claim");
    return (size_t)length;
}

static void publish_in_place(struct torc_publisher *publisher, int i) {
    struct torc_claim claim;
    must(torc_claim(publisher, TEXT, MOST, &claim), "claim");
    claim.length = compose(claim.data, claim.length, i);
    written[i] = claim.data;
    must(torc_commit(publisher, &claim), "commit");
}

/* Half-written and then unwanted. Until it is committed nobody can see it; after the abort nobody ever will. */
static void change_of_mind(struct torc_publisher *publisher) {
    struct torc_claim claim;
    must(torc_claim(publisher, TEXT, MOST, &claim), "claim");
    memset(claim.data, '?', claim.length / 2);
    must(torc_abort(publisher, &claim), "abort");
    expect(torc_commit(publisher, &claim) == TORC_INVALID, "a claim is settled once");
}

static void read_back(struct torc_reader *reader, int i) {
    char text[MOST];
    size_t length = compose(text, sizeof text, i);
    struct torc_event event;
    must(torc_next(reader, &event), "read");
    expect(event.length == length && memcmp(event.data, text, length) == 0, "the event is what was committed");
    expect(event.data == written[i], "the reader reads where the publisher wrote");
}

int main(void) {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    struct torc_event event;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "texts", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");

    for (int i = 0; i < EVENTS; i++) {
        publish_in_place(publisher, i);
        change_of_mind(publisher);
    }
    for (int i = 0; i < EVENTS; i++) {
        read_back(reader, i);
    }
    expect(torc_next(reader, &event) == TORC_EMPTY, "the aborted claims left no event");

    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("claim: ok: %d events were read where they were written, %d aborted claims left no trace\n", EVENTS, EVENTS);
    return EXIT_SUCCESS;
}
