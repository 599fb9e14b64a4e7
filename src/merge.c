/* src/merge.c - a reader that hands events out in the order of their times.
 *
 * It is a GATE reader of which only the lanes, the cursors and the waitpoint are used: which lane is next is decided
 * here. A lane's `sequence` is past what was handed out; the event it stands at is the lane's head once it was looked
 * at. */
#include "core.h"

#include <stdlib.h>
#include <torc/merge.h>

/* What is known of a lane, by its index. */
struct front {
    uint64_t time;    /* of the head; without one, nothing earlier will come */
    uint64_t blocked; /* an event waits for this lane until then, by torc_now(); 0: none does */
    bool head;        /* the entry at the lane's sequence is an event, and `time` its time */
    bool told;        /* `time` means something */
    bool idle;
};

struct torc_merge {
    struct bus *bus;
    torc_a64 user; /* the thread inside, at DEBUG 1 and up */
    struct reader *reader;
    struct torc_merge_config config;
    struct torc_event event; /* at hand; data NULL: none */
    struct torc_merge_stats stats;
    uint64_t lanes;    /* those whose front is known, as bits */
    uint64_t patience; /* when the first lane that holds an event up will be idle */
    struct front front[TORC_MAX_PUBLISHERS];
};

/* --- open and close ----------------------------------------------------------------------------------------- */

static bool config_valid(const struct torc_merge_config *config) {
    return config != NULL && config->time_of != NULL && config->reader.policy == TORC_POLICY_GATE &&
           config->reader.after_count == 0;
}

int torc_merge_open(struct torc_topic *topic, const struct torc_merge_config *config, struct torc_merge **out) {
    struct torc_reader_config reader_config;
    struct torc_reader *reader;
    struct torc_merge *merge;
    int status;
    if (topic == NULL || out == NULL || !config_valid(config)) {
        return TORC_INVALID;
    }
    merge = calloc(1, sizeof *merge);
    if (merge == NULL) {
        return TORC_NO_MEMORY;
    }
    reader_config = config->reader;
    reader_config.manual_advance = 1;
    status = torc_reader_open(topic, &reader_config, &reader);
    if (status != TORC_OK) {
        free(merge);
        return status;
    }
    merge->bus = topic->bus;
    merge->reader = reader_of(reader);
    merge->config = *config;
    for (uint32_t i = 0; i < merge->reader->lane_count; i++) {
        merge->lanes |= UINT64_C(1) << merge->reader->lane[i].index;
    }
    *out = merge;
    return TORC_OK;
}

int torc_merge_close(struct torc_merge *merge) {
    int status = merge == NULL ? TORC_INVALID : torc_reader_close(&merge->reader->hot);
    if (status == TORC_OK) {
        free(merge);
    }
    return status;
}

int torc_merge_stats(const struct torc_merge *merge, struct torc_merge_stats *stats) {
    if (merge == NULL || stats == NULL) {
        return TORC_INVALID;
    }
    *stats = merge->stats;
    return TORC_OK;
}

/* --- the heads of the lanes --------------------------------------------------------------------------------- */

static struct torc_entry *entry_at(const struct torc_merge *merge, const struct reader_lane *lane) {
    return lane_entry_at(merge->bus, lane->index, lane->sequence);
}

static struct torc_event borrow(const struct torc_merge *merge, const struct reader_lane *lane) {
    struct torc_event event = {.lane = lane->index, .sequence = lane->sequence};
    torc_decode(&merge->bus->hot, entry_at(merge, lane), &event);
    return event;
}

/* An event or a heartbeat: whoever waited for this lane waits no longer. */
static void tell_time(struct torc_merge *merge, struct front *front, const struct torc_event *event) {
    front->time = merge->config.time_of(merge->config.context, event);
    front->told = true;
    front->idle = false;
    front->blocked = 0;
}

/* The lane's head, past tombstones and heartbeats. An empty lane is given back: only so can it be seen to have
 * ended. */
static void find_head(struct torc_merge *merge, struct reader_lane *lane) {
    struct front *front = &merge->front[lane->index];
    while (!front->head && lane_stamped(merge->bus, lane->index, lane->sequence)) {
        struct torc_event event;
        if ((entry_at(merge, lane)->header & TORC_ENTRY_SKIP) != 0) {
            lane->skipped++;
            lane->sequence++;
            continue;
        }
        event = borrow(merge, lane);
        tell_time(merge, front, &event);
        if (merge->config.has_heartbeat != 0 && event.type == merge->config.heartbeat) {
            merge->stats.heartbeats++;
            lane->sequence++;
        } else {
            front->head = true;
        }
    }
    if (!front->head) {
        torc_reader_give_back(merge->reader, lane);
    }
}

