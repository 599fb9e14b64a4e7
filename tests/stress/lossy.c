/* lossy.c - readers that copy beside one that gates: a publisher at full rate, events of every size, readers that come
 * and go.
 *
 * Each event must be whole, and what came plus what was lost must be every sequence from the join on to the end. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>

struct copying {
    struct torc_topic *topic;
    enum torc_policy policy;
    enum torc_resume resume;
    enum torc_join join;
    const char *name;
    bool slow;         /* with the defect */
    bool again;        /* leaves and comes back all the time */
    atomic_bool *over; /* everything is written */
    uint64_t came, lost, visits;
    uint64_t random;
    uint64_t last; /* the sequence after the last that came or was lost */
};

/* For the defect: a reader that joined before the first event and took that is then overtaken for certain. */
static atomic_bool joined, took_one;
static atomic_uint_fast64_t written;
static uint64_t overtaken_at;

static void let_it_be_overtaken(uint64_t came) {
    if (came == 0) {
        atomic_store(&joined, true);
    } else {
        atomic_store(&took_one, true);
        stress_doing("waits until it was overtaken");
        while (atomic_load(&written) < overtaken_at) {
            (void)sched_yield();
        }
    }
}

struct writing {
    struct stress_writer writer;
    uint64_t events;
    size_t largest;
};

static struct torc_reader *open_copying(const struct copying *self) {
    struct torc_reader_config config = {.wait = TORC_WAIT_BLOCK,
                                        .join = self->join,
                                        .policy = self->policy,
                                        .resume = self->resume,
                                        .evict_after_ns = 100000};
    struct torc_reader *reader = NULL;
    int status = torc_reader_open(self->topic, &config, &reader);
    CHECK(status == TORC_OK || status == TORC_CLOSED, "torc_reader_open: %s", torc_status_name(status));
    return reader;
}

/* Keeps every so many events for a moment; the copy of the handle must hold the same bytes. */
static void maybe_keep(struct copying *self, struct torc_reader *reader, const struct torc_event *event) {
    struct torc_ringptr kept;
    if (stress_below(&self->random, 32) == 0 && torc_keep(reader, event, &kept) == TORC_OK) {
        stress_spin(&self->random, 200);
        stress_verify(torc_ringptr_data(kept), torc_ringptr_length(kept), event->type, event->sequence);
        OK(torc_ringptr_release(kept));
    }
}

/* One visit: until the end, or for a random number of events. The first event may have any sequence. */
static bool visit(struct copying *self) {
    struct torc_reader *reader = open_copying(self);
    struct torc_event event;
    uint64_t expected = 0, limit = self->again ? 1 + stress_below(&self->random, 400) : UINT64_MAX, came = 0;
    bool any = false;
    int status = reader == NULL ? TORC_CLOSED : TORC_OK;
    self->visits++;
    while (status != TORC_CLOSED && came < limit) {
        if (stress_broken && self->slow) {
            let_it_be_overtaken(came);
        }
        status = torc_next_until(reader, &event, TORC_FOREVER);
        if (status == TORC_LAPPED || (status == TORC_OK && event.lost != 0)) {
            expected += stress_broken && self->slow && any ? 0 : event.lost; /* the defect: a loss is not believed */
            self->lost += event.lost;
        }
        if (status == TORC_OK) {
            DETECT(STRESS_ORDER, !any || event.sequence == expected,
                   "%s: sequence %" PRIu64 " where %" PRIu64 " is due", self->name, event.sequence, expected);
            stress_verify(event.data, event.length, event.type, event.sequence);
            maybe_keep(self, reader, &event);
            expected = event.sequence + 1;
            any = true;
            came++;
            stress_progress(++self->came);
        } else {
            CHECK(status == TORC_LAPPED || status == TORC_CLOSED ||
                      (status == TORC_EVICTED && self->policy == TORC_POLICY_EVICT),
                  "%s: %s", self->name, torc_status_name(status));
        }
        if (stress_below(&self->random, 64) == 0) {
            stress_spin(&self->random, 2000);
        }
    }
    self->last = expected;
    if (reader != NULL) {
        OK(torc_reader_close(reader));
    }
    return status != TORC_CLOSED && !atomic_load(self->over);
}

