/* engine.h - what every stress program shares.
 *
 *   engine.c          arguments, failure, watchdog, threads
 *   engine_watch.c    the objects under test and the diagnosis printed when something fails or hangs
 *   engine_pattern.c  payloads that name their author, sequence and size; random numbers and sizes
 *   engine_ends.c     writers and readers that check what they move
 *   engine_flow.c     whole runs: n publishers to m readers until everything was read
 *
 * A program is one main():
 *
 *     stress_begin(argc, argv, "fan_out", STRESS_PAYLOAD, "a reader checks against the wrong sequence");
 *     ... use torc; DETECT what must hold, CHECK what must not fail on the way ...
 *     return stress_end();
 *
 * With --broken the program carries a defect (stress_broken is true) and succeeds only if a DETECT of the announced
 * kind finds it. TORC_STRESS is a percentage that scales the amount of work. */
#ifndef TORC_STRESS_ENGINE_H
#define TORC_STRESS_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <torc.h>

/* What a check guards. The broken variant of a program must trip exactly the kind that it announces. */
enum stress_kind {
    STRESS_PAYLOAD, /* the bytes of an event are those its publisher wrote */
    STRESS_ORDER,   /* sequences of a lane come without gap, in order, from the right position */
    STRESS_SUM,     /* what went in comes out: counts, bytes and digests agree */
    STRESS_AUDIT,   /* slots are conserved and nobody holds one at the end */
    STRESS_STALE,   /* a handle is released exactly as often as it was acquired */
    STRESS_LATE,    /* nothing runs after the call that ends it returned */
    STRESS_STATUS   /* a call answers what its contract says */
};

extern bool stress_broken;

/* stress_begin: reads the arguments, starts the watchdog. `defect` says in words what --broken does. */
void stress_begin(int argc, char **argv, const char *name, enum stress_kind kind, const char *defect);
/* stress_begin_unwatched: for a program that reads its own arguments and notices by itself when it hangs. */
void stress_begin_unwatched(const char *name, bool broken, enum stress_kind kind, const char *defect);
/* stress_end: the last line and the exit status of main(). */
int stress_end(void);
/* stress_scaled: n as scaled by TORC_STRESS, at least 1. */
uint64_t stress_scaled(uint64_t n);
/* stress_say: one line about what was done. */
void stress_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* stress_skip: the program cannot run here; exits 77. */
_Noreturn void stress_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void stress_fail_at(const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
_Noreturn void stress_found_at(const char *file, int line, enum stress_kind kind, const char *what, const char *format,
                               ...) __attribute__((format(printf, 5, 6)));

/* CHECK: must hold in both modes. DETECT: the check that a defect of this kind has to trip. OK: a call must answer
 * TORC_OK. */
#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            stress_fail_at(__FILE__, __LINE__, #condition, __VA_ARGS__);                                               \
        }                                                                                                              \
    } while (0)
#define DETECT(kind, condition, ...)                                                                                   \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            stress_found_at(__FILE__, __LINE__, (kind), #condition, __VA_ARGS__);                                      \
        }                                                                                                              \
    } while (0)
