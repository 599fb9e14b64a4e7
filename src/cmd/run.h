/* run.h - the main job: everything one `torc run` owns. */
#ifndef TORC_CMD_RUN_H
#define TORC_CMD_RUN_H

#include "actors.h"
#include "control.h"
#include "dispatch.h"
#include "input.h"
#include "log.h"
#include "options.h"
#include "produce.h"
#include "report.h"
#include "watch.h"

struct run {
    struct run_options options;
    struct inputs inputs;
    struct control control;
    struct log log;
    struct torc_config config;
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct worker workers[WORKERS];
    struct dispatcher dispatcher;
    struct feed feed;
    struct line_source shared; /* in use if feed.shared points here */
    int shared_fd;
    struct producer *producers; /* [options.producers] */
    uint32_t started;           /* producer threads */
    bool dispatching;           /* the dispatcher has a thread to join */
    uint64_t began;             /* torc_now() */
    struct watch watch;
    bool terminal; /* stderr is one: a progress line is shown */
    bool failed;   /* something in the run itself went wrong; it has been told what */
};

/* setup_open: everything up to, and with, the dispatcher's thread. false: it has been told why, and all is undone
 * (setup.c). */
bool setup_open(struct run *run);

/* setup_finish: ends publishing, and returns when the dispatcher has read everything and the actors have handled it. */
void setup_finish(struct run *run);

/* setup_close: closes and frees what setup_open made, after setup_finish. *leaked receives the slots that are still
 * held. */
void setup_close(struct run *run, uint64_t *leaked);

#endif
