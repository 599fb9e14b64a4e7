/* whole.c - whole files as records.
 *
 * Up to 16 KiB a file is read into the producer's block and copied from there. A larger one whose size is known is
 * read straight into the memory that its readers will see. What has no size (a pipe) is gathered first. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "format.h"
#include "produce.h"

#define HEAD ((size_t)TORC_XL_BYTES)
#define STEP ((size_t)4 << 20) /* at most this much between two looks at the stop flag */

enum outcome { READ_SOME, READ_END, READ_FAILED, READ_STOPPED };

/* Reads until `length` bytes are there, the input ends, or something stops it; *got grows with every byte. */
static enum outcome read_up_to(struct producer *producer, int fd, unsigned char *data, size_t length, size_t *got) {
    while (*got < length) {
        size_t want = length - *got < STEP ? length - *got : STEP;
        ssize_t taken;
        if (!control_readable(producer->feed->control, fd)) {
            return READ_STOPPED;
        }
        taken = read(fd, data + *got, want);
        if (taken == 0) {
            return READ_END;
        }
        if (taken > 0) {
            *got += (size_t)taken;
        } else if (errno != EINTR && errno != EAGAIN) {
            return READ_FAILED;
        }
    }
    return READ_SOME;
}

static uint32_t kind_of(const unsigned char *data, size_t length) {
    return memchr(data, 0, length < HEAD ? length : HEAD) != NULL ? KIND_BINARY : KIND_TEXT;
}

/* The file is given up, the run goes on. */
static bool skip(struct producer *producer, const char *path, const char *why) {
    complain("%s: %s", path, why);
    atomic_store_explicit(&producer->feed->failed, true, memory_order_relaxed);
    return true;
}

/* A large regular file: the head was read already. Should it have become shorter, the record is what there was. */
static bool read_in_place(struct producer *producer, int fd, const char *path, size_t size) {
    struct block *head = &producer->block;
    struct torc_claim claim;
    enum outcome outcome;
    int status = torc_claim(producer->publisher, kind_of(head->data, head->used), size, &claim);
    if (status == TORC_NO_MEMORY) {
        return skip(producer, path, torc_strerror(status));
    }
    if (status != TORC_OK) {
        return producer_account(producer, status, size);
    }
    memcpy(claim.data, head->data, head->used);
    claim.length = head->used;
    outcome = read_up_to(producer, fd, claim.data, size, &claim.length);
    if (outcome == READ_FAILED || outcome == READ_STOPPED) {
        int error = errno;
        status = torc_abort(producer->publisher, &claim);
        if (status != TORC_OK) {
            return producer_account(producer, status, size);
        }
        return outcome == READ_FAILED && skip(producer, path, strerror(error));
    }
    size = claim.length;
    return producer_account(producer, torc_commit(producer->publisher, &claim), size);
}

/* No size to trust: all of it is read into the block, which grows. */
static bool read_and_copy(struct producer *producer, int fd, const char *path) {
    struct block *block = &producer->block;
    enum outcome outcome;
    do {
        if (block->used > TORC_MAX_EVENT) {
            return skip(producer, path, "larger than an event can be");
        }
        if (!block_reserve(block, 2 * block->used)) {
            return skip(producer, path, strerror(ENOMEM));
        }
        outcome = read_up_to(producer, fd, block->data, block->capacity, &block->used);
    } while (outcome == READ_SOME);
    if (outcome == READ_END && block->used <= TORC_MAX_EVENT) {
        return producer_deliver(producer, kind_of(block->data, block->used), block->data, block->used);
    }
    if (outcome == READ_END) {
        return skip(producer, path, "larger than an event can be");
    }
    return outcome == READ_FAILED && skip(producer, path, strerror(errno));
}

bool whole_file(struct producer *producer, int fd, const char *path) {
    struct block *block = &producer->block;
    struct stat state;
    enum outcome outcome;
    block->used = 0;
    if (fstat(fd, &state) != 0 || !block_reserve(block, HEAD + 1)) {
        return skip(producer, path, strerror(errno));
    }
    outcome = read_up_to(producer, fd, block->data, HEAD + 1, &block->used);
    if (outcome == READ_END) {
        return producer_deliver(producer, kind_of(block->data, block->used), block->data, block->used);
    }
    if (outcome != READ_SOME) {
        return outcome == READ_FAILED && skip(producer, path, strerror(errno));
    }
    if (!S_ISREG(state.st_mode) || state.st_size <= (off_t)block->used) {
        return read_and_copy(producer, fd, path);
    }
    if ((uint64_t)state.st_size > TORC_MAX_EVENT) {
        return skip(producer, path, "larger than an event can be");
    }
    return read_in_place(producer, fd, path, (size_t)state.st_size);
}
