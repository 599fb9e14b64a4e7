/* src/figures.c - the tables behind the writers. */
#include "figures.h"

#define ROWS(of) sizeof(of) / sizeof((of)[0])
#define FIGURE(T, kind, name, help)                                                                                    \
    { #name, help, kind, offsetof(struct T, name) }

static const struct figure bus_figures[] = {
    FIGURE(torc_snapshot, FIGURE_GAUGE, state, "0 open, 1 draining, 2 closed"),
    FIGURE(torc_snapshot, FIGURE_GAUGE, bytes, "Size of the region"),
    FIGURE(torc_snapshot, FIGURE_COUNTER, published, "Events published in all lanes"),
    FIGURE(torc_snapshot, FIGURE_GAUGE, outstanding, "Slots held by handles"),
    FIGURE(torc_snapshot, FIGURE_COUNTER, stale_refused, "Handles refused as stale"),
    FIGURE(torc_snapshot, FIGURE_GAUGE, membarrier, "1 if barriers are asymmetric"),
    FIGURE(torc_snapshot, FIGURE_GAUGE, locked, "1 if the region is locked in memory"),
    FIGURE(torc_snapshot, FIGURE_GAUGE, huge_pages, "0 none, 1 transparent, 2 explicit"),
    FIGURE(torc_snapshot, FIGURE_GAUGE, prefaulted, "1 if every page was touched at creation"),
};
static const struct figure topic_figures[] = {
    {"topic", "", LABEL_TEXT, offsetof(struct torc_topic_figures, name)},
    FIGURE(torc_topic_figures, FIGURE_GAUGE, lanes, "Lanes that belong to the topic"),
    FIGURE(torc_topic_figures, FIGURE_GAUGE, readers, "Open readers of the topic"),
};
static const struct figure lane_figures[] = {
    FIGURE(torc_lane_figures, LABEL_NUMBER, lane, ""),
    FIGURE(torc_lane_figures, LABEL_TOPIC, topic, ""),
    FIGURE(torc_lane_figures, FIGURE_GAUGE, open, "1 if the lane has a publisher"),
    FIGURE(torc_lane_figures, FIGURE_COUNTER, published, "Events published in the lane"),
    FIGURE(torc_lane_figures, FIGURE_GAUGE, unsettled, "Open claims"),
    FIGURE(torc_lane_figures, FIGURE_GAUGE, lag, "Events that the slowest gating reader has not given back"),
    FIGURE(torc_lane_figures, FIGURE_COUNTER, stalls, "Times the publisher found no space"),
    FIGURE(torc_lane_figures, FIGURE_COUNTER, sleeps, "Times the publisher slept for space"),
    FIGURE(torc_lane_figures, FIGURE_COUNTER, wakeups, "Times the publisher was woken"),
};
static const struct figure reader_figures[] = {
    FIGURE(torc_reader_figures, LABEL_NUMBER, reader, ""),
    FIGURE(torc_reader_figures, LABEL_TOPIC, topic, ""),
    FIGURE(torc_reader_figures, LABEL_POLICY, policy, ""),
    FIGURE(torc_reader_figures, FIGURE_GAUGE, lanes, "Lanes the reader follows"),
    FIGURE(torc_reader_figures, FIGURE_GAUGE, lag, "Events published and not given back"),
    FIGURE(torc_reader_figures, FIGURE_GAUGE, max_lag, "Largest lag in one lane so far"),
    FIGURE(torc_reader_figures, FIGURE_COUNTER, consumed, "Events given back"),
    FIGURE(torc_reader_figures, FIGURE_COUNTER, lost, "Sequences lost to publishers that went on"),
    FIGURE(torc_reader_figures, FIGURE_COUNTER, batches, "Times a cursor was given back"),
    FIGURE(torc_reader_figures, FIGURE_COUNTER, sleeps, "Times the reader slept for events"),
    FIGURE(torc_reader_figures, FIGURE_COUNTER, wakeups, "Times the reader was woken"),
    FIGURE(torc_reader_figures, FIGURE_GAUGE, evicted, "1 if the reader was too slow"),
};
static const struct figure pool_figures[] = {
    {"of", "", LABEL_KEEP, offsetof(struct torc_pool_figures, keep)},
    FIGURE(torc_pool_figures, LABEL_NUMBER, owner, ""),
    FIGURE(torc_pool_figures, LABEL_SHIRT, shirt, ""),
    FIGURE(torc_pool_figures, FIGURE_GAUGE, capacity, "Slots"),
    FIGURE(torc_pool_figures, FIGURE_GAUGE, in_use, "Slots that somebody may still read"),
    FIGURE(torc_pool_figures, FIGURE_GAUGE, high_water, "Most slots in use at one time"),
    FIGURE(torc_pool_figures, FIGURE_GAUGE, retired, "Slots whose generations are used up"),
    FIGURE(torc_pool_figures, FIGURE_GAUGE, saturated, "Slots leaked by saturated counts"),
    FIGURE(torc_pool_figures, FIGURE_GAUGE, allocations, "Slots taken, less those put back"),
    FIGURE(torc_pool_figures, FIGURE_COUNTER, dry, "Allocations that found no slot"),
    FIGURE(torc_pool_figures, FIGURE_GAUGE, bytes, "Payload and control words"),
};
static const struct figure actor_figures[] = {
    FIGURE(torc_actor_figures, LABEL_NUMBER, actor, ""),
    FIGURE(torc_actor_figures, LABEL_TEXT, name, ""),
    FIGURE(torc_actor_figures, FIGURE_GAUGE, running, "1 if the actor takes messages"),
    FIGURE(torc_actor_figures, FIGURE_GAUGE, capacity, "Messages the mailbox can hold"),
    FIGURE(torc_actor_figures, FIGURE_GAUGE, depth, "Messages in the mailbox"),
    FIGURE(torc_actor_figures, FIGURE_GAUGE, max_depth, "Most messages in the mailbox so far"),
    FIGURE(torc_actor_figures, FIGURE_COUNTER, sent, "Messages accepted"),
    FIGURE(torc_actor_figures, FIGURE_COUNTER, messages, "Messages handled"),
    FIGURE(torc_actor_figures, FIGURE_COUNTER, events, "Events handled"),
    FIGURE(torc_actor_figures, FIGURE_COUNTER, dropped, "Messages released unhandled"),
    FIGURE(torc_actor_figures, FIGURE_COUNTER, sleeps, "Times the actor slept for work"),
    FIGURE(torc_actor_figures, FIGURE_COUNTER, wakeups, "Times the actor was woken"),
};

#define SET(one, many)                                                                                                 \
    {                                                                                                                  \
#one, #many, one##_figures, ROWS(one##_figures), sizeof(struct torc_##one##_figures),                          \
            offsetof(struct torc_snapshot, many), offsetof(struct torc_snapshot, one##_count)                          \
    }

const struct figure_set torc_figure_sets[FIGURE_SETS] = {
    {"bus", NULL, bus_figures, ROWS(bus_figures), 0, 0, 0},
    SET(topic, topics),
    SET(lane, lanes),
    SET(reader, readers),
    SET(pool, pools),
    SET(actor, actors),
};

const void *torc_figure_row(const struct torc_snapshot *snapshot, const struct figure_set *set, uint64_t index) {
    const unsigned char *base = (const unsigned char *)snapshot;
    if (set->plural == NULL) {
        return index == 0 ? snapshot : NULL;
    }
    if (index >= *(const uint64_t *)(const void *)(base + set->count)) {
        return NULL;
    }
    return *(const unsigned char *const *)(const void *)(base + set->rows) + index * set->stride;
}

const char *torc_figure_text(const struct torc_snapshot *snapshot, const void *row, const struct figure *figure) {
    static const char *const shirts[] = {"XS", "S", "M", "L", "XL", "XXL"};
    static const char *const policies[] = {"gate", "lossy", "conflate", "evict"};
    uint64_t value = figure->kind == LABEL_TEXT || figure->kind == LABEL_NUMBER ? 0 : figure_value(row, figure);
    switch (figure->kind) {
    case LABEL_TEXT:
        return (const char *)row + figure->offset;
    case LABEL_TOPIC:
        return snapshot->topics[value].name;
    case LABEL_SHIRT:
        return value < ROWS(shirts) ? shirts[value] : "?";
    case LABEL_POLICY:
        return value < ROWS(policies) ? policies[value] : "?";
    case LABEL_KEEP:
        return value != 0 ? "keep" : "lane";
    case LABEL_NUMBER:
    case FIGURE_GAUGE:
    case FIGURE_COUNTER:
    default:
        return NULL;
    }
}
