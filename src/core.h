/* src/core.h - the process-local objects behind the public handles, and the questions they ask each other.
 *
 * The control lock (bus.lock) serialises everything rare: opening, closing, attaching, detaching. The paths of events
 * never take it, but for a reader that notices lanes coming or going. */
#ifndef TORC_SRC_CORE_H
#define TORC_SRC_CORE_H

#include "../pools/bank.h"
#include "header.h"
#include "notify.h"
#include "wait.h"

#include <ck_hs.h>
#include <pthread.h>
#include <stdbool.h>
#include <torc.h>

struct publisher;
struct reader;

/* How the region's memory was obtained. */
struct memory {
    void *base;
    size_t bytes;
    bool owned; /* mapped by us: unmap it */
    uint32_t prefaulted, huge_pages, locked;
};

/* A bus that is to go when nobody needs it any more. Under the registry's lock. */
struct leaving {
    uint32_t holds; /* calls that end something and are not done with the bus yet */
    bool refused;   /* torc_bus_destroy_later was called: not a live bus any more */
    bool due;       /* it goes with the last end and the last handle */
    bool counted;   /* no end is left, `handles` says how many slots are held */
    uint64_t handles;
    void (*gone)(void *context);
    void *context;
};

struct bus {
    struct torc_bus hot;       /* first: a torc_bus pointer is a bus pointer */
    struct bus *next;          /* list of all buses (src/registry.h) */
    bool forked;               /* this is a child's copy of its parent's bus: nothing works any more (src/fork.c) */
    struct leaving leaving;    /* src/later.c */
    struct torc_config config; /* private copy of the geometry */
    struct memory memory;

    struct torc_header *header;
    struct torc_topic_record *topics;
    struct torc_waitpoint *waitpoints;
    struct torc_lane *lanes;
    struct torc_cell *cells;
    unsigned char *entries; /* lane_entry_at */
    size_t stride;          /* bytes from entry to entry */

    pthread_mutex_t lock;
    ck_hs_t by_name;           /* the names, as they stand in the records */
    struct torc_topic **topic; /* [config.topics] */
    uint32_t topic_count;
    struct publisher *publisher[TORC_MAX_PUBLISHERS]; /* open ones, by lane */
    struct reader *reader[TORC_MAX_READERS];          /* open ones, by index */
    bool *actor_used;                                 /* [config.actors] */
    struct torc_actor **actor;                        /* those that are whole */
    struct notify *notify;                            /* [config.readers] who else is told when a reader is woken */
};

struct torc_topic {
    struct bus *bus;
    struct torc_topic_record *record;
    uint32_t index;
    uint32_t sequencers;              /* under the control lock: how often it is open */
    struct torc_sequencer *sequencer; /* the one of a topic of total order, while anybody has it open */
};

static inline bool total_order(const struct torc_topic *topic) {
    return (topic->record->flags & TORC_TOPIC_TOTAL_ORDER) != 0;
}

/* Since when a publisher has not found something, and what was published then (src/evict.c). */
struct stall {
    uint64_t since; /* by torc_now(); 0: the last time it did */
    uint64_t published;
};

struct publisher {
    struct torc_publisher hot; /* first */
    struct bus *bus;
    struct torc_topic *topic;
    uint32_t index; /* of lane and bank */
    enum torc_wait wait;
    uint32_t limit;                          /* lengths below go into the entry; 0: nothing does */
    uint32_t open_claims;                    /* those of hot.lone do not count */
    struct stall stall[1 + TORC_BANK_POOLS]; /* for room, and for slots by the shirt that was asked for */
    uint32_t stalled_for;                    /* which of them it was last */
    torc_a32 shut;                           /* the bus is closed; hot.room is 0 (CLOSE) */
    torc_a32 copied;       /* readers copy from the lane: entries are rewritten word by word; hot.room is 0 (COPY) */
    struct torc_bank bank; /* bank.gate.passed is the gate */

    torc_a64 user; /* the thread inside, at DEBUG 1 and up */

    bool shared;      /* others claim at the same time (src/shared.c), what is here is under the sequencer's lock */
    uint64_t taken;   /* if shared: the sequence taken last under that lock */
    uint32_t counted; /* if shared: what the call at hand has been counted as a stall for, STALL_* */

