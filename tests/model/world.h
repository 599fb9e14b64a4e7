/* world.h - the smallest bus a scenario can do with, and what scenarios over the library share. */
#ifndef TORC_TESTS_MODEL_WORLD_H
#define TORC_TESTS_MODEL_WORLD_H

#include "model.h"

#include <torc.h>

/* Opened in setup; NULL or zero where not used. Constant while threads run. */
struct world {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    struct torc_reader *second;
};
extern struct world w;

/* One topic, publisher and reader, a lane of two entries, no pools; a scenario raises what it needs. */
struct torc_config tiny_config(void);

/* open_bus: bus and topic "t" (flags 0; open_order: TOTAL_ORDER). open_world: publisher and reader (NEXT) as well.
 * Parts of the bus get names. */
void open_bus(const struct torc_config *config);
void open_order(const struct torc_config *config);
void open_world(const struct torc_config *config);
struct torc_publisher *open_publisher(enum torc_wait wait, enum torc_dry dry);
struct torc_reader *open_reader(enum torc_join join);

/* In check(): closes what w has open, destroys the bus; every slot must be back and nothing left on the heap.
 * close_bus: other things may be on the heap. */
void close_world(void);
void close_bus(void);
/* In check(): the audit finds nothing and `outstanding` slots are held by handles. */
void audit_world(uint64_t outstanding);

/* Events as numbers: payload of `length` bytes that all follow from the number, checked whole. */
int put(struct torc_publisher *publisher, uint64_t number, size_t length);
uint64_t number_of(const struct torc_event *event);
uint64_t number_in(const void *data, size_t length);

/* A handle of 16 bytes of the publisher's, filled with `number`; read and released. */
int claim_number(struct torc_ringptr *ptr, uint64_t number);
void release_number(struct torc_ringptr ptr, uint64_t number);

void fill_number(void *data, size_t length, uint64_t number);

/* Takes events until `count` came, pausing when there is none; each must be the one after the last, from `first` on. */
void take_run(struct torc_reader *reader, uint64_t first, uint64_t count);
/* Takes what follows event `last` until the reader is told that the bus is closed; returns the last one that came. */
uint64_t take_to_end(struct torc_reader *reader, uint64_t last);
/* As take_run, asleep, and gives the last one back. */
void take_asleep(struct torc_reader *reader, uint64_t first, uint64_t count);

#define model_assert_status(call, status) model_assert_equal((int64_t)(call), (int64_t)(status))

#endif
