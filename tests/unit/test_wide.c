/* test_wide.c - entries as wide as inline_bytes says: what fits travels in the lane, whole, and everything else is as
 * ever. */
#include "helpers.h"
#include <string.h>

/* The last of a line, the first of the next, shirts and their neighbours, the widest. */
static const uint32_t widths[] = {48, 49, 64, 111, 112, 113, 240, 256, 257, 1000, 4096, TORC_MAX_INLINE_BYTES};
#define WIDTHS (int)(sizeof widths / sizeof widths[0])

static uint32_t width;
static unsigned char bytes[TORC_MAX_INLINE_BYTES + 1];

static struct torc_config wide_config(int which) {
    struct torc_config config = small_config();
    width = config.inline_bytes = widths[which];
    return config;
}
static void open_wide(int which) {
    struct torc_config config = wide_config(which);
    open_world(&config);
}
static void setup_nothing(void) {
}

static void send(size_t length, uint32_t seed) {
    fill(bytes, length, seed);
    assert_ok(torc_try_publish(t.publisher, seed, bytes, length));
}

/* The next event is that one, and lies where its length says. */
static struct torc_event get(struct torc_reader *reader, size_t length, uint32_t seed, bool no_inline) {
    struct torc_event event;
    assert_ok(torc_next(reader, &event));
    ck_assert_uint_eq(event.length, length);
    ck_assert_uint_eq(event.type, seed);
    ck_assert(filled(event.data, length, seed));
    ck_assert_int_eq(event.slot == 0, !no_inline && length <= width);
    ck_assert_uint_eq((uintptr_t)event.data % (event.slot == 0 ? 16 : 64), 0);
    return event;
}

START_TEST(what_fits_is_in_the_lane) {
    open_wide(_i);
    const size_t lengths[] = {0, 1, 47, 48, width / 2 + 3, width - 1, width, width + 1};
    for (uint32_t i = 0; i < 3 * LANE * 8; i++) {
        send(lengths[i % 8], i);
        (void)get(t.reader, lengths[i % 8], i, false);
    }
    take_none(t.reader);
}
END_TEST

START_TEST(a_full_lane_holds_all_of_them) {
    open_wide(_i);
    for (uint32_t lap = 0; lap < 3; lap++) {
        for (uint32_t i = 0; i < LANE; i++) {
            send(width, lap * LANE + i);
        }
        assert_status(torc_try_publish(t.publisher, 0, bytes, width), TORC_WOULD_BLOCK);
        assert_audit(t.bus);
        for (uint32_t i = 0; i < LANE; i++) {
            (void)get(t.reader, width, lap * LANE + i, false);
        }
        take_none(t.reader);
    }
}
END_TEST

START_TEST(claims_are_filled_in_place) {
    struct torc_claim claims[4];
    struct torc_event event;
    open_wide(_i);
    for (uint32_t i = 0; i < 4; i++) {
        assert_ok(torc_try_claim(t.publisher, i, width, &claims[i]));
        ck_assert_uint_eq(claims[i].slot, 0);
        ck_assert_uint_eq((uintptr_t)claims[i].data % 16, 0);
        fill(claims[i].data, width, i);
    }
    claims[0].length = 5; /* less than was claimed */
    fill(claims[0].data, 5, 0);
    assert_ok(torc_commit(t.publisher, &claims[0]));
    assert_ok(torc_abort(t.publisher, &claims[1]));
    claims[2].length = width + 1;
    assert_status(torc_commit(t.publisher, &claims[2]), TORC_INVALID);
    claims[2].length = width - 1;
    fill(claims[2].data, width - 1, 2);
    assert_ok(torc_commit_batch(t.publisher, &claims[2], 2));
    (void)get(t.reader, 5, 0, false);
    event = get(t.reader, width - 1, 2, false);
    ck_assert_ptr_eq(event.data, claims[2].data);
    (void)get(t.reader, width, 3, false);
    assert_ok(torc_try_claim(t.publisher, 9, width, &claims[0]));
    fill(claims[0].data, width, 9);
    assert_ok(torc_commit(t.publisher, &claims[0]));
    (void)get(t.reader, width, 9, false);
}
END_TEST

