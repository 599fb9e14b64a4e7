/* dump.c [--broken] DIRECTORY - a bus that has been through everything, with names that are hard to quote, as text,
 * JSON and Prometheus's format in DIRECTORY/snapshot.{txt,json,prom}, for observe.py to read. --broken: a backslash is
 * lost on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc.h>

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        if (status_ != TORC_OK) {                                                                                      \
            fprintf(stderr, "dump: %s: %s\n", #call, torc_status_name(status_));                                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static int broken;

/* To a FILE, as a program would. */
static int to_file(void *context, const char *text, size_t length) {
    const char *lost = broken ? memchr(text, '\\', length) : NULL;
    if (lost != NULL) {
        size_t before = (size_t)(lost - text);
        (void)fwrite(text, 1, before, context);
        text = lost + 1;
        length -= before + 1;
    }
    return fwrite(text, 1, length, context) == length ? TORC_OK : TORC_SYSTEM;
}

static enum torc_action ignore(void *context, struct torc_ringptr message) {
    (void)context;
    (void)message;
    return TORC_CONTINUE;
}

static const char *const names[] = {"plain",
                                    "quo\"te",
                                    "back\\slash",
                                    "new\nline",
                                    "tab\tbell\x07",
                                    "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x9D",
                                    "bad\xFF\xC0\xAF\xED\xA0\x80\xF8",
                                    "}{,=#\" 1"};
enum { NAMES = sizeof names / sizeof names[0] };

struct life {
    struct torc_bus *bus;
    struct torc_publisher *publishers[NAMES];
    struct torc_reader *readers[NAMES];
    struct torc_actor *actor;
};

static void live(struct life *life) {
    struct torc_config config;
    struct torc_actor_config actor = {.name = "a\"c\\t\nor", .on_message = ignore};
    OK(torc_config_preset("default", &config));
    config.publishers = config.readers = NAMES;
    OK(torc_bus_create(&config, &life->bus));
    for (size_t i = 0; i < NAMES; i++) {
        struct torc_reader_config reader = {.policy = (enum torc_policy)(i % 4)};
        struct torc_topic *topic;
        struct torc_event event;
        OK(torc_topic_open(life->bus, names[i], 0, &topic));
        OK(torc_publisher_open(topic, NULL, &life->publishers[i]));
        OK(torc_reader_open(topic, &reader, &life->readers[i]));
        for (size_t k = 0; k < 10 * (i + 1); k++) {
            OK(torc_publish(life->publishers[i], 1, names, 8 * (k % 9)));
        }
        OK(torc_next(life->readers[i], &event));
        OK(torc_advance(life->readers[i]));
    }
    OK(torc_actor_start(life->bus, &actor, &life->actor));
}

static void end(struct life *life) {
    OK(torc_actor_stop(life->actor, TORC_STOP_DRAIN, NULL));
    for (size_t i = 0; i < NAMES; i++) {
        OK(torc_publisher_close(life->publishers[i]));
        OK(torc_reader_close(life->readers[i]));
    }
    OK(torc_bus_destroy(&life->bus, NULL));
}

static void write_to(const char *directory, const char *name, const struct torc_snapshot *snapshot,
                     enum torc_snapshot_format format) {
    struct torc_snapshot_style style = {format, format == TORC_TEXT ? "a bus" : "b\"u\\s\n\xFE", NULL};
    char path[512];
    FILE *file;
    (void)snprintf(path, sizeof path, "%s/snapshot.%s", directory, name);
    file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    OK(torc_snapshot_write(snapshot, &style, to_file, file));
    if (fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv) {
    struct life life = {0};
    struct torc_snapshot *snapshot;
    size_t bytes;
    void *memory;
    broken = argc > 2 && strcmp(argv[1], "--broken") == 0;
    if (argc < 2) {
        return 2;
    }
    live(&life);
    bytes = torc_snapshot_size(life.bus);
    memory = malloc(bytes);
    OK(torc_snapshot_take(life.bus, memory, bytes, &snapshot));
    write_to(argv[argc - 1], "txt", snapshot, TORC_TEXT);
    write_to(argv[argc - 1], "json", snapshot, TORC_JSON);
    write_to(argv[argc - 1], "prom", snapshot, TORC_PROMETHEUS);
    end(&life);
    free(memory);
    return 0;
}
