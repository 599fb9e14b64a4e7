/* actors.h - the three actors of a run. Each handles every record, in the order in which they were dispatched.
 *
 * An actor that fails says so once, has the run stopped, and from then on lets messages pass: their references are
 * released and nobody waits for it. How many records it handled is in `handled`. */
#ifndef TORC_CMD_ACTORS_H
#define TORC_CMD_ACTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <torc.h>

#include "control.h"
#include "hash.h"
#include "mmr.h"
#include "sink.h"

#define WORKERS 3
#define MAILBOX 1023 /* messages */
enum worker_name { SEGMENT = 0, MMR, INDEX };

/* What all three have. */
struct worker {
    const char *name;
    enum torc_action (*handle)(void *context, struct torc_ringptr record);
    struct control *control;
    const char *directory; /* for messages; NULL: nothing is written */
    bool failed;           /* the rest belongs to the actor's thread until it is stopped */
    uint64_t handled;
    uint64_t position; /* the next record's offset in the segment (index) */
    struct sink sink;  /* segment, index */
    struct hasher hasher;
    struct mmr mmr;
    struct torc_actor *actor;
    struct torc_actor_stats stats; /* final */
};

/* worker_open: prepares one of the three; `fd` is the file it writes, -1 for none. Tells why it failed.
 * worker_close: frees what it has, after its actor was stopped or was never started. */
bool worker_open(struct worker *worker, enum worker_name name, struct control *control, const char *directory, int fd);
void worker_close(struct worker *worker);

/* worker_fail: tells that `what` failed with errno `error`, once. */
void worker_fail(struct worker *worker, const char *what, int error);

/* worker_flush: what its sink buffers goes to the file. After its actor was stopped. */
void worker_flush(struct worker *worker);

/* The handlers (segment.c, index.c, fold.c). The context is the struct worker. */
enum torc_action segment_handle(void *context, struct torc_ringptr record);
enum torc_action index_handle(void *context, struct torc_ringptr record);
enum torc_action fold_handle(void *context, struct torc_ringptr record);

#endif
