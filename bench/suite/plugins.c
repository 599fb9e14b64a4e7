/* plugins.c - the implementations: torc and the limits from this program, the peers from shared objects beside it. */
#include "harness.h"
#include <dlfcn.h>
#include <string.h>

extern const struct suite_plugin suite_torc, suite_torc_pool, suite_torc_arena, suite_torc_heap;
extern const struct suite_plugin suite_raw, suite_raw_copy, suite_raw_futex, suite_malloc, suite_shared_ptr;
extern const struct suite_plugin suite_raw_add, suite_raw_cas, suite_torc_lanes, suite_raw_lanes;
extern const struct suite_plugin suite_raw_blocks, suite_raw_swap;

static const struct suite_plugin *const linked[] = {
    &suite_torc,     &suite_torc_pool, &suite_torc_arena, &suite_torc_heap,  &suite_raw,
    &suite_raw_copy, &suite_raw_futex, &suite_malloc,     &suite_shared_ptr, &suite_torc_lanes,
    &suite_raw_cas,  &suite_raw_add,   &suite_raw_lanes,  &suite_raw_blocks, &suite_raw_swap};

/* The shared objects, by file name and by the name in the results. */
static const struct {
    const char *file, *name;
} known[] = {{"ck", "ck_ring"},        {"boost", "boost_spsc"},       {"moodycamel", "moodycamel"},
             {"tbb", "tbb_bounded"},   {"rte_ring", "rte_ring"},      {"wfcqueue", "wfcqueue"},
             {"mutex", "mutex_queue"}, {"nng", "nng_inproc"},         {"zmq", "zeromq_inproc"},
             {"iceoryx", "iceoryx"},   {"disruptor", "disruptor"},    {"mimalloc", "mimalloc"},
             {"jemalloc", "jemalloc"}, {"rte_mempool", "rte_mempool"}};
/* Loaded only by name. With --peers it stands for one, without for torc. */
#define BROKEN "broken"

const struct suite_plugin *suite_plugins[SUITE_PLUGINS];
size_t suite_plugin_count;
static const char *absent[sizeof known / sizeof *known];
static size_t absent_count;

size_t suite_absent(const char *const **names) {
    *names = absent;
    return absent_count;
}

bool suite_is_peer(const struct suite_plugin *plugin) {
    for (size_t i = 0; i < sizeof linked / sizeof *linked; i++) {
        if (linked[i] == plugin) {
            return false;
        }
    }
    return suite_settings.peers || strcmp(plugin->name, BROKEN) != 0;
}

/* Is it in --impls? */
static bool wanted(const char *name) {
    const char *list = suite_settings.impls;
    size_t length = strlen(name);
    while (list != NULL) {
        const char *comma = strchr(list, ',');
        size_t span = comma != NULL ? (size_t)(comma - list) : strlen(list);
        if (span == length && strncmp(list, name, length) == 0) {
            return true;
        }
        if (comma == NULL) {
            return false;
        }
        list = comma + 1;
    }
    return true;
}

static void add(const struct suite_plugin *plugin) {
    if (wanted(plugin->name)) {
        suite_plugins[suite_plugin_count++] = plugin;
    }
}

/* Of its own scope: what a peer links must not become what the others, and this program, use. */
static const struct suite_plugin *load(const char *directory, const char *file) {
    char path[4096];
    void *library;
    const struct suite_plugin *plugin;
    if (snprintf(path, sizeof path, "%s/peers/%s.so", directory, file) >= (int)sizeof path) {
        bench_die("too long a name", directory);
    }
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return NULL;
    }
    plugin = dlsym(library, SUITE_PLUGIN_SYMBOL);
    if (plugin == NULL) {
        bench_die(path, "no " SUITE_PLUGIN_SYMBOL " in it");
    }
    return plugin;
}

void suite_plugins_load(const char *program) {
    char directory[4096];
    char *slash;
    (void)snprintf(directory, sizeof directory, "%s", program);
    slash = strrchr(directory, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof linked / sizeof *linked; i++) {
        add(linked[i]);
    }
    if (suite_settings.impls != NULL && wanted(BROKEN)) {
        const struct suite_plugin *broken = load(directory, BROKEN);
        if (broken == NULL) {
            bench_die(BROKEN, dlerror());
        }
        add(broken);
    }
    for (size_t i = 0; suite_settings.peers && i < sizeof known / sizeof *known; i++) {
        const struct suite_plugin *plugin = wanted(known[i].name) ? load(directory, known[i].file) : NULL;
        if (plugin != NULL) {
            add(plugin);
        } else if (wanted(known[i].name)) {
            absent[absent_count++] = known[i].name;
            fprintf(stderr, "absent: %s (%s)\n", known[i].name, dlerror());
        }
    }
}