START_TEST(batches_are_the_same) {
    struct torc_message messages[4];
    struct torc_claim claims[LANE];
    size_t published = 0;
    open_wide(_i);
    fill(bytes, sizeof bytes, 0);
    for (uint32_t i = 0; i < 4; i++) {
        messages[i] = (struct torc_message){bytes, width - i + 1, i};
    }
    messages[0].length = 3;
    assert_ok(torc_try_publish_batch(t.publisher, messages, 4, &published));
    ck_assert_uint_eq(published, 4);
    for (uint32_t i = 0; i < 4; i++) {
        struct torc_event event;
        assert_ok(torc_next(t.reader, &event));
        ck_assert_uint_eq(event.length, messages[i].length);
        ck_assert_mem_eq(event.data, bytes, event.length);
    }
    assert_status(torc_advance(t.reader), TORC_OK);
    assert_status(torc_try_claim_batch(t.publisher, 5, width, claims, LANE), LANE);
    for (uint32_t i = 0; i < LANE; i++) {
        ck_assert_uint_eq(claims[i].slot, 0);
        claims[i].type = i;
        fill(claims[i].data, width, i);
    }
    assert_ok(torc_commit_batch(t.publisher, claims, LANE));
    for (uint32_t i = 0; i < LANE; i++) {
        (void)get(t.reader, width, i, false);
    }
}
END_TEST

/* A structure whose size the compiler knows takes the inline way, whatever the bus holds inline. */
START_TEST(a_structure_of_known_size_goes_either_way) {
    struct {
        unsigned char byte[200];
    } large;
    struct torc_event event;
    open_wide(_i);
    fill(&large, sizeof large, 7);
    for (uint32_t i = 0; i < 3 * LANE; i++) {
        assert_ok(torc_publish_struct(t.publisher, 7, &large));
        event = get(t.reader, sizeof large, 7, false);
    }
    ck_assert_int_eq(event.slot == 0, sizeof large <= width);
}
END_TEST

START_TEST(a_topic_without_inline_events_has_none) {
    struct torc_config config = wide_config(_i);
    open_bus(&config);
    assert_ok(torc_topic_open(t.bus, "slots", TORC_TOPIC_NO_INLINE, &t.topic));
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    send(48, 1);
    send(width, 2);
    (void)get(t.reader, 48, 1, true);
    (void)get(t.reader, width, 2, true);
}
END_TEST

START_TEST(a_kept_event_is_copied_whole) {
    struct torc_ringptr ptr[4], more;
    struct torc_event event;
    struct torc_pool_stats stats;
    open_wide(_i);
    assert_ok(torc_bus_keep_stats(t.bus, &stats));
    ck_assert_uint_ge(stats.slot_bytes, width);
    ck_assert_uint_eq(stats.slot_bytes, TORC_KEEP_SLOT_BYTES(width));
    for (uint32_t i = 0; i < 4; i++) {
        send(width, i);
        ptr[i] = keep_next(t.reader);
        ck_assert_int_eq(torc_ringptr_shirt(ptr[i]), (int)stats.shirt);
    }
    send(width, 4);
    event = get(t.reader, width, 4, false);
    assert_status(torc_keep(t.reader, &event, &more), TORC_POOL_DRY);
    for (uint32_t i = 0; i < 2 * LANE; i++) {
        send(width, 100 + i);
        (void)get(t.reader, width, 100 + i, false);
    }
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(torc_ringptr_length(ptr[i]), width);
        ck_assert(filled(torc_ringptr_data(ptr[i]), width, i));
        assert_ok(torc_ringptr_release(ptr[i]));
    }
}
END_TEST

/* --- readers that copy ----------------------------------------------------------------------------------------- */

static struct torc_reader *copier(enum torc_policy policy, uint32_t types) {
    struct torc_reader_config config = {.policy = policy, .conflate_types = types};
    struct torc_reader *reader = NULL;
    assert_ok(torc_reader_close(t.reader));
    t.reader = NULL;
    assert_ok(torc_reader_open(t.topic, &config, &reader));
    return reader;
}

