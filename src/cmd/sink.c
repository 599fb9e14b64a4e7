/* sink.c - where an actor's bytes go. */
#include "sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sink_open(struct sink *sink, int fd, const char *name) {
    *sink = (struct sink){.fd = fd, .name = name};
    sink->buffer = malloc(SINK_BUFFER);
    return sink->buffer != NULL;
}

void sink_close(struct sink *sink) {
    free(sink->buffer);
    sink->buffer = NULL;
}

bool write_all(int fd, const void *data, size_t length) {
    const unsigned char *at = data;
    while (length != 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return false;
        }
        at += written;
        length -= (size_t)written;
    }
    return true;
}

static bool write_out(struct sink *sink, const void *data, size_t length) {
    if (sink->fd >= 0 && !write_all(sink->fd, data, length)) {
        sink->error = errno;
        return false;
    }
    return true;
}

bool sink_flush(struct sink *sink) {
    size_t used = sink->used;
    if (sink->error != 0) {
        return false;
    }
    sink->used = 0;
    return write_out(sink, sink->buffer, used);
}

bool sink_put(struct sink *sink, const void *data, size_t length) {
    if (sink->error != 0 || (length > SINK_BUFFER - sink->used && !sink_flush(sink))) {
        return false;
    }
    if (length > SINK_BUFFER) {
        if (!write_out(sink, data, length)) {
            return false;
        }
    } else if (length != 0) {
        memcpy(sink->buffer + sink->used, data, length);
        sink->used += length;
    }
    sink->bytes += length;
    return true;
}
