/* space.c - what a claim needs before it can begin, and the wait for it.
 *
 * Who may run at the same time: one publisher thread here; readers that advance cursors and threads that release slots, both of
 * which wake it (SPACE); a closer (CLOSE). */
#include "space.h"

static bool room_ready(void *context) {
    struct wanted *wanted = context;
    return closed(wanted->self) || torc_gate_has_room(wanted->self);
}

static bool slot_ready(void *context) {
    struct wanted *wanted = context;
    if (closed(wanted->self)) {
        wanted->status = TORC_CLOSED;
        return true;
    }
    wanted->status = wanted->lent != NULL
                         ? torc_bank_lend(&wanted->self->bank, wanted->lent, &wanted->slot)
                         : torc_bank_take(&wanted->self->bank, wanted->length, &wanted->slot, &wanted->data);
    return wanted->status != TORC_POOL_DRY;
}

/* Readers that may be evicted are waited for until then. */
static int await_space(struct wanted *wanted, bool (*ready)(void *), uint64_t deadline) {
    struct publisher *self = wanted->self;
    struct torc_await await = {lane_point(self->bus, self->index), ready, NULL, wanted, self->hot.fence, self->wait};
    for (;;) {
        uint64_t due = torc_evict_due(self);
        int status = torc_await(&await, due < deadline ? due : deadline);
        if (status != TORC_TIMED_OUT && status != TORC_WOULD_BLOCK) {
            return status;
        }
        if (!torc_evict(self) && due >= deadline) {
            return status;
        }
    }
}

static void count_stall(const struct publisher *self) {
    torc_a64 *stalls = &self->hot.lane->stalls;
    torc_store_relaxed64(stalls, torc_load_relaxed64(stalls) + 1);
}

/* A reader may have seen the claim that was just taken back and gone to sleep over it. */
int torc_closed_off(struct publisher *self) {
    torc_barrier_light(self->hot.fence); /* SLEEP */
    if (torc_load_relaxed32(self->hot.sleepers) != 0) {
        torc_wake_readers_slow(&self->hot);
    }
    return TORC_CLOSED;
}

int torc_take_room(struct publisher *self, uint64_t deadline) {
    struct wanted wanted = {.self = self};
    int status = TORC_OK;
    if (!room_ready(&wanted)) {
        count_stall(self);
        status = await_space(&wanted, room_ready, deadline);
    }
    return status == TORC_OK && closed(self) ? torc_closed_off(self) : status;
}

int torc_take_slot(struct wanted *wanted, uint64_t deadline) {
    struct publisher *self = wanted->self;
    int status = TORC_OK;
    self->bank.waiting = false;
    if (!slot_ready(wanted)) {
        count_stall(self);
        status = TORC_POOL_DRY;
        if (self->bank.dry == TORC_DRY_WAIT) {
            /* A try stays bounded: only who waits looks at every slot. */
            self->bank.waiting = true;
            status = deadline == TORC_NO_WAIT && torc_evict_due(self) == TORC_FOREVER
                         ? TORC_WOULD_BLOCK
                         : await_space(wanted, slot_ready, deadline);
        }
    }
    return status == TORC_OK ? wanted->status : status;
}

void torc_give_slot_back(const struct wanted *wanted) {
    if (wanted->lent != NULL) {
        torc_bank_unlend(&wanted->self->bank, wanted->slot, wanted->lent);
    } else {
        torc_bank_put_back(&wanted->self->bank, wanted->slot);
    }
}
