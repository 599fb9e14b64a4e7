/* test_evict.c - EVICT readers: what a poll says, what drains and other publishers learn, and how a publisher's time is counted. */
#include "helpers.h"

static struct torc_reader *open_evict(uint64_t after_ns, enum torc_evicted then) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT, .evict_after_ns = after_ns, .evicted = then};
    struct torc_reader *reader = NULL;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    return reader;
}

static void close_gate(void) {
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
}

static enum torc_action ignore_event(void *context, const struct torc_event *event) {
    (void)context;
    (void)event;
    return TORC_CONTINUE;
}

START_TEST(a_poll_of_one_that_leaves_is_told_once) {
    struct torc_reader *reader = open_evict(0, TORC_EVICTED_LEAVE);
    close_gate();
    for (uint64_t i = 0; i < 2 * LANE; i++) {
        assert_ok(put(t.publisher, i));
    }
    assert_status(torc_poll(reader, ignore_event, NULL, 100), TORC_EVICTED);
    assert_status(torc_poll(reader, ignore_event, NULL, 100), TORC_CLOSED);
    assert_ok(torc_reader_close(reader));
}
END_TEST

Suite *evict_suite(void) {
    Suite *suite = suite_create("evict");
    TCase *tcase = add_case(suite, "evicted", setup_world);
    tcase_add_test(tcase, a_poll_of_one_that_leaves_is_told_once);
    return suite;
}
