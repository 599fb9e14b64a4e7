/* script_bus.c - the bus itself: its configuration, topics, and its end. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

/* --- the provider of XXL blocks ----------------------------------------------------------------------------- */

static uint64_t blocks_out, bytes_out;

static void *provide(void *state, size_t size) {
    size_t rounded = (size + 63) & ~(size_t)63;
    void *block;
    MUST(state == &model && size != 0, "the provider is asked for %zu bytes", size);
    block = model.provider_fails ? NULL : aligned_alloc(64, rounded);
    blocks_out += block != NULL;
    bytes_out += block != NULL ? size : 0;
    return block;
}

static void take_back(void *state, void *block, size_t size) {
    MUST(state == &model && block != NULL && blocks_out != 0 && bytes_out >= size,
         "the provider is given %p back, %zu bytes, %llu out", block, size, (unsigned long long)blocks_out);
    blocks_out--;
    bytes_out -= size;
    memset(block, 0xEE, size);
    free(block);
}

void op_provider(void) {
    model.provider_fails = choose(4) == 0;
}

/* --- creation ----------------------------------------------------------------------------------------------- */

static struct torc_config choose_config(void) {
    static const uint64_t sequences[] = {0,
                                         0,
                                         (UINT64_C(1) << 32) - 3,
                                         (UINT64_C(1) << 48) - 5,
                                         UINT64_C(1) << 63,
                                         (UINT64_C(1) << 63) - 9,
                                         UINT64_MAX - 6,
                                         UINT64_MAX - 40};
    static const uint64_t generations[] = {
        0, 0, 0, 1, TORC_GENERATION_LAST - 1, TORC_GENERATION_LAST - 2, TORC_GENERATION_LAST - 4, 77};
    struct torc_config config = {.topics = choose(TOPICS) + 1,
                                 .publishers = choose(LANES) + 1,
                                 .readers = choose(READERS * 4) == 0 ? 0 : choose(READERS) + 1,
                                 .actors = choose(2),
                                 .lane_entries = 2u << choose(5),
                                 .xxl = choose(3),
                                 .keep_slots = choose(4)};
    static const uint32_t widths[] = {0, 0, 0, 49, 64, 113, 256, 4000};
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        config.slots[shirt] = choose(5);
    }
    if (choose(16) == 0) {
        config.slots[TORC_S] = 70; /* more than one sweep looks at */
    }
    config.inline_bytes = widths[choose(8)];
    config.first_sequence = sequences[choose(8)];
    config.first_generation = generations[choose(8)];
    config.xxl_provider = (struct torc_xxl_provider){provide, take_back, &model};
    return config;
}

/* A configuration with one thing wrong is refused, and nothing is left of it. */
static void try_wrong_config(struct torc_config config) {
    struct torc_bus *bus = NULL;
    const char *what = NULL;
    switch (choose(8)) {
    case 0:
        config.topics = 0;
        break;
    case 1:
        config.publishers = 65;
        break;
    case 2:
        config.readers = 65 + choose(1000);
        break;
    case 3:
        config.lane_entries = 3;
        break;
    case 4:
        config.xxl_provider.free = NULL;
        break;
    case 5:
        config.flags = UINT32_C(1) << 31;
        break;
    case 6:
        config.first_generation = TORC_GENERATION_LAST;
        break;
    default:
        config.slots[choose(TORC_SHIRTS)] = TORC_MAX_SLOTS + 1;
        break;
    }
    expect(CALL(torc_config_check, &config, &what), TORC_INVALID, "a wrong configuration");
    MUST(what != NULL && torc_bus_size(&config) == 0, "a wrong configuration has a size");
    expect(CALL(torc_bus_create, &config, &bus), TORC_INVALID, "a wrong configuration");
    MUST(bus == NULL, "an error set the bus");
}

