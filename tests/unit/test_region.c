/* test_region.c - the region allocator call by call: best fit, merging, resizing, growing, and everything it
 * refuses. */
#include "helpers.h"
#include <string.h>

#define NODES   64
#define GRANULE 16u
#define LENGTH  UINT64_C(100000)

static _Alignas(64) unsigned char storage[TORC_REGION_BYTES(NODES)];
static struct torc_region *region;

static void open_region(uint64_t base, uint64_t length, uint64_t granule) {
    assert_ok(torc_region_init(storage, sizeof storage, base, length, granule, &region));
}

static void setup_region(void) {
    open_region(0, LENGTH, GRANULE);
}

static void teardown_region(void) {
    ck_assert(torc_region_is_valid(region));
}

static struct torc_region_block alloc(uint64_t size) {
    struct torc_region_block block;
    assert_ok(torc_region_alloc(region, size, &block));
    ck_assert(torc_region_is_valid(region));
    return block;
}

static void give(struct torc_region_block block) {
    assert_ok(torc_region_free(region, block));
    ck_assert(torc_region_is_valid(region));
}

static uint32_t gaps(void) {
    struct torc_region_gap gap = {0};
    uint32_t count = 0;
    for (; torc_region_next_gap(region, &gap); count++) {
    }
    return count;
}

/* A gap of each of these sizes, each behind a block that stays. */
static void make_gaps(const uint64_t *size, size_t count) {
    struct torc_region_block hole[16];
    for (size_t i = 0; i < count; i++) {
        hole[i] = alloc(size[i]);
        (void)alloc(1);
    }
    for (size_t i = 0; i < count; i++) {
        give(hole[i]);
    }
}

START_TEST(a_new_region_is_one_gap) {
    ck_assert_uint_eq(torc_region_capacity(region), LENGTH);
    ck_assert_uint_eq(torc_region_available(region), LENGTH);
    ck_assert_uint_eq(torc_region_largest(region), LENGTH);
    ck_assert_uint_eq(torc_region_nodes_left(region), NODES - 1);
    ck_assert(torc_region_is_empty(region));
    ck_assert_uint_eq(gaps(), 1);
}
END_TEST

START_TEST(sizes_are_whole_granules) {
    struct torc_region_block one = alloc(1), exact = alloc(16), more = alloc(17);
    ck_assert_uint_eq(one.size, 16);
    ck_assert_uint_eq(exact.size, 16);
    ck_assert_uint_eq(more.size, 32);
    ck_assert_uint_eq(one.offset, 0);
    ck_assert_uint_eq(exact.offset, 16);
    ck_assert_uint_eq(more.offset, 32);
    ck_assert_uint_eq(torc_region_available(region), LENGTH - 64);
    ck_assert(!torc_region_is_empty(region));
}
END_TEST

START_TEST(the_smallest_gap_that_fits_is_taken) {
    static const uint64_t sizes[] = {480, 320, 9600, 320, 160, 8960, 20000};
    static const uint64_t want[][2] = {{300, 320}, {150, 160}, {320, 320}, {400, 480}, {8200, 8960}, {9000, 9600}};
    make_gaps(sizes, 7);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct torc_region_gap gap = {0};
        struct torc_region_block block = alloc(want[i][0]);
        bool rest = false;
        while (torc_region_next_gap(region, &gap)) {
            rest |= gap.offset == block.offset + block.size && gap.size == want[i][1] - block.size;
        }
        ck_assert(rest || block.size == want[i][1]);
    }
}
END_TEST

START_TEST(neighbours_merge_at_once) {
    struct torc_region_block a = alloc(100), b = alloc(100), c = alloc(100);
    give(a);
    ck_assert_uint_eq(gaps(), 2);
    give(c); /* with the rest of the range */
    ck_assert_uint_eq(gaps(), 2);
    give(b); /* with both */
    ck_assert_uint_eq(gaps(), 1);
    ck_assert(torc_region_is_empty(region));
    ck_assert_uint_eq(torc_region_largest(region), LENGTH);
    ck_assert_uint_eq(torc_region_nodes_left(region), NODES - 1);
}
END_TEST

