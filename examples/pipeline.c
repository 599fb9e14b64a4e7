/* pipeline - source -> transform -> sink, over two topics.
 *
 *     main --publish--> "numbers" --[actor: transform]--> "squares" --[actor: sink]--> a sum
 *
 * An actor is a thread with handlers. The transform subscribes to one topic and publishes to the next through a
 * publisher of its own. A stage that falls behind slows down the one before it: every lane is bounded. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <torc.h>

enum { NUMBER = 1, SQUARE = 2, EVENTS = 100000 };

struct transform {
    struct torc_topic *output;
    struct torc_publisher *publisher;
};

struct sink {
    uint64_t count, sum;
};

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "pipeline: %s: %s\n", what, torc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static void expect(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "pipeline: not true: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Lifecycle: both run in the actor's thread, before the first event and after the last. */
static int transform_start(void *context, struct torc_actor *actor) {
    struct transform *transform = context;
    (void)actor;
    return torc_publisher_open(transform->output, NULL, &transform->publisher);
}

static void transform_stop(void *context) {
    struct transform *transform = context;
    must(torc_publisher_close(transform->publisher), "close the transform's publisher");
}

static enum torc_action transform_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    struct transform *transform = context;
    const uint64_t *number = torc_view(event, uint64_t);
    uint64_t square;
    (void)reader;
    expect(number != NULL, "a number is eight bytes");
    square = *number * *number;
    must(torc_publish_struct(transform->publisher, SQUARE, &square), "publish a square");
    return TORC_CONTINUE;
}

static enum torc_action sink_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    struct sink *sink = context;
    const uint64_t *square = torc_view(event, uint64_t);
    (void)reader;
    expect(square != NULL && *square == sink->count * sink->count, "the squares arrive in the order of the numbers");
    sink->count++;
    sink->sum += *square;
    return TORC_CONTINUE;
}

int main(void) {
    struct torc_bus *bus;
    struct torc_topic *numbers, *squares;
    struct torc_publisher *source;
    struct torc_actor *transform_actor, *sink_actor;
    struct transform transform = {NULL, NULL};
    struct sink sink = {0, 0};
    const uint64_t n = EVENTS;

    must(torc_bus_create(NULL, &bus), "create the bus");
    must(torc_topic_open(bus, "numbers", 0, &numbers), "open the first topic");
    must(torc_topic_open(bus, "squares", 0, &squares), "open the second topic");

    /* From the far end: a subscription begins with the next event, so whoever listens comes before whoever speaks. */
    struct torc_actor_config sink_config = {
        .name = "sink", .context = &sink, .on_event = sink_event, .topics = &squares, .topic_count = 1};
    must(torc_actor_start(bus, &sink_config, &sink_actor), "start the sink");

    transform.output = squares;
    struct torc_actor_config transform_config = {.name = "transform",
                                                 .context = &transform,
                                                 .on_start = transform_start,
                                                 .on_stop = transform_stop,
                                                 .on_event = transform_event,
                                                 .topics = &numbers,
                                                 .topic_count = 1};
    must(torc_actor_start(bus, &transform_config, &transform_actor), "start the transform");

    must(torc_publisher_open(numbers, NULL, &source), "open the source");
    for (uint64_t number = 0; number < n; number++) {
        must(torc_publish_struct(source, NUMBER, &number), "publish a number");
    }

    /* Stop from the near end: each stage drains what its topic holds, so that the next one has it all. */
    must(torc_publisher_close(source), "close the source");
    must(torc_actor_stop(transform_actor, TORC_STOP_DRAIN, NULL), "stop the transform");
    must(torc_actor_stop(sink_actor, TORC_STOP_DRAIN, NULL), "stop the sink");
    must(torc_bus_destroy(&bus, NULL), "destroy the bus");

    expect(sink.count == n, "as many squares as numbers");
    expect(sink.sum == (n - 1) * n * (2 * n - 1) / 6, "and they add up as the formula says");
    printf("pipeline: ok: %d numbers became squares in order, their sum is %llu\n", EVENTS,
           (unsigned long long)sink.sum);
    return EXIT_SUCCESS;
}
