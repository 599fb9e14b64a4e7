/* after.c - a diamond under load: two publishers, three readers side by side, and readers after all three that come and
 * go.
 *
 * Each of the three marks every event, in plain memory, when it has it. Whoever comes after them must find all three
 * marks on every event, from its first one on without a gap. Some of the time a fourth reader stands before it that
 * reads nothing, until another thread takes it away while everybody waits for it. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>

enum { WRITERS = 2, LEADERS = 3, ENTRIES = 128, MARKS = 8 * ENTRIES };

static struct torc_topic *topic;
static struct stress_writer writers[WRITERS];
static struct torc_reader *leaders[LEADERS + 1];
static uint64_t marks[LEADERS][TORC_MAX_PUBLISHERS][MARKS]; /* sequence + 1; one writer each */
static atomic_bool enough;
static atomic_bool visited; /* the first visitor has come */
static uint64_t visits, obstacles, followed;

static void *publish(void *argument) {
    struct stress_writer *writer = argument;
    while (stress_broken && !atomic_load(&visited)) {
        (void)sched_yield();
    }
    while (!atomic_load_explicit(&enough, memory_order_relaxed)) {
        stress_write(writer, stress_size(&writer->random, TORC_S_BYTES));
    }
    return NULL;
}

static void mark(size_t which, const struct torc_event *event) {
    marks[which][event->lane][event->sequence % MARKS] = event->sequence + 1;
}

static enum torc_action mark_one(void *context, const struct torc_event *event) {
    mark((size_t)(uintptr_t)context, event);
    return TORC_CONTINUE;
}

/* Some marks are late: the turn of another thread comes between having an event and marking it. With the defect the
 * first leader never begins, and nothing was published before the visitor came: whatever the threads' turns are, it
 * meets an unmarked event. */
static void *lead(void *argument) {
    size_t which = (size_t)(uintptr_t)argument;
    uint64_t random = which + 1;
    struct torc_event event;
    int status = TORC_OK;
    while (stress_broken && which == 0) {
        (void)sched_yield();
    }
    stress_doing("leads");
    while (status != TORC_CLOSED) {
        if (stress_below(&random, 2) == 0) {
            status = torc_poll_until(leaders[which], mark_one, argument, (size_t)(1 + stress_below(&random, 100)),
                                     TORC_FOREVER);
            CHECK(status > 0 || status == TORC_CLOSED, "%s", torc_status_name(status));
            continue;
        }
        status = torc_next_until(leaders[which], &event, TORC_FOREVER);
        if (status == TORC_OK) {
            stress_spin(&random, 50);
            mark(which, &event);
        }
    }
    return NULL;
}

/* --- after them --------------------------------------------------------------------------------------------------- */

static void *take_away(void *obstacle) {
    uint64_t random = (uint64_t)(uintptr_t)obstacle;
    stress_doing("takes the obstacle away");
    stress_spin(&random, 2000);
    stress_reader_end(obstacle);
    return NULL;
}

static void follow(struct torc_reader *reader, uint64_t events) {
    struct stress_seen seen = {.met = 0};
    struct torc_event event;
    stress_doing("follows");
    for (uint64_t i = 0; i < events; i++) {
        OK(torc_next_until(reader, &event, TORC_FOREVER));
        for (size_t which = 0; which < LEADERS; which++) {
            uint64_t found = marks[which][event.lane][event.sequence % MARKS];
            DETECT(STRESS_ORDER, found == event.sequence + 1,
                   "lane %" PRIu32 ": event %" PRIu64 " came before reader %zu had finished with it", event.lane,
                   event.sequence, which);
        }
        stress_see(&seen, &event);
        followed++;
    }
}

static void visit(uint64_t *random) {
    bool obstacle = stress_below(random, 2) == 0;
    struct torc_reader_config config = {.wait = stress_waits[stress_below(random, 4)],
                                        .after = leaders,
                                        .after_count = stress_broken ? 0 : LEADERS + (obstacle ? 1u : 0u)};
    struct stress_thread *taking = NULL;
    struct torc_reader *reader = NULL;
    leaders[LEADERS] = obstacle ? stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT) : NULL;
    stress_doing("opens a reader after the others");
    OK(torc_reader_open(topic, &config, &reader));
    atomic_store(&visited, true);
    if (obstacle) {
        taking = stress_spawn("taker", take_away, leaders[LEADERS]);
        obstacles++;
    }
    follow(reader, 1 + stress_below(random, stress_below(random, 8) == 0 ? 5000 : 300));
    OK(torc_reader_close(reader));
    if (taking != NULL) {
        (void)stress_join(taking);
    }
    visits++;
}

static void *visit_again(void *argument) {
    uint64_t random = 99, rounds = stress_scaled(600);
    (void)argument;
    for (uint64_t i = 0; i < rounds; i++) {
        visit(&random);
        stress_progress(i + 1);
    }
    return NULL;
}

static void run(struct torc_bus *bus) {
    struct stress_thread *leading[LEADERS], *publishing[WRITERS], *visiting;
    for (size_t i = 0; i < LEADERS; i++) {
        leading[i] = stress_spawn("leader", lead, (void *)(uintptr_t)i);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        publishing[i] = stress_spawn("publisher", publish, &writers[i]);
    }
    visiting = stress_spawn("visitor", visit_again, NULL);
    stress_doing("joins the visitor");
    (void)stress_join(visiting);
    atomic_store(&enough, true);
    for (size_t i = 0; i < WRITERS; i++) {
        (void)stress_join(publishing[i]);
    }
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < LEADERS; i++) {
        (void)stress_join(leading[i]);
        stress_reader_end(leaders[i]);
    }
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(WRITERS, LEADERS + 2, ENTRIES);
    struct torc_bus *bus;
    stress_begin(argc, argv, "after", STRESS_ORDER, "the last reader is not told whom it is after");
    bus = stress_bus(&config);
    topic = stress_topic(bus, "diamond");
    for (size_t i = 0; i < LEADERS; i++) {
        leaders[i] = stress_reader(topic, stress_waits[i], TORC_JOIN_NEXT);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_open(&writers[i], topic, TORC_WAIT_BLOCK);
    }
    run(bus);
    stress_say("%" PRIu64 " readers came after three others, %" PRIu64
               " of them behind one that was taken away; %" PRIu64 " events followed, of %" PRIu64 " and %" PRIu64
               " published",
               visits, obstacles, followed, writers[0].sum.events, writers[1].sum.events);
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_end(&writers[i]);
    }
    stress_bus_end(bus);
    return stress_end();
}
