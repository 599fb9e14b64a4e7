/* arena_publish.c - a publisher writes its events in extendable buffers of an arena and publishes them without a copy;
 * a reader checks them where they were written and keeps some; a third thread checks and releases the kept handles
 * later. At the end the bus is quiet and the arena has nothing out. */
#include "engine.h"
#include <inttypes.h>
#include <sched.h>

enum { LARGEST = 40000, STORE = 4 << 20, KEPT = 64, AUTHOR = 3 };

static struct torc_reader *reader;
static struct torc_publisher *publisher;
static uint64_t events;

/* From the reader to the releaser. */
static struct torc_ringptr kept[KEPT];
static atomic_uint_fast64_t given, taken;
static atomic_bool ended;

/* The broken variant damages one event in the middle; its reader looks only once that is done. */
static atomic_bool damaged;

static uint64_t seen, kept_in_all;

static size_t size_of(uint64_t sequence) {
    uint64_t random = sequence * 2654435761u + 1;
    return STRESS_TAG + stress_size(&random, LARGEST - STRESS_TAG);
}

static void write_message(struct torc_arena *arena, uint64_t sequence, struct torc_buffer *buffer) {
    static unsigned char bytes[LARGEST];
    size_t size = size_of(sequence), written = 0;
    struct torc_extendable message;
    int status;
    stress_fill(bytes, size, AUTHOR, sequence);
    while ((status = torc_arena_open(arena, 64, &message)) == TORC_POOL_DRY) {
        (void)sched_yield();
    }
    OK(status);
    while (written < size) {
        size_t piece = size - written < 1000 ? size - written : 1000;
        size_t done = torc_extend_write(&message, bytes + written, piece);
        written += done;
        if (done == 0) {
            (void)sched_yield(); /* clogged: readers and handles must give something back */
        }
    }
    OK(torc_extend_finish(&message, buffer));
}

static void *publish(void *argument) {
    struct torc_arena *arena = argument;
    OK(torc_arena_adopt(arena));
    for (uint64_t i = 0; i < events; i++) {
        struct torc_buffer buffer, copy;
        write_message(arena, i, &buffer);
        copy = buffer;
        OK(torc_publish_arena(publisher, AUTHOR, &buffer));
        if (stress_broken && i == events / 2) { /* the defect: written to after it was published */
            copy.data[copy.length - 1] ^= 0xFF;
            atomic_store(&damaged, true);
        }
        stress_progress(i);
    }
    return NULL;
}

static void keep(const struct torc_event *event) {
    uint64_t at = atomic_load(&given);
    while (at - atomic_load(&taken) == KEPT) {
        (void)sched_yield();
    }
    OK(torc_keep(reader, event, &kept[at % KEPT]));
    atomic_store(&given, at + 1);
    kept_in_all++;
}

static enum torc_action see(void *context, const struct torc_event *event) {
    (void)context;
    while (stress_broken && event->sequence == events / 2 && !atomic_load(&damaged)) {
        (void)sched_yield();
    }
    DETECT(STRESS_ORDER, event->sequence == seen && event->length == size_of(seen), "event %" PRIu64 " of %zu bytes",
           event->sequence, event->length);
    DETECT(STRESS_PAYLOAD, stress_match(event->data, event->length, AUTHOR, seen), "event %" PRIu64 " is damaged",
           seen);
    seen++;
    if (event->sequence % 7 == 0) {
        keep(event);
    }
    return TORC_CONTINUE;
}

static void *read_all(void *argument) {
    int status;
    (void)argument;
    while ((status = torc_poll_until(reader, see, NULL, 16, TORC_FOREVER)) > 0) {
    }
    CHECK(status == TORC_CLOSED, "%s", torc_status_name(status));
    atomic_store(&ended, true);
    return NULL;
}

static void *release_kept(void *argument) {
    uint64_t random = 9;
    (void)argument;
    for (uint64_t at = 0;; at++) {
        struct torc_ringptr *ptr = &kept[at % KEPT];
        while (atomic_load(&given) == at) {
            if (atomic_load(&ended) && atomic_load(&given) == at) {
                return NULL;
            }
            (void)sched_yield();
        }
        stress_spin(&random, 2000);
        DETECT(STRESS_PAYLOAD, stress_match(torc_ringptr_data(*ptr), torc_ringptr_length(*ptr), AUTHOR, at * 7),
               "kept event %" PRIu64 " is damaged", at * 7);
        OK(torc_ringptr_release(*ptr));
        atomic_store(&taken, at + 1);
    }
}

int main(int argc, char **argv) {
    struct torc_config config = TORC_CONFIG_DEFAULT_INIT;
    struct stress_thread *publishing, *reading, *releasing;
    struct torc_arena *arena;
    struct torc_bus *bus;
    uint64_t out = 0;
    stress_begin(argc, argv, "arena_publish", STRESS_PAYLOAD, "a buffer is written to after it was published");
    events = stress_scaled(100000);
    config.xxl = 256;
    bus = stress_bus(&config);
    reader = stress_reader(stress_topic(bus, "messages"), TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    publisher = stress_publisher(stress_topic(bus, "messages"), TORC_WAIT_BLOCK, TORC_DRY_WAIT);
    OK(torc_arena_create(STORE, &arena));
    reading = stress_spawn("reader", read_all, NULL);
    releasing = stress_spawn("releaser", release_kept, NULL);
    publishing = stress_spawn("publisher", publish, arena);
    (void)stress_join(publishing);
    OK(torc_bus_close(bus));
    (void)stress_join(reading);
    (void)stress_join(releasing);
    DETECT(STRESS_SUM, seen == events, "%" PRIu64 " of %" PRIu64 " events were seen", seen, events);
    stress_publisher_end(publisher);
    stress_reader_end(reader);
    stress_bus_end(bus);
    OK(torc_arena_adopt(arena));
    DETECT(STRESS_SUM, torc_arena_is_valid(arena) == TORC_OK, "the guards do not lead through the store");
    DETECT(STRESS_SUM, torc_arena_destroy(&arena, TORC_NO_WAIT, &out) == TORC_OK, "%" PRIu64 " buffers are out", out);
    stress_say("%" PRIu64 " events, %" PRIu64 " kept", events, kept_in_all);
    return stress_end();
}
