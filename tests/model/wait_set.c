/* wait_set.c - one thread that sleeps for several: each member wakes it, whoever else sleeps. */
#include "world.h"

static struct torc_waitset *set;
static struct torc_mailbox *mailbox;
static struct torc_ringptr message;
static uint64_t came, received;

static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 1;
    open_world(&config);
    model_assert_status(torc_waitset_create(2, TORC_WAIT_BLOCK, &set), TORC_OK);
    model_assert_status(torc_mailbox_open(w.bus, &(struct torc_mailbox_config){.capacity = 3}, &mailbox), TORC_OK);
    model_assert_status(torc_waitset_add_reader(set, w.reader, NULL), TORC_OK);
    model_assert_status(torc_waitset_add_mailbox(set, mailbox, NULL), TORC_OK);
    model_assert_status(torc_ringptr_claim(w.publisher, 1, 8, &message, NULL), TORC_OK);
}

static void take_all(const struct torc_ready *ready) {
    struct torc_event event;
    struct torc_ringptr ptr;
    while (ready->kind == TORC_READY_READER && torc_next(w.reader, &event) == TORC_OK) {
        model_assert_equal(number_of(&event), ++came);
    }
    while (ready->kind == TORC_READY_MAILBOX && torc_mailbox_receive(mailbox, &ptr, TORC_NO_WAIT) == TORC_OK) {
        model_assert_status(torc_ringptr_release(ptr), TORC_OK);
        received++;
    }
}
static void wait_for(uint64_t events, uint64_t messages) {
    while (came < events || received < messages) {
        struct torc_ready ready[2];
        int count = torc_waitset_wait(set, ready, 2, TORC_FOREVER);
        model_assert(count > 0, "it was woken for something");
        for (int i = 0; i < count; i++) {
            take_all(&ready[i]);
        }
        if (model_broken() && came == 1) { /* as if the wait had not announced itself */
            struct torc_ready none;
            model_assert_status(torc_waitset_remove_reader(set, w.reader), TORC_OK);
            (void)torc_waitset_wait(set, &none, 1, TORC_FOREVER);
        }
    }
}
static void wait_two(void) {
    wait_for(2, 0);
}
static void wait_both(void) {
    wait_for(1, 1);
}
static void publish_two(void) {
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
    model_assert_status(put(w.publisher, 2, 8), TORC_OK);
}
static void publish_one(void) {
    model_assert_status(put(w.publisher, 1, 8), TORC_OK);
}
static void send_one(void) {
    model_assert_status(torc_mailbox_send(mailbox, message, TORC_FOREVER), TORC_OK);
    message = TORC_RINGPTR_NULL;
}
static void check(void) {
    if (!torc_ringptr_is_null(message)) {
        model_assert_status(torc_ringptr_release(message), TORC_OK);
    }
    model_assert_status(torc_mailbox_close(mailbox), TORC_OK);
    model_assert_status(torc_waitset_destroy(set), TORC_OK);
    close_world();
}
MODEL_SCENARIO(bus_waitset, .claim = "a wait-set is woken by every event of a reader in it", .hazards = "19",
               .broken = "the reader is taken out before its last event", .setup = setup,
               .thread = {publish_two, wait_two}, .check = check, .preemptions = 1, .quick = 1);
MODEL_SCENARIO(bus_waitset_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .thread = {publish_two, wait_two}, .check = check, .fences = true, .preemptions = 1, .quick = 1);
MODEL_SCENARIO(bus_waitset_both, .claim = "a reader and a mailbox in one set both wake it", .hazards = "19",
               .setup = setup, .thread = {publish_one, send_one, wait_both}, .check = check, .preemptions = 1,
               .quick = MODEL_NOT_QUICK);

/* torc_waitset_wake, from anywhere; it hands over what was done before. */
static bool done;
static void wake_it(void) {
    done = true;
    model_assert_status(torc_waitset_wake(set), TORC_OK);
}
static void wait_for_wake(void) {
    struct torc_ready ready;
    model_assert_status(torc_waitset_wait(set, &ready, 1, TORC_FOREVER), 0);
    model_assert(done, "what came before the wake is there");
}
MODEL_SCENARIO(bus_waitset_wake, .claim = "torc_waitset_wake ends a wait, also one that is about to sleep",
               .hazards = "19", .setup = setup, .thread = {wake_it, wait_for_wake}, .check = check, .preemptions = 2,
               .quick = 1);

/* A sender waits for space in a mailbox of three while the receiver sleeps for messages. */
static void send_clone(void) {
    struct torc_ringptr clone;
    model_assert_status(torc_ringptr_clone(message, &clone), TORC_OK);
    model_assert_status(torc_mailbox_send(mailbox, clone, TORC_FOREVER), TORC_OK);
}
static void setup_full(void) {
    setup();
    for (int i = 0; i < 3; i++) {
        send_clone();
    }
}
static void send_fourth(void) {
    send_one();
    model_assert_status(torc_mailbox_shut(mailbox), TORC_OK);
}
static void receive_all(void) {
    struct torc_ringptr ptr;
    int status;
    while ((status = torc_mailbox_receive(mailbox, &ptr, TORC_FOREVER)) == TORC_OK) {
        model_assert_status(torc_ringptr_release(ptr), TORC_OK);
        received++;
    }
    model_assert_status(status, TORC_CLOSED);
    model_assert_equal(received, 4);
}
MODEL_SCENARIO(bus_mailbox, .claim = "a full mailbox wakes its sender, an empty one its receiver, a shut one both",
               .hazards = "19, 20", .setup = setup_full, .thread = {send_fourth, receive_all}, .check = check,
               .preemptions = 1, .quick = MODEL_NOT_QUICK);
