/* torc/reader.h - the reading end of a topic.
 *
 * A reader has a cursor in every lane of its topic and merges them fairly: a bounded run of events from one lane, then
 * the next. Publishers never overwrite what a gating reader has not finished with. Recipe, one at a time:
 *
 *     struct torc_event event;
 *     while (torc_next_until(reader, &event, TORC_FOREVER) == TORC_OK) {
 *         use(event.data, event.length);            // borrowed: valid until the next call on this reader
 *     }
 *
 * Recipe, with a handler:
 *
 *     torc_poll(reader, handler, context, 256);     // at most 256 events; how many came is returned
 *
 * A borrow costs no atomic read-modify-write: the reader's cursor protects the payload. To hold an event longer than
 * its turn, torc_keep it. The cursor is given back at batch ends, after a bounded number of events and before the
 * reader goes idle; torc_advance does it at once.
 *
 * What a reader does when it is slower than a publisher is its policy: GATE, the default, makes the publisher wait;
 * LOSSY and CONFLATE are overtaken, told so, and told exactly by how much; EVICT makes the publisher wait, but not for
 * long. These three copy every event out before they hand it on, and while there is one, the publishers of its topic
 * take a slower path; nobody else pays for them. A GATE reader whose thread has died holds its publishers up until
 * somebody detaches it: where nobody can be sure to, EVICT keeps them going.
 *
 * Threads: one thread at a time per reader; torc_reader_detach and the functions marked "any thread" from anywhere.
 * DEBUG builds look for violations and answer TORC_WRONG_THREAD. */
#ifndef TORC_READER_H
#define TORC_READER_H

#include <stddef.h>
#include <stdint.h>
#include <torc/bus.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

/* A borrowed event. */
struct torc_event {
    const void *data; /* aligned to 16 (inline) or 64; an arena's buffer as it was allocated */
    size_t length;
    uint32_t type;
    uint32_t lane;     /* which publisher's lane: 0..63 */
    uint64_t sequence; /* in that lane, without gaps but for aborted claims */
    uint64_t slot;     /* library's: 0 for an inline event */
    uint64_t lost;     /* with TORC_LAPPED, in a poll or with CONFLATE: sequences of this lane that will not come */
};

/* Where a reader begins in the lanes that exist when it opens. Lanes opened later are read from their first event
 * on. */
enum torc_join {
    TORC_JOIN_NEXT = 0, /* the first event published after torc_reader_open returns, at the latest */
    TORC_JOIN_OLDEST,   /* the oldest event that the lane still holds whole */
    TORC_JOIN_LAST,     /* the last n published, or as many of them as the lane still holds whole */
    TORC_JOIN_AT        /* in the lanes that are named, the sequence that is named; elsewhere NEXT */
};

/* A place in a lane. For AT, `sequence` and `lane` say what is wanted and receive where the reader begins: with a
 * sequence that is still to come it waits for it (unless the lane ends before; publishers are not held up); where what
 * was wanted is no longer whole it begins with the oldest that is, and `missed` is how many sequences lie between. A
 * reader that copies is told of those by TORC_LAPPED as well, as of any loss. As everywhere, aborted claims count among
 * sequences. */
struct torc_position {
    uint64_t sequence;
    uint64_t missed;
    uint32_t lane; /* torc_event.lane, torc_publisher_lane; TORC_ONLY_LANE: the topic has just one */
};
#define TORC_ONLY_LANE UINT32_MAX

/* What happens when a publisher is faster than the reader. */
enum torc_policy {
    TORC_POLICY_GATE = 0, /* the publisher waits: nothing is lost */
    TORC_POLICY_LOSSY,    /* the publisher goes on: TORC_LAPPED says how many sequences were lost */
    TORC_POLICY_CONFLATE, /* as LOSSY, and only the newest event of each lane, or of each type, counts: what is older is skipped */
    TORC_POLICY_EVICT /* as GATE, until a publisher has waited for it for evict_after_ns; then as `evicted` says */
};

/* What becomes of an EVICT reader that was too slow. It is told once, by TORC_EVICTED.
 * Its time runs while a publisher finds no room, or no slot of one size, and the reader has not got past what was
 * published when that began: for a slot, past an event of that publisher that holds one of the size. Tries and waits
 * add up; what that publisher finds of another size in between does not give the reader time. It does not run before
 * the reader has joined, nor before a seek that takes back one that had read everything. */
