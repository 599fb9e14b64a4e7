/* script_publish.c - publishing by copy, and slots claimed as handles. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 20000u
#define BATCH   40u

/* 0 in the configuration stands for the default. */
static size_t widest_inline(void) {
    return model.config.inline_bytes != 0 ? model.config.inline_bytes : TORC_INLINE_BYTES;
}

bool inlined(const struct publisher *publisher, size_t length) {
    return !model.topic[model.lane[publisher->lane].topic].no_inline && length <= widest_inline();
}

static struct wish wish_of(const struct asked *asked) {
    return (struct wish){asked->publisher->lane, asked->publisher->dry, asked->length, asked->when_blocked};
}

/* `count` events of this length: would a call without a deadline come back? */
bool returns(const struct publisher *publisher, size_t length, size_t count) {
    struct wish wish = {publisher->lane, publisher->dry, length, TORC_OK};
    uint64_t used = model.lane[publisher->lane].claimed - slowest_of(publisher->lane).lo;
    if (count > 1 && !model.closed) {
        return used + count <= model.config.lane_entries &&
               (inlined(publisher, length) || publisher->dry != TORC_DRY_WAIT);
    }
    return surely_returns(&wish, true, inlined(publisher, length));
}

/* --- judging ------------------------------------------------------------------------------------------------ */

/* A claim that finds its cached gate too old looks at the cursors, and keeps half a lane of history. */
static void note_gate(struct lane *lane, uint32_t number) {
    uint64_t half = model.config.lane_entries / 2;
    uint64_t history = lane->claimed > half ? lane->claimed - half : 0;
    uint64_t slowest = slowest_of(number).hi;
    uint64_t gate = slowest < history ? slowest : history;
    if ((lane->reopened || lane->claimed >= model.config.lane_entries) && gate > lane->gate) {
        lane->gate = gate;
    }
    if (lane->claimed > model.config.lane_entries) {
        reached(S_lane_wrapped);
    }
}

static struct event *add_event(const struct asked *asked, uint32_t shirt) {
    struct lane *lane = &model.lane[asked->publisher->lane];
    uint64_t sequence = lane->claimed++;
    struct event *event = &lane->event[sequence];
    lane->most_claimed = lane->claimed > lane->most_claimed ? lane->claimed : lane->most_claimed;
    *event = (struct event){OPEN, asked->serial, asked->type, (uint32_t)asked->length, NONE, shirt != NONE};
    if (shirt != NONE) {
        struct block *block = block_new(asked->publisher->lane, shirt, asked->serial, asked->length, asked->type);
        block->claimed = true;
        block->sequence = sequence;
        event->block = (uint32_t)(block - model.block);
    }
    if (model.config.first_sequence != 0 && model.config.first_sequence + lane->claimed < lane->claimed) {
        reached(S_sequence_edge_passed);
    }
    return event;
}

static void found_full(const struct asked *asked, int status) {
    struct wish wish = wish_of(asked);
    struct lane *lane = &model.lane[wish.lane];
    bool maybe_dry = room_of(wish.lane).hi != 0 && !inlined(asked->publisher, asked->length);
    MUST(room_of(wish.lane).lo == 0, "the lane has room, answer %s", torc_status_name(status));
    lane->stalls.lo++;
    lane->stalls.hi++;
    reached(S_lane_full);
    if (maybe_dry) {
        judge_no_slot(&wish);
    }
}

struct event *judge_event(const struct asked *asked, int status, uint64_t taken[POOLS]) {
    struct wish wish = wish_of(asked);
    struct range room = room_of(wish.lane);
    uint32_t shirt = NONE;
    if (asked->length > TORC_MAX_EVENT) {
        expect(status, TORC_TOO_BIG, "an event above the limit");
        return NULL;
    }
    if (model.closed) {
        expect(status, TORC_CLOSED, "a closed bus");
        return NULL;
    }
    note_gate(&model.lane[wish.lane], wish.lane);
    if (status == asked->when_blocked && room.lo == 0) {
        found_full(asked, status);
        return NULL;
    }
    MUST(room.hi != 0 || status == TORC_TOO_BIG, "the lane is full, answer %s", torc_status_name(status));
    if (inlined(asked->publisher, asked->length)) {
        expect(status, TORC_OK, "an inline event with room");
    } else {
        shirt = status == TORC_OK ? next_taken(&wish, taken) : NONE;
        judge_slot(&wish, status, shirt);
    }
    return status == TORC_OK ? add_event(asked, shirt) : NULL;
}