/* Mostly in memory of exactly the size it asks for, so that one byte too far shows. */
bool bus_begin(void) {
    struct torc_config config = choose_config();
    uint32_t how = choose(32);
    size_t bytes = torc_bus_size(&config);
    int status;
    blocks_out = bytes_out = 0;
    model_reset(&config);
    expect(CALL(torc_config_check, &config, NULL), TORC_OK, "a configuration");
    if (how == 0) {
        try_wrong_config(config);
    }
    script.memory = NULL;
    script.bus = NULL;
    if (how < 4) {
        status = CALL(torc_bus_create, &config, &script.bus);
    } else {
        script.memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
        MUST(script.memory != NULL, "no memory for a bus of %zu bytes", bytes);
        expect(CALL(torc_bus_create_at, script.memory, bytes - 1, &config, &script.bus), TORC_INVALID, "too small");
        expect(CALL(torc_bus_create_at, (char *)script.memory + 8, bytes, &config, &script.bus), TORC_INVALID,
               "misaligned");
        memset(script.memory, 0x77, bytes);
        status = CALL(torc_bus_create_at, script.memory, bytes, &config, &script.bus);
    }
    expect(status, TORC_OK, "creating a bus");
    script.over = false;
    return true;
}

/* --- topics ------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"a", "prices of everything",
                                    "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"};

void op_topic(void) {
    uint32_t which = choose(TOPICS), flags = choose(4) == 0 ? TORC_TOPIC_NO_INLINE : 0;
    struct torc_topic *topic = NULL, *found = NULL;
    char longer[TORC_TOPIC_NAME + 1];
    int status;
    which = which > model.topic_count ? model.topic_count : which; /* created in order */
    which = which == TOPICS ? TOPICS - 1 : which;
    status = CALL(torc_topic_open, script.bus, names[which], flags, &topic);
    if (which < model.topic_count) {
        MUST(status == TORC_OK && topic == model.topic[which].ptr, "a topic opened again: %s",
             torc_status_name(status));
    } else if (model.closed) {
        expect(status, TORC_CLOSED, "a new topic on a closed bus");
    } else if (model.topic_count == model.config.topics) {
        expect(status, TORC_NO_ROOM, "one topic too many");
    } else {
        expect(status, TORC_OK, "a new topic");
        model.topic[model.topic_count++] = (struct topic){topic, flags != 0};
        MUST(torc_topic_bus(topic) == script.bus, "a topic of another bus");
    }
    status = CALL(torc_topic_find, script.bus, names[which], &found);
    expect(status, which < model.topic_count ? TORC_OK : TORC_NOT_FOUND, "finding a topic");
    MUST(found == (which < model.topic_count ? model.topic[which].ptr : NULL), "found another topic");
    memset(longer, 'x', TORC_TOPIC_NAME);
    longer[TORC_TOPIC_NAME] = '\0';
    expect(CALL(torc_topic_open, script.bus, longer, 0, &topic), TORC_INVALID, "a name too long");
    expect(CALL(torc_topic_open, script.bus, "", 0, &topic), TORC_INVALID, "no name");
    expect(CALL(torc_topic_find, script.bus, longer, &topic), TORC_INVALID, "a name too long");
}

/* --- close, drain ------------------------------------------------------------------------------------------- */

void op_close(void) {
    if (choose(8) != 0) {
        return; /* not too often: little happens afterwards */
    }
    expect(CALL(torc_bus_close, script.bus), TORC_OK, "closing the bus");
    model.closed = true;
    for (uint32_t i = 0; i < LANES; i++) {
        if (model.lane[i].state == LANE_OPEN && published_of(&model.lane[i]) != model.lane[i].claimed) {
            reached(S_closed_with_open_claims);
        }
    }
}

void op_drain(void) {
    struct range drained = {1, 1};
    uint64_t deadline = choose(2) ? PAST : TORC_NO_WAIT;
    int undone = deadline == TORC_NO_WAIT ? TORC_WOULD_BLOCK : TORC_TIMED_OUT;
    int status = CALL(torc_bus_drain, script.bus, deadline);
    for (uint32_t i = 0; i < LANES; i++) {
        if (model.lane[i].state != LANE_FREE) {
            struct range slowest = slowest_of(i);
            uint64_t published = published_of(&model.lane[i]);
            drained.lo &= slowest.lo == published;
            drained.hi &= slowest.hi == published;
        }
    }
    MUST(status == (drained.lo ? TORC_OK : undone) || drained.lo != drained.hi, "drain: %s", torc_status_name(status));
}

