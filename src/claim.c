/* claim.c - the way of an event into its lane: room and slot (space.c), claim, commit or abort.
 *
 * Who may run at the same time: one publisher thread here; readers that advance cursors; other threads that release
 * slots; a closer that sets room to 0; joiners (src/reader.c). */
#include "probe.h"
#include "shared.h"
#include "space.h"

#include <string.h>

/* --- claims ------------------------------------------------------------------------------------------------- */

/* Takes the next sequence, unless the bus was closed (CLOSE: claimed first, then shut) or somebody began to copy
 * (COPY). */
static int take_sequence(struct publisher *self, bool for_copying, uint64_t *sequence) {
    if (TORC_UNLIKELY(self->shared)) {
        return torc_shared_claim(self, for_copying, sequence);
    }
    torc_claim_unfold(self);
    *sequence = lane_claimed(self);
    torc_store_release64(&self->hot.lane->claimed, *sequence + 1); /* CLAIMED: also what was aborted before */
    torc_barrier_light(self->hot.fence);
    if (TORC_UNLIKELY(closed(self) || (copied(self) && !for_copying))) {
        torc_store_release64(&self->hot.lane->claimed, *sequence); /* CLAIMED */
        return closed(self) ? torc_closed_off(self) : TORC_AGAIN;
    }
    self->open_claims++;
    return TORC_OK;
}

/* An entry that is to be written again. Readers that copy learn first that it is no longer what it was. */
static void open_words(struct torc_entry *entry, uint64_t sequence, uint32_t header, bool for_copying) {
    if (for_copying) {
        torc_store_release64(&entry->stamp, sequence); /* REWRITE; after an eviction */
    }
    torc_store_release32(&entry->header_word, header);
}

/* The entry of a new claim. */
static void open_entry(struct publisher *self, const struct torc_claim *claim, bool for_copying) {
    struct torc_entry *entry = lane_entry(self, claim->sequence);
    open_words(entry, claim->sequence, (uint32_t)claim->length | (claim->slot != 0 ? TORC_ENTRY_SLOT : 0), for_copying);
    if (claim->slot != 0) {
        torc_store_release64(&entry->body.word[0], claim->slot);
        torc_claim_note_held(self, claim->sequence);
    }
}

/* The only open claim need not be in its entry before it is committed, unless somebody copies (src/claim_fast.c). */
static bool fold(struct publisher *self, bool for_copying, const struct torc_claim *claim) {
    if (for_copying || self->shared || self->open_claims != 1) {
        return false;
    }
    self->open_claims = 0;
    self->hot.lone = (struct torc_lone_claims){claim->slot, (uint32_t)claim->length + 1};
    return true;
}

/* One try to claim; `in_slot` claims suit readers that copy: nothing but the handle is written to the entry. */
static int claim_try(struct wanted *wanted, bool in_slot, uint64_t deadline, struct torc_claim *claim) {
    struct publisher *self = wanted->self;
    bool for_copying = in_slot && copied(self);
    int status = torc_take_room(self, deadline);
    if (status == TORC_OK && in_slot) {
        status = torc_take_slot(wanted, deadline);
    }
    if (status != TORC_OK) {
        (void)torc_closed_off(self); /* an inline claim may just have been taken back */
        return status;
    }
    status = take_sequence(self, for_copying, &claim->sequence);
    if (status != TORC_OK) {
        if (in_slot) {
            torc_give_slot_back(wanted);
        }
        return status;
    }
    if (in_slot) {
        claim->slot = wanted->slot;
        claim->data = wanted->data;
    } else {
        claim->data = torc_entry_bytes(lane_entry(self, claim->sequence));
    }
    if (!fold(self, for_copying, claim)) {
        open_entry(self, claim, for_copying);
    }
    return TORC_OK;
}

static int claim_begin(struct wanted *wanted, bool in_slot, uint32_t type, uint64_t deadline,
                       struct torc_claim *claim) {
    int status;
    if (wanted->length > TORC_MAX_EVENT) {
        return TORC_TOO_BIG;
    }
    *claim = (struct torc_claim){.length = wanted->length, .type = type};
    status = claim_try(wanted, in_slot, deadline, claim);
    claim->state = status == TORC_OK ? TORC_CLAIM_OPEN : TORC_CLAIM_SETTLED;
    return status;
}

