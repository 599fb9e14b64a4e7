/* torc/time.h - deadlines.
 *
 * A deadline is an absolute time in nanoseconds of CLOCK_MONOTONIC. Two values are special: TORC_NO_WAIT (try once)
 * and TORC_FOREVER (never give up). A deadline in the past behaves as TORC_NO_WAIT but answers TORC_TIMED_OUT.
 *
 * Whatever can wait has a form that does not and one with a deadline. Where there is nothing yet, the form that does
 * not wait, and the other with TORC_NO_WAIT, answer TORC_EMPTY (torc_poll: 0) if it is an event or a message that is
 * waited for, TORC_WOULD_BLOCK if it is space or somebody else who is not ready; torc_keep names its pool
 * (TORC_POOL_DRY), torc_arena_destroy says TORC_BUSY.
 *   publish, claim, ringptr_claim, ...    the plain form waits for ever; torc_try_* does not wait; torc_*_until
 *   torc_next, torc_poll, torc_keep       the plain form does not wait; torc_*_until
 *   torc_member_*, torc_merge_*           the same
 *   torc_reader_detach, torc_actor_stop   the plain form waits for a handler as long as it runs; torc_*_until
 *   torc_wait_readable, torc_bus_drain, torc_actor_send, torc_mailbox_*, torc_waitset_wait, torc_request*, torc_reply,
 *   torc_sequencer_publish, _claim, torc_handler_join, torc_pipe_join, torc_arena_destroy     always with a deadline
 * Claims and messages of a batch wait for the first and take of the others what fits. */
#ifndef TORC_TIME_H
#define TORC_TIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TORC_NO_WAIT UINT64_C(0)
#define TORC_FOREVER UINT64_MAX

/* torc_now: CLOCK_MONOTONIC in nanoseconds. Any thread. */
uint64_t torc_now(void);

/* torc_deadline_ms, torc_deadline_ns: the deadline that lies this far in the future; saturates at TORC_FOREVER. Any
 * thread. */
uint64_t torc_deadline_ms(uint64_t ms);
uint64_t torc_deadline_ns(uint64_t ns);

/* How a thread waits for its turn. None spins for ever: each gives the processor away after a bounded time, so
 * threads may outnumber cores.
 *
 *   SPIN     pause instructions, then yields; lowest latency, burns a core
 *   YIELD    a few pauses, then sched_yield, then short naps
 *   BACKOFF  exponentially longer pauses, then naps of up to 1 ms: little CPU, latency up to the nap
 *   BLOCK    a short spin, one sched_yield, then a futex sleep: no CPU when idle, latency of one wake-up (the default) */
enum torc_wait { TORC_WAIT_BLOCK = 0, TORC_WAIT_SPIN, TORC_WAIT_YIELD, TORC_WAIT_BACKOFF };

#ifdef __cplusplus
}
#endif
#endif
