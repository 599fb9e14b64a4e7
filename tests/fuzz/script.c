/* script.c - a script: a bus, operations on it, its end. */
#include "script.h"

struct script script;

const char *const target_name = "script";
const uint64_t target_functions = (UINT64_C(1) << FUNCTION_COUNT) - 1 - (UINT64_C(1) << F_torc_actor_send);
const bool target_states = true;

void expect(int status, int wanted, const char *what) {
    MUST(status == wanted, "%s: %s, expected %s", what, torc_status_name(status), torc_status_name(wanted));
}

struct publisher *choose_publisher(void) {
    uint32_t start = choose(LANES);
    for (uint32_t i = 0; i < LANES; i++) {
        struct publisher *publisher = &model.publisher[(start + i) % LANES];
        if (publisher->ptr != NULL) {
            return publisher;
        }
    }
    return NULL;
}

struct reader *choose_reader(void) {
    uint32_t start = choose(READERS);
    for (uint32_t i = 0; i < READERS; i++) {
        struct reader *reader = &model.reader[(start + i) % READERS];
        if (reader->ptr != NULL) {
            return reader;
        }
    }
    return NULL;
}

struct handle *choose_handle(bool live) {
    uint32_t start = choose(HANDLES);
    for (uint32_t i = 0; i < HANDLES; i++) {
        struct handle *handle = &model.handle[(start + i) % HANDLES];
        if (handle->live == live && !torc_ringptr_is_null(handle->ptr)) {
            return handle;
        }
    }
    return NULL;
}

struct handle *free_handle(void) {
    uint32_t start = choose(HANDLES);
    for (uint32_t i = 0; i < HANDLES; i++) {
        struct handle *handle = &model.handle[(start + i) % HANDLES];
        if (!handle->live) {
            return handle;
        }
    }
    return NULL;
}

/* Small ones mostly, the edges of every shirt, and lengths that no bus can hold. */
size_t choose_length(void) {
    static const size_t edges[] = {0,    1,    47,   48,   49,   63,   64,    65,    255,   256,   257,   1023,
                                   1024, 1025, 4095, 4096, 4097, 8000, 16383, 16384, 16385, 17000, 19999, 300};
    uint32_t which = choose(64);
    if (which == 63) {
        uint32_t large = choose(4);
        return large == 0 ? SIZE_MAX : large == 1 ? SIZE_MAX - 63 : large == 2 ? TORC_MAX_EVENT + 1 : (size_t)1 << 32;
    }
    return which < 24 ? edges[which] : which < 44 ? which * 2 - 48 : choose(256);
}

struct operation {
    void (*run)(void);
    const char *name;
    uint32_t weight;
};
static const struct operation operations[] = {{op_publish, "publish", 40},
                                              {op_next, "next", 28},
                                              {op_poll, "poll", 20},
                                              {op_publish_batch, "publish_batch", 10},
                                              {op_claim, "claim", 16},
                                              {op_claim_batch, "claim_batch", 8},
                                              {op_settle, "settle", 20},
                                              {op_settle_batch, "settle_batch", 8},
                                              {op_ringptr_claim, "ringptr_claim", 10},
                                              {op_keep, "keep", 16},
                                              {op_clone, "clone", 8},
                                              {op_release, "release", 16},
                                              {op_stale, "stale", 8},
                                              {op_inspect, "inspect", 4},
                                              {op_limit, "limit", 2},
                                              {op_advance, "advance", 8},
                                              {op_wait, "wait", 4},
                                              {op_reader_state, "reader_state", 3},
                                              {op_reader_open, "reader_open", 8},
                                              {op_reader_close, "reader_close", 3},
                                              {op_detach, "detach", 2},
                                              {op_publisher_open, "publisher_open", 8},
                                              {op_publisher_close, "publisher_close", 3},
                                              {op_topic, "topic", 3},
                                              {op_stats, "stats", 3},
                                              {op_audit, "audit", 3},
                                              {op_drain, "drain", 2},
                                              {op_provider, "provider", 2},
                                              {op_close, "close", 1},
                                              {op_destroy, "destroy", 1},
                                              {op_bad_bus, "bad_bus", 1},
                                              {op_bad_publisher, "bad_publisher", 1},
                                              {op_bad_claim, "bad_claim", 1}};

static const struct operation *choose_operation(void) {
    uint32_t total = 0;
    uint32_t at;
    const struct operation *operation = operations;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        total += operations[i].weight;
    }
    at = choose(total);
    while (at >= operation->weight) {
        at -= operation->weight;
        operation++;
    }
    return operation;
}

/* A lane's events must fit in the model; one operation adds at most a few batches. */
static bool lanes_full_up(void) {
    for (uint32_t i = 0; i < LANES; i++) {
        if (model.lane[i].claimed > LANE_LONG - 128) {
            return true;
        }
    }
    return false;
}

/* So that most scripts have something to work on. */
static void prelude(void) {
    op_topic();
    op_publisher_open();
    op_reader_open();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    script.input = (struct input){data, data + size};
    at_step(0, "begin");
    if (!bus_begin()) {
        return 0;
    }
    prelude();
    for (uint32_t step = 1; !script.over && !input_ended(&script.input) && !lanes_full_up(); step++) {
        const struct operation *operation = choose_operation();
        at_step(step, operation->name);
        operation->run();
        if (!script.over) {
            model_settle();
        }
    }
    at_step(NONE, "end");
    bus_end();
    return 0;
}
