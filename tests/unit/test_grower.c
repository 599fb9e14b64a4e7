/* test_grower.c - the three growers, each by its contract and under a heap; and one that a user might write. */
#include "heap_helpers.h"
#include <string.h>
#include <unistd.h>

static _Alignas(64) unsigned char memory[256 * 1024];

/* What grow answers lies behind what it answered before, and can be written. */
static void assert_grows(struct torc_grower *grower, size_t size, unsigned char **end) {
    size_t grown = 0;
    unsigned char *old = grower->grow(grower, size, &grown);
    ck_assert_ptr_nonnull(old);
    ck_assert_uint_ge(grown, size);
    ck_assert(*end == NULL || old == *end);
    memset(old, 0xA5, grown);
    *end = old + grown;
}

static void assert_refuses(struct torc_grower *grower, size_t size) {
    size_t grown = 0;
    ck_assert_ptr_null(grower->grow(grower, size, &grown));
    ck_assert_uint_eq(grown, 0);
}

START_TEST(a_buffer_grows_to_its_end_and_no_further) {
    struct torc_grower_buffer buffer;
    unsigned char *end = NULL;
    assert_ok(torc_grower_buffer_init(&buffer, memory, 1000));
    assert_grows(&buffer.grower, 400, &end);
    assert_refuses(&buffer.grower, 601);
    assert_refuses(&buffer.grower, SIZE_MAX);
    assert_grows(&buffer.grower, 600, &end);
    ck_assert_ptr_eq(end, memory + 1000);
    assert_refuses(&buffer.grower, 1);
    ck_assert_uint_eq(buffer.grower.shrink(&buffer.grower, 100), 100);
    end -= 100;
    assert_grows(&buffer.grower, 50, &end);
    ck_assert_uint_eq(buffer.grower.shrink(&buffer.grower, 5000), 950);
}
END_TEST

START_TEST(a_range_commits_as_it_grows) {
    struct torc_grower_mmap mapped;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *end = NULL;
    assert_ok(torc_grower_mmap_open(&mapped, 8 * page));
    assert_grows(&mapped.grower, 1, &end);
    ck_assert_ptr_eq(end, mapped.begin + page);
    assert_grows(&mapped.grower, 2 * page, &end);
    assert_refuses(&mapped.grower, 5 * page + 1);
    assert_refuses(&mapped.grower, SIZE_MAX);
    assert_grows(&mapped.grower, 5 * page, &end);
    assert_refuses(&mapped.grower, 1);
    torc_grower_mmap_close(&mapped);
    torc_grower_mmap_close(&mapped);
}
END_TEST

/* Memory given back reads as zeros when it is had again: the pages were really gone. */
START_TEST(a_range_gives_pages_back) {
    struct torc_grower_mmap mapped;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *end = NULL;
    assert_ok(torc_grower_mmap_open(&mapped, 8 * page));
    assert_grows(&mapped.grower, 8 * page, &end);
    ck_assert_uint_eq(mapped.grower.shrink(&mapped.grower, page - 1), 0);
    ck_assert_uint_eq(mapped.grower.shrink(&mapped.grower, 2 * page + 1), 2 * page);
    ck_assert_uint_eq(mapped.committed, 6 * page);
    mapped.grower.discard(&mapped.grower, mapped.begin + 1, 2 * page - 1);
    ck_assert_uint_eq(mapped.begin[page - 1], 0xA5);
    ck_assert_uint_eq(mapped.begin[page], 0);
    ck_assert_uint_eq(mapped.begin[2 * page - 1], 0);
    ck_assert_uint_eq(mapped.begin[2 * page], 0xA5);
    ck_assert_ptr_nonnull(mapped.grower.grow(&mapped.grower, page, &(size_t){0}));
    ck_assert_uint_eq(mapped.begin[6 * page], 0);
    torc_grower_mmap_close(&mapped);
}
END_TEST

START_TEST(growers_refuse_what_cannot_be) {
    struct torc_grower_mmap mapped;
    struct torc_grower_buffer buffer;
    assert_status(torc_grower_mmap_open(NULL, MB), TORC_INVALID);
    assert_status(torc_grower_mmap_open(&mapped, 0), TORC_INVALID);
    assert_status(torc_grower_mmap_open(&mapped, SIZE_MAX), TORC_NO_MEMORY);
    assert_status(torc_grower_mmap_open(&mapped, sizeof(size_t) > 4 ? SIZE_MAX / 2 : SIZE_MAX - MB), TORC_NO_MEMORY);
    assert_status(torc_grower_buffer_init(NULL, memory, 1), TORC_INVALID);
    assert_status(torc_grower_buffer_init(&buffer, NULL, 1), TORC_INVALID);
    torc_grower_mmap_close(NULL);
}
END_TEST

