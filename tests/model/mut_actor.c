/* mut_actor.c - senders against the end of an actor, and against its sleep: small, for the memory orders of both. */
#include "world.h"

#include "../../src/core.h"

static struct torc_actor *actor;
static struct torc_ringptr message[4], held;
static torc_a32 started, handled, done;
static int sent;
static struct torc_actor_stats stats;

static enum torc_action on_message(void *context, struct torc_ringptr ptr) {
    (void)context;
    model_assert(number_in(torc_ringptr_data(ptr), 16) != 0, "a message, whole");
    (void)torc_add_release32(&handled, 1);
    return TORC_CONTINUE;
}

static void setup(void) {
    struct torc_config config = tiny_config();
    config.actors = 1;
    config.slots[TORC_XS] = 4;
    torc_store_relaxed32(&started, 0);
    torc_store_relaxed32(&handled, 0);
    torc_store_relaxed32(&done, 0);
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_FAIL);
    for (uint64_t i = 0; i < 4; i++) {
        void *data = NULL;
        model_assert_status(torc_ringptr_claim(w.publisher, 1, 16, &message[i], &data), TORC_OK);
        fill_number(data, 16, i + 1);
    }
}

/* torc_actor_stop may not return while somebody is still on the way into torc_actor_send: the actor's last callback
 * waits. */
static void wait_for_sender(void *context) {
    (void)context;
    while (torc_load_acquire32(&done) == 0) {
        model_pause();
    }
}

static void start(enum torc_wait wait, void (*on_stop)(void *)) {
    struct torc_actor_config config = {.on_message = on_message, .on_stop = on_stop, .mailbox = 3, .wait = wait};
    model_assert_status(torc_actor_start(w.bus, &config, &actor), TORC_OK);
}

static void release_from(uint32_t first) {
    for (uint32_t i = first; i < 4; i++) {
        model_assert_status(torc_ringptr_release(message[i]), TORC_OK);
    }
}

/* --- a sender against the stop ------------------------------------------------------------------------------------ */

static void start_and_drain(void) {
    start(TORC_WAIT_YIELD, wait_for_sender);
    torc_store_release32(&started, 1);
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats), TORC_OK);
}
static void send_one(void) {
    while (torc_load_acquire32(&started) == 0) {
        model_pause();
    }
    sent = torc_actor_send(actor, message[0], TORC_NO_WAIT);
    torc_store_release32(&done, 1);
}
static void check_sent(void) {
    release_from(1);
    if (sent == TORC_OK) {
        model_assert_equal(torc_load_relaxed32(&handled), 1);
        model_assert_equal(stats.messages, 1);
    } else {
        model_assert_status(sent, TORC_CLOSED);
        model_assert_status(torc_ringptr_release(message[0]), TORC_OK);
    }
    close_world();
}
MODEL_SCENARIO(mut_actor_drain, .claim = "what a sender was told OK about is handled by a draining actor",
               .hazards = "20", .setup = setup, .thread = {start_and_drain, send_one}, .check = check_sent,
               .preemptions = 1, .quick = 1);

/* The actor's first look at its state may already be its last. */
static void start_send_drain(void) {
    start(TORC_WAIT_YIELD, NULL);
    model_assert_status(torc_actor_send(actor, message[0], TORC_NO_WAIT), TORC_OK);
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats), TORC_OK);
    model_assert_equal(stats.messages, 1);
    release_from(1);
}
MODEL_SCENARIO(mut_actor_first, .claim = "an actor that is stopped before its first turn handles what was sent",
               .hazards = "20", .setup = setup, .thread = {start_send_drain}, .check = close_world, .preemptions = 2,
               .quick = 1);

/* --- sleep: nobody stops the actor before it has handled what came ------------------------------------------------ */

static void send_and_wait(uint32_t count) {
    start(TORC_WAIT_BLOCK, NULL);
    for (uint32_t i = 0; i < count; i++) {
        model_assert_status(torc_actor_send(actor, message[i], TORC_FOREVER), TORC_OK);
    }
    while (torc_load_acquire32(&handled) != count) {
        model_pause();
    }
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DROP, &stats), TORC_OK);
    release_from(count);
}
static void send_a_message(void) {
    send_and_wait(1);
}

/* The mailbox is full from the start: the sender has to wait for space. The messages are clones of one handle, so that
 * releasing one frees no slot, which would be a fence of its own. */
static void setup_clones(void) {
    setup();
    release_from(1);
    for (uint32_t i = 1; i < 4; i++) {
        model_assert_status(torc_ringptr_clone(message[0], &message[i]), TORC_OK);
    }
    model_assert_status(torc_ringptr_clone(message[0], &held), TORC_OK);
}
static void check_clones(void) {
    model_assert_status(torc_ringptr_release(held), TORC_OK);
    close_world();
}
static int fill_own_mailbox(void *context, struct torc_actor *own) {
    (void)context;
    for (uint32_t i = 1; i < 4; i++) {
        model_assert_status(torc_actor_send(own, message[i], TORC_NO_WAIT), TORC_OK);
    }
    return TORC_OK;
}
static void send_to_full(void) {
    struct torc_actor_config config = {.on_message = on_message, .on_start = fill_own_mailbox, .mailbox = 3};
    model_assert_status(torc_actor_start(w.bus, &config, &actor), TORC_OK);
    model_assert_status(torc_actor_send(actor, message[0], TORC_FOREVER), TORC_OK);
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DROP, &stats), TORC_OK);
}
MODEL_SCENARIO(mut_actor_wake, .claim = "an actor asleep is woken by a message", .hazards = "19", .setup = setup,
               .thread = {send_a_message}, .check = close_world, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_actor_wake_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .thread = {send_a_message}, .check = close_world, .fences = true, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_actor_full_fences, .claim = "a sender asleep before a full mailbox is woken, without membarrier",
               .hazards = "19", .setup = setup_clones, .thread = {send_to_full}, .check = check_clones, .fences = true,
               .preemptions = 1, .quick = 1);
