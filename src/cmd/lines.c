/* lines.c - a stream of lines, handed out in stretches. */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

#define STRETCH ((size_t)64 * 1024)

bool block_reserve(struct block *block, size_t capacity) {
    unsigned char *data;
    if (capacity <= block->capacity) {
        return true;
    }
    data = realloc(block->data, capacity);
    if (data == NULL) {
        return false;
    }
    block->data = data;
    block->capacity = capacity;
    return true;
}

void block_free(struct block *block) {
    free(block->data);
    *block = (struct block){0};
}

void lines_open(struct line_source *source, struct control *control, int fd, const char *path) {
    *source = (struct line_source){.control = control, .path = path, .fd = fd};
    (void)pthread_mutex_init(&source->lock, NULL); /* default attributes: cannot fail */
}

void lines_close(struct line_source *source) {
    block_free(&source->tail);
    (void)pthread_mutex_destroy(&source->lock);
}

static int fail(struct line_source *source, const char *why) {
    complain("%s: %s", source->path, why);
    source->ended = true;
    return -1;
}

/* Room for at least one more byte than there is. Only a line longer than a stretch makes a block grow. */
static int make_room(struct line_source *source, struct block *block) {
    size_t capacity = block->capacity < STRETCH ? STRETCH : block->capacity;
    if (block->used > TORC_MAX_EVENT) {
        return fail(source, "a line is longer than an event can be");
    }
    if (block->used == capacity) {
        capacity *= 2;
    }
    return block_reserve(block, capacity) ? 1 : fail(source, strerror(ENOMEM));
}

/* One read() behind what the block holds. 1: there is more; 0: the end of the input; -1. */
static int read_more(struct line_source *source, struct block *block) {
    ssize_t got;
    do {
        if (!control_readable(source->control, source->fd)) {
            return 0;
        }
        got = read(source->fd, block->data + block->used, block->capacity - block->used);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0) {
        return fail(source, strerror(errno));
    }
    block->used += (size_t)got;
    return got > 0;
}

/* What stands behind the last newline waits for its end in the tail. */
static int cut(struct line_source *source, struct block *block, size_t length) {
    size_t rest = block->used - length;
    if (!block_reserve(&source->tail, rest)) {
        return fail(source, strerror(ENOMEM));
    }
    if (rest != 0) {
        memcpy(source->tail.data, block->data + length, rest);
    }
    source->tail.used = rest;
    block->used = length;
    return 1;
}

static int fill(struct line_source *source, struct block *block) {
    block->used = 0;
    if (!block_reserve(block, source->tail.used)) {
        return fail(source, strerror(ENOMEM));
    }
    if (source->tail.used != 0) {
        memcpy(block->data, source->tail.data, source->tail.used);
        block->used = source->tail.used;
        source->tail.used = 0;
    }
    for (;;) {
        size_t before = block->used;
        const unsigned char *newline;
        int more = make_room(source, block);
        if (more > 0) {
            more = read_more(source, block);
        }
        if (more <= 0) { /* a line cut off by a stop is not published: its producer looks at the flag first */
            source->ended = true;
            return more < 0 ? -1 : block->used != 0;
        }
        newline = memrchr(block->data + before, '\n', block->used - before);
        if (newline != NULL) {
            return cut(source, block, (size_t)(newline + 1 - block->data));
        }
    }
}

int lines_take(struct line_source *source, struct block *block) {
    int result = 0;
    (void)pthread_mutex_lock(&source->lock);
    if (!source->ended && !control_stopping(source->control)) {
        result = fill(source, block);
    }
    (void)pthread_mutex_unlock(&source->lock);
    return result;
}
