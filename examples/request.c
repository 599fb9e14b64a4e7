/* request - questions over one topic, answers over another.
 *
 * Eight questions are out at any time. The server is slow on purpose with some: their deadline passes, and the answer
 * that comes after it is dropped and counted. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { SQUARE = 1, RESULT = 2, QUESTIONS = 4000, AT_ONCE = 8, SLOW = 1000 };

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "request: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "request: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

struct server {
    struct torc_reader *requests;
    struct torc_publisher *replies;
};

/* Answers every question but each SLOW-th; those when the next one comes, which is after their deadline. */
static void *serve(void *context) {
    struct server *server = context;
    struct torc_request request, held = {.id = 0};
    struct torc_event event;
    while (torc_next_until(server->requests, &event, TORC_FOREVER) == TORC_OK) {
        uint64_t number;
        must(torc_request_read(&event, &request), "read a request");
        number = *(const uint64_t *)request.data;
        if (held.id != 0 && torc_now() > held.deadline) {
            must(torc_reply(server->replies, &held, RESULT, NULL, 0, TORC_FOREVER), "answer too late");
            held.id = 0;
        }
        if (number % SLOW == SLOW - 1) {
            held = request;
            continue;
        }
        number *= number;
        must(torc_reply(server->replies, &request, RESULT, &number, sizeof number, TORC_FOREVER), "answer");
    }
    return NULL;
}

/* Its deadline is near for those that are not answered in time, far for the others. */
static void ask(struct torc_requester *requester, uint64_t number, uint64_t *numbers) {
    uint64_t id;
    uint64_t deadline = number % SLOW == SLOW - 1 ? torc_deadline_ms(2) : TORC_FOREVER;
    int status = torc_request(requester, SQUARE, &number, sizeof number, deadline, &id);
    must(status, "ask");
    numbers[id] = number;
}

int main(void) {
    static uint64_t numbers[QUESTIONS + 1]; /* by correlation id, which counts from 1 */
    struct torc_requester_stats stats;
    struct torc_requester *requester;
    struct torc_topic *requests, *replies;
    struct torc_bus *bus;
    struct server server;
    pthread_t thread;
    uint64_t asked = 0, done = 0, expired = 0;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "requests", 0, &requests), "open the topic of requests");
    must(torc_topic_open(bus, "replies", 0, &replies), "open the topic of replies");
    must(torc_reader_open(requests, NULL, &server.requests), "open the server's reader");
    must(torc_publisher_open(replies, NULL, &server.replies), "open the server's publisher");
    must(torc_requester_open(requests, replies, AT_ONCE, &requester), "open the requester");
    expect(pthread_create(&thread, NULL, serve, &server) == 0, "start the server");

    while (done < QUESTIONS) {
        struct torc_reply reply;
        for (; asked < QUESTIONS && asked - done < AT_ONCE; asked++) {
            ask(requester, asked, numbers);
        }
        must(torc_request_wait(requester, &reply, TORC_FOREVER), "wait for what comes first");
        if (reply.status == TORC_TIMED_OUT) {
            expect(numbers[reply.id] % SLOW == SLOW - 1, "only those that the server held expire");
            expired++;
        } else {
            expect(reply.length == sizeof(uint64_t) &&
                       *(const uint64_t *)reply.data == numbers[reply.id] * numbers[reply.id],
                   "each answer belongs to its question");
        }
        done++;
    }

    must(torc_requester_stats(requester, &stats), "ask what it did");
    expect(stats.sent == QUESTIONS && stats.outstanding == 0, "every question has come to an end");
    expect(expired == QUESTIONS / SLOW && stats.expired == expired, "some of them without an answer");
    must(torc_bus_close(bus), "close the bus");
    expect(pthread_join(thread, NULL) == 0, "join the server");
    must(torc_requester_close(requester), "close the requester");
    must(torc_reader_close(server.requests), "close the reader");
    must(torc_publisher_close(server.replies), "close the publisher");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");
    printf("request: ok: %llu of %d questions answered, %d at a time; %llu expired, %llu late answers dropped\n",
           (unsigned long long)stats.answered, QUESTIONS, AT_ONCE, (unsigned long long)stats.expired,
           (unsigned long long)stats.late);
    return EXIT_SUCCESS;
}
