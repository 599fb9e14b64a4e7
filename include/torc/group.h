/* torc/group.h - competing readers: the members of a group share one position, and each event goes to exactly one of
 * them.
 *
 *     torc_group_open(orders, NULL, &group);
 *
 * In each worker's thread:
 *
 *     struct torc_delivery delivery;
 *     torc_group_join(group, &member);
 *     while (torc_member_next_until(member, &delivery, TORC_FOREVER) == TORC_OK) {
 *         work(delivery.event.data, delivery.event.length);      // borrowed until it is finished or returned
 *         torc_member_done(member, &delivery);
 *     }
 *     torc_member_close(member);
 *
 * To publishers a group is one GATE reader. What it promises:
 *
 *   A  Every event is handed out, and finished once. In each lane events are handed out in order.
 *   B  They may be finished in any order. A lane's position moves over what is finished without a gap: the oldest unfinished
 *      event of a lane gates its publisher, and at most a lane full of newer ones can be out at the same time.
 *   C  What a member returns, or has not finished when it leaves, is handed out again before anything newer, to
 *      whoever asks first; `attempt` says that it was handed out before. Only then can two members have worked on one event.
 *   D  After torc_bus_close members get what is left, wait for what others have not finished, because it may come back, and
 *      then learn TORC_CLOSED. After torc_bus_halt they learn it at once.
 *
 * A member that is stuck holds up nobody at first: the others get what is newer. Once the lane is full of newer events
 * its oldest one gates the publisher, and the others, who get nothing more, wait with it. Nobody leaves for a member
 * that is stuck, or whose thread died, until another thread calls torc_member_leave (or _close) for it: what it had in
 * hand then goes to whoever asks first.
 *
 * Costs: each call takes the group's lock for a few dozen instructions. Of the members that wait one watches the topic;
 * the others sleep until it is their turn, so an event wakes one of them and not all. Memory is taken when the group is
 * opened and when a member joins.
 *
 * Threads: one at a time per member; torc_group_* and torc_member_leave from anywhere. */
#ifndef TORC_GROUP_H
#define TORC_GROUP_H

#include <stddef.h>
#include <stdint.h>
#include <torc/reader.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* as in C's stat(): a function named as the struct it fills */
extern "C" {
#endif

struct torc_group;
struct torc_member;

struct torc_group_config {
    struct torc_reader_config reader; /* its place among the topic's readers. GATE; manual_advance is the group's own */
    uint32_t members;                 /* at one time, 1..1024; 0: 64 */
    uint32_t hold;                    /* events that a member may have in hand, 1..1024; 0: 1 */
};

/* An event in a member's hand. */
struct torc_delivery {
    struct torc_event event;
    uint32_t attempt; /* 1: handed out for the first time; 2: again, ... */
    uint32_t place;   /* library's */
};

/* torc_group_open: takes one of config.readers of the bus. config NULL: all defaults. Any thread. Give it back with
 * torc_group_close. As torc_reader_open: TORC_NO_ROOM, TORC_CLOSED, TORC_NOT_FOUND, TORC_NO_MEMORY; TORC_INVALID: also
 * another policy than GATE. */
int torc_group_open(struct torc_topic *topic, const struct torc_group_config *config, struct torc_group **group);

/* torc_group_close: publishers no longer wait for it; what was returned and not finished is gone. The pointer is gone:
 * nobody else may use it. TORC_BUSY: members are open (torc_group_stats says how many): nothing was done.
 * TORC_INVALID. */
int torc_group_close(struct torc_group *group);

/* torc_group_join: a new member. Any thread. Give it back with torc_member_close. TORC_NO_ROOM: config.members are
 * open.
 * TORC_NO_MEMORY. TORC_INVALID. */
int torc_group_join(struct torc_group *group, struct torc_member **member);

/* torc_member_leave: what the member has in hand is given back. Any thread, also for another that is inside a call or
 * dead; twice is TORC_OK. After it every call of the member answers TORC_CLOSED, and one that waits comes back with it.
 * A thread that is still reading what it had borrowed may see it overwritten, as soon as somebody else has finished it.
 * TORC_INVALID: NULL. */
int torc_member_leave(struct torc_member *member);

/* torc_member_close: leaves and frees. The pointer is gone: nobody else may use it. TORC_INVALID: NULL. */
int torc_member_close(struct torc_member *member);

/* torc_member_next: the next event for this member, borrowed until torc_member_done or _return, or until it leaves.
 * TORC_OK;
 * TORC_EMPTY: none now; TORC_BUSY: it has `hold` events in hand, or the bus is closed and these are all that is left:
 * finish one first; TORC_CLOSED: none ever; TORC_INVALID. Unless TORC_OK, *delivery is zeroed.
 * torc_member_next_until: waits for it by the strategy of config.reader. TORC_TIMED_OUT; TORC_EMPTY: with
 * TORC_NO_WAIT. */
int torc_member_next(struct torc_member *member, struct torc_delivery *delivery);
int torc_member_next_until(struct torc_member *member, struct torc_delivery *delivery, uint64_t deadline);

/* torc_member_next_batch: up to `count` of them, as many as there are and as `hold` leaves room for; what a member
 * takes others do not get. Returns how many (1..count), or an error as above. torc_member_next_batch_until: waits for
 * the first. */
int torc_member_next_batch(struct torc_member *member, struct torc_delivery *deliveries, size_t count);
int torc_member_next_batch_until(struct torc_member *member, struct torc_delivery *deliveries, size_t count,
                                 uint64_t deadline);

/* torc_member_done: finished with it. torc_member_return: not; somebody is to get it again, this member included.
 * TORC_OK; TORC_CLOSED: the member has left, and the event was given back; TORC_NOT_FOUND: not in this member's hand;
 * TORC_INVALID. */
int torc_member_done(struct torc_member *member, const struct torc_delivery *delivery);
/* torc_member_done_batch: finished with all of them, in their order and up to the first with which that is an error. */
int torc_member_done_batch(struct torc_member *member, const struct torc_delivery *deliveries, size_t count);
int torc_member_return(struct torc_member *member, const struct torc_delivery *delivery);

/* torc_member_keep: as torc_keep. TORC_CLOSED, TORC_NOT_FOUND as above; TORC_POOL_DRY; TORC_REF_LIMIT; TORC_INVALID.
 * torc_member_keep_until: waits for a slot of the keep pool, which all members share. TORC_TIMED_OUT; TORC_CLOSED: also
 * halted. */
int torc_member_keep(struct torc_member *member, const struct torc_delivery *delivery, struct torc_ringptr *ptr);
int torc_member_keep_until(struct torc_member *member, const struct torc_delivery *delivery, uint64_t deadline,
                           struct torc_ringptr *ptr);

struct torc_group_stats {
    uint32_t members;
    uint32_t waiting; /* members that wait for an event */
    uint64_t handed;  /* first hand-outs: handed = finished + unfinished */
    uint64_t finished;
    uint64_t unfinished;             /* in a member's hand, or returned and not handed out again yet */
    uint64_t returned;               /* by _return and by leaving; counted each time */
    struct torc_reader_state reader; /* lag, fill, ...: as of a reader; zeroed once the bus was halted */
};
/* torc_group_stats: fills *stats; all of one moment. Any thread. TORC_INVALID. */
int torc_group_stats(struct torc_group *group, struct torc_group_stats *stats);

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#endif
