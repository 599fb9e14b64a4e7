/* lent_copies.c - everything at once on a bus with an XXL area: a publisher that lends an arena's buffers, claims in
 * place, aborts, publishes singly and in batches, and now and then closes and opens again; a LOSSY reader, a CONFLATE
 * reader and an EVICT reader that stops for a while, coming and going; a fourth thread releases what they kept. What is
 * read is whole, what is not was told, nothing leaks, and the books of the area agree. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>
#include <string.h>

enum { LARGEST = 24000, STORE = 1 << 20, KEPT = 32, READERS = 3, AUTHOR = 5 };

static struct torc_topic *topic;
static uint64_t rounds;
static atomic_bool over;

/* From each reader to the releaser. */
static struct kept {
    struct torc_ringptr ptr[KEPT];
    atomic_uint_fast64_t given, taken;
    atomic_bool done;
    uint64_t stays;
} kept[READERS];

/* The broken variant damages the event of this number; a reader that waits for that looks only then, and cannot be
 * overtaken. */
enum { DAMAGED = 100 };
static atomic_bool damaged;

static atomic_uint joined;
static uint64_t published, met[READERS], lost[READERS], evictions[READERS];

/* --- the publisher ------------------------------------------------------------------------------------------- */

static void lend(struct torc_publisher *publisher, struct torc_arena *arena, size_t size, uint64_t number) {
    struct torc_buffer buffer, copy;
    int status;
    while ((status = torc_arena_alloc(arena, size, &buffer)) == TORC_POOL_DRY) {
        (void)sched_yield();
    }
    OK(status);
    stress_fill(buffer.data, size, AUTHOR, number);
    CHECK(torc_buffer_advance(&buffer, size) == size, "short");
    copy = buffer;
    OK(torc_publish_arena(publisher, AUTHOR, &buffer));
    if (stress_broken && number == DAMAGED) { /* the defect: written to after it was published */
        copy.data[size - 1] ^= 0xFF;
        atomic_store(&damaged, true);
    }
}

static void claim(struct torc_publisher *publisher, uint64_t *random, size_t size, uint64_t number) {
    struct torc_claim claims[3];
    int taken = torc_try_claim_batch(publisher, AUTHOR, size, claims, (size_t)(1 + stress_below(random, 3)));
    for (int i = 0; i < taken; i++) {
        bool give_up = stress_below(random, 3) == 0;
        stress_fill(claims[i].data, size, AUTHOR, number);
        OK(give_up ? torc_abort(publisher, &claims[i]) : torc_commit(publisher, &claims[i]));
        published += !give_up;
    }
    CHECK(taken > 0 || taken == TORC_WOULD_BLOCK, "%s", torc_status_name(taken));
}

static void batch(struct torc_publisher *publisher, uint64_t *random, uint64_t number) {
    static unsigned char bytes[5][LARGEST];
    struct torc_message messages[5];
    size_t done = 0;
    for (size_t i = 0; i < 5; i++) {
        size_t size = STRESS_TAG + stress_size(random, i % 2 == 0 ? 30 : 2000);
        stress_fill(bytes[i], size, AUTHOR, number);
        messages[i] = (struct torc_message){bytes[i], size, AUTHOR};
    }
    OK(torc_publish_batch(publisher, messages, 5, &done));
    published += done;
}

