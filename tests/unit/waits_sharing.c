/* waits_sharing.c - those who share a place in a topic, and those who ask and answer: groups, merges, sequencers,
 * mailboxes, wait-sets, requests. */
#include "waits.h"

static const uint64_t number = 4711;

/* --- groups ------------------------------------------------------------------------------------------------------- */

static struct torc_group *group;
static struct torc_member *member;
static struct torc_delivery delivery;
static struct torc_ringptr kept[4];

static void open_group(void) {
    struct torc_group_config config = {.hold = 8};
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_group_open(t.topic, &config, &group));
    assert_ok(torc_group_join(group, &member));
}
static void close_group(void) {
    assert_ok(torc_member_close(member));
    assert_ok(torc_group_close(group));
}
static bool member_waits(void) {
    struct torc_group_stats stats;
    assert_ok(torc_group_stats(group, &stats));
    return stats.waiting != 0;
}
static int member_until(uint64_t deadline) {
    return torc_member_next_until(member, &delivery, deadline);
}
static int member_try(void) {
    return torc_member_next(member, &delivery);
}
static int members_until(uint64_t deadline) {
    struct torc_delivery several[4];
    return torc_member_next_batch_until(member, several, 4, deadline);
}
static int members_try(void) {
    struct torc_delivery several[4];
    return torc_member_next_batch(member, several, 4);
}

static void keep_by_member(void) {
    open_group();
    put_run(t.publisher, 0, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(torc_member_next(member, &delivery));
        assert_ok(torc_member_keep(member, &delivery, &kept[i]));
    }
    assert_ok(torc_member_next(member, &delivery));
}
static void release_kept(void) {
    for (size_t i = 0; i < 4; i++) {
        assert_ok(torc_ringptr_release(kept[i]));
    }
}
static int member_keep_until(uint64_t deadline) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_member_keep_until(member, &delivery, deadline, &ptr), ptr);
}
static int member_keep_try(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_member_keep(member, &delivery, &ptr), ptr);
}

/* --- merged readers ----------------------------------------------------------------------------------------------- */

static struct torc_merge *merge;
static struct torc_merged merged;

static uint64_t time_of(void *context, const struct torc_event *event) {
    (void)context;
    return event->sequence;
}
static void open_merge(void) {
    struct torc_merge_config config = {.time_of = time_of};
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_merge_open(t.topic, &config, &merge));
}
static void close_merge(void) {
    assert_ok(torc_merge_close(merge));
}
static int merge_until(uint64_t deadline) {
    return torc_merge_next_until(merge, &merged, deadline);
}
static int merge_try(void) {
    return torc_merge_next(merge, &merged);
}
static void keep_by_merge(void) {
    open_merge();
    put_run(t.publisher, 0, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(torc_merge_next(merge, &merged));
        assert_ok(torc_merge_keep(merge, &kept[i]));
    }
    assert_ok(torc_merge_next(merge, &merged));
}
static int merge_keep_until(uint64_t deadline) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_merge_keep_until(merge, deadline, &ptr), ptr);
}
static int merge_keep_try(void) {
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    return released(torc_merge_keep(merge, &ptr), ptr);
}

/* --- sequencers --------------------------------------------------------------------------------------------------- */

static struct torc_sequencer *sequencer;

static void fill_sequencer(void) {
    assert_ok(torc_topic_open(t.bus, "one order", TORC_TOPIC_TOTAL_ORDER, &t.topic));
    close_ends();
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    assert_ok(torc_sequencer_open(t.topic, NULL, &sequencer));
    for (uint64_t i = 0; i < LANE; i++) {
        assert_ok(torc_sequencer_publish(sequencer, (uint32_t)i, &i, sizeof i, TORC_FOREVER, NULL));
    }
}
static void close_sequencer(void) {
    assert_ok(torc_sequencer_close(sequencer));
}
static int sequencer_until(uint64_t deadline) {
    return torc_sequencer_publish(sequencer, 1, &number, sizeof number, deadline, NULL);
}
static int sequencer_claim_until(uint64_t deadline) {
    struct torc_claim claim;
    int status = torc_sequencer_claim(sequencer, 1, 8, deadline, &claim);
    return status == TORC_OK ? torc_sequencer_abort(sequencer, &claim) : status;
}

/* --- mailboxes ---------------------------------------------------------------------------------------------------- */

static struct torc_mailbox *mailbox;

static void empty_mailbox(void) {
    struct torc_mailbox_config config = {.capacity = 3};
    assert_ok(torc_mailbox_open(t.bus, &config, &mailbox));
}
static void full_mailbox(void) {
    empty_mailbox();
    while (torc_mailbox_send(mailbox, kept[0] = claim_handle(8), TORC_NO_WAIT) == TORC_OK) {
    }
    assert_ok(torc_ringptr_release(kept[0]));
}
static int receive_until(uint64_t deadline) {
    struct torc_ringptr got = TORC_RINGPTR_NULL;
    return released(torc_mailbox_receive(mailbox, &got, deadline), got);
}
static int mailbox_until(uint64_t deadline) {
    struct torc_ringptr sent = claim_handle(8);
    int status = torc_mailbox_send(mailbox, sent, deadline);
    if (status != TORC_OK) {
        assert_ok(torc_ringptr_release(sent));
    }
    return status;
}
static void receive_one(void) {
    assert_ok(receive_until(TORC_NO_WAIT));
}
static void send_one(void) {
    assert_ok(mailbox_until(TORC_NO_WAIT));
}
static void end_mailbox(void) {
    while (receive_until(TORC_NO_WAIT) == TORC_OK) {
    }
    assert_ok(torc_mailbox_close(mailbox));
}