START_TEST(what_is_copied_is_whole) {
    struct torc_reader *lossy;
    struct torc_event event;
    uint32_t next = 0;
    open_wide(_i);
    lossy = copier(TORC_POLICY_LOSSY, 0);
    for (uint32_t i = 0; i < 5 * LANE; i++) {
        send(i % 3 == 0 ? width / 3 : width, i);
    }
    for (int status; (status = torc_next(lossy, &event)) != TORC_EMPTY;) {
        if (status == TORC_LAPPED) {
            next += (uint32_t)event.lost;
            continue;
        }
        assert_ok(status);
        ck_assert_uint_eq(event.type, next);
        ck_assert_uint_eq(event.length, next % 3 == 0 ? width / 3 : width);
        ck_assert_uint_eq(event.slot, 0);
        ck_assert(filled(event.data, event.length, next++));
    }
    ck_assert_uint_eq(next, 5 * LANE);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(the_newest_of_each_type_is_whole) {
    struct torc_reader *newest;
    struct torc_event event;
    open_wide(_i);
    newest = copier(TORC_POLICY_CONFLATE, 3);
    for (uint32_t i = 0; i < 6; i++) {
        fill(bytes, width - i, i);
        assert_ok(torc_try_publish(t.publisher, i % 3, bytes, width - i));
    }
    for (uint32_t type = 0; type < 3; type++) {
        assert_ok(torc_next(newest, &event));
        ck_assert_uint_eq(event.type, type);
        ck_assert_uint_eq(event.length, width - type - 3);
        ck_assert_uint_eq(event.lost, 1);
        ck_assert(filled(event.data, event.length, type + 3));
    }
    assert_status(torc_next(newest, &event), TORC_EMPTY);
    assert_ok(torc_reader_close(newest));
}
END_TEST

START_TEST(a_copy_can_be_kept) {
    struct torc_reader *reader;
    struct torc_ringptr ptr;
    open_wide(_i);
    reader = copier(TORC_POLICY_EVICT, 0);
    send(width, 3);
    ptr = keep_next(reader);
    send(width, 4);
    (void)get(reader, width, 4, false);
    ck_assert(filled(torc_ringptr_data(ptr), width, 3));
    assert_ok(torc_ringptr_release(ptr));
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* On a bus without slots what is published beside a reader that copies goes into the lane, word by word; a claim has no
 * place. */
static struct torc_config without_slots(int which) {
    struct torc_config config = wide_config(which);
    memset(config.slots, 0, sizeof config.slots);
    config.xxl = 0;
    return config;
}

START_TEST(publishing_beside_a_copier_needs_no_slot) {
    struct torc_config config = without_slots(_i);
    struct torc_reader *lossy;
    struct torc_claim claim;
    open_world(&config);
    lossy = copier(TORC_POLICY_LOSSY, 0);
    send(width, 1);
    (void)get(lossy, width, 1, false);
    assert_status(torc_try_claim(t.publisher, 2, width, &claim), TORC_TOO_BIG);
    assert_ok(torc_reader_close(lossy));
}
END_TEST

START_TEST(a_sequencer_beside_a_copier_needs_no_slot) {
    struct torc_config config = without_slots(_i);
    struct torc_sequencer *sequencer;
    struct torc_reader *lossy;
    open_order(&config);
    lossy = copier(TORC_POLICY_LOSSY, 0);
    assert_ok(torc_sequencer_open(t.topic, NULL, &sequencer));
    fill(bytes, width, 3);
    assert_ok(torc_sequencer_publish(sequencer, 3, bytes, width, TORC_NO_WAIT, NULL));
    (void)get(lossy, width, 3, false);
    assert_ok(torc_sequencer_close(sequencer));
    assert_ok(torc_reader_close(lossy));
}
END_TEST

/* --- other ends ------------------------------------------------------------------------------------------------ */

START_TEST(a_sequencer_takes_them) {
    struct torc_config config = wide_config(_i);
    struct torc_sequencer *sequencer;
    struct torc_claim claim;
    open_order(&config);
    assert_ok(torc_sequencer_open(t.topic, NULL, &sequencer));
    for (uint32_t i = 0; i < 3 * LANE; i += 2) {
        fill(bytes, width, i);
        assert_ok(torc_sequencer_publish(sequencer, i, bytes, width, TORC_NO_WAIT, NULL));
        assert_ok(torc_sequencer_claim(sequencer, i + 1, width, TORC_NO_WAIT, &claim));
        ck_assert_uint_eq(claim.slot, 0);
        fill(claim.data, width, i + 1);
        assert_ok(torc_sequencer_commit(sequencer, &claim));
        (void)get(t.reader, width, i, false);
        (void)get(t.reader, width, i + 1, false);
    }
    assert_ok(torc_sequencer_close(sequencer));
}
END_TEST

static uint64_t type_as_time(void *context, const struct torc_event *event) {
    ck_assert(filled(event->data, event->length, event->type));
    return *(uint64_t *)context + event->type;
}

START_TEST(groups_and_merged_readers_see_them_whole) {
    uint64_t epoch = 1;
    struct torc_merge_config merging = {.context = &epoch, .time_of = type_as_time};
    struct torc_group_config sharing = {.members = 1, .hold = LANE};
    struct torc_delivery delivery;
    struct torc_member *member;
    struct torc_merged merged;
    struct torc_merge *merge;
    struct torc_group *group;
    open_wide(_i);
    assert_ok(torc_merge_open(t.topic, &merging, &merge));
    assert_ok(torc_group_open(t.topic, &sharing, &group));
    assert_ok(torc_group_join(group, &member));
    for (uint32_t i = 0; i < 3 * LANE; i++) {
        send(width, i);
        assert_ok(torc_merge_next(merge, &merged));
        ck_assert_uint_eq(merged.time, epoch + i);
        ck_assert(filled(merged.event.data, width, i));
        assert_ok(torc_member_next(member, &delivery));
        ck_assert(filled(delivery.event.data, width, i));
        assert_ok(torc_member_done(member, &delivery));
        (void)get(t.reader, width, i, false);
    }
    assert_ok(torc_member_close(member));
    assert_ok(torc_group_close(group));
    assert_ok(torc_merge_close(merge));
}
END_TEST

START_TEST(sequences_may_wrap) {
    struct torc_config config = wide_config(_i % WIDTHS);
    config.first_sequence = UINT64_MAX - (uint64_t)(_i / WIDTHS);
    open_world(&config);
    for (uint32_t i = 0; i < 3 * LANE; i++) {
        send(width, i);
        (void)get(t.reader, width, i, false);
    }
    assert_audit(t.bus);
}
END_TEST

/* --- how much memory, and what is damaged ------------------------------------------------------------------------ */

START_TEST(the_size_is_known_beforehand) {
    struct torc_config config = wide_config(_i), narrow = small_config();
    struct torc_bus_bytes wide, plain;
    assert_ok(torc_bus_size_table(&config, &wide));
    assert_ok(torc_bus_size_table(&narrow, &plain));
    ck_assert_uint_eq(wide.total, plain.total + TORC_BUS_INLINE_BYTES(4, 4, LANE, 4, width));
    ck_assert_uint_eq(wide.lanes - plain.lanes, 4u * LANE * (TORC_ROUND_LINE(16 + width) - 64));
    ck_assert_uint_eq(wide.keep - plain.keep, 4u * 4u * (TORC_KEEP_SLOT_BYTES(width) - 64u));
    ck_assert_uint_eq(wide.total, torc_bus_size(&config));
}
END_TEST

Suite *wide_suite(void) {
    Suite *suite = suite_create("wide");
    TCase *tcase = add_case(suite, "entries", setup_nothing);
    tcase_add_loop_test(tcase, what_fits_is_in_the_lane, 0, WIDTHS);
    tcase_add_loop_test(tcase, a_full_lane_holds_all_of_them, 0, WIDTHS);
    tcase_add_loop_test(tcase, claims_are_filled_in_place, 0, WIDTHS);
    tcase_add_loop_test(tcase, batches_are_the_same, 0, WIDTHS);
    tcase_add_loop_test(tcase, a_structure_of_known_size_goes_either_way, 0, WIDTHS);
    tcase_add_loop_test(tcase, a_topic_without_inline_events_has_none, 0, WIDTHS);
    tcase_add_loop_test(tcase, a_kept_event_is_copied_whole, 0, WIDTHS);
    tcase_add_loop_test(tcase, what_is_copied_is_whole, 0, WIDTHS);
    tcase_add_loop_test(tcase, the_newest_of_each_type_is_whole, 0, WIDTHS);
    tcase_add_loop_test(tcase, a_copy_can_be_kept, 0, WIDTHS);
    tcase_add_loop_test(tcase, publishing_beside_a_copier_needs_no_slot, 0, WIDTHS);
    tcase_add_loop_test(tcase, a_sequencer_beside_a_copier_needs_no_slot, 0, WIDTHS);
    tcase_add_loop_test(tcase, a_sequencer_takes_them, 0, WIDTHS);
    tcase_add_loop_test(tcase, groups_and_merged_readers_see_them_whole, 0, WIDTHS);
    tcase_add_loop_test(tcase, sequences_may_wrap, 0, 3 * WIDTHS);
    tcase_add_loop_test(tcase, the_size_is_known_beforehand, 0, WIDTHS);
    return suite;
}