enum torc_evicted {
    TORC_EVICTED_LOSSY = 0, /* it goes on as a LOSSY one */
    TORC_EVICTED_LEAVE      /* it is detached */
};

/* Where a LOSSY reader goes on after it was overtaken. */
enum torc_resume {
    TORC_RESUME_OLDEST = 0, /* at the oldest event that is not about to be overwritten */
    TORC_RESUME_NEWEST      /* at the newest */
};

struct torc_reader_config {
    enum torc_wait wait;
    enum torc_join join;
    uint32_t manual_advance; /* 1: borrows stay valid, and publishers gated, until torc_advance; GATE only */
    enum torc_policy policy;
    enum torc_resume resume;
    enum torc_evicted evicted;
    uint64_t evict_after_ns;  /* EVICT: how long a publisher waits for this reader; 0 evicts at the first try */
    uint64_t last;            /* LAST: how many */
    struct torc_position *at; /* AT: one per lane that is named; written to */
    size_t at_count;
    /* The reader comes after these readers of its topic, all of them GATE readers as it is one itself: it is given an
     * event once each of them has finished with it, and sees what they did with it. Names up to 64, as many as there
     * can be. A reader that others are after can leave at any time: they go on as if it had never been there, after
     * those that it was after itself. */
    struct torc_reader *const *after;
    size_t after_count;
    /* CONFLATE: 0: the newest event of each lane. Else the newest event of each type in each lane, of up to so many
     * types at one time (65536 at most), for which memory is taken when the reader opens. They come in the order in
     * which their types came up, so those of one type in their order; event.lost says how many of its type and lane it
     * replaced. What a publisher overwrote before the reader looked is told by TORC_LAPPED: any type may have been
     * among it. A type for which there is no place waits in its lane until another was handed on; so does a payload in
     * a slot while a quarter of its pool, or one slot, is held back for this reader. */
    uint32_t conflate_types;
};

/* The hot part of a reader; the rest is private. Touch none of it. */
struct torc_reader {
    unsigned char *entries; /* of the current lane; torc_entry_at */
    uint64_t mask;
    uint64_t sequence; /* next to read in the current lane */
    uint32_t left;     /* events until the slow path looks around: other lanes, cursors, detach */
    uint32_t lane;
    struct torc_bus *bus;
    uint64_t lost; /* with TORC_LAPPED */
    size_t stride; /* bytes from entry to entry */
};

/* torc_reader_open: a reader of the topic. config NULL: all defaults. Any thread; also while publishers run at full
 * rate. Give it back with torc_reader_close.
 * TORC_NO_ROOM: config.readers are open. TORC_CLOSED: the bus is closed (all but NEXT may still join), or a reader in
 * `after` has been detached. TORC_NOT_FOUND: a lane in `at` is not the topic's. TORC_NO_MEMORY. TORC_INVALID: also a
 * lane named twice, a reader in `after` that is not open, not of this topic, or not a GATE reader, and `after` for one
 * that is not. */
int torc_reader_open(struct torc_topic *topic, const struct torc_reader_config *config, struct torc_reader **reader);

/* torc_reader_detach: the reader leaves; publishers no longer wait for it. Any thread, also from inside its own
 * handler; twice is TORC_OK. After it returns TORC_OK no handler runs, and every read answers TORC_CLOSED. Waits for a
 * handler that runs in another thread. TORC_BUSY: the owner holds a borrow from torc_next; the reader leaves at the
 * owner's next call that finds nothing, or after at most 64 further events; what is advanced by hand stays gated until
 * torc_advance. */
int torc_reader_detach(struct torc_reader *reader);

/* torc_reader_detach_until: the same, but waits for a handler to the deadline only. TORC_WOULD_BLOCK (TORC_NO_WAIT),
 * TORC_TIMED_OUT: the handler still runs; it is the last, and the reader leaves when it returns. */
int torc_reader_detach_until(struct torc_reader *reader, uint64_t deadline);

/* torc_reader_close: detaches and frees. The pointer is gone: nobody else may use it. Kept handles stay valid.
 * TORC_WRONG_THREAD: called from inside its own handler: detach there, close later. TORC_INVALID: NULL. */
int torc_reader_close(struct torc_reader *reader);

