/* torc/publisher.h - the writing end of a topic.
 *
 * A publisher owns one lane of its topic and one bank of pools. Recipe, copying:
 *
 *     torc_publish(publisher, TYPE, data, length);
 *
 * Recipe, in place:
 *
 *     struct torc_claim claim;
 *     if (torc_claim(publisher, TYPE, length, &claim) == TORC_OK) {
 *         fill(claim.data, claim.length);
 *         torc_commit(publisher, &claim);           // or torc_abort
 *     }
 *
 * Guarantees: events of one publisher reach every reader in the order of their claims; an event is visible whole or not
 * at all; nothing is overwritten before every gating reader has passed it.
 *
 * Threads: one thread at a time per publisher; handing it to another thread takes the caller's own synchronisation.
 * torc_publisher_close may come from any thread once the owner has stopped using it.
 *
 * Three forms: the plain name waits for space as long as it takes (by the publisher's wait strategy, until the bus
 * closes), try_ never waits, _until waits up to a deadline. Common answers:
 *   TORC_CLOSED       the bus was closed
 *   TORC_WOULD_BLOCK  try_: lane full, or pool dry under the WAIT policy
 *   TORC_TIMED_OUT    _until: the same at the deadline
 *   TORC_POOL_DRY     no slot, or the XXL area is full, and the policy is not WAIT
 *   TORC_TOO_BIG      length > TORC_MAX_EVENT, or more than any pool of this configuration can hold
 *   TORC_NO_MEMORY    the XXL provider returned NULL
 *   TORC_INVALID      NULL publisher, or NULL data with length > 0
 *   TORC_WRONG_THREAD another thread is inside a call on this publisher (looked for in DEBUG builds only)
 * After an error nothing was claimed and nothing was published. */
#ifndef TORC_PUBLISHER_H
#define TORC_PUBLISHER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <torc/bus.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

/* What to do when the pool of the fitting shirt has no free slot. */
enum torc_dry {
    TORC_DRY_WAIT = 0, /* wait for readers to pass or handles to be released (the default) */
    TORC_DRY_FAIL,     /* answer TORC_POOL_DRY at once */
    TORC_DRY_BIGGER,   /* take the next bigger shirt that has one; none up to XL: TORC_POOL_DRY */
    TORC_DRY_XXL       /* take a block from the XXL provider; no descriptor free: TORC_POOL_DRY */
};

struct torc_publisher_config {
    enum torc_wait wait; /* how to wait for space */
    enum torc_dry dry;   /* dry-pool policy of the bank */
};

/* What the open claims are, if there are any, they are a row of one length, inline or in slots that follow each other
 * in their pool, and are not in their entries yet (src/claim_fast.c). The lane says which they are: all from published
 * to claimed. Each store between two events delays the next, so this stays as it is from one claim to its like. */
struct torc_lone_claims {
    uint64_t slot; /* the first one's; 0: inline */
    uint32_t most; /* their length + 1; 0: they are in their entries */
};

/* The hot part of a publisher; the rest is private. Touch none of it. */
struct torc_publisher {
    unsigned char *entries; /* torc_entry_at */
    struct torc_lane *lane;
    torc_a32 *sleepers;    /* the topic's: != 0 while a reader sleeps */
    uint64_t mask;         /* lane entries - 1 */
    uint64_t base;         /* a claim may go up to base + room: the oldest sequence that must not be overwritten yet */
    torc_a64 room;         /* lane entries; 0 once the bus is closed, and while readers copy (CLOSE, COPY) */
    uint32_t inline_limit; /* lengths below take the inline way; 0: none does, as with TORC_TOPIC_NO_INLINE, without
                              membarrier, in a forked child */
    uint32_t fence;        /* the bus's */
    size_t stride;         /* bytes from entry to entry */
    struct torc_bus *bus;
    struct torc_pool_view *pools;                                    /* the bank's: XS .. XL, XXL */
    struct torc_pool_view *fitting[TORC_XL_BITS - TORC_XS_BITS + 1]; /* the same, by bits of length - 1 */
    struct torc_lone_claims lone;
};

