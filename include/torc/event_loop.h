/* torc/event_loop.h - a reader as a file descriptor, for epoll, poll, select, libuv and the like.
 *
 *     int fd = torc_reader_fd(reader);
 *     epoll_ctl(loop, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = reader});
 *     ...
 *     epoll_wait(...)  ->  while ((status = torc_next(reader, &event)) == TORC_OK) use(&event);
 *                          // TORC_EMPTY: back to the loop. TORC_CLOSED: take it out of the loop.
 *
 * The descriptor is an eventfd. The rule: it is readable unless the reader was last told that there is nothing
 * (torc_next: TORC_EMPTY, torc_poll: 0) and nothing came since. So
 *   - whoever stops early, after a number of events or a time, is called again: nothing has to be remembered;
 *   - edge-triggered loops must read until TORC_EMPTY, as always;
 *   - it can be readable although there is nothing: for one that was overtaken by other reads, an aborted claim, a lane that came or
 *     went. The next torc_next says TORC_EMPTY and it is quiet again;
 *   - many events are one wake-up: nobody writes to the descriptor again before the reader has seen TORC_EMPTY;
 *   - closing the bus or detaching the reader makes it readable, and it stays so: the reader answers TORC_CLOSED for ever.
 * Never read from it, write to it or close it: torc_next empties it, torc_reader_close closes it.
 *
 * Costs. A publisher does a system call only for a reader that is about to sleep, which is one load per event for all
 * others, as for readers that sleep in torc_next_until. The reader pays a read of the descriptor and one
 * torc_barrier_heavy when it sees TORC_EMPTY for the first time after something. */
#ifndef TORC_EVENT_LOOP_H
#define TORC_EVENT_LOOP_H

#include <torc/reader.h>

#ifdef __cplusplus
extern "C" {
#endif

/* torc_reader_fd: the reader's descriptor, made by the first call (close-on-exec, non-blocking). Thread: the reader's.
 * It may be waited for in any thread, but the reader belongs to one. Returns it (0 or more), or TORC_INVALID: NULL;
 * TORC_CLOSED: the reader is detached;
 * TORC_SYSTEM: errno (descriptors are used up). */
int torc_reader_fd(struct torc_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
