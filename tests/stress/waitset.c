/* waitset.c - one thread that waits for readers of two buses, a mailbox and a timer while everybody publishes, sends,
 * sleeps and wakes it at random; nothing may be overlooked. */
#include "engine.h"
#include <inttypes.h>
#include <stdlib.h>

enum { TOPICS = 3, AUTHORS = 2 };

struct author {
    struct stress_writer writer;
    struct torc_mailbox *mailbox;
    uint64_t events, sent, random;
};

struct waiter {
    struct torc_waitset *set;
    struct torc_reader *reader[TOPICS];
    struct stress_seen seen[TOPICS];
    struct torc_mailbox *mailbox;
    uint64_t received, ticks, woken, open;
};

/* Publishes in bursts, and sends a handle now and then. The mailbox is small: it fills up. */
static void *author(void *argument) {
    struct author *self = argument;
    stress_doing("publishes and sends");
    for (uint64_t i = 0; i < self->events; i++) {
        stress_write(&self->writer, stress_size(&self->random, TORC_S_BYTES));
        if (self->mailbox != NULL && stress_below(&self->random, 8) == 0) {
            struct torc_ringptr ptr;
            void *data;
            OK(torc_ringptr_claim(self->writer.publisher, self->writer.author, STRESS_TAG, &ptr, &data));
            stress_fill(data, STRESS_TAG, self->writer.author, i);
            OK(torc_mailbox_send(self->mailbox, ptr, TORC_FOREVER));
            self->sent++;
        }
        if (stress_below(&self->random, 16) == 0) {
            stress_spin(&self->random, 3000);
        }
        stress_progress(i);
    }
    return NULL;
}

static void read_some(struct waiter *self, const struct torc_ready *ready) {
    struct torc_event event;
    size_t which = (size_t)((struct torc_reader **)ready->context - self->reader);
    int status = TORC_OK;
    for (int i = 0; i < 40 && status == TORC_OK; i++) {
        status = torc_next(ready->reader, &event);
        if (status == TORC_OK) {
            stress_see(&self->seen[which], &event);
        }
    }
    if (status == TORC_CLOSED) {
        OK(torc_waitset_remove_reader(self->set, ready->reader));
        self->open--;
    }
}

static void receive_some(struct waiter *self) {
    struct torc_ringptr ptr;
    int status = TORC_OK;
    while (status == TORC_OK) {
        status = torc_mailbox_receive(self->mailbox, &ptr, TORC_NO_WAIT);
        if (status == TORC_OK) {
            (void)stress_verify_tagged(torc_ringptr_data(ptr), torc_ringptr_length(ptr), torc_ringptr_type(ptr));
            OK(torc_ringptr_release(ptr));
            self->received++;
        }
    }
    if (status == TORC_CLOSED) {
        OK(torc_waitset_remove_mailbox(self->set, self->mailbox));
        self->open--;
    }
}

static void *wait_for_all(void *argument) {
    struct waiter *self = argument;
    while (self->open != 0) {
        struct torc_ready ready[2];
        int count;
        stress_doing("waits for the set");
        count = torc_waitset_wait(self->set, ready, 2, TORC_FOREVER);
        CHECK(count >= 0, "%s", torc_status_name(count));
        self->woken += count == 0;
        stress_doing("reads what is ready");
        for (int i = 0; i < count; i++) {
            if (ready[i].kind == TORC_READY_READER) {
                read_some(self, &ready[i]);
            } else if (ready[i].kind == TORC_READY_MAILBOX) {
                receive_some(self);
            } else {
                self->ticks += ready[i].expirations;
            }
        }
        stress_progress(self->received);
    }
    return NULL;
}

static void open_waiter(struct waiter *self, struct torc_bus *const bus[2]) {
    OK(torc_waitset_create(TOPICS + 2, TORC_WAIT_BLOCK, &self->set));
    OK(torc_mailbox_open(bus[0], &(struct torc_mailbox_config){.capacity = 7}, &self->mailbox));
    for (int i = 0; i < TOPICS; i++) {
        static const char *const name[TOPICS] = {"a", "b", "c"};
        self->reader[i] = stress_reader(stress_topic(bus[i % 2], name[i]), TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
        self->seen[i].from_start = true;
        self->seen[i].drop_at = stress_broken && i == 1 ? 100 : 0;
        OK(torc_waitset_add_reader(self->set, self->reader[i], &self->reader[i]));
    }
    OK(torc_waitset_add_mailbox(self->set, self->mailbox, NULL));
    OK(torc_waitset_add_timer(self->set, torc_now(), 1000000, NULL, NULL));
    self->open = TOPICS + 1;
}

int main(int argc, char **argv) {
    struct torc_config config;
    struct torc_bus *bus[2];
    struct author authors[TOPICS * AUTHORS] = {{.events = 0}};
    struct stress_thread *threads[TOPICS * AUTHORS], *waiting;
    struct waiter waiter = {.open = 0};
    struct stress_sum sums[TOPICS] = {{.events = 0}};
    uint64_t sent = 0;
    stress_begin(argc, argv, "waitset", STRESS_ORDER, "an event of one reader is overlooked now and then");
    config = stress_small(TOPICS * AUTHORS, TOPICS, 16);
    bus[0] = stress_bus(&config);
    bus[1] = stress_bus(&config);
    open_waiter(&waiter, bus);
    for (size_t i = 0; i < TOPICS * AUTHORS; i++) {
        size_t topic = i / AUTHORS;
        static const char *const name[TOPICS] = {"a", "b", "c"};
        authors[i] = (struct author){.events = stress_scaled(60000), .random = i + 1};
        authors[i].mailbox = topic % 2 == 0 ? waiter.mailbox : NULL;
        stress_writer_open(&authors[i].writer, stress_topic(bus[topic % 2], name[topic]), TORC_WAIT_BLOCK);
        threads[i] = stress_spawn("author", author, &authors[i]);
    }
    waiting = stress_spawn("waiter", wait_for_all, &waiter);
    for (size_t i = 0; i < TOPICS * AUTHORS; i++) {
        (void)stress_join(threads[i]);
        OK(torc_waitset_wake(waiter.set));
        stress_merge(&sums[i / AUTHORS], &authors[i].writer.sum);
        sent += authors[i].sent;
    }
    OK(torc_mailbox_shut(waiter.mailbox));
    OK(torc_bus_close(bus[0]));
    OK(torc_bus_close(bus[1]));
    (void)stress_join(waiting);
    for (size_t i = 0; i < TOPICS; i++) {
        stress_same(&sums[i], &waiter.seen[i].sum, "a reader in the set");
        stress_reader_end(waiter.reader[i]);
    }
    DETECT(STRESS_SUM, waiter.received == sent, "%" PRIu64 " of %" PRIu64 " messages", waiter.received, sent);
    stress_say("%" PRIu64 " messages, %" PRIu64 " ticks, woken by hand %" PRIu64 " times", sent, waiter.ticks,
               waiter.woken);
    OK(torc_mailbox_close(waiter.mailbox));
    OK(torc_waitset_destroy(waiter.set));
    for (size_t i = 0; i < TOPICS * AUTHORS; i++) {
        stress_writer_end(&authors[i].writer);
    }
    stress_bus_end(bus[0]);
    stress_bus_end(bus[1]);
    return stress_end();
}
