/* mut_xxl.c - XXL blocks that change hands: the last release gives the block back before it frees the slot. */
#include "world.h"

#include "../../src/core.h"

#include <string.h>

static struct torc_ringptr first, next;
static int claimed;

#define XXL_BYTES (TORC_XL_BYTES + 1u)

static void open_xxl(uint32_t blocks, uint64_t area, uint32_t flags) {
    struct torc_config config = tiny_config();
    config.readers = 2;
    config.xxl = (uint16_t)blocks;
    config.xxl_bytes = area;
    config.flags |= flags;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_FAIL);
}
static uint64_t word_in(const void *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}
static int publish_xxl(uint64_t word) {
    struct torc_claim in_place;
    int status = torc_claim(w.publisher, 1, XXL_BYTES, &in_place);
    if (status == TORC_OK) {
        memcpy(in_place.data, &word, sizeof word);
        model_assert_status(torc_commit(w.publisher, &in_place), TORC_OK);
    }
    return status;
}
/* --- by handle or by the ring ------------------------------------------------------------------------------------- */

static void setup_xxl_ring(void) {
    struct torc_event event;
    open_xxl(1, 0, 0);
    w.reader = open_reader(TORC_JOIN_NEXT);
    w.second = open_reader(TORC_JOIN_NEXT);
    model_assert_status(publish_xxl(7), TORC_OK);
    model_assert_status(torc_next(w.reader, &event), TORC_OK);
    model_assert_status(torc_keep(w.reader, &event, &first), TORC_OK);
    model_assert_status(torc_reader_close(w.reader), TORC_OK);
    w.reader = NULL;
}
/* One thread both reads and publishes: what it read is over before the ring's reference is dropped. */
static void read_and_publish_xxl(void) {
    struct torc_event event;
    model_assert_status(torc_next(w.second, &event), TORC_OK);
    model_assert_equal(word_in(event.data), 7);
    model_assert_status(torc_next(w.second, &event), TORC_EMPTY);
    claimed = publish_xxl(8);
    if (claimed == TORC_POOL_DRY) {
        claimed = publish_xxl(8); /* the handle's release may be over by now */
    }
}
static void release_xxl(void) {
    model_assert_equal(word_in(torc_ringptr_data(first)), 7);
    model_assert_status(torc_ringptr_release(first), TORC_OK);
}
static void check_xxl_ring(void) {
    struct torc_event event;
    if (claimed == TORC_OK) {
        model_assert_status(torc_next(w.second, &event), TORC_OK);
        model_assert_equal(word_in(event.data), 8);
    } else {
        model_assert_status(claimed, TORC_POOL_DRY);
    }
    close_world();
}
MODEL_SCENARIO(mut_xxl_last, .claim = "a block is freed after everybody's last look, by handle or by the ring",
               .hazards = "12, 13", .setup = setup_xxl_ring, .thread = {read_and_publish_xxl, release_xxl},
               .check = check_xxl_ring, .preemptions = 2, .quick = 1);

/* --- by the list -------------------------------------------------------------------------------------------------- */

static int claim_xxl(struct torc_ringptr *ptr, uint64_t word) {
    void *data = NULL;
    int status = torc_ringptr_claim(w.publisher, 1, XXL_BYTES, ptr, &data);
    if (status == TORC_OK) {
        memcpy(data, &word, sizeof word);
    }
    return status;
}
/* Room for one block, and two descriptors: the block comes back by the list, not by its slot. */
static void setup_xxl_area(void) {
    open_xxl(2, XXL_BYTES + TORC_LINE, 0);
    model_assert_status(claim_xxl(&first, 7), TORC_OK);
}
static void claim_next(void) {
    claimed = claim_xxl(&next, 8);
}
static void check_xxl_area(void) {
    if (claimed == TORC_OK) {
        model_assert_equal(word_in(torc_ringptr_data(next)), 8);
        model_assert_status(torc_ringptr_release(next), TORC_OK);
    } else {
        model_assert_status(claimed, TORC_POOL_DRY);
    }
    close_world();
}
MODEL_SCENARIO(mut_xxl_area, .claim = "a block in the bus goes through the list of those given back, with its bytes",
               .hazards = "12, 13", .setup = setup_xxl_area, .thread = {release_xxl, claim_next},
               .check = check_xxl_area, .preemptions = 2, .quick = 1);

/* --- on a bus that is to go later --------------------------------------------------------------------------------- */

static uint32_t gone;

static void note_gone(void *context) {
    (void)context;
    gone++;
}
static void setup_later(void) {
    gone = 0;
    open_xxl(1, 0, TORC_DESTROY_LATER);
    model_assert_status(claim_xxl(&first, 7), TORC_OK);
}
static void destroy_later(void) {
    model_assert_status(torc_bus_destroy_later(&w.bus, note_gone, NULL), TORC_OK);
}
/* The publisher is still open, so the bus waits for it, whoever of the other two comes first. */
static void check_later(void) {
    if (claimed == TORC_OK) {
        model_assert_equal(word_in(torc_ringptr_data(next)), 8);
        model_assert_status(torc_ringptr_release(next), TORC_OK);
    } else {
        model_assert(claimed == TORC_POOL_DRY || claimed == TORC_CLOSED, "dry or closed");
    }
    model_assert_equal(gone, 0);
    model_assert_status(torc_publisher_close(w.publisher), TORC_OK);
    model_assert_equal(gone, 1);
    model_assert_equal(model_heap_live(), 0);
}
MODEL_SCENARIO(mut_xxl_later,
               .claim = "a block given back while the bus is told to go is whole for who claims its slot",
               .hazards = "12, 21", .setup = setup_later, .thread = {destroy_later, release_xxl, claim_next},
               .check = check_later, .preemptions = 2, .quick = 1);