static int claim_one(struct publisher *self, uint32_t type, size_t length, uint64_t deadline,
                     struct torc_claim *claim) {
    int status = TORC_AGAIN;
    while (status == TORC_AGAIN) {
        struct wanted wanted = {.self = self, .length = length};
        status = claim_begin(&wanted, length >= self->limit || copied(self), type, deadline, claim);
    }
    return status;
}

int torc_claim_long(struct publisher *self, uint32_t type, size_t length, uint64_t deadline, struct torc_claim *claim) {
    torc_publisher_reopen(self);
    return claim_one(self, type, length, deadline, claim);
}

int torc_claim_to_publish(struct publisher *self, uint32_t type, size_t length, uint64_t deadline,
                          struct torc_claim *claim) {
    struct wanted wanted = {.self = self, .length = length};
    return claim_begin(&wanted, length >= self->limit, type, deadline, claim);
}

int torc_claim_lent(struct publisher *self, uint32_t type, const struct torc_buffer *buffer, uint64_t deadline,
                    struct torc_claim *claim) {
    int status = TORC_AGAIN;
    while (status == TORC_AGAIN) {
        struct wanted wanted = {.self = self, .length = buffer->length, .lent = buffer};
        status = claim_begin(&wanted, true, type, deadline, claim);
    }
    return status;
}

/* Makes an open claim visible; the lane's cursor follows in settle(). */
static void stamp(const struct publisher *self, uint64_t sequence, uint32_t header, uint32_t type) {
    const struct torc_bus *bus = &self->bus->hot;
    struct torc_entry *entry = lane_entry(self, sequence);
    torc_store_release32(&entry->header_word, header);
    torc_store_release32(&entry->type_word, type);
    if ((header & TORC_ENTRY_SLOT) != 0) {
        struct torc_pool_view *pool = torc_pool_of(bus, entry->body.slot);
        uint32_t index = torc_id_index(bus, entry->body.slot);
        torc_store_relaxed64(&pool->slots[index].meta, (header & TORC_ENTRY_LENGTH) | ((uint64_t)type << 32));
        torc_store_relaxed64(torc_pool_mark(pool, index), torc_mark_of(sequence));
    }
    torc_store_release64(&entry->stamp, sequence + 1); /* STAMP */
    TORC_PROBE2(publish, self->index, sequence);
}

/* The first sequence that is still open, or the next to claim. Each is stepped over once, when it and all before it are
 * settled. */
static uint64_t first_open(const struct publisher *self) {
    uint64_t at = torc_load_relaxed64(&self->hot.lane->published);
    while (torc_load_relaxed64(&lane_entry(self, at)->stamp) == at + 1) {
        at++;
    }
    return at;
}

static void settle(struct publisher *self, uint32_t claims) {
    if (TORC_UNLIKELY(self->shared)) {
        torc_shared_tell(self);
        return;
    }
    self->open_claims -= claims;
    torc_claims_published(self, self->open_claims == 0 ? lane_claimed(self) : first_open(self));
}

/* A claim of this publisher that was not settled before, unchanged but for a smaller length. (The slot tells it from a
 * copy of an aborted claim whose sequence was claimed again.) */
static bool is_open(const struct publisher *self, const struct torc_claim *claim, uint64_t published) {
    const struct torc_entry *entry = lane_entry(self, claim->sequence);
    uint64_t slot = (entry->header & TORC_ENTRY_SLOT) != 0 ? entry->body.slot : 0;
    return claim->state == TORC_CLAIM_OPEN && claim->slot == slot &&
           claim->sequence - published < lane_claimed(self) - published &&
           sequence_before(torc_load_relaxed64(&entry->stamp), claim->sequence + 1) &&
           claim->length <= (entry->header & TORC_ENTRY_LENGTH);
}

static void commit_one(struct publisher *self, struct torc_claim *claim) {
    uint32_t slot = lane_entry(self, claim->sequence)->header & TORC_ENTRY_SLOT;
    stamp(self, claim->sequence, (uint32_t)claim->length | slot, claim->type);
    claim->state = TORC_CLAIM_SETTLED;
}

