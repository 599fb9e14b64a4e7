/* torc.h - an event bus in one region of memory.
 *
 *   bus        one region of memory that holds everything below           torc/bus.h, torc/config.h
 *   topic      a named stream on a bus                                    torc/bus.h
 *   publisher  writes a topic through a lane of its own                   torc/publisher.h, torc/batch.h
 *   reader     follows all lanes of a topic                               torc/reader.h
 *   ringptr    a counted handle that keeps an event beyond its turn       torc/ringptr.h
 *   actor      a thread with a handler and a mailbox of ringptrs          torc/actor.h
 *   snapshot   all figures of a bus at a moment, written in three formats torc/snapshot.h
 *   handler    a managed reader: a thread that calls you in batches       torc/handler.h
 *   pipe       a handler that publishes to another topic                  torc/pipe.h
 *   group      readers that compete: each event goes to one of them       torc/group.h
 *   merge      a reader in the order of times that publishers give        torc/merge.h
 *   sequencer  one lane for several threads: total order                  torc/sequencer.h
 *   requester  asks over one topic and is answered over another           torc/request.h
 *
 * Waiting in other ways: a reader as a file descriptor (torc/event_loop.h), a queue of ringptrs for a thread of yours
 * (torc/mailbox.h), and one thread that waits for many of both and for timers (torc/waitset.h).
 *
 * Allocators of use without a bus:
 *
 *   arena      short-lived buffers of any size                            torc/arena.h, torc/buffers.h
 *   region     best fit for a range of addresses it never touches         torc/region.h
 *   heap       a general-purpose allocator over growers                   torc/heap.h, torc/grower.h
 *
 * Every call that can fail returns a code that names the caller's next action (torc/status.h). The library never
 * prints, exits, aborts or installs signal handlers. */
#ifndef TORC_H
#define TORC_H

#include <torc/actor.h>
#include <torc/arena.h>
#include <torc/batch.h>
#include <torc/buffers.h>
#include <torc/bus.h>
#include <torc/config.h>
#include <torc/event_loop.h>
#include <torc/group.h>
#include <torc/grower.h>
#include <torc/handler.h>
#include <torc/heap.h>
#include <torc/mailbox.h>
#include <torc/merge.h>
#include <torc/pipe.h>
#include <torc/publisher.h>
#include <torc/reader.h>
#include <torc/region.h>
#include <torc/request.h>
#include <torc/ringptr.h>
#include <torc/sequencer.h>
#include <torc/snapshot.h>
#include <torc/status.h>
#include <torc/time.h>
#include <torc/version.h>
#include <torc/waitset.h>

#endif
