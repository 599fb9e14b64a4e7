/* requests.c - several ask, several answer, over one pair of topics: every request is answered once, or told to have
 * timed out, or was cancelled, or was out when its requester or the bus was closed; nothing else, and nothing twice.
 *
 * What becomes of a request is agreed in it: answered, answered twice, answered late, never, or in a race with its
 * deadline. In a first run requesters close and open anew with requests out; in a second the bus is closed in the
 * middle. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>

enum { ASKING = 3, ANSWERING = 2, OUT = 8, ENTRIES = 32 };
enum fate { ANSWERED, TWICE, LATE, NEVER, RACE, FATES };
enum told { UNSENT, OUTSTANDING, REPLIED, EXPIRED, CANCELLED, LEFT };

struct question {
    uint64_t author;
    uint64_t serial;
    uint64_t fate;
};

struct answer {
    struct question question;
    uint64_t check;
};

struct asking {
    struct torc_topic *requests, *replies;
    struct torc_bus *bus;
    struct torc_requester *requester;
    uint64_t author, events, closes_at; /* closes_at: 0: it leaves that to others */
    uint64_t random;
    uint64_t first;      /* what has the requester's first correlation id */
    uint64_t serial;     /* the next */
    unsigned char *told; /* by serial */
    uint64_t count[LEFT + 1];
    bool closed;
};

struct answering {
    struct torc_reader *reader;
    struct torc_publisher *publisher;
    uint64_t index, given;
};

