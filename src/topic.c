/* src/topic.c - topics by name: CK's hash set of the names that stand in the region, under the control lock.
 *
 * Topics live as long as their bus, so nothing is ever removed. (liburcu's table would spare lookups the lock; but it
 * asserts that it gets memory, and its bulletproof flavour aborts where a thread cannot be registered. Looking up a
 * name is not a hot path; ending the user's process is not an answer.) */
#include "core.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits folded: names are short and few; the table only wants them spread. */
static unsigned long hash_name(const void *name, unsigned long seed) {
    uint64_t hash = UINT64_C(14695981039346656037) ^ seed;
    for (const unsigned char *at = name; *at != '\0'; at++) {
        hash = (hash ^ *at) * UINT64_C(1099511628211);
    }
    return (unsigned long)(hash ^ (hash >> 32));
}

static bool same_name(const void *a, const void *b) {
    return strcmp(a, b) == 0;
}

static void *take(size_t bytes) {
    return calloc(1, bytes);
}

static void give_back(void *memory, size_t bytes, bool defer) {
    (void)bytes;
    (void)defer; /* nobody looks at it without the lock */
    free(memory);
}

static struct ck_malloc memory = {.malloc = take, .free = give_back};

/* Large enough from the beginning: it never grows. */
int torc_topics_init(struct bus *bus) {
    return ck_hs_init(&bus->by_name, CK_HS_MODE_SPMC | CK_HS_MODE_OBJECT, hash_name, same_name, &memory,
                      2ul * bus->config.topics, 0)
               ? TORC_OK
               : TORC_NO_MEMORY;
}

/* Under the control lock. */
static struct torc_topic *find(struct bus *bus, const char *name) {
    const void *found = ck_hs_get(&bus->by_name, CK_HS_HASH(&bus->by_name, hash_name, name), name);
    return found == NULL ? NULL : bus->topic[(const struct torc_topic_record *)found - bus->topics];
}

/* Under the control lock. */
static int create(struct bus *bus, const char *name, uint32_t flags, struct torc_topic **out) {
    struct torc_topic *topic;
    if (bus_closed(bus)) {
        return TORC_CLOSED;
    }
    if (bus->topic_count == bus->config.topics) {
        return TORC_NO_ROOM;
    }
    topic = calloc(1, sizeof *topic);
    if (topic == NULL) {
        return TORC_NO_MEMORY;
    }
    topic->bus = bus;
    topic->index = bus->topic_count;
    topic->record = &bus->topics[topic->index];
    topic->record->flags = flags;
    memcpy(topic->record->name, name, strlen(name) + 1);
    if (!ck_hs_put(&bus->by_name, CK_HS_HASH(&bus->by_name, hash_name, name), topic->record->name)) {
        topic->record->name[0] = '\0';
        free(topic);
        return TORC_NO_MEMORY;
    }
    bus->topic[topic->index] = topic;
    bus->topic_count++;
    *out = topic;
    return TORC_OK;
}

static bool name_ok(const char *name) {
    return name != NULL && name[0] != '\0' && strnlen(name, TORC_TOPIC_NAME) < TORC_TOPIC_NAME;
}

int torc_topic_open(struct torc_bus *public_bus, const char *name, uint32_t flags, struct torc_topic **topic) {
    struct bus *bus = torc_bus_live(public_bus);
    struct torc_topic *found;
    int status = TORC_OK;
    if (bus == NULL || !name_ok(name) || topic == NULL ||
        (flags & ~(TORC_TOPIC_NO_INLINE | TORC_TOPIC_TOTAL_ORDER)) != 0) {
        return bus == NULL ? torc_not_live(public_bus) : TORC_INVALID;
    }
    (void)pthread_mutex_lock(&bus->lock);
    found = find(bus, name);
    if (found == NULL) {
        status = create(bus, name, flags, &found);
    }
    (void)pthread_mutex_unlock(&bus->lock);
    if (status == TORC_OK) {
        *topic = found;
    }
    return status;
}

int torc_topic_find(struct torc_bus *public_bus, const char *name, struct torc_topic **topic) {
    struct bus *bus = torc_bus_live(public_bus);
    struct torc_topic *found;
    if (bus == NULL || !name_ok(name) || topic == NULL) {
        return bus == NULL ? torc_not_live(public_bus) : TORC_INVALID;
    }
    (void)pthread_mutex_lock(&bus->lock);
    found = find(bus, name);
    (void)pthread_mutex_unlock(&bus->lock);
    if (found == NULL) {
        return TORC_NOT_FOUND;
    }
    *topic = found;
    return TORC_OK;
}

const char *torc_topic_name(const struct torc_topic *topic) {
    return topic == NULL ? NULL : topic->record->name;
}

struct torc_bus *torc_topic_bus(const struct torc_topic *topic) {
    return topic == NULL ? NULL : &topic->bus->hot;
}

void torc_topic_changed(struct torc_topic_record *record) {
    (void)torc_add_release32(&record->version, 1); /* LANES */
}

void torc_topics_free(struct bus *bus) {
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        free(bus->topic[i]);
    }
    if (bus->by_name.map != NULL) {
        ck_hs_destroy(&bus->by_name);
    }
}
