/* test_audit.c - deliberate damage, one word at a time: the audit must find it, and be content again once it is
 * undone. */
#include "helpers.h"
#include <stdlib.h>
#include <string.h>

#define FIRST UINT64_C(0x5EC0DE5EC0DE) /* where sequences begin here: a value that nothing else in the region has */

static unsigned char *memory;
static size_t memory_bytes;
static struct torc_ringptr held; /* a handle to an S slot that is out all the time */

/* A bus in memory of the test's own, with unread events of every kind, a cursor at FIRST + 2 and a handle out. */
static void setup_audit(void) {
    struct torc_config config = small_config();
    config.first_sequence = FIRST;
    config.first_generation = 5;
    memory_bytes = torc_bus_size(&config);
    memory = aligned_alloc(64, memory_bytes);
    ck_assert_ptr_nonnull(memory);
    memset(&t, 0, sizeof t);
    assert_ok(torc_bus_create_at(memory, memory_bytes, &config, &t.bus));
    assert_ok(torc_topic_open(t.bus, "t", 0, &t.topic));
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    held = claim_handle(200);
    put_run(t.publisher, 0, 2);
    take_run(t.reader, 0, 2);
    take_none(t.reader);
    assert_ok(put(t.publisher, 2));
    assert_ok(put_filled(t.publisher, 1000, 3));
    assert_ok(put_filled(t.publisher, 20000, 4));
    assert_audit(t.bus);
}

static void teardown_audit(void) {
    if (t.bus != NULL) {
        assert_ok(torc_ringptr_release(held));
        teardown_world();
    }
    free(memory);
    memory = NULL;
}

static void damage64(torc_a64 *cell, uint64_t value) {
    uint64_t before = torc_load_relaxed64(cell);
    ck_assert_uint_ne(before, value);
    torc_store_relaxed64(cell, value);
    assert_corrupt(t.bus);
    torc_store_relaxed64(cell, before);
    assert_audit(t.bus);
}

static void damage32(uint32_t *word, uint32_t value) {
    uint32_t before = *word;
    ck_assert_uint_ne(before, value);
    *word = value;
    assert_corrupt(t.bus);
    *word = before;
    assert_audit(t.bus);
}

static torc_a64 *word_of_held(void) {
    return &torc_slot_of(t.bus, held.id)->word;
}

static struct torc_entry *entry_at(uint64_t sequence) {
    return torc_entry_at(t.publisher->entries, t.publisher->mask, t.publisher->stride, sequence);
}

static torc_a64 *word_of_entry(uint64_t sequence) {
    return &torc_slot_of(t.bus, entry_at(sequence)->body.slot)->word;
}

/* A free slot of t.publisher's M pool. */
static torc_a64 *word_of_a_free_slot(void) {
    struct torc_ringptr ptr = claim_handle(1000);
    torc_a64 *word = &torc_slot_of(t.bus, ptr.id)->word;
    assert_ok(torc_ringptr_release(ptr));
    return word;
}

START_TEST(a_sound_bus_is_audited_again_and_again) {
    struct torc_audit found;
    int i;
    for (i = 0; i < 10; i++) {
        assert_audit(t.bus);
    }
    assert_ok(torc_audit(t.bus, NULL));
    assert_ok(torc_audit(t.bus, &found));
    ck_assert_uint_eq(found.live_slots, 3);
    ck_assert_uint_eq(found.outstanding, 1);
}
END_TEST

START_TEST(a_held_slot_marked_free_is_found) {
    damage64(word_of_held(), torc_ringptr_generation(held));
}
END_TEST

START_TEST(a_free_slot_with_a_count_is_found) {
    torc_a64 *word = word_of_a_free_slot();
    damage64(word, torc_load_relaxed64(word) + TORC_COUNT_ONE);
}
END_TEST

START_TEST(a_generation_that_jumped_is_found) {
    damage64(word_of_held(), torc_load_relaxed64(word_of_held()) + 1);
    damage64(word_of_held(), torc_load_relaxed64(word_of_held()) + 1000);
}
END_TEST

