/* typed - publish structs, read them back as structs, and never trust a length that does not fit.
 *
 * The event's type says which struct it is. torc_view answers with a typed pointer into the bus, without a copy, or
 * with NULL unless the event is exactly as long as that struct. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

/* The types of this topic's events, and the structs that go with them. */
enum { ORDER = 1, TRADE = 2 };

struct order {
    uint64_t id;
    uint32_t quantity;
    uint32_t cents; /* per piece */
};

struct trade {
    uint64_t order;
    uint64_t cents; /* in all */
};

/* What is published is the struct's bytes, so there should be no padding: it would carry leftovers of the stack. */
_Static_assert(sizeof(struct order) == 16 && sizeof(struct trade) == 16, "no padding in published structs");

/* What the reader makes of them. */
struct ledger {
    uint64_t orders, trades, refused;
    uint64_t expected_cents, paid_cents;
};

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "typed: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "typed: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void publish_all(struct torc_publisher *publisher) {
    for (uint32_t i = 1; i <= 100; i++) {
        struct order order = {.id = i, .quantity = i, .cents = 250};
        struct trade trade = {.order = i, .cents = UINT64_C(250) * i};
        must(torc_publish_struct(publisher, ORDER, &order), "publish an order");
        must(torc_publish_struct(publisher, TRADE, &trade), "publish a trade");
    }
    must(torc_publish(publisher, TRADE, "short", 5), "publish something that claims to be a trade");
}

static enum torc_action book(void *context, const struct torc_event *event) {
    struct ledger *ledger = context;
    const struct order *order = event->type == ORDER ? torc_view(event, struct order) : NULL;
    const struct trade *trade = event->type == TRADE ? torc_view(event, struct trade) : NULL;
    if (order != NULL) {
        ledger->orders++;
        ledger->expected_cents += (uint64_t)order->quantity * order->cents;
    } else if (trade != NULL) {
        ledger->trades++;
        ledger->paid_cents += trade->cents;
    } else {
        ledger->refused++; /* an unknown type, or a length that is not the struct's */
    }
    return TORC_CONTINUE;
}

int main(void) {
    struct ledger ledger = {0, 0, 0, 0, 0};
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    int handled;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "market", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");

    publish_all(publisher);
    do { /* a poll answers with the number of events it handled: 0 when there are none now */
        handled = torc_poll(reader, book, &ledger, 64);
        must(handled, "poll");
    } while (handled > 0);

    expect(ledger.orders == 100 && ledger.trades == 100, "every struct came back as what it was");
    expect(ledger.expected_cents == ledger.paid_cents && ledger.paid_cents == 1262500, "and with its values");
    expect(ledger.refused == 1, "five bytes are not a trade");

    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("typed: ok: %u orders and %u trades came back as structs, 1 impostor was refused\n", (unsigned)ledger.orders,
           (unsigned)ledger.trades);
    return EXIT_SUCCESS;
}