#define OK(call)                                                                                                       \
    do {                                                                                                               \
        int ok_status_ = (call);                                                                                       \
        if (ok_status_ != TORC_OK) {                                                                                   \
            stress_fail_at(__FILE__, __LINE__, #call, "answered %s", torc_status_name(ok_status_));                    \
        }                                                                                                              \
    } while (0)

/* Threads, named for the diagnosis. A thread says what it is about to do, so that a hang can be read. */
struct stress_thread;
struct stress_thread *stress_spawn(const char *name, void *(*body)(void *), void *argument);
void *stress_join(struct stress_thread *thread);
/* stress_cancel: pthread_cancel. stress_try_join: true once the thread has ended (and is joined). */
void stress_cancel(struct stress_thread *thread);
bool stress_try_join(struct stress_thread *thread, void **result);
void stress_doing(const char *what);
void stress_progress(uint64_t n);

/* Objects, created or the program ends; the diagnosis knows them until their _end. stress_bus_end audits first. */
struct torc_bus *stress_bus(const struct torc_config *config);
void stress_bus_end(struct torc_bus *bus);
struct torc_topic *stress_topic(struct torc_bus *bus, const char *name);
struct torc_topic *stress_total_order(struct torc_bus *bus, const char *name);
struct torc_publisher *stress_publisher(struct torc_topic *topic, enum torc_wait wait, enum torc_dry dry);
void stress_publisher_end(struct torc_publisher *publisher);
struct torc_reader *stress_reader(struct torc_topic *topic, enum torc_wait wait, enum torc_join join);
struct torc_reader *stress_reader_manual(struct torc_topic *topic, enum torc_wait wait);
void stress_reader_end(struct torc_reader *reader);
/* stress_audit: slots are conserved; with `quiet`, nobody holds one either. */
void stress_audit(struct torc_bus *bus, bool quiet);
/* stress_small: a configuration of few, small pools. */
struct torc_config stress_small(uint32_t publishers, uint32_t readers, uint32_t lane_entries);
/* stress_diagnose: threads and objects as they are, to stderr. */
void stress_diagnose(void);
void stress_diagnose_threads(void);
const char *stress_wait_name(enum torc_wait wait);
extern const enum torc_wait stress_waits[4];

/* Random numbers: reproducible per seed. stress_spin: burns up to `most` pause instructions. */
uint64_t stress_random(uint64_t *state);
uint64_t stress_below(uint64_t *state, uint64_t n);
void stress_spin(uint64_t *state, uint64_t most);
/* stress_size: a size from 0 to `largest`, every shirt and every edge between two shirts being likely. */
size_t stress_size(uint64_t *state, size_t largest);
#define STRESS_LARGEST ((size_t)40000)

/* Payloads. From STRESS_TAG bytes on they also say whose they are, so that a handle alone can be checked. */
#define STRESS_TAG ((size_t)16)
void stress_fill(void *data, size_t size, uint32_t author, uint64_t sequence);
bool stress_match(const void *data, size_t size, uint32_t author, uint64_t sequence);
void stress_verify(const void *data, size_t size, uint32_t author, uint64_t sequence);
/* stress_verify_tagged: checks a payload against its own tag; returns its sequence. */
uint64_t stress_verify_tagged(const void *data, size_t size, uint32_t author);
uint64_t stress_digest(uint32_t author, uint64_t sequence, size_t size);

/* What went through an end. Sums add up in any order. */
struct stress_sum {
    uint64_t events;
    uint64_t bytes;
    uint64_t digest;
};
void stress_add(struct stress_sum *sum, uint32_t author, uint64_t sequence, size_t size);
void stress_merge(struct stress_sum *sum, const struct stress_sum *other);
void stress_same(const struct stress_sum *written, const struct stress_sum *read, const char *who);

/* A publisher and what it wrote. Its events carry its author number as type. */
struct stress_writer {
    struct torc_publisher *publisher;
    uint32_t author;
    uint64_t base; /* the first sequence that is its own */
    uint64_t next;
    uint64_t random;
    struct stress_sum sum;
    unsigned char *scratch;
};
void stress_writer_open(struct stress_writer *writer, struct torc_topic *topic, enum torc_wait wait);
/* stress_writer_adopt: the same around a publisher that exists. */
void stress_writer_adopt(struct stress_writer *writer, struct torc_publisher *publisher);
void stress_writer_end(struct stress_writer *writer);
/* stress_write_until: one event of `size` bytes, by copy or in place; counted on TORC_OK only. stress_write: for
 * ever. */
int stress_write_until(struct stress_writer *writer, size_t size, uint64_t deadline);
void stress_write(struct stress_writer *writer, size_t size);

/* What a reader has seen. stress_see checks order and payload of one event and counts it. */
struct stress_seen {
    struct {
        bool any;
        uint32_t author;
        uint64_t first;
        uint64_t next;
        uint32_t counted; /* whose events `met` counts: author + 1 */
        uint64_t met;
    } lanes[TORC_MAX_PUBLISHERS];
    bool from_start; /* the reader was there before the authors: each must begin at its base */
    bool (*gap)(void *context, uint32_t author, uint64_t sequence); /* true: this sequence may be missing */
    void *context;
    uint64_t wrong_at; /* defect: != 0: from the event of this number on, check against the next sequence instead */
    /* Defect: != 0: overlook every event whose number among its author's this divides. Sure to be noticed, whoever runs
     * when, if some author says more than that: its next event is not the one that is due. */
    uint64_t drop_at;
    uint64_t met;
    struct stress_sum sum;
};
void stress_see(struct stress_seen *seen, const struct torc_event *event);
/* stress_read_to_end: reads by every call there is, in turns, until TORC_CLOSED. */
void stress_read_to_end(struct torc_reader *reader, struct stress_seen *seen, uint64_t seed);

/* A whole run on a bus of its own. */
struct stress_flow {
    uint32_t publishers;
    uint32_t readers;
    enum torc_wait wait;
    uint32_t lane_entries;
    uint64_t events; /* per publisher, unscaled */
    size_t largest;
};
void stress_flow(const struct stress_flow *flow);

#endif
