/* dispatch.h - the one reader of a run: keeps a handle to each event and sends clones to the actors. */
#ifndef TORC_CMD_DISPATCH_H
#define TORC_CMD_DISPATCH_H

#include <pthread.h>
#include <stdint.h>

#include <torc.h>

#include "actors.h"
#include "control.h"

/* Payloads by where they travelled: inline in the lane, or in a slot of one of the six shirts. */
#define SIZES (TORC_INLINE_EVENT + 1)

struct dispatcher {
    struct torc_reader *reader;
    struct worker *workers; /* [WORKERS] */
    struct control *control;
    pthread_t thread;
    uint64_t dispatched; /* events seen; this and the following: after the thread was joined */
    uint64_t events[SIZES];
    uint64_t bytes[SIZES];
};

/* dispatch_main: the thread's whole life, until the bus is closed and everything is read. */
void *dispatch_main(void *argument);

#endif
