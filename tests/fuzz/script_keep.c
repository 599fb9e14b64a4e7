/* script_keep.c - a borrowed event becomes a handle. */
#include "script.h"

static struct event *event_of(const struct given *given) {
    return &model.lane[given->lane].event[given->sequence];
}

static int keep_by(struct reader *reader, const struct torc_event *event, uint32_t form, struct torc_ringptr *ptr) {
    if (form == 0) {
        return CALL(torc_keep, reader->ptr, event, ptr);
    }
    return CALL(torc_keep_until, reader->ptr, event, form == 1 ? TORC_NO_WAIT : PAST, ptr);
}

/* A copy in the reader's keep pool. */
static void judge_copy(struct reader *reader, const struct given *given, struct handle *handle, int status, bool waits,
                       int dry) {
    uint32_t bank = LANES + (uint32_t)(reader - model.reader);
    struct range available = available_in(bank, torc_shirt_of(model.config.inline_bytes));
    struct block *block;
    if (status != TORC_OK) {
        MUST(available.lo == 0, "the keep pool has a slot, answer %s", torc_status_name(status));
        /* Who waits for a slot learns that the reader was told to leave. */
        dry = model.config.keep_slots == 0 ? TORC_POOL_DRY : reader->closing && waits ? TORC_CLOSED : dry;
        expect(status, dry, "a dry keep pool");
        model.keep_dry++;
        reached(S_keep_pool_dry);
        return;
    }
    MUST(available.hi != 0, "a copy was kept although the keep pool is full");
    MUST(handle->ptr.bus == script.bus, "a handle of another bus");
    block = block_new(bank, torc_shirt_of(model.config.inline_bytes), event_of(given)->serial, given->event.length,
                      given->event.type);
    block->users = 1;
    block->id = handle->ptr.id;
    handle->block = (uint32_t)(block - model.block);
    handle->live = true;
    model.keep_allocations++;
    reached(S_kept_copy);
}

static void judge_slot_kept(const struct given *given, struct handle *handle, int status) {
    struct event *event = event_of(given);
    struct block *block;
    MUST(event->block != NONE, "the slot of an event that is still borrowed is gone");
    block = &model.block[event->block];
    if (status == TORC_REF_LIMIT) {
        MUST(block->users + 1 >= TORC_COUNT_LIMIT, "keep: REF_LIMIT with %llu references",
             (unsigned long long)block->users + 1);
        return;
    }
    expect(status, TORC_OK, "keeping a slot");
    MUST(block->users + 1 < TORC_COUNT_LIMIT + 1, "kept beyond the limit");
    MUST(handle->ptr.bus == script.bus && ((handle->ptr.id ^ block->id) & ~TORC_ID_SHARED) == 0,
         "the kept handle %llx is not the event's slot %llx", (unsigned long long)handle->ptr.id,
         (unsigned long long)block->id);
    block->users++;
    handle->block = event->block;
    handle->live = true;
    reached(S_kept_slot);
}

/* Is it still borrowed by this reader: surely, possibly? An event of an earlier call may or may not be given back. */
static struct range borrowed(const struct reader *reader, const struct given *given, bool current) {
    const struct view *view = &reader->view[given->lane];
    if (reader->detached || view->state != FOLLOWING || given->sequence < view->cursor.lo) {
        return (struct range){0, 0};
    }
    return (struct range){current || given->sequence >= view->cursor.hi, 1};
}

void keep_event(struct reader *reader, const struct given *given, bool current, uint32_t form) {
    struct handle *handle = free_handle();
    struct range allowed = borrowed(reader, given, current);
    struct torc_event event = given->event;
    int status;
    if (handle == NULL) {
        return;
    }
    *handle = (struct handle){TORC_RINGPTR_NULL, false, NONE};
    status = keep_by(reader, &event, form, &handle->ptr);
    MUST(status == TORC_OK || torc_ringptr_is_null(handle->ptr), "an error changed the handle");
    if (status == TORC_INVALID) {
        MUST(allowed.lo == 0, "keep refuses an event that is borrowed");
        return;
    }
    MUST(allowed.hi != 0, "keep answers %s for an event that was given back", torc_status_name(status));
    if (event_of(given)->in_slot) {
        judge_slot_kept(given, handle, status);
    } else {
        judge_copy(reader, given, handle, status, form != 0, form == 2 ? TORC_TIMED_OUT : TORC_POOL_DRY);
    }
    if (handle->live) {
        check_handle(handle);
    }
}

void op_keep(void) {
    struct reader *reader = choose_reader();
    uint32_t form = choose(3), which = choose(8);
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct given *given;
    if (reader == NULL || reader->given_count == 0) {
        return;
    }
    given = &reader->given[which < 5 ? 0 : which - 4u < reader->given_count ? which - 4 : 0];
    keep_event(reader, given, reader->borrowed && given == &reader->given[0], form);
    if (which == 4 && !reader->detached) {
        struct torc_event event = given->event;
        expect(CALL(torc_keep, NULL, &event, &ptr), TORC_INVALID, "no reader");
        expect(CALL(torc_keep, reader->ptr, NULL, &ptr), TORC_INVALID, "no event");
        expect(CALL(torc_keep_until, reader->ptr, &event, PAST, NULL), TORC_INVALID, "no handle");
        event.sequence = model.config.first_sequence + choose(200) +
                         after_skips(&model.lane[given->lane], reader->view[given->lane].position.hi);
        expect(CALL(torc_keep, reader->ptr, &event, &ptr), TORC_INVALID, "an event that was not given yet");
    }
}
