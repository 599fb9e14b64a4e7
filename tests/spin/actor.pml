/* actor.pml - an actor is stopped while senders are at work and its handler may end it (SLEEP, SPACE; enum actor_state).
 *
 * Two senders send a message each, waiting for space, to a mailbox of one. The stop is of either kind; the handler may answer
 * TORC_STOP to any message, and the thread then ends by itself.
 *
 *   sender   torc_actor_send, put, send_full, sender_out (src/actor.c)
 *   actor    work, handle_messages, made_space, has_work, ended (src/actor.c)
 *   stopper  torc_actor_stop: tell_to_stop, the join, empty_mailbox (src/actor.c)
 *
 * The reference of a message is its sender's until put has taken it, then the mailbox's, then the handler's.
 * Checked: unless the handler says stop, DRAIN handles all that was accepted; at the end each message was handled or released
 * once, or is still its sender's, who was told TORC_CLOSED; nobody is inside once the actor is freed; everybody comes
 * to his end. A send must be counted before the stop looks for senders for the last time: one that begins later, or is not
 * counted yet, would meet a freed actor, and nothing in the actor can prevent that (-DLATE shows it).
 * Bound: as said; buffers of one store.
 *
 * Run: -DMESSAGES=2
 * Broken: BROKEN_SENDERS the stop does not wait until the senders are out
 * Broken: BROKEN_CLOSING the stop tells the actor to drain at once, not when the senders are out
 * Broken: BROKEN_SPACE neither the stop nor the end of the actor wakes senders that wait for space
 * Broken: BROKEN_SLEEP the actor sleeps without the heavy barrier
 * Broken: BROKEN_EMPTY the stop leaves in the mailbox what it finds there */
#define BUFFERED 3
#define BUFFER   1
#define CELLS    3
#include "memory.pml"

/* Buffered threads, and the places where they sleep; both senders announce themselves at the same. */
#define ACTOR  2
#define SPACE  0
#define POINTS 3
#include "waitpoint.pml"

/* Cells 0 and 1: the sender's message is in the ring (its tail is past it); 2: messages that the actor has taken. */
#define HEAD 2
mtype = { RUNNING, CLOSING, DRAINING, DROPPING, ENDED };
mtype state = RUNNING;
byte senders, reserved;
bool taken[2]; /* from the ring */
bool actor_done;

/* To check by only. */
bool accepted[2], handled[2], released[2], told_closed[2], stopped_itself, freed;

bool too_late; /* for a send to begin */

#define ARRIVED(s) (mem[s] == 1 && !taken[s])
#define DEPTH      (ARRIVED(0) || ARRIVED(1))

#ifdef BROKEN_SLEEP
#define BARRIER NO_BARRIER
#else
#define BARRIER HEAVY
#endif

inline wake_space(thread) {
    FENCE(thread);
    TAKE_BACK(SPACE, got);
    d_step { seen[0] = false; seen[1] = false };
    d_step { asleep[0] = asleep[0] && !got; asleep[1] = asleep[1] && !got; got = false }
}

/* --- senders -------------------------------------------------------------------------------------------------- */

/* One try; `done` if it answers something else than TORC_WOULD_BLOCK. */
inline put() {
    assert(!freed);
    if
    :: state == RUNNING ->
        if
        :: atomic { reserved - mem[HEAD] < 1 -> reserved++ };
            atomic { accepted[self] = true; STORE(self, self, 1) };
            if
            :: waiting[ACTOR] -> WAKE(self, ACTOR, got)
            :: else
            fi;
            done = true
        :: atomic { reserved - mem[HEAD] >= 1 -> done = false }
        fi
    :: else -> told_closed[self] = true; done = true
    fi
}

proctype sender(byte self) {
    bool done, got;
    if
    :: too_late -> told_closed[self] = true; goto out
    :: atomic { !too_late -> senders++ }
    fi;
    put();
    do
    :: done -> break
    :: else ->
        seen[self] = true;
        waiting[SPACE] = true;
        HEAVY;
        put();
        if
        :: done -> STAY_UP(self)
        :: else -> FUTEX_WAIT(self)
        fi
    od;
    FENCE(self);
    senders--;
out:
    skip
}

/* --- the actor ------------------------------------------------------------------------------------------------ */

inline take(s) {
    taken[s] = true;
    STORE(ACTOR, HEAD, mem[HEAD] + 1);
    if
    :: waiting[SPACE] -> wake_space(ACTOR)
    :: else
    fi;
    handled[s] = true;
    found = true
}

proctype actor() {
    mtype look;
    bool found, got;
    do
    :: look = state;
        found = false;
        if
        :: look == DROPPING -> break
        :: else
        fi;
        do
        :: state != DROPPING && ARRIVED(0) -> take(0); if :: true :: stopped_itself = true; goto ended fi
        :: state != DROPPING && ARRIVED(1) -> take(1); if :: true :: stopped_itself = true; goto ended fi
        :: state == DROPPING || !DEPTH -> break
        od;
        if
        :: look == DRAINING && !DEPTH -> break
        :: else
        fi;
        if
        :: found
        :: else ->
            BEFORE_SLEEP(ACTOR);
            BARRIER;
            if
            :: (state != RUNNING && state != CLOSING) || DEPTH -> STAY_UP(ACTOR)
            :: else -> FUTEX_WAIT(ACTOR)
            fi
        fi
    od;
ended:
    FENCE(ACTOR);
    state = ENDED;
#ifndef BROKEN_SPACE
    wake_space(ACTOR);
#endif
    actor_done = true
}

/* --- the stop ------------------------------------------------------------------------------------------------- */

#ifdef BROKEN_CLOSING
#define FIRST_STATE DRAINING
#else
#define FIRST_STATE CLOSING
#endif

inline empty_mailbox(s) {
    if
    :: ARRIVED(s) -> taken[s] = true; released[s] = true
    :: else
    fi
}

proctype stopper() {
    bool drain, late, got;
    if
    :: drain = true
    :: drain = false
    fi;
    /* At any time, or only when all is handled, so that a message nobody wakes the actor for is not found by the stop. */
    if
    :: late = true; actor_done || (handled[0] && handled[1])
    :: late = false
    fi;
    d_step { state = (state == RUNNING -> (drain -> FIRST_STATE : DROPPING) : state) };
    WAKE(NOBODY, ACTOR, got);
#ifndef BROKEN_SENDERS
    do
#ifdef LATE
    :: senders == 0 -> break
#else
    :: atomic { senders == 0 -> too_late = true }; break
#endif
#ifndef BROKEN_SPACE
    :: senders != 0 && waiting[SPACE] -> wake_space(NOBODY)
#endif
    od;
#endif
    atomic { state = (state == CLOSING -> DRAINING : state) };
    WAKE(NOBODY, ACTOR, got);
    actor_done;
#ifndef BROKEN_EMPTY
    empty_mailbox(0);
    empty_mailbox(1);
#endif
    assert(senders == 0 && !DEPTH);
    assert(accepted[0] == (handled[0] || released[0]) && !(handled[0] && released[0]));
    assert(accepted[1] == (handled[1] || released[1]) && !(handled[1] && released[1]));
    assert(!drain || stopped_itself || (!released[0] && !released[1]));
    assert(!(accepted[0] && told_closed[0]) && !(accepted[1] && told_closed[1]));
    atomic { freed = true; too_late = true }
}

init {
    atomic {
        run sender(0);
        run sender(1);
        run actor();
        run stopper()
    }
}