/* torc_next: borrows the next event. TORC_OK; TORC_EMPTY: none now; TORC_CLOSED: none ever (the bus is closed and
 * everything was read, or the reader is detached); TORC_BUSY: called from inside a handler of this reader;
 * TORC_INVALID;
 * TORC_EVICTED, once, to an EVICT reader that was too slow, before any loss that comes of it;
 * TORC_LAPPED: event->lost sequences of event->lane will not come, aborted claims among them; the next call goes on.
 * Unless
 * TORC_OK, the rest of *event is zeroed. */
TORC_INLINE int torc_next(struct torc_reader *reader, struct torc_event *event);

/* torc_next_until: waits for it by the reader's strategy. TORC_TIMED_OUT at the deadline instead of TORC_EMPTY, which
 * is left to
 * TORC_NO_WAIT. */
int torc_next_until(struct torc_reader *reader, struct torc_event *event, uint64_t deadline);

/* A handler's answer. */
enum torc_action {
    TORC_CONTINUE = 0,
    TORC_STOP = 1 /* this event is done; end the poll */
};
typedef enum torc_action (*torc_handler)(void *context, const struct torc_event *event);

/* torc_poll: calls handler for up to `limit` events and gives all cursors back at the end. Returns how many (0: none
 * now) or TORC_CLOSED, TORC_LAPPED (torc_reader_state has the sum), TORC_EVICTED, TORC_BUSY, TORC_INVALID as above.
 * torc_poll_until waits for the first; TORC_TIMED_OUT. limit is 1..INT_MAX. */
int torc_poll(struct torc_reader *reader, torc_handler handler, void *context, size_t limit);
int torc_poll_until(struct torc_reader *reader, torc_handler handler, void *context, size_t limit, uint64_t deadline);

/* torc_wait_readable: waits until torc_next would not answer TORC_EMPTY. Ends the current borrow (unless
 * manual_advance). TORC_OK;
 * TORC_EMPTY: with TORC_NO_WAIT;
 * TORC_TIMED_OUT; TORC_CLOSED; TORC_BUSY; TORC_INVALID. */
int torc_wait_readable(struct torc_reader *reader, uint64_t deadline);

/* torc_reader_seek: goes on at NEXT, OLDEST or LAST `last` (else ignored), in every lane, as if it had just been
 * opened, lanes that had been read to their end included. Ends all borrows, those to be advanced by hand as well. A
 * GATE reader misses nothing from there on and is never put to where publishers may be writing. Those that are after it
 * stay where they are. torc_reader_seek_at: the same to named places, as with TORC_JOIN_AT; other lanes go on at NEXT.
 * Owner thread. TORC_OK; TORC_CLOSED: detached; TORC_BUSY: called from inside a handler of this reader; TORC_NOT_FOUND;
 * TORC_INVALID. On error nothing has moved, but borrows have ended. */
int torc_reader_seek(struct torc_reader *reader, enum torc_join join, uint64_t last);
int torc_reader_seek_at(struct torc_reader *reader, struct torc_position *at, size_t count);

/* torc_reader_tell: fills up to `count` places, one per lane the reader follows, with what it will read next there, and
 * what it has not been told yet of losses before it; returns how many lanes it follows. They can be handed to seek_at,
 * or to TORC_JOIN_AT of another reader. Owner thread. TORC_CLOSED: detached. TORC_INVALID. */
int torc_reader_tell(struct torc_reader *reader, struct torc_position *positions, size_t count);

/* torc_advance: finished with everything returned so far: publishers may overwrite it. TORC_OK; TORC_INVALID. */
int torc_advance(struct torc_reader *reader);

/* torc_keep: turns a borrowed event into a counted handle that outlives the turn. An event in a slot costs one atomic
 * increment; an inline event is copied into a slot of the reader's keep pool. Owner thread, while the borrow lasts.
 * TORC_POOL_DRY: the keep pool has no free slot (torc_keep_until waits: TORC_TIMED_OUT, TORC_CLOSED if detached
 * meanwhile).
 * TORC_REF_LIMIT. TORC_INVALID. */
int torc_keep(struct torc_reader *reader, const struct torc_event *event, struct torc_ringptr *ptr);
int torc_keep_until(struct torc_reader *reader, const struct torc_event *event, uint64_t deadline,
                    struct torc_ringptr *ptr);

