/* test_fork.c - a child after fork() gets TORC_FORKED for everything it inherited, may have buses of its own, and
 * neither what it does nor its exit changes anything for the parent, in private and in shared memory. */
#include "helpers.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's checks: it must not use the test library, which would report twice. Its exit status is the number of the
 * line. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            _exit(1 + __LINE__ % 250);                                                                                 \
        }                                                                                                              \
    } while (0)
#define FORKED(call) EXPECT((call) == TORC_FORKED)

/* What the child finds. */
static struct {
    struct torc_ringptr fresh, shared;
    struct torc_claim claim;
    struct torc_event event; /* borrowed */
    struct torc_actor *actor;
    struct torc_reader *copier;
} had;

static enum torc_action ignore_event(void *context, const struct torc_event *event) {
    (void)context;
    (void)event;
    return TORC_CONTINUE;
}

static void bus_calls(void) {
    struct torc_bus *bus = t.bus;
    struct torc_topic *topic;
    struct torc_bus_stats stats;
    struct torc_pool_stats pool;
    struct torc_actor_config config = {.on_message = ignore_message};
    struct torc_actor *actor;
    struct torc_snapshot *snapshot;
    FORKED(torc_bus_close(t.bus));
    FORKED(torc_bus_halt(t.bus));
    FORKED(torc_bus_drain(t.bus, TORC_FOREVER));
    FORKED(torc_bus_state(t.bus));
    FORKED(torc_bus_destroy(&bus, NULL));
    FORKED(torc_bus_destroy_later(&bus, NULL, NULL));
    FORKED(torc_topic_open(t.bus, "t", 0, &topic));
    FORKED(torc_topic_find(t.bus, "t", &topic));
    FORKED(torc_bus_stats(t.bus, &stats));
    FORKED(torc_bus_pool_stats(t.bus, TORC_XS, &pool));
    FORKED(torc_bus_keep_stats(t.bus, &pool));
    FORKED(torc_audit(t.bus, NULL));
    FORKED(torc_snapshot_take(t.bus, &stats, sizeof stats, &snapshot));
    EXPECT(torc_snapshot_size(t.bus) == 0);
    FORKED(torc_actor_start(t.bus, &config, &actor));
}

static void publisher_calls(void) {
    struct torc_publisher *publisher;
    struct torc_pool_stats pool;
    struct torc_message message = {"x", 1, 1};
    struct torc_claim claim;
    struct torc_ringptr ptr;
    struct torc_sequencer *sequencer;
    FORKED(torc_publisher_open(t.topic, NULL, &publisher));
    FORKED(torc_sequencer_open(t.topic, NULL, &sequencer));
    FORKED(torc_publish(t.publisher, 1, "x", 1));
    FORKED(torc_publish(t.publisher, 1, NULL, 0));
    FORKED(torc_try_publish(t.publisher, 1, "x", 1));
    FORKED(torc_publish_batch(t.publisher, &message, 1, NULL));
    FORKED(torc_publish_array(t.publisher, 1, &message, 8, 1, NULL));
    FORKED(torc_claim(t.publisher, 1, 8, &claim));
    FORKED(torc_claim_batch(t.publisher, 1, 8, &claim, 1));
    FORKED(torc_ringptr_claim(t.publisher, 1, 60, &ptr, NULL));
    FORKED(torc_commit(t.publisher, &had.claim));
    FORKED(torc_abort(t.publisher, &had.claim));
    FORKED(torc_publisher_pool_stats(t.publisher, TORC_XS, &pool));
    FORKED(torc_publisher_close(t.publisher));
}

static void reader_calls(struct torc_reader *reader) {
    struct torc_reader *other;
    struct torc_reader_state state;
    struct torc_event event;
    struct torc_ringptr ptr;
    FORKED(torc_reader_open(t.topic, NULL, &other));
    FORKED(torc_next(reader, &event));
    FORKED(torc_next_until(reader, &event, TORC_FOREVER));
    FORKED(torc_poll(reader, ignore_event, NULL, 9));
    FORKED(torc_poll_until(reader, ignore_event, NULL, 9, TORC_FOREVER));
    FORKED(torc_wait_readable(reader, TORC_FOREVER));
    FORKED(torc_advance(reader));
    FORKED(torc_keep(reader, &had.event, &ptr));
    FORKED(torc_keep_until(reader, &had.event, TORC_FOREVER, &ptr));
    FORKED(torc_reader_state(reader, &state));
    FORKED(torc_reader_detach(reader));
    FORKED(torc_reader_close(reader));
}

