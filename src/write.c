/* src/write.c - writing a snapshot: to whoever takes the text, or into a buffer. */
#include "figures.h"

#include <string.h>
#include <torc/status.h>

int torc_snapshot_write(const struct torc_snapshot *snapshot, const struct torc_snapshot_style *style, torc_write write,
                        void *context) {
    struct output out = {.write = write, .context = context, .status = TORC_OK};
    if (snapshot == NULL || style == NULL || write == NULL) {
        return TORC_INVALID;
    }
    switch (style->format) {
    case TORC_TEXT:
        torc_write_text(&out, snapshot, style);
        break;
    case TORC_JSON:
        torc_write_json(&out, snapshot, style->name);
        break;
    case TORC_PROMETHEUS:
        torc_write_prometheus(&out, snapshot, style->name);
        break;
    default:
        return TORC_INVALID;
    }
    return torc_put_end(&out);
}

struct buffer {
    char *at;
    size_t bytes;
    size_t length; /* of all that was written, also of what did not fit */
};

static int keep_part(void *context, const char *text, size_t length) {
    struct buffer *buffer = context;
    if (buffer->length < buffer->bytes) {
        size_t left = buffer->bytes - buffer->length;
        memcpy(buffer->at + buffer->length, text, length < left ? length : left);
    }
    buffer->length += length;
    return TORC_OK;
}

int torc_snapshot_print(const struct torc_snapshot *snapshot, const struct torc_snapshot_style *style, char *buffer,
                        size_t bytes, size_t *length) {
    struct buffer into = {buffer, bytes == 0 ? 0 : bytes - 1, 0};
    int status;
    if (buffer == NULL && bytes != 0) {
        return TORC_INVALID;
    }
    status = torc_snapshot_write(snapshot, style, keep_part, &into);
    if (status != TORC_OK) {
        return status;
    }
    if (length != NULL) {
        *length = into.length;
    }
    if (bytes != 0) {
        buffer[into.length < into.bytes ? into.length : into.bytes] = '\0';
    }
    return into.length < bytes ? TORC_OK : TORC_NO_ROOM;
}
