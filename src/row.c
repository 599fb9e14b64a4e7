/* src/row.c - batches of events that go into the lane: passes over them that are as short as torc_publish is for one.
 *
 * Who may run at the same time: as in claim.c, and for the same reasons as in claim_fast.c nothing but the stamps needs
 * an order. */
#include "row.h"
#include "probe.h"

#include <string.h>

/* --- claims ------------------------------------------------------------------------------------------------- */

void torc_row_fill(const struct publisher *self, uint32_t type, size_t length, uint64_t sequence,
                   struct torc_claim *claims, uint32_t count) {
    unsigned char *entries = self->hot.entries;
    uint64_t mask = self->hot.mask;
    size_t stride = self->hot.stride;
    for (uint32_t i = 0; i < count; i++) {
        claims[i].data = torc_entry_bytes(torc_entry_at(entries, mask, stride, sequence + i));
        claims[i].length = length;
        claims[i].type = type;
        claims[i].state = TORC_CLAIM_OPEN;
        claims[i].sequence = sequence + i;
        claims[i].slot = 0;
    }
}

bool torc_row_is_open(const struct torc_claim *claims, size_t count, uint64_t sequence, size_t most) {
    uint64_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        wrong |= (claims[i].state ^ (uint64_t)TORC_CLAIM_OPEN) | (claims[i].sequence ^ (sequence + i)) |
                 claims[i].slot | (claims[i].length > most);
    }
    return wrong == 0;
}

void torc_row_stamp(const struct publisher *self, struct torc_claim *claims, size_t count) {
    unsigned char *entries = self->hot.entries;
    uint64_t mask = self->hot.mask, sequence = claims->sequence;
    size_t stride = self->hot.stride;
    for (size_t i = 0; i < count; i++, sequence++) {
        struct torc_entry *entry = torc_entry_at(entries, mask, stride, sequence);
        claims[i].state = TORC_CLAIM_SETTLED;
        torc_store_relaxed32(&entry->header_word, (uint32_t)claims[i].length);
        torc_store_relaxed32(&entry->type_word, claims[i].type);
        torc_store_release64(&entry->stamp, sequence + 1); /* STAMP */
        TORC_PROBE2(publish, self->index, sequence);
    }
}

/* --- messages ----------------------------------------------------------------------------------------------- */

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

/* How many of the first ones fit into entries. hot.inline_limit is 0 while claims are open and while readers copy. */
static size_t count_small(const struct publisher *self, const struct torc_message *messages, size_t count) {
    size_t limit = self->hot.inline_limit, some = 0;
    while (some < count && messages[some].length < limit &&
           (messages[some].data != NULL || messages[some].length == 0)) {
        some++;
    }
    return some;
}

static inline void publish_one(const struct publisher *self, const struct torc_message *message, uint64_t sequence) {
    struct torc_entry *entry = lane_entry(self, sequence);
    copy(torc_entry_bytes(entry), message->data, message->length);
    torc_store_relaxed32(&entry->header_word, (uint32_t)message->length);
    torc_store_relaxed32(&entry->type_word, message->type);
    torc_store_release64(&entry->stamp, sequence + 1); /* STAMP */
    TORC_PROBE2(publish, self->index, sequence);
}

/* Readers that do not sleep see each event as it is stamped. One that goes to sleep over an event of this row looks
 * once more after it has said so (SLEEP): it finds the event stamped, or is found by the look for sleepers behind the
 * last one. Nothing in between waits for anybody. */
size_t torc_row_publish(struct publisher *self, const struct torc_message *messages, size_t count) {
    uint64_t sequence = lane_claimed(self);
    size_t some = count_small(self, messages, count < ROW ? count : ROW);
    some = some == 0 ? 0 : torc_claim_entries(self, sequence, some);
    if (some == 0) {
        return 0;
    }
    torc_store_relaxed64(&self->hot.lane->claimed, sequence + some); /* CLOSE, COPY; as in torc_publish */
    torc_barrier_light(self->hot.fence);
    if (TORC_UNLIKELY(torc_load_relaxed64(&self->hot.room) == 0)) {
        torc_store_relaxed64(&self->hot.lane->claimed, sequence);
        return 0;
    }
    for (size_t i = 0; i < some; i++) {
        publish_one(self, &messages[i], sequence + i);
    }
    torc_claims_published(self, sequence + some);
    return some;
}
