/* model_reader.c - what a reader may, must and must not be given. */
#include "model.h"

#include <string.h>

static bool follows(const struct reader *reader, uint32_t lane) {
    return reader->view[lane].state == FOLLOWING;
}

bool event_possible(const struct reader *reader) {
    for (uint32_t i = 0; i < LANES; i++) {
        if (follows(reader, i) && head_of(&model.lane[i], reader->view[i].position.lo) != NO_EVENT) {
            return true;
        }
    }
    return false;
}

bool event_certain(const struct reader *reader) {
    for (uint32_t i = 0; i < LANES; i++) {
        if (follows(reader, i) && head_of(&model.lane[i], reader->view[i].position.hi) != NO_EVENT) {
            return true;
        }
    }
    return false;
}

bool all_read(const struct reader *reader) {
    for (uint32_t i = 0; i < LANES; i++) {
        if (follows(reader, i) && after_skips(&model.lane[i], reader->view[i].position.hi) != model.lane[i].claimed) {
            return false;
        }
    }
    return model.closed;
}

/* --- an event ----------------------------------------------------------------------------------------------- */

/* May the event at `sequence` be the next of this lane? */
static bool may_be_next(const struct reader *reader, uint32_t lane, uint64_t sequence) {
    struct range position = reader->view[lane].position;
    if (!follows(reader, lane)) {
        return false;
    }
    for (uint64_t at = position.lo; at <= position.hi; at++) {
        if (head_of(&model.lane[lane], at) == sequence) {
            return true;
        }
    }
    return false;
}

static bool is_event(const struct event *want, const struct torc_event *event) {
    return event->type == want->type && event->length == want->length &&
           has_pattern(event->data, event->length, want->serial);
}

/* Which of the model's lanes an event came from. The library's number of a lane is learnt from its first event. */
static uint32_t lane_of_event(const struct reader *reader, const struct torc_event *event) {
    uint64_t sequence = event->sequence - model.config.first_sequence;
    for (uint32_t i = 0; i < LANES; i++) {
        if (model.lane[i].number == event->lane) {
            return i;
        }
    }
    for (uint32_t i = 0; i < LANES; i++) {
        if (model.lane[i].number == NONE && may_be_next(reader, i, sequence) &&
            is_event(&model.lane[i].event[sequence], event)) {
            model.lane[i].number = event->lane;
            return i;
        }
    }
    finding("an event of lane %u, sequence %llu, type %u, length %zu is none that the reader may be given", event->lane,
            (unsigned long long)sequence, event->type, event->length);
}

static void check_slot(const struct event *want, const struct torc_event *event) {
    bool in_slot = event->slot != 0;
    MUST(in_slot == want->in_slot, "an event of %zu bytes is %s a slot", event->length, in_slot ? "in" : "not in");
    MUST((uintptr_t)event->data % (in_slot ? 64 : 16) == 0, "a payload at %p is not aligned", event->data);
    if (want->block != NONE && in_slot) {
        struct block *block = &model.block[want->block];
        MUST(block->id == 0 || ((block->id ^ event->slot) & ~TORC_ID_SHARED) == 0,
             "the slot of an event changed from %llx to %llx", (unsigned long long)block->id,
             (unsigned long long)event->slot);
        block->id = event->slot;
    }
}

/* Other lanes had events too: how many of this one came in a row? */
static void check_fairness(struct reader *reader, uint32_t lane) {
    bool others = false;
    for (uint32_t i = 0; i < LANES; i++) {
        others |= i != lane && follows(reader, i) && head_of(&model.lane[i], reader->view[i].position.hi) != NO_EVENT;
    }
    reader->row = others && reader->row_lane == lane ? reader->row + 1 : 1;
    if (reader->row_lane != lane && reader->returned != 0) {
        reached(S_two_lanes_read);
    }
    reader->row_lane = lane;
    MUST(reader->row <= 65, "%u events of one lane in a row while another has some", reader->row);
}