START_TEST(the_whole_range_can_be_one_block) {
    struct torc_region_block block = alloc(LENGTH), none = {0};
    ck_assert_uint_eq(torc_region_available(region), 0);
    ck_assert_uint_eq(torc_region_largest(region), 0);
    ck_assert_uint_eq(gaps(), 0);
    assert_status(torc_region_alloc(region, 1, &none), TORC_NO_MEMORY);
    give(block);
    assert_status(torc_region_alloc(region, LENGTH + 1, &none), TORC_NO_MEMORY);
    assert_status(torc_region_alloc(region, UINT64_MAX, &none), TORC_NO_MEMORY);
    ck_assert_uint_eq(none.size, 0);
}
END_TEST

START_TEST(what_is_not_out_is_refused) {
    struct torc_region_block block = alloc(100), other = alloc(100), old, forged;
    give(block);
    assert_status(torc_region_free(region, block), TORC_STALE);
    old = block;
    block = alloc(100);
    ck_assert_uint_eq(block.offset, old.offset); /* same place, same node, another block */
    assert_status(torc_region_free(region, old), TORC_STALE);
    assert_status(torc_region_try_resize(region, &old, 50), TORC_STALE);
    for (uint32_t i = 0; i < 5; i++) {
        forged = other;
        forged.offset += i == 0 ? 16 : 0;
        forged.size += i == 1 ? 16 : 0;
        forged.serial += i == 2;
        forged.node = i == 3 ? 0 : i == 4 ? NODES + 5 : forged.node;
        assert_status(torc_region_free(region, forged), TORC_STALE);
        assert_status(torc_region_try_resize(region, &forged, 50), TORC_STALE);
    }
    memset(&forged, 0, sizeof forged);
    assert_status(torc_region_free(region, forged), TORC_STALE);
    memset(&forged, 0xFF, sizeof forged);
    assert_status(torc_region_free(region, forged), TORC_STALE);
    ck_assert(torc_region_is_valid(region));
    give(block);
    give(other);
    ck_assert(torc_region_is_empty(region));
}
END_TEST

START_TEST(aligned_blocks_leave_gaps_on_both_sides) {
    struct torc_region_block first = alloc(16), block = {0};
    assert_ok(torc_region_alloc_aligned(region, 1000, 4096, &block));
    ck_assert_uint_eq(block.offset, 4096);
    ck_assert_uint_eq(block.size, 1008);
    ck_assert_uint_eq(gaps(), 2);
    assert_status(torc_region_alloc_aligned(region, 10, 65536 * 2, &block), TORC_NO_MEMORY);
    assert_ok(torc_region_alloc_aligned(region, 4080, 1, &first)); /* below the granule: like any other */
    ck_assert_uint_eq(first.offset, 16);
}
END_TEST

START_TEST(an_aligned_block_may_fill_an_aligned_gap) {
    struct torc_region_block block;
    open_region(65536, 65536, GRANULE);
    assert_ok(torc_region_alloc_aligned(region, 65536, 65536, &block));
    ck_assert_uint_eq(block.offset, 65536);
    ck_assert_uint_eq(torc_region_available(region), 0);
}
END_TEST

START_TEST(resizing_moves_the_border) {
    struct torc_region_block a = alloc(100), b = alloc(100), old = a;
    assert_status(torc_region_try_resize(region, &a, 113), TORC_NO_MEMORY); /* b is in the way */
    assert_ok(torc_region_try_resize(region, &a, 112));                     /* what it has already */
    assert_status(torc_region_free(region, old), TORC_STALE);
    assert_ok(torc_region_try_resize(region, &a, 10));
    ck_assert_uint_eq(a.size, 16);
    ck_assert_uint_eq(gaps(), 2);
    assert_ok(torc_region_try_resize(region, &a, 64)); /* into a part of what it gave up */
    assert_ok(torc_region_try_resize(region, &a, 112));
    ck_assert_uint_eq(gaps(), 1);
    assert_ok(torc_region_try_resize(region, &b, LENGTH - 112));
    ck_assert_uint_eq(torc_region_available(region), 0);
    assert_status(torc_region_try_resize(region, &b, LENGTH), TORC_NO_MEMORY);
    assert_status(torc_region_try_resize(region, &b, UINT64_MAX), TORC_NO_MEMORY);
    ck_assert(torc_region_is_valid(region));
    give(a);
    give(b);
    ck_assert(torc_region_is_empty(region));
}
END_TEST

