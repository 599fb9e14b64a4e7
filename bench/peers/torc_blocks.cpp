// torc_blocks.cpp - memory from torc: slots of a bank, an arena, a heap; and its handles' references.
#include "alloc.hpp"
#include "raw.hpp"
#include "torc.hpp"

// --- slots of the fitting shirt; as many as a window needs even where the preset has fewer ---
struct slots {
    struct block {
        torc_ringptr ptr;
    };
    size_t bytes;
    torc_bus *bus;
    torc_publisher *publisher;

    slots(size_t size, unsigned) : bytes(size) {
        torc_config config = TORC_CONFIG_DEFAULT_INIT;
        torc_topic *topic;
        uint32_t &count = config.slots[torc_shirt_of(bytes)];
        config.publishers = 1;
        count = count < 512 ? 512 : count;
        torc_must(torc_bus_create(&config, &bus), "torc_bus_create");
        torc_must(torc_topic_open(bus, "blocks", 0, &topic), "torc_topic_open");
        torc_must(torc_publisher_open(topic, nullptr, &publisher), "torc_publisher_open");
    }
    ~slots() {
        torc_must(torc_publisher_close(publisher), "torc_publisher_close");
        torc_must(torc_bus_destroy(&bus, nullptr), "torc_bus_destroy");
    }
    void enter() {
    }
    void enter_giver() {
    }
    void leave() {
    }
    inline __attribute__((always_inline)) void *take(block &into) {
        torc_ringptr ptr;
        void *data;
        if (torc_ringptr_claim(publisher, 1, bytes, &ptr, &data) != TORC_OK) {
            return nullptr;
        }
        into.ptr = ptr;
        return data;
    }
    inline __attribute__((always_inline)) void give(block &from) {
        torc_must(torc_ringptr_release(from.ptr), "torc_ringptr_release");
    }
};
const suite_alloc torc_slots = bench::alloc<slots>::functions;

// --- an arena of twice what can be out ---
struct arena {
    struct block {
        torc_buffer buffer;
    };
    size_t bytes;
    torc_arena *from;

    arena(size_t size, unsigned) : bytes(size) {
        torc_must(torc_arena_create(2 * (bench::clog_blocks + bench::cross_blocks) * TORC_ARENA_REGION(size), &from),
                  "torc_arena_create");
    }
    ~arena() {
        torc_must(torc_arena_destroy(&from, TORC_NO_WAIT, nullptr), "torc_arena_destroy");
    }
    void enter() {
        torc_must(torc_arena_adopt(from), "torc_arena_adopt");
    }
    void enter_giver() {
    }
    void leave() {
    }
    inline __attribute__((always_inline)) void *take(block &into) {
        return torc_arena_alloc(from, bytes, &into.buffer) == TORC_OK ? into.buffer.data : nullptr;
    }
    inline __attribute__((always_inline)) void give(block &used) {
        torc_must(torc_buffer_release(&used.buffer), "torc_buffer_release");
    }
};
static const suite_alloc arena_alloc = bench::alloc<arena>::functions;
const suite_plugin suite_torc_arena = {"torc_arena", "torc_arena_alloc, store of twice what can be out", nullptr,
                                       &arena_alloc, nullptr};

// --- a heap over a reserved range ---
struct heap {
    struct block {
        void *data;
    };
    size_t bytes;
    torc_grower_mmap range;
    torc_heap *from;

    heap(size_t size, unsigned) : bytes(size) {
        torc_must(torc_grower_mmap_open(&range, size_t(1) << 30), "torc_grower_mmap_open");
        torc_must(torc_heap_create(&range.grower, nullptr, &from), "torc_heap_create");
    }
    ~heap() {
        torc_must(torc_heap_destroy(&from, nullptr), "torc_heap_destroy");
        torc_grower_mmap_close(&range);
    }
    void enter() {
    }
    void enter_giver() {
    }
    void leave() {
    }
    void *take(block &into) {
        return into.data = torc_heap_alloc(from, bytes);
    }
    void give(block &used) {
        torc_must(torc_heap_free(from, used.data), "torc_heap_free");
    }
};
static const suite_alloc heap_alloc = bench::alloc<heap>::functions;
const suite_plugin suite_torc_heap = {"torc_heap", "torc_heap_alloc over a reserved range of 1 GiB", nullptr,
                                      &heap_alloc, nullptr};

// --- references ---
struct shared_handle {
    slots bank;
    slots::block one;
    shared_handle() : bank(256, 1), one{} {
        if (bank.take(one) == nullptr) {
            bench_die("torc_ringptr_claim", "no slot");
        }
    }
};

static void *handle_open() {
    return new shared_handle;
}
static void handle_run(void *state, uint64_t n) {
    torc_ringptr ptr = static_cast<shared_handle *>(state)->one.ptr;
    for (uint64_t i = 0; i < n; i++) {
        torc_ringptr clone;
        torc_must(torc_ringptr_clone(ptr, &clone), "torc_ringptr_clone");
        torc_must(torc_ringptr_release(clone), "torc_ringptr_release");
    }
}
static void handle_close(void *state) {
    shared_handle *shared = static_cast<shared_handle *>(state);
    if (torc_ringptr_count(shared->one.ptr) != 1) {
        bench_die("torc", "a reference was lost");
    }
    shared->bank.give(shared->one);
    delete shared;
}
const suite_count torc_handles = {handle_open, handle_run, handle_close};
