/* src/group.c - groups and their members come and go (src/group.h). */
#include "group.h"

#include <stdlib.h>

#define MOST    1024u /* members; events in a member's hand */
#define MEMBERS 64u   /* default */
#define HOLD    1u    /* default */

static int may_use(const struct torc_group *group) {
    if (group == NULL) {
        return TORC_INVALID;
    }
    return group->bus->forked ? TORC_FORKED : TORC_OK;
}

/* --- groups ------------------------------------------------------------------------------------------------- */

static int open_reader(struct torc_topic *topic, const struct torc_group_config *config, struct torc_group *group) {
    struct torc_reader_config reader = config->reader;
    struct torc_reader *opened;
    int status;
    reader.manual_advance = 1;
    if (pthread_mutex_init(&group->lock, NULL) != 0) {
        return TORC_NO_MEMORY;
    }
    status = torc_reader_open(topic, &reader, &opened);
    if (status != TORC_OK) {
        (void)pthread_mutex_destroy(&group->lock);
        return status;
    }
    group->reader = reader_of(opened);
    return TORC_OK;
}

int torc_group_open(struct torc_topic *topic, const struct torc_group_config *config, struct torc_group **out) {
    static const struct torc_group_config defaults;
    struct torc_group *group;
    uint32_t members, hold;
    int status;
    config = config == NULL ? &defaults : config;
    if (topic == NULL || out == NULL || config->reader.policy != TORC_POLICY_GATE || config->members > MOST ||
        config->hold > MOST) {
        return TORC_INVALID;
    }
    members = config->members != 0 ? config->members : MEMBERS;
    hold = config->hold != 0 ? config->hold : HOLD;
    group = calloc(1, sizeof *group + (size_t)members * hold * sizeof group->place[0]);
    if (group == NULL) {
        return TORC_NO_MEMORY;
    }
    group->bus = topic->bus;
    group->limit = members;
    group->hold = hold;
    group->places = (size_t)members * hold;
    for (size_t i = group->places; i > 0; i--) {
        group->place[i - 1].next = group->free;
        group->free = &group->place[i - 1];
    }
    status = open_reader(topic, config, group);
    if (status != TORC_OK) {
        free(group);
        return status;
    }
    *out = group;
    return TORC_OK;
}

int torc_group_close(struct torc_group *group) {
    uint32_t count;
    int status = may_use(group);
    if (status != TORC_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&group->lock);
    count = group->count;
    (void)pthread_mutex_unlock(&group->lock);
    if (count != 0) {
        return TORC_BUSY;
    }
    (void)torc_reader_close(&group->reader->hot);
    (void)pthread_mutex_destroy(&group->lock);
    free(group);
    return TORC_OK;
}

static uint32_t waiting(const struct torc_group *group) {
    uint32_t count = group->watcher != NULL;
    for (const struct torc_member *member = group->idle; member != NULL; member = member->next) {
        count++;
    }
    return count;
}

int torc_group_stats(struct torc_group *group, struct torc_group_stats *stats) {
    int status = stats == NULL ? TORC_INVALID : may_use(group);
    if (status != TORC_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&group->lock);
    *stats = (struct torc_group_stats){.members = group->count,
                                       .waiting = waiting(group),
                                       .handed = group->handed,
                                       .finished = group->finished,
                                       .unfinished = group_unfinished(group),
                                       .returned = group->returns};
    (void)torc_reader_state(&group->reader->hot, &stats->reader);
    (void)pthread_mutex_unlock(&group->lock);
    return TORC_OK;
}

/* --- members ------------------------------------------------------------------------------------------------ */

int torc_group_join(struct torc_group *group, struct torc_member **out) {
    struct torc_member *member;
    int status = out == NULL ? TORC_INVALID : may_use(group);
    bool room;
    if (status != TORC_OK) {
        return status;
    }
    member = aligned_alloc(TORC_LINE, TORC_ROUND_LINE(sizeof *member));
    if (member == NULL) {
        return TORC_NO_MEMORY;
    }
    *member = (struct torc_member){.group = group, .bus = group->bus};
    (void)pthread_mutex_lock(&group->lock);
    room = group->count < group->limit;
    group->count += room;
    (void)pthread_mutex_unlock(&group->lock);
    if (!room) {
        free(member);
        return TORC_NO_ROOM;
    }
    *out = member;
    return TORC_OK;
}

/* Under the lock. One that waits comes back: the watcher by its waitpoint, an idle one because it is called. */
static void leave(struct torc_member *member) {
    struct torc_group *group = member->group;
    if (member->left) {
        return;
    }
    member->left = true;
    for (size_t i = 0; member->held != 0 && i < group->places; i++) {
        if (group->place[i].member == member) {
            torc_group_take_back(group, &group->place[i]);
        }
    }
    torc_waitpoint_wake(&group->bus->waitpoints[group->reader->point]);
    torc_member_stand_down(member);
    torc_store_relaxed32(&member->called, 1);
    torc_waitpoint_wake(&member->point);
}

static int end(struct torc_member *member, bool closes) {
    struct torc_group *group = member == NULL ? NULL : member->group;
    int status = may_use(group);
    if (status != TORC_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&group->lock);
    leave(member);
    group->count -= closes;
    (void)pthread_mutex_unlock(&group->lock);
    if (closes) {
        free(member);
    }
    return TORC_OK;
}

int torc_member_leave(struct torc_member *member) {
    return end(member, false);
}

int torc_member_close(struct torc_member *member) {
    return end(member, true);
}
