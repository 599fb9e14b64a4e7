/* policies.c - all policies side by side: one publisher at full rate, and readers of every policy, each at a speed of its own. Each gets
 * exactly what its contract says: payloads are whole, and what came plus what was lost is what was published.
 *
 *   gate      everything, in order                      lossy     in order, gaps told before (from the oldest, from the newest)
 *   conflate  in order, gaps told with the next event   types     per type the newest, with the number it replaced
 *   evict     everything until it is told; then lossy   leave     everything until it is told; then the end */
#include "engine.h"
#include <inttypes.h>
#include <string.h>

#define TYPES 8u

enum contract { GATE, LOSSY, CONFLATE, PER_TYPE, EVICT, LEAVE };

struct follower {
    const char *name;
    enum contract contract;
    struct torc_reader_config config;
    uint64_t spin;   /* after each event, at most so many pauses */
    uint64_t absent; /* now and then, at most so many */

    struct torc_reader *reader;
    uint64_t random;
    uint64_t came, lost;
    uint64_t expected; /* the next sequence; per type: behind the highest that came */
    bool evicted;
    uint64_t laps;
    uint64_t next[TYPES]; /* per type: behind the last that came */
};

struct writing {
    struct torc_publisher *publisher;
    uint64_t events;
    size_t largest;
};

static uint32_t type_of(uint64_t sequence) {
    uint64_t state = sequence;
    return (uint32_t)(stress_random(&state) % TYPES);
}

static uint64_t count_of_type(uint32_t type, uint64_t from, uint64_t to) {
    uint64_t count = 0;
    for (; from < to; from++) {
        count += type_of(from) == type;
    }
    return count;
}

/* --- publishing ------------------------------------------------------------------------------------------------------ */

static void publish_one(const struct writing *self, uint64_t sequence, size_t size, bool in_place) {
    static unsigned char scratch[STRESS_LARGEST];
    uint32_t type = type_of(sequence);
    struct torc_claim claim;
    if (in_place) {
        OK(torc_claim(self->publisher, type, size, &claim));
        stress_fill(claim.data, size, type, sequence);
        OK(torc_commit(self->publisher, &claim));
        return;
    }
    stress_fill(scratch, size, type, sequence);
    OK(torc_publish(self->publisher, type, scratch, size));
}

static void *publish(void *argument) {
    const struct writing *self = argument;
    uint64_t random = 3;
    stress_doing("publishes");
    for (uint64_t i = 0; i < self->events; i++) {
        publish_one(self, i, stress_size(&random, self->largest), stress_below(&random, 8) == 0);
        stress_progress(i + 1);
    }
    return NULL;
}

/* --- following ------------------------------------------------------------------------------------------------------- */

/* It replaced all that came up since the last of its type, but for those that were overwritten unseen. */
static void check_type(struct follower *self, const struct torc_event *event) {
    uint32_t type = event->type;
    uint64_t older;
    CHECK(type < TYPES, "type %" PRIu32, type);
    DETECT(STRESS_ORDER, event->sequence >= self->next[type], "%s: %" PRIu64 " behind %" PRIu64, self->name,
           event->sequence, self->next[type]);
    older = count_of_type(type, self->next[type], event->sequence);
    DETECT(STRESS_SUM, self->laps == 0 ? event->lost == older : event->lost <= older,
           "%s: replaced %" PRIu64 " of %" PRIu64, self->name, event->lost, older);
    self->next[type] = event->sequence + 1;
    self->expected = event->sequence >= self->expected ? event->sequence + 1 : self->expected;
}

static void check_next(struct follower *self, const struct torc_event *event) {
    self->expected += event->lost;
    DETECT(STRESS_ORDER, event->sequence == self->expected, "%s: sequence %" PRIu64 " where %" PRIu64 " is due",
           self->name, event->sequence, self->expected);
    DETECT(STRESS_SUM, event->lost == 0 || self->contract == CONFLATE, "%s: an event with a loss", self->name);
    self->expected++;
}

static void receive(struct follower *self, const struct torc_event *event) {
    if (self->contract == PER_TYPE) {
        check_type(self, event);
    } else {
        check_next(self, event);
    }
    stress_verify(event->data, event->length, type_of(event->sequence), event->sequence);
    CHECK(event->type == type_of(event->sequence), "type %" PRIu32, event->type);
    /* The defect: what was conflated away is not always counted. */
    self->lost += stress_broken && self->contract == CONFLATE && self->came % 16 == 15 ? 0 : event->lost;
    stress_progress(++self->came);
}

static void be_lapped(struct follower *self, const struct torc_event *event) {
    CHECK(self->contract == LOSSY || self->contract == PER_TYPE || self->contract == EVICT, "%s is lapped", self->name);
    DETECT(STRESS_STATUS, self->contract != EVICT || self->evicted, "%s is lapped before it is evicted", self->name);
    self->lost += event->lost;
    self->expected += self->contract == PER_TYPE ? 0 : event->lost;
    self->laps++;
}

