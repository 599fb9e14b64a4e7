/* memory.c - bytes: of a default bus as the kernel sees it, of one event, and of 4096 events of 40 bytes under way. */
#include "harness.h"
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <torc.h>
#include <unistd.h>

/* Of this process, in bytes, what the kernel shares with nobody. */
static double resident(void) {
    char line[256];
    double kilobytes = 0, value;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == NULL) {
        bench_die("/proc/self/smaps_rollup", strerror(errno));
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Private_Dirty: %lf kB", &value) == 1 || sscanf(line, "Private_Clean: %lf kB", &value) == 1) {
            kilobytes += value;
        }
    }
    (void)fclose(file);
    return kilobytes * 1024;
}

/* What `work` adds, in a child, so that nothing that was there before can be reused. */
static double grown_by(bool (*work)(const void *), const void *argument) {
    double grown = -1;
    int ends[2], status;
    pid_t child;
    if (pipe(ends) != 0 || (child = fork()) < 0) {
        bench_die("fork", strerror(errno));
    }
    if (child == 0) {
        double before = resident();
        if (work(argument)) {
            grown = resident() - before;
        }
        _exit(write(ends[1], &grown, sizeof grown) == (ssize_t)sizeof grown ? 0 : 1);
    }
    (void)close(ends[1]);
    if (read(ends[0], &grown, sizeof grown) != (ssize_t)sizeof grown) {
        bench_die("memory", "the child that tried it has died");
    }
    (void)close(ends[0]);
    if (waitpid(child, &status, 0) < 0) {
        bench_die("waitpid", strerror(errno));
    }
    return grown;
}

static bool make_bus(const void *argument) {
    struct torc_config config = TORC_CONFIG_DEFAULT_INIT;
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    struct torc_reader *reader;
    if (argument != NULL) {
        config.publishers = 1;
    }
    bench_check(torc_bus_create(&config, &bus), "torc_bus_create");
    bench_check(torc_topic_open(bus, "memory", 0, &topic), "torc_topic_open");
    bench_check(torc_publisher_open(topic, NULL, &publisher), "torc_publisher_open");
    bench_check(torc_reader_open(topic, NULL, &reader), "torc_reader_open");
    return true;
}

/* A lane's entry, and in the pools the record and the mark of a slot. */
static void overheads(struct suite_sample *sample) {
    static const char *const names[TORC_SHIRTS] = {"overhead_xs", "overhead_s", "overhead_m", "overhead_l",
                                                   "overhead_xl"};
    struct torc_bus *bus;
    struct torc_topic *topic;
    struct torc_publisher *publisher;
    bench_check(torc_bus_create(NULL, &bus), "torc_bus_create");
    bench_check(torc_topic_open(bus, "memory", 0, &topic), "torc_topic_open");
    bench_check(torc_publisher_open(topic, NULL, &publisher), "torc_publisher_open");
    suite_yield(sample, "overhead_inline", (double)sizeof(struct torc_entry) - TORC_INLINE_BYTES, "B");
    for (uint32_t shirt = 0; shirt < TORC_SHIRTS; shirt++) {
        struct torc_pool_stats stats;
        bench_check(torc_publisher_pool_stats(publisher, shirt, &stats), "torc_publisher_pool_stats");
        suite_yield(sample, names[shirt],
                    (double)stats.bytes / stats.capacity - stats.slot_bytes + (double)sizeof(struct torc_entry), "B");
    }
    bench_check(torc_publisher_close(publisher), "torc_publisher_close");
    bench_check(torc_bus_destroy(&bus, NULL), "torc_bus_destroy");
}

struct wanted {
    const struct suite_case *which;
    const struct suite_plugin *plugin;
};

static bool run_plan(const void *argument) {
    const struct wanted *wanted = argument;
    void *state = wanted->plugin->flow->open(&wanted->which->plan);
    if (state == NULL) {
        return false;
    }
    (void)suite_slice(wanted->which, wanted->plugin, state, 4 * BENCH_LANE, NULL, NULL);
    return true;
}

bool suite_measure_memory(const struct suite_case *which, const struct suite_plugin *plugin,
                          struct suite_sample *sample) {
    struct wanted wanted = {which, plugin};
    double bytes = plugin->flow != NULL && plugin->flow->slice == NULL ? grown_by(run_plan, &wanted) : -1;
    if (bytes < 0) {
        return false;
    }
    suite_yield(sample, "resident_spsc_40", bytes / 1e6, "MB");
    if (strcmp(plugin->name, "torc") == 0) {
        suite_yield(sample, "resident_default", grown_by(make_bus, NULL) / 1e6, "MB");
        suite_yield(sample, "resident_1_publisher", grown_by(make_bus, "one") / 1e6, "MB");
        overheads(sample);
    }
    return true;
}