START_TEST(a_generation_from_before_the_first_is_found) {
    damage64(word_of_held(), TORC_COUNT_ONE | 4);
    damage64(word_of_held(), TORC_COUNT_ONE);
}
END_TEST

START_TEST(a_retired_slot_that_never_lived_is_found) {
    damage64(word_of_a_free_slot(), TORC_GENERATION_LAST);
}
END_TEST

START_TEST(an_entry_whose_slot_is_free_is_found) {
    torc_a64 *slot = word_of_entry(FIRST + 3), *block = word_of_entry(FIRST + 4);
    damage64(slot, torc_load_relaxed64(slot) & TORC_GENERATION_MASK);
    damage64(block, torc_load_relaxed64(block) & TORC_GENERATION_MASK);
}
END_TEST

START_TEST(an_entry_with_another_slot_is_found) {
    struct torc_entry *entry = entry_at(FIRST + 3);
    uint64_t before = entry->body.slot;
    uint64_t wrong[] = {held.id, before + 1, before ^ UINT64_C(1) << TORC_ID_SLOT_SHIFT, 0, UINT64_MAX};
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        entry->body.slot = wrong[i];
        assert_corrupt(t.bus);
        entry->body.slot = before;
        assert_audit(t.bus);
    }
}
END_TEST

START_TEST(an_entry_that_forgot_its_slot_is_found) {
    struct torc_entry *entry = entry_at(FIRST + 3);
    damage32(&entry->header, entry->header & ~TORC_ENTRY_SLOT);
}
END_TEST

START_TEST(a_damaged_stamp_is_found) {
    uint64_t i;
    for (i = 0; i < 5; i++) {
        damage64(&entry_at(FIRST + i)->stamp, 0);
        damage64(&entry_at(FIRST + i)->stamp, FIRST + i + 2);
        damage64(&entry_at(FIRST + i)->stamp, FIRST + i + 1 - LANE);
    }
}
END_TEST

START_TEST(a_damaged_lane_position_is_found) {
    struct torc_lane *lane = t.publisher->lane;
    damage64(&lane->published, FIRST);
    damage64(&lane->published, FIRST + 6);
    damage64(&lane->published, 0);
    damage64(&lane->claimed, FIRST + 4);
    damage64(&lane->claimed, FIRST + 5 + LANE + 1);
    damage64(&lane->gate, FIRST + 6);
    damage64(&lane->gate, UINT64_MAX);
}
END_TEST

START_TEST(a_damaged_lane_state_is_found) {
    struct torc_lane *lane = t.publisher->lane;
    damage32(&lane->state.v, 77);
    damage32(&lane->topic.v, 3);
    damage32(&lane->topic.v, UINT32_MAX);
}
END_TEST

/* The cursor of t.reader in the lane of t.publisher: the one line in the region that begins with FIRST + 2 and a 1. */
static torc_a64 *find_cursor(void) {
    struct torc_cell *cell, *found = NULL;
    size_t at;
    for (at = 0; at + sizeof *cell <= memory_bytes; at += sizeof *cell) {
        cell = (struct torc_cell *)(void *)(memory + at);
        if (torc_load_relaxed64(&cell->cursor) == FIRST + 2 && torc_load_relaxed32(&cell->joined) == 1) {
            ck_assert_ptr_null(found);
            found = cell;
        }
    }
    ck_assert_ptr_nonnull(found);
    return &found->cursor;
}

START_TEST(a_damaged_cursor_is_found) {
    torc_a64 *cursor = find_cursor();
    damage64(cursor, FIRST + 6);
    damage64(cursor, FIRST + 5 - LANE - 1);
    damage64(cursor, 0);
    damage64(cursor, UINT64_MAX);
    take(t.reader, 2);
}
END_TEST

START_TEST(a_damaged_header_is_found) {
    size_t at;
    for (at = 0; at < 28; at += 4) {
        uint32_t *word = (uint32_t *)(void *)(memory + at);
        damage32(word, ~*word);
    }
}
END_TEST