void judge_short(const struct asked *asked) {
    struct wish wish = wish_of(asked);
    bool possible = room_of(wish.lane).lo != 0 && (inlined(asked->publisher, asked->length) || slot_certain(&wish));
    MUST(!possible, "a batch ended early although there is space");
    note_gate(&model.lane[wish.lane], wish.lane);
    if (!inlined(asked->publisher, asked->length)) {
        judge_no_slot(&wish);
    }
    model.lane[wish.lane].stalls.hi++;
}

static void none_left(const uint64_t taken[POOLS]) {
    for (uint32_t shirt = 0; shirt < POOLS; shirt++) {
        MUST(taken[shirt] == 0, "%llu slots of pool %u were taken for no event", (unsigned long long)taken[shirt],
             shirt);
    }
}

static void now_published(struct event *event) {
    event->state = COMMITTED;
    if (event->block != NONE) {
        model.block[event->block].claimed = false;
        model.block[event->block].ring = true;
    }
}

/* --- one event ---------------------------------------------------------------------------------------------- */

static int publish_by(struct publisher *publisher, uint32_t form, uint32_t type, const void *data, size_t length) {
    switch (form) {
    case 0:
        return CALL(torc_publish, publisher->ptr, type, data, length);
    case 1:
        return CALL(torc_try_publish, publisher->ptr, type, data, length);
    default:
        return CALL(torc_publish_until, publisher->ptr, type, data, length, form == 2 ? TORC_NO_WAIT : PAST);
    }
}

/* A sink for lengths that are refused before a byte is read. */
static uint8_t payload[LONGEST];

/* Forms: 0 without a deadline, 1 try, 2 no wait, 3 a deadline that has passed. */
bool publish_one(struct publisher *publisher, size_t length, uint32_t form) {
    uint32_t serial = model.next_serial++;
    uint32_t real = form == 0 && !returns(publisher, length, 1) ? 1 : form;
    struct asked asked = {publisher, serial, type_of(serial), length, real == 3 ? TORC_TIMED_OUT : TORC_WOULD_BLOCK};
    uint64_t taken[POOLS];
    struct event *event;
    int status;
    fill_pattern(payload, length < LONGEST ? length : 0, serial);
    status = publish_by(publisher, real, asked.type, length == 0 && serial % 2 ? NULL : payload, length);
    memset(payload, 0xA5, length < LONGEST ? length : 0); /* the library copied it, or kept nothing */
    watch_pools(publisher, taken);
    event = judge_event(&asked, status, taken);
    if (event != NULL) {
        now_published(event);
    }
    none_left(taken);
    return event != NULL;
}

void op_publish(void) {
    struct publisher *publisher = choose_publisher();
    uint32_t form = choose(4);
    if (publisher == NULL) {
        return;
    }
    if (choose(32) == 0) {
        uint64_t taken[POOLS];
        expect(publish_by(publisher, form, 1, NULL, 5), TORC_INVALID, "no data");
        watch_pools(publisher, taken);
        none_left(taken);
        return;
    }
    (void)publish_one(publisher, choose_length(), form);
}

/* --- batches ------------------------------------------------------------------------------------------------ */

static int batch_by(struct publisher *publisher, uint32_t form, const struct torc_message *messages, size_t count,
                    size_t *published) {
    switch (form) {
    case 0:
        return CALL(torc_publish_batch, publisher->ptr, messages, count, published);
    case 1:
        return CALL(torc_try_publish_batch, publisher->ptr, messages, count, published);
    default:
        return CALL(torc_publish_batch_until, publisher->ptr, messages, count, form == 2 ? TORC_NO_WAIT : PAST,
                    published);
    }
}

static bool batch_returns(const struct publisher *publisher, const struct torc_message *messages, size_t count) {
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all = all && (returns(publisher, messages[i].length, count) || messages[i].data == NULL);
    }
    return all;
}

static uint32_t make_messages(struct torc_message *messages, uint32_t count, uint8_t *space, size_t length) {
    uint32_t serial = model.next_serial;
    for (uint32_t i = 0; i < count; i++, space += length) {
        fill_pattern(space, length, serial + i);
        messages[i] = (struct torc_message){space, length, type_of(serial + i)};
    }
    model.next_serial += count;
    return serial;
}

/* Where nobody reads, what a batch has committed can be reaped within the same batch: which pool an event came from
 * under the policies that have a choice could then not be told from the counters. */
static bool has_choice(const struct publisher *publisher) {
    for (uint32_t i = 0; i < READERS; i++) {
        if (gates(&model.reader[i], publisher->lane)) {
            return false;
        }
    }
    return publisher->dry == TORC_DRY_BIGGER || publisher->dry == TORC_DRY_XXL;
}

/* A message that found no space ends a run; it is tried once more when what came before it is committed. */
static void may_be_tried_twice(const struct publisher *publisher, uint64_t messages) {
    model.lane[publisher->lane].stalls.hi += messages;
    for (uint32_t shirt = 0; shirt < POOLS; shirt++) {
        model.lane[publisher->lane].dry[shirt].hi += messages;
    }
}

