/* main.c - runs every suite. CK_RUN_SUITE, CK_FORK and CK_VERBOSITY choose what runs and how, as usual with check. */
#include "helpers.h"
#include <stdlib.h>

int main(void) {
    static Suite *(*const suites[])(void) = {
#define LIST_SUITE(name) name##_suite,
        SUITES(LIST_SUITE)
#undef LIST_SUITE
    };
    SRunner *runner = srunner_create(suites[0]());
    size_t i;
    int failed;
    for (i = 1; i < sizeof suites / sizeof suites[0]; i++) {
        srunner_add_suite(runner, suites[i]());
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