START_TEST(growing_extends_the_last_gap_or_adds_one) {
    struct torc_region_block block;
    assert_ok(torc_region_grow(region, 1000)); /* 992 */
    ck_assert_uint_eq(torc_region_largest(region), LENGTH + 992);
    block = alloc(LENGTH + 992);
    assert_ok(torc_region_grow(region, 160));
    ck_assert_uint_eq(torc_region_available(region), 160);
    ck_assert_uint_eq(torc_region_capacity(region), LENGTH + 992 + 160);
    ck_assert(torc_region_is_valid(region));
    assert_ok(torc_region_try_resize(region, &block, LENGTH + 992 + 160));
    assert_status(torc_region_grow(region, 15), TORC_INVALID);
    assert_status(torc_region_grow(region, UINT64_MAX), TORC_INVALID);
    give(block);
}
END_TEST

START_TEST(reset_makes_all_copies_stale) {
    struct torc_region_block a = alloc(100), b = alloc(100), again;
    give(a);
    assert_ok(torc_region_reset(region));
    ck_assert(torc_region_is_empty(region));
    ck_assert_uint_eq(torc_region_nodes_left(region), NODES - 1);
    assert_status(torc_region_free(region, b), TORC_STALE);
    again = alloc(100);
    ck_assert_uint_eq(again.offset, a.offset);
    (void)alloc(100);
    assert_status(torc_region_free(region, a), TORC_STALE);
    assert_status(torc_region_free(region, b), TORC_STALE);
}
END_TEST

/* One block per node but for the last, which is the gap behind them. */
START_TEST(nodes_run_out_and_nothing_changes) {
    struct torc_region_block block[NODES], none = {0};
    uint32_t count = 0;
    while (torc_region_nodes_left(region) > 0) {
        block[count++] = alloc(64);
    }
    ck_assert_uint_eq(count, NODES - 1);
    assert_status(torc_region_alloc(region, 64, &none), TORC_NO_NODES);
    assert_status(torc_region_alloc_aligned(region, 64, 4096, &none), TORC_NO_NODES);
    assert_status(torc_region_try_resize(region, &block[0], 16), TORC_NO_NODES);
    ck_assert_uint_eq(none.size, 0);
    ck_assert_uint_eq(block[0].size, 64);
    ck_assert_uint_eq(torc_region_available(region), LENGTH - 64 * (NODES - 1));
    ck_assert(torc_region_is_valid(region));
    assert_ok(torc_region_try_resize(region, &block[count - 1], 32)); /* the gap behind it takes the rest */
    none = alloc(torc_region_largest(region));                        /* an exact fit needs none */
    assert_status(torc_region_grow(region, 160), TORC_NO_NODES);
    give(none);
    for (uint32_t i = 0; i < count; i++) {
        give(block[i]);
    }
    ck_assert(torc_region_is_empty(region));
}
END_TEST

START_TEST(twice_the_blocks_and_one_is_enough_nodes) {
    struct torc_region_block block[20];
    assert_ok(torc_region_init(storage, TORC_REGION_BYTES(TORC_REGION_NODES(20)), 0, LENGTH, GRANULE, &region));
    for (uint32_t i = 0; i < 20; i++) {
        assert_ok(torc_region_alloc_aligned(region, 32, 64, &block[i])); /* every second granule pair stays a gap */
    }
    for (uint32_t i = 0; i < 20; i++) {
        give(block[i]);
        assert_ok(torc_region_alloc_aligned(region, 48, 64, &block[i]));
        ck_assert(torc_region_is_valid(region));
    }
}
END_TEST

