/* diamond - two readers side by side, and a third after both of them.
 *
 *              +--> check --+
 *     orders --+            +--> book
 *              +--> price --+
 *
 * `book` is opened `after` the other two: it is given an order once both have finished with it, and sees what they
 * found out about it, without a lock and without a queue between them: they write into a table, at the order's place,
 * and their cursors say how far that is filled in. Nobody reads an order twice, and the publisher waits for the slowest
 * of all. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { ORDER = 1, ORDERS = 100000, PLACES = 1 << 17 };

struct order {
    uint64_t number;
    uint64_t amount;
};

/* By sequence. Plain data: each place has one writer, and `book` reads it when that writer has passed. */
static bool valid[PLACES];
static uint64_t cost[PLACES];
static uint64_t booked, refused;

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "diamond: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "diamond: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static enum torc_action check(void *context, const struct torc_event *event) {
    const struct order *order = torc_view(event, struct order);
    (void)context;
    valid[event->sequence] = order->amount % 10 != 0;
    return TORC_CONTINUE;
}

static enum torc_action price(void *context, const struct torc_event *event) {
    const struct order *order = torc_view(event, struct order);
    (void)context;
    cost[event->sequence] = order->amount * 3;
    return TORC_CONTINUE;
}

static enum torc_action book(void *context, const struct torc_event *event) {
    const struct order *order = torc_view(event, struct order);
    (void)context;
    expect(order->number == booked + refused, "orders are booked in order");
    expect(cost[event->sequence] == order->amount * 3, "an order has its price when it is booked");
    if (valid[event->sequence]) {
        booked++;
    } else {
        refused++;
    }
    return TORC_CONTINUE;
}

struct stage {
    struct torc_reader *reader;
    torc_handler handler;
    pthread_t thread;
};

static void *run(void *argument) {
    struct stage *stage = argument;
    int handled;
    do {
        handled = torc_poll_until(stage->reader, stage->handler, NULL, 256, TORC_FOREVER);
    } while (handled >= 0);
    expect(handled == TORC_CLOSED, "a stage ends when the bus is closed and everything is read");
    return NULL;
}

int main(void) {
    struct stage stages[3] = {{NULL, check, 0}, {NULL, price, 0}, {NULL, book, 0}};
    struct torc_reader *before[2];
    struct torc_reader_config last = {.after = before, .after_count = 2};
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "orders", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &stages[0].reader), "open check");
    must(torc_reader_open(topic, NULL, &stages[1].reader), "open price");
    before[0] = stages[0].reader;
    before[1] = stages[1].reader;
    must(torc_reader_open(topic, &last, &stages[2].reader), "open book, after check and price");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");
    for (int i = 0; i < 3; i++) {
        expect(pthread_create(&stages[i].thread, NULL, run, &stages[i]) == 0, "start a stage");
    }

    for (uint64_t number = 0; number < ORDERS; number++) {
        struct order order = {number, number % 97};
        must(torc_publish_struct(publisher, ORDER, &order), "publish");
    }

    must(torc_bus_close(bus), "close the bus");
    for (int i = 0; i < 3; i++) {
        expect(pthread_join(stages[i].thread, NULL) == 0, "join a stage");
        must(torc_reader_close(stages[i].reader), "close a reader");
    }
    expect(booked + refused == ORDERS, "every order reached the end");
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("diamond: ok: %llu orders booked and %llu refused, each after it was checked and priced\n",
           (unsigned long long)booked, (unsigned long long)refused);
    return EXIT_SUCCESS;
}
