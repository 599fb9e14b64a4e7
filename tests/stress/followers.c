/* followers.c - see followers.h. */
#include "followers.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TYPES FOLLOWED_TYPES

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

/* --- publishing --------------------------------------------------------------------------------------------------- */

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

/* --- following ---------------------------------------------------------------------------------------------------- */

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

/* Who joins where it was is told first what it has missed. */
static void be_lapped(struct follower *self, const struct torc_event *event) {
    bool joining = self->missed != 0;
    CHECK(self->contract != GATE && self->contract != CONFLATE, "%s is lapped", self->name);
    DETECT(STRESS_STATUS, joining || self->evicted || (self->contract != EVICT && self->contract != LEAVE),
           "%s is lapped before it is evicted", self->name);
    DETECT(STRESS_SUM, self->evicted ? event->lost >= self->missed : !joining || event->lost == self->missed,
           "%s: lost %" PRIu64 " where %" PRIu64 " were missed", self->name, event->lost, self->missed);
    self->missed = 0;
    self->lost += event->lost;
    self->expected += self->contract == PER_TYPE ? 0 : event->lost;
    self->laps++;
}

static void be_evicted(struct follower *self) {
    DETECT(STRESS_STATUS, (self->contract == EVICT || self->contract == LEAVE) && !self->evicted, "%s is evicted",
           self->name);
    self->evicted = true;
    self->evictions++;
    self->patience = self->contract == LEAVE ? 0 : self->again;
}

/* Its books go on: it says where it was, and learns what it has missed since. */
static void join_again(struct follower *self) {
    struct torc_position at = {.sequence = self->expected, .lane = TORC_ONLY_LANE};
    struct torc_reader_config config = self->config;
    config.join = TORC_JOIN_AT;
    config.at = &at;
    config.at_count = 1;
    OK(torc_reader_close(self->reader));
    OK(torc_reader_open(self->topic, &config, &self->reader));
    DETECT(STRESS_SUM, at.sequence == self->expected + at.missed, "%s: joins at %" PRIu64 " for %" PRIu64, self->name,
           at.sequence, self->expected);
    self->missed = at.missed;
    self->before = self->came;
    self->lost_before = self->lost;
    self->evicted = false;
}

static void dawdle(struct follower *self) {
    stress_spin(&self->random, self->spin);
    if (self->absent != 0 && stress_below(&self->random, self->seldom == 0 ? 256 : self->seldom) == 0) {
        stress_spin(&self->random, self->absent);
    }
}

static void *follow(void *argument) {
    struct follower *self = argument;
    int status = TORC_OK;
    stress_doing("follows");
    while (status != TORC_CLOSED) {
        struct torc_event event;
        if (self->again != 0 && self->evicted && self->patience-- == 0) {
            join_again(self);
        }
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
        dawdle(self);
    }
    return NULL;
}

static void check_end(const struct follower *self, uint64_t events) {
    struct torc_reader_state state;
    bool left = self->contract == LEAVE && self->evicted;
    stress_say("%-8s %8" PRIu64 " came, %8" PRIu64 " lost, %6" PRIu64 " laps, evicted %" PRIu64 " times", self->name,
               self->came, self->lost, self->laps, self->evictions);
    DETECT(STRESS_SUM, left ? self->came + self->lost <= events : self->came + self->lost == events,
           "%s: %" PRIu64 " came, %" PRIu64 " lost, %" PRIu64 " published", self->name, self->came, self->lost, events);
    DETECT(STRESS_SUM, left || self->expected == events, "%s ended at %" PRIu64 " of %" PRIu64, self->name,
           self->expected, events);
    DETECT(STRESS_SUM, self->lost == 0 || (self->contract != GATE && (self->contract != LEAVE || self->again != 0)),
           "%s lost something", self->name);
    if (!left) {
        OK(torc_reader_state(self->reader, &state));
        DETECT(STRESS_SUM,
               state.consumed == self->came - self->before && state.lost == self->lost - self->lost_before &&
                   state.lag == 0,
               "%s: it says %" PRIu64 " came, %" PRIu64 " lost, %" PRIu64 " to come", self->name, state.consumed,
               state.lost, state.lag);
    }
}

void follow_all(struct follower *followers, uint32_t count, uint64_t events, uint32_t lane_entries, size_t largest,
                uint32_t inline_bytes) {
    struct torc_config config = stress_small(1, count, lane_entries);
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct writing writing = {.events = events, .largest = largest};
    struct stress_thread *threads[16];
    CHECK(count <= sizeof threads / sizeof threads[0], "too many");
    config.inline_bytes = inline_bytes;
    bus = stress_bus(&config);
    topic = stress_topic(bus, "policies");
    writing.publisher = stress_publisher(topic, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    for (uint32_t i = 0; i < count; i++) {
        followers[i].random = i + 1;
        followers[i].topic = topic;
        OK(torc_reader_open(topic, &followers[i].config, &followers[i].reader));
    }
    for (uint32_t i = 0; i < count; i++) {
        threads[i] = stress_spawn(followers[i].name, follow, &followers[i]);
    }
    (void)stress_join(stress_spawn("publisher", publish, &writing));
    OK(torc_bus_close(bus));
    for (uint32_t i = 0; i < count; i++) {
        (void)stress_join(threads[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        check_end(&followers[i], writing.events);
        OK(torc_reader_close(followers[i].reader));
    }
    stress_publisher_end(writing.publisher);
    stress_bus_end(bus);
}
