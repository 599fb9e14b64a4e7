/* actor_full.c - a sender that waits on a full mailbox, against the actor that takes: neither sleeps while the other
 * could go on, and every message is handled or still the sender's. */
#include "world.h"

#define MESSAGES 4 /* one more than the mailbox holds */

static struct torc_actor *actor;
static uint64_t sum, sent;
static struct torc_ringptr message[MESSAGES];

static enum torc_action on_message(void *context, struct torc_ringptr ptr) {
    (void)context;
    sum += number_in(torc_ringptr_data(ptr), torc_ringptr_length(ptr));
    return TORC_CONTINUE;
}

static void setup(void) {
    struct torc_config config = tiny_config();
    config.actors = 1;
    config.slots[TORC_XS] = MESSAGES;
    open_world(&config);
    sum = sent = 0;
    for (uint64_t i = 0; i < MESSAGES; i++) {
        void *data = NULL;
        model_assert_status(torc_ringptr_claim(w.publisher, 1, 8, &message[i], &data), TORC_OK);
        fill_number(data, 8, 1);
    }
}

/* The defect: the mailbox drops what it has no room for. */
static void send_all(uint64_t deadline) {
    struct torc_actor_config config = {.on_message = on_message, .mailbox = 3};
    struct torc_actor_stats stats;
    config.full = model_broken() ? TORC_MAILBOX_DROP : TORC_MAILBOX_WAIT;
    model_assert_status(torc_actor_start(w.bus, &config, &actor), TORC_OK);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        int status = torc_actor_send(actor, message[i], i < 3 ? TORC_FOREVER : deadline);
        if (status == TORC_TIMED_OUT) {
            model_assert_status(torc_ringptr_release(message[i]), TORC_OK);
            continue;
        }
        model_assert_status(status, TORC_OK);
        sent++;
    }
    model_assert_status(torc_actor_stop(actor, TORC_STOP_DRAIN, &stats), TORC_OK);
    model_assert_equal(stats.messages, sent);
}
static void send_patiently(void) {
    send_all(TORC_FOREVER);
}
static void send_with_deadline(void) {
    send_all(torc_deadline_ms(5));
}

static void check(void) {
    model_assert_equal(sum, sent);
    close_world();
}

MODEL_SCENARIO(actor_full, .claim = "a sender asleep on a full mailbox is woken by the actor's take", .hazards = "19",
               .broken = "a message is dropped", .setup = setup, .thread = {send_patiently}, .check = check,
               .fences = true, .preemptions = 1, .quick = MODEL_NONE);
MODEL_SCENARIO(actor_full_deadline, .claim = "one whose deadline passes still has its message", .hazards = "19",
               .setup = setup, .thread = {send_with_deadline}, .check = check, .fences = true, .timeouts = 1,
               .preemptions = 1, .quick = MODEL_NOT_QUICK);