static void be_evicted(struct follower *self) {
    DETECT(STRESS_STATUS, (self->contract == EVICT || self->contract == LEAVE) && !self->evicted, "%s is evicted",
           self->name);
    self->evicted = true;
}

static void *follow(void *argument) {
    struct follower *self = argument;
    int status = TORC_OK;
    stress_doing("follows");
    while (status != TORC_CLOSED) {
        struct torc_event event;
        status = torc_next_until(self->reader, &event, TORC_FOREVER);
        if (status == TORC_OK) {
            receive(self, &event);
        } else if (status == TORC_LAPPED) {
            be_lapped(self, &event);
        } else if (status == TORC_EVICTED) {
            be_evicted(self);
        } else {
            CHECK(status == TORC_CLOSED, "%s: %s", self->name, torc_status_name(status));
        }
        stress_spin(&self->random, self->spin);
        if (self->absent != 0 && stress_below(&self->random, 256) == 0) {
            stress_spin(&self->random, self->absent);
        }
    }
    return NULL;
}

static void check_end(const struct follower *self, uint64_t events) {
    struct torc_reader_state state;
    bool left = self->contract == LEAVE && self->evicted;
    stress_say("%-8s %8" PRIu64 " came, %8" PRIu64 " lost, %6" PRIu64 " laps%s", self->name, self->came, self->lost,
               self->laps, self->evicted ? ", evicted" : "");
    DETECT(STRESS_SUM, left ? self->came + self->lost <= events : self->came + self->lost == events,
           "%s: %" PRIu64 " came, %" PRIu64 " lost, %" PRIu64 " published", self->name, self->came, self->lost, events);
    DETECT(STRESS_SUM, left || self->expected == events, "%s ended at %" PRIu64 " of %" PRIu64, self->name,
           self->expected, events);
    DETECT(STRESS_SUM, self->lost == 0 || (self->contract != GATE && self->contract != LEAVE), "%s lost something",
           self->name);
    if (!left) {
        OK(torc_reader_state(self->reader, &state));
        DETECT(STRESS_SUM, state.consumed == self->came && state.lost == self->lost && state.lag == 0,
               "%s: it says %" PRIu64 " came, %" PRIu64 " lost, %" PRIu64 " to come", self->name, state.consumed,
               state.lost, state.lag);
    }
}

/* --- a run ----------------------------------------------------------------------------------------------------------- */

static void run(uint64_t events, uint32_t lane_entries, size_t largest) {
    struct follower followers[] = {
        {"gate", GATE, {.policy = TORC_POLICY_GATE}, .spin = 4},
        {"oldest", LOSSY, {.policy = TORC_POLICY_LOSSY}, .spin = 500},
        {"newest", LOSSY, {.policy = TORC_POLICY_LOSSY, .resume = TORC_RESUME_NEWEST}, .spin = 2000, .absent = 20000},
        {"conflate", CONFLATE, {.policy = TORC_POLICY_CONFLATE}, .spin = 1000},
        {"types", PER_TYPE, {.policy = TORC_POLICY_CONFLATE, .conflate_types = TYPES}, .spin = 300, .absent = 5000},
        {"few", PER_TYPE, {.policy = TORC_POLICY_CONFLATE, .conflate_types = TYPES / 2}, .spin = 30},
        {"evict", EVICT, {.policy = TORC_POLICY_EVICT, .evict_after_ns = 50000}, .absent = 100000},
        {"leave",
         LEAVE,
         {.policy = TORC_POLICY_EVICT, .evicted = TORC_EVICTED_LEAVE, .evict_after_ns = 100000},
         .absent = 100000}};
    enum { FOLLOWERS = sizeof followers / sizeof followers[0] };
    struct torc_config config = stress_small(1, FOLLOWERS, lane_entries);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topic = stress_topic(bus, "policies");
    struct writing writing = {.publisher = stress_publisher(topic, TORC_WAIT_BLOCK, TORC_DRY_WAIT),
                              .events = stress_scaled(events),
                              .largest = largest};
    struct stress_thread *threads[FOLLOWERS];
    for (size_t i = 0; i < FOLLOWERS; i++) {
        followers[i].random = i + 1;
        OK(torc_reader_open(topic, &followers[i].config, &followers[i].reader));
    }
    for (size_t i = 0; i < FOLLOWERS; i++) {
        threads[i] = stress_spawn(followers[i].name, follow, &followers[i]);
    }
    (void)stress_join(stress_spawn("publisher", publish, &writing));
    OK(torc_bus_close(bus));
    for (size_t i = 0; i < FOLLOWERS; i++) {
        (void)stress_join(threads[i]);
    }
    for (size_t i = 0; i < FOLLOWERS; i++) {
        check_end(&followers[i], writing.events);
        OK(torc_reader_close(followers[i].reader));
    }
    stress_publisher_end(writing.publisher);
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv, "policies", STRESS_SUM, "a reader does not always count what was conflated away");
    run(200000, 1024, TORC_INLINE_BYTES);
    run(100000, 32, TORC_INLINE_BYTES);
    run(50000, 256, STRESS_LARGEST);
    run(20000, 16, STRESS_LARGEST);
    return stress_end();
}
