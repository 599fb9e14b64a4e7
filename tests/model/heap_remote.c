/* heap_remote.c - blocks of a heap freed by threads that do not own them, against the owner that takes them over: each
 * comes back once, and what was done in it lies before its next use. */
#include "world.h"

#include "../../pools/heap_local.h"
#include <torc/grower.h>

#define SIZE 64u

static unsigned char memory[48 << 10] __attribute__((aligned(64)));
static struct torc_grower_buffer grower;
static struct torc_heap *heap;
static struct torc_local local;
static struct torc_block *block[3];

static struct torc_block *take_block(void) {
    struct torc_block *taken = torc_local_alloc(&local, SIZE);
    model_assert(taken != NULL, "a block");
    torc_block_set(taken, torc_block_head(taken) | TORC_BLOCK_USED);
    return taken;
}

static void setup(void) {
    struct torc_heap_config config = {.threads = 2, .step = 4096};
    model_assert_status(torc_grower_buffer_init(&grower, memory, sizeof memory), TORC_OK);
    model_assert_status(torc_heap_create(&grower.grower, &config, &heap), TORC_OK);
    torc_local_init(&local, heap, 1);
    model_name(&local.remote, "remote");
    for (uint64_t i = 0; i < 3; i++) {
        block[i] = take_block();
        fill_number(torc_block_payload(block[i]), 40, i);
        model_name(block[i], "block%u", (unsigned)i);
    }
}

/* The defect: the block is looked at after it was freed. */
static void free_block(uint64_t i) {
    if (!model_broken()) {
        model_assert_equal(number_in(torc_block_payload(block[i]), 40), i);
    }
    torc_local_push(&local, block[i]);
    if (model_broken()) {
        model_assert_equal(number_in(torc_block_payload(block[i]), 40), i);
    }
}
static void free_two(void) {
    free_block(0);
    free_block(1);
}
static void free_third(void) {
    free_block(2);
}

/* Each allocation takes over what has come back and may be given it. */
static void allocate(void) {
    for (uint64_t i = 0; i < 3; i++) {
        fill_number(torc_block_payload(take_block()), 40, 10 + i);
    }
}

static void check(void) {
    torc_local_drain(&local);
    model_assert_equal(torc_load_relaxed64(&local.remote), 0);
    model_assert_equal(local.refused, 0);
}

MODEL_SCENARIO(heap_remote, .claim = "blocks that others free come to their owner whole, and once",
               .broken = "a block is looked at after it was freed", .setup = setup,
               .thread = {allocate, free_two, free_third}, .check = check, .preemptions = 3, .quick = 2);