START_TEST(a_damaged_topic_name_is_found) {
    unsigned char *name = NULL, before[TORC_TOPIC_NAME];
    size_t at;
    for (at = TORC_HEADER_BYTES; name == NULL; at += 64) {
        ck_assert_uint_lt(at, memory_bytes);
        name = memcmp(memory + at, "t", 2) == 0 ? memory + at : NULL;
    }
    memcpy(before, name, sizeof before);
    memset(name, 'x', sizeof before);
    assert_corrupt(t.bus);
    memcpy(name, before, sizeof before);
    assert_audit(t.bus);
}
END_TEST

START_TEST(a_damaged_keep_slot_is_found) {
    struct torc_ringptr kept = keep_next(t.reader);
    torc_a64 *word = &torc_slot_of(t.bus, kept.id)->word;
    damage64(word, torc_ringptr_generation(kept));
    damage64(word, torc_load_relaxed64(word) + 3);
    assert_ok(torc_ringptr_release(kept));
}
END_TEST

/* A length that no entry of this bus can have: it is found, and readers that copy step over it. */
START_TEST(a_damaged_length_is_found) {
    static const struct torc_reader_config copying[] = {{.policy = TORC_POLICY_LOSSY},
                                                        {.policy = TORC_POLICY_CONFLATE},
                                                        {.policy = TORC_POLICY_CONFLATE, .conflate_types = 2}};
    struct torc_reader *reader;
    struct torc_event event;
    struct torc_entry *entry;
    uint32_t sound;
    assert_ok(torc_reader_open(t.topic, &copying[_i], &reader));
    assert_ok(put(t.publisher, 5));
    entry = entry_at(FIRST + 5);
    sound = entry->header;
    ck_assert_uint_eq(sound & TORC_ENTRY_SLOT, 0);
    entry->header = TORC_ENTRY_LENGTH;
    assert_corrupt(t.bus);
    assert_status(torc_next(reader, &event), TORC_EMPTY);
    entry->header = sound;
    assert_ok(torc_reader_close(reader));
    assert_audit(t.bus);
}
END_TEST

START_TEST(the_report_says_where) {
    struct torc_audit found;
    uint64_t before = torc_load_relaxed64(&entry_at(FIRST + 3)->stamp);
    torc_store_relaxed64(&entry_at(FIRST + 3)->stamp, 1);
    assert_status(torc_audit(t.bus, &found), TORC_CORRUPT);
    torc_store_relaxed64(&entry_at(FIRST + 3)->stamp, before);
    ck_assert_uint_eq(found.index, FIRST + 3);
    ck_assert_uint_lt(found.where, 4);
}
END_TEST

Suite *audit_suite(void) {
    Suite *suite = suite_create("audit");
    TCase *tcase = tcase_create("damage");
    tcase_add_checked_fixture(tcase, setup_audit, teardown_audit);
    tcase_set_timeout(tcase, HANG);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_sound_bus_is_audited_again_and_again);
    tcase_add_test(tcase, a_held_slot_marked_free_is_found);
    tcase_add_test(tcase, a_free_slot_with_a_count_is_found);
    tcase_add_test(tcase, a_generation_that_jumped_is_found);
    tcase_add_test(tcase, a_generation_from_before_the_first_is_found);
    tcase_add_test(tcase, a_retired_slot_that_never_lived_is_found);
    tcase_add_test(tcase, an_entry_whose_slot_is_free_is_found);
    tcase_add_test(tcase, an_entry_with_another_slot_is_found);
    tcase_add_test(tcase, an_entry_that_forgot_its_slot_is_found);
    tcase_add_test(tcase, a_damaged_stamp_is_found);
    tcase_add_test(tcase, a_damaged_lane_position_is_found);
    tcase_add_test(tcase, a_damaged_lane_state_is_found);
    tcase_add_test(tcase, a_damaged_cursor_is_found);
    tcase_add_test(tcase, a_damaged_header_is_found);
    tcase_add_test(tcase, a_damaged_topic_name_is_found);
    tcase_add_test(tcase, a_damaged_keep_slot_is_found);
    tcase_add_loop_test(tcase, a_damaged_length_is_found, 0, 3);
    tcase_add_test(tcase, the_report_says_where);
    return suite;
}