static void remember(struct reader *reader, const struct torc_event *event, uint32_t lane, uint64_t sequence) {
    memmove(&reader->given[1], &reader->given[0], sizeof reader->given - sizeof reader->given[0]);
    reader->given[0] = (struct given){*event, lane, sequence};
    reader->given_count += reader->given_count < 4;
}

/* Advanced by hand: where nothing but tombstones was stepped over, these may be given back. */
static void tombstones_may_go(struct view *view, const struct lane *lane) {
    uint64_t next = after_skips(lane, view->cursor.hi);
    if (next >= view->position.hi) {
        view->cursor.hi = next;
    }
}

/* All lanes but the one that the event is from are finished with, and may be given back. */
static void move_cursors(struct reader *reader, uint32_t lane, uint64_t sequence) {
    for (uint32_t i = 0; i < LANES; i++) {
        struct view *view = &reader->view[i];
        if (follows(reader, i) && reader->manual) {
            tombstones_may_go(view, &model.lane[i]);
        } else if (follows(reader, i)) {
            view->cursor.hi = i == lane ? sequence : after_skips(&model.lane[i], view->position.hi);
        }
    }
}

/* Where OLDEST joined was open until now: after the last event before this one. */
static void settle_position(struct view *view, const struct lane *lane, uint64_t sequence, bool manual) {
    uint64_t joined = view->cursor.lo;
    for (uint64_t at = view->position.lo; at < sequence && view->position.lo != view->position.hi; at++) {
        joined = lane->event[at].state == COMMITTED ? at + 1 : joined;
    }
    view->cursor.lo = joined > view->cursor.lo ? joined : view->cursor.lo;
    if (manual && view->cursor.hi > sequence) {
        view->cursor.hi = sequence;
    }
}

void model_given(struct reader *reader, const struct torc_event *event) {
    uint64_t sequence = event->sequence - model.config.first_sequence;
    uint32_t number = lane_of_event(reader, event);
    struct lane *lane = &model.lane[number];
    MUST(may_be_next(reader, number, sequence), "lane %u: event %llu is not the next to be read (%llu..%llu)", number,
         (unsigned long long)sequence, (unsigned long long)reader->view[number].position.lo,
         (unsigned long long)reader->view[number].position.hi);
    MUST(is_event(&lane->event[sequence], event), "lane %u: event %llu is damaged: type %u for %u, length %zu for %u",
         number, (unsigned long long)sequence, event->type, lane->event[sequence].type, event->length,
         lane->event[sequence].length);
    check_slot(&lane->event[sequence], event);
    check_fairness(reader, number);
    if (sequence > reader->view[number].position.hi || sequence > reader->view[number].position.lo) {
        reached(S_tombstone_skipped);
    }
    settle_position(&reader->view[number], lane, sequence, reader->manual);
    move_cursors(reader, number, sequence);
    reader->view[number].position = (struct range){sequence + 1, sequence + 1};
    reader->borrowed = true;
    reader->returned++;
    reader->since_closing += reader->closing;
    MUST(reader->since_closing <= 64 + 1, "%u events after the reader was told to leave", reader->since_closing);
    remember(reader, event, number, sequence);
}

/* --- no event ----------------------------------------------------------------------------------------------- */

static void notice_end(struct view *view, const struct lane *lane) {
    if (lane->state == LANE_ENDED && view->cursor.lo == lane->claimed) {
        view->state = DONE;
    }
}

/* Nothing was found in any lane: the reader has looked at all of them, and given back what it had. */
void model_nothing(struct reader *reader) {
    for (uint32_t i = 0; i < LANES; i++) {
        struct view *view = &reader->view[i];
        uint64_t end;
        if (!follows(reader, i)) {
            continue;
        }
        end = after_skips(&model.lane[i], view->position.hi);
        view->position = (struct range){end, end};
        if (!reader->manual || after_skips(&model.lane[i], view->cursor.hi) >= end) {
            view->cursor = view->position; /* by hand: nothing but tombstones lies between */
        }
        notice_end(view, &model.lane[i]);
    }
    reader->borrowed = false;
    if (!reader->manual) {
        reader->consumed = reader->returned;
    }
}

