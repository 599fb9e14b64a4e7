/* waits_publishing.c - publishers that wait: for room in a lane, for a slot. */
#include "waits.h"
#include <string.h>
#include <torc/arena.h>

static struct torc_arena *arena;
static struct torc_buffer buffer;
static struct torc_ringptr kept[8];

static const uint64_t number = 4711;
static const struct torc_message messages[2] = {{&number, sizeof number, 1}, {&number, sizeof number, 1}};

/* --- publishers: a full lane -------------------------------------------------------------------------------------- */

void fill_lane(void) {
    put_run(t.publisher, 0, LANE);
}
void pass_all(void) {
    take_run(t.reader, 0, LANE);
    assert_ok(torc_advance(t.reader));
}
bool publisher_waits(void) {
    return torc_publisher_stalls(t.publisher) != 0;
}

static int publish_until(uint64_t deadline) {
    return torc_publish_until(t.publisher, 1, &number, sizeof number, deadline);
}
static int publish_try(void) {
    return torc_try_publish_struct(t.publisher, 1, &number);
}
static int publish_plain(void) {
    return torc_publish_struct(t.publisher, 1, &number);
}
static int struct_until(uint64_t deadline) {
    return torc_publish_struct_until(t.publisher, 1, &number, deadline);
}

static int batch_until(uint64_t deadline) {
    size_t published = 99;
    int status = torc_publish_batch_until(t.publisher, messages, 2, deadline, &published);
    ck_assert_uint_eq(published, status == TORC_OK ? 2 : 0);
    return status;
}
static int batch_try(void) {
    return torc_try_publish_batch(t.publisher, messages, 2, NULL);
}
static int batch_plain(void) {
    return torc_publish_batch(t.publisher, messages, 2, NULL);
}

static int array_until(uint64_t deadline) {
    size_t published = 99;
    int status = torc_publish_array_until(t.publisher, 1, &number, 4, 2, deadline, &published);
    ck_assert_uint_eq(published, status == TORC_OK ? 2 : 0);
    return status;
}
static int array_try(void) {
    return torc_try_publish_array(t.publisher, 1, &number, 4, 2, NULL);
}
static int array_plain(void) {
    return torc_publish_array(t.publisher, 1, &number, 4, 2, NULL);
}

static int committed(int status, struct torc_claim *claims) {
    if (status < 0 || claims->data == NULL) {
        return status;
    }
    assert_ok(torc_abort_batch(t.publisher, claims, status == TORC_OK ? 1 : (size_t)status));
    return status;
}
static int claim_until(uint64_t deadline) {
    struct torc_claim claim;
    return committed(torc_claim_until(t.publisher, 1, 8, deadline, &claim), &claim);
}
static int claim_try(void) {
    struct torc_claim claim;
    return committed(torc_try_claim(t.publisher, 1, 8, &claim), &claim);
}
static int claim_plain(void) {
    struct torc_claim claim;
    return committed(torc_claim(t.publisher, 1, 8, &claim), &claim);
}
static int claims_until(uint64_t deadline) {
    struct torc_claim claims[3];
    return committed(torc_claim_batch_until(t.publisher, 1, 8, claims, 3, deadline), claims);
}
static int claims_try(void) {
    struct torc_claim claims[3];
    return committed(torc_try_claim_batch(t.publisher, 1, 8, claims, 3), claims);
}
static int claims_plain(void) {
    struct torc_claim claims[3];
    return committed(torc_claim_batch(t.publisher, 1, 8, claims, 3), claims);
}

void fill_lane_and_buffer(void) {
    fill_lane();
    assert_ok(torc_arena_create(4096, &arena));
    assert_ok(torc_arena_alloc(arena, 100, &buffer));
    ck_assert_uint_eq(torc_buffer_write(&buffer, &number, sizeof number), sizeof number);
}
static void destroy_arena(void) {
    close_ends();
    assert_ok(torc_arena_destroy(&arena, TORC_FOREVER, NULL));
}
static int arena_until(uint64_t deadline) {
    return torc_publish_arena_until(t.publisher, 1, &buffer, deadline);
}
static int arena_try(void) {
    return torc_try_publish_arena(t.publisher, 1, &buffer);
}
static int arena_plain(void) {
    return torc_publish_arena(t.publisher, 1, &buffer);
}

/* --- publishers: a dry pool --------------------------------------------------------------------------------------- */

static void claim_all(void) {
    struct torc_publisher_config config = {TORC_WAIT_BLOCK, TORC_DRY_WAIT};
    assert_ok(torc_publisher_close(t.publisher));
    assert_ok(torc_publisher_open(t.topic, &config, &t.publisher));
    memset(kept, 0, sizeof kept);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(torc_try_ringptr_claim(t.publisher, 1, 1000, &kept[i], NULL));
    }
}
static void release_kept(void) {
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (!torc_ringptr_is_null(kept[i])) {
            assert_ok(torc_ringptr_release(kept[i]));
            kept[i] = TORC_RINGPTR_NULL;
        }
    }
}
int released(int status, struct torc_ringptr ptr) {
    return status == TORC_OK ? torc_ringptr_release(ptr) : status;
}
static int handle_until(uint64_t deadline) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_ringptr_claim_until(t.publisher, 1, 1000, deadline, &ptr, NULL), ptr);
}
static int handle_try(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_try_ringptr_claim(t.publisher, 1, 1000, &ptr, NULL), ptr);
}
static int handle_plain(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_ringptr_claim(t.publisher, 1, 1000, &ptr, NULL), ptr);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define FULL_LANE .release = pass_all, .waits = publisher_waits, .would_block = TORC_WOULD_BLOCK, .done = TORC_OK
static const struct wait_case cases[] = {
    {"publish", fill_lane, publish_until, publish_try, publish_plain, FULL_LANE},
    {"publish_struct", fill_lane, struct_until, NULL, NULL, FULL_LANE},
    {"publish_batch", fill_lane, batch_until, batch_try, batch_plain, FULL_LANE},
    {"publish_array", fill_lane, array_until, array_try, array_plain, FULL_LANE},
    {"publish_arena", fill_lane_and_buffer, arena_until, arena_try, arena_plain, FULL_LANE, .end = destroy_arena},
    {"claim", fill_lane, claim_until, claim_try, claim_plain, FULL_LANE},
    {"claim_batch", fill_lane, claims_until, claims_try, claims_plain, .release = pass_all, .waits = publisher_waits,
     .would_block = TORC_WOULD_BLOCK, .done = 3},
    {"ringptr_claim", claim_all, handle_until, handle_try, handle_plain, .release = release_kept,
     .waits = publisher_waits, .would_block = TORC_WOULD_BLOCK, .done = TORC_OK},
};

const struct wait_case *publishing_case(int which) {
    return which < (int)(sizeof cases / sizeof cases[0]) ? &cases[which] : NULL;
}