/* Will nothing come from this lane any more? */
static bool finished(const struct torc_merge *merge, const struct reader_lane *lane, bool closed) {
    return closed && lane->sequence == torc_load_acquire64(&merge->bus->lanes[lane->index].claimed); /* CLAIMED */
}

/* Of a lane that was not there before nothing is known. */
static void follow_lanes(struct torc_merge *merge) {
    uint64_t before = merge->lanes;
    torc_reader_look_around(merge->reader);
    merge->lanes = 0;
    for (uint32_t i = 0; i < merge->reader->lane_count; i++) {
        uint32_t index = merge->reader->lane[i].index;
        merge->lanes |= UINT64_C(1) << index;
        if ((before >> index & 1u) == 0) {
            merge->front[index] = (struct front){.time = 0};
        }
    }
}

/* --- which is next ------------------------------------------------------------------------------------------ */

/* Does an event of this time wait for that lane, which was empty? At the end of its patience it does so no more, unless
 * something has come meanwhile. */
static bool waits_for(struct torc_merge *merge, const struct reader_lane *lane, uint64_t time) {
    struct front *front = &merge->front[lane->index];
    if (front->idle || (front->told && front->time >= time)) {
        return false;
    }
    if (front->blocked == 0) {
        front->blocked = merge->config.idle_after_ns == 0 ? 1 : torc_deadline_ns(merge->config.idle_after_ns);
    }
    if (front->blocked != TORC_FOREVER && front->blocked <= torc_now() &&
        !lane_stamped(merge->bus, lane->index, lane->sequence)) {
        front->idle = true;
        merge->stats.idle++;
        return false;
    }
    merge->patience = front->blocked < merge->patience ? front->blocked : merge->patience;
    return true;
}

static struct reader_lane *earliest(struct torc_merge *merge) {
    struct reader *reader = merge->reader;
    struct reader_lane *best = NULL;
    for (uint32_t i = 0; i < reader->lane_count; i++) {
        const struct front *front = &merge->front[reader->lane[i].index];
        find_head(merge, &reader->lane[i]);
        if (front->head && (best == NULL || front->time < merge->front[best->index].time)) {
            best = &reader->lane[i];
        }
    }
    return best;
}

/* The lane whose head is next; NULL: none now. `closed` is from before the lanes were looked at. */
static struct reader_lane *choose(struct torc_merge *merge, bool closed) {
    struct reader *reader = merge->reader;
    struct reader_lane *best = earliest(merge);
    bool waits = false;
    merge->patience = TORC_FOREVER;
    for (uint32_t i = 0; best != NULL && i < reader->lane_count; i++) {
        const struct reader_lane *lane = &reader->lane[i];
        if (!merge->front[lane->index].head && !finished(merge, lane, closed)) {
            waits |= waits_for(merge, lane, merge->front[best->index].time);
        }
    }
    return waits ? NULL : best;
}

static void hand_out(struct torc_merge *merge, struct reader_lane *lane, struct torc_merged *merged) {
    struct front *front = &merge->front[lane->index];
    merge->event = borrow(merge, lane);
    *merged = (struct torc_merged){.event = merge->event, .time = front->time};
    merged->late = merge->stats.handed != 0 && front->time < merge->stats.time;
    merge->stats.handed++;
    merge->stats.late += merged->late;
    merge->stats.time = merged->late != 0 ? merge->stats.time : front->time;
    front->head = false;
    lane->sequence++;
}

/* What was at hand is finished with; its cursor follows in steps, as that of any reader. */
static void finish(struct torc_merge *merge) {
    uint32_t step = (uint32_t)(merge->reader->hot.mask + 1) / 4;
    struct reader_lane *lane = torc_reader_lane(merge->reader, merge->event.lane);
    step = step < TORC_READER_RUN ? step + 1 : TORC_READER_RUN;
    if (merge->event.data != NULL && lane != NULL && lane->sequence - lane->given >= step) {
        torc_reader_give_back(merge->reader, lane);
    }
    merge->event.data = NULL;
}