/* torc_publisher_open: a new lane on this topic; readers that are open see its events from the first on. config NULL:
 * all defaults. Any thread. Give it back with torc_publisher_close.
 * TORC_NO_ROOM: config.publishers are open, or closed ones of other topics are not drained yet: each of their readers
 * must have read them to the end and noticed it, by one more call. TORC_CLOSED. TORC_NO_MEMORY. TORC_INVALID.
 * TORC_WRONG_END: the topic is one of total order (torc/sequencer.h). */
int torc_publisher_open(struct torc_topic *topic, const struct torc_publisher_config *config,
                        struct torc_publisher **publisher);

/* torc_publisher_close: open claims are aborted, the lane ends and is left to be drained, the bank to be adopted;
 * handles stay valid. The pointer is gone afterwards. TORC_INVALID for NULL. */
int torc_publisher_close(struct torc_publisher *publisher);

/* torc_publish: copies `length` bytes (0..TORC_MAX_EVENT) into the lane or a slot and makes them visible. */
TORC_INLINE int torc_publish(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length);
int torc_try_publish(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length);
int torc_publish_until(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length,
                       uint64_t deadline);

/* torc_publish_arena: publishes what is written in an arena's buffer, without a copy. Readers see it like any other
 * event; handles to it are of shirt XXL, whatever its length. On TORC_OK the buffer is the bus's and *buffer is empty:
 * it goes back to its arena with the last handle, once the ring needs it no more. On any error it is the caller's as
 * before.
 * TORC_NO_ROOM: config.xxl is 0. TORC_STALE: the buffer was released or published already. TORC_INVALID: NULL, or
 * nothing is written in it. */
struct torc_buffer;
int torc_publish_arena(struct torc_publisher *publisher, uint32_t type, struct torc_buffer *buffer);
int torc_try_publish_arena(struct torc_publisher *publisher, uint32_t type, struct torc_buffer *buffer);
int torc_publish_arena_until(struct torc_publisher *publisher, uint32_t type, struct torc_buffer *buffer,
                             uint64_t deadline);

/* A message of a batch. */
struct torc_message {
    const void *data;
    size_t length;
    uint32_t type;
};

/* torc_publish_batch: publishes messages in order with one update of the lane's cursor and at most one wake-up per run
 * that fits, of 64 small messages at most. While readers copy, small messages go one by one. Of one type and size:
 * torc/batch.h is quicker. *published (may be NULL) receives how many were, also on error. */
int torc_publish_batch(struct torc_publisher *publisher, const struct torc_message *messages, size_t count,
                       size_t *published);
int torc_try_publish_batch(struct torc_publisher *publisher, const struct torc_message *messages, size_t count,
                           size_t *published);
int torc_publish_batch_until(struct torc_publisher *publisher, const struct torc_message *messages, size_t count,
                             uint64_t deadline, size_t *published);

/* A claimed event: fill data[0 .. length-1], then commit or abort. The caller may lower `length` before the commit; the
 * other fields are read-only. Several claims may be open; readers see them in claim order, each once all before it are
 * settled. */
struct torc_claim {
    void *data;
    size_t length;
    uint32_t type;
    uint32_t state; /* library's: enum torc_claim_state */
    uint64_t sequence;
    uint64_t slot; /* library's */
};
enum torc_claim_state { TORC_CLAIM_SETTLED = 0, TORC_CLAIM_OPEN = 0x636c616d };

/* torc_claim: a place for an event of `length` bytes, aligned to 16 (inline: up to config.inline_bytes, 48 unless set)
 * or 64 (slots). While a reader copies the topic (LOSSY, CONFLATE, EVICT) every claim takes a slot: on a bus without
 * any that is TORC_TOO_BIG; torc_publish needs none. */
TORC_INLINE int torc_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claim);
int torc_try_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claim);
int torc_claim_until(struct torc_publisher *publisher, uint32_t type, size_t length, uint64_t deadline,
                     struct torc_claim *claim);

