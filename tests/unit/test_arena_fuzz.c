/* test_arena_fuzz.c - long random lives of an arena against its model (arena_model.c). */
#include "helpers.h"
#include "models.h"

START_TEST(a_long_life_agrees_with_the_model) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct chance chance = {.random = seed};
        const char *wrong = arena_model(&chance, (uint32_t)_i, 0, 20000);
        ck_assert_msg(wrong == NULL, "variant %d, seed %d: not true: %s", _i, (int)seed, wrong);
    }
}
END_TEST

/* The comparison must be able to fail. */
START_TEST(what_is_wrong_is_noticed) {
    for (uint32_t i = 0; i < ARENA_VARIANTS; i++) {
        struct chance chance = {.random = 1};
        ck_assert_msg(arena_model(&chance, i, (uint32_t)_i, 20000) != NULL, "defect %d, variant %u", _i, i);
    }
}
END_TEST

Suite *arena_fuzz_suite(void) {
    Suite *suite = suite_create("arena_fuzz");
    TCase *tcase = tcase_create("against a model");
    tcase_set_timeout(tcase, HANG);
    tcase_add_loop_test(tcase, a_long_life_agrees_with_the_model, 0, 2 * ARENA_VARIANTS);
    tcase_add_loop_test(tcase, what_is_wrong_is_noticed, 1, ARENA_DEFECTS + 1);
    suite_add_tcase(suite, tcase);
    return suite;
}
