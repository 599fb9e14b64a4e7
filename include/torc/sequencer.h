/* torc/sequencer.h - total order: a topic whose publishers share one lane.
 *
 *     torc_topic_open(bus, "orders", TORC_TOPIC_TOTAL_ORDER, &orders);
 *     torc_sequencer_open(orders, NULL, &sequencer);          // any thread, any number of times: there is one
 *     torc_sequencer_publish(sequencer, TYPE, data, length, TORC_FOREVER, &sequence);       // any thread
 *
 * or in place, filling while others claim, fill and commit:
 *
 *     torc_sequencer_claim(sequencer, TYPE, length, TORC_FOREVER, &claim);
 *     ... write claim.data ...
 *     torc_sequencer_commit(sequencer, &claim);
 *
 * Such a topic has no other way in: torc_publisher_open, and what opens a publisher of it for you (pipes, requesters,
 * dead letters), answers TORC_WRONG_END there, as torc_sequencer_open does on any other topic. What is promised:
 *
 *   A  All events have one order, that of their sequences, the same for every reader.
 *   B  An event whose publishing has returned comes before every event whose publishing, or claim, began after that, in whatever
 *      thread. The events of one thread are in its order.
 *   C  Claims are ordered when they are made, and may be committed in any order, by any thread. An event is visible once it and
 *      all before it are settled: a claim that stays open holds up all that come after it, and in the end, a lane later,
 *      all who publish. An aborted claim keeps its place; readers step over it. (Some places are stepped
 *      over without an abort: those that were being taken when a reader that copies came.)
 *
 * How: an event that fits its entry (48 bytes, or config.inline_bytes) takes its sequence by compare-and-swap, after it
 * has seen that there is room, fills its entry and stamps it: no lock. A lock is taken, never for waiting, to look for
 * room (once in half a lane where readers keep up), around the slots of larger events, on topics without inline events,
 * and while a reader copies (LOSSY, CONFLATE, EVICT): then such an event is copied under it. Not fetch_add: who takes a
 * place before there is room can no longer give up at his deadline.
 *
 * What it costs, against torc_publish: 19 ns for 4 where nobody else is there; with two threads and one reader on two
 * cores some 16 million events a second, 0.5 to 0.95 of a bare ring shared by compare-and-swap in the same run, where a
 * lane for each gives 100 (cases total_* of the bench suite). One bank of pools for all, and the threads meet on the
 * lane's lines. Where order between publishers does not matter, give each its own. A thread that waits for space waits
 * without the lock; who waits is not served in order.
 *
 * Threads that end: a call on a small event can be interrupted between its sequence and its stamp, as long as the
 * scheduler likes, and readers wait for it; others go on publishing behind it. Threads can be cancelled where they
 * wait: they hold no lock and no sequence then. What a dead thread had claimed must be aborted by one who has its
 * torc_claim (a copy will do), or goes with the last torc_sequencer_close. In a child after fork() all calls answer
 * TORC_FORKED.
 *
 * Threads: all calls from any thread. Who opens it closes it, once nobody is inside a call, or has a claim, on the
 * strength of that opening; others that have opened it too go on. Each opening is closed once, that of a thread that
 * died by another: one too many is taken for somebody else's. */
#ifndef TORC_SEQUENCER_H
#define TORC_SEQUENCER_H

#include <stddef.h>
#include <stdint.h>
#include <torc/publisher.h>

#ifdef __cplusplus
extern "C" {
#endif

struct torc_sequencer;

/* torc_sequencer_open: the topic's sequencer, the same for everybody; the first opening takes one of config.publishers
 * of the bus. It also says by config how to wait and what a dry pool means, for all; config NULL: all defaults. Each
 * opening is to be closed.
 * TORC_WRONG_END: the topic was not created with TORC_TOPIC_TOTAL_ORDER. As torc_publisher_open: TORC_NO_ROOM,
 * TORC_CLOSED,
 * TORC_NO_MEMORY, TORC_INVALID.
 * torc_sequencer_close: the last one is as torc_publisher_close: claims that are open are aborted. Opened anew it goes
 * on where it was, unless a publisher of another topic has taken the lane meanwhile, for want of another and when all
 * was read: sequences are then those of another lane. TORC_INVALID. */
int torc_sequencer_open(struct torc_topic *topic, const struct torc_publisher_config *config,
                        struct torc_sequencer **sequencer);
int torc_sequencer_close(struct torc_sequencer *sequencer);

/* torc_sequencer_publish: one event, copied; *sequence (may be NULL) receives its place in the order. Waits to the
 * deadline. As torc_publish_until. */
int torc_sequencer_publish(struct torc_sequencer *sequencer, uint32_t type, const void *data, size_t length,
                           uint64_t deadline, uint64_t *sequence);

/* torc_sequencer_claim: as torc_claim_until; claim->sequence is its place in the order. The claim is settled with the
 * two below, by any thread that it is handed to. torc_sequencer_commit, _abort: as torc_commit, torc_abort. */
int torc_sequencer_claim(struct torc_sequencer *sequencer, uint32_t type, size_t length, uint64_t deadline,
                         struct torc_claim *claim);
int torc_sequencer_commit(struct torc_sequencer *sequencer, struct torc_claim *claim);
int torc_sequencer_abort(struct torc_sequencer *sequencer, struct torc_claim *claim);

#ifdef __cplusplus
}
#endif
#endif
