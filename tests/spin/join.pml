/* join.pml - a reader joins, and another leaves, while the publisher runs at full rate (JOIN, GATING, PUBLISHED, CURSOR).
 *
 * Reader 0 is a member of the topic; it reads for a while, leaves and is closed at any time. A joiner opens meanwhile, at
 * NEXT or at OLDEST, and gets the place of reader 0 if that is free by then, else the next one.
 *
 *   publisher   torc_publish with has_room, torc_gate_scan, choose_gate (src/claim.c) and torc_lane_slowest (src/publisher.c);
 *               `need_all` as if a pool wanted a slot, at any time
 *   joiner      torc_reader_open_at: free_index, set_low_cursors, join, set_positions (src/reader.c), then torc_next
 *   reader 0    torc_next, give_back (src/read.c), torc_reader_leave and torc_reader_close (src/reader.c)
 *
 * Checked: no entry is overwritten that a member has yet to read; from its return on the joiner's position is above every
 * gate in use (slots below a gate are reaped); a joiner at NEXT misses nothing that is published after the open returned
 * and is given nothing from before it began. Sequences are bytes and begin at 254: they wrap.
 * Bound: lane of two entries, EVENTS events, one leave, one join; buffers of two stores.
 *
 * Run: -DEVENTS=3
 * Broken: BROKEN_BARRIER the joiner does not pass the heavy barrier
 * Broken: BROKEN_GATE the gate is made known after the last look at the version, not before it
 * Broken: BROKEN_BITS the publisher looks at the members' bits again instead of the version
 * Broken: BROKEN_LOW the joiner's bit is set while its cell holds an earlier reader's cursor
 * Broken: BROKEN_BACK a joiner's low cursor takes the gate back */
#define ENTRIES  2
#define FIRST    254
#define BUFFERED 2
#define BUFFER   2
#define CELLS    6
#include "memory.pml"

/* Buffered threads. */
#define PUBLISHER 0
#define READER    1
/* Cells: cursors of the two places, stamps, lane.published, lane.gate. */
#define CURSOR(place) mem[place]
#define STAMP(s)      mem[2 + (s) % ENTRIES]
#define PUBLISHED     4
#define GATE          5

#define BEFORE(a, b) (((a) - (b) + 256) % 256 >= 128)

byte members = 1;  /* topic.readers */
byte version;      /* topic.version */
bool used[2];      /* bus.reader[] */

/* To check by only: what the readers read next, if they are to be protected; the gate in use; what was published. */
bool safe[2];
byte at[2] = FIRST;
byte passed = FIRST;
byte made = FIRST;

#ifdef BROKEN_BARRIER
#define BARRIER NO_BARRIER
#else
#define BARRIER HEAVY
#endif

/* --- the publisher -------------------------------------------------------------------------------------------- */

inline look_at_cell(place) {
    if
    :: atomic { (found >> place) & 1 -> slowest = (BEFORE(CURSOR(place), slowest) -> CURSOR(place) : slowest) }
    :: else
    fi
}

inline choose_gate() {
#ifndef BROKEN_BACK
    slowest = (BEFORE(slowest, passed) -> passed : slowest);
#endif
    if
    :: !need_all && BEFORE((made + 256 - ENTRIES / 2) % 256, slowest) ->
        slowest = (made + 256 - ENTRIES / 2) % 256;
        slowest = (BEFORE(slowest, passed) -> passed : slowest)
    :: else
    fi
}

#ifdef BROKEN_BITS
#define CHANGING members
#else
#define CHANGING version
#endif

inline gate_scan() {
    do
    :: seen = CHANGING;
        slowest = made;
        found = members;
        look_at_cell(0);
        look_at_cell(1);
        atomic { found = 0; choose_gate() };
#ifndef BROKEN_GATE
        STORE(PUBLISHER, GATE, slowest);
#endif
        if
        :: CHANGING == seen -> break
        :: else
        fi
    od;
#ifdef BROKEN_GATE
    STORE(PUBLISHER, GATE, slowest);
#endif
    atomic {
        seen = 0;
        passed = slowest;
        slowest = 0;
        assert(!safe[0] || !BEFORE(at[0], passed));
        assert(!safe[1] || !BEFORE(at[1], passed))
    }
}

proctype publisher() {
    byte slowest, seen, found;
    bool need_all;
    do
    :: made == (FIRST + EVENTS) % 256 -> break
    :: else ->
        if
        :: true
        :: need_all = true; gate_scan(); need_all = false
        fi;
        do
        :: (made - passed + 256) % 256 < ENTRIES -> break
        :: else -> gate_scan()
        od;
        assert(!safe[0] || !BEFORE(at[0], (made - ENTRIES + 257) % 256));
        assert(!safe[1] || !BEFORE(at[1], (made - ENTRIES + 257) % 256));
        STORE(PUBLISHER, 2 + made % ENTRIES, (made + 1) % 256);
        atomic { made = (made + 1) % 256; STORE(PUBLISHER, PUBLISHED, made) }
    od
}

/* --- readers -------------------------------------------------------------------------------------------------- */

/* The next event, if it is there. An entry that is ahead of the reader was overwritten under it. */
inline read_one(place) {
    atomic {
        stamp = STAMP(at[place]);
        assert(!BEFORE((at[place] + 1) % 256, stamp));
        at[place] = (stamp == (at[place] + 1) % 256 -> stamp : at[place]);
        stamp = 0
    }
}

proctype reader() {
    byte stamp;
    do
    :: STAMP(at[0]) == (at[0] + 1) % 256 -> read_one(0); STORE(READER, 0, at[0]) /* give_back */
    :: break
    od;
    safe[0] = false;
    FENCE(READER);
    LOCK;
    members = members & 2;
    version++;
    HEAVY;
    UNLOCK;
    LOCK;
    used[0] = false;
    UNLOCK
}

proctype joiner() {
    byte place, low, began, stamp;
    bool oldest;
    if
    :: oldest = false
    :: oldest = true
    fi;
    LOCK;
    began = mem[PUBLISHED];
    place = (used[0] -> 1 : 0);
    low = mem[GATE];
#ifndef BROKEN_LOW
    CURSOR(place) = low;
#endif
    members = members | (1 << place);
    version++;
    BARRIER;
    if
    :: oldest -> at[place] = mem[GATE]; at[place] = (BEFORE(at[place], low) -> low : at[place])
    :: else -> at[place] = mem[PUBLISHED]
    fi;
    CURSOR(place) = at[place];
    used[place] = true;
    atomic {
        safe[place] = true;
        assert(!BEFORE(at[place], passed));
        assert(oldest || (!BEFORE(at[place], began) && !BEFORE(made, at[place])));
        low = 0;
        began = 0
    };
    UNLOCK;
    do
    :: at[place] != (FIRST + EVENTS) % 256 -> read_one(place); CURSOR(place) = at[place]
    :: break
    od
}

init {
    atomic {
        mem[0] = FIRST;
        mem[2] = FIRST - 1;
        mem[3] = FIRST;
        mem[PUBLISHED] = FIRST;
        mem[GATE] = FIRST;
        used[0] = true;
        safe[0] = true;
        run publisher();
        run reader();
        run joiner()
    }
}