    /* Entries from held_from on may still hold a ring reference to a slot: those whose bits are set must be looked at
     * before they are overwritten. */
    uint64_t held_from;
    uint64_t held[]; /* a bit per entry; 0: the slot was taken back meanwhile, or there was none */
};

/* What one sleeping reader adds to `drains` of the lanes it watches: torc_bus_drain calls count in the bits below. */
#define TORC_AFTER_WATCH (UINT32_C(1) << 16)

/* Events of one lane in a row before the reader gives its cursor back and looks at the other lanes. */
#define TORC_READER_RUN 64u

/* What a reader knows of one lane. */
struct reader_lane {
    uint64_t sequence; /* next to read */
    uint64_t given;    /* cursor as last published */
    uint64_t skipped;  /* aborted claims stepped over since then, and what a copying reader lost */
    uint64_t lost;     /* by a copying reader, and not told yet */
    uint32_t index;
};

struct reader {
    struct torc_reader hot; /* first */
    struct bus *bus;
    struct torc_topic *topic;
    uint32_t index;
    enum torc_wait wait;
    bool manual;
    bool follows; /* it was opened to be after others; constant */
    bool ahead;   /* it was told to wait for a sequence that was still to come; under the control lock */
    enum torc_policy policy;
    enum torc_resume resume;
    enum torc_evicted then; /* after an eviction */
    uint64_t evict_after_ns;
    uint64_t begun; /* EVICT: not in anybody's way before that, by torc_now(); under the control lock */
    bool told;      /* of its eviction */
    uint32_t point; /* waitpoint index: its own, or the actor's */
    uint32_t keep_pool;

    /* Owner thread only. */
    struct reader_lane lane[TORC_MAX_PUBLISHERS];
    uint32_t lane_count;
    uint32_t current;
    uint32_t version; /* of the topic, as last refreshed */
    bool has_fd;      /* its eventfd is armed when it finds nothing */
    bool one_lane;    /* one lane, open bus: an idle poll needs to look at the stamp and the version only */

    /* A copying reader's: the event at hand, and the reference that pins its slot. */
    struct torc_entry *copy; /* as wide as the lanes' */
    uint64_t pinned;
    uint32_t run; /* events until the next lane gets its turn */
    bool holds;   /* the copy is an event that was not handed on yet */

    /* CONFLATE per type (src/conflate.c): */
    struct torc_conflation *conflation; /* NULL: another policy, or one event per lane */
    bool lent;                          /* the copy is the owner's borrow */
    torc_a64 held;                      /* events that are pending; read by others */

    torc_a64 user; /* the thread inside, at DEBUG 1 and up */

    /* Written by the owner, read by others. */
    torc_a32 busy;     /* 1: the owner may be looking at borrowed memory (DETACH) */
    torc_a64 poller;   /* the thread inside torc_poll, or 0 */
    torc_a64 consumed; /* given back so far */
    torc_a64 batches;  /* how often something was given back */
    torc_a64 max_lag;

    torc_a64 lost;    /* by a copying reader */
    torc_a32 evicted; /* a publisher no longer waits for it; written under the control lock */

    /* Bits per reader, written under the control lock: whom it is after, and who is directly after it. */
    torc_a64 after; /* LEFT */
    torc_a64 followers;
    uint64_t watched; /* lanes it watches while it sleeps; owner only */

    torc_a32 closing;  /* somebody wants it to leave (DETACH) */
    torc_a32 detached; /* it has left; set under the control lock */
};

/* --- objects and checks ------------------------------------------------------------------------------------- */

/* registry.c: the bus behind a public pointer, or NULL if that is not a live bus. torc_not_live: what to answer
 * then. */
