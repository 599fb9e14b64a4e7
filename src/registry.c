/* src/registry.c - the list of buses. */
#include "registry.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bus *first;
static bool watching;

void torc_registry_lock(void) {
    (void)pthread_mutex_lock(&lock);
}

void torc_registry_unlock(void) {
    (void)pthread_mutex_unlock(&lock);
}

struct bus *torc_registry_first(void) {
    return first;
}

int torc_registry_add(struct bus *bus) {
    int status = TORC_OK;
    torc_registry_lock();
    if (!watching) {
        status = torc_fork_watch();
        watching = status == TORC_OK;
    }
    if (status == TORC_OK) {
        bus->next = first;
        first = bus;
    }
    torc_registry_unlock();
    return status;
}

static struct bus *find(const struct torc_bus *bus) {
    struct bus *at = first;
    while (at != NULL && &at->hot != bus) {
        at = at->next;
    }
    return at;
}

struct bus *torc_registry_live(const struct torc_bus *bus) {
    struct bus *found = find(bus);
    return found == NULL || found->forked || found->leaving.refused ? NULL : found;
}

void torc_registry_remove(const struct bus *bus) {
    struct bus **at = &first;
    while (*at != NULL && *at != bus) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = bus->next;
    }
}

struct bus *torc_bus_live(const struct torc_bus *bus) {
    struct bus *found;
    torc_registry_lock();
    found = torc_registry_live(bus);
    torc_registry_unlock();
    return found;
}

int torc_not_live(const struct torc_bus *bus) {
    const struct bus *found;
    int status;
    torc_registry_lock();
    found = find(bus);
    status = found != NULL && found->forked ? TORC_FORKED : TORC_INVALID;
    torc_registry_unlock();
    return status;
}
