/* broken.c - defects planted between a target and the library, by ld's --wrap: TORC_FUZZ_BROKEN names the one that is
 * active. Only the _broken programs contain this file. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static bool active(const char *defect) {
    const char *name = getenv("TORC_FUZZ_BROKEN");
    return name != NULL && strcmp(name, defect) == 0;
}

/* The handle as it would look in the slot's present generation. */
static struct torc_ringptr without_check(struct torc_ringptr ptr, uint64_t *found) {
    const struct torc_slot *slot = torc_slot_of(ptr.bus, ptr.id);
    if (slot != NULL) {
        *found = torc_load_acquire64(&slot->word);
        ptr.id = (ptr.id & ~TORC_GENERATION_MASK) | (*found & TORC_GENERATION_MASK);
    }
    return ptr;
}

int __real_torc_ringptr_release_slow(struct torc_ringptr ptr, uint64_t found);
int __wrap_torc_ringptr_release_slow(struct torc_ringptr ptr, uint64_t found);
int __wrap_torc_ringptr_release_slow(struct torc_ringptr ptr, uint64_t found) {
    if (active("release-without-generation")) {
        ptr = without_check(ptr, &found);
    }
    return __real_torc_ringptr_release_slow(ptr, found);
}

int __real_torc_ringptr_clone_slow(struct torc_ringptr ptr, uint64_t found);
int __wrap_torc_ringptr_clone_slow(struct torc_ringptr ptr, uint64_t found);
int __wrap_torc_ringptr_clone_slow(struct torc_ringptr ptr, uint64_t found) {
    if (active("clone-without-generation")) {
        ptr = without_check(ptr, &found);
    }
    return __real_torc_ringptr_clone_slow(ptr, found);
}

/* Every event of 256 bytes and more has two bytes in each other's place: one this long lies in a slot, so its commit is
 * not inline. */
int __real_torc_commit_slow(struct torc_publisher *publisher, struct torc_claim *claim);
int __wrap_torc_commit_slow(struct torc_publisher *publisher, struct torc_claim *claim);
int __wrap_torc_commit_slow(struct torc_publisher *publisher, struct torc_claim *claim) {
    if (active("swapped-bytes") && publisher != NULL && claim != NULL && claim->state != 0 && claim->length >= 256 &&
        claim->length <= TORC_MAX_EVENT) {
        uint8_t *bytes = claim->data;
        uint8_t last = bytes[claim->length - 1];
        bytes[claim->length - 1] = bytes[100];
        bytes[100] = last;
    }
    return __real_torc_commit_slow(publisher, claim);
}

int __real_torc_abort(struct torc_publisher *publisher, struct torc_claim *claim);
int __wrap_torc_abort(struct torc_publisher *publisher, struct torc_claim *claim);
int __wrap_torc_abort(struct torc_publisher *publisher, struct torc_claim *claim) {
    return active("abort-publishes") ? __real_torc_commit_slow(publisher, claim) : __real_torc_abort(publisher, claim);
}

int __real_torc_bus_close(struct torc_bus *bus);
int __wrap_torc_bus_close(struct torc_bus *bus);
int __wrap_torc_bus_close(struct torc_bus *bus) {
    struct torc_bus_stats stats;
    bool deaf = active("deaf-close") && torc_bus_stats(bus, &stats) == TORC_OK;
    return deaf ? TORC_OK : __real_torc_bus_close(bus);
}

int __real_torc_bus_destroy(struct torc_bus **bus, uint64_t *outstanding);
int __wrap_torc_bus_destroy(struct torc_bus **bus, uint64_t *outstanding);
int __wrap_torc_bus_destroy(struct torc_bus **bus, uint64_t *outstanding) {
    int status = __real_torc_bus_destroy(bus, outstanding);
    if (active("one-too-few") && status == TORC_BUSY && outstanding != NULL && *outstanding > 1) {
        --*outstanding;
    }
    return status;
}

/* The handle is given, its reference is not. */
int __real_torc_keep(struct torc_reader *reader, const struct torc_event *event, struct torc_ringptr *ptr);
int __wrap_torc_keep(struct torc_reader *reader, const struct torc_event *event, struct torc_ringptr *ptr);
int __wrap_torc_keep(struct torc_reader *reader, const struct torc_event *event, struct torc_ringptr *ptr) {
    int status = __real_torc_keep(reader, event, ptr);
    if (active("keep-without-reference") && status == TORC_OK) {
        (void)torc_ringptr_release(*ptr);
    }
    return status;
}

/* A reader that joins at OLDEST begins at the next event. */
int __real_torc_reader_open(struct torc_topic *topic, const struct torc_reader_config *config,
                            struct torc_reader **reader);
int __wrap_torc_reader_open(struct torc_topic *topic, const struct torc_reader_config *config,
                            struct torc_reader **reader);
int __wrap_torc_reader_open(struct torc_topic *topic, const struct torc_reader_config *config,
                            struct torc_reader **reader) {
    int status = __real_torc_reader_open(topic, config, reader);
    struct torc_event event;
    if (active("oldest-is-next") && status == TORC_OK && config != NULL && config->join == TORC_JOIN_OLDEST) {
        while (torc_next(*reader, &event) == TORC_OK) {
        }
    }
    return status;
}

bool __real_torc_ringptr_is_valid(struct torc_ringptr ptr);
bool __wrap_torc_ringptr_is_valid(struct torc_ringptr ptr);
bool __wrap_torc_ringptr_is_valid(struct torc_ringptr ptr) {
    uint64_t found = 0;
    return active("any-generation-is-valid") ? __real_torc_ringptr_is_valid(without_check(ptr, &found))
                                             : __real_torc_ringptr_is_valid(ptr);
}
