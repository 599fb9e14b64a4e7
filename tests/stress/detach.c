/* detach.c - readers that leave: from inside their handler, from another thread, with a borrow in hand, and while the
 * publisher sleeps for them on a full lane. Afterwards no handler runs, reads answer TORC_CLOSED and publishing goes
 * on. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>

enum { ENTRIES = 16, FURTHER = 64 };

struct leaver {
    struct torc_reader *reader;
    struct stress_seen seen;
    uint64_t random;        /* the reading thread's */
    uint64_t leave_at;      /* detach inside the handler at this event; 0: never */
    atomic_bool gone;       /* set once a detach by another thread has returned */
    atomic_bool never_read; /* stall instead of reading until gone */
    atomic_uint_fast64_t handled;
};

static struct torc_topic *topic;
static struct stress_writer writer;
static atomic_bool enough;
static atomic_uint_fast64_t published;

static void *publish(void *unused) {
    (void)unused;
    while (!atomic_load_explicit(&enough, memory_order_relaxed)) {
        stress_write(&writer, stress_size(&writer.random, TORC_S_BYTES));
        atomic_store(&published, writer.next);
    }
    return NULL;
}

/* The publisher must get on by more than a lane, whatever left it. */
static void publisher_goes_on(void) {
    uint64_t start = atomic_load(&published);
    stress_doing("waits for the publisher to go on");
    while (atomic_load(&published) - start <= 2 * ENTRIES) {
        (void)sched_yield();
    }
}

static enum torc_action handle(void *context, const struct torc_event *event) {
    struct leaver *leaver = context;
    DETECT(STRESS_LATE, !atomic_load(&leaver->gone), "handler called with sequence %" PRIu64 " after detach returned",
           event->sequence);
    DETECT(STRESS_LATE, leaver->leave_at == 0 || leaver->seen.met < leaver->leave_at,
           "handler called with sequence %" PRIu64 " after it detached itself", event->sequence);
    stress_see(&leaver->seen, event);
    atomic_fetch_add(&leaver->handled, 1);
    if (leaver->seen.met == leaver->leave_at) {
        OK(torc_reader_detach(leaver->reader));
        OK(torc_reader_detach(leaver->reader));
    }
    return TORC_CONTINUE;
}

static void *poll_until_gone(void *argument) {
    struct leaver *leaver = argument;
    int status = 1;
    stress_doing("polls until detached");
    while (status >= 0) {
        if (atomic_load(&leaver->never_read) && !atomic_load(&leaver->gone)) {
            (void)sched_yield();
            continue;
        }
        status = torc_poll_until(leaver->reader, handle, leaver, 1 + (size_t)stress_below(&leaver->random, 40),
                                 TORC_FOREVER);
        CHECK(status > 0 || status == TORC_CLOSED, "%s", torc_status_name(status));
    }
    DETECT(STRESS_LATE, torc_poll(leaver->reader, handle, leaver, 1) == TORC_CLOSED, "can still be polled");
    return NULL;
}

static void open_leaver(struct leaver *leaver, uint64_t seed) {
    leaver->random = seed;
    leaver->reader = stress_reader(topic, stress_waits[stress_below(&leaver->random, 4)], TORC_JOIN_NEXT);
}

static void from_handler(uint64_t seed) {
    struct leaver leaver = {.leave_at = 1 + seed % 50};
    struct stress_thread *thread;
    open_leaver(&leaver, seed);
    thread = stress_spawn("leaver", poll_until_gone, &leaver);
    (void)stress_join(thread);
    stress_reader_end(leaver.reader);
    CHECK(leaver.seen.met == leaver.leave_at, "%" PRIu64 " events", leaver.seen.met);
}

/* Nobody reads: the lane fills up until the publisher sleeps for space, or nearly so. */
static void wait_for_full_lane(const struct torc_reader *reader) {
    struct torc_reader_state state;
    stress_doing("waits for the lane to fill up");
    do {
        (void)sched_yield();
        OK(torc_reader_state(reader, &state));
    } while (state.lag < ENTRIES - 1);
}