/* The last claim gives its sequence back; an earlier one leaves a tombstone. */
static void abort_one(struct publisher *self, struct torc_claim *claim) {
    if ((lane_entry(self, claim->sequence)->header & TORC_ENTRY_SLOT) != 0) {
        torc_bank_put_back(&self->bank, claim->slot);
        torc_claim_note_dropped(self, claim->sequence);
    }
    if (!self->shared && claim->sequence + 1 == lane_claimed(self)) {
        torc_store_release32(&lane_entry(self, claim->sequence)->header_word, TORC_ENTRY_SKIP);
        torc_store_release64(&self->hot.lane->claimed, claim->sequence); /* CLAIMED */
    } else {
        stamp(self, claim->sequence, TORC_ENTRY_SKIP, 0);
    }
    claim->state = TORC_CLAIM_SETTLED;
}

void torc_claims_forget(struct publisher *self) {
    uint64_t end = lane_claimed(self);
    torc_claim_unfold(self);
    for (uint64_t at = torc_lane_published(self->bus, self->index); at != end; at++) {
        const struct torc_entry *entry = lane_entry(self, at);
        if (torc_load_relaxed64(&entry->stamp) == at + 1) {
            continue;
        }
        if ((entry->header & TORC_ENTRY_SLOT) != 0) {
            torc_bank_put_back(&self->bank, entry->body.slot);
        }
        stamp(self, at, TORC_ENTRY_SKIP, 0);
    }
    torc_publisher_share(self, false);
    settle(self, self->open_claims);
}

/* --- publishing to readers that copy --------------------------------------------------------------------------- */

void torc_publisher_copied(struct publisher *self, bool on) {
    torc_store_release32(&self->copied, on); /* COPY */
    if (on) {
        torc_store_relaxed64(&self->hot.room, 0);
    }
}

/* The publisher opens its own fast path, after it has acquired that nobody copies: torc_publish looks at room alone. */
void torc_publisher_reopen(struct publisher *self) {
    if (TORC_LIKELY(torc_load_relaxed64(&self->hot.room) != 0) || copied(self) || closed(self)) {
        return;
    }
    (void)pthread_mutex_lock(&self->bus->lock);
    torc_store_release64(&self->hot.room, copied(self) || closed(self) ? 0 : self->hot.mask + 1); /* COPY, to others */
    (void)pthread_mutex_unlock(&self->bus->lock);
}

bool torc_publisher_is_copied(const struct publisher *self, size_t length) {
    return copied(self) && length < self->limit;
}

static void store_words(torc_a64 *words, const unsigned char *data, size_t length) {
    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, data + at, length - at < 8 ? length - at : 8);
        torc_store_release64(&words[at / 8], word); /* REWRITE */
    }
}

/* An inline event, word by word (REWRITE). */
int torc_publish_words(struct publisher *self, uint32_t type, const void *data, size_t length, uint64_t deadline) {
    uint64_t sequence;
    int status = torc_take_room(self, deadline);
    if (status == TORC_OK) {
        status = take_sequence(self, true, &sequence);
    }
    if (status != TORC_OK) {
        return status;
    }
    open_words(lane_entry(self, sequence), sequence, (uint32_t)length, true);
    store_words(torc_entry_words(lane_entry(self, sequence)), data, length);
    stamp(self, sequence, (uint32_t)length, type);
    settle(self, 1);
    return TORC_OK;
}

/* --- the public calls --------------------------------------------------------------------------------------- */

/* Checks all claims of a batch before the first is touched. */
static bool can_settle(struct publisher *self, const struct torc_claim *claims, size_t count) {
    uint64_t published = torc_load_relaxed64(&self->hot.lane->published);
    torc_claim_unfold(self);
    for (size_t i = 0; claims != NULL && i < count; i++) {
        if (!is_open(self, &claims[i], published) || claims[i].sequence != claims[0].sequence + i) {
            return false;
        }
    }
    return claims != NULL && count != 0;
}

