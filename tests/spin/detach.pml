/* detach.pml - somebody detaches a reader while its owner reads, polls, or idles (DETACH, SPACE).
 *
 * The owner calls torc_next and torc_poll as it likes until one answers TORC_CLOSED. Another thread detaches it at any time; a
 * handler may have done so before. The publisher needs the entries that the reader leaves.
 *
 *   owner       torc_next, torc_next_slow with idle_turn, begin, find_next, rest; torc_poll with poll_events, end_poll,
 *               leave_if_done (src/read.c)
 *   detacher    torc_reader_detach, torc_reader_leave (src/reader.c)
 *   publisher   torc_publish; has_room with torc_gate_scan as one step, for what a scan meets midway is join.pml
 *
 * Checked: no entry is overwritten while it is borrowed or in a handler's hands; after detach returned TORC_OK no handler
 * begins and no call answers TORC_OK; after TORC_BUSY at most one run of events comes; owner, detacher and publisher all come to their ends, TORC_BUSY or not. (A cursor may be
 * stored after the reader left, by torc_poll after a borrow: its place is its own until torc_reader_close.)
 * Bound: lane of three entries, EVENTS events, a look around every RUN events; buffer of two stores.
 *
 * Run: -DEVENTS=5
 * Broken: BROKEN_BARRIER the detacher does not pass the heavy barrier
 * Broken: BROKEN_BUSY the detacher does not wait for a busy owner
 * Broken: BROKEN_BEGIN the owner looks at closing before it says that it is busy
 * Broken: BROKEN_LEFT a fast torc_next never looks at closing */
#define ENTRIES  3
#define RUN      2
#define OWNER    0
#define BUFFERED 1
#define CELLS    3
#include "memory.pml"

/* Cells: the reader's cursor, reader.busy, reader.poller. */
#define CURSOR 0
#define BUSY   1
#define POLLER 2

byte stamped;  /* events published */
bool member = true, closing;

/* To check by only: the borrowed event + 1; the answers of calls. */
byte held;
bool detached_ok, told_busy, left_topic;
byte after; /* events since TORC_BUSY */

#ifdef BROKEN_BARRIER
#define BARRIER NO_BARRIER
#else
#define BARRIER HEAVY
#endif

/* --- the owner ------------------------------------------------------------------------------------------------ */

/* torc_reader_leave: idempotent under the control lock. */
inline leave() {
    LOCK;
    if
    :: !left_topic -> member = false; left_topic = true; HEAVY
    :: else
    fi;
    UNLOCK
}

/* borrows_out is false: nothing is advanced by hand here. */
inline leave_if_done() {
    left = 0;
    FENCE(OWNER);
    leave();
    STORE(OWNER, BUSY, false);
    busy = false
}

inline say_busy() {
    if
    :: !busy -> STORE(OWNER, BUSY, true); busy = true; left = RUN
    :: else
    fi
}

/* `in`: the owner may go on. */
inline begin() {
#ifdef BROKEN_BEGIN
    in = !closing;
    say_busy();
#else
    say_busy();
    in = !closing;
#endif
    if
    :: in
    :: else -> leave_if_done()
    fi
}

inline give_back() {
    if
    :: given != mine ->
        STORE(OWNER, CURSOR, mine);
        given = mine
    :: else
    fi
}

inline rest() {
    give_back();
    STORE(OWNER, BUSY, false);
    left = 0;
    busy = false
}

/* An event is the caller's. The lane is looked at, and the cursor given back, when a run ends (find_event, leave_lane). */
inline take() {
    atomic {
        assert(!detached_ok && (!told_busy || after < RUN));
        after = after + told_busy;
        mine++;
        left--;
        held = mine
    }
}

inline next() {
    held = 0;
    in = true;
    if
#ifdef BROKEN_LEFT
    :: busy && stamped > mine -> left = RUN; take()
    :: else ->
#else
    :: left != 0 && stamped > mine -> take()
    :: !(left != 0 && stamped > mine) ->
#endif
        if
        :: !busy && stamped <= mine -> skip /* idle_turn: TORC_EMPTY */
        :: true ->
            begin();
            if
            :: in ->
                if
                :: left == 0 -> give_back(); left = RUN
                :: else
                fi;
                if
                :: stamped > mine -> take()
                :: else -> rest()
                fi
            :: else
            fi
        fi
    fi
}

inline poll() {
    held = 0;
    STORE(OWNER, POLLER, true);
    begin();
    do
    :: in && !closing && stamped > mine ->
        if
        :: left == 0 -> give_back(); left = RUN
        :: else
        fi;
        take();
        if
        :: true
        :: closing = true /* torc_reader_detach from inside the handler */
        fi;
        held = 0
    :: break
    od;
    rest();
    STORE(OWNER, POLLER, false);
    if
    :: closing -> leave_if_done(); in = false
    :: else
    fi
}

proctype owner() {
    byte mine, given, left;
    bool busy, in;
    do
    :: next(); if :: in :: else -> break fi
    :: poll(); if :: in :: else -> break fi
    od
}

/* --- detacher, publisher ---------------------------------------------------------------------------------------- */

proctype detacher() {
    closing = true;
    BARRIER;
    do
#ifdef BROKEN_BUSY
    :: true -> break
#else
    :: mem[BUSY] == 0 -> break
    :: mem[BUSY] == 1 && mem[POLLER] == 0 -> goto busy
#endif
    od;
    leave();
    assert(held == 0);
    detached_ok = true;
    skip;
    goto done;
busy:
    told_busy = true;
done:
    skip
}

proctype publisher() {
    byte gate;
    do
    :: stamped == EVENTS -> break
    :: else ->
        do
        :: stamped - gate < ENTRIES -> break
        :: atomic { !member || mem[CURSOR] != gate -> gate = (member -> mem[CURSOR] : stamped) }
        od;
        assert(held == 0 || held > stamped + 1 - ENTRIES || stamped + 1 <= ENTRIES);
        stamped++
    od
}

init {
    atomic {
        run owner();
        run detacher();
        run publisher()
    }
}
