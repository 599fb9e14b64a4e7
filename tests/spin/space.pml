/* space.pml - publisher and readers sleep and wake each other (SLEEP, SPACE, STAMP, CURSOR, WAKE, FREE).
 *
 * One publisher, READERS readers, one holder of kept handles. Events need an entry of a lane of two, some also the one slot of
 * a pool: an XXL descriptor, freed by a plain store behind the compare-and-swap, before waiters are looked for; or, with LATER, any
 * slot of a bus created with TORC_DESTROY_LATER, freed at the very end: who waits for a slot and finds it FREEING does not
 * go to sleep. Everybody sleeps as soon as it finds nothing. If all that is left sleeps, Spin reports an invalid end state: a lost wake-up.
 *
 *   publisher   claim_one: take_room, take_slot; commit_one: stamp; settle; torc_wake_readers_slow (src/claim.c,
 *               src/publisher.c); room() is has_room and torc_gate_scan, slot() torc_bank_take down to torc_pool_take
 *               and, while waiting, torc_pool_take_anywhere (pools/pool.c); a second claim of the same batch does not wait (torc_claim_batch_until, fill_run)
 *   reader      torc_next, torc_keep, give_back, torc_wait_readable, torc_reader_ready (src/read.c, src/keep.c)
 *   holder      torc_ringptr_release_slow, slot_free (pools/slot.c)
 *
 * Also checked: neither entry nor slot is taken over while a reader may look at it or a handle is out.
 * Bound: EVENTS events in all mixtures of inline and slot, single and in batches of two, one reader (READERS=2 with EVENTS=2:
 * 22 million states, by hand); buffers of one store.
 *
 * Run: -DEVENTS=3
 * Run: -DEVENTS=3 -DLATER
 * Broken: BROKEN_READER_BARRIER the reader sleeps without the heavy barrier
 * Broken: BROKEN_PUBLISHER_BARRIER the publisher sleeps without the heavy barrier
 * Broken: BROKEN_SEEN_LATE the sleeper reads seq after its announcement
 * Broken: BROKEN_WAKE_ORDER the waker bumps seq before it takes the announcement back
 * Broken: BROKEN_NO_RECHECK the reader does not look again after its announcement
 * Broken: BROKEN_NO_WAKE_BY_RELEASE a last release wakes nobody
 * Broken: BROKEN_SLEEP_ON_FREEING the publisher sleeps although the slot is about to be free */
#ifdef BROKEN_SLEEP_ON_FREEING
#define LATER
#endif
#ifndef EVENTS
#define EVENTS 3
#endif
#ifndef READERS
#define READERS 1
#endif
#define BUFFER   1
#define ENTRIES  2
#define BUFFERED 4
#define CELLS    5
#include "memory.pml"

/* Threads. Readers 0 and 1 sleep at points 0 and 1, the publisher at point 2. */
#define PUBLISHER 2
#define HOLDER    3
#define POINTS    3
#include "waitpoint.pml"

/* Cells: the readers' cursors, the stamps of the two entries, the slot's reference count. */
#define CURSOR(r) mem[r]
#define STAMP(s)  mem[2 + (s) % ENTRIES]
#define COUNT     4
#define FREEING   255

#if READERS == 2
#define ALL_AT(s) (at[0] >= (s) && at[1] >= (s))
#else
#define ALL_AT(s) (at[0] >= (s))
#endif

bool sleepers;
bool in_slot[ENTRIES]; /* the entries' headers: plain data behind the stamp */
chan handles = [EVENTS] of { bit };
byte at[READERS]; /* what each reader is reading or will read next; to check by only */

#ifdef BROKEN_READER_BARRIER
#define READER_BARRIER NO_BARRIER
#else
#define READER_BARRIER HEAVY
#endif
#ifdef BROKEN_PUBLISHER_BARRIER
#define PUBLISHER_BARRIER NO_BARRIER
#else
#define PUBLISHER_BARRIER HEAVY
#endif

/* --- the publisher ------------------------------------------------------------------------------------------- */

/* torc_gate_scan, torc_lane_slowest; nobody joins here. */
inline scan() {
    gate = published;
    gate = (CURSOR(0) < gate -> CURSOR(0) : gate)
#if READERS == 2
    ;
    gate = (CURSOR(1) < gate -> CURSOR(1) : gate)
#endif
}

inline room() {
    if
    :: next - gate < ENTRIES
    :: else -> scan()
    fi;
    ok = next - gate < ENTRIES
}

/* mark: sequence + 1 of the event that the ring holds the slot for. */
inline slot() {
    ok = true;
    if
    :: mark != 0 && gate < mark -> scan()
    :: else
    fi;
    if
    :: mark != 0 && gate < mark -> ok = false
    :: mark != 0 && gate >= mark -> /* torc_pool_drop */
        assert(ALL_AT(mark));
        d_step { mem[COUNT]--; mark = 0 }
    :: else
    fi;
    if
    :: ok -> d_step { ok = mem[COUNT] == 0; freeing = mem[COUNT] == FREEING }
    :: else
    fi
}