struct bus *torc_bus_live(const struct torc_bus *bus);
int torc_not_live(const struct torc_bus *bus);
/* later.c: around a call that ends a publisher, a reader or an actor: the bus stays until unhold, and may go there. */
void torc_bus_hold(struct bus *bus);
void torc_bus_unhold(struct bus *bus);
/* bus.c: is anything open? Under the control lock. Everything goes; nobody uses it any more. */
bool torc_bus_anyone_open(const struct bus *bus);
void torc_bus_drop_rings(struct bus *bus);
void torc_bus_free(struct bus *bus);
/* bus.c, under the control lock: TORC_BUS_DRAINING or CLOSED, with all that makes publishers notice. */
void torc_bus_shut(struct bus *bus, uint32_t state);
/* bus.c: have all readers read what was published until now? */
bool torc_bus_drained(struct bus *bus);

static inline struct bus *bus_of(struct torc_bus *bus) {
    return (struct bus *)bus;
}
static inline struct publisher *publisher_of(struct torc_publisher *publisher) {
    return (struct publisher *)publisher;
}
static inline struct reader *reader_of(struct torc_reader *reader) {
    return (struct reader *)reader;
}
static inline uint64_t *held_word(struct publisher *self, uint64_t sequence) {
    return &self->held[(sequence & self->hot.mask) / 64];
}
static inline uint64_t held_bit(const struct publisher *self, uint64_t sequence) {
    return UINT64_C(1) << ((sequence & self->hot.mask) % 64);
}
static inline struct torc_entry *lane_entry(const struct publisher *self, uint64_t sequence) {
    return torc_entry_at(self->hot.entries, self->hot.mask, self->hot.stride, sequence);
}
static inline uint64_t lane_claimed(const struct publisher *self) {
    return torc_load_relaxed64(&self->hot.lane->claimed);
}
/* Open ones, of a lane that is not shared. */
static inline uint64_t lane_claims(const struct publisher *self) {
    return lane_claimed(self) - torc_load_relaxed64(&self->hot.lane->published);
}
static inline bool reader_copies(const struct reader *self) {
    return self->policy != TORC_POLICY_GATE;
}
static inline bool reader_gates(const struct reader *self) {
    return self->policy == TORC_POLICY_GATE || self->policy == TORC_POLICY_EVICT;
}
/* It hears TORC_LAPPED; else each event says what was lost before it. */
static inline bool reader_tells(const struct reader *self) {
    return self->policy != TORC_POLICY_CONFLATE || self->conflation != NULL;
}
static inline bool bus_closed(const struct bus *bus) {
    return torc_load_acquire32(&bus->header->state) != TORC_BUS_OPEN; /* STATE */
}
static inline bool bus_halted(const struct bus *bus) {
    return torc_load_acquire32(&bus->header->state) == TORC_BUS_CLOSED; /* STATE */
}

/* --- one thread at a time (DEBUG 1 and up) --------------------------------------------------------------------- */

/* Enters an object that one thread at a time may use; NULL if another is inside. Calls nest in one thread. */
static inline torc_a64 *torc_enter(torc_a64 *user) {
#if TORC_DEBUG >= 1
    uint64_t found = 0;
    if (!torc_cas_acq_rel64(user, &found, torc_thread_token())) {
        static _Thread_local torc_a64 nested;
        return found == torc_thread_token() ? &nested : NULL;
    }
#endif
    return user;
}
static inline void torc_leave(torc_a64 **user) {
#if TORC_DEBUG >= 1
    if (*user != NULL) {
        torc_store_release64(*user, 0);
    }
#endif
    (void)user;
}

/* First in a call: the rest of it has the object for itself, or the call answers TORC_WRONG_THREAD; in a child after
 * fork(),
 * TORC_FORKED. */
#define TORC_ONE_AT_A_TIME(object)                                                                                     \
    if (TORC_UNLIKELY((object)->bus->forked))                                                                          \
        return TORC_FORKED;                                                                                            \
    torc_a64 *entered __attribute__((cleanup(torc_leave))) = torc_enter(&(object)->user);                              \
    if (entered == NULL)                                                                                               \
    return TORC_WRONG_THREAD

/* --- places in the region ----------------------------------------------------------------------------------- */

