/* segment.c - the actor that appends every record to the segment. */
#include "actors.h"
#include "format.h"

enum torc_action segment_handle(void *context, struct torc_ringptr record) {
    struct worker *worker = context;
    size_t length = torc_ringptr_length(record);
    unsigned char prefix[PREFIX_BYTES];
    if (worker->failed) {
        return TORC_CONTINUE;
    }
    put_u32(prefix, (uint32_t)length);
    put_u32(prefix + PREFIX_KIND, torc_ringptr_type(record));
    if (!sink_put(&worker->sink, prefix, sizeof prefix) ||
        !sink_put(&worker->sink, torc_ringptr_data(record), length)) {
        worker_fail(worker, worker->sink.name, worker->sink.error);
        return TORC_CONTINUE;
    }
    worker->handled++;
    return TORC_CONTINUE;
}
