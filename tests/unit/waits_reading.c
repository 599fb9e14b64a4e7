/* waits_reading.c - readers that wait: for events, for a slot to keep one in; and a bus that waits for them. */
#include "waits.h"
#include <string.h>

static struct torc_ringptr kept[8];
static struct torc_event event;

static void release_kept(void) {
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (!torc_ringptr_is_null(kept[i])) {
            assert_ok(torc_ringptr_release(kept[i]));
            kept[i] = TORC_RINGPTR_NULL;
        }
    }
}

/* --- readers ------------------------------------------------------------------------------------------------------ */

void nothing(void) {
}
void put_one(void) {
    put_run(t.publisher, 0, 1);
}
bool reader_waits(void) {
    return torc_load_relaxed32(t.publisher->sleepers) != 0;
}
static int next_until(uint64_t deadline) {
    return torc_next_until(t.reader, &event, deadline);
}
static int next_try(void) {
    return torc_next(t.reader, &event);
}
static enum torc_action go_on(void *context, const struct torc_event *seen) {
    (void)context;
    (void)seen;
    return TORC_CONTINUE;
}
static int poll_until(uint64_t deadline) {
    return torc_poll_until(t.reader, go_on, NULL, 5, deadline);
}
static int poll_try(void) {
    return torc_poll(t.reader, go_on, NULL, 5);
}
static int readable_until(uint64_t deadline) {
    return torc_wait_readable(t.reader, deadline);
}

static void keep_all(void) {
    put_run(t.publisher, 0, 5);
    memset(kept, 0, sizeof kept);
    for (size_t i = 0; i < 4; i++) {
        kept[i] = keep_next(t.reader);
    }
    assert_ok(torc_next(t.reader, &event));
}
static int keep_until(uint64_t deadline) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_keep_until(t.reader, &event, deadline, &ptr), ptr);
}
static int keep_try(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_keep(t.reader, &event, &ptr), ptr);
}

static void take_one(void) {
    take_run(t.reader, 0, 1);
    assert_ok(torc_advance(t.reader));
}
static int drain_until(uint64_t deadline) {
    return torc_bus_drain(t.bus, deadline);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct wait_case cases[] = {
    {"next", nothing, next_until, next_try, NULL, put_one, .waits = reader_waits, .would_block = TORC_EMPTY},
    {"poll", nothing, poll_until, poll_try, NULL, put_one, .waits = reader_waits, .would_block = 0, .done = 1},
    {"wait_readable", nothing, readable_until, NULL, NULL, put_one, .waits = reader_waits, .would_block = TORC_EMPTY},
    {"keep", keep_all, keep_until, keep_try, NULL, release_kept, .would_block = TORC_POOL_DRY},
    {"bus_drain", put_one, drain_until, NULL, NULL, take_one, .would_block = TORC_WOULD_BLOCK},
};

const struct wait_case *reading_case(int which) {
    return which < (int)(sizeof cases / sizeof cases[0]) ? &cases[which] : NULL;
}
