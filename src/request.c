/* src/request.c - request and reply: a head before each payload, and a table of what is outstanding. */
#include "core.h"

#include <stdlib.h>
#include <string.h>
#include <torc/request.h>

#define OUTSTANDING_MAX 65536u
#define ROUND_NS        UINT64_C(500000) /* how long a request waits for space before it looks for replies again */
#define TAKE_MAX        256u             /* replies taken in at one look: a deadline waits no longer for them */
#define MAGIC_REQUEST   UINT64_C(0x717265722d63726f) /* what else is published there is not taken for one */
#define MAGIC_REPLY     UINT64_C(0x6c7065722d63726f)

/* Before the payload of requests and replies; eight bytes of alignment in the entry and in slots. */
struct head {
    uint64_t magic;
    uint64_t requester;
    uint64_t id;
    uint64_t time; /* of a request: its deadline; of a reply: when it was made */
};

struct outstanding {
    uint64_t id;
    uint64_t deadline;
};

struct torc_requester {
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    uint64_t number;
    uint64_t next_id;
    struct torc_requester_stats stats;
    struct torc_event held; /* an answer that a request met while it waited for space; data NULL: none */
    uint32_t capacity;
    struct outstanding table[]; /* the first stats.outstanding; in no order */
};

/* --- the asking side ---------------------------------------------------------------------------------------- */

int torc_requester_open(struct torc_topic *requests, struct torc_topic *replies, uint32_t outstanding,
                        struct torc_requester **out) {
    static torc_a64 numbers;
    struct torc_requester *self;
    int status;
    if (requests == NULL || replies == NULL || out == NULL || outstanding == 0 || outstanding > OUTSTANDING_MAX) {
        return TORC_INVALID;
    }
    self = calloc(1, sizeof *self + outstanding * sizeof self->table[0]);
    if (self == NULL) {
        return TORC_NO_MEMORY;
    }
    self->capacity = outstanding;
    self->number = torc_add_relaxed64(&numbers, 1) + 1;
    status = torc_reader_open(replies, NULL, &self->reader);
    if (status == TORC_OK) {
        status = torc_publisher_open(requests, NULL, &self->publisher);
        if (status != TORC_OK) {
            (void)torc_reader_close(self->reader);
        }
    }
    if (status != TORC_OK) {
        free(self);
        return status;
    }
    *out = self;
    return TORC_OK;
}

int torc_requester_close(struct torc_requester *self) {
    if (self == NULL) {
        return TORC_INVALID;
    }
    (void)torc_reader_close(self->reader);
    (void)torc_publisher_close(self->publisher);
    free(self);
    return TORC_OK;
}

static int publish(struct torc_publisher *publisher, const struct head *head, uint32_t type, const void *data,
                   size_t length, uint64_t deadline) {
    struct torc_claim claim;
    int status = length > TORC_MAX_EVENT - sizeof *head
                     ? TORC_TOO_BIG
                     : torc_claim_until(publisher, type, sizeof *head + length, deadline, &claim);
    if (status != TORC_OK) {
        return status;
    }
    memcpy(claim.data, head, sizeof *head);
    if (length != 0) {
        memcpy((unsigned char *)claim.data + sizeof *head, data, length);
    }
    return torc_commit(publisher, &claim);
}

/* --- what became of it -------------------------------------------------------------------------------------- */

/* Its place in the table, or NULL. */
static struct outstanding *find(struct torc_requester *self, uint64_t id) {
    for (uint64_t i = 0; i < self->stats.outstanding; i++) {
        if (self->table[i].id == id) {
            return &self->table[i];
        }
    }
    return NULL;
}

static void take_out(struct torc_requester *self, struct outstanding *at) {
    *at = self->table[--self->stats.outstanding];
}

static struct outstanding *first_to_expire(struct torc_requester *self) {
    struct outstanding *first = &self->table[0];
    for (uint64_t i = 1; i < self->stats.outstanding; i++) {
        first = self->table[i].deadline < first->deadline ? &self->table[i] : first;
    }
    return first;
}

static bool head_of(const struct torc_event *event, uint64_t magic, struct head *head) {
    if (event->length < sizeof *head) {
        return false;
    }
    memcpy(head, event->data, sizeof *head);
    return head->magic == magic;
}

/* The outstanding request that this event answers, in time. NULL: none, and counted; one that was late leaves it to
 * expire. */
static struct outstanding *answered_by(struct torc_requester *self, const struct torc_event *event) {
    struct outstanding *at;
    struct head head;
    if (!head_of(event, MAGIC_REPLY, &head) || head.requester != self->number) {
        self->stats.foreign++;
        return NULL;
    }
    at = find(self, head.id);
    if (at == NULL || head.time > at->deadline) {
        self->stats.late++;
        return NULL;
    }
    return at;
}

static bool answers(struct torc_requester *self, const struct torc_event *event, struct torc_reply *reply) {
    struct outstanding *at = answered_by(self, event);
    if (at == NULL) {
        return false;
    }
    *reply = (struct torc_reply){.id = at->id,
                                 .type = event->type,
                                 .data = (const unsigned char *)event->data + sizeof(struct head),
                                 .length = event->length - sizeof(struct head)};
    take_out(self, at);
    self->stats.answered++;
    return true;
}

/* Takes in what lies in the reply topic, up to the first answer to what is outstanding: that is held for
 * torc_request_wait. Is there one? If not, all that was read is given back: who waits for space to reply goes on. */