/* How far behind a reader is. */
enum torc_pressure {
    TORC_RELAXED = 0,
    TORC_UNDER_PRESSURE, /* fill >= 0.8 */
    TORC_SHOULD_THROTTLE /* fill >= 0.9 */
};
struct torc_reader_state {
    uint64_t lag;     /* events published and not yet given back, over all lanes */
    uint64_t max_lag; /* largest lag of one lane the reader itself has met, looked at once per run of events */
    double fill;      /* 0..1: of the lane in which it is furthest behind */
    enum torc_pressure pressure;
    uint32_t lanes;    /* lanes it follows */
    uint64_t consumed; /* events returned or handled so far, as of the last cursor update */
    uint64_t lost;     /* sequences that were overwritten before they were read, or conflated away */
    uint32_t evicted;  /* 1: it was too slow */
};

/* torc_reader_state: fills *state. Any thread. TORC_INVALID; TORC_CLOSED: detached. */
int torc_reader_state(const struct torc_reader *reader, struct torc_reader_state *state);

/* torc_view: the payload of an event as `const T *`, or NULL unless its length is exactly sizeof(T).
 * torc_ringptr_view: the same for a handle. */
#define torc_view(event, T) ((const T *)torc_view_checked((event)->data, (event)->length, sizeof(T)))
#define torc_ringptr_view(ptr, T)                                                                                      \
    ((const T *)torc_view_checked(torc_ringptr_data(ptr), torc_ringptr_length(ptr), sizeof(T)))
static inline const void *torc_view_checked(const void *data, size_t length, size_t size) {
    return length == size ? data : NULL;
}

/* The paths that are not worth inlining. torc_next_slow: TORC_OK when the current lane's next entry is an event. */
int torc_next_slow(struct torc_reader *reader);

/* No event: zeroed, so that nobody reads what was there before. */
TORC_INLINE int torc_nothing(struct torc_event *event, int status) {
    event->data = NULL;
    event->length = 0;
    event->type = event->lane = 0;
    event->sequence = event->slot = event->lost = 0;
    return status;
}

/* What the entry of an event says of it. */
static inline void torc_decode(const struct torc_bus *bus, struct torc_entry *entry, struct torc_event *event) {
    event->data = torc_entry_bytes(entry);
    event->length = entry->header & TORC_ENTRY_LENGTH;
    event->type = entry->type;
    event->slot = 0;
    if ((entry->header & TORC_ENTRY_SLOT) != 0) {
        event->slot = entry->body.slot;
        event->data = torc_slot_data(bus, entry->body.slot);
    }
}

/* The event in the entry at hand, which is there, becomes the caller's borrow. */
TORC_INLINE void torc_take(struct torc_reader *reader, struct torc_entry *entry, uint64_t lost,
                           struct torc_event *event) {
    torc_decode(reader->bus, entry, event);
    event->lane = reader->lane;
    event->sequence = reader->sequence;
    event->lost = lost;
    reader->sequence++;
    reader->left--;
}

/* `event` is never handed to another function, so the compiler can keep it in registers. Readers that may have lost
 * something come by the slow path alone. */
TORC_INLINE int torc_next(struct torc_reader *reader, struct torc_event *event) {
    struct torc_entry *entry;
    uint64_t lost = 0;
    if (TORC_UNLIKELY(event == NULL)) {
        return TORC_INVALID;
    }
    if (TORC_UNLIKELY(reader == NULL)) {
        return torc_nothing(event, TORC_INVALID);
    }
    entry = torc_entry_at(reader->entries, reader->mask, reader->stride, reader->sequence);
    if (TORC_UNLIKELY(TORC_DEBUG >= 1 || reader->left == 0 ||
                      torc_load_acquire64(&entry->stamp) != reader->sequence + 1 || /* STAMP */
                      (entry->header & TORC_ENTRY_SKIP) != 0)) {
        int status = torc_next_slow(reader);
        if (status != TORC_OK) {
            (void)torc_nothing(event, status);
            if (status == TORC_LAPPED) {
                event->lane = reader->lane;
                event->lost = reader->lost;
            }
            return status;
        }
        entry = torc_entry_at(reader->entries, reader->mask, reader->stride, reader->sequence);
        lost = reader->lost;
    }
    torc_take(reader, entry, lost, event);
    return TORC_OK;
}

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