/* torc_commit: makes the claim visible. torc_abort: gives it back; if later claims exist, readers step over its
 * sequence. Both settle a claim once: TORC_INVALID for one that is settled already or whose length grew. */
TORC_INLINE int torc_commit(struct torc_publisher *publisher, struct torc_claim *claim);
int torc_abort(struct torc_publisher *publisher, struct torc_claim *claim);

/* torc_claim_batch: up to `count` claims of one type and length; waits for the first, takes the others as far as there
 * is space. Returns how many (1..count) or an error. count is at most the lane's entries. commit_batch and abort_batch
 * settle `count` consecutive claims at once: one cursor update, at most one wake-up. For large events; small ones are
 * written sooner than a claim is, see torc/batch.h. */
int torc_claim_batch(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claims,
                     size_t count);
int torc_try_claim_batch(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claims,
                         size_t count);
int torc_claim_batch_until(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claims,
                           size_t count, uint64_t deadline);
int torc_commit_batch(struct torc_publisher *publisher, struct torc_claim *claims, size_t count);
int torc_abort_batch(struct torc_publisher *publisher, struct torc_claim *claims, size_t count);

/* torc_ringptr_claim: a slot from the publisher's bank that is not published anywhere: fill it through *data (may be
 * NULL: not wanted) before handing the first clone on, then send it to actors or release it. What would be inline takes
 * a slot as well. Owner thread of the publisher. On error *ptr and *data are unchanged. */
TORC_INLINE int torc_ringptr_claim(struct torc_publisher *publisher, uint32_t type, size_t length,
                                   struct torc_ringptr *ptr, void **data);
int torc_try_ringptr_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_ringptr *ptr,
                           void **data);
int torc_ringptr_claim_until(struct torc_publisher *publisher, uint32_t type, size_t length, uint64_t deadline,
                             struct torc_ringptr *ptr, void **data);

/* torc_publisher_lane: its lane, as torc_event.lane and torc_position.lane name it; TORC_ONLY_LANE for NULL. Any
 * thread. */
uint32_t torc_publisher_lane(const struct torc_publisher *publisher);

/* torc_publisher_sequence: how many sequences the lane has taken so far, from config.first_sequence on. Any thread. */
uint64_t torc_publisher_sequence(const struct torc_publisher *publisher);

/* torc_publisher_pool_stats: one pool of this publisher's bank. Any thread. */
int torc_publisher_pool_stats(struct torc_publisher *publisher, uint32_t shirt, struct torc_pool_stats *stats);

/* torc_publisher_stalls: how often a publish or claim found the lane full or a pool dry and had to wait or give up. Any
 * thread. */
uint64_t torc_publisher_stalls(const struct torc_publisher *publisher);

/* torc_publish_struct: publishes one value by its type's size; evaluates to the status. */
#define torc_publish_struct(publisher, type, pointer) torc_publish((publisher), (type), (pointer), sizeof *(pointer))
#define torc_try_publish_struct(publisher, type, pointer)                                                              \
    torc_try_publish((publisher), (type), (pointer), sizeof *(pointer))
#define torc_publish_struct_until(publisher, type, pointer, deadline)                                                  \
    torc_publish_until((publisher), (type), (pointer), sizeof *(pointer), (deadline))

/* The paths that are not worth inlining. */
TORC_INLINE uint32_t torc_shirt_of(size_t length);
int torc_publish_slow(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length);
int torc_claim_slow(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claim);
int torc_commit_slow(struct torc_publisher *publisher, struct torc_claim *claim);
void torc_wake_readers_slow(struct torc_publisher *publisher);

/* Copies a small payload. Where the length is known at compile time it goes in 8-byte words: the compiler's own choice
 * of wider loads from a struct that was just filled in smaller stores cannot be forwarded from the store buffer, and
 * would wait for all stores before it, the last entry's included. The empty assembly keeps the words apart. A constant
 * length that no entry has is never copied; without saying so, compilers warn of the copy that they see there. */