static inline struct torc_waitpoint *drain_point(const struct bus *bus) {
    return &bus->waitpoints[0];
}
static inline struct torc_waitpoint *lane_point(const struct bus *bus, uint32_t lane) {
    return &bus->waitpoints[1 + lane];
}
static inline uint32_t reader_point_index(const struct bus *bus, uint32_t reader) {
    return 1 + bus->config.publishers + reader;
}
static inline uint32_t actor_point_index(const struct bus *bus, uint32_t actor) {
    return 1 + bus->config.publishers + bus->config.readers + 2 * actor;
}
static inline struct torc_cell *cell_of(const struct bus *bus, uint32_t lane, uint32_t reader) {
    return &bus->cells[(size_t)lane * bus->config.readers + reader];
}
static inline unsigned char *lane_entries(const struct bus *bus, uint32_t lane) {
    return bus->entries + (size_t)lane * bus->config.lane_entries * bus->stride;
}
static inline struct torc_entry *lane_entry_at(const struct bus *bus, uint32_t lane, uint64_t sequence) {
    return torc_entry_at(lane_entries(bus, lane), bus->config.lane_entries - 1, bus->stride, sequence);
}
/* Has the entry of this sequence its event, or its tombstone? */
static inline bool lane_stamped(const struct bus *bus, uint32_t lane, uint64_t sequence) {
    return torc_load_acquire64(&lane_entry_at(bus, lane, sequence)->stamp) == sequence + 1; /* STAMP */
}
static inline struct torc_topic_record *topic_of_lane(const struct bus *bus, uint32_t lane) {
    return &bus->topics[torc_load_acquire32(
        &bus->lanes[lane].topic)]; /* LANES: for those who come by the lane's number */
}
static inline uint64_t topic_members(const struct torc_topic_record *record) {
    return torc_load_acquire64(&record->readers) | torc_load_acquire64(&record->copiers); /* GATING */
}
static inline uint32_t bank_first_pool(uint32_t lane) {
    return lane * TORC_BANK_POOLS;
}
static inline uint32_t keep_pool_of(const struct bus *bus, uint32_t reader) {
    return bus->config.publishers * TORC_BANK_POOLS + reader;
}
/* Wrapping order of sequences. */
static inline bool sequence_before(uint64_t a, uint64_t b) {
    return (int64_t)(a - b) < 0;
}
/* Iterates over the bits of a mask: for (m = mask; m != 0; m &= m - 1) use(bit_index(m)). */
static inline uint32_t bit_index(uint64_t mask) {
    return (uint32_t)__builtin_ctzll(mask);
}

/* --- across files ------------------------------------------------------------------------------------------- */

/* memory.c */
int torc_memory_take(size_t bytes, uint32_t flags, struct memory *memory);
int torc_memory_adopt(void *base, size_t bytes, uint32_t flags, struct memory *memory);
void torc_memory_give(struct memory *memory);

/* topic.c: frees all topics. */
int torc_topics_init(struct bus *bus);
void torc_topics_free(struct bus *bus);

/* publisher.c: a cursor of this lane moved and somebody waits for that: wakes publisher and drains. */
void torc_lane_moved(const struct bus *bus, uint32_t lane);
/* publisher.c, under the control lock: has every reader of the lane's topic left it behind? */
bool torc_lane_finished(const struct bus *bus, uint32_t lane);
/* publisher.c, under the control lock: an ended lane that everybody has finished gives its slots back. */
void torc_lane_retire(struct bus *bus, uint32_t lane);

/* shared.c: all sequences of the lane below are settled; to be asked for instead of lane.published. */
uint64_t torc_lane_published(const struct bus *bus, uint32_t lane);

/* gate.c: the smallest cursor of the gating readers of `lane`, no more than what is published. */
uint64_t torc_lane_slowest(const struct bus *bus, uint32_t lane);
/* gate.c: a fresh gate for the publisher; at least half a lane of history stays if `need_all` is false. */
uint64_t torc_gate_scan(struct publisher *publisher, bool need_all);
/* gate.c: is there an entry for the next claim? Looks afresh if the cached answer is no. */
bool torc_gate_has_room(struct publisher *publisher);
/* claim.c: claims an event whose payload is what is written in an arena's buffer. */
int torc_claim_lent(struct publisher *self, uint32_t type, const struct torc_buffer *buffer, uint64_t deadline,
                    struct torc_claim *claim);
/* publisher.c: opening and closing in parts. make: checks the arguments and takes memory, which is free()d; begin, end:
 * under the control lock, it gets a lane and gives it up. */