START_TEST(the_data_segment_grows_and_shrinks) {
    struct torc_grower_brk segment;
    unsigned char *end = NULL, *before;
    torc_grower_brk_init(&segment);
    ck_assert_uint_eq(segment.grower.shrink(&segment.grower, 100), 0);
    before = sbrk(0);
    assert_grows(&segment.grower, 4096, &end);
    ck_assert_ptr_eq(end, sbrk(0));
    assert_grows(&segment.grower, 8192, &end);
    assert_refuses(&segment.grower, SIZE_MAX);
    ck_assert_uint_eq(segment.grower.shrink(&segment.grower, 4096), 4096);
    ck_assert_ptr_eq(sbrk(0), end - 4096);
    ck_assert_uint_eq(segment.grower.shrink(&segment.grower, 100000), 8192);
    ck_assert_ptr_eq(sbrk(0), before);
}
END_TEST

START_TEST(what_others_added_to_the_segment_stays) {
    struct torc_grower_brk segment;
    unsigned char *end = NULL;
    size_t grown = 0;
    torc_grower_brk_init(&segment);
    assert_grows(&segment.grower, 4096, &end);
    ck_assert_ptr_eq(sbrk(64), end);
    ck_assert_uint_eq(segment.grower.shrink(&segment.grower, 4096), 0);
    ck_assert_ptr_eq(segment.grower.grow(&segment.grower, 4096, &grown), end + 64);
    ck_assert_uint_eq(segment.grower.shrink(&segment.grower, 8192), 4096);
}
END_TEST

/* Some of every size, over any grower: whole, apart from each other, and all back at the end. */
static void exercise(struct torc_grower *grower, size_t largest) {
    enum { BLOCKS = 24 };
    struct torc_heap_config config = {.threads = 2, .step = 4096};
    void *block[BLOCKS];
    size_t size[BLOCKS];
    assert_ok(torc_heap_create(grower, &config, &heap));
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < BLOCKS; i++) {
            size[i] = (i * 97 + round * 31) * (i + 1) % largest;
            block[i] = heap_block(size[i], i);
        }
        assert_heap_valid();
        for (uint32_t i = 0; i < BLOCKS; i++) {
            heap_return(block[i], size[i], i);
        }
    }
    (void)torc_heap_trim(heap);
    assert_heap_valid();
    assert_ok(torc_heap_destroy(&heap, NULL));
}

START_TEST(a_heap_lives_on_each_of_them) {
    struct torc_grower_brk segment;
    struct torc_grower_mmap mapped;
    struct torc_grower_buffer buffer;
    torc_grower_brk_init(&segment);
    exercise(&segment.grower, 100000);
    assert_ok(torc_grower_mmap_open(&mapped, 64 * MB));
    exercise(&mapped.grower, 500000);
    torc_grower_mmap_close(&mapped);
    assert_ok(torc_grower_buffer_init(&buffer, memory, sizeof memory));
    exercise(&buffer.grower, 5000);
    assert_ok(torc_grower_buffer_init(&buffer, memory + 13, sizeof memory - 13));
    exercise(&buffer.grower, 5000);
}
END_TEST

/* Pieces anywhere, of odd sizes, never one behind the other, and no way back. */
struct scattered {
    struct torc_grower grower;
    size_t used;
    uint64_t asked;
};

static void *scatter(struct torc_grower *grower, size_t size, size_t *grown) {
    struct scattered *self = (struct scattered *)grower;
    unsigned char *begin = memory + self->used + 5;
    self->asked++;
    if (size > 40000 || self->used + size + 11 > sizeof memory) {
        return NULL;
    }
    self->used += size + 11;
    *grown = size + 3;
    return begin;
}

START_TEST(a_heap_lives_on_a_grower_of_the_users_in_pieces) {
    struct scattered pieces = {.grower = {scatter, NULL, NULL}};
    exercise(&pieces.grower, 3000);
    ck_assert_uint_gt(pieces.asked, 3);
}
END_TEST

Suite *grower_suite(void) {
    Suite *suite = suite_create("grower");
    TCase *c = add_case(suite, "grower", NULL);
    tcase_add_test(c, a_buffer_grows_to_its_end_and_no_further);
    tcase_add_test(c, a_range_commits_as_it_grows);
    tcase_add_test(c, a_range_gives_pages_back);
    tcase_add_test(c, growers_refuse_what_cannot_be);
    tcase_add_test(c, the_data_segment_grows_and_shrinks);
    tcase_add_test(c, what_others_added_to_the_segment_stays);
    tcase_add_test(c, a_heap_lives_on_each_of_them);
    tcase_add_test(c, a_heap_lives_on_a_grower_of_the_users_in_pieces);
    return suite;
}