void model_gave_back(struct reader *reader, bool by_hand) {
    bool all = !reader->manual || by_hand;
    reader->borrowed = false;
    for (uint32_t i = 0; i < LANES; i++) {
        struct view *view = &reader->view[i];
        if (follows(reader, i) && !all) {
            tombstones_may_go(view, &model.lane[i]);
        }
        if (follows(reader, i) && all) {
            view->cursor.lo = view->position.lo > view->cursor.lo ? view->position.lo : view->cursor.lo;
            view->cursor.hi = after_skips(&model.lane[i], view->position.hi);
        }
    }
    reader->consumed = all ? reader->returned : reader->consumed;
}

struct range holds_borrow(const struct reader *reader) {
    struct range holds = {reader->borrowed, reader->borrowed};
    for (uint32_t i = 0; reader->manual && i < LANES; i++) {
        const struct view *view = &reader->view[i];
        const struct lane *lane = &model.lane[i];
        if (follows(reader, i)) {
            bool read = reader->returned != 0 && view->position.lo > after_skips(lane, view->cursor.hi);
            holds.lo |= read;
            holds.hi |= read;
        }
    }
    return holds;
}

void model_detached(struct reader *reader) {
    reader->detached = true;
    reader->borrowed = false;
    reader->given_count = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        reader->view[i].state = STRANGER;
    }
}

/* --- what it says of itself --------------------------------------------------------------------------------- */

static void check_lag(const struct reader *reader, const struct torc_reader_state *state) {
    struct range lag = {0, 0}, lanes = {0, 0};
    double entries = model.config.lane_entries, least = 0, most = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        const struct view *view = &reader->view[i];
        uint64_t published = published_of(&model.lane[i]);
        struct range one = {published - view->cursor.hi, published - view->cursor.lo};
        if (!follows(reader, i)) {
            continue;
        }
        lag.lo += one.lo;
        lag.hi += one.hi;
        least = (double)one.lo / entries > least ? (double)one.lo / entries : least;
        most = (double)one.hi / entries > most ? (double)one.hi / entries : most;
        lanes.lo += !(model.lane[i].state == LANE_ENDED && view->cursor.hi == model.lane[i].claimed);
        lanes.hi++;
    }
    MUST(state->lag >= lag.lo && state->lag <= lag.hi, "lag %llu, not within %llu..%llu",
         (unsigned long long)state->lag, (unsigned long long)lag.lo, (unsigned long long)lag.hi);
    MUST(state->fill >= least && state->fill <= most, "fill %f, not within %f..%f", state->fill, least, most);
    MUST(state->lanes >= lanes.lo && state->lanes <= lanes.hi, "%u lanes, not %llu..%llu", state->lanes,
         (unsigned long long)lanes.lo, (unsigned long long)lanes.hi);
    if (state->lag != 0) {
        reached(S_lagging_reader);
    }
}

void check_reader(const struct reader *reader) {
    struct torc_reader_state state;
    enum torc_pressure pressure = TORC_RELAXED;
    int status = CALL(torc_reader_state, reader->ptr, &state);
    if (reader->detached) {
        MUST(status == TORC_CLOSED, "the state of a detached reader: %s", torc_status_name(status));
        return;
    }
    MUST(status == TORC_OK, "the state of a reader: %s", torc_status_name(status));
    check_lag(reader, &state);
    pressure = state.fill >= 0.9 ? TORC_SHOULD_THROTTLE : state.fill >= 0.8 ? TORC_UNDER_PRESSURE : pressure;
    MUST(state.pressure == pressure, "pressure %d at fill %f", (int)state.pressure, state.fill);
    MUST(state.max_lag >= state.lag && state.max_lag <= (uint64_t)model.config.lane_entries * LANES,
         "max_lag %llu, lag %llu", (unsigned long long)state.max_lag, (unsigned long long)state.lag);
    MUST(state.consumed >= reader->consumed && state.consumed <= reader->returned, "consumed %llu of %llu..%llu",
         (unsigned long long)state.consumed, (unsigned long long)reader->consumed,
         (unsigned long long)reader->returned);
}