static uint64_t check_of(const struct question *question) {
    uint64_t state = question->author << 48 ^ question->serial;
    return stress_random(&state) + question->fate;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static void note(struct asking *self, uint64_t serial, enum told told) {
    /* The defect: it forgets the answers it was given, from the sixteenth on. */
    if (stress_broken && told == REPLIED && self->count[REPLIED] == 15) {
        return;
    }
    self->told[serial] = (unsigned char)told;
    self->count[told]++;
}

static void check_answer(const struct torc_reply *reply, const struct question *asked) {
    const struct answer *answer = reply->data;
    DETECT(STRESS_PAYLOAD, reply->length == sizeof *answer, "%zu bytes", reply->length);
    DETECT(STRESS_SUM, answer->question.author == asked->author && answer->question.serial == asked->serial,
           "the answer to %" PRIu64 " of %" PRIu64 " came for %" PRIu64 " of %" PRIu64, answer->question.serial,
           answer->question.author, asked->serial, asked->author);
    DETECT(STRESS_PAYLOAD, answer->check == check_of(&answer->question), "another answer");
    DETECT(STRESS_STATUS, answer->question.fate != LATE && answer->question.fate != NEVER, "an answer that was none");
}

static enum fate fate_of(uint64_t author, uint64_t serial) {
    uint64_t state = author << 32 ^ serial;
    return stress_below(&state, 4) != 0 ? ANSWERED : (enum fate)stress_below(&state, FATES);
}

/* One thing that became of a request; false: nothing will any more. */
static bool learn(struct asking *self) {
    struct torc_reply reply;
    struct question asked = {.author = self->author};
    int status = torc_request_wait(self->requester, &reply, TORC_FOREVER);
    if (status != TORC_OK) {
        CHECK(status == TORC_NOT_FOUND || status == TORC_CLOSED, "%s", torc_status_name(status));
        self->closed |= status == TORC_CLOSED;
        return false;
    }
    asked.serial = self->first + reply.id - 1;
    DETECT(STRESS_SUM, asked.serial < self->serial && self->told[asked.serial] == OUTSTANDING,
           "%" PRIu64 " is not outstanding", asked.serial);
    if (reply.status == TORC_OK) {
        check_answer(&reply, &asked);
        note(self, asked.serial, REPLIED);
    } else {
        enum fate fate = fate_of(self->author, asked.serial);
        DETECT(STRESS_STATUS, reply.status == TORC_TIMED_OUT && fate != ANSWERED && fate != TWICE, "%s, fate %d",
               torc_status_name(reply.status), (int)fate);
        note(self, asked.serial, EXPIRED);
    }
    return true;
}

static uint64_t deadline_for(enum fate fate) {
    return fate == ANSWERED || fate == TWICE ? TORC_FOREVER : torc_deadline_ns(fate == RACE ? 20000 : 200000);
}

static void ask(struct asking *self) {
    struct question question = {self->author, self->serial, fate_of(self->author, self->serial)};
    uint64_t id;
    int status =
        torc_request(self->requester, 1, &question, sizeof question, deadline_for((enum fate)question.fate), &id);
    if (status == TORC_OK) {
        DETECT(STRESS_SUM, self->first + id - 1 == self->serial, "id %" PRIu64, id);
        self->told[self->serial++] = OUTSTANDING;
        if (stress_below(&self->random, 64) == 0 && torc_request_cancel(self->requester, id) == TORC_OK) {
            note(self, self->serial - 1, CANCELLED);
        }
    } else if (status == TORC_NO_ROOM) {
        (void)learn(self);
    } else {
        CHECK(status == TORC_CLOSED || status == TORC_TIMED_OUT, "%s", torc_status_name(status));
        self->closed |= status == TORC_CLOSED;
    }
}

/* The requester's own books; what is out with it stays unanswered. */
static void leave(struct asking *self) {
    struct torc_requester_stats stats;
    uint64_t left = 0;
    OK(torc_requester_stats(self->requester, &stats));
    for (uint64_t serial = self->first; serial < self->serial; serial++) {
        if (self->told[serial] == OUTSTANDING) {
            note(self, serial, LEFT);
            left++;
        }
    }
    DETECT(STRESS_SUM, stats.sent == self->serial - self->first && stats.outstanding == left,
           "%" PRIu64 " sent, %" PRIu64 " out; by the books %" PRIu64 " and %" PRIu64, stats.sent, stats.outstanding,
           self->serial - self->first, left);
    DETECT(STRESS_SUM, stats.sent == stats.answered + stats.expired + stats.cancelled + stats.outstanding,
           "its counters do not add up");
    OK(torc_requester_close(self->requester));
    self->requester = NULL;
}

static bool come(struct asking *self) {
    int status = torc_requester_open(self->requests, self->replies, OUT, &self->requester);
    CHECK(status == TORC_OK || status == TORC_CLOSED, "%s", torc_status_name(status));
    self->first = self->serial;
    self->closed = status != TORC_OK;
    return status == TORC_OK;
}

/* Until all is asked, or the bus is closed; every so often the requester goes with what is out. */
static void *ask_all(void *argument) {
    struct asking *self = argument;
    stress_doing("asks");
    while (!self->closed && self->serial < self->events && come(self)) {
        uint64_t until = self->serial + 100 + stress_below(&self->random, 1000);
        while (!self->closed && self->serial < self->events && self->serial < until) {
            ask(self);
            stress_progress(self->serial);
            if (self->closes_at != 0 && self->serial == self->closes_at) {
                OK(torc_bus_close(self->bus));
            }
        }
        while ((self->closed || self->serial == self->events) && learn(self)) {
        }
        leave(self);
    }
    return NULL;
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static void answer(struct answering *self, const struct torc_request *request, const struct question *question) {
    struct answer made = {*question, check_of(question)};
    int status = TORC_OK;
    while (question->fate == LATE && torc_now() <= request->deadline) {
        (void)sched_yield();
    }
    for (int times = question->fate == TWICE ? 2 : 1; times > 0 && status == TORC_OK; times--) {
        uint64_t deadline = question->fate == LATE ? TORC_FOREVER : request->deadline;
        status = torc_reply(self->publisher, request, 2, &made, sizeof made, deadline);
        self->given += status == TORC_OK;
    }
    CHECK(status == TORC_OK || status == TORC_CLOSED || (status == TORC_TIMED_OUT && question->fate == RACE), "%s",
          torc_status_name(status));
}

static void *answer_all(void *argument) {
    struct answering *self = argument;
    struct torc_event event;
    stress_doing("answers");
    while (torc_next_until(self->reader, &event, TORC_FOREVER) == TORC_OK) {
        struct torc_request request;
        OK(torc_request_read(&event, &request));
        DETECT(STRESS_PAYLOAD, request.length == sizeof(struct question), "%zu bytes", request.length);
        const struct question *question = request.data;
        if (question->serial % ANSWERING == self->index && question->fate != NEVER) {
            answer(self, &request, question);
        }
        stress_progress(self->given);
    }
    return NULL;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

static void check_books(struct asking *self, struct asking *sum) {
    uint64_t told = 0;
    for (int i = REPLIED; i <= LEFT; i++) {
        told += self->count[i];
        sum->count[i] += self->count[i];
    }
    DETECT(STRESS_SUM, told == self->serial, "%" PRIu64 " of %" PRIu64 " were told", told, self->serial);
    sum->serial += self->serial;
    free(self->told);
}

static void run(uint64_t events, bool closing) {
    struct torc_config config = stress_small(ASKING + ANSWERING, ASKING + ANSWERING, ENTRIES);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *requests = stress_topic(bus, "requests"), *replies = stress_topic(bus, "replies");
    struct asking asking[ASKING], sum = {.serial = 0};
    struct answering answering[ANSWERING];
    struct stress_thread *threads[ASKING + ANSWERING];
    for (uint64_t i = 0; i < ANSWERING; i++) {
        answering[i] = (struct answering){stress_reader(requests, TORC_WAIT_BLOCK, TORC_JOIN_NEXT),
                                          stress_publisher(replies, TORC_WAIT_BLOCK, TORC_DRY_WAIT), i, 0};
        threads[ASKING + i] = stress_spawn("answering", answer_all, &answering[i]);
    }
    for (uint64_t i = 0; i < ASKING; i++) {
        asking[i] = (struct asking){.requests = requests,
                                    .replies = replies,
                                    .bus = bus,
                                    .author = i,
                                    .events = events,
                                    .closes_at = closing && i == 0 ? 1 + events / 2 : 0,
                                    .random = i + 1,
                                    .told = calloc((size_t)events, 1)};
        CHECK(asking[i].told != NULL, "no memory");
        threads[i] = stress_spawn("asking", ask_all, &asking[i]);
    }
    for (int i = 0; i < ASKING; i++) {
        (void)stress_join(threads[i]);
        check_books(&asking[i], &sum);
    }
    OK(torc_bus_close(bus));
    for (int i = 0; i < ANSWERING; i++) {
        (void)stress_join(threads[ASKING + i]);
        stress_reader_end(answering[i].reader);
        stress_publisher_end(answering[i].publisher);
    }
    stress_bus_end(bus);
    stress_say("%" PRIu64 " asked: %" PRIu64 " answered, %" PRIu64 " timed out, %" PRIu64 " cancelled, %" PRIu64
               " out at a close",
               sum.serial, sum.count[REPLIED], sum.count[EXPIRED], sum.count[CANCELLED], sum.count[LEFT]);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "requests", STRESS_SUM, "a requester forgets answers it was given");
    run(stress_scaled(20000), false);
    run(stress_scaled(20000), true);
    return stress_end();
}
