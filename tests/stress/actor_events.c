/* actor_events.c - actors that subscribe: one keeps every event it sees and mails it to a second one, while publishers
 * run. Stopped with DRAIN after the publishers, both have handled everything; stopped with DROP in the middle, nothing
 * leaks and the publishers go on without it. */
#include "engine.h"
#include <inttypes.h>

enum { PUBLISHERS = 2 };

struct sink {
    struct torc_actor *actor;
    struct stress_sum sum;
};

struct dispatcher {
    struct sink *sink;
    struct stress_seen seen;
};

struct source {
    struct stress_writer writer;
    uint64_t events;
};

static uint64_t total_events;
static uint64_t total_dropped;

static enum torc_action on_message(void *context, struct torc_ringptr message) {
    struct sink *sink = context;
    size_t size = torc_ringptr_length(message);
    uint32_t author = torc_ringptr_type(message);
    stress_add(&sink->sum, author, stress_verify_tagged(torc_ringptr_data(message), size, author), size);
    return TORC_CONTINUE;
}

static enum torc_action on_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    struct dispatcher *dispatcher = context;
    struct torc_ringptr ptr;
    stress_see(&dispatcher->seen, event);
    OK(torc_keep_until(reader, event, TORC_FOREVER, &ptr));
    OK(torc_actor_send(dispatcher->sink->actor, ptr, TORC_FOREVER));
    return TORC_CONTINUE;
}

static void *publish(void *argument) {
    struct source *source = argument;
    for (uint64_t i = 0; i < source->events; i++) {
        stress_write(&source->writer, STRESS_TAG + stress_size(&source->writer.random, TORC_L_BYTES));
    }
    return NULL;
}

static void check(const struct source *sources, const struct dispatcher *dispatcher, const struct torc_actor_stats *in,
                  const struct torc_actor_stats *out, enum torc_stop how) {
    struct stress_sum written = {0, 0, 0};
    for (size_t i = 0; i < PUBLISHERS; i++) {
        stress_merge(&written, &sources[i].writer.sum);
    }
    DETECT(STRESS_SUM, in->events == dispatcher->seen.sum.events && in->events == out->sent,
           "%" PRIu64 " events handled, the handler says %" PRIu64 ", %" PRIu64 " passed on", in->events,
           dispatcher->seen.sum.events, out->sent);
    DETECT(STRESS_SUM, out->sent == out->messages + out->dropped,
           "sent %" PRIu64 ", handled %" PRIu64 ", dropped %" PRIu64, out->sent, out->messages, out->dropped);
    if (how == TORC_STOP_DRAIN) {
        stress_same(&written, &dispatcher->seen.sum, "dispatcher");
        stress_same(&written, &dispatcher->sink->sum, "sink");
    }
    total_events += in->events;
    total_dropped += out->dropped;
}

static void start_actors(struct torc_bus *bus, struct torc_topic *topic, struct dispatcher *dispatcher,
                         struct torc_actor **actor, uint64_t number) {
    struct torc_topic *topics[] = {topic};
    struct torc_actor_config out = {.name = "sink",
                                    .context = dispatcher->sink,
                                    .on_message = on_message,
                                    .mailbox = 15,
                                    .wait = stress_waits[number / 2 % 4]};
    struct torc_actor_config in = {.name = "dispatcher",
                                   .context = dispatcher,
                                   .on_event = on_event,
                                   .topics = topics,
                                   .topic_count = 1,
                                   .wait = stress_waits[number / 8 % 4]};
    dispatcher->seen.from_start = true;
    dispatcher->seen.drop_at = stress_broken ? 20 : 0;
    OK(torc_actor_start(bus, &out, &dispatcher->sink->actor));
    OK(torc_actor_start(bus, &in, actor));
}

static void play_round(uint64_t number) {
    enum torc_stop how = number % 2 == 0 ? TORC_STOP_DRAIN : TORC_STOP_DROP;
    struct torc_config config = stress_small(PUBLISHERS, 1, 32);
    struct torc_bus *bus = stress_bus(&config);
    struct torc_topic *topic = stress_topic(bus, "events");
    struct sink sink = {.actor = NULL};
    struct dispatcher dispatcher = {.sink = &sink};
    struct source sources[PUBLISHERS] = {{.events = 0}};
    struct stress_thread *threads[PUBLISHERS];
    struct torc_actor_stats in;
    struct torc_actor_stats out;
    struct torc_actor *actor;
    uint64_t random = number;
    start_actors(bus, topic, &dispatcher, &actor, number);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        stress_writer_open(&sources[i].writer, topic, TORC_WAIT_BLOCK);
        sources[i].events = 1 + stress_below(&random, 600);
        threads[i] = stress_spawn("publisher", publish, &sources[i]);
    }
    for (size_t i = 0; i < PUBLISHERS && how == TORC_STOP_DRAIN; i++) {
        (void)stress_join(threads[i]);
    }
    stress_spin(&random, 50000);
    stress_doing("stops the dispatcher");
    OK(torc_actor_stop(actor, how, &in));
    stress_doing("stops the sink");
    OK(torc_actor_stop(sink.actor, how, &out));
    for (size_t i = 0; i < PUBLISHERS; i++) {
        if (how == TORC_STOP_DROP) {
            (void)stress_join(threads[i]);
        }
    }
    check(sources, &dispatcher, &in, &out, how);
    for (size_t i = 0; i < PUBLISHERS; i++) {
        stress_writer_end(&sources[i].writer);
    }
    stress_bus_end(bus);
}

int main(int argc, char **argv) {
    uint64_t rounds;
    stress_begin(argc, argv, "actor_events", STRESS_ORDER, "the dispatcher overlooks events");
    rounds = stress_scaled(600);
    for (uint64_t i = 0; i < rounds; i++) {
        play_round(i);
        stress_progress(i + 1);
    }
    stress_say("%" PRIu64 " rounds: %" PRIu64 " events kept and mailed, %" PRIu64 " dropped unhandled", rounds,
               total_events, total_dropped);
    return stress_end();
}
