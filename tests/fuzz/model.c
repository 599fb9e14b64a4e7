/* model.c - lanes: what was claimed, settled and read. */
#include "model.h"

#include <string.h>

struct model model;

void model_reset(const struct torc_config *config) {
    memset(&model, 0, sizeof model);
    model.config = *config;
    model.generations = TORC_GENERATION_LAST - (config->first_generation == 0 ? 1 : config->first_generation);
    for (uint32_t i = 0; i < LANES; i++) {
        model.lane[i].number = NONE;
    }
    for (uint32_t i = 0; i < HANDLES; i++) {
        model.handle[i].block = NONE;
    }
}

uint64_t published_of(const struct lane *lane) {
    uint64_t at = lane->settled;
    while (at < lane->claimed && lane->event[at].state != OPEN) {
        at++;
    }
    return at;
}

uint64_t after_skips(const struct lane *lane, uint64_t at) {
    while (at < lane->claimed && lane->event[at].state == SKIPPED) {
        at++;
    }
    return at;
}

uint64_t head_of(const struct lane *lane, uint64_t at) {
    at = after_skips(lane, at);
    return at < lane->claimed && lane->event[at].state == COMMITTED ? at : NO_EVENT;
}

uint32_t lane_by_key(const void *key) {
    for (uint32_t i = 0; i < LANES; i++) {
        if (model.lane[i].key == key) {
            return i;
        }
    }
    return NONE;
}

bool gates(const struct reader *reader, uint32_t lane) {
    return reader->ptr != NULL && !reader->detached && model.lane[lane].state != LANE_FREE &&
           reader->topic == model.lane[lane].topic;
}

struct range slowest_of(uint32_t lane) {
    uint64_t published = published_of(&model.lane[lane]);
    struct range slowest = {published, published};
    for (uint32_t i = 0; i < READERS; i++) {
        const struct view *view = &model.reader[i].view[lane];
        if (gates(&model.reader[i], lane) && view->state != STRANGER) {
            slowest.lo = view->cursor.lo < slowest.lo ? view->cursor.lo : slowest.lo;
            slowest.hi = view->cursor.hi < slowest.hi ? view->cursor.hi : slowest.hi;
        }
    }
    return slowest;
}

struct range room_of(uint32_t lane) {
    struct range slowest = slowest_of(lane);
    uint64_t claimed = model.lane[lane].claimed;
    return (struct range){claimed - slowest.lo < model.config.lane_entries,
                          claimed - slowest.hi < model.config.lane_entries};
}

/* May every reader of an ended lane have noticed that it is done with it? Then its history may be gone. */
static bool may_be_retired(uint32_t lane) {
    uint64_t end = model.lane[lane].claimed;
    for (uint32_t i = 0; i < READERS; i++) {
        const struct view *view = &model.reader[i].view[lane];
        if (gates(&model.reader[i], lane) && view->state == FOLLOWING && view->cursor.hi != end) {
            return false;
        }
    }
    return true;
}

void model_settle(void) {
    for (uint32_t i = 0; i < LANES; i++) {
        struct lane *lane = &model.lane[i];
        lane->settled = published_of(lane);
        if (lane->state == LANE_ENDED && may_be_retired(i)) {
            lane->gate = lane->claimed;
        }
    }
    for (uint32_t i = 0; i < model.block_count; i++) {
        const struct block *block = &model.block[i];
        if (block->used && block->ring &&
            block->sequence + model.config.lane_entries < model.lane[block->bank].most_claimed) {
            block_leave_ring(i); /* its entry was overwritten */
        }
    }
}
