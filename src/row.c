/* src/row.c - messages that go into the lane, a row at once: a pass that is as short as torc_publish is for one.
 *
 * Who may run at the same time: as in claim.c, and for the same reasons as in claim_fast.c nothing but `claimed` and the
 * stamps needs an order. */
#include "row.h"

#include <string.h>

/* In words, for the reason that torc_copy_small has. */
static inline void copy(unsigned char *to, const void *from, size_t length) {
    switch (length) {
    case 8:
        torc_copy_small(to, from, 8);
        return;
    case 16:
        torc_copy_small(to, from, 16);
        return;
    case 24:
        torc_copy_small(to, from, 24);
        return;
    case 32:
        torc_copy_small(to, from, 32);
        return;
    case 40:
        torc_copy_small(to, from, 40);
        return;
    case 48:
        torc_copy_small(to, from, 48);
        return;
    default:
        if (length != 0) {
            memcpy(to, from, length);
        }
    }
}

/* How many of the first ones fit into entries. */
static size_t count_small(const struct publisher *self, const struct torc_message *messages, size_t count) {
    size_t limit = self->limit, some = 0;
    while (some < count && messages[some].length < limit &&
           (messages[some].data != NULL || messages[some].length == 0)) {
        some++;
    }
    return some;
}

static inline void publish_one(const struct publisher *self, const struct torc_message *message, uint64_t sequence) {
    struct torc_entry *entry = lane_entry(self, sequence);
    copy(torc_entry_bytes(entry), message->data, message->length);
    torc_claim_stamp(self, entry, sequence, (uint32_t)message->length, message->type);
}

/* Readers that do not sleep see each event as it is stamped. One that goes to sleep over an event of this row looks
 * once more after it has said so (SLEEP): it finds the event stamped, or is found by the look for sleepers behind the
 * last one. Nothing in between waits for anybody. */
size_t torc_row_publish(struct publisher *self, const struct torc_message *messages, size_t count) {
    uint64_t sequence = lane_claimed(self);
    size_t some = count_small(self, messages, count < ROW ? count : ROW);
    if (some == 0 || lane_claims(self) != 0 || (some = torc_claim_entries(self, sequence, some)) == 0) {
        return 0;
    }
    torc_store_release64(&self->hot.lane->claimed, sequence + some); /* CLAIMED, CLOSE, COPY; as in torc_publish */
    torc_barrier_light(self->hot.fence);
    if (TORC_UNLIKELY(torc_load_relaxed64(&self->hot.room) == 0)) {
        torc_store_release64(&self->hot.lane->claimed, sequence); /* CLAIMED: what was aborted before */
        return 0;
    }
    for (size_t i = 0; i < some; i++) {
        publish_one(self, &messages[i], sequence + i);
    }
    torc_claims_published(self, sequence + some);
    return some;
}