static void *copy(void *argument) {
    struct copying *self = argument;
    stress_doing("copies events");
    while (visit(self)) {
    }
    return NULL;
}

static void *write_all(void *argument) {
    struct writing *self = argument;
    uint64_t random = 99;
    stress_doing("publishes");
    for (uint64_t i = 0; i < self->events; i++) {
        while (stress_broken && !atomic_load(i == 0 ? &joined : &took_one)) {
            (void)sched_yield();
        }
        stress_write(&self->writer, stress_size(&random, self->largest));
        atomic_store_explicit(&written, i + 1, memory_order_relaxed);
        stress_progress(i);
    }
    return NULL;
}

static void *gate(void *argument) {
    struct stress_seen *seen = argument;
    stress_read_to_end(seen->context, seen, 5);
    return NULL;
}

#define READERS 6

static void run(uint64_t events, uint32_t lane_entries, size_t largest, bool gated) {
    struct torc_config config = stress_small(1, READERS + 1, lane_entries);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topic = stress_topic(bus, "lossy");
    struct copying copying[READERS] = {
        {.name = "lossy", .policy = TORC_POLICY_LOSSY, .resume = TORC_RESUME_OLDEST, .slow = true},
        {.name = "newest", .policy = TORC_POLICY_LOSSY, .resume = TORC_RESUME_NEWEST},
        {.name = "conflate", .policy = TORC_POLICY_CONFLATE},
        {.name = "visitor", .policy = TORC_POLICY_LOSSY, .join = TORC_JOIN_OLDEST, .again = true},
        {.name = "evicted", .policy = TORC_POLICY_EVICT},
        {.name = "again", .policy = TORC_POLICY_EVICT, .join = TORC_JOIN_OLDEST, .again = true}};
    struct stress_seen seen = {.from_start = true};
    struct writing writing = {.events = stress_scaled(events), .largest = largest};
    struct stress_thread *threads[READERS], *writer, *gating = NULL;
    atomic_bool over = false;
    overtaken_at = 3 * (uint64_t)lane_entries;
    stress_writer_open(&writing.writer, topic, TORC_WAIT_BLOCK);
    if (gated) {
        seen.context = stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
        gating = stress_spawn("gate", gate, &seen);
    }
    for (size_t i = 0; i < READERS; i++) {
        copying[i].topic = topic;
        copying[i].over = &over;
        copying[i].random = i + 1;
        threads[i] = stress_spawn(copying[i].name, copy, &copying[i]);
    }
    writer = stress_spawn("writer", write_all, &writing);
    (void)stress_join(writer);
    atomic_store(&over, true);
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < READERS; i++) {
        (void)stress_join(threads[i]);
    }
    if (gated) {
        (void)stress_join(gating);
        stress_same(&writing.writer.sum, &seen.sum, "the gating reader");
        stress_reader_end(seen.context);
    }
    for (size_t i = 0; i < READERS; i++) {
        /* One that came when everything was over has seen nothing. */
        DETECT(STRESS_SUM, copying[i].again || copying[i].came == 0 || copying[i].last == writing.events,
               "%s ended before the end", copying[i].name);
        stress_say("%s: %" PRIu64 " came, %" PRIu64 " lost, %" PRIu64 " visits", copying[i].name, copying[i].came,
                   copying[i].lost, copying[i].visits);
    }
    stress_writer_end(&writing.writer);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "lossy", STRESS_ORDER, "a reader does not count a loss");
    run(300000, 16, 48, false);
    run(200000, 1024, 48, true);
    run(100000, 64, STRESS_LARGEST, false);
    run(50000, 64, STRESS_LARGEST, true);
    return stress_end();
}
