/* handlers.c - see handlers.h. */
#include "handlers.h"
#include <string.h>

struct script script;
struct torc_handler_thread *handler;

static enum torc_verdict on_event(void *context, struct torc_handler_thread *self, const struct torc_event *event,
                                  int end) {
    struct script *s = context;
    uint64_t number = number_of(event);
    ck_assert_uint_lt(s->count, 64);
    s->seen[s->count++] = number;
    s->ends += end != 0;
    if (s->release_at == number + 1) {
        assert_ok(torc_handler_release(self));
    }
    if (s->stop_at == number + 1) {
        assert_ok(torc_handler_stop(self));
        assert_ok(torc_handler_stop(self));
        s->status = torc_handler_close(self);
    }
    if ((s->number == ANY || number == s->number) && s->times != 0) {
        s->times--;
        return s->verdict;
    }
    return TORC_VERDICT_OK;
}
static void on_batch_start(void *context, size_t size, uint64_t lag) {
    struct script *s = context;
    ck_assert_uint_ge(lag, size);
    ck_assert_uint_lt(s->batches, 16);
    s->sizes[s->batches++] = size;
}
static void on_stop(void *context, enum torc_ended why) {
    struct script *s = context;
    s->why = why;
    s->stops++;
}
static void on_lapped(void *context, uint32_t lane, uint64_t lost, int evicted) {
    struct script *s = context;
    (void)lane;
    s->lost += lost;
    s->evicted += evicted;
}

/* The events lie in the lane before the handler starts, so its batches are known. */
struct torc_handler_config config_of(void) {
    struct torc_handler_config config = {.context = &script,
                                         .on_event = on_event,
                                         .on_batch_start = on_batch_start,
                                         .on_stop = on_stop,
                                         .on_lapped = on_lapped,
                                         .reader = {.join = TORC_JOIN_OLDEST}};
    memset(&script, 0, sizeof script);
    return config;
}
void start(const struct torc_handler_config *config) {
    assert_ok(torc_handler_start(t.topic, config, &handler));
}
/* Lets it handle all there is. */
struct torc_handler_stats finish(void) {
    struct torc_handler_stats stats;
    assert_ok(torc_bus_close(t.bus));
    assert_ok(torc_handler_join(handler, TORC_FOREVER));
    assert_ok(torc_handler_stats(handler, &stats));
    assert_ok(torc_handler_close(handler));
    ck_assert_int_eq(script.stops, 1);
    ck_assert_int_eq(script.why, stats.ended);
    return stats;
}
void saw(const uint64_t *numbers, size_t count) {
    ck_assert_uint_eq(script.count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(script.seen[i], numbers[i]);
    }
}
