/* close.pml - the bus closes under a publisher that may wait for space or hold a claim, a reader that may sleep, and a drain
 * (CLOSE, STATE, CLAIMED, SLEEP, SPACE).
 *
 *   publisher   torc_publish with its claim taken back, take_room, take_sequence, closed_off, settle, abort_one (src/claim.c,
 *               include/torc/publisher.h), until TORC_CLOSED or EVENTS events
 *   reader      torc_next, why_empty, finished, give_back, torc_wait_readable, torc_reader_exhausted (src/read.c), until TORC_CLOSED
 *   closer      torc_bus_close with torc_bus_wake_all (src/bus.c)
 *   drainer     torc_bus_drain; woken through torc_lane_moved (src/bus.c, src/publisher.c)
 *
 * Checked: when the reader got TORC_CLOSED it had read every event whose publish answered TORC_OK, and none follows; when
 * drain returned, the reader had passed all that was published when it was called; everybody comes to his end.
 * Bound: lane of one entry, EVENTS events by torc_publish or by claim and commit or abort, one close, one drain
 * (DRAIN); buffers
 * of two stores.
 *
 * Run: -DEVENTS=3
 * Run: -DEVENTS=1 -DDRAIN
 * Broken: BROKEN_BARRIER the closer does not pass the heavy barrier
 * Broken: BROKEN_ORDER the closer tells the state before it takes the room
 * Broken: BROKEN_CLAIMED the reader ends at lane.published, claims that are open do not count
 * Broken: BROKEN_CLOSED_OFF a publisher that takes its claim back wakes nobody
 * Broken: BROKEN_WAKE_ALL the closer wakes nobody
 * Broken: BROKEN_DRAINS a reader that gives its cursor back does not look for drains */
#define ENTRIES  1
#define BUFFERED 2
#define CELLS    4
#include "memory.pml"

/* Buffered threads. */
#define PUBLISHER 0
#define READER    1
/* Cells: lane.claimed, entries stamped, lane.published, the reader's cursor. */
#define CLAIMED   0
#define STAMPED   1
#define PUBLISHED 2
#define CURSOR    3

/* Waitpoints: of the lane, of the reader, of drains. */
#define LANE     0
#define READING  1
#define DRAINING 2
#define POINTS   3
#include "waitpoint.pml"

bool no_room;  /* publisher.room is 0 */
bool closed;   /* bus.state */
bool sleepers;
bool drains;   /* of the lane's waitpoint */

/* To check by only. */
byte accepted, finished_with;
bool reader_done;

#ifdef BROKEN_BARRIER
#define BARRIER NO_BARRIER
#else
#define BARRIER HEAVY
#endif
#ifdef BROKEN_CLAIMED
#define END PUBLISHED
#else
#define END CLAIMED
#endif

/* --- the publisher -------------------------------------------------------------------------------------------- */

inline wake_readers() {
    if
    :: sleepers ->
        FENCE(PUBLISHER);
        sleepers = false;
        WAKE(PUBLISHER, READING, got)
    :: else
    fi
}

#ifdef BROKEN_CLOSED_OFF
#define CLOSED_OFF
#else
#define CLOSED_OFF wake_readers();
#endif

inline has_room() {
    ok = no_room;
    if
    :: !ok && next - gate >= ENTRIES -> gate = mem[CURSOR]
    :: else
    fi;
    ok = ok || next - gate < ENTRIES
}

/* take_room by TORC_WAIT_BLOCK. */
inline take_room() {
    has_room();
    do
    :: ok -> break
    :: else ->
        BEFORE_SLEEP(LANE);
        HEAVY;
        has_room();
        if
        :: ok -> STAY_UP(LANE)
        :: else -> FUTEX_WAIT(LANE); has_room()
        fi
    od
}