/* take_room and then take_slot: room that is there stays there. */
inline look() {
    room();
    if
    :: ok && wants_slot -> slot()
    :: else
    fi
}

/* Again until the slot is free, if it is about to be. */
inline look_anywhere() {
    look();
#if defined(LATER) && !defined(BROKEN_SLEEP_ON_FREEING)
    do
    :: freeing && !ok -> (mem[COUNT] != FREEING); freeing = false; look()
    :: else -> break
    od;
#endif
    freeing = false
}

inline take() {
    look();
    freeing = false;
    do
    :: ok || batch == 1 -> break
    :: else ->
        BEFORE_SLEEP(PUBLISHER);
        PUBLISHER_BARRIER;
        look_anywhere();
        if
        :: ok -> STAY_UP(PUBLISHER)
        :: else -> FUTEX_WAIT(PUBLISHER); look_anywhere()
        fi
    od
}

proctype publisher() {
    byte next, published, gate, mark, batch;
    bool ok, got, wants_slot, freeing;
    do
    :: published == EVENTS -> break
    :: else ->
        /* Up to two claims; only the first waits. */
        do
        :: batch == 2 || next == EVENTS -> break
        :: batch == 1 -> break
        :: batch < 2 && next < EVENTS ->
            if
            :: wants_slot = false
            :: wants_slot = true
            fi;
            take();
            if
            :: ok && wants_slot -> mem[COUNT] = 1
            :: else
            fi;
            if
            :: ok ->
                assert(next < ENTRIES || ALL_AT(next - ENTRIES + 1));
                in_slot[next % ENTRIES] = wants_slot;
                if
                :: wants_slot -> mark = next + 1
                :: else
                fi;
                next++;
                batch++;
                ok = false
            :: else -> break
            fi
        od;
        wants_slot = false;
        batch = 0;
        do
        :: published == next -> break
        :: else ->
            STORE(PUBLISHER, 2 + published % ENTRIES, published + 1);
            published++
        od;
        /* settle */
        if
        :: sleepers ->
            FENCE(PUBLISHER);
            sleepers = false;
            WAKE(PUBLISHER, 0, got)
#if READERS == 2
            ;
            WAKE(PUBLISHER, 1, got)
#endif
        :: else
        fi
    od
}

/* --- readers -------------------------------------------------------------------------------------------------- */

inline give_back() {
    if
    :: given != mine ->
        STORE(self, self, mine);
        given = mine;
        if
        :: waiting[PUBLISHER] -> WAKE(self, PUBLISHER, got) /* torc_lane_moved */
        :: else
        fi
    :: else
    fi
}

proctype reader(byte self) {
    byte mine, given;
    bool got;
    do
    :: mine == EVENTS -> give_back(); break
    :: mine < EVENTS && STAMP(mine) == mine + 1 ->
        assert(STAMP(mine) == mine + 1);
        if
        :: in_slot[mine % ENTRIES] -> d_step { assert(mem[COUNT] >= 1 && mem[COUNT] != FREEING); mem[COUNT]++ }; handles!1
        :: true
        fi;
        d_step { mine++; at[self] = mine };
        if
        :: give_back()
        :: true
        fi
    :: mine < EVENTS && STAMP(mine) != mine + 1 ->
        give_back();
        BEFORE_SLEEP(self);
        sleepers = true;
        READER_BARRIER;
        if
#ifndef BROKEN_NO_RECHECK
        :: STAMP(mine) == mine + 1 -> STAY_UP(self)
        :: STAMP(mine) != mine + 1 -> FUTEX_WAIT(self)
#else
        :: FUTEX_WAIT(self)
#endif
        fi
    od
}

/* --- handles -------------------------------------------------------------------------------------------------- */

proctype holder() {
    bool got;
end:
    do
    :: handles?1 ->
        if
        :: d_step { mem[COUNT] == 1 -> mem[COUNT] = FREEING };
#ifndef LATER
            STORE(HOLDER, COUNT, 0); /* FREE */
#endif
            if
#ifndef BROKEN_NO_WAKE_BY_RELEASE
            :: waiting[PUBLISHER] -> WAKE(HOLDER, PUBLISHER, got)
#endif
            :: else
            fi
#ifdef LATER
            ;
            STORE(HOLDER, COUNT, 0) /* FREE */
#endif
        :: d_step { mem[COUNT] > 1 -> mem[COUNT]-- }
        fi
    od
}

init {
    atomic {
        run publisher();
        run reader(0);
#if READERS == 2
        run reader(1);
#endif
        run holder()
    }
}
