/* followers.h - one publisher, and readers of every policy that follow it, each at a speed of its own. Each gets
 * exactly what its contract says: payloads are whole, and what came plus what was lost is what was published. */
#ifndef TORC_STRESS_FOLLOWERS_H
#define TORC_STRESS_FOLLOWERS_H

#include "engine.h"

#define FOLLOWED_TYPES 8u

/*   gate      everything, in order                      lossy     in order, gaps told before
 *   conflate  in order, gaps told with the next event   per type  per type the newest, with the number it replaced
 *   evict     everything until it is told; then lossy   leave     everything until it is told; then the end */
enum contract { GATE, LOSSY, CONFLATE, PER_TYPE, EVICT, LEAVE };

struct follower {
    const char *name;
    enum contract contract;
    struct torc_reader_config config;
    uint64_t spin;   /* after each event, at most so many pauses */
    uint64_t absent; /* once in `seldom` events (0: 256), at most so many */
    uint64_t seldom;
    uint64_t again; /* once evicted, after so many calls more, it leaves and joins anew where it was; 0: never */

    struct torc_topic *topic;
    struct torc_reader *reader;
    uint64_t random;
    uint64_t came, lost, laps, evictions;
    uint64_t expected; /* the next sequence; per type: behind the highest that came */
    uint64_t missed;   /* what it must be told first */
    uint64_t before;   /* what had come, and was lost, when it joined last */
    uint64_t lost_before;
    bool evicted;
    uint64_t patience;
    uint64_t next[FOLLOWED_TYPES]; /* per type: behind the last that came */
};

/* follow_all: a bus of its own, `events` published in payloads of up to `largest` bytes, and read to the end.
 * inline_bytes as in struct torc_config. */
void follow_all(struct follower *followers, uint32_t count, uint64_t events, uint32_t lane_entries, size_t largest,
                uint32_t inline_bytes);

#endif