/* Detach while the reader's thread polls, or while it stalls and the lane is full. */
static void from_outside(uint64_t seed, bool stalled) {
    struct leaver leaver = {.leave_at = 0};
    struct stress_thread *thread;
    uint64_t random = ~seed;
    open_leaver(&leaver, seed);
    atomic_store(&leaver.never_read, stalled);
    thread = stress_spawn("leaver", poll_until_gone, &leaver);
    if (stalled) {
        wait_for_full_lane(leaver.reader);
    }
    stress_doing("waits for the right moment to detach");
    while (!stalled && atomic_load(&leaver.handled) < seed % 20) {
        (void)sched_yield();
    }
    stress_spin(&random, 2000);
    while (stress_broken && !stalled) { /* the defect: what must come after the detach is done before it */
        atomic_store(&leaver.gone, true);
        (void)sched_yield();
    }
    stress_doing("detaches");
    OK(torc_reader_detach(leaver.reader));
    atomic_store(&leaver.gone, true);
    publisher_goes_on();
    (void)stress_join(thread);
    stress_reader_end(leaver.reader);
}

/* A reader that was asked to leave while it had a borrow may be given this many more events, then it is out. */
static void read_out(struct torc_reader *reader) {
    struct torc_event event;
    int status = TORC_OK;
    stress_doing("reads on until it has left");
    for (int i = 0; i <= FURTHER && status == TORC_OK; i++) {
        status = torc_next(reader, &event);
        if (status == TORC_OK) {
            stress_verify(event.data, event.length, event.type, event.sequence);
        }
    }
    DETECT(STRESS_LATE, status == TORC_CLOSED, "%s after it was detached", torc_status_name(status));
    DETECT(STRESS_LATE, torc_next(reader, &event) == TORC_CLOSED, "can be read again");
}

/* The owner leaves with a borrow in hand. */
static void with_borrow(uint64_t seed) {
    struct leaver leaver = {.leave_at = 0};
    struct torc_event event;
    int status;
    open_leaver(&leaver, seed);
    stress_doing("reads one");
    OK(torc_next_until(leaver.reader, &event, TORC_FOREVER));
    stress_doing("detaches with a borrow");
    status = torc_reader_detach(leaver.reader);
    CHECK(status == TORC_OK || status == TORC_BUSY, "%s", torc_status_name(status));
    read_out(leaver.reader);
    publisher_goes_on();
    stress_reader_end(leaver.reader);
}

/* Another thread asks: the payload stays whole until the owner's next call. */
struct borrower {
    struct torc_reader *reader;
    atomic_int phase; /* 1: has a borrow; 2: another thread asked it to leave */
};

static void *borrow(void *argument) {
    struct borrower *borrower = argument;
    struct torc_event event;
    stress_doing("borrows");
    OK(torc_next_until(borrower->reader, &event, TORC_FOREVER));
    atomic_store(&borrower->phase, 1);
    while (atomic_load(&borrower->phase) != 2) {
        (void)sched_yield();
    }
    stress_verify(event.data, event.length, event.type, event.sequence);
    read_out(borrower->reader);
    return NULL;
}

static void others_borrow(uint64_t seed) {
    struct borrower borrower = {.reader = stress_reader(topic, stress_waits[seed % 4], TORC_JOIN_NEXT)};
    struct stress_thread *thread = stress_spawn("borrower", borrow, &borrower);
    int status;
    while (atomic_load(&borrower.phase) != 1) {
        (void)sched_yield();
    }
    stress_doing("detaches a reader that has a borrow");
    status = torc_reader_detach(borrower.reader);
    DETECT(STRESS_STATUS, status == TORC_BUSY, "%s", torc_status_name(status));
    atomic_store(&borrower.phase, 2);
    (void)stress_join(thread);
    publisher_goes_on();
    OK(torc_reader_detach(borrower.reader));
    stress_reader_end(borrower.reader);
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(1, 4, ENTRIES);
    struct stress_thread *publishing;
    struct torc_bus *bus;
    uint64_t rounds;
    stress_begin(argc, argv, "detach", STRESS_LATE, "the detach is taken for done before it was called");
    rounds = stress_scaled(200);
    bus = stress_bus(&config);
    topic = stress_topic(bus, "leave");
    stress_writer_open(&writer, topic, TORC_WAIT_BLOCK);
    publishing = stress_spawn("publisher", publish, NULL);
    for (uint64_t i = 0; i < rounds; i++) {
        from_handler(5 * i);
        from_outside(5 * i + 1, false);
        from_outside(5 * i + 2, true);
        with_borrow(5 * i + 3);
        others_borrow(5 * i + 4);
        stress_progress(i + 1);
    }
    atomic_store(&enough, true);
    (void)stress_join(publishing);
    stress_say("5 ways to leave, %" PRIu64 " times each, while %" PRIu64 " events were published", rounds,
               writer.sum.events);
    stress_writer_end(&writer);
    stress_bus_end(bus);
    return stress_end();
}