int torc_commit_batch(struct torc_publisher *publisher, struct torc_claim *claims, size_t count) {
    if (publisher == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(publisher_of(publisher));
    if (TORC_LIKELY(torc_commit_some(publisher_of(publisher), claims, count))) {
        return TORC_OK;
    }
    if (!can_settle(publisher_of(publisher), claims, count)) {
        return TORC_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        commit_one(publisher_of(publisher), &claims[i]);
    }
    settle(publisher_of(publisher), (uint32_t)count);
    return TORC_OK;
}

int torc_abort_batch(struct torc_publisher *publisher, struct torc_claim *claims, size_t count) {
    if (publisher == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(publisher_of(publisher));
    if (!can_settle(publisher_of(publisher), claims, count)) {
        return TORC_INVALID;
    }
    for (size_t i = count; i > 0; i--) {
        abort_one(publisher_of(publisher), &claims[i - 1]);
    }
    settle(publisher_of(publisher), (uint32_t)count);
    return TORC_OK;
}

int torc_abort(struct torc_publisher *publisher, struct torc_claim *claim) {
    return torc_abort_batch(publisher, claim, 1);
}

/* As many as are at hand: what is left of the room, then what was found when it was looked for again. */
static size_t claim_run(struct publisher *self, uint32_t type, size_t length, struct torc_claim *claims, size_t count) {
    size_t taken = 0;
    uint32_t some = 1;
    for (; taken < count && some != 0; taken += some) {
        some = torc_claim_some(self, type, length, claims + taken, count - taken);
    }
    return taken;
}

int torc_claim_batch_until(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claims,
                           size_t count, uint64_t deadline) {
    struct publisher *self = publisher_of(publisher);
    size_t taken;
    int status = TORC_OK;
    if (publisher == NULL || claims == NULL || count == 0 || count > publisher->mask + 1) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    taken = claim_run(self, type, length, claims, count);
    if (taken == 0) {
        torc_publisher_reopen(self);
    }
    while (taken < count && status == TORC_OK) {
        status = claim_one(self, type, length, taken == 0 ? deadline : TORC_NO_WAIT, &claims[taken]);
        if (status == TORC_OK) {
            taken++;
            taken += claim_run(self, type, length, claims + taken, count - taken);
        }
    }
    return taken != 0 ? (int)taken : status;
}

int torc_claim_batch(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claims,
                     size_t count) {
    return torc_claim_batch_until(publisher, type, length, claims, count, TORC_FOREVER);
}

int torc_try_claim_batch(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_claim *claims,
                         size_t count) {
    return torc_claim_batch_until(publisher, type, length, claims, count, TORC_NO_WAIT);
}

/* A handle to an XXL block never takes the sole-owner release: its block goes back on the way. */
static struct torc_ringptr fresh_handle(const struct publisher *self, uint64_t id, uint32_t type, size_t length) {
    struct torc_bus *bus = &self->bus->hot;
    bool xxl = torc_pool_of(bus, id)->xxl != NULL;
    torc_store_relaxed64(&torc_slot_of(bus, id)->meta, length | ((uint64_t)type << 32));
    return (struct torc_ringptr){bus, xxl ? id | TORC_ID_SHARED : id};
}

int torc_ringptr_claim_until(struct torc_publisher *publisher, uint32_t type, size_t length, uint64_t deadline,
                             struct torc_ringptr *ptr, void **data) {
    struct publisher *self = publisher_of(publisher);
    struct wanted wanted = {.self = self, .length = length};
    int status;
    if (publisher == NULL || ptr == NULL) {
        return TORC_INVALID;
    }
    if (length > TORC_MAX_EVENT) {
        return TORC_TOO_BIG;
    }
    TORC_ONE_AT_A_TIME(self);
    torc_publisher_reopen(self);
    status = torc_take_slot(&wanted, deadline);
    if (status == TORC_OK) {
        *ptr = fresh_handle(self, wanted.slot, type, length);
        if (data != NULL) {
            *data = wanted.data;
        }
    }
    return status;
}

int torc_try_ringptr_claim(struct torc_publisher *publisher, uint32_t type, size_t length, struct torc_ringptr *ptr,
                           void **data) {
    return torc_ringptr_claim_until(publisher, type, length, TORC_NO_WAIT, ptr, data);
}
