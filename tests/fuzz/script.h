/* script.h - the script target: an input decoded into operations, each judged by the model. */
#ifndef TORC_TESTS_FUZZ_SCRIPT_H
#define TORC_TESTS_FUZZ_SCRIPT_H

#include "model.h"

#define PAST UINT64_C(1) /* a deadline that has passed */

struct script {
    struct input input;
    struct torc_bus *bus;
    void *memory; /* what the bus lies in, if it is ours */
    bool over;
};
extern struct script script;

static inline uint32_t choose(uint32_t n) {
    return take_below(&script.input, n);
}
/* An open one of each kind, or NULL. */
struct publisher *choose_publisher(void);
struct reader *choose_reader(void);
struct handle *choose_handle(bool live);
struct handle *free_handle(void);
size_t choose_length(void);

/* Asserts one status. */
void expect(int status, int wanted, const char *what);

/* script_bus.c */
bool bus_begin(void);
void bus_end(void);
void op_topic(void);
void op_close(void);
void op_drain(void);
void op_destroy(void);
void op_provider(void);
void op_bad_bus(void);

/* script_stats.c */
void op_stats(void);
void op_audit(void);

/* script_publisher.c */
void op_publisher_open(void);
void op_publisher_close(void);
void close_publisher(struct publisher *publisher);
void op_bad_publisher(void);

/* script_publish.c */
void op_publish(void);
void op_publish_batch(void);
void op_ringptr_claim(void);
bool publish_one(struct publisher *publisher, size_t length, uint32_t form);
/* Judges the answer to one event of a publish or claim, and notes the event as open in the lane. taken:
 * watch_pools's. */
struct asked {
    struct publisher *publisher;
    uint32_t serial, type;
    size_t length;
    int when_blocked;
};
struct event *judge_event(const struct asked *asked, int status, uint64_t taken[POOLS]);
/* A batch that took fewer than asked: the next must have been impossible. */
void judge_short(const struct asked *asked);
bool inlined(const struct publisher *publisher, size_t length);
bool returns(const struct publisher *publisher, size_t length, size_t count);

/* script_claim.c */
void op_claim(void);
void op_claim_batch(void);
void op_settle(void);
void op_settle_batch(void);
void op_bad_claim(void);
void claims_forget(struct publisher *publisher);

/* script_reader.c */
void op_reader_open(void);
void op_reader_close(void);
void op_detach(void);
void close_reader(struct reader *reader);
void note_leaving(struct reader *reader, bool must);

/* script_read.c */
void op_next(void);
void op_poll(void);
void op_wait(void);
void op_advance(void);
void op_reader_state(void);

/* script_keep.c, script_handle.c */
void op_keep(void);
void keep_event(struct reader *reader, const struct given *given, bool current, uint32_t form);
void op_clone(void);
void op_release(void);
void op_stale(void);
void op_inspect(void);
void op_limit(void);
void check_handle(const struct handle *handle);
void release_handle(struct handle *handle);

#endif
