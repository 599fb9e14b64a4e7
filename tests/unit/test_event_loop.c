/* test_event_loop.c - a reader's descriptor: readable unless the reader was told that there is nothing and nothing
 * came. */
#include "helpers.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static bool readable(int fd) {
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    ck_assert_int_ge(poll(&wanted, 1, 0), 0);
    return wanted.revents != 0;
}

/* The descriptor of t.reader, which has seen that there is nothing. */
static int quiet_fd(void) {
    int fd = torc_reader_fd(t.reader);
    ck_assert_int_ge(fd, 0);
    take_none(t.reader);
    ck_assert(!readable(fd));
    return fd;
}

/* That of a reader with this configuration in the place of t.reader. */
static int quiet_fd_with(const struct torc_reader_config *config) {
    assert_ok(torc_reader_close(t.reader));
    assert_ok(torc_reader_open(t.topic, config, &t.reader));
    return quiet_fd();
}

/* Two events come and go. */
static void comes_and_goes(int fd) {
    put_run(t.publisher, 0, 2);
    ck_assert(readable(fd));
    take_run(t.reader, 0, 2);
    take_none(t.reader);
    ck_assert(!readable(fd));
}

START_TEST(it_is_readable_until_empty_was_seen) {
    int fd = torc_reader_fd(t.reader);
    ck_assert_int_ge(fd, 0);
    ck_assert(readable(fd));
    take_none(t.reader);
    ck_assert(!readable(fd));
    ck_assert_int_eq(torc_reader_fd(t.reader), fd);
    ck_assert(!readable(fd));
    ck_assert((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    ck_assert((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}
END_TEST

START_TEST(an_event_makes_it_readable) {
    int fd = quiet_fd();
    put_run(t.publisher, 0, 1);
    ck_assert(readable(fd));
    take(t.reader, 0);
    ck_assert(readable(fd));
    take_none(t.reader);
    ck_assert(!readable(fd));
    put_run(t.publisher, 1, 1);
    ck_assert(readable(fd));
    take(t.reader, 1);
}
END_TEST

START_TEST(many_events_are_one_wake_up) {
    int fd = quiet_fd();
    uint64_t count = 0;
    put_run(t.publisher, 0, 5);
    take_run(t.reader, 0, 5);
    ck_assert_int_eq(read(fd, &count, sizeof count), sizeof count);
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(what_is_left_unread_keeps_it_readable) {
    int fd = quiet_fd();
    put_run(t.publisher, 0, 3);
    take(t.reader, 0);
    ck_assert(readable(fd));
    take_run(t.reader, 1, 2);
    ck_assert(readable(fd));
    take_none(t.reader);
    take_none(t.reader);
    ck_assert(!readable(fd));
}
END_TEST

START_TEST(a_poll_that_finds_nothing_empties_it) {
    struct counted counted = {0, 0, 0};
    int fd = torc_reader_fd(t.reader);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 4), 0);
    ck_assert(!readable(fd));
    put_run(t.publisher, 0, 3);
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 4), 3);
    ck_assert(readable(fd));
    ck_assert_int_eq(torc_poll(t.reader, count_events, &counted, 4), 0);
    ck_assert(!readable(fd));
}
END_TEST

START_TEST(slots_batches_and_other_lanes_make_it_readable) {
    struct torc_publisher *second = open_publisher(t.topic, TORC_DRY_FAIL);
    struct torc_message messages[2] = {{"a", 1, 1}, {"b", 1, 1}};
    struct torc_event event;
    int fd = quiet_fd();
    assert_ok(put_filled(second, 1000, 3));
    ck_assert(readable(fd));
    take_filled(t.reader, 1000, 3);
    take_none(t.reader);
    ck_assert(!readable(fd));
    assert_ok(torc_publish_batch(t.publisher, messages, 2, NULL));
    ck_assert(readable(fd));
    assert_ok(torc_next(t.reader, &event));
    assert_ok(torc_next(t.reader, &event));
    take_none(t.reader);
    assert_ok(torc_publisher_close(second));
    take_none(t.reader);
    ck_assert(!readable(fd));
}
END_TEST

START_TEST(closing_makes_it_readable_for_good) {
    struct torc_event event;
    int fd = quiet_fd();
    assert_ok(torc_bus_close(t.bus));
    ck_assert(readable(fd));
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    ck_assert(readable(fd));
}
END_TEST

START_TEST(detaching_makes_it_readable) {
    int fd = quiet_fd();
    assert_ok(torc_reader_detach(t.reader));
    ck_assert(readable(fd));
    assert_status(torc_reader_fd(t.reader), TORC_CLOSED);
}
END_TEST

START_TEST(the_reader_closes_it) {
    int fd = quiet_fd();
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_int_eq(errno, EBADF);
    put_run(t.publisher, 0, 2 * LANE); /* whoever gets the number now is not written to */
}
END_TEST

/* Each policy, and the news that a policy brings. */
START_TEST(an_eviction_makes_it_readable) {
    struct torc_reader_config config = {.policy = TORC_POLICY_EVICT, .evicted = TORC_EVICTED_LEAVE};
    struct torc_event event;
    int fd = quiet_fd_with(&config);
    comes_and_goes(fd);
    for (uint64_t i = 0; i < 2 * LANE; i++) {
        assert_ok(put(t.publisher, i));
    }
    ck_assert(readable(fd));
    assert_status(torc_next(t.reader, &event), TORC_EVICTED);
    assert_status(torc_next(t.reader, &event), TORC_CLOSED);
    ck_assert(readable(fd));
}
END_TEST

START_TEST(a_lossy_reader_has_one_too) {
    struct torc_reader_config config = {.policy = TORC_POLICY_LOSSY};
    comes_and_goes(quiet_fd_with(&config));
}
END_TEST

START_TEST(an_aborted_claim_is_a_wake_up_for_nothing) {
    struct torc_claim first, second;
    int fd = quiet_fd();
    assert_ok(torc_try_claim(t.publisher, 1, 8, &first));
    assert_ok(torc_try_claim(t.publisher, 1, 8, &second));
    assert_ok(torc_abort(t.publisher, &first));
    assert_ok(torc_abort(t.publisher, &second));
    take_none(t.reader);
    take_none(t.reader);
    ck_assert(!readable(fd));
    put_run(t.publisher, 5, 1);
    ck_assert(readable(fd));
    take(t.reader, 5);
}
END_TEST

/* Sleeping calls and the descriptor do not get into each other's way. */
START_TEST(waiting_with_a_deadline_still_works) {
    struct torc_event event;
    int fd = quiet_fd();
    assert_status(torc_next_until(t.reader, &event, torc_deadline_ms(1)), TORC_TIMED_OUT);
    ck_assert(!readable(fd));
    put_run(t.publisher, 0, 1);
    assert_ok(torc_next_until(t.reader, &event, TORC_FOREVER));
    assert_status(torc_reader_fd(NULL), TORC_INVALID);
}
END_TEST

/* A reader after t.reader, and its descriptor once it has seen that there is nothing for it. */
static int follower_fd(struct torc_reader **follower) {
    struct torc_reader_config config = {.after = &t.reader, .after_count = 1};
    int fd;
    assert_ok(torc_reader_open(t.topic, &config, follower));
    fd = torc_reader_fd(*follower);
    put_run(t.publisher, 0, 1);
    take_none(*follower);
    ck_assert(!readable(fd));
    return fd;
}

START_TEST(whom_it_is_after_makes_it_readable) {
    struct torc_reader *follower;
    int fd = follower_fd(&follower);
    take(t.reader, 0);
    take_none(t.reader); /* gives the event back */
    ck_assert(readable(fd));
    take(follower, 0);
    assert_ok(torc_reader_close(follower));
}
END_TEST

START_TEST(whom_it_is_after_leaves_and_it_is_readable) {
    struct torc_reader *follower;
    int fd = follower_fd(&follower);
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    ck_assert(readable(fd));
    take(follower, 0);
    assert_ok(torc_reader_close(follower));
}
END_TEST

Suite *event_loop_suite(void) {
    Suite *suite = suite_create("event_loop");
    TCase *tcase = add_case(suite, "event_loop", setup_world);
    tcase_add_test(tcase, it_is_readable_until_empty_was_seen);
    tcase_add_test(tcase, an_event_makes_it_readable);
    tcase_add_test(tcase, many_events_are_one_wake_up);
    tcase_add_test(tcase, what_is_left_unread_keeps_it_readable);
    tcase_add_test(tcase, a_poll_that_finds_nothing_empties_it);
    tcase_add_test(tcase, slots_batches_and_other_lanes_make_it_readable);
    tcase_add_test(tcase, closing_makes_it_readable_for_good);
    tcase_add_test(tcase, detaching_makes_it_readable);
    tcase_add_test(tcase, the_reader_closes_it);
    tcase_add_test(tcase, an_eviction_makes_it_readable);
    tcase_add_test(tcase, a_lossy_reader_has_one_too);
    tcase_add_test(tcase, an_aborted_claim_is_a_wake_up_for_nothing);
    tcase_add_test(tcase, waiting_with_a_deadline_still_works);
    tcase_add_test(tcase, whom_it_is_after_makes_it_readable);
    tcase_add_test(tcase, whom_it_is_after_leaves_and_it_is_readable);
    return suite;
}
