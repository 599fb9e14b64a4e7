/* src/halt.c - the end at once, and how far a bus has got on its way from open to closed. */
#include "actor.h"

/* Readers leave as if each had been detached, but nobody waits for them: at their owner's next call that looks around,
 * or when the handler they are in returns. */
static void tell_readers(const struct bus *bus) {
    for (uint32_t i = 0; i < bus->config.readers; i++) {
        if (bus->reader[i] != NULL) {
            torc_store_release32(&bus->reader[i]->closing, 1);
        }
    }
}

/* One that is being stopped or has ended stays so. */
static void tell_actors(const struct bus *bus) {
    for (uint32_t i = 0; i < bus->config.actors; i++) {
        if (bus->actor[i] != NULL) {
            (void)torc_cas_acq_rel32(&bus->actor[i]->state, ACTOR_RUNNING, ACTOR_DROPPING);
        }
    }
}

/* Readers and actors learn it before everyone is woken. A bus that is closed already is shut for publishers. */
int torc_bus_halt(struct torc_bus *public_bus) {
    struct bus *bus = torc_bus_live(public_bus);
    if (bus == NULL) {
        return torc_not_live(public_bus);
    }
    (void)pthread_mutex_lock(&bus->lock);
    if (!bus_halted(bus)) {
        tell_readers(bus);
        tell_actors(bus);
        torc_bus_shut(bus, TORC_BUS_CLOSED);
    }
    (void)pthread_mutex_unlock(&bus->lock);
    return TORC_OK;
}

int torc_bus_state(struct torc_bus *public_bus) {
    struct bus *bus = torc_bus_live(public_bus);
    uint32_t state;
    if (bus == NULL) {
        return torc_not_live(public_bus);
    }
    (void)pthread_mutex_lock(&bus->lock);
    state = torc_load_acquire32(&bus->header->state); /* STATE */
    if (state == TORC_BUS_DRAINING && torc_bus_drained(bus)) {
        state = TORC_BUS_CLOSED;
    }
    (void)pthread_mutex_unlock(&bus->lock);
    return (int)state;
}
