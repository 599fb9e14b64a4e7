/* test_region_fuzz.c - long random runs of the region allocator against its model (region_model.c). */
#include "helpers.h"
#include "models.h"

START_TEST(the_region_does_what_the_model_says) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct chance chance = {.random = seed};
        const char *wrong = region_model(&chance, (uint32_t)_i, 0, 6000);
        ck_assert_msg(wrong == NULL, "variant %d, seed %d: not true: %s", _i, (int)seed, wrong);
    }
}
END_TEST

/* The comparison must be able to fail. */
START_TEST(what_is_wrong_is_noticed) {
    for (uint32_t i = 0; i < REGION_VARIANTS; i++) {
        struct chance chance = {.random = 1};
        ck_assert_msg(region_model(&chance, i, (uint32_t)_i, 2000) != NULL, "defect %d, variant %u", _i, i);
    }
}
END_TEST

Suite *region_fuzz_suite(void) {
    Suite *suite = suite_create("region_fuzz");
    TCase *tcase = tcase_create("against a model");
    tcase_set_timeout(tcase, HANG);
    tcase_add_loop_test(tcase, the_region_does_what_the_model_says, 0, REGION_VARIANTS);
    tcase_add_loop_test(tcase, what_is_wrong_is_noticed, 1, REGION_DEFECTS + 1);
    suite_add_tcase(suite, tcase);
    return suite;
}
