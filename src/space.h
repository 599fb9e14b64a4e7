/* space.h - what an event needs before its claim can begin: room in the lane, and a slot where it does not fit into an
 * entry. */
#ifndef TORC_SRC_SPACE_H
#define TORC_SRC_SPACE_H

#include "core.h"
#include "probe.h"

static inline bool closed(const struct publisher *self) {
    return torc_load_relaxed32(&self->shut) != 0;
}

/* Acquire: what the last reader that copied has read is the publisher's to overwrite in any way once it is 0 (COPY). */
static inline bool copied(const struct publisher *self) {
    return torc_load_acquire32(&self->copied) != 0;
}

/* A call counts one stall for each that it does not find, however often it looks. */
#define STALL_ROOM 1u
#define STALL_SLOT 2u

struct wanted {
    struct publisher *self;
    size_t length;
    const struct torc_buffer *lent; /* not NULL: no slot for a payload, a descriptor for this buffer */
    uint64_t slot;
    void *data;
    int status;
    uint32_t looks;   /* for a slot, so far */
    bool everywhere;  /* it may be the last before going to sleep, or giving up */
    uint32_t version; /* of the topic, when it was last reckoned who holds it up */
    bool anew;        /* that may have changed since */
};

/* torc_take_room: an entry for the next claim. torc_take_slot: a slot, or a descriptor for what is lent; wanted->slot
 * and ->data receive it. Both wait to the deadline. torc_give_slot_back undoes torc_take_slot. Publisher's thread. */
int torc_take_room(struct publisher *self, uint64_t deadline);
int torc_take_slot(struct wanted *wanted, uint64_t deadline);
void torc_give_slot_back(const struct wanted *wanted);

/* claim.c, publisher: the long way to a claim. */
int torc_claim_long(struct publisher *self, uint32_t type, size_t length, uint64_t deadline, struct torc_claim *claim);
/* claim_fast.c, publisher: an event, if all that it takes is at hand and no claim is open; false: nothing was done. */
bool torc_publish_lone(struct publisher *self, uint32_t type, const void *data, size_t length);
/* ... entries for up to `count` claims from `sequence` on, the next; how many. */
uint32_t torc_claim_entries(struct publisher *self, uint64_t sequence, size_t count);
/* ... up to `count` claims, if all that they take is at hand; how many. */
uint32_t torc_claim_some(struct publisher *self, uint32_t type, size_t length, struct torc_claim *claims, size_t count);
/* ... the first `count` of the open claims become visible, if they are not in their entries yet; false: nothing was
 * done. */
bool torc_commit_some(struct publisher *self, struct torc_claim *claims, size_t count);
/* The open claims are put into their entries, and so are further ones until all are settled. */
void torc_claim_unfold(struct publisher *self);
/* All below `sequence` is stamped. */
static inline void torc_claims_published(struct publisher *self, uint64_t sequence) {
    torc_store_release64(&self->hot.lane->published, sequence); /* PUBLISHED */
    torc_barrier_light(self->hot.fence);                        /* SLEEP */
    if (TORC_UNLIKELY(torc_load_relaxed32(self->hot.sleepers) != 0)) {
        torc_wake_readers_slow(&self->hot);
    }
}
/* What nobody looks at before its stamp: the entry is written, and made visible but for the lane's cursor. */
static inline void torc_claim_stamp(const struct publisher *self, struct torc_entry *entry, uint64_t sequence,
                                    uint32_t header, uint32_t type) {
    torc_store_relaxed32(&entry->header_word, header);
    torc_store_relaxed32(&entry->type_word, type);
    torc_store_release64(&entry->stamp, sequence + 1); /* STAMP */
    TORC_PROBE2(publish, self->index, sequence);
}
/* The entry of this sequence may hold a slot; it does not any more. */
static inline void torc_claim_note_held(struct publisher *self, uint64_t sequence) {
    *held_word(self, sequence) |= held_bit(self, sequence);
}
static inline void torc_claim_note_dropped(struct publisher *self, uint64_t sequence) {
    *held_word(self, sequence) &= ~held_bit(self, sequence);
}

/* The bus is closed and a claim was taken back: TORC_CLOSED, for the publisher and for readers that wait. */
int torc_closed_off(struct publisher *self);

#endif