static int next(struct torc_merge *merge, struct torc_merged *merged) {
    struct reader *reader = merge->reader;
    finish(merge);
    if (torc_load_acquire32(&reader->closing) != 0) {
        torc_reader_leave(reader);
        return TORC_CLOSED;
    }
    for (;;) {
        bool closed = bus_closed(merge->bus);
        struct reader_lane *lane = choose(merge, closed);
        /* After the heads: a lane that was there before one of them was published is known before that is handed
         * out. */
        bool known = torc_load_acquire32(&reader->topic->record->version) == reader->version; /* LANES */
        if (lane != NULL && known) {
            hand_out(merge, lane, merged);
            return TORC_OK;
        }
        if (!torc_reader_lanes_changed(reader)) {
            return torc_reader_exhausted(reader) ? TORC_CLOSED : TORC_EMPTY;
        }
        follow_lanes(merge);
    }
}

/* --- waiting ------------------------------------------------------------------------------------------------ */

/* Would next() come further than before? After a close it does when all empty lanes are finished. */
static bool ready(void *context) {
    const struct torc_merge *merge = context;
    const struct reader *reader = merge->reader;
    bool closed = bus_closed(merge->bus);
    bool over = closed;
    if (torc_load_acquire32(&reader->closing) != 0 || torc_reader_lanes_changed(reader)) {
        return true;
    }
    for (uint32_t i = 0; i < reader->lane_count; i++) {
        const struct reader_lane *lane = &reader->lane[i];
        if (!merge->front[lane->index].head && lane_stamped(merge->bus, lane->index, lane->sequence)) {
            return true;
        }
        over = over && (merge->front[lane->index].head || finished(merge, lane, closed));
    }
    return over;
}

static void announce(void *context) {
    torc_reader_announce(((struct torc_merge *)context)->reader);
}

/* Everything that was handed out goes back before the thread sleeps. TORC_OK: look again. */
static int await_more(struct torc_merge *merge, uint64_t deadline) {
    struct reader *reader = merge->reader;
    struct torc_await await = {
        &merge->bus->waitpoints[reader->point], ready, announce, merge, merge->bus->hot.fence, reader->wait};
    uint64_t until = merge->patience < deadline ? merge->patience : deadline;
    int status;
    for (uint32_t i = 0; i < reader->lane_count; i++) {
        torc_reader_give_back(reader, &reader->lane[i]);
    }
    status = torc_await(&await, until);
    return status == TORC_TIMED_OUT && until != deadline ? TORC_OK : status;
}

int torc_merge_next_until(struct torc_merge *merge, struct torc_merged *merged, uint64_t deadline) {
    int status = merge == NULL || merged == NULL ? TORC_INVALID : TORC_OK;
    if (merged != NULL) {
        *merged = (struct torc_merged){.time = 0};
    }
    if (status != TORC_OK) {
        return status;
    }
    TORC_ONE_AT_A_TIME(merge);
    while (status == TORC_OK) {
        status = next(merge, merged);
        if (status != TORC_EMPTY || deadline == TORC_NO_WAIT) {
            return status;
        }
        status = await_more(merge, deadline);
    }
    return status;
}

int torc_merge_next(struct torc_merge *merge, struct torc_merged *merged) {
    return torc_merge_next_until(merge, merged, TORC_NO_WAIT);
}

/* The lane of the event at hand becomes the one that torc_keep looks at. False: nothing is at hand. */
static bool enter_lane_at_hand(struct torc_merge *merge) {
    if (merge->event.data != NULL) {
        const struct reader_lane *lane = torc_reader_lane(merge->reader, merge->event.lane);
        torc_reader_enter(merge->reader, (uint32_t)(lane - merge->reader->lane));
    }
    return merge->event.data != NULL;
}

int torc_merge_keep(struct torc_merge *merge, struct torc_ringptr *ptr) {
    if (merge == NULL || ptr == NULL || !enter_lane_at_hand(merge)) {
        return TORC_INVALID;
    }
    return torc_keep(&merge->reader->hot, &merge->event, ptr);
}

int torc_merge_keep_until(struct torc_merge *merge, uint64_t deadline, struct torc_ringptr *ptr) {
    if (merge == NULL || ptr == NULL || !enter_lane_at_hand(merge)) {
        return TORC_INVALID;
    }
    return torc_keep_until(&merge->reader->hot, &merge->event, deadline, ptr);
}