/* Claims the next sequence, `ok` says whether that was possible. */
inline take_sequence() {
    STORE(PUBLISHER, CLAIMED, next + 1);
    ok = !no_room;
    if
    :: ok
    :: else -> STORE(PUBLISHER, CLAIMED, next)
    fi
}

/* torc_publish tries without asking for room; the slow way follows. */
inline publish_fast() {
    STORE(PUBLISHER, CLAIMED, next + 1);
    ok = !no_room && next - gate < ENTRIES;
    if
    :: ok
    :: else -> STORE(PUBLISHER, CLAIMED, next)
    fi
}

proctype publisher() {
    byte next, gate;
    bool ok, got;
    do
    :: accepted == EVENTS -> break
    :: else ->
        if
        :: publish_fast()
        :: ok = false
        fi;
        if
        :: ok
        :: else ->
            take_room();
            if
            :: no_room -> CLOSED_OFF break
            :: else
            fi;
            take_sequence();
            if
            :: ok
            :: else -> CLOSED_OFF break
            fi
        fi;
        /* The claim is open for any time. */
        if
        :: atomic { next++; accepted++; assert(!reader_done); STORE(PUBLISHER, STAMPED, next) };
            STORE(PUBLISHER, PUBLISHED, next)
        :: STORE(PUBLISHER, CLAIMED, next) /* abort_one; once is enough */
            ; wake_readers(); break
        fi;
        wake_readers()
    od
}

/* --- the reader ----------------------------------------------------------------------------------------------- */

inline give_back() {
    if
    :: given != mine ->
        STORE(READER, CURSOR, mine);
        given = mine;
        if
        :: waiting[LANE] -> WAKE(READER, LANE, got)
        :: else
        fi;
#ifndef BROKEN_DRAINS
        if
        :: drains -> WAKE(READER, DRAINING, got)
        :: else
        fi
#endif
    :: else
    fi
}

proctype reader() {
    byte mine, given;
    bool got, end;
    do
    :: mem[STAMPED] > mine ->
        atomic { mine++; finished_with = mine };
        if
        :: give_back()
        :: true
        fi
    :: mem[STAMPED] == mine ->
        /* rest; then either why_empty finds the end or the reader goes to sleep */
        give_back();
        if
        :: closed && mem[END] == mine -> break
        :: !closed || mem[END] != mine
        fi;
        BEFORE_SLEEP(READING);
        sleepers = true;
        HEAVY;
        if
        :: mem[STAMPED] > mine -> STAY_UP(READING)
        :: else ->
            end = closed;
            if
            :: end -> end = mem[END] == mine
            :: else
            fi;
            if
            :: end -> STAY_UP(READING)
            :: else -> FUTEX_WAIT(READING)
            fi
        fi;
        end = false
    od;
    atomic { reader_done = true; assert(mine == accepted) }
}

/* --- closer and drainer --------------------------------------------------------------------------------------- */

proctype closer() {
    bool got;
#ifdef BROKEN_ORDER
    closed = true;
    BARRIER;
    no_room = true;
#else
    no_room = true;
    BARRIER;
    closed = true;
#endif
#ifndef BROKEN_WAKE_ALL
    WAKE(NOBODY, LANE, got);
    WAKE(NOBODY, READING, got);
    WAKE(NOBODY, DRAINING, got)
#endif
}

inline look() {
    ok = mem[PUBLISHED] >= target && mem[CURSOR] >= target
}

proctype drainer() {
    byte target;
    bool ok;
    target = mem[PUBLISHED];
    drains = true;
    look();
    do
    :: ok -> break
    :: else ->
        BEFORE_SLEEP(DRAINING);
        HEAVY;
        look();
        if
        :: ok -> STAY_UP(DRAINING)
        :: else -> FUTEX_WAIT(DRAINING); look()
        fi
    od;
    assert(finished_with >= target);
    drains = false
}

init {
    atomic {
        run publisher();
        run reader();
        run closer();
#ifdef DRAIN
        run drainer()
#endif
    }
}
