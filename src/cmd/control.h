/* control.h - how a run is stopped: by a signal, by a failure in any thread, or because the input has ended.
 *
 * Two eventfds carry the news. `wake` is read by the main thread alone, which sleeps on it. `stopped` is written
 * once and never read, so that every producer that polls its input together with it sees it for ever. */
#ifndef TORC_CMD_CONTROL_H
#define TORC_CMD_CONTROL_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <torc.h>

struct control {
    atomic_bool stop;             /* producers take no further record */
    atomic_bool failed;           /* the run cannot be completed */
    atomic_uint_fast32_t running; /* producers that are at work */
    int wake;
    int stopped;
    sigset_t outside; /* the signal mask the process came with */
};

/* control_open: installs the handlers of SIGINT, SIGTERM and SIGHUP and blocks the three in this thread and those it
 * starts from now on. Tells why it failed. control_close: once no thread uses it. */
bool control_open(struct control *control);
void control_close(struct control *control);

/* control_fail: marks the run as failed and has the main thread stop it. The caller has told why. Any thread. */
void control_fail(struct control *control);

/* control_producer_ended: one of `running` less. Any thread. */
void control_producer_ended(struct control *control);

/* control_stopping: no further record shall be taken. Any thread. */
static inline bool control_stopping(struct control *control) {
    return atomic_load_explicit(&control->stop, memory_order_acquire);
}

/* control_readable: waits until fd has something to read, or has ended; false: the run stops. Any thread. */
bool control_readable(struct control *control, int fd);

/* control_wait: the main thread's sleep until all producers have ended. Stops them (and closes the bus, so that
 * nobody stays in a publish) on a signal or failure. Calls tick(context) every 200 ms unless it is NULL. */
void control_wait(struct control *control, struct torc_bus *bus, void (*tick)(void *), void *context);

/* control_signal: the signal that came, or 0. */
int control_signal(void);

#endif
