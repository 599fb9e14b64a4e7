/* test_status.c - codes, their names and texts, and the version. */
#include "helpers.h"
#include <stdio.h>
#include <string.h>

static const struct {
    int value;
    const char *name, *text;
} CODES[] = {
#define LIST_CODE(name, value, text) {name, #name, text},
    TORC_STATUS_MAP(LIST_CODE)
#undef LIST_CODE
};
#define CODE_COUNT (int)(sizeof CODES / sizeof CODES[0])

START_TEST(every_code_has_its_name_and_text) {
    ck_assert_str_eq(torc_status_name(CODES[_i].value), CODES[_i].name);
    ck_assert_str_eq(torc_strerror(CODES[_i].value), CODES[_i].text);
}
END_TEST

START_TEST(codes_are_distinct_and_all_errors_are_negative) {
    int i;
    for (i = 0; i < CODE_COUNT; i++) {
        ck_assert(CODES[i].value < 0 || CODES[i].value == TORC_OK);
        ck_assert(i == _i || CODES[i].value != CODES[_i].value);
    }
}
END_TEST

START_TEST(ok_is_zero) {
    ck_assert_int_eq(TORC_OK, 0);
}
END_TEST

START_TEST(counts_read_as_success) {
    ck_assert_str_eq(torc_strerror(1), torc_strerror(TORC_OK));
    ck_assert_str_eq(torc_strerror(INT32_MAX), torc_strerror(TORC_OK));
}
END_TEST

START_TEST(unknown_codes_get_a_text_that_no_code_has) {
    static const int unknown[] = {-1000, INT32_MIN};
    size_t i;
    int k;
    for (i = 0; i < 2; i++) {
        ck_assert_str_eq(torc_status_name(unknown[i]), "TORC_?");
        ck_assert_ptr_nonnull(torc_strerror(unknown[i]));
        for (k = 0; k < CODE_COUNT; k++) {
            ck_assert_str_ne(torc_strerror(unknown[i]), CODES[k].text);
        }
    }
}
END_TEST

START_TEST(the_first_code_past_the_last_is_unknown) {
    int lowest = 0, i;
    for (i = 0; i < CODE_COUNT; i++) {
        lowest = CODES[i].value < lowest ? CODES[i].value : lowest;
    }
    ck_assert_str_eq(torc_status_name(lowest - 1), "TORC_?");
}
END_TEST

START_TEST(version_text_agrees_with_its_numbers) {
    char text[64];
    int length = snprintf(text, sizeof text, "%d.%d.%d", TORC_VERSION_MAJOR, TORC_VERSION_MINOR, TORC_VERSION_PATCH);
    ck_assert_int_gt(length, 0);
    ck_assert_str_eq(torc_version(), text);
    ck_assert_str_eq(TORC_VERSION, text);
}
END_TEST

Suite *status_suite(void) {
    Suite *suite = suite_create("status");
    TCase *tcase = add_case(suite, "codes", NULL);
    tcase_add_loop_test(tcase, every_code_has_its_name_and_text, 0, CODE_COUNT);
    tcase_add_loop_test(tcase, codes_are_distinct_and_all_errors_are_negative, 0, CODE_COUNT);
    tcase_add_test(tcase, ok_is_zero);
    tcase_add_test(tcase, counts_read_as_success);
    tcase_add_test(tcase, unknown_codes_get_a_text_that_no_code_has);
    tcase_add_test(tcase, the_first_code_past_the_last_is_unknown);
    tcase_add_test(tcase, version_text_agrees_with_its_numbers);
    return suite;
}
