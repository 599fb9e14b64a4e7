/* steps.c - the one-line steps of the unit tests: publish a number, read it back, fill and compare payloads, count. */
#include "helpers.h"
#include <string.h>

int put(struct torc_publisher *publisher, uint64_t number) {
    return torc_try_publish(publisher, (uint32_t)number, &number, sizeof number);
}

void put_run(struct torc_publisher *publisher, uint64_t first, uint64_t count) {
    uint64_t i, number;
    for (i = 0; i < count; i++) {
        /* By turns through the slow and the inline path. */
        number = first + i;
        assert_ok(i % 2 == 0 ? put(publisher, number)
                             : torc_publish(publisher, (uint32_t)number, &number, sizeof number));
    }
}

uint64_t number_of(const struct torc_event *event) {
    uint64_t number = 0;
    bool fits = event->data != NULL && event->length == sizeof number;
    if (fits) {
        memcpy(&number, event->data, sizeof number);
    }
    if (!fits || event->type != (uint32_t)number) {
        ck_abort_msg("not a number: type %u, length %zu, value %llu", event->type, event->length,
                     (unsigned long long)number);
    }
    return number;
}

void take(struct torc_reader *reader, uint64_t number) {
    struct torc_event event;
    uint64_t got;
    assert_ok(torc_next(reader, &event));
    got = number_of(&event);
    if (got != number) {
        ck_abort_msg("read %llu, not %llu", (unsigned long long)got, (unsigned long long)number);
    }
}

void take_run(struct torc_reader *reader, uint64_t first, uint64_t count) {
    uint64_t i;
    for (i = 0; i < count; i++) {
        take(reader, first + i);
    }
}

void take_none(struct torc_reader *reader) {
    struct torc_event event;
    assert_status(torc_next(reader, &event), TORC_EMPTY);
}

int put_filled(struct torc_publisher *publisher, size_t length, uint32_t seed) {
    struct torc_claim claim;
    int status = torc_try_claim(publisher, seed, length, &claim);
    if (status != TORC_OK) {
        return status;
    }
    fill(claim.data, length, seed);
    return torc_commit(publisher, &claim);
}

void take_filled(struct torc_reader *reader, size_t length, uint32_t seed) {
    struct torc_event event;
    assert_ok(torc_next(reader, &event));
    ck_assert_uint_eq(event.length, length);
    ck_assert_uint_eq(event.type, seed);
    ck_assert(filled(event.data, length, seed));
}

struct torc_ringptr claim_handle(size_t length) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_slot *slot;
    assert_ok(torc_ringptr_claim_until(t.publisher, 7, length, PAST, &ptr, NULL));
    slot = torc_slot_of(t.bus, ptr.id);
    ck_assert_ptr_nonnull(slot);
    fill((void *)(uintptr_t)torc_ringptr_data(ptr), length, 7);
    return ptr;
}

struct torc_ringptr keep_next(struct torc_reader *reader) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_event event;
    assert_ok(torc_next(reader, &event));
    assert_ok(torc_keep(reader, &event, &ptr));
    ck_assert(!torc_ringptr_is_null(ptr));
    return ptr;
}

uint32_t slot_index(const struct torc_bus *bus, struct torc_ringptr ptr) {
    return TORC_ID_NUMBER(ptr.id) - torc_pool_of(bus, ptr.id)->first;
}

uint64_t outstanding(void) {
    struct torc_bus_stats stats;
    assert_ok(torc_bus_stats(t.bus, &stats));
    return stats.outstanding;
}

struct torc_pool_stats pool_stats(uint32_t shirt) {
    struct torc_pool_stats stats;
    memset(&stats, 0, sizeof stats);
    assert_ok(torc_bus_pool_stats(t.bus, shirt, &stats));
    return stats;
}

enum torc_action count_events(void *context, const struct torc_event *event) {
    struct counted *counted = context;
    counted->calls++;
    counted->last = number_of(event);
    return counted->calls == counted->stop_after ? TORC_STOP : TORC_CONTINUE;
}

enum torc_action ignore_message(void *context, struct torc_ringptr message) {
    (void)context;
    (void)message;
    return TORC_CONTINUE;
}

uint64_t read_with_losses(struct torc_reader *reader, uint64_t first, uint64_t *lost) {
    struct torc_event event;
    uint64_t expected = first, came = 0;
    int status;
    *lost = 0;
    while ((status = torc_next(reader, &event)) != TORC_EMPTY) {
        if (status == TORC_LAPPED) {
            ck_assert_ptr_null(event.data);
            ck_assert_uint_gt(event.lost, 0);
            *lost += event.lost;
            expected += event.lost;
            continue;
        }
        assert_ok(status);
        ck_assert_uint_eq(event.lost, 0);
        ck_assert_uint_eq(number_of(&event), expected);
        expected++;
        came++;
    }
    return came;
}
