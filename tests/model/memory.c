/* memory.c - atomic cells: the modification order of each, what a load may read, where a store may go.
 *
 * A load may read any store that is not older, in modification order, than one its thread knows of (by its own reads
 * and writes, by happens-before, or by full fences). A store may be placed anywhere after those, but not between a
 * store and the RMW that read it; a RMW reads a store that no other RMW has read and is placed right behind it. Real
 * memory always holds the newest value. Setup and check work on real memory directly. */
#include "explorer.h"

/* --- what a thread may see -------------------------------------------------------------------------------------- */

struct store *floor_of(const struct location *location, const struct clock *seen) {
    struct store *floor = location->first;
    for (uint32_t i = 0; i < MAX_THREADS; i++) {
        const struct touch *touch = location->touched[i];
        while (touch != NULL && touch->clock > seen->at[i]) {
            touch = touch->before;
        }
        if (touch != NULL && touch->store->position > floor->position) {
            floor = touch->store;
        }
    }
    return floor;
}

/* True if that is news to the thread. */
bool location_touch(struct thread *self, struct location *location, struct store *store) {
    struct touch *last = location->touched[self->number];
    struct touch *next;
    if (last != NULL && last->store == store) {
        return false;
    }
    next = pool_take(sizeof *next);
    *next = (struct touch){last, store, self->view.hb.at[self->number]};
    location->touched[self->number] = next;
    return true;
}

/* Who reads and writes a location is remembered over executions: where nobody else does, nothing needs to be explored.
 * What was explored before this was known is explored again. */
static void note_access(struct thread *self, struct location *location, bool read, bool write) {
    uint8_t me = bit_of(self);
    bool news = false;
    if (read && (location->readers & me) == 0) {
        news = (location->writers & ~me) != 0;
        location->readers |= me;
    }
    if (write && (location->writers & me) == 0) {
        news = news || ((location->readers | location->writers) & ~me) != 0;
        location->writers |= me;
    }
    if (news && ex.mode == MODE_SEARCH) {
        sched_end(VERDICT_RESTART);
    }
}

#define MAX_CHOICES 64

struct wanted {
    bool rmw;
    bool compare;
    uint64_t expected;
    bool fails; /* whatever it finds */
};

static bool may_read(const struct thread *self, const struct store *store, const struct wanted *wanted) {
    if (self->restricted && store->serial <= self->pending_serial) {
        return false;
    }
    return !wanted->rmw || !store->rmw_follows || (wanted->compare && store->value != wanted->expected);
}

static struct store *choose_store(struct thread *self, struct location *location, const struct wanted *wanted) {
    struct store *choice[MAX_CHOICES];
    uint32_t value[MAX_CHOICES];
    const struct store *floor = floor_of(location, &self->view.sc);
    uint32_t count = 0;
    uint32_t age = 0;
    for (struct store *store = location->last;; store = store->older, age++) {
        if (may_read(self, store, wanted)) {
            if (count == MAX_CHOICES) {
                violation("more than %d stores to choose from", MAX_CHOICES);
            }
            choice[count] = store;
            value[count++] = age;
        }
        if (store == floor) {
            break;
        }
    }
    self->restricted = false;
    if (count == 0) {
        sched_end(VERDICT_PRUNED);
    }
    return choice[count == 1 ? 0 : decide('r', value, count, false)];
}

/* Puts a store right after `older`. */
static void place(struct location *location, struct store *store, struct store *older) {
    store->older = older;
    store->newer = older->newer;
    older->newer = store;
    if (store->newer != NULL) {
        store->newer->older = store;
    } else {
        location->last = store;
    }
    for (struct store *at = store; at != NULL; at = at->newer) {
        at->position = at->older->position + 1;
    }
    store->serial = ++location->serial;
    state_placed(location);
}

static struct store *choose_place(struct thread *self, struct location *location) {
    struct store *choice[MAX_CHOICES];
    uint32_t value[MAX_CHOICES];
    const struct store *floor = floor_of(location, &self->view.sc);
    uint32_t count = 0;
    uint32_t age = 0;
    for (struct store *store = location->last;; store = store->older, age++) {
        if (ex.selftest && ex.broken && count != 0) {
            break;
        }
        if (!store->rmw_follows && count < MAX_CHOICES) {
            choice[count] = store;
            value[count++] = age;
        }
        if (store == floor) {
            break;
        }
    }
    return choice[count == 1 ? 0 : decide('m', value, count, false)];
}

/* --- the operations --------------------------------------------------------------------------------------------- */

static struct thread *begin(struct model_site *site) {
    struct thread *self = ex.running;
    self->doing = site;
    ex.atomic_operations++;
    if (++ex.step >= MAX_STEPS) {
        violation("no end after %u steps", MAX_STEPS);
    }
    return self;
}

static void read_one(struct thread *self, struct location *location, struct store *store, uint8_t order) {
    if (location_touch(self, location, store)) {
        self->learned = true;
    }
    location->read_at[self->number] = self->view.hb.at[self->number];
    sched_note_read(self, location, store);
    state_learn(self, state_store(store));
    view_acquire(self, store, order);
}

