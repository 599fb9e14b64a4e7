/* model.h - the reference model of a bus: plain arrays that say what every call must answer.
 *
 * Sequences count from 0 here, whatever the bus counts from. The contract leaves some things open: when within a borrow
 * a reader's cursor moves, where between two bounds OLDEST joins, when a slot that all have passed is reaped. For these
 * the model keeps a range from `lo` (surely so far) to `hi` (at most so far); what the library then answers must be
 * possible for some value in the range, and narrows it. */
#ifndef TORC_TESTS_FUZZ_MODEL_H
#define TORC_TESTS_FUZZ_MODEL_H

#include "fuzz.h"

#define TOPICS    3u
#define LANES     3u
#define READERS   3u
#define POOLS     6u /* of a bank: XS .. XL, XXL */
#define LANE_LONG 2048u
#define BLOCKS    512u
#define CLAIMS    8u
#define HANDLES   48u
#define NONE      UINT32_MAX
#define NO_EVENT  UINT64_MAX

struct range {
    uint64_t lo, hi;
};

/* A slot that somebody holds, or may hold. */
struct block {
    bool used;
    bool ring;      /* the lane's ring may hold a reference: it did at `sequence`, and the entry is still there */
    bool claimed;   /* an open claim holds it */
    uint32_t bank;  /* lane of the bank, or LANES + reader of the keep pool */
    uint32_t shirt; /* pool in the bank */
    uint64_t users; /* references that handles own */
    uint64_t sequence;
    uint32_t serial, type, length;
    uint64_t id; /* as first seen in a handle; 0 before */
};

enum settled { OPEN = 0, COMMITTED, SKIPPED };
struct event {
    enum settled state;
    uint32_t serial, type, length;
    uint32_t block; /* NONE: inline, or the entry was overwritten */
    bool in_slot;
};

enum lane_state { LANE_FREE = 0, LANE_OPEN, LANE_ENDED };
struct lane {
    const void *key; /* tells the library's lanes apart */
    uint32_t number; /* the library's, once an event told it; NONE before */
    enum lane_state state;
    uint32_t topic;
    uint64_t claimed, most_claimed;
    uint64_t settled; /* published at least so far */
    uint64_t floor;   /* where it came to its topic */
    uint64_t gate;    /* at most here OLDEST joins */
    bool reopened;
    struct event event[LANE_LONG];
    uint64_t allocations[POOLS];
    struct range dry[POOLS], stalls;
    struct range retired[POOLS]; /* at the last look but one, at the last: some may have retired during a call */
};

struct topic {
    struct torc_topic *ptr;
    bool no_inline;
};

struct claim {
    struct torc_claim claim;
    uint64_t sequence;
    uint32_t serial;
    bool open;
};
struct publisher {
    struct torc_publisher *ptr; /* NULL: not open */
    uint32_t lane;
    enum torc_dry dry;
    struct claim claim[CLAIMS];
};

/* What a reader has to do with a lane. DONE: it read the ended lane to its end and has noticed. */
enum following { STRANGER = 0, FOLLOWING, DONE };
struct view {
    enum following state;
    struct range position; /* next to read; lo == hi once an event was read */
    struct range cursor;   /* what publishers know of it */
};
struct given {
    struct torc_event event;
    uint32_t lane;
    uint64_t sequence;
};
struct reader {
    struct torc_reader *ptr; /* NULL: not open */
    uint32_t topic;
    bool manual;
    bool closing;  /* told to leave */
    bool detached; /* has left */
    bool borrowed; /* the last event returned is still borrowed */
    bool polling;  /* inside its handler */
    uint32_t since_closing;
    uint32_t row, row_lane; /* events of one lane in a row while another had some */
    uint64_t returned;
    uint64_t consumed; /* of these, surely counted by the library */
    struct view view[LANES];
    struct given given[4]; /* the last ones; [0] is the newest */
    uint32_t given_count;
};

struct handle {
    struct torc_ringptr ptr;
    bool live;      /* owns a reference */
    uint32_t block; /* NONE once the block is gone for sure */
};

