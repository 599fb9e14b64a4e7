/* adapt.c - how many operations fill a slice. What fills it for one implementation may take another a minute. */
#include "harness.h"

uint64_t *suite_adapted(const struct suite_case *which, const struct suite_plugin *plugin) {
    static struct {
        const struct suite_case *which;
        const struct suite_plugin *plugin;
        uint64_t n;
    } known[4096];
    static size_t count;
    for (size_t i = count; i > 0; i--) {
        if (known[i - 1].which == which && known[i - 1].plugin == plugin) {
            return &known[i - 1].n;
        }
    }
    if (count == sizeof known / sizeof *known) {
        bench_die(which->name, "more cases than there is space for");
    }
    known[count].which = which;
    known[count].plugin = plugin;
    return &known[count++].n;
}
