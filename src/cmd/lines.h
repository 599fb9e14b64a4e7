/* lines.h - a stream of lines, handed out in stretches of whole consecutive lines.
 *
 * A producer takes a stretch under the source's lock and publishes its lines without it. So a source may be one
 * producer's own, or shared by several that take turns. */
#ifndef TORC_CMD_LINES_H
#define TORC_CMD_LINES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "control.h"

/* Bytes with an owner; grows. */
struct block {
    unsigned char *data;
    size_t used;
    size_t capacity;
};

struct line_source {
    pthread_mutex_t lock;
    struct control *control;
    const char *path;
    int fd;
    struct block tail; /* the beginning of a line whose end was not read yet */
    bool ended;
};

/* lines_open: reads from fd, which stays the caller's. lines_close: frees the rest. */
void lines_open(struct line_source *source, struct control *control, int fd, const char *path);
void lines_close(struct line_source *source);

/* lines_take: the next stretch: lines with their newlines, of which only the very last may have none. 1: some; 0: the
 * end, or the run stops; -1: a failure, which has been told. Any thread. */
int lines_take(struct line_source *source, struct block *block);

/* block_reserve: room for `capacity` bytes. false: no memory. block_free: gives it back. */
bool block_reserve(struct block *block, size_t capacity);
void block_free(struct block *block);

#endif