struct model {
    struct torc_config config;
    uint64_t generations; /* uses of a slot before it retires */
    bool closed;
    uint32_t topic_count;
    uint64_t refused; /* handles refused with TORC_STALE */
    uint32_t next_serial;
    uint32_t keep_retired[READERS];
    uint64_t keep_allocations, keep_dry;
    bool provider_fails; /* XXL blocks are refused */
    struct topic topic[TOPICS];
    struct lane lane[LANES];
    struct publisher publisher[LANES];
    struct reader reader[READERS];
    struct handle handle[HANDLES];
    struct block block[BLOCKS];
    uint32_t block_count; /* those above were never used */
};
extern struct model model;

/* --- model.c: lanes and what is read of them ---------------------------------------------------------------- */

void model_reset(const struct torc_config *config);
/* Everything before it is settled. */
uint64_t published_of(const struct lane *lane);
/* From `at` on, the first place that is not a settled tombstone; the first event that may be read, or NO_EVENT. */
uint64_t after_skips(const struct lane *lane, uint64_t at);
uint64_t head_of(const struct lane *lane, uint64_t at);
/* Does this reader gate this lane? */
bool gates(const struct reader *reader, uint32_t lane);
/* What all readers of the lane have passed, and room for another claim: surely, possibly. */
struct range slowest_of(uint32_t lane);
struct range room_of(uint32_t lane); /* 0 or 1 */
/* After every step: what has become certain meanwhile. */
void model_settle(void);
uint32_t lane_by_key(const void *key);

/* --- model_pool.c: slots ------------------------------------------------------------------------------------ */

struct block *block_new(uint32_t bank, uint32_t shirt, uint32_t serial, size_t length, uint32_t type);
void block_leave_ring(uint32_t block);
void block_free_if_unused(uint32_t block);
/* Slots in use (held, or unread by somebody) and slots that can be had, in a pool of a bank or in a keep pool. */
struct range busy_in(uint32_t bank, uint32_t shirt);
struct range available_in(uint32_t bank, uint32_t shirt);
uint32_t capacity_of(uint32_t bank, uint32_t shirt);
/* Does the ring hold a reference to this block: surely, possibly (0 or 1)? */
struct range ring_holds(const struct block *block);
uint64_t outstanding_now(void);

/* What a publisher wants a slot for. */
struct wish {
    uint32_t lane;
    enum torc_dry dry;
    size_t length;
    int when_blocked; /* TORC_WOULD_BLOCK or TORC_TIMED_OUT, by the form of the call */
};
/* Judges an allocation's answer: `shirt` is the pool it came from (NONE: from none). Counts what the pools must have
 * counted. */
void judge_slot(const struct wish *wish, int status, uint32_t shirt);
/* The pool that the next allocation of a batch came from: the first in its order that was counted. */
uint32_t next_taken(const struct wish *wish, uint64_t taken[POOLS]);
/* An allocation that was cut short at the end of a batch: must have been impossible, may have been counted. */
void judge_no_slot(const struct wish *wish);
bool slot_certain(const struct wish *wish);
/* Would a call without a deadline come back? */
bool surely_returns(const struct wish *wish, bool in_lane, bool inlined);
/* Reads the counters of a publisher's pools: taken[s] slots were allocated since the last look. */
void watch_pools(const struct publisher *publisher, uint64_t taken[POOLS]);

/* --- model_reader.c ----------------------------------------------------------------------------------------- */

/* Can, and must, the reader be given an event; is everything read that will ever come? */
bool event_possible(const struct reader *reader);
bool event_certain(const struct reader *reader);
bool all_read(const struct reader *reader);
/* The library gave this event; said there is none; ended the borrow; gave cursors back. */
void model_given(struct reader *reader, const struct torc_event *event);
void model_nothing(struct reader *reader);
void model_gave_back(struct reader *reader, bool by_hand);
/* Does it hold something that it must give back before it can leave? */
struct range holds_borrow(const struct reader *reader);
void model_detached(struct reader *reader);
void check_reader(const struct reader *reader);

#endif
