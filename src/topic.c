/* src/topic.c - topics by name: liburcu's lock-free hash table, so that finding one never waits for somebody who creates one.
 *
 * The bulletproof flavour registers threads by itself: a library cannot ask its callers to. Topics live as long as their
 * bus, so nothing is ever removed while lookups run. */
#include "core.h"
#include "tsan.h"

#include <urcu/urcu-bp.h>
#include <urcu/rculfhash.h>

#include <stdlib.h>
#include <string.h>

struct torc_topic_node {
    struct cds_lfht_node link;
    struct torc_topic *topic;
};

/* FNV-1a, 64 bits folded: names are short and few; the table only wants them spread. */
static unsigned long hash_name(const char *name) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    }
    return (unsigned long)(hash ^ (hash >> 32));
}

static int matches(struct cds_lfht_node *node, const void *name) {
    const struct torc_topic_node *entry = caa_container_of(node, struct torc_topic_node, link);
    TORC_TSAN_ACQUIRE(node); /* cds_lfht_add publishes the node with release, lookups consume it */
    return strcmp(entry->topic->record->name, name) == 0;
}

static struct torc_topic *find(struct bus *bus, const char *name) {
    struct torc_topic *topic = NULL;
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node;
    urcu_bp_read_lock();
    cds_lfht_lookup(bus->by_name, hash_name(name), matches, name, &iter);
    node = cds_lfht_iter_get_node(&iter);
    if (node != NULL) {
        topic = caa_container_of(node, struct torc_topic_node, link)->topic;
    }
    urcu_bp_read_unlock();
    return topic;
}

static void add(struct bus *bus, struct torc_topic *topic) {
    cds_lfht_node_init(&topic->node->link);
    TORC_TSAN_RELEASE(&topic->node->link); /* before the add: whoever finds the node comes after this */
    urcu_bp_read_lock();
    cds_lfht_add(bus->by_name, hash_name(topic->record->name), &topic->node->link);
    urcu_bp_read_unlock();
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
    if (topic == NULL || (topic->node = calloc(1, sizeof *topic->node)) == NULL) {
        free(topic);
        return TORC_NO_MEMORY;
    }
    topic->bus = bus;
    topic->index = bus->topic_count++;
    topic->record = &bus->topics[topic->index];
    topic->node->topic = topic;
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

int torc_topics_init(struct bus *bus) {
    bus->by_name = cds_lfht_new_flavor(16, 1, 0, 0, &urcu_bp_flavor, NULL);
    return bus->by_name == NULL ? TORC_NO_MEMORY : TORC_OK;
}

void torc_topics_free(struct bus *bus) {
    struct cds_lfht_iter iter;
    struct cds_lfht_node *node;
    if (bus->by_name == NULL) {
        return;
    }
    urcu_bp_read_lock();
    cds_lfht_for_each(bus->by_name, &iter, node) {
        (void)cds_lfht_del(bus->by_name, node);
    }
    urcu_bp_read_unlock();
    urcu_bp_synchronize_rcu();
    (void)cds_lfht_destroy(bus->by_name, NULL);
    for (uint32_t i = 0; i < bus->topic_count; i++) {
        free(bus->topic[i]->node);
        free(bus->topic[i]);
    }
}
