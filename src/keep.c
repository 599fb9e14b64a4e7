/* src/keep.c - from a borrow to a counted handle: one more reference to a slot, or a copy of an inline event. */
#include "core.h"

#include <string.h>

/* Is the event one that this reader has been given and has not given back? */
static bool is_borrowed(const struct reader *self, const struct torc_event *event) {
    if (self->conflation != NULL) {
        return self->lent && event->lane == self->hot.lane && event->sequence + 1 == self->hot.sequence;
    }
    for (uint32_t i = 0; i < self->lane_count; i++) {
        const struct reader_lane *lane = &self->lane[i];
        uint64_t next = i == self->current ? self->hot.sequence : lane->sequence;
        if (lane->index == event->lane) {
            return event->sequence - lane->given < next - lane->given;
        }
    }
    return false;
}

/* A copy of an inline event in a slot of the reader's own keep pool. */
static int keep_copy(struct reader *self, const struct torc_event *event, bool again, struct torc_ringptr *ptr) {
    struct torc_bus *bus = &self->bus->hot;
    struct torc_pool_view *pool = &bus->pools[self->keep_pool];
    uint32_t index =
        again ? torc_pool_take_anywhere(bus, self->keep_pool, NULL) : torc_pool_take(bus, self->keep_pool, NULL);
    if (index == TORC_NO_SLOT) {
        if (!again) {
            torc_pool_note_dry(pool);
        }
        return TORC_POOL_DRY;
    }
    memcpy(pool->payload + (size_t)index * pool->size, event->data, event->length);
    torc_store_relaxed64(&pool->slots[index].meta, event->length | ((uint64_t)event->type << 32));
    *ptr = (struct torc_ringptr){bus, torc_pool_id(bus, self->keep_pool, index)};
    return TORC_OK;
}

static int keep(struct torc_reader *reader, const struct torc_event *event, bool again, struct torc_ringptr *ptr) {
    struct reader *self = reader_of(reader);
    if (reader == NULL || event == NULL || ptr == NULL) {
        return TORC_INVALID;
    }
    TORC_ONE_AT_A_TIME(self);
    if (!is_borrowed(self, event)) {
        return TORC_INVALID;
    }
    if (event->slot == 0) {
        return event->length <= self->bus->config.inline_bytes ? keep_copy(self, event, again, ptr) : TORC_INVALID;
    }
    /* The ring's reference is alive as long as our cursor is below the event, so there is one to clone. */
    return torc_ringptr_clone((struct torc_ringptr){&self->bus->hot, event->slot}, ptr);
}

int torc_keep(struct torc_reader *reader, const struct torc_event *event, struct torc_ringptr *ptr) {
    return keep(reader, event, false, ptr);
}

int torc_keep_again(struct torc_reader *reader, const struct torc_event *event, struct torc_ringptr *ptr) {
    return keep(reader, event, true, ptr);
}

struct keeping {
    struct torc_reader *reader;
    const struct torc_event *event;
    struct torc_ringptr *ptr;
    int status;
};

static bool kept(void *context) {
    struct keeping *keeping = context;
    keeping->status = torc_load_acquire32(&reader_of(keeping->reader)->closing) != 0
                          ? TORC_CLOSED
                          : torc_keep_again(keeping->reader, keeping->event, keeping->ptr);
    return keeping->status != TORC_POOL_DRY;
}

int torc_keep_until(struct torc_reader *reader, const struct torc_event *event, uint64_t deadline,
                    struct torc_ringptr *ptr) {
    struct keeping keeping = {reader, event, ptr, torc_keep(reader, event, ptr)};
    struct reader *self = reader_of(reader);
    struct torc_await await;
    int status;
    if (keeping.status != TORC_POOL_DRY || self->bus->hot.pools[self->keep_pool].capacity == 0) {
        return keeping.status;
    }
    await = (struct torc_await){
        self->bus->hot.pools[self->keep_pool].space, kept, NULL, &keeping, self->bus->hot.fence, self->wait};
    status = torc_await(&await, deadline);
    if (status == TORC_WOULD_BLOCK) {
        return TORC_POOL_DRY;
    }
    return status == TORC_OK ? keeping.status : status;
}
