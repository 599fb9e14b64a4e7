/* waitset - one thread waits for two topics, a mailbox and a timer.
 *
 * Whatever comes first wakes it; between two events it sleeps on one futex. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { PRICE = 1, TRADE = 2, ORDER = 3, EVENTS = 5000, ORDERS = 50 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "waitset: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "waitset: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

struct desk {
    struct torc_bus *bus;
    struct torc_publisher *prices, *trades;
    struct torc_mailbox *orders;
};

/* Publishes to both topics and sends an order now and then. */
static void *market(void *context) {
    struct desk *desk = context;
    for (uint64_t i = 0; i < EVENTS; i++) {
        must(torc_publish(desk->prices, PRICE, &i, sizeof i), "publish a price");
        must(torc_publish(desk->trades, TRADE, &i, sizeof i), "publish a trade");
        if (i % (EVENTS / ORDERS) == 0) {
            struct torc_ringptr order = TORC_RINGPTR_NULL;
            must(torc_ringptr_claim(desk->trades, ORDER, 64, &order, NULL), "claim an order");
            must(torc_mailbox_send(desk->orders, order, TORC_FOREVER), "send it");
        }
    }
    must(torc_mailbox_shut(desk->orders), "shut the mailbox");
    must(torc_bus_close(desk->bus), "close the bus");
    return NULL;
}

/* All that a reader has now. False at its end. */
static bool read_all(struct torc_reader *reader, uint64_t *count) {
    struct torc_event event;
    int status;
    while ((status = torc_next(reader, &event)) == TORC_OK) {
        expect(*torc_view(&event, uint64_t) == *count, "every event comes, in order");
        ++*count;
    }
    return status != TORC_CLOSED;
}

static bool receive_all(struct torc_mailbox *orders, uint64_t *count) {
    struct torc_ringptr order;
    int status;
    while ((status = torc_mailbox_receive(orders, &order, TORC_NO_WAIT)) == TORC_OK) {
        must(torc_ringptr_release(order), "release an order");
        ++*count;
    }
    return status != TORC_CLOSED;
}

/* The context of each member is its counter. */
static void serve(struct torc_waitset *set, int open) {
    while (open > 0) {
        struct torc_ready ready[4];
        int count = torc_waitset_wait(set, ready, 4, TORC_FOREVER);
        must(count, "wait");
        for (int i = 0; i < count; i++) {
            uint64_t *counter = ready[i].context;
            if (ready[i].kind == TORC_READY_TIMER) {
                *counter += ready[i].expirations;
            } else if (ready[i].kind == TORC_READY_READER && !read_all(ready[i].reader, counter)) {
                must(torc_waitset_remove_reader(set, ready[i].reader), "remove a reader at its end");
                open--;
            } else if (ready[i].kind == TORC_READY_MAILBOX && !receive_all(ready[i].mailbox, counter)) {
                must(torc_waitset_remove_mailbox(set, ready[i].mailbox), "remove the mailbox at its end");
                open--;
            }
        }
    }
}

int main(void) {
    struct desk desk;
    struct torc_topic *prices, *trades;
    struct torc_reader *price_reader, *trade_reader;
    struct torc_waitset *set;
    uint64_t came[3] = {0, 0, 0}, ticks = 0;
    pthread_t thread;

    must(torc_bus_create(NULL, &desk.bus), "create the bus");
    must(torc_topic_open(desk.bus, "prices", 0, &prices), "open a topic");
    must(torc_topic_open(desk.bus, "trades", 0, &trades), "open a topic");
    must(torc_reader_open(prices, NULL, &price_reader), "open a reader");
    must(torc_reader_open(trades, NULL, &trade_reader), "open a reader");
    must(torc_publisher_open(prices, NULL, &desk.prices), "open a publisher");
    must(torc_publisher_open(trades, NULL, &desk.trades), "open a publisher");
    must(torc_mailbox_open(desk.bus, NULL, &desk.orders), "open a mailbox");

    must(torc_waitset_create(4, TORC_WAIT_BLOCK, &set), "create a wait-set");
    must(torc_waitset_add_reader(set, price_reader, &came[0]), "add a reader");
    must(torc_waitset_add_reader(set, trade_reader, &came[1]), "add a reader");
    must(torc_waitset_add_mailbox(set, desk.orders, &came[2]), "add the mailbox");
    must(torc_waitset_add_timer(set, torc_now(), 1000000, &ticks, NULL), "add a timer of 1 ms");
    expect(pthread_create(&thread, NULL, market, &desk) == 0, "start the market");

    serve(set, 3);

    expect(came[0] == EVENTS && came[1] == EVENTS && came[2] == ORDERS, "everything arrived");
    expect(ticks >= 1, "the timer ticked");
    expect(pthread_join(thread, NULL) == 0, "join the market");
    must(torc_waitset_destroy(set), "destroy the set");
    must(torc_mailbox_close(desk.orders), "close the mailbox");
    must(torc_reader_close(price_reader), "close a reader");
    must(torc_reader_close(trade_reader), "close a reader");
    must(torc_publisher_close(desk.prices), "close a publisher");
    must(torc_publisher_close(desk.trades), "close a publisher");
    must(torc_bus_destroy(&desk.bus, NULL), "destroy the bus");
    printf("waitset: ok: one thread served %d events of two topics, %d orders and a timer\n", 2 * EVENTS, ORDERS);
    return EXIT_SUCCESS;
}
