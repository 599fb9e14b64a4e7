/* index.c - the actor that writes where each record is and what its payload hashes to.
 *
 * It needs no word from the segment actor: both see the same records in the same order, so it knows every offset by
 * adding up lengths. */
#include <errno.h>

#include "actors.h"
#include "format.h"

enum torc_action index_handle(void *context, struct torc_ringptr record) {
    struct worker *worker = context;
    size_t length = torc_ringptr_length(record);
    unsigned char entry[ENTRY_BYTES];
    if (worker->failed) {
        return TORC_CONTINUE;
    }
    put_u64(entry, worker->position);
    put_u32(entry + ENTRY_LENGTH, (uint32_t)length);
    put_u32(entry + ENTRY_KIND, torc_ringptr_type(record));
    if (!hash_begin(&worker->hasher) || !hash_add(&worker->hasher, torc_ringptr_data(record), length) ||
        !hash_end(&worker->hasher, entry + ENTRY_HASH)) {
        worker_fail(worker, "index hash", EIO);
        return TORC_CONTINUE;
    }
    if (!sink_put(&worker->sink, entry, sizeof entry)) {
        worker_fail(worker, worker->sink.name, worker->sink.error);
        return TORC_CONTINUE;
    }
    worker->position += PREFIX_BYTES + length;
    worker->handled++;
    return TORC_CONTINUE;
}
