/* torc/request.h - request and reply over a pair of topics, with correlation ids and deadlines.
 *
 * Asking:
 *     torc_requester_open(requests, replies, 16, &requester);
 *     torc_request(requester, TYPE, data, length, torc_deadline_ms(5), &id);        // up to 16 at one time
 *     torc_request_wait(requester, &reply, TORC_FOREVER);                           // reply.id, .status, .data
 *
 * Answering, in any thread, with an ordinary reader and publisher:
 *     torc_next_until(reader, &event, TORC_FOREVER);
 *     if (torc_request_read(&event, &request) == TORC_OK)
 *         torc_reply(publisher, &request, TYPE, answer, size, request.deadline);
 *
 * Any number of requesters and of those who answer may share a pair of topics: each requester's replies carry its
 * number, and the others step over them. A request is answered once: the first reply counts if it was made before the
 * deadline, however late it is read; any other is dropped and counted.
 *
 * Who waits for whom: requests and replies are never lost for lack of space, so a requester waits for those who answer
 * to read, and they wait for every requester of their topic to read. A requester does so inside its calls:
 * torc_request_wait, and torc_request while it waits for space, so the two sides never wait for each other. Outside of
 * them it holds up those who answer once a lane or pool of the reply topic is full: one that has nothing to ask for a
 * while should call torc_request_wait with TORC_NO_WAIT now and then, or be closed, and who answers should wait no
 * longer than request.deadline, or than it can afford if that is TORC_FOREVER. One that asks others before it answers
 * is in nobody's call while it waits to reply: services that ask each other in a circle need deadlines.
 *
 * Threads: one at a time per requester; torc_request_read and torc_reply as their event and publisher. */
#ifndef TORC_REQUEST_H
#define TORC_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <torc/publisher.h>
#include <torc/reader.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_requester;

/* A request as the answering side sees it; data is borrowed from the event. */
struct torc_request {
    uint64_t requester;
    uint64_t id;
    uint64_t deadline; /* after that nobody waits for the answer */
    uint32_t type;
    const void *data; /* aligned to 8 */
    size_t length;
};

/* What became of a request; data is borrowed until the next call on the requester. */
struct torc_reply {
    uint64_t id;
    int status; /* TORC_OK; TORC_TIMED_OUT: no answer before its deadline */
    uint32_t type;
    const void *data; /* aligned to 8; NULL without an answer */
    size_t length;
};

/* torc_requester_open: up to `outstanding` (1..65536) requests at one time. Opens a publisher of `requests` and a
 * reader of `replies`, so as those: TORC_NO_ROOM, TORC_CLOSED, TORC_NO_MEMORY. TORC_INVALID. Any thread.
 * Its reader gates whoever publishes replies, to others as well: go on calling, or close it. */
int torc_requester_open(struct torc_topic *requests, struct torc_topic *replies, uint32_t outstanding,
                        struct torc_requester **requester);
int torc_requester_close(struct torc_requester *requester);

/* torc_request: sends one; *id receives its correlation id, from 1 on. Waits for space up to the deadline, which is the
 * request's too; meanwhile it takes in, and drops, replies that are not for this requester or too late.
 * TORC_NO_ROOM: torc_request_wait or _cancel first: `outstanding` are out, or there is no space and an answer to one of
 * them has come, which nobody but the caller can take. TORC_TOO_BIG, TORC_TIMED_OUT, TORC_WOULD_BLOCK (with
 * TORC_NO_WAIT, and then nobody waits for the answer either), TORC_POOL_DRY, TORC_CLOSED, TORC_INVALID: nothing was
 * sent. */
int torc_request(struct torc_requester *requester, uint32_t type, const void *data, size_t length, uint64_t deadline,
                 uint64_t *id);

/* torc_request_wait: the next request that is answered or whose deadline passes, in the order in which that happens.
 * TORC_OK: see *reply.
 * TORC_TIMED_OUT: this call's deadline; TORC_EMPTY: none now, with TORC_NO_WAIT; TORC_NOT_FOUND: none is outstanding,
 * and replies to others that lay there were dropped;
 * TORC_CLOSED: the bus is closed and no answer will come; TORC_INVALID. */
int torc_request_wait(struct torc_requester *requester, struct torc_reply *reply, uint64_t deadline);

/* torc_request_cancel: its answer, if one comes, is late. TORC_NOT_FOUND: not outstanding. TORC_INVALID. */
int torc_request_cancel(struct torc_requester *requester, uint64_t id);

struct torc_requester_stats {
    uint64_t sent;
    uint64_t answered; /* sent = answered + expired + cancelled + outstanding */
    uint64_t expired;
    uint64_t cancelled;
    uint64_t outstanding;
    uint64_t late;    /* replies that came too late, twice, or to what was cancelled: dropped */
    uint64_t foreign; /* replies to other requesters, and events that are no replies */
};
/* torc_requester_stats: fills *stats. Thread: the requester's. TORC_INVALID. */
int torc_requester_stats(const struct torc_requester *requester, struct torc_requester_stats *stats);

/* torc_request_read: an event of the request topic as a request. TORC_INVALID: it is none, or NULL. */
int torc_request_read(const struct torc_event *event, struct torc_request *request);

/* torc_reply: answers it through a publisher of the reply topic, waiting for space up to the deadline. As
 * torc_publish_until: space comes when all requesters of the topic have read, which they do in their calls only. */
int torc_reply(struct torc_publisher *publisher, const struct torc_request *request, uint32_t type, const void *data,
               size_t length, uint64_t deadline);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