static inline __attribute__((always_inline)) void torc_copy_word(unsigned char *to, const void *from, size_t at) {
    uint64_t word;
    memcpy(&word, (const unsigned char *)from + at, 8);
#if UINTPTR_MAX == UINT64_MAX
    __asm__("" : "+r"(word));
#endif
    memcpy(to + at, &word, 8);
}

static inline __attribute__((always_inline)) void torc_copy_small(unsigned char *to, const void *from, size_t length) {
    if (__builtin_constant_p(length) && length % 8 == 0 && length <= TORC_INLINE_BYTES) {
        if (length >= 8) {
            torc_copy_word(to, from, 0);
        }
        if (length >= 16) {
            torc_copy_word(to, from, 8);
        }
        if (length >= 24) {
            torc_copy_word(to, from, 16);
        }
        if (length >= 32) {
            torc_copy_word(to, from, 24);
        }
        if (length >= 40) {
            torc_copy_word(to, from, 32);
        }
        if (length >= 48) {
            torc_copy_word(to, from, 40);
        }
    } else if (length != 0 && !(__builtin_constant_p(length) && length > TORC_MAX_INLINE_BYTES)) {
        memcpy(to, from, length);
    }
}

/* The way out of torc_publish. A payload of constant small size is passed on as a copy, so that the caller's own need
 * not have an address and can stay in registers on the fast way. */
static inline __attribute__((always_inline)) int torc_publish_out(struct torc_publisher *publisher, uint32_t type,
                                                                  const void *data, size_t length) {
    if (__builtin_constant_p(length) && length != 0 && length <= TORC_INLINE_BYTES && data != NULL) {
        unsigned char copy[TORC_INLINE_BYTES];
        torc_copy_small(copy, data, length);
        return torc_publish_slow(publisher, type, copy, length);
    }
    return torc_publish_slow(publisher, type, data, length);
}

TORC_INLINE int torc_publish(struct torc_publisher *publisher, uint32_t type, const void *data, size_t length) {
    uint64_t sequence;
    struct torc_entry *entry;
    if (TORC_UNLIKELY(TORC_DEBUG >= 1 || publisher == NULL || length >= publisher->inline_limit ||
                      (data == NULL && length != 0))) {
        return torc_publish_out(publisher, type, data, length);
    }
    sequence = torc_load_relaxed64(&publisher->lane->claimed);
    if (TORC_UNLIKELY(torc_load_relaxed64(&publisher->lane->published) != sequence)) { /* claims are open */
        return torc_publish_out(publisher, type, data, length);
    }
    /* Say that a claim is open, then look whether the bus is (CLOSE); a closer does it the other way round. */
    torc_store_release64(&publisher->lane->claimed, sequence + 1); /* CLAIMED: also what was aborted before */
    torc_barrier_light(0);
    if (TORC_UNLIKELY(sequence - publisher->base >= torc_load_relaxed64(&publisher->room))) {
        torc_store_release64(&publisher->lane->claimed, sequence); /* CLAIMED: what was aborted before */
        return torc_publish_out(publisher, type, data, length);
    }
    entry = torc_entry_at(publisher->entries, publisher->mask, publisher->stride, sequence);
    torc_copy_small(torc_entry_bytes(entry), data, length);
    entry->header = (uint32_t)length;
    entry->type = type;
    torc_store_release64(&entry->stamp, sequence + 1);               /* STAMP */
    torc_store_release64(&publisher->lane->published, sequence + 1); /* PUBLISHED */
    torc_barrier_light(0);                                           /* SLEEP */
    if (TORC_UNLIKELY(torc_load_relaxed32(publisher->sleepers) != 0)) {
        torc_wake_readers_slow(publisher);
    }
    return TORC_OK;
}

/* The ways out of torc_claim and torc_commit; as in torc_publish_out, the caller's claim needs no address on the fast
 * way. */
