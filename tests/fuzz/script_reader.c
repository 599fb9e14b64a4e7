/* script_reader.c - readers come and go. */
#include "script.h"

/* Where a reader that joins a lane may begin. */
static struct range joins_at(const struct lane *lane, enum torc_join join) {
    uint64_t published = published_of(lane);
    uint64_t entries = model.config.lane_entries;
    uint64_t oldest = lane->most_claimed > entries ? lane->most_claimed - entries : 0;
    struct range at = {published, published};
    if (join == TORC_JOIN_OLDEST) {
        at.hi = lane->gate < published ? lane->gate : published;
        at.lo = oldest > lane->floor ? oldest : lane->floor;
        at.lo = at.lo < at.hi ? at.lo : at.hi;
    }
    return at;
}

static void join_lanes(struct reader *reader, enum torc_join join) {
    for (uint32_t i = 0; i < LANES; i++) {
        const struct lane *lane = &model.lane[i];
        if (lane->state == LANE_FREE || lane->topic != reader->topic) {
            continue;
        }
        struct range at = joins_at(lane, join);
        bool done = lane->state == LANE_ENDED && at.lo == lane->claimed;
        reader->view[i] = (struct view){done ? DONE : FOLLOWING, at, at};
        if (at.hi < published_of(lane)) {
            reached(S_joined_oldest_with_history);
        }
    }
}

/* The first free place, as long as the bus has one: readers that left and were not closed still have theirs. */
static struct reader *free_reader(void) {
    for (uint32_t i = 0; i < model.config.readers; i++) {
        if (model.reader[i].ptr == NULL) {
            return &model.reader[i];
        }
    }
    return NULL;
}

void op_reader_open(void) {
    uint32_t topic = choose(TOPICS), bits = choose(16);
    struct torc_reader_config config = {.wait = (enum torc_wait)(bits >> 2),
                                        .join = bits & 1 ? TORC_JOIN_OLDEST : TORC_JOIN_NEXT,
                                        .manual_advance = bits >> 1 & 1};
    struct reader *self = free_reader();
    struct torc_reader *ptr = NULL;
    int status;
    expect(CALL(torc_reader_open, NULL, &config, &ptr), TORC_INVALID, "no topic");
    if (topic >= model.topic_count) {
        return;
    }
    expect(CALL(torc_reader_open, model.topic[topic].ptr, &config, NULL), TORC_INVALID, "no place for the reader");
    status = CALL(torc_reader_open, model.topic[topic].ptr, &config, &ptr);
    if (model.closed && config.join != TORC_JOIN_OLDEST) {
        expect(status, TORC_CLOSED, "opening a reader on a closed bus");
    } else {
        expect(status, self == NULL ? TORC_NO_ROOM : TORC_OK, "opening a reader");
    }
    MUST((status == TORC_OK) == (ptr != NULL), "a reader at %p with %s", (void *)ptr, torc_status_name(status));
    if (status == TORC_OK && self != NULL) {
        *self = (struct reader){.topic = topic, .manual = config.manual_advance != 0};
        join_lanes(self, config.join);
        self->ptr = ptr;
        check_reader(self);
    }
}

void close_reader(struct reader *reader) {
    expect(CALL(torc_reader_close, reader->ptr), TORC_OK, "closing a reader");
    reader->ptr = NULL;
}

void op_reader_close(void) {
    struct reader *reader = choose_reader();
    expect(CALL(torc_reader_close, NULL), TORC_INVALID, "no reader");
    if (reader != NULL) {
        close_reader(reader);
    }
}

/* Has a reader that was told to leave done so? */
void note_leaving(struct reader *reader, bool must) {
    struct torc_reader_state state;
    int status;
    if (!reader->closing || reader->detached) {
        return;
    }
    status = CALL(torc_reader_state, reader->ptr, &state);
    if (status == TORC_CLOSED) {
        MUST(holds_borrow(reader).lo == 0, "a reader left while it held a borrow");
        model_detached(reader);
    }
    MUST(status == TORC_CLOSED || !must || holds_borrow(reader).hi != 0, "a reader that holds nothing did not leave");
}

void op_detach(void) {
    struct reader *reader = choose_reader();
    struct range holds;
    int status;
    expect(CALL(torc_reader_detach, NULL), TORC_INVALID, "no reader");
    if (reader == NULL) {
        return;
    }
    holds = holds_borrow(reader);
    status = CALL(torc_reader_detach, reader->ptr);
    if (reader->detached) {
        expect(status, TORC_OK, "detaching twice");
        return;
    }
    MUST(status == (holds.lo ? TORC_BUSY : TORC_OK) || holds.lo != holds.hi, "detaching: %s, borrowed %llu",
         torc_status_name(status), (unsigned long long)holds.lo);
    reader->closing = true;
    if (status == TORC_OK) {
        model_detached(reader);
    } else {
        reached(S_detached_while_borrowed);
    }
    check_reader(reader);
}
