/* snapshot.c - a monitor looks on while events are published and read: nobody has consumed more than is published, and
 * what is published never goes back, although readers go by the stamps and the lane's position is stored behind
 * those. */
#include "world.h"

#include <stdlib.h>

static struct torc_snapshot *first, *second;
static void *memory[2];
static size_t bytes;

static void setup(void) {
    struct torc_config config = tiny_config();
    open_world(&config);
    bytes = torc_snapshot_size(w.bus);
    memory[0] = malloc(bytes);
    memory[1] = malloc(bytes);
    model_assert(memory[0] != NULL && memory[1] != NULL, "memory");
}

static void publish_one(void) {
    model_assert_status(put(w.publisher, 1, 16), TORC_OK);
}
static void publish_two(void) {
    publish_one();
    model_assert_status(put(w.publisher, 2, 16), TORC_OK);
}

static enum torc_action handle(void *context, const struct torc_event *event) {
    uint64_t *calls = context;
    model_assert_equal(number_of(event), ++*calls);
    return TORC_CONTINUE;
}
static void read_some(void) {
    uint64_t calls = 0;
    (void)torc_poll(w.reader, handle, &calls, 1);
    (void)torc_poll(w.reader, handle, &calls, 1);
}

/* The defect: lanes of one snapshot, readers of a later one. */
static void look(void) {
    const struct torc_snapshot *readers;
    model_assert_status(torc_snapshot_take(w.bus, memory[0], bytes, &first), TORC_OK);
    model_assert_status(torc_snapshot_take(w.bus, memory[1], bytes, &second), TORC_OK);
    readers = model_broken() ? second : first;
    model_assert(readers->readers[0].consumed <= first->published, "nobody consumed more than is published");
    model_assert(second->readers[0].consumed <= second->published, "nor in the second one");
    model_assert(first->lanes[0].published <= second->lanes[0].published, "a counter never goes back");
    model_assert(first->readers[0].consumed <= second->readers[0].consumed, "nor a reader's");
}

static void check(void) {
    free(memory[0]);
    free(memory[1]);
    close_world();
}

MODEL_SCENARIO(snapshot, .claim = "nobody has consumed more than is published, in a snapshot at any moment",
               .broken = "readers are looked at after the lanes", .setup = setup,
               .thread = {publish_one, read_some, look}, .check = check, .quick = 1);
MODEL_SCENARIO(snapshot_lap, .claim = "what is published never goes back from one snapshot to the next",
               .broken = "readers are looked at after the lanes", .setup = setup,
               .thread = {publish_two, read_some, look}, .check = check, .preemptions = 1, .quick = MODEL_NOT_QUICK);

/* The entry of what was read last is used again: where its stamp is not found any more the position behind it is. The
 * reader looks itself: of what the publisher did it has seen that stamp and no more. */
static void publish_three(void) {
    unsigned char payload[16];
    publish_two();
    fill_number(payload, sizeof payload, 3);
    while (torc_try_publish(w.publisher, 3, payload, sizeof payload) == TORC_WOULD_BLOCK) {
        model_pause();
    }
}
static void read_and_look(void) {
    take_run(w.reader, 1, 1);
    model_assert_status(torc_advance(w.reader), TORC_OK);
    model_assert_status(torc_snapshot_take(w.bus, memory[0], bytes, &first), TORC_OK);
    model_assert(first->readers[0].consumed <= first->published, "nobody consumed more than is published");
}
MODEL_SCENARIO(snapshot_reuse, .claim = "nor where the entry of what was consumed has the next event in it",
               .setup = setup, .thread = {publish_three, read_and_look}, .check = check, .quick = 1);
