/* seek.c - readers join and seek, at NEXT, OLDEST, LAST and AT, while two publishers run at full rate.
 *
 * The first sequence of every lane is exactly what was asked for, or what was reported instead; never from before what
 * was whole, never later than what was there; and from it on nothing is missing, nothing is torn, and what a copying
 * reader loses is counted to the last one. */
#include "engine.h"
#include <inttypes.h>
#include <string.h>

enum { WRITERS = 2, SEEKERS = 4, ENTRIES = 128 };

struct source {
    struct stress_writer writer;
    uint32_t lane;
    bool small;
    atomic_uint_fast64_t begun;     /* sequences whose publish has begun */
    atomic_uint_fast64_t published; /* sequences whose publish has returned */
};

static struct source sources[WRITERS];
static struct torc_topic *topic;
static atomic_bool enough;
static atomic_uint_fast64_t total_moves, total_missed, total_ahead, total_events, total_lost;

/* Small events by copy take no slots, whoever reads, so that half a lane of history is always whole. */
static void write_small(struct stress_writer *writer) {
    size_t size = (size_t)stress_below(&writer->random, TORC_INLINE_BYTES + 1);
    stress_fill(writer->scratch, size, writer->author, writer->next);
    OK(torc_publish(writer->publisher, writer->author, writer->scratch, size));
    stress_add(&writer->sum, writer->author, writer->next++, size);
}

static void *publish(void *argument) {
    struct source *source = argument;
    stress_doing("publishes");
    while (!atomic_load_explicit(&enough, memory_order_relaxed)) {
        atomic_store(&source->begun, source->writer.next + 1);
        if (source->small) {
            write_small(&source->writer);
        } else {
            stress_write(&source->writer, stress_size(&source->writer.random, TORC_M_BYTES));
        }
        atomic_store(&source->published, source->writer.next);
    }
    return NULL;
}

/* One reader, and what it was told about its latest move, by source. */
struct seeker {
    struct torc_reader *reader;
    enum torc_policy policy;
    uint64_t random;
    enum torc_join join;
    uint64_t last;
    struct torc_position at[WRITERS];
    uint64_t asked[WRITERS];
    uint64_t before[WRITERS], after[WRITERS]; /* what was published then */
    uint64_t next[WRITERS];                   /* what must come, or be lost, next */
};

static size_t source_of(uint32_t lane) {
    size_t i = 0;
    while (i < WRITERS && sources[i].lane != lane) {
        i++;
    }
    CHECK(i < WRITERS, "lane %" PRIu32, lane);
    return i;
}

/* --- a move ------------------------------------------------------------------------------------------------------- */

/* Somewhere between what is long gone and what will be published soon. */
static void choose(struct seeker *self) {
    self->join = stress_broken ? TORC_JOIN_AT : (enum torc_join)stress_below(&self->random, 4);
    self->last = stress_below(&self->random, 2 * ENTRIES);
    for (size_t i = 0; i < WRITERS; i++) {
        uint64_t now = atomic_load(&sources[i].published), back = stress_below(&self->random, 3 * ENTRIES);
        uint64_t base = sources[i].writer.base;
        self->asked[i] = now + ENTRIES / 2 < base + back ? base : now + ENTRIES / 2 - back;
        self->at[i] = (struct torc_position){.sequence = self->asked[i] + (stress_broken ? 1 : 0)};
        self->at[i].lane = sources[i].lane;
        self->before[i] = now;
    }
}

static void move(struct seeker *self) {
    struct torc_reader_config config = {.wait = stress_waits[stress_below(&self->random, 4)],
                                        .join = self->join,
                                        .policy = self->policy,
                                        .evict_after_ns = 1000000,
                                        .last = self->last,
                                        .at = self->at,
                                        .at_count = WRITERS};
    bool fresh = self->reader == NULL || stress_below(&self->random, 4) == 0;
    if (fresh) {
        stress_doing("joins");
        if (self->reader != NULL) {
            OK(torc_reader_close(self->reader));
        }
        OK(torc_reader_open(topic, &config, &self->reader));
    } else if (self->join == TORC_JOIN_AT) {
        stress_doing("seeks to a place");
        OK(torc_reader_seek_at(self->reader, self->at, WRITERS));
    } else {
        stress_doing("seeks");
        OK(torc_reader_seek(self->reader, self->join, self->last));
    }
    for (size_t i = 0; i < WRITERS; i++) {
        self->after[i] = atomic_load(&sources[i].begun);
    }
}

static void check_at(const struct seeker *self, size_t i, uint64_t first) {
    DETECT(STRESS_ORDER, first == self->asked[i] + self->at[i].missed,
           "asked for %" PRIu64 ", begins at %" PRIu64 " with %" PRIu64 " missed", self->asked[i], first,
           self->at[i].missed);
    CHECK(first == self->at[i].sequence, "told %" PRIu64 ", is at %" PRIu64, self->at[i].sequence, first);
    CHECK(self->at[i].missed == 0 || first <= self->after[i], "missed what is to come");
    atomic_fetch_add(&total_missed, self->at[i].missed);
    atomic_fetch_add(&total_ahead, first > self->after[i] ? 1 : 0);
}

