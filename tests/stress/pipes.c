/* pipes.c - a diamond of pipes at full rate: two branches from one topic, each of two stages, joined in one; and many
 * requesters whose questions go through it all. Everything arrives once per branch, in order, whole. */
#include "engine.h"
#include <inttypes.h>
#include <string.h>

enum { WRITERS = 2, BRANCHES = 2, ASKERS = 3, SERVERS = 2 };

/* An event's journey is told by its type: author, and 100 more per branch. Pipes are lanes of their own at the end. */
static enum torc_pass mark(void *context, const struct torc_event *event, struct torc_claim *out) {
    memcpy(out->data, event->data, event->length);
    out->type = event->type + 100 * *(const uint32_t *)context;
    return TORC_PASS;
}

struct writing {
    struct stress_writer writer;
    uint64_t events, random;
};

static void *write_all(void *argument) {
    struct writing *self = argument;
    stress_doing("publishes");
    for (uint64_t i = 0; i < self->events; i++) {
        stress_write(&self->writer, STRESS_TAG + stress_size(&self->random, TORC_S_BYTES - STRESS_TAG));
        stress_progress(i);
    }
    return NULL;
}

static void take_all(struct torc_reader *reader, uint64_t events) {
    uint64_t next[BRANCHES][WRITERS + 1] = {{0}};
    stress_doing("reads at the end of the pipes");
    for (uint64_t left = BRANCHES * WRITERS * events; left != 0; left--) {
        struct torc_event event;
        uint32_t branch, author;
        uint64_t sequence;
        OK(torc_next_until(reader, &event, TORC_FOREVER));
        branch = event.type / 100 - 1;
        author = event.type % 100;
        CHECK(branch < BRANCHES && author <= WRITERS, "type %u", event.type);
        sequence = stress_verify_tagged(event.data, event.length, author);
        /* The defect: the end is believed to be reached without a step. */
        DETECT(STRESS_ORDER, sequence == next[branch][author] + (stress_broken && left == events),
               "branch %u, author %u: %" PRIu64 " where %" PRIu64 " is due", branch, author, sequence,
               next[branch][author]);
        next[branch][author]++;
        stress_progress(left);
    }
}

