/* xxl_area.c - events above 16 KiB through an area of the bus that holds a handful of them: one publisher allocates,
 * two readers and their handles give back from two other threads at the same time, in no order. Every block is checked
 * by whoever releases it; at the end the whole area is one piece again. */
#include "engine.h"
#include <inttypes.h>

/* Four handles at most are out, of 40000 bytes at most: what is free is in five pieces at most, one of which has room
 * for the next event, or the publisher would wait for ever. */
enum { EVENTS = 20000, KEPT = 2, READERS = 2, AREA = 400000 };

struct kept {
    struct torc_ringptr ptr;
    uint64_t sequence;
};

struct end {
    struct torc_reader *reader;
    struct kept kept[KEPT];
    uint64_t random;
    uint64_t keeps;
    struct stress_seen seen;
    uint32_t author;
    uint64_t events;
};

struct run {
    struct stress_writer writer;
    uint64_t events;
    uint64_t random;
    struct end end[READERS];
};

static size_t some_size(uint64_t *random) {
    return TORC_XL_BYTES + 1 + (size_t)stress_below(random, STRESS_LARGEST - TORC_XL_BYTES);
}

static void *publish(void *argument) {
    struct run *run = argument;
    for (uint64_t i = 0; i < run->events; i++) {
        stress_write(&run->writer, some_size(&run->random));
    }
    return NULL;
}

static void give_back(struct end *end, struct kept *kept) {
    if (torc_ringptr_is_null(kept->ptr)) {
        return;
    }
    CHECK(torc_ringptr_is_valid(kept->ptr), "the handle of sequence %" PRIu64 " is not alive any more", kept->sequence);
    stress_verify(torc_ringptr_data(kept->ptr), torc_ringptr_length(kept->ptr), end->author, kept->sequence);
    OK(torc_ringptr_release(kept->ptr));
    kept->ptr = TORC_RINGPTR_NULL;
}

/* Keeps about every second event, in a place that another handle may have to leave. */
static enum torc_action read_one(void *context, const struct torc_event *event) {
    struct end *end = context;
    struct kept *kept = &end->kept[stress_below(&end->random, KEPT)];
    stress_see(&end->seen, event);
    if (stress_below(&end->random, 2) == 0) {
        return TORC_CONTINUE;
    }
    give_back(end, kept);
    OK(torc_keep(end->reader, event, &kept->ptr));
    kept->sequence = event->sequence;
    end->keeps++;
    return TORC_CONTINUE;
}

static void *read_events(void *argument) {
    struct end *end = argument;
    while (end->seen.sum.events < end->events) {
        int status;
        stress_doing("polls");
        status = torc_poll_until(end->reader, read_one, end, 2, TORC_FOREVER);
        CHECK(status > 0, "%s", torc_status_name(status));
    }
    for (size_t i = 0; i < KEPT; i++) {
        give_back(end, &end->kept[i]);
    }
    return NULL;
}

/* Only if everything came back, and was merged, does the largest event of all fit. */
static void area_is_whole(struct stress_writer *writer) {
    struct torc_ringptr ptr;
    int status;
    if (stress_broken) {
        OK(torc_ringptr_claim(writer->publisher, 1, TORC_XL_BYTES + 1, &ptr, NULL)); /* the defect: never given back */
    }
    status = torc_ringptr_claim_until(writer->publisher, 1, AREA, TORC_NO_WAIT, &ptr, NULL);
    DETECT(STRESS_SUM, status == TORC_OK, "the area is not one piece: %s", torc_status_name(status));
    OK(torc_ringptr_release(ptr));
}

int main(int argc, char **argv) {
    struct torc_config config = stress_small(1, READERS, 64);
    struct stress_thread *reading[READERS];
    struct stress_thread *publishing;
    struct torc_topic *topic;
    struct torc_bus *bus;
    static struct run run;
    stress_begin(argc, argv, "xxl_area", STRESS_SUM, "a handle is never given back");
    config.xxl = 24;
    config.xxl_bytes = AREA;
    bus = stress_bus(&config);
    topic = stress_topic(bus, "xxl");
    run.events = stress_scaled(EVENTS);
    run.random = 1;
    for (uint32_t i = 0; i < READERS; i++) {
        run.end[i] = (struct end){.random = i + 2, .events = run.events, .seen = {.from_start = true}};
        run.end[i].reader = stress_reader(topic, TORC_WAIT_BLOCK, TORC_JOIN_NEXT);
    }
    stress_writer_open(&run.writer, topic, TORC_WAIT_BLOCK);
    run.end[0].author = run.end[1].author = run.writer.author;
    for (uint32_t i = 0; i < READERS; i++) {
        reading[i] = stress_spawn("reader", read_events, &run.end[i]);
    }
    publishing = stress_spawn("publisher", publish, &run);
    (void)stress_join(publishing);
    for (uint32_t i = 0; i < READERS; i++) {
        (void)stress_join(reading[i]);
        stress_same(&run.writer.sum, &run.end[i].seen.sum, "reader");
        stress_reader_end(run.end[i].reader);
    }
    area_is_whole(&run.writer);
    stress_say("%" PRIu64 " events through %d bytes, %" PRIu64 " kept", run.events, AREA,
               run.end[0].keeps + run.end[1].keeps);
    stress_writer_end(&run.writer);
    stress_bus_end(bus);
    return stress_end();
}
