/* src/later.c - a bus that goes by itself, with the last publisher, reader, actor and handle.
 *
 * Who is last? Ends are closed by calls that hold the bus (torc_bus_hold). When such a call is the only one inside and
 * no end is left, nobody can make a new handle: the rings let go of their slots, those that handles hold are counted,
 * and from then on each last release of a slot takes one off that count, under the registry's lock.
 *
 * Only a bus created with TORC_DESTROY_LATER can wait: from the beginning, what frees a slot is a release's last access
 * to it. Others would have to change to that while releases are midway, which nobody could see.
 *
 * LATER: a last release first makes the slot word FREEING, then looks at pool.later; torc_bus_destroy_later sets
 * pool.later, passes the heavy barrier, then looks for FREEING slots. A release that saw no mark is FREEING by then and
 * is waited for; the store that ends it is its last access to the bus (pools/slot.c). All others come here, and keep
 * the bus by being FREEING until they hold the lock. Whoever finds nothing left takes the bus out of the list under the
 * lock, so it is one thread, once.
 *
 * The shorter way of a handle that was never cloned (torc_ringptr_release_fresh) is not for such a bus: its pools have
 * no owner (own() in pools/pool.c). */
#include "registry.h"

static void take_down(struct bus *bus) {
    void (*gone)(void *) = bus->leaving.gone;
    void *context = bus->leaving.context;
    torc_bus_free(bus);
    if (gone != NULL) {
        gone(context);
    }
}

/* Under the registry's lock: if nothing needs the bus any more it is this caller's to take down. */
static bool is_over(struct bus *bus) {
    const struct leaving *leaving = &bus->leaving;
    bool over = leaving->due && leaving->counted && leaving->holds == 0 && leaving->handles == 0;
    if (over) {
        torc_registry_remove(bus);
    }
    return over;
}

static bool no_ends(struct bus *bus) {
    bool open;
    (void)pthread_mutex_lock(&bus->lock);
    open = torc_bus_anyone_open(bus);
    (void)pthread_mutex_unlock(&bus->lock);
    return !open;
}

void torc_bus_hold(struct bus *bus) {
    torc_registry_lock();
    bus->leaving.holds++;
    torc_registry_unlock();
}

/* The rings' slots go without the lock: an XXL provider's code runs then. Nobody else is inside, so it happens once. */
void torc_bus_unhold(struct bus *bus) {
    struct leaving *leaving = &bus->leaving;
    bool over;
    torc_registry_lock();
    if (leaving->due && !leaving->counted && leaving->holds == 1 && no_ends(bus)) {
        torc_registry_unlock();
        torc_bus_drop_rings(bus);
        torc_registry_lock();
        leaving->handles = torc_bus_outstanding(bus);
        leaving->counted = true;
    }
    leaving->holds--;
    over = is_over(bus);
    torc_registry_unlock();
    if (over) {
        take_down(bus);
    }
}

void torc_later_free(const struct torc_bus *public_bus, struct torc_slot *slot, uint64_t word) {
    struct bus *bus = (struct bus *)(uintptr_t)public_bus;
    bool over;
    torc_registry_lock();
    if (torc_cas_release64(&slot->word, &word, torc_word_generation(word))) { /* FREE; as in pools/slot.c */
        bus->leaving.handles -= bus->leaving.counted;
    }
    over = is_over(bus);
    torc_registry_unlock();
    if (over) {
        take_down(bus);
    }
}

/* Those that were past their look at pool.later. */
static void await_releases(const struct bus *bus) {
    for (uint32_t number = 0; number < bus->hot.pool_count; number++) {
        const struct torc_pool_view *pool = &bus->hot.pools[number];
        for (uint32_t i = 0; i < pool->capacity; i++) {
            for (uint32_t round = 0;
                 torc_word_count(torc_load_acquire64(&pool->slots[i].word)) == TORC_COUNT_FREEING; /* FREE */
                 round++) {
                torc_pause_whole(TORC_WAIT_YIELD, round);
            }
        }
    }
}

/* From here on every last release of a slot looks whether it was the last of all. */
static void mark_pools(const struct bus *bus) {
    for (uint32_t number = 0; number < bus->hot.pool_count; number++) {
        torc_store_relaxed32(&bus->hot.pools[number].later, TORC_LATER_DUE);
    }
    torc_barrier_heavy(bus->hot.fence); /* LATER */
}

/* One that cannot wait. */
static int destroy_now(struct torc_bus **handle, void (*gone)(void *), void *context) {
    int status = torc_bus_destroy(handle, NULL);
    if (status == TORC_OK && gone != NULL) {
        gone(context);
    }
    return status;
}

int torc_bus_destroy_later(struct torc_bus **handle, void (*gone)(void *context), void *context) {
    struct bus *bus;
    if (handle == NULL || *handle == NULL) {
        return TORC_INVALID;
    }
    torc_registry_lock();
    bus = torc_registry_live(*handle);
    if (bus != NULL && (bus->config.flags & TORC_DESTROY_LATER) == 0) {
        torc_registry_unlock();
        return destroy_now(handle, gone, context);
    }
    if (bus != NULL) {
        bus->leaving.refused = true;
        bus->leaving.holds++;
        bus->leaving.gone = gone;
        bus->leaving.context = context;
    }
    torc_registry_unlock();
    if (bus == NULL) {
        return torc_not_live(*handle);
    }
    *handle = NULL;
    (void)pthread_mutex_lock(&bus->lock);
    torc_bus_shut(bus, TORC_BUS_DRAINING);
    (void)pthread_mutex_unlock(&bus->lock);
    mark_pools(bus);
    await_releases(bus);
    torc_registry_lock();
    bus->leaving.due = true;
    torc_registry_unlock();
    torc_bus_unhold(bus);
    return TORC_OK;
}
