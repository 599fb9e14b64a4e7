/* sequencer - four clerks enter orders into one book. Every reader sees the same book in the same order.
 *
 * The topic is created with TORC_TOPIC_TOTAL_ORDER: there is no way to publish to it past its sequencer. Each clerk
 * learns at which place an order was entered. Two readers add the book up in a way that depends on the order, and must
 * come to the same result. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { ORDER = 1, CLERKS = 4, ORDERS = 20000, READERS = 2 };

struct order {
    uint64_t clerk;
    uint64_t number;
};

static struct torc_topic *topic;
static uint64_t place[CLERKS][ORDERS];

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "sequencer: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "sequencer: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void *enter(void *argument) {
    uint64_t clerk = (uint64_t)(uintptr_t)argument;
    struct torc_sequencer *sequencer;
    must(torc_sequencer_open(topic, NULL, &sequencer), "open the sequencer");
    for (uint64_t i = 0; i < ORDERS; i++) {
        struct order order = {clerk, i};
        must(torc_sequencer_publish(sequencer, ORDER, &order, sizeof order, TORC_FOREVER, &place[clerk][i]),
             "enter an order");
    }
    must(torc_sequencer_close(sequencer), "close the sequencer");
    return NULL;
}

struct book {
    struct torc_reader *reader;
    uint64_t orders;
    uint64_t digest;
};

static void *read_book(void *argument) {
    struct book *book = argument;
    struct torc_event event;
    uint64_t last = 0;
    while (torc_next_until(book->reader, &event, TORC_FOREVER) == TORC_OK) {
        const struct order *order = torc_view(&event, struct order);
        expect(book->orders == 0 || event.sequence > last, "places rise");
        last = event.sequence;
        book->digest = book->digest * 31 + order->clerk * ORDERS + order->number;
        book->orders++;
    }
    return NULL;
}

int main(void) {
    struct torc_bus *bus;
    struct torc_publisher *publisher;
    struct book books[READERS] = {{.orders = 0}};
    pthread_t clerks[CLERKS], readers[READERS];

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "orders", TORC_TOPIC_TOTAL_ORDER, &topic), "open the topic");
    expect(torc_publisher_open(topic, NULL, &publisher) == TORC_WRONG_END, "nobody gets a lane of its own");
    for (size_t i = 0; i < READERS; i++) {
        must(torc_reader_open(topic, NULL, &books[i].reader), "open a reader");
        expect(pthread_create(&readers[i], NULL, read_book, &books[i]) == 0, "pthread_create");
    }
    for (size_t i = 0; i < CLERKS; i++) {
        expect(pthread_create(&clerks[i], NULL, enter, (void *)(uintptr_t)i) == 0, "pthread_create");
    }
    for (size_t i = 0; i < CLERKS; i++) {
        expect(pthread_join(clerks[i], NULL) == 0, "pthread_join");
    }
    must(torc_bus_close(bus), "close the bus");
    for (size_t i = 0; i < READERS; i++) {
        expect(pthread_join(readers[i], NULL) == 0, "pthread_join");
        expect(books[i].orders == (uint64_t)CLERKS * ORDERS, "every order is in the book");
        expect(books[i].digest == books[0].digest, "all books are the same");
        must(torc_reader_close(books[i].reader), "close a reader");
    }
    for (size_t i = 0; i < CLERKS; i++) {
        for (size_t k = 1; k < ORDERS; k++) {
            expect(place[i][k] > place[i][k - 1], "each clerk's orders are in the clerk's order");
        }
    }
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("sequencer: ok: %d orders of %d clerks, one order in %d books\n", CLERKS * ORDERS, CLERKS, READERS);
    return EXIT_SUCCESS;
}
