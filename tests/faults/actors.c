/* actors.c - actors start, work and end while calls fail. */
#include "world.h"

#include <sched.h>
#include <stdatomic.h>

void actor_works(void);
void actor_refuses(void);
void actor_full(void);

struct work {
    atomic_uint messages;
    atomic_uint events;
    atomic_uint stopped;
    atomic_bool hold, held;
};

static enum torc_action on_message(void *context, struct torc_ringptr message) {
    struct work *work = context;
    atomic_store(&work->held, true);
    while (atomic_load(&work->hold)) {
        (void)sched_yield();
    }
    world_verify(torc_ringptr_data(message), torc_ringptr_length(message), torc_ringptr_type(message));
    atomic_fetch_add(&work->messages, 1);
    return TORC_CONTINUE;
}

static enum torc_action on_event(void *context, struct torc_reader *reader, const struct torc_event *event) {
    struct work *work = context;
    (void)reader;
    world_verify(event->data, event->length, event->type);
    atomic_fetch_add(&work->events, 1);
    return TORC_CONTINUE;
}

static void on_stop(void *context) {
    atomic_fetch_add(&((struct work *)context)->stopped, 1);
}

static bool send(struct world *world, struct torc_actor *actor, size_t size, uint32_t seed) {
    struct torc_ringptr message = TORC_RINGPTR_NULL;
    void *data = NULL;
    if (!ATTEMPT(torc_ringptr_claim(world->publisher, seed, size, &message, &data), MAY_LACK_MEMORY)) {
        return false;
    }
    world_fill(data, size, seed);
    SURE(torc_actor_send(actor, message, TORC_FOREVER));
    return true;
}

/* Messages and events of several sizes, then a stop that drains. */
static void feed(struct world *world, struct torc_actor *actor, struct work *work) {
    static const size_t sizes[] = {20, 900, XXL_SIZE, 5000};
    struct torc_actor_stats stats;
    unsigned sent = 0;
    unsigned published = 0;
    for (uint32_t i = 0; i < 4; i++) {
        sent += send(world, actor, sizes[i], i);
        published += world_publish(world, sizes[i], i);
    }
    SURE(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats));
    MUST(atomic_load(&work->messages) == sent && stats.messages == sent, "%u messages of %u", work->messages, sent);
    MUST(atomic_load(&work->events) == published, "%u events of %u", work->events, published);
    MUST(atomic_load(&work->stopped) == 1, "stopped %u times", work->stopped);
}

void actor_works(void) {
    struct world world;
    struct work work = {.messages = 0};
    struct torc_actor *actor = NULL;
    if (world_open(&world, 0)) {
        const struct torc_actor_config config = {.name = "works",
                                                 .context = &work,
                                                 .on_stop = on_stop,
                                                 .on_message = on_message,
                                                 .on_event = on_event,
                                                 .mailbox = 3,
                                                 .topics = &world.topic,
                                                 .topic_count = 1};
        SURE(torc_reader_close(world.reader)); /* the actor is the only one that gates */
        world.reader = NULL;
        if (ATTEMPT(torc_actor_start(world.bus, &config, &actor), MAY_LACK_MEMORY | MAY_LACK_SYSTEM)) {
            feed(&world, actor, &work);
        } else {
            MUST(actor == NULL, "an actor that did not start was handed out");
        }
    }
    world_close(&world);
}

static int refuse(void *context, struct torc_actor *actor) {
    (void)context;
    (void)actor;
    return TORC_NOT_FOUND;
}

/* on_start's own verdict, or that of the call that failed before it. */
void actor_refuses(void) {
    struct world world;
    const struct torc_actor_config config = {.on_start = refuse, .on_message = on_message};
    struct torc_actor *actor = NULL;
    if (world_open(&world, 0)) {
        for (int i = 0; i < 3; i++) {
            int status = torc_actor_start(world.bus, &config, &actor);
            if (status != TORC_NOT_FOUND) {
                MUST(status != TORC_OK, "an actor that refuses is started");
                (void)settled("torc_actor_start", status, MAY_LACK_MEMORY | MAY_LACK_SYSTEM);
            }
            MUST(actor == NULL, "an actor that did not start was handed out");
        }
    }
    world_close(&world);
}

/* A sender sleeps at a full mailbox; then all that is left is dropped. */
void actor_full(void) {
    struct world world;
    struct work work = {.hold = true};
    const struct torc_actor_config config = {
        .name = "full", .context = &work, .on_message = on_message, .mailbox = 3, .full = TORC_MAILBOX_WAIT};
    struct torc_actor *actor = NULL;
    if (world_open(&world, 0) &&
        ATTEMPT(torc_actor_start(world.bus, &config, &actor), MAY_LACK_MEMORY | MAY_LACK_SYSTEM)) {
        struct torc_ringptr message = TORC_RINGPTR_NULL;
        struct torc_actor_stats stats;
        int status = TORC_OK;
        unsigned sent = 0;
        bool full = false;
        while (!full) { /* and it is only once the actor has taken the message that it holds */
            bool held = atomic_load(&work.held);
            void *data = NULL;
            SURE(torc_ringptr_claim(world.publisher, 7, sent % 2 == 0 ? 60 : 200, &message, &data));
            world_fill(data, sent % 2 == 0 ? 60 : 200, 7);
            status = torc_actor_send(actor, message, torc_deadline_ns(1000));
            sent += status == TORC_OK;
            full = held && status != TORC_OK;
            if (status != TORC_OK && !full) {
                SURE(torc_ringptr_release(message));
            }
        }
        MUST(status == TORC_TIMED_OUT, "a full mailbox answers %s", torc_status_name(status));
        MUST(torc_actor_send(actor, message, TORC_NO_WAIT) == TORC_WOULD_BLOCK, "no wait, and yet another answer");
        atomic_store(&work.hold, false);
        SURE(torc_actor_send(actor, message, TORC_FOREVER));
        SURE(torc_actor_stop(actor, TORC_STOP_DROP, &stats));
        MUST(stats.sent == sent + 1 && stats.messages + stats.dropped == stats.sent, "messages are lost");
    }
    world_close(&world);
}
