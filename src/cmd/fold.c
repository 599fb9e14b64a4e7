/* fold.c - the actor that folds every payload into the Merkle Mountain Range. */
#include <errno.h>

#include "actors.h"

enum torc_action fold_handle(void *context, struct torc_ringptr record) {
    struct worker *worker = context;
    if (worker->failed) {
        return TORC_CONTINUE;
    }
    if (!mmr_append(&worker->mmr, torc_ringptr_data(record), torc_ringptr_length(record))) {
        worker_fail(worker, "root hash", EIO);
        return TORC_CONTINUE;
    }
    worker->handled++;
    return TORC_CONTINUE;
}
