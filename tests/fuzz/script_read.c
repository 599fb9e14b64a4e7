/* script_read.c - next, poll with a handler that misbehaves in permitted ways, wait, advance. */
#include "script.h"

/* No event came: was that possible? Waiting forms say TIMED_OUT, or EMPTY, where the plain one says EMPTY. */
static void judge_nothing(struct reader *reader, int status, int when_empty) {
    bool over = reader->detached || reader->closing || all_read(reader);
    MUST(reader->closing || !event_certain(reader), "%s, but there is an event", torc_status_name(status));
    expect(status, over ? TORC_CLOSED : when_empty, "no event");
    if (reader->closing && !reader->detached) {
        model_gave_back(reader, false); /* it did not look */
        note_leaving(reader, true);
    } else if (!reader->detached) {
        model_nothing(reader);
    }
}

static void given(struct reader *reader, const struct torc_event *event) {
    MUST(!reader->detached, "an event after the reader left");
    MUST(event_possible(reader), "an event of %zu bytes although all were read", event->length);
    model_given(reader, event);
}

static int next_by(struct reader *reader, uint32_t form, struct torc_event *event) {
    switch (form) {
    case 0:
        return CALL(torc_next, reader->ptr, event);
    case 1:
        return CALL(torc_next_until, reader->ptr, event, TORC_NO_WAIT);
    default:
        return CALL(torc_next_until, reader->ptr, event, PAST);
    }
}

static void next_once(struct reader *reader, uint32_t form) {
    struct torc_event event = {.type = 77};
    int status = next_by(reader, form, &event);
    if (status == TORC_OK) {
        given(reader, &event);
        return;
    }
    MUST(event.data == NULL && event.length == 0 && event.type == 0, "no event, and it is not zeroed");
    judge_nothing(reader, status, form == 2 ? TORC_TIMED_OUT : TORC_EMPTY);
}

void op_next(void) {
    struct reader *reader = choose_reader();
    uint32_t form = choose(3), count = choose(4) + 1;
    struct torc_event event;
    if (reader == NULL) {
        expect(CALL(torc_next, NULL, &event), TORC_INVALID, "no reader");
        expect(CALL(torc_next_until, NULL, &event, PAST), TORC_INVALID, "no reader");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        next_once(reader, form);
    }
    if (count == 4) {
        expect(CALL(torc_next, reader->ptr, NULL), TORC_INVALID, "no event to fill");
    }
}

/* --- polling ------------------------------------------------------------------------------------------------ */

enum behaviour { PLAIN = 0, KEEP, MISUSE, DETACH, PUBLISH, ADVANCE, PLAIN_TOO, PUBLISH_AND_KEEP };
struct polling {
    struct reader *reader;
    enum behaviour behaviour;
    int count, stop_after;
};

static enum torc_action unused(void *context, const struct torc_event *event) {
    (void)context;
    finding("a handler was called from inside a handler, with %zu bytes", event->length);
}

static void misuse(struct reader *reader) {
    struct torc_event event;
    expect(CALL(torc_next, reader->ptr, &event), TORC_BUSY, "next inside the handler");
    expect(CALL(torc_next_until, reader->ptr, &event, PAST), TORC_BUSY, "next_until inside the handler");
    expect(CALL(torc_poll, reader->ptr, unused, NULL, 1), TORC_BUSY, "poll inside the handler");
    expect(CALL(torc_poll_until, reader->ptr, unused, NULL, 1, PAST), TORC_BUSY, "poll_until inside the handler");
    expect(CALL(torc_wait_readable, reader->ptr, PAST), TORC_BUSY, "wait inside the handler");
    expect(CALL(torc_reader_close, reader->ptr), TORC_WRONG_THREAD, "close inside the handler");
}

static void publish_inside(void) {
    struct publisher *publisher = choose_publisher();
    if (publisher != NULL && model.lane[publisher->lane].claimed < LANE_LONG - 64) {
        reached(S_published_in_handler);
        (void)publish_one(publisher, choose_length(), 1);
    }
}

