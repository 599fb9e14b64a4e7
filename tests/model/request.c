/* request.c - request and reply: every request comes to one end, whenever its deadline passes; and the two sides never
 * wait for each other, whatever is full. */
#include "world.h"

#include "../../src/core.h"

#include <torc/request.h>

static struct torc_requester *requester;
static struct torc_topic *replies;
static struct torc_publisher *answers; /* w.reader reads the requests */
static uint64_t deadline;
static uint32_t answered;

static void open_both(void) {
    struct torc_config config = tiny_config();
    config.topics = 2;
    config.publishers = 2;
    config.readers = 2;
    answered = 0;
    open_bus(&config);
    model_assert_status(torc_topic_open(w.bus, "r", 0, &replies), TORC_OK);
    model_assert_status(torc_publisher_open(replies, NULL, &answers), TORC_OK);
    w.reader = open_reader(TORC_JOIN_NEXT);
    model_assert_status(torc_requester_open(w.topic, replies, 8, &requester), TORC_OK);
}
static int ask(uint64_t until) {
    uint64_t id;
    return torc_request(requester, 1, NULL, 0, until, &id);
}

/* Reads one request and answers it; the request goes back to its publisher behind the answer. */
static void answer_one(void) {
    struct torc_event event;
    struct torc_request request;
    int status;
    model_assert_status(torc_next_until(w.reader, &event, TORC_FOREVER), TORC_OK);
    model_assert_status(torc_request_read(&event, &request), TORC_OK);
    status = torc_reply(answers, &request, 2, NULL, 0, request.deadline);
    model_assert(status == TORC_OK || (status == TORC_TIMED_OUT && request.deadline != TORC_FOREVER), "replied");
    model_assert_status(torc_advance(w.reader), TORC_OK);
}
static void take_answer(void) {
    struct torc_reply reply;
    model_assert_status(torc_request_wait(requester, &reply, TORC_FOREVER), TORC_OK);
    model_assert_status(reply.status, TORC_OK);
    model_assert_equal(reply.id, ++answered); /* one lane: in order */
}
static void close_both(void) {
    model_assert_status(torc_requester_close(requester), TORC_OK);
    model_assert_status(torc_publisher_close(answers), TORC_OK);
    close_world();
}

/* --- an answer, or the deadline ----------------------------------------------------------------------------------- */

static struct torc_reply outcome;

static void setup_deadline(void) {
    open_both();
    deadline = torc_deadline_ms(5);
}
static void ask_and_wait(void) {
    model_assert_status(ask(deadline), TORC_OK);
    model_assert_status(torc_request_wait(requester, &outcome, TORC_FOREVER), TORC_OK);
    model_assert_equal(outcome.id, 1);
    model_assert(outcome.status == TORC_OK || (outcome.status == TORC_TIMED_OUT && !model_broken()), "one end");
    model_assert(outcome.status == TORC_OK || torc_now() >= deadline, "not before its deadline");
}
static void check_deadline(void) {
    struct torc_requester_stats stats;
    struct torc_reply none;
    bool in_time = outcome.status == TORC_OK;
    model_assert_status(torc_request_wait(requester, &none, TORC_NO_WAIT), TORC_NOT_FOUND);
    model_assert_status(torc_requester_stats(requester, &stats), TORC_OK);
    model_assert(stats.answered == in_time && stats.expired == !in_time && stats.outstanding == 0, "counted once");
    model_assert(stats.late + stats.answered == 1 && stats.foreign == 0, "the reply as well");
    close_both();
}
MODEL_SCENARIO(request_deadline,
               .claim = "a reply that comes while its request times out is the answer, or late: not both",
               .broken = "the deadline is believed not to pass", .setup = setup_deadline,
               .thread = {ask_and_wait, answer_one}, .check = check_deadline, .fences = true, .timeouts = 1,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(request_deadline_heavy, .claim = "the same with membarrier",
               .broken = "the deadline is believed not to pass", .setup = setup_deadline,
               .thread = {ask_and_wait, answer_one}, .check = check_deadline, .timeouts = 1, .preemptions = 1,
               .quick = 1);

/* --- both topics are full ----------------------------------------------------------------------------------------- */

/* Two answers lie there, and two further requests: who answers cannot, and gives no request back before. */
static void setup_circle(void) {
    open_both();
    for (uint32_t i = 0; i < 4; i++) {
        model_assert_status(ask(TORC_FOREVER), TORC_OK);
        if (i < 2) {
            answer_one();
        }
    }
}
/* The defect: the answer that has come is left where it is. */
static void ask_fifth(void) {
    int status;
    while ((status = ask(TORC_FOREVER)) == TORC_NO_ROOM) {
        if (model_broken()) {
            model_pause();
        } else {
            take_answer();
        }
    }
    model_assert_status(status, TORC_OK);
}
/* The answers first, so that there is room for one more. */
static void rest(uint32_t there, uint32_t asked) {
    while (answered < there) {
        take_answer();
    }
    while (answered < asked) {
        answer_one();
        take_answer();
    }
    close_both();
}
static void check_circle(void) {
    rest(3, 5);
}
MODEL_SCENARIO(request_circle, .claim = "where requests and replies are full a request says that an answer has come",
               .broken = "the answer is not taken", .setup = setup_circle, .thread = {ask_fifth, answer_one},
               .check = check_circle, .fences = true, .preemptions = 1, .quick = 1);

/* What lies in the reply topic is others': the request drops it by itself. */
static void setup_foreign(void) {
    open_both();
    for (uint32_t i = 0; i < 2; i++) {
        model_assert_status(ask(TORC_FOREVER), TORC_OK);
        model_assert_status(put(answers, i, 8), TORC_OK);
    }
}
static void ask_third(void) {
    int status = ask(model_broken() ? TORC_NO_WAIT : TORC_FOREVER);
    if (status == TORC_NO_ROOM) {
        take_answer();
        status = ask(TORC_FOREVER);
    }
    model_assert_status(status, TORC_OK);
}
static void check_foreign(void) {
    rest(1, 3);
}
MODEL_SCENARIO(request_foreign,
               .claim = "a request that waits for space drops what is not for it, so that there will be some",
               .broken = "it does not wait", .setup = setup_foreign, .thread = {ask_third, answer_one},
               .check = check_foreign, .fences = true, .preemptions = 1, .quick = 1);
