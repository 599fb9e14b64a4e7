/* mut_heap.c - a block freed by another thread than the one it belongs to (REMOTE), and what a thread's own arena rests
 * on. */
#include "model.h"

#include "../../pools/heap_local.h"

#include <stdlib.h>
#include <string.h>
#include <torc.h>

#define MEMORY (256u << 10)

static unsigned char *memory;
static struct torc_grower_buffer grower;
static struct torc_heap *heap;
static struct torc_local *local;
static struct torc_block *block[2];

/* The explorer's threads share their thread-local variables: whose the local heap is, the scenario says. Nor are those
 * put back between executions. */
static void setup_remote(void) {
    void *first;
    memset(&torc_heap_tls, 0, sizeof torc_heap_tls);
    memory = malloc(MEMORY);
    model_assert(memory != NULL, "memory");
    model_assert_equal(torc_grower_buffer_init(&grower, memory, MEMORY), TORC_OK);
    model_assert_equal(torc_heap_create(&grower.grower, NULL, &heap), TORC_OK);
    first = torc_heap_alloc(heap, 32);
    model_assert(first != NULL && heap->local_count == 1, "a heap of its own");
    local = heap->local[1];
    block[0] = torc_local_alloc(local, torc_block_need(32));
    memset(torc_block_payload(block[0]), 1, 32);
}
static void free_remotely(void) {
    memset(torc_block_payload(block[0]), 2, 32);
    torc_local_push(local, block[0]);
}
static void allocate(void) {
    block[1] = torc_local_alloc(local, torc_block_need(32));
    model_assert(block[1] != NULL, "a block");
    memset(torc_block_payload(block[1]), 3, 32);
}
MODEL_SCENARIO(mut_heap_remote,
               .claim = "a block that another thread freed is its owner's, with all that was done to it",
               .setup = setup_remote, .thread = {free_remotely, allocate}, .preemptions = MODEL_UNBOUNDED);

static struct torc_arena *own;
static void init_local(void) {
    model_assert_equal(torc_arena_local_init(256), TORC_OK);
}
static void use_local(void) {
    int status = torc_arena_local(&own);
    model_assert(status == TORC_OK || status == TORC_INVALID, "an arena, or not yet");
}
MODEL_SCENARIO(mut_arena_local, .claim = "a thread that finds local arenas enabled finds them set up",
               .thread = {init_local, use_local}, .preemptions = MODEL_UNBOUNDED);