int torc_publisher_make(struct torc_topic *topic, const struct torc_publisher_config *config, struct publisher **made);
int torc_publisher_begin(struct publisher *publisher);
void torc_publisher_end(struct publisher *publisher);
/* shared.c, under the control lock: others claim at the same time, or no longer. */
void torc_publisher_share(struct publisher *publisher, bool on);
/* claim.c: gives everything back that open claims hold. */
void torc_claims_forget(struct publisher *publisher);

/* reader.c: opens a reader that sleeps at waitpoint `point`. */
int torc_reader_open_at(struct torc_topic *topic, const struct torc_reader_config *config, uint32_t point,
                        struct torc_reader **reader);
/* reader.c, owner: have lanes come or ended? Then torc_reader_look_around follows and forgets them; the current lane is
 * entered anew afterwards. */
bool torc_reader_lanes_changed(const struct reader *self);
void torc_reader_look_around(struct reader *self);
/* reader.c: publishers no longer wait for this reader. Idempotent. */
void torc_reader_leave(struct reader *self);
/* A position in every lane of a reader's topic; lanes that came later are not in it. */
struct torc_lane_ends {
    uint64_t lanes;
    uint64_t end[TORC_MAX_PUBLISHERS];
};
/* reader.c: notes what is published now; has the reader given all before it back; does an event lie before it? */
void torc_lane_ends_mark(const struct reader *self, struct torc_lane_ends *ends);
bool torc_lane_ends_reached(const struct reader *self, const struct torc_lane_ends *ends);
static inline bool torc_lane_ends_after(const struct torc_lane_ends *ends, uint32_t lane, uint64_t sequence) {
    return (ends->lanes >> lane & 1u) != 0 && sequence_before(sequence, ends->end[lane]);
}

/* reader.c, under the control lock: takes up the lanes that its cells say it has joined. */
void torc_reader_follow_lanes(struct reader *self);
struct reader_lane *torc_reader_lane(struct reader *self, uint32_t lane);

/* Where a reader is to begin, in the words of torc_reader_config. */
struct start {
    enum torc_join join;
    uint64_t last;
    struct torc_position *at;
    size_t at_count;
};
/* join.c: is it well-formed? Then, under the control lock: are its lanes the topic's? Puts names to TORC_ONLY_LANE. */
bool torc_start_valid(const struct start *start);
int torc_start_find(const struct reader *self, const struct start *start);
/* join.c, under the control lock: the low cursors, before the barrier of JOIN; after it, the positions. */
void torc_join_low(const struct reader *self);
void torc_join_settle(struct reader *self, const struct start *start);

/* after.c, under the control lock: puts `self`, which has its index, behind the readers that are named. */
int torc_after_join(struct reader *self, struct torc_reader *const *named, size_t count);
/* after.c, under the control lock: those that are after `self` close the gap; then, past a heavy barrier, are woken. */
void torc_after_leave(struct reader *self);
void torc_after_wake(const struct reader *self);
/* after.c, owner: how many of `most` events from there on have all passed that it is after? */
uint32_t torc_after_run(const struct reader *self, uint32_t lane, uint64_t sequence, uint32_t most);
/* after.c, owner: it is about to sleep: lanes are watched for those it is after. Do only they hold it up? And no
 * longer. */
bool torc_after_watch(struct reader *self);
void torc_after_unwatch(struct reader *self);
/* after.c: torc_lane_moved, for a lane whose cursor of `self` moved; and wakes those that are after it. */
void torc_after_moved(const struct reader *self, uint32_t lane);

/* reader.c: is the calling thread inside this reader's torc_poll? */
bool torc_reader_in_own_handler(const struct reader *self);
/* read.c, owner: begins to look at borrowed memory; false if the reader was told to leave, and has. Rest ends it. */
bool torc_reader_begin(struct reader *self);
/* read.c, owner, told to leave: leaves, unless what it holds by hand is not given back yet. */
void torc_reader_leave_if_done(struct reader *self);
void torc_reader_rest(struct reader *self);
/* copy.c, owner: the next event of a copying reader becomes the entry at hand; TORC_LAPPED if `tell`; TORC_EVICTED if
 * `first`; or why there is none. */
