/* demo.c - `torc demo`: the life of one event of each size, told from the live bus. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <torc.h>

#include "cmd.h"

struct demo {
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    unsigned char *payload;
    uint64_t told; /* events whose story is over */
};

#define LARGEST ((size_t)1 << 20)

static const char *const shirt_names[] = {"XS", "S", "M", "L", "XL", "XXL"};

static bool check(const char *what, int status) {
    if (status < 0) {
        complain("%s: %s", what, torc_strerror(status));
    }
    return status >= 0;
}

static bool demo_open(struct demo *demo) {
    demo->payload = malloc(LARGEST);
    if (demo->payload == NULL) {
        return check("payload", TORC_NO_MEMORY);
    }
    memset(demo->payload, 't', LARGEST);
    return check("bus", torc_bus_create(NULL, &demo->bus)) &&
           check("topic", torc_topic_open(demo->bus, "story", 0, &demo->topic)) &&
           check("reader", torc_reader_open(demo->topic, NULL, &demo->reader)) &&
           check("publisher", torc_publisher_open(demo->topic, NULL, &demo->publisher));
}

static bool tell_beginning(const struct demo *demo) {
    struct torc_bus_stats stats;
    if (!check("figures", torc_bus_stats(demo->bus, &stats))) {
        return false;
    }
    printf("A bus of %zu bytes, all taken at once: topic '%s', %" PRIu32 " publisher, %" PRIu32 " reader.\n",
           stats.bytes, torc_topic_name(demo->topic), stats.publishers, stats.readers);
    printf("One event of each size goes from publish to the last release:\n\n");
    return true;
}

/* The first line of an event's story: published and met by the reader. */
static void tell_travel(const struct torc_event *event, struct torc_ringptr mine) {
    int shirt = torc_ringptr_shirt(mine);
    const char *name = shirt >= 0 && shirt <= TORC_XXL ? shirt_names[shirt] : "?";
    if (event->slot == 0) {
        printf("%7zu B  published as sequence %" PRIu64 ", inline in its entry; keep copied it to an %s slot\n",
               event->length, event->sequence, name);
    } else {
        printf("%7zu B  published as sequence %" PRIu64 ", in an %s slot; keep added a reference and copied nothing\n",
               event->length, event->sequence, name);
    }
}

/* The second line: how the references go. The reader gives its turn back, the ring lets go when it needs the slot. */
static bool tell_references(struct demo *demo, struct torc_ringptr mine) {
    struct torc_ringptr theirs = TORC_RINGPTR_NULL;
    struct torc_bus_stats stats;
    uint64_t kept = torc_ringptr_count(mine);
    uint64_t cloned, one_less;
    if (!check("clone", torc_ringptr_clone(mine, &theirs))) {
        return false;
    }
    cloned = torc_ringptr_count(mine);
    if (!check("advance", torc_advance(demo->reader)) || !check("release", torc_ringptr_release(mine))) {
        return false;
    }
    one_less = torc_ringptr_count(theirs);
    if (!check("release", torc_ringptr_release(theirs)) || !check("figures", torc_bus_stats(demo->bus, &stats))) {
        return false;
    }
    printf("%11sreferences: kept %" PRIu64 ", cloned %" PRIu64 ", released %" PRIu64 " and %" PRIu64
           "; held by handles now: %" PRIu64 "\n",
           "", kept, cloned, one_less, torc_ringptr_count(theirs), stats.outstanding);
    return true;
}

static bool tell_event(struct demo *demo, size_t length) {
    struct torc_event event;
    struct torc_ringptr mine;
    if (!check("publish", torc_publish(demo->publisher, (uint32_t)demo->told, demo->payload, length)) ||
        !check("next", torc_next(demo->reader, &event)) || !check("keep", torc_keep(demo->reader, &event, &mine))) {
        return false;
    }
    if (torc_ringptr_length(mine) != length || memcmp(torc_ringptr_data(mine), demo->payload, length) != 0) {
        complain("the payload is not what was published");
        return false;
    }
    tell_travel(&event, mine);
    demo->told++;
    return tell_references(demo, mine);
}

static bool tell_end(struct demo *demo) {
    struct torc_audit audit;
    uint64_t outstanding = 0;
    if (!check("close", torc_bus_close(demo->bus)) || !check("audit", torc_audit(demo->bus, &audit))) {
        return false;
    }
    printf("\nAfter %" PRIu64 " events: free %" PRIu64 " + live %" PRIu64 " + retired %" PRIu64 " = %" PRIu64
           " slots; the audit found nothing broken.\n",
           demo->told, audit.free_slots, audit.live_slots, audit.retired_slots, audit.total_slots);
    printf("Live slots are those the ring itself still holds: it lets go of each when it needs the place.\n");
    if (!check("publisher", torc_publisher_close(demo->publisher)) ||
        !check("reader", torc_reader_close(demo->reader)) ||
        !check("destroy", torc_bus_destroy(&demo->bus, &outstanding))) {
        return false;
    }
    printf("The bus is destroyed; %" PRIu64 " slots were still held by handles.\n", outstanding);
    return true;
}

int command_demo(int argc, char **argv) {
    static const size_t lengths[] = {40, 64, 200, 1000, 4096, 16384, LARGEST};
    struct demo demo = {0};
    int code = only_help(argc, argv, help_demo);
    bool fine;
    if (code >= 0) {
        return code;
    }
    fine = demo_open(&demo) && tell_beginning(&demo);
    for (size_t i = 0; fine && i < sizeof lengths / sizeof lengths[0]; i++) {
        fine = tell_event(&demo, lengths[i]);
    }
    fine = fine && tell_end(&demo);
    free(demo.payload);
    return fine ? EXIT_FINE : EXIT_FAILED;
}
