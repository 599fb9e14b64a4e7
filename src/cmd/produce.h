/* produce.h - producer threads: take inputs, cut them into records, publish each. */
#ifndef TORC_CMD_PRODUCE_H
#define TORC_CMD_PRODUCE_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include <torc.h>

#include "control.h"
#include "input.h"
#include "lines.h"
#include "options.h"

/* What the producers of a run share. */
struct feed {
    const struct inputs *inputs;
    enum records records;
    struct control *control;
    atomic_size_t next;         /* the next input nobody has taken */
    atomic_bool failed;         /* an input could not be read to its end; it has been told which */
    struct line_source *shared; /* the only input, if it is read as lines by several; else NULL */
};

/* Counters: written by the producer's thread, read by any. */
struct producer {
    alignas(64) atomic_uint_fast64_t events; /* records read */
    atomic_uint_fast64_t bytes;              /* in them */
    atomic_uint_fast64_t published;          /* accepted by the bus */
    struct feed *feed;
    struct torc_publisher *publisher;
    struct block block; /* where input is read to */
    pthread_t thread;
};

/* producer_main: a thread's whole life; the argument is its struct producer. Says control_producer_ended() at the
 * end. */
void *producer_main(void *argument);

/* feed_lines: whether this input is read as lines. */
bool feed_lines(const struct feed *feed, const struct input *input);

/* feed_open: a file descriptor for this input, or -1 and it has been told why; feed_close: unless it is standard
 * input. */
int feed_open(struct feed *feed, const struct input *input);
void feed_close(const struct input *input, int fd);

/* producer_deliver: publishes one record from memory; producer_account: does the books for one that was published in
 * another way. false: take no further record. */
bool producer_deliver(struct producer *producer, uint32_t kind, const void *data, size_t length);
bool producer_account(struct producer *producer, int status, size_t length);

/* whole_file: publishes everything fd has as one record (whole.c). false: take no further record. */
bool whole_file(struct producer *producer, int fd, const char *path);

#endif