/* Makes a store, right after `older`, and carries on the release sequence of `read`. */
static struct store *write_one(struct thread *self, struct location *location, void *at, uint64_t value, uint8_t order,
                               struct store *older, const struct store *read) {
    struct store *store = store_new(self->number, value);
    store->clock = self->view.hb.at[self->number];
    store->step = ex.trace_count;
    state_learn(self, value);
    store->past = self->past;
    view_release(self, store, order);
    if (read != NULL && read->releases) {
        view_join(&store->release, &read->release);
        store->releases = true;
    }
    place(location, store, older);
    if (location->last == store) {
        memory_write(at, location->bytes, value);
    }
    (void)location_touch(self, location, store);
    location->written_at[self->number] = store->clock;
    sched_note_write(self, location, store);
    return store;
}

uint64_t model_load(struct model_site *site, const void *at, uint32_t bytes) {
    static const struct wanted any;
    struct thread *self;
    struct location *location;
    struct store *store;
    site = site->same;
    if (!exploring()) {
        return memory_read(at, bytes);
    }
    self = begin(site);
    location = location_of(at, bytes);
    note_access(self, location, true, false);
    sched_point(self, PENDING_READ, location);
    location = location_of(at, bytes);
    race_atomic(location, false);
    store = choose_store(self, location, &any);
    read_one(self, location, store, site->now);
    trace_add((struct step){.site = site,
                            .at = at,
                            .order = site->now,
                            .read = store->value,
                            .from = store->step,
                            .stale = store != location->last});
    view_tick(self);
    return store->value;
}

void model_store(struct model_site *site, void *at, uint32_t bytes, uint64_t value) {
    struct thread *self;
    struct location *location;
    struct store *older;
    site = site->same;
    value = bytes == 4 ? (uint32_t)value : value;
    if (!exploring()) {
        memory_write(at, bytes, value);
        return;
    }
    self = begin(site);
    location = location_of(at, bytes);
    note_access(self, location, false, true);
    if (ex.plain) {
        sched_point(self, PENDING_READ, location);
        location = location_of(at, bytes);
    }
    heavy_before(self, ((location->readers | location->writers) & ~bit_of(self)) != 0);
    race_atomic(location, true);
    older = choose_place(self, location);
    trace_add(
        (struct step){.site = site, .at = at, .order = site->now, .wrote = value, .placed = older != location->last});
    (void)write_one(self, location, at, value, site->now, older, NULL);
    view_tick(self);
}

static uint64_t combine(uint8_t op, uint64_t found, uint64_t operand) {
    switch (op) {
    case MODEL_ADD:
        return found + operand;
    case MODEL_OR:
        return found | operand;
    case MODEL_AND:
        return found & operand;
    default:
        return operand;
    }
}

static uint64_t read_modify_write(struct model_site *site, void *at, uint32_t bytes, uint64_t operand,
                                  const struct wanted *wanted) {
    struct thread *self = begin(site);
    struct location *location = location_of(at, bytes);
    struct store *store;
    uint64_t value;
    note_access(self, location, true, true);
    sched_point(self, PENDING_READ, location);
    location = location_of(at, bytes);
    race_atomic(location, true);
    store = choose_store(self, location, wanted);
    if (wanted->fails || (wanted->compare && store->value != wanted->expected)) {
        read_one(self, location, store, site->now_fail);
        trace_add((struct step){.site = site,
                                .at = at,
                                .order = site->now_fail,
                                .read = store->value,
                                .from = store->step,
                                .stale = store != location->last,
                                .failed = true});
        view_tick(self);
        return store->value;
    }
    value = combine(site->op, store->value, operand);
    value = bytes == 4 ? (uint32_t)value : value;
    read_one(self, location, store, site->now);
    trace_add((struct step){.site = site,
                            .at = at,
                            .order = site->now,
                            .read = store->value,
                            .wrote = value,
                            .from = store->step,
                            .placed = store != location->last});
    (void)write_one(self, location, at, value, site->now, store, store);
    store->rmw_follows = true;
    view_tick(self);
    return store->value;
}

uint64_t model_rmw(struct model_site *site, void *at, uint32_t bytes, uint64_t operand) {
    static const struct wanted any = {.rmw = true};
    uint64_t found;
    site = site->same;
    if (exploring()) {
        return read_modify_write(site, at, bytes, operand, &any);
    }
    found = memory_read(at, bytes);
    memory_write(at, bytes, combine(site->op, found, operand));
    return found;
}

uint64_t model_cas(struct model_site *site, void *at, uint32_t bytes, uint64_t expected, uint64_t desired) {
    struct wanted wanted = {.rmw = true, .compare = true, .expected = expected};
    uint64_t found;
    site = site->same;
    if (exploring()) {
        return read_modify_write(site, at, bytes, desired, &wanted);
    }
    found = memory_read(at, bytes);
    if (found == expected) {
        memory_write(at, bytes, desired);
    }
    return found;
}

/* One that fails for no reason is a load: it may read any store that a load may. */
bool model_cas_weak(struct model_site *site, torc_a64 *cell, uint64_t *expected, uint64_t desired) {
    static const struct wanted any = {.fails = true};
    if (exploring() && ex.spurious != 0 && model_choose(2) == 1) {
        ex.spurious--;
        *expected = read_modify_write(site->same, cell, 8, desired, &any);
        return false;
    }
    return model_cas64(site, cell, expected, desired) != 0;
}