static bool take_in(struct torc_requester *self) {
    if (self->held.data != NULL && answered_by(self, &self->held) != NULL) {
        return true;
    }
    for (uint32_t i = 0; i < TAKE_MAX && torc_next(self->reader, &self->held) == TORC_OK; i++) {
        if (answered_by(self, &self->held) != NULL) {
            return true;
        }
    }
    self->held.data = NULL;
    (void)torc_advance(self->reader);
    return false;
}

/* Nothing came until the deadline of a request, or this call's. */
static int expire(struct torc_requester *self, struct torc_reply *reply, uint64_t deadline) {
    struct outstanding *first = first_to_expire(self);
    if (first->deadline <= torc_now()) {
        *reply = (struct torc_reply){.id = first->id, .status = TORC_TIMED_OUT};
        take_out(self, first);
        self->stats.expired++;
        return TORC_OK;
    }
    return deadline == TORC_NO_WAIT ? TORC_EMPTY : TORC_TIMED_OUT;
}

static int next_reply(struct torc_requester *self, struct torc_event *event, uint64_t deadline) {
    if (self->held.data == NULL) {
        return torc_next_until(self->reader, event, deadline);
    }
    *event = self->held;
    self->held.data = NULL;
    return TORC_OK;
}

/* What lies in the topic is looked at before any deadline: an answer made in time counts, however late it is read. */
int torc_request_wait(struct torc_requester *self, struct torc_reply *reply, uint64_t deadline) {
    struct torc_event event;
    if (self == NULL || reply == NULL) {
        return TORC_INVALID;
    }
    while (self->stats.outstanding != 0) {
        uint64_t first = first_to_expire(self)->deadline;
        int status = next_reply(self, &event, first < deadline ? first : deadline);
        if (status == TORC_OK) {
            if (answers(self, &event, reply)) {
                return TORC_OK;
            }
        } else if (status == TORC_TIMED_OUT || status == TORC_EMPTY) {
            return expire(self, reply, deadline);
        } else {
            return status;
        }
    }
    (void)take_in(self); /* others' replies: whoever has nothing to wait for holds nobody up */
    return TORC_NOT_FOUND;
}

int torc_request_cancel(struct torc_requester *self, uint64_t id) {
    struct outstanding *at;
    if (self == NULL) {
        return TORC_INVALID;
    }
    at = find(self, id);
    if (at == NULL) {
        return TORC_NOT_FOUND;
    }
    take_out(self, at);
    self->stats.cancelled++;
    return TORC_OK;
}

int torc_requester_stats(const struct torc_requester *self, struct torc_requester_stats *stats) {
    if (self == NULL || stats == NULL) {
        return TORC_INVALID;
    }
    *stats = self->stats;
    return TORC_OK;
}

/* --- asking ------------------------------------------------------------------------------------------------- */

/* While it waits for space it goes on taking replies in: those who answer may be waiting for that, and give the
 * requests back only after it. An answer of its own is the caller's to take, so then it waits no longer. */
static int publish_taking_in(struct torc_requester *self, const struct head *head, uint32_t type, const void *data,
                             size_t length, uint64_t deadline) {
    for (uint64_t round = TORC_NO_WAIT;; round = torc_deadline_ns(ROUND_NS)) {
        uint64_t until = round < deadline ? round : deadline;
        int status = publish(self->publisher, head, type, data, length, until);
        if (status != TORC_WOULD_BLOCK && status != TORC_TIMED_OUT) {
            return status;
        }
        if (take_in(self)) {
            return TORC_NO_ROOM;
        }
        if (until == deadline) {
            return status;
        }
    }
}

int torc_request(struct torc_requester *self, uint32_t type, const void *data, size_t length, uint64_t deadline,
                 uint64_t *id) {
    struct head head;
    int status;
    if (self == NULL || (data == NULL && length != 0) || id == NULL) {
        return TORC_INVALID;
    }
    if (self->stats.outstanding == self->capacity) {
        return TORC_NO_ROOM;
    }
    head = (struct head){MAGIC_REQUEST, self->number, self->next_id + 1, deadline};
    status = publish_taking_in(self, &head, type, data, length, deadline);
    if (status == TORC_OK) {
        *id = ++self->next_id;
        self->table[self->stats.outstanding++] = (struct outstanding){*id, deadline};
        self->stats.sent++;
    }
    return status;
}

/* --- the answering side ------------------------------------------------------------------------------------- */

int torc_request_read(const struct torc_event *event, struct torc_request *request) {
    struct head head;
    if (event == NULL || request == NULL || !head_of(event, MAGIC_REQUEST, &head)) {
        return TORC_INVALID;
    }
    *request = (struct torc_request){.requester = head.requester,
                                     .id = head.id,
                                     .deadline = head.time,
                                     .type = event->type,
                                     .data = (const unsigned char *)event->data + sizeof head,
                                     .length = event->length - sizeof head};
    return TORC_OK;
}

int torc_reply(struct torc_publisher *publisher, const struct torc_request *request, uint32_t type, const void *data,
               size_t length, uint64_t deadline) {
    struct head head;
    if (publisher == NULL || request == NULL || (data == NULL && length != 0)) {
        return TORC_INVALID;
    }
    head = (struct head){MAGIC_REPLY, request->requester, request->id, torc_now()};
    return publish(publisher, &head, type, data, length, deadline);
}