static void check_place(const struct seeker *self, size_t i, uint64_t first) {
    uint64_t before = self->before[i], after = self->after[i], last = self->last;
    uint64_t reach = self->join == TORC_JOIN_LAST && last < ENTRIES ? last : ENTRIES;
    if (self->join == TORC_JOIN_AT) {
        check_at(self, i, first);
        return;
    }
    if (self->join == TORC_JOIN_NEXT) {
        reach = 0;
    }
    DETECT(STRESS_ORDER, first + reach >= before && first <= after,
           "join %d of %" PRIu64 ": begins at %" PRIu64 ", between %" PRIu64 " and %" PRIu64 " were published",
           (int)self->join, last, first, before, after);
    if (self->join == TORC_JOIN_LAST && sources[i].small && last < ENTRIES / 2 - 1 && last <= before) {
        DETECT(STRESS_ORDER, first + last <= after, "only %" PRIu64 " of the last %" PRIu64, after - first, last);
    }
}

/* --- what comes after it ------------------------------------------------------------------------------------------ */

static void lose(struct seeker *self, size_t i, uint64_t lost) {
    CHECK(self->policy != TORC_POLICY_GATE, "a GATE reader lost %" PRIu64, lost);
    self->next[i] += lost;
    atomic_fetch_add(&total_lost, lost);
}

static bool take(struct seeker *self) {
    struct torc_event event;
    int status = torc_next_until(self->reader, &event, TORC_FOREVER);
    size_t i;
    if (status == TORC_EVICTED) {
        return true;
    }
    CHECK(status == TORC_OK || status == TORC_LAPPED, "%s", torc_status_name(status));
    i = source_of(event.lane);
    if (event.lost != 0) {
        lose(self, i, event.lost);
    }
    if (status == TORC_OK) {
        DETECT(STRESS_ORDER, event.sequence == self->next[i], "%" PRIu64 " where %" PRIu64 " is due", event.sequence,
               self->next[i]);
        stress_verify(event.data, event.length, sources[i].writer.author, event.sequence);
        self->next[i]++;
        atomic_fetch_add(&total_events, 1);
    }
    return status == TORC_OK;
}

static void *seek_again(void *argument) {
    struct seeker self = {.policy = (enum torc_policy)(uintptr_t)argument, .random = (uint64_t)(uintptr_t)argument + 1};
    uint64_t rounds = stress_scaled(400);
    for (uint64_t round = 0; round < rounds; round++) {
        struct torc_position places[WRITERS];
        uint64_t events = stress_below(&self.random, stress_below(&self.random, 8) == 0 ? 1000 : 60);
        choose(&self);
        move(&self);
        CHECK(torc_reader_tell(self.reader, places, WRITERS) == WRITERS, "it follows both lanes");
        for (size_t i = 0; i < WRITERS; i++) {
            size_t source = source_of(places[i].lane);
            check_place(&self, source, places[i].sequence);
            self.next[source] = places[i].sequence - places[i].missed;
        }
        stress_doing("reads from there");
        for (uint64_t taken = 0; taken < events; taken++) {
            (void)take(&self);
        }
        stress_progress(round + 1);
        atomic_fetch_add(&total_moves, 1);
    }
    OK(torc_reader_close(self.reader));
    return NULL;
}

static void run(void) {
    struct stress_thread *publishing[WRITERS], *seeking[SEEKERS];
    for (size_t i = 0; i < WRITERS; i++) {
        publishing[i] = stress_spawn("publisher", publish, &sources[i]);
    }
    for (size_t i = 0; i < SEEKERS; i++) {
        seeking[i] = stress_spawn("seeker", seek_again, (void *)(uintptr_t)i);
    }
    stress_doing("joins the seekers");
    for (size_t i = 0; i < SEEKERS; i++) {
        (void)stress_join(seeking[i]);
    }
    atomic_store(&enough, true);
    stress_doing("joins the publishers");
    for (size_t i = 0; i < WRITERS; i++) {
        (void)stress_join(publishing[i]);
    }
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(WRITERS, SEEKERS, ENTRIES);
    struct torc_bus *bus;
    stress_begin(argc, argv, "seek", STRESS_ORDER, "a reader is sent one sequence further than was asked for");
    bus = stress_bus(&config);
    topic = stress_topic(bus, "seek");
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_open(&sources[i].writer, topic, stress_waits[i]);
        sources[i].lane = torc_publisher_lane(sources[i].writer.publisher);
        sources[i].small = i == 0;
        atomic_store(&sources[i].begun, sources[i].writer.base);
        atomic_store(&sources[i].published, sources[i].writer.base);
    }
    run();
    stress_say("%" PRIuFAST64 " joins and seeks while %" PRIu64 " and %" PRIu64 " events were published; %" PRIuFAST64
               " sequences were gone, %" PRIuFAST64 " lanes entered ahead of time; %" PRIuFAST64
               " events came, %" PRIuFAST64 " were lost by copying readers",
               atomic_load(&total_moves), sources[0].writer.sum.events, sources[1].writer.sum.events,
               atomic_load(&total_missed), atomic_load(&total_ahead), atomic_load(&total_events),
               atomic_load(&total_lost));
    for (size_t i = 0; i < WRITERS; i++) {
        stress_writer_end(&sources[i].writer);
    }
    stress_bus_end(bus);
    return stress_end();
}
