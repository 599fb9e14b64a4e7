/* bus_actor.c - an actor: its thread, its mailbox over CK's ring, and how it is stopped. */
#include "world.h"

static struct torc_actor *actor;
static uint64_t sum;
static struct torc_ringptr message[2];

static enum torc_action on_message(void *context, struct torc_ringptr ptr) {
    (void)context;
    sum += number_in(torc_ringptr_data(ptr), torc_ringptr_length(ptr));
    if (model_broken()) {
        (void)torc_ringptr_release(ptr);
    }
    return TORC_CONTINUE;
}

static void setup(void) {
    struct torc_config config = tiny_config();
    config.actors = 1;
    config.slots[TORC_XS] = 2;
    open_world(&config);
    for (uint64_t i = 0; i < 2; i++) {
        void *data = NULL;
        model_assert_status(torc_ringptr_claim(w.publisher, 1, 8, &message[i], &data), TORC_OK);
        fill_number(data, 8, i + 1);
    }
}

static void start_send_stop(void) {
    struct torc_actor_config config = {.on_message = on_message, .mailbox = 3};
    struct torc_actor_stats stats;
    model_assert_status(torc_actor_start(w.bus, &config, &actor), TORC_OK);
    model_assert_status(torc_actor_send(actor, message[0], TORC_FOREVER), TORC_OK);
    model_assert_status(torc_actor_send(actor, message[1], TORC_FOREVER), TORC_OK);
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats), TORC_OK);
    model_assert_equal(stats.messages, 2);
}

static void check(void) {
    struct torc_bus_stats stats;
    model_assert_equal(sum, 3);
    model_assert_status(torc_bus_stats(w.bus, &stats), TORC_OK);
    model_assert(stats.stale_refused == 0, "no handle was refused");
    close_world();
}

MODEL_SCENARIO(bus_actor, .claim = "an actor handles what was sent before it was stopped, and nothing is left",
               .hazards = "20", .broken = "the handler releases a message that is not its own", .setup = setup,
               .thread = {start_send_stop}, .check = check, .preemptions = 1, .quick = 1);
