/* test_heap_fuzz.c - a long random life of a heap beside a model that is too simple to be wrong: an array of what is out. After
 * every step the block at hand is compared with the model, and now and then everything. */
#include "heap_helpers.h"
#include <stdlib.h>

enum { MOST = 300, STEPS = 6000 };

static struct model {
    void *block;
    size_t size, alignment;
    uint32_t seed;
} model[MOST];
static uint32_t seeds;

/* Mostly small; edges between the classes, the quick lists, the local heap and the common one are likely. */
static size_t some_size(uint64_t *random) {
    static const size_t edges[] = {0, 24, 1016, 1024, 32760, 32768, 131064, 131072};
    uint64_t kind = random_next(random) % 100, n = random_next(random);
    if (kind < 60) {
        return n % 300;
    }
    if (kind < 85) {
        return n % 9000;
    }
    if (kind < 97) {
        return edges[n % 8] + n / 8 % 32;
    }
    return n % 200000;
}

static void assert_apart(const struct model *one) {
    for (int i = 0; i < MOST; i++) {
        const struct model *other = &model[i];
        if (other != one && other->block != NULL) {
            const unsigned char *a = one->block, *b = other->block;
            if (a + one->size > b && b + other->size > a) {
                ck_abort_msg("block %u and block %u overlap", one->seed, other->seed);
            }
        }
    }
}

static void take_one(struct model *one, uint64_t *random) {
    one->size = some_size(random);
    one->alignment = random_next(random) % 8 == 0 ? (size_t)16 << random_next(random) % 9 : 16;
    one->seed = ++seeds;
    one->block = one->alignment > 16 ? torc_heap_alloc_aligned(heap, one->alignment, one->size)
                                     : torc_heap_alloc(heap, one->size);
    ck_assert_ptr_nonnull(one->block);
    ck_assert(aligned_to(one->block, one->alignment));
    assert_apart(one);
    fill(one->block, one->size, one->seed);
}

static void give_one(struct model *one) {
    heap_return(one->block, one->size, one->seed);
    one->block = NULL;
}

static void change_one(struct model *one, uint64_t *random) {
    size_t size = some_size(random);
    void *moved = torc_heap_realloc(heap, one->block, size);
    ck_assert_ptr_nonnull(moved);
    ck_assert(filled(moved, size < one->size ? size : one->size, one->seed));
    one->block = moved;
    one->size = size;
    assert_apart(one);
    fill(moved, size, one->seed);
}

/* The heap counts what the model has, and at least as many bytes. */
static void compare(void) {
    uint64_t blocks = 0;
    size_t bytes = 0;
    struct torc_heap_stats stats = heap_stats();
    for (int i = 0; i < MOST; i++) {
        if (model[i].block != NULL) {
            blocks++;
            bytes += model[i].size;
            ck_assert(filled(model[i].block, model[i].size, model[i].seed));
            ck_assert_uint_ge(torc_heap_usable(heap, model[i].block), model[i].size);
        }
    }
    ck_assert_uint_eq(stats.blocks, blocks);
    ck_assert_uint_ge(stats.used, bytes + blocks * 8);
    ck_assert_uint_le(stats.used + stats.quick + stats.free, stats.grown);
    assert_heap_valid();
}

static void live(uint64_t seed) {
    uint64_t random = seed;
    for (uint32_t step = 0; step < STEPS; step++) {
        struct model *one = &model[random_next(&random) % MOST];
        if (one->block == NULL) {
            take_one(one, &random);
        } else if (random_next(&random) % 4 == 0) {
            change_one(one, &random);
        } else {
            give_one(one);
        }
        if (step % 512 == 0) {
            compare();
        }
        if (random_next(&random) % 4096 == 0) {
            (void)torc_heap_trim(heap);
        }
    }
    for (int i = 0; i < MOST; i++) {
        if (model[i].block != NULL) {
            give_one(&model[i]);
        }
    }
    compare();
}

START_TEST(a_long_life_agrees_with_the_model) {
    live((uint64_t)_i);
    (void)torc_heap_trim(heap);
    assert_heap_valid();
    ck_assert_uint_eq(heap_stats().quick, 0);
}
END_TEST

Suite *heap_fuzz_suite(void) {
    Suite *suite = suite_create("heap_fuzz");
    TCase *c = add_case(suite, "heap_fuzz", setup_heap);
    tcase_add_checked_fixture(c, NULL, teardown_heap);
    tcase_add_loop_test(c, a_long_life_agrees_with_the_model, 1, 7);
    return suite;
}
