/* helpers.h - what the unit tests share: the world of one test, one-line steps in it, and the list of suites.
 *
 * A test works on `t`: a small bus with one topic, one publisher and one reader. The fixtures open it and, after the
 * test, audit it, close it, audit it again and destroy it, so that every test also proves that no slot was lost or
 * leaked. */
#ifndef TORC_TESTS_UNIT_HELPERS_H
#define TORC_TESTS_UNIT_HELPERS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc.h>

#include "chance.h"

/* The world of the running test. Members that are NULL are not open. */
struct world {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
};
extern struct world t;

#define LANE 8           /* entries of a lane in the small configuration */
#define PAST UINT64_C(1) /* a deadline that has passed */
#define HANG 600 /* seconds after which a test is taken to hang: no test takes one, but the machine may stand still */

/* A status compared by name, so that a failure reads well. Looked at before check is asked, which writes a record for
 * every assertion it evaluates. */
#define assert_status(call, expected)                                                                                  \
    do {                                                                                                               \
        int status_got = (call);                                                                                       \
        if (status_got != (expected)) {                                                                                \
            fail_status(__FILE__, __LINE__, #call, status_got, (expected));                                            \
        }                                                                                                              \
    } while (0)
#define assert_ok(call) assert_status(call, TORC_OK)
_Noreturn void fail_status(const char *file, int line, const char *text, int got, int expected);

/* Configurations and fixtures. small_config: a bus of some 60 KB; 4 topics, publishers, readers and actors. */
struct torc_config small_config(void);
void open_world(const struct torc_config *config); /* bus, topic "t", publisher, reader */
void open_bus(const struct torc_config *config);   /* bus and topic only */
void setup_world(void);                            /* open_world(small_config) */
void setup_bus(void);                              /* open_bus(small_config) */
void open_order(const struct torc_config *config);
void setup_order(void);    /* bus, topic "t" of total order, reader */
void teardown_world(void); /* audits, closes what is open, destroys */
void close_ends(void);     /* closes t.reader and t.publisher */
void assert_audit(struct torc_bus *bus);
void assert_corrupt(struct torc_bus *bus); /* the audit must find something and say what */

/* Further ends; the test closes them. */
struct torc_publisher *open_publisher(struct torc_topic *topic, enum torc_dry dry);
struct torc_reader *open_reader(struct torc_topic *topic, enum torc_join join);
struct torc_topic *open_topic(const char *name);

/* Numbers as events: put publishes one without waiting, put_run as many as the caller knows to fit, take reads the next
 * and asserts what it is. */
int put(struct torc_publisher *publisher, uint64_t number);
void put_run(struct torc_publisher *publisher, uint64_t first, uint64_t count);
void take(struct torc_reader *reader, uint64_t number);
void take_run(struct torc_reader *reader, uint64_t first, uint64_t count);
void take_none(struct torc_reader *reader);
uint64_t number_of(const struct torc_event *event);
/* Numbers to the end, in order and every gap told before. Returns how many came; *lost receives how many did not. */
uint64_t read_with_losses(struct torc_reader *reader, uint64_t first, uint64_t *lost);

/* Payloads with a pattern (chance.h). */
int put_filled(struct torc_publisher *publisher, size_t length, uint32_t seed);
void take_filled(struct torc_reader *reader, size_t length, uint32_t seed);

/* Handles. */
struct torc_ringptr claim_handle(size_t length);                          /* from t.publisher, filled with seed 7 */
struct torc_ringptr keep_next(struct torc_reader *reader);                /* reads the next event and keeps it */
uint32_t slot_index(const struct torc_bus *bus, struct torc_ringptr ptr); /* its place in its pool */
uint64_t outstanding(void);                                               /* slots held by handles on t.bus */
struct torc_pool_stats pool_stats(uint32_t shirt);                        /* of t.bus */

/* A handler that counts, stops after `stop_after` events if that is not 0, and remembers the last number. */
struct counted {
    uint64_t calls, last, stop_after;
};
enum torc_action count_events(void *context, const struct torc_event *event);

/* An actor's handler that does nothing. */
enum torc_action ignore_message(void *context, struct torc_ringptr message);

/* A suite of one case: fixtures and a watchdog for tests that hang. */
TCase *add_case(Suite *suite, const char *name, void (*setup)(void));

/* One suite per noun. */
#define SUITES(X)                                                                                                      \
    X(status)                                                                                                          \
    X(time)                                                                                                            \
    X(atomic)                                                                                                          \
    X(config)                                                                                                          \
    X(arguments)                                                                                                       \
    X(ringptr)                                                                                                         \
    X(forged)                                                                                                          \
    X(limits)                                                                                                          \
    X(pool)                                                                                                            \
    X(dry)                                                                                                             \
    X(xxl)                                                                                                             \
    X(publisher)                                                                                                       \
    X(claim)                                                                                                           \
    X(batch)                                                                                                           \
    X(array)                                                                                                           \
    X(sequence)                                                                                                        \
    X(reader)                                                                                                          \
    X(poll)                                                                                                            \
    X(manual)                                                                                                          \
    X(keep)                                                                                                            \
    X(corners)                                                                                                         \
    X(join)                                                                                                            \
    X(lossy)                                                                                                           \
    X(lag)                                                                                                             \
    X(detach)                                                                                                          \
    X(topic)                                                                                                           \
    X(bus)                                                                                                             \
    X(waiting)                                                                                                         \
    X(churn)                                                                                                           \
    X(audit)                                                                                                           \
    X(actor)                                                                                                           \
    X(inside)                                                                                                          \
    X(mailbox)                                                                                                         \
    X(unwind)                                                                                                          \
    X(region)                                                                                                          \
    X(region_valid)                                                                                                    \
    X(region_fuzz)                                                                                                     \
    X(xxl_area)                                                                                                        \
    X(arena)                                                                                                           \
    X(arena_buffers)                                                                                                   \
    X(arena_life)                                                                                                      \
    X(arena_bus)                                                                                                       \
    X(arena_fuzz)                                                                                                      \
    X(grower)                                                                                                          \
    X(heap)                                                                                                            \
    X(heap_resize)                                                                                                     \
    X(heap_fuzz)                                                                                                       \
    X(heap_damage)                                                                                                     \
    X(heap_threads)                                                                                                    \
    X(heap_bus)                                                                                                        \
    X(arena_copies)                                                                                                    \
    X(evict)                                                                                                           \
    X(after)                                                                                                           \
    X(seek)                                                                                                            \
    X(lifecycle)                                                                                                       \
    X(fork)                                                                                                            \
    X(snapshot)                                                                                                        \
    X(handler)                                                                                                         \
    X(event_loop)                                                                                                      \
    X(waitset)                                                                                                         \
    X(pipe)                                                                                                            \
    X(request)                                                                                                         \
    X(deadlines)                                                                                                       \
    X(group)                                                                                                           \
    X(merge)                                                                                                           \
    X(sequencer)                                                                                                       \
    X(total_order)                                                                                                     \
    X(evict_slots)                                                                                                     \
    X(signals)                                                                                                         \
    X(conflate)                                                                                                        \
    X(group_batch)                                                                                                     \
    X(pool_order)                                                                                                      \
    X(after_asleep)                                                                                                    \
    X(join_at)                                                                                                         \
    X(handler_end)                                                                                                     \
    X(arena_edges)                                                                                                     \
    X(heap_edges)                                                                                                      \
    X(wide)                                                                                                            \
    X(recent)
#define DECLARE_SUITE(name) Suite *name##_suite(void);
SUITES(DECLARE_SUITE)
#undef DECLARE_SUITE

#endif