int torc_copy_next(struct reader *self, bool tell, bool first);
/* copy.c, owner: what torc_copy_next would answer, but for news; what was found is held for it. */
int torc_copy_look(struct reader *self);
/* copy.c, owner: the event that was handed on is done with, its slot may go; _drop: and one that is held as well. */
void torc_copy_done(struct reader *self);
void torc_copy_drop(struct reader *self);
/* copy.c: is there something for it to read or to be told? */
bool torc_copy_ready(const struct reader *self);
/* copy.c, owner: a lane's next event is copied and pinned, and what was lost before it is counted; false if there is
 * none. */
bool torc_copy_try(struct reader *self, struct reader_lane *lane);

/* evict.c, publisher without what publisher.stalled_for says: when the first reader that holds it up may be evicted, by
 * torc_now();
 * TORC_FOREVER: never. */
uint64_t torc_evict_due(struct publisher *self);
/* evict.c: evicts those whose time is over. Did that change anything? */
bool torc_evict(struct publisher *self);
/* evict.c, owner, under the control lock: the reader joins, or is about to be put elsewhere. */
void torc_evict_begin(struct reader *reader);

/* copy.c, under the control lock: tells the topic's publishers whether anybody copies from their lanes. */
void torc_copy_announce(const struct torc_topic *topic);

/* claim.c, under the control lock: do readers copy from its lane? */
void torc_publisher_copied(struct publisher *publisher, bool on);
/* claim.c, publisher: the fast path again, if all readers that copied have left. Takes the control lock then. */
void torc_publisher_reopen(struct publisher *publisher);
/* claim.c: does an event of this length go into the entry, and word by word? Then torc_publish_words does it. */
bool torc_publisher_is_copied(const struct publisher *publisher, size_t length);
/* claim.c: a claim that is filled and committed at once: never in a slot for the sake of readers that copy. TORC_AGAIN:
 * such readers came meanwhile, and the event may now have to go word by word. */
#define TORC_AGAIN 1
int torc_claim_to_publish(struct publisher *publisher, uint32_t type, size_t length, uint64_t deadline,
                          struct torc_claim *claim);
int torc_publish_words(struct publisher *publisher, uint32_t type, const void *data, size_t length, uint64_t deadline);

/* read.c, owner: the lane at hand learns how far it was read. */
void torc_reader_save_current(struct reader *self);
/* read.c, owner: gives back all of a lane that was read. */
void torc_reader_give_back(struct reader *self, struct reader_lane *lane);
/* read.c, owner: the same as if the reader had come to `to` only; so many sequences before that, of those not given
 * back, were skipped. */
void torc_reader_give_back_part(struct reader *self, struct reader_lane *lane, uint64_t to, uint64_t skipped);
/* read.c, owner: why is there nothing in any lane? TORC_OK: look again. */
int torc_reader_why_empty(struct reader *self);
/* read.c, owner: makes a lane the current one. */
void torc_reader_enter(struct reader *self, uint32_t which);
/* read.c, owner: what torc_next would answer, but for the event. */
int torc_reader_look(struct reader *self);
/* readable.c: would torc_next answer something else than TORC_EMPTY? */
bool torc_reader_ready(struct reader *reader);
/* read.c, owner: was everything read, and will nothing come any more? */
bool torc_reader_exhausted(const struct reader *self);
/* readable.c: makes this reader's sleep visible to the publishers of its topic. */
void torc_reader_announce(struct reader *reader);

/* keep.c, owner: torc_keep by one who has been told that the pool is dry and has waited. */
int torc_keep_again(struct torc_reader *reader, const struct torc_event *event, struct torc_ringptr *ptr);

/* notify.c, owner: nothing to read: its descriptor is not readable until there is. */
void torc_reader_arm(struct reader *self);

/* topic.c: something about the topic changed that idle readers must notice. */
void torc_topic_changed(struct torc_topic_record *record);

/* bus.c: wakes everyone at every waitpoint. */
void torc_bus_wake_all(const struct bus *bus);

/* stats.c: slots held by handles, the rings' own references not counted. */
uint64_t torc_bus_outstanding(const struct bus *bus);

#endif
