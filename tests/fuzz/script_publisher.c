/* script_publisher.c - publishers come and go. */
#include "script.h"

/* Has every reader of an ended lane noticed that it is done: surely, possibly? */
static struct range finished(uint32_t lane) {
    struct range done = {1, 1};
    for (uint32_t i = 0; i < READERS; i++) {
        const struct view *view = &model.reader[i].view[lane];
        if (gates(&model.reader[i], lane) && view->state == FOLLOWING) {
            done.lo = 0;
            done.hi &= view->cursor.hi == model.lane[lane].claimed;
        }
    }
    return done;
}

/* Is there a lane for a new publisher of this topic: surely, possibly? */
static struct range lane_to_be_had(uint32_t topic) {
    struct range found = {0, 0};
    for (uint32_t i = 0; i < model.config.publishers; i++) {
        const struct lane *lane = &model.lane[i];
        if (lane->state == LANE_FREE || (lane->state == LANE_ENDED && lane->topic == topic)) {
            return (struct range){1, 1};
        }
        if (lane->state == LANE_ENDED) {
            found.lo |= finished(i).lo;
            found.hi |= finished(i).hi;
        }
    }
    return found;
}

static void leave_topic(uint32_t number) {
    struct lane *lane = &model.lane[number];
    MUST(finished(number).hi != 0, "lane %u was given away while a reader had not finished it", number);
    for (uint32_t i = 0; i < model.block_count; i++) {
        if (model.block[i].used && model.block[i].ring && model.block[i].bank == number) {
            block_leave_ring(i);
        }
    }
    for (uint32_t i = 0; i < READERS; i++) {
        model.reader[i].view[number].state = STRANGER;
    }
    lane->floor = lane->gate = lane->claimed;
    reached(S_lane_moved_to_topic);
}

/* Readers of the topic that do not follow the lane yet do so from its end. */
static void enlist(uint32_t number) {
    uint64_t end = model.lane[number].claimed;
    for (uint32_t i = 0; i < READERS; i++) {
        struct view *view = &model.reader[i].view[number];
        if (gates(&model.reader[i], number) && view->state != FOLLOWING) {
            *view = (struct view){FOLLOWING, {end, end}, {end, end}};
        }
    }
}

static uint32_t adopt_lane(const void *key, uint32_t topic) {
    uint32_t number = lane_by_key(key);
    struct lane *lane;
    if (number == NONE) {
        number = lane_by_key(NULL);
        MUST(number < model.config.publishers, "more lanes than configured");
    }
    lane = &model.lane[number];
    MUST(lane->state != LANE_OPEN, "a lane was given to two publishers");
    if (lane->state == LANE_ENDED && lane->topic != topic) {
        leave_topic(number);
    }
    if (lane->state == LANE_ENDED) {
        lane->reopened = true;
        reached(S_lane_reopened);
    }
    lane->key = key;
    lane->state = LANE_OPEN;
    lane->topic = topic;
    enlist(number);
    return number;
}

void op_publisher_open(void) {
    uint32_t topic = choose(TOPICS);
    struct torc_publisher_config config = {(enum torc_wait)choose(4), (enum torc_dry)choose(4)};
    struct torc_publisher *ptr = NULL;
    struct publisher *self;
    struct range possible;
    int status;
    if (topic >= model.topic_count) {
        return;
    }
    possible = lane_to_be_had(topic);
    status = CALL(torc_publisher_open, model.topic[topic].ptr, &config, &ptr);
    if (model.closed) {
        expect(status, TORC_CLOSED, "opening a publisher on a closed bus");
        return;
    }
    MUST(status == (possible.lo != 0 ? TORC_OK : TORC_NO_ROOM) || (possible.lo != possible.hi),
         "opening a publisher: %s", torc_status_name(status));
    if (status != TORC_OK) {
        MUST(ptr == NULL, "an error set the publisher");
        return;
    }
    self = &model.publisher[0];
    while (self->ptr != NULL) {
        self++;
    }
    *self = (struct publisher){.ptr = ptr, .dry = config.dry};
    self->lane = adopt_lane(ptr->lane, topic);
    MUST(torc_publisher_sequence(ptr) == model.config.first_sequence + model.lane[self->lane].claimed,
         "a new publisher begins at %llu", (unsigned long long)torc_publisher_sequence(ptr));
}

void close_publisher(struct publisher *publisher) {
    claims_forget(publisher);
    expect(CALL(torc_publisher_close, publisher->ptr), TORC_OK, "closing a publisher");
    model.lane[publisher->lane].state = LANE_ENDED;
    publisher->ptr = NULL;
}

void op_publisher_close(void) {
    struct publisher *publisher = choose_publisher();
    if (publisher != NULL) {
        close_publisher(publisher);
    }
}

/* Everything that is refused without looking at the state of the bus. */
void op_bad_publisher(void) {
    struct publisher *publisher = choose_publisher();
    struct torc_publisher_config wrong = {(enum torc_wait)4, TORC_DRY_WAIT},
                                 wrong_too = {TORC_WAIT_BLOCK, (enum torc_dry)4};
    struct torc_ringptr handle = TORC_RINGPTR_NULL;
    struct torc_publisher *ptr = NULL;
    struct torc_pool_stats stats;
    struct torc_message message = {"x", 1, 1};
    size_t published = 7;
    expect(CALL(torc_publisher_open, NULL, NULL, &ptr), TORC_INVALID, "no topic");
    expect(CALL(torc_publisher_close, NULL), TORC_INVALID, "no publisher");
    expect(CALL(torc_publish, NULL, 1, "x", 1), TORC_INVALID, "no publisher");
    expect(CALL(torc_try_publish, NULL, 1, "x", 1), TORC_INVALID, "no publisher");
    expect(CALL(torc_publish_until, NULL, 1, "x", 1, TORC_FOREVER), TORC_INVALID, "no publisher");
    expect(CALL(torc_publish_batch, NULL, &message, 1, &published), TORC_INVALID, "no publisher");
    MUST(published == 0, "nothing was published by no publisher, but %zu counted", published);
    expect(CALL(torc_ringptr_claim, NULL, 1, 1, &handle, NULL), TORC_INVALID, "no publisher");
    MUST(torc_publisher_sequence(NULL) == 0 && torc_publisher_stalls(NULL) == 0, "figures of no publisher");
    if (publisher == NULL) {
        return;
    }
    expect(CALL(torc_publisher_open, model.topic[0].ptr, &wrong, &ptr), TORC_INVALID, "no wait strategy");
    expect(CALL(torc_publisher_open, model.topic[0].ptr, &wrong_too, &ptr), TORC_INVALID, "no policy");
    expect(CALL(torc_publish_batch, publisher->ptr, NULL, 1, &published), TORC_INVALID, "no messages");
    expect(CALL(torc_try_publish_batch, publisher->ptr, NULL, 1, NULL), TORC_INVALID, "no messages");
    expect(CALL(torc_publish_batch_until, publisher->ptr, NULL, 1, PAST, NULL), TORC_INVALID, "no messages");
    expect(CALL(torc_ringptr_claim, publisher->ptr, 1, 1, NULL, NULL), TORC_INVALID, "no handle");
    expect(CALL(torc_ringptr_claim_until, publisher->ptr, 1, 1, PAST, NULL, NULL), TORC_INVALID, "no handle");
    expect(CALL(torc_publisher_pool_stats, publisher->ptr, TORC_XXL + 1, &stats), TORC_INVALID, "no shirt");
    expect(CALL(torc_publisher_pool_stats, publisher->ptr, TORC_XS, NULL), TORC_INVALID, "no statistics");
}
