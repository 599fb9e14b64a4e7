/* test_heap_fuzz.c - long random lives of a heap against its model (heap_model.c). */
#include "helpers.h"
#include "models.h"

START_TEST(a_long_life_agrees_with_the_model) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct chance chance = {.random = seed};
        const char *wrong = heap_model(&chance, (uint32_t)_i, 0, 6000);
        ck_assert_msg(wrong == NULL, "variant %d, seed %d: not true: %s", _i, (int)seed, wrong);
    }
}
END_TEST

/* The comparison must be able to fail. */
START_TEST(what_is_wrong_is_noticed) {
    for (uint32_t i = 0; i < HEAP_VARIANTS; i++) {
        struct chance chance = {.random = 1};
        ck_assert_msg(heap_model(&chance, i, (uint32_t)_i, 6000) != NULL, "defect %d, variant %u", _i, i);
    }
}
END_TEST

Suite *heap_fuzz_suite(void) {
    Suite *suite = suite_create("heap_fuzz");
    TCase *tcase = tcase_create("against a model");
    tcase_set_timeout(tcase, HANG);
    tcase_add_loop_test(tcase, a_long_life_agrees_with_the_model, 0, HEAP_VARIANTS);
    tcase_add_loop_test(tcase, what_is_wrong_is_noticed, 1, HEAP_DEFECTS + 1);
    suite_add_tcase(suite, tcase);
    return suite;
}