static void diamond(uint64_t events) {
    struct torc_config config = stress_small(WRITERS + 2 * BRANCHES, 1 + 2 * BRANCHES, 32);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *from = stress_topic(bus, "from"), *to = stress_topic(bus, "to");
    struct torc_topic *middle[BRANCHES] = {stress_topic(bus, "left"), stress_topic(bus, "right")};
    struct torc_reader *reader = stress_reader(to, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    struct torc_pipe *pipes[BRANCHES][2];
    struct writing writing[WRITERS];
    struct stress_thread *threads[WRITERS];
    static uint32_t number[BRANCHES] = {1, 2};
    for (size_t i = 0; i < BRANCHES; i++) {
        struct torc_pipe_config marking = {.transform = mark, .context = &number[i], .max_batch = 7};
        OK(torc_pipe_start(from, middle[i], &marking, &pipes[i][0]));
        OK(torc_pipe_start(middle[i], to, NULL, &pipes[i][1]));
    }
    for (size_t i = 0; i < WRITERS; i++) {
        writing[i] = (struct writing){.events = events, .random = i + 7};
        stress_writer_open(&writing[i].writer, from, TORC_WAIT_BLOCK);
        threads[i] = stress_spawn("writer", write_all, &writing[i]);
    }
    take_all(reader, events);
    for (size_t i = 0; i < WRITERS; i++) {
        (void)stress_join(threads[i]);
        stress_writer_end(&writing[i].writer);
    }
    for (size_t i = 0; i < 2 * BRANCHES; i++) {
        struct torc_pipe *pipe = pipes[i / 2][i % 2];
        struct torc_pipe_stats stats;
        OK(torc_pipe_stop(pipe));
        OK(torc_pipe_stats(pipe, &stats));
        DETECT(STRESS_SUM, stats.passed == WRITERS * events && stats.status == TORC_OK, "passed %" PRIu64,
               stats.passed);
        stress_say("pipe %zu: %" PRIu64 " passed, waited %" PRIu64 " times", i, stats.passed, stats.waits);
        OK(torc_pipe_close(pipe));
    }
    stress_reader_end(reader);
    stress_bus_end(bus);
}

/* --- request and reply -------------------------------------------------------------------------------------- */

struct server {
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    uint64_t random, replies, dropped;
};

/* Both servers see all requests: the second answer is late. Some get none. */
static void *serve(void *argument) {
    struct server *self = argument;
    struct torc_request request;
    struct torc_event event;
    stress_doing("answers");
    while (torc_next_until(self->reader, &event, TORC_FOREVER) == TORC_OK) {
        unsigned char answer[64];
        uint64_t number;
        OK(torc_request_read(&event, &request));
        memcpy(&number, request.data, sizeof number);
        stress_fill(answer, sizeof answer, 1, number);
        if (stress_below(&self->random, 16) == 0) {
            self->dropped++;
            continue;
        }
        if (torc_reply(self->publisher, &request, 1, answer, sizeof answer, TORC_FOREVER) != TORC_OK) {
            break; /* closed */
        }
        stress_progress(++self->replies);
    }
    return NULL;
}

struct asker {
    struct torc_requester *requester;
    uint64_t questions, random, base;
    struct torc_requester_stats stats;
};

static void *ask_all(void *argument) {
    struct asker *self = argument;
    uint64_t asked = 0, done = 0;
    stress_doing("asks");
    while (done < self->questions) {
        struct torc_reply reply;
        while (asked < self->questions && asked - done < 1 + stress_below(&self->random, 8)) {
            uint64_t id, number = self->base + asked;
            int status = torc_request(self->requester, 1, &number, sizeof number, torc_deadline_ms(100), &id);
            if (status == TORC_NO_ROOM) { /* an answer is there */
                break;
            }
            CHECK(status == TORC_OK || status == TORC_TIMED_OUT, "%s", torc_status_name(status));
            CHECK(status != TORC_OK || id == ++asked, "ids count");
        }
        OK(torc_request_wait(self->requester, &reply, TORC_FOREVER));
        if (reply.status == TORC_OK) {
            stress_verify(reply.data, reply.length, 1, self->base + reply.id - 1);
        }
        stress_progress(++done);
    }
    OK(torc_requester_stats(self->requester, &self->stats));
    OK(torc_requester_close(self->requester)); /* or it would gate the answers to others */
    return NULL;
}

static void questions(uint64_t count) {
    struct torc_config config = stress_small(ASKERS + SERVERS, ASKERS + SERVERS, 64);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *requests = stress_topic(bus, "requests"), *replies = stress_topic(bus, "replies");
    struct server servers[SERVERS];
    struct asker askers[ASKERS];
    struct stress_thread *serving[SERVERS], *asking[ASKERS];
    uint64_t replied = 0, seen = 0;
    for (size_t i = 0; i < SERVERS; i++) {
        servers[i] = (struct server){.reader = stress_reader(requests, TORC_WAIT_BLOCK, TORC_JOIN_NEXT),
                                     .publisher = stress_publisher(replies, TORC_WAIT_BLOCK, TORC_DRY_WAIT),
                                     .random = i + 1};
        serving[i] = stress_spawn("server", serve, &servers[i]);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.questions = count, .random = i + 9, .base = (uint64_t)i << 32};
        OK(torc_requester_open(requests, replies, 8, &askers[i].requester));
    }
    for (size_t i = 0; i < ASKERS; i++) {
        asking[i] = stress_spawn("asker", ask_all, &askers[i]);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        const struct torc_requester_stats *stats = &askers[i].stats;
        (void)stress_join(asking[i]);
        DETECT(STRESS_SUM, stats->sent == count && stats->answered + stats->expired == count && stats->outstanding == 0,
               "%" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64 " expired", stats->sent, stats->answered,
               stats->expired);
        seen += stats->answered + stats->late;
        stress_say("asker %zu: %" PRIu64 " answered, %" PRIu64 " expired, %" PRIu64 " late", i, stats->answered,
                   stats->expired, stats->late);
    }
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < SERVERS; i++) {
        (void)stress_join(serving[i]);
        replied += servers[i].replies;
        stress_reader_end(servers[i].reader);
        stress_publisher_end(servers[i].publisher);
    }
    DETECT(STRESS_SUM, seen <= replied, "%" PRIu64 " replies seen, %" PRIu64 " made", seen, replied);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "pipes", STRESS_ORDER, "an event near the end is taken for the next");
    diamond(stress_scaled(60000));
    questions(stress_scaled(20000));
    return stress_end();
}
