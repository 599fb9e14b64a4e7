/* space.c - what a claim needs before it can begin, and the wait for it.
 *
 * Who may run at the same time: one publisher thread here; readers that advance cursors and threads that release slots,
 * both of which wake it (SPACE); a closer (CLOSE). */
#include "space.h"

/* Readers have come, gone or been put elsewhere: whoever waits must know anew for whom. */
static bool readers_changed(struct wanted *wanted) {
    wanted->anew = torc_load_relaxed32(&wanted->self->topic->record->version) != wanted->version;
    return wanted->anew;
}

static bool find_room(const struct wanted *wanted) {
    return closed(wanted->self) || torc_gate_has_room(wanted->self);
}

static bool room_ready(void *context) {
    return find_room(context) || readers_changed(context);
}

/* Slots come back in the order of the lane, so who spins looks at the next one, and at a few others in turns: handles
 * are released in any order. Only who is about to sleep looks at every slot, after it has announced itself (SPACE). */
#define LOOK_EVERYWHERE_AFTER 16u
#define LOOK_EVERYWHERE_EVERY 64u

static enum torc_look how_hard(const struct wanted *wanted) {
    enum torc_wait how = wanted->self->wait;
    if (wanted->looks == 0) {
        return TORC_LOOK_FIRST;
    }
    return wanted->everywhere || how == TORC_WAIT_BACKOFF || wanted->looks % LOOK_EVERYWHERE_EVERY == 0 ||
                   (how != TORC_WAIT_SPIN && wanted->looks > LOOK_EVERYWHERE_AFTER)
               ? TORC_LOOK_EVERYWHERE
               : TORC_LOOK_AGAIN;
}

static void look_everywhere(void *context) {
    ((struct wanted *)context)->everywhere = true;
}

static bool find_slot(struct wanted *wanted) {
    wanted->self->bank.look = how_hard(wanted);
    wanted->looks++;
    if (closed(wanted->self)) {
        wanted->status = TORC_CLOSED;
        return true;
    }
    wanted->status = wanted->lent != NULL
                         ? torc_bank_lend(&wanted->self->bank, wanted->lent, &wanted->slot)
                         : torc_bank_take(&wanted->self->bank, wanted->length, &wanted->slot, &wanted->data);
    return wanted->status != TORC_POOL_DRY;
}

static bool slot_ready(void *context) {
    return find_slot(context) || readers_changed(context);
}

/* Readers that may be evicted are waited for until then. */
static int await_space(struct wanted *wanted, bool (*ready)(void *), uint64_t deadline) {
    struct publisher *self = wanted->self;
    struct torc_await await = {
        lane_point(self->bus, self->index), ready, look_everywhere, wanted, self->hot.fence, self->wait};
    for (;;) {
        uint64_t due;
        int status;
        wanted->version = torc_load_relaxed32(&self->topic->record->version);
        wanted->anew = false;
        due = torc_evict_due(self);
        status = torc_await(&await, due < deadline ? due : deadline);
        if (wanted->anew) {
            continue;
        }
        if (status != TORC_TIMED_OUT && status != TORC_WOULD_BLOCK) {
            return status;
        }
        if (!torc_evict(self) && due >= deadline) {
            return status;
        }
    }
}

/* A call on a shared lane comes by once per look, others stay until they have what they want (src/sequencer.c). */
static void count_stall(struct publisher *self, uint32_t what) {
    torc_a64 *stalls = &self->hot.lane->stalls;
    if ((self->counted & what) == 0) {
        torc_store_relaxed64(stalls, torc_load_relaxed64(stalls) + 1);
    }
    self->counted |= self->shared ? what : 0;
}

/* A reader may have seen the claim that was just taken back and gone to sleep over it. */
int torc_closed_off(struct publisher *self) {
    torc_barrier_light(self->hot.fence); /* SLEEP */
    if (torc_load_relaxed32(self->hot.sleepers) != 0) {
        torc_wake_readers_slow(&self->hot);
    }
    return TORC_CLOSED;
}

/* What is found ends its own stall only: small events that pass do not give a reader time that holds up large ones. */
int torc_take_room(struct publisher *self, uint64_t deadline) {
    struct wanted wanted = {.self = self};
    int status = TORC_OK;
    if (!find_room(&wanted)) {
        count_stall(self, STALL_ROOM);
        self->stalled_for = 0;
        status = await_space(&wanted, room_ready, deadline);
    }
    if (status == TORC_OK) {
        self->stall[0].since = 0;
    }
    return status == TORC_OK && closed(self) ? torc_closed_off(self) : status;
}

/* A try stays bounded: only who waits looks at every slot. */
static int await_slot(struct wanted *wanted, uint64_t deadline) {
    struct publisher *self = wanted->self;
    int status;
    if (self->bank.dry != TORC_DRY_WAIT) {
        return TORC_POOL_DRY;
    }
    if (deadline == TORC_NO_WAIT && torc_evict_due(self) == TORC_FOREVER) {
        return TORC_WOULD_BLOCK;
    }
    status = await_space(wanted, slot_ready, deadline);
    if (status != TORC_OK) {
        look_everywhere(wanted);
        status = find_slot(wanted) ? TORC_OK : status;
    }
    return status;
}

int torc_take_slot(struct wanted *wanted, uint64_t deadline) {
    struct publisher *self = wanted->self;
    uint32_t which = 1 + (wanted->lent != NULL ? (uint32_t)TORC_XXL : torc_shirt_of(wanted->length));
    int status = TORC_OK;
    wanted->looks = (self->counted & STALL_SLOT) != 0; /* the pool has counted the first as dry */
    if (!find_slot(wanted)) {
        count_stall(self, STALL_SLOT);
        self->stalled_for = which;
        status = await_slot(wanted, deadline);
    }
    if (status == TORC_OK && wanted->status == TORC_OK) {
        self->stall[which].since = 0;
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
