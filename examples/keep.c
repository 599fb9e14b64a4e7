/* keep - a reader keeps events beyond their turn and sends each to three actors.
 *
 * A borrow ends with the reader's next call. torc_keep turns it into a ringptr: a counted handle that holds the payload
 * where it is while the ring goes on underneath. One clone per actor: they all read the very same bytes. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { BLOCK = 1, EVENTS = 5000, ACTORS = 3 };

struct block {
    uint64_t number;
    unsigned char body[192];
};

/* An actor's state. Only its own thread touches it, so there is no lock. */
struct worker {
    struct torc_actor *actor;
    const void *first; /* where the first payload lies */
    uint64_t messages;
};

static void must(int status, const char *what) {
    if (status != TORC_OK) {
        fprintf(stderr, "keep: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "keep: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Runs in the actor's thread. The mailbox releases the message's reference when this returns. */
static enum torc_action on_message(void *context, struct torc_ringptr message) {
    struct worker *worker = context;
    const struct block *block = torc_ringptr_view(message, struct block);
    expect(block != NULL && block->number == worker->messages, "every actor gets every block, in order");
    if (worker->messages++ == 0) {
        worker->first = block;
    }
    return TORC_CONTINUE;
}

static void *produce(void *context) {
    struct block block = {0, {0}};
    for (; block.number < EVENTS; block.number++) {
        must(torc_publish_struct((struct torc_publisher *)context, BLOCK, &block), "publish");
    }
    return NULL;
}

/* Reads one event, keeps it, and sends every actor a reference of its own. The kept one is the caller's. */
static struct torc_ringptr dispatch(struct torc_reader *reader, struct worker *workers) {
    struct torc_ringptr kept, clone;
    struct torc_event event;
    must(torc_next_until(reader, &event, TORC_FOREVER), "read");
    must(torc_keep(reader, &event, &kept), "keep");
    for (int i = 0; i < ACTORS; i++) {
        must(torc_ringptr_clone(kept, &clone), "clone");
        must(torc_actor_send(workers[i].actor, clone, TORC_FOREVER), "send"); /* from here on the mailbox owns it */
    }
    return kept;
}

/* The first event stays kept to the end: the ring goes round several times and leaves it alone. */
static void dispatch_all(struct torc_reader *reader, struct worker *workers) {
    struct torc_ringptr first = dispatch(reader, workers);
    for (int i = 1; i < EVENTS; i++) {
        must(torc_ringptr_release(dispatch(reader, workers)), "release");
    }
    for (int i = 0; i < ACTORS; i++) {
        must(torc_actor_stop(workers[i].actor, TORC_STOP_DRAIN, NULL), "stop an actor");
        expect(workers[i].messages == EVENTS, "every actor got every event");
        expect(workers[i].first == torc_ringptr_data(first), "the actors read the same bytes, not copies of them");
    }
    expect(torc_ringptr_view(first, struct block)->number == 0, "the kept event outlived its turn unchanged");
    must(torc_ringptr_release(first), "release the first event");
    expect(torc_ringptr_release(first) == TORC_STALE, "a second release is refused and harms nobody");
}

int main(void) {
    struct torc_config config = TORC_CONFIG_MOBILE_INIT; /* 1024 entries to a lane: fewer than EVENTS */
    struct worker workers[ACTORS] = {{NULL, NULL, 0}};
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    struct torc_bus_stats stats;
    pthread_t producer;

    must(torc_bus_create(&config, &bus), "create the bus");
    must(torc_topic_open(bus, "blocks", 0, &topic), "open the topic");
    must(torc_reader_open(topic, NULL, &reader), "open the reader");
    must(torc_publisher_open(topic, NULL, &publisher), "open the publisher");
    for (int i = 0; i < ACTORS; i++) {
        struct torc_actor_config actor = {.name = "worker", .context = &workers[i], .on_message = on_message};
        must(torc_actor_start(bus, &actor, &workers[i].actor), "start an actor");
    }

    expect(pthread_create(&producer, NULL, produce, publisher) == 0, "start the producer");
    dispatch_all(reader, workers);
    expect(pthread_join(producer, NULL) == 0, "join the producer");

    must(torc_bus_stats(bus, &stats), "ask for statistics");
    expect(stats.outstanding == 0, "every reference came back");
    must(torc_publisher_close(publisher), "close the publisher");
    must(torc_reader_close(reader), "close the reader");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("keep: ok: %d events went to %d actors without a copy, and every reference came back\n", EVENTS, ACTORS);
    return EXIT_SUCCESS;
}
