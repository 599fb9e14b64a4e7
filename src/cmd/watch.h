/* watch.h - `torc run --stats-every`: the bus's figures on stderr while it runs. */
#ifndef TORC_CMD_WATCH_H
#define TORC_CMD_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <torc.h>

/* Two snapshots in turns: each is written with rates against the one before. */
struct watch {
    uint64_t every; /* ns; 0: not watched */
    uint64_t due;   /* by torc_now() */
    size_t bytes;
    void *memory[2];
    struct torc_snapshot *last;
    uint32_t taken;
};

/* watch_open: false: there is no memory, and it has been told. watch_close: also for one that is all zero. */
bool watch_open(struct watch *watch, struct torc_bus *bus, uint64_t every);
void watch_close(struct watch *watch);

/* watch_tick: writes the figures if it is time. watch_show: writes them now. */
void watch_tick(struct watch *watch, struct torc_bus *bus);
void watch_show(struct watch *watch, struct torc_bus *bus);

#endif