/* --- wait-sets ---------------------------------------------------------------------------------------------------- */

static struct torc_waitset *set;

static void open_set(void) {
    assert_ok(torc_waitset_create(4, TORC_WAIT_BLOCK, &set));
    assert_ok(torc_waitset_add_reader(set, t.reader, NULL));
}
static void close_set(void) {
    assert_ok(torc_waitset_destroy(set));
}
static int set_until(uint64_t deadline) {
    struct torc_ready ready[4];
    return torc_waitset_wait(set, ready, 4, deadline);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static struct torc_requester *requester;
static struct torc_publisher *answering;
static struct torc_reader *asked;
static struct torc_request request;

static void open_requester(void) {
    struct torc_topic *replies = open_topic("replies");
    close_ends();
    asked = open_reader(t.topic, TORC_JOIN_NEXT);
    assert_ok(torc_requester_open(t.topic, replies, 16, &requester));
    answering = open_publisher(replies, TORC_DRY_WAIT);
}
static void close_requester(void) {
    assert_ok(torc_requester_close(requester));
    assert_ok(torc_publisher_close(answering));
    assert_ok(torc_reader_close(asked));
}
static void ask_one(void) {
    struct torc_event event;
    uint64_t id;
    open_requester();
    assert_ok(torc_request(requester, 1, &number, sizeof number, TORC_FOREVER, &id));
    assert_ok(torc_next(asked, &event));
    assert_ok(torc_request_read(&event, &request));
}
static void answer(void) {
    assert_ok(torc_reply(answering, &request, 1, &number, sizeof number, TORC_FOREVER));
}
static int answer_until(uint64_t deadline) {
    struct torc_reply reply;
    return torc_request_wait(requester, &reply, deadline);
}
static void ask_all(void) {
    uint64_t id;
    open_requester();
    for (int i = 0; i < LANE; i++) {
        assert_ok(torc_request(requester, 1, &number, sizeof number, TORC_FOREVER, &id));
    }
}
static int ask_until(uint64_t deadline) {
    uint64_t id;
    return torc_request(requester, 1, &number, sizeof number, deadline, &id);
}
static void read_questions(void) {
    struct torc_event event;
    while (torc_next(asked, &event) == TORC_OK) {
    }
}
static void answer_all(void) {
    ask_one();
    for (int i = 0; i < LANE; i++) {
        answer();
    }
}
static int reply_until(uint64_t deadline) {
    return torc_reply(answering, &request, 1, &number, sizeof number, deadline);
}
static void read_answers(void) {
    assert_ok(answer_until(TORC_NO_WAIT));
    (void)answer_until(TORC_NO_WAIT); /* the others are late */
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct wait_case cases[] = {
    {"member_next", open_group, member_until, member_try, NULL, put_one, close_group, .waits = member_waits,
     .would_block = TORC_EMPTY},
    {"member_next_batch", open_group, members_until, members_try, NULL, put_one, close_group, .waits = member_waits,
     .would_block = TORC_EMPTY, .done = 1},
    {"member_keep", keep_by_member, member_keep_until, member_keep_try, NULL, release_kept, close_group,
     .would_block = TORC_POOL_DRY},
    {"merge_next", open_merge, merge_until, merge_try, NULL, put_one, close_merge, .waits = reader_waits,
     .would_block = TORC_EMPTY},
    {"merge_keep", keep_by_merge, merge_keep_until, merge_keep_try, NULL, release_kept, close_merge,
     .would_block = TORC_POOL_DRY},
    {"sequencer_publish", fill_sequencer, sequencer_until, NULL, NULL, pass_all, close_sequencer,
     .would_block = TORC_WOULD_BLOCK},
    {"sequencer_claim", fill_sequencer, sequencer_claim_until, NULL, NULL, pass_all, close_sequencer,
     .would_block = TORC_WOULD_BLOCK},
    {"mailbox_send", full_mailbox, mailbox_until, NULL, NULL, receive_one, end_mailbox, .would_block = TORC_WOULD_BLOCK,
     .once = true},
    {"mailbox_receive", empty_mailbox, receive_until, NULL, NULL, send_one, end_mailbox, .would_block = TORC_EMPTY},
    {"waitset_wait", open_set, set_until, NULL, NULL, put_one, close_set, .waits = reader_waits,
     .would_block = TORC_EMPTY, .done = 1},
    {"request", ask_all, ask_until, NULL, NULL, read_questions, close_requester, .would_block = TORC_WOULD_BLOCK,
     .mine = true},
    {"request_wait", ask_one, answer_until, NULL, NULL, answer, close_requester, .would_block = TORC_EMPTY},
    {"reply", answer_all, reply_until, NULL, NULL, read_answers, close_requester, .would_block = TORC_WOULD_BLOCK},
};

const struct wait_case *sharing_case(int which) {
    return which < (int)(sizeof cases / sizeof cases[0]) ? &cases[which] : NULL;
}
