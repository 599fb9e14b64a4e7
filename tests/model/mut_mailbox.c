/* mut_mailbox.c - a bare mailbox of three messages, one step at a time: the orders of its sleepers and of its end. */
#include "world.h"

#include "../../src/waitset.h"

static struct torc_mailbox *mailbox;
static struct torc_ringptr message[4];
static uint32_t sent, received;

static void setup(void) {
    struct torc_config config = tiny_config();
    config.slots[TORC_XS] = 4;
    sent = received = 0;
    open_bus(&config);
    w.publisher = open_publisher(TORC_WAIT_BLOCK, TORC_DRY_FAIL);
    model_assert_status(torc_mailbox_open(w.bus, &(struct torc_mailbox_config){.capacity = 3}, &mailbox), TORC_OK);
    for (uint32_t i = 0; i < 4; i++) {
        model_assert_status(torc_ringptr_claim(w.publisher, 1, 8, &message[i], NULL), TORC_OK);
    }
}
static int send_to(uint32_t which) {
    int status = torc_mailbox_send(mailbox, message[which], TORC_FOREVER);
    if (status == TORC_OK) {
        message[which] = TORC_RINGPTR_NULL;
        sent++;
    }
    return status;
}
static int receive(void) {
    struct torc_ringptr ptr;
    int status = torc_mailbox_receive(mailbox, &ptr, TORC_FOREVER);
    if (status == TORC_OK) {
        model_assert_status(torc_ringptr_release(ptr), TORC_OK);
        received++;
    }
    return status;
}
static void release_unsent(void) {
    for (uint32_t i = 0; i < 4; i++) {
        if (!torc_ringptr_is_null(message[i])) {
            model_assert_status(torc_ringptr_release(message[i]), TORC_OK);
        }
    }
}
static void check(void) {
    model_assert_equal(received, sent);
    if (mailbox != NULL) {
        model_assert_status(torc_mailbox_close(mailbox), TORC_OK);
    }
    release_unsent();
    close_world();
}

/* --- sleepers ----------------------------------------------------------------------------------------------------- */

static void send_one(void) {
    model_assert_status(send_to(0), TORC_OK);
}
static void receive_one(void) {
    model_assert_status(receive(), TORC_OK);
}
static void setup_full(void) {
    setup();
    for (uint32_t i = 0; i < 3; i++) {
        model_assert_status(send_to(i), TORC_OK);
    }
}
static void send_fourth(void) {
    model_assert_status(send_to(3), TORC_OK);
}
static void check_full(void) {
    for (uint32_t i = 0; i < 3; i++) {
        receive_one();
    }
    check();
}

MODEL_SCENARIO(mut_mailbox_work, .claim = "a message wakes a receiver that is about to sleep", .hazards = "19",
               .setup = setup, .thread = {send_one, receive_one}, .check = check, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_mailbox_work_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup,
               .thread = {send_one, receive_one}, .check = check, .fences = true, .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_mailbox_space, .claim = "space wakes a sender that is about to sleep", .hazards = "19",
               .setup = setup_full, .thread = {send_fourth, receive_one}, .check = check_full, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(mut_mailbox_space_fences, .claim = "the same without membarrier", .hazards = "19", .setup = setup_full,
               .thread = {send_fourth, receive_one}, .check = check_full, .fences = true, .preemptions = 2, .quick = 1);

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void send_or_not(void) {
    int status = send_to(0);
    model_assert(status == TORC_OK || status == TORC_CLOSED, "accepted, or too late");
}
static void shut(void) {
    model_assert_status(torc_mailbox_shut(mailbox), TORC_OK);
}
static void receive_to_the_end(void) {
    int status;
    while ((status = receive()) == TORC_OK) {
    }
    model_assert_status(status, TORC_CLOSED);
}
static void shut_and_receive(void) {
    shut();
    receive_to_the_end();
}

MODEL_SCENARIO(mut_mailbox_shut, .claim = "what was accepted before a mailbox was shut is received before CLOSED",
               .hazards = "20", .setup = setup, .thread = {send_or_not, shut_and_receive}, .check = check,
               .preemptions = 2, .quick = 1);
MODEL_SCENARIO(mut_mailbox_shut_beside, .claim = "the same where a third thread shuts it", .hazards = "20",
               .setup = setup, .thread = {send_or_not, receive_to_the_end, shut}, .check = check, .preemptions = 2,
               .quick = 1);

/* Closed while a sender is inside, or when it has been: its message is refused, or taken out again. */
static torc_a32 out;
static void send_late(uint32_t which) {
    int status = send_to(which);
    model_assert(status == TORC_OK || status == TORC_CLOSED, "accepted, or too late");
    received += status == TORC_OK; /* by the close */
    torc_store_relaxed32(&out, 1);
}
static void send_to_full(void) {
    send_late(3);
}
static void send_to_empty(void) {
    send_late(0);
}
static void close_on_sender(void) {
    while (torc_load_relaxed32(&mailbox->senders) == 0 && torc_load_relaxed32(&out) == 0) {
        model_pause();
    }
    model_assert_status(torc_mailbox_close(mailbox), TORC_OK);
    mailbox = NULL;
}
static void setup_empty(void) {
    setup();
    torc_store_relaxed32(&out, 0);
}
static void setup_late(void) {
    setup_full();
    torc_store_relaxed32(&out, 0);
    received += 3; /* by the close */
}
MODEL_SCENARIO(mut_mailbox_close, .claim = "a mailbox is freed when its last sender is out", .hazards = "20, 22",
               .setup = setup_late, .thread = {send_to_full, close_on_sender}, .check = check, .preemptions = 2,
               .quick = 1);
MODEL_SCENARIO(mut_mailbox_close_empty, .claim = "the same with nothing to take out", .hazards = "20, 22",
               .setup = setup_empty, .thread = {send_to_empty, close_on_sender}, .check = check, .preemptions = 2,
               .quick = 1);
