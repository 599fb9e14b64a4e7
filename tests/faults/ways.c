/* ways.c - other ways to be called while calls fail: a reader behind a descriptor, a wait-set and a mailbox, handlers,
 * pipes, requests. */
#include "world.h"

#include <stdatomic.h>

void descriptor(void);
void wait_set(void);
void handler(void);
void pipe_between(void);
void request_reply(void);

enum { MAY_LACK_BOTH = MAY_LACK_MEMORY | MAY_LACK_SYSTEM };

static int has_fd(struct torc_reader *reader) {
    int fd = torc_reader_fd(reader);
    return fd < 0 ? fd : TORC_OK;
}

/* An event comes to a reader that was told that there is nothing. */
void descriptor(void) {
    struct world world;
    if (world_open(&world, 0)) {
        struct torc_event event;
        (void)ATTEMPT(has_fd(world.reader), MAY_LACK_SYSTEM); /* without one the reader is as good as before */
        MUST(torc_next(world.reader, &event) == TORC_EMPTY, "an event from nowhere");
        if (world_publish(&world, 20, 1)) {
            world_expect(&world, 20, 1, &event);
        }
        MUST(torc_next(world.reader, &event) == TORC_EMPTY, "an event from nowhere");
    }
    world_close(&world);
}

static void send_one(struct world *world, struct torc_mailbox *mailbox) {
    struct torc_ringptr message = TORC_RINGPTR_NULL;
    void *data = NULL;
    SURE(torc_ringptr_claim(world->publisher, 1, 20, &message, &data));
    world_fill(data, 20, 1);
    SURE(torc_mailbox_send(mailbox, message, TORC_FOREVER));
}

void wait_set(void) {
    struct world world;
    struct torc_waitset *set = NULL;
    struct torc_mailbox *mailbox = NULL;
    struct torc_ready ready[4];
    if (world_open(&world, 0) && ATTEMPT(torc_waitset_create(4, TORC_WAIT_BLOCK, &set), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_mailbox_open(world.bus, NULL, &mailbox), MAY_LACK_MEMORY)) {
        struct torc_ringptr got;
        SURE(torc_waitset_add_reader(set, world.reader, NULL));
        SURE(torc_waitset_add_mailbox(set, mailbox, NULL));
        MUST(torc_waitset_wait(set, ready, 4, torc_deadline_ms(1)) == TORC_TIMED_OUT, "ready for nothing");
        send_one(&world, mailbox);
        MUST(torc_waitset_wait(set, ready, 4, TORC_FOREVER) == 1 && ready[0].mailbox == mailbox, "not the mailbox");
        SURE(torc_mailbox_receive(mailbox, &got, TORC_FOREVER));
        world_verify(torc_ringptr_data(got), 20, 1);
        SURE(torc_ringptr_release(got));
        send_one(&world, mailbox); /* left in it */
    }
    if (mailbox != NULL) {
        SURE(torc_mailbox_close(mailbox));
    }
    if (set != NULL) {
        SURE(torc_waitset_destroy(set));
    }
    world_close(&world);
}

static enum torc_verdict on_event(void *context, struct torc_handler_thread *self, const struct torc_event *event,
                                  int end) {
    (void)self, (void)end;
    world_verify(event->data, event->length, event->type);
    return (enum torc_verdict)(atomic_fetch_add((atomic_uint *)context, 1) % 2 == 0 ? TORC_VERDICT_OK
                                                                                    : TORC_VERDICT_DEAD_LETTER);
}

void handler(void) {
    struct world world;
    struct torc_handler_thread *self = NULL;
    atomic_uint calls = 0;
    struct torc_handler_config config = {.on_event = on_event, .context = &calls, .dead_letter_wait_ns = 1000000000};
    if (world_open(&world, 0) &&
        ATTEMPT(torc_topic_open(world.bus, "letters", 0, &config.dead_letters), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_handler_start(world.topic, &config, &self), MAY_LACK_BOTH)) {
        struct torc_handler_stats stats;
        struct torc_event event;
        unsigned published = 0;
        for (uint32_t i = 0; i < 4; i++) {
            published += world_publish(&world, 20, i);
        }
        for (uint32_t i = 0; i < published; i++) {
            world_expect(&world, 20, i, &event);
        }
        MUST(torc_next(world.reader, &event) == TORC_EMPTY, "an event too many");
        SURE(torc_bus_drain(world.bus, TORC_FOREVER));
        SURE(torc_handler_stop(self));
        SURE(torc_handler_stats(self, &stats));
        MUST(stats.events == published && stats.dead_letters == published / 2, "%u of %u events",
             (unsigned)stats.events, published);
        SURE(torc_handler_close(self));
    }
    world_close(&world);
}

void pipe_between(void) {
    struct world world;
    struct torc_topic *to = NULL;
    struct torc_pipe *self = NULL;
    struct torc_reader *reader = NULL;
    if (world_open(&world, 0) && ATTEMPT(torc_topic_open(world.bus, "to", 0, &to), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_reader_open(to, NULL, &reader), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_pipe_start(world.topic, to, NULL, &self), MAY_LACK_BOTH)) {
        struct torc_event event;
        if (world_publish(&world, 900, 5)) {
            SURE(torc_next_until(reader, &event, TORC_FOREVER));
            world_verify(event.data, event.length, event.type);
        }
        SURE(torc_pipe_close(self));
    }
    if (reader != NULL) {
        SURE(torc_reader_close(reader));
    }
    world_close(&world);
}

void request_reply(void) {
    struct world world;
    struct torc_topic *questions = NULL;
    struct torc_requester *self = NULL;
    if (world_open(&world, 0) && ATTEMPT(torc_topic_open(world.bus, "questions", 0, &questions), MAY_LACK_MEMORY) &&
        ATTEMPT(torc_requester_open(questions, world.topic, 2, &self), MAY_LACK_MEMORY)) {
        struct torc_reply reply;
        uint64_t id = 0;
        SURE(torc_request(self, 1, "?", 1, TORC_FOREVER, &id));
        MUST(torc_request_wait(self, &reply, torc_deadline_ms(1)) == TORC_TIMED_OUT, "an answer from nowhere");
        SURE(torc_request_cancel(self, id));
        SURE(torc_requester_close(self));
    }
    world_close(&world);
}
