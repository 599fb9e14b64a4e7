/* src/topic.c - topics by name: a hash table of chains that only grows, so that finding one never waits for somebody who creates
 * one.
 *
 * Topics live as long as their bus, so nothing is ever removed while lookups run, and nothing has to be reclaimed. The table
 * itself is part of the bus: a topic that has its memory is in, nothing can fail after that. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits folded: names are short and few; the table only wants them spread. */
static uint32_t hash_name(const char *name) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    }
    return (uint32_t)(hash ^ (hash >> 32));
}

static torc_a32 *chain_of(struct bus *bus, const char *name) {
    return &bus->by_name[hash_name(name) % TOPIC_CHAINS];
}

/* TOPICS: whoever sees a topic's number sees the topic, its name, and the chain behind it, which never changes again. */
static struct torc_topic *find(struct bus *bus, const char *name) {
    uint32_t number = torc_load_acquire32(chain_of(bus, name));
    while (number != 0 && strcmp(bus->topic[number - 1]->record->name, name) != 0) {
        number = bus->topic[number - 1]->next;
    }
    return number == 0 ? NULL : bus->topic[number - 1];
}

/* Under the control lock. */
static void add(struct bus *bus, struct torc_topic *topic) {
    torc_a32 *chain = chain_of(bus, topic->record->name);
    topic->next = torc_load_relaxed32(chain);
    torc_store_release32(chain, topic->index + 1); /* TOPICS */
}

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
    topic->index = bus->topic_count++;
    topic->record = &bus->topics[topic->index];
    memcpy(topic->record->name, name, strlen(name) + 1);
    topic->record->flags = flags;
    bus->topic[topic->index] = topic;
    add(bus, topic);
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
    if (bus == NULL || !name_ok(name) || topic == NULL || (flags & ~TORC_TOPIC_NO_INLINE) != 0) {
        return TORC_INVALID;
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
        return TORC_INVALID;
    }
    found = find(bus, name);
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
}
