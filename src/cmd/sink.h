/* sink.h - where an actor's bytes go: through a buffer into a file, or nowhere but into a count. */
#ifndef TORC_CMD_SINK_H
#define TORC_CMD_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_BUFFER ((size_t)256 * 1024)

struct sink {
    int fd; /* -1: count only */
    const char *name;
    unsigned char *buffer;
    size_t used;
    uint64_t bytes; /* accepted so far */
    int error;      /* errno of the first failure; nothing is accepted after it */
};

/* sink_open: fd -1 for a sink that only counts. The fd stays the caller's. false: no memory. */
bool sink_open(struct sink *sink, int fd, const char *name);
void sink_close(struct sink *sink); /* frees the buffer, flushes nothing */

/* sink_put: accepts bytes; sink_flush: what is buffered goes to the file. false: see `error`. */
bool sink_put(struct sink *sink, const void *data, size_t length);
bool sink_flush(struct sink *sink);

/* write_all: writes everything or returns false with errno set; what did fit is in the file. */
bool write_all(int fd, const void *data, size_t length);

#endif