static void *publish(void *argument) {
    static unsigned char bytes[LARGEST];
    struct torc_arena *arena = argument;
    struct torc_publisher *publisher = stress_publisher(topic, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    uint64_t random = 3;
    OK(torc_arena_adopt(arena));
    while (atomic_load(&joined) < READERS) {
        (void)sched_yield();
    }
    for (uint64_t i = 0; i < rounds; i++) {
        size_t size = STRESS_TAG + stress_size(&random, LARGEST - STRESS_TAG);
        uint64_t what = stress_broken && i == DAMAGED ? 0 : stress_below(&random, 8);
        if (what < 3) {
            lend(publisher, arena, size, i);
            published++;
        } else if (what < 5) {
            claim(publisher, &random, size, i);
        } else if (what < 7) {
            stress_fill(bytes, size, AUTHOR, i);
            OK(torc_publish(publisher, AUTHOR, bytes, size));
            published++;
        } else {
            batch(publisher, &random, i);
        }
        if (stress_below(&random, 200) == 0) {
            struct torc_claim open;
            (void)torc_try_claim(publisher, AUTHOR, size, &open); /* closing aborts it */
            stress_publisher_end(publisher);
            publisher = stress_publisher(topic, TORC_WAIT_BLOCK, TORC_DRY_WAIT);
        }
        stress_spin(&random, 300);
        stress_progress(i);
    }
    stress_publisher_end(publisher);
    return NULL;
}

/* --- readers --------------------------------------------------------------------------------------------------- */

/* The damaged event was lent in one piece, behind nothing that waits: the damage is done whatever this reader does. */
static void await_damage(const struct torc_event *event) {
    uint64_t number;
    memcpy(&number, event->data, sizeof number); /* the tag begins with it */
    while (number >= DAMAGED && !atomic_load(&damaged)) {
        (void)sched_yield();
    }
}

static void verify(const struct torc_event *event) {
    DETECT(STRESS_PAYLOAD, event->length >= STRESS_TAG && event->type == AUTHOR, "event of %zu bytes", event->length);
    (void)stress_verify_tagged(event->data, event->length, AUTHOR);
}

static void keep(struct torc_reader *reader, const struct torc_event *event, struct kept *mine) {
    uint64_t at = atomic_load(&mine->given);
    struct torc_ringptr ptr;
    if (at - atomic_load(&mine->taken) == KEPT || torc_keep(reader, event, &ptr) != TORC_OK) {
        return;
    }
    mine->ptr[at % KEPT] = ptr;
    atomic_store(&mine->given, at + 1);
}

static bool gates(uint64_t which) {
    return stress_broken && which == 0;
}

/* The first EVICT reader is waited for: so at least one meets what the publisher writes. */
static struct torc_reader *join(uint64_t which, uint64_t *random) {
    static const uint64_t patience[3] = {0, 100000, 1000000000};
    struct torc_reader_config config = {.policy = (enum torc_policy)(TORC_POLICY_LOSSY + which),
                                        .join = (enum torc_join)stress_below(random, 2),
                                        .resume = (enum torc_resume)stress_below(random, 2),
                                        .evicted = (enum torc_evicted)stress_below(random, 2),
                                        .evict_after_ns =
                                            patience[kept[which].stays++ == 0 ? 2 : stress_below(random, 3)]};
    if (gates(which)) {
        config = (struct torc_reader_config){.policy = TORC_POLICY_GATE};
    }
    struct torc_reader *reader = NULL;
    int status = torc_reader_open(topic, &config, &reader);
    CHECK(status == TORC_OK || status == TORC_CLOSED, "%s", torc_status_name(status));
    atomic_fetch_add(&joined, 1);
    return reader;
}

/* One stay; false when the bus is closed. */
static bool stay(struct torc_reader *reader, uint64_t which, uint64_t *random) {
    uint64_t most = gates(which) ? UINT64_MAX : stress_below(random, 3000);
    struct torc_event event;
    for (uint64_t i = 0; i < most; i++) {
        int status = torc_next_until(reader, &event, TORC_FOREVER);
        if (status == TORC_CLOSED) {
            return false;
        }
        evictions[which] += status == TORC_EVICTED;
        lost[which] += event.lost;
        if (status != TORC_OK) {
            CHECK(status == TORC_LAPPED || status == TORC_EVICTED, "%s", torc_status_name(status));
            continue;
        }
        met[which]++;
        if (gates(which)) {
            await_damage(&event);
        }
        if (stress_below(random, 300) == 0) {
            stress_spin(random, 100000); /* lapped or evicted with the event in hand */
        }
        verify(&event);
        if (stress_below(random, 5) == 0) {
            keep(reader, &event, &kept[which]);
        }
        if (stress_below(random, 50) == 0 && torc_wait_readable(reader, TORC_NO_WAIT) == TORC_OK) {
            struct torc_ringptr none;
            CHECK(torc_keep(reader, &event, &none) == TORC_INVALID, "a borrow that has ended was kept");
        }
    }
    return true;
}

static void *read_all(void *argument) {
    uint64_t which = (uint64_t)(uintptr_t)argument, random = which + 11;
    struct torc_reader *reader;
    while (!atomic_load(&over) && (reader = join(which, &random)) != NULL) {
        (void)stay(reader, which, &random);
        OK(torc_reader_close(reader));
    }
    atomic_store(&kept[which].done, true);
    return NULL;
}

static bool release_one(struct kept *from) {
    uint64_t at = atomic_load(&from->taken);
    struct torc_ringptr ptr;
    if (atomic_load(&from->given) == at) {
        return false;
    }
    ptr = from->ptr[at % KEPT];
    (void)stress_verify_tagged(torc_ringptr_data(ptr), torc_ringptr_length(ptr), AUTHOR);
    OK(torc_ringptr_release(ptr));
    atomic_store(&from->taken, at + 1);
    return true;
}

static void *release_kept(void *argument) {
    bool done = false;
    (void)argument;
    while (!done) {
        bool any = false;
        done = true;
        for (int i = 0; i < READERS; i++) {
            done = done && atomic_load(&kept[i].done);
        }
        for (int i = 0; i < READERS; i++) {
            any = release_one(&kept[i]) || any;
        }
        done = done && !any;
        if (!any) {
            (void)sched_yield();
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(1, READERS, 64);
    struct stress_thread *publishing, *reading[READERS], *releasing;
    struct torc_arena *arena;
    struct torc_bus *bus;
    uint64_t out = 0;
    stress_begin(argc, argv, "lent_copies", STRESS_PAYLOAD, "a buffer is written to after it was published");
    rounds = stress_scaled(200000);
    config.xxl = 200;
    config.xxl_bytes = 1 << 20;
    bus = stress_bus(&config);
    topic = stress_topic(bus, "all");
    OK(torc_arena_create(STORE, &arena));
    releasing = stress_spawn("releaser", release_kept, NULL);
    for (uint64_t i = 0; i < READERS; i++) {
        reading[i] = stress_spawn("reader", read_all, (void *)(uintptr_t)i);
    }
    publishing = stress_spawn("publisher", publish, arena);
    (void)stress_join(publishing);
    OK(torc_bus_close(bus));
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++) {
        (void)stress_join(reading[i]);
    }
    (void)stress_join(releasing);
    stress_audit(bus, true);
    stress_bus_end(bus);
    OK(torc_arena_adopt(arena));
    DETECT(STRESS_SUM, torc_arena_destroy(&arena, TORC_NO_WAIT, &out) == TORC_OK, "%" PRIu64 " buffers are out", out);
    stress_say("%" PRIu64 " published; lossy met %" PRIu64 " and lost %" PRIu64 ", conflating %" PRIu64 " and %" PRIu64
               ", evicted %" PRIu64 " times %" PRIu64 " and %" PRIu64,
               published, met[0], lost[0], met[1], lost[1], evictions[2], met[2], lost[2]);
    return stress_end();
}
