/* test_heap_damage.c - the walk finds what is broken: each invariant is violated once, by the tags in memory
 * themselves. */
#include "../../pools/heap_local.h"

#include "heap_helpers.h"

static struct torc_local *local(void) {
    return heap->local[1];
}

/* A block that is used, one in a quick list, and one that is free, in the extent of this thread's heap. */
static struct torc_block *used, *quick, *unused;

static void setup_blocks(void) {
    void *small, *other, *large;
    setup_heap();
    small = heap_block(64, 1);
    other = heap_block(64, 2);
    large = heap_block(40000, 3);
    used = torc_block_of(small);
    quick = torc_block_of(other);
    unused = torc_block_of(large);
    heap_return(other, 64, 2);
    heap_return(large, 40000, 3);
    assert_heap_valid();
    /* It may have been merged with what lay before it. */
    unused = torc_core_last(local()->core.extents);
    ck_assert_ptr_nonnull(unused);
}

static void flip(struct torc_block *block, uint64_t bits) {
    torc_block_set(block, torc_block_head(block) ^ bits);
}

/* Damages, looks, repairs, looks again. */
static void assert_found(struct torc_block *block, uint64_t bits) {
    flip(block, bits);
    assert_heap_damaged();
    flip(block, bits);
    assert_heap_valid();
}

START_TEST(flags_that_lie_are_found) {
    assert_found(used, TORC_BLOCK_USED);
    assert_found(used, TORC_BLOCK_PREV_USED);
    assert_found(used, TORC_BLOCK_QUICK);
    assert_found(quick, TORC_BLOCK_QUICK);
    assert_found(quick, TORC_BLOCK_USED);
    assert_found(quick, TORC_BLOCK_FIRST);
    assert_found(unused, TORC_BLOCK_USED);
    assert_found(torc_block_next(unused), TORC_BLOCK_PREV_USED);
    assert_found(torc_extent_first(local()->core.extents), TORC_BLOCK_FIRST);
}
END_TEST

START_TEST(sizes_and_owners_that_lie_are_found) {
    assert_found(used, 16);
    assert_found(used, UINT64_C(1) << (sizeof(size_t) > 4 ? 43 : 31)); /* the rest of a size is not looked at */
    assert_found(unused, 16);
    assert_found(used, UINT64_C(1) << TORC_BLOCK_OWNER_SHIFT);
    *torc_block_foot(torc_block_next(unused)) ^= 32;
    assert_heap_damaged();
    *torc_block_foot(torc_block_next(unused)) ^= 32;
}
END_TEST

START_TEST(lists_that_lie_are_found) {
    struct torc_core *core = &local()->core;
    uint32_t class = torc_class_of(torc_block_size(unused)), small = torc_class_of(torc_block_size(quick));
    struct torc_block *bin = core->bin[class];
    core->map[class / 64] ^= UINT64_C(1) << class % 64;
    assert_heap_damaged();
    core->map[class / 64] ^= UINT64_C(1) << class % 64;
    core->bin[class] = NULL;
    assert_heap_damaged();
    core->bin[class] = bin;
    core->free += 16;
    assert_heap_damaged();
    core->free -= 16;
    core->total += 16;
    assert_heap_damaged();
    core->total -= 16;
    local()->quick[small].room++;
    assert_heap_damaged();
    local()->quick[small].room--;
    assert_heap_valid();
    heap->orphan_count++;
    assert_heap_damaged();
    heap->orphan_count--;
}
END_TEST

START_TEST(a_free_block_on_its_way_back_is_found) {
    torc_store_relaxed64(&local()->remote, (uint64_t)(uintptr_t)quick);
    assert_heap_damaged();
    torc_store_relaxed64(&local()->remote, 0);
}
END_TEST

/* Two other threads free one block: both are told OK, the owner finds out when it takes its blocks back. */
START_TEST(a_block_pushed_twice_is_freed_once) {
    struct torc_block *after = torc_block_of(heap_block(64, 4));
    torc_local_push(local(), used);
    torc_local_push(local(), used);
    torc_local_drain(local());
    ck_assert_uint_eq(heap_stats().refused, 1);
    assert_heap_valid();
    assert_ok(torc_heap_free(heap, torc_block_payload(after)));
    used = torc_block_of(heap_block(64, 1));
}
END_TEST

static void teardown_blocks(void) {
    assert_ok(torc_heap_free(heap, torc_block_payload(used)));
}

Suite *heap_damage_suite(void) {
    Suite *suite = suite_create("heap_damage");
    TCase *c = add_case(suite, "heap_damage", setup_blocks);
    tcase_add_checked_fixture(c, NULL, teardown_heap);
    tcase_add_checked_fixture(c, NULL, teardown_blocks);
    tcase_add_test(c, flags_that_lie_are_found);
    tcase_add_test(c, sizes_and_owners_that_lie_are_found);
    tcase_add_test(c, lists_that_lie_are_found);
    tcase_add_test(c, a_free_block_on_its_way_back_is_found);
    tcase_add_test(c, a_block_pushed_twice_is_freed_once);
    return suite;
}
