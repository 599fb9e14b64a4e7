/* test_region_valid.c - torc_region_is_valid must be able to fail: each test damages one thing that it says it
 * checks. */
#include "../../pools/region.h"
#include "helpers.h"

#define GRANULE 16u

static _Alignas(64) unsigned char storage[TORC_REGION_BYTES(64)];

/* Blocks and gaps in a row: block 0, gap in a list, block 1, gap in a tree, block 2, the rest. */
static struct sample {
    struct torc_region *region;
    struct region_node *nodes;
    uint32_t block[3], list, tree;
} sample;

static uint32_t alloc(uint64_t size) {
    struct torc_region_block block;
    assert_ok(torc_region_alloc(sample.region, size, &block));
    return block.node;
}

static void make_gap(uint32_t node) {
    const struct region_node *self = region_node(sample.region, node);
    struct torc_region_block block = {self->offset, self->size, node, self->left};
    assert_ok(torc_region_free(sample.region, block));
}

static void setup_sample(void) {
    assert_ok(torc_region_init(storage, sizeof storage, 0, 100000, GRANULE, &sample.region));
    sample.nodes = region_nodes(sample.region);
    sample.block[0] = alloc(48);
    sample.list = alloc(100);
    sample.block[1] = alloc(16);
    sample.tree = alloc(10000);
    sample.block[2] = alloc(16);
    make_gap(sample.list);
    make_gap(sample.tree);
    ck_assert(torc_region_is_valid(sample.region));
}

static void damage_ring(int which) {
    struct region_node *block = &sample.nodes[sample.block[1]];
    switch (which) {
    case 0:
        block->size += GRANULE;
        break;
    case 1:
        block->offset += GRANULE;
        break;
    case 2:
        block->before = sample.block[1] & REGION_NODE_MASK;
        break;
    case 3:
        block->after = sample.block[1] & REGION_NODE_MASK;
        break;
    default:
        block->block = 0;
        break;
    }
}

static void damage_index(int which) {
    struct region_node *nodes = sample.nodes;
    switch (which) {
    case 0:
        nodes[sample.list].left = sample.block[0];
        break;
    case 1:
        nodes[sample.list].right = sample.list;
        break;
    case 2:
        nodes[sample.tree].height = 9;
        break;
    case 3:
        nodes[sample.tree].left = sample.tree;
        break;
    case 4:
        nodes[sample.tree].right = UINT32_MAX;
        break;
    case 5:
        nodes[sample.tree].right = sample.list;
        break;
    case 6:
        sample.region->words = 0;
        break;
    default:
        sample.region->bins[0] ^= UINT64_C(1) << 40;
        break;
    }
}

static void damage_head(int which) {
    switch (which) {
    case 0:
        sample.region->available -= GRANULE;
        break;
    case 1:
        sample.region->in_use++;
        break;
    case 2:
        sample.region->spares = sample.block[0];
        break;
    case 3:
        sample.region->touched = sample.region->nodes + 1;
        break;
    default:
        sample.region->length += GRANULE;
        break;
    }
}

START_TEST(damage_to_the_ring_is_found) {
    damage_ring(_i);
    ck_assert(!torc_region_is_valid(sample.region));
}
END_TEST

START_TEST(damage_to_the_bins_is_found) {
    damage_index(_i);
    ck_assert(!torc_region_is_valid(sample.region));
}
END_TEST

START_TEST(damage_to_the_head_is_found) {
    damage_head(_i);
    ck_assert(!torc_region_is_valid(sample.region));
}
END_TEST

Suite *region_valid_suite(void) {
    Suite *suite = suite_create("region_valid");
    TCase *tcase = tcase_create("damage");
    tcase_add_checked_fixture(tcase, setup_sample, NULL);
    tcase_add_loop_test(tcase, damage_to_the_ring_is_found, 0, 5);
    tcase_add_loop_test(tcase, damage_to_the_bins_is_found, 0, 8);
    tcase_add_loop_test(tcase, damage_to_the_head_is_found, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}
