/* handler - a managed reader: batches, a retry, a rewind, and one event that nobody can handle.
 *
 * Payments are written to a ledger in batches. The ledger is locked for a moment (RETRY), a batch is taken back once
 * (REWIND), and one payment is nonsense: it goes to the dead-letter topic with its origin, and everything else goes
 * on. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

enum { PAYMENT = 1, PAYMENTS = 1000, NONSENSE = 600 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "handler: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "handler: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Only the handler's thread uses it, so it needs no lock. */
struct ledger {
    uint64_t booked, sum;          /* what is committed */
    uint64_t batch, batch_sum;     /* what this batch adds */
    uint64_t locked, disk_trouble; /* how often each is still going to happen */
};

static void on_batch_start(void *context, size_t size, uint64_t lag) {
    struct ledger *ledger = context;
    expect(size >= 1 && size <= 64 && lag >= size, "a batch is what is there, at most max_batch");
    ledger->batch = ledger->batch_sum = 0;
}

static enum torc_verdict on_payment(void *context, struct torc_handler_thread *handler, const struct torc_event *event,
                                    int end_of_batch) {
    struct ledger *ledger = context;
    const uint64_t *amount = torc_view(event, uint64_t);
    (void)handler;
    if (*amount == NONSENSE) {
        return TORC_VERDICT_DEAD_LETTER;
    }
    if (*amount == 300 && ledger->locked > 0) {
        ledger->locked--;
        return TORC_VERDICT_RETRY;
    }
    ledger->batch++;
    ledger->batch_sum += *amount;
    if (end_of_batch && ledger->disk_trouble > 0) { /* the whole batch must be written again */
        ledger->disk_trouble--;
        ledger->batch = ledger->batch_sum = 0;
        return TORC_VERDICT_REWIND;
    }
    if (end_of_batch) {
        ledger->booked += ledger->batch;
        ledger->sum += ledger->batch_sum;
    }
    return TORC_VERDICT_OK;
}

static void read_letter(struct torc_reader *letters) {
    struct torc_dead_letter origin;
    struct torc_event event;
    uint64_t amount;
    expect(torc_next(letters, &event) == TORC_OK, "read the dead letter");
    memcpy(&origin, event.data, sizeof origin);
    memcpy(&amount, (const unsigned char *)event.data + sizeof origin, sizeof amount);
    expect(amount == NONSENSE && event.type == PAYMENT, "a dead letter carries the event");
    expect(strcmp(origin.topic, "payments") == 0 && origin.sequence == NONSENSE, "and says where it came from");
    expect(torc_next(letters, &event) == TORC_EMPTY, "there is one");
}

int main(void) {
    struct ledger ledger = {.locked = 2, .disk_trouble = 1};
    struct torc_handler_config config = {.name = "ledger",
                                         .context = &ledger,
                                         .on_batch_start = on_batch_start,
                                         .on_event = on_payment,
                                         .max_batch = 64,
                                         .retry_pause_ns = 100000,
                                         .dead_letter_wait_ns = 1000000000};
    struct torc_reader_config from_oldest = {.join = TORC_JOIN_OLDEST};
    struct torc_handler_stats stats;
    struct torc_handler_thread *handler;
    struct torc_bus *bus;
    struct torc_topic *payments;
    struct torc_publisher *publisher;
    struct torc_reader *letters;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "payments", 0, &payments), "open the topic");
    must(torc_topic_open(bus, "dead letters", 0, &config.dead_letters), "open the topic for dead letters");
    must(torc_publisher_open(payments, NULL, &publisher), "open the publisher");
    must(torc_handler_start(payments, &config, &handler), "start the handler");

    for (uint64_t amount = 0; amount < PAYMENTS; amount++) {
        must(torc_publish(publisher, PAYMENT, &amount, sizeof amount), "publish");
    }
    must(torc_bus_drain(bus, TORC_FOREVER), "wait until everything is handled");
    must(torc_handler_stop(handler), "stop the handler");
    /* Only now, from the oldest event on: drain waits for every reader, also for one that nobody reads from yet. */
    must(torc_reader_open(config.dead_letters, &from_oldest, &letters), "open the reader of dead letters");

    must(torc_handler_stats(handler, &stats), "ask what it did");
    expect(stats.events == PAYMENTS && stats.dead_letters == 1, "every payment is settled, one as a dead letter");
    expect(stats.retries == 2 && stats.rewinds == 1, "two retries, one rewind");
    expect(ledger.booked == PAYMENTS - 1 && ledger.sum == PAYMENTS * (PAYMENTS - 1) / 2 - NONSENSE,
           "each payment is booked once");
    read_letter(letters);

    must(torc_handler_close(handler), "close the handler");
    must(torc_reader_close(letters), "close the reader");
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("handler: ok: %d payments in %llu batches, booked once each in spite of two retries and a rewind; one dead "
           "letter\n",
           PAYMENTS, (unsigned long long)stats.batches);
    return EXIT_SUCCESS;
}