static void behave(struct polling *polling) {
    struct reader *reader = polling->reader;
    switch (polling->behaviour) {
    case KEEP:
        keep_event(reader, &reader->given[0], true, 0);
        break;
    case MISUSE:
        misuse(reader);
        break;
    case DETACH:
        expect(CALL(torc_reader_detach, reader->ptr), TORC_OK, "detach inside the handler");
        reader->closing = true;
        reached(S_detached_in_handler);
        break;
    case PUBLISH_AND_KEEP:
        publish_inside();
        keep_event(reader, &reader->given[0], true, 0);
        break;
    case PUBLISH:
        publish_inside();
        break;
    case ADVANCE:
        expect(CALL(torc_advance, reader->ptr), TORC_OK, "advance inside the handler");
        model_gave_back(reader, true);
        break;
    default:
        break;
    }
    check_reader(reader);
}

static enum torc_action handle(void *context, const struct torc_event *event) {
    struct polling *polling = context;
    MUST(!polling->reader->closing, "a handler runs after its reader was told to leave");
    given(polling->reader, event);
    polling->count++;
    behave(polling);
    model_settle();
    return polling->count == polling->stop_after ? TORC_STOP : TORC_CONTINUE;
}

static void judge_poll(struct reader *reader, const struct polling *polling, int status, uint32_t limit,
                       int when_empty) {
    if (polling->count == 0) {
        if (status == TORC_OK && when_empty == TORC_OK) {
            judge_nothing(reader, TORC_EMPTY, TORC_EMPTY);
        } else {
            judge_nothing(reader, status, when_empty);
        }
        return;
    }
    MUST(status == polling->count && status <= (int)limit, "%d events, poll says %d", polling->count, status);
    if (!reader->closing && status < (int)limit && status != polling->stop_after) {
        MUST(!event_certain(reader), "poll ended after %d of %u events although there are more", status, limit);
        model_nothing(reader);
    } else {
        model_gave_back(reader, false);
    }
    note_leaving(reader, true);
}

void op_poll(void) {
    struct reader *reader = choose_reader();
    struct polling polling = {reader, (enum behaviour)choose(8), 0, (int)choose(4)};
    uint32_t form = choose(3), limit = choose(8) + 1;
    int status;
    expect(CALL(torc_poll, NULL, unused, NULL, 1), TORC_INVALID, "no reader");
    if (reader == NULL) {
        return;
    }
    expect(CALL(torc_poll, reader->ptr, NULL, NULL, 1), TORC_INVALID, "no handler");
    expect(CALL(torc_poll_until, reader->ptr, unused, NULL, 0, PAST), TORC_INVALID, "no events wanted");
    if (form == 0) {
        status = CALL(torc_poll, reader->ptr, handle, &polling, limit);
    } else {
        status = CALL(torc_poll_until, reader->ptr, handle, &polling, limit, form == 1 ? TORC_NO_WAIT : PAST);
    }
    judge_poll(reader, &polling, status, limit, form == 2 ? TORC_TIMED_OUT : TORC_OK);
}

/* --- the rest ----------------------------------------------------------------------------------------------- */

void op_wait(void) {
    struct reader *reader = choose_reader();
    bool past = choose(2) != 0;
    int status;
    expect(CALL(torc_wait_readable, NULL, PAST), TORC_INVALID, "no reader");
    if (reader == NULL) {
        return;
    }
    status = CALL(torc_wait_readable, reader->ptr, past ? PAST : TORC_NO_WAIT);
    if (reader->detached || reader->closing) {
        expect(status, TORC_CLOSED, "waiting after detach");
        if (!reader->detached) {
            model_gave_back(reader, false);
            note_leaving(reader, true);
        }
        return;
    }
    if (event_certain(reader)) {
        expect(status, TORC_OK, "waiting with an event there");
    } else if (!event_possible(reader)) {
        expect(status, all_read(reader) ? TORC_CLOSED : past ? TORC_TIMED_OUT : TORC_EMPTY, "waiting without an event");
    }
    model_gave_back(reader, false);
    check_reader(reader);
}

void op_advance(void) {
    struct reader *reader = choose_reader();
    expect(CALL(torc_advance, NULL), TORC_INVALID, "no reader");
    if (reader != NULL) {
        expect(CALL(torc_advance, reader->ptr), TORC_OK, "advance");
        if (!reader->detached) {
            model_gave_back(reader, true);
            note_leaving(reader, true);
        }
        check_reader(reader);
    }
}

void op_reader_state(void) {
    struct reader *reader = choose_reader();
    struct torc_reader_state state;
    expect(CALL(torc_reader_state, NULL, &state), TORC_INVALID, "no reader");
    if (reader != NULL) {
        expect(CALL(torc_reader_state, reader->ptr, NULL), TORC_INVALID, "no state");
        check_reader(reader);
    }
}
