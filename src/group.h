/* src/group.h - a group: one GATE reader that is advanced by hand, and a table of what its members have in hand.
 *
 * Everything is done under the group's lock, the reader's own calls as well; the bus's control lock may be taken inside
 * it. The unfinished events of a lane form a list, oldest first; the reader's cursor is the oldest one's sequence, or
 * where the reader goes on if there is none. An event that is returned stays in its place in that list.
 *
 * Waiting: at most one member watches, that is, waits at the reader's waitpoint; the others are idle and wait each at
 * its own. Whoever stops watching, for whatever reason, calls the one that has been idle longest to watch. So if
 * anybody waits, somebody watches. What members wait for changes under the lock, or is what readers wait for. */
#ifndef TORC_SRC_GROUP_H
#define TORC_SRC_GROUP_H

#include "core.h"

#include <torc/group.h>

/* An event that is not finished. */
struct holding {
    struct torc_event event;
    struct torc_member *member; /* in whose hand; NULL: returned, or free */
    struct holding *older;      /* of the same lane */
    struct holding *newer;
    struct holding *next; /* free ones; returned ones, by ticket */
    uint64_t ticket;      /* number of its first hand-out */
    uint32_t attempt;
};

struct unfinished {
    struct holding *oldest;
    struct holding *newest;
};

struct torc_group {
    pthread_mutex_t lock;
    struct bus *bus;
    struct reader *reader;
    uint32_t limit; /* of members */
    uint32_t hold;
    uint32_t count; /* of members */
    struct torc_member *watcher;
    struct torc_member *idle; /* longest first */
    struct holding *free;
    struct holding *returned;
    uint64_t handed, finished, returns;
    struct unfinished lane[TORC_MAX_PUBLISHERS];
    size_t places;
    struct holding place[];
};

struct torc_member {
    struct torc_waitpoint point; /* where it is idle */
    struct torc_group *group;
    struct bus *bus;
    torc_a64 user;   /* the thread inside, at DEBUG 1 and up */
    torc_a32 called; /* 1: it is idle no longer; written under the lock */
    bool left;
    bool idle;
    uint32_t held;
    struct torc_member *next; /* of the idle ones */
};

static inline uint64_t group_unfinished(const struct torc_group *group) {
    return group->handed - group->finished;
}

/* group_hand.c, under the lock: the next event becomes this member's; TORC_EMPTY, _BUSY, _CLOSED. */
int torc_group_hand_out(struct torc_member *member, struct torc_delivery *delivery);
/* group_hand.c, under the lock: would that answer anything but TORC_EMPTY? */
bool torc_group_ready(const struct torc_member *member);
/* group_hand.c, under the lock: this one is finished; or somebody is to get it again. */
void torc_group_finish(struct torc_group *group, struct holding *holding);
void torc_group_take_back(struct torc_group *group, struct holding *holding);

/* group_wait.c, under the lock: the member no longer waits, whether it did or not. */
void torc_member_stand_down(struct torc_member *member);

#endif
