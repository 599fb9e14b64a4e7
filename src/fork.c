/* src/fork.c - fork(): the child gets copies of the parent's buses and must not use them.
 *
 * Its threads are gone, so are its membarrier registration's other ends, and whoever was inside a call in the parent is
 * inside it for ever in the copy. What the child inherits is therefore marked: every call answers TORC_FORKED, and what
 * is inline finds nothing to do inline (no event is small enough, no run is left, no slot number is valid) and falls
 * into its slow path, which asks. Only process-local objects are written, private to the child whatever the bus's
 * memory is: memory of the bus's own is a private mapping (the child's copy, by page, when either writes), but a
 * caller's may be MAP_SHARED, and then the very same bytes are the parent's. Nothing is given back in the child: not
 * when it exits, which runs nothing of torc's, and not by torc_bus_destroy.
 *
 * The locks are taken over fork() so that the child sees no bus half changed. vfork, posix_spawn and bare clone() run
 * no handlers; a child of those may only exec, or must not use torc. */
#include "registry.h"

#ifndef torc_atfork
#define torc_atfork pthread_atfork
#endif

static void lock_all(void) {
    torc_registry_lock();
    for (struct bus *bus = torc_registry_first(); bus != NULL; bus = bus->next) {
        (void)pthread_mutex_lock(&bus->lock);
    }
}

static void unlock_all(void) {
    for (struct bus *bus = torc_registry_first(); bus != NULL; bus = bus->next) {
        (void)pthread_mutex_unlock(&bus->lock);
    }
    torc_registry_unlock();
}

/* torc_publish, torc_claim: no length is below the limit. torc_commit, torc_ringptr_claim: no room. torc_next: nothing
 * left of the run. Handles: their slot numbers are out of range. */
static void disown(struct bus *bus) {
    bus->forked = true;
    bus->hot.slot_count = 0;
    for (uint32_t i = 0; i < TORC_MAX_PUBLISHERS; i++) {
        if (bus->publisher[i] != NULL) {
            bus->publisher[i]->hot.inline_limit = 0;
            torc_store_relaxed64(&bus->publisher[i]->hot.room, 0);
        }
    }
    for (uint32_t i = 0; i < TORC_MAX_READERS; i++) {
        if (bus->reader[i] != NULL) {
            bus->reader[i]->hot.left = 0;
        }
    }
}

static void in_child(void) {
    for (struct bus *bus = torc_registry_first(); bus != NULL; bus = bus->next) {
        disown(bus);
    }
    unlock_all();
}

bool torc_is_forked(const struct torc_bus *bus) {
    return ((const struct bus *)(const void *)bus)->forked;
}

int torc_fork_watch(void) {
    return torc_atfork(lock_all, unlock_all, in_child) == 0 ? TORC_OK : TORC_NO_MEMORY;
}
