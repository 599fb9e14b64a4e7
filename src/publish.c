/* src/publish.c - publishing in one call: claim, copy, commit, one by one and in batches; and an arena's buffer, not
 * copied. */
#include "row.h"

#include <string.h>

int torc_publish_until(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length,
                       uint64_t deadline) {
    struct publisher *self = publisher_of(publisher);
    struct torc_claim claim;
    int status = TORC_AGAIN;
    if (publisher == NULL || (data == NULL && length != 0)) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (TORC_LIKELY(torc_publish_lone(self, type, data, length))) {
        return TORC_OK;
    }
    torc_publisher_reopen(self);
    while (status == TORC_AGAIN) {
        if (torc_publisher_is_copied(self, length)) {
            status = torc_publish_words(self, type, data, length, deadline);
            if (status != TORC_AGAIN) {
                return status;
            }
            continue;
        }
        status = torc_claim_to_publish(self, type, length, deadline, &claim);
    }
    if (status != TORC_OK) {
        return status;
    }
    if (length != 0) {
        memcpy(claim.data, data, length);
    }
    return torc_commit_slow(publisher, &claim);
}

int torc_publish_slow(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length) {
    return torc_publish_until(publisher, type, data, length, TORC_FOREVER);
}

int torc_try_publish(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length) {
    return torc_publish_until(publisher, type, data, length, TORC_NO_WAIT);
}

/* --- without a copy ----------------------------------------------------------------------------------------- */

int torc_publish_arena_until(struct torc_publisher *publisher, uint32_t type, struct torc_buffer *buffer,
                             uint64_t deadline) {
    struct torc_claim claim;
    int status;
    if (publisher == NULL || buffer == NULL || buffer->arena == NULL || buffer->length == 0) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(publisher_of(publisher));
    status = torc_claim_lent(publisher_of(publisher), type, buffer, deadline, &claim);
    if (status == TORC_OK) {
        *buffer = TORC_BUFFER_NULL;
        status = torc_commit_slow(publisher, &claim);
    }
    return status;
}

int torc_publish_arena(struct torc_publisher *publisher, uint32_t type, struct torc_buffer *buffer) {
    return torc_publish_arena_until(publisher, type, buffer, TORC_FOREVER);
}

int torc_try_publish_arena(struct torc_publisher *publisher, uint32_t type, struct torc_buffer *buffer) {
    return torc_publish_arena_until(publisher, type, buffer, TORC_NO_WAIT);
}

/* --- batches ------------------------------------------------------------------------------------------------ */

/* Claims of one run: as many as are committed together. */
#define RUN 32u

/* One message, to be committed with its run. TORC_AGAIN: readers copy, and it has to go word by word. */
static int fill_one(struct publisher *self, const struct torc_message *message, uint64_t deadline,
                    struct torc_claim *claim) {
    int status;
    if (message->data == NULL && message->length != 0) {
        return TORC_INVALID;
    }
    status = torc_publisher_is_copied(self, message->length)
                 ? TORC_AGAIN
                 : torc_claim_to_publish(self, message->type, message->length, deadline, claim);
    if (status == TORC_OK && message->length != 0) {
        memcpy(claim->data, message->data, message->length);
    }
    return status;
}

/* Publishes up to RUN messages, committed together; waits for the first only. Returns how many, or the first one's
 * error. */
static int publish_run(struct torc_publisher *publisher, const struct torc_message *messages, size_t count,
                       uint64_t deadline) {
    struct torc_claim claims[RUN];
    size_t filled = 0;
    int status = TORC_OK;
    while (status == TORC_OK && filled < count && filled < RUN) {
        status = fill_one(publisher_of(publisher), &messages[filled], filled == 0 ? deadline : TORC_NO_WAIT,
                          &claims[filled]);
        filled += status == TORC_OK;
    }
    if (filled != 0) {
        return torc_commit_batch(publisher, claims, filled) == TORC_OK ? (int)filled : TORC_CORRUPT;
    }
    if (status == TORC_AGAIN) {
        status = torc_publish_until(publisher, messages->type, messages->data, messages->length, deadline);
    }
    return status == TORC_OK ? 1 : status;
}

int torc_publish_batch_until(struct torc_publisher *publisher, const struct torc_message *messages, size_t count,
                             uint64_t deadline, size_t *published) {
    size_t done = 0;
    int run = TORC_OK;
    if (published != NULL) {
        *published = 0;
    }
    if (publisher == NULL || (messages == NULL && count != 0)) {
        return TORC_INVALID;
    }
    if (publisher_of(publisher)->bus->forked) {
        return TORC_FORKED;
    }
    TORC_ONE_AT_A_TIME(publisher_of(publisher));
    while (done < count && run >= 0) {
        size_t row = torc_row_publish(publisher_of(publisher), messages + done, count - done);
        if (row == 0) {
            torc_publisher_reopen(publisher_of(publisher));
        }
        run = row != 0 ? (int)row : publish_run(publisher, messages + done, count - done, deadline);
        done += run > 0 ? (size_t)run : 0;
    }
    if (published != NULL) {
        *published = done;
    }
    return run < 0 ? run : TORC_OK;
}

int torc_publish_batch(struct torc_publisher *publisher, const struct torc_message *messages, size_t count,
                       size_t *published) {
    return torc_publish_batch_until(publisher, messages, count, TORC_FOREVER, published);
}

int torc_try_publish_batch(struct torc_publisher *publisher, const struct torc_message *messages, size_t count,
                           size_t *published) {
    return torc_publish_batch_until(publisher, messages, count, TORC_NO_WAIT, published);
}