/* --- the end ------------------------------------------------------------------------------------------------ */

static bool anyone_open(void) {
    for (uint32_t i = 0; i < LANES; i++) {
        if (model.publisher[i].ptr != NULL || model.reader[i].ptr != NULL) {
            return true;
        }
    }
    return false;
}

/* Refused while anything is open or held, and then nothing has changed. */
static bool destroy(void) {
    struct torc_bus *before = script.bus, *gone;
    uint64_t outstanding = 99;
    bool busy = anyone_open() || outstanding_now() != 0;
    int status = CALL(torc_bus_destroy, &script.bus, &outstanding);
    MUST(outstanding == outstanding_now(), "destroy reports %llu slots held, not %llu", (unsigned long long)outstanding,
         (unsigned long long)outstanding_now());
    expect(status, busy ? TORC_BUSY : TORC_OK, "destroying");
    MUST(script.bus == (busy ? before : NULL), "destroy left the bus at %p", (void *)script.bus);
    if (busy) {
        reached(S_destroy_refused);
        return false;
    }
    gone = before;
    expect(CALL(torc_bus_destroy, &gone, NULL), TORC_INVALID, "destroying twice");
    expect(CALL(torc_bus_close, before), TORC_INVALID, "closing what was destroyed");
    expect(CALL(torc_audit, before, NULL), TORC_INVALID, "auditing what was destroyed");
    MUST(blocks_out == 0 && bytes_out == 0, "%llu XXL blocks were never freed", (unsigned long long)blocks_out);
    free(script.memory);
    script.over = true;
    return true;
}

void op_destroy(void) {
    (void)destroy();
}

void op_bad_bus(void) {
    struct torc_bus *none = NULL;
    struct torc_topic *topic;
    struct torc_bus_stats stats;
    expect(CALL(torc_bus_close, NULL), TORC_INVALID, "no bus");
    expect(CALL(torc_bus_drain, NULL, TORC_FOREVER), TORC_INVALID, "no bus");
    expect(CALL(torc_bus_destroy, NULL, NULL), TORC_INVALID, "no bus");
    expect(CALL(torc_bus_destroy, &none, NULL), TORC_INVALID, "no bus");
    expect(CALL(torc_bus_stats, NULL, &stats), TORC_INVALID, "no bus");
    expect(CALL(torc_bus_stats, script.bus, NULL), TORC_INVALID, "no statistics");
    expect(CALL(torc_topic_open, NULL, "a", 0, &topic), TORC_INVALID, "no bus");
    expect(CALL(torc_topic_open, script.bus, "a", TORC_TOPIC_TOTAL_ORDER << 1, &topic), TORC_INVALID, "no such flag");
    expect(CALL(torc_topic_find, script.bus, "a", NULL), TORC_INVALID, "no place for the topic");
    expect(CALL(torc_config_check, NULL, NULL), TORC_INVALID, "no configuration");
    expect(CALL(torc_bus_create, NULL, NULL), TORC_INVALID, "no place for the bus");
}

/* Everything is closed, in an order that the input chooses; handles go last and hold the bus until then. */
void bus_end(void) {
    if (script.over) {
        return;
    }
    op_audit();
    op_stats();
    for (uint32_t i = 0, first = choose(2 * LANES); i < 2 * LANES; i++) {
        uint32_t which = (first + i) % (2 * LANES);
        if (which < LANES && model.publisher[which].ptr != NULL) {
            close_publisher(&model.publisher[which]);
        } else if (which >= LANES && model.reader[which - LANES].ptr != NULL) {
            close_reader(&model.reader[which - LANES]);
        }
        model_settle();
        op_audit();
    }
    for (uint32_t i = 0; i < HANDLES; i++) {
        if (model.handle[i].live) {
            MUST(!destroy(), "destroyed with handles out");
            check_handle(&model.handle[i]);
            release_handle(&model.handle[i]);
        }
    }
    model_settle();
    op_audit();
    op_stats();
    MUST(destroy(), "the bus could not be destroyed");
}
