/* src/registry.h - the buses of this process: what is not in this list is refused without being looked at.
 *
 * The registry's lock comes before any bus's control lock. */
#ifndef TORC_SRC_REGISTRY_H
#define TORC_SRC_REGISTRY_H

#include "core.h"

void torc_registry_lock(void);
void torc_registry_unlock(void);

/* Under its lock. The first bus, in creation order reversed; follow bus->next. */
struct bus *torc_registry_first(void);
/* Under its lock: the bus behind a public pointer if that is live, else NULL. */
struct bus *torc_registry_live(const struct torc_bus *bus);
void torc_registry_remove(const struct bus *bus);

/* Takes the lock itself. TORC_NO_MEMORY: the handlers for fork() could not be registered. */
int torc_registry_add(struct bus *bus);

/* fork.c: has fork() mark what a child inherits. */
int torc_fork_watch(void);

#endif