static inline __attribute__((always_inline)) int torc_claim_out(struct torc_publisher *publisher, uint32_t type,
                                                                size_t length, struct torc_claim *claim) {
    struct torc_claim made = {NULL, 0, 0, TORC_CLAIM_SETTLED, 0, 0};
    int status = torc_claim_slow(publisher, type, length, &made);
    *claim = made;
    return status;
}

static inline __attribute__((always_inline)) int torc_commit_out(struct torc_publisher *publisher,
                                                                 struct torc_claim *claim) {
    struct torc_claim copy = *claim;
    int status = torc_commit_slow(publisher, &copy);
    *claim = copy;
    return status;
}

/* Inline where the event goes into the lane, and no other claim is open. Few stores lie between two events, and fewest
 * between the first byte of the payload and the stamp: a reader that waits for this entry takes its line away in
 * between. What is written here of the entry needs no order but the stamp's (src/claim_fast.c). */
TORC_INLINE int torc_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claim) {
    uint64_t sequence;
    if (TORC_UNLIKELY(claim == NULL)) {
        return TORC_INVALID;
    }
    if (TORC_UNLIKELY(TORC_DEBUG >= 1 || publisher == NULL || length >= publisher->inline_limit)) {
        return torc_claim_out(publisher, type, length, claim);
    }
    sequence = torc_load_relaxed64(&publisher->lane->claimed);
    if (TORC_UNLIKELY(torc_load_relaxed64(&publisher->lane->published) != sequence)) { /* claims are open */
        return torc_claim_out(publisher, type, length, claim);
    }
    torc_store_release64(&publisher->lane->claimed, sequence + 1); /* CLAIMED: also what was aborted before */
    torc_barrier_light(0);                                         /* CLOSE, COPY */
    if (TORC_UNLIKELY(sequence - publisher->base >= torc_load_relaxed64(&publisher->room))) {
        torc_store_release64(&publisher->lane->claimed, sequence); /* CLAIMED */
        return torc_claim_out(publisher, type, length, claim);
    }
    if (TORC_UNLIKELY(publisher->lone.most != (uint32_t)length + 1 || publisher->lone.slot != 0)) {
        publisher->lone.most = (uint32_t)length + 1;
        publisher->lone.slot = 0;
    }
    claim->data = torc_entry_bytes(torc_entry_at(publisher->entries, publisher->mask, publisher->stride, sequence));
    claim->length = length;
    claim->type = type;
    claim->state = TORC_CLAIM_OPEN;
    claim->sequence = sequence;
    claim->slot = 0;
    return TORC_OK;
}

/* Inline for the only open claim, if it is in the lane. */
TORC_INLINE int torc_commit(struct torc_publisher *publisher, struct torc_claim *claim) {
    struct torc_entry *entry;
    if (TORC_UNLIKELY(claim == NULL)) {
        return TORC_INVALID;
    }
    if (TORC_UNLIKELY(TORC_DEBUG >= 1 || publisher == NULL || (claim->slot | publisher->lone.slot) != 0 ||
                      claim->length >= publisher->lone.most || claim->state != TORC_CLAIM_OPEN ||
                      claim->sequence != torc_load_relaxed64(&publisher->lane->published) ||
                      claim->sequence + 1 != torc_load_relaxed64(&publisher->lane->claimed) ||
                      torc_load_relaxed64(&publisher->room) == 0)) {
        return torc_commit_out(publisher, claim);
    }
    claim->state = TORC_CLAIM_SETTLED;
    entry = torc_entry_at(publisher->entries, publisher->mask, publisher->stride, claim->sequence);
    entry->header = (uint32_t)claim->length;
    entry->type = claim->type;
    torc_store_release64(&entry->stamp, claim->sequence + 1);               /* STAMP */
    torc_store_release64(&publisher->lane->published, claim->sequence + 1); /* PUBLISHED */
    torc_barrier_light(publisher->fence);                                   /* SLEEP */
    if (TORC_UNLIKELY(torc_load_relaxed32(publisher->sleepers) != 0)) {
        torc_wake_readers_slow(publisher);
    }
    return TORC_OK;
}

/* The smallest shirt for a length; TORC_XXL above 16 KiB. Shirts are powers of four from 64: two bits of length
 * each. */