static void handle_calls(void) {
    struct torc_ringptr clone;
    struct torc_actor_stats stats;
    FORKED(torc_ringptr_clone(had.fresh, &clone));
    FORKED(torc_ringptr_clone(had.shared, &clone));
    FORKED(torc_ringptr_release(had.fresh));
    FORKED(torc_ringptr_release(had.shared));
    EXPECT(torc_ringptr_data(had.shared) == NULL);
    EXPECT(!torc_ringptr_is_valid(had.shared));
    EXPECT(torc_ringptr_count(had.shared) == 0);
    FORKED(torc_actor_send(had.actor, had.shared, TORC_FOREVER));
    FORKED(torc_actor_stats(had.actor, &stats));
    FORKED(torc_actor_stop(had.actor, TORC_STOP_DRAIN, NULL));
}

static void own_bus(void) {
    struct torc_config config = small_config();
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    struct torc_event event;
    EXPECT(torc_bus_create(&config, &bus) == TORC_OK);
    EXPECT(torc_topic_open(bus, "own", 0, &topic) == TORC_OK);
    EXPECT(torc_publisher_open(topic, NULL, &publisher) == TORC_OK);
    EXPECT(torc_reader_open(topic, NULL, &reader) == TORC_OK);
    EXPECT(torc_publish(publisher, 1, "x", 1) == TORC_OK);
    EXPECT(torc_next(reader, &event) == TORC_OK);
    EXPECT(torc_publisher_close(publisher) == TORC_OK);
    EXPECT(torc_reader_close(reader) == TORC_OK);
    EXPECT(torc_bus_destroy(&bus, NULL) == TORC_OK);
}

/* exit(), not _exit(): whatever runs at the end of a process runs in the child. */
static void assert_child(void (*body)(void)) {
    int status = 0;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        body();
        exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %#x, at line ~%d", status,
                  WEXITSTATUS(status) - 1);
}

/* Something of everything, in the middle of its life. */
static void populate_with(enum torc_action (*on_message)(void *context, struct torc_ringptr message)) {
    struct torc_reader_config lossy = {.policy = TORC_POLICY_LOSSY};
    static struct torc_actor_config config;
    config.on_message = on_message;
    assert_ok(torc_reader_open(t.topic, &lossy, &had.copier));
    put_run(t.publisher, 0, 4);
    assert_ok(torc_next(t.reader, &had.event));
    had.fresh = claim_handle(60);
    had.shared = claim_handle(200);
    assert_ok(torc_ringptr_clone(had.shared, &had.shared));
    assert_ok(torc_ringptr_release(had.shared));
    assert_ok(torc_claim(t.publisher, 9, 8, &had.claim));
    assert_ok(torc_actor_start(t.bus, &config, &had.actor));
}

static void populate(void) {
    populate_with(ignore_message);
}

/* The parent goes on as if nothing had been. */
static void go_on(void) {
    uint64_t n = 4;
    memcpy(had.claim.data, &n, sizeof n);
    had.claim.type = 4;
    assert_ok(torc_commit(t.publisher, &had.claim));
    take_run(t.reader, 1, 4);
    assert_ok(put(t.publisher, 5));
    take(t.reader, 5);
    ck_assert(filled(torc_ringptr_data(had.shared), 200, 7));
    assert_ok(torc_ringptr_release(had.fresh));
    assert_ok(torc_actor_send(had.actor, had.shared, TORC_FOREVER));
    assert_ok(torc_actor_stop(had.actor, TORC_STOP_DRAIN, NULL));
    assert_ok(torc_reader_close(had.copier));
}