static void judge_batch(struct publisher *publisher, const struct torc_message *messages, uint32_t serial, size_t count,
                        size_t done, int status, int when_blocked) {
    uint64_t taken[POOLS];
    watch_pools(publisher, taken);
    may_be_tried_twice(publisher, count);
    for (size_t i = 0; i < done; i++) {
        struct asked asked = {publisher, serial + (uint32_t)i, messages[i].type, messages[i].length, when_blocked};
        now_published(judge_event(&asked, TORC_OK, taken));
    }
    if (done < count && messages[done].data == NULL && messages[done].length != 0) {
        expect(status, TORC_INVALID, "a message without data");
    } else if (done < count) {
        struct asked asked = {publisher, serial + (uint32_t)done, messages[done].type, messages[done].length,
                              when_blocked};
        MUST(status != TORC_OK, "a batch of %zu stopped at %zu and says OK", count, done);
        (void)judge_event(&asked, status, taken);
    } else {
        expect(status, TORC_OK, "a whole batch");
    }
    none_left(taken);
}

void op_publish_batch(void) {
    struct publisher *publisher = choose_publisher();
    struct torc_message messages[BATCH];
    uint32_t form = choose(4), count = choose(8) == 7 ? BATCH : choose(8);
    size_t length = choose_length(), done = 99;
    uint8_t *space;
    uint32_t serial;
    int status;
    if (publisher == NULL || length > LONGEST) {
        return;
    }
    length = count > 8 ? length % 600 : length;
    count = count > 1 && has_choice(publisher) ? 1 : count;
    space = malloc(length * count + 1);
    MUST(space != NULL, "no memory for a batch");
    serial = make_messages(messages, count, space, length);
    if (count > 1 && choose(16) == 0 && length != 0) {
        messages[count / 2].data = NULL;
    }
    form = form == 0 && !batch_returns(publisher, messages, count) ? 1 : form;
    status = batch_by(publisher, form, messages, count, &done);
    free(space);
    MUST(done <= count, "a batch of %u published %zu", count, done);
    judge_batch(publisher, messages, serial, count, done, status, form == 3 ? TORC_TIMED_OUT : TORC_WOULD_BLOCK);
}

/* --- handles ------------------------------------------------------------------------------------------------ */

static void judge_handle(struct publisher *publisher, const struct asked *asked, int status, struct handle *handle,
                         void *data) {
    struct wish wish = wish_of(asked);
    uint64_t taken[POOLS];
    struct block *block;
    uint32_t shirt;
    watch_pools(publisher, taken);
    if (asked->length > TORC_MAX_EVENT || model.closed) {
        expect(status, asked->length > TORC_MAX_EVENT ? TORC_TOO_BIG : TORC_CLOSED, "a handle that cannot be");
        none_left(taken);
        return;
    }
    shirt = status == TORC_OK ? next_taken(&wish, taken) : NONE;
    judge_slot(&wish, status, shirt);
    none_left(taken);
    if (status != TORC_OK) {
        MUST(torc_ringptr_is_null(handle->ptr) && data == NULL, "an error changed the handle");
        return;
    }
    MUST((uintptr_t)data % 64 == 0, "a slot at %p is not aligned", data);
    fill_pattern(data, asked->length, asked->serial);
    block = block_new(publisher->lane, shirt, asked->serial, asked->length, asked->type);
    block->users = 1;
    block->id = handle->ptr.id;
    handle->block = (uint32_t)(block - model.block);
    handle->live = true;
}

void op_ringptr_claim(void) {
    struct publisher *publisher = choose_publisher();
    struct handle *handle = free_handle();
    uint32_t form = choose(4), serial = model.next_serial++;
    size_t length = choose_length();
    struct asked asked = {publisher, serial, type_of(serial), length, form == 3 ? TORC_TIMED_OUT : TORC_WOULD_BLOCK};
    void *data = NULL;
    struct wish wish;
    int status;
    if (publisher == NULL || handle == NULL) {
        return;
    }
    wish = wish_of(&asked);
    *handle = (struct handle){TORC_RINGPTR_NULL, false, NONE};
    if (form < 2 && surely_returns(&wish, false, false)) {
        status = CALL(torc_ringptr_claim, publisher->ptr, asked.type, length, &handle->ptr, &data);
    } else {
        status = CALL(torc_ringptr_claim_until, publisher->ptr, asked.type, length, form == 3 ? PAST : TORC_NO_WAIT,
                      &handle->ptr, &data);
    }
    judge_handle(publisher, &asked, status, handle, data);
}
