/* actors.c - what the three actors of a run have in common. */
#include "actors.h"

#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "format.h"

static const struct {
    const char *name;
    const char *file;
    enum torc_action (*handle)(void *context, struct torc_ringptr record);
} parts[WORKERS] = {[SEGMENT] = {"segment", SEGMENT_NAME, segment_handle},
                    [MMR] = {"mmr", NULL, fold_handle},
                    [INDEX] = {"index", INDEX_NAME, index_handle}};

bool worker_open(struct worker *worker, enum worker_name name, struct control *control, const char *directory, int fd) {
    bool fine = true;
    *worker = (struct worker){.name = parts[name].name,
                              .handle = parts[name].handle,
                              .control = control,
                              .directory = directory,
                              .position = HEADER_BYTES};
    if (name == MMR) {
        fine = mmr_open(&worker->mmr);
    } else {
        fine = sink_open(&worker->sink, fd, parts[name].file) && (name == SEGMENT || hasher_open(&worker->hasher));
    }
    if (!fine) {
        complain("%s: %s", worker->name, strerror(ENOMEM));
    }
    return fine;
}

void worker_close(struct worker *worker) {
    sink_close(&worker->sink);
    hasher_close(&worker->hasher);
    mmr_close(&worker->mmr);
}

void worker_fail(struct worker *worker, const char *what, int error) {
    if (worker->failed) {
        return;
    }
    worker->failed = true;
    if (worker->directory != NULL) {
        complain("%s/%s: %s", worker->directory, what, strerror(error));
    } else {
        complain("%s: %s", what, strerror(error));
    }
    control_fail(worker->control);
}

void worker_flush(struct worker *worker) {
    if (!worker->failed && worker->sink.buffer != NULL && !sink_flush(&worker->sink)) {
        worker_fail(worker, worker->sink.name, worker->sink.error);
    }
}
