/* sleep.pml - two publishers wake two readers through one word (SLEEP, STAMP, WAKE).
 *
 * Each publisher has a lane, each reader follows both. topic.sleepers is shared: whoever takes it back must wake everybody
 * who had announced himself by then. Lanes are long enough here; waiting for space is space.pml.
 *
 *   publisher   torc_publish: stamp, load of sleepers; torc_wake_readers_slow, wake_readers (src/publisher.c)
 *   reader      torc_next, torc_wait_readable, torc_reader_ready, torc_reader_announce (src/read.c); sleep_once (src/wait.c)
 *
 * Bound: EVENTS events in the first lane, one in the second; buffers of one store.
 *
 * Run: -DEVENTS=1
 * Broken: BROKEN_BARRIER the reader sleeps without the heavy barrier
 * Broken: BROKEN_TAKE_BACK sleepers is taken back after the wake-ups instead of before them
 * Broken: BROKEN_WAKE_ORDER the waker bumps seq before it takes the announcement back
 * Broken: BROKEN_SEEN_LATE the sleeper reads seq after its announcement
 * Broken: BROKEN_ANNOUNCE the reader sets waiting alone, not sleepers */
#define PUBLISHERS 2
#define READERS    2
#define BUFFERED   PUBLISHERS
#define BUFFER     1
#define CELLS      PUBLISHERS
#include "memory.pml"
#define POINTS READERS
#include "waitpoint.pml"

/* Cell p: how many events publisher p has stamped. */
#define STAMPED(p) mem[p]
#define LAST(p)    (p == 0 -> EVENTS : 1)
bool sleepers;

#ifdef BROKEN_BARRIER
#define BARRIER NO_BARRIER
#else
#define BARRIER HEAVY
#endif

inline take_back() {
    FENCE(self);
    sleepers = false
}

proctype publisher(byte self) {
    byte published;
    bool got;
    do
    :: published == LAST(self) -> break
    :: else ->
        published++;
        STORE(self, self, published);
        if
        :: sleepers ->
#ifndef BROKEN_TAKE_BACK
            take_back();
#endif
            WAKE(self, 0, got);
            WAKE(self, 1, got)
#ifdef BROKEN_TAKE_BACK
            ;
            take_back()
#endif
        :: else
        fi
    od
}

/* The first look at the lanes is one step, the second, which matters, two. */
proctype reader(byte self) {
    byte mine[PUBLISHERS];
    do
    :: mine[0] == LAST(0) && mine[1] == LAST(1) -> break
    :: STAMPED(0) > mine[0] -> mine[0]++
    :: STAMPED(1) > mine[1] -> mine[1]++
    :: (mine[0] < LAST(0) || mine[1] < LAST(1)) && STAMPED(0) == mine[0] && STAMPED(1) == mine[1] ->
        BEFORE_SLEEP(self);
#ifndef BROKEN_ANNOUNCE
        sleepers = true;
#endif
        BARRIER;
        if
        :: STAMPED(0) > mine[0] -> STAY_UP(self)
        :: else ->
            if
            :: STAMPED(1) > mine[1] -> STAY_UP(self)
            :: else -> FUTEX_WAIT(self)
            fi
        fi
    od
}

init {
    atomic {
        run publisher(0);
        run publisher(1);
        run reader(0);
        run reader(1)
    }
}
