/* src/group_hand.c - handing events out, and the position that follows what is finished. All under the group's lock. */
#include "group.h"

/* --- the reader's position ---------------------------------------------------------------------------------- */

static uint64_t tombstones(const struct reader *self, const struct reader_lane *lane, uint64_t to) {
    uint64_t count = 0;
    for (uint64_t at = lane->given; lane->skipped != 0 && at != to; at++) {
        count += (lane_entry_at(self->bus, lane->index, at)->header & TORC_ENTRY_SKIP) != 0;
    }
    return count;
}

static bool halted(const struct torc_group *group) {
    return torc_load_acquire32(&group->reader->closing) != 0;
}

static void wake_watcher(const struct torc_group *group) {
    if (group->watcher != NULL) {
        torc_waitpoint_wake(&group->bus->waitpoints[group->reader->point]);
    }
}

/* The oldest of its lane is gone. Whoever watches may have waited for just that: the end of the lane, or of
 * everything. */
static void move_on(struct torc_group *group, uint32_t index) {
    struct reader *self = group->reader;
    const struct holding *oldest = group->lane[index].oldest;
    struct reader_lane *lane = torc_reader_lane(self, index);
    uint64_t to;
    torc_reader_save_current(self);
    to = oldest != NULL ? oldest->event.sequence : lane->sequence;
    torc_reader_give_back_part(self, lane, to, tombstones(self, lane, to));
    if (torc_load_acquire32(&group->bus->lanes[index].state) == TORC_LANE_ENDED) { /* ENDED */
        self->one_lane = false; /* as after torc_advance: the next turn must look */
        wake_watcher(group);
    }
}

/* --- the table ---------------------------------------------------------------------------------------------- */

static struct holding *new_holding(struct torc_group *group, const struct torc_event *event) {
    struct unfinished *lane = &group->lane[event->lane];
    struct holding *holding = group->free;
    group->free = holding->next;
    *holding = (struct holding){.event = *event, .older = lane->newest, .ticket = group->handed++};
    *(lane->newest != NULL ? &lane->newest->newer : &lane->oldest) = holding;
    lane->newest = holding;
    return holding;
}

/* Is there one left? While nothing is returned all of them are in hands, and this member's are not all full. */
static void put_into_hand(struct torc_member *member, struct holding *holding, struct torc_delivery *delivery) {
    holding->member = member;
    holding->attempt++;
    member->held++;
    *delivery = (struct torc_delivery){
        .event = holding->event, .attempt = holding->attempt, .place = (uint32_t)(holding - member->group->place)};
}

void torc_group_finish(struct torc_group *group, struct holding *holding) {
    struct unfinished *lane = &group->lane[holding->event.lane];
    bool was_oldest = lane->oldest == holding;
    *(holding->older != NULL ? &holding->older->newer : &lane->oldest) = holding->newer;
    *(holding->newer != NULL ? &holding->newer->older : &lane->newest) = holding->older;
    holding->member->held--;
    holding->member = NULL;
    holding->next = group->free;
    group->free = holding;
    group->finished++;
    if (was_oldest) {
        move_on(group, holding->event.lane);
    }
    if (group_unfinished(group) == 0 && bus_closed(group->bus)) {
        if (halted(group)) {
            (void)torc_reader_begin(group->reader); /* nothing is in hand any more, so the reader leaves */
        }
        wake_watcher(group);
    }
}

void torc_group_take_back(struct torc_group *group, struct holding *holding) {
    struct holding **at = &group->returned;
    while (*at != NULL && (*at)->ticket < holding->ticket) {
        at = &(*at)->next;
    }
    holding->next = *at;
    *at = holding;
    holding->member->held--;
    holding->member = NULL;
    group->returns++;
    wake_watcher(group);
}

/* --- handing out -------------------------------------------------------------------------------------------- */

static bool exhausted(const struct torc_group *group) {
    torc_reader_save_current(group->reader);
    return torc_reader_exhausted(group->reader);
}

/* Nothing is left to read, but what is in hand elsewhere may come back. A member does not wait for what it has in hand
 * itself, lest two that do the same wait for each other. */
static int after_the_end(const struct torc_member *member) {
    if (group_unfinished(member->group) == 0) {
        return TORC_CLOSED;
    }
    return member->held != 0 ? TORC_BUSY : TORC_EMPTY;
}

int torc_group_hand_out(struct torc_member *member, struct torc_delivery *delivery) {
    struct torc_group *group = member->group;
    struct holding *again = group->returned;
    struct torc_event event;
    int status;
    if (halted(group)) {
        (void)torc_reader_begin(group->reader); /* leaves if nothing is in hand */
    }
    if (member->left || halted(group)) {
        return TORC_CLOSED;
    }
    if (member->held == group->hold) {
        return TORC_BUSY;
    }
    if (again != NULL) {
        group->returned = again->next;
        put_into_hand(member, again, delivery);
        return TORC_OK;
    }
    status = torc_next(&group->reader->hot, &event);
    if (status == TORC_OK) {
        put_into_hand(member, new_holding(group, &event), delivery);
    }
    /* A reader that was idle may be told late that anything has changed (torc_next), and torc_group_ready at once. */
    return status == TORC_CLOSED || (status == TORC_EMPTY && exhausted(group)) ? after_the_end(member) : status;
}

bool torc_group_ready(const struct torc_member *member) {
    const struct torc_group *group = member->group;
    if (member->left || group->returned != NULL || halted(group)) {
        return true;
    }
    if (exhausted(group)) {
        return after_the_end(member) != TORC_EMPTY;
    }
    return torc_reader_ready(group->reader);
}