TORC_INLINE uint32_t torc_shirt_of(size_t length) {
    uint32_t bits = 64u - (uint32_t)__builtin_clzll(((unsigned long long)length - (length != 0)) | (TORC_XS_BYTES - 1));
    uint32_t shirt = (bits - 5) / 2;
    return shirt < TORC_XXL ? shirt : (uint32_t)TORC_XXL;
}

/* The way out of torc_ringptr_claim; as in torc_publish_out, the caller's variables need no address on the fast way. */
static inline __attribute__((always_inline)) int torc_ringptr_claim_out(struct torc_publisher *publisher, uint32_t type,
                                                                        size_t length, struct torc_ringptr *ptr,
                                                                        void **data) {
    struct torc_ringptr found = {NULL, 0};
    void *payload = NULL;
    int status = TORC_INVALID;
    if (ptr != NULL) {
        status = torc_ringptr_claim_until(publisher, type, length, TORC_FOREVER, &found, &payload);
    }
    if (status == TORC_OK) {
        *ptr = found;
        if (data != NULL) {
            *data = payload;
        }
    }
    return status;
}

/* The pool of the smallest shirt for a length of 1 to 16 KiB. */
static inline __attribute__((always_inline)) const struct torc_pool_view *
torc_fitting_pool(const struct torc_publisher *publisher, size_t length) {
    size_t bits = 63u ^ (size_t)__builtin_clzll((unsigned long long)(length - 1) | (TORC_XS_BYTES - 1));
    return publisher->fitting[bits - (TORC_XS_BITS - 1)];
}

/* Inline where the slot that was released last, or the fitting pool's next, is free and nothing else is due. */
TORC_INLINE int torc_ringptr_claim(struct torc_publisher *publisher, uint32_t type, size_t length,
                                   struct torc_ringptr *ptr, void **data) {
    const struct torc_pool_view *pool;
    struct torc_pool_ctl *ctl;
    struct torc_slot *slot;
    uint32_t index;
    uint64_t word;
    if (TORC_UNLIKELY(TORC_DEBUG >= 1 || publisher == NULL || ptr == NULL || length - 1 >= TORC_XL_BYTES ||
                      torc_load_relaxed64(&publisher->room) == 0)) {
        return torc_ringptr_claim_out(publisher, type, length, ptr, data);
    }
    pool = torc_fitting_pool(publisher, length);
    ctl = pool->ctl;
    index = torc_load_relaxed32(&ctl->recent) - pool->first;
    slot = &pool->slots[index];
    if (TORC_LIKELY(index < pool->capacity && torc_load_relaxed64(&pool->owner) == torc_thread_token()) &&
        (word = torc_load_acquire64(&slot->word)) < TORC_RECENT_LAST) { /* FREE */
        torc_store_relaxed64(&ctl->allocations, torc_load_relaxed64(&ctl->allocations) + 1);
    } else {
        index = torc_load_relaxed32(&ctl->next);
        slot = &pool->slots[index];
        /* Below the limit; then count 0, and not retired. */
        if (TORC_UNLIKELY(index >= ctl->limit ||
                          (word = torc_load_acquire64(&slot->word)) >= TORC_GENERATION_LAST)) { /* FREE */
            return torc_ringptr_claim_out(publisher, type, length, ptr, data);
        }
        torc_store_relaxed32(&ctl->next, index + 1); /* counts as one allocation */
    }
    torc_store_relaxed32(&ctl->recent, TORC_NO_SLOT);
    torc_store_relaxed64(&slot->meta, length | ((uint64_t)type << 32));
    torc_store_relaxed64(&slot->word, word | TORC_COUNT_ONE); /* nobody else writes it while it is free */
    if (data != NULL) {
        *data = pool->payload + (size_t)index * pool->size;
    }
    ptr->bus = publisher->bus;
    ptr->id = ((uint64_t)(pool->first + index) << TORC_ID_SLOT_SHIFT) | word;
    return TORC_OK;
}

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