static void everything(void) {
    bus_calls();
    publisher_calls();
    reader_calls(t.reader);
    reader_calls(had.copier);
    handle_calls();
    own_bus();
}

START_TEST(a_child_is_refused_everything) {
    populate();
    assert_child(everything);
    go_on();
}
END_TEST

static void grandchild(void) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        everything();
        exit(0);
    }
    EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

START_TEST(so_is_a_child_of_the_child) {
    populate();
    assert_child(grandchild);
    go_on();
}
END_TEST

/* The very bytes of a bus in memory that parent and child share. The actor is in the middle of a message meanwhile: on
 * its way to sleep it would still write there. */
static struct {
    unsigned char *bytes, *copy;
    size_t size;
    sem_t entered, go;
} shared;

static enum torc_action hold_message(void *context, struct torc_ringptr message) {
    (void)context;
    (void)message;
    (void)sem_post(&shared.entered);
    while (sem_wait(&shared.go) != 0) {
    }
    return TORC_CONTINUE;
}

static void occupy(void) {
    ck_assert_int_eq(sem_init(&shared.entered, 0, 0), 0);
    ck_assert_int_eq(sem_init(&shared.go, 0, 0), 0);
    assert_ok(torc_actor_send(had.actor, claim_handle(60), TORC_FOREVER));
    while (sem_wait(&shared.entered) != 0) {
    }
}

static void nothing_changes(void) {
    memcpy(shared.copy, shared.bytes, shared.size);
    everything();
    EXPECT(memcmp(shared.copy, shared.bytes, shared.size) == 0);
}

START_TEST(shared_memory_is_not_touched) {
    struct torc_config config = small_config();
    shared.size = torc_bus_size(&config);
    shared.bytes = mmap(NULL, shared.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared.copy = malloc(shared.size);
    ck_assert(shared.bytes != MAP_FAILED && shared.copy != NULL);
    assert_ok(torc_bus_create_at(shared.bytes, shared.size, &config, &t.bus));
    assert_ok(torc_topic_open(t.bus, "t", 0, &t.topic));
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    populate_with(hold_message);
    occupy();
    assert_child(nothing_changes);
    (void)sem_post(&shared.go);
    (void)sem_post(&shared.go); /* for the one that go_on() sends */
    go_on();
    teardown_world();
    memset(&t, 0, sizeof t);
    free(shared.copy);
    (void)munmap(shared.bytes, shared.size);
}
END_TEST

static void release_late(void) {
    FORKED(torc_ringptr_release(had.fresh));
    FORKED(torc_publisher_close(t.publisher));
    FORKED(torc_reader_close(t.reader));
}

static void note_gone(void *context) {
    ++*(unsigned *)context;
}

START_TEST(a_bus_that_is_leaving_is_inherited_too) {
    unsigned gone = 0;
    had.fresh = claim_handle(60);
    assert_ok(torc_bus_destroy_later(&t.bus, note_gone, &gone));
    assert_child(release_late);
    ck_assert_uint_eq(gone, 0);
    close_ends();
    assert_ok(torc_ringptr_release(had.fresh));
    ck_assert_uint_eq(gone, 1);
    memset(&t, 0, sizeof t);
}
END_TEST

static void setup(void) {
    struct torc_config config = small_config();
    config.flags |= TORC_DESTROY_LATER;
    open_world(&config);
}

static void teardown(void) {
    if (t.bus != NULL) {
        teardown_world();
    }
}

Suite *fork_suite(void) {
    Suite *suite = suite_create("fork");
    TCase *bare = tcase_create("shared");
    TCase *inherited = tcase_create("inherited");
    tcase_add_checked_fixture(inherited, setup, teardown);
    tcase_set_timeout(inherited, HANG);
    tcase_add_test(inherited, a_child_is_refused_everything);
    tcase_add_test(inherited, so_is_a_child_of_the_child);
    tcase_add_test(inherited, a_bus_that_is_leaving_is_inherited_too);
    tcase_set_timeout(bare, HANG);
    tcase_add_test(bare, shared_memory_is_not_touched);
    suite_add_tcase(suite, inherited);
    suite_add_tcase(suite, bare);
    return suite;
}