START_TEST(ranges_may_end_where_numbers_do) {
    struct torc_region_block block;
    open_region(UINT64_MAX - 65551, 65536, GRANULE);
    assert_ok(torc_region_alloc_aligned(region, 16, 32768, &block));
    ck_assert_uint_eq(block.offset % 32768, 0);
    assert_status(torc_region_grow(region, 16), TORC_INVALID);
    give(block);
    open_region(0, UINT64_MAX, 1);
    block = alloc(UINT64_MAX - 1);
    ck_assert_uint_eq(torc_region_largest(region), 1);
    assert_status(torc_region_alloc_aligned(region, 2, UINT64_C(1) << 63, &block), TORC_NO_MEMORY);
    give(block);
    assert_ok(torc_region_alloc_aligned(region, 2, UINT64_C(1) << 63, &block));
    give(block);
    block = alloc(1);
    assert_status(torc_region_alloc_aligned(region, (UINT64_C(1) << 63) + 1, UINT64_C(1) << 63, &block),
                  TORC_NO_MEMORY);
    assert_status(torc_region_grow(region, 1), TORC_INVALID);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
    struct torc_region *none = NULL;
    struct torc_region_block block = {0};
    size_t bytes = sizeof storage;
    assert_status(torc_region_init(NULL, bytes, 0, LENGTH, GRANULE, &none), TORC_INVALID);
    assert_status(torc_region_init(storage, bytes, 0, LENGTH, GRANULE, NULL), TORC_INVALID);
    assert_status(torc_region_init(storage + 8, bytes - 8, 0, LENGTH, GRANULE, &none), TORC_INVALID);
    assert_status(torc_region_init(storage, TORC_REGION_BYTES(1) - 1, 0, LENGTH, GRANULE, &none), TORC_INVALID);
    assert_status(torc_region_init(storage, bytes, 0, LENGTH, 0, &none), TORC_INVALID);
    assert_status(torc_region_init(storage, bytes, 0, LENGTH, 24, &none), TORC_INVALID);
    assert_status(torc_region_init(storage, bytes, 8, LENGTH, GRANULE, &none), TORC_INVALID);
    assert_status(torc_region_init(storage, bytes, 0, 15, GRANULE, &none), TORC_INVALID);
    assert_status(torc_region_init(storage, bytes, 16, UINT64_MAX, GRANULE, &none), TORC_INVALID);
    ck_assert_ptr_null(none);
    assert_status(torc_region_alloc(NULL, 1, &block), TORC_INVALID);
    assert_status(torc_region_alloc(region, 1, NULL), TORC_INVALID);
    assert_status(torc_region_alloc(region, 0, &block), TORC_INVALID);
    assert_status(torc_region_alloc_aligned(region, 1, 0, &block), TORC_INVALID);
    assert_status(torc_region_alloc_aligned(region, 1, 48, &block), TORC_INVALID);
    assert_status(torc_region_free(NULL, block), TORC_INVALID);
    assert_status(torc_region_try_resize(region, NULL, 1), TORC_INVALID);
    block = alloc(16);
    assert_status(torc_region_try_resize(region, &block, 0), TORC_INVALID);
    assert_status(torc_region_grow(NULL, 16), TORC_INVALID);
    assert_status(torc_region_reset(NULL), TORC_INVALID);
    ck_assert_uint_eq(torc_region_capacity(NULL) + torc_region_available(NULL) + torc_region_largest(NULL), 0);
    ck_assert(!torc_region_is_empty(NULL) && !torc_region_is_valid(NULL) && !torc_region_next_gap(NULL, NULL));
}
END_TEST

START_TEST(the_storage_may_move) {
    static _Alignas(64) unsigned char elsewhere[sizeof storage];
    struct torc_region_block block = alloc(5000);
    memcpy(elsewhere, storage, sizeof storage);
    memset(storage, 0xA5, sizeof storage);
    region = (struct torc_region *)(void *)elsewhere;
    give(block);
    ck_assert(torc_region_is_empty(region));
}
END_TEST

Suite *region_suite(void) {
    Suite *suite = suite_create("region");
    TCase *tcase = tcase_create("call by call");
    tcase_add_checked_fixture(tcase, setup_region, teardown_region);
    tcase_add_test(tcase, a_new_region_is_one_gap);
    tcase_add_test(tcase, sizes_are_whole_granules);
    tcase_add_test(tcase, the_smallest_gap_that_fits_is_taken);
    tcase_add_test(tcase, neighbours_merge_at_once);
    tcase_add_test(tcase, the_whole_range_can_be_one_block);
    tcase_add_test(tcase, what_is_not_out_is_refused);
    tcase_add_test(tcase, aligned_blocks_leave_gaps_on_both_sides);
    tcase_add_test(tcase, an_aligned_block_may_fill_an_aligned_gap);
    tcase_add_test(tcase, resizing_moves_the_border);
    tcase_add_test(tcase, growing_extends_the_last_gap_or_adds_one);
    tcase_add_test(tcase, reset_makes_all_copies_stale);
    tcase_add_test(tcase, nodes_run_out_and_nothing_changes);
    tcase_add_test(tcase, twice_the_blocks_and_one_is_enough_nodes);
    tcase_add_test(tcase, ranges_may_end_where_numbers_do);
    tcase_add_test(tcase, bad_arguments_are_refused);
    tcase_add_test(tcase, the_storage_may_move);
    suite_add_tcase(suite, tcase);
    return suite;
}
