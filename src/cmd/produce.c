/* produce.c - producer threads. */
#include "produce.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "format.h"

/* A plain load and store is enough: one writer. */
static void add(atomic_uint_fast64_t *counter, uint64_t n) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/* A record that the bus refused because the run is being stopped goes back to the input, so to speak: it is not
 * counted. Any other refusal is a record read and lost. */
bool producer_account(struct producer *producer, int status, size_t length) {
    struct control *control = producer->feed->control;
    if (status == TORC_CLOSED && control_stopping(control)) {
        return false;
    }
    add(&producer->events, 1);
    add(&producer->bytes, length);
    if (status != TORC_OK) {
        complain("publish: %s", torc_strerror(status));
        control_fail(control);
        return false;
    }
    add(&producer->published, 1);
    return true;
}

bool producer_deliver(struct producer *producer, uint32_t kind, const void *data, size_t length) {
    return producer_account(producer, torc_publish(producer->publisher, kind, data, length), length);
}

bool feed_lines(const struct feed *feed, const struct input *input) {
    return feed->records == RECORDS_LINES || (feed->records == RECORDS_AUTO && input->standard);
}

/* O_NONBLOCK: a pipe without a writer shall be waited for in poll(), where a stop is noticed. */
int feed_open(struct feed *feed, const struct input *input) {
    int fd = input->standard ? STDIN_FILENO : open(input->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        complain("%s: %s", input->path, strerror(errno));
        atomic_store_explicit(&feed->failed, true, memory_order_relaxed);
    }
    return fd;
}

void feed_close(const struct input *input, int fd) {
    if (!input->standard) {
        close(fd);
    }
}

static bool publish_stretch(struct producer *producer, const struct block *block) {
    const unsigned char *at = block->data;
    const unsigned char *end = block->data + block->used;
    while (at < end) {
        const unsigned char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);
        if (control_stopping(producer->feed->control) || !producer_deliver(producer, KIND_LINE, at, length)) {
            return false;
        }
        at += length + (newline != NULL);
    }
    return true;
}

static bool produce_lines(struct producer *producer, struct line_source *source) {
    int taken;
    while ((taken = lines_take(source, &producer->block)) > 0) {
        if (!publish_stretch(producer, &producer->block)) {
            return false;
        }
    }
    if (taken < 0) {
        atomic_store_explicit(&producer->feed->failed, true, memory_order_relaxed);
    }
    return true;
}

/* false: take no further input. */
static bool produce_input(struct producer *producer, const struct input *input) {
    struct feed *feed = producer->feed;
    int fd = feed_open(feed, input);
    bool more;
    if (fd < 0) {
        return true;
    }
    if (feed_lines(feed, input)) {
        struct line_source source;
        lines_open(&source, feed->control, fd, input->path);
        more = produce_lines(producer, &source);
        lines_close(&source);
    } else {
        more = whole_file(producer, fd, input->path);
    }
    feed_close(input, fd);
    return more;
}

static void produce_all(struct producer *producer) {
    struct feed *feed = producer->feed;
    while (!control_stopping(feed->control)) {
        size_t index = atomic_fetch_add_explicit(&feed->next, 1, memory_order_relaxed);
        if (index >= feed->inputs->count || !produce_input(producer, &feed->inputs->items[index])) {
            return;
        }
    }
}

void *producer_main(void *argument) {
    struct producer *producer = argument;
    if (producer->feed->shared != NULL) {
        (void)produce_lines(producer, producer->feed->shared);
    } else {
        produce_all(producer);
    }
    block_free(&producer->block);
    control_producer_ended(producer->feed->control);
    return NULL;
}
