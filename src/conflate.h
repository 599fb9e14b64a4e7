/* src/conflate.h - CONFLATE per type: what a reader has found and not handed on yet (src/conflate.c). */
#ifndef TORC_SRC_CONFLATE_H
#define TORC_SRC_CONFLATE_H

#include "core.h"

#define TORC_CONFLATE_MOST 65536u /* types at one time */
#define NO_PENDING         UINT32_MAX

/* The newest event of a type in a lane. */
struct pending {
    uint64_t sequence;
    uint64_t pinned; /* the slot that holds the payload; 0: it is in the entry */
    uint64_t lost;   /* older ones that it replaced */
    uint32_t lane;
    uint32_t next_alike;     /* in its bucket */
    uint32_t next;           /* handed on after it; free behind it */
    struct torc_entry entry; /* header, type and payload, as wide as the lanes'; its stamp means nothing */
};

/* In one block of memory: this, the places, the buckets, and one number per pool. */
struct torc_conflation {
    unsigned char *place; /* pending_at */
    size_t place_bytes;
    uint32_t *bucket;
    uint32_t *pins; /* per pool: slots that are pinned */
    uint32_t places;
    uint32_t buckets; /* a power of two */
    uint32_t first;   /* to be handed on: in the order in which their types came up */
    uint32_t last;
    uint32_t free;
};

static inline struct pending *pending_at(const struct torc_conflation *self, uint32_t at) {
    return (struct pending *)(void *)(self->place + at * self->place_bytes);
}

/* A table for so many types; it goes, and what is pending with it. */
int torc_conflate_open(struct reader *self, uint32_t types);
void torc_conflate_close(struct reader *self);
/* Owner: forgets what is pending. The next two: as torc_copy_next and torc_copy_look. Is anything pending? */
void torc_conflate_clear(struct reader *self);
int torc_conflate_next(struct reader *self, bool tell, bool first);
int torc_conflate_look(struct reader *self);
bool torc_conflate_ready(const struct reader *self);
/* Owner: the oldest sequence of a lane that is not handed on yet. */
uint64_t torc_conflate_oldest(const struct reader *self, const struct reader_lane *lane);

#endif
