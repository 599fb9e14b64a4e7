/* gate_edge.c - sequences across 2^32, 2^48, 2^63 and 2^64: the gate, the stamps and the marks of slots go on as
 * before. */
#include "world.h"

#include "../../src/core.h"

static void open_at(uint64_t first) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 1;
    config.first_sequence = first;
    open_world(&config);
    if (model_broken()) {
        (void)torc_and_release64(&publisher_of(w.publisher)->topic->record->readers, ~UINT64_C(1));
    }
}

static void setup_32(void) {
    open_at((UINT64_C(1) << 32) - 2);
}
static void setup_48(void) {
    open_at((UINT64_C(1) << 48) - 2);
}
static void setup_63(void) {
    open_at((UINT64_C(1) << 63) - 2);
}
static void setup_64(void) {
    open_at(UINT64_MAX - 1);
}

/* Inline, in the slot, in the slot again: the second has to be passed first. */
static void publish(void) {
    for (uint64_t i = 1; i <= 3; i++) {
        model_assert_status(put(w.publisher, i, i >= 2 ? 56 : 16), TORC_OK);
    }
}

static void take(void) {
    take_asleep(w.reader, 1, 3);
}

static void check(void) {
    struct torc_bus_stats stats;
    model_assert_status(torc_bus_stats(w.bus, &stats), TORC_OK);
    model_assert_equal(stats.published, 3);
    close_world();
}

#define EDGE(bits)                                                                                                     \
    MODEL_SCENARIO(gate_edge_##bits, .claim = "nothing changes where sequences pass 2^" #bits, .hazards = "6",         \
                   .broken = "the publisher does not count the reader in", .setup = setup_##bits,                      \
                   .thread = {publish, take}, .check = check, .fences = true, .preemptions = 1)
EDGE(32);
EDGE(48);
EDGE(63);
EDGE(64);
