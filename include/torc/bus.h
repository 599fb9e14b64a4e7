/* torc/bus.h - the bus: one region of memory that holds topics, lanes, banks and cursors.
 *
 * Life: torc_bus_create -> open topics, publishers, readers, actors -> torc_bus_close (no more publishing; what is in
 * the lanes is still delivered) -> torc_bus_drain -> close them all -> torc_bus_destroy. In a hurry: torc_bus_halt
 * instead of close and drain; torc_bus_destroy_later instead of knowing when the last handle is released.
 *
 *   state      comes by         publishers    readers                          then
 *   OPEN       create           publish       read, wait                       close, halt
 *   DRAINING   close            CLOSED        read what is left, then CLOSED   drain, halt
 *   CLOSED     all is read      CLOSED        CLOSED                           destroy
 *   CLOSED     halt             CLOSED        CLOSED, without what is left     destroy
 *
 * Each of these calls is fine from any thread, twice, and in any order: none goes back, and where one comes too late it
 * says so.
 *
 * fork(): a child must not use what it inherited: every call on an inherited bus, end, actor or handle answers
 * TORC_FORKED (or NULL, 0, false where there is no status), touches nothing of the parent's, and nothing is given back
 * when the child exits; it may create buses of its own. For that torc registers handlers with pthread_atfork when the
 * first bus is created; they hold its locks over fork(), which therefore must not be called from an XXL provider's
 * functions. A bus in its own memory is copied to the child like all private memory; one in the caller's MAP_SHARED
 * memory is still only the parent's. vfork, posix_spawn and clone run no such handlers: exec, and nothing else.
 *
 * All calls here may be made from any thread, at the same time, unless said otherwise. They are control calls: they
 * take a lock and may be slow; none is async-signal-safe. */
#ifndef TORC_BUS_H
#define TORC_BUS_H

#include <stddef.h>
#include <stdint.h>
#include <torc/config.h>
#include <torc/ringptr.h>
#include <torc/status.h>
#include <torc/time.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_topic;

/* torc_bus_create: a bus in memory of its own (an anonymous mapping); config NULL means the default preset. *bus is
 * set only on success; give it back with torc_bus_destroy.
 * TORC_INVALID: bus is NULL or the configuration is not valid. TORC_NO_MEMORY. TORC_SYSTEM: errno. */
int torc_bus_create(const struct torc_config *config, struct torc_bus **bus);

/* torc_bus_create_at: the same in the caller's memory: 64-byte aligned, at least torc_bus_size(config) bytes, untouched
 * by others until torc_bus_destroy. A small process-local object still comes from malloc.
 * TORC_INVALID: misaligned or too small as well. */
int torc_bus_create_at(void *memory, size_t bytes, const struct torc_config *config, struct torc_bus **bus);

/* torc_bus_close: ends publishing. From its return on every new publish or claim answers TORC_CLOSED; claims that are
 * open can still be committed or aborted. Everyone who waits is woken: publishers with TORC_CLOSED, readers to read
 * what is left and then get TORC_CLOSED. Closing twice is TORC_OK. TORC_INVALID: not a live bus. */
int torc_bus_close(struct torc_bus *bus);

/* torc_bus_halt: ends everything at once. As torc_bus_close, and what is left is not read: readers answer TORC_CLOSED
 * from the next call that looks around (a handler that runs is the last; torc_next may still hand out the rest of its
 * run, 64 events at most), actors drop their mailboxes as by TORC_STOP_DROP and end, sends answer TORC_CLOSED. Waits
 * for nobody, so it may be called from inside a handler; ends and handles stay the caller's to close and release, and
 * no slot is lost. Also on a closed bus; halting twice is TORC_OK. TORC_INVALID: not a live bus. */
int torc_bus_halt(struct torc_bus *bus);

/* torc_bus_state: one of these, or TORC_INVALID. A closed bus is DRAINING while some open reader has not given back all
 * that was published (one that joins at OLDEST takes it back from CLOSED to DRAINING), and CLOSED from the moment it is
 * halted. */
enum torc_bus_state { TORC_BUS_OPEN = 0, TORC_BUS_DRAINING, TORC_BUS_CLOSED };
int torc_bus_state(struct torc_bus *bus);

/* torc_bus_drain: waits (asleep) until every reader that is open has read everything published so far in its topic;
 * those that publishers do not wait for (LOSSY, CONFLATE, evicted) are not waited for here either.
 * Works on an open bus too. TORC_OK; TORC_TIMED_OUT at the deadline; TORC_WOULD_BLOCK: with TORC_NO_WAIT; TORC_CLOSED:
 * the bus was halted, what was left will not be read; TORC_INVALID. Not from inside a handler of a reader of this bus,
 * which would wait for itself. */
int torc_bus_drain(struct torc_bus *bus, uint64_t deadline);

/* torc_bus_destroy: frees everything and sets *bus to NULL. Publishers, readers and actors must be closed first.
 * TORC_BUSY: some are open, or references are out; *outstanding (may be NULL) receives the number of slots still held
 * by handles; nothing was touched and payloads stay readable: release them and call again. No other call on the bus may
 * still be running, a release that has given its reference back but has not returned included (TORC_DESTROY_LATER takes
 * that worry away).
 * TORC_INVALID: *bus is NULL or is not (any more) a live bus, so destroying twice is an error, not a crash. */
