/* adopt.pml - one lane passes from publisher to publisher and from topic to topic while its readers are still reading.
 *
 * Two topics with a reader each; PUBLISHERS publishers, each on either topic, open when the lane is to be had, publish none
 * to two events and close. There are no other lanes, so everybody needs this one.
 *
 *   publisher  torc_publisher_open: choose_lane, torc_lane_finished, take_lane, enlist_readers; torc_publisher_close
 *              (src/publisher.c); publishing waits for the cursor of its topic's reader
 *   reader     find_event, why_empty (src/read.c); torc_reader_lanes_changed, torc_reader_look_around: forget_ended_lanes,
 *              follow_new_lanes (src/reader.c)
 *
 * Checked: every reader reads all events of its topic and no other, none twice; no entry is overwritten unread; a lane
 * that is read to its end can be had again: everybody comes to his end. All but reading and publishing is under the control
 * lock, so nothing is buffered here.
 * Bound: lane of one entry, PUBLISHERS publishers.
 *
 * Run: -DPUBLISHERS=3
 * Broken: BROKEN_FINISHED an ended lane goes to another topic before its reader has finished it
 * Broken: BROKEN_ENLIST a reader that has not finished the lane is moved to where it stands now
 * Broken: BROKEN_VERSION a lane comes without the topic's version being bumped
 * Broken: BROKEN_FORGET the reader does not look again, under the lock, before it forgets an ended lane */
#define ENTRIES 1
#define LENGTH  7 /* more than all publishers can publish */

mtype = { FREE, OPEN, ENDED };
mtype state = FREE;
byte topic, published;
byte has_lane; /* bit per topic: topic.lanes */
byte version[2], cursor[2];
bool joined[2], locked;

/* To check by only. */
byte author[LENGTH], made[2], at[2], done;
bool follows[2];

#define LOCK   atomic { !locked -> locked = true }
#define UNLOCK locked = false

#ifdef BROKEN_FINISHED
#define TO_BE_HAD true
#else
#define TO_BE_HAD (topic == mine || !joined[topic])
#endif
#define CHOICE (state == FREE || (state == ENDED && TO_BE_HAD))

inline take_lane() {
    same = state == ENDED && topic == mine;
    if
    :: state == ENDED && !same -> has_lane = has_lane & ~(1 << topic)
    :: else
    fi;
    if
#ifndef BROKEN_ENLIST
    :: !same || !joined[mine] -> cursor[mine] = published; joined[mine] = true
    :: else
#else
    :: cursor[mine] = published; joined[mine] = true
#endif
    fi;
    topic = mine;
    state = OPEN;
    has_lane = has_lane | (1 << mine);
#ifndef BROKEN_VERSION
    version[mine]++
#endif
}

proctype publisher() {
    byte mine, count;
    bool same, open;
    if
    :: mine = 0
    :: mine = 1
    fi;
    do
    :: open -> break
    :: else ->
        CHOICE; /* TORC_NO_ROOM until then */
        LOCK;
        if
        :: CHOICE -> take_lane(); open = true
        :: else
        fi;
        UNLOCK
    od;
    do
    :: count == 2 -> break
    :: true -> break
    :: count < 2 ->
        published - cursor[mine] < ENTRIES;
        assert(!follows[mine] || at[mine] > published - ENTRIES);
        atomic { author[published] = mine; made[mine]++; published++; count++ }
    od;
    LOCK;
    state = ENDED;
    version[mine]++;
    UNLOCK;
    done++
}

#define AT_END (state == ENDED && at[self] == published)

inline look_around() {
    LOCK;
    if
#ifdef BROKEN_FORGET
    :: follows[self] && forget -> joined[self] = false; follows[self] = false
#else
    :: follows[self] && AT_END -> joined[self] = false; follows[self] = false
#endif
    :: else
    fi;
    seen = version[self];
    if
    :: ((has_lane >> self) & 1) && joined[self] && !follows[self] -> at[self] = cursor[self]; follows[self] = true
    :: else
    fi;
    UNLOCK;
    forget = false
}

/* The reader of topic `self`. */
proctype reader(byte self) {
    byte seen, count;
    bool forget;
    do
    :: follows[self] && published > at[self] ->
        assert(author[at[self]] == self);
        atomic { at[self]++; count++ };
        cursor[self] = at[self]
    :: follows[self] && AT_END -> forget = true; look_around()
    :: version[self] != seen -> look_around()
    :: done == PUBLISHERS && !follows[self] && version[self] == seen -> break
    od;
    assert(count == made[self])
}

init {
    byte i;
    atomic {
        do
        :: i < PUBLISHERS -> run publisher(); i++
        :: else -> break
        od;
        run reader(0);
        run reader(1)
    }
}