int torc_bus_destroy(struct torc_bus **bus, uint64_t *outstanding);

/* torc_bus_destroy_later: closes the bus, sets *bus to NULL, and has it go by itself: with the last publisher, reader
 * or actor that is closed or the last handle that is released, whichever is later; at once if nothing is out. That
 * call, in its thread, then frees everything and calls gone(context) (may be NULL), after which memory given to
 * torc_bus_create_at is the caller's again. Until then ends and handles work as on a closed bus; the bus itself and its
 * topics may not be used any more, and a reference leaked by saturation keeps it for ever. No other call on the bus or
 * its topics may be running; calls on ends, actors and handles may, and a release is done with the bus when its
 * reference is gone.
 * TORC_OK. TORC_INVALID: NULL, or not (any more) a live bus. TORC_BUSY: something is out, and the bus was not created
 * with TORC_DESTROY_LATER: nothing was touched. */
int torc_bus_destroy_later(struct torc_bus **bus, void (*gone)(void *context), void *context);

/* torc_topic_open: finds the topic of this name or creates it. The pointer stays valid until the bus is destroyed and
 * is the same for everyone. `flags` count on creation only.
 * TORC_INVALID: NULL, an empty name or one longer than 63 bytes. TORC_NO_ROOM: config.topics exist. TORC_CLOSED.
 * TORC_NO_MEMORY. */
#define TORC_TOPIC_NO_INLINE   1u /* small events take a slot as well, so that keeping them never copies */
#define TORC_TOPIC_TOTAL_ORDER 2u /* all who publish share one lane: by torc_sequencer_open only (torc/sequencer.h) */
int torc_topic_open(struct torc_bus *bus, const char *name, uint32_t flags, struct torc_topic **topic);

/* torc_topic_find: the topic of this name, if there is one. TORC_NOT_FOUND. TORC_INVALID. */
int torc_topic_find(struct torc_bus *bus, const char *name, struct torc_topic **topic);

/* torc_topic_name: its name; NULL for NULL. torc_topic_bus: its bus. */
const char *torc_topic_name(const struct torc_topic *topic);
struct torc_bus *torc_topic_bus(const struct torc_topic *topic);

/* What is known of one pool. Counters are exact for what their single writer did; a snapshot taken while threads run is
 * consistent per field. */
struct torc_pool_stats {
    uint32_t shirt;      /* enum torc_shirt */
    uint32_t slot_bytes; /* payload bytes per slot; 0 for XXL */
    uint32_t capacity;   /* slots */
    uint32_t in_use;     /* slots that hold an event somebody may still read: unread by a gating reader, or kept */
    uint32_t high_water; /* most slots in use at one time, as counted by a running census: each pass takes at most
                            twice the capacity in allocations in ring order (what was just released and goes out first is
                            not counted), a shorter peak may be missed unless it ran the pool dry */
    uint32_t retired;    /* slots whose generations are used up */
    uint32_t saturated;  /* slots leaked because their reference count was exhausted */
    uint64_t allocations;
    uint64_t dry;   /* allocations that found no free slot within the bounded sweep */
    uint64_t bytes; /* payload and control words together; of the blocks in use for XXL */
};

struct torc_bus_stats {
    size_t bytes;           /* size of the region */
    uint32_t topics;        /* created */
    uint32_t publishers;    /* open */
    uint32_t readers;       /* open */
    uint32_t actors;        /* running */
    uint32_t prefaulted;    /* 1: every page was touched at creation */
    uint32_t huge_pages;    /* 0 none, 1 transparent pages were asked for, 2 explicit huge pages */
    uint32_t locked;        /* 1: mlock succeeded */
    uint32_t membarrier;    /* 1: asymmetric barriers in use, 0: fences on the hot path */
    uint64_t published;     /* events in all lanes so far, skipped claims included */
    uint64_t stale_refused; /* handles refused with TORC_STALE */
    uint64_t outstanding;   /* slots held by handles right now */
};

/* torc_bus_stats: fills *stats. TORC_INVALID. */
int torc_bus_stats(struct torc_bus *bus, struct torc_bus_stats *stats);

/* torc_bus_pool_stats: pools of one shirt (TORC_XS .. TORC_XXL) added up over all banks; the high-water mark is that of
 * the bank that came closest to running dry. torc_bus_keep_stats: the same for the readers' keep pools.
 * TORC_INVALID. */
int torc_bus_pool_stats(struct torc_bus *bus, uint32_t shirt, struct torc_pool_stats *stats);
int torc_bus_keep_stats(struct torc_bus *bus, struct torc_pool_stats *stats);

/* What an audit found. */
struct torc_audit {
    const char *broken;  /* NULL, or the first broken invariant in words */
    uint64_t where;      /* the pool, lane or reader it was found at */
    uint64_t index;      /* the slot or entry */
    uint64_t free_slots; /* free + live + retired = total */
    uint64_t live_slots;
    uint64_t retired_slots;
    uint64_t total_slots;
    uint64_t outstanding; /* live slots that a handle holds */
};

/* torc_audit: walks header, topics, lanes, cursors, entries, slots and counters and checks that they agree. Call it at
 * a quiet point: while others publish, read or release it may report differences that are only in flight.
 * TORC_OK; TORC_CORRUPT: see result->broken; TORC_INVALID. `result` may be NULL. */
int torc_audit(struct torc_bus *bus, struct torc_audit *result);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
